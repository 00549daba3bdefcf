"""One night's visit to a publisher with a page per record: ask only for what is new or changed, lose nothing.

Used by sources whose listing names every page. Listings are asked for conditionally; a page that is known and not
said to have changed is carried over from the last reading, so that a reading always lists all the source holds.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from urllib.parse import urlsplit

from sources.contract import Problem, RawItem, SourceBroken, Visit
from sources.encoding import decode_bytes
from sources.faults import FetchFailed
from sources.pages.fields import looks_cut
from sources.pages.wordpress import Discovery, Opened

if TYPE_CHECKING:
    from sources.web.session import Fetched, PoliteSession

_FAILURES_IN_A_ROW = 5  # then the site is down, and asking on for thousands of pages would be rude
_JUDGE_FROM = 4  # pages; of fewer nothing can be said about the whole
_MONTH_IN_URL = re.compile(r"/((?:19|20)\d\d)/(0[1-9]|1[0-2])/")


@runtime_checkable
class _Holding(Protocol):
    def holds(self, sha256: str) -> bool: ...


class PageVisit:
    """Gathers ``items`` and ``problems`` of one reading.

    ``is_known_page`` tells from a page's text whether it is a record at all (a log-in page is not).
    """

    def __init__(self, visit: Visit, session: "PoliteSession", is_known_page: Callable[[str], bool]) -> None:
        self._visit = visit
        self._session = session
        self._is_known_page = is_known_page
        last = visit.last.items if visit.last else ()
        self._listed_before = tuple(urlsplit(item.name).netloc.lower() for item in last if item.role == "record")
        # What the archive has lost cannot be carried over: it is asked for as if it were new.
        last = tuple(
            item for item in last if not isinstance(visit.archive, _Holding) or visit.archive.holds(item.sha256)
        )
        self._listings = {item.name: item for item in last if item.role == "listing"}
        self._records = {item.name: item for item in last if item.role == "record"}
        self._opened: dict[str, Opened] = {}
        self.listings: list[RawItem] = []
        self.records: dict[str, RawItem] = {}
        self.problems: list[Problem] = []

    def open_listing(self, url: str) -> Opened:
        """Fetch a listing page, or take it from the archive when it has not changed. Raises FetchFailed."""
        if url in self._opened:
            return self._opened[url]
        last = self._listings.get(url)
        fetched = self._ask(url, last)
        if fetched.not_modified and last is not None:
            item = replace(last, unchanged=True)
            content = self._visit.archive.get(last.sha256)
        else:
            content = fetched.content
            item = self._item(url, fetched, role="listing", note={"found_at": fetched.url})
        self.listings.append(item)
        opened = Opened(item.note.get("found_at", url), decode_bytes(content, item.charset).text)
        self._opened[url] = opened
        return opened

    def check_shrunk(self, found: Discovery) -> None:
        """Raise SourceBroken when a site lists clearly fewer pages than the last time."""
        host = urlsplit(found.site).netloc.lower()
        before = self._listed_before.count(host)
        pages = sum(1 for url in self._listings if urlsplit(url).netloc.lower() == host)
        lost = before - len(found.urls)
        fewer_pages = len(found.pages) < pages and lost > 1
        if lost > 1 + before // 200 or fewer_pages:
            message = (
                f"{found.site} lists {len(found.urls)} decisions by {found.way}, last time {before}: "
                "open the site and see whether they were taken away or the listing broke"
            )
            raise SourceBroken("listing-shrunk", message)

    def fetch_records(self, urls: Mapping[str, str]) -> None:
        """Fetch what is new, changed, or inside the window asked for; carry the rest over.

        Raises SourceBroken when page after page fails, or when most of what comes is not the page we know.
        """
        failures = fetched = unknown = 0
        for url, lastmod in urls.items():
            last = self._records.get(url)
            if last is not None and not self._is_due(url, lastmod, last):
                self.records[url] = replace(last, unchanged=True)
                continue
            try:
                answer = self._ask(url, last)
                failures = 0
            except FetchFailed as failure:
                failures += 1
                self._miss(url, last, failure.code, str(failure))
                if failures >= _FAILURES_IN_A_ROW:
                    raise SourceBroken(failure.code, f"{failures} pages in a row failed, the last: {failure}") from None
                continue
            if answer.not_modified and last is not None:
                self.records[url] = replace(last, unchanged=True, note={**last.note, "lastmod": lastmod})
                continue
            fetched += 1
            unknown += not self._take(url, lastmod, last, answer)
            if fetched >= _JUDGE_FROM and unknown * 2 > fetched:
                message = f"{unknown} of {fetched} pages are not decisions as we know them, the last: {url}"
                raise SourceBroken("pages-unknown", f"{message}; open it in a browser and see")

    def keep_known(self, belongs: Callable[[str], bool]) -> None:
        """Carry over every known record that ``belongs`` to a site which is no longer asked."""
        for url, item in self._records.items():
            if url not in self.records and belongs(url):
                self.records[url] = replace(item, unchanged=True)

    def _is_due(self, url: str, lastmod: str, last: RawItem) -> bool:
        if last.note.get("odd") or (lastmod and lastmod != last.note.get("lastmod", "")):
            return True
        since, until = self._visit.since, self._visit.until
        if since is None and until is None:
            return False
        first, final = _when_published(url, lastmod)
        return (until is None or first <= until) and (since is None or final >= since)

    def _take(self, url: str, lastmod: str, last: RawItem | None, answer: "Fetched") -> bool:
        """Keep a fetched page; one that is no record does not take the place of one that was."""
        text = decode_bytes(answer.content, answer.charset).text
        known = self._is_known_page(text)
        item = self._item(url, answer, role="record", note={"lastmod": lastmod} | ({} if known else {"odd": "1"}))
        if known and looks_cut(text) and (last is None or last.sha256 != item.sha256):
            item.note["odd"] = "cut"  # asked for once more; what comes again as it was is published so
        if known:
            self.records[url] = item
            return True
        message = f"{url}: this is not a decision as we know it; open it in a browser and see"
        if last is not None and not last.note.get("odd"):
            self._miss(url, last, "page-unknown", message)
        else:
            self.records[url] = item
            self.problems.append(Problem("page-unknown", url, message))
        return False

    def _miss(self, url: str, last: RawItem | None, code: str, message: str) -> None:
        self.problems.append(Problem(code, url, message))
        if last is not None:
            self.records[url] = replace(last, unchanged=True)

    def _ask(self, url: str, last: RawItem | None) -> "Fetched":
        if last is None or last.note.get("odd"):
            return self._session.fetch(url)
        return self._session.fetch(url, etag=last.etag, last_modified=last.last_modified)

    def _item(self, url: str, fetched: "Fetched", *, role: str, note: dict[str, str]) -> RawItem:
        return RawItem(
            name=url,
            sha256=self._visit.archive.put(fetched.content),
            media_type=fetched.media_type,
            charset=fetched.charset,
            fetched_at=self._visit.now,
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            role=role,
            note=note,
        )


def _when_published(url: str, lastmod: str) -> tuple[date, date]:
    """Return the first and last day on which a page may have appeared; all days when nothing tells."""
    try:
        day = date.fromisoformat(lastmod[:10])
    except ValueError:
        month = _MONTH_IN_URL.search(url)
        if month is None:
            return date.min, date.max
        first = date(int(month.group(1)), int(month.group(2)), 1)
        return first, first + timedelta(days=31)
    return day, day
