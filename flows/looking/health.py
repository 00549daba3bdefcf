"""One source's health: how it fares and since when, what is held against it, its counts beside their bounds."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, func, select

from expectations.checks import ROW_CHECKS, TABLE_CHECKS
from expectations.volume import DRIFT_CHECKS
from flows.looking.standing import load_source_states
from flows.looking.status import advise
from flows.workplace import Workplace
from models.storage.tables import Complaint, Parsed, QuarantineItem, Run, SourceNight
from models.words import Status, Verdict
from sources.contract import Bounds, SourceInfo
from sources.registry import INFOS, find_bounds

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_Q: Table = QuarantineItem.__table__  # type: ignore[attr-defined]
_N: Table = SourceNight.__table__  # type: ignore[attr-defined]
_P: Table = Parsed.__table__  # type: ignore[attr-defined]
_R: Table = Run.__table__  # type: ignore[attr-defined]
WEEKS = 13
_BAR = 30  # columns of the longest bar
_KEYS = 5  # quarantined rows named in a group


class NoSuchSource(LookupError):
    """The configuration has no such source; the text names those it has."""


def read_health(place: Workplace, name: str, on: date | None = None) -> dict[str, Any]:
    """Return how one source is on a business date, as plain values. Raises NoSuchSource."""
    chosen = place.settings.enabled_sources().get(name)
    if chosen is None:
        raise NoSuchSource(f"no enabled source {name}; there is {', '.join(place.settings.enabled_sources())}")
    day, info = on or place.today(), INFOS[chosen.kind]
    bounds = find_bounds(chosen)
    with place.engine.connect() as connection:
        state = load_source_states(place, connection, day, every=True)[name]
        asked = select(_N, _R.c.business_date).join(_R, _R.c.run_id == _N.c.run_id).where(_N.c.source == name)
        nights: list[Any] = list(connection.execute(asked.order_by(_N.c.at)))
        issues = list(_group_issues(connection, name, info))
        weeks = _count_weeks(connection, name, day, state.complete_through)
        counts = _hold_against_bounds(connection, name, nights, bounds, day, state.complete_through)
    last = nights[-1] if nights else None
    waiting = sum(issue["rows"] for issue in issues)
    reached = state.complete_through
    return {
        "source": name,
        "title": state.title,
        "kind": chosen.kind,
        "verdict": str(state.verdict),
        "code": last.code if last else "",
        "message": last.message if last else "",
        "failing_since": _find_failing_since(nights),
        "last_read": state.last_read,
        "complete_through": reached,
        "late": state.late,
        "next_due": reached + timedelta(days=state.max_age_days) if reached else None,
        "counts": counts,
        "issues": issues,
        "weeks": weeks,
        "requests": last.requests if last else {},
        "do": advise(name, state.verdict, state.late, waiting),
    }


def _find_failing_since(nights: list[Any]) -> datetime | None:
    """Return when the present run of failures began; None when the last night went well."""
    since = None
    for night in reversed(nights):
        if night.verdict != Verdict.BROKEN:
            break
        since = night.at
    return since


def _group_issues(connection: Connection, name: str, info: SourceInfo) -> Iterator[dict[str, Any]]:
    """Yield the open quarantine by code, what is refused before what is only flagged, the largest group first."""
    sentences = {check.code: check.sentence for check in (*ROW_CHECKS, *TABLE_CHECKS, *DRIFT_CHECKS, *info.checks)}
    groups: dict[tuple[bool, str], list[Any]] = {}
    asked = select(_Q.c.key, _Q.c.code, _Q.c.kept, _Q.c.first_seen).filter_by(source=name, state="open")
    for row in connection.execute(asked.order_by(_Q.c.first_seen, _Q.c.key)):
        groups.setdefault((row.kept, row.code), []).append(row)
    for (kept, code), rows in sorted(groups.items(), key=lambda group: (group[0][0], -len(group[1]), group[0][1])):
        yield {
            "code": code,
            "rows": len(rows),
            "kept": kept,
            "since": rows[0].first_seen,
            "sentence": sentences.get(code, ""),
            "keys": [row.key for row in rows[:_KEYS]],
        }


def _count_weeks(connection: Connection, name: str, on: date, reached: date | None) -> list[dict[str, Any]]:
    """Return the last weeks' complaints by their own date; a week is told when the source is complete through it."""
    monday = on - timedelta(days=on.weekday())
    starts = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    current = (_C.c.source == name) & _C.c.recorded_to.is_(None) & (_C.c.status == Status.ACCEPTED)
    asked = select(_C.c.received_on, func.count()).where(current & _C.c.received_on.between(starts[0], on))
    days = {row[0]: row[1] for row in connection.execute(asked.group_by(_C.c.received_on))}
    weeks = []
    for start in starts:
        end = start + timedelta(days=6)
        number = sum(count for day, count in days.items() if start <= day <= end)
        told = "whole" if reached and reached >= end else "part" if reached and reached >= start else "none"
        weeks.append({"week": start, "complaints": number if told != "none" or number else None, "told": told})
    return weeks


def _hold_against_bounds(
    connection: Connection, name: str, nights: list[Any], bounds: Bounds, on: date, reached: date | None
) -> list[dict[str, Any]]:
    """Return each figure that has a bound, with what is normal, and whether it is."""
    current = (_C.c.source == name) & _C.c.recorded_to.is_(None) & (_C.c.status == Status.ACCEPTED)
    held = connection.execute(select(func.count()).where(current)).scalar_one()
    good = [night for night in nights if night.verdict != Verdict.BROKEN]
    read = next((night for night in reversed(good) if night.items), None)
    news = [night.business_date for night in good if night.new or night.changed]
    low, high = bounds.rows
    rows: list[tuple[str, int | None, int | None, int | None]] = [
        ("complaints held", held, None, None),
        ("rows of the last reading with news", read.drafts if read else None, None, high),
        ("rows of a full reading, at least", _count_full(connection, name, read), low, None),
        ("rows refused of them", read.quarantined if read else None, None, read.drafts // 2 if read else None),
        ("days without news", (on - max(news)).days if news else None, None, bounds.quiet_days),
        ("days since complete-through", (on - reached).days if reached else None, None, bounds.max_age_days),
    ]
    return [
        {
            "what": what,
            "seen": seen,
            "from": lowest,
            "to": highest,
            "ok": seen is None or ((lowest is None or seen >= lowest) and (highest is None or seen <= highest)),
        }
        for what, seen, lowest, highest in rows
    ]


def _count_full(connection: Connection, name: str, read: Any) -> int | None:
    """Return what the floor is held against: of pages all that are listed, of files the last one's rows."""
    if read is None:
        return None
    ids = connection.execute(select(_P.c.source_ids).filter_by(source=name)).all()
    return max(sum(len(row.source_ids) for row in ids), int(read.drafts))


def draw_weeks(weeks: list[dict[str, Any]]) -> Iterator[str]:
    """Yield one bar a week; what the source has not told yet is not a zero."""
    most = max((week["complaints"] or 0 for week in weeks), default=0)
    for week in weeks:
        number = week["complaints"]
        if number is None:
            yield f"{week['week']}  ?  not told yet"
            continue
        bar = "█" * max(round(number / most * _BAR), 1) if number else ""
        note = {"whole": "", "part": "  so far", "none": "  not complete"}[week["told"]]
        yield f"{week['week']}  {bar} {number}{note}"
