"""Extracts: CSV or XLSX files of complaints that an authority sends on request, dropped into a folder.

No machine feed of complaints per company is known, so the columns are whatever koll.toml says they are. Extracts
come irregularly and overlap; each says (by its name or its rows) which period it is complete for. Within that period
the newest file is the truth: a row that it no longer holds has been withdrawn.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import IO, Any

from models.dates import read_date
from models.draft_table import DraftTable, Memo
from models.drafts import Draft, Fault
from models.members.country import SWEDEN, Country
from models.members.org_number import OrgNumberInvalid, is_sole_trader, member_id, read_org_number
from models.words import Channel, Evidence, Kind, Outcome
from sources.contract import Bounds, Problem, RawItem, Reading, SourceBroken, SourceInfo, Visit
from sources.files.cells import TableUnreadable, clean, clean_all, squeeze
from sources.files.kind import EXTRACT_INFO
from sources.files.tabular import Block, read_blocks
from sources.inbox.privacy import mask_text

_SUFFIXES = {".csv", ".txt", ".tsv", ".xlsx", ".xlsm"}
_OTHER_TABLES = {".xls", ".xlsb", ".ods", ".numbers", ".zip", ".pdf", ".doc", ".docx"}  # sent for an extract, not one
_MANGLED = re.compile(
    r"#(?:REF|N/A|NAME|VALUE|NULL|NUM|DIV/0|SAKNAS|VÄRDEFEL|OGILTIGT|REFERENS|NAMN)[!?]?|#{3,}"
    r"|\d(?:[.,]\d+)?[Ee][+-]\d\d+|\d{4}-\d\d-\d\d(?: \d\d:\d\d)?"
)
_PERSONAL = re.compile(r"(?<!\d)(?:18|19|20)?\d{6}[-+\u2010-\u2015 ]?\d{4}(?!\d)")
_BLANKS = re.compile(r"[ \t\u00a0\u202f]+")  # not line ends nor control characters: those are damage in a key
_SUSPECT = re.compile(r"\d{5}|@")
_DATE_IN_NAME = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_MAYBE_DAMAGED = re.compile(r"[ \t\u00a0\u202f]{2}|[#\t\u00a0\u202f\ufffd]|[Ee][+-]\d|\d-\d\d-\d\d")
_MARKS_OF_DAMAGE = " \t\u00a0\u202f#\ufffd+-"  # what the pattern above finds holds one of these
_SHOWN = 200
_REMEMBERED = 20_000  # distinct cells of a column, before they are forgotten again


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
    country: Country = SWEDEN
    info: SourceInfo = field(default=EXTRACT_INFO)

    def read(self, visit: Visit) -> Reading:
        """Archive every file that is new; files already taken are carried over. Raise SourceBroken without folder."""
        if not self.folder.is_dir():
            raise SourceBroken(
                "folder-missing", f"{self.folder}: no such folder; create it or mend sources.{self.name}"
            )
        taken = {item.name: item for item in visit.last.items} if visit.last else {}
        items, problems = [], []
        for path in self._list_files():
            if path.suffix.lower() in _OTHER_TABLES:
                problems.append(Problem("not-a-table", path.name, f"{path}: save it as .xlsx or CSV, or take it away"))
                continue
            try:
                items.append(self._take(path, taken.get(path.name), visit))
            except (OSError, ValueError) as error:
                problems.append(Problem("file-unreadable", path.name, f"{path}: {error}; check its permissions"))
        order = {item.name: place for place, item in enumerate(visit.last.items)} if visit.last else {}
        unchanged = sorted((item for item in items if item.unchanged), key=lambda item: order[item.name])
        fresh = sorted((item for item in items if not item.unchanged), key=_by_period)
        if problems and not items:
            raise SourceBroken(problems[0].code, "; ".join(problem.message for problem in problems))
        return Reading(self.name, (*unchanged, *fresh), visit.now, visit.business_date, problems=tuple(problems))

    def _list_files(self) -> list[Path]:
        """Return what people dropped here; not the lock files and previews that their programs leave beside it."""
        try:
            found = sorted(path for path in self.folder.iterdir() if path.is_file())
        except OSError as error:
            raise SourceBroken(
                "folder-unreadable", f"{self.folder}: cannot be read ({error.strerror}); check its permissions"
            ) from error
        wanted = _SUFFIXES | _OTHER_TABLES
        return [path for path in found if path.suffix.lower() in wanted and not path.name.startswith((".", "~$"))]

    def _take(self, path: Path, before: RawItem | None, visit: Visit) -> RawItem:
        """Archive one file, or recognise it by its bytes."""
        sha256 = visit.archive.put_file(path, private=True)
        same = before is not None and before.sha256 == sha256
        return RawItem(
            name=path.name,
            sha256=sha256,
            media_type="application/xlsx" if path.suffix.lower() in {".xlsx", ".xlsm"} else "text/csv",
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
        return chain.from_iterable(self.parse_tables(stream, item))

    def parse_tables(self, stream: IO[bytes], item: RawItem) -> Iterator[DraftTable]:
        """Yield the rows as tables of some thousands each; see ``parse_stream``."""
        wanted = {ours: squeeze(header) for ours, header in self.columns.items()}
        readers = self._make_readers()
        try:
            for block in read_blocks(stream, list(wanted.values()), encoding=self.encoding):
                yield self._read_block(block, wanted, readers, item.sha256)
        except TableUnreadable as error:
            raise SourceBroken(error.code, f"{item.name}: {error}") from error

    def _make_readers(self) -> dict[str, "_Reader"]:
        """Return, by field and in the order in which faults are told, what reads its cells: each distinct one once."""
        return {
            "channel": _Reader(self._read_channel, "channel"),
            "company": _Reader(self._read_company),
            "received_on": _Reader(self._read_received, "received_on"),
            "event_on": _Reader(_read_event_date),
            "org_number": _Reader(self._read_number),
            "category": _Reader(self._read_category),
            "outcome": _Reader(self._read_outcome, "outcome"),
            "text": _Reader(self._mask_text),
        }

    def _read_block(
        self, block: Block, wanted: Mapping[str, str], readers: Mapping[str, "_Reader"], sha256: str
    ) -> DraftTable:
        count, ragged = len(block), block.ragged
        faults: dict[int, list[Fault]] = {at: [Fault(code="row-ragged", field="")] for at in sorted(ragged)}
        flags: dict[int, list[str]] = {}
        ids = self._read_keys(block.columns[wanted["source_id"]], faults)
        if next(iter(block.columns)) != wanted["source_id"]:
            # What stands in a cell may belong in another, free text with people in it too: only a first key is kept.
            ids = [None if at in ragged else key for at, key in enumerate(ids)] if ragged else ids
        read: dict[str, list[Any]] = {
            ours: reader.read(block.columns[wanted[ours]], ragged, faults, flags) if ours in wanted else [None] * count
            for ours, reader in readers.items()
        }
        channel: list[Any] = read["channel"] if "channel" in wanted else [Channel.UNKNOWN] * count
        named = [company or (None, None) for company in read["company"]]
        told = [None if one in (None, Channel.UNKNOWN) else Evidence.FIELD for one in channel]
        return DraftTable(
            sha256=[sha256] * count,
            locator=[f"row {number}" for number in block.numbers],
            source_id=ids,
            kind=[Kind.COMPLAINT] * count,
            received_on=read["received_on"],
            event_on=read["event_on"],
            company=[name for name, _ in named],
            org_number=[number or inside for number, (_, inside) in zip(read["org_number"], named, strict=True)],
            channel=channel,
            channel_evidence=told,
            category=read["category"],
            outcome=read["outcome"],
            reexamination=[False] * count,
            url=[None] * count,
            text=read["text"],
            precedence=[0] * count,
            flags={at: tuple(those) for at, those in flags.items()},
            faults={at: tuple(those) for at, those in faults.items()},
        )

    def _mask(self, cell: str) -> str:
        return mask_text(cell, self.hash_key, country=self.country).text if cell else ""

    def _mask_text(self, cell: str) -> str | None:
        return self._mask(cell) or None

    def _read_category(self, cell: str) -> str | None:
        """Return the publisher's own word, which is no place for a number or an address."""
        return (self._mask(cell) if _SUSPECT.search(cell) else cell) or None

    def _show(self, cell: str) -> str:
        """Return a refused value as the quarantine keeps it: it may be anything, also what a person wrote."""
        return self._mask(cell[:_SHOWN])

    def _read_keys(self, cells: Sequence[str], faults: dict[int, list[Fault]]) -> list[str | None]:
        """Return the ids of a block. They all differ, so that what is seldom wrong is looked for in all at once."""
        keys: list[str | None] = [*clean_all(cells)]
        joined = "\n".join(map(str, keys))
        plain = joined.count("\n") == len(keys) - 1 and joined.replace("\n", "").isprintable()
        told = any(mark in joined for mark in _MARKS_OF_DAMAGE)  # much quicker than the pattern, and most have none
        if not plain or (told and _MAYBE_DAMAGED.search(joined)):
            for at, cell in enumerate(keys):
                keys[at] = self._read_key(cell or "", faults, at)
        return [key or None for key in keys]

    def _read_key(self, cell: str, faults: dict[int, list[Fault]], at: int) -> str | None:
        key = _BLANKS.sub(" ", cell)
        if damage := _find_damage(key):
            faults.setdefault(at, []).append(Fault(code=damage, field="source_id", value=self._show(key)))
            return None
        return key

    def _read_company(self, cell: str) -> tuple[str | None, str | None]:
        """Return the company's name, and the masked number where somebody wrote a sole trader's into the name."""
        name = _BLANKS.sub(" ", cell.replace("\r\n", " ").replace("\n", " "))
        number = None
        if _SUSPECT.search(name):
            for written in _PERSONAL.findall(name):
                if _is_personal(written):
                    name = name.replace(written, "[personnummer]")
                    with suppress(OrgNumberInvalid):
                        number = number or member_id(read_org_number(written), self.hash_key)
        return name or None, number

    def _read_channel(self, cell: str) -> Channel:
        if not cell:
            return Channel.UNKNOWN
        mapped = self.channels.get(squeeze(cell).casefold())
        if mapped is None:
            raise _Odd("channel-unmapped", self._show(cell))
        return mapped

    def _read_number(self, cell: str) -> str | None:
        if not cell:
            return None
        try:
            return member_id(read_org_number(cell, self.country.scheme), self.hash_key)
        except OrgNumberInvalid as error:
            raise _Odd("org-number-invalid") from error

    def _read_received(self, cell: str) -> date | None:
        found = read_date(cell) if cell else None
        if cell and found is None:
            raise _Odd("date-unreadable", self._show(cell))
        return found

    def _read_outcome(self, cell: str) -> Outcome | None:
        if not cell:
            return None
        try:
            return Outcome(cell.casefold())
        except ValueError as error:
            raise _Odd("outcome-unmapped", self._show(cell)) from error


