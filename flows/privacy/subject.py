"""One person's data: found by a keyed hash, given out, and erased so that no later reading brings it back."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, delete, or_, select, update

from flows.privacy.from_members import FromMembers, erase_replies, find_from_members, strip_versions
from flows.workplace import Workplace
from models.audit import record_act
from models.draft_table import hash_facts
from models.members.identifiers import read_phone
from models.members.register import load_contact_values
from models.storage.store import forgetting
from models.storage.tables import Complaint, ComplaintText, Mention, QuarantineItem, SetAside
from sources.archive.durable import replacing
from sources.contract import RawItem, SourceBroken
from sources.inbox.privacy import hash_value
from sources.inbox.traces import read_traces

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_T: Table = ComplaintText.__table__  # type: ignore[attr-defined]
_M: Table = Mention.__table__  # type: ignore[attr-defined]
_Q: Table = QuarantineItem.__table__  # type: ignore[attr-defined]
_S: Table = SetAside.__table__  # type: ignore[attr-defined]
MAIL = "message/rfc822"
ERASED = "erased"  # the state of a quarantined row whose words are gone
KEPT_FACTS = ("domains",)  # of companies; everything else in a tip's facts is about a person or his mail
_MANY = 3  # different senders who name an address or number: then it is hardly a private person's


class SubjectUnclear(ValueError):
    """What was given is neither an e-mail address nor a telephone number."""


class SubjectDoubtful(RuntimeError):
    """Erasing this would hardly be what a private person asks for; the text says why, and how to do it all the same."""


@dataclass(frozen=True)
class Subject:
    """Whom it is about: a keyed hash, and what it is the hash of."""

    kind: str  # e-mail, telephone
    hashed: str


class Row(NamedTuple):
    """A complaint, by its identity."""

    source: str
    source_id: str


@dataclass
class Found:
    """What is held of a subject. ``mails`` are archived mails as (object, its item, whether the subject sent it)."""

    subject: Subject
    sent: set[Row] = field(default_factory=set)
    named: set[Row] = field(default_factory=set)
    mails: list[tuple[RawItem, bool]] = field(default_factory=list)
    quarantined: dict[str, Any] = field(default_factory=dict)
    set_aside: set[Row] = field(default_factory=set)
    senders: set[str] = field(default_factory=set)
    from_members: FromMembers = field(default_factory=FromMembers)

    @property
    def rows(self) -> set[Row]:
        """Every complaint that came from the subject or names it."""
        return self.sent | self.named

    def count(self) -> dict[str, int]:
        """Return how much there is of each kind."""
        return {
            "tips_sent": len(self.sent),
            "complaints_naming": len(self.named - self.sent),
            "mails": len(self.mails),
            "quarantined": len(self.quarantined),
            "set_aside": len(self.set_aside),
            **self.from_members.count(),
        }

    @property
    def nothing(self) -> bool:
        """Whether nothing is held."""
        return not any(self.count().values())


def name_subject(place: Workplace, given: str) -> Subject:
    """Return whom an e-mail address or a telephone number means, as a keyed hash. Raises SubjectUnclear."""
    told = given.strip().removeprefix("mailto:").strip("<>")
    if told.count("@") == 1 and all(told.split("@")) and not any(c.isspace() for c in told):
        return Subject("e-mail", hash_value(place.hash_key, told.lower()))
    if number := read_phone(told.removeprefix("tel:"), place.settings.country.region):
        return Subject("telephone", hash_value(place.hash_key, number))
    raise SubjectUnclear("an e-mail address or a telephone number is needed")


def find_subject(place: Workplace, subject: Subject) -> Found:
    """Return everything that is held of a subject: by the facts of tips, and by opening every archived mail."""
    found = Found(subject)
    for item in list_mails(place):
        try:
            traces = read_traces(place.archive.get(item.sha256), place.hash_key, place.settings.country)
        except SourceBroken:
            continue  # gone or damaged: `koll verify` tells
        if subject.hashed in traces.named:
            found.mails.append((item, traces.sender == subject.hashed))
            found.senders.update([traces.sender] if traces.sender else [])
    with place.engine.connect() as connection:
        _find_by_facts(connection, found)
        _find_by_mails(connection, found)
        found.from_members = find_from_members(place, connection, subject.hashed)
    return found


def list_mails(place: Workplace) -> Iterator[RawItem]:
    """Yield every archived mail that is still there, once."""
    seen: set[str] = set()
    for source in place.archive.list_sources():
        for reading in place.archive.readings(source):
            for item in reading.items:
                if item.media_type == MAIL and item.sha256 not in seen and place.archive.holds(item.sha256):
                    seen.add(item.sha256)
                    yield item


def _find_by_facts(connection: Connection, found: Found) -> None:
    hashed = found.subject.hashed
    told = {name: _C.c.facts[name].as_string() for name in ("sender", "emails", "phones")}
    holds = or_(told["sender"] == hashed, told["emails"].contains(hashed), told["phones"].contains(hashed))
    for row in connection.execute(select(_C.c.source, _C.c.source_id, _C.c.facts).where(holds)):
        mine = row.facts.get("sender") == hashed
        (found.sent if mine else found.named).add(Row(row.source, row.source_id))
        found.senders.update([row.facts["sender"]] if "sender" in row.facts else [])
    for item in connection.execute(select(_Q).where(_Q.c.state != ERASED)):
        if hashed in json.dumps(item.draft):
            found.quarantined[item.key] = item


def _find_by_mails(connection: Connection, found: Found) -> None:
    mine = {item.sha256: sent for item, sent in found.mails}
    for shas in _some(mine):
        for row in connection.execute(select(_C.c.source, _C.c.source_id, _C.c.raw_sha256).where(_in(_C, shas))):
            (found.sent if mine[row.raw_sha256] else found.named).add(Row(row.source, row.source_id))
        for row in connection.execute(select(_S).where(_in(_S, shas))):
            found.set_aside.add(Row(row.source, row.source_id))
        for item in connection.execute(select(_Q).where(_in(_Q, shas) & (_Q.c.state != ERASED))):
            found.quarantined[item.key] = item


def _some(values: Iterable[str]) -> Iterator[list[str]]:
    listed = sorted(values)
    for start in range(0, len(listed), 500):
        yield listed[start : start + 500]


def _in(table: Table, shas: list[str]) -> Any:
    return table.c.raw_sha256.in_(shas)


def show_found(place: Workplace, found: Found) -> list[dict[str, Any]]:
    """Return one row for each thing held, without what it says."""
    with place.engine.connect() as connection:
        shown = [
            {
                "what": "tip" if row in found.sent else "complaint that names it",
                "source": row.source,
                "source_id": row.source_id,
                "received_on": _value(connection, _C, row, "received_on"),
                "text": _value(connection, _T, row, "text") is not None,
            }
            for row in sorted(found.rows)
        ]
        shown += [{"what": "mail set aside", **row._asdict()} for row in sorted(found.set_aside)]
    shown += [{"what": "quarantined row", "source": q.source, "source_id": q.key} for q in found.quarantined.values()]
    for item, sent in found.mails:
        what = "archived mail from it" if sent else "archived mail that names it"
        shown.append({"what": what, "source_id": item.sha256[:16], "received_on": item.note.get("received")})
    return [*shown, *found.from_members.show()]


def _value(connection: Connection, table: Table, row: Row, column: str) -> Any:
    return connection.execute(select(table.c[column]).filter_by(**row._asdict()).limit(1)).scalar()


def export_subject(place: Workplace, found: Found, path: Path) -> int:
    """Write what is held into a private ZIP: every row with its masked text, and the mails that the subject sent.

    A mail by somebody else that names the subject is that person's: only its row is given. Returns how many files.
    """
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("data.json", json.dumps(_gather(place, found), ensure_ascii=False, indent=1, default=str))
        own = [item for item, sent in found.mails if sent]
        for number, item in enumerate(own, 1):
            pack.writestr(f"mail-{number:03}.eml", place.archive.get(item.sha256))
    with replacing(path) as file:
        file.write(held.getvalue())
    return 1 + len(own)


def _gather(place: Workplace, found: Found) -> dict[str, Any]:
    columns = [_C.c[n] for n in ("source", "source_id", "received_on", "event_on", "company", "channel", "status")]
    with place.engine.connect() as connection:
        complaints = [
            {
                **connection.execute(select(*columns).filter_by(**row._asdict(), recorded_to=None)).mappings().one(),
                "sent_by_you": row in found.sent,
                "text": _value(connection, _T, row, "text"),
            }
            for row in sorted(found.rows)
        ]
    return {
        "asked_by": found.subject.kind,
        "made_at": place.clock(),
        "complaints": complaints,
        "set_aside": [row._asdict() for row in sorted(found.set_aside)],
        "quarantined": [{"source": q.source, "code": q.code, "row": q.draft} for q in found.quarantined.values()],
        **found.from_members.give_out(),
    }


def check_erasable(place: Workplace, found: Found) -> None:
    """Raise SubjectDoubtful for an address or number that is a member's, or that many different people name."""
    with place.engine.connect() as connection:
        public = {hash_value(place.hash_key, value) for value in load_contact_values(connection)}
    if found.subject.hashed in public:
        raise SubjectDoubtful("this is a member's, by the register: complaints about it would lose their words")
    if not found.sent and len(found.senders) >= _MANY:
        raise SubjectDoubtful(
            f"{len(found.senders)} different people name it, so it is hardly one person's; see `koll subject find`"
        )


