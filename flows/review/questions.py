"""Doubtful mentions as questions for people: what speaks for whom, how much hangs on it; answers are remembered."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, select

from models.audit import record_act
from models.matching.duplicates import LinkKind
from models.matching.memory import Answer, MemoryKey, Said, memory_key, pair_text, tip_key
from models.matching.mention import Mention as Asked
from models.matching.prose.context import mark_sentence
from models.storage.tables import Complaint, ComplaintText, EventLink, Mention, ReviewAnswer, Why
from models.storage.versions import IS_DOUBTFUL, IS_MENTION_DOUBTFUL
from models.words import Band, Kind, Role, Status

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_T: Table = ComplaintText.__table__  # type: ignore[attr-defined]
_M: Table = Mention.__table__  # type: ignore[attr-defined]
_W: Table = Why.__table__  # type: ignore[attr-defined]
_L: Table = EventLink.__table__  # type: ignore[attr-defined]
_A: Table = ReviewAnswer.__table__  # type: ignore[attr-defined]
UNDONE = "undone"


class NoSuchQuestion(LookupError):
    """Nothing waits for an answer under this id."""


@dataclass
class Question:
    """One doubtful mention: the same words in the same source and role are one question."""

    key: MemoryKey
    text: str
    why: str
    candidates: list[dict[str, Any]]
    complaints: list[str] = field(default_factory=list)
    sentence: str | None = None

    @property
    def is_pair(self) -> bool:
        """Whether it asks if two reports are one event, not whom a text means."""
        return self.key.role is Role.OTHER and not self.key.source

    @property
    def id(self) -> str:
        """Ten hex digits by which commands name it."""
        return question_id(self.key)

    def show(self) -> dict[str, Any]:
        """Return it as one plain row."""
        return {
            "question": self.id,
            "text": self.text,
            "source": self.key.source,
            "role": "same_event" if self.is_pair else str(self.key.role),
            "complaints": len(self.complaints),
            "why": self.why,
            "candidates": self.candidates,
            "sentence": self.sentence,
            "behind": self.complaints[:50],
        }


def question_id(key: MemoryKey) -> str:
    """Return the id of a question."""
    return hashlib.blake2b("\x1f".join((key.text, key.source, str(key.role))).encode(), digest_size=5).hexdigest()


def pick_question(questions: Iterable[Question], asked: str) -> Question:
    """Return the one question whose id begins so. Raises NoSuchQuestion."""
    found = [question for question in questions if question.id.startswith(asked)]
    if len(found) == 1:
        return found[0]
    told = f"{len(found)} open questions begin with" if found else "no open question is called"
    raise NoSuchQuestion(f"{told} {asked!r}: `koll review list` shows them")


def list_questions(connection: Connection) -> list[Question]:
    """Return what waits for an answer, the question with most complaints behind it first; possible duplicates last."""
    found: dict[MemoryKey, Question] = {}
    for key, row, sentence in _find_doubts(connection):
        reason = row.details or {}
        question = found.get(key)
        if question is None:
            names = ("member", "name", "score", "why", "against")
            candidates = [dict(zip(names, c, strict=False)) for c in reason.get("candidates", [])]
            if not candidates and row.member:
                candidates = [{"member": row.member, "name": row.asked, "score": row.score, "why": row.why_sentence}]
            question = Question(key, row.mention or row.asked or "", row.why_sentence or "", candidates, [], sentence)
            found[key] = question
        question.complaints.append(f"{row.source} {row.source_id}")
    doubts = sorted(found.values(), key=lambda q: (-len(q.complaints), q.key))
    return doubts + list(_find_pairs(connection))


def _find_pairs(connection: Connection) -> Iterator[Question]:
    """Yield a question for every two reports that may be one event."""
    asked = select(_L).where(_L.c.recorded_to.is_(None) & (_L.c.kind == LinkKind.POSSIBLE))
    for row in connection.execute(asked.order_by(_L.c.two_source, _L.c.two_id)):
        one, two = f"{row.one_source} {row.one_id}", f"{row.two_source} {row.two_id}"
        key = MemoryKey(pair_text(one, two), "", Role.OTHER)
        yield Question(key, f"{one} = {two}?", row.why, [], [one, two])


def _find_doubts(connection: Connection) -> Iterator[tuple[MemoryKey, Any, str | None]]:
    """Yield (key, row with its reason, sentence) of every current complaint and mention in the review band."""
    reason = (_W.c.mention, _W.c.sentence.label("why_sentence"), _W.c.details, _W.c.score)
    open_complaint = _C.c.recorded_to.is_(None) & (_C.c.status == Status.ACCEPTED)
    complaints = (
        select(
            _C.c.source,
            _C.c.source_id,
            _C.c.kind,
            _C.c.company.label("asked"),
            _C.c.org_number,
            _C.c.member,
            _T.c.text.label("told"),
            *reason,
        )
        .join(_W, _W.c.hash == _C.c.why, isouter=True)
        .join(
            _T,
            (_T.c.source == _C.c.source) & (_T.c.source_id == _C.c.source_id) & (_C.c.kind == Kind.TIP),
            isouter=True,
        )
        .where(IS_DOUBTFUL & (_C.c.status == Status.ACCEPTED))
        .order_by(_C.c.source, _C.c.source_id)
    )
    for row in connection.execute(complaints):
        if row.kind == Kind.TIP:
            yield tip_key(row.source, row.source_id), row, _quote(row.told or "", row.mention or "")
        else:
            yield memory_key(Asked(row.asked or "", row.org_number, None, row.source)), row, None
    # A tip is one question as a whole; the companies named beside its own follow from the answer.
    about = (_C.c.source == _M.c.source) & (_C.c.source_id == _M.c.source_id) & open_complaint
    mentions = (
        select(_M.c.source, _M.c.source_id, _M.c.role, _M.c.text.label("asked"), _M.c.member, _M.c.sentence, *reason)
        .join(_C, about)
        .join(_W, _W.c.hash == _M.c.why, isouter=True)
        .where(IS_MENTION_DOUBTFUL & (_C.c.kind != Kind.TIP))
        # A company that the case itself counts for may be named by another of its names: nothing hangs on that.
        .where(_M.c.member.is_(None) | _M.c.member.is_distinct_from(_C.c.member) | (_C.c.band == Band.REVIEW))
        .order_by(_M.c.source, _M.c.source_id)
    )
    for row in connection.execute(mentions):
        yield memory_key(Asked(row.asked, None, None, row.source, Role(row.role))), row, row.sentence


def _quote(text: str, mention: str) -> str | None:
    """Return the sentence of a tip's text in which the doubtful name stands; it is forgotten with the text."""
    start = text.find(mention) if mention else -1
    return mark_sentence(text, start, start + len(mention)) if start >= 0 else None


