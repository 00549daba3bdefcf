"""Everything out: one function per kind of row, and three ways of writing them. Dates are ISO, unknown is null."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, Table, select

from flows.looking.harmless import spell_out
from flows.looking.standing import load_source_states, pick_country_source
from flows.workplace import Workplace
from models.alerting.evaluation import Window, find_watermark
from models.counting import (
    Scope,
    Tally,
    count_members,
    count_possible,
    find_rank,
    rank_companies,
    rank_members,
    read_watermarks,
)
from models.storage.tables import (
    AlertEventRow,
    AuditRow,
    Complaint,
    EventLink,
    Member,
    Mention,
    OutboxRow,
    QuarantineItem,
    ReviewAnswer,
    Run,
    SourceNight,
    Why,
)
from models.words import Channel
from sources.archive.durable import replacing

ROLLING_DAYS = 365
_RISKY = tuple("=+-@\t\r＝＋－＠")  # also in full width, which some spreadsheets take for the same
_LONGEST_CELL = 32_000  # characters; Excel has room for 32,767


@dataclass(frozen=True)
class Asked:
    """What an export is asked for: counts as of a day, and everything as known at a moment."""

    as_of: date | None = None
    known_at: datetime | None = None


def export_complaints(place: Workplace, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield every complaint as known, by source and id."""
    table: Table = Complaint.__table__  # type: ignore[attr-defined]
    with place.engine.connect() as connection:
        whys = {row.hash: row for row in connection.execute(select(Why.__table__))}  # type: ignore[attr-defined]
        mentions = _load_mentions(connection, asked)
        links = _load_links(connection, asked)
        rows = connection.execution_options(yield_per=2000).execute(
            select(table).where(_known(table, asked)).order_by(table.c.source, table.c.source_id)
        )
        for row in rows:
            key = (row.source, row.source_id)
            yield {**_show_complaint(row, whys.get(row.why), mentions.get(key, [])), "same_event": links.get(key, [])}


def _known(table: Table, asked: Asked) -> Any:
    if asked.known_at is None:
        return table.c.recorded_to.is_(None)
    later = table.c.recorded_to.is_(None) | (table.c.recorded_to > asked.known_at)
    return (table.c.recorded_from <= asked.known_at) & later


def _load_mentions(connection: Connection, asked: Asked) -> dict[tuple[str, str], list[dict[str, Any]]]:
    table: Table = Mention.__table__  # type: ignore[attr-defined]
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in connection.execute(select(table).where(_known(table, asked)).order_by(table.c.role, table.c.text)):
        shown = {"role": row.role, "text": row.text, "member": row.member, "band": row.band}
        found.setdefault((row.source, row.source_id), []).append(shown)
    return found


