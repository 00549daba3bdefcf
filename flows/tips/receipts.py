"""A receipt to whoever wrote to the tip inbox, with what happens to their letter: off unless koll.toml says otherwise.

One a day at most to one sender, through the outbox like all mail. The address is taken from the raw mail, lies in the
outbox while the receipt waits, and is forgotten with its text once it is out or refused for good.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from email.message import Message
from typing import Any

from sqlalchemy import Connection, Table, select, update

from flows.mail.plain import write_plain
from flows.workplace import Workplace
from models.alerting.tables import OutboxRow
from models.configuration.source_settings import TipsSettings
from models.storage.store import writing
from models.storage.tables import Complaint
from models.storage.versions import IS_CURRENT_TIP
from models.words import Status
from sources.inbox.answerable import find_answer_address
from sources.inbox.mail import MailUnreadable, read_mail
from sources.inbox.privacy import hash_value

KIND = "receipt"
FRESH = timedelta(days=3)  # an older letter gets none: an old mailbox that is read for the first time writes to nobody
_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_O: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_SUBJECT = {"sv": "Vi har tagit emot ditt brev till {name}", "en": "We have received your letter to {name}"}
_TEXT = {
    "sv": """Hej,

tack för ditt brev till {name}. Det har kommit fram och ingår i hur vi följer våra medlemmars uppträdande.
Vi svarar inte på varje brev, och det här är ingen bedömning av vad som har hänt.

Uppgifter om dig, som namn, adress och telefonnummer, tas bort innan innehållet sparas, och texten tas bort efter
en tid. Så behandlar vi personuppgifter: {notice}

Det här är ett automatiskt kvitto. Vill du lägga till något kan du svara på det.
""",
    "en": """Hello,

thank you for writing to {name}. Your letter has arrived and is part of how we follow the conduct of our members.
We do not answer every letter, and this is no judgement of what has happened.

What says who you are, such as name, address and telephone number, is taken out before the content is stored, and the
text is removed after some time. How we treat personal data: {notice}

This is an automatic receipt. You may answer it if you want to add something.
""",
}


def queue_receipts(place: Workplace, business_date: date, run_id: str, log: Callable[[str], None]) -> int:
    """Put a receipt into the outbox for each sender of the last days' letters that has none; return how many."""
    wanted = {
        name: source
        for name, source in place.settings.enabled_sources().items()
        if isinstance(source, TipsSettings) and source.receipt
    }
    if not wanted:
        return 0
    with writing(place.engine) as connection:
        answered = _list_answered(connection)
        letters: dict[str, list[tuple[str, Any, TipsSettings]]] = {}
        for row in _list_letters(connection, list(wanted), business_date - FRESH):
            told = f"{row.source} {row.source_id}"
            address = None if told in answered else _find_sender(place, row.raw_sha256)
            if address is not None:
                letters.setdefault(address[0], []).append((told, address[1], wanted[row.source]))
        rows = [row for row in _write_receipts(place, letters, business_date, run_id) if row["key"] not in answered]
        if rows:
            connection.execute(_O.insert(), rows)
    if rows:
        log(f"tips: {len(rows)} receipt(s) to send")
    return len(rows)


def forget_recipients(place: Workplace) -> None:
    """Take address and text out of receipts that are out, or were refused for good."""
    done = (_O.c.kind == KIND) & _O.c.state.in_(("accepted", "dead", "bounced")) & (_O.c.recipient != "")
    with writing(place.engine) as connection:
        connection.execute(update(_O).where(done).values(recipient="", message=b"", envelope_from="", message_id=""))


def _list_answered(connection: Connection) -> set[str]:
    """Return the letters that a receipt was written for, and the keys of all receipts."""
    answered: set[str] = set()
    for row in connection.execute(select(_O.c.key, _O.c.event_ids).where(_O.c.kind == KIND)):
        answered.update((row.key, *row.event_ids))
    return answered


def _list_letters(connection: Connection, sources: list[str], since: date) -> list[Any]:
    current = IS_CURRENT_TIP & (_C.c.status == Status.ACCEPTED)
    asked = select(_C).where(current & _C.c.source.in_(sources) & (_C.c.received_on >= since))
    return list(connection.execute(asked.order_by(_C.c.source, _C.c.source_id)))


def _find_sender(place: Workplace, sha256: str) -> tuple[str, str | None] | None:
    """Return (address, message id) of a letter that may be answered."""
    if not place.archive.holds(sha256):
        return None
    try:
        mail = read_mail(place.archive.get(sha256))
    except MailUnreadable:
        return None
    address = find_answer_address(mail, place.settings.mail.sender.partition("@")[2].lower())
    return (address, mail.message_id) if address else None


def _write_receipts(
    place: Workplace, letters: dict[str, list[tuple[str, Any, TipsSettings]]], business_date: date, run_id: str
) -> Iterator[dict[str, Any]]:
    settings, now = place.settings, place.clock()
    for address, told in letters.items():
        sender = hash_value(place.hash_key, address)
        key = hashlib.sha256(f"{KIND}|{sender}|{business_date}".encode()).hexdigest()
        message_id = f"<{key[:32]}@{settings.mail.sender.rpartition('@')[2]}>"
        message = _build(place, address, told[0][1], str(told[0][2].privacy_notice), message_id)
        row = OutboxRow(
            key=key,
            recipient=address,
            groups=[KIND],
            kind=KIND,
            event_ids=[one[0] for one in told],
            subject=str(message["Subject"]),
            message=message.as_bytes(),
            message_id=message_id,
            envelope_from=settings.mail.bounce or settings.mail.sender,
            run_id=run_id,
            business_date=business_date,
            next_try=now,
            created=now,
        )
        yield row.model_dump()


def _build(place: Workplace, address: str, answers: str | None, notice: str, message_id: str) -> Message:
    association = place.settings.association
    message = write_plain(
        _TEXT[association.language].format(name=association.name, notice=notice),
        sender=place.settings.mail.sender,
        to=address,
        subject=_SUBJECT[association.language].format(name=association.name),
        at=place.clock(),
        message_id=message_id,
        auto="auto-replied",
    )
    if answers and answers.isascii() and answers.isprintable():
        message["In-Reply-To"] = message["References"] = f"<{answers}>"
    message["X-Medlemskoll"] = KIND
    return message
