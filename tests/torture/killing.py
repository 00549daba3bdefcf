"""Nights of the demo's world, killed and run again, held against the same nights undisturbed."""

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as day_time
from difflib import unified_diff
from email import message_from_bytes
from email.policy import default
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiosmtpd.controller import Controller
from openpyxl import load_workbook
from sqlalchemy import inspect, text

from flows.demo.nights import NIGHTS, deliver_day, lay_out, serve_sites, write_config
from flows.looking.exports import EXPORTS, Asked
from flows.workplace import open_workplace
from models.storage.store import open_engine

ROOT = Path(__file__).parent.parent.parent
HASH_KEY = "the same in every run, so that what is hashed can be compared"
# What tells when something was written, or which run wrote it: after a kill another run at a later moment did.
_WHEN = {"at", "known_at", "created", "next_try", "accepted_at", "lease_until", "first_seen", "last_seen", "run_id"}
_HOW_OFTEN = {"attempts"}
_RUN = re.compile(r"\d{4}-\d\d-\d\d-nightly-[0-9a-f]{8}")
_HOUR = re.compile(r"\b\d\d(?=:15\b)")  # every run of these tests begins a quarter past; a re-run does so later
Mail = tuple[str, bytes]  # recipient, what was taken
RELAY_POINTS = ("MAIL", "RCPT", "BEFORE-TAKEN", "TAKEN")
PATIENCE = 300.0  # seconds after which a run that does not end is ended, as a fault
COMPARED = ("complaints", "counts", "alerts", "mails", "quarantine", "reviews")


class Relay:
    """A mail server that keeps what it takes, and can kill its client in the middle of a mail."""

    def __init__(self) -> None:
        self.taken: list[Mail] = []
        self.kill_at: tuple[str, int] | None = None  # the verb at which to kill, and after how many of it
        self.client: int | None = None
        self._seen: Counter[str] = Counter()

    def forget(self, kill_at: tuple[str, int] | None = None) -> None:
        """Begin anew."""
        self.taken, self.kill_at, self.client, self._seen = [], kill_at, None, Counter()

    def _perhaps_kill(self, verb: str) -> None:
        self._seen[verb] += 1
        if self.client and self.kill_at == (verb, self._seen[verb]):
            os.kill(self.client, signal.SIGKILL)

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        self._perhaps_kill("MAIL")
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        self._perhaps_kill("RCPT")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self._perhaps_kill("BEFORE-TAKEN")
        if self._seen["BEFORE-TAKEN"] == (self.kill_at or ("", 0))[1] and self.kill_at[0] == "BEFORE-TAKEN":
            return "451 the line went dead"
        self.taken.append((envelope.rcpt_tos[0], bytes(envelope.content)))
        self._perhaps_kill("TAKEN")
        return "250 taken"


