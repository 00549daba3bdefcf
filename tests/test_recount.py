"""Everything that is counted, counted once more by going through the rows one by one, as a patient person would."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import Engine
from test_counting import LAST, caller, complaint, keep

from models.alerting.evaluation import Window
from models.alerting.measuring.counts import Ask, count_asked, count_register_days, find_touched
from models.alerting.moment import Moment
from models.counting import (
    Scope,
    count_days,
    count_members,
    count_news,
    count_periods,
    count_possible,
    find_turns,
    list_counted,
    list_days,
    newest_by_member,
    rank_companies,
)
from models.storage.tables import Complaint, EventLink, Mention
from models.words import Band, Channel, Role, Status

SOURCES, MEMBERS = ("kv", "board", "tips"), ("5560000019", "5560000027", "5567794218")
SURE = ("same_event", "same_report")
NIGHTS = [datetime(2026, 8, day, 1, 15, tzinfo=UTC) for day in (1, 6, 11, 16)]
BETWEEN = [night + timedelta(hours=6) for night in NIGHTS]


class Pair(NamedTuple):
    """A complaint and a member for whom it counts."""

    source: str
    source_id: str
    member: str
    day: date
    channel: str
    news: datetime


class Book:
    """All that was ever written, and what a patient person makes of it."""

    def __init__(self, dice: random.Random, members: tuple[str, ...] = MEMBERS) -> None:
        self.members = members
        self.complaints: list[Complaint] = []
        self.mentions: list[Mention] = []
        self.links: list[EventLink] = []
        for number in range(120):
            self._write(dice, str(number), dice.choice(SOURCES))

    def _write(self, dice: random.Random, source_id: str, source: str) -> None:
        """Write one complaint's versions, one after the other or with a gap, its callers, and what it repeats."""
        for begun, ended in _list_lives(dice):
            self.complaints.append(
                complaint(
                    source_id, _some_day(dice), source=source, event_on=_some_day(dice),
                    member=dice.choice((*self.members, None)),
                    band=dice.choice((Band.ACCEPT, Band.ACCEPT, Band.REVIEW)),
                    channel=dice.choice((Channel.PHONE, Channel.WEB, Channel.UNKNOWN)),
                    status=dice.choice((Status.ACCEPTED, Status.ACCEPTED, Status.WITHDRAWN)),
                    company=dice.choice(("Bolaget AB", "BOLAGET", "Annat HB", None)),
                    org_number=dice.choice(("5560009999", None)), recorded_from=begun, recorded_to=ended,
                )
            )  # fmt: skip
        for text in dice.choice(((), (), ("Ringarna",), ("Ringarna", "Ringarna AB"))):
            who, role = dice.choice((*self.members, None)), dice.choice((Role.CALLER, Role.CALLER, Role.OTHER))
            for begun, ended in _list_lives(dice):
                named = caller(source_id, who, text, role=role, band=dice.choice((Band.ACCEPT, Band.ACCEPT, Band.NONE)))
                named.source, named.recorded_from, named.recorded_to = source, begun, ended
                self.mentions.append(named)
        for one in dice.choices(self.complaints, k=dice.choice((0, 0, 1, 2))):
            if one.source_id != source_id:
                kind = dice.choice((*SURE, "possible", "possible"))
                ends = {"one_source": one.source, "one_id": one.source_id, "two_source": source, "two_id": source_id}
                self.links += [
                    EventLink(**ends, kind=kind, rule="", why="", recorded_from=begun, recorded_to=ended)
                    for begun, ended in _list_lives(dice)
                ]

    def list_pairs(self, scope: Scope) -> Iterator[Pair]:
        for row in self.complaints:
            day = _day(row, scope.date)
            if not self.is_seen(row, scope) or day is None or self.repeats(row, scope, SURE):
                continue
            own = row.member if row.band == Band.ACCEPT else None
            if own:
                yield Pair(row.source, row.source_id, own, day, row.channel, row.recorded_from)
            for who, named in self._list_callers(row, scope).items():
                if who != own:
                    yield Pair(row.source, row.source_id, who, day, row.channel, max(named, row.recorded_from))

    def is_seen(self, row: Complaint, scope: Scope) -> bool:
        day = _day(row, scope.date)
        listed = scope.sources is None or row.source in scope.sources
        inside = day is not None and scope.window.start <= day <= scope.window.end
        return listed and inside and row.status == Status.ACCEPTED and _believed(row, scope.known_at)

    def _list_callers(self, row: Complaint, scope: Scope) -> dict[str, datetime]:
        callers: dict[str, datetime] = {}
        for named in self.mentions:
            of_it = (named.source, named.source_id) == (row.source, row.source_id) and _believed(named, scope.known_at)
            if of_it and named.member and named.role == Role.CALLER and named.band == Band.ACCEPT:
                callers[named.member] = min(named.recorded_from, callers.get(named.member, named.recorded_from))
        return callers

    def repeats(self, row: Complaint | Pair, scope: Scope, kinds: tuple[str, ...]) -> bool:
        """Whether it is the later report of an event that another source of the scope has told already."""
        return any(
            (link.two_source, link.two_id) == (row.source, row.source_id)
            and link.kind in kinds
            and (scope.sources is None or link.one_source in scope.sources)
            and _believed(link, scope.known_at)
            for link in self.links
        )

    def tell_news(self, pair: Pair, since: datetime, before: date) -> tuple[int, int]:
        """Return whether it is late, and whether it was moved here."""
        ids = (pair.source, pair.source_id)
        then = [r for r in self.complaints if (r.source, r.source_id) == ids and _believed(r, since)]
        known = any(row.status == Status.ACCEPTED for row in then)
        mine = any(row.member == pair.member and row.band == Band.ACCEPT for row in then) or any(
            (m.source, m.source_id, m.member) == (*ids, pair.member)
            and m.role == Role.CALLER
            and m.band == Band.ACCEPT
            and _believed(m, since)
            for m in self.mentions
        )
        return (int(not known and pair.day < before), int(known and not mine)) if pair.news > since else (0, 0)


