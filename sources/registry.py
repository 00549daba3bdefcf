"""From a [sources.NAME] table to a source that can be read.

A web source is a module in a country's folder that holds a class whose ``info.kind`` is the module's name, made from
(name, sites, bounds, user_agent), and ``folder`` where it reads files too. Being there is all it takes to be a kind.

A kind's module is imported when the kind is asked about: all of them together take longer than a look at the status.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol, TypeVar, cast
from zlib import crc32

import sources
from models.configuration.settings import Settings
from models.configuration.source_settings import (
    AnySource,
    DeclarationSettings,
    ExtractSettings,
    Mailbox,
    TipsSettings,
    WebSettings,
)
from sources import VERSION
from sources.contract import Bounds, Source, SourceInfo

if TYPE_CHECKING:
    from sources.inbox.others import Recogniser

_NO_COUNTRIES = ("archive", "declarations", "files", "inbox", "pages", "web")  # what every country shares


class WebSource(Protocol):
    """The class of a web source."""

    @property
    def info(self) -> SourceInfo:
        """What is fixed about the kind."""
        ...

    def __call__(self, name: str, sites: list[str], bounds: Bounds, user_agent: str) -> Source:
        """Make the configured source."""
        ...


def _list_web_modules() -> Iterator[tuple[str, str]]:
    """Yield (kind, module) of every web source: of a country's modules those that declare a kind of their own name."""
    for country in pkgutil.iter_modules(sources.__path__):
        if country.ispkg and country.name not in _NO_COUNTRIES:
            folder = files(f"sources.{country.name}")
            for text in sorted(folder.iterdir(), key=lambda file: file.name):
                kind = text.name.removesuffix(".py")
                if text.name.endswith(".py") and f'kind="{kind}"' in text.read_text("utf-8"):
                    yield kind, f"sources.{country.name}.{kind}"


def _load_web_source(kind: str) -> WebSource:
    """Return the class of a kind. A module that cannot be imported is a programming mistake: it raises."""
    for _, one in inspect.getmembers(importlib.import_module(_WEB_MODULES[kind]), inspect.isclass):
        info = getattr(one, "info", None)
        if one.__module__ == _WEB_MODULES[kind] and isinstance(info, SourceInfo) and info.kind == kind:
            return cast(WebSource, one)  # what its constructor takes is held by the policy tests
    raise TypeError(f"{_WEB_MODULES[kind]}: holds no class whose info.kind is {kind!r}")


def _load_info(kind: str) -> SourceInfo:
    if kind in _OTHER_INFOS:
        module, name = _OTHER_INFOS[kind]
        return cast(SourceInfo, getattr(importlib.import_module(module), name))
    return WEB_SOURCES[kind].info


T = TypeVar("T")


class _Loaded(Mapping[str, T]):
    """What kinds come to, each loaded when it is asked for."""

    def __init__(self, kinds: tuple[str, ...], load: Callable[[str], T]) -> None:
        self._kinds = kinds
        self._load = cache(load)

    def __getitem__(self, kind: str) -> T:
        if kind not in self._kinds:
            raise KeyError(kind)
        return self._load(kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


_OTHER_INFOS = {
    "extract": ("sources.files.kind", "EXTRACT_INFO"),
    "tips": ("sources.inbox.kind", "TIPS_INFO"),
    "declarations": ("sources.declarations.kind", "DECLARATIONS_INFO"),
}
_WEB_MODULES = dict(_list_web_modules())
WEB_KINDS = tuple(_WEB_MODULES)
WEB_SOURCES: Mapping[str, WebSource] = _Loaded(WEB_KINDS, _load_web_source)
INFOS: Mapping[str, SourceInfo] = _Loaded((*_OTHER_INFOS, *WEB_KINDS), _load_info)


def build_source(
    name: str,
    settings: Settings,
    hash_key: bytes,
    imap_password: Callable[[], str | None] = lambda: None,
    public: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset()),
) -> Source:
    """Return the configured source called ``name``; raises KeyError when there is none.

    ``public`` is what the register says is nobody's private matter: keyed hashes of numbers and addresses, and folded
    names of members that look like persons'.
    """
    chosen = settings.sources[name]
    if isinstance(chosen, ExtractSettings):
        return _build_extract(name, chosen, settings, hash_key, imap_password)
    if isinstance(chosen, WebSettings):
        return _build_web(name, chosen, name_user_agent(settings))
    if isinstance(chosen, DeclarationSettings):
        from sources.declarations.source import Declarations

        return Declarations(name, chosen.folder, find_bounds(chosen))
    from sources.inbox.tips import Tips

    return Tips(
        name,
        find_bounds(chosen),
        imap_url=chosen.imap,
        maildir=chosen.maildir,
        imap_password=imap_password,
        hash_key=hash_key,
        own_domain=settings.mail.sender.partition("@")[2],
        done_folder=chosen.done_folder,
        done_flag=chosen.done_flag,
        token_command=chosen.token_command,
        public=public[0],
        names=public[1],
        recognisers=list(_find_recognisers(chosen, settings)),
        timezone=settings.association.timezone,
        country=settings.country,
    )


