"""The tip inbox as staff work it: read a mail, set aside, take in, say whom a tip is about, and take it back.

Every decision is written down before it is carried out, in one transaction, and holds when the mail is read again.
"""

from typing import Any

from sqlalchemy import Connection, Table, delete, select

from flows.intake.keeping import Keeper
from flows.intake.known_members import load_members
from flows.intake.linking import Linker
from flows.intake.objects import parse_item
from flows.intake.quarantine import judge_alone, make_run, withdraw
from flows.looking.quarantine import find_raw
from flows.review.questions import UNDONE as ANSWER_UNDONE
from flows.review.questions import Question, load_answers, record_answer
from flows.tips.inbox import FoundTip, TipNotWorked, find_tip, is_current, is_of, list_current
from flows.workplace import Workplace, read_secret
from models.audit import record_act
from models.draft_table import DraftTable
from models.drafts import Draft
from models.matching.memory import Said, tip_key
from models.matching.prose.context import mark_sentence
from models.storage.stage import Stage
from models.storage.store import upsert, writing
from models.storage.tables import Complaint, ComplaintText, ReviewAnswer, Run, SetAside
from models.tips.decisions import ASIDE, PERSON, TAKEN, UNDONE, TipDecision, load_tip_decisions, settle_tip
from sources.registry import build_source

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_T: Table = ComplaintText.__table__  # type: ignore[attr-defined]
_S: Table = SetAside.__table__  # type: ignore[attr-defined]
_D: Table = TipDecision.__table__  # type: ignore[attr-defined]
_A: Table = ReviewAnswer.__table__  # type: ignore[attr-defined]
_R: Table = Run.__table__  # type: ignore[attr-defined]


def show_tip(place: Workplace, ident: str, linker: Linker) -> dict[str, Any]:
    """Return one mail: its masked text, whom it names and in which words, what hangs with it, and what people said.

    A mail that is set aside is read from the archive, masked as any other. Raises TipNotWorked.
    """
    with place.engine.connect() as connection:
        tip = find_tip(connection, ident)
        row = next(iter(connection.execute(select(_C).where(is_current() & is_of(_C, tip)))), None)
        text = connection.execute(select(_T.c.text).where(is_of(_T, tip))).scalar()
        said = connection.execute(select(_D).where(is_of(_D, tip)).order_by(_D.c.id)).all()
        answers = connection.execute(select(_A).where(_A.c.text == tip.source_id).order_by(_A.c.id)).all()
        listed = list_current(connection)
    draft = None if row is not None else _read_again(place, tip, linker)
    text = text or (draft.text if draft else None)
    facts = dict(row.facts if row is not None else draft.facts if draft else {})
    names = {known.member: known.legal_name for known in linker.matcher.members}
    on = row.event_on or row.received_on if row is not None else None
    mine = next((one for one in listed if one["tip"] == tip.source_id), {})
    return {
        "tip": tip.source_id,
        "source": tip.source,
        "standing": f"aside: {tip.aside}" if tip.aside else mine.get("standing"),
        "received": row.received_on if row is not None else draft.received_on if draft else None,
        "event": mine.get("event"),
        "channel": mine.get("channel"),
        "member": row.member if row is not None else None,
        "name": names.get(row.member) if row is not None else None,
        "named": [
            {
                "member": one.member,
                "name": names.get(one.member),
                "role": str(one.role),
                "band": str(one.band),
                "why": one.why,
                "sentence": mark_sentence(text or "", one.start, one.end),
            }
            for one in sorted(linker.matcher.find_in_text(text or "", on), key=lambda found: found.start)
        ],
        "attachments": facts.get("attachments", "").split(",") if facts.get("attachments") else [],
        "thread": mine.get("thread", 1),
        "copies": mine.get("copies", 1),
        "decisions": [
            *({"said": d.said, "who": d.who, "why": d.why, "at": d.at} for d in said),
            *({"said": a.said, "member": a.member, "who": a.who, "why": a.why, "at": a.at} for a in answers),
        ],
        "text": text,
    }


def set_aside(place: Workplace, ident: str, *, who: str, why: str) -> FoundTip:
    """Say that a mail is no tip: it counts for nobody, now and whenever it is read again. Raises TipNotWorked."""
    with place.engine.connect() as connection:
        tip = find_tip(connection, ident)
        if tip.aside:
            raise TipNotWorked(f"{tip.source_id} is set aside already: {tip.aside}")
        received = connection.execute(select(_C.c.received_on).where(is_current() & is_of(_C, tip))).scalar()
    run = make_run(place, "tips", f"{tip.source_id} set aside by {who}")
    with writing(place.engine) as connection:
        upsert(connection, _R, [run.model_dump()])
        _decide(connection, place, tip, ASIDE, who, why)
        withdraw(connection, tip.source, tip.source_id, run)
        _put_aside(connection, place, tip, PERSON, received)
    return tip


def take_in(place: Workplace, ident: str, linker: Linker, *, who: str, why: str) -> FoundTip:
    """Say that a mail set aside is a tip after all, and store it as one. Raises TipNotWorked."""
    with place.engine.connect() as connection:
        tip = find_tip(connection, ident)
    if not tip.aside:
        raise TipNotWorked(f"{tip.source_id} is a tip already")
    _carry_out(place, tip, TAKEN, linker, who, why)
    return tip


