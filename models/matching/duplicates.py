"""Two reports, one event: what ties them, how surely, and how many events a pile of reports is.

Reports are kept; only the count changes. A link needs a hard fact, or a long common text with nothing that speaks
against; copied templates by several consumers stay separate events. What is soft goes to a person, and until it is
answered the count is a range. Containment, not likeness, so that excerpts and forwards are found.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from rapidfuzz.distance import OSA

from models.matching.quoting import split_quoted
from models.members.identifiers import find_phones

SHINGLE = 4  # words
COMMON_SHINGLE, RARE_SHINGLE = 60, 3  # shingles in more reports say nothing; in so few they speak for themselves
RARE_ENOUGH = 2  # rare shingles shared
WHOLE_TEXT, SAME_TEXT, COPIED_TEXT, HALF_TEXT, SOME_TEXT = 0.97, 0.75, 0.65, 0.5, 0.25
LEAST_SHINGLES = 8
LONGEST = 40_000
MASKED = "0masked0"  # stands for what an authority blacked out; no run of words goes across it

_WORD = re.compile(r"\w+")
_INVOICE = re.compile(r"(?<![\d.,/-])\d{6,12}(?![\d.,]*\d|[-/]\d)")
_AMOUNT = re.compile(
    r"(?<![\d-])(\d{1,3}(?:[ .\u00a0]\d{3}){1,2}|\d{2,7})(?:[,.]\d\d)?[ \u00a0]?(?:kr\b|kronor|sek\b|:-|nok\b|eur\b)",
    re.I,
)
_DAY = re.compile(r"(?<![\d/-])(?:(\d{4})-(\d\d)-(\d\d)|(\d{1,2})/(\d{1,2}))(?![\d/])")
_MONTHS = "januari februari mars april maj juni juli augusti september oktober november december".split()
_NAMED_DAY = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?::?e)?[ ]({'|'.join(_MONTHS)}|{'|'.join(m[:3] for m in _MONTHS)})\b", re.I
)
_HOUR = re.compile(r"\bkl(?:ockan|\.)? ?(\d{1,2})[.:](\d\d)\b", re.I)
_MASK = re.compile(r"\b[xX]{3,}\b|\[\w{1,20}\]|\*{3,}|\u2588+")
_KINDS = ("invoice", "phone", "amount", "hour", "day")
_TELLING = frozenset(_KINDS) - {"day"}  # many calls are made on one day


class LinkKind(StrEnum):
    """What two reports are to each other."""

    SAME_REPORT = "same_report"  # the same letter received twice
    SAME_EVENT = "same_event"  # counted once
    POSSIBLE = "possible"  # a person decides; until then the count is a range
    CAMPAIGN = "campaign"  # the same words by several consumers: separate events


@dataclass(frozen=True, slots=True)
class Report:
    """One receipt. ``company`` is whom it is about as matched, ``consumer`` a keyed hash, both "" when unknown.

    ``facts`` are hard facts that its source gives in fields of their own, by kind (invoice, phone, amount, hour, day).
    """

    id: str
    source: str
    text: str
    company: str = ""
    consumer: str = ""
    message_id: str = ""
    references: tuple[str, ...] = ()
    received_on: date | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """Two reports tied together, by which rule, and why in one sentence; ``one`` came first."""

    one: str
    two: str
    kind: LinkKind
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class EventCount:
    """How many events: ``low`` when every possible duplicate is one, ``high`` when none is."""

    low: int
    high: int


@dataclass(slots=True)
class _Read:
    """A report as it is compared."""

    at: int
    report: Report
    masked: bool
    shingles: set[int]
    facts: dict[str, set[str]]


class _Comparison:
    """What two reports have in common."""

    __slots__ = ("agree", "clash", "containment", "enough", "masked", "nearly", "rare")

    def __init__(self, one: _Read, two: _Read, rare: int) -> None:
        shared = len(one.shingles & two.shingles)
        smaller = min(len(one.shingles), len(two.shingles))
        self.containment = shared / max(1, smaller)
        self.enough = smaller >= LEAST_SHINGLES
        self.rare = rare
        self.masked = one.masked or two.masked
        self.agree = [kind for kind in _KINDS if one.facts[kind] & two.facts[kind]]
        self.clash = [
            kind for kind in _KINDS if one.facts[kind] and two.facts[kind] and not one.facts[kind] & two.facts[kind]
        ]
        self.nearly = any(
            OSA.distance(a, b, score_cutoff=2) <= 2
            for kind in ("invoice", "phone")
            if kind in self.clash
            for a in one.facts[kind]
            for b in two.facts[kind]
        )


def find_links(reports: Iterable[Report], answers: Mapping[frozenset[str], bool] | None = None) -> list[Link]:
    """Return the links among ``reports``, in order of arrival.

    ``answers`` are what people said of pairs of report ids: True the same event, False not; they stand.
    """
    said = answers or {}
    finder = _Finder()
    links = []
    for report in reports:
        for link in finder.links_of(report):
            answer = said.get(frozenset((link.one, link.two)))
            if answer is None:
                links.append(link)
            elif answer:
                links.append(
                    Link(link.one, link.two, LinkKind.SAME_EVENT, "person", "A person said that it is the same")
                )
        finder.add()
    known = {frozenset((link.one, link.two)) for link in links}
    for pair, answer in said.items():
        if answer and pair not in known and len(pair) == 2 and pair <= finder.places.keys():
            one, two = sorted(pair, key=finder.places.__getitem__)
            links.append(Link(one, two, LinkKind.SAME_EVENT, "person", "A person said that it is the same"))
    return links


class _Finder:
    """Reports seen so far, by shingle, fact and Message-ID."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}  # in the order of arrival, by id
        self._read: list[_Read] = []
        self._by_shingle: dict[int, list[int]] = defaultdict(list)
        self._by_fact: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._by_message: dict[str, int] = {}
        self._next: _Read | None = None

    def links_of(self, report: Report) -> list[Link]:
        """Return the links of ``report`` to those added before."""
        self._next = read = _read(len(self._read), report)
        links = []
        for at, rare in self._near(read).items():
            other = self._read[at]
            link = _decide(other, read, _Comparison(other, read, rare))
            if link is not None:
                links.append(link)
        return links

    def add(self) -> None:
        """Keep the report asked about last."""
        read = self._next
        if read is None:
            return
        self.places[read.report.id] = read.at
        self._read.append(read)
        for shingle in read.shingles:
            self._by_shingle[shingle].append(read.at)
        for kind in ("invoice", "phone"):
            for value in read.facts[kind]:
                self._by_fact[kind, value].append(read.at)
        if read.report.message_id:
            self._by_message.setdefault(read.report.message_id, read.at)

    def _near(self, read: _Read) -> dict[int, int]:
        """Return the places of reports worth comparing, each with how many rare shingles it shares."""
        near: dict[int, int] = {}
        for shingle in read.shingles:
            places = self._by_shingle.get(shingle, ())
            if len(places) <= COMMON_SHINGLE:
                rare = len(places) <= RARE_SHINGLE
                for at in places:
                    near[at] = near.get(at, 0) + rare
        for kind in ("invoice", "phone"):
            for value in read.facts[kind]:
                for at in self._by_fact.get((kind, value), ()):
                    near.setdefault(at, 0)
        for message in (read.report.message_id, *read.report.references):
            if message in self._by_message:
                near.setdefault(self._by_message[message], 0)
        return dict(sorted(near.items()))


