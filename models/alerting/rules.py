"""The rules of koll.toml as typed configuration, refused at load when they could not work.

One class per rule type. ``read_rule`` turns one ``[[rule]]`` table into its class; ``check_rules`` finds what only
shows between rules, sources and recipient groups. Every fault is a line; nothing stops at the first one.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from models.alerting.evaluation import Window
from models.org_number import is_sole_trader, read_org_number
from models.words import Channel, Outcome

_MASKED_MEMBER = re.compile(r"EF[0-9a-f]{10}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AlertsConfig(_Strict):
    """``[alerts]``: what holds for all rules. ``single_mails_per_run`` is per recipient; the rest is one digest."""

    timezone: str = "Europe/Stockholm"
    false_alerts_per_year: float = Field(default=12, gt=0)
    single_mails_per_run: int = Field(default=5, ge=1, le=100)
    late_horizon_days: int = Field(default=60, ge=1)
    reminder_days: tuple[Annotated[int, Field(ge=1)], ...] = (7, 14, 28)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("a time zone such as Europe/Stockholm is needed") from error
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
    if not isinstance(key, str) or _MASKED_MEMBER.fullmatch(key):
        return key
    digits = read_org_number(key)
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


class _Rule(_Strict):
    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")
    to: tuple[str, ...] = Field(min_length=1)
    next_step: Literal["notice", "demand", "follow_up", "board"] | None = None

    # What decides whether the rule holds. The rest (recipients, the step proposed, how it clears) can be edited
    # without the rule counting as changed.
    _meaning: ClassVar[tuple[str, ...]] = ()

    def version(self) -> str:
        """Return twelve hex digits that change exactly when the rule could hold for another member than before."""
        dumped = self.model_dump(mode="json", include=set(self._meaning))
        if isinstance(dumped.get("sources"), list):
            dumped["sources"] = sorted(dumped["sources"])
        return hashlib.sha256(json.dumps(dumped, sort_keys=True).encode()).hexdigest()[:12]


class LimitRule(_Rule):
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


class EventRule(_Rule):
    """Fires once for each board decision with a listed outcome; the key is the case number."""

    type: Literal["event"]
    source: str
    outcomes: tuple[Outcome, ...] = Field(default=(Outcome.BREACH, Outcome.PARTLY), min_length=1)

    _meaning = ("type", "source", "outcomes")

    @property
    def sources(self) -> tuple[str, ...]:
        """The one source, as the other types have it."""
        return (self.source,)


class SourceLateRule(_Rule):
    """Fires when a source is complete through an older date than it should be. No sources listed means all."""

    type: Literal["source_late"]
    sources: tuple[str, ...] = ()

    _meaning = ("type", "sources")


date_type = date  # LimitRule has a field called date
RuleConfig: TypeAlias = LimitRule | EventRule | SourceLateRule
_TYPES: Mapping[str, type[RuleConfig]] = {"limit": LimitRule, "event": EventRule, "source_late": SourceLateRule}


def read_rule(table: Mapping[str, object]) -> RuleConfig:
    """Turn one ``[[rule]]`` table into its rule.

    Raises ValueError for a type that is not known, and pydantic's ValidationError with all faults of the table.
    """
    if not isinstance(table, Mapping):
        raise ValueError("a rule is a table, written under [[rule]]")
    kind = table.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ValueError(f"type = {kind!r}: no such rule type; known are {', '.join(sorted(_TYPES))}")
    return _TYPES[kind].model_validate(dict(table))


def check_rules(
    rules: Iterable[RuleConfig | Mapping[str, object]], sources: Iterable[str], groups: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return one line per fault between rules, sources and recipient groups; an empty list when they fit.

    Takes rules, or their tables as they stand in the file: so the faults of a table that ``read_rule`` refuses are
    told in the same breath as its own.
    """
    faults: list[str] = []
    known = sorted(sources)
    seen: set[object] = set()
    for number, rule in enumerate(rules, 1):
        table = rule.model_dump() if isinstance(rule, _Rule) else rule
        if not isinstance(table, Mapping):
            continue
        place = f"rule {table.get('id', number)}"
        if "id" in table and table["id"] in seen:
            faults.append(f"{place}: two rules have this id; an id names one rule for good")
        seen.add(table.get("id"))
        faults += [
            f"{place}.{key} = {name!r}: no such source; known are {', '.join(known) or 'none'}"
            for key in ("sources", "source")
            for name in _texts(table.get(key))
            if name not in known
        ]
        faults += [f"{place}.to = {name!r}: {why}" for name in _texts(table.get("to")) if (why := _ask(name, groups))]
    return faults


def _ask(group: str, groups: Mapping[str, Sequence[str]]) -> str:
    if group not in groups:
        return f"no such group under [mail.groups]; known are {', '.join(sorted(groups)) or 'none'}"
    return "" if groups[group] else "the group has no address under [mail.groups]"


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list | tuple) else []
