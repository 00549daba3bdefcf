"""Rows and cells as a file has them, and the words for a file that has none."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import repeat

ROWS = 20_000  # handed on at a time
_BLANK = " \t\r\n\u00a0"  # around a cell; a control character there is damage and stays to be seen


class TableUnreadable(ValueError):
    """The file is not a table we can read. ``code`` is stable; the text says what was found and what would do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Rows:
    """Rows as the file has them, in the file's order."""

    numbers: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    unsound: set[int] = field(default_factory=set)  # positions


def clean(cell: str) -> str:
    """Return a cell without the blanks around it."""
    return cell.strip(_BLANK)


def clean_all(cells: Iterable[str]) -> list[str]:
    """Return cells without the blanks around them."""
    return list(map(str.strip, cells, repeat(_BLANK)))


def squeeze(text: str) -> str:
    """Return ``text`` with single spaces and composed letters, as headers and codes are compared."""
    return " ".join(text.split()) if text.isascii() else " ".join(unicodedata.normalize("NFC", text).split())
