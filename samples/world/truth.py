"""What the world must lead to, worked out from what its makers know: who each row is about, how each case ended."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from samples.world.companies import MEMBERS, OTHERS, Company
from samples.world.decisions import PAGES
from samples.world.extracts import BUSINESS_DATES, NIGHTS, PHONE, UNKNOWN, UNMAPPED, Row, rows_of
from samples.world.mails import MAILS
from samples.world.page import Page

Expected = dict[str, Any]
Counts = dict[str, dict[str, int]]


@dataclass
class _Store:
    """What is believed about the agency's rows after some nights."""

    current: dict[str, tuple[Row, tuple[str | date | None, ...]]] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)


def expect(rows: list[Row]) -> Expected:
    """Return what stands in expected.json."""
    store = _Store()
    nights, counts = {}, {}
    for night in NIGHTS:
        nights[str(night)] = _take_in(store, rows_of(rows, night), night)
        counts[night] = _count(store)
    doubts = Counter(member.number for row, _ in store.current.values() for member in row.doubt)
    companies = [*MEMBERS, *(company for company, _, _ in OTHERS)]
    return {
        "nights": nights,
        "companies_in_extract": sum(1 for company in companies if company.number in counts[3]),
        "members": [_expect_member(member, counts, doubts) for member in MEMBERS],
        "others": [
            {"legal_name": company.legal_name, "org_number": company.number} | _ranked(company, counts[3])
            for company, _, _ in OTHERS
        ],
        "decisions": _expect_decisions(),
    }


def _take_in(store: _Store, rows: list[Row], night: int) -> dict[str, object]:
    name, first, last = NIGHTS[night]
    tally: Counter[str] = Counter()
    for row in rows:
        cells = row.cells(night)
        if not isinstance(cells[1], date) or cells[5] == UNMAPPED:
            tally["quarantined"] += 1
            continue
        tally["accepted"] += 1
        before = store.current.get(row.number)
        if row.number in store.withdrawn:
            tally["returned"] += 1
        elif before is None:
            tally["new"] += 1
        elif before[1] != cells:
            tally["changed"] += 1
        store.withdrawn.discard(row.number)
        store.current[row.number] = (row, cells)
    present = {row.number for row in rows}
    for number, (row, _) in store.current.items():
        if first <= row.received <= last and number not in present and number not in store.withdrawn:
            store.withdrawn.add(number)
            tally["withdrawn"] += 1
    words = ("accepted", "quarantined", "new", "changed", "withdrawn", "returned")
    return {
        "file": name,
        "covers": [first.isoformat(), last.isoformat()],
        "business_date": BUSINESS_DATES[night].isoformat(),
        "rows": len(rows),
    } | {word: tally[word] for word in words}


def _count(store: _Store) -> Counts:
    """Return per company number: complaints, at least by telephone, by an unknown channel."""
    counts: Counts = {}
    for number, (row, cells) in store.current.items():
        if row.about is None or number in store.withdrawn:
            continue
        own = counts.setdefault(row.about.number, {"total": 0, "phone_at_least": 0, "phone_unknown": 0})
        own["total"] += 1
        own["phone_at_least"] += cells[5] == PHONE
        own["phone_unknown"] += cells[5] in {UNKNOWN, ""}
    return counts


def _ranked(company: Company, counts: Counts) -> dict[str, int | None]:
    own = counts.get(company.number, {"total": 0, "phone_at_least": 0, "phone_unknown": 0})

    def place(what: str) -> int | None:
        better = sum(1 for other in counts.values() if other[what] > own[what])
        return better + 1 if own[what] else None

    return {**own, "rank_total": place("total"), "rank_phone": place("phone_at_least")}


def _expect_member(member: Company, counts: dict[int, Counts], doubts: Counter[str]) -> dict[str, object]:
    nothing = {"total": 0, "phone_at_least": 0, "phone_unknown": 0}
    return {
        "org_number": member.number,
        "legal_name": member.legal_name,
        "sole_trader": member.number[2] < "2",
        "left_on": member.left_on or None,
        **_ranked(member, counts[3]),
        "possible_more": doubts[member.number],
        "by_night": {str(night): counts[night].get(member.number, nothing) for night in counts},
    }


def _expect_decisions() -> list[dict[str, object]]:
    """Return one entry per case number; where two pages hold it, the re-examination or the newer host stands."""
    cases: dict[str, list[tuple[Page, str]]] = {}
    for page in PAGES:
        for case, outcome in page.cases:
            cases.setdefault(case, []).append((page, outcome))
    return [_expect_case(case, pages) for case, pages in sorted(cases.items())]


def _is_named(page: Page) -> bool:
    """Tell whether the party stands exactly as the register has it, but for case and legal form."""
    assert page.about
    party = page.title if page.party == page.dnr else page.party
    known = [page.about.legal_name, *(value for _, value, _, _ in page.about.names)]
    return _fold(party) in {_fold(name) for name in known}


def _fold(name: str) -> str:
    return name.casefold().removesuffix(" ab").removesuffix(" hb")


def _expect_case(case: str, pages: list[tuple[Page, str]]) -> dict[str, object]:
    page, outcome = max(pages, key=lambda pair: (pair[0].reexamination, pair[0].layout.startswith("nix")))
    compact = page.date.replace("-", "")
    return {
        "case": case,
        "outcome": outcome,
        "date": f"{compact[:4]}-{compact[4:6]}-{compact[6:]}" if len(compact) == 8 else None,
        "channel": page.channel,
        "layout": page.layout,
        "party": page.title if page.party == page.dnr else page.party,
        "member": page.about.number if page.about else None,
        "sure": _is_named(page) if page.about else None,
        "reexamination": page.reexamination,
        "pages": sorted(f"{other.site}{other.path}" for other, _ in pages),
        "named_in_body": [{"member": company.number, "role": role} for company, role in page.named_in_body],
        "night": min(other.night for other, _ in pages),
    }


def expect_mails() -> dict[str, dict[str, object]]:
    """Return what stands in inbox/expected.json: per file a tip and who it is about, or why it is none."""
    expected: dict[str, dict[str, object]] = {}
    for mail in MAILS:
        first = mail.about[0] if mail.about else None
        expected[f"{mail.file}.eml"] = {
            "kind": "set_aside" if mail.aside else "tip",
            "reason": mail.aside or None,
            "member": first[0].number if first else None,
            "role": first[1] if first else None,
            "also": [{"member": company.number, "role": role} for company, role in mail.about[1:]],
            "sure": mail.sure if first or mail.doubt else None,
            "possible": [company.number for company in mail.doubt],
            "same_event_as": f"{mail.same_event_as}.eml" if mail.same_event_as else None,
            "night": mail.night,
        }
    return expected
