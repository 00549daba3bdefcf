"""What the consumer agency holds on each of three nights, as rows of our own convention of columns.

One row is one complaint. Between the nights rows come late, change, disappear and come back, as real extracts do;
``nights`` says in which of the three files a row stands.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from samples.world import companies as c
from samples.world import texts
from samples.world.companies import Company, write_number

HEADER = (
    "Diarienummer",
    "Inkom",
    "Händelsedatum",
    "Företag",
    "Organisationsnummer",
    "Försäljningssätt",
    "Ärendetyp",
    "Beskrivning",
)
PHONE, UNKNOWN = "Telefonförsäljning", "Uppgift saknas"
CHANNELS = {  # their value -> our code; anything else quarantines its row
    PHONE: "phone",
    "Sms": "sms",
    "E-post": "email",
    "Adresserad reklam": "addressed_mail",
    "Hemförsäljning": "door",
    "Internet": "web",
    "Butik": "shop",
    "Annat": "other",
    UNKNOWN: "unknown",
    "": "unknown",
}
UNMAPPED = "Torgförsäljning"
NIGHTS: dict[int, tuple[str, date, date]] = {
    1: ("night-1/utdrag_2026-01-01_2026-06-30.csv", date(2026, 1, 1), date(2026, 6, 30)),
    2: ("night-2/utdrag_2026-04-01_2026-07-31.xlsx", date(2026, 4, 1), date(2026, 7, 31)),
    3: ("night-3/utdrag_2026-01-01_2026-08-25.csv", date(2026, 1, 1), date(2026, 8, 25)),
}
BUSINESS_DATES = {1: date(2026, 7, 2), 2: date(2026, 8, 4), 3: date(2026, 8, 27)}


@dataclass(frozen=True)
class Row:
    """One complaint at the agency; ``about`` is the truth, ``doubt`` who it might be about when nobody can be sure."""

    received: date
    channel: str
    written: tuple[str, str] = ("", "")  # company and organisation number as they stand in the file
    about: Company | None = None
    doubt: tuple[Company, ...] = ()
    nights: frozenset[int] = frozenset({1, 2, 3})
    bad_date: tuple[tuple[int, str], ...] = ()  # night, what stands instead of the date
    from_night_3: str = ""  # the channel as the agency corrected it
    event: date | None = None
    category: str = ""
    text: str = ""
    number: str = ""

    def cells(self, night: int) -> tuple[str | date | None, ...]:
        """Return the row as night's file holds it, in the order of HEADER."""
        channel = self.from_night_3 if night == 3 and self.from_night_3 else self.channel
        received: str | date = dict(self.bad_date).get(night, self.received)
        return (self.number, received, self.event, *self.written, channel, self.category, self.text)


