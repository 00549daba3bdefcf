"""koll.toml: one typed class, read once; every fault listed at once, none guessed away.

Environment variables override the file: ``KOLL_DATABASE_URL`` is ``[database] url``, and a double underscore goes
deeper (``KOLL_SOURCES__TIPS__IMAP``). Paths are relative to the file. Secrets never stand in it: see ``SECRETS``.
"""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from models.alerting.rules import AlertsConfig, RuleConfig, check_rules, read_rule
from models.cases.settings import CasesConfig, FollowUpConfig
from models.configuration.faults import explain, find_passwords, name_unknown, show
from models.configuration.source_settings import (
    REGISTER_FIELDS,
    SOURCE_KINDS,
    AnySource,
    BoardSettings,
    DeclarationSettings,
    ExtractSettings,
    Section,
    TipsSettings,
    WebSettings,
    leads_to,
)
from models.members.country import Country, Scheme, find_country

__all__ = [
    "SECRETS",
    "SOURCE_KINDS",
    "AnySource",
    "BoardSettings",
    "DeclarationSettings",
    "ExtractSettings",
    "Settings",
    "SettingsInvalid",
    "TipsSettings",
    "WebSettings",
    "load_settings",
]

SECRETS = {
    "hash_key": "KOLL_HASH_KEY",
    "archive_key": "KOLL_ARCHIVE_KEY",
    "smtp_password": "KOLL_SMTP_PASSWORD",
    "imap_password": "KOLL_IMAP_PASSWORD",
    "database_password": "KOLL_DATABASE_PASSWORD",
}
_PASSWORD_OF = {"smtp": "smtp_password", "imap": "imap_password", "url": "database_password"}
_NOT_SETTINGS = {"KOLL_CONFIG", "KOLL_LOG"} | {name + end for name in SECRETS.values() for end in ("", "_FILE")}


