"""The database: opening it, bringing its tables up to date, and writing rows that may already be there."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from itertools import chain, count, islice, repeat
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    DefaultClause,
    Engine,
    FromClause,
    String,
    Table,
    cast,
    event,
    inspect,
    make_url,
    or_,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import OperationalError
from sqlmodel import create_engine

from models.draft_table import are_alike

_MIGRATIONS = Path(__file__).parent.parent / "migrations"
_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-65536", "temp_store=FILE")
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_SPECIAL = re.compile(r"[\\\t\n\r]")
_LOCK_TIMEOUT = "5min"
CHUNK = 5_000  # rows a call; keeps memory in bounds
_TOGETHER = 200  # rows of one INSERT on SQLite


class StoreUnusable(RuntimeError):
    """The database cannot be used as it is; the text says which one and what to do."""


def open_engine(url: str, password: str | None = None) -> Engine:
    """Open the database at ``url``.

    SQLite runs in WAL, waits 60 s for a lock and enforces foreign keys; PostgreSQL waits 5 minutes for one.
    """
    address = make_url(url)
    if not address.drivername.startswith("sqlite"):
        address = address.set(password=password) if password else address
        engine = create_engine(address, pool_pre_ping=True, hide_parameters=True)
        event.listen(engine, "connect", _limit_waiting)
        return engine
    if address.database and address.database != ":memory:":
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, connect_args={"timeout": 60}, hide_parameters=True)
    engine.dialect.statement_compiler = _SQLiteCompiler

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # BEGIN is sent below, not guessed by the driver
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine


class _SQLiteCompiler(SQLiteCompiler):
    """Lets a query say NOT INDEXED: without statistics SQLite goes through an index where reading all is quicker."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        """Return a hint as it stands behind the table's name."""
        return text


def _limit_waiting(connection: Any, _record: object) -> None:
    """A lock that somebody's forgotten session holds must end a run in words, not hold it for ever."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
    connection.commit()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that means to write: SQLite takes its lock at once instead of failing half-way."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def forgetting(engine: Engine) -> Iterator[Connection]:
    """Write as ``writing`` does; what is deleted or cut is gone from the file too, not only from the tables.

    SQLite overwrites it and empties its log. PostgreSQL does so when it vacuums, and keeps its log by its own rule.
    """
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect().execution_options(writes=True) as connection:
        if sqlite:
            connection.connection.driver_connection.execute("PRAGMA secure_delete = ON")  # type: ignore[union-attr]
        try:
            with connection.begin():
                yield connection
        finally:
            if sqlite:
                driver = connection.connection.driver_connection
                driver.execute("PRAGMA secure_delete = OFF")  # type: ignore[union-attr]
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Create the tables or bring them up to date, or as far as ``revision``.

    Raises StoreUnusable when the database is newer than we are.
    """
    from alembic import command  # costs a tenth of a second that commands which only look need not pay
    from alembic.config import Config

    refuse_newer(engine)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def refuse_newer(engine: Engine) -> None:
    """Raise StoreUnusable when a later version of the product has written this database, or it does not answer."""
    revision = _read_revision(engine)
    if revision is not None and revision not in list_revisions():
        raise StoreUnusable(
            f"{_show(engine)}: written by a newer Medlemskoll (schema {revision}); install that version here too"
        )


def require_current(engine: Engine) -> None:
    """Raise StoreUnusable unless the tables are exactly ours: missing, older and newer each name their cure."""
    refuse_newer(engine)
    revision, head = _read_revision(engine), list_revisions()[-1]
    if revision != head:
        state = "has no tables yet" if revision is None else f"is at schema {revision}, {head} is due"
        raise StoreUnusable(f"{_show(engine)}: {state}; run `koll init`")


def list_revisions() -> list[str]:
    """Return our revisions, oldest first: each migration's file begins with its number."""
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _read_revision(engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise StoreUnusable(f"{_show(engine)}: cannot be opened ({reason}); check [database] url") from error


def _show(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], keep: Sequence[str] = ()) -> int:
    """Insert ``rows``, or update those that differ; return how many rows were written.

    The table's primary key decides what is the same row. Columns in ``keep`` are set on insert only. A row whose
    other columns are equal is not touched at all. All rows have the same columns.
    """
    if not rows:
        return 0
    statement = _write(connection, table, list(rows[0]), keep)
    written = 0
    for start in range(0, len(rows), CHUNK):
        chunk = list(rows[start : start + CHUNK])
        written += connection.execute(statement, chunk, execution_options={"preserve_rowcount": True}).rowcount
    return written


