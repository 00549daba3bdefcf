"""All rules' counts in one pass over the complaints: what a rule asks for is one figure per member.

The rows are gone through once, with one sum for each figure. What a plain GROUP BY cannot see is mended afterwards, row
by row: the second report of an event that is counted already is taken off, a caller whom a person has confirmed is
added. The meaning is that of ``models.counting``, where one figure at a time is looked up.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, get_args

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    Select,
    Table,
    and_,
    cast,
    func,
    null,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import array

from models.alerting.evaluation import Window
from models.alerting.moment import Moment
from models.counting import DateKind
from models.matching.duplicates import LinkKind
from models.storage.tables import Complaint, EventLink, Member, Mention
from models.storage.versions import IS_CALLER, IS_MEMBERS_OWN
from models.words import Band, Status

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_M: Table = Mention.__table__  # type: ignore[attr-defined]
_L: Table = EventLink.__table__  # type: ignore[attr-defined]
_FEW = 5_000  # members
_CHUNK = 500  # members a query: engines bound the number of values
SURE = (LinkKind.SAME_REPORT, LinkKind.SAME_EVENT)

Counts = Mapping[str, Sequence[int]]  # by member, in the order of what was asked


@dataclass(frozen=True)
class Ask:
    """One figure: the complaints in ``window`` from ``sources`` in ``channel``, by the date of this kind.

    ``cuts``: of these sources only what is dated up to that day. Members with fewer than ``least`` are of no interest
    to whoever asks; None: this figure alone is no reason to return anybody.
    """

    window: Window
    sources: tuple[str, ...]
    channel: str = "any"
    by: DateKind = "received"
    cuts: tuple[tuple[str, date], ...] = ()
    least: int | None = None

    def list_edges(self) -> Iterator[date]:
        """Yield the days that begin a stretch which is in the figure whole, or not at all."""
        yield self.window.start
        for last in (self.window.end, *(day for _, day in self.cuts)):
            yield last + timedelta(days=1)

    def counts(self, row: "_Exception") -> bool:
        """Whether the figure has this complaint in it, but for what links say."""
        day = (row.received or row.event) if self.by == "received" else (row.event or row.received)
        if day is None or not self.window.start <= day <= self.window.end:
            return False
        cut = dict(self.cuts).get(row.source)
        return row.source in self.sources and self.channel in ("any", row.channel) and (cut is None or day <= cut)


@dataclass(frozen=True)
class _Exception:
    """A (complaint, member) pair that the grouped rows do not have right. ``firsts``: the sources of its event's
    first reports; ``added`` for a confirmed caller, whom the grouped rows do not know.
    """

    member: str
    source: str
    channel: str
    received: date | None
    event: date | None
    firsts: frozenset[str]
    added: bool

    def change(self, asks: Sequence[Ask]) -> Iterator[tuple[int, int]]:
        """Yield (place of a figure, what has to be added to it)."""
        for place, ask in enumerate(asks):
            counted_already = not self.firsts.isdisjoint(ask.sources)
            if self.added != counted_already and ask.counts(self):
                yield place, 1 if self.added else -1


def count_asked(connection: Connection, asks: Sequence[Ask], moment: Moment, also: Collection[str] = ()) -> Counts:
    """Return each member's figures, for members with any figure of at least its ``least`` and for those in ``also``."""
    if not asks:
        return {}
    _let_count_at_large(connection)
    exceptions = list(_list_exceptions(connection, asks, moment))
    found = _count_groups(connection, asks, moment)
    missing = ({row.member for row in exceptions if row.added} | set(also)) - set(found)
    for some in _cut(sorted(missing)):
        found |= _count_groups(connection, asks, moment, some)
    found |= {member: [0] * len(asks) for member in missing - set(found)}
    for row in exceptions:
        if row.member in found:
            for place, change in row.change(asks):
                found[row.member][place] += change
    return found


def count_register_days(
    connection: Connection, ask: Ask, moment: Moment, member: str | None = None
) -> dict[tuple[str, date], int]:
    """Return all members' complaints (or one's) of a figure's window by (source, day)."""
    _let_count_at_large(connection)
    of = None if ask.channel == "any" else _C.c.channel == ask.channel
    rows = _list_rows(connection, moment, [ask], _is(member), of).subquery()
    group = (rows.c.source, rows.c[ask.by])
    days: dict[tuple[str, date], int] = defaultdict(int)
    for source, day, count in connection.execute(select(*group, func.count()).group_by(*group)):
        if ask.counts(_Exception("", source, ask.channel, day, day, frozenset(), False)):
            days[source, day] += count
    for row in _list_exceptions(connection, [ask], moment):
        if member in (None, row.member):
            for _, change in row.change([ask]):
                when = (row.received or row.event) if ask.by == "received" else (row.event or row.received)
                days[row.source, when] += change  # type: ignore[index]
    return {key: count for key, count in days.items() if count}