@dataclass
class _Writer:
    rows: list[Row] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(113))

    def pick(self, number: int) -> int:
        """Return a whole number below ``number``; only ``random()`` is promised to be the same in every Python."""
        return int(self.chance.random() * number)

    def days(self, first: str, last: str, count: int) -> list[date]:
        """Return ``count`` days from first to last, both included, about evenly spread."""
        start, span = date.fromisoformat(first), (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
        return [start + timedelta(days=int((i + self.chance.random()) * span / count)) for i in range(count)]

    def add(self, about: Company | None, days: list[date], channels: list[str], ways: list[tuple[str, str]]) -> None:
        """Add a row per day; channels and ways of writing the company are dealt out in turn."""
        for i, day in enumerate(days):
            self.rows.append(Row(day, channels[i % len(channels)], ways[i % len(ways)], about))


def _deal(phone: int, others: list[str], total: int) -> list[str]:
    """Return ``total`` channels of which ``phone`` are telephone sales, evenly mixed."""
    return [PHONE if (i + 1) * phone // total > i * phone // total else others[i % len(others)] for i in range(total)]


_MIXED = [UNKNOWN, "Internet", UNKNOWN, "Annat", "Hemförsäljning", UNKNOWN, "Butik", "Sms", "Internet", "E-post"]
_SHOPPING = ["Internet", "Internet", UNKNOWN, "Butik", "Internet", "", "E-post", "Annat"]


def _plain(company: Company) -> list[tuple[str, str]]:
    """Return ways of writing a company that leave no doubt: an exact name, or any name with the number."""
    name, number = company.legal_name, write_number(company.number)
    return [(name, number), (name, ""), (name.upper(), number), (name, company.number), (f" {name} ", "")]


def _norrsken_ways() -> list[tuple[str, str]]:
    number = write_number(c.NORRSKEN.number)
    return [
        *_plain(c.NORRSKEN),
        ("Polarprat", ""),
        ("Telefonhuset Norrsken", number),
        ("Telefonhuset Norrsken Aktiebolag", number),
        ("Polarprat (Telefonhuset Norrsken AB)", number),
        ("telefonhuset norrsken ab", ""),
        ("Telefonhuset Norsken AB", c.NORRSKEN.number),  # misspelt, but the number is right
        ("", number),
        ("POLARPRAT", ""),
        ("polarprat.example", ""),
    ]


def _write_norrsken(writer: _Writer) -> None:
    """The member at the centre: 113 in the last file, 37 by telephone; 75 and 22 on night 1, 90 and 27 on night 2."""
    ways = _norrsken_ways()
    writer.add(c.NORRSKEN, writer.days("2026-01-02", "2026-06-29", 69), _deal(21, _MIXED, 69), ways)
    writer.add(c.NORRSKEN, writer.days("2026-07-01", "2026-07-31", 18), _deal(6, _MIXED, 18), ways)
    writer.add(c.NORRSKEN, writer.days("2026-08-01", "2026-08-25", 22), _deal(8, _MIXED, 22), ways)
    number = write_number(c.NORRSKEN.number)
    own = Row(date(2026, 1, 1), UNKNOWN, (c.NORRSKEN.legal_name, number), c.NORRSKEN)
    writer.rows += [
        replace(own, received=date(2026, 2, 11), written=("Nordanvind Telefoni AB", "")),  # a former name, in time
        replace(own, received=date(2026, 6, 9), from_night_3=PHONE),  # the agency asked, and corrected
        replace(own, received=date(2026, 3, 17), channel=PHONE, nights=frozenset({3})),  # registered late
        # gone from night 2's file, back in night 3's
        replace(own, received=date(2026, 5, 12), channel="Internet", nights=frozenset({1, 3})),
        # withdrawn: two are gone from night 2, one from night 3
        replace(own, received=date(2026, 4, 20), channel=PHONE, nights=frozenset({1})),
        replace(own, received=date(2026, 5, 27), channel="Annat", nights=frozenset({1})),
        replace(own, received=date(2026, 2, 24), channel="Butik", nights=frozenset({1})),
    ]


def _write_members(writer: _Writer) -> None:
    """The other members: (company, first, last, total, by telephone, ways of writing)."""
    year = ("2026-01-03", "2026-08-24")
    bare_number = [
        ("", write_number(c.PAHITTSSON.number)),
        (c.PAHITTSSON.legal_name, write_number(c.PAHITTSSON.number)),
    ]
    energi = [*_plain(c.NORDKONTAKT_ENERGI), ("nordkontakt-energi.example", "")]
    klarsvar = [*_plain(c.KLARSVAR), ("Klarsvar", ""), ("Klarsvar TM", write_number(c.KLARSVAR.number))]
    bjorkeby = [*_plain(c.BJORKEBY), ("Björkeby El", ""), ("BJÖRKEBY ELHANDEL AB", "")]
    spisen = [*_plain(c.SANKT_ORJAN), ("Tidskriften Spisen & Spaden", "")]
    vastanvik = [*_plain(c.VASTANVIK), ("Västanvik Fiber", ""), ("www.vastanvik.example", "")]
    plan: list[tuple[Company, tuple[str, str], int, int, list[tuple[str, str]]]] = [
        (c.NORDKONTAKT_ENERGI, year, 23, 7, energi),
        (c.NORDKONTAKT_ENERGI, ("2026-06-01", "2026-08-20"), 4, 2, [("Lövkraft", ""), ("lovkraft.example", "")]),
        (c.BJORKEBY, year, 12, 5, bjorkeby),
        (c.BJORKEBY, ("2026-01-10", "2026-04-10"), 3, 2, [("Lövkraft", "")]),
        (c.NORDKONTAKT_SVERIGE, year, 8, 6, [*_plain(c.NORDKONTAKT_SVERIGE), ("Nordkontakt Kundcenter", "")]),
        (c.KLARSVAR, year, 12, 11, klarsvar),
        (c.RINGKRAFT, year, 4, 4, [*_plain(c.RINGKRAFT), ("Ringkraft", "")]),
        (c.SANKT_ORJAN, year, 6, 5, spisen),
        (c.TIDSKRIFTSPOOLEN, year, 5, 3, _plain(c.TIDSKRIFTSPOOLEN)),
        (c.AKERLUNDS, year, 1, 1, _plain(c.AKERLUNDS)),
        (c.DUNBERGS, year, 7, 0, [*_plain(c.DUNBERGS), ("Dunbergs", "")]),
        (c.VASTANVIK, year, 19, 4, vastanvik),
        (c.LYCKOKLOVERN, year, 8, 5, [*_plain(c.LYCKOKLOVERN), ("Lyckoklövern", "")]),
        (c.KOMPASSROSEN, year, 3, 1, _plain(c.KOMPASSROSEN)),
        (c.TELEDRAKE, ("2026-01-05", "2026-02-25"), 4, 4, _plain(c.TELEDRAKE)),
        (c.TELEDRAKE, ("2026-03-10", "2026-05-10"), 2, 2, _plain(c.TELEDRAKE)[:1]),  # after it had left
        (c.PAHITTSSON, year, 2, 2, bare_number),
    ]
    for company, (first, last), total, phone, ways in plan:
        writer.add(company, writer.days(first, last, total), _deal(phone, _MIXED, total), ways)


def _write_others(writer: _Writer) -> None:
    """Companies outside the association, and complaints that name no company."""
    for company, total, phone in c.OTHERS:
        ways = [(company.legal_name, write_number(company.number))]
        writer.add(company, writer.days("2026-01-02", "2026-08-25", total), _deal(phone, _SHOPPING, total), ways)
    nameless = [("", ""), ("", ""), ("okänt", ""), ("Vet ej", "")]
    writer.add(None, writer.days("2026-01-04", "2026-08-24", 23), _deal(8, _MIXED, 23), nameless)
    gone = Row(date(2026, 5, 5), "Internet", (c.OTHERS[0][0].legal_name, write_number(c.OTHERS[0][0].number)))
    writer.rows += [
        replace(gone, about=c.OTHERS[0][0], nights=frozenset({1})),
        replace(gone, about=c.OTHERS[0][0], nights=frozenset({1, 2}), received=date(2026, 6, 15)),
        replace(gone, about=c.OTHERS[0][0], nights=frozenset({1}), received=date(2026, 1, 22)),
    ]


def _write_doubtful(writer: _Writer) -> None:
    """Rows that need a fuller matcher or a person, and rows that cannot be read at all."""
    day = date(2026, 4, 7)
    glasklart = (c.OTHERS[1][0].legal_name, write_number(c.OTHERS[1][0].number))
    doubtful: list[tuple[str, str, tuple[Company, ...]]] = [
        ("Nordkontakt", PHONE, (c.NORDKONTAKT_SVERIGE, c.NORDKONTAKT_ENERGI)),
        ("Nordkontakt AB", PHONE, (c.NORDKONTAKT_SVERIGE, c.NORDKONTAKT_ENERGI)),
        ("Klarsvar Telemarkting AB", PHONE, (c.KLARSVAR,)),
        ("Klarsvar Norge AS", PHONE, (c.KLARSVAR,)),
        ("Västanvik Bredbnd", "Internet", (c.VASTANVIK,)),
        ("Bröderna Örn Bokförlag AB", UNKNOWN, (c.SANKT_ORJAN,)),  # a former name, out of time
        ("031-390 06 44", PHONE, (c.RINGKRAFT,)),  # caller id alone is no proof
        ("Ringkraft i Borås AB på uppdrag av Björkeby Elhandel AB", PHONE, (c.RINGKRAFT, c.BJORKEBY)),
        ("Nordkontakt Kundcenter som säljer för Lövkraft", PHONE, (c.NORDKONTAKT_SVERIGE, c.BJORKEBY)),
    ]
    for i, (written, channel, who) in enumerate(doubtful):
        writer.rows.append(Row(day + timedelta(days=2 * i), channel, (written, ""), None, who))
    fair = Row(date(2026, 3, 11), UNMAPPED, glasklart, c.OTHERS[1][0])
    clover = (c.LYCKOKLOVERN.legal_name, write_number(c.LYCKOKLOVERN.number))
    writer.rows += [
        fair,
        replace(fair, received=date(2026, 6, 20)),
        # a day that does not exist, put right in night 3's file
        Row(date(2026, 3, 2), "Internet", clover, c.LYCKOKLOVERN, bad_date=((1, "2026-02-30"),)),
        Row(date(2026, 7, 3), "Internet", glasklart, c.OTHERS[1][0], bad_date=((2, "2026-07-33"), (3, "2026-07-33"))),
    ]


def write_rows() -> list[Row]:
    """Return every row of the three files, numbered by the day it came in."""
    writer = _Writer()
    _write_norrsken(writer)
    _write_members(writer)
    _write_others(writer)
    _write_doubtful(writer)
    finished = []
    for place, row in enumerate(sorted(writer.rows, key=lambda row: row.received)):
        event = row.received - timedelta(days=1 + writer.pick(28)) if writer.chance.random() < 0.7 else None
        category, text = texts.tell(place, row.from_night_3 or row.channel)
        number = f"2026/{40117 + place * 3}"
        finished.append(replace(row, number=number, event=event, category=category, text=text))
    return finished


def rows_of(rows: list[Row], night: int) -> list[Row]:
    """Return the rows that stand in the file of one night."""
    _, first, last = NIGHTS[night]
    return [row for row in rows if night in row.nights and first <= row.received <= last]
