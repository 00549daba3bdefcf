"""What the staff page shows, gathered from the database as one reading: members, sources, nights, rules. No HTML."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, select

from flows.looking.exports import Asked, export_counts
from flows.looking.standing import load_source_states
from flows.looking.status import list_alert_states
from flows.workplace import Workplace
from models.alerting.evaluation import SourceState, Window
from models.alerting.ledger.ledger import Standing
from models.alerting.tables import AlertEventRow
from models.cases.chain import load_cases
from models.cases.steps import Case
from models.counting import Scope, list_days
from models.declarations.facts import DeclaredFacts, gather_newest
from models.storage.tables import Complaint, Member, Run, SourceNight, Why
from models.words import Band, Status

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_W: Table = Why.__table__  # type: ignore[attr-defined]
_N: Table = SourceNight.__table__  # type: ignore[attr-defined]
_R: Table = Run.__table__  # type: ignore[attr-defined]
_A: Table = AlertEventRow.__table__  # type: ignore[attr-defined]
_M: Table = Member.__table__  # type: ignore[attr-defined]

WEEKS = 52
CALENDAR_DAYS = 84
MONTH = timedelta(days=30)
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Week:
    """One calendar week: complaints by channel, how many the twelve months to its end hold, and whether days lack."""

    start: date
    by_channel: Mapping[str, int]
    rolling: int
    missing: bool

    @property
    def total(self) -> int:
        """All channels."""
        return sum(self.by_channel.values())


@dataclass(frozen=True)
class ShownComplaint:
    """One complaint as staff see it: facts and the reason for the match, never its text."""

    source: str
    source_id: str
    day: date | None
    channel: str
    outcome: str | None
    url: str | None
    band: str
    rule: str
    why: str


SILENCED = "silenced"


@dataclass
class MemberPage:
    """Everything one member's page shows. ``counts`` are those of ``koll export counts``."""

    row: Any
    counts: dict[str, Any]
    month_ago: int
    alerts: list[dict[str, Any]] = field(default_factory=list)
    weeks: list[Week] = field(default_factory=list)
    complaints: list[ShownComplaint] = field(default_factory=list)
    levels: tuple[int, ...] = ()
    cases: list[Case] = field(default_factory=list)
    declared: DeclaredFacts | None = None

    @property
    def member(self) -> str:
        """The member's id."""
        return str(self.row.member)

    @property
    def change(self) -> int:
        """How many more (or fewer) complaints the twelve months hold than those that ended a month earlier."""
        return int(self.counts["total"]) - self.month_ago

    @property
    def waiting(self) -> int:
        """How many mentions wait for a person's answer."""
        return sum(shown.band == Band.REVIEW for shown in self.complaints)

    @property
    def opened(self) -> int:
        """How many alerts nobody has answered."""
        return sum(alert["standing"] == Standing.OPEN for alert in self.alerts)

    def concern(self) -> tuple[bool, float, int, int, str]:
        """Return what the members are sorted by: an open alert, how far over its limits, growth, size, name."""
        total = int(self.counts["total"])
        over = total / self.levels[0] if self.levels else 0.0
        return (not self.opened, -over, -self.change, -total, str(self.row.legal_name).casefold())


@dataclass(frozen=True)
class PageFacts:
    """One reading of everything the pages show."""

    made_at: datetime
    business_date: date
    members: list[MemberPage]
    sources: dict[str, SourceState]
    nights: dict[str, dict[date, str]]
    sent: dict[str, Counter[str]]
    asks_for_declarations: bool = False


def gather_page(place: Workplace, on: date) -> PageFacts:
    """Return everything the pages show on a business date."""
    with place.engine.connect() as connection:
        sources = load_source_states(place, connection, on)
        return PageFacts(
            made_at=place.clock(),
            business_date=on,
            members=_gather_members(place, connection, sources, on),
            sources=sources,
            nights=_load_nights(connection, on),
            sent=_count_sent(connection, on),
            asks_for_declarations=bool(place.settings.declarations()),
        )


def _gather_members(
    place: Workplace, connection: Connection, sources: Mapping[str, SourceState], on: date
) -> list[MemberPage]:
    before = {row["member"]: row["total"] for row in export_counts(place, Asked(as_of=on - MONTH))}
    alerts = defaultdict(list)
    for alert in list_alert_states(place):
        alerts[alert["member"]].append(_mark_silenced(alert, on))
    rows = {row.member: row for row in connection.execute(select(_M))}
    shown = _load_complaints(connection)
    weeks = _count_weeks(connection, sources, on)
    cases, declared = load_cases(connection), gather_newest(connection)
    pages = [
        MemberPage(
            row=rows[counts["member"]],
            counts=counts,
            month_ago=int(before.get(counts["member"], 0)),
            alerts=alerts[counts["member"]],
            weeks=weeks.get(counts["member"], []),
            complaints=shown.get(counts["member"], []),
            levels=_levels_of(place, counts["member"], on),
            cases=cases.get(counts["member"], []),
            declared=declared.get(counts["member"]),
        )
        for counts in export_counts(place, Asked(as_of=on))
    ]
    return sorted(pages, key=MemberPage.concern)


