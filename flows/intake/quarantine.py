"""Quarantine that is worked: edits and refusals by people, remembered and applied again."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, literal, select, update

from expectations.judge import Judge, Judgement
from flows.intake.keeping import WAITING, Keeper
from flows.intake.linking import Linker
from flows.intake.objects import parse_item
from flows.looking.quarantine import RowNotWorked, find_item, find_raw
from flows.workplace import Workplace, read_secret
from models.audit import record_act
from models.draft_table import DraftTable
from models.drafts import Draft
from models.storage.repairs import EDITABLE, REJECT, REPAIR, Decision, Repairs, apply_edits, read_edits
from models.storage.stage import Stage
from models.storage.store import upsert, writing
from models.storage.tables import Complaint, Parsed, QuarantineItem, RowDecision, Run
from models.words import Status
from sources import VERSION
from sources.contract import RawItem, Source
from sources.registry import build_source

_Q: Table = QuarantineItem.__table__  # type: ignore[attr-defined]
_D: Table = RowDecision.__table__  # type: ignore[attr-defined]
_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_P: Table = Parsed.__table__  # type: ignore[attr-defined]
_R: Table = Run.__table__  # type: ignore[attr-defined]
_WORKABLE = ("open", "repaired", "rejected")


@dataclass(frozen=True)
class Worked:
    """What came of a repair: whether the row was written, and what is still held against it."""

    source_id: str
    changed: bool
    still: tuple[str, ...] = ()


def load_repairs(connection: Connection, source: str) -> Repairs:
    """Return what people have said of a source's rows; the last word about a row holds."""
    decisions: dict[str, Decision] = {}
    ids: dict[str, str | None] = {}
    for row in connection.execute(select(_D).where(_D.c.source == source).order_by(_D.c.id)):
        decisions[row.row] = Decision(row.said, row.edits, row.kept)
        ids[row.row] = row.source_id
    return Repairs(decisions, filter(None, ids.values()))


def repair_item(place: Workplace, key: str, pairs: Iterable[str], linker: Linker, *, who: str, why: str = "") -> Worked:
    """Edit a row's fields, judge it again, and store it under its id; remember it for when the row comes again.

    ``pairs`` are ``field=value``; without any, a flagged row is found to be right as it is. Raises EditInvalid,
    and RowNotWorked when the row is still refused or no longer the newest word of its publisher.
    """
    with place.engine.connect() as connection:
        item = _find_newest(connection, _find_workable(connection, key))
        if item.raw_locator == WAITING:
            raise RowNotWorked(item.reason)
        if item.source in place.settings.declarations():
            raise RowNotWorked(
                "only its member changes a declaration; take a mended file in: koll declarations import FILE"
            )
        edits = {
            **_find_edits(connection, item.row),
            **read_edits(pairs, place.hash_key, place.settings.country.scheme),
        }
    source = build_source(
        item.source, place.settings, place.hash_key, lambda: read_secret("imap_password"), linker.public
    )
    raw = find_raw(place, item.source, item.raw_sha256, item.name)
    draft = apply_edits(_read_again(place, source, raw, item.row), edits)
    judgement = judge_alone(place, source, draft)
    accepted = judgement.accepted[0]
    run = make_run(place, "repair", f"{item.key} repaired by {who}")
    with writing(place.engine) as connection:
        _check_newest(connection, item, accepted)
        upsert(connection, _R, [run.model_dump()])
        _decide(connection, place, item, REPAIR, edits, who, why)
        rows = Repairs({}, ())
        rows.note(accepted, item.row)
        keeper = Keeper(item.source, run.run_id, place.clock(), [raw], by_period=False, repairs=rows)
        stage = Stage(connection, item.source, run.run_id, place.clock())
        stage.add(1, DraftTable.of([accepted]), [linker.link(accepted)])
        counts = stage.merge()
        keeper.keep(judgement, (), linker)
        keeper.store_rows(connection, linker.reasons.values(), mend=False)
    still = tuple(one.reason for one in judgement.quarantined)
    return Worked(accepted.source_id or "", bool(counts.new or counts.changed), still)


def reject_item(place: Workplace, key: str, *, who: str, why: str) -> bool:
    """Leave a row out for good, whenever it comes again; return whether a stored complaint was withdrawn for it."""
    with place.engine.connect() as connection:
        item = _find_workable(connection, key)
        edits = _find_edits(connection, item.row)
    stored = item.kept or item.state == "repaired"
    run = make_run(place, "reject", f"{item.key} rejected by {who}")
    with writing(place.engine) as connection:
        upsert(connection, _R, [run.model_dump()])
        _decide(connection, place, item, REJECT, {}, who, why, kept=stored)
        if not stored:
            return False
        return withdraw(connection, item.source, edits.get("source_id") or item.source_id, run)


def _find_workable(connection: Connection, key: str) -> Any:
    item = find_item(connection, key)
    if item.state not in _WORKABLE:
        raise RowNotWorked(f"{item.key} was {item.state} since: the record is in as its publisher gives it now")
    return item


def _find_newest(connection: Connection, item: Any) -> Any:
    """Return the newest of the items that hold the same row: a row without an id is one item in each file."""
    place = (_P.c.source == _Q.c.source) & (_P.c.name == _Q.c.name)
    asked = select(_Q).join(_P, place, isouter=True).order_by(_P.c.parsed_at.desc(), _P.c.place.desc())
    same = (_Q.c.source == item.source) & (_Q.c.row == item.row) & _Q.c.state.in_(_WORKABLE)
    return connection.execute(asked.where(same)).first() or item


