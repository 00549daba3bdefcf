"""The first draft of a new source's module, written from one page that was looked at (pure).

What is found on the page is put in: the header of its table, or the labels before its values. What only a person can
say, on what terms the publisher lets it be read, is left empty, and the policy tests fail until it is said.
"""

import json
import re
import textwrap
from urllib.parse import urlsplit

from sources.pages.fields import Labels, find_title, read_labels, read_page, read_rows, squeeze
from sources.pages.text import open_page

_MEANINGS = {
    "key": r"ärende|diari|diaari|dnr|mål\b|målnr|sak\b|saksnr|saksnummer|case|nummer|number|\bnr\b|\bid\b",
    "date": r"datum|dato\b|date|dag\b|när|päivämäärä",
    "org_number": r"org",
    "company": r"företag|bolag|annonsör|motpart|näringsidkare|virksomhet|foretak|selskap|company|namn|navn|osapuolet",
}
_LABEL = re.compile(r"(?:^|(?<=[\n ]))([^\W\d_][\w .-]{1,30}?) ?:(?= ?\S|\n)", re.MULTILINE)
_MOST_LABELS = 12
_LOG_IN = """<!doctype html>
<html><head><meta charset="utf-8"><title>Log in</title></head>
<body><h1>Log in</h1><form><input name="user"><input type="password"></form></body></html>
"""
_MODULE = '''"""{heading}.

{shape}
"""

{imports}from typing import ClassVar

from models.drafts import Draft
from models.words import Kind
from sources.contract import Bounds, SourceInfo
from sources.pages.fields import Labels, Record
from sources.pages.listing import LIST_CHECKS, ListSource
{form}

class {class_name}(ListSource):
    """{heading}."""

    info = SourceInfo(
        kind={name},
        title={title},
        publisher={publisher},
        licence="",  # on what terms may it be read? The policy tests fail until this is said
        parser_version=1,
        bounds=Bounds(rows=({low}, {high}), quiet_days=60, max_age_days=3),
        names_all_companies=True,
        checks=LIST_CHECKS,
    )
    lists = ({place},)
{record_url}    labels: ClassVar[Labels] = {{
{labels}
    }}

    def read_record(self, record: Record) -> Draft:
        """Return one record."""
        return record.draft(
            source_id={source_id},
            company=record.value("company"),
            received_on=record.day("date"),
            kind=Kind.COMPLAINT,
        )
'''


class PageUnusable(ValueError):
    """Nothing on the page looks like a record; the text says what was looked for."""


def write_module(name: str, url: str, html: str) -> str:
    """Return the module of the source called ``name``, whose list or record is the page ``html`` found at ``url``.

    Raises PageUnusable, and PageTooLarge.
    """
    header = _read_header(html)
    rows = len(read_rows(html, header)) if header else 0
    labels = header if rows else _find_labels(html)
    if not labels:
        raise PageUnusable("the page holds neither a table with a header nor labels with a colon before their values")
    keyed = "key" in labels
    shape = (
        "The rows of the list are the records" if rows else "Each record is a page of its own, which the lists link to"
    )
    words = ", ".join(word for words in labels.values() for word in words)
    path = urlsplit(url).path.lstrip("/")
    title = _show(find_title(read_page(html)) or name)
    return _MODULE.format(
        name=_quote(name),
        class_name="".join(part.capitalize() for part in name.split("_")),
        heading=title,
        title=_quote(title),
        publisher=_quote(urlsplit(url).hostname or ""),
        shape=textwrap.fill(f"{shape}; its words are {words}.", 118),
        imports="import re\n" if keyed else "",
        form='\n_KEY = re.compile(r"[\\w./-]+")\n' if keyed else "",
        low=max(rows // 2, 1),
        high=max(rows * 3, 1_000),
        place=_quote(path if rows else re.sub(r"(?<![^/])[^/]+/?$", "", path)),
        record_url="" if rows else f"    record_url = {_generalise(path)}\n",
        labels="\n".join(f"        {_quote(field)}: ({_quote(word)},)," for field, (word, *_) in labels.items()),
        source_id='record.key("key", _KEY)' if keyed else 'record.value("company").casefold() or None',
    )


def write_bad_pages(content: bytes) -> dict[str, bytes]:
    """Return, by name, the two pages that every source must know for what they are: half a page, and a log-in."""
    return {"cut": content[: len(content) // 2], "log-in": _LOG_IN.encode()}


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _show(text: str) -> str:
    return re.sub(r"[\"'\\{}]", "", text)[:80].rstrip(". ") or "A list"


def _generalise(path: str) -> str:
    """Return a pattern of addresses that differ from this one only in their last part."""
    folder, _, _ = path.rstrip("/").rpartition("/")
    return f'r"^/{re.escape(folder).replace(chr(92) + "-", "-")}/[^/?]+/?$"' if folder else 'r"^/[^/?]+/?$"'


def _read_header(html: str) -> dict[str, tuple[str, ...]]:
    """Return the columns of the page's first table with two or more, by what they seem to mean."""
    for table in open_page(html).find_all("table"):
        row = table.find("tr")
        cells = [squeeze(cell.get_text(" ")) for cell in row.find_all(["th", "td"])] if row else []
        if len(cells) >= 2 and all(0 < len(cell) < 40 for cell in cells) and len(table.find_all("tr")) > 1:
            return _name_all(cells)
    return {}


def _find_labels(html: str) -> dict[str, tuple[str, ...]]:
    page = read_page(html)
    words = [squeeze(hit.group(1)) for hit in _LABEL.finditer(page.text) if hit.group(1)[0].isupper()]
    labels = _name_all(list(dict.fromkeys(words))[:_MOST_LABELS])
    told: Labels = labels
    values = read_labels(page, told)
    return {field: words for field, words in labels.items() if values.get(field)}


def _name_all(words: list[str]) -> dict[str, tuple[str, ...]]:
    """Name every label: by its meaning where one is recognised, else after itself."""
    named: dict[str, tuple[str, ...]] = {}
    for word in words:
        meaning = next((name for name, form in _MEANINGS.items() if re.search(form, word, re.IGNORECASE)), "")
        own = re.sub(r"\W+", "_", word.lower()).strip("_")
        name = own if not meaning or meaning in named else meaning
        named.setdefault(name, (word,))
    return named