def find_touched(connection: Connection, since: datetime) -> dict[str, datetime]:
    """Return the members from whose counts anything can have been taken since, and when that was last done.

    A version was closed (which takes from its callers as well), a caller is no longer believed, or a report turned out
    to be of an event counted already.
    """
    named = (_M.c.source == _C.c.source) & (_M.c.source_id == _C.c.source_id) & IS_CALLER
    second = (_L.c.two_source == _C.c.source) & (_L.c.two_id == _C.c.source_id)
    callers = (_L.c.two_source == _M.c.source) & (_L.c.two_id == _M.c.source_id)
    opened, current = _L.c.recorded_from > since, _C.c.recorded_to.is_(None)
    asked = (
        select(_C.c.member, _C.c.recorded_to).where(_C.c.recorded_to > since),
        select(_M.c.member, _C.c.recorded_to).select_from(_C.join(_M, named)).where(_C.c.recorded_to > since),
        select(_M.c.member, _M.c.recorded_to).where(_M.c.recorded_to > since),
        select(_C.c.member, _L.c.recorded_from).select_from(_L.join(_C, second)).where(opened, current),
        select(_M.c.member, _L.c.recorded_from).select_from(_L.join(_M, callers)).where(opened),
    )
    touched: dict[str, datetime] = {}
    for query in asked:
        for member, when in connection.execute(query):
            if member is not None:
                touched[member] = max(when, touched.get(member, when))
    return touched


def _let_count_at_large(connection: Connection) -> None:
    """Let PostgreSQL count in memory and with all its workers, until the transaction ends.

    With its 4 MB a hundred thousand members would go by way of the disk. And where a day is the one column or the other
    it expects as many days as there are pairs of both: half a million groups, which it would not let workers hand over.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL work_mem = '64MB'"))
        connection.execute(text("SET LOCAL parallel_tuple_cost = 0.001"))


def _count_groups(
    connection: Connection, asks: Sequence[Ask], moment: Moment, members: Sequence[str] | None = None
) -> dict[str, list[int]]:
    """Count without the exceptions: of ``members``, or of everybody whom a figure makes interesting."""
    mine = None if members is None else _C.c.member.in_(members)
    rows = _list_rows(connection, moment, asks, mine).subquery("rows")
    every = _list_sources(asks)
    number: ColumnElement[int] = func.count()
    if connection.dialect.name == "postgresql" and _are_members_few(connection):
        rows = _round_days(rows, asks).subquery("stretches")
        number = func.sum(rows.c.number)
    figures = [
        cast(func.coalesce(number.filter(_is_in(rows, ask, every)), 0), BigInteger).label(f"f{n}")
        for n, ask in enumerate(asks)
    ]
    whole = select(rows.c.member, *figures).group_by(rows.c.member).subquery("figures")
    query = select(whole)
    if members is None:
        bounds = [whole.c[f"f{n}"] >= ask.least for n, ask in enumerate(asks) if ask.least is not None]
        query = query.where(or_(*bounds)) if bounds else query.where(whole.c.member.is_(None))
    return {row[0]: list(row[1:]) for row in connection.execute(query).all()}


def _are_members_few(connection: Connection) -> bool:
    return int(connection.execute(select(func.count()).select_from(Member)).scalar_one()) <= _FEW


def _round_days(rows: FromClause, asks: Sequence[Ask]) -> Select[Any]:
    """Return the rows as ``number`` of each member, source, channel and stretch of days that no window parts.

    A stretch stands for its first day. PostgreSQL holds a row against a list of days in one step, and then has few
    rows to hold against every window; with many members nearly every row would be a stretch of its own.
    """
    columns: list[ColumnElement[Any]] = [rows.c.member, rows.c.source, rows.c.channel]
    for kind in get_args(DateKind):
        edges = array(sorted({edge for ask in asks if ask.by == kind for edge in ask.list_edges()}), type_=Date)
        first = edges[func.width_bucket(rows.c[kind], edges)] if edges.clauses else cast(null(), Date)
        columns.append(first.label(kind))
    rounded = select(*columns).subquery("rounded")
    return select(rounded, func.count().label("number")).group_by(*rounded.c)


def _list_sources(asks: Iterable[Ask]) -> list[str]:
    return sorted({source for ask in asks for source in ask.sources})


def _list_rows(connection: Connection, moment: Moment, asks: Iterable[Ask], *more: ColumnElement[bool] | None) -> Any:
    """Return the query for the complaints that are sure to be a member's own, with both kinds of date."""
    asks = list(asks)
    narrowed = [condition for condition in more if condition is not None]
    listed: ColumnElement[bool] = _C.c.source.in_(_list_sources(asks))
    if not narrowed and connection.dialect.name == "postgresql":
        # It would look each source up in the index, and take that for too little to share.
        listed = listed.is_(true())
    # No bound on the day: what rules ask for spans most of it, and PostgreSQL, which cannot tell how much, would sort.
    rows = select(
        _C.c.member, _C.c.source, _C.c.channel,
        func.coalesce(_C.c.received_on, _C.c.event_on).label("received"),
        func.coalesce(_C.c.event_on, _C.c.received_on).label("event"),
    ).where(
        moment.knows(_C), IS_MEMBERS_OWN, listed, *narrowed,
    )  # fmt: skip
    # SQLite, without statistics, would go through an index where another, or reading all, is quicker.
    told = "INDEXED BY complaint_figures" if moment.known_at is None else "NOT INDEXED"
    return rows if narrowed else rows.with_hint(_C, told, "sqlite")


