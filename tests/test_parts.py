"""A reading cut into parts comes to the same as one that is read in one go, whatever the cut and which is ready first.

The parts are read in this process here; test_prefect has them on a Dask cluster.
"""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import inspect

import flows.intake.rows
from tests.parts_world import everything, lay_out, make_database, read_here, write_files
from tests.small_world import Small


@pytest.fixture
def make_world(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Small]:
    """Each call gives an installation with a database of its own."""
    monkeypatch.setenv("KOLL_HASH_KEY", "one key for all of them")

    def make() -> Small:
        monkeypatch.setenv("KOLL_DATABASE_URL", make_database(postgres_url))
        return lay_out(tmp_path / uuid4().hex)

    return make


@pytest.mark.parametrize(("seed", "most"), [(1, 3), (2, 16)])
def test_parts_of_any_number_come_to_the_same_to_the_byte(
    make_world: Callable[[], Small], seed: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.intake.rows, "CHUNK", 25)
    found = []
    for parts in (0, most):
        world = make_world()
        for number in (4, 7):  # a second night, with more files, over what the first has left
            write_files(world.root / "agency", seed, number)
            spread = read_here(world.open(), parts, backwards=True) if parts else None
            night = world.ingest("agency", spread=spread)
            assert not night.broken, night.sum_up()
        found.append(everything(world.open()))
    whole, parted = found
    assert len(whole["complaint"]) > 40 and whole["quarantine"] and len(whole["parsed"]) == 8
    for name in whole:
        assert parted[name] == whole[name], name


def test_a_file_that_cannot_be_read_breaks_the_source_as_ever_and_leaves_no_part_behind(
    make_world: Callable[[], Small],
) -> None:
    told = []
    for most in (0, 3):
        world = make_world()
        write_files(world.root / "agency", 1, 5)
        (world.root / "agency" / "utdrag_2026-03-01_2026-03-31.csv").write_text("Nr;Inkom\n1;2026-03-02\n", "utf-8")
        night = world.ingest("agency", spread=read_here(world.open(), most, backwards=False) if most else None)
        told.append([(one.code, one.message) for one in night.broken])
        assert not everything(world.open())["complaint"]
        world.ingest("tips")  # the next run sweeps
        assert not [one for one in inspect(world.open().engine).get_table_names() if one.startswith("koll_part_")]
    assert told[0] == told[1] != []