def _find_edits(connection: Connection, row: str) -> dict[str, str]:
    """Return what an earlier repair of the row has set, which a later one adds to."""
    last = connection.execute(select(_D).where(_D.c.row == row).order_by(_D.c.id.desc()).limit(1)).first()
    return dict(last.edits) if last and last.said == REPAIR else {}


def _read_again(place: Workplace, source: Source, raw: RawItem, row: str) -> Draft:
    """Return the draft of a row from its archived object; raises RowNotWorked when it is read otherwise by now."""
    prints = Repairs({}, ())
    for draft in parse_item(place, source, raw):
        prints.settle(draft)
        if prints.row_of(draft) == row:
            return draft
    raise RowNotWorked(
        f"the row is read otherwise now than when it was refused; run `koll ingest {source.name} --replay` first"
    )


def judge_alone(place: Workplace, source: Source, draft: Draft) -> Judgement:
    """Judge one row by itself; raises RowNotWorked with the reason when it is still refused."""
    judge = Judge(
        source.name,
        source.info.kind,
        checks=source.info.checks,
        rows=(0, max(source.bounds.rows[1], 1)),
        business_date=place.today(),
        expect_rows=False,
    )
    judgement = judge.judge_chunk([draft])
    if not judgement.accepted:
        reason = judgement.quarantined[0].reason if judgement.quarantined else "it could not be judged"
        raise RowNotWorked(f"still refused: {reason} Mend it with --set FIELD=VALUE ({', '.join(EDITABLE)})")
    return judgement


def _check_newest(connection: Connection, item: Any, draft: Draft) -> None:
    """Raise RowNotWorked when storing the row would put it over something its publisher said later."""
    current = (_C.c.source == item.source) & _C.c.recorded_to.is_(None) & (_C.c.source_id == draft.source_id)
    stored = connection.execute(select(_C).where(current & (_C.c.status == Status.ACCEPTED))).first()
    if stored and draft.source_id != item.source_id and item.state != "repaired":
        raise RowNotWorked(f"{draft.source_id} is stored already, from another row; reject this one if it is the same")
    twins = (_Q.c.source == item.source) & (_Q.c.raw_sha256 == item.raw_sha256) & (_Q.c.source_id == draft.source_id)
    twin = connection.execute(select(_Q).where(twins & (_Q.c.row != item.row) & (_Q.c.state == "open"))).first()
    if twin and twin.code == "key-twice":
        raise RowNotWorked(f"{draft.source_id} stands on another row of the file too: settle {twin.key} first")
    own = connection.execute(select(_P).filter_by(source=item.source, name=item.name)).first()
    if own is None or draft.received_on is None:
        return
    covers = (_P.c.source == item.source) & (_P.c.first_day <= draft.received_on) & (_P.c.last_day >= draft.received_on)
    for later in connection.execute(select(_P).where(covers)):
        if (later.parsed_at, later.place) > (own.parsed_at, own.place):
            raise RowNotWorked(
                f"{later.name} is newer, is complete for {draft.received_on} and no longer holds this row: "
                "its publisher has taken it back; reject it"
            )


def _decide(
    connection: Connection,
    place: Workplace,
    item: Any,
    said: str,
    edits: dict[str, str],
    who: str,
    why: str,
    *,
    kept: bool = False,
) -> None:
    """Write a decision down, and where every item with this row stands by it."""
    row = RowDecision(
        key=item.key,
        row=item.row,
        source=item.source,
        source_id=item.source_id,
        said=said,
        edits=edits,
        kept=kept,
        who=who,
        why=why,
        at=place.clock(),
    )
    written = connection.execute(_D.insert().returning(_D.c.id), row.model_dump(exclude={"id"})).scalar_one()
    details = {"row_decision": written, "source": item.source}
    record_act(connection, f"quarantine.{said}", item.key, who=who, at=row.at, why=why, details=details)
    state = "repaired" if said == REPAIR else "rejected"
    same = (_Q.c.source == item.source) & (_Q.c.row == item.row) & _Q.c.state.in_(_WORKABLE)
    connection.execute(update(_Q).where(same).values(state=state))


def withdraw(connection: Connection, source: str, source_id: str | None, run: Run) -> bool:
    """Close the current version of a complaint and open a withdrawn one."""
    current = (_C.c.source == source) & (_C.c.source_id == source_id) & _C.c.recorded_to.is_(None)
    found = connection.execute(select(_C.c.id).where(current & (_C.c.status == Status.ACCEPTED))).scalar()
    if found is None:
        return False
    connection.execute(update(_C).where(_C.c.id == found).values(recorded_to=run.started_at))
    changed = {"recorded_from": run.started_at, "recorded_to": None, "status": Status.WITHDRAWN, "run_id": run.run_id}
    names = [column.name for column in _C.c if column.name != "id"]
    values = [literal(changed[n], _C.c[n].type) if n in changed else _C.c[n] for n in names]
    connection.execute(_C.insert().from_select(names, select(*values).where(_C.c.id == found)))
    return True


def make_run(place: Workplace, kind: str, message: str) -> Run:
    """Return the run under which one person's work is written."""
    day, now = place.today(), place.clock()
    run_id = f"{day.isoformat()}-{kind}-{uuid.uuid4().hex[:8]}"
    return Run(
        run_id=run_id,
        kind=kind,
        business_date=day,
        started_at=now,
        ended_at=now,
        state="done",
        message=message,
        version=VERSION,
    )
