"""A time limit for one mail, in whatever thread it is read."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TookTooLong(Exception):
    """The work was stopped when its time was over."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TookTooLong inside the block once ``seconds`` have passed.

    The exception comes between two steps of the interpreter (``PyThreadState_SetAsyncExc`` of the C interface), so one
    call into C is not cut short: the caps on a mail's sizes and patterns without backtracking see to those. Signals
    would do it too, but in the main thread only, and a night reads its sources side by side.
    """
    thread, guard = threading.get_ident(), threading.Lock()
    over = False

    def stop() -> None:
        with guard:
            if not over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TookTooLong))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with guard:
            over = True
        timer.cancel()