class SettingsInvalid(ValueError):
    """The configuration cannot be used. ``faults`` has one line each: key, value, and what would be right."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        self.faults = faults
        super().__init__(f"{path}: {len(faults)} fault(s)\n" + "\n".join(f"  - {fault}" for fault in faults))


def _address(value: object) -> str:
    text = value if isinstance(value, str) else ""
    local, at, domain = text.partition("@")
    if not (local and at and "." in domain) or any(c.isspace() or c in "<>,;" for c in text):
        raise ValueError("an e-mail address such as name@example.org is needed")
    return text


def _is_open_log_in(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.username) and parts.scheme == "smtp" and parts.hostname not in ("localhost", "127.0.0.1", "::1")


def _one_line(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise ValueError("one line of plain text is needed")
    return value.strip()


Kept = Annotated[int, Field(ge=1, le=36_500)]
Address = Annotated[str, BeforeValidator(_address)]


class Association(Section):
    """Whose eye this is. ``contact`` stands in the user agent, so that a publisher can reach a person.

    ``country`` is the ISO 3166 code of where it works: it says how telephone numbers without + are read, which
    numbers tell members apart, and in which forms people's addresses are masked.
    """

    name: Annotated[str, AfterValidator(_one_line)] = Field(max_length=80)
    language: Literal["sv", "en"] = "sv"
    country: str = "SE"
    timezone: str = "Europe/Stockholm"
    contact: str = ""
    purpose: str = ""

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str) -> str:
        return find_country(value).region

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("a time zone such as Europe/Stockholm is needed") from error
        return value


class Database(Section):
    """Where rows live: SQLite by default, PostgreSQL by URL alone."""

    url: str = "sqlite:///koll.db"
    wait: float = Field(default=300, ge=0, le=86_400)  # seconds that a run waits for a database that went away

    @field_validator("url")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        value = value.replace("postgresql://", "postgresql+psycopg://", 1)
        try:
            address = make_url(value)
            known = address.drivername in {"sqlite", "postgresql+psycopg"} and bool(address.database)
        except (ArgumentError, ValueError):
            known = False
        if not known:
            raise ValueError("sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME is needed")
        return value


ATOMIC_STORES = ("s3", "gs", "abfs", "memory")  # whose uploads appear whole or not at all; memory is for tests


def _folder_or_store(value: object) -> object:
    """Return a path, or the URL of an object store as it stands."""
    if not isinstance(value, str) or "://" not in value:
        return Path(value) if isinstance(value, str) else value
    scheme, _, rest = value.partition("://")
    if scheme == "file":
        return Path(rest)
    if scheme not in ATOMIC_STORES or not rest.strip("/"):
        raise ValueError(
            "a path is needed, or s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or abfs://CONTAINER/PREFIX; "
            "mount any other share and name its path"
        )
    return value


class ArchiveFolder(Section):
    """Where raw bytes are kept: a folder, or object storage by URL; ``options`` are for the store's client.

    Its credentials come from the variables that the client itself looks for, such as AWS_ACCESS_KEY_ID.
    """

    path: Annotated[Path | str, BeforeValidator(_folder_or_store)] = Path("archive")
    options: dict[str, Any] = Field(default_factory=dict)


class RegisterFiles(Section):
    """The member register, and optionally a file of all companies' names.

    ``numbers`` tell members apart: by default the national ones of [association] country, or the association's own
    member numbers ("none") where it has none that we know. ``columns``: our field = their header, in both files.
    """

    path: Path
    companies: Path | None = None
    numbers: Scheme | None = None
    columns: dict[str, str] = Field(default_factory=dict)

    @field_validator("columns")
    @classmethod
    def _known_fields(cls, value: dict[str, str]) -> dict[str, str]:
        if wrong := [name_unknown(field, REGISTER_FIELDS) for field in value if field not in REGISTER_FIELDS]:
            raise ValueError("; ".join(wrong))
        if empty := [field for field, header in value.items() if not header.strip()]:
            raise ValueError(f"{', '.join(empty)}: the header of that column is needed, as it stands in the file")
        return value


class Mail(Section):
    """How alerts leave: an SMTP server, or a Maildir when there is none. ``charts``: weeks as pictures in mails."""

    smtp: str | None = None
    maildir: Path = Path("mail")
    sender: Address = Field(alias="from")
    bounce: Address | None = None
    reply_to: Address | None = None
    charts: bool = True
    groups: dict[str, list[Address]] = Field(default_factory=dict)

    @field_validator("smtp")
    @classmethod
    def _known_protocol(cls, value: str | None) -> str | None:
        if value is not None and not leads_to(value, "smtp", "smtps", "smtp+starttls"):
            raise ValueError("smtp://HOST:PORT, smtps://HOST or smtp+starttls://USER@HOST is needed")
        if value is not None and _is_open_log_in(value):
            raise ValueError("a log-in over plain smtp:// would be readable on the way: smtp+starttls:// or smtps://")
        return value

    @model_validator(mode="after")
    def _one_domain(self) -> "Mail":
        if self.bounce and self.bounce.rpartition("@")[2] != self.sender.rpartition("@")[2]:
            raise ValueError(
                "from and bounce must be in one domain, or receivers take the mail for forged (SPF, DMARC)"
            )
        return self


class StaffPage(Section):
    """The static pages for staff: where they are written (nowhere unless a folder is named), and their address."""

    folder: Path | None = None
    url: str = ""

    @field_validator("folder", mode="before")
    @classmethod
    def _is_named(cls, value: object) -> object:
        if isinstance(value, str) and not value.strip():
            raise ValueError("a folder is needed; leave the key out for no pages")
        return value

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://", "file:///")):
            raise ValueError("the address at which staff reach the folder, such as https://koll.example.org")
        return value.rstrip("/")


class ReviewConfig(Section):
    """Workbooks of review questions that staff send back: dropped into ``folder``, or mailed to the tip inbox.

    A mailed one is believed when it is from an address of [mail.groups] or one of ``senders``, and our own mail server,
    which writes Authentication-Results under the name ``authserv``, proves that it is.
    """

    folder: Path | None = None
    authserv: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.-]+$")
    senders: list[Address] = Field(default_factory=list)

    @field_validator("senders")
    @classmethod
    def _lower(cls, value: list[str]) -> list[str]:
        return [sender.lower() for sender in value]


class Retention(Section):
    """How many days each kind of thing about people is kept; then `koll retention run`, weekly by itself, forgets it.

    Texts and hashes count from the complaint, mails from their receipt, pages and extracts from when a reading last
    listed them, quarantine from when a row was last seen, sent mail from when it was written.
    """

    texts_days: Kept = 365
    mails_days: Kept = 365
    extracts_days: Kept = 1095
    pages_days: Kept = 365
    quarantine_days: Kept = 365
    hashes_days: Kept = 1095
    sent_days: Kept = 1095


class Operations(Section):
    """For whoever runs it: a log file of its own (text or JSON a line), and a Prometheus text file after every run."""

    log: Path | None = None
    log_format: Literal["text", "json"] = "text"
    metrics: Path | None = None

    @field_validator("metrics")
    @classmethod
    def _ends_so(cls, value: Path | None) -> Path | None:
        if value is not None and value.suffix != ".prom":
            raise ValueError("a file that ends in .prom is needed, in the folder that the node exporter reads")
        return value


class Backfill(Section):
    """How `koll backfill` spreads its work: over a Dask cluster that is there already, or one of so many processes.

    A source's input is cut into at most so many ``parts``; PostgreSQL is needed, and an archive that all can reach.
    """

    cluster: str = ""
    workers: int = Field(default=2, ge=1, le=256)
    parts: int = Field(default=16, ge=1, le=10_000)

    @field_validator("cluster")
    @classmethod
    def _is_scheduler(cls, value: str) -> str:
        if value and not leads_to(value, "tcp", "tls"):
            raise ValueError("the address of a Dask scheduler such as tcp://dask.example.org:8786 is needed")
        return value


class Settings(Section):
    """Everything configured, checked, with paths made absolute."""

    file: Path
    association: Association
    database: Database
    archive: ArchiveFolder
    members: RegisterFiles
    mail: Mail
    page: StaffPage
    review: ReviewConfig
    sources: dict[str, AnySource]
    alerts: AlertsConfig
    cases: CasesConfig
    follow_up: FollowUpConfig
    retention: Retention
    operations: Operations
    backfill: Backfill
    rules: tuple[RuleConfig, ...]

    @property
    def country(self) -> Country:
        """Whose forms of numbers and addresses are read."""
        return find_country(self.association.country, self.members.numbers)

    def enabled_sources(self) -> dict[str, AnySource]:
        """Return the sources that a night reads, by name."""
        return {name: source for name, source in self.sources.items() if source.enabled}

    def declarations(self) -> dict[str, DeclarationSettings]:
        """Return the enabled sources of declarations, which tell of no complaints."""
        return {n: one for n, one in self.enabled_sources().items() if isinstance(one, DeclarationSettings)}


_DECLARATIONS = "declarations"  # the one kind of source that tells of no complaints, so that no rule counts on it
SECTIONS: Mapping[str, type[BaseModel]] = {
    "association": Association,
    "database": Database,
    "archive": ArchiveFolder,
    "register": RegisterFiles,
    "mail": Mail,
    "page": StaffPage,
    "review": ReviewConfig,
    "alerts": AlertsConfig,
    "cases": CasesConfig,
    "follow_up": FollowUpConfig,
    "retention": Retention,
    "operations": Operations,
    "backfill": Backfill,
}


_LONGEST_FILE = 1_000_000  # characters
_MOST_PARTS = 30  # of a dotted key
_RULE_MODELS: Mapping[str, type[BaseModel]] = {model.__name__: model for model in get_args(RuleConfig)}


def load_settings(path: Path, environ: Mapping[str, str] = os.environ, *, web_kinds: Iterable[str] = ()) -> Settings:
    """Read koll.toml and the environment into Settings. ``web_kinds`` are the kinds of web source there are.

    Raises SettingsInvalid with *all* faults: unknown keys, impossible values, sections and addresses missing.
    """
    path = path.absolute()
    tables = _read_tables(path)
    told: dict[str, str] = {}
    faults = [*_override(tables, environ, told), *_refuse_passwords(tables, told)]
    known = (*SECTIONS, "sources", "rule")
    faults += [name_unknown(key, known) for key in tables if key not in known]
    sections: dict[str, Any] = {}
    for key, model in SECTIONS.items():
        sections[key] = _read(model, tables.get(key, {}), key, faults, missing=key not in tables)
    sources = _read_sources(tables.get("sources", {}), faults, web_kinds)
    rules = _read_rules(tables.get("rule", []), faults)
    faults += [*_check_rules(tables), *_check_cases(tables)]
    if faults:
        raise SettingsInvalid(path, [_name_variable(fault, told) for fault in faults])
    sections["members"] = sections.pop("register")
    return _with_absolute_paths(Settings(file=path, sources=sources, rules=tuple(rules), **sections))


def _read_tables(path: Path) -> dict[str, Any]:
    """Return the file's tables; what no configuration is (megabytes, keys within keys without end) is not opened."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if len(text) > _LONGEST_FILE or any(_is_endless(line) for line in text.splitlines()):
            raise ValueError("far larger than any configuration, or a key of many parts")
        return tomllib.loads(text)
    except FileNotFoundError as error:
        cure = "write one with `koll init`, or name another with --config"
        raise SettingsInvalid(path, [f"the file is not there: {cure}"]) from error
    except RecursionError as error:
        raise SettingsInvalid(path, ["cannot be read as TOML: lists or tables in each other without end"]) from error
    except (OSError, ValueError) as error:  # also no UTF-8, no TOML, and numbers too long to be any
        raise SettingsInvalid(path, [f"cannot be read as TOML in UTF-8: {error}"]) from error


