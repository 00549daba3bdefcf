"""The second world: an association in the USA, whose members are numbered, called and reported as there.

Rows have the shape of the CFPB's bulk files and of the FTC's daily files; every company, person, number and complaint
is invented. Telephone numbers are from the range kept for fiction (555-01xx), EINs run on from nought.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

Files = dict[str, bytes]
NIGHTS = {1: date(2026, 7, 2), 2: date(2026, 8, 4)}
CALLS = "Frequent or repeated calls"


@dataclass(frozen=True)
class Company:
    """A company: as the register has it, as the CFPB writes it, and how often it was reported before each night.

    ``cfpb`` and ``ftc`` are counts that arrive with night 1 and 2, ``calls`` how many of the CFPB's are about calls.
    """

    ein: str
    name: str
    written: str
    cfpb: tuple[int, int] = (0, 0)
    calls: tuple[int, int] = (0, 0)
    ftc: tuple[int, int] = (0, 0)
    phones: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    domain: str = ""
    size: str = ""
    since: str = "2019-01-01"
    until: str = ""


MEMBERS = (
    Company(
        "91-0000101",
        "Copperfield Receivables Group, LLC",
        "COPPERFIELD RECEIVABLES GROUP, LLC",
        (22, 6),
        (13, 4),
        phones=("(206) 555-0110",),
        brands=("Copperfield Recovery",),
        domain="copperfield-receivables.example",
        size="140",
    ),
    Company(
        "91-0000102",
        "Harborline Contact Services, Inc.",
        "HARBORLINE CONTACT SERVICES INC",
        (3, 0),
        (1, 0),
        (18, 9),
        ("(206) 555-0120", "1-888-555-0121"),
        ("Harborline Direct",),
        "harborline-contact.example",
        "310",
    ),
    Company(
        "94-0000103",
        "Juniper Ridge Teleservices LLC",
        "JUNIPER RIDGE TELESERVICES, LLC",
        (2, 1),
        (2, 1),
        (6, 1),
        ("415-555-0130",),
        (),
        "juniper-ridge-tele.example",
        "64",
    ),
    Company(
        "94-0000104",
        "Juniper Ridge Lending Corp.",
        "JUNIPER RIDGE LENDING CORPORATION",
        (9, 2),
        phones=("415-555-0141",),
        domain="juniperridgelending.example",
        size="88",
    ),
    Company(
        "35-0000105",
        "Prairie Lantern Home Warranty, Inc.",
        "Prairie Lantern Home Warranty Inc.",
        ftc=(8, 3),
        phones=("(317) 555-0150",),
        brands=("LanternCare",),
        domain="prairielantern.example",
        size="52",
    ),
    Company("35-0000106", "Kestrel & Finch Insurance Agency, Inc.", "KESTREL AND FINCH INSURANCE AGENCY", (1, 0)),
    Company("35-0000107", "Tidewater Voice Partners LP", "TIDEWATER VOICE PARTNERS", phones=("+1 757 555 0170",)),
    Company("91-0000108", "Old Mill Vacation Club, Inc.", "OLD MILL VACATION CLUB", (1, 0), until="2026-03-31"),
)
OTHERS = (
    Company("", "", "GRANITE SPUR COLLECTIONS, INC.", (31, 8), (12, 3)),
    Company("", "", "Silver Birch Student Loan Servicing", (14, 3)),
    Company("", "", "JUNIPER HOLLOW BANK, NATIONAL ASSOCIATION", (7, 2)),
    Company("", "", "MEADOWLARK CREDIT BUREAU LLC", (11, 2)),
)
_STRANGERS = ("2125550161", "3055550162", "6025550163")  # numbers of nobody in the register

_MEMBERS_HEADER = ("EIN", "Company", "Member since", "Member until", "Seats", "Unit", "Fiscal year end", "Compliance")
_NAMES_HEADER = ("EIN", "Type", "Known as", "From", "Until")


def write_files() -> Files:
    """Return every file of the world, by its path from samples/."""
    files = {"usa/register/members.csv": _write_csv(_MEMBERS_HEADER, _list_members())}
    files["usa/register/names.csv"] = _write_csv(_NAMES_HEADER, _list_names())
    for night in NIGHTS:
        files[f"usa/cfpb/night-{night}/complaints-{NIGHTS[night]}.csv"] = _write_bulk(night)
        files |= _write_days(night)
    return files | {f"usa/inbox/night-{tip.night}/{tip.name}.eml": tip.to_bytes() for tip in TIPS}


def expect() -> dict[str, dict[str, dict[str, int]]]:
    """Return what each night must lead to, by member: total, and how many of it by telephone at least."""
    return {str(night): {one.ein: _expect_member(one, night) for one in MEMBERS} for night in NIGHTS}


def _expect_member(one: Company, night: int) -> dict[str, int]:
    """A count ends where the slowest source does, the CFPB: what others told in its last weeks waits for the next."""
    cfpb, calls = sum(one.cfpb[:night]), sum(one.calls[:night])
    ftc = sum(one.ftc[: night - 1])
    tips = [tip for tip in TIPS if tip.about == one.ein and tip.night < night]
    by_phone = calls + ftc + sum(tip.by_phone for tip in tips)
    return {"total": cfpb + ftc + len(tips), "phone_at_least": by_phone}


def _write_csv(header: Sequence[str], rows: Iterator[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _list_members() -> Iterator[Sequence[str]]:
    for one in MEMBERS:
        contact = f"compliance@{one.domain}" if one.domain else ""
        unit = "seats" if one.size else ""
        yield one.ein, one.name, one.since, one.until, one.size, unit, "12-31", contact


def _list_names() -> Iterator[Sequence[str]]:
    for one in MEMBERS:
        told = [("brand", brand) for brand in one.brands] + [("phone", phone) for phone in one.phones]
        for kind, value in [*told, *([("domain", one.domain)] if one.domain else [])]:
            yield one.ein, kind, value, "", ""


# ------------------------------------------------------------------ CFPB: the layout since June 2026
_BULK_HEADER = (
    "Date received,Product,Sub-product,Issue,Sub-issue,Consumer complaint narrative,Company public response,Company,"
    "State,ZIP code,Tags,Submitted via,Date sent to company,Company response to consumer,Timely response?,Complaint ID"
).split(",")
_NARRATIVES = (
    "They have rung me every day since XX/XX/2026 about {$240.00} that I do not owe.\n\nI asked them to write instead.",
    "The agent would not say which account it was about. My number is 206-555-0188, she read it back to me.",
    "",
)
_STATES = ("WA", "OR", "CA", "IN", "VA", "OH")


def _write_bulk(night: int) -> bytes:
    """A bulk file holds the whole database again, so the second repeats the first."""
    rows = [row for before in range(1, night + 1) for row in _list_complaints(before)]
    return _write_csv(_BULK_HEADER, iter(sorted(rows, key=lambda row: row[-1])))


def _list_complaints(night: int) -> Iterator[Sequence[str]]:
    start, days = (date(2026, 1, 5), 150) if night == 1 else (date(2026, 6, 20), 25)
    number = 20_000_000 + night * 100_000
    for one in (*MEMBERS, *OTHERS):
        count, calls = one.cfpb[night - 1], one.calls[night - 1]
        for at in range(count):
            day = start + timedelta(days=at * days // count)
            number += 7
            yield _complaint(one, day, number, by_phone=at < calls)
    last = start + timedelta(days=days + 16)  # what makes the file complete through the days before it
    yield _complaint(OTHERS[1], last, number + 7, by_phone=False)


def _complaint(one: Company, day: date, number: int, *, by_phone: bool) -> Sequence[str]:
    issue = ("Communication tactics", CALLS) if by_phone else ("Attempts to collect debt not owed", "Debt is not yours")
    told = f"{day}T14:{number % 60:02}:24.000Z"
    text = _NARRATIVES[number % 3]
    state = _STATES[number % len(_STATES)]
    answer = "Closed with explanation"
    head = (told, "Debt collection", "Other debt", *issue, text, "", one.written)
    return (*head, state, "XXXXX", "", "Web", told, answer, "Yes", str(number))


# ------------------------------------------------------------------ FTC: a page that links to a file each weekday
_DAY_HEADER = (
    "Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,Consumer_Area_Code,Subject,"
    "Recorded_Message_Or_Robocall"
).split(",")
_PLACES = (("Portland", "Oregon", "503"), ("", "Indiana", "317"), ("Norfolk", "Virginia", "757"))


def _list_days(night: int) -> list[date]:
    """Return the weekdays of the week before the night."""
    days = (NIGHTS[night] - timedelta(days=back) for back in range(7))
    return sorted(day for day in days if day.weekday() < 5)


def _write_days(night: int) -> Files:
    site = f"usa/ftc/night-{night}"
    days = _list_days(night)
    calls = [_digits(one.phones[at % len(one.phones)]) for one in MEMBERS for at in range(one.ftc[night - 1])]
    calls += [*_STRANGERS, *_STRANGERS]
    files: Files = {}
    for at, day in enumerate(days):
        rows = (_call(number, day - timedelta(days=1), order) for order, number in enumerate(calls[at :: len(days)]))
        files[f"{site}/data/dnc-{day}.csv"] = _write_csv(_DAY_HEADER, rows)
    every = [day for before in range(1, night + 1) for day in _list_days(before)]
    links = "\n".join(
        f'<li><a href="{{base}}/data/dnc-{day}.csv">{day:%B} {day.day}, {day.year}</a></li>' for day in every
    )
    page = f"<!doctype html>\n<title>Do Not Call data</title>\n<h1>Reported calls</h1>\n<ul>\n{links}\n</ul>\n"
    return files | {f"{site}/index.html": page.encode(), f"{site}/robots.txt": b"User-agent: *\nAllow: /\n"}


def _digits(phone: str) -> str:
    return "".join(sign for sign in phone if sign.isdigit())[-10:]


def _call(number: str, day: date, order: int) -> Sequence[str]:
    city, state, area = _PLACES[order % len(_PLACES)]
    told, called = f"{day} 09:{order % 60:02}:15", f"{day - timedelta(days=1)} 18:30:00"
    return number, told, called, city, state, area, "Warranties & protection plans", "NY"[order % 2]


# ------------------------------------------------------------------ the association's own inbox
@dataclass(frozen=True)
class Tip:
    """A mail to the association; ``about`` is the EIN of the one member that it surely is about."""

    name: str
    night: int
    sent: str
    sender: str
    subject: str
    body: str
    about: str = ""
    by_phone: bool = False  # its words say so

    def to_bytes(self) -> bytes:
        """Return the mail as it lies in the mailbox."""
        host = self.sender.rpartition("@")[2].rstrip(">")
        lines = (
            f"From: {self.sender}",
            "To: tips@uscontact.example",
            f"Subject: {self.subject}",
            f"Date: {self.sent}",
            f"Message-ID: <{self.name}@{host}>",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            self.body,
        )
        return "\r\n".join(lines).replace("\r\n", "\n").replace("\n", "\r\n").encode("ascii")


TIPS: Sequence[Tip] = (
    Tip(
        "01-by-name",
        1,
        "Tue, 09 Jun 2026 08:12:00 -0700",
        "Jane Marlowe-Fable <jane@marlowe-fable.example>",
        "Calls although I am on the registry",
        "Hello,\n\nHarborline Contact Services called me last night although I have been on the Do Not Call registry\n"
        "since 2019. I said no three times.\n\nJane Marlowe-Fable\n(503) 555-0189\n",
        "91-0000102",
        by_phone=True,
    ),
    Tip(
        "02-by-number",
        1,
        "Wed, 10 Jun 2026 18:40:00 -0400",
        "Walter Nobody <walter@nobody.example>",
        "Who is this?",
        "Somebody keeps calling from (317) 555-0150 about a warranty for my dishwasher.\n\nWalter Nobody\n",
    ),
    Tip(
        "03-by-ein",
        1,
        "Thu, 11 Jun 2026 10:05:00 -0500",
        "Ruth Invented <ruth@invented.example>",
        "Collector rings at work",
        "The letter gives EIN 91-0000101. They phoned my workplace again yesterday.\n\nRuth Invented\n",
        "91-0000101",
        by_phone=True,
    ),
    Tip(
        "04-genitive",
        2,
        "Mon, 20 Jul 2026 09:15:00 -0700",
        "Sam Fictive <sam@fictive.example>",
        "Pushy agent",
        "Juniper Ridge Teleservices' agent called my mother twice on Sunday morning and sold her a plan she did not\n"
        "want.\n\nSam Fictive\n",
        "94-0000103",
    ),
    Tip(
        "05-no-company",
        2,
        "Tue, 21 Jul 2026 21:00:00 -0700",
        "Ann Madeup <ann@madeup.example>",
        "Calls",
        "I am called every single evening. Can you make it stop?\n\nAnn Madeup\n",
    ),
)


def count_rows(night: int) -> Mapping[str, int]:
    """Return how many rows each source must store by a night."""
    stored: Counter[str] = Counter()
    for before in range(1, night + 1):
        stored["cfpb"] += sum(1 for _ in _list_complaints(before))
        stored["ftc_dnc"] += sum(one.ftc[before - 1] for one in MEMBERS) + 2 * len(_STRANGERS)
        stored["tips"] += sum(tip.night == before for tip in TIPS)
    return dict(stored)