class _AnyPort(Controller):
    """Listens on whatever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class RunFailed(AssertionError):
    """A run ended by itself, with an error, where it should have come to its end or been killed."""


class Driver:
    """The forking process; see ``driver``."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.driver"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "KOLL_HASH_KEY": HASH_KEY},
        )
        self._hear()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the driver has ended"
        return json.loads(line)  # type: ignore[no-any-return]

    def run(self, order: dict[str, Any], relay: Relay, *, kill_after: float | None = None) -> bool:
        """Run one order; return whether it came to its end. Raises RunFailed when anything else ends it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        relay.client = pid = self._hear()["pid"]
        killers = [threading.Timer(PATIENCE, _kill, [pid, signal.SIGABRT])]
        if kill_after is not None:
            killers.append(threading.Timer(kill_after, _kill, [pid, signal.SIGKILL]))
        for killer in killers:
            killer.start()
        status = self._hear()["status"]
        for killer in killers:
            killer.cancel()
        relay.client = None
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if status != 0 and not killed:
            raise RunFailed(f"the run ended with {status} by itself, or hung; what it said stands above")
        return bool(status == 0)

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def _kill(pid: int, by: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, by)


@dataclass(frozen=True)
class Kill:
    """How a run is killed: at a named step (the how-manieth of that name), by the relay at a verb, or by the clock."""

    step: tuple[str, int] | None = None
    verb: tuple[str, int] | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        if self.seconds is not None:
            return f"killed after {self.seconds:.3f} s"
        name, number = self.step or self.verb or ("", 0)
        return f"killed at {name!r} number {number}"


@dataclass
class Outcome:
    """All that must be equal after a disturbed and an undisturbed run."""

    exports: dict[str, list[Any]]
    mailbox: list[Mail]

    def differences(self, other: "Outcome", twins: list[Mail]) -> list[str]:
        """Say what differs; ``twins`` are the mails that may have come twice, byte for byte."""
        told = []
        for what, rows in self.exports.items():
            if rows != other.exports[what]:
                here, there = (Counter(json.dumps(r, sort_keys=True) for r in rs) for rs in (rows, other.exports[what]))
                told.append(f"{what}: lost {_few(there - here)}, came {_few(here - there)} (none: another order)")
        come = Counter(self.mailbox)
        come.subtract(twin for twin in set(twins) for _ in range(min(come[twin] - 1, twins.count(twin))))
        here, there = (Counter(_read_mail(mail) for mail in box) for box in (come.elements(), other.mailbox))
        told += _tell_apart(list((there - here).elements()), list((here - there).elements()))
        return told


def _read_mail(mail: Mail) -> tuple[str, ...]:
    """Return what a mail says to whom, without the run that wrote it and its hour: another one did afterwards."""
    parsed = message_from_bytes(mail[1], policy=default)
    said = [_read_part(part) for part in parsed.walk() if not part.is_multipart()]
    told = [mail[0], *(f"{name}: {value}" for name, value in parsed.items()), *said]
    return tuple(_HOUR.sub("HH", _RUN.sub("RUN", line)) for line in told)


def _tell_apart(missing: list[tuple[str, ...]], strange: list[tuple[str, ...]]) -> list[str]:
    """Say which mails are missing or doubled; of one that came with other words, the words."""
    told = []
    for mail in missing:
        twin = next((other for other in strange if _show_mail(other) == _show_mail(mail)), None)
        if twin is None:
            told.append(f"mail missing: {_show_mail(mail)}")
            continue
        strange.remove(twin)
        lines = unified_diff("\n".join(mail).splitlines(), "\n".join(twin).splitlines(), lineterm="", n=0)
        told.append(f"mail says otherwise: {_show_mail(mail)}: {_few(Counter(list(lines)[3:5]))}")
    return told + [f"mail doubled: {_show_mail(mail)}" for mail in strange]


def _show_mail(mail: tuple[str, ...]) -> str:
    return " ".join(line for line in mail if line.startswith((mail[0], "Message-ID:", "Subject:")))


def _read_part(part: Any) -> str:
    """Return a part's text, or a workbook's cells: its packing holds the moment at which it was packed."""
    content = part.get_content()
    if isinstance(content, bytes) and content.startswith(b"PK"):
        return str([list(sheet.values) for sheet in load_workbook(BytesIO(content))])
    return str(content)


def _few(rows: Counter[str]) -> list[str]:
    return [row[:400] for row in list(rows)[:2]]


@dataclass
class Stage:
    """One night about to be run: the installation as it stands before, and what the undisturbed run makes of it."""

    number: int
    before: Path
    clock: datetime
    steps: list[str] = field(default_factory=list)
    due: Outcome | None = None
    seconds: float = 0.0


class World:
    """The demo's world on loopback with a mail server, and copies of it to kill nights in."""

    def __init__(self, folder: Path, addresses: dict[str, str], smtp_port: int, relay: Relay, driver: Driver) -> None:
        self.folder, self.addresses, self.smtp_port = folder, addresses, smtp_port
        self.relay, self.driver = relay, driver
        self.site_root = folder / "site-root"
        self.killed = 0  # runs that were ended so far
        self.escaped: list[str] = []  # kills that no run came to: the ones before had brought it past them
        self.pages = True  # whether nights write the staff page
        self.server: str | None = None  # a PostgreSQL to make databases in, else SQLite in each copy

    def move_to(self, server: str) -> "World":
        """Return the same world with its databases in a PostgreSQL, and a folder of its own."""
        other = World(self.folder / name_world(), self.addresses, self.smtp_port, self.relay, self.driver)
        other.site_root, other.server = self.site_root, server
        return other

    def configure(self, root: Path) -> None:
        """Write the configuration of one copy."""
        config = write_config(root, self.addresses)
        written = config.read_text("utf-8")
        written = written.replace("[mail]\n", f'[mail]\nsmtp = "smtp://127.0.0.1:{self.smtp_port}"\n')
        written = written.replace('ethics = ["etik@kontakta.example"]', 'ethics = ["a@k.example", "b@k.example"]')
        if not self.pages:
            written = re.sub(r"(?<=\[page\]\n)folder = .*\n", "", written)
            written = written.replace("[mail]\n", "[mail]\ncharts = false\n")
        config.write_text(written, "utf-8")

    def copy(self, source: Path, name: str) -> Path:
        """Return a copy of an installation under another name; its database comes along."""
        root = self.folder / name
        if root.exists():
            shutil.rmtree(root)
        shutil.copytree(source, root, ignore=shutil.ignore_patterns("site", "*.lock"))
        self.configure(root)
        if self.server and source != self.site_root:
            self._admin(f"CREATE DATABASE {_database_of(root)} TEMPLATE {_database_of(source)}")
        elif self.server:
            self._admin(f"CREATE DATABASE {_database_of(root)}")
        return root

    def drop(self, root: Path) -> None:
        """Take a copy away."""
        if self.server:
            self._admin(f"DROP DATABASE {_database_of(root)} WITH (FORCE)")
        shutil.rmtree(root)

    def empty_database(self, root: Path) -> None:
        """Give a copy a database without anything in it."""
        if self.server:
            self._admin(f"DROP DATABASE {_database_of(root)} WITH (FORCE)")
            self._admin(f"CREATE DATABASE {_database_of(root)}")

    def _admin(self, sql: str) -> None:
        assert self.server is not None
        engine = open_engine(self.server).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(sql))
        engine.dispose()

    def database(self, root: Path) -> str:
        """Return the URL of a copy's database."""
        if self.server:
            return self.server.replace("/postgres?", f"/{_database_of(root)}?", 1)
        return f"sqlite:///{root}/koll.db"

    def order(self, work: str, root: Path, clock: datetime, **more: Any) -> dict[str, Any]:
        """Return an order for the driver."""
        return {"work": work, "root": str(root), "clock": clock.isoformat(), "database": self.database(root), **more}

    def run(self, work: str, root: Path, clock: datetime, kill: Kill | None = None, **more: Any) -> bool:
        """Run one order in a copy, perhaps killed; return whether it came to its end."""
        self.relay.kill_at = kill.verb if kill else None
        self.relay._seen.clear()
        order = self.order(work, root, clock, die_at=kill.step if kill else None, **more)
        return self.driver.run(order, self.relay, kill_after=kill.seconds if kill else None)

    def outcome(self, root: Path, clock: datetime) -> Outcome:
        """Read everything that must be equal."""
        return Outcome(self.read_exports(root, clock), sorted(self.relay.taken))

    def read_exports(self, root: Path, clock: datetime) -> dict[str, list[Any]]:
        """Return every compared export without the moments at which things were written."""
        before = os.environ.get("KOLL_DATABASE_URL")
        os.environ["KOLL_DATABASE_URL"] = self.database(root)
        try:
            place = open_workplace(root / "koll.toml")
            asked = Asked(as_of=clock.date())
            rows = {what: [without_moments(row) for row in EXPORTS[what](place, asked)] for what in COMPARED}
            rows["mails"].sort(key=lambda row: row["key"])  # written in one transaction, under one moment
            place.engine.dispose()
            return rows
        finally:
            os.environ.pop("KOLL_DATABASE_URL")
            if before is not None:
                os.environ["KOLL_DATABASE_URL"] = before

    def half_sent(self, root: Path) -> list[Mail]:
        """Return the mails that the relay took and the outbox does not know to be out: these may come twice."""
        engine = open_engine(self.database(root))
        try:
            with engine.connect() as connection:
                if not inspect(connection).has_table("outbox"):
                    return []
                sending = {
                    row.message_id
                    for row in connection.execute(text("SELECT message_id FROM outbox WHERE state = 'sending'"))
                }
        finally:
            engine.dispose()
        return [mail for mail in self.relay.taken if message_from_bytes(mail[1])["Message-ID"] in sending]

    def prepare(self, number: int, after: Path | None) -> Stage:
        """Let arrive what comes before night ``number``, run it undisturbed, and note its steps and what it makes."""
        source = after or self.site_root
        before = self.copy(source, f"before-{number}")
        deliver_day(before, number)
        if number == 3:
            shutil.copytree(before / "site", self.site_root / "site", dirs_exist_ok=True)
        clock = datetime.combine(NIGHTS[number], day_time(1, 15), UTC)
        stage = Stage(number, before, clock)
        self.relay.forget()
        done = self.copy(before, f"after-{number}")
        if after is None:
            self.run("migrate", done, clock)
        began = time.monotonic()
        assert self.run("night", done, clock, steps_to=str(self.folder / "steps"))
        stage.seconds = time.monotonic() - began
        stage.steps = (self.folder / "steps").read_text("utf-8").splitlines()
        assert self.run("send", done, clock + timedelta(hours=1))
        stage.due = self.outcome(done, clock)
        return stage

    def kill_and_rerun(self, stage: Stage, kills: Iterable[Kill]) -> list[str]:
        """Run a stage's night once for each kill, then in peace; return what then differs, nothing if all is well.

        What a killed run had claimed goes out when its lease is over.
        """
        assert stage.due is not None
        self.relay.forget()
        root = self.copy(stage.before, "killed")
        if stage.number == 1:
            self.run("migrate", root, stage.clock)
        twins: list[Mail] = []
        clock = stage.clock
        for kill in kills:
            if self.run("night", root, clock, kill):
                self.escaped.append(str(kill))
            else:
                self.killed += 1
            twins += self.half_sent(root)
            clock += timedelta(milliseconds=1)
        told = [] if self.run("night", root, clock) else ["the re-run did not come to its end"]
        self.run("send", root, stage.clock + timedelta(hours=1))
        told += self.outcome(root, stage.clock).differences(stage.due, twins)
        told += list_unsound(root)
        self.drop(root)
        return told


