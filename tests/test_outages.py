"""What the machine does to a night: a database that goes away, a full disk, a file that breaks in its middle.

Each time: a sentence that names the place and the cure, nothing half-visible, the other source's work done, and a
re-run that ends where an undisturbed night ends.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from itertools import count as count_from
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError

import flows.intake.rows
import models.storage.stage
from flows.looking.exports import EXPORTS, Asked
from flows.night import run_night
from flows.workplace import Workplace
from models.storage.store import open_engine
from tests.small_world import ANNA, BO, Small, total

DAY = date(2026, 8, 26)
MOMENTS = ("CREATE TEMPORARY TABLE stage", "INSERT INTO complaint (", "INSERT INTO source_night")


def make_database(server_url: str, name: str, *, tablespace: str = "") -> str:
    admin = open_engine(server_url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} {tablespace}"))
    admin.dispose()
    return server_url.replace("/postgres?", f"/{name}?", 1)


def lay_out(root: Path, rows: int = 30) -> Small:
    world = Small(root, total(), day=DAY, quiet=True)
    for at in range(rows):
        world.complain(ANNA, day=DAY - timedelta(days=1 + at % 90))
    world.complain(BO, 12, source="council")
    for source in world.rows:
        world.deliver(source)
    return world


def export(world: Small) -> list[dict[str, Any]]:
    place = world.open()
    return [row for what in ("complaints", "counts") for row in EXPORTS[what](place, Asked())]


def undisturbed(
    root: Path, monkeypatch: pytest.MonkeyPatch, rows: int = 30, *, anew: bool = False
) -> list[dict[str, Any]]:
    with monkeypatch.context() as patch:
        patch.delenv("KOLL_DATABASE_URL", raising=False)
        world = lay_out(root, rows)
        if anew:
            send_anew(world)
        world.run()
        return export(world)


def count(world: Small) -> dict[str, int]:
    with world.open().engine.connect() as connection:
        found = connection.execute(text("SELECT source, count(*) FROM complaint GROUP BY source"))
        return dict(found.tuples().all())


def at_statement(engine: Engine, begins: str, do: Callable[[], None]) -> None:
    """Do something once, before the first statement that begins so is sent."""
    done: list[bool] = []

    @event.listens_for(engine, "before_cursor_execute")
    def _look(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.lstrip().startswith(begins) and not done:
            done.append(True)
            do()


# ---- a database that goes away


@pytest.fixture
def served(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Small:
    monkeypatch.setenv("KOLL_DATABASE_URL", make_database(postgres_url, f"d{os.urandom(6).hex()}"))
    world = lay_out(tmp_path / "world")
    world.open()
    return world


@pytest.mark.parametrize("begins", MOMENTS)
def test_a_database_that_comes_back_costs_the_night_nothing(
    served: Small, postgres_server: Any, begins: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = served.open()
    at_statement(place.engine, begins, postgres_server.stop)
    sleep_through(served, place, postgres_server)
    assert export(served) == undisturbed(tmp_path / "other", monkeypatch)


@pytest.mark.parametrize("room", ["first_reading", "stage"])  # rows copied into their table, rows staged first
@pytest.mark.parametrize("chunk", [2, 3])  # one that others follow, and the last
def test_a_database_that_goes_away_while_rows_travel_costs_the_night_nothing(
    served: Small, postgres_server: Any, chunk: int, room: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack_rows, sent = models.storage.stage.pack_rows, count_from(1)

    def pack(*rows: Any) -> Callable[[], None]:
        send = pack_rows(*rows)

        def lose_it() -> None:
            if next(sent) == chunk:
                postgres_server.stop()
            send()

        return lose_it

    if room == "stage":
        send_anew(served)
    with monkeypatch.context() as patch:
        patch.setattr(f"models.storage.{room}.pack_rows", pack)
        patch.setattr("sources.files.records.ROWS", 10)
        patch.setattr(flows.intake.rows, "CHUNK", 10)
        sleep_through(served, served.open(), postgres_server)
    assert next(sent) > chunk
    assert export(served) == undisturbed(tmp_path / "other", monkeypatch, anew=room == "stage")


def send_anew(world: Small) -> None:
    """Take the agency's file in; what it sends then is compared with what is known."""
    assert not world.run().failed
    world.complain(BO)
    world.deliver("agency")
    world.lines.clear()


