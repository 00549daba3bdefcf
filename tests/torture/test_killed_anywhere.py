"""Twenty quick kills; ``make torture`` does hundreds. What is named here must never go missing from the kinds."""

import random
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from models.store import open_engine, require_current, upgrade
from tests.torture.killing import Kill, Stage, World, choose_kills, torture_world
from tests.torture.migrating import list_revisions, make_at, read_schema

CLOCK = datetime(2026, 7, 2, 1, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    with torture_world(tmp_path_factory.mktemp("killed")) as laid_out:
        yield laid_out


def in_order(stage: Stage, kills: list[Kill]) -> list[Kill]:
    """The further on a kill is, the later it comes, so that each run gets past the one before."""
    first = {name: stage.steps.index(name) for name in set(stage.steps)}
    return sorted(kills, key=lambda kill: first[kill.step[0]] if kill.step else first["smtplib.connect"] + 1)


def test_nights_killed_at_the_points_that_matter_end_like_undisturbed_ones(world: World) -> None:
    before, points = None, [
        Kill(step=("rename archive/objects", 3)),
        Kill(step=("open archive/objects", 40)),  # after a rename, before the folder is on the disk
        Kill(step=("rename archive/readings", 1)),
        Kill(step=("answered INSERT stage", 2)),  # between two chunks
        Kill(step=("sql INSERT outbox", 1)),  # between ledger and outbox
        Kill(step=("sql UPDATE outbox", 2)),  # the relay has said yes, and it is not written down yet
        Kill(verb=("TAKEN", 2)),
        Kill(verb=("BEFORE-TAKEN", 3)),
    ]  # fmt: skip
    for number in (1, 2):
        stage = world.prepare(number, before)
        before = world.folder / f"after-{number}"
        mine = [kill for kill in points if not kill.step or kill.step[0] in stage.steps]
        dice = random.Random(number)
        kills = [*mine[number - 1 :: 2], *choose_kills(stage, dice, 4)]
        assert world.kill_and_rerun(stage, in_order(stage, kills)) == []
    assert world.killed >= 12


def test_a_night_on_postgresql_survives_it_too(tmp_path: Path, postgres_url: str) -> None:
    with torture_world(tmp_path / "killed") as world:
        world.server = postgres_url
        stage = world.prepare(1, None)
        kills = [
            Kill(step=("answered INSERT complaint", 1)),
            Kill(step=("answered INSERT stage", 2)),
            Kill(step=("answered INSERT outbox", 1)),
            Kill(step=("sql UPDATE outbox", 2)),
        ]
        assert world.kill_and_rerun(stage, kills) == []
        assert world.killed >= 2  # rows travel another way here, so that not every statement is passed


def test_an_upgrade_killed_at_any_step_is_done_by_the_next(world: World) -> None:
    for revision in (None, *list_revisions()[:-1]):
        root = world.folder / f"migrated-{revision}"
        for name in ("whole", "cut"):
            make_at(root / name, revision)
            world.configure(root / name)
        assert world.run("migrate", root / "whole", CLOCK, steps_to=str(root / "steps"))
        steps = (root / "steps").read_text("utf-8").splitlines()
        named, places = Counter(steps), random.Random(7).sample(range(len(steps)), min(3, len(steps)))
        for name in {steps[place] for place in places}:
            assert not world.run("migrate", root / "cut", CLOCK, Kill(step=(name, named[name])))
        assert world.run("migrate", root / "cut", CLOCK)
        assert read_schema(root / "cut") == read_schema(root / "whole")
        engine = open_engine(f"sqlite:///{root / 'cut' / 'koll.db'}")
        require_current(engine)
        engine.dispose()


def test_forgetting_killed_half_way_is_done_by_the_next_run_and_takes_nothing_else(world: World) -> None:
    source, root = world.folder / "after-1", world.folder / "forgetting"
    if not source.exists():
        world.prepare(1, None)
    later = datetime(2027, 3, 2, 1, 15, tzinfo=UTC)
    left = []
    for kill in (None, Kill(step=("answered DELETE complaint_text", 1))):
        shutil.rmtree(root, ignore_errors=True)
        world.copy(source, root.name)
        if kill:
            assert not world.run("forget", root, later, kill)
        assert world.run("forget", root, later)
        engine = open_engine(world.database(root))
        upgrade(engine)
        with engine.connect() as connection:
            left.append(sorted(map(tuple, connection.execute(text("SELECT * FROM complaint_text")))))
            assert connection.execute(text("SELECT count(*) FROM complaint")).scalar_one() > 500
        engine.dispose()
    assert left[0] == left[1]