def _is(member: str | None) -> ColumnElement[bool] | None:
    return None if member is None else _C.c.member == member


def _is_in(rows: FromClause, ask: Ask, every: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition for the rows in a figure; of ``every`` source's rows nothing needs to be said."""
    day, window = rows.c[ask.by], ask.window
    cuts = ((rows.c.source != source) | (day <= last) for source, last in ask.cuts if last < window.end)
    listed = () if set(every) <= set(ask.sources) else (rows.c.source.in_(sorted(ask.sources)),)
    reached = () if ask.channel == "any" else (rows.c.channel == ask.channel,)
    return and_(day.between(window.start, window.end), *reached, *listed, *cuts)


def _list_exceptions(connection: Connection, asks: Sequence[Ask], moment: Moment) -> Iterator[_Exception]:
    sources = _list_sources(asks)
    firsts = _load_links(connection, sources, moment)
    dates = (_C.c.received_on, _C.c.event_on)
    held = and_(moment.knows(_C), _C.c.status == Status.ACCEPTED, _C.c.source.in_(sources))
    if firsts:
        second = (_L.c.two_source == _C.c.source) & (_L.c.two_id == _C.c.source_id)
        own = select(_C.c.member, _C.c.source, _C.c.source_id, _C.c.channel, *dates).select_from(_C.join(_L, second))
        own = own.where(held, moment.knows(_L), _L.c.kind.in_(SURE), _C.c.band == Band.ACCEPT, _C.c.member.is_not(None))
        for member, source, source_id, channel, received, event in connection.execute(own.distinct()):
            yield _Exception(member, source, channel, received, event, firsts[source, source_id], False)
    named = and_(moment.knows(_M), IS_CALLER, _M.c.member.is_not(None))
    another = _C.c.member.is_(None) | (_C.c.member != _M.c.member) | (_C.c.band != Band.ACCEPT)
    of = (_M.c.source == _C.c.source) & (_M.c.source_id == _C.c.source_id)
    callers = select(_M.c.member, _C.c.source, _C.c.source_id, _C.c.channel, *dates).select_from(_M.join(_C, of))
    for member, source, source_id, channel, received, event in connection.execute(
        callers.where(named, held, another).distinct()
    ):
        no_first: frozenset[str] = frozenset()
        yield _Exception(member, source, channel, received, event, firsts.get((source, source_id), no_first), True)


def _load_links(
    connection: Connection, sources: Sequence[str], moment: Moment
) -> dict[tuple[str, str], frozenset[str]]:  # fmt: skip
    """Return the sources of the first reports of each complaint that is a later one."""
    asked = select(_L.c.two_source, _L.c.two_id, _L.c.one_source).where(moment.knows(_L), _L.c.kind.in_(SURE))
    firsts: dict[tuple[str, str], set[str]] = defaultdict(set)
    for source, source_id, first in connection.execute(asked.where(_L.c.two_source.in_(sources))):
        firsts[source, source_id].add(first)
    return {key: frozenset(found) for key, found in firsts.items()}


def _cut(members: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(members), _CHUNK):
        yield members[start : start + _CHUNK]
