"""Which rows of a file repeat or contradict one another, whatever the size of the chunks they come in.

Kept per row are 18 bytes (a hash of the id, one of the whole row, and how it was judged) in sorted arrays that are
merged like a log-structured tree: a million rows take 18 MB, where a dict would take 150. The hashes have 64 bits:
for a million rows the chance of one false alarm is below 1 in 10 million.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.draft_table import DraftTable

Hashes: TypeAlias = npt.NDArray[np.int64]
Marks: TypeAlias = npt.NDArray[np.uint8]

# How the row under an id was judged; TWICE: refused, and the id already known to stand over two contents.
REFUSED, ACCEPTED, FLAGGED, TWICE = 0, 1, 2, 3

_LARGEST = 1 << 19  # rows of a run that is still merged: sorting it anew takes four times its memory for a moment
_SPREAD = np.int64(-7046029254386353131)  # 2^64 divided by the golden ratio, as Fibonacci hashing has it


@dataclass(frozen=True)
class Sorted:
    """One chunk, looked at beside all earlier ones.

    ``fresh`` are the positions of rows not seen before; ``contents`` is 2 for those whose id also stands over another
    content, else 1. ``undone`` are rows of earlier chunks that this chunk is the first to contradict: the file's
    sha256, the id, and the mark the row had.
    """

    fresh: list[int]
    contents: list[int]
    undone: list[tuple[str, str, int]]
    keys: Hashes = field(repr=False)
    pairs: Hashes = field(repr=False)
    keyed: npt.NDArray[np.bool_] = field(repr=False)


class SeenRows:
    """Every row of one reading, by hash. Not for use from two threads at once."""

    def __init__(self) -> None:
        self._keys: list[tuple[Hashes, Marks]] = []
        self._pairs: list[tuple[Hashes, Marks]] = []

    def sort_in(self, drafts: DraftTable) -> Sorted:
        """Tell fresh rows from repeated ones, and ids that stand over two contents; ``remember`` comes after."""
        told = zip(drafts.sha256, drafts.source_id, drafts.precedence, strict=True)
        keys = np.fromiter(map(hash, told), np.int64, len(drafts))
        pairs = keys * _SPREAD ^ _hash_contents(drafts)
        keyed = np.fromiter((source_id is not None for source_id in drafts.source_id), np.bool_, len(drafts))

        distinct, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
        repeats = np.ones(len(drafts), np.bool_)
        repeats[first] = False
        repeats |= _find(self._pairs, distinct)[inverse]
        fresh = np.flatnonzero(~(repeats & keyed))

        keys, pairs, keyed = keys[fresh], pairs[fresh], keyed[fresh]
        distinct, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        earlier = _find(self._keys, distinct)[inverse]
        twice = ((counts[inverse] > 1) | earlier) & keyed
        undone = []
        for at in np.flatnonzero(earlier & keyed).tolist():
            place, mark = int(fresh[at]), _undo(self._keys, keys[at])
            if mark != TWICE:
                undone.append((drafts.sha256[place], drafts.source_id[place] or "", mark))
        return Sorted(fresh.tolist(), (1 + twice.astype(int)).tolist(), undone, keys, pairs, keyed)

    def remember(self, chunk: Sorted, marks: Sequence[int]) -> None:
        """Keep a chunk's fresh rows, ``marks`` saying how each was judged."""
        judged = np.where(np.asarray(chunk.contents) > 1, TWICE, np.asarray(marks)).astype(np.uint8)
        _add(self._keys, chunk.keys[chunk.keyed], judged[chunk.keyed])
        _add(self._pairs, chunk.pairs[chunk.keyed], np.zeros(int(chunk.keyed.sum()), np.uint8))


def _hash_contents(drafts: DraftTable) -> Hashes:
    """Return a hash of everything that each row says."""
    contents = np.frombuffer(bytes.fromhex("".join(drafts.hash_rows())), np.int64)[::2].copy()
    for at in drafts.faults.keys() | drafts.mentions.keys():
        contents[at] ^= hash((drafts.faults.get(at), drafts.mentions.get(at)))
    return contents


def _find(runs: list[tuple[Hashes, Marks]], wanted: Hashes) -> npt.NDArray[np.bool_]:
    """Tell which of these are in a run; they come sorted, which is several times as quick to look up."""
    found = np.zeros(len(wanted), np.bool_)
    for hashes, _ in runs:
        at = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
        found |= hashes[at] == wanted
    return found


def _undo(runs: list[tuple[Hashes, Marks]], key: np.int64) -> int:
    """Mark every row under ``key`` as TWICE; return the mark of the one that was not, if there was one."""
    mark = TWICE
    for hashes, marks in runs:
        start, end = np.searchsorted(hashes, key, "left"), np.searchsorted(hashes, key, "right")
        if start < end:
            mark = min(mark, int(marks[start:end].min()))
            marks[start:end] = TWICE
    return mark


def _add(runs: list[tuple[Hashes, Marks]], hashes: Hashes, marks: Marks) -> None:
    """Add a run, merging while the last is not much smaller than the one before and neither is large: few are kept."""
    if not len(hashes):
        return
    order = np.argsort(hashes, kind="stable")
    runs.append((hashes[order], marks[order]))
    while len(runs) > 1 and len(runs[-2][0]) <= min(2 * len(runs[-1][0]), _LARGEST):
        (later, later_marks), (earlier, earlier_marks) = runs.pop(), runs.pop()
        merged = np.concatenate((earlier, later))
        order = np.argsort(merged, kind="stable")
        runs.append((merged[order], np.concatenate((earlier_marks, later_marks))[order]))
