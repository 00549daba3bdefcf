"""One record's labelled values, from a page of its own or a row of a list, whatever elements carry them (pure).

Publishers keep their words and change their markup: labels are found by their words, their colon and the edges of
elements; rows by the header above them, or by the bold word, link or heading they begin with. What a value should be
is told by the source; what it cannot be read as becomes a fault, never a guess.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from models.dates import read_date
from models.drafts import Draft, Fault, RawRef
from models.words import Channel, Evidence, Kind, Outcome
from sources.contract import RawItem
from sources.pages.text import PageText, open_page, read_tree

if TYPE_CHECKING:
    from bs4.element import PageElement, Tag

Labels = Mapping[str, tuple[str, ...]]

_ASIDE = ("nav", "footer", "aside", "dialog")
_COLON = re.compile(r"\.?[ \n]{0,2}:")
_OTHER_LABEL = re.compile(r"[^\W\d_][\w .-]{1,24}:(?!\S)")
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")
_LEAD = re.compile(r"^[\s:–—-]+")
_SPLIT = re.compile(r"\s[–—-]\s|:\s")
_ALSO_TOLD = re.compile(r"[,;(]")  # "7 oktober 2022, Patent- och marknadsdomstolen": the date stands before
_FRAME = re.compile(r"<(/?)(html|body|main|article|table|dl|ul|ol|script)\b", re.IGNORECASE)
_MARKUP = re.compile(r"[<>{}]|/(?:d[dlt]|t[dhr]|li|p)\b")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_LONGEST = 200
_LONGEST_HEADER = 40  # characters; what is longer is no column's name


def read_day(text: str) -> date | None:
    """Return the date that ``text`` is, or None: what ``read_date`` reads, and 15.05.2022 as the Nordic lands write."""
    found = _DOTTED.fullmatch(text.strip().rstrip("."))
    if found is None:
        return read_date(text.strip().rstrip("."))
    try:
        return date(int(found.group(3)), int(found.group(2)), int(found.group(1)))
    except ValueError:
        return None


def squeeze(text: str) -> str:
    """Return the text in one line without the punctuation that joined it to its neighbours."""
    return " ".join(text.split()).strip(" ,;:")


@dataclass
class Record:
    """One record as it stands: ``values`` by field, and all of its ``text``. Readers note what they cannot read."""

    values: Mapping[str, str]
    text: str
    title: str
    item: RawItem
    locator: str = "page"
    head_title: str = ""
    flags: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def value(self, name: str) -> str:
        """Return a field's text in one line, "" where the record lacks it."""
        return squeeze(self.values.get(name, ""))

    def key(self, name: str, form: re.Pattern[str]) -> str | None:
        """Return the whole value when it has the ``form`` of the publisher's ids, else note "key-unreadable"."""
        written = self.value(name)
        if written and not form.fullmatch(written):
            self.faults.append(Fault(code="key-unreadable", field="source_id", value=written[:_LONGEST]))
            return None
        return written or None

    def agree_with_address(self, key: str | None, form: re.Pattern[str]) -> None:
        """Note "key-url-differs" when the page's address names another record than ``key``."""
        named = form.search(self.item.name)
        if key and named and named.group(named.lastindex or 0).casefold() != key.casefold():
            self.faults.append(Fault(code="key-url-differs", field="source_id", value=key))

    def day(self, name: str) -> date | None:
        """Return a field's date; one that is there and has no certain reading is noted as "date-unreadable"."""
        written = self.value(name)
        found = read_day(written) or read_day(_ALSO_TOLD.split(written)[0])
        if written and found is None:
            self.faults.append(Fault(code="date-unreadable", field="received_on", value=written[:_LONGEST]))
        return found

    def draft(
        self,
        *,
        source_id: str | None,
        company: str | None,
        received_on: date | None,
        kind: Kind = Kind.DECISION,
        outcome: Outcome | None = None,
        channel: Channel = Channel.UNKNOWN,
        evidence: Evidence | None = None,
        org_number: str | None = None,
        category: str | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> Draft:
        """Return the draft with where it was read and everything noted while reading. Free text is not kept."""
        if company and _MARKUP.search(company):
            self.faults.append(Fault(code="name-damaged", field="company", value=company[:_LONGEST]))
        return Draft(
            source_id=source_id,
            kind=kind,
            raw=RawRef(sha256=self.item.sha256, locator=self.locator),
            received_on=received_on,
            company=company or None,
            org_number=org_number,
            channel=channel,
            channel_evidence=evidence,
            category=category or None,
            outcome=outcome,
            url=self.item.name,
            flags=tuple(dict.fromkeys(self.flags)),
            faults=tuple(self.faults),
            facts={name: value for name, value in (facts or {}).items() if value},
        )


def read_page(html: str) -> PageText:
    """Return the visible text without menus, footers and asides, whose words are not the record's.

    Raises PageTooLarge.
    """
    soup = open_page(html)
    for tag in soup.find_all(_ASIDE):
        tag.decompose()
    return read_tree(soup)


def find_title(page: PageText) -> str:
    """Return the page's first heading, else its title up to the site's name."""
    if page.headings:
        start, end = page.headings[0]
        return squeeze(page.text[start:end])
    return squeeze(re.split(r"\s[|–—]\s", page.head_title)[0])


def looks_cut(html: str) -> bool:
    """Tell whether a page ends before its end: inside a tag, or with the page, its main part or a list still open."""
    last: dict[str, str] = {}
    for tag in _FRAME.finditer(html):
        if last.get("script") != "" or tag.group(2).lower() == "script":  # what a script writes is no markup
            last[tag.group(2).lower()] = tag.group(1)
    return html.rfind("<") > html.rfind(">") or "" in last.values()


def looks_damaged(html: str) -> bool:
    """Tell whether a page holds control characters, which nobody writes: bytes were changed on the way."""
    return _CONTROL.search(html) is not None


# -- labels -----------------------------------------------------------------------------------------------------------


def read_labels(page: PageText, labels: Labels) -> dict[str, str]:
    """Return each field's value: what follows its label on the line, else the next line.

    A label is one of its words with a colon (also run together with the value before it), or alone in an element or
    on a line. Of several the first with a colon and a value stands.
    """
    found = list(_find_labels(page, labels))
    headings = {start for start, _ in page.headings}
    best: dict[str, tuple[bool, str]] = {}
    for place, (name, _, stop, colon) in enumerate(found):
        end = found[place + 1][1] if place + 1 < len(found) else len(page.text)
        value = _cut_value(page.text, stop, end, headings)
        held = best.get(name)
        if held is None or (bool(value), colon and bool(value)) > (bool(held[1]), held[0] and bool(held[1])):
            best[name] = (colon, value)
    return {name: value for name, (_, value) in best.items()}


def _find_labels(page: PageText, labels: Labels) -> Iterator[tuple[str, int, int, bool]]:
    """Yield (field, start, end with the colon, whether there is one)."""
    field_of = {word.lower(): name for name, words in labels.items() for word in words}
    if not field_of:
        return
    words = "|".join(re.escape(word) for word in sorted(field_of, key=len, reverse=True))
    text = page.text
    for hit in re.finditer(rf"(?i:{words})(?![^\W\d_])", text):
        colon = _COLON.match(text, hit.end())
        before = text[hit.start() - 1 : hit.start()]
        if not text[hit.start()].isupper() or before in {"-", "–", "/"}:
            continue
        end = hit.end() + (text[hit.end() : hit.end() + 1] == ".")
        alone = hit.start() in page.edges and (end in page.edges or text[end : end + 1] == "\n")
        ahead = before in {"", "\n"} and re.match(r" \d", text[hit.end() : hit.end() + 2])
        if colon or alone or ahead:
            yield field_of[hit.group().lower()], hit.start(), colon.end() if colon else end, bool(colon)


def _cut_value(text: str, start: int, end: int, headings: set[int]) -> str:
    own_line = text.find("\n", start, end)
    own = text[start : end if own_line < 0 else own_line].strip()
    if own or own_line < 0:
        return own
    begin = own_line + 1
    line = text[begin:end].split("\n")[0].strip()
    return "" if begin in headings or _OTHER_LABEL.match(line) else line


# -- rows -------------------------------------------------------------------------------------------------------------


def read_rows(html: str, labels: Labels) -> list[dict[str, str]]:
    """Return the rows of a list page, each by field; empty when nothing there looks like a list of records.

    Read are tables under a header with a field's word, definition lists, and list items, paragraphs or headings of
    the page's main part that begin with a name; without a header the first field is the name, the second the rest.
    Raises PageTooLarge.
    """
    soup = open_page(html, controls=True)  # they are damage that its row must show
    for tag in soup.find_all([*_ASIDE, "header", "form", "script", "style"]):
        tag.decompose()
    columns = {
        name: re.compile("|".join(rf"\b{re.escape(word)}" for word in words), re.IGNORECASE)
        for name, words in labels.items()
        if words
    }
    if rows := [row for table in soup.find_all("table") for row in _read_table(table, columns)]:
        return rows
    part = soup.find("main") or soup.select_one("[role=main]") or soup.find("article") or soup.body or soup
    fields = list(labels)[:2]
    for read in (_read_terms, _read_items, _read_headings):
        if pairs := [pair for pair in read(part) if pair[0]]:
            return [dict(zip(fields, pair, strict=False)) for pair in pairs]
    return []


def _read_table(table: "Tag", columns: Mapping[str, re.Pattern[str]]) -> Iterator[dict[str, str]]:
    header: list[str] = []
    for row in _find_own(table, "tr"):
        cells = [squeeze(_read_own(cell)) for cell in _find_own(row, "th", "td")]
        if not header:
            header = [_name_column(cell, columns) for cell in cells]
            if not any(header):
                return
        elif any(cells) and [_name_column(cell, columns) for cell in cells] != header:
            yield {name: cell for name, cell in zip(header, cells, strict=False) if name}


def _name_column(cell: str, columns: Mapping[str, re.Pattern[str]]) -> str:
    if len(cell) >= _LONGEST_HEADER:
        return ""
    return next((name for name, words in columns.items() if words.search(cell)), "")


def _find_own(part: "Tag", *names: str) -> "Iterator[Tag]":
    from bs4.element import Tag

    return (node for node in _walk_own(part) if isinstance(node, Tag) and node.name in names)


def _read_own(cell: "Tag") -> str:
    from bs4.element import NavigableString, PreformattedString

    words = (node for node in _walk_own(cell) if isinstance(node, NavigableString))
    return " ".join(str(node) for node in words if not isinstance(node, PreformattedString))


def _walk_own(part: "Tag") -> "Iterator[PageElement]":
    """Yield what is in a part in reading order, without what a table in it holds: that is read by itself, and once."""
    from bs4.element import Tag

    waiting = list(reversed(part.contents))
    while waiting:
        node = waiting.pop()
        if isinstance(node, Tag):
            if node.name == "table":
                continue
            waiting.extend(reversed(node.contents))
        yield node


def _read_terms(part: "Tag") -> Iterator[tuple[str, str]]:
    for term in part.find_all("dt"):
        told = term.find_next_sibling(["dd", "dt"])
        yield (
            squeeze(term.get_text(" ")),
            squeeze(told.get_text(" ")) if told is not None and told.name == "dd" else "",
        )


def _read_items(part: "Tag") -> Iterator[tuple[str, str]]:
    """Yield (name, rest) of list items, and of paragraphs that begin with a bold name; an item that is a link alone
    is a menu's."""
    from bs4.element import Tag

    for item in part.find_all(["li", "p"]):
        whole = squeeze(item.get_text(" "))
        first = next((child for child in item.contents if str(child).strip()), None)
        if isinstance(first, Tag) and first.name in {"strong", "b", "a", "h2", "h3", "h4"}:
            name = squeeze(first.get_text(" "))
            rest = squeeze(_LEAD.sub("", whole[len(name) :]))
            if rest or (item.name == "li" and first.name != "a"):
                yield name, rest
        elif item.name == "li" and whole:
            name, *rest_of_it = _SPLIT.split(whole, maxsplit=1)
            yield squeeze(name), squeeze(" ".join(rest_of_it))


def _read_headings(part: "Tag") -> Iterator[tuple[str, str]]:
    """Yield (heading, first paragraph) of the deepest level that has two or more and asks no question."""
    for level in ("h4", "h3", "h2"):
        headings = part.find_all(level)
        if len(headings) < 2 or any(tag.get_text().strip().endswith("?") for tag in headings):
            continue
        for tag in headings:
            after = tag.find_next_sibling(True)
            told = after.get_text(" ") if after is not None and after.name in {"p", "div"} else ""
            yield squeeze(tag.get_text(" ")), squeeze(told)
        return
