"""Counts, ranks and weeks over complaints as known at a moment. Whole windows are counted every time, never increments.

A complaint counts for a member when it is accepted, not withdrawn, and its company is matched with certainty; a
caller named in it counts too once a person has confirmed it. Counts by channel are lower bounds: what nothing tells
is "unknown", never zero.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import BindParameter, Connection, Date, String, bindparam, text
from sqlmodel import UTCDateTime

from models.alerting.evaluation import Rank, Window
from models.matching.forms import form_of
from models.words import Channel

DateKind = Literal["received", "event"]
WEEKS = 26
_MEMBERS = 500  # a query: engines bound the number of values


@dataclass(frozen=True)
class Scope:
    """What is counted: these sources (None: all), in this window, by this date, as known at this moment (None: now)."""

    window: Window
    sources: tuple[str, ...] | None = None
    date: DateKind = "received"
    known_at: datetime | None = None


@dataclass
class Tally:
    """The complaints of one member in one scope."""

    by_source: Counter[str] = field(default_factory=Counter)
    by_channel: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All channels, the unknown among them."""
        return self.by_channel.total()

    def of(self, channel: str) -> int:
        """Return the count of one channel, or of all for "any"."""
        return self.total if channel == "any" else self.by_channel[channel]


_SURE = "'same_report', 'same_event'"
_SOFT = "'possible'"
_PERHAPS = "CASE WHEN {} THEN 1 ELSE 0 END AS perhaps"


def _date_column(scope: Scope) -> str:
    return "coalesce(c.received_on, c.event_on)" if scope.date == "received" else "coalesce(c.event_on, c.received_on)"


def _known(scope: Scope, row: str) -> str:
    """Return SQL that holds for the versions believed at the scope's moment."""
    if scope.known_at is None:
        return f"{row}.recorded_to IS NULL"
    return f"{row}.recorded_from <= :known_at AND ({row}.recorded_to IS NULL OR {row}.recorded_to > :known_at)"


def _conditions(scope: Scope) -> str:
    """Return SQL that holds for complaint versions in the scope."""
    plain = "c.received_on" if scope.date == "received" else "c.event_on"
    other = "c.event_on" if scope.date == "received" else "c.received_on"
    # Two comparisons instead of one over coalesce(): so that the index on received_on is used.
    dated = f"({plain} BETWEEN :start AND :end OR ({plain} IS NULL AND {other} BETWEEN :start AND :end))"
    listed = "" if scope.sources is None else " AND c.source IN :sources"
    return f"{_known(scope, 'c')} AND c.status = 'accepted' AND {dated}{listed} AND NOT {_linked(scope, _SURE)}"


def _linked(scope: Scope, kinds: str) -> str:
    """Return SQL that holds for a complaint that is the later report of an event which the scope counts already."""
    listed = "" if scope.sources is None else " AND l.one_source IN :sources"
    return (
        "EXISTS (SELECT 1 FROM event_link AS l WHERE l.two_source = c.source AND l.two_id = c.source_id"
        f" AND {_known(scope, 'l')} AND l.kind IN ({kinds}){listed})"
    )


def _counted(scope: Scope, columns: str) -> str:
    """Return SQL that selects ``columns`` once for every (complaint, member) pair that counts.

    ``columns`` speaks of the complaint as ``c``; the member is ``member``, and ``news`` when the pair was first known.
    """
    # One company can be named as the caller twice in one complaint, in two spellings: that is still one complaint.
    callers = (
        "SELECT source, source_id, member, min(recorded_from) AS named FROM mention AS n"
        f" WHERE n.band = 'accept' AND n.role = 'caller' AND n.member IS NOT NULL AND {_known(scope, 'n')}"
        " GROUP BY source, source_id, member"
    )
    return (
        f"SELECT c.member AS member, c.recorded_from AS news, {columns} FROM complaint AS c"
        f" WHERE c.band = 'accept' AND c.member IS NOT NULL AND {_conditions(scope)}"
        " UNION ALL SELECT m.member AS member,"
        f" CASE WHEN m.named > c.recorded_from THEN m.named ELSE c.recorded_from END AS news, {columns}"
        f" FROM ({callers}) AS m JOIN complaint AS c ON c.source = m.source AND c.source_id = m.source_id"
        f" WHERE (c.member IS NULL OR c.member <> m.member OR c.band <> 'accept') AND {_conditions(scope)}"
    )