def _database_of(root: Path) -> str:
    return "w_" + "".join(letter if letter.isalnum() else "_" for letter in f"{root.parent.name}_{root.name}").lower()


def without_moments(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in _WHEN | _HOW_OFTEN}


def list_unsound(root: Path) -> list[str]:
    """Say what is damaged in the archive and the database of an installation."""
    place = open_workplace(root / "koll.toml", check=False)
    place.hash_key = HASH_KEY.encode()  # the runs have it from their environment, and this process has not
    told = [one.fault for one in place.archive.verify() if one.fault]
    if (root / "koll.db").exists():
        with sqlite3.connect(root / "koll.db") as connection:
            said = connection.execute("PRAGMA integrity_check").fetchone()[0]
        told += [] if said == "ok" else [f"database: {said}"]
    return told


def choose_kills(stage: Stage, dice: random.Random, count: int) -> list[Kill]:
    """Choose kills over all kinds of points: every name of a step is as likely as every other, then its instances."""
    named = Counter(stage.steps)
    mails = named["smtp CONTENT"]
    kills = []
    for _ in range(count):
        kind = dice.random()
        if kind < 0.7:
            name = dice.choice(sorted(named))
            kills.append(Kill(step=(name, dice.randint(1, named[name]))))
        elif kind < 0.8 and mails:
            kills.append(Kill(verb=(dice.choice(RELAY_POINTS), dice.randint(1, mails))))
        else:
            kills.append(Kill(seconds=dice.uniform(0, stage.seconds)))
    return kills


@contextmanager
def torture_world(folder: Path) -> Iterator[World]:
    """Lay out the demo's world with its servers while the block runs."""
    lay_out(folder / "site-root")
    relay = Relay()
    server = _AnyPort(relay, hostname="127.0.0.1", port=0)
    server.start()
    driver = Driver()
    try:
        with serve_sites(folder / "site-root") as addresses:
            yield World(folder, addresses, server.port, relay, driver)
    finally:
        driver.close()
        server.stop()


def name_world() -> str:
    """Return a folder name of its own for a world: databases are named after it."""
    return f"w{uuid4().hex[:8]}"