def sleep_through(world: Small, place: Workplace, server: Any) -> None:
    """A night whose database is started again once somebody notices that it is away."""

    def log(line: str) -> None:
        world.lines.append(line)
        if line.startswith("database: it went away"):
            server.start()

    with place.exclusively():
        night = run_night(place, (), DAY, log)
    assert "database: it answers again" in world.lines
    assert not night.failed, night.sum_up()


def test_a_database_that_stays_away_ends_the_run_in_words_and_the_next_completes_it(
    served: Small, postgres_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOLL_DATABASE_WAIT", "0")
    place = served.open()
    at_statement(place.engine, "INSERT INTO source_night", postgres_server.stop)
    with pytest.raises(DBAPIError), place.exclusively():
        run_night(place, (), DAY, served.lines.append)
    postgres_server.start()
    told = next(line for line in served.lines if line.startswith("agency: broken"))
    assert "went away" in told and "see that it answers" in told and "[database-gone]" in told
    assert count(served) == {}
    with served.open().exclusively():
        assert not served.run().failed
    assert export(served) == undisturbed(tmp_path / "other", monkeypatch)


# ---- a full disk


def test_a_full_disk_under_sqlite_stops_one_source_and_a_rerun_completes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = lay_out(tmp_path / "world", 2000)
    place = world.open()
    with place.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()

    @event.listens_for(place.engine, "connect")
    def _limit(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages + 60}")

    place.engine.dispose()
    night = run_night(place, (), DAY, world.lines.append)
    assert [(one.source, one.code) for one in night.broken] == [("agency", "disk-full")]
    assert "make room" in night.sum_up() and "then run: koll ingest agency" in night.sum_up()
    assert count(world) == {"council": 12}

    place.engine.dispose()
    assert not world.ingest("agency").failed
    assert not world.run().failed
    assert export(world) == undisturbed(tmp_path / "other", monkeypatch, 2000)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_under_postgresql_is_named_and_the_next_night_completes_it(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Path(tempfile.mkdtemp(prefix="koll-disk-"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("nothing may be mounted here")
    try:
        (disk / "space").mkdir(mode=0o700)
        os.chown(disk / "space", pwd.getpwnam("pgserver").pw_uid, -1)
        disk.chmod(0o755)
        admin = open_engine(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE TABLESPACE small LOCATION '{disk}/space'"))
        monkeypatch.setenv("KOLL_DATABASE_URL", make_database(postgres_url, "overfull", tablespace="TABLESPACE small"))
        world = lay_out(tmp_path / "world", 22_000)
        with suppress(DBAPIError):  # an undone load gives its room back only later: the night's end may not fit in
            world.run()
        told = next(line for line in world.lines if line.startswith("agency: broken"))
        assert "no room for postgresql" in told and "make room" in told and "[disk-full]" in told

        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        assert "agency" not in count(world)
        assert not world.run().failed
        assert export(world) == undisturbed(tmp_path / "other", monkeypatch, 22_000)
    finally:
        with admin.connect() as connection:
            connection.execute(text("DROP DATABASE IF EXISTS overfull WITH (FORCE)"))
            connection.execute(text("DROP TABLESPACE IF EXISTS small"))
        admin.dispose()
        subprocess.run(["umount", str(disk)], check=False)
        shutil.rmtree(disk, ignore_errors=True)


# ---- a file that breaks in its middle


def test_a_file_that_breaks_after_chunks_were_staged_shows_nothing_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("KOLL_DATABASE_URL", database_url)
    monkeypatch.setattr(flows.intake.rows, "CHUNK", 400)
    monkeypatch.setattr("sources.files.records.ROWS", 100)
    world = lay_out(tmp_path / "world", 900)
    [file] = (world.root / "agency").iterdir()
    whole = file.read_bytes()
    lines = whole.split(b"\n")
    lines[850] = lines[850].replace(b";", b';"', 1)
    file.write_bytes(b"\n".join(lines))

    night = world.run()
    assert [one.source for one in night.broken] == ["agency"] and "koll ingest agency" in night.sum_up()
    assert count(world) == {"council": 12}

    file.write_bytes(whole)
    assert not world.ingest("agency").failed
    assert not world.run().failed
    assert export(world) == undisturbed(tmp_path / "other", monkeypatch, 900)
