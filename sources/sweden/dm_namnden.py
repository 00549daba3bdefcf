"""The ethics board for direct marketing: DM-nämnden, since autumn 2020 NIX-nämnden.

Which pages there are, on which hosts; how one reads is in ``board_decision``, which is imported when a page is read:
its grammar takes a tenth of a second to make ready, and who only asks how the source stands waits for it too.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from models.drafts import Check, Draft
from models.words import Severity
from sources.contract import Bounds, RawItem, Reading, SourceBroken, SourceInfo, Visit
from sources.encoding import MOJIBAKE

if TYPE_CHECKING:
    from sources.pages.visit import PageVisit
    from sources.pages.wordpress import Discovery

DM_NAMNDEN_INFO = SourceInfo(
    kind="dm_namnden",
    title="NIX-nämnden",
    publisher="NIX-nämnden",
    licence="Published decisions of the trade's own board; facts and links are kept, texts only for a short time",
    parser_version=1,
    # About 2,500 decisions are public; three times that is another site. The floor is only against an empty one, since
    # each listing is compared with the last (listing-shrunk). The board meets about monthly and rests in summer, hence
    # two months of silence; it is read nightly, hence three days.
    bounds=Bounds(rows=(1, 8_000), quiet_days=62, max_age_days=3, delay=2.0),
    names_all_companies=True,
    checks=(
        Check("page-unknown", Severity.ERROR, "The page holds none of the labels of a decision."),
        Check("page-too-large", Severity.ERROR, "The page has far more markup than any decision: look at it."),
        Check("page-cut", Severity.ERROR, "The page ends before its sections begin: fetch it again."),
        Check("case-number-missing", Severity.ERROR, "The page has no case number, so it cannot be told from others."),
        Check("case-number-unreadable", Severity.ERROR, "A case number is damaged or written in a form not known."),
        Check("case-url-differs", Severity.ERROR, "The page's address names another case number than its label."),
        Check("party-missing", Severity.ERROR, "Neither label nor title tells which company the decision is about."),
        Check("party-unreadable", Severity.ERROR, "The party's field holds more than a name."),
        Check(
            "party-from-title",
            Severity.WARNING,
            "The party's field is empty or holds something else; the title was used.",
        ),
        Check(
            "case-year-odd",
            Severity.WARNING,
            "The case number's year is far from the decision's: maybe a typing error.",
        ),
        Check("case-count-differs", Severity.WARNING, "The page states another total than the case numbers it lists."),
        Check("issues-missing", Severity.WARNING, "The page has no issues."),
        Check("decision-missing", Severity.WARNING, "The page has no decision under its label."),
        Check("label-unknown", Severity.WARNING, "The label block holds a label the board is not known to use."),
        Check("page-outcome-partly", Severity.WARNING, "The page decides its cases differently."),
        Check(
            "outcome-implied", Severity.WARNING, "The decision names only the other cases; this one follows from that."
        ),
        Check("outcome-mixed", Severity.WARNING, "One issue was left undecided, another was no breach."),
        Check("outcome-from-tag", Severity.WARNING, "The wording is not one we know; badge or tag told the outcome."),
        Check("outcome-differs-from-tag", Severity.WARNING, "Badge or tag says otherwise than the decision's wording."),
        Check("channel-several", Severity.WARNING, "The issues name more than one channel; the first was taken."),
        Check("charset-refuted", Severity.WARNING, "The page was not written in the encoding it declares."),
        Check("charset-unknown", Severity.WARNING, "The page declares an encoding nobody knows."),
        Check(MOJIBAKE, Severity.WARNING, "Letters of the page were damaged by a wrong encoding."),
    ),
)

_RECORD_PATH = re.compile(
    r"/(?:arenden/(?!(?:page|feed)(?:/|$))[^/]+|(?:19|20)\d\d/(?:0[1-9]|1[0-2])/(?!(?:page|feed)(?:/|$))(?!\d+/?$)[^/]+)/?$"
)


class DmNamnden:
    """The board's sites as one source. ``sites`` are base addresses; one that redirects to another is a moved one."""

    info = DM_NAMNDEN_INFO

    def __init__(self, name: str, sites: list[str], bounds: Bounds, user_agent: str) -> None:
        self.name = name
        self.sites = sites
        self.bounds = bounds
        self.user_agent = user_agent

    def read(self, visit: Visit) -> Reading:
        """List every decision of every site, fetch what is new or changed. Raises SourceBroken.

        A site that fails does not keep the others from being read into the archive, but the night's reading is void:
        half a list would look like decisions taken away.
        """
        from sources.pages.visit import PageVisit
        from sources.sweden.board_decision import is_decision, rank_layout
        from sources.web.session import PoliteSession

        session = PoliteSession(self.sites, user_agent=self.user_agent, delay=self.bounds.delay, log=visit.log)
        pages = PageVisit(visit, session, is_decision)
        broken: list[SourceBroken] = []
        for site in self.sites:
            try:
                self._read_site(site, pages, visit)
            except SourceBroken as fault:
                visit.log(f"{self.name}: {fault}")
                broken.append(fault)
        if broken:
            raise broken[0]
        # A site that is no longer configured took nothing back: what was read from it stays.
        hosts = {urlsplit(site).netloc.lower() for site in self.sites}
        pages.keep_known(lambda url: urlsplit(url).netloc.lower() not in hosts)
        records = sorted(
            pages.records.values(), key=lambda item: (rank_layout(item.name), item.note.get("lastmod", ""), item.name)
        )
        return Reading(
            source=self.name,
            items=(*pages.listings, *records),
            read_at=visit.now,
            business_date=visit.business_date,
            complete=not pages.problems,
            complete_through=visit.business_date,
            problems=tuple(pages.problems),
        )

    def _read_site(self, site: str, pages: "PageVisit", visit: Visit) -> "Discovery":
        from sources.pages.wordpress import discover_records

        home = urlsplit(site).netloc.lower()
        siblings = frozenset(urlsplit(other).netloc.lower() for other in self.sites) - {home}
        found = discover_records(site, pages.open_listing, lambda url: is_record_url(url, siblings | {home}), siblings)
        if found.way == "moved":
            # The old host sends every visitor to the new one: what it once held is kept, nothing new comes from it.
            visit.log(f"{self.name}: {home} has moved; its known decisions are kept")
            pages.keep_known(lambda url: urlsplit(url).netloc.lower() == home)
            return found
        pages.check_shrunk(found)
        pages.fetch_records(found.urls)
        visit.log(f"{self.name}: {home} lists {len(found.urls)} decisions by {found.way}")
        return found

    def parse(self, content: bytes, item: RawItem) -> Iterator[Draft]:
        """Yield one draft per case number of a decision page; one without id when it is no page we know."""
        from sources.sweden.board_decision import draft_decision

        return draft_decision(content, item)


def is_record_url(url: str, hosts: frozenset[str]) -> bool:
    """Tell whether a URL is the address of a decision in one of the four layouts, on one of the board's hosts."""
    parts = urlsplit(url)
    return parts.netloc.lower() in hosts and not parts.query and _RECORD_PATH.search(parts.path) is not None
