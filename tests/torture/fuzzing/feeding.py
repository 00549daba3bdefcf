"""One parser fed with its samples, its giants and as many damaged samples as asked for; what came of it."""

import atexit
import random
import shutil
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

from models.drafts import Draft
from tests.torture.fuzzing.giants import list_giants
from tests.torture.fuzzing.mutations import damage, draw_edits
from tests.torture.fuzzing.running import find_damaged, try_input
from tests.torture.fuzzing.targets import Sample, Target, list_targets

_JUDGED = 20_000  # rows that are judged in one go


def make_input(target: Target, seed: int, number: int) -> tuple[bytes, Sample]:
    """Return the same input for the same seed and number."""
    dice = random.Random(f"{seed}-{target.name}-{number}")
    sample = dice.choice(target.samples)
    others = [one.content for one in target.samples[:20]]
    return damage(sample.content, draw_edits(dice), target.family, others), sample


class Record:
    """What one parser's inputs came to."""

    def __init__(self, target: Target, keep: Path | None) -> None:
        self.target, self.keep = target, keep
        self.inputs, self.seconds, self.memory = 0, 0.0, 0
        self.slowest = self.largest = ""
        self.refused: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.rows: list[tuple[Sample, Draft]] = []
        self.names: list[tuple[str, bytes]] = []

    def try_one(self, name: str, content: bytes, sample: Sample) -> None:
        tried = try_input(self.target, content, sample)
        self.inputs += 1
        self.refused[tried.refused or "read"] += 1
        if tried.seconds > self.seconds:
            self.seconds, self.slowest = tried.seconds, name
        if tried.memory > self.memory:
            self.memory, self.largest = tried.memory, name
        for fault in tried.broken:
            self._note(fault, name, content)
        if self.target.kind:
            self.rows += [(sample, draft) for draft in tried.drafts]
            self.names += [(name, content)] * len(tried.drafts)
            if len(self.rows) > _JUDGED:
                self.judge_rows()

    def judge_rows(self) -> None:
        if self.rows:
            for at, fault in find_damaged(self.target, self.rows):
                self._note(fault, *self.names[at])
        self.rows, self.names = [], []

    def _note(self, fault: str, name: str, content: bytes) -> None:
        self.broken[fault] += 1
        if self.broken[fault] == 1 and len(self.broken) <= 40:
            print(f"  {self.target.name} {name}: {fault}", flush=True)
            if self.keep:
                self.keep.mkdir(parents=True, exist_ok=True)
                (self.keep / f"{self.target.name.replace(' ', '_')}-{name.replace(' ', '_')}").write_bytes(content)

    def __str__(self) -> str:
        told = ", ".join(f"{code} {times}" for code, times in self.refused.most_common(4))
        return (f"{self.target.name:22} {self.inputs:7,} inputs, slowest {self.seconds:.2f} s ({self.slowest}), "
                f"largest {self.memory / 1e6:.0f} MB ({self.largest}); {told}")  # fmt: skip


def run_target(target: Target, count: int, seed: int, keep: Path | None) -> Record:
    """Feed a parser its samples, its giants, and ``count`` damaged samples."""
    record = Record(target, keep)
    for number, sample in enumerate(target.samples):
        record.try_one(f"sample {number}", sample.content, sample)
    for name, content in list_giants(target.family, target.samples[0].content):
        record.try_one(f"giant {name}", content, target.samples[0])
    try:
        for number in range(count):
            record.try_one(str(number), *make_input(target, seed, number))
    except KeyboardInterrupt:
        print(f"{target.name}: stopped before its end", flush=True)
    record.judge_rows()
    return record


@cache
def _find_targets() -> dict[str, Target]:
    """Every parser by its name; made once in each process."""
    folder = tempfile.mkdtemp(prefix="koll-fuzz-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {target.name: target for target in list_targets(Path(folder))}


def feed(name: str, count: int, seed: int, keep: Path | None) -> tuple[str, int, int]:
    """Feed the parser called ``name``; return what to say of it, how many inputs, how many broken promises.

    For a process of its own: a parser is a function that no other process can be given.
    """
    record = run_target(_find_targets()[name], count, seed, keep)
    return str(record), record.inputs, sum(record.broken.values())
