"""The rule types of koll.toml, one class each, and what holds for all of them."""

import hashlib
import json
import re
from datetime import date
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from models.alerting.evaluation import Window
from models.declarations.due import read_month_day
from models.members.org_number import is_masked, is_sole_trader, read_member_key
from models.words import Channel, Outcome

MEMBERS = "members"  # in ``to``: each member's own contact, never a group of [mail.groups]
OPERATORS = "operators"  # the group that looks after the product itself


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class AlertsConfig(_Strict):
    """``[alerts]``: what holds for all rules. ``single_mails_per_run`` is per recipient; the rest is one digest."""

    timezone: str = "Europe/Stockholm"
    false_alerts_per_year: float = Field(default=12, gt=0)
    single_mails_per_run: int = Field(default=5, ge=1, le=100)
    late_horizon_days: int = Field(default=60, ge=1)
    reminder_days: tuple[Annotated[int, Field(ge=1)], ...] = (7, 14, 28)
    ping_url: str | None = None
    channels: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")], tuple[str, ...]] = Field(
        default_factory=dict
    )
    ping_start_url: str | None = None
    ping_fail_url: str | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("a time zone such as Europe/Stockholm is needed") from error
        return value

    @field_validator("ping_url", "ping_start_url", "ping_fail_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^\s/?#@]+(/\S*)?", value):
            raise ValueError("an address such as https://ping.example.org/ID is needed")
        return value

    @field_validator("reminder_days")
    @classmethod
    def _rising_days(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return _rising(value, "days")


class WindowKind(_Strict):
    """Which days a count covers: the last N, or this calendar year. Both end at the watermark, both ends included."""

    rolling_days: int | None = Field(default=None, ge=1, le=3660)
    calendar: Literal["year"] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "WindowKind":
        if (self.rolling_days is None) == (self.calendar is None):
            raise ValueError('exactly one of { rolling_days = 365 } and { calendar = "year" } is needed')
        return self

    def ending(self, watermark: date) -> Window:
        """Return the window that ends at ``watermark``; its length is in days, so no clock change touches it."""
        if self.rolling_days is None:
            return Window(date(watermark.year, 1, 1), watermark)
        return Window(date.fromordinal(watermark.toordinal() - self.rolling_days + 1), watermark)


def _rising(levels: tuple[int, ...], what: str) -> tuple[int, ...]:
    if any(lower >= higher for lower, higher in pairwise(levels)):
        raise ValueError(f"{what} must rise from one to the next, such as [10, 25, 50]")
    return levels


def _rising_levels(levels: tuple[int, ...]) -> tuple[int, ...]:
    return _rising(levels, "levels")


Levels = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
AnyChannel: TypeAlias = Channel | Literal["any"]


def _read_member(key: object) -> object:
    if not isinstance(key, str) or is_masked(key):
        return key
    digits = read_member_key(key)
    if is_sole_trader(digits):
        raise ValueError("a sole trader is written by its masked id (EF...), as `koll members list` shows it")
    return digits


MemberKey = Annotated[str, BeforeValidator(_read_member)]


class Override(_Strict):
    """Other levels for one member, with the reason and the last day they hold."""

    levels: Levels
    why: str = Field(min_length=1)
    until: date

    _levels_rise = field_validator("levels")(_rising_levels)


class Rule(_Strict):
    """What every rule has: its id for good, whom it tells, and the step it proposes."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")
    to: tuple[str, ...] = Field(min_length=1)
    next_step: Literal["notice", "demand", "follow_up", "board"] | None = None

    @property
    def staff(self) -> tuple[str, ...]:
        """The groups of staff that it tells."""
        return self.to

    # What decides whether the rule holds. The rest (recipients, the step proposed, how it clears) can be edited
    # without the rule counting as changed.
    _meaning: ClassVar[tuple[str, ...]] = ()

    def version(self) -> str:
        """Return twelve hex digits that change exactly when the rule could hold for another member than before."""
        dumped = self.model_dump(mode="json", include=set(self._meaning))
        for unordered in ("sources", "channels"):
            if isinstance(dumped.get(unordered), list):
                dumped[unordered] = sorted(dumped[unordered])
        return hashlib.sha256(json.dumps(dumped, sort_keys=True).encode()).hexdigest()[:12]


class LimitRule(Rule):
    """Fires when a member's count reaches a level; mails on each new highest level of an episode."""

    type: Literal["limit"]
    channel: AnyChannel = "any"
    sources: tuple[str, ...] = Field(min_length=1)
    date: Literal["received", "event"] = "received"
    window: WindowKind
    levels: Levels
    clear_below: float = Field(default=0.8, gt=0, lt=1)
    clear_runs: int = Field(default=7, ge=1)
    member: dict[MemberKey, Override] = Field(default_factory=dict)

    _meaning = ("type", "channel", "sources", "date", "window", "levels", "member")
    _levels_rise = field_validator("levels")(_rising_levels)

    def levels_for(self, member: str, on: "date_type") -> tuple[int, ...]:
        """Return the levels that hold for ``member`` on a day: its own while an override lasts, else the rule's."""
        override = self.member.get(member)
        return override.levels if override is not None and on <= override.until else self.levels


class EventRule(Rule):
    """Fires once for each board decision with a listed outcome; the key is the case number."""

    type: Literal["event"]
    source: str
    outcomes: tuple[Outcome, ...] = Field(default=(Outcome.BREACH, Outcome.PARTLY), min_length=1)

    _meaning = ("type", "source", "outcomes")

    @property
    def sources(self) -> tuple[str, ...]:
        """The one source, as the other types have it."""
        return (self.source,)


class SourceLateRule(Rule):
    """Fires when a source is complete through an older date than it should be. No sources listed means all."""

    type: Literal["source_late"]
    sources: tuple[str, ...] = ()

    _meaning = ("type", "sources")


class SourceOddRule(Rule):
    """Fires when a source told far more or far fewer new rows in a night than its own recent nights let expect."""

    type: Literal["source_odd"]
    sources: tuple[str, ...] = ()
    beyond: float = Field(default=0.001, gt=0, lt=0.5)

    _meaning = ("type", "sources", "beyond")


class FollowUpRule(Rule):
    """Fires when a demand's follow-up is due, whatever the verdict is. No sources listed means all that are read."""

    type: Literal["follow_up"]
    sources: tuple[str, ...] = ()
    date: ClassVar[Literal["event"]] = "event"

    _meaning = ("type", "sources")


class DeadlineRule(Rule):
    """Fires when something a member owes has not come in: at each of ``remind_days``, counted from the due date.

    ``due`` (MM-DD) is the due date of members with the calendar year; others have as many months after their own
    year's end. ``to`` may name "members": each member's own contact in the register. The other groups get a list.
    """

    type: Literal["deadline"]
    what: Literal["self_declaration"]
    due: str
    remind_days: tuple[Annotated[int, Field(ge=-300, le=300)], ...] = Field(default=(-30, 0, 14, 28), min_length=1)

    _meaning = ("type", "what", "due", "remind_days")

    @property
    def sources(self) -> tuple[str, ...]:
        """No source of complaints."""
        return ()

    @property
    def staff(self) -> tuple[str, ...]:
        """The groups that get the list; where only members are written to, it goes to the operators."""
        return tuple(group for group in self.to if group != MEMBERS) or (OPERATORS,)

    @field_validator("due")
    @classmethod
    def _day_of_the_year(cls, value: str) -> str:
        read_month_day(value)
        return value

    @field_validator("remind_days")
    @classmethod
    def _rising_days(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return _rising(value, "days")


class Threshold(_Strict):
    """A fixed bound for rises: the share of false ones among those told (``fdr``), or one test's p."""

    fdr: float | None = Field(default=None, gt=0, lt=1)
    p: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _one_of_them(self) -> "Threshold":
        if (self.fdr is None) == (self.p is None):
            raise ValueError('"budget", { fdr = 0.10 } or { p = 0.001 } is needed')
        return self


Channels = Annotated[tuple[AnyChannel, ...], Field(min_length=1)]


class _Counting(Rule):
    """What rules about counts share. No sources listed means all that are read."""

    sources: tuple[str, ...] = ()
    date: Literal["received", "event"] = "received"
    clear_runs: int = Field(default=7, ge=1)


class RiseRule(_Counting):
    """Fires when complaints come faster than in the time before, by more than chance explains."""

    type: Literal["rise"]
    channels: Channels = ("any",)
    windows_days: tuple[Annotated[int, Field(ge=7, le=366)], ...] = Field(default=(28, 91), min_length=1)
    baseline_days: int = Field(default=730, ge=90, le=1500)
    min_count: int = Field(default=4, ge=2)
    threshold: Literal["budget"] | Threshold = "budget"
    clear_runs: int = Field(default=28, ge=1)

    _meaning = ("type", "channels", "sources", "date", "windows_days", "baseline_days", "min_count", "threshold")

    @field_validator("windows_days")
    @classmethod
    def _rising_windows(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return _rising(value, "windows")


class RankRule(_Counting):
    """Fires when a member is among the most reported ones, with enough complaints to speak of a place."""

    type: Literal["rank"]
    channels: Channels = ("any",)
    window: WindowKind
    top: int = Field(ge=1)
    leave: int = Field(ge=1)
    min_count: int = Field(ge=1)
    clear_runs: int = Field(default=1, ge=1)

    _meaning = ("type", "channels", "sources", "date", "window", "top", "leave", "min_count")

    @model_validator(mode="after")
    def _leaves_below(self) -> "RankRule":
        if self.leave < self.top:
            raise ValueError(f"leave = {self.leave} is inside top = {self.top}: it must be at least as large")
        return self


class ShareRule(_Counting):
    """Fires when one channel makes up much of a member's complaints; ``sure``: even at the low end of its interval."""

    type: Literal["share"]
    channel: Channel
    window: WindowKind
    min_share: float = Field(gt=0, le=1)
    min_total: int = Field(ge=1)
    sure: bool = False
    clear_below: float = Field(default=0.8, gt=0, lt=1)

    _meaning = ("type", "channel", "sources", "date", "window", "min_share", "min_total", "sure")


class FirstRule(_Counting):
    """Notes a member's first complaint ever, or (``quiet_days``) the first after so long without any. Digest only."""

    type: Literal["first"]
    channel: AnyChannel = "any"
    quiet_days: int | None = Field(default=None, ge=60)

    _meaning = ("type", "channel", "sources", "date", "quiet_days")


date_type = date  # several rules have a field called date
CountingRule: TypeAlias = LimitRule | RiseRule | RankRule | ShareRule | FirstRule
RuleConfig: TypeAlias = CountingRule | EventRule | FollowUpRule | DeadlineRule | SourceLateRule | SourceOddRule
