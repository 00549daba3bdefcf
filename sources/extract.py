"""Extracts: CSV or XLSX files of complaints that an authority sends on request, dropped into a folder.

No machine feed of complaints per company is known, so the columns are whatever koll.toml says they are. Extracts
come irregularly and overlap; each says (by its name or its rows) which period it is complete for. Within that period
the newest file is the truth: a row that it no longer holds has been withdrawn.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import IO

from models.dates import read_date
from models.drafts import Check, Draft, Fault, RawRef
from models.org_number import OrgNumberInvalid, member_id, read_org_number
from models.words import Channel, Evidence, Kind, Outcome, Severity
from sources.contract import Bounds, Problem, RawItem, Reading, SourceBroken, SourceInfo, Visit
from sources.inbox.privacy import mask_text
from sources.tabular import Line, TableUnreadable, read_lines

INFO = SourceInfo(
    kind="extract",
    title="Extract from an authority",
    publisher="the authority that sent it",
    licence="public record; personal data is stripped on reading",
    parser_version=1,
    bounds=Bounds(rows=(1, 5_000_000), quiet_days=60, max_age_days=35),
    names_all_companies=True,
    checks=(
        Check("date-unreadable", Severity.ERROR, "A date has no certain reading."),
        Check("event-date-unreadable", Severity.WARNING, "The date of the event has no certain reading; left out."),
        Check("channel-unmapped", Severity.ERROR, "The channel has a value that the channel map does not know."),
        Check("outcome-unmapped", Severity.ERROR, "The outcome is none of our words for one."),
        Check("row-ragged", Severity.ERROR, "The row has more or fewer cells than the header."),
        Check("org-number-invalid", Severity.WARNING, "The organisation number is none; it was not used."),
    ),
)
_SUFFIXES = {".csv", ".txt", ".tsv", ".xlsx"}
_DATE_IN_NAME = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_SHOWN = 200


@dataclass(frozen=True)
class Extract:
    """A folder of extracts from one authority, and how to read its columns."""

    name: str
    folder: Path
    columns: Mapping[str, str]  # our field -> their header
    channels: Mapping[str, Channel]  # their value, casefolded -> our code
    hash_key: bytes
    bounds: Bounds
    encoding: str | None = None
    covers: str | tuple[str, str] | None = None
    info: SourceInfo = field(default=INFO)

    def read(self, visit: Visit) -> Reading:
        """Archive every file that is new; files already taken are carried over. Raise SourceBroken without folder."""
        if not self.folder.is_dir():
            raise SourceBroken(
                "folder-missing", f"{self.folder}: no such folder; create it or mend sources.{self.name}"
            )
        taken = {item.name: item for item in visit.last.items} if visit.last else {}
        items, problems = [], []
        for path in sorted(p for p in self.folder.iterdir() if p.suffix.lower() in _SUFFIXES and p.is_file()):
            try:
                items.append(self._take(path, taken.get(path.name), visit))
            except (OSError, ValueError) as error:
                problems.append(Problem("file-unreadable", path.name, f"{path}: {error}; check its permissions"))
        order = {item.name: place for place, item in enumerate(visit.last.items)} if visit.last else {}
        unchanged = sorted((item for item in items if item.unchanged), key=lambda item: order[item.name])
        fresh = sorted((item for item in items if not item.unchanged), key=_by_period)
        if problems and not items:
            raise SourceBroken(problems[0].code, problems[0].message)
        return Reading(self.name, (*unchanged, *fresh), visit.now, visit.business_date, problems=tuple(problems))

    def _take(self, path: Path, before: RawItem | None, visit: Visit) -> RawItem:
        """Archive one file, or recognise it by its bytes."""
        sha256 = visit.archive.put_file(path)
        same = before is not None and before.sha256 == sha256
        return RawItem(
            name=path.name,
            sha256=sha256,
            media_type="text/csv" if path.suffix.lower() != ".xlsx" else "application/xlsx",
            fetched_at=before.fetched_at if before and same else visit.now,
            unchanged=same,
            covers=self.find_period(path.name),
        )

    def find_period(self, file_name: str) -> tuple[date, date] | None:
        """Return the period a file covers: as configured, else the two dates in its name, else None (from its rows)."""
        if isinstance(self.covers, tuple):
            first, last = (read_date(end) for end in self.covers)
        elif self.covers and "(" not in self.covers and "/" in self.covers:
            first, last = (read_date(end) for end in self.covers.split("/", 1))
        elif self.covers:
            found = re.search(self.covers, file_name)
            first, last = (read_date(found.group("from")), read_date(found.group("to"))) if found else (None, None)
        else:
            dates = [read_date("-".join(parts)) for parts in _DATE_IN_NAME.findall(file_name)]
            first, last = (dates[0], dates[1]) if len(dates) == 2 else (None, None)
        return (first, last) if first and last and first <= last else None

    def parse(self, content: bytes, item: RawItem) -> Iterator[Draft]:
        """Yield one draft a row."""
        return self.parse_stream(BytesIO(content), item)

    def parse_stream(self, stream: IO[bytes], item: RawItem) -> Iterator[Draft]:
        """Yield one draft a row, in constant memory for CSV. Raise SourceBroken naming the file and the cure."""
        try:
            for line in read_lines(stream, list(self.columns.values()), encoding=self.encoding):
                yield self._read_row(line, item.sha256)
        except TableUnreadable as error:
            raise SourceBroken(error.code, f"{item.name}: {error}") from error

    def _read_row(self, line: Line, sha256: str) -> Draft:
        cells = {ours: line.cells.get(header, "") for ours, header in self.columns.items()}
        faults: list[Fault] = []
        flags: list[str] = []
        if line.ragged:
            faults.append(Fault(code="row-ragged", field="", value=""))
        channel, evidence = self._read_channel(cells.get("channel", ""), faults)
        return Draft(
            source_id=" ".join(cells["source_id"].split()) or None,
            kind=Kind.COMPLAINT,
            raw=RawRef(sha256=sha256, locator=f"row {line.number}"),
            received_on=_read_received(cells["received_on"], faults),
            event_on=self._read_event_date(cells.get("event_on", ""), flags),
            company=" ".join(cells.get("company", "").split()) or None,
            org_number=self._read_number(cells.get("org_number", ""), flags),
            channel=channel,
            channel_evidence=evidence,
            category=cells.get("category") or None,
            outcome=_read_outcome(cells.get("outcome", ""), faults),
            text=mask_text(cells["text"], self.hash_key).text if cells.get("text") else None,
            flags=tuple(flags),
            faults=tuple(faults),
        )

    def _read_channel(self, cell: str, faults: list[Fault]) -> tuple[Channel | None, Evidence | None]:
        if not cell:
            return Channel.UNKNOWN, None
        mapped = self.channels.get(cell.casefold())
        if mapped is None:
            faults.append(Fault(code="channel-unmapped", field="channel", value=cell[:_SHOWN]))
            return None, None
        return mapped, None if mapped is Channel.UNKNOWN else Evidence.FIELD

    @staticmethod
    def _read_event_date(cell: str, flags: list[str]) -> date | None:
        """People often remember the day vaguely: that keeps no complaint out."""
        found = read_date(cell) if cell else None
        if cell and found is None:
            flags.append("event-date-unreadable")
        return found

    def _read_number(self, cell: str, flags: list[str]) -> str | None:
        if not cell:
            return None
        try:
            return member_id(read_org_number(cell), self.hash_key)
        except OrgNumberInvalid:
            flags.append("org-number-invalid")
            return None


def _read_received(cell: str, faults: list[Fault]) -> date | None:
    found = read_date(cell) if cell else None
    if cell and found is None:
        faults.append(Fault(code="date-unreadable", field="received_on", value=cell[:_SHOWN]))
    return found


def _read_outcome(cell: str, faults: list[Fault]) -> Outcome | None:
    if not cell:
        return None
    try:
        return Outcome(cell.casefold())
    except ValueError:
        faults.append(Fault(code="outcome-unmapped", field="outcome", value=cell[:_SHOWN]))
        return None


def _by_period(item: RawItem) -> tuple[date, date, str]:
    """Order files that arrive together: the one that ends later knows more."""
    start, end = item.covers or (date.min, date.min)
    return end, start, item.name
