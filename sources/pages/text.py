"""The visible text of an HTML page, with the places where its elements begin and end (pure).

For publishers whose text is stable and whose markup is not: a block ends a line, an inline element leaves an *edge*,
so that a parser can ask both "what does the line say" and "does this word stand in an element of its own".
"""

import re
import unicodedata
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported where a page is read: it takes a tenth of a second
    from bs4 import BeautifulSoup
    from bs4.element import PageElement

_UNSEEN = frozenset(
    ["script", "style", "noscript", "template", "svg", "iframe", "select", "option", "textarea", "head"]
)
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "label",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
    ]
)
_NOTHING = frozenset(["wbr", "img", "input", "button", "picture", "source"])  # leave no edge: they stand inside words
_HEADINGS = frozenset(["h1", "h2", "h3", "h4"])
_INVISIBLE = {ord(c): None for c in "\u00ad\u200b\u200c\u200d\u2060\ufeff\u00ac"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_INLINE_FILE = re.compile(
    r"data:[\w/+.-]{0,60};base64,[A-Za-z0-9+/=%]{200,}"
)  # a picture inside the page: not its text
# What a hostile page may cost is about a second; a real one has less than a tenth of each.
MOST_CHARACTERS = 2_500_000
MOST_TAGS = 40_000
DEEPEST = 400
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_UNCLOSED = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li dt dd tr td th".split()
)


class PageTooLarge(ValueError):
    """A page with more text or tags, or deeper ones, than anybody writes."""


@dataclass(frozen=True)
class PageText:
    """The visible text, one line per block; ``edges`` are offsets where an element begins or ends."""

    text: str
    edges: frozenset[int]
    headings: tuple[tuple[int, int], ...]  # offsets of lines that are headings
    head_title: str


def read_text(html: str) -> PageText:
    """Return the visible text of a page; any string is some page to the parser. Raises PageTooLarge."""
    return read_tree(open_page(html))


def read_tree(soup: "BeautifulSoup") -> PageText:
    """Return the visible text of a page that is open already."""
    writer = _Writer()
    _walk(soup, writer)
    writer.end_line()
    title = soup.find("title")
    head_title = " ".join(title.get_text().split()) if title is not None else ""
    return PageText("".join(writer.parts), frozenset(writer.edges), tuple(writer.headings), head_title)


def open_page(html: str, *, controls: bool = False) -> "BeautifulSoup":
    """Return the tree of a page, with its control characters or without.

    Raises PageTooLarge above any of the limits: the time it takes grows with all of them.
    """
    html = _INLINE_FILE.sub("data:", html)
    html = html if controls else _CONTROL.sub("", html)
    if len(html) > MOST_CHARACTERS:
        raise PageTooLarge(f"more than {MOST_CHARACTERS:,} characters")
    if html.count("<") > MOST_TAGS:
        raise PageTooLarge(f"more than {MOST_TAGS:,} tags")
    if _nesting(html) > DEEPEST:
        raise PageTooLarge(f"nested deeper than {DEEPEST} levels")
    return _load_parser()(html, "lxml")


@cache
def _load_parser() -> "type[BeautifulSoup]":
    from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning

    warnings.filterwarnings("ignore", category=XMLParsedAsHTMLWarning)  # sitemaps are read so on purpose
    return BeautifulSoup


def _nesting(html: str) -> int:
    """Return about how deep the elements go, from the tags alone; those that close by themselves do not count."""
    depth = deepest = 0
    for tag in _TAG.finditer(html):
        if tag.group(2).lower() not in _UNCLOSED:
            depth = max(0, depth - 1) if tag.group(1) else depth + 1
            deepest = max(deepest, depth)
    return deepest


class _Writer:
    """Collects text: blanks are folded, invisible characters dropped, every offset in ``edges`` stays valid."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.edges: set[int] = {0}
        self.headings: list[tuple[int, int]] = []
        self.length = 0
        self.line_start = 0
        self.blank = True  # nothing, or a blank, stands before
        self.heading = 0

    def write(self, raw: str) -> None:
        text = " ".join(unicodedata.normalize("NFC", raw).translate(_INVISIBLE).replace("\x1f", " ").split())
        before, after = raw[:1].isspace(), raw[-1:].isspace()
        if not text:
            before, after = bool(raw) and raw.isspace(), False
        if before and not self.blank:
            self._add(" ")
        if text:
            self._add(text)
            self.blank = False
        if after:
            self._add(" ")
        self.blank = self.blank or (before and not text) or after

    def mark(self) -> None:
        self.edges.add(self.length)

    def end_line(self) -> None:
        if self.length > self.line_start:
            self.edges.add(self.length)
            if self.heading:
                self.headings.append((self.line_start, self.length))
            self._add("\n")
            self.edges.add(self.length)
        self.line_start = self.length
        self.blank = True

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)


def _walk(soup: "BeautifulSoup", writer: _Writer) -> None:
    from bs4.element import NavigableString, Tag

    stack: list[tuple[PageElement, bool]] = [(soup, False)]
    while stack:
        node, leaving = stack.pop()
        if isinstance(node, NavigableString):
            if type(node) is NavigableString:  # comments, doctypes and scripts are subclasses
                writer.write(node)
            continue
        if not isinstance(node, Tag) or node.name in _UNSEEN or node.name in _NOTHING:
            continue
        if node.name in _INLINE:
            writer.mark()
        else:
            writer.end_line()
        if node.name in _HEADINGS:
            writer.heading += -1 if leaving else 1
        if not leaving:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.contents))
