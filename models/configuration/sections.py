"""The tables of koll.toml besides sources, rules and cases: what each may set, and what is right for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, field_validator, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from models.alerting.rules import AlertsConfig
from models.cases.settings import CasesConfig, FollowUpConfig
from models.configuration.faults import name_unknown
from models.configuration.source_settings import REGISTER_FIELDS, Section, leads_to
from models.members.country import Scheme, find_country


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
    listed them, quarantine from when a row was last seen, sent mail from when it was written. Of declarations the
    answers that name people go, and the files, counted from their receipt; of replies in a case words and letters,
    counted from the end of the case.
    """

    texts_days: Kept = 365
    mails_days: Kept = 365
    extracts_days: Kept = 1095
    pages_days: Kept = 365
    quarantine_days: Kept = 365
    hashes_days: Kept = 1095
    sent_days: Kept = 1095
    declarations_days: Kept = 1825
    replies_days: Kept = 1825


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
