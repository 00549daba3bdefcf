"""What people do to an alert: acknowledge, silence, close. Each is one more line of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from models.alerting.ledger.ledger import AlertEvent, AlertKey, AlertState, Origin, Standing, What, alert_id


class AlertUnknown(LookupError):
    """No alert has this number; the text says where to find the right one."""


class ActImpossible(ValueError):
    """The alert is not in a state where this can be done; the text says which it is in."""


@dataclass(frozen=True)
class Act:
    """Who did it and when; ``on`` is the business date, ``run_id`` names the command that wrote it."""

    by: str
    at: datetime
    on: date
    run_id: str = "manual"


def find_alert(states: Mapping[AlertKey, AlertState], number: str) -> AlertState:
    """Return the alert that commands and mails call ``number``, or whose id begins so. Raises AlertUnknown."""
    begins = number.strip().casefold()
    found = [state for key, state in states.items() if begins and alert_id(key).startswith(begins)]
    if len(found) != 1:
        why = f"{len(found)} alerts begin with" if found else "no alert is called"
        raise AlertUnknown(f"{why} {number!r}: `koll alerts list` shows them")
    return found[0]


def acknowledge(state: AlertState, act: Act, count: int | None = None) -> AlertEvent:
    """Say "we have seen it" at tonight's ``count`` (the last one told when it is not given): silent until it grows."""
    _need(state, Standing.OPEN, Standing.ACKNOWLEDGED)
    seen = count if count is not None else (state.told.count if state.told else None)
    return _write(state, act, What.ACKNOWLEDGED, count=seen)


def silence(state: AlertState, act: Act, until: date) -> AlertEvent:
    """Hide mail about an alert through ``until``; its state goes on, and the net change is told afterwards."""
    _need(state, Standing.OPEN, Standing.ACKNOWLEDGED)
    if until < act.on:
        raise ActImpossible(f"{until} has passed: a silence ends today or later")
    return _write(state, act, What.SILENCED, until=until)


def close(state: AlertState, act: Act, reason: str) -> AlertEvent:
    """End an alert with a reason. It comes back when a higher level is reached, or when it has cleared and recurs."""
    _need(state, Standing.OPEN, Standing.ACKNOWLEDGED)
    if not reason.strip():
        raise ActImpossible("a reason is needed: it stands in the ledger for good")
    return _write(state, act, What.CLOSED, note=reason.strip())


def look(state: AlertState, act: Act) -> AlertEvent:
    """Note that somebody looked at the complaints behind an alert; its state does not change."""
    return _write(state, act, What.SHOWN)


def _need(state: AlertState, *standings: Standing) -> None:
    if state.standing not in standings:
        raise ActImpossible(f"the alert is {state.standing.value}, not {' or '.join(standings)}")


def _write(
    state: AlertState, act: Act, kind: What, *, count: int | None = None, until: date | None = None, note: str = ""
) -> AlertEvent:
    return AlertEvent(
        *state.key,
        episode=state.episode,
        kind=kind,
        level=state.level,
        occasion=act.at.isoformat(),
        run_id=act.run_id,
        at=act.at,
        business_date=act.on,
        known_at=act.at,
        origin=Origin.MANUAL,
        config_hash=state.last.config_hash if state.last else "",
        count=count,
        previous_event_id=state.told.event_id if state.told else None,
        until=until,
        note=note,
        by=act.by,
    )
