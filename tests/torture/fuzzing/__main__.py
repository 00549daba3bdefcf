"""A hundred thousand damaged and hostile inputs through every parser; part of ``make torture``.

    python -m tests.torture.fuzzing [--inputs 100000] [--jobs 2] [--seed N] [--only PARSER]... [--keep FOLDER]

Prints for each parser how many inputs, the slowest and the largest, and every broken promise with the number that
makes the same input again (``--seed N --only PARSER --number M``). Ends with 1 when any promise was broken.
"""

import argparse
import os
import secrets
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tests.torture.fuzzing.feeding import feed, make_input
from tests.torture.fuzzing.running import try_input
from tests.torture.fuzzing.targets import list_targets


def feed_all(names: list[str], each: int, asked: argparse.Namespace) -> tuple[int, int]:
    """Feed parsers side by side and say what came of each; return how many inputs and broken promises."""
    inputs = faults = 0
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(feed, name, each, asked.seed, asked.keep) for name in names]):
            told, some, broken = future.result()
            print(told, flush=True)
            inputs, faults = inputs + some, faults + broken
    return inputs, faults


def main() -> int:
    """Run what is asked for."""
    reader = argparse.ArgumentParser(prog="python -m tests.torture.fuzzing", description=__doc__.splitlines()[0])
    reader.add_argument("--inputs", type=int, default=100_000, help="how many in all (100,000)")
    reader.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many parsers at once")
    reader.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    reader.add_argument("--only", action="append", default=[], help="a parser by its name; may be given again")
    reader.add_argument("--number", type=int, help="this one input only")
    reader.add_argument("--keep", type=Path, help="a folder for inputs that broke a promise")
    asked = reader.parse_args()
    print(f"seed {asked.seed}: give --seed {asked.seed} to do the same again", flush=True)
    with tempfile.TemporaryDirectory(prefix="koll-fuzz-") as folder:
        targets = list_targets(Path(folder))
        chosen = [target for target in targets if not asked.only or target.name in asked.only]
        if asked.number is not None:
            content, sample = make_input(chosen[0], asked.seed, asked.number)
            print(chosen[0].name, len(content), try_input(chosen[0], content, sample))
            return 0
    inputs, faults = feed_all([target.name for target in chosen], -(-asked.inputs // len(targets)), asked)
    print(f"{inputs:,} inputs through {len(chosen)} parsers, {faults} broken promise(s)")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