def _load_links(connection: Connection, asked: Asked) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return for each report the others that tell of the same event, surely or perhaps, seen from both."""
    table: Table = EventLink.__table__  # type: ignore[attr-defined]
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in connection.execute(
        select(table).where(_known(table, asked)).order_by(table.c.two_source, table.c.two_id)
    ):
        one, two = (row.one_source, row.one_id), (row.two_source, row.two_id)
        for this, other, counted in ((one, two, True), (two, one, row.kind == "possible")):
            shown = {
                "source": other[0],
                "source_id": other[1],
                "kind": row.kind,
                "why": row.why,
                "counted_here": counted,
            }
            found.setdefault(this, []).append(shown)
    return found


def _show_complaint(row: Any, why: Any, mentions: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "source": row.source,
        "source_id": row.source_id,
        "kind": row.kind,
        "date": _iso(row.received_on or row.event_on),
        "received_on": _iso(row.received_on),
        "event_on": _iso(row.event_on),
        "company": row.company,
        "org_number": row.org_number,
        "channel": row.channel,
        "channel_evidence": row.channel_evidence,
        "category": row.category,
        "outcome": row.outcome,
        "reexamination": row.reexamination,
        "url": row.url,
        "member": row.member if row.band == "accept" else None,
        "match": {
            "band": row.band,
            "member": row.member,
            "score": why.score if why else None,
            "rule": why.rule if why else None,
            "why": why.sentence if why else None,
        },
        "mentions": mentions,
        "status": row.status,
        "flags": row.flags,
    }


def export_counts(place: Workplace, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield one row a member over the 365 days that end at the watermark (or at ``as_of`` where that is earlier)."""
    with place.engine.connect() as connection:
        as_of = asked.as_of or place.today()
        states = load_source_states(place, connection, as_of, asked.known_at)
        watermark, _ = find_watermark(states, states)
        end = min(as_of, watermark) if watermark else as_of
        scope = Scope(Window(end - timedelta(days=ROLLING_DAYS - 1), end), known_at=asked.known_at)
        tallies = count_members(connection, scope)
        perhaps = count_possible(connection, scope)
        country = pick_country_source(place, connection)
        ranked = rank_companies(connection, scope, country) if country else rank_members(tallies)
        told = read_watermarks(connection, asked.known_at)
        through = {name: day for name, day in told.items() if name not in place.settings.declarations()}
        members = connection.execute(select(Member.__table__).order_by("member")).all()  # type: ignore[attr-defined]
    for member in members:
        tally = tallies.get(member.member, Tally())
        total, phone = (find_rank(ranked, member.member, channel) for channel in ("any", Channel.PHONE))
        yield {
            "member": member.member,
            "name": member.legal_name,
            "window_from": scope.window.start.isoformat(),
            "window_to": end.isoformat(),
            "total": tally.total,
            "total_at_least": tally.total - perhaps.get(member.member, 0),
            "phone_at_least": tally.by_channel[Channel.PHONE],
            "phone_unknown": tally.by_channel[Channel.UNKNOWN],
            "by_source": dict(sorted(tally.by_source.items())),
            "by_channel": dict(sorted(tally.by_channel.items())),
            "rank_total": total[0] if total else None,
            "rank_phone": phone[0] if phone else None,
            "rank_scope": "country" if country else "members",
            "rank_source": country,
            "ranked": total[1] if total else None,
            "complete_through": {name: day.isoformat() for name, day in sorted(through.items())},
            "size": member.size,
            "size_unit": member.size_unit,
        }


