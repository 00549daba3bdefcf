"""A time limit for one mail, in whatever thread it is read."""

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE = 10


class TookTooLong(Exception):
    """The work was stopped when its time was over."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TookTooLong inside the block once this thread has worked for ``seconds``.

    What counts is the thread's own time on the processor, so that a mail is not refused because the machine had other
    things to do; ``_PATIENCE`` times as long on the steady clock ends it all the same.

    The exception comes between two steps of the interpreter (``PyThreadState_SetAsyncExc`` of the C interface), so one
    call into C is not cut short: the caps on a mail's sizes and patterns without backtracking see to those. Signals
    would do it too, but in the main thread only, and a night reads its sources side by side.
    """
    thread, guard = threading.get_ident(), threading.Lock()
    over, read_work = False, _find_clock(thread)
    began, deadline = read_work(), time.monotonic() + seconds * _PATIENCE
    timer: threading.Timer

    def watch() -> None:
        nonlocal timer
        with guard:
            if over:
                return
            left = min(seconds - (read_work() - began), deadline - time.monotonic())
            if left > 0:
                timer = _start(left, watch)
            else:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TookTooLong))

    timer = _start(seconds, watch)
    try:
        yield
    finally:
        with guard:
            over = True
        timer.cancel()


def _find_clock(thread: int) -> Callable[[], float]:
    """Return what tells the seconds that a thread has worked; where the system cannot (macOS), the steady clock."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic
    clock = time.pthread_getcpuclockid(thread)
    return lambda: time.clock_gettime(clock)


def _start(seconds: float, work: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(max(seconds, 0.01), work)
    timer.daemon = True
    timer.start()
    return timer
