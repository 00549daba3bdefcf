"""Every table as lines of JSON and back, the same on both engines: what a backup holds of the database."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Integer, MetaData, Table, func, select, text
from sqlmodel import SQLModel

import models.storage.tables  # noqa: F401 - fills the metadata

_CHUNK = 5_000  # rows a call
_READ_AT_ONCE = 2_000
_READERS: Mapping[str, Callable[[str], object]] = {
    "at": datetime.fromisoformat,
    "day": date.fromisoformat,
    "bytes": b64decode,
}


def open_snapshot(engine: Engine) -> Connection:
    """Return a connection that sees the database as it is now, whatever is written meanwhile; close it.

    PostgreSQL by its isolation level. SQLite's write-ahead log gives a reader the state it first saw.
    """
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    connection.execute(text("SELECT count(*) FROM alembic_version"))
    return connection


def list_tables() -> list[Table]:
    """Return our tables, each after those it refers to."""
    return list(SQLModel.metadata.sorted_tables)


def dump_table(connection: Connection, table: Table) -> Iterator[bytes]:
    """Yield one line with the column names, then one a row, in the order of the key."""
    yield _line([column.name for column in table.columns])
    rows = connection.execution_options(yield_per=_READ_AT_ONCE).execute(
        select(table).order_by(*table.primary_key.columns)
    )
    for row in rows:
        yield _line([_write(value) for value in row])


def load_tables(engine: Engine) -> dict[str, Table]:
    """Return the tables as they stand in the database, which may be of an earlier schema than ours."""
    found = MetaData()
    found.reflect(engine)
    return dict(found.tables)


def load_table(connection: Connection, table: Table, lines: Iterable[bytes]) -> int:
    """Insert what ``dump_table`` yielded into an empty table; return how many rows."""
    source = iter(lines)
    names = json.loads(next(source))
    number = 0
    while chunk := [dict(zip(names, map(_read, json.loads(line)), strict=True)) for line in islice(source, _CHUNK)]:
        connection.execute(table.insert(), chunk)
        number += len(chunk)
    _move_sequence(connection, table)
    return number


def count_rows(connection: Connection, tables: Iterable[Table]) -> int:
    """Return how many rows the tables have together."""
    return sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)


def _line(values: list[Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


def _write(value: Any) -> Any:
    """Return a value as JSON has it; what JSON has no word for stands in an object with its type."""
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, bytes):
        return {"bytes": b64encode(value).decode()}
    return {"json": value} if isinstance(value, dict | list) else value


def _read(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, told),) = value.items()
    return told if kind == "json" else _READERS[kind](told)


def _move_sequence(connection: Connection, table: Table) -> None:
    """Let PostgreSQL go on numbering after the rows that came with their numbers."""
    key = list(table.primary_key.columns)
    if connection.dialect.name != "postgresql" or len(key) != 1 or not isinstance(key[0].type, Integer):
        return
    last = connection.execute(select(func.max(key[0]))).scalar()
    sequence = connection.execute(select(func.pg_get_serial_sequence(f'"{table.name}"', key[0].name))).scalar()
    if last is not None and sequence is not None:
        connection.execute(select(func.setval(sequence, last)))
