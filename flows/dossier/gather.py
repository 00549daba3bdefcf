"""What a dossier is made from: the case, what its steps froze, and the same counted again as known today."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select

from flows.cases import ask_figures, compare_times, find_member, require_case
from flows.looking.standing import pick_country_source
from flows.workplace import Workplace
from models.alerting.evaluation import SourceState, Window
from models.cases.chain import load_cases
from models.cases.evidence import Question, count_figures
from models.cases.steps import Case, Step, StepKind
from models.counting import Scope, find_first_days, list_counted
from models.declarations.facts import DeclaredFacts, Observer, gather_facts
from models.declarations.keeping import list_declared
from models.storage.tables import Member, Parsed

_M: Table = Member.__table__  # type: ignore[attr-defined]
_P: Table = Parsed.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Gathered:
    """Everything a dossier says, before it is put into words.

    ``today`` has the figures of each step's own window as known now, by position. ``days`` are the member's
    complaints over the timeline, as (day, by telephone); ``told`` the days that its main source has told of.
    """

    case: Case
    name: str
    org: str
    on: date
    known_at: datetime
    today: Mapping[int, Mapping[str, Any]]
    sources: Mapping[str, SourceState]
    comparison: Mapping[str, Any] | None
    compared_on: date | None
    days: tuple[tuple[date, bool], ...]
    span: Window
    told: Window
    declared: DeclaredFacts | None = None

    @property
    def last(self) -> Step:
        """The step whose figures the dossier is about: the last one that was taken."""
        return self.case.last


def gather(place: Workplace, asked: str, number: int | None = None, on: date | None = None) -> Gathered:
    """Gather a case of a member, the last one by default, as known now. Raises StepRefused when there is none."""
    day = on or place.today()
    with place.engine.connect() as connection:
        member = find_member(place, connection, asked)
        case = require_case(load_cases(connection, member).get(member, []), number)
        row = connection.execute(select(_M).where(_M.c.member == member)).first()
        question = ask_figures(place, connection, member, day)
        country = pick_country_source(place, connection)
        comparison, compared_on = _compare(place, connection, case, day)
        span, told = _lay_timeline(connection, case, question)
        scope = Scope(span, tuple(question.sources))
        counted = list_counted(connection, scope, member)
        return Gathered(
            case=case,
            name=row.legal_name if row else case.steps[-1].evidence.get("name") or "",
            org=member,
            on=day,
            known_at=place.clock(),
            today={step.position: _recount(connection, step, question, country) for step in case.steps},
            sources=question.sources,
            comparison=comparison,
            compared_on=compared_on,
            days=tuple((when, channel == "phone") for _, _, when, channel in counted if when),
            span=span,
            told=told,
            declared=_find_declared(connection, member),
        )


def _compare(
    place: Workplace, connection: Connection, case: Case, day: date
) -> tuple[Mapping[str, Any] | None, date | None]:
    """Return the last follow-up that was frozen, with its day; else how it stands today, once a demand was made."""
    done = next((step for step in reversed(case.ladder) if step.kind is StepKind.FOLLOW_UP), None)
    if done is not None and (case.demand is None or done.position > case.demand.position):
        return done.evidence.get("follow_up"), done.on
    return compare_times(place, connection, case, day), None


def _recount(connection: Connection, step: Step, question: Question, country: str | None) -> Mapping[str, Any]:
    """Return the figures of a step's window, from the sources it counted, as known now."""
    window = Window.read(step.evidence["window"])
    names = tuple(step.evidence["sources"])
    same = {name: state for name, state in question.sources.items() if name in names}
    asked = replace(question, sources=same, country=country)
    return count_figures(connection, Scope(window, names), asked)


def _lay_timeline(connection: Connection, case: Case, question: Question) -> tuple[Window, Window]:
    """Return (the days to draw, the days that the source with most of the member's complaints has told of)."""
    frozen = case.last.evidence
    counts = frozen["by_source"]
    main = max(counts, key=lambda name: (counts[name], name), default=None)
    start = Window.read(case.steps[0].evidence["window"]).start
    end = max(case.steps[-1].on, Window.read(frozen["window"]).end)
    if main is None:
        return Window(start, end), Window(start, end)
    first = _find_first_told(connection, main) or find_first_days(connection, [main]).get(main, start)
    state = question.sources.get(main)
    last = state.complete_through if state and state.complete_through else end
    # A little of what came before the source began is drawn, so that it is seen that nothing was told.
    return Window(max(start, date.fromordinal(first.toordinal() - 28)), end), Window(first, last)


def _find_first_told(connection: Connection, source: str) -> date | None:
    """Return the first day that a source's files say they cover; None for one whose objects cover no period."""
    return connection.execute(select(func.min(_P.c.first_day)).where(_P.c.source == source)).scalar()


def _find_declared(connection: Connection, member: str) -> DeclaredFacts | None:
    """Return a member's newest declaration beside what was observed in the same year; None while there is none."""
    years = [year for who, year in list_declared(connection) if who == member]
    return gather_facts(Observer(connection), member, max(years)) if years else None
