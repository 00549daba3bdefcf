"""From a [sources.NAME] table to a source that can be read."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from models.settings import AnySource, BoardSettings, ExtractSettings, Settings, TipsSettings
from sources import extract
from sources.contract import Bounds, Source, SourceInfo
from sources.inbox.tips import TIPS_INFO, Tips
from sources.sweden.dm_namnden import DM_NAMNDEN_INFO, DmNamnden
from sources.tabular import squeeze

VERSION = "0.1"
INFOS: Mapping[str, SourceInfo] = {"extract": extract.INFO, "dm_namnden": DM_NAMNDEN_INFO, "tips": TIPS_INFO}


def build_source(
    name: str, settings: Settings, hash_key: bytes, imap_password: Callable[[], str | None] = lambda: None
) -> Source:
    """Return the configured source called ``name``; raises KeyError when there is none."""
    chosen = settings.sources[name]
    if isinstance(chosen, ExtractSettings):
        info = replace(extract.INFO, names_all_companies=chosen.all_companies)
        return extract.Extract(
            name=name,
            folder=chosen.folder,
            columns=chosen.columns,
            channels={squeeze(value).casefold(): channel for value, channel in chosen.channels.items()},
            hash_key=hash_key,
            bounds=_bounds(chosen, extract.INFO.bounds),
            encoding=chosen.encoding,
            covers=chosen.covers,
            info=info,
        )
    if isinstance(chosen, BoardSettings):
        bounds = _bounds(chosen, DM_NAMNDEN_INFO.bounds)
        return DmNamnden(name, chosen.sites, bounds, user_agent=name_user_agent(settings))
    assert isinstance(chosen, TipsSettings)
    return Tips(
        name,
        _bounds(chosen, TIPS_INFO.bounds),
        imap_url=chosen.imap,
        maildir=chosen.maildir,
        imap_password=imap_password,
        hash_key=hash_key,
        own_domain=settings.mail.sender.partition("@")[2],
        done_folder=chosen.done_folder,
        timezone=settings.association.timezone,
    )


def name_user_agent(settings: Settings) -> str:
    """Return the honest name under which pages are fetched, with a way to reach a person."""
    contact = settings.association.contact or settings.mail.sender
    return f"Medlemskoll/{VERSION} ({settings.association.name}; +{contact})"


def _bounds(chosen: AnySource, usual: Bounds) -> Bounds:
    """Return the kind's own bounds with what koll.toml says instead."""
    told = {key: getattr(chosen, key) for key in ("rows", "quiet_days", "max_age_days", "delay")}
    return replace(usual, **{key: value for key, value in told.items() if value is not None})
