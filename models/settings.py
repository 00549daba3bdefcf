"""koll.toml: one typed class, read once; every fault listed at once, none guessed away.

Environment variables override the file: ``KOLL_DATABASE_URL`` is ``[database] url``, and a double underscore goes
deeper (``KOLL_SOURCES__TIPS__IMAP``). Paths are relative to the file. Secrets never stand in it: see ``SECRETS``.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from models.alerting.rules import AlertsConfig, RuleConfig, check_rules, read_rule
from models.dates import read_date
from models.faults import explain, find_passwords, name_unknown, show
from models.words import Channel

SECRETS = {
    "hash_key": "KOLL_HASH_KEY",
    "smtp_password": "KOLL_SMTP_PASSWORD",
    "imap_password": "KOLL_IMAP_PASSWORD",
    "database_password": "KOLL_DATABASE_PASSWORD",
}
_PASSWORD_OF = {"smtp": "smtp_password", "imap": "imap_password", "url": "database_password"}
_NOT_SETTINGS = {"KOLL_CONFIG", "KOLL_LOG"} | {name + end for name in SECRETS.values() for end in ("", "_FILE")}

EXTRACT_FIELDS = (
    "source_id",
    "received_on",
    "event_on",
    "company",
    "org_number",
    "channel",
    "category",
    "outcome",
    "text",
)


class SettingsInvalid(ValueError):
    """The configuration cannot be used. ``faults`` has one line each: key, value, and what would be right."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        self.faults = faults
        super().__init__(f"{path}: {len(faults)} fault(s)\n" + "\n".join(f"  - {fault}" for fault in faults))


def _address(value: str) -> str:
    local, at, domain = value.partition("@")
    if not (local and at and "." in domain) or any(c.isspace() or c in "<>,;" for c in value):
        raise ValueError("an e-mail address such as name@example.org is needed")
    return value


