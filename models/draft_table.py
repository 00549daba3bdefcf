"""Many drafts as columns: what a million rows are read, judged, linked and written as.

A column holds one value a row. What few rows have (flags, faults, further companies, hard facts) is kept by the row's
position. As a sequence a table gives its rows as ordinary drafts, which is how odd rows are looked at one by one.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from hashlib import blake2b
from itertools import islice, repeat
from typing import Any, TypeVar, overload

from models.drafts import Draft, Fault, MentionDraft, RawRef
from models.words import Channel, Evidence, Kind, Outcome

FACTS = (  # what a draft says, in the order of the hash; where its bytes lie is not part of it
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
_MOSTLY_DIFFERENT = ("text", "url")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode

T = TypeVar("T")


class Memo(dict[T, Any]):
    """What values come to, worked out once for each distinct one."""

    def __init__(self, work_out: Callable[[T], Any]) -> None:
        super().__init__()
        self._work_out = work_out

    def __missing__(self, value: T) -> Any:
        """Work it out."""
        made = self[value] = self._work_out(value)
        return made


@dataclass(eq=False)
class DraftTable(Sequence[Draft]):
    """Drafts by column; see ``models.drafts.Draft`` for what each holds."""

    sha256: list[str] = field(default_factory=list)
    locator: list[str] = field(default_factory=list)
    source_id: list[str | None] = field(default_factory=list)
    kind: list[Kind] = field(default_factory=list)
    received_on: list[date | None] = field(default_factory=list)
    event_on: list[date | None] = field(default_factory=list)
    company: list[str | None] = field(default_factory=list)
    org_number: list[str | None] = field(default_factory=list)
    channel: list[Channel | None] = field(default_factory=list)
    channel_evidence: list[Evidence | None] = field(default_factory=list)
    category: list[str | None] = field(default_factory=list)
    outcome: list[Outcome | None] = field(default_factory=list)
    reexamination: list[bool] = field(default_factory=list)
    url: list[str | None] = field(default_factory=list)
    text: list[str | None] = field(default_factory=list)
    precedence: list[int] = field(default_factory=list)
    mentions: dict[int, tuple[MentionDraft, ...]] = field(default_factory=dict)
    flags: dict[int, tuple[str, ...]] = field(default_factory=dict)
    faults: dict[int, tuple[Fault, ...]] = field(default_factory=dict)
    facts: dict[int, Mapping[str, str]] = field(default_factory=dict)
    _hashes: list[str] | None = None

    @classmethod
    def of(cls, drafts: Iterable[Draft]) -> "DraftTable":
        """Return these drafts as a table; a table is returned as it is."""
        if isinstance(drafts, cls):
            return drafts
        table = cls()
        for draft in drafts:
            table.append(draft)
        return table

    @classmethod
    def join(cls, tables: Sequence["DraftTable"]) -> "DraftTable":
        """Return the rows of all these tables in one."""
        if len(tables) == 1:
            return tables[0]
        joined = cls()
        for table in tables:
            begin = len(joined)
            for name in COLUMNS:
                getattr(joined, name).extend(getattr(table, name))
            for name in SPARSE:
                getattr(joined, name).update({begin + at: value for at, value in getattr(table, name).items()})
        return joined

    def append(self, draft: Draft) -> None:
        """Add a row."""
        at = len(self)
        self.sha256.append(draft.raw.sha256)
        self.locator.append(draft.raw.locator)
        for name in _PLAIN:
            getattr(self, name).append(getattr(draft, name))
        self._put_sparse(at, draft)
        self._hashes = None

    def put(self, at: int, draft: Draft) -> None:
        """Let a row be another."""
        self.sha256[at], self.locator[at] = draft.raw.sha256, draft.raw.locator
        for name in _PLAIN:
            getattr(self, name)[at] = getattr(draft, name)
        for name in SPARSE:
            getattr(self, name).pop(at, None)
        self._put_sparse(at, draft)
        if self._hashes is not None:
            [self._hashes[at]] = DraftTable.of([draft]).hash_rows()

    def _put_sparse(self, at: int, draft: Draft) -> None:
        for name in SPARSE:
            if value := getattr(draft, name):
                getattr(self, name)[at] = value

    def take(self, positions: Sequence[int]) -> "DraftTable":
        """Return the rows at these positions, in this order, as a table of their own."""
        if len(positions) == len(self) and all(map(int.__eq__, positions, range(len(self)))):
            return self
        taken = DraftTable()
        for name in COLUMNS:
            setattr(taken, name, list(map(getattr(self, name).__getitem__, positions)))
        for name in SPARSE:
            if known := getattr(self, name):
                found = {new: known[old] for new, old in enumerate(positions) if old in known}
                setattr(taken, name, found)
        if self._hashes is not None:
            taken._hashes = list(map(self._hashes.__getitem__, positions))
        return taken

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.source_id)

    @overload
    def __getitem__(self, at: int) -> Draft: ...
    @overload
    def __getitem__(self, at: slice) -> list[Draft]: ...
    def __getitem__(self, at: int | slice) -> Draft | list[Draft]:
        """Return a row as a draft."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        return Draft(
            raw=RawRef(sha256=self.sha256[at], locator=self.locator[at]),
            mentions=self.mentions.get(at, ()),
            flags=self.flags.get(at, ()),
            faults=self.faults.get(at, ()),
            facts=self.facts.get(at, {}),
            **{name: getattr(self, name)[at] for name in _PLAIN},
        )

    def __iter__(self) -> Iterator[Draft]:
        """Give the rows one by one."""
        return (self[at] for at in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Tell whether ``other`` holds the same drafts."""
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(Draft.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def hash_rows(self) -> list[str]:
        """Return, for each row, 32 hex digits that differ when any fact does, wherever and whenever it was read."""
        if self._hashes is None:
            self._hashes = self._work_out_hashes() if len(self) else []
        return self._hashes

    def _work_out_hashes(self) -> list[str]:
        parts: list[Iterable[str]] = []
        for name in (*FACTS, "text"):
            parts += [repeat("," if parts else "["), self._encode(name)]
        rows = islice(map("".join, zip(*_fold_constants([*parts, repeat("]")]), strict=False)), len(self))
        return [blake2b(row.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest() for row in rows]

    def _encode(self, name: str) -> Iterable[str]:
        """Return a column as JSON."""
        if name in SPARSE:
            known = getattr(self, name)
            empty = "[]" if name == "flags" else "{}"
            if not known:
                return repeat(empty)
            tidy = sort_flags if name == "flags" else sort_facts
            return [_encode(tidy(known[at])) if at in known else empty for at in range(len(self))]
        column = getattr(self, name)
        if are_alike(column):
            return repeat(_encode(column[0]))
        if name in _MOSTLY_DIFFERENT:
            return ["null" if value is None else _encode(value) for value in column]
        return list(map(Memo(_encode).__getitem__, column))


SPARSE = ("mentions", "flags", "faults", "facts")
COLUMNS = tuple(one.name for one in fields(DraftTable) if one.name not in (*SPARSE, "_hashes"))
_PLAIN = tuple(name for name in COLUMNS if name not in ("sha256", "locator"))


def are_alike(column: Sequence[Any]) -> bool:
    """Whether all values of a column are the same; most that differ do so between the first and the last."""
    return bool(column) and column[0] == column[-1] and column.count(column[0]) == len(column)


def _fold_constants(parts: Sequence[Iterable[str]]) -> list[Iterable[str]]:
    """Return the parts of a row with neighbours that are the same in every row made one."""
    folded: list[Iterable[str]] = []
    for part in parts:
        if isinstance(part, repeat) and folded and isinstance(folded[-1], repeat):
            folded[-1] = repeat(next(folded[-1]) + next(part))
        else:
            folded.append(part)
    return folded


def hash_facts(facts: Mapping[str, Any]) -> str:
    """Return the hash of one row, given as FACTS (flags and facts sorted) and its text; as ``hash_rows`` has it."""
    told = _encode([facts[name] for name in (*FACTS, "text")])
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def sort_flags(flags: Iterable[str]) -> list[str]:
    """Return flags as they are stored."""
    return sorted(set(flags))


def sort_facts(facts: Mapping[str, str]) -> dict[str, str]:
    """Return facts as they are stored."""
    return dict(sorted(facts.items()))
