"""Mail that came back: a delivery report in the tip mailbox names its mail by the address we signed for it.

A hard bounce (status 5) marks the mail. After two within three months nothing more is sent to the address; the others
in its groups are told, and a group that nobody reads any more fails the night.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Connection, Table, func, select, update

from flows.workplace import Workplace
from models.alerting.tables import OutboxRow
from models.storage.tables import SetAside

_O: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_S: Table = SetAside.__table__  # type: ignore[attr-defined]
_SIGNED = re.compile(r"(?<![\w.+-])[\w.+-]{0,64}\+[0-9a-f]{24}\.[0-9a-f]{16}@[\w.-]{1,255}", re.IGNORECASE)
_HARD = re.compile(r"^Status:\s*(5\.\d+\.\d+)", re.MULTILINE | re.IGNORECASE)
_READ = 256 * 1024  # of a report: what it is about stands first
_LOOK_BACK = timedelta(days=14)
_REMEMBERED = timedelta(days=90)
_MOST = 2


def note_bounces(place: Workplace, connection: Connection, log: Callable[[str], None]) -> int:
    """Mark the mails that reports of the last two weeks name as undeliverable; return how many are new."""
    recent = select(_S.c.raw_sha256).where(_S.c.reason == "bounce", _S.c.first_seen >= place.clock() - _LOOK_BACK)
    noted = 0
    for sha256 in sorted(set(connection.execute(recent).scalars())):
        if place.archive.is_forgotten(sha256) or not place.archive.holds(sha256):
            continue
        status, starts = read_report(place.archive.get(sha256), place.hash_key)
        for start in starts if status else ():
            came_back = _O.c.key.startswith(start, autoescape=True) & (_O.c.state == "accepted")
            said = f"came back with status {status}"
            noted += connection.execute(update(_O).where(came_back).values(state="bounced", last_reply=said)).rowcount
    if noted:
        log(f"mail: {noted} came back as undeliverable")
    return noted


def read_report(content: bytes, hash_key: bytes) -> tuple[str, list[str]]:
    """Return the status of a report on a hard bounce, "" of any other, and the mails it names by their keys' starts."""
    from flows.mail.compose import read_bounce  # brings all letters with it, which a look at the status does without

    report = content[:_READ].decode("latin-1")
    hard = _HARD.search(report)
    starts = {start for one in _SIGNED.findall(report) if (start := read_bounce(one, hash_key))}
    return hard.group(1) if hard else "", sorted(starts)


def find_stopped(place: Workplace, connection: Connection) -> frozenset[str]:
    """Return the addresses from which two mails came back lately, without case."""
    since = place.clock() - _REMEMBERED
    asked = select(_O.c.recipient, func.count()).where(_O.c.state == "bounced", _O.c.created >= since)
    found = connection.execute(asked.group_by(_O.c.recipient))
    return frozenset(recipient.casefold() for recipient, count in found if count >= _MOST)


def count_stopped(place: Workplace, connection: Connection) -> dict[str, int]:
    """Return how many addresses of each group get no mail any more; groups without any are left out."""
    groups = place.settings.mail.groups
    live = leave_out(groups, find_stopped(place, connection))
    return {name: gone for name, people in groups.items() if (gone := len(people) - len(live[name]))}


def leave_out(groups: Mapping[str, Sequence[str]], stopped: frozenset[str]) -> dict[str, list[str]]:
    """Return the groups with the addresses that mail still reaches."""
    return {name: [one for one in people if one.casefold() not in stopped] for name, people in groups.items()}
