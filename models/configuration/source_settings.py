"""The [sources.NAME] tables of koll.toml: what every kind of source may set, and what each kind needs."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from models.configuration.faults import name_unknown, show
from models.dates import read_date
from models.declarations.form import list_versions
from models.words import Channel

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

REGISTER_FIELDS = (
    "org_number",
    "legal_name",
    "joined_on",
    "left_on",
    "size",
    "size_unit",
    "year_end",
    "contact",
    "kind",
    "value",
    "valid_from",
    "valid_to",
)


class Section(BaseModel):
    """A table of koll.toml: no unknown keys, nothing changed after reading."""

    # Built once, as parts of the whole: each by itself would be built beside it when the program starts.
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


def leads_to(address: str, *schemes: str) -> bool:
    """Tell whether ``address`` names a host (and a port that can be) under one of the schemes."""
    try:
        parts = urlsplit(address)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class SourceSettings(Section):
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


class Mailbox(Section):
    """Where mail lands: an IMAP folder, or a Maildir or folder of .eml files.

    ``token_command`` prints an OAuth2 access token, for servers that take no password.
    """

    imap: str | None = None
    maildir: Path | None = None
    token_command: list[str] = Field(default_factory=list)

    @field_validator("token_command", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        words = shlex.split(value) if isinstance(value, str) else value
        if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
            raise ValueError('a command and its arguments are needed: token_command = ["/usr/local/bin/token", "tips"]')
        return words

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.imap is None) == (self.maildir is None):
            raise ValueError('exactly one of imap = "imaps://..." and maildir = "..." is needed')
        if self.imap is not None and not leads_to(self.imap, "imap", "imaps"):
            raise ValueError(f"imap = {show(self.imap)}: imaps://USER@HOST/INBOX is needed")
        return self


class ExtractMail(Mailbox):
    """Extracts that come by mail: where it lands, and whom to believe.

    ``authserv`` is the name under which the association's own mail server writes Authentication-Results; ``senders``
    are addresses, or whole domains as "@example.org"; a file that tells no period is complete through the day it was
    sent less ``lag_days``.
    """

    senders: list[str] = Field(min_length=1)
    authserv: str = Field(min_length=1, pattern=r"^[A-Za-z0-9.-]+$")
    lag_days: int = Field(default=14, ge=0, le=400)

    @field_validator("senders")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        for sender in value:
            if "." not in sender.rpartition("@")[2] or sender.count("@") != 1 or " " in sender:
                raise ValueError(f"{show(sender)}: an address, or a domain such as @konsumentverket.se, is needed")
        return [sender.lower() for sender in value]


class ExtractSettings(SourceSettings):
    """Files an authority sent, dropped into a folder. ``columns``: our field = their header."""

    kind: Literal["extract"]
    folder: Path
    columns: dict[str, str]
    channels: dict[str, Channel] = Field(default_factory=dict)
    encoding: str | None = None
    covers: str | tuple[str, str] | None = None
    all_companies: bool = True
    mail: ExtractMail | None = None

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


class WebSettings(SourceSettings):
    """A publisher on the web, of any kind that has a module under sources/.

    ``sites`` are base addresses (or list pages); ``url`` is one page's own address, taken to the letter; ``folder``
    holds files got from the publisher in another way, for the kinds that read such.
    """

    kind: str
    sites: list[str] = Field(default=[], min_length=1)
    url: str | None = None
    folder: Path | None = None

    @field_validator("sites")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        for site in value:
            if not leads_to(site, "http", "https"):
                raise ValueError(f"{show(site)}: an address such as https://nixnamnden.se is needed")
        return [site if urlsplit(site).path.strip("/") else site.rstrip("/") for site in value]

    @field_validator("url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not leads_to(value, "http", "https"):
            raise ValueError("an address such as https://nixnamnden.se/arenden is needed")
        return value

    @model_validator(mode="after")
    def _one_of_them(self) -> "WebSettings":
        if sum(map(bool, (self.sites, self.url, self.folder))) != 1:
            raise ValueError('exactly one of sites = ["https://..."], url = "https://..." and folder = "..." is needed')
        return self

    def addresses(self) -> list[str]:
        """Return where its source begins to read: the sites, or the one page."""
        return [self.url] if self.url else self.sites


BoardSettings = WebSettings  # the ethics board is a web source like any other


class TipsSettings(SourceSettings, Mailbox):
    """The tip mailbox. What was read is moved to ``done_folder``, or gets ``done_flag``, or stays as it is.

    With ``receipt`` whoever writes gets one answer a day that says what happens with the letter; ``privacy_notice`` is
    the address of the page that the answer names.
    """

    kind: Literal["tips"]
    done_folder: str | None = Field(default=None, min_length=1, max_length=200)
    done_flag: str | None = Field(default=None, pattern=r"^\\?[A-Za-z0-9$_.-]{1,60}$")
    receipt: bool = False
    privacy_notice: str | None = None

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if (self.done_folder or self.done_flag) and self.imap is None:
            raise ValueError("done_folder and done_flag are for imap; files are left where they are")
        if self.receipt and not self.privacy_notice:
            raise ValueError("receipt = true needs privacy_notice = the address of the page it refers to")
        if self.privacy_notice is not None and not leads_to(self.privacy_notice, "https", "http"):
            raise ValueError(f"privacy_notice = {show(self.privacy_notice)}: an address such as https://... is needed")
        return self


class DeclarationSettings(SourceSettings):
    """Self-declarations, as XLSX or JSON in a folder, or attached to mail in the tip mailbox.

    ``form`` is the version that is handed out; every version there is can be handed in. A mailed one is believed when
    it comes from the member's own address or domain; with ``authserv`` our mail server must vouch for that as well.
    """

    kind: Literal["declarations"]
    folder: Path
    form: str = "1"
    authserv: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.-]+$")

    @field_validator("form")
    @classmethod
    def _known_version(cls, value: str) -> str:
        if value not in list_versions():
            raise ValueError(f"a version of the form is needed: {', '.join(list_versions())}")
        return value


AnySource = ExtractSettings | WebSettings | TipsSettings | DeclarationSettings
SOURCE_KINDS: Mapping[str, type[AnySource]] = {  # known without being told; a web source adds its own by being there
    "extract": ExtractSettings,
    "dm_namnden": WebSettings,
    "tips": TipsSettings,
    "declarations": DeclarationSettings,
}
