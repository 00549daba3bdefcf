"""Two runs at once, as real processes: the second says so and does nothing, and the lock dies with its holder."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from flows.one_writer import NightUnderWay
from models.storage.dump import dump_table, list_tables
from models.storage.store import open_engine
from tests.small_world import ANNA, Small, total

KOLL = [sys.executable, "-m", "flows.koll"]
NIGHT = """
import sys
from datetime import date
from pathlib import Path
from flows.night import run_night
from flows.workplace import open_workplace

def log(line):
    if line == "agency: reading":
        print(line, flush=True)
        sys.stdin.readline()

place = open_workplace(Path(sys.argv[1]))
with place.exclusively():
    night = run_night(place, (), date.fromisoformat(sys.argv[2]), log)
sys.exit(int(night.failed))
"""


@pytest.fixture
def world(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Small:
    monkeypatch.setenv("KOLL_DATABASE_URL", database_url)
    world = Small(tmp_path / "world", total(), day=date(2026, 8, 26), quiet=True)
    world.open()
    world.complain(ANNA, 12)
    for source in world.rows:
        world.deliver(source)
    return world


@contextmanager
def night_in_the_middle(world: Small) -> Iterator[subprocess.Popen[str]]:
    """Give a process that stands still in the midst of a night, until a line comes or its input is closed."""
    command = [sys.executable, "-c", NIGHT, str(world.root / "koll.toml"), world.day.isoformat()]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "agency: reading\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def all_rows(url: str) -> dict[str, list[bytes]]:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = {table.name: list(dump_table(connection, table)) for table in list_tables()}
    engine.dispose()
    return found


def count_complaints(url: str) -> int:
    return len([line for line in all_rows(url)["complaint"] if ANNA.encode() in line])


def files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if not path.name.startswith("koll.db-")}


def test_beside_a_night_a_second_run_says_so_and_does_nothing_and_once_the_night_is_killed_the_next_completes_it(
    world: Small, database_url: str
) -> None:
    place = world.open()
    with night_in_the_middle(world) as first:
        rows, there = all_rows(database_url), files(world.root)
        again = [*KOLL, "ingest", "agency", "--config", str(world.root / "koll.toml")]
        second = subprocess.run(again, capture_output=True, text=True, timeout=120)
        assert (second.returncode, second.stdout) == (1, "")
        assert second.stderr.startswith("another run holds the lock (") and "wait for it to end" in second.stderr
        assert all_rows(database_url) == rows and files(world.root) == there
        with pytest.raises(NightUnderWay), place.exclusively():
            raise AssertionError("both hold it")
        first.send_signal(signal.SIGKILL)
        first.wait(60)
        with place.exclusively():
            world.run()
    assert count_complaints(database_url) == 12


def test_a_lock_whose_connection_was_cut_is_taken_again_or_the_run_stops(world: Small, database_url: str) -> None:
    if not database_url.startswith("postgresql"):
        pytest.skip("a file's lock has no connection")
    place, other = world.open(), world.open()
    with place.exclusively():
        cut_all_others(database_url)
        place.one_writer.confirm()
        with pytest.raises(NightUnderWay), other.exclusively():
            raise AssertionError("both hold it")
        cut_all_others(database_url)
        with other.exclusively(), pytest.raises(NightUnderWay):
            place.one_writer.confirm()


def cut_all_others(url: str) -> None:
    engine = open_engine(url)
    with engine.connect() as connection:
        ended = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        connection.execute(text(f"{ended} WHERE datname = current_database() AND pid <> pg_backend_pid()"))
    engine.dispose()