def _list_lives(dice: random.Random) -> list[tuple[datetime, datetime | None]]:
    """Return when versions of one thing were believed: none overlaps another, the last may still be."""
    nights = sorted(dice.sample(NIGHTS, dice.choice((1, 1, 2, 3))))
    ends = [*nights[1:], dice.choice((None, None, *[n for n in NIGHTS if n > nights[-1]]))]
    return list(zip(nights, ends, strict=True))


def _some_day(dice: random.Random) -> date | None:
    return dice.choice((None, *[LAST - timedelta(days=dice.randrange(200)) for _ in range(3)]))


def _day(row: Complaint, kind: str) -> date | None:
    days = (row.received_on, row.event_on)
    first, second = days if kind == "received" else days[::-1]
    return first or second


def _believed(row: Complaint | Mention | EventLink, known_at: datetime | None) -> bool:
    if known_at is None:
        return row.recorded_to is None
    return row.recorded_from <= known_at and (row.recorded_to is None or row.recorded_to > known_at)


def make_scopes(dice: random.Random) -> Iterator[Scope]:
    for known_at in (None, NIGHTS[1], *BETWEEN[:3]):
        for kind in ("received", "event"):
            start = LAST - timedelta(days=dice.randrange(20, 200))
            window = Window(start, start + timedelta(days=dice.randrange(10, 150)))
            sources = dice.choice((None, *[tuple(dice.sample(SOURCES, n)) for n in (1, 2, 3)]))
            yield Scope(window, sources, kind, known_at)  # type: ignore[arg-type]