def _select(connection: Connection, sql: str, scope: Scope, **more: object) -> list[tuple[object, ...]]:
    """Run a query over a scope with its dates and times bound as both engines store them."""
    typed: dict[str, BindParameter[Any]] = {
        "start": bindparam("start", type_=Date()),
        "end": bindparam("end", type_=Date()),
        "known_at": bindparam("known_at", type_=UTCDateTime()),
        "since": bindparam("since", type_=UTCDateTime()),
        "before": bindparam("before", type_=Date()),
        "sources": bindparam("sources", expanding=True, type_=String()),  # typed: PostgreSQL asks even when empty
        "members": bindparam("members", expanding=True),
    }
    values = {
        "start": scope.window.start,
        "end": scope.window.end,
        "known_at": scope.known_at,
        "sources": list(scope.sources or ()),
        **more,
    }
    used = [name for name in values if f":{name}" in sql]
    statement = text(sql).bindparams(*(typed[name] for name in used if name in typed))
    return [tuple(row) for row in connection.execute(statement, {name: values[name] for name in used})]


def count_members(connection: Connection, scope: Scope) -> dict[str, Tally]:
    """Return the tally of every member that has any complaint in the scope, sources and channels by name."""
    sql = f"SELECT member, source, channel, count(*) FROM ({_counted(scope, 'c.source, c.channel')}) AS counted"
    tallies: dict[str, Tally] = {}
    # Neither engine promises an order of groups, and a letter written again must say the same.
    for member, source, channel, number in sorted(
        _select(connection, f"{sql} GROUP BY member, source, channel", scope)
    ):
        tally = tallies.setdefault(str(member), Tally())
        tally.by_source[str(source)] += int(str(number))
        tally.by_channel[str(channel)] += int(str(number))
    return tallies


def count_possible(connection: Connection, scope: Scope) -> dict[str, int]:
    """Return how many of each member's complaints may be a second report of an event that is counted already."""
    sql = f"SELECT member, sum(perhaps) FROM ({_counted(scope, _PERHAPS.format(_linked(scope, _SOFT)))}) AS counted"
    rows = _select(connection, f"{sql} GROUP BY member", scope)
    return {str(member): int(str(number)) for member, number in rows if number}


def newest_by_member(connection: Connection, scope: Scope) -> dict[str, date]:
    """Return the date of each member's newest complaint in the scope."""
    sql = (
        f"SELECT member, max(day) FROM ({_counted(scope, f'{_date_column(scope)} AS day')}) AS counted GROUP BY member"
    )
    return {str(member): day for member, value in _select(connection, sql, scope) if (day := _as_date(value))}


def list_counted(connection: Connection, scope: Scope, member: str) -> list[tuple[str, str, date | None, str]]:
    """Return (source, source_id, date, channel) of every complaint behind a member's count, oldest first."""
    columns = f"c.source, c.source_id, {_date_column(scope)} AS day, c.channel"
    sql = f"SELECT source, source_id, day, channel FROM ({_counted(scope, columns)}) AS counted WHERE member = :member"
    rows = _select(connection, f"{sql} ORDER BY day, source, source_id", scope, member=member)
    return [(str(s), str(i), _as_date(day), str(c)) for s, i, day, c in rows]


def list_days(connection: Connection, scope: Scope) -> dict[str, list[tuple[date, str]]]:
    """Return (date, channel) of every complaint that counts, by member."""
    sql = f"SELECT member, day, channel FROM ({_counted(scope, f'{_date_column(scope)} AS day, c.channel')}) AS counted"
    found: dict[str, list[tuple[date, str]]] = {}
    for member, value, channel in _select(connection, sql, scope):
        if day := _as_date(value):
            found.setdefault(str(member), []).append((day, str(channel)))
    return found


