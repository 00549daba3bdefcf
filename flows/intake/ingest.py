"""One source, from the world to the database: read, archive, parse, judge, link, merge. Safe to repeat at any point."""

import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Connection

from expectations.data_docs import write_data_docs
from expectations.judge import Judge
from expectations.volume import ROWS_TAKEN_BACK, tell
from flows.declarations.taking import list_mailed, take_declarations
from flows.intake.drift import check_files, compare_headers, count_days, find_drift
from flows.intake.keeping import WAITING, Keeper
from flows.intake.linking import Linker
from flows.intake.outages import await_database, recognise
from flows.intake.parts import cut, take_parts
from flows.intake.quarantine import load_repairs
from flows.intake.reading import (
    Order,
    find_fresh,
    is_history_due,
    is_to_parse,
    load_open_ids,
    load_parsed,
    read_source,
    read_state,
    read_watermark,
)
from flows.intake.rows import ItemBroken, take_rows
from flows.intake.same_rows import find_same, name_contents
from flows.one_writer import NightUnderWay
from flows.onlooker import onlooker
from flows.workplace import Workplace, read_secret
from models.storage.first_reading import FirstReading, ReadAgain
from models.storage.repairs import Repairs
from models.storage.stage import MergeCounts, Stage, is_first
from models.storage.store import upsert
from models.storage.tables import Parsed, SourceNight, SourceState, Watermark
from models.words import Severity, Verdict
from sources.contract import RawItem, Reading, Source, SourceBroken
from sources.declarations.source import Declarations
from sources.registry import build_source
from sources.web.turns import counting_requests

_SHRINK_ROWS = 10  # an extract that takes back fewer rows than this is never suspicious
_ROOMS = tuple(Path(__file__).parents[2] / room for room in ("flows", "sources", "expectations", "models"))


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
            onlooker().reading(name, made)
            try:
                readings = read_source(place, source, order, log)
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
    onlooker().ended(night)
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
    compares = False
    while True:
        try:
            _take_in(place, source, readings, order, linker, night, passed_over, compares=compares)
            return
        except ReadAgain:
            compares = True
        except ItemBroken as broken:
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
    *,
    compares: bool,
) -> None:
    newest = readings[-1]
    with place.engine.connect() as connection:
        with connection.begin():
            known = load_parsed(connection, source.name)
            repairs = load_repairs(connection, source.name)
            open_ids = load_open_ids(connection, source.name)
        state = read_state(place, source.name)
        again = is_history_due(place, source, state, order)
        found = find_fresh(readings, {} if again else known)
        fresh = [item for item in found if is_to_parse(place, item, passed_over)]
        by_period = source.info.kind == "extract"
        contents = name_contents(place, source, fresh)
        with connection.begin():
            asked = None if again or repairs else contents
            same = find_same(connection, asked, fresh, newest, known, order.business_date)
            ahead = by_period and not (compares or order.spread) and _tell_of_other_days(fresh)
            first = ahead and is_first(connection, source.name)
            stage = (FirstReading if first else Stage)(connection, source.name, order.run_id, place.clock())
        due = [] if same else fresh
        keeper = Keeper(
            source.name, order.run_id, place.clock(), fresh, by_period=by_period, repairs=repairs, open_ids=open_ids
        )
        keeper.findings += passed_over.values()
        keeper.hold(item for item in newest.items if item.role == WAITING)
        if same:
            keeper.carry_over(fresh[0], same)
        judge = _make_judge(source, order, known, due)
        connection.execution_options(writes=first)
        checked = by_period and not (same or order.accept_shrink or order.replay)
        days = count_days(connection, source.name) if checked else Counter()
        _judge_all(place, source, due, order, judge, linker, keeper, stage, repairs)
        _settle(stage, judge, keeper, newest, known)
        _refuse_shrunk(stage, keeper, order)
        if checked:
            check_files(keeper, days, read_watermark(connection, source.name))
        keeper.findings += compare_headers(keeper, {} if order.replay else known)
        keeper.note_contents(contents)
        place.one_writer.confirm()
        if not first:
            connection.commit()  # SQLite has let others write until now
            connection.execution_options(writes=True)
        counts = _merge(connection, source, newest, stage, keeper, linker, order)
        _note_merge(connection, night, counts, keeper, fresh)
        connection.commit()
    _show_judgement(place, judge, keeper)
    _report(night, counts, keeper, fresh)


