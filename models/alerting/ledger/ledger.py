"""The ledger of alerts: what happened, append only, and the fold from it to where each alert stands.

An event is known by what it is about, never by when it was written: deciding the same night twice makes the same
``event_id`` and the database refuses the twin. Nothing else holds state; forget the fold and it can be made again.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from models.alerting.evaluation import Window


class What(StrEnum):
    """What happened to an alert, or to a rule."""

    INTRODUCED = "introduced"  # a rule is new, changed or reads a source for the first time; about no member
    REMOVED = "removed"  # a rule is no longer configured
    CALIBRATED = "calibrated"  # the p that keeps a rise rule within its budget, found anew; about no member
    SHOWN = "shown"  # somebody looked at the complaints behind an alert
    OPENED = "opened"
    RAISED = "raised"  # a new highest level of the episode
    GREW = "grew"  # since it was acknowledged
    REMINDED = "reminded"
    UNMUTED = "unmuted"  # a silence ended, and something had happened
    BELOW = "below"  # one complete night under the clearing level
    RECOVERED = "recovered"  # back over it before the alert was resolved
    RESOLVED = "resolved"
    RETRACTED = "retracted"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    CLOSED = "closed"


ABOUT_NO_ALERT = (What.INTRODUCED, What.REMOVED, What.CALIBRATED, What.SHOWN)  # these change no alert's state


class Reason(StrEnum):
    """The only reasons to send anything."""

    FIRST = "first"
    HIGHER_LEVEL = "higher_level"
    GREW = "grew"
    RETURNED = "returned"
    REMINDER = "reminder"
    CORRECTED_UP = "corrected_up"
    RETRACTED = "retracted"
    EVENT = "event"
    DEADLINE = "deadline"
    FOUND_IN_BACKFILL = "found_in_backfill"
    RULE_INTRODUCED = "rule_introduced"
    RESOLVED = "resolved"
    FOLLOW_UP_DUE = "follow_up_due"


class Origin(StrEnum):
    """Where an event comes from."""

    NORMAL = "normal"
    BACKFILL = "backfill"
    CORRECTION = "correction"
    SEED = "seed"
    MANUAL = "manual"


class Delivery(StrEnum):
    """How an event reaches people: a mail of its own, a line of tonight's digest, or a line of the weekly one."""

    SINGLE = "single"
    DIGEST = "digest"
    WEEKLY = "weekly"


class Standing(StrEnum):
    """Where an alert stands toward people."""

    CLEAR = "clear"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class AlertKey(NamedTuple):
    """What an alert is about. ``subject`` is a case number, a source's name, or empty."""

    rule_id: str
    member: str
    channel: str
    subject: str = ""


@dataclass(frozen=True)
class AlertEvent:
    """One line of the ledger. ``reason`` is None when nobody is told; ``muted`` when a silence keeps it from them.

    ``level`` is the limit reached (0 where there is none). ``occasion`` tells apart what may happen more than once in
    an episode: the night of a ``below``, the day of a reminder, the moment of a person's act.
    """

    rule_id: str
    member: str
    channel: str
    subject: str
    episode: int
    kind: What
    level: int
    occasion: str
    run_id: str
    at: datetime
    business_date: date
    known_at: datetime
    origin: Origin
    config_hash: str
    reason: Reason | None = None
    delivery: Delivery | None = None
    muted: bool = False
    count: int | None = None
    count_before: int | None = None
    level_before: int = 0
    told_before: date | None = None
    window_from: date | None = None
    window_to: date | None = None
    watermark: date | None = None
    sources: Mapping[str, Mapping[str, str | bool | None]] = field(default_factory=dict)
    changes: tuple[Mapping[str, str], ...] = ()
    p: float | None = None
    q: float | None = None
    expected: float | None = None
    previous_event_id: str | None = None
    groups: tuple[str, ...] = ()
    note: str = ""
    by: str = ""
    until: date | None = None

    @property
    def key(self) -> AlertKey:
        """Which alert this is about."""
        return AlertKey(self.rule_id, self.member, self.channel, self.subject)

    @cached_property
    def event_id(self) -> str:
        """32 hex digits of what happened to whom; equal for the same thing decided twice."""
        what = (*self.key, str(self.episode), self.kind, str(self.level), self.occasion)
        return hashlib.sha256("\x1f".join(what).encode()).hexdigest()[:32]

    @property
    def tells(self) -> bool:
        """Whether somebody has to get mail about it."""
        return self.reason is not None and not self.muted


def alert_id(key: AlertKey) -> str:
    """Return the ten hex digits by which commands name an alert."""
    return hashlib.sha256("\x1f".join(key).encode()).hexdigest()[:10]


