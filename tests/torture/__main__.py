"""``make torture``: nights and commands killed hundreds of times, on SQLite and on a real PostgreSQL.

    python -m tests.torture [--kills 200] [--each 6] [--jobs 2] [--seed N]

Prints its seed, what it did, and every difference; ends with 1 when there is any.
"""

import argparse
import os
import secrets
import sys
from collections import Counter

from tests.torture.parts import Done, cut_parts, run_parts

PLACES = {  # what has to be killed in, by the beginnings of its steps; 0 says that a run left it out
    "archive, before a rename": ("write archive", "rename archive", "mkdir archive", "link archive"),
    "archive, after a rename": ("open archive", "remove archive"),
    "chunks": ("sql rows of a chunk", "answered rows of a chunk"),
    "merge": tuple(f"{side} {verb} {table}" for side in ("sql", "answered") for verb in ("INSERT", "UPDATE")
                   for table in ("complaint", "mention", "why", "quarantine", "watermark", "parsed", "source_state")),
    "ledger and outbox": tuple(f"{side} INSERT {table}" for side in ("sql", "answered")
                               for table in ("alert_event", "outbox")),
    "mail": ("smtp", "MAIL", "RCPT", "BEFORE-TAKEN", "TAKEN", "sql UPDATE outbox", "answered UPDATE outbox"),
    "pages": ("rename page", "write page", "open page", "rename data-docs", "write data-docs", "mkdir data-docs"),
    "some moment": ("some moment",),
}  # fmt: skip


def sum_up(found: list[Done]) -> None:
    """Print how many were killed of what, and where."""
    killed: Counter[str] = Counter()
    places = Counter(dict.fromkeys(PLACES, 0))
    for done in found:
        killed[str(done.part)] += done.killed
        for step, times in done.points.items():
            places[next((place for place, begins in PLACES.items() if step.startswith(begins)), "elsewhere")] += times
    print("killed:", ", ".join(f"{times} {what}" for what, times in sorted(killed.items())))
    print("nights killed in:", ", ".join(f"{place} {times}" for place, times in places.items()))


def main() -> int:
    """Run what is asked for."""
    reader = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__.splitlines()[0])
    reader.add_argument("--kills", type=int, default=200, help="how many nights to kill in all (200)")
    reader.add_argument("--each", type=int, default=6, help="how often to kill each command on SQLite (6)")
    reader.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many worlds at once")
    reader.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    asked = reader.parse_args()
    print(f"seed {asked.seed}: give --seed {asked.seed} to do the same again", flush=True)
    found = run_parts(cut_parts(asked.kills, asked.each, asked.seed), asked.jobs)
    sum_up(found)
    faults = sum(len(done.told) for done in found)
    print(f"{sum(done.killed for done in found)} killed, {faults} fault(s)")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
