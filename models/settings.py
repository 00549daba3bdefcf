"""koll.toml: one typed class, read once; every fault listed at once, none guessed away.

Environment variables override the file: ``KOLL_DATABASE_URL`` is ``[database] url``, and a double underscore goes
deeper (``KOLL_SOURCES__TIPS__IMAP``). Paths are relative to the file. Secrets never stand in it: see ``SECRETS``.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from models.alerting.rules import AlertsConfig, RuleConfig, check_rules, read_rule
from models.words import Channel

SECRETS = {
    "hash_key": "KOLL_HASH_KEY",
    "smtp_password": "KOLL_SMTP_PASSWORD",
    "imap_password": "KOLL_IMAP_PASSWORD",
    "database_password": "KOLL_DATABASE_PASSWORD",
}
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


def _no_password(url: str) -> str:
    if urlsplit(url).password:
        raise ValueError("a secret never stands in the file: leave the password out and set its KOLL_ variable")
    return url


def _is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


Address = Annotated[str, BeforeValidator(_address)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Association(_Section):
    """Whose eye this is. ``contact`` stands in the user agent, so that a publisher can reach a person."""

    name: str = Field(min_length=1, max_length=80)
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
        if not value.startswith(("sqlite:///", "postgresql+psycopg://", "postgresql://")):
            raise ValueError("sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME is needed")
        return value.replace("postgresql://", "postgresql+psycopg://", 1)


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
        if value is not None:
            _no_password(value)
            if urlsplit(value).scheme not in {"smtp", "smtps", "smtp+starttls"} or not urlsplit(value).hostname:
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
        if value is not None and not 0 <= value[0] <= value[1]:
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
        wrong = [_unknown(field, EXTRACT_FIELDS) for field in value if field not in EXTRACT_FIELDS]
        wrong += [
            f"{field} = the header of that column" for field in ("source_id", "received_on") if field not in value
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        try:
            "".encode(value or "utf-8")
        except LookupError as error:
            raise ValueError(
                "an encoding such as utf-8 or cp1252 is needed, or leave it out to have it found"
            ) from error
        return value


class BoardSettings(SourceSettings):
    """The ethics board's sites, by their base addresses."""

    kind: Literal["dm_namnden"]
    sites: list[str] = Field(min_length=1)

    @field_validator("sites")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        for site in value:
            if urlsplit(site).scheme not in {"http", "https"} or not urlsplit(site).hostname:
                raise ValueError(f"{site!r}: an address such as https://nixnamnden.se is needed")
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
        if self.imap is not None:
            _no_password(self.imap)
            if urlsplit(self.imap).scheme not in {"imap", "imaps"} or not urlsplit(self.imap).hostname:
                raise ValueError("imap: imaps://USER@HOST/INBOX is needed")
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
    faults = list(_override(tables, environ))
    known = (*_SECTIONS, "sources", "rule")
    faults += [_unknown(key, known) for key in tables if key not in known]
    sections: dict[str, Any] = {}
    for key, model in _SECTIONS.items():
        sections[key] = _read(model, tables.get(key, {}), key, faults, missing=key not in tables)
    sources = _read_sources(tables.get("sources", {}), faults)
    rules = _read_rules(tables.get("rule", []), faults)
    groups = sections["mail"].groups if sections["mail"] else {}
    faults += check_rules(_tables(tables.get("rule")), _tables_by_name(tables.get("sources")), groups)
    if faults:
        raise SettingsInvalid(path, faults)
    sections["members"] = sections.pop("register")
    return _with_absolute_paths(Settings(file=path, sources=sources, rules=tuple(rules), **sections))


def _tables(value: Any) -> list[Mapping[str, Any]]:
    return [table for table in value if isinstance(table, dict)] if isinstance(value, list) else []


def _tables_by_name(value: Any) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _read_sources(tables: Any, faults: list[str]) -> dict[str, AnySource]:
    sources: dict[str, AnySource] = {}
    if not isinstance(tables, dict) or not tables:
        faults.append("sources: at least one [sources.NAME] table is needed")
        return sources
    for name, table in tables.items():
        place = f"sources.{name}"
        if not isinstance(table, dict) or table.get("kind") not in SOURCE_KINDS:
            kind = table.get("kind") if isinstance(table, dict) else table
            faults.append(f"{place}.kind = {kind!r}: one of {', '.join(SOURCE_KINDS)} is needed")
        elif not name.replace("_", "").isalnum():
            faults.append(f"{place}: a name of letters, digits and underscores is needed")
        elif source := _read(SOURCE_KINDS[table["kind"]], table, place, faults):
            sources[name] = source
    return sources


def _read_rules(tables: Any, faults: list[str]) -> list[RuleConfig]:
    if not isinstance(tables, list):
        faults.append("rule: rules are written as [[rule]], with double brackets")
        return []
    rules = []
    for number, table in enumerate(tables, 1):
        try:
            rules.append(read_rule(table))
        except ValidationError as error:
            faults += _explain(error, f"rule {table.get('id', number)}", table)
        except ValueError as error:
            faults.append(f"rule {table.get('id', number)}: {error}")
    return rules


def _read(model: type[Any], table: Any, place: str, faults: list[str], *, missing: bool = False) -> Any:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        if missing:
            faults.append(f"[{place}] is missing: {', '.join(_required(model))} must be set")
        else:
            faults += _explain(error, place, table, [field.alias or name for name, field in model.model_fields.items()])
        return None


def _required(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items() if field.is_required()]


def _explain(error: ValidationError, place: str, table: Any, known: list[str] | None = None) -> Iterator[str]:
    for fault in error.errors():
        steps = [str(step) for step in fault["loc"]]
        key = ".".join([place, *steps])
        if fault["type"] == "extra_forbidden":
            near = difflib.get_close_matches(steps[-1], known or [], 1)
            yield f"{key}: unknown key" + (
                f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known or [])}"
            )
        elif fault["type"] == "missing":
            yield f"{key}: is missing"
        else:
            value = "" if isinstance(fault["input"], dict) else f" = {_show(fault['input'])}"
            yield f"{key}{value}: {fault['msg'].removeprefix('Value error, ')}"


def _show(value: object) -> str:
    text = repr(value)
    if isinstance(value, str) and "://" in value and urlsplit(value).password:
        text = text.replace(str(urlsplit(value).password), "***")
    return text if len(text) <= 80 else text[:77] + "..."


def _unknown(key: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(key, known, 1)
    return f"{key}: unknown key; " + (f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}")


def _override(tables: dict[str, Any], environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in sorted(environ.items()):
        if not name.startswith("KOLL_") or name in _NOT_SETTINGS:
            continue
        rest = name.removeprefix("KOLL_").lower()
        steps = rest.split("__") if "__" in rest else rest.split("_", 1)
        if len(steps) < 2 or steps[0] not in {*_SECTIONS, "sources"}:
            yield f"{name}: no such setting; KOLL_SECTION_KEY is the form, such as KOLL_DATABASE_URL"
            continue
        table = tables
        for step in steps[:-1]:
            table = table.setdefault(step, {})
        table[steps[-1]] = _toml_value(value)


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _with_absolute_paths(settings: Settings) -> Settings:
    root = settings.file.parent

    def settle(section: BaseModel) -> dict[str, Path]:
        return {name: root / value for name, value in section if isinstance(value, Path)}

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
