"""HTML mail to plain text: nothing is fetched, hidden parts are left out, quoted parts keep their ``>``."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

_CUT = (("<!--", "-->"), ("<style", "</style"), ("<script", "</script"), ("<head", "</head"))
_BLOCKS = {"p", "div", "li", "tr", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr"}
_SILENT = {"script", "style", "head", "title", "template", "noscript", "object", "iframe", "svg"}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def page_to_text(page: str, limit: int) -> tuple[str, int]:
    """Return the words of an HTML page, a line per block, and how much of ``limit`` characters is left.

    A blockquote's lines begin with ``> ``. Styles, scripts and comments, most of what Outlook sends, cost nothing.
    """
    from bs4 import BeautifulSoup

    for opening, closing in _CUT:
        page = _cut_out(page, opening, closing)
    # The first tag keeps the library from taking a short text for a file name.
    soup = BeautifulSoup("<div>" + page[:limit], "lxml")
    lines: list[str] = []
    line: list[str] = []
    depth = 0
    for event, name, text in _walk(soup):
        if name == "br" or (name in _BLOCKS and event != "text"):
            _end_line(lines, line, depth, wanted=name in {"br", "p"})
            depth += ((event == "open") - (event == "close")) * (name == "blockquote")
        elif event == "text":
            line.append(text)
        elif name in {"td", "th"}:
            line.append(" ")
    _end_line(lines, line, depth, wanted=False)
    return "\n".join(lines).strip("\n"), limit - len(page)


def _end_line(lines: list[str], line: list[str], depth: int, *, wanted: bool) -> None:
    """Add the gathered words as a line; an empty one only when wanted, and never two of them together."""
    words = " ".join("".join(line).split())
    line.clear()
    if words or (wanted and lines and lines[-1].strip("> ")):
        lines.append(_quote(words, depth))


def _quote(line: str, depth: int) -> str:
    return f"{'>' * min(depth, 20)} {line}" if depth else line


def _cut_out(page: str, opening: str, closing: str) -> str:
    """Remove everything from each opening to its closing; an opening that is never closed stays for the parser."""
    opens, closes = re.compile(re.escape(opening), re.IGNORECASE), re.compile(re.escape(closing), re.IGNORECASE)
    kept, place = [], 0
    while start := opens.search(page, place):
        stop = closes.search(page, start.end())
        if not stop:
            break
        kept.append(page[place : start.start()])
        place = stop.end()
        if closing.startswith("</"):
            place = page.find(">", place) + 1 or len(page)
    return "".join([*kept, page[place:]])


def _walk(soup: "BeautifulSoup") -> Iterator[tuple[str, str, str]]:
    """Yield (open|close|text, tag, words) in reading order, without recursion: mails nest without limit."""
    from bs4.element import NavigableString, PreformattedString, Tag

    stack: list[tuple[str, Iterator[object]]] = [("", iter(soup.contents))]
    while stack:
        name, nodes = stack[-1]
        node = next(nodes, None)
        if node is None:
            stack.pop()
            yield "close", name, ""
        elif isinstance(node, Tag):
            if node.name in _SILENT or _HIDDEN.search(str(node.get("style") or "")):
                continue
            yield "open", node.name, ""
            if node.name != "br":
                stack.append((node.name, iter(node.contents)))
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            yield "text", "", str(node)
