"""The command line as people and scripts use it."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from flows.commands.screen import show_status
from flows.demo.nights import deliver_day
from flows.koll import app
from flows.looking.progress import show_progress
from flows.onlooker import onlooker
from models.storage.tables import SourceNight
from tests.demo_world import FIRST, World, demo_world

SLOW_TO_IMPORT = {"prefect", "great_expectations", "pandas", "numpy", "bs4", "openpyxl", "requests", "cryptography"}

runner = CliRunner()
COMMANDS = (
    "init", "demo", "nightly", "ingest", "status", "doctor", "export", "match", "members", "quarantine", "review",
    "alerts",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The demo's world after its first night; the tests here only look, or put back what they change."""
    with demo_world(tmp_path_factory.mktemp("cli") / "world") as laid_out:
        deliver_day(laid_out.root, 1)
        laid_out.night(FIRST)
        yield laid_out


def koll(world: World | None, *words: str) -> Result:
    config = ("--config", str(world.config)) if world else ()
    return runner.invoke(app, [*words, *config])


def test_every_command_says_how_it_is_used() -> None:
    for command in COMMANDS:
        told = runner.invoke(app, [command, "--help"])
        assert told.exit_code == 0 and "Usage" in told.stdout, command


def test_wrong_use_ends_with_two_and_failure_with_one(world: World, tmp_path: Path) -> None:
    assert runner.invoke(app, ["no-such-command"]).exit_code == 2
    assert koll(world, "nightly", "--only", "ingen").exit_code == 2
    assert koll(world, "export", "weather").exit_code == 2
    missing = runner.invoke(app, ["status", "--config", str(tmp_path / "none.toml")])
    assert missing.exit_code == 1 and "koll init" in missing.output


def test_init_writes_a_configuration_that_has_no_faults_and_can_be_repeated(tmp_path: Path) -> None:
    config = tmp_path / "new" / "koll.toml"
    for _ in range(2):
        assert runner.invoke(app, ["init", "--config", str(config)]).exit_code == 0
    assert runner.invoke(app, ["status", "--config", str(config)]).exit_code == 0
    doctor = runner.invoke(app, ["doctor", "--json", "--config", str(config)])
    found = {finding["what"]: finding for finding in json.loads(doctor.stdout)}
    assert doctor.exit_code == 1 and found["configuration"]["ok"] and found["database"]["ok"]
    assert not found["konsumentverket"]["ok"] and "folder" in found["konsumentverket"]["found"]


def test_status_shows_the_failing_source_first_with_its_command(world: World) -> None:
    told = json.loads(koll(world, "status", "--json").stdout)
    assert told["sources"][0]["source"] == "dm_gamla_arkivet"
    assert told["sources"][0]["do"] == "koll ingest dm_gamla_arkivet"
    assert told["todo"][0]["do"] == "koll ingest dm_gamla_arkivet" and told["todo"][0]["kind"] == "fault"
    shown = koll(world, "status").stdout.splitlines()
    assert shown[1:3] == ["To do", "what\tdo"]  # no terminal: tabs, below a line that names them
    assert shown[3].startswith("✗ dm_gamla_arkivet: listing-unknown: ") and f"--config {world.config}" in shown[3]
    assert "source\tverdict\tcomplete through\tlate\tcomplaints\tquarantined" in shown


def test_status_fits_a_screen_and_keeps_every_command_whole(world: World) -> None:
    found = json.loads(koll(world, "status", "--json").stdout)
    for width, more in ((80, ""), (80, f" --config {world.config}"), (40, "")):
        screen = io.StringIO()
        console = Console(file=screen, force_terminal=True, width=width, color_system="standard", legacy_windows=False)
        show_status(found, console, more)
        lines = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()).splitlines()
        assert len(lines) <= 24 or more or width < 80
        assert all(any(row["do"] in line for line in lines) for row in found["todo"])
        assert "\x1b[31m✗" in screen.getvalue()  # the fault is red


def test_a_run_on_a_terminal_shows_each_source_with_what_came_of_it() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, legacy_windows=False)
    with show_progress(console, ["kv", "dm"]):
        onlooker().reading("kv", {"exempel.se": 12})
        onlooker().taking_in("kv", 1, 3)
        assert onlooker().say("register: 2 names end") and onlooker().say("kv: ok")
        onlooker().ended(SourceNight(run_id="r", source="kv", verdict="ok", at=datetime.now(UTC), new=1234))
        onlooker().ended(SourceNight(run_id="r", source="dm", verdict="broken", at=datetime.now(UTC), message="away"))
    told = screen.getvalue()
    assert "1 234 new" in told and "away" in told and "register: 2 names end" in told and "kv: ok" not in told
    assert not onlooker().say("kv: ok")  # nobody looks on any longer: the log tells it


def test_a_run_elsewhere_than_on_a_terminal_shows_no_bars() -> None:
    screen = io.StringIO()
    with show_progress(Console(file=screen), ["kv"]):
        assert not onlooker().say("kv: reading")
    assert screen.getvalue() == "" and "PREFECT_LOGGING_LEVEL" not in os.environ


LOOKS = (
    "status", "status konsumentverket", "export complaints", "export counts", "export alerts", "export mails",
    "export quarantine", "export reviews", "export runs", "export audit", "members list", "members show 4491024172",
    "quarantine list", "review list", "tips list", "alerts list", "case list", "declarations status",
)  # fmt: skip


