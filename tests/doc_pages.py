"""Runs what the documentation shows: every block of a page, in order, in a folder of its own.

    python -m tests.doc_pages docs/tutorial.md     # prints what every command says, for whoever writes the page

A page is plain Markdown. What stands in a fence is one of

* ``console``: lines that begin with ``$ `` are run, the lines after them are what they must say. ``...`` stands for
  anything, also within a line; blanks and empty lines do not matter. ``# ends with 1`` behind a command means that.
* ``sh``: commands, whatever they say.
* ``toml FILE``, ``csv FILE``, ``python FILE``: written into the folder under that name.
* ``toml`` without a name: laid over the folder's koll.toml, it must be a configuration without faults.
* ``python`` without a name: run.
* ``text``: only to be read.

A block that cannot be run stands below a line in italics, ``*Not run by the tests: REASON.*``, and is handed back as
such. ``koll demo`` takes half a minute: it is answered with a copy of one world that has been made before.
"""

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer.main

from flows.commands.shared import console, errors
from flows.demo.case import move_case
from flows.demo.nights import NIGHTS, deliver_day
from flows.koll import app
from flows.workplace import Workplace
from models.configuration.settings import SettingsInvalid, load_settings
from sources.registry import WEB_KINDS
from tests.demo_world import demo_world

ROOT = Path(__file__).parent.parent
START = datetime(2026, 12, 22, 8, tzinfo=UTC)  # no page tells of a later day
WIDTH = 110  # columns of the terminal that the pages show
LANGUAGES = {"console", "sh", "toml", "csv", "python", "text", "json", "xml"}
READ_ONLY = {"text", "json", "xml"}
_FENCE = re.compile(r"^ {0,3}```(?P<info>[^`\n]*)\n(?P<body>.*?)^ {0,3}```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"\*Not run by the tests: (?P<reason>[^*]+)\*\n+\Z")
_FAILS = re.compile(r"\s+# ends with (\d+)$")
_SECONDS = count()
_SAID = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\")


class PageWrong(AssertionError):
    """What a page shows is not what happens; the text says where, and what happens instead."""


@dataclass(frozen=True)
class Block:
    """One fence of a page. ``reason``: why it cannot be run, empty where it is."""

    line: int
    language: str
    file: str
    body: str
    reason: str


def read_blocks(text: str) -> list[Block]:
    """Return a page's fences in order."""
    blocks = []
    for fence in _FENCE.finditer(text):
        language, _, file = fence["info"].strip().partition(" ")
        mark = _MARK.search(text[: fence.start()])
        line = text.count("\n", 0, fence.start()) + 1
        blocks.append(Block(line, language, file.strip(), fence["body"], mark["reason"].strip() if mark else ""))
    return blocks


def read_commands(block: Block) -> Iterator[tuple[str, int, list[str]]]:
    """Yield each command of a block with the exit code and the lines it must give."""
    if block.language == "sh":
        for line in block.body.replace("\\\n", " ").splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                yield *_split_code(line.strip()), []
        return
    parts = re.split(r"^\$ ", block.body, flags=re.MULTILINE)
    if parts[0].strip():
        raise PageWrong(f"line {block.line}: a console block begins with a command")
    for part in parts[1:]:
        command, _, said = part.replace("\\\n", " ").partition("\n")
        yield *_split_code(command), [line for line in said.splitlines() if line.strip()]


def _split_code(command: str) -> tuple[str, int]:
    found = _FAILS.search(command)
    return _FAILS.sub("", command), int(found[1]) if found else 0


@dataclass
class Session:
    """Where a page's commands are run, one after the other. ``stand_ins``: addresses of the page, and real ones."""

    folder: Path
    lay_demo: Callable[[Path], None]
    stand_ins: Mapping[str, str]
    tell: Callable[[str], None] = lambda _: None

    def run(self, block: Block) -> None:
        """Run one block. Raises PageWrong where something else happens than the page says."""
        if block.language not in LANGUAGES:
            raise PageWrong(f"line {block.line}: {block.language or 'a fence without a language'}: use {LANGUAGES}")
        if block.reason or block.language in READ_ONLY:
            return
        os.chdir(self.folder)
        os.umask(0o022)  # the reader's; `koll` has its own
        if block.language in {"console", "sh"}:
            for command, code, due in read_commands(block):
                self._hold(block, command, code, due)
        elif block.file:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, "utf-8")
        elif block.language == "toml":
            self._load(block)
        else:
            exec(compile(block.body, f"line {block.line}", "exec"), {"__name__": "page"})

    def _hold(self, block: Block, command: str, code: int, due: list[str]) -> None:
        got, said = self._do(command)
        self.tell(f"\n$ {command}{f'   # ends with {got}' if got else ''}\n{said}")
        if got != code:
            raise PageWrong(f"line {block.line}: {command}: ended with {got}, not {code}\n{said}")
        if missing := find_missing(due, said):
            raise PageWrong(f"line {block.line}: {command}\n  does not say: {missing}\n  but:\n{said}")

    def _do(self, command: str) -> tuple[int, str]:
        for shown, real in self.stand_ins.items():
            command = command.replace(shown, real)
        words = shlex.split(command, comments=True)
        if words[0] == "cd":
            self.folder = (self.folder / words[1]).resolve()
            os.chdir(self.folder)
            return 0, ""
        if words[0] == "export":
            os.environ.update(word.split("=", 1) for word in words[1:])
            return 0, ""
        if words == ["koll", "demo"]:
            self.lay_demo(self.folder / "demo-world")
            return 0, ""
        if words[0] == "koll" and not re.search(r"[|<>;&`]|\$\(", re.sub(r"'[^']*'|\"[^\"]*\"", "", command)):
            return _run_koll(words[1:])
        return _run_shell(command, self.folder)

    def _load(self, block: Block) -> None:
        """Lay the block over the folder's configuration and read it."""
        own = self.folder / "koll.toml"
        base = tomllib.loads((own if own.exists() else ROOT / "flows" / "koll.example.toml").read_text("utf-8"))
        _lay_over(base, tomllib.loads(block.body))
        path = self.folder / "shown.toml"
        path.write_text(_write_toml(base), "utf-8")
        try:
            load_settings(path, environ={}, web_kinds=WEB_KINDS)
        except SettingsInvalid as error:
            raise PageWrong(f"line {block.line}: {error}") from error
        finally:
            path.unlink()