def _tell_of_other_days(files: Sequence[RawItem]) -> bool:
    """Whether each of these files tells of days of its own, as far as they say which."""
    periods = sorted(file.covers for file in files if file.covers)
    apart = all(before[1] < after[0] for before, after in pairwise(periods))
    return len(files) < 2 or (apart and len(periods) == len(files))


def _judge_all(
    place: Workplace,
    source: Source,
    due: list[RawItem],
    order: Order,
    judge: Judge,
    linker: Linker,
    keeper: Keeper,
    stage: Stage,
    repairs: Repairs,
) -> None:
    """Judge and stage the rows of all these objects: in parts on the workers of a backfill, else here."""
    if order.spread:
        parts = cut(order, source.name, keeper.now, due, order.spread.most)
        take_parts(order.spread, parts, judge, linker, keeper, stage)
        return
    take_rows(place, source, due, judge, linker, keeper, stage, repairs)


def _merge(
    connection: Connection,
    source: Source,
    newest: Reading,
    stage: Stage,
    keeper: Keeper,
    linker: Linker,
    order: Order,
) -> MergeCounts:
    """Write the rows, and what hangs on them."""
    counts = stage.merge()
    if not order.replay:
        came, on, by_night = counts.new + counts.changed, order.business_date, source.info.kind != "extract"
        keeper.findings += find_drift(connection, source.name, source.bounds, on, came, by_night=by_night)
    keeper.store(connection, linker.reasons.values())
    _move_watermark(connection, source, newest, keeper, order, stage.now)
    _remember_state(connection, source, newest)
    return counts


def _show_judgement(place: Workplace, judge: Judge, keeper: Keeper) -> None:
    """Write the data docs; the rows are in by now, so a folder that cannot be written is told and breaks nothing."""
    try:
        write_data_docs([judge.results], place.data_docs)
    except OSError as error:
        keeper.findings.append(
            f"data docs: {place.data_docs}: {error.strerror or error}; make room or mend that folder"
        )


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
    before = read_watermark(connection, source.name)
    through = max(reached, default=None)
    if through and (before is None or through > before):
        row = {"source": source.name, "complete_through": through, "recorded_at": now, "run_id": order.run_id}
        connection.execute(table.insert(), row)
    keeper.complete_through = max((day for day in (through, before) if day), default=None)


def _remember_state(connection: Connection, source: Source, newest: Reading) -> None:
    row = {"source": source.name, "read_at": newest.read_at, "parser_version": source.info.parser_version}
    upsert(connection, SourceState.__table__, [row])  # type: ignore[attr-defined]


def _note_merge(
    connection: Connection, night: SourceNight, counts: MergeCounts, keeper: Keeper, fresh: list[RawItem]
) -> None:
    """Write down what came together with the rows: the re-run of a night killed from here on finds none of them new."""
    noted = SourceNight(run_id=night.run_id, source=night.source, verdict=night.verdict, at=night.at)
    _report(noted, counts, keeper, fresh)
    upsert(connection, SourceNight.__table__, [noted.model_dump()])  # type: ignore[attr-defined]


def _report(night: SourceNight, counts: MergeCounts, keeper: Keeper, fresh: list[RawItem]) -> None:
    night.items, night.drafts, night.accepted = len(fresh), keeper.drafts, keeper.accepted
    night.new, night.changed, night.withdrawn = counts.new, counts.changed, counts.withdrawn
    night.quarantined, night.set_aside = keeper.refused, keeper.set_aside
    night.complete_through, night.mended = keeper.complete_through, keeper.mended
    good = [f"{keeper.mended} quarantined row(s) mended"] if keeper.mended else []
    good += [f"{keeper.rejected} row(s) left out as a person said"] if keeper.rejected else []
    good += [f"{held.item.name} holds the same rows as {held.same_as}" for held in keeper.held if held.same_as]
    night.message = "; ".join([*keeper.findings, *good])[:1000]
    night.verdict = Verdict.ODD if keeper.findings or keeper.refused else Verdict.OK
