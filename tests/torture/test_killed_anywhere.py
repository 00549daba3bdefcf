"""Nights, upgrades, retention and commands killed where it matters; ``make torture`` kills hundreds anywhere."""

import random
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from models.storage.store import open_engine, require_current
from tests.torture.commands import Case
from tests.torture.killing import Kill, Stage, World, torture_world
from tests.torture.migrating import list_revisions, make_at, read_schema

CLOCK = datetime(2026, 7, 2, 1, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    with torture_world(tmp_path_factory.mktemp("killed")) as laid_out:
        yield laid_out


# Each further on than the one before, and early among its name: every run gets past the last kill and to its own.
FIRST_NIGHT = [
    Kill(step=("link archive/archive.key", 1)),
    Kill(step=("rename archive/objects", 1)),
    Kill(step=("open archive/objects", 2)),  # after a rename, before the folder is on the disk
    Kill(step=("rename archive/readings", 1)),
    Kill(step=("answered rows of a chunk", 1)),  # between two chunks
    Kill(step=("answered INSERT complaint", 1)),
    Kill(step=("sql INSERT outbox", 1)),  # between ledger and outbox
    Kill(step=("sql UPDATE outbox", 2)),  # the relay has said yes, and it is not written down yet
    Kill(verb=("TAKEN", 1)),
    Kill(step=("rename page", 3)),
]
SECOND_NIGHT = [
    Kill(step=("remove archive/tmp", 1)),
    Kill(step=("answered UPDATE complaint", 1)),
    Kill(step=("rename data-docs", 2)),
    Kill(step=("answered INSERT alert_event", 1)),
    Kill(verb=("MAIL", 1)),
    Kill(verb=("TAKEN", 2)),
    Kill(verb=("BEFORE-TAKEN", 3)),
]
# The rows of the tips are in, how the tips fared is not written down: the re-run must not take them for silent.
BETWEEN_MERGE_AND_NOTE = Kill(step=("mkdir data-docs", 3))
ON_POSTGRESQL = [
    Kill(step=("answered rows of a chunk", 1)),
    Kill(step=("answered INSERT complaint", 1)),
    Kill(step=("answered INSERT outbox", 1)),
    Kill(step=("sql UPDATE outbox", 2)),
]


def kill_all(world: World, stage: Stage, kills: list[Kill]) -> None:
    """Kill a stage's night once at each point, then hold what the re-run leaves against the undisturbed night."""
    before = world.killed
    assert world.kill_and_rerun(stage, kills) == []
    assert world.escaped == []
    assert world.killed == before + len(kills)


def test_nights_killed_at_the_points_that_matter_end_like_undisturbed_ones(world: World) -> None:
    kill_all(world, world.prepare(1, None), FIRST_NIGHT)
    world.pages = False  # fifteen charts are half a night's work, and the first night has been killed among them
    second = world.prepare(2, world.folder / "after-1")
    kill_all(world, second, SECOND_NIGHT)
    kill_all(world, second, [BETWEEN_MERGE_AND_NOTE])


def test_a_night_on_postgresql_survives_it_too(world: World, postgres_url: str) -> None:
    beside = world.move_to(postgres_url)
    beside.pages = False
    kill_all(beside, beside.prepare(1, None), ON_POSTGRESQL)


def test_an_upgrade_killed_at_any_step_is_done_by_the_next(world: World) -> None:
    for revision in (None, *list_revisions()[:-1]):
        root = world.folder / f"migrated-{revision}"
        for name in ("whole", "cut"):
            make_at(root / name, revision)
            world.configure(root / name)
        assert world.run("migrate", root / "whole", CLOCK, steps_to=str(root / "steps"))
        steps = (root / "steps").read_text("utf-8").splitlines()
        last = {name: place for place, name in enumerate(steps)}
        for name in sorted(random.Random(7).sample(sorted(last), min(3, len(last))), key=last.__getitem__):
            assert not world.run("migrate", root / "cut", CLOCK, Kill(step=(name, steps.count(name)))), name
        assert world.run("migrate", root / "cut", CLOCK)
        assert read_schema(root / "cut") == read_schema(root / "whole")
        engine = open_engine(f"sqlite:///{root / 'cut' / 'koll.db'}")
        require_current(engine)
        engine.dispose()


COMMANDS = {  # where each was found wanting, or would hurt most; ``make torture`` kills all of them anywhere
    "backup": [Kill(step=("rename out", 1)), Kill(step=("open archive/objects", 5))],
    "restore": [Kill(step=("rename archive/objects", 5)), Kill(step=("answered INSERT complaint", 1))],
    "rotate": [Kill(step=("rename archive/archive.key", 1)), Kill(step=("rename archive/objects", 2))],
    "review": [Kill(step=("sql INSERT run", 1))],  # the answers are given, and not counted yet
    "declarations": [Kill(step=("rename archive/readings", 1))],
    "tip": [Kill(step=("sql UPDATE complaint", 1))],
    "send": [Kill(verb=("TAKEN", 2))],
    "export": [Kill(step=("rename out", 1))],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_killed_half_way_and_given_again_leaves_what_it_would_have_left(world: World, name: str) -> None:
    before = world.killed
    if not (world.folder / "after-1").exists():
        world.prepare(1, None)
    case = Case(world, name, world.folder / "after-1", CLOCK)
    assert case.kill_and_repeat(COMMANDS[name]) == []
    assert world.killed == before + len(COMMANDS[name])


FORGETTING = [
    Kill(step=("answered DELETE complaint_text", 100)),
    Kill(step=("rename archive/forgotten", 1)),  # the rows are forgotten, the objects are not
    Kill(step=("remove archive/objects", 1)),
]


def test_forgetting_killed_half_way_is_done_by_the_next_run_and_takes_nothing_else(world: World) -> None:
    source, root = world.folder / "after-1", world.folder / "forgetting"
    if not source.exists():
        world.prepare(1, None)
    later = datetime(2027, 3, 2, 1, 15, tzinfo=UTC)
    left = []
    for kills in ([], FORGETTING):
        world.copy(source, root.name)
        for kill in kills:
            assert not world.run("forget", root, later, kill), kill
        assert world.run("forget", root, later)
        engine = open_engine(world.database(root))
        with engine.connect() as connection:
            texts = sorted(map(tuple, connection.execute(text("SELECT * FROM complaint_text"))))
            assert connection.execute(text("SELECT count(*) FROM complaint")).scalar_one() > 500
        engine.dispose()
        objects = {path.name for path in (root / "archive" / "objects").rglob("*") if path.is_file()}
        left.append((texts, objects))
    assert left[0] == left[1]
    assert len(left[0][1]) < sum(path.is_file() for path in (source / "archive" / "objects").rglob("*"))
