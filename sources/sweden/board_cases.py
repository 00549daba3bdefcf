"""The board's case numbers and dates, as its editors type them (pure).

Two forms of number: ``944/12`` (number/year, until 2013) and ``21-072`` (year-number). Canonical spelling: a plain
hyphen, at least three digits after the year in the new form, no leading zeros in the old. Source of the forms: the
board's own pages, 2012 to 2026.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_DASH = r"\-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_NEW = rf"\d{{2}} ?[{_DASH}] ?(?:\d{{3}}|[1-9]\d{{3}})(?!\d)"
_OLD = r"[1-9]\d{0,3} ?/ ?(?:0[5-9]|1[0-6])(?!\d)"
# A number ends where no letter, digit or further separator goes on: "21-07x" and "21-072-3" are not numbers.
_NUMBER = re.compile(rf"(?<![\w{_DASH}/])(?:{_NEW}|{_OLD})(?=samt\b|och\b|[^\w/]|$)")
_GOES_ON = re.compile(rf"[{_DASH}]\d")
_RANGE_WORD = rf" ?(?:[{_DASH}]|till och med|t\.o\.m\.|t o m|tom|till) ?"
_RANGE = re.compile(
    rf"(?<![\w/])(?P<a>{_NEW}|{_OLD}){_RANGE_WORD}(?:(?:ärende|dnr\.?) )?(?P<b>{_NEW}|{_OLD}|\d{{3}})(?![\w/])",
    re.IGNORECASE,
)
_LIST_GLUE = re.compile(
    r"[\s,;&+]*(?:(?:och|samt|respektive|resp\.?)\s+)?(?:(?:ärende\w{0,4}|dnr\.?)\s+)?", re.IGNORECASE
)
_REEXAMINED = re.compile(r"\b(?:ompr(?:övning\w*|övad?|övat)?|omprövn|omprövas)\b\.?", re.IGNORECASE)
_TOTAL = re.compile(r"\(?\s?totalt\s+(\d{1,3})\s+(?:st\w*\.?|ärenden)\s?\)?", re.IGNORECASE)
_NOISE = re.compile(r"\b(?:dnr|diarienummer|diarienr|ärenden?|samt|och|respektive|resp|nr)\b\.?", re.IGNORECASE)
_WIDEST_RANGE = 60  # one page has carried 23 cases; a wider range is a slip of the pen
_SLUG_NUMBER = re.compile(r"(?<!\d)(\d{2})-(\d{3,4})(?!\d)")

_MONTHS = [
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
]
_ISO = re.compile(rf"((?:19|20)\d{{2}}) ?[{_DASH}] ?(\d{{1,2}}) ?[{_DASH}] ?(\d{{1,2}})")
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_SPELT = re.compile(r"(?:den )?(\d{1,2})(?:[:.]?[ae]|\.)? ([a-zå]{3,9})\.? ((?:19|20)\d{2})", re.IGNORECASE)


@dataclass(frozen=True)
class CaseField:
    """What the field ``Diarienummer`` says. ``unread`` is what was left over: a number we could not read."""

    cases: tuple[str, ...]
    reexamined: bool
    unread: str
    stated_total: int | None


def canonical_case(text: str) -> str:
    """Return one case number (either form, any dash, any spaces) in canonical spelling."""
    compact = re.sub(rf"[{_DASH}]", "-", text.replace(" ", ""))
    if "/" in compact:
        number, year = compact.split("/")
        return f"{int(number)}/{year}"
    year, number = compact.split("-")
    return f"{year}-{int(number):03d}"


def read_case_field(value: str) -> CaseField:
    """Read every case number of the field, with lists, ranges, ``(totalt 23 st)`` and re-examination marks."""
    flat = " ".join(value.split())
    total = _TOTAL.search(flat)
    flat = _TOTAL.sub(" ", flat)
    reexamined = bool(_REEXAMINED.search(flat))
    flat = _REEXAMINED.sub(" ", flat)
    cases: list[str] = []
    left: list[str] = []
    at = 0
    for start, end, found in find_numbers(flat):
        left.append(flat[at:start])
        cases += found
        at = end
    left.append(flat[at:])
    unread = re.sub(rf"[\s,;.:&+()\[\]{_DASH}]+", " ", _NOISE.sub(" ", " ".join(left))).strip()
    return CaseField(tuple(dict.fromkeys(cases)), reexamined, unread, int(total.group(1)) if total else None)


def find_numbers(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield (start, end, case numbers) of every number and range in ``text``, in order."""
    at = 0
    while found := _NUMBER.search(text, at):
        at = found.start()
        ranged = _RANGE.match(text, at)
        spread = _spread(ranged.group("a"), ranged.group("b")) if ranged else []
        end = ranged.end() if ranged and spread else found.end()
        if spread or not _GOES_ON.match(text, end):
            yield at, end, spread or [canonical_case(found.group())]
        at = end


def find_case_lists(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield (start, end, case numbers) of every enumeration: numbers joined by commas, ``och``, ``samt``, ranges."""
    start = end = -1
    gathered: list[str] = []
    for a, b, cases in find_numbers(text):
        glue = _LIST_GLUE.match(text, end) if gathered else None
        if glue and glue.end() == a:
            gathered += cases
            end = b
            continue
        if gathered:
            yield start, end, gathered
        start, end, gathered = a, b, list(cases)
    if gathered:
        yield start, end, gathered


def cases_in_slug(url: str) -> list[str]:
    """Return the case numbers that a page's address spells out (``/arenden/20-419-samt-20-420``), else nothing."""
    slug = url.rstrip("/").rpartition("/")[2].lower()
    slug = re.sub(r"^dnr-", "", slug)
    if not re.match(r"\d{2}-\d{3}(?!\d)", slug):
        return []
    return [f"{year}-{number}" for year, number in _SLUG_NUMBER.findall(slug)]


def case_year(case: str) -> int:
    """Return the year a case was registered, from its canonical number."""
    return 2000 + int(case.partition("/")[2] or case.partition("-")[0])


def read_date(value: str) -> date | None:
    """Read ``20181222``, ``2021-07-12`` or ``7 oktober 2022``; None for anything else (a five-digit year, 31 June)."""
    text = " ".join(value.split()).strip(" .,;:()")
    for pattern in (_ISO, _COMPACT):
        if found := pattern.fullmatch(text):
            return _valid(int(found.group(1)), int(found.group(2)), int(found.group(3)))
    if found := _SPELT.fullmatch(text):
        name = found.group(2).lower()
        months = [n for n, month in enumerate(_MONTHS, 1) if month == name or (len(name) == 3 and month[:3] == name)]
        return _valid(int(found.group(3)), months[0], int(found.group(1))) if months else None
    return None


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _spread(first: str, last: str) -> list[str]:
    """Return every case from ``first`` to ``last``; nothing when the two do not make a range."""
    a = canonical_case(first)
    old = "/" in a
    if last.isdigit():
        last = f"{last}/{a[-2:]}" if old else f"{a[:2]}-{last}"
    b = canonical_case(last)
    if ("/" in b) != old:
        return []
    (low, year_a), (high, year_b) = _parts(a), _parts(b)
    if year_a != year_b or not low < high <= low + _WIDEST_RANGE:
        return []
    return [f"{n}/{year_a}" if old else f"{year_a}-{n:03d}" for n in range(low, high + 1)]


def _parts(case: str) -> tuple[int, str]:
    if "/" in case:
        number, year = case.split("/")
    else:
        year, number = case.split("-")
    return int(number), year