def _read(at: int, report: Report) -> _Read:
    new, quoted = split_quoted(report.text[:LONGEST])
    words, below = _words(new), _words(quoted)
    told = below if len(below) > len(words) * 0.6 else words
    runs = [told[i : i + SHINGLE] for i in range(max(1, len(told) - SHINGLE + 1))] if told else []
    shingles = {hash(tuple(run)) for run in runs if MASKED not in run}
    facts = facts_in(f"{new}\n{quoted}")
    for kind, value in report.facts.items():
        if kind in facts:
            facts[kind] = facts[kind] | {value.casefold()}
    return _Read(at, report, MASKED in told, shingles, facts)


def _words(text: str) -> list[str]:
    return _WORD.findall(_MASK.sub(f" {MASKED} ", unicodedata.normalize("NFC", text)).casefold())


def facts_in(text: str) -> dict[str, set[str]]:
    """Return the hard facts of a text by kind: invoice numbers, phones (E.164), amounts, hours, days (month-day)."""
    phones = find_phones(text)
    bare = text
    for phone in reversed(phones):
        bare = bare[: phone.start] + "\n" * (phone.end - phone.start) + bare[phone.end :]
    days = {f"{int(m or b):02}-{int(d or a):02}" for _, m, d, a, b in _DAY.findall(bare) if 0 < int(m or b) < 13}
    days |= {f"{_month(name):02}-{int(day):02}" for day, name in _NAMED_DAY.findall(bare)}
    return {
        "invoice": set(_INVOICE.findall(bare)),
        "phone": {phone.value for phone in phones},
        "amount": {re.sub(r"\D", "", amount) for amount in _AMOUNT.findall(bare)},
        "hour": {f"{int(hour):02}:{minute}" for hour, minute in _HOUR.findall(bare)},
        "day": days,
    }


def _month(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(name.casefold()[:3]))


