"""Whoever has not read the manual: every command used wrongly says in a sentence what is wrong and what would do."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from flows.koll import app

EXAMPLE = Path(__file__).parent.parent / "flows" / "koll.example.toml"
RUNS = {("demo",), ("init",), ("nightly",), ("doctor",)}  # they do what they say, whatever else is missing
MAKES = {("archive", "new-key"), ("source", "list"), ("automations",)}  # need no installation


def list_commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, below in getattr(command, "commands", {}).items():
        yield from list_commands(below, (*path, name))
    if not hasattr(command, "commands"):
        yield path, command


COMMANDS = {path: one for path, one in list_commands(typer.main.get_command(app)) if path not in RUNS}


def use(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Give a command nonsense wherever it needs something; return its exit code and what it said."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    words = [*path]
    for one in COMMANDS[path].params:
        if one.param_type_name == "argument":
            words.append("nonsense")
        elif one.required:
            words += [one.opts[0], "nonsense"]
    done = CliRunner().invoke(app, words, input="nonsense\n")
    assert done.exception is None or isinstance(done.exception, SystemExit), (words, done.exception)
    told = " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.output).split())
    assert "Traceback" not in told, words
    return done.exit_code, told


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KOLL_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", sorted(set(COMMANDS) - MAKES), ids=" ".join)
def test_in_an_empty_folder_every_command_names_what_is_missing_and_makes_nothing(
    path: tuple[str, ...], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, told = use(path, monkeypatch)
    assert (code == 1 and "koll init" in told) or (code == 2 and ("Invalid value" in told or "is needed" in told))
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("path", sorted(set(COMMANDS) - MAKES), ids=" ".join)
def test_without_a_database_every_command_says_how_one_is_made(
    path: tuple[str, ...], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "koll.toml").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    code, told = use(path, monkeypatch)
    assert (code == 1 and "koll init" in told) or (code == 2 and ("Invalid value" in told or "is needed" in told))


def test_what_nobody_knows_is_told_with_the_command_that_lists_what_there_is(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CliRunner().invoke(app, ["init"]).exit_code == 0
    listed = {"members": "members list", "quarantine": "quarantine list", "review": "review list",
              "tips": "tips list", "alerts": "alerts list", "case": "members list"}  # fmt: skip
    for group, command in listed.items():
        code, told = use((group, "show"), monkeypatch)
        assert code == 1 and f"koll {command}" in told, group
    for path in (("ingest",), ("backfill",), ("status",)):
        code, told = use(path, monkeypatch)
        assert code == 2 and "konsumentverket" in told, path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nightly", "--date", "31/12"], "2026-01-31 is needed"),
        (["export", "runs", "--known-at", "yesterday"], "2026-01-31T03:15 is needed"),
        (["export", "runs", "--format", "pdf"], "one of jsonl, csv, xlsx is needed"),
        (["statsu"], "No such command"),
    ],
)
def test_what_is_written_wrongly_is_told_with_what_would_be_right(words: list[str], told: str, here: Path) -> None:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2 and told in " ".join(done.output.replace("│", " ").split())
    assert "Value error" not in done.output


def test_an_empty_page_folder_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "koll.toml").write_text(EXAMPLE.read_text("utf-8").replace('folder = "page"', 'folder = ""'), "utf-8")
    done = CliRunner().invoke(app, ["status"])
    assert done.exit_code == 1 and "leave the key out for no pages" in done.output


def test_lists_in_a_pipe_have_a_line_that_names_their_columns(here: Path) -> None:
    told = CliRunner().invoke(app, ["source", "list"]).output.splitlines()
    assert told[0].split("\t")[0] == "kind" and len({line.count("\t") for line in told}) == 1
