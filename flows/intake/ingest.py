"""One source, from the world to the database: read, archive, parse, judge, link, merge. Safe to repeat at any point."""

import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, select

from expectations.data_docs import write_data_docs
from expectations.judge import Judge
from expectations.volume import ROWS_TAKEN_BACK, tell
from flows.declarations.taking import list_mailed, take_declarations
from flows.intake.drift import check_files, compare_headers, find_drift
from flows.intake.keeping import WAITING, Keeper
from flows.intake.linking import Linker
from flows.intake.objects import parse_tables, read_header
from flows.intake.outages import await_database, recognise
from flows.intake.quarantine import load_repairs
from flows.one_writer import NightUnderWay
from flows.workplace import Workplace, read_secret
from models.draft_table import DraftTable
from models.storage.repairs import REJECT, Repairs
from models.storage.stage import MergeCounts, Stage
from models.storage.store import upsert
from models.storage.tables import Parsed, QuarantineItem, SourceNight, SourceState, Watermark
from models.tips.decisions import load_tip_decisions, settle_tip
from models.words import Kind, Severity, Verdict
from sources.contract import RawItem, Reading, Source, SourceBroken, Tidying, Visit
from sources.declarations.source import Declarations
from sources.registry import build_source, name_user_agent
from sources.web.turns import counting_requests

CHUNK = 100_000  # drafts judged and staged at a time; judging costs about 0.1 s a chunk whatever its size
_SHRINK_ROWS = 10  # an extract that takes back fewer rows than this is never suspicious
_SET_ASIDE = "set-aside-"
_ROOMS = tuple(Path(__file__).parents[2] / room for room in ("flows", "sources", "expectations", "models"))


@dataclass(frozen=True)
class Order:
    """What is asked for: which run, which business date, and how to read."""

    run_id: str
    business_date: date
    replay: bool = False
    since: date | None = None
    until: date | None = None
    accept_shrink: bool = False


class _ItemBroken(Exception):
    """One object of a reading cannot be parsed; ``fault`` says why."""

    def __init__(self, item: RawItem, fault: SourceBroken) -> None:
        self.item = item
        self.fault = fault


def ingest_source(
    place: Workplace, name: str, order: Order, linker: Callable[[str], Linker], log: Callable[[str], None] = print
) -> SourceNight:
    """Take one source in and return how it fared; a failure is in the result, never raised.

    What was known stays as it was when the source is broken: the merge is one transaction at the very end.
    """
    started = time.monotonic()
    night = SourceNight(run_id=order.run_id, source=name, verdict=Verdict.BROKEN, at=place.clock())
    try:
        linked = linker(name)
        source = build_source(name, place.settings, place.hash_key, lambda: read_secret("imap_password"), linked.public)
        if isinstance(source, Declarations):
            source = replace(source, mails=lambda: list_mailed(place))
        log(f"{name}: reading{' the archive' if order.replay else ''}")
        with counting_requests() as made:
            try:
                readings = _read(place, source, order, log)
            finally:
                night.requests = dict(made)
        if isinstance(source, Declarations):
            take_declarations(place, source, readings, order, night)
        else:
            _take_in_patiently(place, source, readings, order, linked, night, log)
    except SourceBroken as error:
        night.code, night.message = error.code, str(error)
    except NightUnderWay as error:
        night.code, night.message = "lock-lost", f"the database was away, and meanwhile {error} [lock-lost]"
    except Exception as error:  # noqa: BLE001 - one broken source never stops the others; the type is named, not its data
        night.code, night.message = _explain(error, place)
    night.seconds = round(time.monotonic() - started, 2)
    log(f"{name}: {night.verdict}{f', {night.message}' if night.message else ''}")
    return night


def _explain(error: Exception, place: Workplace) -> tuple[str, str]:
    """Return the rule code and the sentence for what no source is to blame for."""
    if outage := recognise(error, place):
        return outage.code, f"{outage.sentence} [{outage.code}]"
    return "unexpected", f"{_locate(error)}; this is a fault of ours, please report it [unexpected]"


