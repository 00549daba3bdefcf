"""Workbooks of review questions that staff send back: mailed to the tip inbox, or dropped into a folder.

A mailed one is believed when its sender is one of ours (an address of [mail.groups], or [review] senders) and our own
mail server proves that it is; any other waits in quarantine. Each workbook is taken once, by its bytes, and whoever
sent it is told what was taken and what was not.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, select

from flows.mail.plain import write_plain
from flows.review.answers import AnswerRefused, Desk
from flows.review.book import read_book
from flows.workplace import Workplace
from models.alerting.tables import OutboxRow
from models.audit import AuditRow, record_act
from models.storage.store import upsert, writing
from models.storage.tables import QuarantineItem, SetAside
from sources.files.extract_mail import MailWaits, check_sender
from sources.inbox.mail import Mail, MailUnreadable, read_mail

if TYPE_CHECKING:
    from flows.intake.reading import Order

Log = Callable[[str], None]
TAKEN = "review.workbook"
_LARGEST = 5 * 1024 * 1024
_SHOWN = 40  # lines of what was not taken
_A: Table = SetAside.__table__  # type: ignore[attr-defined]
_D: Table = AuditRow.__table__  # type: ignore[attr-defined]
_O: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_Q: Table = QuarantineItem.__table__  # type: ignore[attr-defined]
_SUBJECT = {"sv": "Svaren i {name} är inlästa", "en": "The answers in {name} have been taken in"}
_TEXT = {
    "sv": "{taken} svar i {name} är inlästa och räknas från och med i natt.\n",
    "en": "{taken} answer(s) in {name} have been taken in and count from tonight on.\n",
}
_NOTHING = {
    "sv": "Det fanns inget nytt svar i {name}: tomma rader hoppas över, och det som redan är besvarat står kvar.\n",
    "en": "There was no new answer in {name}: empty rows are passed over, and what is answered already stays.\n",
}
_REFUSED = {"sv": "\nDet här kunde inte läsas in:\n", "en": "\nThis could not be taken in:\n"}


@dataclass
class Book:
    """One workbook that came back. ``mail`` and ``source`` are of a mailed one, ``path`` of one in the folder."""

    name: str
    content: bytes
    who: str
    mail: Mail | None = None
    source: str = ""
    path: Path | None = None
    taken: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        """The hash of its bytes, by which it is known."""
        return hashlib.sha256(self.content).hexdigest()


def take_workbooks(place: Workplace, order: "Order", log: Log) -> int:
    """Give the answers of every workbook that has come back; return how many were new.

    What a workbook answers and what is told about it stand together or not at all, also when this is killed.
    """
    with place.engine.connect() as connection:
        known = set(connection.execute(select(_D.c.subject).where(_D.c.what == TAKEN)).scalars())
        mailed = _list_mailed(place, connection)
    given = 0
    for book in (*_find_dropped(place, log), *_open_mailed(place, mailed, known, order)):
        if book.sha256 in known:
            continue
        _write_down(place, book, _answer(place, book), order)
        known.add(book.sha256)
        given += book.taken
        log(f"review: {book.name}: {book.taken} answer(s) taken, {len(book.refused)} row(s) not")
    return given


def _find_dropped(place: Workplace, log: Log) -> Iterator[Book]:
    folder = place.settings.review.folder
    if folder is None:
        return
    try:
        paths = sorted(
            p for p in folder.iterdir() if p.suffix.lower() == ".xlsx" and not p.name.startswith((".", "~$"))
        )
        for path in paths:
            if path.stat().st_size <= _LARGEST:
                yield Book(path.name[-100:], path.read_bytes(), _find_owner(path), path=path)
            else:
                log(f"review: {path.name} is larger than 5 MB, so it is no workbook of ours; take it away")
    except OSError as error:
        log(f"review: {folder} cannot be read ({error.strerror}); mend [review] folder")


def _find_owner(path: Path) -> str:
    with suppress(OSError, KeyError):
        return path.owner()
    return "unknown user"


def _list_mailed(place: Workplace, connection: Connection) -> list[tuple[str, str]]:
    asked = select(_A.c.source, _A.c.raw_sha256).where(_A.c.reason == "review")
    rows = connection.execute(asked.order_by(_A.c.first_seen, _A.c.source_id))
    return [(row.source, row.raw_sha256) for row in rows if place.archive.holds(row.raw_sha256)]


def _open_mailed(place: Workplace, mailed: list[tuple[str, str]], known: set[str], order: "Order") -> Iterator[Book]:
    """Yield the workbooks of mails whose sender is proven; put the others into quarantine."""
    for source, sha256 in mailed:
        try:
            mail = read_mail(place.archive.get(sha256))
        except MailUnreadable:
            continue  # it was read once, so it has been damaged since: `koll verify` tells
        files = [file for file in mail.attachments if file.review and file.content and file.sha256 not in known]
        for file in files:
            try:
                _check(place, mail)
            except MailWaits as doubt:
                _quarantine(place, source, sha256, doubt, order.run_id)
                continue
            yield Book(file.name or "review.xlsx", file.content or b"", mail.sender or "", mail, source)


def _check(place: Workplace, mail: Mail) -> None:
    """Return when a mail is proven to come from staff. Raise MailWaits with the reason when not."""
    review, groups = place.settings.review, place.settings.mail.groups
    staff = {address.lower() for group in groups.values() for address in group} | set(review.senders)
    check_sender(mail, staff, review.authserv or "[review] authserv, which is not set,")


def _answer(place: Workplace, book: Book) -> Desk:
    desk = Desk(place, book.who, together=True)
    try:
        given, book.refused = read_book(BytesIO(book.content), desk, book.name)
        book.taken = len(given)
    except AnswerRefused as error:
        book.refused = [str(error)]
    return desk


def _write_down(place: Workplace, book: Book, desk: Desk, order: "Order") -> None:
    """Write the answers, that the workbook is taken, and what its sender is told in one transaction; a dropped one
    gets a text beside."""
    now = place.clock()
    if book.path is not None:
        with suppress(OSError):  # a folder that may only be read
            book.path.with_suffix(".txt").write_text(_say(place, book), "utf-8")
    with writing(place.engine) as connection:
        desk.write_kept(connection)
        details = {"file": book.name, "taken": book.taken, "refused": len(book.refused)}
        record_act(connection, TAKEN, book.sha256, who=book.who, at=now, details=details)
        if book.mail is not None:
            row = _write_reply(place, book, book.mail, order, now)
            if not connection.execute(select(_O.c.key).where(_O.c.key == row["key"])).first():
                connection.execute(_O.insert(), row)


def _say(place: Workplace, book: Book) -> str:
    language = place.settings.association.language
    told = (_TEXT if book.taken else _NOTHING)[language].format(taken=book.taken, name=book.name)
    if not book.refused:
        return told
    more = len(book.refused) - _SHOWN
    lines = [f"- {line}" for line in book.refused[:_SHOWN]] + ([f"- ... (+{more})"] if more > 0 else [])
    return f"{told}{_REFUSED[language]}" + "\n".join(lines) + "\n"


def _write_reply(place: Workplace, book: Book, mail: Mail, order: "Order", now: datetime) -> dict[str, Any]:
    settings = place.settings
    key = hashlib.sha256(f"{TAKEN}|{book.sha256}".encode()).hexdigest()
    message_id = f"<{key[:32]}@{settings.mail.sender.rpartition('@')[2]}>"
    name = "".join(c for c in book.name if c.isprintable())[:80]
    subject = f"[{settings.association.name}] {_SUBJECT[settings.association.language].format(name=name)}"
    message = write_plain(
        _say(place, book),
        sender=settings.mail.sender,
        to=mail.sender or "",
        subject=subject,
        at=now,
        message_id=message_id,
        auto="auto-replied",
    )
    if mail.message_id and mail.message_id.isascii() and mail.message_id.isprintable():
        message["In-Reply-To"] = message["References"] = f"<{mail.message_id}>"
    message["X-Medlemskoll"] = "workbook"
    return OutboxRow(
        key=key,
        recipient=mail.sender or "",
        groups=["review"],
        kind="workbook",
        event_ids=[],
        subject=subject,
        message=message.as_bytes(),
        message_id=message_id,
        envelope_from=settings.mail.bounce or settings.mail.sender,
        run_id=order.run_id,
        business_date=order.business_date,
        next_try=now,
        created=now,
    ).model_dump()


def _quarantine(place: Workplace, source: str, sha256: str, doubt: MailWaits, run_id: str) -> None:
    """Let a workbook from nobody we know wait: none of its answers counts."""
    now, code = place.clock(), "workbook-untrusted"
    reason = f"{doubt} [{doubt.code}]; if it is right, take the file in yourself: koll review import FILE.xlsx"
    row = {
        "key": hashlib.blake2b(f"{source} {code} {sha256}".encode(), digest_size=8).hexdigest(),
        "source": source,
        "source_id": None,
        "row": hashlib.blake2b(sha256.encode(), digest_size=16).hexdigest(),
        "name": f"mail {sha256[:12]}",
        "code": code,
        "reason": reason,
        "kept": False,
        "raw_sha256": sha256,
        "raw_locator": "",
        "draft": {"faults": [{"code": code}]},
        "state": "open",
        "first_seen": now,
        "last_seen": now,
        "run_id": run_id,
    }
    with writing(place.engine) as connection:
        upsert(connection, _Q, [row], keep=("first_seen", "last_seen", "run_id", "state"))
