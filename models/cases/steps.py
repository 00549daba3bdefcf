"""The ladder: which step may follow which, and why one is refused. Pure; the rows are kept elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from models.alerting.evaluation import OpenCase


class StepKind(StrEnum):
    """What is done in a case. A reply is the member's own and moves nothing."""

    NOTICE = "notice"
    DEMAND = "demand"
    FOLLOW_UP = "follow_up"
    BOARD = "board"
    EXCLUSION = "exclusion"
    CLOSING = "closing"
    REPLY = "reply"


ENDS = (StepKind.EXCLUSION, StepKind.CLOSING)
_LONGEST_DEADLINE = 366  # days; a later one is a slip of the pen
_OLDEST_STEP = 3660  # days
# A demand may be made again with a new deadline, a follow-up again on a later day.
_AFTER: Mapping[StepKind, tuple[StepKind, ...]] = {
    StepKind.DEMAND: (StepKind.NOTICE, StepKind.DEMAND, StepKind.FOLLOW_UP, StepKind.BOARD),
    StepKind.FOLLOW_UP: (StepKind.DEMAND, StepKind.FOLLOW_UP),
    StepKind.BOARD: (StepKind.FOLLOW_UP,),
    StepKind.EXCLUSION: (StepKind.BOARD,),
    StepKind.CLOSING: (StepKind.NOTICE, StepKind.DEMAND, StepKind.FOLLOW_UP, StepKind.BOARD),
}


class StepRefused(ValueError):
    """The step cannot be taken; the text says why, and what can be done instead. Nothing was written."""


@dataclass(frozen=True)
class Step:
    """One row of a case. ``named`` are the keyed hashes of whom a reply's words named before they were masked."""

    kind: StepKind
    on: date
    who: str = ""
    why: str = ""
    position: int = 0
    at: datetime | None = None
    deadline: date | None = None
    follow_up_on: date | None = None
    text: str = ""
    text_print: str = ""
    named: frozenset[str] = frozenset()
    attachment: str | None = None
    contested: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    previous: str = ""
    hash: str = ""

    @property
    def is_erased(self) -> bool:
        """Whether there were words that have been erased since."""
        return bool(self.text_print) and not self.text

    def repeats(self, other: "Step") -> bool:
        """Whether this is ``other`` said again: the same step, day and deadline, the same words of a reply."""
        mine = (self.kind, self.on, self.deadline, self.text, self.contested, self.attachment)
        return mine == (other.kind, other.on, other.deadline, other.text, other.contested, other.attachment)


@dataclass(frozen=True)
class Case:
    """A member's case as it stands."""

    member: str
    number: int
    steps: tuple[Step, ...]

    @property
    def ladder(self) -> tuple[Step, ...]:
        """The steps without replies."""
        return tuple(step for step in self.steps if step.kind is not StepKind.REPLY)

    @property
    def last(self) -> Step:
        """The step it stands at."""
        return self.ladder[-1]

    @property
    def is_open(self) -> bool:
        """Whether it has neither been closed nor led to exclusion."""
        return self.last.kind not in ENDS

    @property
    def demand(self) -> Step | None:
        """The demand that holds: the last one."""
        return next((step for step in reversed(self.ladder) if step.kind is StepKind.DEMAND), None)

    @property
    def replies(self) -> tuple[Step, ...]:
        """What the member has answered."""
        return tuple(step for step in self.steps if step.kind is StepKind.REPLY)

    @property
    def contested(self) -> frozenset[str]:
        """The complaints ("source id") that the member says are not about it, in any reply."""
        return frozenset(one for reply in self.replies for one in reply.contested)

    @property
    def next_step(self) -> StepKind | None:
        """What the ladder proposes next; nothing when the case has ended."""
        return {
            StepKind.NOTICE: StepKind.DEMAND,
            StepKind.DEMAND: StepKind.FOLLOW_UP,
            StepKind.FOLLOW_UP: StepKind.BOARD,
            StepKind.BOARD: StepKind.EXCLUSION,
        }.get(self.last.kind)


def describe_open(case: Case) -> OpenCase:
    """Return what alerts and mail need to know of an open case."""
    demand = case.demand
    waits = case.last.kind is StepKind.DEMAND
    return OpenCase(
        number=case.number,
        step=str(case.last.kind),
        opened_on=case.steps[0].on,
        deadline=demand.deadline if demand else None,
        steps=tuple((str(step.kind), step.on) for step in case.steps),
        follow_up_on=demand.follow_up_on if demand and waits else None,
        next_step=str(case.next_step) if case.next_step else None,
    )


