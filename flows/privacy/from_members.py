"""What members have handed in about people: declarations name who answers for them, replies in cases name anybody.

Figures stay whatever is taken away: an answer that names a person goes, a count never does.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, select, update

from flows.workplace import Workplace
from models.cases.chain import erase_words, load_cases, load_rows
from models.declarations.draft import DeclarationDraft
from models.declarations.form import FormUnknown, load_form
from models.storage.tables import Declaration
from sources.archive.faults import ArchiveFault
from sources.declarations.reading import read_declaration
from sources.declarations.source import read_start
from sources.inbox.traces import find_hashes, read_traces

_D: Table = Declaration.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Reply:
    """A member's reply in a case, by its place there."""

    member: str
    number: int
    position: int
    on: date
    text: str
    attachment: str | None


@dataclass
class FromMembers:
    """Replies, versions of declarations (their rows), and files that were handed in (their sha256)."""

    replies: list[Reply] = field(default_factory=list)
    versions: list[Mapping[str, Any]] = field(default_factory=list)
    files: set[str] = field(default_factory=set)

    def count(self) -> dict[str, int]:
        """Return how much there is of each kind."""
        return {"replies": len(self.replies), "declarations": len(self.versions), "declaration_files": len(self.files)}

    def show(self) -> Iterator[dict[str, Any]]:
        """Yield one row for each thing held, without what it says."""
        for reply in self.replies:
            where = {"source": f"case {reply.member}/{reply.number}", "source_id": f"step {reply.position}"}
            yield {"what": "reply in a case", **where, "received_on": reply.on, "text": bool(reply.text)}
        for row in self.versions:
            where = {"source": row["source"], "source_id": f"{row['member']} {row['year']}"}
            yield {"what": "declaration", **where, "received_on": row["received_on"], "text": True}
        for sha256 in sorted(self.files):
            yield {"what": "declaration's file", "source_id": sha256[:16]}

    def give_out(self) -> dict[str, Any]:
        """Return the words: of replies as they were masked, of declarations the answers that name people."""
        return {
            "replies": [{"received_on": reply.on, "text": reply.text} for reply in self.replies],
            "declarations": [
                {"year": row["year"], "received_on": row["received_on"], "answers": _list_private(row)}
                for row in self.versions
            ],
        }


def list_declaration_sources(place: Workplace, connection: Connection) -> set[str]:
    """Return the names of all sources that declarations came by, configured still or not."""
    told = connection.execute(select(_D.c.source).distinct()).scalars()
    return {*place.settings.declarations(), *told}


def find_from_members(place: Workplace, connection: Connection, hashed: str) -> FromMembers:
    """Return all that names a subject: by the answers stored, by every file that is not stored, by replies' letters."""
    found = FromMembers()
    stored = set()
    for row in connection.execute(select(_D)).mappings():
        stored.add(row["raw_sha256"])
        if hashed in find_hashes(_join(row["answers"]), place.hash_key, place.settings.country):
            found.versions.append(dict(row))
            found.files.update([row["raw_sha256"]] if place.archive.holds(row["raw_sha256"]) else [])
    for sha256 in _list_files(place, connection) - stored:
        if hashed in _read_file(place, sha256):
            found.files.add(sha256)
    found.replies += [reply for reply, row in _list_replies(connection) if _names(place, row, hashed)]
    return found


def _join(answers: Mapping[str, Any]) -> str:
    return "\n".join(str(answer) for answer in answers.values() if isinstance(answer, str))


def _list_files(place: Workplace, connection: Connection) -> set[str]:
    sources = list_declaration_sources(place, connection)
    items = (item for source in sources for reading in place.archive.readings(source) for item in reading.items)
    return {sha256 for sha256 in {item.sha256 for item in items} if place.archive.holds(sha256)}


def _read_file(place: Workplace, sha256: str) -> frozenset[str]:
    try:
        content = read_start(place.archive, sha256)
    except ArchiveFault:
        return frozenset()  # `koll verify` tells
    draft = DeclarationDraft("", sha256, date.min)
    draft = read_declaration(content, draft, place.hash_key, place.settings.country)
    return find_hashes(_join(draft.answers), place.hash_key, place.settings.country)


def _list_replies(connection: Connection) -> Iterator[tuple[Reply, Mapping[str, Any]]]:
    for row in load_rows(connection):
        if row["text"] or row["attachment"]:
            key = (row["member"], row["number"], row["position"])
            yield Reply(*key, row["on_day"], row["text"] or "", row["attachment"]), row


def _names(place: Workplace, row: Mapping[str, Any], hashed: str) -> bool:
    if hashed in (row["named"] or ()):
        return True
    if not row["attachment"] or not place.archive.holds(row["attachment"]):
        return False
    try:
        letter = place.archive.get(row["attachment"])
    except ArchiveFault:
        return False
    return hashed in read_traces(letter, place.hash_key, place.settings.country).named


def find_old_replies(connection: Connection, through: date) -> list[Reply]:
    """Return the replies in cases that had ended by a day, of members without an open case."""
    ended = {
        (case.member, case.number)
        for cases in load_cases(connection).values()
        if not any(case.is_open for case in cases)
        for case in cases
        if case.last.on <= through
    }
    return [reply for reply, _ in _list_replies(connection) if (reply.member, reply.number) in ended]


def find_old_versions(connection: Connection, through: date, held: Iterable[str]) -> list[Mapping[str, Any]]:
    """Return the declarations that came in by a day and still name people, but those of the members who are held."""
    old = connection.execute(select(_D).where(_D.c.received_on <= through)).mappings()
    return [row for row in map(dict, old) if row["member"] not in held and _list_private(row)]


def _list_private(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers that name a person; all texts where the form is gone and nobody can say which do."""
    try:
        form = load_form(row["form"])
    except FormUnknown:
        return {key: answer for key, answer in row["answers"].items() if isinstance(answer, str)}
    naming = {question.id for question in form.questions if question.private or question.consumers}
    return {key: answer for key, answer in row["answers"].items() if key in naming}


def strip_versions(connection: Connection, versions: Iterable[Mapping[str, Any]]) -> None:
    """Take the answers that name people out of declarations.

    The hash over all answers stays, so that the same form in another file is known and brings nothing back.
    """
    for row in versions:
        gone = _list_private(row)
        kept = {key: answer for key, answer in row["answers"].items() if key not in gone}
        connection.execute(update(_D).where(_D.c.id == row["id"]).values(answers=kept))


def erase_replies(connection: Connection, replies: Iterable[Reply], *, who: str, at: datetime, why: str) -> None:
    """Take the words of replies away; the cases go on verifying. Their letters are the archive's to forget."""
    for reply in replies:
        erase_words(connection, reply.member, reply.number, reply.position, who=who, at=at, why=why)