@dataclass(frozen=True)
class AlertState:
    """Where one alert stands. ``told`` is the last event that people got (or will get) mail about.

    ``asked_on`` and ``reminded`` serve the reminders; ``below`` counts complete nights under the clearing level, the
    last of them ``below_on``; ``missed`` are the reasons that a silence has kept back.
    """

    key: AlertKey
    standing: Standing = Standing.CLEAR
    episode: int = 0
    level: int = 0
    told: AlertEvent | None = None
    last: AlertEvent | None = None
    asked_on: date | None = None
    reminded: int = 0
    acknowledged_at: int | None = None
    below: int = 0
    below_on: date | None = None
    silenced_until: date | None = None
    missed: tuple[Reason, ...] = ()
    was_closed: bool = False

    @property
    def active(self) -> bool:
        """Whether an episode is running, closed by a person or not."""
        return self.standing is not Standing.CLEAR

    def is_silenced(self, on: date) -> bool:
        """Whether a silence covers this day; its last day is included."""
        return self.silenced_until is not None and on <= self.silenced_until


_ASKING = {
    Reason.FIRST, Reason.HIGHER_LEVEL, Reason.GREW, Reason.RETURNED, Reason.CORRECTED_UP, Reason.EVENT,
    Reason.FOLLOW_UP_DUE,
}  # fmt: skip


def advance(state: AlertState, event: AlertEvent) -> AlertState:
    """Return where the alert stands after one more event."""
    changes: dict[str, Any] = {"last": event, **_tell(state, event)}
    match event.kind:
        case What.OPENED:
            changes |= {"standing": Standing.OPEN, "episode": event.episode, "level": event.level, "was_closed": False}
            changes |= {"acknowledged_at": None, "below": 0, "below_on": None}
        case What.RAISED:
            changes |= {"standing": Standing.OPEN, "level": max(state.level, event.level), "acknowledged_at": None}
            changes |= {"below": 0}
        case What.GREW:
            changes |= {"standing": Standing.OPEN, "acknowledged_at": None, "below": 0}
        case What.REMINDED:
            changes |= {"reminded": int(event.occasion.rpartition(" ")[2])}
        case What.UNMUTED:
            changes |= {"silenced_until": None, "missed": (), "below": 0}
        case What.BELOW:
            changes |= {"below": state.below + 1, "below_on": event.business_date}
        case What.RECOVERED:
            changes |= {"below": 0}
        case What.ACKNOWLEDGED:
            changes |= {"standing": Standing.ACKNOWLEDGED, "acknowledged_at": event.count, "asked_on": None}
        case What.SILENCED:
            changes |= {"silenced_until": event.until}
        case What.CLOSED if event.origin is Origin.MANUAL:
            changes |= {"standing": Standing.CLOSED, "was_closed": True, "asked_on": None}
        case What.CLOSED | What.RESOLVED | What.RETRACTED:
            closed = state.was_closed or event.kind is What.CLOSED
            changes |= {"standing": Standing.CLEAR, "level": 0, "was_closed": closed, "asked_on": None, "missed": ()}
        case _:
            pass  # events about a rule are not about an alert
    return replace(state, **changes)


def _tell(state: AlertState, event: AlertEvent) -> dict[str, Any]:
    """Return what changes because people are told, or are kept from being told."""
    if event.reason is None or event.kind is What.REMINDED:
        return {}
    if event.muted:
        return {"missed": (*state.missed, event.reason)}
    asks = event.reason in _ASKING and event.delivery is Delivery.SINGLE  # a line of a digest is not reminded of
    return {"told": event, "missed": (), "asked_on": event.business_date if asks else None, "reminded": 0}


def fold(events: Iterable[AlertEvent]) -> dict[AlertKey, AlertState]:
    """Return where every alert stands after ``events``, in the order in which they were written."""
    states: dict[AlertKey, AlertState] = {}
    for event in events:
        if event.kind not in ABOUT_NO_ALERT:
            states[event.key] = advance(states.get(event.key) or AlertState(event.key), event)
    return states


def rule_marks(events: Iterable[AlertEvent]) -> dict[str, AlertEvent]:
    """Return for each rule the last event about the rule itself: introduced, or removed."""
    return {event.rule_id: event for event in events if event.kind in (What.INTRODUCED, What.REMOVED)}


def watched(states: Mapping[AlertKey, AlertState]) -> set[tuple[str, str]]:
    """Return the (rule_id, member) whose alerts are running: tonight's evaluations must cover them, even at zero."""
    return {(key.rule_id, key.member) for key, state in states.items() if state.active and key.member}


@dataclass(frozen=True)
class AlertedWindow:
    """What the last mail about a running alert said, so that it can be counted again as known now."""

    event_id: str
    key: AlertKey
    window: Window
    count: int
    known_at: datetime


def alerted_windows(states: Mapping[AlertKey, AlertState]) -> list[AlertedWindow]:
    """Return the windows to recount tonight: the last told one of each running alert that is about a count."""
    return [
        AlertedWindow(told.event_id, key, Window(told.window_from, told.window_to), told.count, told.known_at)
        for key, state in states.items()
        if state.active
        and (told := state.told)
        and told.window_from is not None
        and told.window_to is not None
        and told.count is not None
    ]