def _write(connection: Connection, table: Table, columns: Sequence[str], keep: Sequence[str]) -> Any:
    insert = _insert(connection, table)
    key = [column.name for column in table.primary_key]
    changing = [name for name in columns if name not in (*key, *keep)]
    if not changing:
        return insert.on_conflict_do_nothing(index_elements=key)
    differs = [_comparable(table.c[n]).is_distinct_from(_comparable(insert.excluded[n])) for n in changing]
    return insert.on_conflict_do_update(
        index_elements=key, set_={name: insert.excluded[name] for name in changing}, where=or_(*differs)
    )


def _insert(connection: Connection, table: Table) -> Any:
    if connection.dialect.name == "postgresql":  # a twentieth of a second to import, which SQLite need not pay
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)


def _comparable(column: Any) -> Any:
    """JSON has no equality on PostgreSQL: its text is compared."""
    return cast(column, String) if isinstance(column.type, JSON) else column


def pack_rows(connection: Connection, table: Table, columns: Mapping[str, Iterable[Any]]) -> Callable[[], None]:
    """Return what inserts rows given as columns of plain values (text, numbers, dates, None), as quickly as can be.

    Whoever calls it may do so on another thread while nothing else uses the connection: on PostgreSQL nearly all our
    own work is done by then, and what is left is to wait for the server. JSON comes as text. A column that holds
    nothing but its default is left to the table. Nothing is looked up or compared: for tables that are ours alone,
    such as temporary ones, or where all are new.
    """
    filled = {name: _list_filled(table.c[name], column) for name, column in columns.items()}
    values = {name: column for name, column in filled.items() if column is not None}
    driver: Any = connection.connection.driver_connection
    named = ", ".join(values)
    if connection.dialect.name == "postgresql":
        rows = map("\t".join, zip(*map(_escape, values.values()), strict=True))
        blocks = list(iter(lambda: "\n".join(islice(rows, CHUNK)), ""))
        return partial(_copy, driver, f"COPY {table.name} ({named}) FROM STDIN", blocks)
    return partial(_insert_together, driver, f"INSERT INTO {table.name} ({named}) VALUES", list(values.values()))


def _copy(driver: Any, statement: str, blocks: Iterable[str]) -> None:
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for block in blocks:
            copy.write(block + "\n")


def _insert_together(driver: Any, statement: str, columns: Sequence[Sequence[Any]]) -> None:
    """Insert rows some at once: a fifth quicker than one by one. What all of them say alike is sent once."""
    number = len(columns[0])
    alike = [are_alike(column) for column in columns]
    told = tuple(column[0] for column, same in zip(columns, alike, strict=True) if same)
    differing = [column for column, same in zip(columns, alike, strict=True) if not same]
    cells = chain.from_iterable(zip(*differing, strict=True))
    for together, times in ((_TOGETHER, number // _TOGETHER), (1, number % _TOGETHER)):
        rows = ((*told, *islice(cells, together * len(differing))) for _ in range(times))
        driver.executemany(f"{statement} {_number_places(alike, together)}", rows)


def _number_places(alike: Sequence[bool], rows: int) -> str:
    """Return the places of so many rows; the values of columns that are alike come first, and once."""
    differ = count(sum(alike) + 1)
    told = []
    for _ in range(rows):
        once = count(1)
        told.append(f"({', '.join(f'?{next(once if same else differ)}' for same in alike)})")
    return ", ".join(told)


def _list_filled(column: Column[Any], values: Iterable[Any]) -> list[Any] | None:
    """Return values as both drivers take them; None when all are the column's default."""
    told = list(_iso(values) if isinstance(column.type, Date) else values)
    given = column.server_default
    default = given.arg if isinstance(given, DefaultClause) else None
    same = told and (told[0] is None if default is None else str(told[0]) == default)
    return None if same and told.count(told[0]) == len(told) else told


def _iso(days: Iterable[date | None]) -> Iterable[str | None]:
    distinct = list(days)
    known = {day: day.isoformat() for day in set(distinct) if day is not None}
    return map(known.get, distinct)  # type: ignore[arg-type]  # None is no key, and so stays None


def _escape(column: Sequence[Any]) -> Iterable[str]:
    """Return a column as PostgreSQL's COPY has it in its text form."""
    if are_alike(column):
        return repeat(_escape_value(column[0]), len(column))
    told = list(map(str, column if None not in column else [value for value in column if value is not None]))
    if _SPECIAL.search("".join(told)):  # one look at all is much quicker than one at each
        return map(_escape_value, column)
    return told if len(told) == len(column) else ["\\N" if value is None else str(value) for value in column]


def _escape_value(value: Any) -> str:
    return "\\N" if value is None else str(value).translate(_ESCAPED)
