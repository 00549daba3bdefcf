"""A publisher with list pages, as a source of a few lines: where its lists are, its labels, and one record's draft.

Either every record has a page of its own that the lists link to (``record_url``), or the rows of the lists are the
records themselves. Reading, paging, carrying over, drift and faults are the same for all and live here.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

from models.drafts import Check, Draft, Fault
from models.words import Severity
from sources.contract import Bounds, Problem, RawItem, Reading, SourceBroken, SourceInfo, Visit
from sources.encoding import CHARSET_REFUTED, CHARSET_UNKNOWN, MOJIBAKE, decode_bytes
from sources.pages.fields import Labels, Record, find_title, looks_cut, looks_damaged, read_labels, read_page, read_rows
from sources.pages.foreign import name_foreign
from sources.pages.list_pages import Link, Lists, follow_lists
from sources.pages.text import PageTooLarge
from sources.pages.visit import PageVisit
from sources.pages.wordpress import Opened

LIST_CHECKS = (
    Check("page-unknown", Severity.ERROR, "The page holds none of the labels of a record."),
    Check("page-too-large", Severity.ERROR, "The page has far more markup than any record: look at it."),
    Check("page-cut", Severity.ERROR, "The page ends before its end: fetch it again."),
    Check("page-damaged", Severity.ERROR, "The page holds control characters: bytes were changed; fetch it again."),
    Check("name-damaged", Severity.ERROR, "The company's name holds markup: the page is broken there."),
    Check("key-unreadable", Severity.ERROR, "The record's id is damaged or written in a form not known."),
    Check("key-url-differs", Severity.ERROR, "The page's address names another record than the page does."),
    Check("company-missing", Severity.ERROR, "The record names no company, so it counts for nobody."),
    Check(CHARSET_REFUTED, Severity.WARNING, "The page was not written in the encoding it declares."),
    Check(CHARSET_UNKNOWN, Severity.WARNING, "The page declares an encoding nobody knows."),
    Check(MOJIBAKE, Severity.WARNING, "Letters of the page were damaged by a wrong encoding."),
)


class ListSource(ABC):
    """A publisher's lists as one source. ``sites`` are base addresses, or a list page's own address.

    A kind sets: ``info``; ``lists``, paths of its lists below a site; ``list_url`` and ``record_url``, patterns of
    the addresses of further lists and of records ("" when there are none); ``labels``, the words before each field.
    """

    info: ClassVar[SourceInfo]
    lists: ClassVar[tuple[str, ...]]
    list_url: ClassVar[str] = ""
    record_url: ClassVar[str] = ""
    labels: ClassVar[Labels]

    def __init__(self, name: str, sites: list[str], bounds: Bounds, user_agent: str) -> None:
        self.name = name
        self.sites = sites
        self.bounds = bounds
        self.user_agent = user_agent

    @abstractmethod
    def read_record(self, record: Record) -> Draft:
        """Turn one record's values into its draft; pure."""

    def knows(self, record: Record) -> bool:
        """Tell whether a page is a record at all: a log-in, consent or maintenance page has no two of its labels."""
        return len(record.values) >= 2

    # -- reading ----------------------------------------------------------------------------------------------------

    def read(self, visit: Visit) -> Reading:
        """Follow the lists; fetch what is new or changed, carry the rest over. Raises SourceBroken."""
        from sources.web.session import PoliteSession

        hosts = [urlsplit(site).netloc for site in self.sites]
        session = PoliteSession(hosts, user_agent=self.user_agent, delay=self.bounds.delay, log=visit.log)
        pages = PageVisit(visit, session, self.is_known_page)
        held: dict[str, int] = {}
        records: list[str] = []
        problems: list[Problem] = []
        for host, starts in self._starts().items():
            lists = follow_lists(starts, pages.open_listing, self._is_list, self._count)
            self._refuse_emptied(lists, visit)
            problems += [
                Problem("listing-circles", url, f"{url}: its paging turns in a circle; nothing was called gone")
                for url in lists.circling
            ]
            visit.log(f"{self.name}: {host} lists {len(lists.found.urls)} records on {len(lists.held)} page(s)")
            held |= lists.held
            if self.record_url:
                pages.check_shrunk(lists.found)
                pages.fetch_records(lists.found.urls)
                records += reversed(lists.found.urls)  # lists begin with the newest, a reading ends with it
        problems += pages.problems
        listings = [_note(item, held) for item in pages.listings]
        items = [pages.records[url] for url in records if url in pages.records]
        if not self.record_url:
            items = [replace(item, role="record") for item in listings]
        return Reading(
            source=self.name,
            items=(*listings, *items),
            read_at=visit.now,
            business_date=visit.business_date,
            complete=not problems,
            complete_through=visit.business_date,
            problems=tuple(problems),
        )

    def _starts(self) -> Mapping[str, list[str]]:
        """Return the list pages to begin with, by host: an address with a path is one, a bare site has the usual."""
        starts: dict[str, list[str]] = {}
        for site in self.sites:
            own = [site] if urlsplit(site).path.strip("/") else [urljoin(site + "/", place) for place in self.lists]
            starts.setdefault(urlsplit(site).netloc.lower(), []).extend(own)
        return starts

    def _is_list(self, url: str) -> bool:
        return bool(self.list_url) and re.search(self.list_url, _place(url)) is not None

    def _count(self, page: Opened, links: list[Link]) -> Iterable[tuple[str, str]]:
        """Return what one list page holds: (URL, the words of its links), or (row, "") where rows are records."""
        if not self.record_url:
            return [(f"{sorted(row.items())}", "") for row in read_rows(page.text, self.labels)]
        told: dict[str, str] = {}
        for link in links:
            if re.search(self.record_url, _place(link.url)):
                told[link.url] = f"{told.get(link.url, '')} {link.text}".strip()
        return told.items()

    def _refuse_emptied(self, lists: Lists, visit: Visit) -> None:
        """A list page that held records the last time and holds none now is no good news."""
        for item in visit.last.items if visit.last else ():
            if item.role == "listing" and int(item.note.get("held", "0")) and lists.held.get(item.name) == 0:
                message = f"{item.name}: held {item.note['held']} records the last time and none now; open it and see"
                raise SourceBroken("listing-shrunk", message)

    def is_known_page(self, html: str) -> bool:
        """Tell from a page's text whether it is a record."""
        try:
            return self.knows(self._open_record(html, RawItem("", "")))
        except PageTooLarge:
            return False

    # -- parsing ----------------------------------------------------------------------------------------------------

    def parse(self, content: bytes, item: RawItem) -> Iterator[Draft]:
        """Yield one draft per page, or per row of a list. Raises SourceBroken when a list is not one."""
        decoded = decode_bytes(content, item.charset)
        flags = list(decoded.flags)
        try:
            if self.record_url:
                yield self._read_page(decoded.text, item, flags)
            else:
                yield from self._read_list(decoded.text, item, flags)
        except PageTooLarge as fault:
            if not self.record_url:
                raise SourceBroken("listing-unknown", f"{item.name}: {fault}; open it in a browser and see") from fault
            yield _refuse(Record({}, "", "", item, flags=flags), "page-too-large")

    def _open_record(self, html: str, item: RawItem) -> Record:
        page = read_page(html)
        return Record(read_labels(page, self.labels), page.text, find_title(page), item, head_title=page.head_title)

    def _read_page(self, html: str, item: RawItem, flags: list[str]) -> Draft:
        record = self._open_record(html, item)
        record.flags += flags
        if not self.knows(record):
            return _refuse(record, "page-unknown")
        if looks_cut(html):
            record.faults.append(Fault(code="page-cut", field="page"))
        if looks_damaged(html):
            record.faults.append(Fault(code="page-damaged", field="page"))
        return self.read_record(record)

    def _read_list(self, html: str, item: RawItem, flags: list[str]) -> Iterator[Draft]:
        rows = read_rows(html, self.labels)
        if looks_cut(html):
            raise SourceBroken("listing-cut", f"{item.name}: the list ends before its end; run the source again")
        if not rows and (foreign := name_foreign(html)):
            raise SourceBroken("listing-unknown", f"{item.name}: it is {foreign}; open it in a browser and see")
        for number, row in enumerate(rows, 1):
            record = Record(row, "\n".join(row.values()), "", item, f"row {number}", flags=list(flags))
            if looks_damaged(record.text):
                record.faults.append(Fault(code="page-damaged", field="row"))
            yield self.read_record(record)


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _note(item: RawItem, held: Mapping[str, int]) -> RawItem:
    return replace(item, note={**item.note, "held": str(held.get(item.name, 0))})


def _refuse(record: Record, code: str) -> Draft:
    record.faults.append(Fault(code=code, field="page", value=" ".join(record.text[:80].split())))
    return record.draft(source_id=None, company=None, received_on=None)