@pytest.fixture(params=range(3))
def dice(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(request.param)


@pytest.fixture
def book(engine: Engine, dice: random.Random) -> Book:
    made = Book(dice)
    keep(engine, *made.complaints, *made.mentions, *made.links)
    return made


def test_members_days_sources_and_channels_are_what_going_through_the_rows_gives(
    engine: Engine, book: Book, dice: random.Random
) -> None:
    for scope in make_scopes(dice):
        pairs = list(book.list_pairs(scope))
        with engine.connect() as connection:
            tallies = count_members(connection, scope)
            assert {m: t.by_channel for m, t in tallies.items()} == _count_by(pairs, "channel")
            assert {m: t.by_source for m, t in tallies.items()} == _count_by(pairs, "source")
            assert count_days(connection, scope, by_member=True) == Counter((p.member, p.day) for p in pairs)
            assert count_days(connection, scope) == Counter(("", p.day) for p in pairs)
            assert newest_by_member(connection, scope) == {
                member: max(pair.day for pair in pairs if pair.member == member) for member in tallies
            }
            listed = {member: sorted(days) for member, days in list_days(connection, scope).items()}
            for member in MEMBERS:
                mine = [pair for pair in pairs if pair.member == member]
                assert listed.get(member, []) == sorted((pair.day, pair.channel) for pair in mine)
                assert sorted(list_counted(connection, scope, member)) == sorted(
                    (pair.source, pair.source_id, pair.day, pair.channel) for pair in mine
                )
            soft = Counter(pair.member for pair in pairs if book.repeats(pair, scope, ("possible",)))
            assert count_possible(connection, scope) == soft


def _count_by(pairs: list[Pair], name: str) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for pair in pairs:
        found.setdefault(pair.member, Counter())[getattr(pair, name)] += 1
    return found


def test_news_turns_and_periods_are_what_going_through_the_rows_gives(
    engine: Engine, book: Book, dice: random.Random
) -> None:
    for scope in make_scopes(dice):
        pairs, since = list(book.list_pairs(scope)), dice.choice((NIGHTS[0], *BETWEEN[:2]))
        before = scope.window.start + timedelta(days=dice.randrange(0, 100))
        half = Window(scope.window.start, scope.window.start + timedelta(days=7))
        earlier = Scope(
            Window(date(1900, 1, 1), scope.window.start - timedelta(days=1)), scope.sources, scope.date, scope.known_at
        )
        past = list(book.list_pairs(earlier))
        with engine.connect() as connection:
            for channel in ("any", "phone"):
                those = [pair for pair in pairs if channel in ("any", pair.channel)]
                told = [(pair.member, book.tell_news(pair, since, before)) for pair in those]
                expected = {m: (sum(n[0] for who, n in told if who == m), sum(n[1] for who, n in told if who == m))
                            for m in MEMBERS}  # fmt: skip
                for members in (None, MEMBERS[:2]):
                    news = count_news(connection, scope, channel, since, before, members)
                    for member in members or MEMBERS:
                        assert news.get(member, (0, 0)) == expected[member]
                last = [pair for pair in past if channel in ("any", pair.channel)]
                assert find_turns(connection, scope, channel) == {
                    member: (
                        min(pair.day for pair in those if pair.member == member),
                        max((pair.day for pair in last if pair.member == member), default=None),
                    )
                    for member in {pair.member for pair in those}
                }
            cuts = {"board": before}
            held = [pair for pair in pairs if pair.source != "board" or pair.day <= before]
            expected_periods = {
                key: [sum((p.member, p.channel, p.source) == key and w.start <= p.day <= w.end for p in held)
                      for w in (scope.window, half)]
                for key in {(p.member, p.channel, p.source) for p in held}
            }  # fmt: skip
            periods = count_periods(connection, scope, [scope.window, half], cuts)
            assert {row[:3]: row[3] for row in periods} == expected_periods


def test_a_night_counts_for_all_rules_at_once_what_going_through_the_rows_gives(
    engine: Engine, book: Book, dice: random.Random
) -> None:
    scopes = [scope for scope in make_scopes(dice) if scope.sources]
    for known_at in (None, NIGHTS[1], *BETWEEN[:3]):
        asks = [
            Ask(
                scope.window,
                scope.sources or (),
                channel,
                scope.date,
                dice.choice(((), (("kv", LAST - timedelta(90)),))),
                1,
            )
            for scope in scopes
            for channel in ("any", "phone")
        ]
        with engine.connect() as connection:
            found = count_asked(connection, asks, Moment(LAST, NIGHTS[0], known_at))
            for place, ask in enumerate(asks):
                pairs = [
                    pair
                    for pair in book.list_pairs(Scope(ask.window, ask.sources, ask.by, known_at))
                    if ask.channel in ("any", pair.channel) and pair.day <= dict(ask.cuts).get(pair.source, pair.day)
                ]
                assert {m: row[place] for m, row in found.items() if row[place]} == Counter(p.member for p in pairs)
                days = count_register_days(connection, ask, Moment(LAST, NIGHTS[0], known_at))
                assert days == Counter((pair.source, pair.day) for pair in pairs)


def test_nobody_loses_a_complaint_unnoticed(engine: Engine, dice: random.Random) -> None:
    """A mail's count is looked at again only for who is named here: a complaint taken from anybody else goes untold."""
    book = Book(dice, tuple(f"{number:010}" for number in range(80)))
    keep(engine, *book.complaints, *book.mentions, *book.links)
    for since in BETWEEN[:3]:
        with engine.connect() as connection:
            touched = find_touched(connection, since)
        for sources in (None, ("kv", "board"), ("tips",)):
            whole = Window(date(2020, 1, 1), LAST)
            then = {(p.source, p.source_id, p.member) for p in book.list_pairs(Scope(whole, sources, known_at=since))}
            now = {(p.source, p.source_id, p.member) for p in book.list_pairs(Scope(whole, sources))}
            assert {member for _, _, member in then - now} <= set(touched)


def test_companies_of_a_source_are_ranked_as_going_through_the_rows_ranks_them(
    engine: Engine, book: Book, dice: random.Random
) -> None:
    for scope in make_scopes(dice):
        whole = Scope(scope.window, ("kv",), scope.date, scope.known_at)
        rows = [
            (row.member if row.band == Band.ACCEPT else None, row.org_number, _name(row.company), row.channel)
            for row in book.complaints
            if book.is_seen(row, whole) and not book.repeats(row, whole, SURE)
        ]
        numbered = {name: number for member, number, name, _ in rows if number and name and not member}
        expected: dict[str, Counter[str]] = {}
        for member, number, name, channel in rows:
            if company := member or number or numbered.get(name) or name:
                expected.setdefault(company, Counter()).update(("any", channel))
        with engine.connect() as connection:
            assert rank_companies(connection, whole, "kv") == expected


def _name(company: str | None) -> str | None:
    """Without case and legal form: the names here need no more."""
    return company and f"name:{company.casefold().removesuffix(' ab').removesuffix(' hb')}"
