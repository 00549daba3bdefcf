"""Rows on their way in: parsed, gathered into large chunks, judged, linked, staged; whatever object they are from."""

import gc
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from expectations.judge import Judge
from flows.intake.keeping import Keeper
from flows.intake.linking import Linker
from flows.intake.objects import parse_tables, read_header
from flows.onlooker import onlooker
from flows.workplace import Workplace
from models.draft_table import DraftTable
from models.storage.repairs import REJECT, Repairs
from models.storage.stage import Stage
from models.tips.decisions import load_tip_decisions, settle_tip
from models.words import Kind
from sources.contract import RawItem, Source, SourceBroken

CHUNK = 20_000  # drafts judged and staged at a time
_SET_ASIDE = "set-aside-"
_FEW_COLLECTIONS = 100_000  # objects made between two looks for cycles among them
_USUAL_COLLECTIONS = gc.get_threshold()
_SHORT_TURN = 0.0005  # seconds until a thread gives way to another
_USUAL_TURN = sys.getswitchinterval()


class ItemBroken(Exception):
    """One object of a reading cannot be parsed; ``fault`` says why."""

    def __init__(self, item: RawItem, fault: SourceBroken) -> None:
        self.item = item
        self.fault = fault


@contextmanager
def taking_many() -> Iterator[None]:
    """Let Python look for cycles less often: thousands of rows hold none, and looking took a seventh of a load.

    And let its threads take turns sooner: what carries rows to the database waited for a turn after each piece, which
    took a fifth of a load. Sources that are read side by side may end in any order: all go back to what was at first.
    """
    gc.set_threshold(_FEW_COLLECTIONS, *_USUAL_COLLECTIONS[1:])
    sys.setswitchinterval(_SHORT_TURN)
    try:
        yield
    finally:
        gc.set_threshold(*_USUAL_COLLECTIONS)
        sys.setswitchinterval(_USUAL_TURN)


def parse_all(place: Workplace, source: Source, fresh: Sequence[RawItem], keeper: Keeper) -> Iterator[DraftTable]:
    """Yield the rows of all these objects; raise ItemBroken on one that cannot be parsed."""
    decided: Mapping[str, str] = {}
    if source.info.kind == "tips":
        with place.engine.connect() as connection:
            decided = load_tip_decisions(connection, source.name)
    for number, item in enumerate(fresh):
        onlooker().taking_in(source.name, number, len(fresh))
        try:
            keeper.note_header(item, read_header(place, source, item))
            for table in parse_tables(place, source, item):
                yield DraftTable.of([settle_tip(draft, decided) for draft in table]) if decided else table
        except SourceBroken as fault:
            raise ItemBroken(item, fault) from fault


def take_rows(
    place: Workplace,
    source: Source,
    items: Sequence[RawItem],
    judge: Judge,
    linker: Linker,
    keeper: Keeper,
    stage: Stage,
    repairs: Repairs,
) -> None:
    """Judge and stage the rows of all these objects; raise ItemBroken on one that cannot be parsed."""
    with taking_many(), stage.filling():
        for drafts in gather(parse_all(place, source, items, keeper)):
            judge_and_stage(place, drafts, judge, linker, keeper, stage, repairs)


def gather(tables: Iterable[DraftTable]) -> Iterator[DraftTable]:
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
    erased: set[int] = set()
    if Kind.TIP not in drafts.kind:
        return erased
    for at, kind in enumerate(drafts.kind):
        source_id = drafts.source_id[at]
        if kind is Kind.TIP and source_id and place.archive.is_erased(f"{keeper.source} {source_id}"):
            place.archive.forget(drafts.sha256[at], for_good=True)
            stage.present(keeper.item_of(drafts[at]), [source_id])
            erased.add(at)
    return erased


def judge_and_stage(
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
