"""Few names to look at closely: those that share rare three-letter runs with what was written.

All runs of all names are kept as one sorted array of name numbers (4 bytes each), so that a hundred thousand names
build in a second and a look-up touches only the rarest lists.
"""

from array import array
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

RAREST = 10  # runs of a mention that are looked up
MOST_SHARED = 8_000  # names gathered at most, the rarest runs first
_LETTERS = 38
_NAME_BITS = 32
_TABLE = bytes(
    0 if c == 10 else c - 96 if 97 <= c <= 122 else c - 21 if 48 <= c <= 57 else 37 if c < 128 else 1 + c % 26
    for c in range(256)
)


class Keys:
    """Keys collected one by one, in one piece of memory."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self.blob = bytearray(b"\n")
        self.lengths = array("H")
        for key in keys:
            self.add(key)

    def add(self, key: str) -> None:
        """Add one key: folded, without spaces."""
        self.blob += key.encode("latin-1", "replace")
        self.blob += b"\n"
        self.lengths.append(min(len(key), 65_535))


class GramIndex:
    """Three-letter runs of ``keys``, the ends of a key included."""

    def __init__(self, keys: Keys) -> None:
        self.size = len(keys.lengths)
        letters = np.frombuffer(keys.blob.translate(_TABLE), dtype=np.uint8)
        inside = letters[1:-1] != 0
        # a run and the number of its name in one number, so that one sort in place makes all lists
        both = letters[:-2].astype(np.uint64)
        both *= _LETTERS
        both += letters[1:-1]
        both *= _LETTERS
        both += letters[2:]
        both <<= np.uint64(_NAME_BITS)
        both |= np.cumsum(~inside, dtype=np.uint32)
        both = both[inside]
        both.sort()
        self._names: NDArray[np.int32] = (both & np.uint64((1 << _NAME_BITS) - 1)).astype(np.int32)
        both >>= np.uint64(_NAME_BITS)
        self._starts: list[int] = np.searchsorted(both, np.arange(_LETTERS**3 + 1, dtype=np.uint64)).tolist()
        lengths = np.frombuffer(keys.lengths, dtype=np.uint16).astype(np.float32)
        self._scale: NDArray[np.float32] = (1 / np.sqrt(np.maximum(lengths, 1))).astype(np.float32)

    def nearest(self, key: str, most: int = 10) -> list[int]:
        """Return the numbers of at most ``most`` keys that share the most rare runs, for their length."""
        if not self.size or not key:
            return []
        blob = ("\n" + key + "\n").encode("latin-1", "replace").translate(_TABLE)
        starts = self._starts
        runs = []
        for one, two, three in zip(blob, blob[1:], blob[2:], strict=False):
            run = (one * _LETTERS + two) * _LETTERS + three
            start, end = starts[run], starts[run + 1]
            if end > start:
                runs.append((end - start, start, end))
        if not runs:
            return []
        runs = sorted(set(runs))[:RAREST]
        gathered = 0
        parts: list[NDArray[np.int32]] = []
        for count, start, end in runs:
            if parts and gathered + count > MOST_SHARED:
                break
            parts.append(self._names[start:end])
            gathered += count
        together = np.concatenate(parts)
        names: NDArray[np.signedinteger[Any]]
        if self.size <= max(5_000, 4 * gathered):  # counting all is quicker than sorting the few
            shared = np.bincount(together, minlength=self.size)
            names = np.flatnonzero(shared)
            scores = shared[names] * self._scale[names]
        else:
            together.sort()
            change = np.flatnonzero(together[1:] != together[:-1])
            ends = np.empty(len(change) + 1, dtype=np.int64)
            ends[:-1], ends[-1] = change, len(together) - 1
            names = together[ends]
            counts = ends + 1  # np.diff and np.append cost more than all the rest here
            counts[1:] -= counts[:-1].copy()
            scores = counts * self._scale[names]
        if len(names) > most:
            best = np.argpartition(scores, -most)[-most:]
            names, scores = names[best], scores[best]
        picked: list[int] = names[np.argsort(-scores, kind="stable")].tolist()
        return picked