def _mark_silenced(alert: dict[str, Any], on: date) -> dict[str, Any]:
    """Let an open alert stand as silenced while somebody has silenced it: that is an answer too."""
    until = alert["silenced_until"]
    return alert | {"standing": SILENCED} if alert["standing"] == Standing.OPEN and until and on <= until else alert


def _levels_of(place: Workplace, member: str, on: date) -> tuple[int, ...]:
    """Return the limits of the first rule that counts all channels over a rolling year: those the chart can show."""
    from models.alerting.rules import LimitRule

    for rule in place.settings.rules:
        if isinstance(rule, LimitRule) and rule.channel == "any" and rule.window.rolling_days == YEAR.days:
            return tuple(rule.levels_for(member, on))
    return ()


def _load_complaints(connection: Connection) -> dict[str, list[ShownComplaint]]:
    """Return every complaint that is matched to a member or waits for an answer about one, newest first."""
    current = _C.c.recorded_to.is_(None) & (_C.c.status == Status.ACCEPTED) & _C.c.member.is_not(None)
    asked = (
        select(_C, _W.c.rule, _W.c.sentence)
        .join(_W, _W.c.hash == _C.c.why, isouter=True)
        .where(current & _C.c.band.in_([Band.ACCEPT, Band.REVIEW]))
        .order_by(_C.c.received_on.desc(), _C.c.source, _C.c.source_id)
    )
    found: dict[str, list[ShownComplaint]] = defaultdict(list)
    for row in connection.execute(asked):
        found[row.member].append(
            ShownComplaint(
                source=row.source,
                source_id=row.source_id,
                day=row.received_on or row.event_on,
                channel=row.channel,
                outcome=row.outcome,
                url=row.url if str(row.url or "").startswith(("https://", "http://")) else None,
                band=row.band,
                rule=row.rule or "",
                why=row.sentence or "",
            )
        )
    return found


def _count_weeks(connection: Connection, sources: Mapping[str, SourceState], on: date) -> dict[str, list[Week]]:
    """Return the last year's calendar weeks of every member that has any complaint in two years."""
    first = on - timedelta(days=on.weekday()) - timedelta(weeks=WEEKS - 1)
    scope = Scope(Window(first - YEAR, on), tuple(sources))
    days = list_days(connection, scope)
    missing = {day for state in sources.values() for day in state.missing_days}
    starts = [first + timedelta(weeks=n) for n in range(WEEKS)]
    return {member: [_sum_week(start, own, missing) for start in starts] for member, own in days.items()}


def _sum_week(start: date, days: Iterable[tuple[date, str]], missing: set[date]) -> Week:
    end = start + timedelta(days=6)
    year = [(day, channel) for day, channel in days if end - YEAR < day <= end]
    return Week(
        start=start,
        by_channel=Counter(channel for day, channel in year if day >= start),
        rolling=len(year),
        missing=any(start <= day <= end for day in missing),
    )


def _load_nights(connection: Connection, on: date) -> dict[str, dict[date, str]]:
    """Return the last verdict of each source by business date, over the calendar's days."""
    first = on - timedelta(days=CALENDAR_DAYS - 1)
    asked = (
        select(_N.c.source, _N.c.verdict, _R.c.business_date)
        .join(_R, _R.c.run_id == _N.c.run_id)
        .where(_R.c.business_date.between(first, on))
        .order_by(_N.c.at)
    )
    nights: dict[str, dict[date, str]] = defaultdict(dict)
    for row in connection.execute(asked):
        nights[row.source][row.business_date] = row.verdict
    return nights


def _count_sent(connection: Connection, on: date) -> dict[str, Counter[str]]:
    """Return what each rule has told in the last year, by reason."""
    asked = select(_A.c.rule_id, _A.c.reason).where(_A.c.reason.is_not(None) & (_A.c.business_date > on - YEAR))
    sent: dict[str, Counter[str]] = defaultdict(Counter)
    for row in connection.execute(asked):
        sent[row.rule_id][row.reason] += 1
    return sent
