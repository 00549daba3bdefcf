"""A hundred thousand damaged and hostile inputs through every parser; part of ``make torture``.

    python -m tests.torture.fuzzing [--inputs 100000] [--seed N] [--only PARSER]... [--keep FOLDER]

Prints for each parser how many inputs, the slowest and the largest, and every broken promise with the number that
makes the same input again (``--seed N --only PARSER --number M``). Ends with 1 when any promise was broken.
"""

import argparse
import random
import secrets
import signal
import sys
import tempfile
from collections import Counter
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
    print(record, flush=True)
    return record


def main() -> int:
    """Run what is asked for."""
    reader = argparse.ArgumentParser(prog="python -m tests.torture.fuzzing", description=__doc__.splitlines()[0])
    reader.add_argument("--inputs", type=int, default=100_000, help="how many in all (100,000)")
    reader.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    reader.add_argument("--only", action="append", default=[], help="a parser by its name; may be given again")
    reader.add_argument("--number", type=int, help="this one input only")
    reader.add_argument("--keep", type=Path, help="a folder for inputs that broke a promise")
    asked = reader.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"seed {asked.seed}: give --seed {asked.seed} to do the same again", flush=True)
    with tempfile.TemporaryDirectory(prefix="koll-fuzz-") as folder:
        targets = list_targets(Path(folder))
        chosen = [target for target in targets if not asked.only or target.name in asked.only]
        if asked.number is not None:
            content, sample = make_input(chosen[0], asked.seed, asked.number)
            print(chosen[0].name, len(content), try_input(chosen[0], content, sample))
            return 0
        each = -(-asked.inputs // len(targets))
        records = [run_target(target, each, asked.seed, asked.keep) for target in chosen]
    faults = sum(sum(record.broken.values()) for record in records)
    inputs = sum(record.inputs for record in records)
    print(f"{inputs:,} inputs through {len(records)} parsers, {faults} broken promise(s)")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