def erase_subject(place: Workplace, found: Found, *, who: str, why: str = "") -> None:
    """Erase words, hashes, raw mails and files; complaints stay and count. Twice, or killed and again, is the same.

    What must not come back is remembered before anything goes. The raw mails go last: while one is there, the
    subject is found by it again.
    """
    for row in [*found.rows, *found.set_aside]:
        place.archive.remember(f"{row.source} {row.source_id}")
    told = found.from_members
    with forgetting(place.engine) as connection:
        for row in sorted(found.rows):
            _erase_row(connection, row)
        for key in found.quarantined:
            gone = {"draft": {}, "reason": "erased as a person asked", "state": ERASED}
            connection.execute(update(_Q).where(_Q.c.key == key).values(**gone))
        strip_versions(connection, told.versions)
        erase_replies(connection, told.replies, who=who, at=place.clock(), why="a person asked")
        record_act(
            connection,
            "subject.erase",
            hash_value(place.hash_key, f"erased {found.subject.hashed}")[:16],
            who=who,
            at=place.clock(),
            why=why,
            details=found.count(),
        )
    letters = {reply.attachment for reply in told.replies if reply.attachment}
    for sha256 in [*told.files, *letters, *(item.sha256 for item, _ in found.mails)]:
        place.archive.forget(sha256, for_good=True)


def _erase_row(connection: Connection, row: Row) -> None:
    """Take words and hashes out of every version of a complaint, and out of what hangs on it."""
    mine = {"source": row.source, "source_id": row.source_id}
    connection.execute(delete(_T).filter_by(**mine))
    connection.execute(update(_M).filter_by(**mine).values(sentence=None))
    for version in connection.execute(select(_C).filter_by(**mine)).mappings().all():
        facts = {name: value for name, value in version["facts"].items() if name in KEPT_FACTS}
        hashed = hash_facts({**version, "facts": facts, "text": None})
        connection.execute(update(_C).where(_C.c.id == version["id"]).values(facts=facts, hash=hashed))
