"""Extracts that an authority sends by mail: a table attached to a mail whose sender is proven, else a person looks.

Anybody can write any From, so a mail is believed only when the association's own mail server says that its sender is
who it claims to be: in the topmost Authentication-Results header (RFC 8601), which that server adds, under the name
it is configured by. DMARC must have passed for the From domain, or both SPF and DKIM for a domain aligned with it.
Everything else is archived and waits: whoever finds it right puts the attachment into the source's folder.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from models.configuration.source_settings import ExtractMail
from models.draft_table import DraftTable
from models.drafts import Draft
from models.members.identifiers import read_domain
from sources.contract import Bounds, Problem, RawItem, Reading, SourceBroken, SourceInfo, Visit
from sources.files.cells import TableUnreadable
from sources.files.extract import Extract
from sources.files.tabular import read_lines
from sources.inbox.access import Access
from sources.inbox.mail import Mail, MailUnreadable, read_mail
from sources.inbox.mailbox import Taken, read_folder

WAITING = "waiting"  # the role of a mail that a person must look at
_TABLES = {".csv": "text/csv", ".tsv": "text/csv", ".txt": "text/csv", ".xlsx": "application/xlsx"}
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[^\s<>()\[\],;:\"@]{1,255}")
_RESULT = re.compile(r"(spf|dkim|dmarc)\s*=\s*([a-z]+)\b(.*)", re.IGNORECASE | re.DOTALL)
_PROPERTY = re.compile(r"\b(header\.from|header\.d|header\.i|smtp\.mailfrom)\s*=\s*\"?([^\s;\"]{1,320})", re.IGNORECASE)
_UNFIT = re.compile(r"[^\w .()-]+")


class MailWaits(Exception):
    """This mail is not taken by itself; ``code`` and the text say why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class MailedExtract:
    """An extract source whose files also come by mail; everything else is the extract's own."""

    extract: Extract
    mail: ExtractMail
    access: Access
    timezone: str = "Europe/Stockholm"

    @property
    def name(self) -> str:
        """Its key in koll.toml."""
        return self.extract.name

    @property
    def info(self) -> SourceInfo:
        """What is fixed about its kind."""
        return self.extract.info

    @property
    def bounds(self) -> Bounds:
        """What is normal for it here."""
        return self.extract.bounds

    @property
    def columns(self) -> Mapping[str, str]:
        """Our field -> their header."""
        return self.extract.columns

    @property
    def encoding(self) -> str | None:
        """What the tables are written in, where it is configured."""
        return self.extract.encoding

    def read(self, visit: Visit) -> Reading:
        """Read the folder, then the mailbox. Raise SourceBroken when either cannot be read, with the cure."""
        folder = self.extract.read(visit)
        before = visit.last.items if visit.last else ()
        marks = next((item for item in before if item.role == "listing"), None)
        taken = self._open_mailbox(visit, marks)
        files = {item.sha256 for item in folder.items}
        carried = [replace(item, unchanged=True) for item in before if item.note.get("mail")]
        known = {item.note["mail"] for item in carried}
        fresh: list[RawItem] = []
        problems = [*folder.problems, *taken.problems]
        for came in taken.items:
            if came.sha256 not in known and visit.archive.holds(came.sha256):  # else it was erased
                found, waits = self._take_mail(visit, came)
                fresh += found
                problems += waits
        items = [item for item in (*carried, *fresh) if not (item.role == WAITING and _is_settled(item, files))]
        old = [item for item in (*folder.items, *items) if item.unchanged]
        new = sorted((item for item in (*folder.items, *items) if not item.unchanged), key=_by_period)
        through = [date.fromisoformat(item.note["through"]) for item in items if item.note.get("through")]
        return replace(
            folder,
            items=(*old, *new, taken.state),
            complete_through=max(through, default=None),
            problems=tuple(problems),
        )

    def parse(self, content: bytes, item: RawItem) -> Iterator[Draft]:
        """Yield one draft a row."""
        return self.parse_stream(BytesIO(content), item)

    def parse_stream(self, stream: IO[bytes], item: RawItem) -> Iterator[Draft]:
        """Yield one draft a row; raise SourceBroken for a mail, which is no table."""
        return chain.from_iterable(self.parse_tables(stream, item))

    def parse_tables(self, stream: IO[bytes], item: RawItem) -> Iterator[DraftTable]:
        """Yield the rows as tables; see ``parse_stream``."""
        if item.media_type == "message/rfc822" or item.role == WAITING:
            raise SourceBroken("mail-waits", f"a mail is no table: if it is right, put its file into {self._folder()}")
        return self.extract.parse_tables(stream, item)

    def _folder(self) -> Path:
        return self.extract.folder

    def _open_mailbox(self, visit: Visit, marks: RawItem | None) -> Taken:
        if self.mail.maildir is not None:
            return read_folder(self.mail.maildir, visit.archive, marks, visit.now, visit.since)
        from sources.inbox.imap import ImapReader, read_address

        reader = ImapReader(read_address(self.mail.imap or ""), self.access, visit.archive, visit.now, visit.log)
        return reader.read(marks, visit.since, visit.until)

    def _take_mail(self, visit: Visit, came: RawItem) -> tuple[list[RawItem], list[Problem]]:
        """Return a mail's tables as items, or the mail itself as one that waits, with the reason."""
        content = visit.archive.get(came.sha256)
        try:
            if came.note.get("size"):
                raise MailWaits("mail-too-large", "the mail is over 25 MB, and only its beginning was taken")
            mail = read_mail(content, keep=_is_table)
            check_sender(mail, self.mail.senders, self.mail.authserv)
            return list(self._take_tables(visit, came, mail)), []
        except (MailWaits, MailUnreadable) as error:
            reason = f"{error}; if the mail is right, put its file into {self._folder()}"
            note = {"mail": came.sha256, "code": error.code, "reason": reason, "files": _list_files(content)}
            item = RawItem(f"mail {came.sha256[:12]}", came.sha256, "message/rfc822", "", visit.now, role=WAITING)
            return [replace(item, note=note)], [Problem(error.code, item.name, f"{item.name}: {reason}")]

    def _take_tables(self, visit: Visit, came: RawItem, mail: Mail) -> Iterator[RawItem]:
        tables = list(_find_tables(mail))
        if not tables:
            raise MailWaits("attachment-missing", "no CSV or XLSX file is attached")
        for file_name, table in tables:
            try:
                for _ in read_lines(BytesIO(table), list(self.columns.values()), encoding=self.encoding):
                    pass
            except TableUnreadable as error:
                raise MailWaits(error.code, f"{file_name}: {error}") from error
        for file_name, table in tables:
            covers = self.extract.find_period(file_name)
            through = None if covers else self._guess_end(mail)
            yield RawItem(
                name=f"mail {came.sha256[:12]}/{file_name}",
                sha256=visit.archive.put(table, private=True),
                media_type=_TABLES[Path(file_name).suffix.lower()],
                fetched_at=visit.now,
                covers=covers,
                note={"mail": came.sha256, **({"through": through.isoformat()} if through else {})},
            )

    def _guess_end(self, mail: Mail) -> date | None:
        """Return the day a file without dates is taken to be complete through: when it was sent, less the lag."""
        sent = mail.sent or mail.received
        return sent.astimezone(ZoneInfo(self.timezone)).date() - timedelta(days=self.mail.lag_days) if sent else None


