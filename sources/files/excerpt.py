"""The place in an archived object that a quarantined row was read from, for people: harmless, and masked."""

import io
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO

from models.members.country import SWEDEN, Country
from sources.contract import RawItem
from sources.encoding import decode_bytes
from sources.files.records import MAX_LINE, find_encoding
from sources.files.workbook import MAX_COLUMNS, show_cell
from sources.inbox.mail import MailUnreadable, read_mail
from sources.inbox.privacy import is_private, mask_text

_ROW = re.compile(r"row (\d{1,9})")
_MOST_LINES = 30
_LONGEST = 2_000  # characters of one line
_BEFORE, _AFTER = 400, 1_200  # characters of a page around what is wrong in it
_BEGINS = re.compile(r"<h1\b|<main\b|<article\b|<body\b", re.IGNORECASE)
_HEADER = re.compile(r"([\w-]{1,80}):")
_TELLING = re.compile(r"(?:Date|MIME-Version|Content-Type|Content-Transfer-Encoding):[^;\r\n]*", re.IGNORECASE)


def cut_excerpt(
    stream: IO[bytes],
    item: RawItem,
    locator: str,
    hash_key: bytes,
    *,
    encoding: str | None = None,
    wanted: Iterable[str] = (),
    country: Country = SWEDEN,
) -> list[str]:
    """Return the lines of an object around ``locator`` ("row 17", "case 21-072"); of a table its header too.

    ``stream`` is seekable. ``wanted`` are texts that the place holds. Bytes that are no text in the object's encoding
    stand as ``\\xNN``, control and invisible characters as escapes. Phone numbers, addresses and people's names are
    masked as on reading. Never raises on a damaged object: what can be read of it is returned.
    """
    row = _ROW.fullmatch(locator)
    place = "" if row else locator.partition(" ")[2]
    start = stream.read(4)
    stream.seek(0)
    if row:
        number = int(row.group(1))
        lines = _cut_sheet(stream, number) if start == b"PK\x03\x04" else _cut_table(stream, number, encoding)
    elif item.media_type == "message/rfc822":
        return _finish(_cut_mail(stream.read(), hash_key, country))
    else:
        lines = _cut_page(stream.read(), item.charset, [*filter(None, [place, *wanted])])
    return _finish([_mask(line, place, hash_key, country) for line in lines])


def make_harmless(text: str) -> str:
    """Return ``text`` with control and invisible characters written out, so that a terminal only shows them."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _mask(line: str, place: str, hash_key: bytes, country: Country) -> str:
    """Mask a line; the case number looked for stays, though it may look like a telephone number."""
    if place and place in line:
        return place.join(_mask(part, "", hash_key, country) for part in line.split(place))
    return mask_text(line, hash_key, country=country).text


def _finish(lines: Iterable[str]) -> list[str]:
    return [make_harmless(line.rstrip("\r\n"))[:_LONGEST] for line in islice(lines, _MOST_LINES)]


def _cut_table(stream: IO[bytes], number: int, encoding: str | None) -> list[str]:
    chosen = encoding or find_encoding(stream)
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=chosen, errors="backslashreplace", newline="")
    header: list[str] = []
    found: list[str] = []
    try:
        for at in range(1, number + _MOST_LINES):
            line = text.readline(MAX_LINE)
            if not line:
                break
            if at >= number:
                found.append(line)
                if "".join(found).count('"') % 2 == 0:  # a quoted cell may hold line ends
                    break
            elif not header and line.strip():
                header.append(line)
    except UnicodeError:
        found.append("(not a text in the encoding it claims)")
    finally:
        text.detach()
    return header + found


def _cut_sheet(stream: IO[bytes], number: int) -> list[str]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows = sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS, max_row=number)
        told = [[show_cell(cell) for cell in row] for row in rows]
    except Exception as error:  # noqa: BLE001 - on a damaged file openpyxl raises whatever its readers stumble over
        return [f"(the workbook is damaged: {type(error).__name__})"]
    filled = [row for row in told if any(row)]
    shown = filled[:1] + (told[number - 1 : number] if number > 1 else [])
    return [" | ".join(row).rstrip(" |") for row in shown]


def _cut_page(content: bytes, charset: str, wanted: list[str]) -> list[str]:
    decoded = decode_bytes(content, charset)
    text = content.decode(decoded.encoding, "backslashreplace")
    places = [place for one in wanted if (place := text.find(one)) >= 0]
    if places:
        begin = max(0, min(places) - _BEFORE)
    else:
        first = _BEGINS.search(text)
        begin = first.start() if first else 0
    return [line for line in text[begin : begin + _BEFORE + _AFTER].splitlines() if line.strip()]


def _cut_mail(content: bytes, hash_key: bytes, country: Country) -> list[str]:
    try:
        mail = read_mail(content)
    except MailUnreadable:
        return list(_cut_unreadable(content[:_LONGEST].decode("latin-1"), hash_key, country))
    people = [mail.sender_name] if is_private(mail.sender_name, mail.sender or "") else []
    own = [mail.sender] if mail.sender else []
    told = f"Subject: {mail.subject}\nDate: {mail.header('date')}\n\n{mail.text[:_LONGEST]}"
    return mask_text(told, hash_key, persons=people, addresses=own, country=country).text.splitlines()


def _cut_unreadable(start: str, hash_key: bytes, country: Country) -> Iterator[str]:
    """Yield the beginning of what is no mail that can be read: what its headers are called, and hardly what they say.

    Any header may name people, in any spelling; of the body, whose people nobody can tell, only the length is told.
    """
    lines = start.splitlines()
    for at, line in enumerate(lines):
        if told := _TELLING.match(line):
            yield mask_text(told.group(), hash_key, country=country).text
        elif header := _HEADER.match(line):
            yield f"{header.group(1)}: [...]"
        elif not line[:1].isspace():
            yield f"[{len(lines) - at} line(s) more]" if line else "[its words]"
            return
