"""All companies of the country: names of non-members, so that the nearest name wins and common words show.

Reads Bolagsverket's weekly bulk file (``;`` between quoted values, sub-fields by ``$``, several names by ``|``),
SCB's tab-separated one, a CSV with a name column, JSON lines with ``name``, or one name a line; plain or zipped.
Only names and day numbers are kept; of an organisation number only a salted hash, since a sole trader's is a person's.
"""

import csv
import hashlib
import io
import json
import zipfile
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.matching import CompaniesUnreadable
from models.matching.blocking import GramIndex, Keys
from models.matching.forms import Form, form_of

_NAME_HEADERS = ("organisationsnamn", "foretagsnamn", "företagsnamn", "name", "company", "legal_name", "namn")
_NUMBER_HEADERS = ("organisationsidentitet", "peorgnr", "org_number", "orgnr", "organisationsnummer")
_ENDED_HEADERS = ("avregistreringsdatum", "ended_on")
_MOST_FORMS = 20_000  # normal forms kept at hand of those looked at lately
_ENDED_STAYS = 365  # days that the name of a closed company still competes


class CompanyRow(NamedTuple):
    """One company of the file: its number ("" when not told), its names, and the day it was closed."""

    org_number: str
    names: tuple[str, ...]
    ended: date | None = None


class Companies:
    """The names of many companies; ``read`` makes one from a file."""

    def __init__(self, rows: Iterable[CompanyRow], made_on: date | None = None) -> None:
        self.made_on = made_on
        self.words: Counter[str] = Counter()
        self.names: list[str] = []
        keys = Keys()
        core_hashes, joined_hashes, numbers, ended = array("q"), array("q"), array("q"), array("i")
        digest = hashlib.blake2b(digest_size=8)
        for row in rows:
            number = hash(row.org_number) if row.org_number else 0
            for name in dict.fromkeys(row.names):
                form = form_of(name)
                if not form.core:
                    continue
                self.words.update(form.words)
                self.names.append(name)
                keys.add(form.joined or form.core)
                core_hashes.append(hash(form.core))
                joined_hashes.append(hash(form.joined or form.core))
                numbers.append(number)
                ended.append(row.ended.toordinal() if row.ended else 0)
                digest.update(name.encode("utf-8", "replace"))
        self.version = digest.hexdigest()
        self.grams = GramIndex(keys)
        self._numbers = np.frombuffer(numbers, dtype=np.int64)
        self._ended = np.frombuffer(ended, dtype=np.int32)
        self._forms: dict[int, Form] = {}
        self._by_core = _Sorted(core_hashes)
        self._by_joined = _Sorted(joined_hashes)
        self._by_number = _Sorted(numbers)

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self.names)

    @classmethod
    def read(cls, path: Path, made_on: date | None = None) -> "Companies":
        """Read a file of companies. Raises CompaniesUnreadable when no column holds names, OSError as ``open``."""
        return cls(read_companies(path), made_on)

    def form(self, number: int) -> Form:
        """Return the normal form of a name."""
        form = self._forms.get(number)
        if form is None:
            if len(self._forms) >= _MOST_FORMS:
                self._forms.clear()
            form = self._forms[number] = form_of(self.names[number])
        return form

    def org_hash(self, number: int) -> int:
        """Return the salted hash of the company's number, 0 when the file does not tell it."""
        return int(self._numbers[number])

    def competes(self, number: int, on: date | None) -> bool:
        """Tell whether the company still was there on the day, or closed less than a year before."""
        ended = int(self._ended[number])
        if not ended:
            return True
        return on is not None and on.toordinal() <= ended + _ENDED_STAYS

    def named(self, form: Form) -> list[int]:
        """Return the numbers of the names equal to ``form``, with or without country and group words."""
        found = self._by_core.find(hash(form.core))
        for key in {form.joined or form.core, form.spelled}:
            found += self._by_joined.find(hash(key))
        return list(dict.fromkeys(found))

    def of_org_number(self, org_number: str) -> list[int]:
        """Return the numbers of the names of the company with this number."""
        return self._by_number.find(hash(org_number))

    def shared_with(self, forms: Sequence[Form], org_numbers: Sequence[str]) -> tuple[list[int], list[str]]:
        """Return which of the forms (their places) and which of the org numbers stand in the file too."""
        cores = np.fromiter((hash(form.core) for form in forms), dtype=np.int64, count=len(forms))
        numbers = np.fromiter((hash(number) for number in org_numbers), dtype=np.int64, count=len(org_numbers))
        named = np.flatnonzero(np.isin(cores, self._by_core.values)).tolist()
        return named, [org_numbers[int(at)] for at in np.flatnonzero(np.isin(numbers, self._by_number.values))]

    def with_org_number(self, org_number: str) -> str | None:
        """Return a name of the company with this number."""
        found = self._by_number.find(hash(org_number))
        return self.names[found[0]] if found else None