def _find_recognisers(tips: TipsSettings, settings: Settings) -> Iterator["Recogniser"]:
    """Yield what knows mail that another source reads from the tips' own mailbox."""
    from sources.files.extract_mail import recognise_extract

    for other in settings.sources.values():
        mail = other.mail if isinstance(other, ExtractSettings) and other.enabled else None
        if mail is not None and _name_box(mail, settings) == _name_box(tips, settings):
            yield partial(recognise_extract, mail)


def _name_box(box: Mailbox, settings: Settings) -> str:
    return box.imap or str(settings.file.parent / box.maildir if box.maildir else "")


def _build_extract(
    name: str,
    chosen: ExtractSettings,
    settings: Settings,
    hash_key: bytes,
    imap_password: Callable[[], str | None],
) -> Source:
    from sources.files.cells import squeeze
    from sources.files.extract import Extract

    dropped = Extract(
        name=name,
        folder=chosen.folder,
        columns=chosen.columns,
        channels={squeeze(value).casefold(): channel for value, channel in chosen.channels.items()},
        hash_key=hash_key,
        bounds=find_bounds(chosen),
        encoding=chosen.encoding,
        covers=chosen.covers,
        country=settings.country,
        info=replace(
            INFOS["extract"], names_all_companies=chosen.all_companies, parser_version=_number_reading_of(chosen)
        ),
    )
    if chosen.mail is None:
        return dropped
    from sources.files.extract_mail import MailedExtract
    from sources.inbox.access import Access

    mail = chosen.mail
    if mail.maildir is not None:
        mail = mail.model_copy(update={"maildir": settings.file.parent / mail.maildir})
    return MailedExtract(dropped, mail, Access(imap_password, mail.token_command), settings.association.timezone)


def _number_reading_of(chosen: ExtractSettings) -> int:
    """Number what files are read by: with another map of channels or columns all are read again, as by a new parser.

    Without it a word added to the map would leave the rows that waited for it in quarantine until the next file.
    """
    read_by = (sorted(chosen.columns.items()), sorted(chosen.channels.items()), chosen.encoding, chosen.covers)
    return crc32(repr((INFOS["extract"].parser_version, *read_by)).encode()) & 0x7FFFFFFF  # an INTEGER of PostgreSQL


def _build_web(name: str, chosen: WebSettings, user_agent: str) -> Source:
    kind = WEB_SOURCES[chosen.kind]
    more = {"folder": chosen.folder} if chosen.folder else {}
    if more and "folder" not in inspect.signature(kind).parameters:
        raise ValueError(f"sources.{name}.folder: the kind {chosen.kind} reads a site; set sites or url instead")
    return kind(name, chosen.addresses(), find_bounds(chosen), user_agent, **more)


def name_user_agent(settings: Settings) -> str:
    """Return the honest name under which pages are fetched, with a way to reach a person."""
    contact = settings.association.contact or settings.mail.sender
    return f"Medlemskoll/{VERSION} ({settings.association.name}; +{contact})"


def find_bounds(chosen: AnySource) -> Bounds:
    """Return the kind's own bounds with what koll.toml says instead."""
    told = {key: getattr(chosen, key) for key in ("rows", "quiet_days", "max_age_days", "delay")}
    return replace(INFOS[chosen.kind].bounds, **{key: value for key, value in told.items() if value is not None})