def is_repeated(case: Case | None, step: Step) -> bool:
    """Whether ``step`` has been taken already, so that a command given twice writes nothing."""
    if case is None or (step.kind is StepKind.NOTICE and not case.is_open):
        return False
    return any(step.repeats(one) for one in case.steps)


def check_step(case: Case | None, step: Step, *, today: date, grace_days: int) -> None:
    """Raise StepRefused unless ``step`` may be taken now. ``case`` is the member's last one, open or not.

    A notice opens a case; every other step needs an open one. ``today`` bounds the day of the step.
    """
    _check_why(step)
    if step.on > today:
        raise StepRefused(f"{step.on} has not come yet: a step is dated today ({today}) or earlier")
    if (today - step.on).days > _OLDEST_STEP:
        raise StepRefused(f"{step.on} is more than ten years ago: give the day it was done with --date")
    if step.kind is StepKind.NOTICE:
        _check_opening(case, step)
        return
    if case is None or not case.is_open:
        how = f"the last one ended with {case.last.kind} on {case.last.on}" if case else "there is none"
        raise StepRefused(f"no open case for this member ({how}): open one with `koll case open MEMBER --why ...`")
    newest = case.steps[-1] if step.kind is StepKind.REPLY else case.last
    first = case.steps[0].on if step.kind is StepKind.REPLY else newest.on
    if step.on < first:
        raise StepRefused(f"{step.on} is before the {newest.kind} of {newest.on}: give a --date from then on")
    if step.kind is StepKind.REPLY:
        return
    if case.last.kind not in _AFTER[step.kind]:
        allowed = [kind for kind, before in _AFTER.items() if case.last.kind in before]
        raise StepRefused(
            f"{step.kind} cannot follow {case.last.kind} (of {case.last.on}): it comes after"
            f" {' or '.join(_AFTER[step.kind])}. What can be done now: {', '.join(allowed)}"
        )
    if step.kind is StepKind.DEMAND:
        _check_deadline(step)
    elif step.deadline is not None:
        raise StepRefused(f"a deadline belongs to a demand, not to {step.kind}: leave --deadline out")
    if step.kind is StepKind.FOLLOW_UP:
        _check_follow_up(case, step, grace_days)


def _check_why(step: Step) -> None:
    if step.kind is StepKind.REPLY:
        if not step.text.strip():
            raise StepRefused("what did the member answer? Give it with --text")
    elif not step.why.strip():
        raise StepRefused("say why with --why: it stands in the case for good")


def _check_opening(case: Case | None, step: Step) -> None:
    if step.deadline is not None:
        raise StepRefused("a deadline belongs to a demand: open the case with a notice, then `koll case step`")
    if case is None:
        return
    if case.is_open:
        raise StepRefused(
            f"a case is open since {case.steps[0].on}, at {case.last.kind}: go on with `koll case step`, or end it"
            " with `koll case close`"
        )
    if step.on < case.last.on:
        raise StepRefused(f"{step.on} is before the last case ended ({case.last.on}): give a --date from then on")


def _check_deadline(step: Step) -> None:
    if step.deadline is None:
        raise StepRefused("a demand needs the last day to comply: give it with --deadline YYYY-MM-DD")
    if step.deadline <= step.on:
        raise StepRefused(f"the deadline {step.deadline} is not after the demand of {step.on}: give a later one")
    if (step.deadline - step.on).days > _LONGEST_DEADLINE:
        raise StepRefused(f"the deadline {step.deadline} is more than a year after the demand: is the year right?")


def _check_follow_up(case: Case, step: Step, grace_days: int) -> None:
    demand = case.demand
    assert demand is not None and demand.deadline is not None
    first = date.fromordinal(demand.deadline.toordinal() + grace_days + 1)
    if step.on < first:
        raise StepRefused(
            f"the demand's deadline is {demand.deadline}, and complaints count as after it from {first}"
            f" ({grace_days} days of grace): follow up from then on; {demand.follow_up_on} is proposed"
        )
    if case.last.kind is StepKind.FOLLOW_UP and step.on == case.last.on:
        raise StepRefused(f"followed up on {case.last.on} already: see `koll case show`, or do it again another day")


def pick_case(cases: Sequence[Case], number: int | None = None) -> Case | None:
    """Return the case with this number, or the last one."""
    if number is None:
        return cases[-1] if cases else None
    return next((case for case in cases if case.number == number), None)
