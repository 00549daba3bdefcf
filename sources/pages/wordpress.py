"""Finding every page of a kind on a WordPress site: its core sitemap, else its list pages and its feed.

The sitemap (``/wp-sitemap.xml``, an index of ``wp-sitemap-posts-*.xml``) is the only complete list and tells when a
page changed. Where there is none, list pages are followed by their "next" links and the feed adds what is newest;
neither tells of changes. Source of the forms: WordPress core sitemaps since 5.5, RSS 2.0.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

from sources.contract import SourceBroken
from sources.faults import FetchFailed
from sources.pages.foreign import name_foreign
from sources.pages.text import PageTooLarge, open_page

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from bs4.element import Tag

_NO_SUCH = ("not-found", "forbidden", "robots-forbid", "unexpected-status")
_NOT_POSTS = re.compile(r"wp-sitemap-(?:taxonomies|users)-|/(?:category|tag|author)-sitemap")
_NEXT_WORDS = re.compile(
    r"(?:»|→|›|nästa(?: sida)?|äldre(?: (?:inlägg|uttalanden|ärenden|poster))?|fler (?:ärenden|uttalanden)|next"
    r"|next page|older|older posts)(?: ?[»→›])?|(?:←|«) ?äldre (?:inlägg|uttalanden|ärenden)",
    re.IGNORECASE,
)
_LIST_WORDS = re.compile(r"(?:alla |avgjorda |tidigare |våra )?(?:ärenden|uttalanden|beslut|arkiv)", re.IGNORECASE)
_USUAL_LISTS = ("arenden/", "uttalanden/")
_MOST_PAGES = 2_000
_BARREN_PAGES = 3  # list pages in a row without anything new: the paging turns in a circle

OpenPage = Callable[[str], "Opened"]


@dataclass(frozen=True)
class Opened:
    """A listing page: where it was found after redirects, and its text."""

    url: str
    text: str

    def read(self, text: str | None = None) -> "BeautifulSoup":
        """Return the page's tree, or that of its text made fit. Raises SourceBroken where it is far too large."""
        try:
            return open_page(self.text if text is None else text)
        except PageTooLarge as fault:
            raise SourceBroken("listing-unknown", f"{self.url}: {fault}; open it in a browser and see") from fault


@dataclass
class Discovery:
    """What one site lists. ``urls`` maps each record's URL to its lastmod ("" when the listing does not say)."""

    site: str
    way: str = ""  # "sitemap", "list", "feed", or "moved" when another configured site answers in its place
    urls: dict[str, str] = field(default_factory=dict)
    pages: list[str] = field(default_factory=list)


def discover_records(
    site: str, open_page: OpenPage, is_record: Callable[[str], bool], siblings: frozenset[str] = frozenset()
) -> Discovery:
    """List every record of ``site``. ``siblings`` are the hosts of the other configured sites.

    Raises SourceBroken ("listing-cut", "listing-unknown", or the code of a listing that could not be fetched).
    """
    site = site.rstrip("/") + "/"
    found = Discovery(site)
    home = urlsplit(site).netloc.lower()
    try:
        index = open_page(urljoin(site, "wp-sitemap.xml"))
    except FetchFailed as failure:
        if failure.code not in _NO_SUCH:
            raise
    else:
        if _moved(index.url, home, siblings):
            found.way = "moved"
            return found
        _read_sitemaps(index, open_page, is_record, found)
    if found.urls:
        found.way = "sitemap"
        return found
    found.pages.clear()
    if _follow_lists(site, open_page, is_record, found, siblings):
        found.way = "moved"
        return found
    _read_feed(site, open_page, is_record, found)
    if not found.urls:
        raise SourceBroken("listing-unknown", _tell_empty(site, open_page))
    return found


def _tell_empty(site: str, open_page: OpenPage) -> str:
    """Say what answers where decisions were due."""
    try:
        foreign = name_foreign(open_page(f"{site}/").text)
    except FetchFailed:
        foreign = ""
    answer = f"answers with {foreign}" if foreign else "neither sitemap, list pages nor feed list a single decision"
    return f"{site}: {answer}; open it in a browser, and mend its address in koll.toml if it has moved"


def _moved(url: str, home: str, siblings: frozenset[str]) -> bool:
    host = urlsplit(url).netloc.lower()
    return host != home and host in siblings


def _read_sitemaps(index: Opened, open_page: OpenPage, is_record: Callable[[str], bool], found: Discovery) -> None:
    """Read the index and its sub-sitemaps of posts; nothing when what answers is no sitemap at all."""
    waiting, seen = [index], {index.url}
    while waiting:
        page = waiting.pop(0)
        kind = re.search(r"<(sitemapindex|urlset)\b", page.text[:5_000])
        if kind is None:
            if page is index:
                return
            raise SourceBroken("listing-unknown", f"{page.url}: no sitemap, though the index names it as one")
        if not re.search(rf"</{kind.group(1)}\s*>\s*(?:<!--[^>]{{0,500}}-->\s*)?\Z", page.text):
            raise SourceBroken("listing-cut", f"{page.url}: the sitemap ends before its end; run the source again")
        found.pages.append(page.url)
        soup = _read_xml(page)
        for entry in soup.find_all("sitemap" if kind.group(1) == "sitemapindex" else "url"):
            place = _child_text(entry, "loc")
            if kind.group(1) == "urlset":
                if is_record(place):
                    found.urls[place] = _child_text(entry, "lastmod")
            elif place and place not in seen and not _NOT_POSTS.search(place) and len(seen) < _MOST_PAGES:
                seen.add(place)
                waiting.append(open_page(place))