def _is_endless(line: str) -> bool:
    key, equals, _ = line.partition("=")
    return (bool(equals) or key.startswith("[")) and key.count(".") > _MOST_PARTS


def _check_rules(tables: Mapping[str, Any]) -> list[str]:
    """Compare the rules with sources and groups as they stand in the file, faulty or not."""
    mail, sources, rules = (tables.get(key) for key in ("mail", "sources", "rule"))
    groups = mail.get("groups") if isinstance(mail, dict) else None
    listed = groups if isinstance(groups, dict) else {}
    readable = (
        [table for table in rules if isinstance(table, dict) and isinstance(table.get("id", ""), str)]
        if isinstance(rules, list)
        else []
    )
    kinds = {
        name: table.get("kind") if isinstance(table, dict) else None
        for name, table in (sources.items() if isinstance(sources, dict) else ())
    }
    telling = [name for name, kind in kinds.items() if kind != _DECLARATIONS]
    faults = check_rules(readable, telling, listed) + list(_check_channels(tables.get("alerts"), listed))
    if len(telling) == len(kinds):
        faults += [
            f"rule {table.get('id')}: it asks for declarations, so a [sources.NAME] of kind {_DECLARATIONS!r} is needed"
            for table in readable
            if table.get("type") == "deadline"
        ]
    return faults