def _decide(one: _Read, two: _Read, seen: _Comparison) -> Link | None:
    kind_rule_why = _decide_mail(one.report, two.report, seen) or _decide_text(one.report, two.report, seen)
    return Link(one.report.id, two.report.id, *kind_rule_why) if kind_rule_why else None


def _decide_mail(one: Report, two: Report, seen: _Comparison) -> tuple[LinkKind, str, str] | None:
    if one.message_id and one.message_id == two.message_id and seen.containment >= HALF_TEXT:
        return LinkKind.SAME_REPORT, "same-message-id", "The same mail was received twice (Message-ID)"
    if one.message_id and one.message_id in two.references:
        if "invoice" in seen.clash or (one.company and two.company and one.company != two.company):
            return LinkKind.POSSIBLE, "thread-new-matter", "In the same thread, but about another invoice or company"
        return LinkKind.SAME_EVENT, "same-thread", "An answer in the same thread (References)"
    return None


def _decide_text(one: Report, two: Report, seen: _Comparison) -> tuple[LinkKind, str, str] | None:
    if one.company and two.company and one.company != two.company:
        return None
    alike = f"{seen.containment:.0%} of the shorter text is in the other"
    same_text = seen.containment >= SAME_TEXT and seen.enough
    if seen.containment >= COPIED_TEXT and seen.enough and seen.clash and "invoice" not in seen.agree:
        clash = ", ".join(seen.clash)
        if seen.nearly or not _TELLING.isdisjoint(seen.agree):
            return LinkKind.POSSIBLE, "same-text-facts-differ", f"{alike}; the {clash} differ, perhaps by a slip"
        return LinkKind.CAMPAIGN, "copied-text", f"{alike}, but other facts ({clash}): several consumers, one template"
    # what an authority blacked out may have been another consumer's facts in a copied text
    whole_text = seen.containment >= WHOLE_TEXT and seen.enough and seen.rare >= RARE_ENOUGH and not seen.masked
    if whole_text or (same_text and not _TELLING.isdisjoint(seen.agree)):
        facts = f", and the same {', '.join(seen.agree)}" if seen.agree else ""
        return LinkKind.SAME_EVENT, "same-text", alike + facts
    if "invoice" in seen.agree:
        return LinkKind.SAME_EVENT, "same-invoice", "The same invoice number"
    if not seen.clash and {"phone", "day"} <= set(seen.agree):
        return LinkKind.SAME_EVENT, "same-phone-and-day", "The same phone number on the same day"
    if not seen.clash and len(seen.agree) >= 2 and seen.containment >= SOME_TEXT:
        return LinkKind.SAME_EVENT, "same-facts", f"The same {' and '.join(seen.agree)}; {alike}"
    if same_text:
        return LinkKind.POSSIBLE, "same-text-without-facts", f"{alike}, but no fact tells whether it is the same matter"
    if not seen.clash and seen.agree and seen.containment >= SOME_TEXT:
        return LinkKind.POSSIBLE, "one-fact", f"The same {seen.agree[0]}; {alike}"
    if not seen.clash and seen.enough and seen.containment >= HALF_TEXT:
        return LinkKind.POSSIBLE, "half-the-text", alike
    return None


def count_events(ids: Sequence[str], links: Iterable[Link]) -> EventCount:
    """Return how many events the reports ``ids`` are: joined by sure links at most, by possible ones too at least."""
    sure, possible = _Groups(ids), _Groups(ids)
    for link in links:
        if link.kind in (LinkKind.SAME_REPORT, LinkKind.SAME_EVENT):
            sure.join(link.one, link.two)
            possible.join(link.one, link.two)
        elif link.kind is LinkKind.POSSIBLE:
            possible.join(link.one, link.two)
    return EventCount(possible.count(), sure.count())


def group_events(ids: Sequence[str], links: Iterable[Link]) -> dict[str, str]:
    """Return for each report the id of the first report of its event, by sure links alone."""
    groups = _Groups(ids)
    for link in links:
        if link.kind in (LinkKind.SAME_REPORT, LinkKind.SAME_EVENT):
            groups.join(link.one, link.two)
    return {report: groups.first(report) for report in ids}


class _Groups:
    """Reports joined into events; links to reports outside ``ids`` are left out."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._order = {report: at for at, report in enumerate(ids)}
        self._parent = {report: report for report in ids}

    def first(self, report: str) -> str:
        while self._parent[report] != report:
            self._parent[report] = self._parent[self._parent[report]]
            report = self._parent[report]
        return report

    def join(self, one: str, two: str) -> None:
        if one in self._parent and two in self._parent:
            first, second = sorted((self.first(one), self.first(two)), key=self._order.__getitem__)
            self._parent[second] = first

    def count(self) -> int:
        return sum(parent == report for report, parent in self._parent.items())
