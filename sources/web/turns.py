"""Waiting for one's turn: one request at a time to a host, a pause after each, and quiet when the host asks for it.

Times are those of an injected clock. Turns are shared by all sessions of the process that read the same clock, so
that two sources on one host keep its delay together; another process keeps its own (the night's lock keeps a
second night away).
"""

import contextlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

Clock = Callable[[], float]


@dataclass
class Host:
    """Whose turn it is at one host, when the last request ended, and until when it wants to be left alone."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    ended_at: float | None = None
    quiet_until: float | None = None

    def wait_needed(self, now: float, delay: float) -> float:
        """Return the seconds until the host may be asked again."""
        after_last = 0.0 if self.ended_at is None else self.ended_at + delay - now
        after_quiet = 0.0 if self.quiet_until is None else self.quiet_until - now
        return max(0.0, after_last, after_quiet)

    def leave_alone(self, now: float, seconds: float | None) -> None:
        """Note what a Retry-After asked for."""
        if seconds:
            self.quiet_until = now + seconds


_hosts: dict[tuple[str, Clock], Host] = {}
_hosts_lock = threading.Lock()
_made: ContextVar[Counter[str] | None] = ContextVar("requests made", default=None)


def find_host(key: str, clock: Clock) -> Host:
    """Return the one record of a host, the same for every session."""
    with _hosts_lock:
        return _hosts.setdefault((key, clock), Host())


@contextlib.contextmanager
def counting_requests() -> Iterator[Counter[str]]:
    """Count by host the requests made in the body; other sources are read meanwhile, in contexts of their own."""
    made: Counter[str] = Counter()
    token = _made.set(made)
    try:
        yield made
    finally:
        _made.reset(token)


def note_request(key: str) -> None:
    """Count a request to a host, for whoever counts."""
    if (made := _made.get()) is not None:
        made[key] += 1


class Budget:
    """The seconds one fetch may take; waiting out of politeness is not held against it."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._until = clock() + seconds

    def left(self) -> float:
        """Return the seconds that remain; zero or less when the time is up."""
        return self._until - self._clock()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Stop counting while the body runs."""
        began = self._clock()
        try:
            yield
        finally:
            self._until += self._clock() - began


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a Retry-After asks for, or None. A date is held against the server's own clock (Date)."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        then = parsedate_to_datetime(value)
        now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        return max(0.0, (then - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