def _leads_to(address: str, *schemes: str) -> bool:
    """Tell whether ``address`` names a host (and a port that can be) under one of the schemes."""
    try:
        parts = urlsplit(address)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _one_line(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise ValueError("one line of plain text is needed")
    return value.strip()


Address = Annotated[str, BeforeValidator(_address)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Association(_Section):
    """Whose eye this is. ``contact`` stands in the user agent, so that a publisher can reach a person."""

    name: Annotated[str, AfterValidator(_one_line)] = Field(max_length=80)
    language: Literal["sv", "en"] = "sv"
    timezone: str = "Europe/Stockholm"
    contact: str = ""
    purpose: str = ""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("a time zone such as Europe/Stockholm is needed") from error
        return value


class Database(_Section):
    """Where rows live: SQLite by default, PostgreSQL by URL alone."""

    url: str = "sqlite:///koll.db"

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


class ArchiveFolder(_Section):
    """Where raw bytes are kept."""

    path: Path = Path("archive")


class RegisterFiles(_Section):
    """The member register, and optionally a file of all companies' names."""

    path: Path
    companies: Path | None = None


class Mail(_Section):
    """How alerts leave: an SMTP server, or a Maildir when there is none."""

    smtp: str | None = None
    maildir: Path = Path("mail")
    sender: Address = Field(alias="from")
    bounce: Address | None = None
    reply_to: Address | None = None
    groups: dict[str, list[Address]] = Field(default_factory=dict)

    @field_validator("smtp")
    @classmethod
    def _known_protocol(cls, value: str | None) -> str | None:
        if value is not None and not _leads_to(value, "smtp", "smtps", "smtp+starttls"):
            raise ValueError("smtp://HOST:PORT, smtps://HOST or smtp+starttls://USER@HOST is needed")
            if urlsplit(value).username and urlsplit(value).scheme == "smtp" and not _is_loopback(value):
                raise ValueError(
                    "a log-in over plain smtp:// would be readable on the way: smtp+starttls:// or smtps://"
                )
        return value

    @model_validator(mode="after")
    def _one_domain(self) -> "Mail":
        if self.bounce and self.bounce.rpartition("@")[2] != self.sender.rpartition("@")[2]:
            raise ValueError(
                "from and bounce must be in one domain, or receivers take the mail for forged (SPF, DMARC)"
            )
        return self


class SourceSettings(_Section):
    """What every kind of source may set; bounds left out are the source's own."""

    enabled: bool = True
    title: str | None = Field(default=None, max_length=80)
    rows: tuple[int, int] | None = None
    quiet_days: int | None = Field(default=None, ge=0)
    max_age_days: int | None = Field(default=None, ge=0)
    delay: float | None = Field(default=None, ge=0, le=600)
    complete_through: Literal["file_period_end", "last_successful_poll", "last_full_listing"] | None = None

    @field_validator("rows")
    @classmethod
    def _rising(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None and not 0 <= value[0] <= max(value[1], 1) == value[1]:
            raise ValueError("two whole numbers, the lower first, are needed: rows = [min, max]")
        return value


class ExtractSettings(SourceSettings):
    """Files an authority sent, dropped into a folder. ``columns``: our field = their header."""

    kind: Literal["extract"]
    folder: Path
    columns: dict[str, str]
    channels: dict[str, Channel] = Field(default_factory=dict)
    encoding: str | None = None
    covers: str | tuple[str, str] | None = None
    all_companies: bool = True

    @field_validator("columns")
    @classmethod
    def _known_fields(cls, value: dict[str, str]) -> dict[str, str]:
        wrong = [name_unknown(field, EXTRACT_FIELDS) for field in value if field not in EXTRACT_FIELDS]
        wrong += [
            f"{field} = the header of that column" for field in ("source_id", "received_on") if field not in value
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        if empty := [field for field, header in value.items() if not header.strip()]:
            raise ValueError(f"{', '.join(empty)}: the header of that column is needed, as it stands in the file")
        return value

    @field_validator("channels")
    @classmethod
    def _one_code_each(cls, value: dict[str, Channel]) -> dict[str, Channel]:
        codes: dict[str, set[Channel]] = {}
        for theirs, ours in value.items():
            codes.setdefault(" ".join(theirs.split()).casefold(), set()).add(ours)
        if twice := [theirs for theirs, ours in codes.items() if len(ours) > 1]:
            raise ValueError(f"{', '.join(map(repr, twice))}: two codes for one value (case does not matter); keep one")
        return value

    @field_validator("covers", mode="before")
    @classmethod
    def _known_form(cls, value: Any) -> Any:
        """Turn two dates, as TOML has them too, into texts; a pattern must name both ends."""
        ends = value.split("/") if isinstance(value, str) and "(" not in value else value
        if isinstance(ends, list | tuple) and len(ends) == 2:
            first, last = (read_date(str(end)) for end in ends)
            if first and last and first <= last:
                return str(first), str(last)
        elif value is None or (isinstance(value, str) and _names_both_ends(value)):
            return value
        raise ValueError(
            'two dates, the earlier first, as "2026-01-01/2026-08-25", or a pattern for the file name with '
            "(?P<from>...) and (?P<to>...) is needed"
        )

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        try:
            "".encode(value or "utf-8")
        except (LookupError, ValueError) as error:
            raise ValueError(
                "an encoding such as utf-8 or cp1252 is needed, or leave it out to have it found"
            ) from error
        return value


def _names_both_ends(pattern: str) -> bool:
    try:
        return {"from", "to"} <= set(re.compile(pattern).groupindex)
    except re.error:
        return False


class BoardSettings(SourceSettings):
    """The ethics board's sites, by their base addresses."""

    kind: Literal["dm_namnden"]
    sites: list[str] = Field(min_length=1)

    @field_validator("sites")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        for site in value:
            if not _leads_to(site, "http", "https"):
                raise ValueError(f"{show(site)}: an address such as https://nixnamnden.se is needed")
        return [site.rstrip("/") for site in value]


class TipsSettings(SourceSettings):
    """The tip mailbox: IMAP, or a Maildir or folder of .eml files."""

    kind: Literal["tips"]
    imap: str | None = None
    maildir: Path | None = None
    done_folder: str | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "TipsSettings":
        if (self.imap is None) == (self.maildir is None):
            raise ValueError('exactly one of imap = "imaps://..." and maildir = "..." is needed')
        if self.imap is not None and not _leads_to(self.imap, "imap", "imaps"):
            raise ValueError(f"imap = {show(self.imap)}: imaps://USER@HOST/INBOX is needed")
        return self


AnySource = ExtractSettings | BoardSettings | TipsSettings
SOURCE_KINDS: Mapping[str, type[AnySource]] = {
    "extract": ExtractSettings,
    "dm_namnden": BoardSettings,
    "tips": TipsSettings,
}


class Settings(_Section):
    """Everything configured, checked, with paths made absolute."""

    file: Path
    association: Association
    database: Database
    archive: ArchiveFolder
    members: RegisterFiles
    mail: Mail
    sources: dict[str, AnySource]
    alerts: AlertsConfig
    rules: tuple[RuleConfig, ...]

    def enabled_sources(self) -> dict[str, AnySource]:
        """Return the sources that a night reads, by name."""
        return {name: source for name, source in self.sources.items() if source.enabled}


_SECTIONS: Mapping[str, type[BaseModel]] = {
    "association": Association,
    "database": Database,
    "archive": ArchiveFolder,
    "register": RegisterFiles,
    "mail": Mail,
    "alerts": AlertsConfig,
}


_RULE_MODELS: Mapping[str, type[BaseModel]] = {model.__name__: model for model in get_args(RuleConfig)}


def load_settings(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read koll.toml and the environment into Settings.

    Raises SettingsInvalid with *all* faults: unknown keys, impossible values, sections and addresses missing.
    """
    path = path.absolute()
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise SettingsInvalid(path, ["the file is not there: write one with `koll init`"]) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsInvalid(path, [f"cannot be read as TOML in UTF-8: {error}"]) from error
    told: dict[str, str] = {}
    faults = [*_override(tables, environ, told), *_refuse_passwords(tables, told)]
    known = (*_SECTIONS, "sources", "rule")
    faults += [name_unknown(key, known) for key in tables if key not in known]
    sections: dict[str, Any] = {}
    for key, model in _SECTIONS.items():
        sections[key] = _read(model, tables.get(key, {}), key, faults, missing=key not in tables)
    sources = _read_sources(tables.get("sources", {}), faults)
    rules = _read_rules(tables.get("rule", []), faults)
    faults += _check_rules(tables)
    if faults:
        raise SettingsInvalid(path, [_name_variable(fault, told) for fault in faults])
    sections["members"] = sections.pop("register")
    return _with_absolute_paths(Settings(file=path, sources=sources, rules=tuple(rules), **sections))


def _check_rules(tables: Mapping[str, Any]) -> list[str]:
    """Compare the rules with sources and groups as they stand in the file, also where these have faults of their own."""
    mail, sources, rules = (tables.get(key) for key in ("mail", "sources", "rule"))
    groups = mail.get("groups") if isinstance(mail, dict) else None
    listed = groups if isinstance(groups, dict) else {}
    readable = (
        [table for table in rules if isinstance(table, dict) and isinstance(table.get("id", ""), str)]
        if isinstance(rules, list)
        else []
    )
    return check_rules(readable, sources if isinstance(sources, dict) else (), listed)


def _read_sources(tables: Any, faults: list[str]) -> dict[str, AnySource]:
    sources: dict[str, AnySource] = {}
    if not isinstance(tables, dict) or not tables:
        faults.append("sources: at least one [sources.NAME] table is needed")
        return sources
    for name, table in tables.items():
        place = f"sources.{name}"
        kind = table.get("kind") if isinstance(table, dict) else None
        if not isinstance(table, dict):
            faults.append(f"{place}: a table is needed, written under [{place}]")
        elif not isinstance(kind, str) or kind not in SOURCE_KINDS:
            shown = f".kind = {show(kind)}" if "kind" in table else ".kind is missing"
            faults.append(f"{place}{shown}: one of {', '.join(SOURCE_KINDS)} is needed")
        elif not name.replace("_", "").isalnum():
            faults.append(f"{place}: a name of letters, digits and underscores is needed")
        elif source := _read(SOURCE_KINDS[kind], table, place, faults):
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
        if not name.startswith("KOLL_") or name in _NOT_SETTINGS:
            continue
        rest = name.removeprefix("KOLL_").lower()
        steps = rest.split("__") if "__" in rest else rest.split("_", 1)
        if len(steps) < 2 or not all(steps) or steps[0] not in {*_SECTIONS, "sources"}:
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
    """Read lists, tables and quoted texts as TOML; anything else stands as it is, and its field makes a number of it."""
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
            "database": Database(url=url),
            "archive": settings.archive.model_copy(update=settle(settings.archive)),
            "members": settings.members.model_copy(update=settle(settings.members)),
            "mail": settings.mail.model_copy(update=settle(settings.mail)),
            "sources": {name: source.model_copy(update=settle(source)) for name, source in settings.sources.items()},
        }
    )
