"""The one way in which drafts become complaints: staged, compared, merged as versions.

A batch lies in a temporary table and is merged by set-based SQL that both engines speak, so that a million rows and
ten take the same few statements, and a row that has not changed is not touched.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import repeat
from typing import Any

from sqlalchemy import Column, Connection, Date, Index, Integer, MetaData, String, Table, bindparam, text
from sqlmodel import UTCDateTime

from models.draft_table import FACTS, DraftTable, Memo, sort_facts, sort_flags
from models.storage.store import pack_rows
from models.storage.tables import Complaint
from models.words import Band

COMPLAINT: Table = Complaint.__table__  # type: ignore[attr-defined]
_COPIED = ("source_id", "status", "hash", *FACTS, "member", "band", "why", "raw_sha256", "raw_locator")
_COLUMNS = ", ".join(_COPIED)
TEXT_KEPT = timedelta(days=365)  # free text is forgotten a year after the complaint
_DEFAULTS = {"status": "accepted", "flags": "[]", "facts": "{}", "reexamination": "0", "precedence": "0"}
_MANY = 10_000  # staged rows
_SORT_CACHE = -8_192  # KiB of SQLite's cache while it sorts
_SORT_MEMORY = "'64MB'"  # of the server's, while many rows are merged: with its usual 4 MB it sorts them twice
# What complaints are found by: nothing is planned by the others, and counting all takes as long as a tenth of a load
_ASKED_BY = ("source", "source_id", "recorded_from", "recorded_to", "status", "kind", "received_on", "member", "band")
_SPACE = MetaData()
_STAGE = Table(
    "stage",
    _SPACE,
    Column("seq", Integer, primary_key=True),
    Column("item", Integer, nullable=False),
    Column("state", String, nullable=False, server_default="new"),
    Column("source_id", String, nullable=False),
    *(
        Column(name, COMPLAINT.c[name].type, server_default=_DEFAULTS.get(name))
        for name in _COPIED
        if name != "source_id"
    ),
    Column("text", String),
    Column("delete_after", Date),
    prefixes=["TEMPORARY"],
)
_FIND = Index("stage_source_id", _STAGE.c.source_id)  # made when the rows are in: that is quicker
_PERIOD = Table(  # what an item is complete for; without dates, for everything
    "stage_period",
    _SPACE,
    Column("item", Integer, primary_key=True),
    Column("first_day", Date),
    Column("last_day", Date),
    prefixes=["TEMPORARY"],
)
_GONE = Table("stage_gone", _SPACE, Column("id", Integer, primary_key=True), prefixes=["TEMPORARY"])
_WORDS = Memo[Any](lambda word: None if word is None else str(word))
_PLAIN: dict[str, Callable[[Any], Any]] = {  # columns whose values a driver would have to look at twice
    "kind": _WORDS.__getitem__,
    "channel": _WORDS.__getitem__,
    "channel_evidence": _WORDS.__getitem__,
    "outcome": _WORDS.__getitem__,
    "reexamination": int,
}
_SAME = "((c.hash = s.hash AND c.status = s.status) OR (c.precedence > s.precedence AND c.status = 'accepted'))"
_CURRENT = "c.source = :source AND c.recorded_to IS NULL"
STAGED = (
    f"INSERT INTO complaint (source, recorded_from, run_id, {_COLUMNS})"
    f" SELECT :source, :now, :run_id, {_COLUMNS} FROM stage AS s WHERE s.state = 'new'"
)
_COVERED = "(p.first_day IS NULL OR {row}.received_on BETWEEN p.first_day AND p.last_day)"
_NOT_IN_IT = "NOT EXISTS (SELECT 1 FROM stage AS o WHERE o.source_id = {row}.source_id AND o.item >= p.item)"


@dataclass(frozen=True)
class Link:
    """What the matcher made of a draft's company: the member, how sure, and the key of the reason."""

    member: str | None = None
    band: Band = Band.NONE
    why: str | None = None


@dataclass
class MergeCounts:
    """What a merge did, in rows."""

    new: int = 0
    changed: int = 0
    same: int = 0
    superseded: int = 0
    withdrawn: int = 0


def is_first(connection: Connection, source: str) -> bool:
    """Tell whether nothing of a source is known, so that there is nothing to compare with."""
    # In an order that an index has: without one PostgreSQL would look for a first row through all that there are.
    asked = text(f"SELECT 1 FROM complaint AS c WHERE {_CURRENT} ORDER BY c.source, c.source_id LIMIT 1")
    return connection.execute(asked, {"source": source}).first() is None


