"""Which readings of a source are still to be taken in, and what of them the database does not hold yet."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from flows.workplace import Workplace
from models.storage.tables import Parsed, QuarantineItem, SourceState, Watermark
from sources.contract import RawItem, Reading, Source, SourceBroken, Tidying, Visit
from sources.registry import name_user_agent

if TYPE_CHECKING:
    from flows.intake.parts import Spread


@dataclass(frozen=True)
class Order:
    """What is asked for: which run, which business date, and how to read."""

    run_id: str
    business_date: date
    replay: bool = False
    since: date | None = None
    until: date | None = None
    accept_shrink: bool = False
    spread: "Spread | None" = None  # over several processes or machines; in this one without


def read_source(place: Workplace, source: Source, order: Order, log: Callable[[str], None]) -> list[Reading]:
    """Return the readings that are still to be merged, oldest first; the newest was made just now unless replaying."""
    state = read_state(place, source.name)
    if not order.replay:
        last = place.archive.last_reading(source.name)
        visit = Visit(
            archive=place.archive,
            business_date=order.business_date,
            now=_tell_time(place, last),
            last=last,
            since=order.since,
            until=order.until,
            user_agent=name_user_agent(place.settings),
            log=log,
        )
        reading = source.read(visit)
        place.archive.save_reading(reading)
        if isinstance(source, Tidying):
            source.tidy(visit, reading)
    readings = list(place.archive.readings(source.name))
    if not readings:
        raise SourceBroken("archive-empty", f"{source.name}: nothing archived yet; run it once without --replay")
    if is_history_due(place, source, state, order):
        return readings
    pending = [reading for reading in readings if state is None or reading.read_at > state.read_at]
    # A reading lists all that a source holds, so that the newest one stands for those that never went in: what broke
    # them may be gone. A mailbox only tells what is new, and what a person hands in is in no later listing.
    # Two nights within one tick of the clock find none that is newer: then the one made just now.
    return pending or readings[-1:] if source.info.kind in ("tips", "declarations") else (pending or readings)[-1:]


def _tell_time(place: Workplace, last: Reading | None) -> datetime:
    """Return now, and never a moment before the last reading's: what is still to be merged is told by its time."""
    now = place.clock()
    return now if last is None else max(now, last.read_at + timedelta(microseconds=1))


def is_history_due(place: Workplace, source: Source, state: SourceState | None, order: Order) -> bool:
    """Whether all ever read is to be parsed again: asked for, by another parser now, or for rows whose day has come."""
    if order.replay or (state is not None and state.parser_version != source.info.parser_version):
        return True
    with place.engine.connect() as connection:
        return _has_come_due(connection, source.name, order.business_date)


def _has_come_due(connection: Connection, source: str, business_date: date) -> bool:
    """Whether rows wait that only an earlier night's date held back: they had happened when they were read.

    A row dated ahead of the day on which it came stays for a person: its day comes, but that does not make it right.
    """
    table = QuarantineItem.__table__  # type: ignore[attr-defined]
    asked = select(table.c.draft, table.c.first_seen)
    waiting = connection.execute(asked.filter_by(source=source, state="open", code="date-in-future")).all()
    days = [(row.draft.get("received_on") or row.draft.get("event_on"), row.first_seen.date()) for row in waiting]
    return any(day and date.fromisoformat(day) <= min(business_date, seen) + timedelta(days=1) for day, seen in days)


def read_state(place: Workplace, name: str) -> SourceState | None:
    """Return how far into its archive a source has been stored; None before the first time."""
    with place.engine.connect() as connection:
        row = connection.execute(select(SourceState.__table__).filter_by(source=name)).first()  # type: ignore[attr-defined]
    return SourceState(**row._mapping) if row else None


def load_parsed(connection: Connection, name: str) -> dict[str, Parsed]:
    """Return what is known of each object of a source that has been stored, by its name."""
    rows = connection.execute(select(Parsed.__table__).filter_by(source=name))  # type: ignore[attr-defined]
    return {row.name: Parsed(**row._mapping) for row in rows}


def load_open_ids(connection: Connection, name: str) -> list[str]:
    """Return the ids of the source's rows that wait in quarantine."""
    table = QuarantineItem.__table__  # type: ignore[attr-defined]
    asked = select(table.c.source_id).where(table.c.source_id.is_not(None)).filter_by(source=name, state="open")
    return [row.source_id for row in connection.execute(asked)]


def find_fresh(readings: Iterable[Reading], known: dict[str, Parsed]) -> Iterator[RawItem]:
    """Yield the records that are not in the database yet, oldest reading first."""
    seen = {name: parsed.sha256 for name, parsed in known.items()}
    for reading in readings:
        for item in reading.items:
            if item.role == "record" and seen.get(item.name) != item.sha256:
                seen[item.name] = item.sha256
                yield item


def is_to_parse(place: Workplace, item: RawItem, passed_over: Mapping[tuple[str, str], str]) -> bool:
    """What was forgotten on purpose cannot be read again; what is stored of it stays as it is."""
    return (item.name, item.sha256) not in passed_over and not place.archive.is_forgotten(item.sha256)


def read_watermark(connection: Connection, name: str) -> date | None:
    """Return the day a source is complete through, as it was last noted."""
    table = Watermark.__table__  # type: ignore[attr-defined]
    asked = select(table.c.complete_through).filter_by(source=name).order_by(table.c.id.desc()).limit(1)
    return connection.execute(asked).scalar()
