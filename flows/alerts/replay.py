"""What the rules would have sent: past nights replayed in memory, one after the other, with no way to the outbox."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlmodel import col

from flows.looking.standing import load_source_states
from flows.workplace import Workplace
from models.alerting.evaluation import SourceState
from models.alerting.ledger.decide import decide
from models.alerting.ledger.ledger import AlertEvent, Delivery
from models.alerting.measuring.measure import measure_night
from models.alerting.moment import Moment
from models.alerting.rules import RiseRule
from models.storage.tables import Run

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def replay(place: Workplace, first: date, last: date, *, hindsight: bool = False) -> list[dict[str, Any]]:
    """Return what each rule would have sent in each month from ``first`` to ``last``.

    Every night sees what was known on it. With ``hindsight`` it sees the days before it as they are known today, as
    if nothing had ever come late: that is for trying limits on a history that was imported at once.
    """
    ledger: list[AlertEvent] = []
    since = _NEVER
    nights = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    with place.engine.connect() as connection:
        moments = _list_moments(connection)
        for day in nights:
            known_at = moments.get(day, _usual_hour(place, day))
            ledger += _decide(place, connection, ledger, day, since, None if hindsight else known_at)
            since = known_at
    return _sum_up(place, ledger, nights)


def _list_moments(connection: Connection) -> dict[date, datetime]:
    """Return when each night decided."""
    rows = connection.execute(select(Run.__table__).where(col(Run.decided_at).is_not(None)).order_by("decided_at"))  # type: ignore[attr-defined]
    return {row.business_date: row.decided_at for row in rows}


def _usual_hour(place: Workplace, day: date) -> datetime:
    return datetime.combine(day, time(3, 15), ZoneInfo(place.settings.association.timezone))


def _decide(
    place: Workplace, connection: Connection, ledger: list[AlertEvent], day: date, since: datetime,
    known_at: datetime | None,
) -> list[AlertEvent]:  # fmt: skip
    settings, now = place.settings, known_at or place.clock()
    sources = load_source_states(place, connection, day, known_at)
    moment = Moment(day, since, known_at)
    if known_at is None:
        moment = Moment(day, now, None)
        sources = {name: _cut(state, day) for name, state in sources.items()}
    night = measure_night(
        connection, settings.rules, settings.alerts, ledger, sources,
        business_date=day, run_id=f"replay-{day}", now=now, replayed=moment, follow_ups=settings.follow_up,
    )  # fmt: skip
    if known_at is None:
        known = tuple(one for one in night.decisions if one.decided_on is None or one.decided_on < day)
        night = replace(night, decisions=known)
    return decide(settings.rules, settings.alerts, night, ledger)


def _cut(state: SourceState, day: date) -> SourceState:
    """Return a source as if it had been complete the day before, unless it has not come that far even today."""
    if state.complete_through is None:
        return state
    through = min(state.complete_through, day - timedelta(days=1))
    late = (day - through).days > max(state.max_age_days, 1)
    return replace(state, complete_through=through, late=late, missing_days=())


def _sum_up(place: Workplace, ledger: list[AlertEvent], nights: list[date]) -> list[dict[str, Any]]:
    sent: dict[tuple[str, str], Counter[str]] = {}
    for event in ledger:
        if event.tells and event.delivery:
            sent.setdefault((event.rule_id, f"{event.business_date:%Y-%m}"), Counter())[event.delivery] += 1
    rows = []
    for rule in place.settings.rules:
        for month in sorted({f"{day:%Y-%m}" for day in nights}):
            counts = sent.get((rule.id, month), Counter())
            budget = round(place.settings.alerts.false_alerts_per_year / 12, 1) if isinstance(rule, RiseRule) else None
            rows.append(
                {
                    "rule": rule.id,
                    "month": month,
                    "mails": counts[Delivery.SINGLE],
                    "digest_lines": counts[Delivery.DIGEST],
                    "weekly_lines": counts[Delivery.WEEKLY],
                    "chance_alone": budget,
                }
            )
    return rows
