"""One run writes at a time: an advisory lock on PostgreSQL, a lock file beside an SQLite database.

Either is freed by the system when the process that holds it dies, however it dies.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

_NUMBER = 0x6B6F6C6C  # "koll": the advisory lock's number on PostgreSQL


class NightUnderWay(RuntimeError):
    """Another run holds the lock."""


class OneWriter:
    """The lock of one database; several threads of the run that holds it may ask whether it still does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session: Connection | None = None
        self._one_at_a_time = threading.Lock()
        self._holds_file = False

    @property
    def is_alone(self) -> bool:
        """Whether every run before this one is certainly dead: only its end frees a lock file.

        PostgreSQL frees its lock when a connection is lost too, and whoever lost it may still be sending a mail.
        """
        return self._holds_file

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock; raise NightUnderWay at once when another has it."""
        if self._engine.dialect.name != "postgresql":
            with _hold_file(Path(str(self._engine.url.database)).with_suffix(".lock")):
                self._holds_file = True
                try:
                    yield
                finally:
                    self._holds_file = False
            return
        if self._session is not None:
            raise NightUnderWay(_explain("this process"))
        self._session = self._take()
        try:
            yield
        finally:
            _end(self._session)
            self._session = None

    def confirm(self) -> None:
        """Make sure that the lock is still ours: PostgreSQL frees it when its connection is lost.

        It is taken anew where the server had only been away. Raises NightUnderWay when another run has it by now,
        and DBAPIError while nothing answers. Does nothing in a run that never took it.
        """
        with self._one_at_a_time:
            if self._session is None:
                return
            try:
                self._session.execute(text("SELECT 1"))
                self._session.commit()
            except DBAPIError:
                _end(self._session)
                self._session = self._take()

    def _take(self) -> Connection:
        session = self._engine.connect()
        session.detach()  # ended for good afterwards, not handed back to the pool with the lock on it
        try:
            taken = session.execute(text("SELECT pg_try_advisory_lock(:number)"), {"number": _NUMBER}).scalar()
            session.commit()
            if not taken:
                raise NightUnderWay(_explain("the database"))
        except BaseException:
            _end(session)
            raise
        return session


@contextmanager
def _hold_file(path: Path) -> Iterator[None]:
    try:
        with FileLock(path, timeout=0, mode=0o600):
            yield
    except Timeout as error:
        raise NightUnderWay(_explain(str(path))) from error


def _end(session: Connection) -> None:
    with suppress(DBAPIError):  # the server is gone, and the lock with it
        session.close()


def _explain(place: str) -> str:
    return f"another run holds the lock ({place}); wait for it to end, then run this again"
