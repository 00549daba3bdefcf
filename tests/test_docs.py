"""What the documentation says is there, and what is there stands in it."""

import re
from pathlib import Path

import click
import pytest
import typer.main

from docs.build_reference import PAGES
from flows.koll import app
from models.configuration.settings import SECTIONS
from sources.registry import INFOS

ROOT = Path(__file__).parent.parent
PROSE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
KOLL = typer.main.get_command(app)


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_what_the_program_says_of_itself(name: str) -> None:
    assert (ROOT / "docs" / name).read_text("utf-8") == PAGES[name](), "run: make docs"


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_every_command_the_documentation_names_is_there(path: Path) -> None:
    for told in re.findall(r"`(?:\.venv/bin/)?koll ([a-z][^`\n]*)`", path.read_text("utf-8")):
        command: click.Command = KOLL
        for word in re.split(r"[ |]", told):
            if not isinstance(command, click.Group) or not re.fullmatch(r"[a-z-]+", word):
                break
            assert word in command.commands, f"{path.name}: koll {told}"
            command = command.commands[word]


def _list_helps(command: click.Command, path: str) -> list[tuple[str, str]]:
    helps = [(path, command.help or "")]
    helps += [(f"{path} {one.name}", getattr(one, "help", None) or "") for one in command.params]
    for name, below in (command.commands if isinstance(command, click.Group) else {}).items():
        helps += _list_helps(below, f"{path} {name}")
    return helps


def test_no_help_holds_a_word_in_brackets_which_the_terminal_would_take_for_markup_and_leave_out() -> None:
    assert [place for place, told in _list_helps(KOLL, "koll") if re.search(r"\[[a-z#/@]", told)] == []


def test_every_section_of_the_settings_and_every_kind_of_source_is_described() -> None:
    settings = (ROOT / "docs" / "settings.md").read_text("utf-8")
    sources = (ROOT / "docs" / "sources.md").read_text("utf-8")
    assert [name for name in SECTIONS if f"## [{name}]" not in settings] == []
    assert [kind for kind in INFOS if kind not in sources and kind not in settings] == []


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), f"{path.name}: {target}"