def _check_channels(alerts: Any, groups: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the groups whose alerts a channel gets too."""
    channels = alerts.get("channels") if isinstance(alerts, dict) else None
    for name, told in channels.items() if isinstance(channels, dict) else ():
        for group in told if isinstance(told, list) else ():
            if group not in groups:
                known = ", ".join(sorted(groups)) or "none"
                yield f"alerts.channels.{name} = {group!r}: no such group under [mail.groups]; known are {known}"


def _check_cases(tables: Mapping[str, Any]) -> Iterator[str]:
    """Yield a fault for each source that cases should count and that is not configured."""
    cases, sources = tables.get("cases"), tables.get("sources")
    names = cases.get("sources") if isinstance(cases, dict) else None
    known = sorted(sources) if isinstance(sources, dict) else []
    for name in names if isinstance(names, list) else []:
        if name not in known:
            yield f"cases.sources = {show(name)}: no such source; known are {', '.join(known) or 'none'}"


def _read_sources(tables: Any, faults: list[str], web_kinds: Iterable[str]) -> dict[str, AnySource]:
    kinds: dict[str, type[AnySource]] = {**SOURCE_KINDS, **dict.fromkeys(web_kinds, WebSettings)}
    sources: dict[str, AnySource] = {}
    if not isinstance(tables, dict) or not tables:
        faults.append("sources: at least one [sources.NAME] table is needed")
        return sources
    for name, table in tables.items():
        place = f"sources.{name}"
        kind = table.get("kind") if isinstance(table, dict) else None
        if not isinstance(table, dict):
            faults.append(f"{place}: a table is needed, written under [{place}]")
        elif not isinstance(kind, str) or kind not in kinds:
            shown = f".kind = {show(kind)}" if "kind" in table else ".kind is missing"
            faults.append(f"{place}{shown}: one of {', '.join(kinds)} is needed")
        elif not name.replace("_", "").isalnum():
            faults.append(f"{place}: a name of letters, digits and underscores is needed")
        elif source := _read(kinds[kind], table, place, faults):
            sources[name] = source
    return sources


def _read_rules(tables: Any, faults: list[str]) -> list[RuleConfig]:
    if not isinstance(tables, list):
        faults.append("rule: rules are written as [[rule]], with double brackets")
        return []
    rules = []
    for number, table in enumerate(tables, 1):
        place = f"rule {table.get('id', number) if isinstance(table, dict) else number}"
        try:
            rules.append(read_rule(table))
        except ValidationError as error:
            faults += explain(error, place, _RULE_MODELS[error.title])
        except ValueError as error:
            faults.append(f"{place}: {error}")
    return rules


def _read(model: type[Any], table: Any, place: str, faults: list[str], *, missing: bool = False) -> Any:
    if not isinstance(table, dict):
        faults.append(f"{place} = {show(table)}: a table is needed, written under [{place}]")
        return None
    try:
        return model.model_validate(table)
    except ValidationError as error:
        if missing:
            faults.append(f"[{place}] is missing: {', '.join(_required(model))} must be set")
        else:
            faults += explain(error, place, model)
        return None


def _required(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items() if field.is_required()]


def _refuse_passwords(tables: Mapping[str, Any], told: Mapping[str, str]) -> Iterator[str]:
    """The database's address may carry its password where it comes from the environment, as hosts hand it out."""
    for key in dict.fromkeys(find_passwords(tables)):
        if key == "database.url" and key in told:
            continue
        name = SECRETS.get(_PASSWORD_OF.get(key.rpartition(".")[2], ""), "a KOLL_ variable")
        yield f"{key}: a password never stands in an address: leave it out and set {name}, or {name}_FILE"


def _override(tables: dict[str, Any], environ: Mapping[str, str], told: dict[str, str]) -> Iterator[str]:
    """Put the environment's settings into ``tables``, and into ``told`` which variable set which key; yield faults."""
    for name, value in sorted(environ.items()):
        if not name.startswith("KOLL_") or name in _NOT_SETTINGS or name.startswith("KOLL_CHANNEL_"):
            continue
        rest = name.removeprefix("KOLL_").lower()
        steps = rest.split("__") if "__" in rest else rest.split("_", 1)
        if len(steps) < 2 or not all(steps) or steps[0] not in {*SECTIONS, "sources"}:
            yield f"{name}: no such setting; KOLL_SECTION_KEY is the form, such as KOLL_DATABASE_URL"
            continue
        table: Any = tables
        for place, step in enumerate(steps):
            # A source is called as the file writes it: Tips and TIPS are one variable.
            steps[place] = next((key for key in table if key.casefold() == step), step)
            if place < len(steps) - 1:
                table = table.setdefault(steps[place], {})
            if not isinstance(table, dict):
                yield f"{name}: {'.'.join(steps[: place + 1])} is no table, so nothing can be set in it"
                break
        else:
            table[steps[-1]] = _toml_value(value)
            told[".".join(steps)] = name


def _toml_value(text: str) -> Any:
    """Read lists, tables and quoted texts as TOML; of anything else its field makes a number where it needs one."""
    if not text.startswith(("[", "{", '"', "'")):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _name_variable(fault: str, told: Mapping[str, str]) -> str:
    for key, name in told.items():
        if fault.startswith(key) and not fault[len(key) : len(key) + 1].isalnum():
            return f"{fault} (set by {name})"
    return fault


def _with_absolute_paths(settings: Settings) -> Settings:
    root = settings.file.parent

    def settle(section: BaseModel) -> dict[str, Path]:
        return {name: root / value.expanduser() for name, value in section if isinstance(value, Path)}

    url = settings.database.url
    if url.startswith("sqlite:///") and not url.endswith(":memory:"):
        url = f"sqlite:///{root / url.removeprefix('sqlite:///')}"
    return settings.model_copy(
        update={
            "database": settings.database.model_copy(update={"url": url}),
            "archive": settings.archive.model_copy(update=settle(settings.archive)),
            "members": settings.members.model_copy(update=settle(settings.members)),
            "mail": settings.mail.model_copy(update=settle(settings.mail)),
            "operations": settings.operations.model_copy(update=settle(settings.operations)),
            "page": settings.page.model_copy(update=settle(settings.page)),
            "review": settings.review.model_copy(update=settle(settings.review)),
            "sources": {name: source.model_copy(update=settle(source)) for name, source in settings.sources.items()},
        }
    )
