"""Commands that people give, killed at any step and given again: what then stands is what an undisturbed one leaves.

One table: the words of each command, and what has to be there before. Everything else is the same for all of them:
every table of the database, every file they write, every mail, the archive; and that no file which a killed command
leaves under its own name is half of one.
"""

import gzip
import hashlib
import json
import random
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from sqlalchemy import text

from flows.demo.nights import deliver_day
from models.storage.dump import list_tables
from models.storage.store import open_engine, writing
from tests.torture.killing import Kill, Outcome, RunFailed, Stage, World, choose_kills, list_unsound, without_moments

OUT = "out"  # the folder of a copy that its commands write into
BACKUP = "one.tar"
_RUNS = {"run", "source_night"}  # a killed run stays written down as one that did not end
_OWN = {"read_at", "id", "hash", "previous", "message"}  # by moments, run or order
_NUMBER = re.compile(r"(?<='review_answer': )\d+")  # where another row is named by its number
PERSON = "tora.latsas@brevlada.example"
MEMBER = "449102-4172"
Prepare = Callable[[World, Path, datetime], None]


@dataclass(frozen=True)
class Command:
    """One command line: {root} is the installation's folder. ``may_refuse``: given twice it may end with 1."""

    words: str
    prepare: Prepare | None = None
    work: str = "koll"  # what the driver does; most are commands
    may_refuse: bool = False
    acts: bool = True  # whether the audit must be equal: each run that erases something says so by itself
    later: timedelta = timedelta(hours=1)  # after the night that the installation has behind it


def _give(words: str) -> Prepare:
    """Return a preparation by commands, set apart by semicolons."""

    def prepare(world: World, root: Path, clock: datetime) -> None:
        for one in words.split(";"):
            give(world, root, clock, one)

    return prepare


def _fill_workbook(world: World, root: Path, clock: datetime) -> None:
    """Staff have answered every open question."""
    give(world, root, clock, "review export -o {root}/answers.xlsx")
    book = load_workbook(root / "answers.xlsx")
    for number, row in enumerate(book.active.iter_rows(min_row=2)):  # type: ignore[union-attr]
        pair = "samma" if not row[6].value else "1"
        row[9].value = (pair, "osäker", "ingen" if pair == "1" else "olika")[number % 3]
    book.save(root / "answers.xlsx")


def _change_register(_world: World, root: Path, _clock: datetime) -> None:
    with (root / "register" / "names.csv").open("a", encoding="utf-8") as names:
        names.write("449113-0250,brand,Polarsnack,2020-01-01,\n")


def _leave_mail_waiting(world: World, root: Path, _clock: datetime) -> None:
    """What the night has sent is due once more."""
    engine = open_engine(world.database(root))
    with writing(engine) as connection:
        connection.execute(text("UPDATE outbox SET state = 'waiting', attempts = 0, accepted_at = NULL"))
    engine.dispose()