class _Odd(Exception):
    """A cell that cannot be read: the code of its fault or flag, and how the quarantine shows it."""

    def __init__(self, code: str, shown: str = "") -> None:
        self.code = code
        self.shown = shown


class _Reader:
    """Reads the cells of one column, each distinct one once, since days, channels and companies come again and again.

    A cell that ``read_cell`` finds odd is None, and becomes a fault of ``field``, or without a field a flag.
    """

    def __init__(self, read_cell: Callable[[str], Any], field: str = "") -> None:
        self._read_cell = read_cell
        self._field = field
        self._memo = Memo(self._work_out)
        self._odd: dict[str, _Odd] = {}

    def _work_out(self, cell: str) -> Any:
        try:
            return self._read_cell(clean(cell))
        except _Odd as odd:
            self._odd[cell] = odd
            return None

    def read(
        self,
        cells: Sequence[str],
        ragged: Mapping[int, bool],
        faults: dict[int, list[Fault]],
        flags: dict[int, list[str]],
    ) -> list[Any]:
        """Return what the cells of a block say; those of ragged rows say nothing."""
        if len(self._memo) > _REMEMBERED:
            self._memo.clear()
            self._odd.clear()
        if ragged:
            cells = ["" if at in ragged else cell for at, cell in enumerate(cells)]
        values = list(map(self._memo.__getitem__, cells))
        odd = self._odd
        for at, cell in enumerate(cells) if odd else ():
            if cell in odd and self._field:
                fault = Fault(code=odd[cell].code, field=self._field, value=odd[cell].shown)
                faults.setdefault(at, []).append(fault)
            elif cell in odd:
                flags.setdefault(at, []).append(odd[cell].code)
        return values


def _read_event_date(cell: str) -> date | None:
    """People often remember the day vaguely: that keeps no complaint out."""
    found = read_date(cell) if cell else None
    if cell and found is None:
        raise _Odd("event-date-unreadable")
    return found


def _find_damage(key: str) -> str | None:
    """Return the code of what has happened to a key; which record it was cannot be known then, so it has none."""
    if _MANGLED.fullmatch(key):
        return "key-mangled"
    return "key-damaged" if not key.isprintable() or "\ufffd" in key else None


def _is_personal(written: str) -> bool:
    """Tell a person's number by its form, also one with a slip in it; ten digits in one piece may be a telephone's."""
    digits = re.sub(r"\D", "", written)[-10:]
    if not is_sole_trader(digits):
        return False
    return not written.isdigit() or len(written) == 12 or (digits[0] != "0" and _is_number(digits))


def _is_number(digits: str) -> bool:
    try:
        return bool(read_org_number(digits))
    except OrgNumberInvalid:
        return False


def _by_period(item: RawItem) -> tuple[date, date, str]:
    """Order files that arrive together: the one that ends later knows more."""
    start, end = item.covers or (date.min, date.min)
    return end, start, item.name
