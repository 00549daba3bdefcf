"""The FTC's Do Not Call complaints: one CSV a weekday of the calls that consumers in the USA reported.

A data page links to the daily files (header row, CRLF, eight columns, times in US Eastern without a zone). The file
of a day holds the complaints made the day before. Nobody is named but the number on the caller's display, which may
be forged and then belong to somebody who never called: it is kept as the publisher gives it, to be compared with the
register's numbers, and stands in no log or message. There is no id of a row: its content, and which of several equal
rows of its file it is, tell it from others. https://www.ftc.gov/policy-notices/open-government/data-sets
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from io import BytesIO
from typing import IO, ClassVar

import phonenumbers

from models.drafts import Check, Draft, Fault, RawRef
from models.words import Channel, Evidence, Kind, Severity
from sources.contract import Bounds, RawItem, Reading, SourceBroken, SourceInfo, Visit
from sources.files.cells import TableUnreadable, squeeze
from sources.files.tabular import Line
from sources.usa.ftc_days import DayVisit
from sources.usa.whole_lines import read_whole_lines

INFO = SourceInfo(
    kind="ftc_dnc",
    title="Do Not Call: reported calls",
    publisher="Federal Trade Commission (USA)",
    licence="US Government work, public domain",
    parser_version=1,
    # 5,000 to 30,000 rows a file, and up to 90 days of files at once; a file every weekday, longest gap a holiday
    # weekend. The floor is against an empty file only: each is compared with the weeks before it (volume-low).
    bounds=Bounds(rows=(1, 5_000_000), quiet_days=5, max_age_days=7, delay=2.0),
    names_all_companies=False,  # they are numbers, and many numbers belong to one company
    checks=(
        Check(
            "row-ragged",
            Severity.ERROR,
            "The row is cut short or has not the header's cells, so none of them is certain.",
        ),
        Check("phone-unreadable", Severity.ERROR, "The reported number holds letters or signs; digits may be missing."),
        Check("phone-invalid", Severity.WARNING, "The reported number is no number that can be called from the USA."),
        Check("date-unreadable", Severity.ERROR, "The time of the complaint is not written as it always was."),
        Check("event-date-unreadable", Severity.WARNING, "The time of the call has no certain reading; left out."),
        Check("call-after-complaint", Severity.WARNING, "The call is dated after the complaint about it."),
        Check(
            "recorded-unknown", Severity.ERROR, "Whether it was a recording is answered by neither Y, N nor nothing."
        ),
        Check("subject-unknown", Severity.WARNING, "The subject is none that the FTC is known to use."),
        Check("place-left-out", Severity.WARNING, "City or state holds something else than a place; left out."),
        Check("row-identical", Severity.WARNING, "The file holds another row with exactly this content."),
        Check("column-unknown", Severity.WARNING, "The file has a column that it did not have before."),
    ),
)

HEADERS = (
    "Company_Phone_Number",
    "Created_Date",
    "Violation_Date",
    "Consumer_City",
    "Consumer_State",
    "Consumer_Area_Code",
    "Subject",
    "Recorded_Message_Or_Robocall",
)
_SUBJECTS = frozenset(
    (
        "Calls pretending to be government, businesses, or family and friends",
        "Charities",
        "Computer & technical support",
        "Dropped call or no message",
        "Energy, solar, & utilities",
        "Home improvement & cleaning",
        "Home security & alarms",
        "Lotteries, prizes & sweepstakes",
        "Medical & prescriptions",
        "No Subject Provided",
        "Other",
        "Reducing your debt (credit cards, mortgage, student loans)",
        "Vacation & timeshares",
        "Warranties & protection plans",
        "Work from home & other ways to make money",
    )
)
_NUMBER = re.compile(r"\+?[\d\s().\-]+", re.ASCII)
_WRITTEN = re.compile(r"(?!x+\b)[^\W\d_]{3,}", re.IGNORECASE)  # words in a refused number: somebody may be named
_TIME = "%Y-%m-%d %H:%M:%S"
_PLACE = re.compile(r"[^\W\d_][^\W\d_ .,'’()/-]*(?:[ .,'’()/-]{1,2}[^\W\d_]+)*[.,)]?")
_LONGEST_PLACE = 40
_SHOWN = 40


class FtcDnc:
    """The daily files. ``sites`` are the data page's address, then further hosts that its links lead to."""

    info = INFO
    columns: ClassVar[Mapping[str, str]] = {header.lower(): header for header in HEADERS}
    encoding = None  # found: a byte order mark, UTF-8, cp1252

    def __init__(self, name: str, sites: list[str], bounds: Bounds, user_agent: str) -> None:
        self.name = name
        self.sites = sites
        self.bounds = bounds
        self.user_agent = user_agent

    def read(self, visit: Visit) -> Reading:
        """Take the files that the page links to and that are not at hand. Raise SourceBroken.

        A day that is linked but not there is asked for again for two weeks, and holds complete-through back so long.
        """
        from sources.web.session import PoliteSession

        session = PoliteSession(self.sites, user_agent=self.user_agent, delay=self.bounds.delay, log=visit.log)
        days = DayVisit(self.name, visit, session)
        days.list_days(self.sites[0])
        days.fetch_days()
        return days.make_reading()

    def parse(self, content: bytes, item: RawItem) -> Iterator[Draft]:
        """Yield one draft a row."""
        return self.parse_stream(BytesIO(content), item)

    def parse_stream(self, stream: IO[bytes], item: RawItem) -> Iterator[Draft]:
        """Yield one draft a row. Raise SourceBroken when the file is not the table we know."""
        seen: Counter[str] = Counter()
        try:
            for line in read_whole_lines(stream, HEADERS):
                key = hash_row(line)
                seen[key] += 1
                yield _read_row(line, f"{key}-{seen[key]}", item.sha256, repeated=seen[key] > 1)
        except TableUnreadable as error:
            raise SourceBroken(error.code, f"{item.name}: {error}") from error