def _keep_only_a_backup(world: World, root: Path, clock: datetime) -> None:
    """All that is left of the installation is its configuration and a backup."""
    give(world, root, clock, f"backup {{root}}/{BACKUP}")
    for path in root.iterdir():
        if path.name not in (BACKUP, "koll.toml"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (root / OUT).mkdir()
    world.empty_database(root)


COMMANDS = {
    "backup": Command(f"backup {{root}}/{OUT}/{BACKUP}"),
    "restore": Command(f"restore {{root}}/{BACKUP}", _keep_only_a_backup),
    "rotate": Command("archive rotate"),
    "review": Command("review import {root}/answers.xlsx --by anna", _fill_workbook),
    "declarations": Command("declarations import {root}/declarations/sjalvdeklaration_4491131076_2025.xlsx"
                            " {root}/declarations/sjalvdeklaration_4491318400_2026.xlsx", may_refuse=True),
    "forms": Command(f"declarations form --all -o {{root}}/{OUT}"),
    "remind": Command("declarations remind 449131-8400 449113-1076"),
    "page": Command("page --date 2026-07-02", _give("page --date 2026-06-01")),
    "case": Command(f"case open {MEMBER} --by anna --why x --date 2026-07-02", may_refuse=True),
    "dossier": Command(f"case dossier {MEMBER} -o {{root}}/{OUT}",
                       _give(f"case open {MEMBER} --by anna --why x --date 2026-07-02")),
    "send": Command("alerts send", _leave_mail_waiting, may_refuse=True),
    "register": Command("members import {root}/register", _change_register),
    "relink": Command("", _give("members import {root}/register"), "relink"),
    "tip": Command("tips attach tip-590c0b83ebdb 449113-0250", may_refuse=True),
    "retention": Command("retention run", later=timedelta(days=200)),
    "erase": Command(f"subject erase {PERSON}", acts=False),
    "subject": Command(f"subject export {PERSON} -o {{root}}/{OUT}/person.zip"),
    "export": Command(f"export complaints -o {{root}}/{OUT}/complaints.jsonl"),
    "workbook": Command(f"review export -o {{root}}/{OUT}/review.xlsx"),
    "backfill": Command("", work="backfill"),
}  # fmt: skip


def give(world: World, root: Path, clock: datetime, words: str, kill: Kill | None = None, **more: Any) -> bool:
    """Give one command; return whether it came to its end."""
    told = [*(word.replace("{root}", str(root)) for word in words.split()), "--config", str(root / "koll.toml")]
    return world.run("koll", root, clock, kill, words=told, **more)


class Case:
    """One command in one world: what an undisturbed one leaves, and copies to kill it in."""

    def __init__(self, world: World, name: str, source: Path, clock: datetime) -> None:
        self.world, self.command = world, COMMANDS[name]
        world.pages = name == "page"  # else every night and backfill would write them too
        before = world.copy(source, f"before-{name}")
        deliver_day(before, 2)
        (before / OUT).mkdir()
        self.stage = Stage(2, before, clock + self.command.later)
        if self.command.prepare:
            self.command.prepare(world, before, clock)
        self.stage.steps = self._run_undisturbed()

    def _run_undisturbed(self) -> list[str]:
        world, told = self.world, self.world.folder / "steps"
        self.old = set(self._read_files(self.stage.before).values())
        root = world.copy(self.stage.before, "whole")
        world.relay.forget()
        assert self._give(root, steps_to=str(told)), self.command.words
        self._send_claimed(root)
        self.stage.due = self.look(root)
        self.new = set(self._read_files(root).values())
        world.drop(root)
        return told.read_text("utf-8").splitlines()

    def _give(self, root: Path, kill: Kill | None = None, **more: Any) -> bool:
        clock, command = self.stage.clock, self.command
        if command.work != "koll":
            return self.world.run(command.work, root, clock, kill, **more)
        return give(self.world, root, clock, command.words, kill, may_refuse=command.may_refuse, **more)

    def _send_claimed(self, root: Path) -> None:
        """Send what a killed run had claimed: on PostgreSQL nobody does before its lease is over."""
        if (root / "koll.db").exists() or self.world.server:
            self.world.run("send", root, self.stage.clock + timedelta(hours=1))

    def kill_and_repeat(self, kills: list[Kill]) -> list[str]:
        """Give the command once for each kill, then in peace; return what then differs."""
        world = self.world
        assert self.stage.due is not None
        root = world.copy(self.stage.before, "killed")
        world.relay.forget()
        told, twins = [], []
        for kill in kills:
            if self._give(root, kill):
                world.escaped.append(str(kill))
            else:
                world.killed += 1
            twins += world.half_sent(root)
            files = self._read_files(root)
            told += [f"{name} is half of a file" for name, print_ in files.items() if print_ not in self.old | self.new]
        try:
            self._give(root)
        except RunFailed as error:
            told.append(f"given again: {error}")
        self._send_claimed(root)
        told += self.look(root).differences(self.stage.due, twins) + list_unsound(root)
        world.drop(root)
        return told

    def look(self, root: Path) -> Outcome:
        """Read everything that must be equal: each table, each file, each mail."""
        world = self.world
        exports: dict[str, list[Any]] = {"files": sorted(self._read_files(root).items())}
        exports["archive"] = sorted(
            str(path.relative_to(root))
            for path in (root / "archive").rglob("*")
            # A reading that was archived and not taken in was a reading; what lies in tmp is swept after a day.
            if path.is_file() and not {"readings", "tmp"} & set(path.relative_to(root).parts)
        )
        engine = open_engine(world.database(root))
        with engine.connect() as connection:
            for table in list_tables():
                if table.name not in _RUNS and (self.command.acts or table.name != "audit"):
                    rows = [without_moments(dict(row._mapping)) for row in connection.execute(table.select())]
                    exports[table.name] = sorted((_leave_out_own(row) for row in rows), key=str)
        engine.dispose()
        return Outcome(exports, sorted(world.relay.taken))

    def _read_files(self, root: Path) -> dict[str, str]:
        """Return a print of each file that commands write for people, by its name; hidden ones are under way."""
        found = {}
        for folder in (OUT, "page", "register"):
            for path in sorted((root / folder).rglob("*")):
                if path.is_file() and not path.name.startswith(".") and path.suffix != ".part":
                    found[str(path.relative_to(root))] = f"{path.name} {_print(path)}"
        return found


def _leave_out_own(row: dict[str, Any]) -> dict[str, str]:
    return {key: _NUMBER.sub("", str(value)) for key, value in row.items() if key not in _OWN}


def _print(path: Path) -> str:
    """Return what tells two whole files apart, and a half one from either: contents, not how they are packed."""
    try:
        if path.suffix == ".xlsx":
            return str([list(sheet.values) for sheet in load_workbook(path)])
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as pack:
                return str([(name, hashlib.sha256(pack.read(name)).hexdigest()) for name in sorted(pack.namelist())])
        if path.suffix == ".tar":
            return str(_read_backup(path))
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
        return f"damaged: {error}"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_backup(path: Path) -> list[tuple[str, str]]:
    """Return what a backup holds; the configuration names its own folder, and the rows lie packed."""
    found = []
    with tarfile.open(path) as pack:
        for entry in pack:
            content = pack.extractfile(entry).read()  # type: ignore[union-attr]
            if entry.name.endswith("jsonl.gz"):
                content = gzip.decompress(content)
            shown = "" if entry.name in ("koll.toml", "backup.json") else hashlib.sha256(content).hexdigest()
            found.append((entry.name, shown))
            if entry.name == "backup.json":
                found += [(name, told["sha256"]) for name, told in json.loads(content)["tables"].items()]
    return found


def kill_commands(world: World, names: Iterable[str], each: int, seed: str) -> Iterator[str]:
    """Kill commands so many times each on a world that has one night behind it; yield every difference."""
    source, clock = world.folder / "after-1", world.prepare(1, None).clock
    for name in names:
        case, dice, goal = Case(world, name, source, clock), random.Random(f"{seed}-{name}"), world.killed + each
        while world.killed < goal:
            kills = choose_kills(case.stage, dice, dice.choice((1, 1, 2)))
            for difference in case.kill_and_repeat(kills):
                yield f"{name}, {'; '.join(map(str, kills))}: {difference}"
        world.drop(case.stage.before)
