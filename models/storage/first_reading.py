"""The first reading of a source: its rows become complaints while the next are read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import compress, repeat

from sqlalchemy import Table, text
from sqlalchemy.exc import IntegrityError

from models.draft_table import DraftTable
from models.storage.stage import COMPLAINT, STAGED, Link, MergeCounts, Stage
from models.storage.store import pack_rows
from models.storage.tables import ComplaintText
from models.words import Status

_TEXT: Table = ComplaintText.__table__  # type: ignore[attr-defined]
_TAKE_OUT = (
    "DELETE FROM complaint WHERE source = :source AND source_id = :id AND raw_sha256 = :sha256 AND recorded_to IS NULL"
)
_FORGET_TEXT = "DELETE FROM complaint_text WHERE source = :source AND source_id = :id"


class ReadAgain(Exception):
    """What was written cannot stand as it is: roll back, and let a Stage compare what is read."""


@dataclass
class FirstReading(Stage):
    """A stage for files of which each tells of other days, where a source ``is_first``.

    There is nothing to compare their rows with, so that they go straight into ``complaint``, whose indices grow while
    the next rows are read; staged first, they cost half as much again, and all after the last row was read. Whoever
    uses it holds one transaction from the first ``add`` to the end. Raises ReadAgain, from ``add`` or at the end,
    where an id is in two files, and from ``merge`` where a file takes back rows of an earlier one.
    """

    _days: dict[int, set[date | None]] = field(default_factory=lambda: defaultdict(set))  # of the rows of each item
    _periods: dict[int, tuple[date, date] | None] = field(default_factory=dict)
    _written: int = field(default=0)

    def add(self, items: int | Sequence[int], drafts: DraftTable, links: Sequence[Link]) -> None:
        """Write accepted drafts, as ``Stage.add`` stages them."""
        for item, day in set(zip(repeat(items) if isinstance(items, int) else items, drafts.received_on, strict=False)):
            self._days[item].add(day)
        self._written += len(drafts)
        if self._is_served:
            self._copy(drafts, links)
            return
        # SQLite takes rows from a table on its own, while this process goes on: from a program it does not.
        super().add(items, drafts, links)
        self._travel(self._take_staged)

    def _take_staged(self) -> None:
        try:
            self._run(f"{STAGED} ORDER BY seq")
        except IntegrityError:
            raise ReadAgain from None
        self._write_texts()
        self._run("DELETE FROM stage")  # so that it stays small, and in memory

    def _copy(self, drafts: DraftTable, links: Sequence[Link]) -> None:
        count = len(drafts)
        columns = self._list_columns(drafts, links)
        told = {"source": self.source, "run_id": self.run_id, "recorded_from": self.now, "status": Status.ACCEPTED}
        texts = {name: columns.pop(name) for name in ("text", "delete_after")}
        same = {name: repeat(value, count) for name, value in told.items()}
        sends = [pack_rows(self.connection, COMPLAINT, same | columns)]
        if any(drafts.text):
            ids = {"source": repeat(self.source, count), "source_id": drafts.source_id}
            kept = {name: list(compress(column, map(bool, drafts.text))) for name, column in (ids | texts).items()}
            sends.append(pack_rows(self.connection, _TEXT, kept))
        self._send(partial(self._send_all, sends))

    def _send_all(self, sends: Iterable[Callable[[], None]]) -> None:
        try:
            for send in sends:
                send()
        except self.connection.dialect.loaded_dbapi.IntegrityError:
            raise ReadAgain from None

    def present(self, item: int, source_ids: Iterable[str]) -> None:
        """Take no note of what was refused: it matters only beside rows that may be gone, and there are none."""

    def cover(self, item: int, period: tuple[date, date] | None) -> None:
        """Say that an item is complete for ``period`` (both days included), or for everything (None)."""
        self._periods[item] = period

    def revoke(self, rows: Iterable[tuple[str, str]]) -> None:
        """Take rows out again, by (sha256 of their object, source_id)."""
        for sha256, source_id in rows:
            row = {"source": self.source, "id": source_id, "sha256": sha256}
            if gone := self.connection.execute(text(_TAKE_OUT), row).rowcount:
                self._written -= gone
                self.connection.execute(text(_FORGET_TEXT), row)

    def find_gone(self) -> tuple[int, int]:
        """Return (rows gone, rows known): none, as nothing was known."""
        return 0, 0

    def merge(self) -> MergeCounts:
        """Let stand what was written."""
        if any(self._takes_back(item, period) for item, period in self._periods.items()):
            raise ReadAgain
        self._count_anew(self._written)
        return MergeCounts(new=self._written)

    def _takes_back(self, item: int, period: tuple[date, date] | None) -> bool:
        """Whether an item is complete for days of which an earlier one has rows: it lacks them, as all ids differ."""
        earlier = set[date | None]().union(*(days for one, days in self._days.items() if one < item))
        return bool(earlier) if period is None else any(day and period[0] <= day <= period[1] for day in earlier)
