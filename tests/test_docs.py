"""What the documentation says is there, and what is there stands in it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
import typer.main
from sqlalchemy import text

from docs.build_reference import PAGES
from docs.draw_pictures import DARK, list_badges
from expectations.checks import ROW_CHECKS, TABLE_CHECKS
from expectations.volume import DRIFT_CHECKS
from flows.koll import app
from models.alerting.rules import RuleConfig
from models.configuration.sections import SECTIONS
from models.storage.store import open_engine
from sources.registry import INFOS
from tests.doc_pages import LANGUAGES, READ_ONLY, Session, as_a_terminal, copy_world, make_world, read_blocks, run_page

ROOT = Path(__file__).parent.parent
PAPERS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PROSE = [*PAPERS, *DOCS]
WRITTEN = [path for path in PROSE if path.name not in {*PAGES, "licences.md"}]  # by people, not by a program
RUN = [path for path in WRITTEN if any(not block.reason for block in read_blocks(path.read_text("utf-8")))]
POSTGRES = "postgresql+psycopg://koll@db.example.org/koll"  # what the pages show


def show(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One demo world for all pages; each that needs it gets a copy."""
    with as_a_terminal(), make_world(tmp_path_factory.mktemp("docs") / "world") as made:
        yield made


@pytest.mark.parametrize("path", RUN, ids=show)
def test_what_a_page_shows_is_what_happens(path: Path, world: Path, tmp_path: Path, request) -> None:
    needs_postgres = POSTGRES in path.read_text("utf-8")
    stand_ins = {POSTGRES: make_database(request.getfixturevalue("postgres_url"))} if needs_postgres else {}
    run_page(path, Session(tmp_path, lambda to: copy_world(world, to), stand_ins))


def make_database(server: str) -> str:
    """An empty database, as the page's reader has made one."""
    admin = open_engine(server).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE shown_in_the_docs"))
    admin.dispose()
    return server.replace("/postgres?", "/shown_in_the_docs?", 1)


def test_every_snippet_is_run_or_says_why_not_and_few_are_not() -> None:
    blocks = [(path, block) for path in WRITTEN for block in read_blocks(path.read_text("utf-8"))]
    shown = [(path, block) for path, block in blocks if block.language not in READ_ONLY]
    left = [(path, block) for path, block in shown if block.reason]
    print(f"{len(left)} of {len(shown)} snippets are not run:")
    for path, block in left:
        print(f"  {show(path)}:{block.line}: {block.reason}")
    assert [f"{show(path)}:{block.line}" for path, block in blocks if block.language not in LANGUAGES] == []
    assert [f"{show(path)}:{block.line}" for path, block in left if len(block.reason) < 15] == []
    assert len(left) <= len(shown) / 4


@pytest.mark.parametrize("path", WRITTEN, ids=show)
def test_no_snippet_hides_in_an_indented_block_that_nobody_would_run(path: Path) -> None:
    prose = re.sub(r"^ {0,3}```.*?^ {0,3}```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"(?<=\n\n) {4,}\S.*", prose) == []


def test_every_rule_type_is_explained_to_whoever_tunes_one() -> None:
    told = (ROOT / "docs" / "how-to" / "tune-limits.md").read_text("utf-8")
    settings = (ROOT / "docs" / "settings.md").read_text("utf-8")
    types = [get_args(rule.model_fields["type"].annotation)[0] for rule in get_args(RuleConfig)]
    assert [one for one in types if f"`{one}`" not in told or f'type = "{one}"' not in settings] == []


def test_every_rule_code_stands_in_the_reference() -> None:
    told = (ROOT / "docs" / "codes.md").read_text("utf-8")
    checks = [*ROW_CHECKS, *TABLE_CHECKS, *DRIFT_CHECKS, *(one for info in INFOS.values() for one in info.checks)]
    assert [check.code for check in checks if f"`{check.code}`" not in told] == []


def test_the_map_leads_to_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in DOCS if path.name != "README.md"]
    assert [page for page in pages if f"({page})" not in index] == []


def test_every_picture_is_shown_says_what_it_shows_and_is_small() -> None:
    shown = {}
    for path in WRITTEN:
        for alt, target in re.findall(r"!\[([^\]]*)\]\((?!https?:)([^)]+)\)", path.read_text("utf-8")):
            shown[(path.parent / target).resolve()] = alt
    pictures = set((ROOT / "docs" / "pictures").iterdir())
    assert pictures - set(shown) == set()
    assert [one.name for one, alt in shown.items() if len(alt) < (10 if one.name.startswith("badge-") else 40)] == []
    assert [one.name for one in pictures if one.stat().st_size > 200_000] == []


def test_every_drawing_can_be_read_in_the_dark_and_every_badge_is_true() -> None:
    drawings = {path.name: path.read_text("utf-8") for path in (ROOT / "docs" / "pictures").glob("*.svg")}
    badges = list_badges()
    assert {name: drawings.pop(name) for name in badges} == badges, "run: make pictures"
    assert [name for name, svg in drawings.items() if "prefers-color-scheme: dark" not in svg] == []
    colours = {colour for svg in drawings.values() for colour in re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", svg)}
    assert colours <= set(DARK) | set(DARK.values()), "a colour that stays as it is in the dark"


KOLL = typer.main.get_command(app)


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_what_the_program_says_of_itself(name: str) -> None:
    assert (ROOT / "docs" / name).read_text("utf-8") == PAGES[name](), "run: make docs"


@pytest.mark.parametrize("path", PROSE, ids=show)
def test_every_command_the_documentation_names_is_there(path: Path) -> None:
    text = path.read_text("utf-8")
    told_of = re.findall(r"`(?:\.venv/bin/)?koll ([a-z][^`\n]*)`", text)
    for block in read_blocks(text):  # also what is shown and not run
        told_of += re.findall(r"^(?:\$ )?koll ([a-z].*)$", block.body, re.MULTILINE)
    for told in told_of:
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


@pytest.mark.parametrize("path", PROSE, ids=show)
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), f"{path.name}: {target}"
