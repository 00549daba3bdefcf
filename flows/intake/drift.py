"""Is this source still what it was? How much came, how long nothing did, and whether a file's columns have changed."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Connection, Table, func, select

from expectations.volume import HEADER_CHANGED, QUIET_TOO_LONG, VOLUME_FALLING, VOLUME_LOW, tell
from flows.intake.keeping import Held, Keeper
from models.drift import WEEKS, Forecast, find_season, forecast
from models.storage.tables import Complaint, Parsed, Run, SourceNight
from models.words import Status, Verdict
from sources.contract import Bounds, SourceBroken

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_N: Table = SourceNight.__table__  # type: ignore[attr-defined]
_P: Table = Parsed.__table__  # type: ignore[attr-defined]
_R: Table = Run.__table__  # type: ignore[attr-defined]
_LATELY = 4  # weeks over which a source that is asked every night is looked at
_WEEK = 7


def check_files(keeper: Keeper, known: Counter[date], told_through: date | None) -> None:
    """Raise SourceBroken when a file holds far fewer rows than the weeks before let expect, or ends in silence.

    ``known`` are the complaints by day, and ``told_through`` is the day up to which the source was known before: a file
    is held to the recent weeks for the days after it, and to what is known for the days up to it.
    """
    for held in keeper.held:
        if held.period is None or not known:
            continue
        for first, last, seen, due in _list_stretches(held, known, told_through):
            if due.finds_too_few(seen):
                raise SourceBroken(
                    VOLUME_LOW.code,
                    f"{held.item.name}: {seen} row(s) from {first} to {last}, about {due.mean:.0f} were due. "
                    f"{VOLUME_LOW.sentence} Nothing was stored. Ask the sender for the whole file; if it is right, "
                    f"run `koll ingest {keeper.source} --accept-shrink`",
                )
        told_through = max(told_through or held.period[1], held.period[1])
        known |= held.days


def _list_stretches(
    held: Held, known: Counter[date], told_through: date | None
) -> Iterator[tuple[date, date, int, Forecast]]:
    """Yield (first day, last day, rows seen, what was due) of the stretches in which a file can be too short."""
    assert held.period is not None
    first, last = held.period
    new_from = max(first, told_through + timedelta(days=1)) if told_through else last + timedelta(days=1)
    coming = _forecast_days(known, new_from, last)
    if coming:
        yield new_from, last, _sum_days(held.days, new_from, last) + held.refused, coming
    if held.days:
        silent_from, silent_to = max(held.days) + timedelta(days=1), min(held.days) - timedelta(days=1)
        after = _forecast_days(known, max(new_from, silent_from), last)
        due = _sum_days(known, silent_from, last) + (after.mean if after else 0.0)
        yield silent_from, last, held.refused, Forecast(due, after.size if after else None)
        yield first, silent_to, held.refused, Forecast(float(_sum_days(known, first, silent_to)))


def _forecast_days(known: Counter[date], first: date, last: date) -> Forecast | None:
    span = ((last - first).days + 1) / _WEEK
    if span <= 0:
        return None
    year = timedelta(days=364)  # whole weeks, so that weekends fall on weekends
    then = _sum_days(known, first - year, last - year)
    return forecast(_list_weeks(known, first), span, find_season(then, _list_weeks(known, first - year), span))


def _list_weeks(known: Counter[date], before: date) -> list[int]:
    """Return the counts of the last weeks that end before a day, none from before the source was known."""
    begins = min(known)
    starts = [before - timedelta(days=_WEEK * back) for back in range(WEEKS, 0, -1)]
    return [_sum_days(known, start, start + timedelta(days=_WEEK - 1)) for start in starts if start >= begins]


def _sum_days(days: Counter[date], first: date, last: date) -> int:
    return sum(number for day, number in days.items() if first <= day <= last)


def count_days(connection: Connection, source: str) -> Counter[date]:
    """Return the accepted complaints of a source by their own day."""
    current = (_C.c.source == source) & _C.c.recorded_to.is_(None) & (_C.c.status == Status.ACCEPTED)
    asked = select(_C.c.received_on, func.count()).where(current & _C.c.received_on.is_not(None))
    return Counter({row[0]: row[1] for row in connection.execute(asked.group_by(_C.c.received_on))})


def find_drift(
    connection: Connection, source: str, bounds: Bounds, on: date, came: int, *, by_night: bool
) -> Iterator[str]:
    """Yield what has changed about a source over time; ``came`` is what this night brought.

    Weeks without a good night are unknown, not quiet, and take no part. ``by_night`` sources tell their news every
    night, so that a falling flow can be seen; others come in batches.
    """
    nights = {day: new for day, new in _list_nights(connection, source) if day <= on}
    nights[on] = nights.get(on, 0) + came
    news = [day for day, new in nights.items() if new]
    quiet = (on - max(news, default=min(nights))).days
    if quiet > bounds.quiet_days:
        yield tell(QUIET_TOO_LONG, f"nothing new for {quiet} days, {bounds.quiet_days} are normal")
    if not by_night or not news:
        return
    started = min(news)  # what it brought at first was all there was, not a week's news
    weeks: dict[int, int] = {}
    for day, new in nights.items():
        if day > started:
            weeks[(on - day).days // _WEEK] = weeks.get((on - day).days // _WEEK, 0) + new
    before = [weeks[back] for back in range(_LATELY, _LATELY + WEEKS) if back in weeks]
    lately = [weeks[back] for back in range(_LATELY) if back in weeks]
    due = forecast(before, len(lately))
    if due and due.finds_too_few(sum(lately)):
        seen = f"{sum(lately)} new in {len(lately)} weeks, about {due.mean:.0f} were due"
        yield tell(VOLUME_FALLING, seen)


def _list_nights(connection: Connection, source: str) -> list[tuple[date, int]]:
    """Return the good nights of a source with how much was new."""
    asked = (
        select(_R.c.business_date, func.sum(_N.c.new + _N.c.changed))
        .join(_R, _R.c.run_id == _N.c.run_id)
        .where((_N.c.source == source) & (_N.c.verdict != Verdict.BROKEN))
        .group_by(_R.c.business_date)
    )
    return [(row[0], int(row[1])) for row in connection.execute(asked)]


def compare_headers(keeper: Keeper, known: dict[str, Parsed]) -> Iterator[str]:
    """Yield what differs between each table's columns and those of the last one that was accepted."""
    earlier = [parsed for parsed in known.values() if parsed.header]
    last = max(earlier, key=lambda parsed: (parsed.parsed_at, parsed.place)).header if earlier else []
    for held in keeper.held:
        if not held.header:
            continue
        added = [name for name in held.header if name not in last]
        gone = [name for name in last if name not in held.header]
        if last and (added or gone):
            parts = [
                f"{word} {', '.join(map(repr, names))}" for word, names in (("new", added), ("gone", gone)) if names
            ]
            yield tell(HEADER_CHANGED, f"{held.item.name}: columns {'; '.join(parts)}")
        last = held.header
