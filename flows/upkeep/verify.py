"""Is everything still what it was? Every archived file against its hash, every complaint against its raw source."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table, select

from flows.intake.matching import make_linkers
from flows.intake.objects import parse_item
from flows.intake.quarantine import load_repairs
from flows.workplace import Workplace, read_secret
from models.draft_table import FACTS
from models.drafts import Draft
from models.storage.repairs import Repairs
from models.storage.tables import Complaint, ComplaintText, SourceState
from models.words import Kind
from sources.contract import RawItem, Source, SourceBroken
from sources.registry import build_source

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_T: Table = ComplaintText.__table__  # type: ignore[attr-defined]
_MADE = ("flags", "facts", "precedence")  # people and later rows have a say in these
_TOLD = tuple(name for name in FACTS if name not in _MADE)


@dataclass
class Verified:
    """What was looked at, what could not be and why, and what is wrong."""

    files: int = 0
    complaints: int = 0
    forgotten: int = 0  # complaints whose raw source is gone on purpose
    unread: dict[str, str] = field(default_factory=dict)  # source -> why its complaints were not compared
    faults: list[str] = field(default_factory=list)


def verify_place(place: Workplace) -> Verified:
    """Look at everything; nothing is changed."""
    found = Verified()
    for checked in place.archive.verify():
        found.files += 1
        found.faults += [checked.fault] if checked.fault else []
    with place.engine.connect() as connection:
        states = connection.execute(select(SourceState.__table__))  # type: ignore[attr-defined]
        for state in sorted(states, key=lambda state: str(state.source)):
            try:
                _verify_source(place, connection, state, found)
            except SourceBroken:  # told above, by the file's name
                found.unread[state.source] = "the record of one of its readings is damaged: restore that file first"
    return found


def _verify_source(place: Workplace, connection: Connection, state: Any, found: Verified) -> None:
    name, version = state.source, state.parser_version
    last = place.archive.last_reading(name)
    if state.read_at and (last is None or last.read_at < state.read_at):
        read_at = f"{state.read_at:%Y-%m-%d %H:%M} UTC"
        found.faults.append(
            f"{name}: the database goes on from a reading of {read_at} that is not in the archive; restore its file"
        )
    if name not in place.settings.sources:
        found.unread[name] = "no longer in koll.toml"
        return
    build = partial(build_source, name, place.settings, place.hash_key, lambda: read_secret("imap_password"))
    source = build()
    if source.info.parser_version != version:
        found.unread[name] = f"stored by parser {version}, {source.info.parser_version} is in use; run the night first"
        return
    repairs = load_repairs(connection, name)
    # Members' own numbers are not masked; the register may have changed since a tip was read: either reading is right.
    readers = [build(make_linkers(place)(name).public), source] if source.info.kind == "tips" else [source]
    listed = {i.sha256: i for reading in place.archive.readings(name) for i in reading.items if i.role == "record"}
    for sha256, rows in _group_rows(connection, name).items():
        if place.archive.is_forgotten(sha256):
            found.forgotten += len(rows)
            continue
        found.complaints += len(rows)
        raw = listed.get(sha256) or RawItem("", sha256)
        found.faults += _compare(place, readers, repairs, raw, rows)


def _group_rows(connection: Connection, name: str) -> Mapping[str, list[Any]]:
    """Return a source's current complaints with their texts, by the object they were read from."""
    about = (_T.c.source == _C.c.source) & (_T.c.source_id == _C.c.source_id)
    asked = select(_C, _T.c.text).outerjoin(_T, about).where((_C.c.source == name) & _C.c.recorded_to.is_(None))
    grouped: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(asked.order_by(_C.c.source_id)):
        grouped[row.raw_sha256].append(row)
    return grouped


def _compare(place: Workplace, readers: list[Source], repairs: Repairs, raw: RawItem, rows: list[Any]) -> Iterator[str]:
    name, wanted = readers[0].name, {row.source_id for row in rows}
    read: dict[str, list[Draft]] = defaultdict(list)
    try:
        for parsed in chain.from_iterable(parse_item(place, source, raw) for source in readers):
            draft, _ = repairs.settle(parsed)
            if draft.source_id in wanted:
                read[str(draft.source_id)].append(draft)
    except SourceBroken as error:
        yield f"{name}: {len(rows)} complaint(s) cannot be compared: {error}"
        return
    for row in rows:
        told = [sorted(_list_differences(row, draft)) for draft in read[row.source_id]]
        if not told:
            yield f"{name} {row.source_id}: its raw source no longer tells of it"
        elif all(told):
            nearest = min(told, key=len)
            differing = ", ".join(nearest)
            yield f"{name} {row.source_id}: {differing} differ from its raw source; run --replay and look"


def _list_differences(row: Any, draft: Draft) -> Iterator[str]:
    """Yield the fields in which a stored complaint is not what was read; words and hashes may have been forgotten."""
    for name in _TOLD:
        if getattr(row, name) != getattr(draft, name):
            yield name
    told = {name: draft.facts.get(name) for name in row.facts} if row.kind == Kind.TIP else dict(draft.facts)
    if told != row.facts:
        yield "facts"
    if row.text is not None and row.text != draft.text:
        yield "text"
