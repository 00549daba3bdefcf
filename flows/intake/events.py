"""Reports that are one event: linked every night among a member's tips and what other sources say at about that time.

An authority's own figure is never touched: where a tip tells what the authority has too, the tip is the second report.
Two rows of one authority are its own business, so only pairs with a tip, or of two sources, are compared.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Table, select, update

from flows.workplace import Workplace
from models.matching.duplicates import Link, LinkKind, Report, find_links
from models.matching.memory import PAIR
from models.storage.store import writing
from models.storage.tables import Complaint, ComplaintText, EventLink, ReviewAnswer
from models.storage.versions import IS_CURRENT_TIP
from models.tips.threads import thread_tips
from models.words import Band, Kind, Status

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_T: Table = ComplaintText.__table__  # type: ignore[attr-defined]
_L: Table = EventLink.__table__  # type: ignore[attr-defined]
_A: Table = ReviewAnswer.__table__  # type: ignore[attr-defined]
NEAR = timedelta(days=90)  # reports of one event come within a quarter of a year
RESENT = timedelta(days=30)  # the same words of one sender within this time are the same report


def link_events(place: Workplace) -> int:
    """Find tonight's links and write those that came or went; return how many did."""
    with writing(place.engine) as connection:
        answers = load_pair_answers(connection)
        wanted = {
            _key(link): link
            for reports in _group_reports(connection)
            for link in _find_links(reports, answers)
            if _crosses(link)
        }
        current = {_row_key(row): row.id for row in connection.execute(select(_L).where(_L.c.recorded_to.is_(None)))}
        now = place.clock()
        kept = _list_wordless(connection, answers) if current else set()
        gone = [row_id for key, row_id in current.items() if key not in wanted and row_id not in kept]
        for row_id in gone:
            connection.execute(update(_L).where(_L.c.id == row_id).values(recorded_to=now))
        new = [_to_row(link, now) for key, link in wanted.items() if key not in current]
        if new:
            connection.execute(_L.insert(), new)
    return len(gone) + len(new)


def _list_wordless(connection: Connection, answers: Mapping[frozenset[str], bool]) -> set[int]:
    """Return the links of two reports that cannot be compared any more, since the words of one are forgotten.

    What was one event stays one, or figures would grow by forgetting: unless a person said otherwise, or one of the
    two is no longer counted for the same member.
    """
    # The links first, by themselves: SQLite, which has no statistics, would begin with all complaints.
    link = select(_L).where(_L.c.recorded_to.is_(None)).cte("link").prefix_with("MATERIALIZED")
    one, two = _C.alias(), _C.alias()
    words, others = _T.alias(), _T.alias()
    asked = (
        select(link)
        .join(one, (one.c.source == link.c.one_source) & (one.c.source_id == link.c.one_id))
        .join(two, (two.c.source == link.c.two_source) & (two.c.source_id == link.c.two_id))
        .outerjoin(words, (words.c.source == link.c.one_source) & (words.c.source_id == link.c.one_id))
        .outerjoin(others, (others.c.source == link.c.two_source) & (others.c.source_id == link.c.two_id))
        .where(words.c.text.is_(None) | others.c.text.is_(None))
        .where(*(_is_counted(report) for report in (one, two)), one.c.member == two.c.member)
    )
    return {
        row.id
        for row in connection.execute(asked)
        if answers.get(frozenset((f"{row.one_source} {row.one_id}", f"{row.two_source} {row.two_id}")), True)
    }


def _is_counted(report: Any) -> Any:
    return report.c.recorded_to.is_(None) & (report.c.status == Status.ACCEPTED) & (report.c.band == Band.ACCEPT)


def _find_links(reports: list[Report], answers: dict[frozenset[str], bool]) -> list[Link]:
    """Return the links among one member's reports; the same words again from the same sender are the same report."""
    links = find_links(reports, answers)
    tied = {frozenset((link.one, link.two)) for link in links if link.kind is not LinkKind.POSSIBLE}
    first: dict[tuple[str, str], Report] = {}
    for report in reports:
        body = report.facts.get("body", "")
        before = first.setdefault((report.consumer, body), report) if report.consumer and body else report
        pair = frozenset((before.id, report.id))
        if before is report or pair in tied or answers.get(pair) is False:
            continue
        if before.received_on and report.received_on and report.received_on - before.received_on <= RESENT:
            why = "The same words once more from the same sender"
            links = [link for link in links if {link.one, link.two} != pair]
            links.append(Link(before.id, report.id, LinkKind.SAME_REPORT, "same-sender-same-words", why))
    return links


