"""Following a publisher's list pages to every record they link to: further lists, paging, and when to stop.

Links are taken, never built. Paging is followed by "next" links or, where there are only numbers, by the next number;
paging that turns in a circle ends after a few pages without anything new.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urljoin, urlsplit

from sources.contract import SourceBroken
from sources.pages.fields import looks_cut
from sources.pages.foreign import name_foreign
from sources.pages.wordpress import Discovery, Opened, OpenPage

MOST_LISTS = 2_000
_BARREN = 3  # pages of one list in a row without anything new: the paging turns in a circle
_NEXT = re.compile(
    r"(?:[»›→>] ?)?(?:nästa|neste|næste|seuraava|next)(?: sida| side| sivu| page)?(?: ?[»›→>]+)?|[»›→]"
    r"|(?:visa|vis|ladda|last|se) (?:fler|flere)\b.{0,20}|äldre(?: \w+)?|eldre(?: \w+)?|older(?: \w+)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"((?:[?&](?:page|paged|pageindex|pagenumber|p|sida|side|sivu|start|offset|skip)=)|/(?:page|sida|side)/)(\d{1,6})",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Link:
    """One link of a page; ``rel`` holds its rel values and classes."""

    url: str
    text: str
    rel: frozenset[str]


@dataclass
class Lists:
    """What a publisher's lists gave: ``held`` counts records per list page, ``circling`` names lists that never end."""

    found: Discovery
    held: dict[str, int] = field(default_factory=dict)
    circling: list[str] = field(default_factory=list)


def follow_lists(
    starts: Iterable[str],
    open_page: OpenPage,
    is_list: Callable[[str], bool],
    count_records: Callable[[Opened, list[Link]], Iterable[tuple[str, str]]],
) -> Lists:
    """Open every list from ``starts`` on; ``count_records`` gives (id or URL, what the list says of it) of a page.

    Raises SourceBroken: "listing-unknown" (a start with neither records nor lists, or a log-in, bot or maintenance
    page in a list's place), "listing-cut", "listing-endless", or the code of a list that could not be fetched.
    """
    waiting = list(dict.fromkeys(starts))
    known = frozenset(waiting)
    lists = Lists(Discovery(urljoin(waiting[0], "/"), way="list"))
    seen: set[str] = set()
    for start in waiting:  # grows while lists name further lists
        barren, url = 0, start
        while url and url not in seen:
            if len(seen) >= MOST_LISTS:
                raise SourceBroken(
                    "listing-endless", f"{start}: more than {MOST_LISTS:,} list pages; see what it links"
                )
            if barren >= _BARREN:
                lists.circling.append(start)
                break
            seen.add(url)
            page = _open(url, open_page)
            links = read_links(page)
            records = dict(count_records(page, links))
            further = [link.url for link in links if is_list(link.url) and link.url != page.url]
            if not records:
                _refuse_unknown(page, is_start=url in known and not further)
            new = [name for name in records if name not in lists.found.urls]
            lists.found.urls.update({name: _mark(records[name]) for name in new})
            lists.found.pages.append(url)
            lists.held[url] = len(records)
            waiting += [place for place in dict.fromkeys(further) if place not in seen and place not in waiting]
            barren = 0 if new else barren + 1
            url = _next_page(page.url, links, seen)
    return lists


def _open(url: str, open_page: OpenPage) -> Opened:
    page = open_page(url)
    if looks_cut(page.text):
        raise SourceBroken("listing-cut", f"{url}: the list ends before its end; run the source again")
    return page


def _refuse_unknown(page: Opened, *, is_start: bool) -> None:
    foreign = name_foreign(page.text)
    if foreign or is_start:
        what = f"it answers with {foreign}" if foreign else "it lists no record in a form known here"
        raise SourceBroken("listing-unknown", f"{page.url}: {what}; open it in a browser and see")


def _mark(told: str) -> str:
    """Return a short mark of what a list says of a record: when it changes, the record is asked for again."""
    return "told-" + hashlib.sha256(told.encode()).hexdigest()[:12]


def read_links(page: Opened) -> list[Link]:
    """Return the links of a page in order, those of its head too, without fragments; odd ones are left out."""
    links = []
    soup = page.read()
    base = soup.find("base", href=True)
    try:
        root = urljoin(page.url, str(base["href"])) if base is not None and hasattr(base, "attrs") else page.url
    except ValueError:  # "http://[": a base that is none
        root = page.url
    for tag in soup.find_all(["a", "link"], href=True):
        try:
            url = urldefrag(urljoin(root, str(tag.get("href")).strip())).url
        except ValueError:  # "http://[": an address that is none
            continue
        if urlsplit(url).netloc.lower() == urlsplit(page.url).netloc.lower():
            words = [*tag.get_attribute_list("rel"), *tag.get_attribute_list("class")]
            text = " ".join(tag.get_text(" ").split()) if tag.name == "a" else ""
            links.append(Link(url, text, frozenset(str(word).lower() for word in words if word)))
    return links


def _next_page(here: str, links: list[Link], seen: set[str]) -> str:
    """Return the page after this one: by rel, class or word, else by the next number; "" at the end."""
    for link in links:
        if ("next" in link.rel or _NEXT.fullmatch(link.text)) and link.url != here:
            return link.url
    current = _page_number(here) or 0
    numbered = {
        _page_number(link.url): link.url
        for link in links
        if link.url not in seen and _stem(link.url) == _stem(here) and (_page_number(link.url) or 0) > current
    }
    return numbered[min(number for number in numbered if number)] if numbered else ""


def _page_number(url: str) -> int | None:
    found = _NUMBER.search(url)
    return int(found.group(2)) if found else None


def _stem(url: str) -> str:
    return _NUMBER.sub("", url).replace("?&", "?").rstrip("/?&")
