"""What a member has declared beside what was observed in the same business year: sizes, and never a verdict.

The two do not measure the same: a member counts what consumers have told it, the sources what consumers have told an
authority, a board or the association. A difference is something to ask about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from models.alerting.evaluation import Window
from models.counting import Scope, Tally, count_members, find_first_days, read_watermarks
from models.declarations.draft import Answer
from models.declarations.due import business_year
from models.declarations.form import DeclarationForm, FormUnknown, load_form
from models.declarations.keeping import list_declared, list_versions_of, load_current
from models.declarations.rates import Rate, rate_of
from models.storage.tables import Declaration, Member, SourceNight
from models.words import Channel

_D: Table = Declaration.__table__  # type: ignore[attr-defined]
_M: Table = Member.__table__  # type: ignore[attr-defined]
_S: Table = SourceNight.__table__  # type: ignore[attr-defined]


class MemberUnknown(LookupError):
    """The register has no such member."""


@dataclass(frozen=True)
class Compared:
    """One channel, or "any" for all: ``declared`` is None where the form does not ask or nothing was answered."""

    channel: str
    declared: int | None
    observed: int
    declared_rate: Rate | None = None
    observed_rate: Rate | None = None

    @property
    def difference(self) -> int | None:
        """Observed less declared."""
        return None if self.declared is None else self.observed - self.declared


@dataclass(frozen=True)
class ChangedAnswer:
    """An answer that differs from the year before; both None where the question is private."""

    question: str
    sv: str
    en: str
    before: Answer | None
    now: Answer | None
    private: bool = False


@dataclass(frozen=True)
class DeclaredFacts:
    """One member and business year. ``received_on`` is None while nothing is declared; then only the observed is told.

    ``observed`` figures are events as the product counts them everywhere; by channel they are lower bounds.
    ``complete``: every source of complaints has told of the whole period; otherwise the observed can only grow.
    ``untold`` are sources that have been tried and never told anything; ``told_from`` is the first day that the source
    with most of the member's complaints tells of, or that any does while there are none: before it nothing is known.
    ``answers`` leave out what names a person. ``versions``: how many times it was handed in with other answers.
    """

    member: str
    name: str
    year: int
    period: Window
    observed: Compared
    channels: tuple[Compared, ...]
    by_source: Mapping[str, int]
    complete_through: Mapping[str, date]
    untold: tuple[str, ...] = ()
    told_from: date | None = None
    form: str | None = None
    received_on: date | None = None
    calls: int | None = None
    changed: tuple[ChangedAnswer, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    versions: int = 0

    @property
    def told(self) -> bool:
        """Whether anything of the period is told at all; otherwise what was observed is unknown, not zero."""
        return self.told_from is not None and self.told_from <= self.period.end

    @property
    def complete(self) -> bool:
        """Whether all sources of complaints have told of the whole period."""
        told = bool(self.complete_through) and not self.untold
        return told and min(self.complete_through.values()) >= self.period.end


class Observer:
    """Counts what was observed, each period once for all members."""

    def __init__(self, connection: Connection, known_at: datetime | None = None) -> None:
        self.connection, self.known_at = connection, known_at
        self._tallies: dict[Window, dict[str, Tally]] = {}
        self._begins: dict[str, date] | None = None
        asked = select(_D.c.source).distinct()
        handed_in = {row.source for row in connection.execute(asked)}
        through = read_watermarks(connection, known_at)
        self.complete_through = {name: day for name, day in sorted(through.items()) if name not in handed_in}
        tried = {row.source for row in connection.execute(select(_S.c.source).distinct())}
        self.untold = tuple(sorted(tried - handed_in - set(through)))

    def count(self, member: str, period: Window) -> Tally:
        """Return a member's tally in a period."""
        if period not in self._tallies:
            scope = Scope(period, known_at=self.known_at)
            self._tallies[period] = count_members(self.connection, scope)
        return self._tallies[period].get(member, Tally())

    def find_begin(self, member: str) -> date | None:
        """Return the first day told of by the source with most of a member's complaints, or by any."""
        if self._begins is None:
            self._begins = find_first_days(self.connection, self.complete_through, self.known_at)
        ever = self.count(member, Window(min(self._begins.values(), default=date.max), date.max)).by_source
        main = max(ever, key=lambda name: (ever[name], name), default=None)
        return self._begins.get(main) if main else min(self._begins.values(), default=None)


