"""The dossier as a list of parts, drawn once as HTML and once as PDF, so that both say the same."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal, TypeAlias

Tone: TypeAlias = Literal["normal", "strong", "quiet", "warning"]


@dataclass(frozen=True)
class Link:
    """A cell that leads somewhere."""

    text: str
    url: str


Cell: TypeAlias = str | Link


@dataclass(frozen=True)
class Words:
    """One paragraph."""

    kind: ClassVar[str] = "words"
    text: str
    tone: Tone = "normal"


@dataclass(frozen=True)
class Subheading:
    """A heading inside a part."""

    kind: ClassVar[str] = "subheading"
    text: str


@dataclass(frozen=True)
class Figures:
    """Figures with what they count; the first is the largest. ``name`` marks one for whoever reads it by program."""

    kind: ClassVar[str] = "figures"
    rows: tuple[tuple[str, str, str], ...]  # name, label, value


@dataclass(frozen=True)
class Grid:
    """A table with a caption and column headings; the first cell of a row is its heading. ``narrow``: small print."""

    kind: ClassVar[str] = "grid"
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    narrow: bool = False


@dataclass(frozen=True)
class Drawing:
    """A picture, with the words that stand for it where it is not seen."""

    kind: ClassVar[str] = "drawing"
    svg: str
    alt: str


Block: TypeAlias = Words | Subheading | Figures | Grid | Drawing


@dataclass(frozen=True)
class Part:
    """One part of the paper."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Paper:
    """The whole dossier."""

    title: str
    subtitle: str
    association: str
    language: str
    day: date
    page: str  # "page" in the paper's language
    table: str  # what a table that can be moved sideways is called for a screen reader
    parts: tuple[Part, ...]