def load_pair_answers(connection: Connection) -> dict[frozenset[str], bool]:
    """Return what people said of pairs of reports: True the same event, False not."""
    answers: dict[frozenset[str], bool] = {}
    for row in connection.execute(select(_A).where(_A.c.text.contains(PAIR)).order_by(_A.c.id)):
        pair = frozenset(row.text.split(PAIR))
        answers.pop(pair, None)
        if row.said in ("member", "not_member"):
            answers[pair] = row.said == "member"
    return answers


def _group_reports(connection: Connection) -> Iterator[list[Report]]:
    """Yield for each member with tips: its tips and what other sources tell of it at about that time, tips last."""
    counted = _is_counted(_C)
    about = (_T.c.source == _C.c.source) & (_T.c.source_id == _C.c.source_id)
    with_tips = select(_C.c.member).where(counted & IS_CURRENT_TIP).distinct()
    asked = (
        select(_C, _T.c.text)
        .join(_T, about)
        .where(counted & (_C.c.kind != Kind.DECISION) & _C.c.member.in_(with_tips))
        .order_by(_C.c.member, _C.c.received_on, _C.c.source, _C.c.source_id)
    )
    tips = IS_CURRENT_TIP & (_C.c.status == Status.ACCEPTED)
    threads = thread_tips(connection.execute(select(_C).where(tips)))
    for _, rows in groupby(connection.execute(asked).all(), key=lambda row: row.member):
        held = list(rows)
        days = [row.received_on for row in held if row.kind == Kind.TIP and row.received_on]
        near = [row for row in held if row.kind == Kind.TIP or _is_near(row, days)]
        # An answer may lie before what it answers: tips are put in the order in which they came in, to the minute.
        near.sort(key=lambda row: (row.kind == Kind.TIP, str(row.received_on), -row.precedence, row.source_id))
        yield list(_to_reports(near, threads))


def _is_near(row: Any, days: list[Any]) -> bool:
    return row.received_on is not None and any(abs(row.received_on - day) <= NEAR for day in days)


def _to_reports(rows: list[Any], threads: dict[str, str]) -> Iterator[Report]:
    """Yield the reports; each tip answers the first of its thread, whatever its own headers name and whatever lacks."""
    first: dict[str, str] = {}
    for row in rows:
        ident = f"{row.source} {row.source_id}"
        message = row.facts.get("message_id") or (ident if row.kind == Kind.TIP else "")
        thread = threads.get(ident, ident)
        answered = first.setdefault(thread, message)
        yield Report(
            id=ident,
            source=row.source,
            text=row.text,
            company=row.member,
            consumer=row.facts.get("sender", ""),
            message_id=message,
            references=(answered,) if answered and answered != message else (),
            received_on=row.received_on,
            facts={"body": row.facts["body"]} if "body" in row.facts else {},
        )


def _crosses(link: Link) -> bool:
    return link.kind is not LinkKind.CAMPAIGN and (link.one.split(" ")[0] != link.two.split(" ")[0] or _is_tip(link))


def _is_tip(link: Link) -> bool:
    return link.two.split(" ", 1)[1].startswith("tip-")


def _to_row(link: Link, now: Any) -> dict[str, Any]:
    (one_source, one_id), (two_source, two_id) = link.one.split(" ", 1), link.two.split(" ", 1)
    return {
        "one_source": one_source,
        "one_id": one_id,
        "two_source": two_source,
        "two_id": two_id,
        "kind": str(link.kind),
        "rule": link.rule,
        "why": link.why,
        "recorded_from": now,
    }


def _key(link: Link) -> tuple[str, ...]:
    return (*link.one.split(" ", 1), *link.two.split(" ", 1), str(link.kind), link.rule, link.why)


def _row_key(row: Any) -> tuple[str, ...]:
    return (row.one_source, row.one_id, row.two_source, row.two_id, row.kind, row.rule, row.why)
