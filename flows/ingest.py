"""One source, from the world to the database: read, archive, parse, judge, link, merge. Safe to repeat at any point."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice
from typing import BinaryIO, Protocol, runtime_checkable

from sqlalchemy import Connection, select

from expectations.judge import Judge, Judgement, Quarantined
from flows.keeping import Keeper
from flows.linking import Linker
from flows.workplace import Workplace, read_secret
from models.drafts import Draft
from models.stage import MergeCounts, Stage
from models.store import writing
from models.tables import Parsed, SourceNight, SourceState, Watermark
from models.words import Kind, Severity, Verdict
from sources.archive import ArchiveError
from sources.contract import Problem, RawItem, Reading, Source, SourceBroken, Visit
from sources.registry import build_source, name_user_agent

CHUNK = 20_000  # drafts judged and staged at a time
_SHRINK_ROWS = 10  # an extract that takes back fewer rows than this is never suspicious
_SET_ASIDE = "set-aside-"


@dataclass(frozen=True)
class Order:
    """What is asked for: which run, which business date, and how to read."""

    run_id: str
    business_date: date
    replay: bool = False
    since: date | None = None
    until: date | None = None
    accept_shrink: bool = False


@runtime_checkable
class Streaming(Protocol):
    """A source whose objects may be too large for memory."""

    def parse_stream(self, stream: BinaryIO, item: RawItem) -> Iterator[Draft]:
        """Parse from an open file."""
        ...


def ingest_source(
    place: Workplace, name: str, order: Order, linker: Callable[[str], Linker], log: Callable[[str], None] = print
) -> SourceNight:
    """Take one source in and return how it fared; a failure is in the result, never raised.

    What was known stays as it was when the source is broken: the merge is one transaction at the very end.
    """
    started = time.monotonic()
    night = SourceNight(run_id=order.run_id, source=name, verdict=Verdict.BROKEN, at=place.clock())
    try:
        source = build_source(name, place.settings, place.hash_key, lambda: read_secret("imap_password"))
        log(f"{name}: reading{' the archive' if order.replay else ''}")
        readings = _read(place, source, order, log)
        _take_in(place, source, readings, order, linker(name), night)
    except SourceBroken as error:
        night.code, night.message = error.code, str(error)
    except ArchiveError as error:
        night.code, night.message = "archive-failed", str(error)
    except Exception as error:  # noqa: BLE001 - one broken source never stops the others; the type is named, not its data
        night.code = "unexpected"
        night.message = f"{type(error).__name__}: {_one_line(error)} [unexpected]"
    night.seconds = round(time.monotonic() - started, 2)
    log(f"{name}: {night.verdict}{f', {night.message}' if night.message else ''}")
    return night


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _read(place: Workplace, source: Source, order: Order, log: Callable[[str], None]) -> list[Reading]:
    """Return the readings that are still to be merged, oldest first; the newest was made just now unless replaying."""
    state = _read_state(place, source.name)
    if not order.replay:
        visit = Visit(
            archive=place.archive,
            business_date=order.business_date,
            now=place.clock(),
            last=place.archive.last_reading(source.name),
            since=order.since,
            until=order.until,
            user_agent=name_user_agent(place.settings),
            log=log,
        )
        place.archive.save_reading(source.read(visit))
    all_again = order.replay or state is None or state.parser_version != source.info.parser_version
    readings = [
        r for r in place.archive.readings(source.name) if all_again or state is None or r.read_at > state.read_at
    ]
    if not readings:
        raise SourceBroken("archive-empty", f"{source.name}: nothing archived yet; run it once without --replay")
    return readings


def _read_state(place: Workplace, name: str) -> SourceState | None:
    with place.engine.connect() as connection:
        row = connection.execute(select(SourceState.__table__).filter_by(source=name)).first()  # type: ignore[attr-defined]
    return SourceState(**row._mapping) if row else None


@dataclass
class _Intake:
    """What has been gathered of one source's night, for the one transaction that stores it."""

    keeper: Keeper
    periods: list[date] = field(default_factory=list)
    held: int = 0
    counts: MergeCounts = field(default_factory=MergeCounts)


def _take_in(
    place: Workplace, source: Source, readings: list[Reading], order: Order, linker: Linker, night: SourceNight
) -> None:
    newest = readings[-1]
    keeper = Keeper(source.name, order.run_id, place.clock())
    with place.engine.connect() as connection:
        with connection.begin():
            known = _load_parsed(connection, source.name)
            stage = Stage(connection, source.name, order.run_id, place.clock())
        fresh = list(_find_fresh(readings, {} if order.replay else known))
        judge = _make_judge(source, order, known, fresh)
        with connection.begin():
            for item in fresh:
                _stage_item(place, source, item, stage, judge, linker, keeper)
            _cover_listing(stage, newest, known | keeper.parsed)
            _refuse_if_broken(judge.conclude(), keeper, newest.problems)
            _refuse_shrunk(stage, order)
        connection.execution_options(writes=True)
        with connection.begin():
            counts = stage.merge()
            keeper.store(connection, linker.reasons.values())
            _move_watermark(connection, source, newest, keeper, order, place.clock())
            _remember_state(connection, source, newest)
    _report(night, counts, keeper, newest, fresh)


def _load_parsed(connection: Connection, name: str) -> dict[str, Parsed]:
    rows = connection.execute(select(Parsed.__table__).filter_by(source=name))  # type: ignore[attr-defined]
    return {row.name: Parsed(**row._mapping) for row in rows}


