"""Answers to review questions: checked against the register, written down at once, counted anew when all are given."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from flows.intake.known_members import load_members
from flows.one_writer import NightUnderWay
from flows.review.questions import (
    UNDONE,
    NoSuchQuestion,
    Question,
    find_answered,
    list_questions,
    load_answers,
    pick_question,
    record_answer,
)
from flows.workplace import Workplace
from models.matching.memory import Said
from models.members.org_number import OrgNumberInvalid, member_id, read_org_number
from models.storage.store import writing

Log = Callable[[str], None]


class AnswerRefused(ValueError):
    """An answer that cannot be taken; the text says why and what to say instead."""


@dataclass(frozen=True)
class Answer:
    """What a person says of a question: ``said`` is a ``Said`` or ``UNDONE``; ``member`` whom, where one is meant."""

    question: Question
    said: str
    member: str | None = None
    why: str = ""
    everywhere: bool = False

    def __str__(self) -> str:
        """Return ``0a1b2c3d4e: member 5590216296``."""
        return f"{self.question.id}: {self.said}{f' {self.member}' if self.member else ''}"


class Desk:
    """Where one person answers; ``count_anew`` carries the answers into the links.

    Each is written down at once, or with ``together`` kept until ``write_kept``: those of a workbook stand together.
    """

    def __init__(self, place: Workplace, who: str, *, together: bool = False) -> None:
        from flows.intake.matching import make_matcher

        self.place = place
        self.who = who
        self.names = {member.member: member.legal_name for member in load_members(place.engine)}
        self.matcher = make_matcher(place)
        self._together = together
        self._kept: list[Answer] = []

    def list_open(self) -> list[Question]:
        """Return what waits for an answer, most complaints first."""
        with self.place.engine.connect() as connection:
            return list_questions(connection)

    def find(self, asked: str) -> Question:
        """Return the open question whose id begins so. Raises NoSuchQuestion."""
        return pick_question(self.list_open(), asked)

    def has_answer(self, asked: str) -> bool:
        """Whether a question has an answer that holds."""
        if any(answer.question.id == asked for answer in self._kept):
            return True
        with self.place.engine.connect() as connection:
            try:
                key = find_answered(connection, asked).key
            except NoSuchQuestion:
                return False
        return key in load_answers(self.place.engine)

    def accept(self, question: Question, member: str | None, why: str = "", *, everywhere: bool = False) -> Answer:
        """Say which member is meant, the likeliest by default; of a pair, that it is one event."""
        if question.is_pair:
            return self._record(Answer(question, Said.MEMBER, None, why, everywhere))
        likeliest = next((candidate["member"] for candidate in question.candidates), None)
        chosen = self._read_member(member) or likeliest
        if chosen not in self.names:
            raise AnswerRefused(f"{chosen or 'nobody'}: no such member; name one of `koll members list`")
        return self._record(Answer(question, Said.MEMBER, chosen, why, everywhere))

    def reject(self, question: Question, member: str | None, why: str = "", *, everywhere: bool = False) -> Answer:
        """Say that it is not this member, or none at all; of a pair, that they are two events."""
        chosen = self._read_member(member)
        return self._record(Answer(question, Said.NOT_MEMBER, chosen, why, everywhere))

    def _read_member(self, written: str | None) -> str | None:
        """Return the id of a member written by its id or its number, as the register writes it; else as it stands."""
        told = (written or "").strip()
        if not told or told in self.names:
            return told or None
        with suppress(OrgNumberInvalid):
            return member_id(read_org_number(told, self.place.settings.country.scheme), self.place.hash_key)
        return told

    def doubt(self, question: Question, why: str = "", *, everywhere: bool = False) -> Answer:
        """Say that nobody can tell: it counts for nobody and is not asked again."""
        return self._record(Answer(question, Said.AMBIGUOUS, None, why, everywhere))

    def undo(self, asked: str, why: str = "") -> Answer:
        """Take the last answer to a question back. Raises NoSuchQuestion when there is none."""
        with self.place.engine.connect() as connection:
            question = find_answered(connection, asked)
        return self._record(Answer(question, UNDONE, None, why))

    def count_anew(self, log: Log) -> str:
        """Link again what the answers touch, and return what came of it; a night under way leaves it to the next."""
        from flows.night import run_relink

        try:
            with self.place.exclusively():
                return f"{run_relink(self.place, self.matcher, log)} complaint(s) are linked otherwise now"
        except NightUnderWay:
            return "a run is under way: what was answered is kept, and counted when the next one matches"

    def write_kept(self, connection: Connection) -> None:
        """Write down, in the caller's transaction, what was kept until now."""
        for answer in self._kept:
            self._write(connection, answer)
        self._kept = []

    def _record(self, answer: Answer) -> Answer:
        if self._together:
            self._kept.append(answer)
            return answer
        with writing(self.place.engine) as connection:
            self._write(connection, answer)
        return answer

    def _write(self, connection: Connection, answer: Answer) -> None:
        record_answer(
            connection,
            answer.question,
            answer.said,
            answer.member,
            who=self.who,
            why=answer.why,
            at=self.place.clock(),
            version=self.matcher.version,
            everywhere=answer.everywhere,
        )
