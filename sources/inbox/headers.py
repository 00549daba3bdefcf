"""Header values, decoded by rules only: encoded words, addresses, ids and moments; what is not sure is not read."""

import binascii
import quopri
import re
from datetime import UTC, datetime, timedelta, timezone
from itertools import groupby

from sources.encoding import decode_bytes

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(?<=\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_ANGLE = re.compile(r"<\s*([^<>\s]{1,320})\s*>?")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[^\s<>()\[\],;:\"@]{1,255}")
_ID = re.compile(r"<\s*([^<>\s]{1,998})\s*>")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_STAMP = re.compile(
    r"(\d{1,2})[ -]+(" + "|".join(_MONTHS) + r")[a-z]{0,6}[ -]+(\d{4}|\d{2})[ ,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?"
    r"\s{0,3}(?:([+-])(\d{2}):?(\d{2}))?(?!\d)",
    re.IGNORECASE,
)


def decode_header(value: bytes) -> str:
    """Return a header's value on one line: encoded words decoded, line ends and control characters turned to spaces."""
    text = decode_bytes(value, markup=False).text
    text = _BETWEEN.sub("", text)
    pieces: list[str] = []
    place = 0
    words = list(_WORD.finditer(text))
    for charset, run in groupby(_mark_runs(words), key=lambda pair: pair[0]):
        found = [word for _, word in run]
        pieces.append(text[place : found[0].start()])
        # A sender may cut a letter's bytes apart between two encoded words, so their bytes are joined first.
        pieces.append(decode_bytes(b"".join(map(_decode_word, found)), charset[1].partition("*")[0], markup=False).text)
        place = found[-1].end()
    return _CONTROL.sub(" ", "".join([*pieces, text[place:]])).strip()


def _mark_runs(words: list[re.Match[str]]) -> list[tuple[tuple[int, str], re.Match[str]]]:
    """Number the runs of encoded words that touch each other and share a charset."""
    marked: list[tuple[tuple[int, str], re.Match[str]]] = []
    run = 0
    for word in words:
        charset = word.group(1).lower()
        if marked and (marked[-1][1].end() != word.start() or marked[-1][0][1] != charset):
            run += 1
        marked.append(((run, charset), word))
    return marked


def _decode_word(word: re.Match[str]) -> bytes:
    raw = word.group(3).encode("utf-8", "replace")
    if word.group(2) in "qQ":
        return quopri.decodestring(raw, header=True)
    try:
        return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return raw


def find_address(value: str) -> tuple[str, str | None]:
    """Return (display name, address in lower case) of the first mailbox of a From header; None when there is none.

    The address in angle brackets counts, not one that the display name pretends.
    """
    value = value[:2000]
    angle = _ANGLE.search(value)
    found = _ADDRESS.search(angle.group(1)) if angle else None
    found = found or _ADDRESS.search(value)
    name = value[: angle.start()] if angle else ""
    if not angle and (comment := re.search(r"\(([^()]{1,200})\)", value)):
        name = comment.group(1)
    return name.strip(" \"'\t"), found.group().rstrip(".").lower() if found else None


def find_ids(value: str) -> tuple[str, ...]:
    """Return the ids of a Message-ID, In-Reply-To or References header, without their brackets."""
    found = _ID.findall(value)
    if not found and (bare := value.strip(" <>")) and not re.search(r"\s", bare):
        found = [bare]
    return tuple(found)


def read_stamp(value: str) -> datetime | None:
    """Return the moment in a Date header, or after the last semicolon of a Received one; None when it is not sure.

    A stamp without an offset, or with ``-0000``, is taken as UTC.
    """
    found = _STAMP.search(value.rpartition(";")[2][:200])
    if not found:
        return None
    day, month, year, hour, minute, second, sign, off_hours, off_minutes = found.groups()
    years = int(year) if len(year) == 4 else int(year) + (1900 if int(year) > 69 else 2000)
    offset = timedelta(hours=int(off_hours or 0), minutes=int(off_minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        zone = timezone(offset) if offset else UTC
        number = _MONTHS.index(month.lower()) + 1
        moment = datetime(years, number, int(day), int(hour), int(minute), min(int(second or 0), 59), tzinfo=zone)
    except ValueError:
        return None
    return moment if moment.year >= 1990 else None
