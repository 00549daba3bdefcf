"""One night's visit to the FTC: the data page, then the daily files it links to that are not at hand yet.

A file's address is always taken from the page. A day may be linked and not be there: the server answers 404, or a
web page with status 200. Such a day is asked for again for two weeks and then given up; what was given up is
remembered in the note of the page's own item.
"""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from sources.contract import Problem, RawItem, Reading, SourceBroken, Visit
from sources.encoding import decode_bytes
from sources.faults import FetchFailed
from sources.pages.wordpress import Opened

if TYPE_CHECKING:
    from sources.web.session import Fetched, PoliteSession

FIRST_DAYS = 90  # how far back a first visit goes; older files come with --since
RETRY_DAYS = 14
_FAILURES = 3  # files in a row that fail: then it is the site, not the day
_DAY = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?([0-3]\d)(?!\d)")
_WORDED = re.compile(r"\b([A-Z][a-z]{2,8})\.? (\d{1,2}),? (20\d\d)\b")
_SLASHED = re.compile(r"(?<!\d)(\d{1,2})/(\d{1,2})/(20\d\d)(?!\d)")  # the publisher is American: the month comes first
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MISSING = "missing"


class DayVisit:
    """Gathers the items and problems of one reading of the source called ``name``."""

    def __init__(self, name: str, visit: Visit, session: "PoliteSession") -> None:
        self._name = name
        self._visit = visit
        self._session = session
        held = [item for item in visit.last.items if visit.archive.holds(item.sha256)] if visit.last else []
        self._page_before = next((item for item in held if item.role == "listing"), None)
        self._files = {item.name: item for item in held if item.role == "record"}
        note = self._page_before.note.get(_MISSING, "") if self._page_before else ""
        self._missing_before = {date.fromisoformat(day) for day in note.split(",") if day}
        self._page: RawItem | None = None
        self._links: dict[date, str] = {}
        self._taken: dict[date, RawItem] = {}
        self._missing: set[date] = set()
        self._problems: list[Problem] = []

    def list_days(self, url: str) -> None:
        """Read the data page. Raise SourceBroken when it links to no files, or to older ones than before."""
        before = self._page_before if self._page_before and self._page_before.name == url else None
        fetched = self._session.fetch(
            url, etag=before.etag if before else "", last_modified=before.last_modified if before else ""
        )
        if fetched.not_modified and before is not None:
            self._page = replace(before, unchanged=True)
            content = self._visit.archive.get(before.sha256)
        else:
            self._page = self._item(url, fetched, role="listing")
            content = fetched.content
        html = decode_bytes(content, self._page.charset).text
        self._links = find_days(html, fetched.url)
        if not self._links:
            message = "no links to daily CSV files; perhaps a log-in or maintenance page, open it in a browser and see"
            raise SourceBroken("listing-unknown", f"{url}: {message}")
        known = [day for day in map(find_day, self._files) if day]
        if known and max(self._links) < max(known):
            message = f"the newest file linked is of {max(self._links)}, the newest at hand of {max(known)}"
            raise SourceBroken("listing-shrunk", f"{url}: {message}; open it and see what became of the newer ones")

    def fetch_days(self) -> None:
        """Fetch what is due, carry the rest over. Raise SourceBroken when file after file fails."""
        failed = 0
        for day in sorted(self._links):
            url = self._links[day]
            known = self._files.get(url)
            if known is not None and not self._is_asked_for(day):
                self._taken[day] = replace(known, unchanged=True)
            elif self._is_due(day):
                failed = 0 if self._fetch_day(day, url, known) else failed + 1
            if failed >= _FAILURES:
                last = self._problems[-1]
                raise SourceBroken(last.code, f"{failed} files in a row are not there, the last: {last.message}")

    def make_reading(self) -> Reading:
        """Return what was found. Days that the page no longer links to are not gone, so nothing is called complete."""
        assert self._page is not None
        given_up = {day for day in self._missing if not self._is_fresh(day)}
        for day in sorted(given_up):
            self._visit.log(f"{self._name}: the file of {day} never came and is no longer asked for")
        note = {_MISSING: ",".join(day.isoformat() for day in sorted(self._missing))} if self._missing else {}
        hole = min(self._missing - given_up, default=date.max)
        # A file tells of the complaints made the day before it.
        through = max((day for day in self._taken if day < hole), default=None)
        return Reading(
            source=self._name,
            items=(replace(self._page, note=note), *(self._taken[day] for day in sorted(self._taken))),
            read_at=self._visit.now,
            business_date=self._visit.business_date,
            complete_through=through - timedelta(days=1) if through else None,
            problems=tuple(problem for problem in self._problems),
        )

    def _is_asked_for(self, day: date) -> bool:
        since, until = self._visit.since, self._visit.until
        if since is None and until is None:
            return False
        return (since is None or day >= since) and (until is None or day <= until)

    def _is_due(self, day: date) -> bool:
        if self._is_asked_for(day):
            return True
        if day in self._missing_before and not self._is_fresh(day):
            self._missing.add(day)
            return False
        return day >= self._visit.business_date - timedelta(days=FIRST_DAYS)

    def _is_fresh(self, day: date) -> bool:
        return day >= self._visit.business_date - timedelta(days=RETRY_DAYS)

    def _fetch_day(self, day: date, url: str, known: RawItem | None) -> bool:
        try:
            fetched = self._session.fetch(url, etag=known.etag if known else "")
        except FetchFailed as failure:
            if failure.code in ("host-not-allowed", "redirect-outside", "robots-forbid"):
                raise  # the same will hold for every file
            code = "day-missing" if failure.code == "not-found" else failure.code
            self._miss(day, url, known, code, str(failure))
            return False
        if fetched.not_modified and known is not None:
            self._taken[day] = replace(known, unchanged=True)
            return True
        if not looks_like_table(fetched.content):
            what = "an empty file" if not fetched.content.strip() else "a web page"
            self._miss(day, url, known, "day-missing", f"{url}: {what} with status 200 instead of the file of {day}")
            return False
        self._taken[day] = self._item(url, fetched, role="record")
        return True

    def _miss(self, day: date, url: str, known: RawItem | None, code: str, message: str) -> None:
        self._problems.append(Problem(code, url, message))
        if known is not None:
            self._taken[day] = replace(known, unchanged=True)
        else:
            self._missing.add(day)

    def _item(self, url: str, fetched: "Fetched", *, role: str) -> RawItem:
        return RawItem(
            name=url,
            sha256=self._visit.archive.put(fetched.content),
            media_type=fetched.media_type,
            charset=fetched.charset,
            fetched_at=self._visit.now,
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            role=role,
        )