def test_looking_commands_import_nothing_that_takes_long(world: World) -> None:
    loaded = load_after(["--help", *(f"{look} --config {world.config}" for look in LOOKS)])
    assert not (SLOW_TO_IMPORT | {"sqlalchemy", "pydantic_core"}) & loaded["--help"]
    slow = {look: sorted(SLOW_TO_IMPORT & modules) for look, modules in loaded.items() if SLOW_TO_IMPORT & modules}
    assert not slow, "the first of them brought it in"


def load_after(commands: list[str]) -> dict[str, set[str]]:
    """Return which modules are loaded after each command, all of them given in one process."""
    script = (
        "import json, sys; from flows.koll import app\n"
        "for words in sys.argv[1:]:\n"
        "    try: app(words.split())\n"
        "    except SystemExit as end: assert not end.code, (words, end.code)\n"
        "    print(json.dumps([words, *sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *commands], capture_output=True, text=True, cwd=Path(__file__).parent.parent
    )
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[")]
    assert [words for words, *_ in told] == commands, done.stderr
    return {words: set(modules) for words, *modules in told}


def test_complaints_come_out_one_object_a_line_with_the_promised_keys(world: World) -> None:
    rows = [json.loads(line) for line in koll(world, "export", "complaints").stdout.splitlines()]
    keys = {
        "source", "source_id", "kind", "date", "received_on", "event_on", "company", "channel", "channel_evidence",
        "outcome", "reexamination", "url", "member", "match", "status", "flags",
    }  # fmt: skip
    assert rows and all(keys <= set(row) for row in rows)


def test_who_is_this_is_answered_with_a_reason(world: World, tmp_path: Path) -> None:
    asked = tmp_path / "asked.jsonl"
    lines = [{"id": "1", "text": "TELEFONHUSET NORRSKEN AKTIEBOLAG", "date": "2026-05-01"}, {"id": "2", "text": ""}]
    asked.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    out = tmp_path / "out.jsonl"
    assert koll(world, "match", "--file", str(asked), "-o", str(out)).exit_code == 0
    first, second = map(json.loads, out.read_text("utf-8").splitlines())
    assert (first["id"], first["member"], first["band"]) == ("1", "4491024172", "accept")
    assert first["name"] == "Telefonhuset Norrsken AB" and first["why"] and first["score"] > 0.9
    assert (second["member"], second["band"]) == (None, "none")
    asked.write_text('{"id": 1}\n', "utf-8")
    refused = koll(world, "match", "--file", str(asked), "-o", str(out))
    assert refused.exit_code == 1 and "line 1" in refused.output
    refused = koll(world, "match", "--file", str(asked), "-o", str(tmp_path / "out.pdf"))
    assert refused.exit_code == 2 and not (tmp_path / "out.pdf").exists(), "no table under another kind's name"


def test_an_answer_to_a_question_is_counted_at_once_and_can_be_taken_back(world: World) -> None:
    questions = json.loads(koll(world, "review", "list", "--json").stdout)
    question = next(q for q in questions if q["source"] == "konsumentverket" and q["candidates"])
    before = world.export("complaints")
    accepted = koll(world, "review", "accept", question["question"], "--by", "anna", "--why", "same number")
    assert accepted.exit_code == 0, accepted.output
    assert question["question"] not in {
        q["question"] for q in json.loads(koll(world, "review", "list", "--json").stdout)
    }
    linked = {(r["source"], r["source_id"]): r["member"] for r in world.export("complaints")}
    behind = [tuple(one.split(" ", 1)) for one in question["behind"]]
    assert {linked[one] for one in behind} == {question["candidates"][0]["member"]}
    assert koll(world, "review", "undo", question["question"]).exit_code == 0
    assert world.export("complaints") == before
    answers = [row for row in world.export("reviews") if row["state"] == "answered"]
    assert [row["said"] for row in answers] == ["member", "undone"] and answers[0]["who"] == "anna"


def test_the_register_is_listed_and_shown_without_a_sole_traders_number(world: World) -> None:
    listed = koll(world, "members", "list")
    assert "Telefonhuset Norrsken AB" in listed.stdout
    assert "530230" not in listed.stdout and "EF" in listed.stdout
    shown = json.loads(koll(world, "members", "show", "449102-4172", "--json").stdout)
    assert shown["counts"]["member"] == "4491024172" and shown["names"]
    assert koll(world, "members", "show", "556779-4218").exit_code == 1


def test_automations_are_refused_in_a_sentence_where_no_server_answers(world: World) -> None:
    for server, told in (("", "ping_url"), ("http://127.0.0.1:9/api", "is the server up?")):
        environ = {**os.environ, "PREFECT_API_URL": server, "KOLL_CONFIG": str(world.config)}
        words = [sys.executable, "-m", "flows.koll", "automations"]  # in its own process: Prefect reads this once
        done = subprocess.run(words, env=environ, capture_output=True, text=True, cwd=Path(__file__).parent.parent)
        assert done.returncode == 1 and told in done.stderr and "Traceback" not in done.stderr


def test_a_reader_that_has_read_enough_hears_no_complaint(world: World) -> None:
    told = subprocess.Popen(
        [Path(sys.executable).parent / "koll", "export", "complaints", "--config", str(world.config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert told.stdout and told.stderr and json.loads(told.stdout.readline())
    told.stdout.close()
    assert (told.stderr.read(), told.wait(120)) == (b"", 1)
