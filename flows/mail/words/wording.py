"""Phrases filled in as one language writes them: numbers, days, periods, ranks, names made harmless."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from flows.mail.words.phrases import PHRASES
from flows.mail.words.vocabulary import (
    CASE_STEPS,
    NEXT_STEPS,
    OUTCOMES,
    OWN_REASONS,
    REACHED,
    REASONS,
    VERDICTS,
    WHY_CHANGED,
    WHY_RULES,
)
from models.alerting.evaluation import Rank, Window
from models.alerting.ledger.ledger import Reason
from models.words import Outcome

Language: TypeAlias = Literal["sv", "en"]

_MONTHS = {
    "sv": ("jan", "feb", "mars", "apr", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


@dataclass(frozen=True)
class Wording:
    """The phrases of one language."""

    language: Language
    timezone: str

    def say(self, phrase: str, **values: object) -> str:
        """Return a phrase with its values filled in; numbers are written as the language does."""
        shown = {name: self.number(value) if type(value) is int else value for name, value in values.items()}
        return self._pick(PHRASES[phrase]).format(**shown)

    def _pick(self, pair: tuple[str, str]) -> str:
        return pair[0] if self.language == "sv" else pair[1]

    def number(self, value: int) -> str:
        """Return ``1 234`` in Swedish (with a no-break space) and ``1,234`` in English."""
        return f"{value:,}".replace(",", "\u00a0") if self.language == "sv" else f"{value:,}"

    def decimal(self, value: float) -> str:
        """Return ``0,2`` in Swedish and ``0.2`` in English; whole numbers from ten on."""
        if value >= 10 or value == int(value):
            return self.number(round(value))
        return f"{value:.1f}".replace(".", "," if self.language == "sv" else ".")

    def percent(self, share: float) -> str:
        """Return ``12 %``; under one per cent with a decimal."""
        value = 100 * share
        shown = f"{value:.0f}" if value >= 1 or value == 0 else f"{value:.1f}"
        return f"{shown.replace('.', ',')}\u00a0%" if self.language == "sv" else f"{shown}%"

    def odds(self, p: float) -> str:
        """Return one in how many: two digits that count, ``110 000``; at most a thousand million."""
        times = 1 / max(p, 1e-9)
        step = 10 ** max(0, len(str(int(times))) - 2)
        return self.number(round(times / step) * step)

    def complaints(self, count: int) -> str:
        """Return the word for that many complaints."""
        if self.language == "sv":
            return "anmälan" if count == 1 else "anmälningar"
        return "complaint" if count == 1 else "complaints"

    def members(self, count: int) -> str:
        """Return ``14 medlemmar``."""
        one, many = ("medlem", "medlemmar") if self.language == "sv" else ("member", "members")
        return f"{self.number(count)} {one if count == 1 else many}"

    def days(self, count: int) -> str:
        """Return ``12 dagar``."""
        one, many = ("dag", "dagar") if self.language == "sv" else ("day", "days")
        return f"{self.number(count)} {one if count == 1 else many}"

    def day(self, day: date | None) -> str:
        """Return ``3 sep 2025``."""
        return self.say("unknown") if day is None else f"{day.day} {_MONTHS[self.language][day.month - 1]} {day.year}"

    def months(self) -> str:
        """Return the twelve months' short names, parted by blanks."""
        return " ".join(_MONTHS[self.language])

    def iso_day(self, day: str) -> str:
        """Return a day that is written as an ISO date."""
        return self.day(date.fromisoformat(day))

    def moment(self, moment: datetime | None) -> str:
        """Return ``3 sep 2025 03:15`` in the association's time zone."""
        if moment is None:
            return self.say("never")
        local = moment.astimezone(ZoneInfo(self.timezone))
        return f"{self.day(local.date())} {local:%H:%M}"

    def span(self, window: Window) -> str:
        """Return ``3 sep 2025 – 2 sep 2026``."""
        return f"{self.day(window.start)} – {self.day(window.end)}"

    def period(self, rolling_days: int | None, window: Window) -> str:
        """Return how a window is spoken of: ``på 12 månader``, ``på 28 dagar``, ``hittills under 2014``."""
        if rolling_days is None:
            return f"hittills under {window.end.year}" if self.language == "sv" else f"so far in {window.end.year}"
        preposition, months = ("på", "månader") if self.language == "sv" else ("in", "months")
        if rolling_days % 365 == 0:
            return f"{preposition} {12 * rolling_days // 365} {months}"
        return f"{preposition} {self.days(rolling_days)}"

    def reached(self, channel: str) -> str:
        """Return ``via telefon``; nothing for any channel."""
        return self._pick(REACHED[channel]) if channel in REACHED else ""

    def outcome(self, outcome: str) -> str:
        """Return ``fällande``."""
        return self._pick(OUTCOMES.get(outcome, OUTCOMES[Outcome.UNKNOWN]))

    def verdict(self, verdict: str) -> str:
        """Return how a source's night went."""
        return self._pick(VERDICTS[verdict]) if verdict in VERDICTS else verdict

    def reason(self, reason: Reason, rule_type: str = "limit") -> str:
        """Return why a mail goes out; what a reason means can differ between the types of rules."""
        return self._pick(OWN_REASONS.get(f"{rule_type} {reason}", REASONS[reason]))

    def why(self, rule_type: str, rule: str) -> str:
        """Return why a rule asks at all."""
        return self._pick(WHY_RULES[rule_type]).format(rule=rule)

    def next_step(self, step: str | None, name: str) -> str:
        """Return the question that a rule's proposed next step asks."""
        if step is None or step not in NEXT_STEPS:
            return self.say("no_step", name=name)
        return self._pick(NEXT_STEPS[step]).format(name=name)

    def case_step(self, step: str) -> str:
        """Return a step of the ladder."""
        return self._pick(CASE_STEPS[step]) if step in CASE_STEPS else step

    def why_changed(self, why: str) -> str:
        """Return why a complaint no longer counts."""
        return self._pick(WHY_CHANGED[why]) if why in WHY_CHANGED else why

    def rank(self, rank: Rank) -> str:
        """Return a place with whom it is among: never "in the country" where only members are compared."""
        position, of = self.number(rank.position), self.number(rank.of)
        if self.language == "sv":
            if rank.scope == "country":
                source = f" {plain(rank.source)}" if rank.source else ""
                return f"{position} i landet (bland alla bolag i källan{source}, {of}\u00a0st)"
            return f"{position} bland medlemmarna (av {of})"
        if rank.scope == "country":
            return f"{position} in the country (among all {of} companies in the source {plain(rank.source or '')})"
        return f"{position} among the members (of {of})"

    def of_which(self, total: int, channel: str, part: int) -> str:
        """Return ``113, varav minst 37 via telefon``: a count by channel is a lower bound and says so.

        Where every one is known to be of the channel there is nothing that could be more.
        """
        if total == part == 1:
            return f"{self.number(total)} {self.reached(channel)}"
        phrase = "of_which_none" if not part else "of_which_all" if part == total else "of_which"
        return self.say(phrase, total=total, part=part, channel=self.reached(channel))

    def listing(self, words: Sequence[str]) -> str:
        """Return ``a, b och c``."""
        if len(words) < 2:
            return "".join(words)
        return f"{', '.join(words[:-1])} {self.say('and')} {words[-1]}"


def plain(text: str, longest: int = 120) -> str:
    """Return ``text`` on one line, without control, direction and other invisible characters, cut at ``longest``.

    What a company calls itself goes into headers, plain text and HTML: no line break starts a header, no mark turns
    the reading direction.
    """
    spaced = (" " if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Zs"} else c for c in text)
    kept = "".join(c for c in spaced if unicodedata.category(c) not in {"Cf", "Cs", "Co", "Cn"})
    squeezed = " ".join(kept.split())
    return squeezed if len(squeezed) <= longest else squeezed[: longest - 1] + "…"
