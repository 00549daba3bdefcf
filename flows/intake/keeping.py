"""What a source's night leaves besides complaints: quarantine, mentions, set-aside mail, and what has been parsed."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select, update

from expectations.judge import Judgement, Quarantined
from flows.intake.linking import LinkedMention, Linker
from models.draft_table import DraftTable
from models.drafts import Draft
from models.storage.repairs import Repairs
from models.storage.store import upsert
from models.storage.tables import Mention, Parsed, QuarantineItem, SetAside, Why
from models.words import Kind
from sources.contract import RawItem

_QUARANTINE: Table = QuarantineItem.__table__  # type: ignore[attr-defined]
_MENTION: Table = Mention.__table__  # type: ignore[attr-defined]
_SET_ASIDE: Table = SetAside.__table__  # type: ignore[attr-defined]
_PARSED: Table = Parsed.__table__  # type: ignore[attr-defined]
_WHY: Table = Why.__table__  # type: ignore[attr-defined]


WAITING = "waiting"  # the place of a whole object that waits for a person, and its role in a reading
T = TypeVar("T")
_NOTHING_TO_MEND = {"company-missing"}  # the flag on the complaint says it all; nobody can know more


@dataclass
class Held:
    """What one archived object was found to hold."""

    number: int
    item: RawItem
    ids: set[str] = field(default_factory=set)
    days: Counter[date] = field(default_factory=Counter)  # rows of a file by their own day
    refused: int = 0
    nameless: int = 0  # refused rows whose id cannot be read
    complete_for: tuple[date, date] | None = None
    header: list[str] = field(default_factory=list)
    contents: str | None = None
    same_as: str = ""  # the file that stands for all that is in it

    @property
    def period(self) -> tuple[date, date] | None:
        """The days a file is about: what it says, else those of its rows."""
        return self.item.covers or ((min(self.days), max(self.days)) if self.days else None)


class Keeper:
    """Gathers what comes of the ``fresh`` items, then stores everything on the merge's own transaction.

    With ``by_period`` each item is a file that is complete for a period. ``numbers`` are the items' own among all of
    a reading, where they are not all of it: another keeper takes this one over.
    """

    def __init__(
        self,
        source: str,
        run_id: str,
        now: datetime,
        fresh: Sequence[RawItem],
        *,
        by_period: bool,
        repairs: Repairs | None = None,
        open_ids: Iterable[str] = (),
        numbers: Sequence[int] | None = None,
    ) -> None:
        self.source = source
        self.run_id = run_id
        self.now = now
        self.drafts = self.accepted = self.refused = self.rejected = self.mended = self.set_aside = 0
        self.findings: list[str] = []
        self.period_end: date | None = None
        self.complete_through: date | None = None
        self.last_item = len(fresh)
        self._by_period = by_period
        self._repairs = repairs or Repairs({}, ())
        self._open_ids = frozenset(open_ids)  # rows that wait in quarantine, to be told when they come in well
        self._read_well: set[str] = set()
        self._held_back: set[str] = set()  # ids of rows that are refused or flagged
        self._decided: dict[str, Draft] = {}
        # Two items with the same bytes hold the same rows; the newer one stands for both.
        self._held = {i.sha256: Held(at, i) for at, i in zip(numbers or range(1, len(fresh) + 1), fresh, strict=True)}
        self._well: set[str] | None = None if numbers is None else set()  # all ids read well, for who takes this over
        self._fresh = fresh
        self._quarantine: dict[str, dict[str, Any]] = {}
        self._aside: list[dict[str, Any]] = []
        self._mentions: dict[str, list[LinkedMention]] = {}

    def item_of(self, draft: Draft) -> int:
        """Return the number of the item that a draft was read from."""
        return self._held[draft.raw.sha256].number

    def items_of(self, drafts: DraftTable) -> list[int]:
        """Return the same for every draft of a table."""
        numbers = {sha256: held.number for sha256, held in self._held.items()}
        return list(map(numbers.__getitem__, drafts.sha256))

    @property
    def held(self) -> Iterator[Held]:
        """What each object holds, the newest last."""
        return iter(self._held.values())

    def keep(self, judgement: Judgement, aside: Iterable[Draft], linker: Linker) -> None:
        """Note one judged chunk."""
        refused = [one for one in judgement.quarantined if not one.kept]
        self.accepted += len(judgement.accepted)
        self.refused += len(refused)
        self.drafts += len(judgement.accepted) + len(refused)
        self._note_accepted(DraftTable.of(judgement.accepted), linker)
        for one in judgement.quarantined:
            self._note_quarantined(one)
        for draft in aside:
            self.set_aside += 1
            self._aside.append(self._aside_row(draft))

    def _note_accepted(self, drafts: DraftTable, linker: Linker) -> None:
        self._note_read_well(drafts)
        if self._by_period:
            for sha256, days in _group(drafts.sha256, drafts.received_on).items():
                self._held[sha256].days.update(filter(None, days))
            return
        for sha256, ids in _group(drafts.sha256, drafts.source_id).items():
            self._held[sha256].ids.update(source_id for source_id in ids if source_id)
        for at, source_id in enumerate(drafts.source_id):
            may_name_others = at in drafts.mentions or drafts.kind[at] is not Kind.COMPLAINT
            if may_name_others and source_id and (mentions := linker.link_mentions(drafts[at])):
                self._mentions[source_id] = mentions

    def _note_quarantined(self, one: Quarantined) -> None:
        if one.kept and one.code in _NOTHING_TO_MEND:
            return
        held = self._held[one.draft.raw.sha256]
        row = self._quarantine_row(one, held.item.name)
        self._quarantine[row["key"]] = row
        if one.draft.source_id is None:
            held.nameless += 1
        elif not self._by_period:
            held.ids.add(one.draft.source_id)
        if one.draft.source_id:
            self._held_back.add(one.draft.source_id)
            self._read_well.discard(one.draft.source_id)
        held.refused += not one.kept

    def _note_read_well(self, drafts: DraftTable) -> None:
        """A later file that holds a row well closes what an earlier one was refused for."""
        if self._well is not None:
            self._well.update(filter(None, drafts.source_id))
        if self._open_ids:
            self._read_well.update(self._open_ids.intersection(filter(None, drafts.source_id)))
        if self._by_period and self._held_back:
            self._close_mended(self._held_back.intersection(filter(None, drafts.source_id)))

    def _close_mended(self, mended: set[str]) -> None:
        self._held_back -= mended
        for row in self._quarantine.values() if mended else ():
            if row["source_id"] in mended:
                row["state"] = "mended"

    def take_over(self, other: "Keeper") -> None:
        """Take over what another keeper gathered of later items, as if all had come here in their order."""
        for name in ("drafts", "accepted", "refused", "rejected", "set_aside"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self._held.update(other._held)
        if self._by_period:
            self._close_mended(self._held_back & (other._well or set()))
        self._held_back |= other._held_back
        refused = {row["source_id"] for row in other._quarantine.values()}
        self._read_well = (self._read_well - refused) | other._read_well
        self._quarantine.update(other._quarantine)
        self._aside += other._aside
        self._mentions.update(other._mentions)
        self._decided.update(other._decided)

    def hold(self, items: Iterable[RawItem]) -> None:
        """Put whole objects that a person must look at into quarantine: mails that are not to be believed."""
        for item in items:
            told = f"{self.source} {item.note['code']} {item.sha256}"
            key = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
            self._quarantine[key] = {
                "key": key,
                "source": self.source,
                "source_id": None,
                "row": hashlib.blake2b(told.encode(), digest_size=16).hexdigest(),
                "name": item.name,
                "code": item.note["code"],
                "reason": item.note["reason"],
                "kept": False,
                "raw_sha256": item.sha256,
                "raw_locator": WAITING,
                "draft": {},
                "state": "open",
                "first_seen": self.now,
                "last_seen": self.now,
                "run_id": self.run_id,
            }

    def note_decided(self, row: str, draft: Draft) -> None:
        """Note where a row that a person has decided about has come again; the newest place stands."""
        self._decided[row] = draft

    def keep_rejected(self, draft: Draft, *, was_stored: bool) -> bool:
        """Note a row that a person has rejected; tell whether what is stored under its id stays as it is."""
        held = self._held[draft.raw.sha256]
        self.rejected += 1
        held.refused += 1
        stays = draft.source_id is not None and not was_stored
        if stays and not self._by_period:
            held.ids.add(draft.source_id or "")
        return stays

    def note_header(self, item: RawItem, header: list[str]) -> None:
        """Note the columns of a table."""
        self._held[item.sha256].header = header

    def carry_over(self, item: RawItem, same: Parsed) -> None:
        """Note that an object holds nothing but what another has told already, and is complete for the same days."""
        assert same.first_day is not None and same.last_day is not None
        held = self._held[item.sha256]
        held.same_as, held.header, held.complete_for = same.name, same.header, (same.first_day, same.last_day)

    def note_contents(self, contents: str | None) -> None:
        """Note what names the rows of the one object that is fresh, unless anything of them is worth a second look."""
        if not (self.refused or self.rejected or self._quarantine or self._decided or self.findings):
            for held in self.held if contents else ():
                held.contents = contents

    def parsed(self) -> dict[str, Parsed]:
        """Return what is now known of each item, by its name."""
        return {
            item.name: Parsed(
                source=self.source,
                name=item.name,
                sha256=item.sha256,
                source_ids=sorted((held := self._held[item.sha256]).ids),
                first_day=held.complete_for[0] if held.complete_for else None,
                last_day=held.complete_for[1] if held.complete_for else None,
                header=held.header,
                parsed_at=self.now,
                place=held.number,
                contents=held.contents,
            )
            for item in self._fresh
        }

    def list_periods(self) -> Iterator[tuple[int, tuple[date, date]]]:
        """Yield (item, period it is complete for).

        A file that does not name its period is taken to cover the days of its rows. A refused row without a readable
        id could be any row: then nothing of that file's period is called gone.
        """
        if not self._by_period:
            return
        for held in self._held.values():
            period = held.complete_for if held.same_as else held.period
            if period is None:
                continue
            first, last = period
            self.period_end = max(self.period_end or last, last)
            if held.same_as:
                continue
            if held.nameless:
                name, number = held.item.name, held.nameless
                self.findings.append(
                    f"{name}: {number} row(s) without a readable id, so nothing was withdrawn [withdrawals-held]"
                )
            else:
                held.complete_for = (first, last)
                yield held.number, (first, last)

    def store(self, connection: Connection, reasons: Iterable[dict[str, object]]) -> None:
        """Write everything; what is already there and equal is not touched."""
        self.store_rows(connection, reasons)
        upsert(connection, _SET_ASIDE, self._aside, keep=("first_seen",))
        upsert(connection, _PARSED, [parsed.model_dump() for parsed in self.parsed().values()])

    def store_rows(self, connection: Connection, reasons: Iterable[dict[str, object]], *, mend: bool = True) -> None:
        """Write what hangs on the rows that were judged; ``mend`` when they are all that their objects hold."""
        upsert(connection, _WHY, list(reasons))
        self._store_mentions(connection)
        if mend:
            self._mend(connection)
            self._place_decided(connection)
        upsert(connection, _QUARANTINE, list(self._quarantine.values()), keep=("first_seen", "state"))

    def _store_mentions(self, connection: Connection) -> None:
        """Close mentions that are no longer made or are judged otherwise, and open those that are new."""
        ids = sorted({source_id for held in self._held.values() for source_id in held.ids})
        current: list[Any] = []
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
        """Close what was refused before and is not refused now; open again what had been mended and is refused."""
        asked = select(*(_QUARANTINE.c[n] for n in ("key", "name", "source_id", "state", "raw_locator")))
        names = {item.name for item in self._fresh}
        read_well = self._read_well.union(*(held.ids for held in self._held.values())) - self._held_back
        closed = _QUARANTINE.c.state.in_(("open", "mended", "replaced"))
        for row in connection.execute(asked.where((_QUARANTINE.c.source == self.source) & closed)).all():
            state = row.state
            if row.key in self._quarantine:
                state = self._quarantine[row.key]["state"]
            elif state == "open" and row.source_id in self._held_back:
                state = "replaced"  # the same id is held back for another reason now
            elif state == "open" and (row.name in names or row.source_id in read_well):
                state = "mended"  # by its publisher, or in our parser
            elif state == "open" and row.raw_locator == WAITING:
                state = "mended"  # a person has put its file into the folder
            if state != row.state:
                connection.execute(update(_QUARANTINE).where(_QUARANTINE.c.key == row.key).values(state=state))
                self.mended += state == "mended"

    def _place_decided(self, connection: Connection) -> None:
        for row, draft in self._decided.items():
            seen = {
                "name": self._held[draft.raw.sha256].item.name,
                "raw_sha256": draft.raw.sha256,
                "raw_locator": draft.raw.locator,
                "last_seen": self.now,
            }
            same = (_QUARANTINE.c.source == self.source) & (_QUARANTINE.c.row == row)
            connection.execute(update(_QUARANTINE).where(same).values(seen))

    def _quarantine_row(self, one: Quarantined, name: str) -> dict[str, Any]:
        draft = one.draft.model_dump(mode="json", exclude={"text", "raw"})
        place = one.draft.source_id or f"{name} {one.draft.raw.locator}"
        told = json.dumps([self.source, one.code, place, draft], sort_keys=True, ensure_ascii=True)
        return {
            "key": hashlib.blake2b(told.encode(), digest_size=8).hexdigest(),
            "source": self.source,
            "source_id": one.draft.source_id,
            "row": self._repairs.row_of(one.draft),
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


def _group(keys: Sequence[str], values: Sequence[T]) -> dict[str, Sequence[T]]:
    """Return the values by their keys, which most often are one and the same."""
    if keys and keys.count(keys[0]) == len(keys):
        return {keys[0]: values}
    groups: dict[str, list[T]] = {}
    for key, value in zip(keys, values, strict=True):
        groups.setdefault(key, []).append(value)
    return dict(groups)
