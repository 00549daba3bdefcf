"""Files that speak of one another, and installations on PostgreSQL to read them on, in one go or in parts."""

import json
import random
from collections.abc import Generator, Sequence
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text

from flows.intake.matching import make_linkers
from flows.intake.parts import Part, PartRead, Spread, read_part
from flows.looking.exports import EXPORTS, Asked
from flows.workplace import Workplace
from models.storage.dump import list_tables
from models.storage.store import open_engine
from tests.small_world import NAMES, Small, total

DAY = date(2026, 8, 26)
COMPANIES = [*NAMES.values(), "Anemon Telefoni", "Blaklint Varme AB", "Ingenstans Handel AB", ""]
# What differs between any two runs; and rows are in the same order, but their numbers may have gaps.
OWN = {"run_id", "seconds", "complaint.id"}


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
            kept = [column for column in table.columns if not {column.name, str(column)} & OWN]
            rows = connection.execute(table.select().with_only_columns(*kept).order_by(*table.primary_key.columns))
            told = [str(tuple(row)) for row in rows]
            found[table.name] = sorted(told) if "run_id" in table.primary_key.columns else told
    found["export"] = [json.dumps(row, default=str) for row in EXPORTS["complaints"](place, Asked())]
    return found


def make_database(postgres_url: str) -> str:
    """Return the address of a new one."""
    name = f"p{uuid4().hex}"
    admin = open_engine(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return postgres_url.replace("/postgres?", f"/{name}?", 1)


def lay_out(root: Path) -> Small:
    """Return an installation that knows its members; KOLL_DATABASE_URL says where its database is."""
    world = Small(root, total(), day=DAY, quiet=True)
    world.ingest("tips")
    return world