def _as_date(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value  # type: ignore[return-value]


def count_weeks(
    connection: Connection, scope: Scope, member: str, channel: str, gaps: Iterable[date]
) -> list[int | None]:
    """Return the last 26 weeks of a member up to the window's end, oldest first; None where a day is missing."""
    end = scope.window.end
    weeks = Scope(Window(end - timedelta(days=7 * WEEKS - 1), end), scope.sources, scope.date, scope.known_at)
    counts: list[int | None] = [0] * WEEKS
    for _, _, day, found in list_counted(connection, weeks, member):
        if day is not None and channel in ("any", found):
            place = WEEKS - 1 - (end - day).days // 7
            counts[place] = (counts[place] or 0) + 1
    for day in gaps:
        if weeks.window.start <= day <= end:
            counts[WEEKS - 1 - (end - day).days // 7] = None
    return counts


def rank_companies(connection: Connection, scope: Scope, source: str) -> dict[str, Counter[str]]:
    """Return complaints by company and channel ("any" included) among *all* companies that the source names.

    A company is its member id where matched, else its organisation number, else its name without case and legal form.
    A name that stands with one number and no other is that number's also where the number was left out.
    """
    whole = Scope(scope.window, (source,), scope.date, scope.known_at)
    sql = (
        "SELECT CASE WHEN c.band = 'accept' THEN c.member END AS member, c.org_number, c.company, c.channel, count(*)"
        f" FROM complaint AS c WHERE {_conditions(whole)} GROUP BY 1, 2, 3, 4"
    )
    rows = [
        (member, number, _identity(str(company)) if company else None, str(channel), int(str(count)))
        for member, number, company, channel, count in _select(connection, sql, whole)
        if member or number or company
    ]
    numbers: dict[str | None, set[object]] = {}
    for member, number, name, _, _ in rows:
        if name and number and not member:
            numbers.setdefault(name, set()).add(number)
    companies: dict[str, Counter[str]] = {}
    for member, number, name, channel, count in rows:
        if not (member or number) and len(numbers.get(name, ())) == 1:
            (number,) = numbers[name]
        counter = companies.setdefault(str(member or number or f"name:{name}"), Counter())
        counter["any"] += count
        counter[channel] += count
    return companies


def _identity(company: str) -> str:
    """Return what spellings of one unmatched company share: its words without legal form and case."""
    return " ".join(form_of(company).words) or company.casefold()


def rank_members(tallies: Mapping[str, Tally]) -> dict[str, Counter[str]]:
    """Return the same among members only."""
    return {member: Counter({"any": tally.total, **tally.by_channel}) for member, tally in tallies.items()}


def find_rank(counts: Mapping[str, Counter[str]], member: str, channel: str) -> tuple[int, int] | None:
    """Return (rank, of how many with any complaint in the channel), or None without any; ties share the better rank."""
    own = counts.get(member, Counter())[channel]
    if not own:
        return None
    others = [counter[channel] for counter in counts.values()]
    return 1 + sum(other > own for other in others), sum(other > 0 for other in others)


def list_ranks(counts: Mapping[str, Counter[str]], member: str, source_title: str | None) -> tuple[Rank, ...]:
    """Return a member's places in total and by telephone; a source's title says that all its companies are ranked."""
    ranks = []
    for channel in ("any", Channel.PHONE):
        if found := find_rank(counts, member, channel):
            scope: Literal["country", "members"] = "country" if source_title else "members"
            ranks.append(Rank(channel, found[0], found[1], scope, source_title))
    return tuple(ranks)


def count_news(
    connection: Connection,
    scope: Scope,
    channel: str,
    since: datetime,
    before: date,
    members: Collection[str] | None = None,
) -> dict[str, tuple[int, int]]:
    """Return per member (rows new since and dated before ``before``, rows that were known but not its own then).

    These are what an import brought, or a rematch or a person's answer; not what happened lately. A row that was
    withdrawn at ``since`` was not known. ``members``: only these are asked about.
    """
    if members is not None:
        asked = sorted(members)
        found: dict[str, tuple[int, int]] = {}
        for start in range(0, len(asked), _MEMBERS):
            found |= _count_news(connection, scope, channel, since, before, asked[start : start + _MEMBERS])
        return found
    return _count_news(connection, scope, channel, since, before, None)


def _count_news(
    connection: Connection, scope: Scope, channel: str, since: datetime, before: date, members: Sequence[str] | None
) -> dict[str, tuple[int, int]]:
    # What was believed then is still current (an index finds it), or was closed since: those few are gathered once.
    closed = (
        "WITH closed AS MATERIALIZED (SELECT source, source_id, status, member, band FROM complaint"
        " WHERE recorded_to > :since AND recorded_from <= :since)"
    )
    same = "o.source = n.source AND o.source_id = n.source_id"
    still = f"FROM complaint AS o WHERE {same} AND o.recorded_to IS NULL AND o.recorded_from <= :since"
    known = (
        f"(EXISTS (SELECT 1 {still} AND o.status = 'accepted')"
        f" OR EXISTS (SELECT 1 FROM closed AS o WHERE {same} AND o.status = 'accepted'))"
    )
    mine = "o.member = n.member AND o.band = 'accept'"
    own = (
        f"(EXISTS (SELECT 1 {still} AND {mine}) OR EXISTS (SELECT 1 FROM closed AS o WHERE {same} AND {mine})"
        f" OR EXISTS (SELECT 1 FROM mention AS o WHERE {same} AND {mine} AND o.role = 'caller'"
        " AND o.recorded_from <= :since AND (o.recorded_to IS NULL OR o.recorded_to > :since)))"
    )
    sql = (
        f"{closed} SELECT n.member, sum(CASE WHEN NOT {known} AND n.day < :before THEN 1 ELSE 0 END),"
        f" sum(CASE WHEN {known} AND NOT {own} THEN 1 ELSE 0 END)"
        f" FROM ({_counted(scope, f'c.source, c.source_id, c.channel, {_date_column(scope)} AS day')}) AS n"
        f" WHERE n.news > :since{'' if channel == 'any' else ' AND n.channel = :channel'}"
        f"{'' if members is None else ' AND n.member IN :members'} GROUP BY n.member"
    )
    rows = _select(connection, sql, scope, since=since, before=before, channel=channel, members=members)
    return {str(member): (int(str(late or 0)), int(str(moved or 0))) for member, late, moved in rows}


def read_watermarks(connection: Connection, known_at: datetime | None = None) -> dict[str, date]:
    """Return the date each source is complete through, as known at a moment."""
    when = "" if known_at is None else " WHERE recorded_at <= :known_at"
    sql = f"SELECT source, max(complete_through) FROM watermark{when} GROUP BY source"
    scope = Scope(Window(date.min, date.max), known_at=known_at)
    return {str(source): day for source, value in _select(connection, sql, scope) if (day := _as_date(value))}


def count_periods(
    connection: Connection, scope: Scope, periods: Sequence[Window], cuts: Mapping[str, date]
) -> list[tuple[str, str, str, list[int]]]:
    """Return (member, channel, source, complaints in each period) in one pass; the scope's window holds them all.

    ``cuts``: of these sources only what is dated up to that day.
    """
    day = _date_column(scope)
    cases = [
        f"sum(CASE WHEN day BETWEEN '{period.start.isoformat()}' AND '{period.end.isoformat()}' THEN 1 ELSE 0 END)"
        for period in periods
    ]
    limits = "".join(
        f" AND NOT (source = :cut{n}_ AND day > '{cuts[name].isoformat()}')" for n, name in enumerate(cuts)
    )
    sql = (
        f"SELECT member, channel, source, {', '.join(cases)}"
        f" FROM ({_counted(scope, f'c.source, c.channel, {day} AS day')}) AS counted"
        f" WHERE 1 = 1{limits} GROUP BY member, channel, source"
    )
    rows = _select(connection, sql, scope, **{f"cut{n}_": name for n, name in enumerate(cuts)})
    return [(str(row[0]), str(row[1]), str(row[2]), [int(str(value)) for value in row[3:]]) for row in rows]


def count_days(connection: Connection, scope: Scope, *, by_member: bool = False) -> dict[tuple[str, date], int]:
    """Return the register's complaints by day, or each member's; the member is empty for the whole register."""
    member = "member" if by_member else "''"
    sql = f"SELECT {member}, day, count(*) FROM ({_counted(scope, f'{_date_column(scope)} AS day')}) AS counted"
    rows = _select(connection, f"{sql} GROUP BY {'member, ' if by_member else ''}day", scope)
    return {(str(who), day): int(str(count)) for who, value, count in rows if (day := _as_date(value))}


def find_turns(connection: Connection, scope: Scope, channel: str) -> dict[str, tuple[date, date | None]]:
    """Return per member (its first complaint in the scope's window, its last one before the window)."""
    day, only = _date_column(scope), "" if channel == "any" else " WHERE channel = :channel"
    sql = f"SELECT member, min(day), max(day) FROM ({_counted(scope, f'c.channel, {day} AS day')}) AS counted{only}"
    earlier = Scope(Window(date(1900, 1, 1), scope.window.start - timedelta(days=1)), scope.sources, scope.date,
                    scope.known_at)  # fmt: skip
    last = {
        str(member): _as_date(newest)
        for member, _, newest in _select(connection, f"{sql} GROUP BY member", earlier, channel=channel)
    }
    return {
        str(member): (first, last.get(str(member)))
        for member, oldest, _ in _select(connection, f"{sql} GROUP BY member", scope, channel=channel)
        if (first := _as_date(oldest))
    }


def find_first_days(
    connection: Connection, sources: Iterable[str], known_at: datetime | None = None
) -> dict[str, date]:  # fmt: skip
    """Return the first day each source tells of. One source at a time: so an index finds it at once."""
    when = "" if known_at is None else " AND recorded_from <= :known_at"
    scope = Scope(Window(date.min, date.max), known_at=known_at)
    found = {}
    for source in sources:
        sql = f"SELECT min(received_on) FROM complaint WHERE source = :channel{when}"
        [(value,)] = _select(connection, sql, scope, channel=source)
        if first := _as_date(value):
            found[source] = first
    return found