def record_answer(
    connection: Connection,
    question: Question,
    said: Said | str,
    member: str | None,
    *,
    who: str,
    why: str,
    at: datetime,
    version: str,
    everywhere: bool = False,
) -> None:
    """Write one answer down; nothing is ever overwritten."""
    row = ReviewAnswer(
        question=question.id,
        text=question.key.text,
        source="" if everywhere else question.key.source,
        role=question.key.role,
        said=str(said),
        member=member,
        who=who,
        why=why,
        at=at,
        version=version,
        shown=[candidate["member"] for candidate in question.candidates],
    )
    written = connection.execute(_A.insert().returning(_A.c.id), row.model_dump(exclude={"id"})).scalar_one()
    details = {"review_answer": written, "member": member}
    record_act(connection, f"review.{said}", question.id, who=who, at=at, why=why, details=details)


def find_answered(connection: Connection, asked: str) -> Question:
    """Return the question that was answered under this id, to take the answer back. Raises NoSuchQuestion."""
    row = connection.execute(select(_A).where(_A.c.question == asked).order_by(_A.c.id.desc()).limit(1)).first()
    if row is None:
        raise NoSuchQuestion(f"nothing was answered under {asked}; `koll export reviews` lists all answers")
    return Question(MemoryKey(row.text, row.source, Role(row.role)), row.text, "", [])


def load_answers(engine: Engine) -> dict[MemoryKey, Answer]:
    """Return the answers that hold now."""
    answers: dict[MemoryKey, Answer] = {}
    with engine.connect() as connection:
        for row in connection.execute(select(_A).order_by(_A.c.id)):
            key = MemoryKey(row.text, row.source, Role(row.role))
            if row.said == UNDONE:
                answers.pop(key, None)
            else:
                shown = tuple(row.shown)
                answers[key] = Answer(Said(row.said), row.member, row.who, row.at.date(), row.version, shown)
    return answers