def _read_xml(page: Opened) -> "BeautifulSoup":
    """Read XML with the HTML parser: it knows no entities of the document's own, hence no bombs and no other files."""
    return page.read(re.sub(r"\A\s{0,100}<\?xml[^<>]{0,200}>", "", page.text))


def _child_text(entry: "Tag", name: str) -> str:
    child = entry.find(name)
    return child.get_text().strip() if child is not None else ""


def _follow_lists(
    site: str, open_page: OpenPage, is_record: Callable[[str], bool], found: Discovery, siblings: frozenset[str]
) -> bool:
    """Walk the list pages, each by its next link; return True when the site answers from another configured host."""
    home = urlsplit(site).netloc.lower()
    starts, seen = [site], set[str]()
    for place in starts:
        url, barren = place, 0
        while url and url not in seen and len(seen) < _MOST_PAGES and barren < _BARREN_PAGES:
            seen.add(url)
            try:
                page = open_page(url)
            except FetchFailed as failure:
                if failure.code in _NO_SUCH and (url in starts and url != site):
                    break  # a usual list that this site does not have
                raise
            if _moved(page.url, home, siblings):
                return True
            soup = page.read()
            new = [link for link in _links(soup, page.url) if is_record(link) and link not in found.urls]
            found.urls.update(dict.fromkeys(new, ""))
            if new or page.url not in found.pages:
                found.pages.append(page.url)
            barren = 0 if new else barren + 1
            if url == site:
                starts += _find_lists(soup, page.url, home) + [urljoin(site, usual) for usual in _USUAL_LISTS]
            url = _next_link(soup, page.url, home)
    found.way = "list"
    return False


def _links(soup: "BeautifulSoup", base: str) -> list[str]:
    found = (_resolve(base, anchor.get("href")) for anchor in soup.find_all("a", href=True))
    return list(dict.fromkeys(link for link in found if link))


def _resolve(base: str, href: object) -> str:
    try:
        return urldefrag(urljoin(base, str(href).strip())).url
    except ValueError:  # "http://[": an address that is none
        return ""


def _next_link(soup: "BeautifulSoup", base: str, home: str) -> str:
    for tag in soup.find_all(["a", "link"], href=True):
        classes = " ".join(tag.get_attribute_list("class") or []) if tag.has_attr("class") else ""
        rel = [str(word).lower() for word in tag.get_attribute_list("rel")] if tag.has_attr("rel") else []
        words = " ".join(tag.get_text().split())
        if "next" in rel or "next" in classes.split() or (tag.name == "a" and _NEXT_WORDS.fullmatch(words)):
            link = _resolve(base, tag.get("href"))
            if urlsplit(link).netloc.lower() == home and link != base:
                return link
    return ""


def _find_lists(soup: "BeautifulSoup", base: str, home: str) -> list[str]:
    found = []
    for anchor in soup.find_all("a", href=True):
        link = _resolve(base, anchor.get("href"))
        if _LIST_WORDS.fullmatch(" ".join(anchor.get_text().split())) and urlsplit(link).netloc.lower() == home:
            found.append(link)
    return list(dict.fromkeys(found))[:5]


def _read_feed(site: str, open_page: OpenPage, is_record: Callable[[str], bool], found: Discovery) -> None:
    """Add what the feed lists; page through it only where the list pages gave nothing."""
    alone = not found.urls
    for number in range(1, 200 if alone else 2):
        try:
            page = open_page(urljoin(site, "feed/") + (f"?paged={number}" if number > 1 else ""))
        except FetchFailed as failure:
            if failure.code in _NO_SUCH:
                return
            raise
        if not re.search(r"<(?:rss|feed|rdf:RDF)\b", page.text[:5_000]):
            return
        new = [link for link in _feed_links(page) if is_record(link) and link not in found.urls]
        if not new:
            return
        found.pages.append(page.url)
        found.urls.update(dict.fromkeys(new, ""))
        found.way = "feed" if alone else found.way


def _feed_links(page: Opened) -> list[str]:
    """Return the links of a feed's items. HTML knows ``<link>`` as an empty element: the address stands after it."""
    from bs4.element import NavigableString

    links: list[str] = []
    for item in _read_xml(page).find_all(["item", "entry"]):
        for link in item.find_all("link"):
            after = link.next_sibling
            place = str(link.get("href") or "") or (str(after) if isinstance(after, NavigableString) else "")
            if resolved := _resolve(page.url, place):
                links.append(resolved)
    return list(dict.fromkeys(links))
