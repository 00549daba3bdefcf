"""A letter: a list of blocks, drawn once as plain text and once as HTML, so that both parts say the same."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal, TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from flows.mail.letters.picture import Picture

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 76

Tone: TypeAlias = Literal["normal", "strong", "quiet", "warning"]


@dataclass(frozen=True)
class Heading:
    """A heading inside the letter."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Line:
    """What follows is small print."""

    kind: ClassVar[str] = "line"


@dataclass(frozen=True)
class Text:
    """One paragraph."""

    kind: ClassVar[str] = "text"
    text: str
    tone: Tone = "normal"


@dataclass(frozen=True)
class Pairs:
    """Labels with their values, one below the other."""

    kind: ClassVar[str] = "pairs"
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Commands:
    """What one can do, each with the command that does it."""

    kind: ClassVar[str] = "commands"
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Bars:
    """A series as bars, oldest first; None is missing, which is not zero. A picture of it takes their place in HTML."""

    kind: ClassVar[str] = "bars"
    values: tuple[int | None, ...]
    picture: Picture | None = None

    @property
    def highest(self) -> int:
        """The highest value, at least 1."""
        return max((value for value in self.values if value is not None), default=0) or 1

    def drawn(self) -> str:
        """Return the bars as one line of text."""
        return "".join(
            "?" if value is None else _BARS[0] if value == 0 else _BARS[-(-value * 7 // self.highest)]
            for value in self.values
        )

    def heights(self) -> list[int | None]:
        """Return the bars' heights in pixels, 2 to 48."""
        return [None if value is None else max(2, round(48 * value / self.highest)) for value in self.values]


@dataclass(frozen=True)
class Table:
    """A small table; the rows named in ``marked`` stand out."""

    kind: ClassVar[str] = "table"
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()

    def lines(self) -> list[str]:
        """Return the table as aligned lines of text."""
        widths = [max(len(row[i]) for row in (self.header, *self.rows)) for i in range(len(self.header))]
        return [
            ("! " if number - 1 in self.marked else "  ")
            + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for number, row in enumerate((self.header, *self.rows))
        ]


@dataclass(frozen=True)
class Card:
    """One member of a digest: its name, what there is to say, and the commands."""

    title: str
    lines: tuple[str, ...]
    command: str = ""


@dataclass(frozen=True)
class Cards:
    """The members of a digest's section."""

    kind: ClassVar[str] = "cards"
    cards: tuple[Card, ...]


Block: TypeAlias = Heading | Line | Text | Pairs | Commands | Bars | Table | Cards


@dataclass(frozen=True)
class Enclosure:
    """A workbook that goes with a letter."""

    name: str
    content: bytes
    media_type: ClassVar[tuple[str, str]] = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


@dataclass(frozen=True)
class Letter:
    """What one mail says. ``thread`` names the conversation it belongs to; empty for a digest."""

    subject: str
    title: str
    blocks: tuple[Block, ...]
    language: str
    preview: str = ""
    thread: str = ""
    enclosed: Enclosure | None = None

    def pictures(self) -> list[Picture]:
        """Return the pictures that stand in it, each once."""
        found = [block.picture for block in self.blocks if isinstance(block, Bars) and block.picture]
        return list({picture.id: picture for picture in found}.values())


def draw(letter: Letter) -> tuple[str, str]:
    """Return (plain text, HTML) of a letter, equal in content."""
    return (
        _environment().get_template("letter.txt.j2").render(letter=letter).strip() + "\n",
        _environment().get_template("letter.html.j2").render(letter=letter).strip() + "\n",
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("flows.mail.letters"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["wrapped"] = _wrap
    environment.filters["aligned"] = _align
    return environment


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _align(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Return labels and values in two columns; a long value goes on under itself."""
    width = max(len(label) for label, _ in rows) + 2
    return [
        textwrap.fill(
            value,
            _WIDTH,
            initial_indent=label.ljust(width),
            subsequent_indent=" " * width,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for label, value in rows
    ]
