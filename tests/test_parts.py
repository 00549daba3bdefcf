"""A reading cut into parts comes to the same as one that is read in one go, whatever the cut and which is ready first.

The parts are read in this process here; test_prefect has them on a Dask cluster.
"""

import json
import random
from collections.abc import Callable, Generator, Sequence
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import inspect, text

import flows.intake.rows
from flows.intake.matching import make_linkers
from flows.intake.parts import Part, PartRead, Spread, read_part
from flows.looking.exports import EXPORTS, Asked
from flows.workplace import Workplace
from models.storage.dump import list_tables
from models.storage.store import open_engine
from tests.small_world import NAMES, Small, total

DAY = date(2026, 8, 26)
COMPANIES = [*NAMES.values(), "Anemon Telefoni", "Blaklint Varme AB", "Ingenstans Handel AB", ""]
OWN = {"run_id", "seconds"}  # what differs between any two runs


def write_files(folder: Path, seed: int, number: int) -> None:
    """Write files that speak of one another: periods that overlap, ids that come again, refused here and well there,
    twice in one file, without an id, and one file twice under two names."""
    draw = random.Random(seed)
    for at in range(number):
        first = date(2026, 1, 1) + timedelta(days=20 * at)
        last = first + timedelta(days=draw.choice((19, 35, 50)))
        path = folder / f"utdrag_{first}_{last}.csv"
        lines = ["Nr;Inkom;Företag;Orgnr;Kanal"]
        for _ in range(draw.randint(15, 30)):
            key = "" if draw.random() < 0.02 and seed % 2 else f"k-{draw.randint(1, 150)}"
            day = first + timedelta(days=draw.randint(0, 19))
            channel = draw.choice((*["Telefon", "Annat"] * 4, "Brevduva"))
            lines.append(f"{key};{day};{draw.choice(COMPANIES)};;{channel}")
        path.write_text("\n".join(lines) + "\n", "utf-8")
        if at == 1:
            path.with_name(f"kopia {path.name}").write_bytes(path.read_bytes())


def read_here(place: Workplace, most: int, *, backwards: bool) -> Spread:
    """Read the parts in this process, the last first if asked."""

    def read(parts: Sequence[Part]) -> Generator[PartRead, None, None]:
        linkers = make_linkers(place)
        order = list(reversed(parts)) if backwards else parts
        found = {part.place: read_part(place, part, linkers(part.source)) for part in order}
        yield from (found[part.place] for part in parts)

    return Spread(most, read)


def everything(place: Workplace) -> dict[str, list[str]]:
    """Return every row of every table, and the export as it is written."""
    found = {}
    with place.engine.connect() as connection:
        for table in list_tables():
            kept = [column for column in table.columns if column.name not in OWN]
            rows = connection.execute(table.select().with_only_columns(*kept).order_by(*table.primary_key.columns))
            told = [str(tuple(row)) for row in rows]
            found[table.name] = sorted(told) if "run_id" in table.primary_key.columns else told
    found["export"] = [json.dumps(row, default=str) for row in EXPORTS["complaints"](place, Asked())]
    return found


@pytest.fixture
def make_world(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Small]:
    """Each call gives an installation with a database of its own."""

    def make() -> Small:
        name = f"p{uuid4().hex}"
        admin = open_engine(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        monkeypatch.setenv("KOLL_DATABASE_URL", postgres_url.replace("/postgres?", f"/{name}?", 1))
        monkeypatch.setenv("KOLL_HASH_KEY", "one key for all of them")
        world = Small(tmp_path / name, total(), day=DAY, quiet=True)
        world.ingest("tips")  # takes the register in
        return world

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
