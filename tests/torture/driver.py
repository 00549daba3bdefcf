"""A process that runs nights and dies where it is told to: started once, it forks for every run, so that a run costs
no imports.

It reads one order a line (JSON) and answers with one line: ``{"pid": ...}`` when the run has begun, then
``{"status": ...}`` when it has ended. A run passes *steps*: what Python itself announces to audit hooks (a file
renamed, opened for writing or removed, a line sent to a mail server, a connection made), every statement to the
database and every chunk of rows that is staged past SQLAlchemy, before it is sent and after it was answered. At the
step ``die_at`` (its name, and the how-manieth of that name) the process kills itself with SIGKILL. No part of the
product knows of this.
"""

import importlib
import json
import os
import pkgutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
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
from flows.intake.matching import make_linkers, make_matcher
from flows.intake.parts import Part, PartRead, Spread, drop_left_parts, read_part
from flows.koll import app
from flows.privacy.retention import run_retention
from flows.workplace import Workplace, open_workplace
from models.storage.store import upgrade, writing

assert command and great_expectations  # imported inside functions: here once, before any fork
for room in ("dossier", "declarations", "page", "privacy", "review", "tips", "looking", "commands"):
    for found in pkgutil.iter_modules([f"flows/{room}"], f"flows.{room}."):
        importlib.import_module(found.name)
for name in ("flows.upkeep.backup", "flows.upkeep.restore", "flows.upkeep.keys", "flows.cases", "typst"):
    importlib.import_module(name)
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


def give_command(_place: Workplace, order: dict[str, Any]) -> None:
    """What somebody types after ``koll``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the orders' own line
    code = app(order["words"], standalone_mode=False)
    assert not code or (code == 1 and order.get("may_refuse")), f"koll {' '.join(order['words'])} ended with {code}"


def relink(place: Workplace, _order: dict[str, Any]) -> None:
    """Count anew what a changed register or an answer touches."""
    with place.exclusively():
        flows.night.run_relink(place, make_matcher(place), _say_nothing)


def backfill(place: Workplace, order: dict[str, Any]) -> None:
    """One source as `koll backfill` reads it: on PostgreSQL in parts, here one after the other without a cluster."""

    def read_parts(parts: Sequence[Part]) -> Generator[PartRead, None, None]:
        linkers = make_linkers(place)
        yield from (read_part(place, part, linkers(part.source)) for part in parts)

    def read_all(night: flows.night.Night, names: Sequence[str], linkers: Any, log: Any) -> None:
        night.order = replace(night.order, spread=Spread(3, read_parts))
        flows.night.read_one_by_one(night, names, linkers, log)

    day, in_parts = datetime.fromisoformat(order["clock"]).date(), place.engine.dialect.name == "postgresql"
    with place.exclusively():
        night = flows.night.run_ingest(place, "konsumentverket", day, _say_nothing, read_all if in_parts else None)
        assert not night.failed, night.sum_up()
        with writing(place.engine) as connection:
            drop_left_parts(connection)


WORK: dict[str, Callable[[Workplace, dict[str, Any]], None]] = {
    "night": run_night,
    "migrate": migrate,
    "send": send,
    "forget": forget,
    "koll": give_command,
    "relink": relink,
    "backfill": backfill,
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
        pack_rows = models.storage.stage.pack_rows

        def pack_a_chunk(*rows: Any) -> Callable[[], None]:
            send = pack_rows(*rows)

            def send_it() -> None:
                self.pass_by("sql rows of a chunk")
                send()
                self.pass_by("answered rows of a chunk")

            return send_it

        models.storage.stage.pack_rows = pack_a_chunk

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
    clock = datetime.fromisoformat(order["clock"])
    Workplace.__init__.__defaults__ = (lambda: clock,)  # every workplace of this process tells this time
    place = open_workplace(root / "koll.toml", check=False)
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