def export_alerts(place: Workplace, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield the ledger, oldest first."""
    table: Table = AlertEventRow.__table__  # type: ignore[attr-defined]
    yield from _dump(place, table, table.c.id, None if asked.known_at is None else table.c.at <= asked.known_at)


def export_mails(place: Workplace, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield the outbox: what was said to which group, and where it stands. Addresses and bytes stay inside."""
    table: Table = OutboxRow.__table__  # type: ignore[attr-defined]
    known = None if asked.known_at is None else table.c.created <= asked.known_at
    yield from _dump(place, table, table.c.created, known, leave_out=("message", "recipient", "envelope_from"))


def export_quarantine(place: Workplace, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield everything that was refused or flagged, open and settled."""
    table: Table = QuarantineItem.__table__  # type: ignore[attr-defined]
    known = None if asked.known_at is None else table.c.first_seen <= asked.known_at
    yield from _dump(place, table, table.c.key, known)


def export_reviews(place: Workplace, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield the open questions, then every answer ever given."""
    from flows.review.questions import list_questions  # brings the matcher, which the other exports do without

    with place.engine.connect() as connection:
        questions = list_questions(connection)
    unanswered = {"said": None, "member": None, "who": None, "at": None}
    for question in questions:
        yield {"state": "open", **question.show(), **unanswered}
    table: Table = ReviewAnswer.__table__  # type: ignore[attr-defined]
    known = None if asked.known_at is None else table.c.at <= asked.known_at
    for row in _dump(place, table, table.c.id, known):
        asked_then = {name: row[name] for name in ("question", "text", "source", "role")}
        nothing = {"complaints": None, "why": row["why"], "candidates": row["shown"], "sentence": None, "behind": []}
        yield {"state": "answered", **asked_then, **nothing, **{name: row[name] for name in unanswered}}


def export_audit(place: Workplace, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield every decision by a person, oldest first: when, who, what, about what, why, and where it stands in full."""
    table: Table = AuditRow.__table__  # type: ignore[attr-defined]
    yield from _dump(place, table, table.c.id, None if asked.known_at is None else table.c.at <= asked.known_at)


def export_runs(place: Workplace, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield every run with how each source fared in it."""
    nights: Table = SourceNight.__table__  # type: ignore[attr-defined]
    with place.engine.connect() as connection:
        fared: dict[str, list[dict[str, Any]]] = {}
        for row in connection.execute(select(nights).order_by(nights.c.source)):
            fared.setdefault(row.run_id, []).append({k: _plain(v) for k, v in row._mapping.items() if k != "run_id"})
    for run in _dump(place, Run.__table__, Run.__table__.c.started_at, None):  # type: ignore[attr-defined]
        yield {**run, "sources": fared.get(run["run_id"], [])}


def export_declarations(place: Workplace, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield what members have declared beside what was observed; who answered for it stays inside."""
    from flows.declarations.comparing import list_rows

    yield from list_rows(place, asked.as_of, asked.known_at)


def _dump(
    place: Workplace, table: Table, order: Any, condition: Any, leave_out: Iterable[str] = ("id",)
) -> Iterator[dict[str, Any]]:
    asked = select(table).order_by(order, *table.primary_key.columns)  # ties in the same order on every engine
    with place.engine.connect() as connection:
        for row in connection.execute(asked if condition is None else asked.where(condition)):
            yield {key: _plain(value) for key, value in row._mapping.items() if key not in leave_out}


def _plain(value: Any) -> Any:
    return _iso(value) if isinstance(value, (date, datetime)) else value


def _iso(value: date | None) -> str | None:
    return value.isoformat() if value is not None else None


EXPORTS: Mapping[str, Callable[[Workplace, Asked], Iterator[dict[str, Any]]]] = {
    "complaints": export_complaints,
    "counts": export_counts,
    "alerts": export_alerts,
    "mails": export_mails,
    "quarantine": export_quarantine,
    "reviews": export_reviews,
    "runs": export_runs,
    "declarations": export_declarations,
    "audit": export_audit,
}


def write_rows(rows: Iterable[dict[str, Any]], form: str, target: BinaryIO) -> int:
    """Write rows as jsonl, csv or xlsx into a binary stream; return how many. Cells never start a formula."""
    if form == "jsonl":
        number = 0
        for number, row in enumerate(rows, 1):  # noqa: B007
            target.write(spell_out(json.dumps(row, ensure_ascii=False)).encode() + b"\n")
        return number
    if form == "csv":
        return _write_csv(rows, target)
    return _write_xlsx(rows, target)


def _write_csv(rows: Iterable[dict[str, Any]], target: Any) -> int:
    text = io.TextIOWrapper(target, encoding="utf-8-sig", errors="replace", newline="")
    writer = csv.writer(text, delimiter=";")
    number = 0
    for number, row in enumerate(rows, 1):
        if number == 1:
            writer.writerow(row)
        writer.writerow([write_cell(value) for value in row.values()])
    text.flush()
    text.detach()
    return number


def _write_xlsx(rows: Iterable[dict[str, Any]], target: Any) -> int:
    from openpyxl import Workbook  # a quarter of a second that only workbooks need

    book = Workbook(write_only=True)
    sheet = book.create_sheet("export")
    number = 0
    for number, row in enumerate(rows, 1):
        if number == 1:
            sheet.append(list(row))
        sheet.append([value if isinstance(value, (int, float)) else write_cell(value) for value in row.values()])
    book.save(target)
    return number


def write_cell(value: Any) -> str:
    """Return a cell that no spreadsheet takes for a formula and no reader chokes on."""
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
    text = "".join(c if c.isprintable() or c in "\n\t\u00a0" else "\ufffd" for c in text)[:_LONGEST_CELL]
    return f"'{text}" if text.lstrip(" \n\u00a0").startswith(_RISKY) else text


@contextmanager
def open_target(path: Path | None) -> Iterator[BinaryIO]:
    """Open the file to write, private to its owner and there when it is whole, or standard output."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with replacing(path) as file:
        yield file