@dataclass
class Stage:
    """One reading on its way in: ``add`` drafts, ``cover`` the periods of items, then ``merge``.

    Later items are newer. An item that is complete for a period says what is gone: a row of that period which
    neither it nor a later item holds is withdrawn. Each row gets its final state in one step, so that merging the
    same items again, in one go or night by night, writes nothing. Everything happens on the caller's transaction:
    a kill at any point leaves the tables as they were.
    """

    connection: Connection
    source: str
    run_id: str
    now: datetime
    _seq: int = field(default=0)
    _oldest: int | None = field(default=None)  # item of which rows are staged
    _newest: int | None = field(default=None)  # item that is complete for a period
    _has_texts: bool = field(default=False)
    _ready: bool = field(default=False)
    _gone: tuple[int, int] | None = field(default=None)
    _carrier: ThreadPoolExecutor | None = field(default=None)
    _travelling: Future[None] | None = field(default=None)

    def __post_init__(self) -> None:
        """Make room; a temporary table lives as long as its connection, which a pool may hand out again."""
        _SPACE.drop_all(self.connection, checkfirst=True)
        _SPACE.create_all(self.connection, checkfirst=False)
        _FIND.drop(self.connection)

    @property
    def _is_served(self) -> bool:
        """Whether there is a server, which works while this process does."""
        return self.connection.dialect.name == "postgresql"

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Within, rows travel to PostgreSQL while the next are made ready: only ``add`` and ``present`` may be called.

        All have arrived in the end. What went wrong with some is raised by the next call, or at the end.
        """
        with ThreadPoolExecutor(1, "staging") as self._carrier:  # whose end waits for what travels, whatever happens
            try:
                yield
                self._arrive()
            finally:
                self._carrier = self._travelling = None

    def _arrive(self) -> None:
        """Wait for the rows that travel; they do so one lot at a time, so that memory is bounded."""
        if self._travelling:
            self._travelling.result()
            self._travelling = None

    def _send(self, send: Callable[[], None]) -> None:
        """Send rows; SQLite takes them from this thread, as it takes some at a time and two threads would wait."""
        self._arrive()
        if self._is_served:
            self._travel(send)
        else:
            send()

    def _travel(self, send: Callable[[], None]) -> None:
        if self._carrier:
            self._travelling = self._carrier.submit(send)
        else:
            send()

    def add(self, items: int | Sequence[int], drafts: DraftTable, links: Sequence[Link]) -> None:
        """Stage accepted drafts, each with the number of its item and its link; items are numbered from the oldest.

        Every draft has an id.
        """
        oldest = items if isinstance(items, int) else min(items, default=self._oldest)
        self._oldest = oldest if self._oldest is None or oldest is None else min(oldest, self._oldest)
        begin, self._seq = self._seq, self._seq + len(drafts)
        placed: dict[str, Iterable[Any]] = {
            "seq": range(begin, self._seq),
            "item": repeat(items, len(drafts)) if isinstance(items, int) else items,
        }
        self._gone = None
        self._send(pack_rows(self.connection, _STAGE, placed | self._list_columns(drafts, links)))

    def _list_columns(self, drafts: DraftTable, links: Sequence[Link]) -> dict[str, Iterable[Any]]:
        """Return what drafts and links say, by the names of a complaint's columns and with its text."""
        count = len(drafts)
        self._has_texts |= any(drafts.text)
        columns: dict[str, Iterable[Any]] = {
            "hash": drafts.hash_rows(),
            "raw_sha256": drafts.sha256,
            "raw_locator": drafts.locator,
            "member": [link.member for link in links],
            "band": [_WORDS[link.band] for link in links],
            "why": [link.why for link in links],
            "text": drafts.text,
            "delete_after": self._forget_on(drafts),
            "flags": _dump(drafts.flags, sort_flags, "[]", count),
            "facts": _dump(drafts.facts, sort_facts, "{}", count),
        }
        for name in ("source_id", *FACTS):
            if name not in columns:
                column = getattr(drafts, name)
                columns[name] = map(_PLAIN[name], column) if name in _PLAIN else column
        return columns

    def _forget_on(self, drafts: DraftTable) -> Iterable[date | None]:
        if not self._has_texts:
            return repeat(None, len(drafts))
        days = Memo[date | None](lambda day: (day or self.now.date()) + TEXT_KEPT)
        return [days[day] if words else None for day, words in zip(drafts.received_on, drafts.text, strict=True)]

    def present(self, item: int, source_ids: Iterable[str]) -> None:
        """Say that an item holds these ids although nothing of theirs is to be written."""
        ids = list(source_ids)
        if ids:
            begin, self._seq = self._seq, self._seq + len(ids)
            columns: dict[str, Iterable[Any]] = {"seq": range(begin, self._seq), "item": repeat(item, len(ids))}
            columns |= {"state": repeat("present", len(ids)), "source_id": ids}
            self._send(pack_rows(self.connection, _STAGE, columns))
            self._gone = None

    def cover(self, item: int, period: tuple[date, date] | None) -> None:
        """Say that an item is complete for ``period`` (both days included), or for everything (None)."""
        self._gone = None
        self._newest = item if self._newest is None else max(item, self._newest)
        first, last = period or (None, None)
        self.connection.execute(_PERIOD.insert(), {"item": item, "first_day": first, "last_day": last})

    def revoke(self, rows: Iterable[tuple[str, str]]) -> None:
        """Take staged rows out again, by (sha256 of their object, source_id): they are present, but not written."""
        named = [{"id": source_id, "sha256": sha256} for sha256, source_id in rows]
        if named:
            self._make_ready()
            taken = "UPDATE stage SET state = 'present' WHERE source_id = :id AND raw_sha256 = :sha256"
            self.connection.execute(text(taken), named)
            self._gone = None

    def hand_over(self, table: str) -> None:
        """Leave what is staged in a table of its own, for another connection to take over (PostgreSQL)."""
        self.connection.execute(text(f"CREATE UNLOGGED TABLE {table} AS SELECT * FROM stage"))

    def take_over(self, table: str) -> None:
        """Stage what was left in a table, after all that is staged here; the table is gone then."""
        named = ", ".join(column.name for column in _STAGE.columns if column is not _STAGE.c.seq)
        taken = f"INSERT INTO stage (seq, {named}) SELECT seq + {self._seq}, {named} FROM {table}"
        self._seq += self.connection.execute(text(taken)).rowcount
        self.connection.execute(text(f"DROP TABLE {table}"))
        self._gone = None

    def find_gone(self) -> tuple[int, int]:
        """Find known rows that the staged items say are gone; return (rows gone, rows known in their periods).

        A row that is staged is not gone, whatever becomes of it, unless what is known of it has precedence.
        """
        if self._gone is None:
            self._make_ready()
            known = f"FROM complaint AS c WHERE {_CURRENT} AND c.status = 'accepted'"
            covered = f"EXISTS (SELECT 1 FROM stage_period AS p WHERE {_COVERED.format(row='c')}"
            self._run("DELETE FROM stage_gone")
            gone = self._run(
                f"INSERT INTO stage_gone (id) SELECT c.id {known} AND {covered} AND {_NOT_IN_IT.format(row='c')})"
                " AND NOT EXISTS (SELECT 1 FROM stage AS s WHERE s.source_id = c.source_id AND s.state = 'new'"
                " AND s.precedence >= c.precedence)"
            )
            counted = text(f"SELECT count(*) {known} AND {covered})")
            self._gone = gone, int(self.connection.execute(counted, {"source": self.source}).scalar_one())
        return self._gone

    def merge(self) -> MergeCounts:
        """Write what is staged: new rows in, changed rows as new versions, gone rows withdrawn, the rest untouched."""
        run = self._run
        self._make_ready()
        self._join_in_bulk(True)
        superseded = self._supersede()
        self.find_gone()
        self._withdraw_staged()
        changed = run(
            f"UPDATE complaint AS c SET recorded_to = :now WHERE {_CURRENT} AND EXISTS (SELECT 1 FROM stage AS s"
            f" WHERE s.state = 'new' AND s.source_id = c.source_id AND NOT {_SAME})"
        )
        unchanged = f" AND NOT EXISTS (SELECT 1 FROM complaint AS c WHERE {_CURRENT} AND c.source_id = s.source_id)"
        first = is_first(self.connection, self.source)  # then rows go in as they lie, without a sort
        written = run(f"{STAGED}{'' if first else unchanged} ORDER BY seq")
        withdrawn = run("UPDATE complaint SET recorded_to = :now WHERE id IN (SELECT id FROM stage_gone)")
        taken = _COLUMNS.replace("status", "'withdrawn'")
        run(
            f"INSERT INTO complaint (source, recorded_from, run_id, {_COLUMNS}) SELECT :source, :now, :run_id, {taken}"
            " FROM complaint WHERE id IN (SELECT id FROM stage_gone) ORDER BY id"
        )
        self._write_texts()
        self._join_in_bulk(False)
        self._count_anew(written)
        counted = text("SELECT count(*) FROM stage WHERE state = 'new'")
        same = int(self.connection.execute(counted).scalar_one()) - written
        return MergeCounts(written - changed, changed, same, superseded, withdrawn)

    def _supersede(self) -> int:
        """Of rows that are staged under one id only the best stands; return how many do not."""
        twice = text("SELECT EXISTS (SELECT 1 FROM stage GROUP BY source_id HAVING count(*) > 1)")
        if not self.connection.execute(twice).scalar_one():
            return 0
        return self._run(
            "UPDATE stage SET state = 'superseded' WHERE state = 'new' AND EXISTS (SELECT 1 FROM stage AS o"
            " WHERE o.source_id = stage.source_id AND o.state = 'new' AND (o.precedence > stage.precedence"
            " OR (o.precedence = stage.precedence AND o.seq > stage.seq)))"
        )

    def _withdraw_staged(self) -> None:
        """Let staged rows be withdrawn that a later item lacks although it is complete for their day."""
        if self._oldest is None or self._newest is None or self._newest <= self._oldest:
            return
        self._run(
            "UPDATE stage SET status = 'withdrawn' WHERE state = 'new' AND EXISTS (SELECT 1 FROM stage_period AS p"
            f" WHERE p.item > stage.item AND {_COVERED.format(row='stage')} AND {_NOT_IN_IT.format(row='stage')})"
        )

    def _join_in_bulk(self, begins: bool) -> None:
        """Keep PostgreSQL from looking many rows up one by one: it plans by counts that are older than this night."""
        if self._is_served and self._seq >= _MANY:
            self.connection.execute(text(f"SET LOCAL enable_nestloop = {'off' if begins else 'on'}"))
            self.connection.execute(text(f"SET LOCAL work_mem = {_SORT_MEMORY if begins else 'DEFAULT'}"))

    def _count_anew(self, written: int) -> None:
        """Let PostgreSQL know that there are many more rows than before."""
        if self._is_served and written >= _MANY:
            self.connection.execute(text(f"ANALYZE complaint ({', '.join(_ASKED_BY)})"))

    def _write_texts(self) -> None:
        """Keep the texts of the rows that were just written."""
        if not self._has_texts:
            return
        self._run(
            "INSERT INTO complaint_text (source, source_id, text, delete_after)"
            " SELECT :source, s.source_id, s.text, s.delete_after FROM stage AS s"
            " WHERE s.state = 'new' AND s.status = 'accepted' AND s.text IS NOT NULL AND EXISTS (SELECT 1"
            f" FROM complaint AS c WHERE {_CURRENT} AND c.source_id = s.source_id AND c.recorded_from = :now"
            " AND c.run_id = :run_id)"
            " ON CONFLICT (source, source_id) DO UPDATE SET text = excluded.text, delete_after = excluded.delete_after"
        )

    def _make_ready(self) -> None:
        """Let staged rows be found by their id, once all or most are in."""
        if not self._ready:
            self._ready = True
            self._create_index()
            if self._is_served and self._seq >= _MANY:
                self.connection.execute(text("ANALYZE stage (seq, item, state, source_id)"))  # not counted by itself

    def _create_index(self) -> None:
        """SQLite sorts in as much memory as its cache may take, which would make more of it for more rows."""
        on_sqlite = self.connection.dialect.name == "sqlite"
        cache = self.connection.exec_driver_sql("PRAGMA cache_size").scalar_one() if on_sqlite else None
        if on_sqlite:
            self.connection.exec_driver_sql(f"PRAGMA cache_size = {_SORT_CACHE}")
        _FIND.create(self.connection)
        if on_sqlite:
            self.connection.exec_driver_sql(f"PRAGMA cache_size = {cache}")

    def _run(self, sql: str) -> int:
        values = {"source": self.source, "run_id": self.run_id, "now": self.now}
        used = {name: value for name, value in values.items() if f":{name}" in sql}
        typed = [bindparam(name, type_=UTCDateTime() if name == "now" else String()) for name in used]
        return self.connection.execute(text(sql).bindparams(*typed), used).rowcount


def _dump(known: dict[int, Any], tidy: Callable[[Any], object], empty: str, count: int) -> Iterable[str]:
    """Return what few rows have as JSON for every row."""
    if not known:
        return repeat(empty, count)
    return [json.dumps(tidy(known[at])) if at in known else empty for at in range(count)]
