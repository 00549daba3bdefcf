"""The CFPB's search interface, read week by week: rows are edited, withdrawn and filled in for weeks after they came.

What it does that is written nowhere, and what is done about it: without the slash at the end of its path it answers
with a web page and status 200 (the slash is added); parameters it does not know are ignored (they are refused here);
a malformed ``search_after`` gives the first page for ever (a page of known ids ends the reading); an export of more
than 100,000 rows answers 400 (the period is halved; one day alone is read page by page); the last day may be meant to
be left out (one more day is asked for, and the parser leaves to each item its own days).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sources.contract import Problem, RawItem, Reading, SourceBroken, Visit
from sources.faults import FetchFailed
from sources.usa.cfpb_files import PUBLISHED_AFTER

if TYPE_CHECKING:
    from sources.web.session import Fetched

TRAILING_DAYS = 60
PAGE_SIZE = 1_000
MOST_PAGES = 1_000
_EXPORT_BYTES = 150_000_000
_EXPORT_WAIT = 10  # times the delay of searches: 2 a minute are allowed, and 20 searches
_SPLIT_ON = {"unexpected-status", "too-large", "too-slow"}
FILTERS = frozenset(
    """
    search_term field company company_public_response company_response company_received_min company_received_max
    consumer_consent_provided consumer_disputed has_narrative issue product state submitted_via tags timely zip_code
    """.split()
)
Period = tuple[date, date]


@dataclass(frozen=True)
class SearchAnswer:
    """A page of hits: their ids, how many there are in all, where the next page begins, what is said of the data."""

    ids: frozenset[str]
    total: int
    after: str
    meta: dict[str, Any] | None


def read_answer(content: bytes, url: str) -> SearchAnswer:
    """Read an answer of the interface; pure. Raise SourceBroken when it is none as we know it."""
    try:
        page = json.loads(content)
    except (ValueError, RecursionError) as error:
        what = "a web page" if content.lstrip()[:1] == b"<" else "something that is not JSON"
        message = f"{what} instead of the search interface's answer; check the address"
        raise SourceBroken("answer-unknown", f"{url}: {message}") from error
    outer = page.get("hits") if isinstance(page, dict) else None
    hits = outer.get("hits") if isinstance(outer, dict) else None
    if not isinstance(outer, dict) or not isinstance(hits, list) or not all(isinstance(hit, dict) for hit in hits):
        raise SourceBroken("answer-unknown", f"{url}: the answer has no list of hits; open it and see")
    total, meta, sort = outer.get("total", 0), page.get("_meta"), hits[-1].get("sort") if hits else None
    total = total.get("value", 0) if isinstance(total, dict) else total  # an object since 2020, a number before
    return SearchAnswer(
        ids=frozenset(str(hit.get("_id")) for hit in hits),
        total=total if isinstance(total, int) else 0,
        after="_".join(map(str, sort)) if isinstance(sort, list) else "",
        meta=meta if isinstance(meta, dict) else None,
    )


class SearchVisit:
    """Gathers the items of one reading of the source called ``name`` from the interface at ``address``."""

    def __init__(self, name: str, address: str, delay: float, user_agent: str, visit: Visit) -> None:
        from sources.web.session import PoliteSession

        self._name = name
        self._base, self._filters = read_address(address)
        self._visit = visit
        self._search = PoliteSession([address], user_agent=user_agent, delay=delay, log=visit.log)
        self._export = PoliteSession(
            [address],
            user_agent=user_agent,
            delay=delay * _EXPORT_WAIT,
            deadline=600,
            max_bytes=_EXPORT_BYTES,
            log=visit.log,
        )
        self._items: list[RawItem] = []
        self._problems: list[Problem] = []
        self._weeks = list(list_weeks(*self._window()))

    def check_state(self) -> None:
        """Ask for one complaint: does the interface answer as we know it, and does it say that its data is old?"""
        url, _, answer = self._ask_page({"size": "1"})
        if answer.meta is None:
            raise SourceBroken("answer-unknown", f"{url}: the answer has no _meta; open it and see what has changed")
        for sign, what in (("is_data_stale", "has not been renewed"), ("has_data_issue", "has a technical fault")):
            if answer.meta.get(sign) is True:
                message = f"{url}: the publisher says that its data {what}; look at its site"
                self._problems.append(Problem(sign.replace("_", "-"), url, message))

    def read_weeks(self) -> None:
        """Read every week of the window again. Raise SourceBroken; half a reading would look like rows withdrawn."""
        for week in self._weeks:
            self._read_period(*week)
            self._visit.log(f"{self._name}: read {week[0]} to {week[1]}")

    def make_reading(self) -> Reading:
        """Return the window as read now with all earlier weeks as they were: together all that the source holds."""
        first, last = self._weeks[0][0], self._weeks[-1][1]
        before = self._visit.last.items if self._visit.last else ()
        kept = [
            replace(item, unchanged=True)
            for item in before
            if item.covers and not _overlaps(item.covers, (first, last))
        ]
        items = sorted((*kept, *self._items), key=lambda item: item.covers or (date.min, date.min))
        reached = self._visit.until is None or self._visit.until >= self._visit.business_date
        return Reading(
            source=self._name,
            items=tuple(items),
            read_at=self._visit.now,
            business_date=self._visit.business_date,
            complete=True,
            complete_through=self._visit.business_date - PUBLISHED_AFTER if reached else None,
            problems=tuple(self._problems),
        )

    def _window(self) -> Period:
        last = min(self._visit.until or self._visit.business_date, self._visit.business_date)
        first = self._visit.since or last - timedelta(days=TRAILING_DAYS)
        if first > last:
            raise SourceBroken("window-empty", f"{first} to {last}: nothing to read; give an earlier --since")
        return first, last

    def _read_period(self, first: date, last: date) -> None:
        url = self._address(first, last, {"format": "csv", "no_aggs": "true"})
        try:
            fetched = self._export.fetch(url)
        except FetchFailed as failure:
            if failure.code not in _SPLIT_ON:
                raise
            if first == last:
                self._read_pages(first)
                return
            middle = first + (last - first) // 2
            self._visit.log(f"{self._name}: {first} to {last} was refused as one export, asked for in two")
            self._read_period(first, middle)
            self._read_period(middle + timedelta(days=1), last)
            return
        start = fetched.content[:100].lstrip()[:1]
        if not start and self._is_empty(first, last):
            return
        if start in (b"", b"<", b"{", b"["):
            raise SourceBroken("answer-unknown", f"{url}: not CSV, though that was asked for; open it and see")
        self._items.append(self._item(f"{first}/{last}", fetched, (first, last)))

    def _is_empty(self, first: date, last: date) -> bool:
        """Ask whether there is nothing to export: an export without even a header may also be one that failed."""
        _, _, answer = self._ask_page({"size": "1", "no_aggs": "true"}, self._period_of(first, last))
        return not answer.ids and not answer.total

    def _read_pages(self, day: date) -> None:
        """Read one day page by page. The interface starts over when it does not understand where to go on."""
        seen: set[str] = set()
        after, total, url = "", 0, ""
        for number in range(1, MOST_PAGES + 1):
            more = {"size": str(PAGE_SIZE), "sort": "created_date_desc", "no_aggs": "true"}
            url, fetched, answer = self._ask_page(
                more | {"search_after": after} if after else more, self._period_of(day, day)
            )
            total = max(total, answer.total)
            if not answer.ids - seen:
                break
            seen |= answer.ids
            self._items.append(self._item(f"{day}/{day} page {number}", fetched, (day, day)))
            after = answer.after
            if len(seen) >= total or not after:
                break
        if len(seen) < total:
            message = f"{len(seen)} of {total} complaints of {day}, then the same ones again"
            raise SourceBroken("paging-repeats", f"{url}: {message}; see how search_after is written now")

    def _ask_page(
        self, more: dict[str, str], period: dict[str, str] | None = None
    ) -> tuple[str, "Fetched", "SearchAnswer"]:
        url = self._join({**more, **(period or {})})
        fetched = self._search.fetch(url)
        return url, fetched, read_answer(fetched.content, url)

    def _address(self, first: date, last: date, more: dict[str, str]) -> str:
        return self._join({**more, **self._period_of(first, last)})

    @staticmethod
    def _period_of(first: date, last: date) -> dict[str, str]:
        return {"date_received_min": str(first), "date_received_max": str(last + timedelta(days=1))}

    def _join(self, more: dict[str, str]) -> str:
        return f"{self._base}?{urlencode([*self._filters, *more.items()])}"

    def _item(self, name: str, fetched: "Fetched", covers: Period) -> RawItem:
        return RawItem(
            name=name,
            sha256=self._visit.archive.put(fetched.content),
            media_type=fetched.media_type,
            charset=fetched.charset,
            fetched_at=self._visit.now,
            covers=covers,
        )


def read_address(address: str) -> tuple[str, list[tuple[str, str]]]:
    """Return (address with the slash that it needs, filters). Raise SourceBroken on a filter that would be ignored."""
    parts = urlsplit(address)
    filters = parse_qsl(parts.query, keep_blank_values=True)
    wrong = sorted({key for key, value in filters if key not in FILTERS or not value})
    if wrong:
        message = f"{', '.join(wrong)}: no filter of the search interface, which would ignore it"
        raise SourceBroken("filter-unknown", f"{message}; there is {', '.join(sorted(FILTERS))}")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/", "", "")), filters


def list_weeks(first: date, last: date) -> Iterator[Period]:
    """Yield the whole weeks, Monday to Sunday, that hold ``first`` to ``last``: the same periods night after night."""
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        yield monday, monday + timedelta(days=6)
        monday += timedelta(days=7)


def _overlaps(one: Period, two: Period) -> bool:
    return one[0] <= two[1] and two[0] <= one[1]
