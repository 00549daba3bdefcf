"""A process that runs nights and dies where it is told to: started once, it forks for every run, so that a run costs
no imports.

It reads one order a line (JSON) and answers with one line: ``{"pid": ...}`` when the run has begun, then
``{"status": ...}`` when it has ended. A run passes *steps*: what Python itself announces to audit hooks (a file
renamed, opened for writing or removed, a line sent to a mail server, a connection made), every statement to the
database and every chunk of rows that is staged past SQLAlchemy, before it is sent and after it was answered. At the
step ``die_at`` (its name, and the how-manieth of that name) the process kills itself with SIGKILL. No part of the
product knows of this.
"""

import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import great_expectations
from alembic import command
from sqlalchemy import Engine, event

import flows.alerts.settling
import flows.intake.rows
import flows.mail.sending.transports
import flows.night
import models.storage.stage
from flows.privacy.retention import run_retention
from flows.workplace import Workplace, open_workplace
from models.storage.store import upgrade

assert command and great_expectations  # imported inside functions: here once, before any fork
flows.intake.rows.CHUNK = 250  # the demo's largest file is read in several chunks then


def run_night(place: Workplace, order: dict[str, Any]) -> None:
    """The night that the order names."""
    with place.exclusively():
        flows.night.run_night(place, (), datetime.fromisoformat(order["clock"]).date(), _say_nothing)


def migrate(place: Workplace, _order: dict[str, Any]) -> None:
    """Bring the tables up to date."""
    upgrade(place.engine)


def send(place: Workplace, _order: dict[str, Any]) -> None:
    """Send what is due: what a killed run had claimed is, once its lease is over."""
    with place.exclusively():
        flows.alerts.settling.send_mail(place, _say_nothing)


def forget(place: Workplace, _order: dict[str, Any]) -> None:
    """Retention."""
    with place.exclusively():
        run_retention(place, who="torture")


WORK: dict[str, Callable[[Workplace, dict[str, Any]], None]] = {
    "night": run_night,
    "migrate": migrate,
    "send": send,
    "forget": forget,
}


def _say_nothing(_line: str) -> None:
    return None


class Steps:
    """Counts the steps of a run, notes their names, and ends it at the one where it is to die."""

    def __init__(self, root: Path, die_at: list[Any] | None) -> None:
        self.root, self.die_at = str(root), tuple(die_at or ())
        self.names: list[str] = []
        self.passed: Counter[str] = Counter()

    def watch(self) -> None:
        """Begin."""
        sys.addaudithook(self.hear)
        event.listen(Engine, "before_cursor_execute", lambda _c, _u, sql, *_: self.pass_by(f"sql {_name(sql)}"))
        event.listen(Engine, "after_cursor_execute", lambda _c, _u, sql, *_: self.pass_by(f"answered {_name(sql)}"))
        event.listen(Engine, "commit", lambda _c: self.pass_by("sql COMMIT"))
        write_rows = models.storage.stage.write_rows

        def write_a_chunk(*rows: Any) -> None:
            self.pass_by("sql rows of a chunk")
            write_rows(*rows)
            self.pass_by("answered rows of a chunk")

        models.storage.stage.write_rows = write_a_chunk

    def hear(self, told: str, args: tuple[Any, ...]) -> None:
        """Listen to what Python announces."""
        if told == "os.rename":
            self.pass_by(f"rename {self.place(args[1])}")
        elif told == "open" and isinstance(args[0], str) and args[0].startswith(self.root):
            self.pass_by(f"{'write' if args[2] & os.O_ACCMODE else 'open'} {self.place(args[0])}")
        elif told in ("os.remove", "os.mkdir", "os.link"):
            self.pass_by(f"{told[3:]} {self.place(args[0])}")
        elif told in ("smtplib.connect", "socket.connect"):
            self.pass_by(told)
        elif told == "smtplib.send":
            line = args[1] if isinstance(args[1], bytes) else args[1].encode()
            verb = line[:8].split(b" ")[0].split(b"\r")[0].decode("ascii", "replace").upper()
            self.pass_by(f"smtp {verb if verb in _VERBS else 'CONTENT'}")

    def place(self, path: object) -> str:
        """Name the part of the installation that a path is in."""
        parts = str(path).removeprefix(self.root).strip("/").split("/")
        named = "/".join(parts[:2]) if parts[0] == "archive" else parts[0]
        return named.removesuffix(f".{os.getpid()}")

    def pass_by(self, name: str) -> None:
        """Count one step, or die at it."""
        self.names.append(name)
        self.passed[name] += 1
        if (name, self.passed[name]) == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)


_VERBS = {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "QUIT"}


def _name(sql: str) -> str:
    words = sql.replace('"', "").replace("\n", " ").split()
    named = [word for word in words[1:] if word.lower() not in ("or", "into", "from", "table", "index", "temporary")]
    return " ".join([words[0].upper(), *([] if words[0].upper() in ("SELECT", "WITH") else named[:1])])


def run_one(order: dict[str, Any]) -> None:
    """Run one order to its end, or to its death."""
    root = Path(order["root"])
    if order.get("database"):
        os.environ["KOLL_DATABASE_URL"] = order["database"]
    steps = Steps(root, order.get("die_at"))
    place = open_workplace(root / "koll.toml", check=False)
    clock = datetime.fromisoformat(order["clock"])
    place.clock = lambda: clock
    steps.watch()
    WORK[order["work"]](place, order)
    if order.get("steps_to"):
        Path(order["steps_to"]).write_text("\n".join(steps.names), "utf-8")


def serve() -> None:
    """Take orders until standard input ends."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                run_one(order)
                status = 0
            except BaseException:  # noqa: BLE001 - the child's only way to tell
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        print(json.dumps({"pid": child}), flush=True)
        _, ended = os.waitpid(child, 0)
        print(json.dumps({"status": ended}), flush=True)


if __name__ == "__main__":
    serve()
