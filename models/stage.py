"""The one way in which drafts become complaints: staged, compared, merged as versions.

A batch lies in a temporary table and is merged by set-based SQL that both engines speak, so that a million rows and
ten take the same few statements, and a row that has not changed is not touched.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Date, Integer, MetaData, String, Table, bindparam, text
from sqlmodel import UTCDateTime

from models.drafts import Draft
from models.tables import Complaint
from models.words import Band, Status

COMPLAINT: Table = Complaint.__table__  # type: ignore[attr-defined]
_FACTS = (  # what a draft says, in the order of the hash; where its bytes lie is not part of it
    "kind",
    "received_on",
    "event_on",
    "company",
    "org_number",
    "channel",
    "channel_evidence",
    "category",
    "outcome",
    "reexamination",
    "url",
    "flags",
    "facts",
    "precedence",
)
_COPIED = ("source_id", "status", "hash", *_FACTS, "member", "band", "why", "raw_sha256", "raw_locator")
_COLUMNS = ", ".join(_COPIED)
TEXT_KEPT = timedelta(days=365)  # free text is forgotten a year after the complaint
_SPACE = MetaData()
_STAGE = Table(
    "stage",
    _SPACE,
    Column("seq", Integer, primary_key=True),
    Column("item", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("source_id", String, nullable=False, index=True),
    *(Column(name, COMPLAINT.c[name].type) for name in _COPIED if name != "source_id"),
    Column("text", String),
    Column("delete_after", Date),
    prefixes=["TEMPORARY"],
)
_PERIOD = Table(  # what an item is complete for; without dates, for everything
    "stage_period",
    _SPACE,
    Column("item", Integer, primary_key=True),
    Column("first_day", Date),
    Column("last_day", Date),
    prefixes=["TEMPORARY"],
)
_GONE = Table("stage_gone", _SPACE, Column("id", Integer, primary_key=True), prefixes=["TEMPORARY"])
_CURRENT = "c.source = :source AND c.recorded_to IS NULL"
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

    def __post_init__(self) -> None:
        """Make room; a temporary table lives as long as its connection, which a pool may hand out again."""
        _SPACE.drop_all(self.connection, checkfirst=True)
        _SPACE.create_all(self.connection, checkfirst=False)

    def add(self, rows: Iterable[tuple[int, Draft, Link]]) -> None:
        """Stage accepted drafts as (item, draft, link); items are numbered from the oldest, every draft has an id."""
        values = [self._row(item, draft, link) for item, draft, link in rows]
        if values:
            self.connection.execute(_STAGE.insert(), values)

    def present(self, item: int, source_ids: Iterable[str]) -> None:
        """Say that an item holds these ids although nothing of theirs is to be written."""
        values = [
            {"seq": self._next(), "item": item, "state": "present", "source_id": source_id} for source_id in source_ids
        ]
        if values:
            self.connection.execute(_STAGE.insert(), values)

    def cover(self, item: int, period: tuple[date, date] | None) -> None:
        """Say that an item is complete for ``period`` (both days included), or for everything (None)."""
        first, last = period or (None, None)
        self.connection.execute(_PERIOD.insert(), {"item": item, "first_day": first, "last_day": last})

    def revoke(self, rows: Iterable[tuple[str, str]]) -> None:
        """Take staged rows out again, by (sha256 of their object, source_id): they are present, but not written."""
        for sha256, source_id in rows:
            self.connection.execute(
                _STAGE.update()
                .where(_STAGE.c.source_id == source_id, _STAGE.c.raw_sha256 == sha256)
                .values(state="present")
            )

    def find_gone(self) -> tuple[int, int]:
        """Find known rows that the staged items say are gone; return (rows gone, rows known in their periods)."""
        known = f"FROM complaint AS c WHERE {_CURRENT} AND c.status = 'accepted' AND EXISTS (SELECT 1 FROM stage_period"
        covered = _COVERED.format(row="c")
        self._run("DELETE FROM stage_gone")
        gone = self._run(
            f"INSERT INTO stage_gone (id) SELECT c.id {known} AS p WHERE {covered} AND {_NOT_IN_IT.format(row='c')})"
            " AND NOT EXISTS (SELECT 1 FROM stage WHERE stage.source_id = c.source_id AND stage.state = 'new')"
        )
        counted = text(f"SELECT count(*) {known} AS p WHERE {covered})")
        return gone, int(self.connection.execute(counted, {"source": self.source}).scalar_one())

    def merge(self) -> MergeCounts:
        """Write what is staged: new rows in, changed rows as new versions, gone rows withdrawn, the rest untouched."""
        run = self._run
        superseded = run(
            "UPDATE stage SET state = 'superseded' WHERE state = 'new' AND EXISTS (SELECT 1 FROM stage AS o"
            " WHERE o.source_id = stage.source_id AND o.state = 'new' AND (o.precedence > stage.precedence"
            " OR (o.precedence = stage.precedence AND o.seq > stage.seq)))"
        )
        run(
            "UPDATE stage SET status = 'withdrawn' WHERE state = 'new' AND EXISTS (SELECT 1 FROM stage_period AS p"
            f" WHERE p.item > stage.item AND {_COVERED.format(row='stage')} AND {_NOT_IN_IT.format(row='stage')})"
        )
        same = run(
            "UPDATE stage SET state = 'same' WHERE state = 'new' AND EXISTS (SELECT 1 FROM complaint AS c"
            f" WHERE {_CURRENT} AND c.source_id = stage.source_id"
            " AND ((c.hash = stage.hash AND c.status = stage.status)"
            " OR (c.precedence > stage.precedence AND c.status = 'accepted')))"
        )
        changed = run(
            "UPDATE stage SET state = 'changed' WHERE state = 'new' AND EXISTS"
            f" (SELECT 1 FROM complaint AS c WHERE {_CURRENT} AND c.source_id = stage.source_id)"
        )
        self.find_gone()
        run(
            "UPDATE complaint SET recorded_to = :now WHERE source = :source AND recorded_to IS NULL"
            " AND source_id IN (SELECT source_id FROM stage WHERE state = 'changed')"
        )
        withdrawn = run("UPDATE complaint SET recorded_to = :now WHERE id IN (SELECT id FROM stage_gone)")
        taken = _COLUMNS.replace("status", "'withdrawn'")
        run(
            f"INSERT INTO complaint (source, recorded_from, run_id, {_COLUMNS}) SELECT :source, :now, :run_id, {taken}"
            " FROM complaint WHERE id IN (SELECT id FROM stage_gone) ORDER BY id"
        )
        written = run(
            f"INSERT INTO complaint (source, recorded_from, run_id, {_COLUMNS})"
            f" SELECT :source, :now, :run_id, {_COLUMNS} FROM stage WHERE state IN ('new', 'changed') ORDER BY seq"
        )
        run(
            "INSERT INTO complaint_text (source, source_id, text, delete_after)"
            " SELECT :source, source_id, text, delete_after FROM stage"
            " WHERE state IN ('new', 'changed') AND status = 'accepted' AND text IS NOT NULL"
            " ON CONFLICT (source, source_id) DO UPDATE SET text = excluded.text, delete_after = excluded.delete_after"
        )
        return MergeCounts(written - changed, changed, same, superseded, withdrawn)

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    def _row(self, item: int, draft: Draft, link: Link) -> dict[str, Any]:
        facts = {name: getattr(draft, name) for name in _FACTS}
        facts.update(flags=sorted(set(draft.flags)), facts=dict(sorted(draft.facts.items())))
        return {
            "seq": self._next(),
            "item": item,
            "state": "new",
            "source_id": draft.source_id,
            "status": Status.ACCEPTED,
            "hash": hash_facts({**facts, "text": draft.text}),
            "text": draft.text,
            "delete_after": (draft.received_on or self.now.date()) + TEXT_KEPT,
            "raw_sha256": draft.raw.sha256,
            "raw_locator": draft.raw.locator,
            "member": link.member,
            "band": link.band,
            "why": link.why,
            **facts,
        }

    def _run(self, sql: str) -> int:
        values = {"source": self.source, "run_id": self.run_id, "now": self.now}
        typed = [bindparam("now", type_=UTCDateTime())] if ":now" in sql else []
        used = {name: value for name, value in values.items() if f":{name}" in sql}
        return self.connection.execute(text(sql).bindparams(*typed), used).rowcount


def hash_facts(facts: dict[str, Any]) -> str:
    """Return 32 hex digits that differ when any fact does; independent of when and where it was read."""
    canonical = json.dumps(
        [facts[name] for name in (*_FACTS, "text")], default=str, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
