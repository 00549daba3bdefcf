"""What a piece of work took: by the clock, and in processor time of this process and of a database's server."""

import time
from pathlib import Path
from typing import NamedTuple

import psutil


class Took(NamedTuple):
    """Seconds by the clock, and of processor time: ours, and those of PostgreSQL's server."""

    wall: float
    own: float
    server: float = 0.0

    @property
    def cpu(self) -> float:
        """Processor time altogether: what tells most on a machine that does other things too."""
        return self.own + self.server


class Timer:
    """``with Timer(server) as timer``: what it took stands in ``timer.took``; ``server`` is PostgreSQL's process."""

    took = Took(0.0, 0.0)

    def __init__(self, server: int | None = None) -> None:
        self._server = server

    def __enter__(self) -> "Timer":
        self._began = self._read()
        return self

    def __exit__(self, *_: object) -> None:
        self.took = Took(*(now - then for now, then in zip(self._read(), self._began, strict=True)))

    def _read(self) -> Took:
        return Took(time.perf_counter(), time.process_time(), _read_server(self._server) if self._server else 0.0)


def _read_server(pid: int) -> float:
    """Return the processor time of a server, of what works for it now, and of what has ended."""
    server = psutil.Process(pid)
    mine = server.cpu_times()
    total = mine.user + mine.system + mine.children_user + mine.children_system
    for worker in server.children():
        try:
            times = worker.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def read_peak() -> float:
    """Return this process's peak in megabytes. ``getrusage`` would count what its parent held when it began."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.open() if line.startswith("VmHWM")) / 1024
    return float(psutil.Process().memory_info().rss) / 1024 / 1024


MARK = "AIM "  # how a line begins that holds a figure to an aim


def tell(what: str, figure: float, aim: float, *, unit: str = "", at_most: bool = False) -> None:
    """Print a figure beside what is aimed at, and whether it is reached."""
    reached = figure <= aim if at_most else figure >= aim
    bound = "at most" if at_most else "at least"
    print(f"{MARK}{what}: {figure:.3g}{unit}, {bound} {aim:g}{unit}: {'met' if reached else 'MISSED'}", flush=True)
