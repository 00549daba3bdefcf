"""Whoever looks on while a run is under way: nobody, unless the command line has put somebody there.

One for the whole process, since a terminal is: sources are read in threads of Prefect's making.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from models.storage.tables import SourceNight


class Onlooker:
    """Sees how far each source has come. This one shows nothing."""

    def say(self, line: str) -> bool:
        """Show a line of the run's log; False when it is for the log itself to tell."""
        return False

    def reading(self, source: str, made: Mapping[str, int]) -> None:
        """A source is being read; ``made`` counts the requests by host and goes on growing."""

    def taking_in(self, source: str, done: int, of: int) -> None:
        """So many of a reading's new objects have been parsed."""

    def ended(self, night: SourceNight) -> None:
        """A source has come to its end, well or not."""


_NOBODY = Onlooker()
_now = _NOBODY


def onlooker() -> Onlooker:
    """Return who looks on now."""
    return _now


@contextmanager
def looked_on_by(somebody: Onlooker) -> Iterator[None]:
    """Let somebody look on in the body."""
    global _now
    before, _now = _now, somebody
    try:
        yield
    finally:
        _now = before