def hash_row(line: Line) -> str:
    """Return 32 hex digits of a row's content in the FTC's own eight columns, whatever their order and spacing."""
    cells = "\x1f".join(squeeze(line.cells.get(header, "")) for header in HEADERS)
    return hashlib.blake2b(cells.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def read_us_number(cell: str) -> str | None:
    """Return a number as somebody in the USA dials it as E.164, or None when nobody can hold it.

    That is ten digits, with 1 in front or without, or a foreign number after + or 011; a longer one is not cut to fit.
    """
    digits = re.sub(r"\D", "", cell)
    if not (len(digits) == 10 or (len(digits) == 11 and digits[0] == "1") or re.match(r"\s*(?:\+|011)", cell)):
        return None
    try:
        number = phonenumbers.parse(cell, "US")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _read_row(line: Line, key: str, sha256: str, *, repeated: bool) -> Draft:
    raw = RawRef(sha256=sha256, locator=f"row {line.number}")
    if line.ragged:
        return Draft(source_id=key, kind=Kind.COMPLAINT, raw=raw, faults=(Fault(code="row-ragged", field=""),))
    cells = {header: squeeze(line.cells[header]) for header in HEADERS}
    faults: list[Fault] = []
    flags = ["row-identical"] if repeated else []
    flags += ["column-unknown"] if len(line.cells) > len(HEADERS) else []
    facts: dict[str, str] = {}
    company = _read_number(cells["Company_Phone_Number"], faults, flags, facts)
    received, event = _read_times(cells["Created_Date"], cells["Violation_Date"], faults, flags)
    subject = cells["Subject"]
    if subject and subject not in _SUBJECTS:
        flags.append("subject-unknown")
    _note_places(cells, flags, facts)
    recorded = cells["Recorded_Message_Or_Robocall"]
    if recorded not in ("", "Y", "N"):
        faults.append(Fault(code="recorded-unknown", field="facts", value=recorded[:_SHOWN]))
    elif recorded:
        facts["recorded"] = recorded
    return Draft(
        source_id=key,
        kind=Kind.COMPLAINT,
        raw=raw,
        received_on=received,
        event_on=event,
        company=company,
        channel=Channel.PHONE,
        channel_evidence=Evidence.FIELD,  # the whole file is about calls: "Reported Calls"
        category=subject or None,
        flags=tuple(flags),
        faults=tuple(faults),
        facts=facts,
    )


def _read_number(cell: str, faults: list[Fault], flags: list[str], facts: dict[str, str]) -> str | None:
    """Return the mention. An empty cell names nobody, which the common rules flag; what cannot be called neither.

    Digits that are no number are not passed on: ten of them may look like an organisation number.
    """
    if not cell:
        return None
    if not _NUMBER.fullmatch(cell):
        faults.append(Fault(code="phone-unreadable", field="company", value=_WRITTEN.sub("[text]", cell)[:_SHOWN]))
        return None
    number = read_us_number(cell)
    if number is None:
        flags.append("phone-invalid")
        facts["number_shown"] = cell[:_SHOWN]
    return number


def _read_times(created: str, called: str, faults: list[Fault], flags: list[str]) -> tuple[date | None, date | None]:
    received, event = _read_time(created), _read_time(called)
    if received is None:
        faults.append(Fault(code="date-unreadable", field="received_on", value=created[:_SHOWN]))
    if called and event is None:
        flags.append("event-date-unreadable")
    if received and event and event > received:
        flags.append("call-after-complaint")
    return received.date() if received else None, event.date() if event else None


def _read_time(cell: str) -> datetime | None:
    if len(cell) != 19:  # strptime would also take 2021-7-7 1:2:3
        return None
    try:
        return datetime.strptime(cell, _TIME)  # noqa: DTZ007 - US Eastern, and kept as the day it was there
    except ValueError:
        return None


def _note_places(cells: dict[str, str], flags: list[str], facts: dict[str, str]) -> None:
    """Keep where the call was received as coarsely as it comes: a city that is a place's name, a state, an area code.

    People fill in the city themselves, so what is not shaped like a place (a ZIP code, a street) is left out.
    """
    for fact, header in (("city", "Consumer_City"), ("state", "Consumer_State")):
        cell = cells[header]
        if cell and len(cell) <= _LONGEST_PLACE and _PLACE.fullmatch(cell):
            facts[fact] = cell
        elif cell and "place-left-out" not in flags:
            flags.append("place-left-out")
    area = cells["Consumer_Area_Code"]
    if re.fullmatch(r"[2-9]\d\d", area, re.ASCII):
        facts["area_code"] = area