def _find_fresh(readings: Iterable[Reading], known: dict[str, Parsed]) -> Iterator[RawItem]:
    """Yield the records that are not in the database yet, oldest reading first."""
    seen = {name: parsed.sha256 for name, parsed in known.items()}
    for reading in readings:
        for item in reading.items:
            if item.role == "record" and seen.get(item.name) != item.sha256:
                seen[item.name] = item.sha256
                yield item


def _make_judge(source: Source, order: Order, known: dict[str, Parsed], fresh: list[RawItem]) -> Judge:
    """The floor is for a full reading: what is carried over from earlier nights counts towards it."""
    low, high = source.bounds.rows
    carried = sum(len(parsed.source_ids) for name, parsed in known.items() if name not in {i.name for i in fresh})
    expect = bool(fresh) and source.info.kind != "tips"
    return Judge(
        source.name,
        source.info.kind,
        checks=source.info.checks,
        rows=(max(low - carried, 0), high),
        business_date=order.business_date,
        expect_rows=expect,
    )


def _stage_item(
    place: Workplace,
    source: Source,
    item: RawItem,
    stage: Stage,
    judge: Judge,
    linker: Linker,
    keeper: Keeper,
) -> None:
    """Parse, judge and stage one archived object."""
    stage.begin()
    keeper.begin(item)
    for drafts in _chunks(_parse(place, source, item)):
        judgement = judge.judge_chunk([draft for draft in drafts if not _set_aside(draft)])
        keeper.keep(judgement, [draft for draft in drafts if _set_aside(draft)], linker)
        stage.add((draft, linker.link(draft)) for draft in judgement.accepted)
        stage.present(q.draft.source_id for q in judgement.quarantined if q.draft.source_id and not q.kept)
    if period := keeper.end(item, by_rows=source.info.kind == "extract"):
        stage.cover(period)


def _parse(place: Workplace, source: Source, item: RawItem) -> Iterator[Draft]:
    if isinstance(source, Streaming):
        with place.archive.open(item.sha256) as stream:
            yield from source.parse_stream(stream, item)
    else:
        yield from source.parse(place.archive.get(item.sha256), item)


def _chunks(drafts: Iterator[Draft]) -> Iterator[list[Draft]]:
    while chunk := list(islice(drafts, CHUNK)):
        yield chunk


def _set_aside(draft: Draft) -> bool:
    return any(flag.startswith(_SET_ASIDE) for flag in draft.flags)


def _cover_listing(stage: Stage, newest: Reading, parsed: dict[str, Parsed]) -> None:
    """A complete listing says what is gone: every case that none of its pages holds any longer."""
    if newest.complete:
        stage.begin()
        listed = [parsed[item.name] for item in newest.items if item.role == "record" and item.name in parsed]
        stage.present(sorted({source_id for page in listed for source_id in page.source_ids}))
        stage.cover(None)


def _refuse_if_broken(judgement: Judgement, keeper: Keeper, problems: tuple[Problem, ...]) -> None:
    keeper.findings += [f"{finding.message} [{finding.code}]" for finding in judgement.findings]
    keeper.findings += [f"{problem.message} [{problem.code}]" for problem in problems]
    for finding in judgement.findings:
        if finding.severity is Severity.CRITICAL:
            raise SourceBroken(finding.code, finding.message)


def _refuse_shrunk(stage: Stage, order: Order) -> None:
    """A file with far fewer rows than we know of is an outage, not good news."""
    gone, known = stage.find_gone()
    if gone >= _SHRINK_ROWS and gone > known / 2 and not (order.accept_shrink or order.replay):
        raise SourceBroken(
            "source-shrunk",
            f"{gone} of {known} known rows are no longer there; nothing was withdrawn. If the source is right, run "
            f"`koll ingest {stage.source} --accept-shrink`",
        )


def _move_watermark(
    connection: Connection, source: Source, newest: Reading, keeper: Keeper, order: Order, now: datetime
) -> None:
    """Note the date the source is now complete through; a date in the future is cut to the business date."""
    reached = [min(day, order.business_date) for day in (newest.complete_through, keeper.period_end) if day]
    table = Watermark.__table__  # type: ignore[attr-defined]
    before = connection.execute(
        select(table.c.complete_through).filter_by(source=source.name).order_by(table.c.id.desc()).limit(1)
    ).scalar()
    through = max(reached, default=None)
    if through and (before is None or through > before):
        row = {"source": source.name, "complete_through": through, "recorded_at": now, "run_id": order.run_id}
        connection.execute(table.insert(), row)
    keeper.complete_through = max((day for day in (through, before) if day), default=None)


def _remember_state(connection: Connection, source: Source, newest: Reading) -> None:
    from models.store import upsert

    row = {"source": source.name, "read_at": newest.read_at, "parser_version": source.info.parser_version}
    upsert(connection, SourceState.__table__, [row])  # type: ignore[attr-defined]


def _report(night: SourceNight, counts: MergeCounts, keeper: Keeper, newest: Reading, fresh: list[RawItem]) -> None:
    night.items, night.drafts, night.accepted = len(fresh), keeper.drafts, keeper.accepted
    night.new, night.changed, night.withdrawn = counts.new, counts.changed, counts.withdrawn
    night.quarantined, night.set_aside = keeper.refused, keeper.set_aside
    night.complete_through = keeper.complete_through
    night.message = "; ".join(keeper.findings)[:1000]
    night.verdict = Verdict.ODD if keeper.findings or keeper.refused else Verdict.OK