def recognise_extract(rules: ExtractMail, mail: Mail) -> str | None:
    """Return why the tip inbox leaves a mail alone, when its proven sender is one that extracts come from."""
    try:
        check_sender(mail, rules.senders, rules.authserv)
    except MailWaits:
        return None
    return "extract" if mail.attachments else None


def check_sender(mail: Mail, senders: Collection[str], authserv: str) -> None:
    """Return when the mail's sender is configured and proven; raise MailWaits with the reason when not."""
    written = mail.headers.get("from", ())
    addresses = {found.lower() for value in written for found in _ADDRESS.findall(value)}
    if mail.sender is None or len(written) != 1 or addresses != {mail.sender}:
        raise MailWaits("sender-unclear", "the mail does not name exactly one sender")
    domain = mail.sender.partition("@")[2]
    if mail.sender not in senders and f"@{domain}" not in senders:
        raise MailWaits("sender-unknown", "the sender is not among the configured ones")
    results = mail.headers.get("authentication-results", ())
    if not results or not proves_sender(results[0], authserv, domain):
        raise MailWaits("sender-unproven", f"{authserv} does not say that the sender is who it claims to be")


def proves_sender(header: str, authserv: str, domain: str) -> bool:
    """Tell whether one Authentication-Results header, added by ``authserv``, proves that ``domain`` sent the mail."""
    server, _, rest = _strip(header).partition(";")
    words = server.split()
    if not words or words[0].lower() != authserv.lower():
        return False
    passed: dict[str, list[dict[str, str]]] = {}
    for part in rest.split(";"):
        found = _RESULT.match(part.strip())
        if found and found.group(2).lower() == "pass":
            told = {name.lower(): value.lower() for name, value in _PROPERTY.findall(found.group(3))}
            passed.setdefault(found.group(1).lower(), []).append(told)
    if any(_is_aligned(told.get("header.from", domain), domain) for told in passed.get("dmarc", ())):
        return True
    spf = any(_is_aligned(told.get("smtp.mailfrom", ""), domain) for told in passed.get("spf", ()))
    dkim = any(_is_aligned(told.get("header.d") or told.get("header.i", ""), domain) for told in passed.get("dkim", ()))
    return spf and dkim


def _strip(header: str) -> str:
    """Return a header without its comments, and with nothing of quoted strings that could pass for syntax.

    Comments may lie in each other; what is left open at the end makes all of it nothing.
    """
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for letter in header:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == '"' and not depth:
            quoted = not quoted
        elif not quoted and letter in "()":
            depth += 1 if letter == "(" else -1
            kept.append(" ")
        elif not depth and not (quoted and letter in ";= "):
            kept.append(letter)
        if depth < 0:
            return ""
    return "" if depth or quoted else "".join(kept)


def _is_aligned(value: str, domain: str) -> bool:
    """Tell whether an address or host belongs to the same registered domain (DMARC's relaxed alignment)."""
    host = value.rpartition("@")[2].rstrip(".")
    return bool(host) and (
        host == domain or (read_domain(host) is not None and read_domain(host) == read_domain(domain))
    )


def _is_table(name: str) -> bool:
    return Path(name).suffix.lower() in _TABLES


def _find_tables(mail: Mail) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, bytes) of every attached table."""
    for file in mail.attachments:
        shown = _UNFIT.sub("_", Path(file.name).name)[-100:]
        if file.content is not None and _is_table(shown):
            yield shown, file.content


def _list_files(content: bytes) -> str:
    """Return the hashes of what is attached, to know it again when a person puts it into the folder."""
    try:
        return ",".join(attachment.sha256 for attachment in read_mail(content, keep=_is_table).attachments)
    except MailUnreadable:
        return ""


def _is_settled(item: RawItem, files: set[str]) -> bool:
    return bool(files & set(item.note.get("files", "").split(",")))


def _by_period(item: RawItem) -> tuple[str, str, str]:
    """Order what arrives together: the one that ends later knows more."""
    start, end = item.covers or (None, None)
    return str(end or item.note.get("through", "")), str(start or ""), item.name
