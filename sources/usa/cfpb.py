"""The CFPB's consumer complaint database: complaints against financial firms in the USA, one row each, by company.

Bulk CSV files (dropped into a folder) come in three eras: 14 columns with 07/29/2013 or 7/29/2013, with or without
the complaint's id; 18 columns with 2015-03-19; since June 2026 16 columns with 2025-07-11T14:42:24.000Z. The search
interface gives the newest era as CSV, a null written as the text None, or JSON. What a complainant wrote is published
only with consent and masked (XXXX, {$240.00}); it is masked once more and stored as text only. ZIP codes and tags
(older, in service) are not stored. https://cfpb.github.io/api/ccdb/fields.html
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import IO, ClassVar

from models.drafts import Check, Draft, Fault, RawRef
from models.members.country import find_country
from models.words import Channel, Evidence, Kind, Severity
from sources.contract import Bounds, RawItem, Reading, SourceBroken, SourceInfo, Visit
from sources.files.cells import TableUnreadable, squeeze
from sources.files.tabular import Line
from sources.inbox.privacy import mask_text
from sources.usa.cfpb_files import read_folder
from sources.usa.cfpb_search import SearchVisit
from sources.usa.whole_lines import read_whole_lines

INFO = SourceInfo(
    kind="cfpb",
    title="Consumer Complaint Database",
    publisher="Consumer Financial Protection Bureau (USA)",
    licence="CC0 1.0",
    parser_version=1,
    # Of one company a handful a month, of all together up to 100,000 a week; new ones come every working day.
    # 20 searches and 2 exports a minute are allowed: exports wait ten times the delay.
    bounds=Bounds(rows=(1, 50_000_000), quiet_days=14, max_age_days=30, delay=3.0),
    names_all_companies=True,
    checks=(
        Check(
            "row-ragged", Severity.ERROR, "The row has not the header's cells: cut short, or a stray quotation mark."
        ),
        Check("date-unreadable", Severity.ERROR, "The day of receipt is written in no form that the CFPB has used."),
        Check(
            "key-odd", Severity.ERROR, "The complaint's id is not a whole number: a spreadsheet may have changed it."
        ),
        Check("key-made", Severity.WARNING, "The file has no ids; one was made of the row's content."),
        Check("row-identical", Severity.WARNING, "The file has no ids, and another row with exactly this content."),
        Check("record-unreadable", Severity.ERROR, "A record of the search interface is not one as we know it."),
        Check("column-unknown", Severity.WARNING, "The file has a column that it did not have before."),
    ),
)

DETAIL = "https://www.consumerfinance.gov/data-research/consumer-complaints/search/detail/"
REQUIRED = ("Date received", "Product", "Issue", "Company")
# Where eras and the search interface's JSON name a column otherwise.
_SAME = {"Company response": "Company response to consumer", "Consumer complaint": "Consumer complaint narrative"}
_JSON = {
    "complaint_id": "Complaint ID",
    "date_received": "Date received",
    "date_sent_to_company": "Date sent to company",
    "product": "Product",
    "sub_product": "Sub-product",
    "issue": "Issue",
    "sub_issue": "Sub-issue",
    "company": "Company",
    "state": "State",
    "zip_code": "ZIP code",
    "tags": "Tags",
    "submitted_via": "Submitted via",
    "timely": "Timely response?",
    "company_response": "Company response to consumer",
    "company_public_response": "Company public response",
    "complaint_what_happened": "Consumer complaint narrative",
    "consumer_consent_provided": "Consumer consent provided?",
    "consumer_disputed": "Consumer disputed?",
    "has_narrative": "",  # told by the narrative itself
}
_KNOWN = frozenset(name for name in _JSON.values() if name)
# What a row without id is known by, besides its day: what stays while the company answers and ZIP codes are masked.
_KEY = ("Product", "Sub-product", "Issue", "Sub-issue", "Company", "State", "Submitted via")
_FACTS = {
    "state": "State",
    "submitted_via": "Submitted via",  # to the CFPB: it says nothing of how the company reached the consumer
    "company_response": "Company response to consumer",
    "timely": "Timely response?",
    "disputed": "Consumer disputed?",
}
_CATEGORY = ("Product", "Sub-product", "Issue", "Sub-issue")
_NULLS = {"None", "N/A"}
_CALLS = frozenset(  # sub-issues (issues, in some eras) that are about being telephoned by the company
    (
        "Called after sent written cease of comm",
        "Called before 8am or after 9pm",
        "Called outside of 8am-9pm",
        "Frequent or repeated calls",
        "Keep getting calls about my loan",
    )
)
# Damaged in the database itself: the byte of cp850's à, passed on as a control character.
_DAMAGED = {"S.\x85 r.l.": "S.à r.l.", "S.\x85r.l.": "S.à r.l."}
_SPACES = re.compile(r"[ \t\u00a0]+")  # a control character is no space: it tells of damage
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_ID = re.compile(r"[1-9]\d{0,11}", re.ASCII)
_SHOWN = 40
_USA = find_country("US")


class Cfpb:
    """The database, from bulk files in ``folder``, or else from the search interface at ``sites[0]``.

    The address may carry filters (``?company=...&product=...``), as the publisher's own search page shows them.
    """

    info = INFO
    columns: ClassVar[Mapping[str, str]] = {header.lower(): header for header in REQUIRED}
    encoding = None  # found: a byte order mark, UTF-8, cp1252

    def __init__(
        self, name: str, sites: list[str], bounds: Bounds, user_agent: str, *, folder: Path | None = None
    ) -> None:
        if (folder is None) == (not sites):
            raise ValueError(f"sources.{name}: one of folder (of bulk files) and sites (the search address) is needed")
        self.name = name
        self.sites = sites
        self.folder = folder
        self.bounds = bounds
        self.user_agent = user_agent

    def read(self, visit: Visit) -> Reading:
        """Take in new bulk files, or read the last 60 days again. Raise SourceBroken."""
        if self.folder is not None:
            return read_folder(self.name, self.folder, visit, find_last_day)
        search = SearchVisit(self.name, self.sites[0], self.bounds.delay, self.user_agent, visit)
        search.check_state()
        search.read_weeks()
        return search.make_reading()

    def parse(self, content: bytes, item: RawItem) -> Iterator[Draft]:
        """Yield one draft a row."""
        return self.parse_stream(BytesIO(content), item)

    def parse_stream(self, stream: IO[bytes], item: RawItem) -> Iterator[Draft]:
        """Yield one draft a row, in constant memory for CSV with ids. Raise SourceBroken when it is no such table.

        An answer of the search interface may reach into the next day, which is another item's and left to it.
        """
        seen: Counter[str] = Counter()
        try:
            for locator, line in _read_rows(stream):
                draft = _read_row(line, seen, RawRef(sha256=item.sha256, locator=locator))
                if item.covers is None or _belongs(draft, item.covers, item.name):
                    yield draft
        except TableUnreadable as error:
            raise SourceBroken(error.code, f"{item.name}: {error}") from error


def read_us_date(cell: str) -> date | None:
    """Return the day of a date in any form the CFPB has used, as it stands there (times are UTC), or None."""
    if found := _AMERICAN.fullmatch(cell):
        month, day, year = map(int, found.groups())
    elif found := _ISO.fullmatch(cell):
        year, month, day = map(int, found.groups())
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def find_last_day(stream: IO[bytes]) -> date | None:
    """Return the last day of receipt in a bulk file; None when it cannot be read, which parsing will then tell."""
    last = None
    try:
        for _, line in _read_rows(stream):
            day = None if line.ragged else read_us_date(line.cells["Date received"])
            last = max(last, day) if last and day else last or day
    except TableUnreadable:
        return None
    return last


def _read_rows(stream: IO[bytes]) -> Iterator[tuple[str, Line]]:
    """Yield (locator, row under the newest era's column names) of a CSV file or a page of the search interface."""
    start = stream.read(64).lstrip(b"\xef\xbb\xbf \r\n\t")
    stream.seek(0)
    if start.startswith(b"{"):
        yield from _read_json(stream.read())
        return
    for line in read_whole_lines(stream, REQUIRED):
        cells = {_SAME.get(name, name): cell for name, cell in line.cells.items()}
        if "Complaint ID" not in cells and (unknown := sorted(set(cells) - _KNOWN)):
            # The id under another name, perhaps: ids made of the content would make all complaints new ones.
            raise TableUnreadable("columns-missing", f"no column 'Complaint ID', but {', '.join(unknown)[:200]}")
        yield f"row {line.number}", Line(line.number, cells, line.ragged, line.longer)


def _read_json(content: bytes) -> Iterator[tuple[str, Line]]:
    try:
        hits = json.loads(content)["hits"]["hits"]
        records = [hit["_source"] for hit in hits]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TableUnreadable("not-a-table", "neither CSV nor a page of the search interface; open it") from error
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict) or any(isinstance(value, dict | list) for value in record.values()):
            yield f"hit {number}", Line(number, {}, ragged=True)
            continue
        told = {str(name): "" if value is None else _mend(str(value)) for name, value in record.items()}
        named = {"Complaint ID": ""} | {_JSON.get(name, name): value for name, value in told.items()}
        named.pop("", None)
        yield f"hit {number}", Line(number, named)


