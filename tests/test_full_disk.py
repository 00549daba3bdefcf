"""Disks that are really full, under each thing a night writes: in words, nothing half there, and a re-run completes it.

Root lays a small file system over a folder. Anybody may have the kernel refuse files beyond a size, which is the other
half of these tests: what it says then (EFBIG) is what a disk with a quota says.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from flows.intake.outages import recognise
from flows.night import Night, run_night
from tests.small_disk import SmallDisk
from tests.small_world import Small
from tests.test_outages import DAY, count, export, lay_out, make_database

ROWS = 400
UNWRITABLE = "nothing could be written in {root}/archive (No space left on device); make room or mend its rights"
PLACES = {  # folder, bytes left: which sources are broken, what is said
    ("archive", 4_096): ({"agency", "council", "tips"}, UNWRITABLE),  # no room for its keys
    ("archive", 16_384): ({"council", "tips"}, UNWRITABLE),  # room for one file
    ("data-docs", 4_096): (set(), "data docs: {root}/data-docs: No space left on device; make room or mend"),
    ("page", 4_096): (set(), "staff page: {root}/page: No space left on device; make room or mend that folder"),
    (".", 100_000): ({"agency"}, "no room for sqlite:///{root}/koll.db"),
}


def lay_out_with_page(root: Path) -> Small:
    world = lay_out(root, ROWS)
    with (root / "koll.toml").open("a", encoding="utf-8") as config:
        config.write('\n[page]\nfolder = "page"\n')
    world.open().engine.dispose()
    return world


@pytest.fixture(scope="module")
def due(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("KOLL_DATABASE_URL", raising=False)
        world = lay_out_with_page(tmp_path_factory.mktemp("due") / "world")
        assert not run(world).failed
        return outcome(world)


def run(world: Small) -> Night:
    place = world.open()
    try:
        return run_night(place, (), DAY, world.lines.append)
    finally:
        place.engine.dispose()


def run_on_full_disk(world: Small) -> set[str]:
    """Return which sources are broken; a night with no room to be written down in ends in words, as its flow does."""
    try:
        return {fared.source for fared in run(world).broken}
    except DBAPIError as error:
        outage = recognise(error, world.open())
        assert outage is not None
        world.lines.append(outage.sentence)
        return set(world.rows)


def outcome(world: Small) -> tuple[Any, ...]:
    """Return every row and count, and which files of page and data docs are there.

    Mail is compared where whole nights are (test_ill_nights): a first night without a source tells of the others.
    """
    return export(world), sorted(str(path.relative_to(world.root)) for path in files_shown(world))


def files_shown(world: Small) -> list[Path]:
    return [p for folder in ("page", "data-docs") for p in (world.root / folder).rglob("*.html")]


def check_nothing_is_half_there(world: Small, broken: set[str]) -> None:
    assert count(world).items() <= {"agency": ROWS, "council": 12}.items()  # of each source all, or nothing
    assert not broken & set(count(world))
    assert all(path.read_text("utf-8").rstrip().endswith("</html>") for path in files_shown(world))
    assert not [path for path in world.root.rglob("*") if path.suffix == ".part" or path.match("archive/tmp/*")]


@pytest.mark.parametrize(("folder", "leave"), PLACES)
def test_a_full_disk_is_told_and_a_night_with_room_again_completes_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, due: tuple[Any, ...], folder: str, leave: int
) -> None:
    monkeypatch.delenv("KOLL_DATABASE_URL", raising=False)
    world = lay_out_with_page(tmp_path / "world")
    disk = SmallDisk(world.root / folder)
    try:
        broken, said = PLACES[folder, leave]
        disk.fill(leave=leave)
        assert broken <= run_on_full_disk(world)
        assert said.format(root=world.root) in "\n".join(world.lines)
        assert not any("fault of ours" in line for line in world.lines)
        check_nothing_is_half_there(world, broken)
        disk.make_room()
        assert not run(world).failed
        assert outcome(world) == due
    finally:
        disk.remove()


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Let the kernel refuse what goes beyond so many bytes of any file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_database_that_may_not_grow_is_told_and_a_rerun_completes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, due: tuple[Any, ...]
) -> None:
    monkeypatch.delenv("KOLL_DATABASE_URL", raising=False)
    world = lay_out_with_page(tmp_path / "world")
    with no_file_beyond((world.root / "koll.db").stat().st_size + 8 * 4096):
        assert run_on_full_disk(world)
    told = next(line for line in world.lines if "no room for" in line)
    assert f"sqlite:///{world.root}/koll.db" in told and "make room" in told
    check_nothing_is_half_there(world, set())
    assert not run(world).failed
    assert outcome(world) == due


def test_archive_data_docs_page_and_mail_that_may_not_grow_are_told_each_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str, due: tuple[Any, ...]
) -> None:
    monkeypatch.setenv("KOLL_DATABASE_URL", make_database(postgres_url, "nothing_grows"))
    world = lay_out_with_page(tmp_path / "world")
    with no_file_beyond(1_000):
        night = run(world)
    told = "\n".join(world.lines)
    assert {(one.source, one.code) for one in night.broken} == {("agency", "archive-unwritable")}, night.sum_up()
    for place in ("archive", "data-docs", "page"):
        assert f"{world.root / place}" in told
    assert told.count("File too large") >= 3 and told.count("make room") >= 3
    check_nothing_is_half_there(world, {"agency"})
    assert not run(world).failed
    assert outcome(world) == due