def find_days(html: str, url: str) -> dict[date, str]:
    """Return the daily files that the page at ``url`` links to, by day; of two links for one day the first counts.

    Raises SourceBroken where it is far too large for such a page.
    """
    days: dict[date, str] = {}
    for tag in Opened(url, html).read().find_all("a", href=True):
        try:
            target = urljoin(url, str(tag.get("href")).strip())
            path = urlsplit(target).path
        except ValueError:
            continue  # an address that is none
        day = find_day(target) or find_day(tag.get_text(" ", strip=True))
        if path.lower().endswith(".csv") and day is not None:
            days.setdefault(day, target)
    return days


def find_day(text: str) -> date | None:
    """Return the day that a file's name or a link's text tells: 2021-07-08, 20210708, July 8, 2021, 7/8/2021."""
    name = unquote(urlsplit(text).path.rpartition("/")[2]) if "://" in text else text
    try:
        if found := _DAY.search(name):
            return date(*map(int, found.groups()))
        if (found := _WORDED.search(name)) and found.group(1)[:3].lower() in _MONTHS:
            month = _MONTHS.index(found.group(1)[:3].lower()) + 1
            return date(int(found.group(3)), month, int(found.group(2)))
        if found := _SLASHED.search(name):
            return date(int(found.group(3)), int(found.group(1)), int(found.group(2)))
    except ValueError:
        return None
    return None


def looks_like_table(content: bytes) -> bool:
    """Tell a file from what is served in its place: nothing, or a page. A changed header is the parser's to refuse."""
    start = decode_bytes(content[:512]).text.lstrip()
    return bool(start) and not start.startswith("<")