def _mend(text: str) -> str:
    """Return text that a database takes: JSON can spell half a character and a NUL."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _belongs(draft: Draft, covers: tuple[date, date], name: str) -> bool:
    """Tell whether a row is in the period asked for; days far outside mean that the filter was not understood."""
    day = draft.received_on
    if day is None or covers[0] <= day <= covers[1]:
        return True
    if covers[0] - timedelta(days=1) <= day <= covers[1] + timedelta(days=1):
        return False
    message = f"holds complaints of {day}, though {covers[0]} to {covers[1]} was asked for"
    raise SourceBroken("range-ignored", f"{name}: {message}; see whether the interface has new names for its dates")


def _read_row(line: Line, seen: Counter[str], raw: RawRef) -> Draft:
    if line.ragged:
        # What stands in a cell may belong in another, what somebody wrote too: only an id in front is kept.
        first = next(iter(line.cells.items()), ("", ""))
        known = first[1] if first[0] == "Complaint ID" and _ID.fullmatch(first[1]) else None
        code = "row-ragged" if line.cells else "record-unreadable"
        return Draft(source_id=known, kind=Kind.COMPLAINT, raw=raw, faults=(Fault(code=code, field=""),))
    cells = {name: "" if cell in _NULLS else cell for name, cell in line.cells.items()}
    faults: list[Fault] = []
    flags: list[str] = [] if _KNOWN.issuperset(cells) else ["column-unknown"]
    received = read_us_date(cells.get("Date received", ""))
    if received is None and cells.get("Date received"):
        faults.append(Fault(code="date-unreadable", field="received_on", value=cells["Date received"][:_SHOWN]))
    key = _read_key(cells, received, seen, faults, flags)
    channel, evidence = _read_channel(cells)
    narrative = cells.get("Consumer complaint narrative", "")
    return Draft(
        source_id=key,
        kind=Kind.COMPLAINT,
        raw=raw,
        received_on=received,
        company=_read_company(cells.get("Company", "")),
        channel=channel,
        channel_evidence=evidence,
        category="; ".join(squeeze(cells[name]) for name in _CATEGORY if cells.get(name)) or None,
        url=f"{DETAIL}{key}" if key and "key-made" not in flags else None,
        text=mask_text(narrative, b"", country=_USA).text if narrative else None,
        flags=tuple(flags),
        faults=tuple(faults),
        facts={fact: squeeze(cells[name]) for fact, name in _FACTS.items() if cells.get(name)},
    )


def _read_key(
    cells: Mapping[str, str], received: date | None, seen: Counter[str], faults: list[Fault], flags: list[str]
) -> str | None:
    """Return the complaint's id; where the file has none, a hash of what does not change and which of equal rows."""
    if "Complaint ID" in cells:
        written = cells["Complaint ID"]
        if written and not _ID.fullmatch(written):
            faults.append(Fault(code="key-odd", field="source_id", value=written[:_SHOWN]))
            return None
        return written or None
    key = _hash((str(received or cells.get("Date received", "")), *(cells.get(name, "") for name in _KEY)))
    seen[key] += 1
    whole = _hash(f"{name}={cell}" for name, cell in sorted(cells.items()))
    flags.append("key-made")
    if seen[f"row {whole}"]:
        flags.append("row-identical")
    seen[f"row {whole}"] += 1
    return f"{key}-{seen[key]}"


def _hash(cells: Iterable[str]) -> str:
    told = "\x1f".join(squeeze(cell) for cell in cells)
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _read_company(cell: str) -> str | None:
    for damaged, right in _DAMAGED.items():
        cell = cell.replace(damaged, right)
    return _SPACES.sub(" ", cell).strip(" ") or None


def _read_channel(cells: Mapping[str, str]) -> tuple[Channel, Evidence | None]:
    """Return PHONE where the consumer's own choice of issue says that the company telephoned; else nothing tells."""
    if {squeeze(cells.get("Sub-issue", "")), squeeze(cells.get("Issue", ""))} & _CALLS:
        return Channel.PHONE, Evidence.ISSUE
    return Channel.UNKNOWN, None