def _locate(error: Exception) -> str:
    """Name an error by its type and place: its text may hold somebody's data."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    ours = [f for f in traceback.extract_tb(error.__traceback__) if any(map(Path(f.filename).is_relative_to, _ROOMS))]
    place = ours[-1] if ours else frame
    return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"


def _read(place: Workplace, source: Source, order: Order, log: Callable[[str], None]) -> list[Reading]:
    """Return the readings that are still to be merged, oldest first; the newest was made just now unless replaying."""
    state = _read_state(place, source.name)
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
    if _is_history_due(source, state, order):
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


def _is_history_due(source: Source, state: SourceState | None, order: Order) -> bool:
    """Whether everything ever read is to be parsed again: asked for, or because the parser is another one now."""
    return order.replay or (state is not None and state.parser_version != source.info.parser_version)


def _read_state(place: Workplace, name: str) -> SourceState | None:
    with place.engine.connect() as connection:
        row = connection.execute(select(SourceState.__table__).filter_by(source=name)).first()  # type: ignore[attr-defined]
    return SourceState(**row._mapping) if row else None


def _take_in_patiently(
    place: Workplace,
    source: Source,
    readings: list[Reading],
    order: Order,
    linker: Linker,
    night: SourceNight,
    log: Callable[[str], None],
) -> None:
    """Take all in; once more, from the archive, when the database went away meanwhile and came back."""
    try:
        _take_in_what_is_left(place, source, readings, order, linker, night)
    except Exception as error:
        outage = recognise(error, place)
        if not (outage and outage.passes and await_database(place, log)):
            raise
        _take_in_what_is_left(place, source, readings, order, linker, night)


def _take_in_what_is_left(
    place: Workplace, source: Source, readings: list[Reading], order: Order, linker: Linker, night: SourceNight
) -> None:
    """Take all in; an object that cannot be parsed and has been taken away since no longer holds up the others."""
    listed = {(item.name, item.sha256) for item in readings[-1].items}
    passed_over: dict[tuple[str, str], str] = {}
    while True:
        try:
            _take_in(place, source, readings, order, linker, night, passed_over)
            return
        except _ItemBroken as broken:
            one = (broken.item.name, broken.item.sha256)
            if one in listed:
                raise broken.fault from broken
            passed_over[one] = f"{broken.item.name} was taken away and is passed over [{broken.fault.code}]"


def _take_in(
    place: Workplace,
    source: Source,
    readings: list[Reading],
    order: Order,
    linker: Linker,
    night: SourceNight,
    passed_over: Mapping[tuple[str, str], str],
) -> None:
    newest = readings[-1]
    with place.engine.connect() as connection:
        with connection.begin():
            known = _load_parsed(connection, source.name)
            stage = Stage(connection, source.name, order.run_id, place.clock())
            repairs = load_repairs(connection, source.name)
            open_ids = _load_open_ids(connection, source.name)
        state = _read_state(place, source.name)
        again = _is_history_due(source, state, order)
        found = _find_fresh(readings, {} if again else known)
        fresh = [item for item in found if _is_to_parse(place, item, passed_over)]
        by_period = source.info.kind == "extract"
        keeper = Keeper(
            source.name,
            order.run_id,
            place.clock(),
            fresh,
            by_period=by_period,
            repairs=repairs,
            open_ids=open_ids,
        )
        keeper.findings += passed_over.values()
        keeper.hold(item for item in newest.items if item.role == WAITING)
        judge = _make_judge(source, order, known, fresh)
        with connection.begin():
            for drafts in _gather(_parse_all(place, source, fresh, keeper)):
                _judge_and_stage(place, drafts, judge, linker, keeper, stage, repairs)
            _settle(stage, judge, keeper, newest, known)
            _refuse_shrunk(stage, keeper, order)
            if by_period and not (order.accept_shrink or order.replay):
                check_files(connection, keeper, _last_told(connection, source.name))
            keeper.findings += compare_headers(keeper, {} if order.replay else known)
        place.one_writer.confirm()
        connection.execution_options(writes=True)
        with connection.begin():
            counts = stage.merge()
            if not order.replay:
                came, on = counts.new + counts.changed, order.business_date
                keeper.findings += find_drift(connection, source.name, source.bounds, on, came, by_night=not by_period)
            keeper.store(connection, linker.reasons.values())
            _move_watermark(connection, source, newest, keeper, order, place.clock())
            _remember_state(connection, source, newest)
    write_data_docs([judge.results], place.data_docs)
    _report(night, counts, keeper, fresh)


def _load_parsed(connection: Connection, name: str) -> dict[str, Parsed]:
    rows = connection.execute(select(Parsed.__table__).filter_by(source=name))  # type: ignore[attr-defined]
    return {row.name: Parsed(**row._mapping) for row in rows}


def _load_open_ids(connection: Connection, name: str) -> list[str]:
    table = QuarantineItem.__table__  # type: ignore[attr-defined]
    asked = select(table.c.source_id).where(table.c.source_id.is_not(None)).filter_by(source=name, state="open")
    return [row.source_id for row in connection.execute(asked)]


def _find_fresh(readings: Iterable[Reading], known: dict[str, Parsed]) -> Iterator[RawItem]:
    """Yield the records that are not in the database yet, oldest reading first."""
    seen = {name: parsed.sha256 for name, parsed in known.items()}
    for reading in readings:
        for item in reading.items:
            if item.role == "record" and seen.get(item.name) != item.sha256:
                seen[item.name] = item.sha256
                yield item


def _is_to_parse(place: Workplace, item: RawItem, passed_over: Mapping[tuple[str, str], str]) -> bool:
    """What was forgotten on purpose cannot be read again; what is stored of it stays as it is."""
    return (item.name, item.sha256) not in passed_over and not place.archive.is_forgotten(item.sha256)


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


def _parse_all(place: Workplace, source: Source, fresh: Iterable[RawItem], keeper: Keeper) -> Iterator[DraftTable]:
    decided: Mapping[str, str] = {}
    if source.info.kind == "tips":
        with place.engine.connect() as connection:
            decided = load_tip_decisions(connection, source.name)
    for item in fresh:
        try:
            keeper.note_header(item, read_header(place, source, item))
            for table in parse_tables(place, source, item):
                yield DraftTable.of([settle_tip(draft, decided) for draft in table]) if decided else table
        except SourceBroken as fault:
            raise _ItemBroken(item, fault) from fault


def _gather(tables: Iterable[DraftTable]) -> Iterator[DraftTable]:
    """Yield large chunks, whatever objects they are from."""
    held: list[DraftTable] = []
    for table in tables:
        if held and sum(map(len, held)) + len(table) > CHUNK:
            yield DraftTable.join(held)
            held = []
        held.append(table)
    if held:
        yield DraftTable.join(held)


def refuse_erased(place: Workplace, drafts: DraftTable, keeper: Keeper, stage: Stage) -> set[int]:
    """Return the rows of mail that was erased and comes again as another copy; it is forgotten as well."""
    erased = set()
    for at, kind in enumerate(drafts.kind):
        source_id = drafts.source_id[at]
        if kind is Kind.TIP and source_id and place.archive.is_erased(f"{keeper.source} {source_id}"):
            place.archive.forget(drafts.sha256[at], for_good=True)
            stage.present(keeper.item_of(drafts[at]), [source_id])
            erased.add(at)
    return erased


def _judge_and_stage(
    place: Workplace,
    drafts: DraftTable,
    judge: Judge,
    linker: Linker,
    keeper: Keeper,
    stage: Stage,
    repairs: Repairs,
) -> None:
    """Judge one chunk, whatever items it is from, and stage what was accepted of it."""
    out = refuse_erased(place, drafts, keeper, stage)
    out |= _apply_decisions(drafts, out, keeper, stage, repairs)
    aside = [at for at, flags in drafts.flags.items() if at not in out and _set_aside(flags)]
    out.update(aside)
    rows = drafts.take([at for at in range(len(drafts)) if at not in out]) if out else drafts
    judgement = judge.judge_chunk(rows)
    keeper.keep(judgement, map(drafts.__getitem__, aside), linker)
    accepted = DraftTable.of(judgement.accepted)
    if len(accepted):
        stage.add(keeper.items_of(accepted), accepted, linker.link_all(accepted))
    refused: dict[int, list[str]] = {}
    for one in judgement.quarantined:
        if one.draft.source_id and not one.kept:
            refused.setdefault(keeper.item_of(one.draft), []).append(one.draft.source_id)
    for item, ids in refused.items():
        stage.present(item, ids)


def _apply_decisions(drafts: DraftTable, out: set[int], keeper: Keeper, stage: Stage, repairs: Repairs) -> set[int]:
    """Let rows that a person has decided about be as he said; return those that he rejected."""
    rejected = set()
    for at in repairs.list_concerned(drafts):
        if at in out:
            continue
        draft, decision = repairs.settle(drafts[at])
        if decision is None:
            continue
        keeper.note_decided(repairs.row_of(draft), draft)
        if decision.said != REJECT:
            drafts.put(at, draft)
            continue
        rejected.add(at)
        if keeper.keep_rejected(draft, was_stored=decision.kept) and draft.source_id:
            stage.present(keeper.item_of(draft), [draft.source_id])
    return rejected


def _set_aside(flags: Iterable[str]) -> bool:
    return any(flag.startswith(_SET_ASIDE) for flag in flags)


def _settle(stage: Stage, judge: Judge, keeper: Keeper, newest: Reading, known: dict[str, Parsed]) -> None:
    """Hear the judge on the whole reading; then say what each item is complete for, and so what is gone."""
    judgement = judge.conclude()
    for finding in judgement.findings:
        if finding.severity is Severity.CRITICAL:
            raise SourceBroken(finding.code, finding.message)
    keeper.findings += [f"{problem.message} [{problem.code}]" for problem in newest.problems]
    keeper.findings += [f"{f.message} [{f.code}]" for f in judgement.findings if f.severity != "warning"]
    stage.revoke(judge.revoked)
    for number, period in keeper.list_periods():
        stage.cover(number, period)
    if newest.complete:
        # Every case that none of the listed pages holds any longer is gone, known from tonight or from before.
        parsed = known | keeper.parsed()
        listed = [parsed[item.name] for item in newest.items if item.role == "record" and item.name in parsed]
        last = keeper.last_item + 1
        stage.present(last, sorted({source_id for page in listed for source_id in page.source_ids}))
        stage.cover(last, None)


def _refuse_shrunk(stage: Stage, keeper: Keeper, order: Order) -> None:
    """A file with far fewer rows than we know of is an outage, not good news."""
    gone, known = stage.find_gone()
    if gone >= _SHRINK_ROWS and gone > known / 10 and not order.replay:
        keeper.findings.append(tell(ROWS_TAKEN_BACK, f"{gone} of {known} known rows are gone"))
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
    before = _last_told(connection, source.name)
    through = max(reached, default=None)
    if through and (before is None or through > before):
        row = {"source": source.name, "complete_through": through, "recorded_at": now, "run_id": order.run_id}
        connection.execute(table.insert(), row)
    keeper.complete_through = max((day for day in (through, before) if day), default=None)


def _last_told(connection: Connection, name: str) -> date | None:
    table = Watermark.__table__  # type: ignore[attr-defined]
    asked = select(table.c.complete_through).filter_by(source=name).order_by(table.c.id.desc()).limit(1)
    return connection.execute(asked).scalar()


def _remember_state(connection: Connection, source: Source, newest: Reading) -> None:
    row = {"source": source.name, "read_at": newest.read_at, "parser_version": source.info.parser_version}
    upsert(connection, SourceState.__table__, [row])  # type: ignore[attr-defined]


def _report(night: SourceNight, counts: MergeCounts, keeper: Keeper, fresh: list[RawItem]) -> None:
    night.items, night.drafts, night.accepted = len(fresh), keeper.drafts, keeper.accepted
    night.new, night.changed, night.withdrawn = counts.new, counts.changed, counts.withdrawn
    night.quarantined, night.set_aside = keeper.refused, keeper.set_aside
    night.complete_through, night.mended = keeper.complete_through, keeper.mended
    good = [f"{keeper.mended} quarantined row(s) mended"] if keeper.mended else []
    good += [f"{keeper.rejected} row(s) left out as a person said"] if keeper.rejected else []
    night.message = "; ".join([*keeper.findings, *good])[:1000]
    night.verdict = Verdict.ODD if keeper.findings or keeper.refused else Verdict.OK