def gather_facts(observer: Observer, member: str, year: int) -> DeclaredFacts:
    """Return what a member declared for a business year and what was observed in it. Raises MemberUnknown."""
    connection = observer.connection
    register = connection.execute(select(_M).where(_M.c.member == member)).first()
    row = load_current(connection, member, year, observer.known_at)
    if register is None and row is None:
        raise MemberUnknown(f"{member}: no such member; `koll members list` shows them")
    asked = business_year(register.year_end if register else None, year)
    period = Window(row.period_from, row.period_to) if row else Window(asked.start, asked.end)
    tally = observer.count(member, period)
    answers: Mapping[str, Answer] = row.answers if row else {}
    form = _open_form(row)
    calls = _measure(form, answers, "calls")
    before = load_current(connection, member, year - 1, observer.known_at) if row else None
    return DeclaredFacts(
        member=member,
        name=register.legal_name if register else member,
        year=year,
        period=period,
        observed=_compare("any", _measure(form, answers, "complaints"), tally, calls),
        channels=tuple(
            _compare(channel, declared, tally, calls)
            for channel in Channel
            if (declared := _measure(form, answers, "complaints", channel)) is not None or tally.of(channel)
        ),
        by_source=dict(sorted(tally.by_source.items())),
        complete_through=observer.complete_through,
        untold=observer.untold,
        told_from=observer.find_begin(member),
        form=row.form if row else None,
        received_on=row.received_on if row else None,
        calls=calls,
        changed=_list_changed(form, answers, before),
        answers={key: value for key, value in answers.items() if not _is_private(form, key)},
        versions=len(list_versions_of(connection, member, year)) if row else 0,
    )


def gather_newest(connection: Connection, known_at: datetime | None = None) -> dict[str, DeclaredFacts]:
    """Return the facts of each member's newest declaration, by member."""
    newest = dict(list_declared(connection, known_at))  # by member and year, so that the last year stands
    observer = Observer(connection, known_at)
    return {member: gather_facts(observer, member, year) for member, year in newest.items()}


def _open_form(row: Row[Any] | None) -> DeclarationForm | None:
    try:
        return load_form(row.form) if row else None
    except FormUnknown:  # a version that was taken out of the repository: its answers are still kept
        return None


def _measure(
    form: DeclarationForm | None, answers: Mapping[str, Answer], what: str, channel: str | None = None
) -> int | None:
    """Return the answer to the question that measures something, or None."""
    for question in form.questions if form else ():
        if question.measure == what and question.channel == channel:
            answer = answers.get(question.id)
            return answer if isinstance(answer, int) else None
    return None


def _compare(channel: str, declared: int | None, tally: Tally, calls: int | None) -> Compared:
    """Set one channel's figures side by side; calls are the exposure for what came by telephone, and for all."""
    observed = tally.of(channel)
    if channel not in ("any", Channel.PHONE):
        calls = None
    return Compared(channel, declared, observed, rate_of(declared, calls), rate_of(observed, calls))


def _is_private(form: DeclarationForm | None, question_id: str) -> bool:
    question = form.question(question_id) if form else None
    return question is None or question.private


def _list_changed(
    form: DeclarationForm | None, answers: Mapping[str, Answer], before: Row[Any] | None
) -> tuple[ChangedAnswer, ...]:
    """Return the answers that differ from the year before, in the form's order; a question that is new has none."""
    earlier = _open_form(before)
    if form is None or earlier is None or before is None:
        return ()
    changed = []
    for question in form.questions:
        was, now = before.answers.get(question.id), answers.get(question.id)
        if was != now and earlier.question(question.id) is not None:
            shown = (None, None) if question.private else (was, now)
            changed.append(ChangedAnswer(question.id, question.sv, question.en, shown[0], shown[1], question.private))
    return tuple(changed)
