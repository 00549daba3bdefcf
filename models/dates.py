"""Dates as publishers and people write them. What has two readings is not read at all."""

import re
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("januari", "january", "jan"),
            ("februari", "february", "feb"),
            ("mars", "march", "mar"),
            ("april", "apr"),
            ("maj", "may"),
            ("juni", "june", "jun"),
            ("juli", "july", "jul"),
            ("augusti", "august", "aug"),
            ("september", "sept", "sep"),
            ("oktober", "october", "okt", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        1,
    )
    for name in names
}
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[t ]\d{1,2}[:.]\d{2}.{0,20})?")
_SLASHED = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_WORDS = re.compile(r"(?:den )?(\d{1,2})[.]? ([a-z]{3,9})[.]? (\d{4})")


def read_date(text: str) -> date | None:
    """Return the date that ``text`` is, or None when it is none for sure.

    Reads 2026-08-25, 2026-08-25 13:40, 2026/08/25, 20260825 and 25 augusti 2026. ``03/04/2026`` has two readings.
    """
    squeezed = " ".join(text.split()).casefold()
    if len(squeezed) > 40 or not squeezed.isascii():
        return None
    if found := _ISO.fullmatch(squeezed) or _SLASHED.fullmatch(squeezed) or _COMPACT.fullmatch(squeezed):
        year, month, day = map(int, found.groups())
    elif (found := _WORDS.fullmatch(squeezed)) and found.group(2) in _MONTHS:
        day, month, year = int(found.group(1)), _MONTHS[found.group(2)], int(found.group(3))
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
