"""What a command has started ends with it, however it ended.

Prefect's temporary server outlives a killed parent, at 250 MB each; it ends it only where it can say goodbye itself.
"""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

_MARK = "MEDLEMSKOLL_OFFSPRING_OF"
_PROCESSES = Path("/proc")
_GRACE = 5  # seconds to say goodbye, as many as Prefect gives its server


def leave_none_behind() -> None:
    """Start a guard that waits for this process to be gone, then ends what it had started.

    All that a process starts inherits its environment, so a mark in there tells them. Where no /proc is, nothing is
    done.
    """
    if not (_PROCESSES / "self/environ").exists():
        return
    mark = uuid.uuid4().hex
    guard = subprocess.Popen(  # noqa: S603 - our own file, with a mark of our own making
        [sys.executable, "-I", "-S", __file__, mark],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # what is sent to our whole group must not end the guard before us
    )
    _guards.append(guard)
    os.environ[_MARK] = mark


_guards: list["subprocess.Popen[bytes]"] = []  # the pipe to it stays open for as long as we live: its end is the signal


def _end_marked(mark: bytes, how: signal.Signals) -> None:
    for environ in _PROCESSES.glob("[0-9]*/environ"):
        try:
            if mark in environ.read_bytes().split(b"\0"):
                os.kill(int(environ.parent.name), how)
        except OSError:  # ended meanwhile, or another user's
            continue


if __name__ == "__main__":
    sys.stdin.buffer.read()
    for how in (signal.SIGTERM, signal.SIGKILL):  # also what was just being started and had no mark yet
        _end_marked(f"{_MARK}={sys.argv[1]}".encode(), how)
        time.sleep(_GRACE)
