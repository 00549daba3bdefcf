"""What a decision needs to know about tonight, and what a mail needs besides. Plain data, counted elsewhere.

``Evaluation`` is light: one per (rule, member), made for the whole register. ``Findings`` is what a mail shows and
is only needed for the members that ``decide`` returned events for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from models.words import Outcome

Scope = Literal["country", "members"]


@dataclass(frozen=True)
class Window:
    """The days a count covers, both ends included."""

    start: date
    end: date

    @classmethod
    def read(cls, written: Mapping[str, str]) -> "Window":
        """Return the window that is written as ISO dates under "from" and "to"."""
        return cls(date.fromisoformat(written["from"]), date.fromisoformat(written["to"]))


@dataclass(frozen=True)
class SourceState:
    """How one source stands tonight. ``complete_through`` is None until it has been read once.

    ``late`` means that ``complete_through`` is older than ``max_age_days``, or that there is none.
    """

    name: str
    title: str
    complete_through: date | None
    last_read: datetime | None
    verdict: str
    late: bool
    max_age_days: int
    missing_days: tuple[date, ...] = ()


@dataclass(frozen=True)
class ChangedRow:
    """A complaint that counted when an alert went out and no longer does (or the other way), and why.

    ``why`` is "duplicate", "moved" (to another member), "withdrawn" or "changed" (its date or channel); for one that
    counts now and did not then, "added" or "moved_here" (from another member, or nobody).
    """

    source: str
    source_id: str
    why: str


@dataclass(frozen=True)
class Recount:
    """The window of the last mail about an alert, counted again as known now. See ``ledger.alerted_windows``.

    ``p`` is that of a rise, tested again on the same days.
    """

    event_id: str
    count: int
    removed: tuple[ChangedRow, ...] = ()
    added: tuple[ChangedRow, ...] = ()
    p: float | None = None


@dataclass(frozen=True)
class RiseTest:
    """How likely a member's count is if nothing has changed. ``p`` is the smallest of the rule's windows.

    ``before`` complaints in ``before_window``; ``expected`` is what they make expect in the window of the count.
    ``holds`` by the rule's threshold and least count; ``q`` is the false share among all tested tonight. With
    ``held`` too much of the window is missing to say anything. ``without_late`` and ``without_moved`` say whether it
    would hold without the rows that an import or a rematch brought tonight.
    """

    p: float
    q: float
    threshold: float
    before: int
    before_window: Window
    expected: float
    holds: bool
    held: bool = False
    without_late: bool = True
    without_moved: bool = True


@dataclass(frozen=True)
class Place:
    """A member's place among the members with any complaint; ``before`` leaves out what came late, or was moved."""

    position: int
    of: int
    without_late: int
    without_moved: int


@dataclass(frozen=True)
class FirstComplaint:
    """A member's first complaint of a rule's kind, on ``day``; ``before`` is the last one until then, if any."""

    rule_id: str
    member: str
    channel: str
    day: date
    before: date | None
    watermark: date
    moved: bool = False


@dataclass(frozen=True)
class Batch:
    """What a source told tonight beside its own recent nights: new rows, and P(so few), P(so many).

    ``code`` names the check that refused it; then nothing of it was stored.
    """

    source: str
    rows: int
    usual: float
    p_low: float = 1.0
    p_high: float = 1.0
    code: str = ""


@dataclass(frozen=True)
class Evaluation:
    """One rule on one member tonight.

    ``channel`` is the rule's ("any" or a channel). ``stale`` says that a source the rule counts on is late.
    ``count_without_late_rows`` leaves out rows that are new tonight and older than the late horizon before the
    watermark; ``count_without_moved_rows`` leaves out rows that are not new but count for this member only since
    tonight (a rematch, a merge; these are ``moved_rows``). Both are ``count`` where nothing of the kind happened.
    ``test`` is a rise's, ``place`` a rank's, ``whole`` what a share is of.
    """

    rule_id: str
    member: str
    channel: str
    count: int
    window: Window
    watermark: date
    stale: bool = False
    count_without_late_rows: int | None = None
    count_without_moved_rows: int | None = None
    newest_received: date | None = None
    recount: Recount | None = None
    moved_rows: tuple[ChangedRow, ...] = ()
    test: RiseTest | None = None
    place: Place | None = None
    whole: int | None = None
    whole_without_late: int | None = None
    whole_without_moved: int | None = None


@dataclass(frozen=True)
class Decision:
    """One board case accepted for a member, as known tonight. ``moved``: known before, but not as this member's."""

    source: str
    case_number: str
    member: str
    outcome: Outcome
    decided_on: date | None
    url: str | None = None
    moved: bool = False


@dataclass(frozen=True)
class Due:
    """What a member owes under a deadline rule: the declaration for one business year, due ``on`` a day.

    ``received_on`` is None while nothing is accepted. ``waiting``: something has come in and is in quarantine.
    """

    rule_id: str
    member: str
    year: int
    start: date
    end: date
    on: date
    received_on: date | None = None
    waiting: bool = False


