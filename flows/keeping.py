"""What a source's night leaves besides complaints: quarantine, mentions, set-aside mail, and what has been parsed."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, select, update

from expectations.judge import Judgement, Quarantined
from flows.linking import LinkedMention, Linker
from models.drafts import Draft
from models.store import upsert
from models.tables import Mention, Parsed, QuarantineItem, SetAside, Why
from sources.contract import RawItem

_QUARANTINE: Table = QuarantineItem.__table__  # type: ignore[attr-defined]
_MENTION: Table = Mention.__table__  # type: ignore[attr-defined]
_SET_ASIDE: Table = SetAside.__table__  # type: ignore[attr-defined]
_PARSED: Table = Parsed.__table__  # type: ignore[attr-defined]
_WHY: Table = Why.__table__  # type: ignore[attr-defined]


@dataclass
class Keeper:
    """Gathers item by item, then stores everything on the merge's own transaction."""

    source: str
    run_id: str
    now: datetime
    drafts: int = 0
    accepted: int = 0
    refused: int = 0
    set_aside: int = 0
    findings: list[str] = field(default_factory=list)
    parsed: dict[str, Parsed] = field(default_factory=dict)
    period_end: date | None = None
    complete_through: date | None = None
    _quarantine: dict[str, dict[str, Any]] = field(default_factory=dict)
    _aside: list[dict[str, Any]] = field(default_factory=list)
    _mentions: dict[str, list[LinkedMention]] = field(default_factory=dict)
    _item: RawItem | None = None
    _ids: set[str] = field(default_factory=set)
    _days: tuple[date | None, date | None] = (None, None)
    _nameless: int = 0

    def begin(self, item: RawItem) -> None:
        """Begin one archived object."""
        self._item, self._ids, self._days, self._nameless = item, set(), (None, None), 0

    def keep(self, judgement: Judgement, aside: Iterable[Draft], linker: Linker) -> None:
        """Note one chunk of the current object."""
        assert self._item is not None
        self.accepted += len(judgement.accepted)
        refused = [q for q in judgement.quarantined if not q.kept]
        self.refused += len(refused)
        self.drafts += len(judgement.accepted) + len(refused)
        for draft in judgement.accepted:
            self._note_draft(draft, linker)
        for one in judgement.quarantined:
            row = self._quarantine_row(one, self._item.name)
            self._quarantine[row["key"]] = row
            if one.draft.source_id:
                self._ids.add(one.draft.source_id)
            else:
                self._nameless += 1
        for draft in aside:
            self.set_aside += 1
            self._aside.append(self._aside_row(draft))

    def _note_draft(self, draft: Draft, linker: Linker) -> None:
        assert draft.source_id is not None
        self._ids.add(draft.source_id)
        if day := draft.received_on:
            first, last = self._days
            self._days = (min(first or day, day), max(last or day, day))
        if mentions := linker.link_mentions(draft):
            self._mentions[draft.source_id] = mentions

    def end(self, item: RawItem, *, by_rows: bool) -> tuple[date, date] | None:
        """End the current object; return the period it is complete for, if any.

        With ``by_rows`` a file that does not name its period is taken to cover the days of its rows. A refused row
        without a readable id could be any row: then nothing is called gone.
        """
        self.parsed[item.name] = Parsed(
            source=self.source, name=item.name, sha256=item.sha256, source_ids=[] if by_rows else sorted(self._ids)
        )
        first, last = item.covers or self._days
        if not (by_rows and first and last):
            return None
        self.period_end = max(self.period_end or last, last)
        if self._nameless:
            self.findings.append(
                f"{item.name}: {self._nameless} row(s) without a readable id; nothing was withdrawn [withdrawals-held]"
            )
            return None
        return first, last

    def store(self, connection: Connection, reasons: Iterable[dict[str, object]]) -> None:
        """Write everything; what is already there and equal is not touched."""
        upsert(connection, _WHY, list(reasons))
        upsert(connection, _SET_ASIDE, self._aside, keep=("first_seen",))
        self._store_mentions(connection)
        self._mend(connection)
        upsert(connection, _QUARANTINE, list(self._quarantine.values()), keep=("first_seen", "state"))
        upsert(connection, _PARSED, [parsed.model_dump() for parsed in self.parsed.values()])

    def _store_mentions(self, connection: Connection) -> None:
        """Close mentions that are no longer made or are judged otherwise, and open those that are new."""
        ids = sorted({source_id for parsed in self.parsed.values() for source_id in parsed.source_ids})
        current = []
        for start in range(0, len(ids), 500):
            of_these = _MENTION.c.source_id.in_(ids[start : start + 500])
            mine = (_MENTION.c.source == self.source) & _MENTION.c.recorded_to.is_(None)
            current += connection.execute(select(_MENTION).where(mine & of_these)).all()
        known = {self._mention_key(row.source_id, row): row.id for row in current}
        wanted = {
            self._mention_key(source_id, row): row
            for source_id, mentions in self._mentions.items()
            for row in (self._mention_row(source_id, mention) for mention in mentions)
        }
        for key, row_id in known.items():
            if key not in wanted:
                connection.execute(update(_MENTION).where(_MENTION.c.id == row_id).values(recorded_to=self.now))
        rows = [row.model_dump(exclude={"id"}) for key, row in wanted.items() if key not in known]
        if rows:
            connection.execute(_MENTION.insert(), rows)

    def _mention_row(self, source_id: str, mention: LinkedMention) -> Mention:
        return Mention(
            source=self.source,
            source_id=source_id,
            role=mention.role,
            text=mention.text,
            sentence=mention.sentence,
            member=mention.link.member,
            band=mention.link.band,
            why=mention.link.why,
            recorded_from=self.now,
        )

    @staticmethod
    def _mention_key(source_id: str, row: Any) -> tuple[object, ...]:
        return (source_id, str(row.role), row.text, row.sentence, row.member, str(row.band), row.why)

    def _mend(self, connection: Connection) -> None:
        """What was refused before and is not refused now has been mended, by its publisher or in our parser."""
        rows = connection.execute(
            select(_QUARANTINE.c.key, _QUARANTINE.c.name, _QUARANTINE.c.source_id).filter_by(
                source=self.source, state="open"
            )
        ).all()
        read_well = {i for parsed in self.parsed.values() for i in parsed.source_ids} | self._ids
        for row in rows:
            parsed_again = row.name in self.parsed or (row.source_id and row.source_id in read_well)
            if parsed_again and row.key not in self._quarantine:
                connection.execute(update(_QUARANTINE).where(_QUARANTINE.c.key == row.key).values(state="mended"))

    def _quarantine_row(self, one: Quarantined, name: str) -> dict[str, Any]:
        draft = one.draft.model_dump(mode="json", exclude={"text", "raw"})
        place = one.draft.source_id or f"{name} {one.draft.raw.locator}"
        told = json.dumps([self.source, one.code, place, draft], sort_keys=True, ensure_ascii=True)
        return {
            "key": hashlib.blake2b(told.encode(), digest_size=8).hexdigest(),
            "source": self.source,
            "source_id": one.draft.source_id,
            "name": name,
            "code": one.code,
            "reason": one.reason,
            "kept": one.kept,
            "raw_sha256": one.draft.raw.sha256,
            "raw_locator": one.draft.raw.locator,
            "draft": draft,
            "state": "open",
            "first_seen": self.now,
            "last_seen": self.now,
            "run_id": self.run_id,
        }

    def _aside_row(self, draft: Draft) -> dict[str, Any]:
        reason = next(flag for flag in draft.flags if flag.startswith("set-aside-"))
        return {
            "source": self.source,
            "source_id": draft.source_id,
            "reason": reason.removeprefix("set-aside-"),
            "received_on": draft.received_on,
            "raw_sha256": draft.raw.sha256,
            "first_seen": self.now,
        }
