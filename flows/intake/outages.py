"""What the machine does to a run: a database that goes away, a full disk. Told by name, waited for, tried again.

Nothing here looks at what was being written: a driver's text may hold somebody's data beyond its first line.
"""

import errno
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from flows.workplace import Workplace

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_ROOM = "53100"  # PostgreSQL's disk_full
_HELD = ("55P03", "40P01", "40001")  # a lock not had in time, a deadlock, a conflict of two writers
_GONE = ("08", "57P", "58")  # connection lost, server ended or starting, its disk fails
_PAUSE = 1.0  # seconds between two questions to a database that does not answer


@dataclass(frozen=True)
class Outage:
    """What failed: its rule code, and a sentence that names the place and the cure."""

    code: str
    sentence: str
    passes: bool  # waiting may help


def recognise(error: BaseException, place: Workplace) -> Outage | None:
    """Tell which outage an error comes from; None when it is no outage."""
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    where = place.engine.url.render_as_string(hide_password=True)
    if isinstance(cause, psycopg.OperationalError):
        return _recognise_postgresql(cause, where)
    if isinstance(cause, sqlite3.OperationalError | sqlite3.DatabaseError):
        return _recognise_sqlite(cause, where)
    if isinstance(cause, OSError) and cause.errno in _FULL:
        return _full(str(cause.filename or "the folder for temporary files"), cause.strerror or "no room")
    return None


def _recognise_postgresql(error: psycopg.OperationalError, where: str) -> Outage | None:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if error.sqlstate == _NO_ROOM:
        return _full(where, reason)
    if error.sqlstate in _HELD:
        return _held(where, reason)
    if error.sqlstate is None or error.sqlstate.startswith(_GONE):
        return Outage(
            "database-gone",
            f"the database {where} went away ({reason}); nothing of this reading was stored; see that it answers",
            passes=True,
        )
    return None


def _recognise_sqlite(error: sqlite3.Error, where: str) -> Outage | None:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return _full(where, str(error))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _held(where, str(error))
    if name.startswith("SQLITE_IOERR"):  # a full disk shows like this too, where a file is mapped
        return _full(where, f"{error}, {name}")
    return None


def _full(where: str, reason: str) -> Outage:
    sentence = f"no room for {where} ({reason}); nothing of this reading was stored; make room"
    return Outage("disk-full", sentence, passes=False)


def _held(where: str, reason: str) -> Outage:
    sentence = (
        f"another program holds the database {where} ({reason}); nothing of this reading was stored; end what holds it "
        "(an open database shell, a copy under way)"
    )
    return Outage("database-locked", sentence, passes=False)  # the lock was waited for already


def await_database(place: Workplace, log: Callable[[str], None]) -> bool:
    """Wait for a database that went away, as long as [database] wait says; tell whether it answers again.

    The lock is made sure of as well. Raises NightUnderWay when another run began meanwhile.
    """
    until = time.monotonic() + place.settings.database.wait
    log(f"database: it went away; waiting up to {place.settings.database.wait:.0f} s for it")
    while True:
        try:
            with place.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            place.one_writer.confirm()
        except DBAPIError:
            if time.monotonic() >= until:
                log("database: it does not answer")
                return False
            time.sleep(_PAUSE)
        else:
            log("database: it answers again")
            return True