@dataclass(frozen=True)
class OpenCase:
    """The ladder's open case for a member; ``steps`` are all that were taken, each with its day."""

    number: int
    step: str
    opened_on: date
    deadline: date | None = None
    steps: tuple[tuple[str, date], ...] = ()
    follow_up_on: date | None = None
    next_step: str | None = None

    @property
    def last_taken(self) -> tuple[str, date]:
        """The last step of the ladder, and its day; a reply is the member's own."""
        taken = [one for one in self.steps if one[0] != "reply"]
        return taken[-1] if taken else (self.step, self.opened_on)


@dataclass(frozen=True)
class FollowUpDue:
    """A demand whose follow-up is due: ``subject`` is "case/position", ``comparison`` what models.cases finds."""

    member: str
    subject: str
    comparison: Mapping[str, Any]


@dataclass(frozen=True)
class MemberFacts:
    """Who a member is. ``member`` is its id, already masked for a sole trader; ``contact`` is where mail reaches it."""

    member: str
    name: str
    size: int | None = None
    size_unit: str | None = None
    left_on: date | None = None
    open_case: OpenCase | None = None
    contact: str | None = None


@dataclass(frozen=True)
class Night:
    """Everything about tonight that decides, besides the rules and the ledger.

    ``evaluations``: one per limit rule and member with a count, and one for each of ``ledger.watched`` even at zero:
    an alert without its evaluation is held. ``decisions``: *all* accepted board cases of members as known now, not
    only new ones: one that is gone is retracted. ``members``: everybody in the register, also those who left.
    ``firsts`` and ``batches`` are for the rules of these names; ``budgets`` has the p that keeps a rise rule within
    its budget of false alerts, by rule id; ``follow_ups`` are the demands that wait for one. ``dues``: everything owed
    that a deadline rule asks for by now or has an alert about; None when what has come in could not be read, so that
    nobody is said to be late. ``missed``: the days before tonight on which no night was run.
    """

    business_date: date
    run_id: str
    known_at: datetime
    now: datetime
    members: Mapping[str, MemberFacts]
    sources: Mapping[str, SourceState]
    evaluations: tuple[Evaluation, ...] = ()
    decisions: tuple[Decision, ...] = ()
    firsts: tuple[FirstComplaint, ...] = ()
    batches: tuple[Batch, ...] = ()
    budgets: Mapping[str, float] = field(default_factory=dict)
    follow_ups: tuple[FollowUpDue, ...] = ()
    dues: tuple[Due, ...] | None = ()
    missed: Window | None = None


@dataclass(frozen=True)
class Rank:
    """A place in a list. "country" only where the source names all companies; ``source`` is then its title."""

    channel: str
    position: int
    of: int
    scope: Scope
    source: str | None = None


@dataclass(frozen=True)
class Findings:
    """What a mail shows of one member under one rule, in the rule's window.

    ``by_channel`` covers every channel whatever the rule's own, so its values add up to ``total``. ``weekly`` is the
    last 26 weeks up to the watermark, oldest first, for the rule's channel; None where days are missing.
    ``new_by_source`` is what came since the last mail, in the rule's channel. ``by_source_channel`` has each source's
    own figures by channel: what people compare with what the source itself says. ``weekly_by_channel`` is for rules
    on several channels. ``new_before_step``: how many of the new ones tell of an event before the last step of the
    member's open case; None where there is nothing new, or no case. ``open_board_cases`` are those without an outcome
    yet; ``declared`` the last declaration's business year, and the day it came in.
    """

    total: int
    by_source: Mapping[str, int] = field(default_factory=dict)
    by_channel: Mapping[str, int] = field(default_factory=dict)
    by_source_channel: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    ranks: tuple[Rank, ...] = ()
    weekly: tuple[int | None, ...] = ()
    newest_received: date | None = None
    new_by_source: Mapping[str, int] = field(default_factory=dict)
    waiting_for_review: int = 0
    linked: int = 0
    perhaps_linked: int = 0
    weekly_by_channel: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)
    new_before_step: int | None = None
    open_board_cases: tuple[str, ...] = ()
    declared: tuple[int, date] | None = None


def find_watermark(names: Iterable[str], sources: Mapping[str, SourceState]) -> tuple[date | None, bool]:
    """Return (watermark, stale) of a rule that counts on ``names``.

    The watermark is the oldest complete-through of the sources that are not late; a late one is left out and makes the
    rule stale. With only late ones it is the newest they reach: what exists is counted. None: nothing was ever read.
    """
    states = [sources[name] for name in names if name in sources]
    fresh = [state.complete_through for state in states if state.complete_through and not state.late]
    old = [state.complete_through for state in states if state.complete_through]
    stale = any(state.late or state.complete_through is None for state in states)
    if fresh:
        return min(fresh), stale
    return (max(old) if old else None), stale