class _Sorted:
    """Hashes sorted beside their places: a million keys in 12 MB, where a dict takes 100."""

    def __init__(self, hashes: "array[int]") -> None:
        values = np.frombuffer(hashes, dtype=np.int64)
        self._order: NDArray[np.int32] = np.argsort(values, kind="stable").astype(np.int32)
        self._keys = array("q", values[self._order].tobytes())  # searched one by one, an array is quicker than numpy
        self.values: NDArray[np.int64] = np.frombuffer(self._keys, dtype=np.int64)

    def find(self, key: int) -> list[int]:
        keys = self._keys
        start = end = bisect_left(keys, key)
        while end < len(keys) and end < start + 20 and keys[end] == key:
            end += 1
        return [int(place) for place in self._order[start:end]] if end > start else []


def read_companies(path: Path) -> Iterator[CompanyRow]:
    """Yield the companies of a file, whichever of the known layouts it has."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            inside = max(archive.infolist(), key=lambda entry: entry.file_size)
            with archive.open(inside) as member:
                yield from _read_lines(_decode(member))
    else:
        with path.open("rb") as plain:
            yield from _read_lines(_decode(plain))


def _decode(lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number == 0:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            yield line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            yield line.decode("cp1252", "replace").rstrip("\r\n")


def _read_lines(lines: Iterator[str]) -> Iterator[CompanyRow]:
    first = next(lines, "")
    if first.startswith("{"):
        yield from _read_json(first, lines)
        return
    separator = max(";\t,", key=first.count)
    header = [cell.strip().strip('"').casefold() for cell in first.split(separator)]
    at_name = next((header.index(h) for h in _NAME_HEADERS if h in header), None)
    if at_name is None:
        if len(header) > 2:
            raise CompaniesUnreadable(f"no column of names in the file; looked for {', '.join(_NAME_HEADERS)}")
        yield CompanyRow("", (first,))
        yield from (CompanyRow("", (line,)) for line in lines)
        return
    at_number = next((header.index(h) for h in _NUMBER_HEADERS if h in header), None)
    at_ended = next((header.index(h) for h in _ENDED_HEADERS if h in header), None)
    for line in lines:
        cells = _cut(line, separator)
        if len(cells) > at_name:
            number = cells[at_number] if at_number is not None and at_number < len(cells) else ""
            ended = cells[at_ended] if at_ended is not None and at_ended < len(cells) else ""
            yield CompanyRow(_read_number(number), tuple(_read_names(cells[at_name])), _read_day(ended))


def _cut(line: str, separator: str) -> list[str]:
    """Cut a line into values; stray quotes inside a value do no harm in the quoted layout.

    The registrar's line, told by the ``$`` in its first value, may end inside a value that goes on below.
    """
    whole = line.endswith('"') or "$" in line.partition(separator)[0]
    if whole and line.startswith('"') and f'"{separator}"' in line:
        return line[1:].removesuffix('"').split(f'"{separator}"')
    if '"' in line:
        return next(csv.reader(io.StringIO(line), delimiter=separator), [])
    return line.split(separator)


def _read_json(first: str, lines: Iterator[str]) -> Iterator[CompanyRow]:
    for line in (first, *lines):
        if line.strip():
            row = json.loads(line)
            name = row.get("name") or row.get("legal_name")
            if isinstance(name, str):
                yield CompanyRow(_read_number(str(row.get("org_number") or row.get("orgnr") or "")), (name,))


def _read_number(cell: str) -> str:
    digits = "".join(c for c in cell.partition("$")[0] if c.isdigit())
    return digits[-10:] if len(digits) in (10, 12) else ""


def _read_names(cell: str) -> Iterator[str]:
    for part in cell.split("|"):
        name = part.partition("$")[0].strip()
        if name:
            yield name


def _read_day(cell: str) -> date | None:
    try:
        return date.fromisoformat(cell.strip()[:10])
    except ValueError:
        return None
