"""A run on a terminal: a line for each source, with how far it has come, and what it found in the end."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from flows.onlooker import Onlooker, looked_on_by
from models.storage.tables import SourceNight
from models.words import Verdict

_MARKS = {Verdict.OK: ("✓", "green"), Verdict.ODD: ("!", "yellow"), Verdict.BROKEN: ("✗", "red")}
_WAITING = "waiting"


@contextmanager
def show_progress(console: Console, sources: Sequence[str]) -> Iterator[None]:
    """Show the sources' progress in the body, where ``console`` is a terminal; otherwise the log tells it.

    Prefect's own lines would run through the bars: they are silenced, unless PREFECT_LOGGING_LEVEL asks for them.
    """
    if not console.is_terminal or "PREFECT_LOGGING_LEVEL" in os.environ:
        yield
        return
    os.environ["PREFECT_LOGGING_LEVEL"] = "CRITICAL"
    try:
        with Bars(console, sources) as bars, looked_on_by(bars):
            yield
    finally:
        del os.environ["PREFECT_LOGGING_LEVEL"]


class _State(ProgressColumn):
    """The source's mark and what is to be said of it now."""

    max_refresh = 0.2

    def render(self, task: Task) -> Text:
        night: SourceNight | None = task.fields["night"]
        if night is None:
            return Text(
                _count_requests(task.fields["made"]) or _WAITING, style="dim", no_wrap=True, overflow="ellipsis"
            )
        return Text(sum_up(night), style=_MARKS[Verdict(night.verdict)][1], no_wrap=True, overflow="ellipsis")


class _Mark(SpinnerColumn):
    """A spinner while a source is read, its verdict's mark afterwards."""

    def render(self, task: Task) -> Text:
        night: SourceNight | None = task.fields["night"]
        if night is not None:
            return Text(*_MARKS[Verdict(night.verdict)])
        return Text(" ") if task.fields["made"] is None else super().render(task)  # type: ignore[return-value]


class Bars(Onlooker):
    """The lines of one run."""

    def __init__(self, console: Console, sources: Sequence[str]) -> None:
        self._progress = Progress(
            _Mark(), TextColumn("{task.description}"), BarColumn(12), _State(), TimeElapsedColumn(), console=console
        )
        self._tasks: dict[str, TaskID] = {name: self._add(name) for name in sources}

    def _add(self, source: str) -> TaskID:
        return self._progress.add_task(escape(source), start=False, total=None, night=None, made=None)

    def __enter__(self) -> "Bars":
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last state on the screen."""
        self._progress.stop()

    def say(self, line: str) -> bool:
        """Print what is not told by a source's own line above the lines."""
        if line.partition(":")[0] not in self._tasks:
            self._progress.console.print(Text(line, style="dim"))
        return True

    def reading(self, source: str, made: Mapping[str, int]) -> None:
        """Begin a source's clock."""
        if source in self._tasks:
            self._progress.start_task(self._tasks[source])
            self._progress.update(self._tasks[source], made=made)

    def taking_in(self, source: str, done: int, of: int) -> None:
        """Move a source's bar."""
        if source in self._tasks:
            self._progress.update(self._tasks[source], completed=done, total=of)

    def ended(self, night: SourceNight) -> None:
        """Fill the bar and stop the clock."""
        if night.source in self._tasks:
            self._progress.update(self._tasks[night.source], night=night, completed=1, total=1)


def _count_requests(made: Mapping[str, int] | None) -> str:
    if made is None:
        return ""
    number = sum(made.values())
    return f"reading: {number} request(s)" if number else "reading"


def sum_up(night: SourceNight) -> str:
    """Return what a source brought, in a few words: new, changed, gone, refused; or why it brought nothing."""
    if night.verdict == Verdict.BROKEN:
        return night.message
    counts = {"new": night.new, "changed": night.changed, "gone": night.withdrawn, "in quarantine": night.quarantined}
    told = ", ".join(f"{number:,} {word}".replace(",", " ") for word, number in counts.items() if number)
    return told or "nothing new"