def undo(place: Workplace, ident: str, linker: Linker, *, who: str, why: str) -> str:
    """Take the last decision about a mail back, whom it is about or whether it is a tip; return what was taken back."""
    with place.engine.connect() as connection:
        tip = find_tip(connection, ident)
        said = load_tip_decisions(connection, tip.source).get(tip.source_id)
        last = connection.execute(
            select(_A).where(_A.c.text == tip.source_id, _A.c.source == tip.source).order_by(_A.c.id.desc())
        ).first()
        decided = connection.execute(select(_D).where(is_of(_D, tip)).order_by(_D.c.id.desc())).first()
    if last is not None and last.said != ANSWER_UNDONE and (said is None or decided is None or last.at > decided.at):
        _answer(place, tip, ANSWER_UNDONE, None, linker, who, why)
        return f"whom it is about ({last.said})"
    if said is None:
        raise TipNotWorked(f"nobody has decided anything about {tip.source_id} that still holds")
    _carry_out(place, tip, UNDONE, linker, who, why)
    return said


def attach(place: Workplace, ident: str, member: str, linker: Linker, *, who: str, why: str) -> FoundTip:
    """Say which member a tip is about; one set aside is taken in first. Raises TipNotWorked."""
    if member not in {known.member for known in load_members(place.engine)}:
        raise TipNotWorked(f"{member}: no such member; see `koll members list`")
    with place.engine.connect() as connection:
        tip = find_tip(connection, ident)
    if tip.aside:
        _carry_out(place, tip, TAKEN, linker, who, why)
    _answer(place, tip, Said.MEMBER, member, linker, who, why)
    return tip


def _answer(
    place: Workplace, tip: FoundTip, said: Said | str, member: str | None, linker: Linker, who: str, why: str
) -> None:
    """Write the answer down as one to the review's question about this tip."""
    question = Question(tip_key(tip.source, tip.source_id), tip.source_id, "", [])
    stands = load_answers(place.engine).get(question.key)
    if stands is not None and (stands.said, stands.member) == (said, member):
        return  # said again by whoever was cut off before it was counted
    with writing(place.engine) as connection:
        record_answer(
            connection, question, said, member, who=who, why=why, at=place.clock(), version=linker.matcher.version
        )


def _carry_out(place: Workplace, tip: FoundTip, said: str, linker: Linker, who: str, why: str) -> None:
    """Write a decision down, read the mail again in its light, and store what that gives, in one transaction."""
    draft = _read_again(place, tip, linker)
    if draft is None:
        raise TipNotWorked(f"{tip.source_id}: its raw mail is no longer in the archive, so it cannot be read again")
    with place.engine.connect() as connection:
        decisions = load_tip_decisions(connection, tip.source)
    decisions = {name: word for name, word in decisions.items() if name != tip.source_id}
    settled = settle_tip(draft, {**decisions, **({} if said == UNDONE else {tip.source_id: said})})
    reason = next((flag for flag in settled.flags if flag.startswith("set-aside-")), "").removeprefix("set-aside-")
    run = make_run(place, "tips", f"{tip.source_id} {said} by {who}")
    source = _build(place, tip.source, linker)
    judgement = None if reason else judge_alone(place, source, settled)
    with writing(place.engine) as connection:
        upsert(connection, _R, [run.model_dump()])
        _decide(connection, place, tip, said, who, why)
        if judgement is None:
            withdraw(connection, tip.source, tip.source_id, run)
            _put_aside(connection, place, tip, reason, settled.received_on)
            return
        connection.execute(delete(_S).where(is_of(_S, tip)))
        raw = find_raw(place, tip.source, tip.raw_sha256)
        keeper = Keeper(tip.source, run.run_id, place.clock(), [raw], by_period=False)
        stage = Stage(connection, tip.source, run.run_id, place.clock())
        accepted = judgement.accepted[0]
        stage.add(1, DraftTable.of([accepted]), [linker.link(accepted)])
        stage.merge()
        keeper.keep(judgement, (), linker)
        keeper.store_rows(connection, linker.reasons.values(), mend=False)


def _decide(connection: Connection, place: Workplace, tip: FoundTip, said: str, who: str, why: str) -> None:
    row = TipDecision(source=tip.source, source_id=tip.source_id, said=said, who=who, why=why, at=place.clock())
    connection.execute(_D.insert(), row.model_dump(exclude={"id"}))
    record_act(connection, f"tips.{said}", tip.source_id, who=who, at=row.at, why=why, details={"source": tip.source})


def _put_aside(connection: Connection, place: Workplace, tip: FoundTip, reason: str, received: Any) -> None:
    row = SetAside(
        source=tip.source,
        source_id=tip.source_id,
        reason=reason,
        received_on=received,
        raw_sha256=tip.raw_sha256,
        first_seen=place.clock(),
    )
    upsert(connection, _S, [row.model_dump()], keep=("first_seen",))


def _read_again(place: Workplace, tip: FoundTip, linker: Linker) -> Draft | None:
    """Return what the raw mail gives, before anybody's decision; None when the mail is gone or another one now."""
    if not place.archive.holds(tip.raw_sha256):
        return None
    raw = find_raw(place, tip.source, tip.raw_sha256)
    drafts = parse_item(place, _build(place, tip.source, linker), raw)
    return next((draft for draft in drafts if draft.source_id == tip.source_id), None)


def _build(place: Workplace, source: str, linker: Linker) -> Any:
    return build_source(source, place.settings, place.hash_key, lambda: read_secret("imap_password"), linker.public)