def _run_koll(words: list[str]) -> tuple[int, str]:
    """Run a command in this process. What is written goes to one stream that stays open: Prefect's log keeps it."""
    told = _SAID.buffer
    told.seek(0)
    told.truncate()
    before = os.umask(0o077)  # as flows.koll.main does
    with redirect_stdout(_SAID), redirect_stderr(_SAID):
        try:
            typer.main.get_command(app).main(words, prog_name="koll", terminal_width=WIDTH)
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            os.umask(before)
    return code, _ESCAPES.sub("", told.getvalue().decode())


def _run_shell(command: str, folder: Path) -> tuple[int, str]:
    koll = f'koll() {{ {shlex.quote(sys.executable)} -m flows.koll "$@"; }}; set -o pipefail; '
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["/bin/bash", "-c", koll + command], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def _lay_over(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    """Put ``above`` into ``below``: tables into tables, a rule in the place of the rule with its id."""
    for key, value in above.items():
        if key == "rule":
            fresh = {rule.get("id") for rule in value}
            below[key] = [rule for rule in below.get(key, []) if rule.get("id") not in fresh] + value
        elif isinstance(value, dict) and isinstance(below.get(key), dict) and "kind" not in value:
            _lay_over(below[key], value)
        else:
            below[key] = value


def _write_toml(value: Any, top: bool = True) -> str:
    """Return tables as TOML, everything below the first level on one line."""
    if isinstance(value, dict):
        parts = [f"{_quote(key)} = {_write_toml(one, False)}" for key, one in value.items()]
        return "\n".join(parts) if top else f"{{ {', '.join(parts)} }}"
    if isinstance(value, list):
        return f"[{', '.join(_write_toml(one, False) for one in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return _quote(value) if isinstance(value, str) else str(value)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def find_missing(due: list[str], said: str) -> str:
    """Return the first due line that does not stand in ``said`` after the ones before it; empty when all do."""
    lines = [" ".join(line.split()) for line in said.splitlines() if line.strip()]
    at = 0
    for line in due:
        form = ".*".join(re.escape(" ".join(part.split())) for part in re.split(r"\.\.\.|…", line))
        if not form.strip(".*"):
            continue
        found = next((n for n in range(at, len(lines)) if re.fullmatch(form.replace(r"\ ", r"\s*"), lines[n])), None)
        if found is None:
            return line
        at = found + 1
    return ""


def run_page(path: Path, session: Session) -> list[Block]:
    """Run a page's blocks; return those that cannot be run. Raises PageWrong."""
    blocks = read_blocks(path.read_text("utf-8"))
    before = dict(os.environ)
    try:
        for block in blocks:
            session.run(block)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return [block for block in blocks if block.reason]


@contextmanager
def as_a_terminal() -> Iterator[None]:
    """Let the commands show what they show on a terminal of ``WIDTH`` columns, at a time that is always the same."""
    before = dict(os.environ), Path.cwd(), os.umask(0o077)
    told = {"TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "0", "NO_COLOR": "1", "PREFECT_LOGGING_TO_API_ENABLED": "false"}
    os.environ.update(told, COLUMNS=str(WIDTH))
    for one in (console, errors):
        one.width = WIDTH
    clock = Workplace.__init__.__defaults__
    Workplace.__init__.__defaults__ = (lambda: START + timedelta(seconds=next(_SECONDS)),)
    try:
        yield
    finally:
        Workplace.__init__.__defaults__ = clock
        os.environ.clear()
        os.environ.update(before[0])
        os.chdir(before[1])
        os.umask(before[2])
        for one in (console, errors):
            one._width = None


@contextmanager
def make_world(root: Path) -> Iterator[Path]:
    """The demo's world after its three nights and its case, its sites served."""
    with demo_world(root) as world:
        for number, day in NIGHTS.items():
            deliver_day(root, number)
            world.night(day)
            move_case(world.open(), number, world.lines.append)
        yield root


def copy_world(world: Path, to: Path) -> None:
    """Copy a world to another place."""
    shutil.copytree(world, to)
    config = to / "koll.toml"
    config.write_text(config.read_text("utf-8").replace(str(world), str(to)), "utf-8")


def main() -> None:
    """Run the pages named, in new folders, and print what every command says."""
    with TemporaryDirectory() as made, as_a_terminal(), make_world(Path(made) / "world") as world:
        for name in sys.argv[1:]:
            folder = Path(made) / Path(name).stem
            folder.mkdir()
            print(f"\n=== {name}")
            try:
                run_page(ROOT / name, Session(folder, lambda to: copy_world(world, to), {}, print))
            except PageWrong as error:
                print(f"!!! {name}, {error}")


if __name__ == "__main__":
    main()
