"""Mail that still waits for an address which has left [mail.groups]: nothing goes there, and nothing it tells is lost.

Whoever was taken out must not be written to any more. What their mail tells has usually been told to the others of the
group; where nobody who is left has it, it goes to them, and where the group has nobody left, to the operators.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, select, true, update

from flows.mail.sending.bounces import find_stopped, leave_out
from flows.workplace import Workplace
from models.alerting.rules import OPERATORS
from models.alerting.tables import OutboxRow

WITHDRAWN = "withdrawn"
STAFF = ("single", "digest", "introduced", "dues", "weekly", "operators")  # kinds of mail that groups get
_O: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_TOLD = ("waiting", "sending", "accepted")
_TO = re.compile(rb"^To:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.MULTILINE | re.IGNORECASE)
_ID = re.compile(rb"^Message-ID:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.MULTILINE | re.IGNORECASE)
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")


def withdraw_mail(place: Workplace, connection: Connection, *, alone: bool = False) -> tuple[int, int]:
    """Withdraw what waits for addresses that have left; return (mails withdrawn, mails to others in their place).

    In the caller's transaction. A mail that somebody is sending is left alone, unless its lease is over or we know to
    be ``alone``: then whoever had claimed it is dead.
    """
    groups = place.settings.mail.groups
    present = {name: {address.casefold() for address in people} for name, people in groups.items()}
    live = leave_out(groups, find_stopped(place, connection))
    dead = (_O.c.state == "sending") & (true() if alone else _O.c.lease_until <= place.clock())
    waiting = select(_O).where((_O.c.state == "waiting") | dead, _O.c.kind.in_(STAFF)).order_by(_O.c.created, _O.c.key)
    withdrawn = copies = 0
    for mail in connection.execute(waiting).mappings().all():
        if any(mail["recipient"].casefold() in present.get(group, ()) for group in mail["groups"]):
            continue
        said = "not sent: its address has left [mail.groups]"
        gone = update(_O).where(_O.c.key == mail["key"])
        connection.execute(gone.values(state=WITHDRAWN, last_reply=said, lease_until=None))
        withdrawn += 1
        told = _find_told(connection, mail)
        for address, group in _choose_heirs(mail["groups"], live, told):
            connection.execute(_O.insert(), _address_to(place, mail, address, group))
            copies += 1
    return withdrawn, copies


def _find_told(connection: Connection, mail: RowMapping) -> set[str]:
    """Return who has all that a mail tells: the same events, or the same letter where it tells of none."""
    staff = _O.c.kind.in_(STAFF) & _O.c.state.in_(_TOLD) & (_O.c.business_date >= mail["business_date"])
    known: dict[str, set[str]] = {}
    for other in connection.execute(select(_O).where(staff)).mappings():
        known.setdefault(other["recipient"].casefold(), set()).update(_list_told(other))
    wanted = set(_list_told(mail))
    return {address for address, has in known.items() if wanted <= has}


def _list_told(mail: RowMapping) -> Sequence[str]:
    return mail["event_ids"] or [f"{mail['kind']} {mail['business_date']} {mail['subject']}"]


def _choose_heirs(
    groups: Iterable[str], live: Mapping[str, Sequence[str]], told: set[str]
) -> Iterator[tuple[str, str]]:  # fmt: skip
    """Yield (address, group) of those who are to get a mail in its stead: a group of which one has it needs no more."""
    left = {group: live[group] for group in groups if live.get(group)}
    for group, people in (left or {OPERATORS: live.get(OPERATORS, ())}).items():
        if told.isdisjoint(address.casefold() for address in people):
            told |= {address.casefold() for address in people}
            yield from ((address, group) for address in people)


def _address_to(place: Workplace, mail: RowMapping, address: str, group: str) -> dict[str, Any]:
    """Return a mail to another address: the same words, with an id and a bounce address of its own."""
    from flows.mail.compose import sign_bounce  # brings all letters with it

    settings, now = place.settings.mail, place.clock()
    key = hashlib.sha256(f"{address}|{mail['key']}".encode()).hexdigest()
    message_id = f"<{key[:32]}@{settings.sender.rpartition('@')[2]}>"
    end = _HEAD_ENDS.search(mail["message"])
    at = end.start() if end else len(mail["message"])
    head, rest = mail["message"][:at], mail["message"][at:]
    head = _TO.sub(lambda _: f"To: {address}".encode(), head, count=1)
    head = _ID.sub(lambda _: f"Message-ID: {message_id}".encode(), head, count=1)
    fresh = {
        "key": key,
        "recipient": address,
        "groups": [group],
        "message": head + rest,
        "message_id": message_id,
        "envelope_from": sign_bounce(settings.bounce, key, place.hash_key) if settings.bounce else settings.sender,
        "state": "waiting",
        "attempts": 0,
        "next_try": now,
        "created": now,
        "last_code": None,
        "last_reply": "",
    }
    return dict(mail) | fresh
