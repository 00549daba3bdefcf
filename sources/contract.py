"""The contract every source keeps: read (discover, fetch, archive), then parse, which is pure.

A source is one file with a ``SourceInfo`` and a class of two methods. ``read`` is the only part that touches the
world and ends in a ``Reading`` whose every byte is archived; ``parse`` sees bytes and nothing else, so that
``--replay`` can run it again from the archive.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from models.drafts import Check, Draft


class SourceBroken(Exception):
    """The source cannot be trusted tonight. ``code`` is its rule code; the text names the place and the cure."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} [{code}]")
        self.code = code


@dataclass(frozen=True)
class Bounds:
    """What is normal for one source, overridable in koll.toml.

    ``rows`` counts drafts of one full reading (min, max); ``quiet_days`` is how many days without anything new
    are normal; ``max_age_days`` is when complete-through counts as late; ``delay`` is seconds between requests to
    one host.
    """

    rows: tuple[int, int]
    quiet_days: int
    max_age_days: int
    delay: float = 2.0


@dataclass(frozen=True)
class SourceInfo:
    """What is fixed about a kind of source: who publishes it, on what terms, and its default bounds."""

    kind: str
    title: str
    publisher: str
    licence: str
    parser_version: int
    bounds: Bounds
    names_all_companies: bool  # ranks among all of them ("in the country"), else among members
    checks: tuple[Check, ...] = ()  # of its own, besides the common ones


@dataclass(frozen=True)
class RawItem:
    """One archived object of a reading. ``name`` is its URL or file name; ``unchanged`` means the publisher said so."""

    name: str
    sha256: str
    media_type: str = ""
    charset: str = ""
    fetched_at: datetime | None = None
    unchanged: bool = False
    etag: str = ""
    last_modified: str = ""
    role: str = "record"  # "record" is parsed; "listing" was only used to discover
    covers: tuple[date, date] | None = None  # the period a file says it is complete for, both ends included
    note: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """Something wrong with one item of a reading that did not stop the others."""

    code: str
    name: str
    message: str


@dataclass(frozen=True)
class Reading:
    """What one visit to a source brought home, all of it archived.

    ``items`` are in the order in which they count (a later one supersedes an earlier). ``complete`` means that
    everything the source holds now was listed, so that what is missing has been withdrawn. ``complete_through``
    is the last date of which the source has told everything, or None when it does not say.
    """

    source: str
    items: tuple[RawItem, ...]
    read_at: datetime
    business_date: date
    complete: bool = False
    complete_through: date | None = None
    problems: tuple[Problem, ...] = ()


class Source(Protocol):
    """A configured source."""

    @property
    def name(self) -> str:
        """Its key in koll.toml."""
        ...

    @property
    def info(self) -> SourceInfo:
        """What is fixed about its kind."""
        ...

    @property
    def bounds(self) -> Bounds:
        """What is normal for it here."""
        ...

    def read(self, visit: "Visit") -> Reading:
        """Discover, fetch and archive; raise SourceBroken when what answers is not the source we know."""
        ...

    def parse(self, content: bytes, item: RawItem) -> Iterator[Draft]:
        """Turn one archived object into drafts; pure. Raise SourceBroken when the object is not what was due."""
        ...


@runtime_checkable
class Tidying(Protocol):
    """A source that leaves a mark on what it has taken, once the reading that took it is recorded."""

    def tidy(self, visit: "Visit", recorded: Reading) -> None:
        """Leave the mark; never raises for what the other side does: the next reading tries again."""
        ...


@dataclass
class Visit:
    """What ``read`` may use: the archive, the last reading (for conditional requests), the window asked for."""

    archive: "Archive"
    business_date: date
    now: datetime
    last: Reading | None = None
    since: date | None = None
    until: date | None = None
    user_agent: str = "Medlemskoll"
    log: "Log" = print


class Archive(Protocol):
    """Content-addressed store of raw bytes."""

    def put(self, content: bytes, *, private: bool = False) -> str:
        """Store and return the sha256; a second put of the same bytes does nothing. ``private``: what people wrote."""
        ...

    def put_file(self, path: Path, *, private: bool = False) -> str:
        """Store a file of any size in constant memory and return its sha256."""
        ...

    def get(self, sha256: str) -> bytes:
        """Return the bytes; raise when missing or damaged."""
        ...

    def holds(self, sha256: str) -> bool:
        """Tell whether the object is there: ask conditionally only for what can still be read."""
        ...

    def is_forgotten(self, sha256: str) -> bool:
        """Tell whether an object is gone, and gone on purpose."""
        ...


class Log(Protocol):
    """A line for the operator, without personal data."""

    def __call__(self, line: str, /) -> None:
        """Write it."""
        ...
