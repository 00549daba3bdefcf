"""A command that is killed leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc on this system")

_PARENT = """
import subprocess, sys, time
from flows.commands.offspring import leave_none_behind
leave_none_behind()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print(child.pid, flush=True)
if sys.argv[1] == "stay":
    time.sleep(300)
child.terminate(); child.wait()
"""


def start(what: str) -> tuple[subprocess.Popen[str], int]:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, what], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


def is_running(pid: int) -> bool:
    """Whether it is there and no zombie that nobody has fetched yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def await_end(pid: int) -> bool:
    for _ in range(600):
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_command_had_started_ends_too(how: signal.Signals) -> None:
    other, others = start("stay")  # of another command: not touched
    parent, child = start("stay")
    try:
        assert is_running(child)
        parent.send_signal(how)
        parent.wait(30)
        assert await_end(child), "the child lives on"
        assert is_running(others)
    finally:
        for pid in (other.pid, others, child):
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)
        other.wait(30)


def test_a_command_that_ends_by_itself_ends_as_before() -> None:
    parent, child = start("go")
    assert parent.wait(60) == 0 and not is_running(child)
