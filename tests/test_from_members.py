"""What members hand in about people is found, given out, erased and aged like what consumers write; figures stay."""

import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from flows.cases import take_step, verify
from flows.koll import app
from flows.privacy.retention import run_retention
from flows.workplace import Workplace
from models.cases.steps import StepKind
from models.storage.tables import Declaration
from tests.declaration_world import ANNA, ANSWERS, BO, Declaring, fill, fill_json

DAY = date(2026, 2, 2)
CONTACT, NUMBER = "ragnhild@anemon.example", "070-174 06 33"
WORDS = f"Ring Ylva Sagosdotter på {NUMBER}, hon såg det hela"
LETTER = f"From: Ylva <ylva@brev.example>\nSubject: Svar\n\nVi svarar. {CONTACT}\n"
PERSONS = """
[cases]
persons = ["anna"]
"""


def make_world(root: Path) -> Declaring:
    world = Declaring(root, day=DAY, rules=PERSONS)
    world.complain(ANNA, 3, day=date(2025, 5, 5))
    world.hand_in("anemon.xlsx", fill(ANNA, responsible_name="Ragnhild Påhittsdotter"))
    world.hand_in("blaklint.json", fill_json(BO, responsible_contact="bo@blaklint.example", complaints_total=99))
    world.on(DAY)
    letter = root / "brev.eml"
    letter.write_text(LETTER, "utf-8")
    take_step(world.open(9), ANNA, StepKind.NOTICE, by="anna", why="3")
    take_step(world.open(9), ANNA, StepKind.REPLY, by="anna", text=WORDS, attachment=letter)
    return world


@pytest.fixture
def world(tmp_path: Path) -> Declaring:
    return make_world(tmp_path)


@pytest.fixture
def anywhere(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Declaring:
    monkeypatch.setenv("KOLL_DATABASE_URL", database_url)
    return make_world(tmp_path)


def koll(world: Declaring, *words: str, ok: int = 0) -> Result:
    done = CliRunner().invoke(app, [*words, "--config", str(world.root / "koll.toml")])
    assert done.exit_code == ok, done.output
    return done


def held(world: Declaring, who: str) -> dict[str, Any]:
    return json.loads(koll(world, "subject", "find", who, "--json").stdout)


def answers(world: Declaring, member: str = ANNA) -> dict[str, Any]:
    with world.open().engine.connect() as connection:
        table = Declaration.__table__
        return connection.execute(select(table.c.answers).where(table.c.member == member)).scalar_one()


def figures_of(world: Declaring) -> list[list[dict[str, Any]]]:
    """All that is counted, and all that is declared but the one text in which people may be named."""
    told = [
        [json.loads(line) for line in koll(world, "export", what).stdout.splitlines()]
        for what in ("counts", "complaints", "declarations")
    ]
    for row in told[-1]:
        row["answers"].pop("complaints_followed_up", None)
    return told


def opened(world: Declaring, days: int) -> Workplace:
    place = world.open()
    place.clock = lambda: datetime.combine(DAY, datetime.min.time(), UTC) + timedelta(days=days, hours=2)
    return place


def test_who_answers_for_a_declaration_is_found_given_out_and_erased(anywhere: Declaring) -> None:
    found = held(anywhere, CONTACT.upper())
    assert (found["declarations"], found["declaration_files"], found["replies"]) == (1, 1, 1), "the letter too"
    assert "Ragnhild" not in json.dumps(found) and "@" not in json.dumps(found)
    pack = anywhere.root / "hers.zip"
    koll(anywhere, "subject", "export", CONTACT, "-o", str(pack))
    with zipfile.ZipFile(pack) as opened_pack:
        given = json.loads(opened_pack.read("data.json"))
    assert given["declarations"][0]["answers"]["responsible_name"] == "Ragnhild Påhittsdotter"
    assert "Ylva" not in json.dumps(given["replies"], ensure_ascii=False), "another's name was masked"
    figures = figures_of(anywhere)
    koll(anywhere, "subject", "erase", CONTACT, "--why", "asked", "--by", "anna")
    assert held(anywhere, CONTACT)["held"] == []
    kept = answers(anywhere)
    assert not {"responsible_name", "responsible_contact", "owners", "complaints_followed_up"} & set(kept)
    assert kept["calls_made"] == ANSWERS["calls_made"] and kept["declares_truth"] is True
    assert verify(anywhere.open())[2] == []
    assert figures_of(anywhere) == figures


def test_no_later_night_replay_or_copy_of_the_form_brings_it_back(world: Declaring) -> None:
    koll(world, "subject", "erase", CONTACT)
    world.on(DAY + timedelta(days=1))
    world.ingest("declarations", replay=True)
    world.hand_in("again.json", fill_json(ANNA, responsible_name="Ragnhild Påhittsdotter"))
    world.on(DAY + timedelta(days=2))
    assert "responsible_contact" not in answers(world)


def test_a_file_that_was_refused_is_found_and_erased_too(world: Declaring) -> None:
    found = held(world, "bo@blaklint.example")
    assert (found["declarations"], found["declaration_files"]) == (0, 1)
    koll(world, "subject", "erase", "bo@blaklint.example", "--anyway")
    world.on(DAY + timedelta(days=1))
    assert held(world, "bo@blaklint.example")["held"] == []


def test_erased_words_are_gone_from_every_byte_of_the_files_and_the_case_verifies(world: Declaring) -> None:
    said = "hon såg det hela"

    def holding() -> list[str]:
        files = [path for path in world.root.rglob("*") if path.is_file()]
        return [path.name for path in files if said.encode() in path.read_bytes()]

    assert holding()
    assert held(world, NUMBER)["replies"] == 1
    koll(world, "subject", "erase", NUMBER, "--by", "anna", "--why", "asked")
    assert holding() == [], "neither free pages nor the log of the database hold them"
    assert verify(world.open()) == (2, verify(world.open())[1], [])
    assert "its words have been erased" in koll(world, "case", "show", ANNA).output
    folder = world.root / "dossier"
    koll(world, "case", "dossier", ANNA, "-o", str(folder))
    assert "Ordalydelsen har raderats" in next(folder.glob("*.html")).read_text("utf-8")


def test_a_person_who_is_only_described_is_erased_by_the_place_of_the_reply(world: Declaring) -> None:
    refused = koll(world, "case", "erase-reply", ANNA, "1", "--why", "asked", "--by", "anna", ok=1).output
    assert "step 1 is no reply of case 1: 2" in refused
    koll(world, "case", "erase-reply", ANNA, "2", "--why", "asked", "--by", "mallory", ok=1)
    for _ in range(2):
        koll(world, "case", "erase-reply", ANNA, "2", "--why", "asked", "--by", "anna")
    assert held(world, NUMBER)["held"] == [] and verify(world.open())[2] == []
    acts = [json.loads(line)["what"] for line in koll(world, "export", "audit").stdout.splitlines()]
    assert acts.count("case.words_erased") == 1


def test_declarations_and_replies_are_forgotten_after_their_periods_but_not_while_a_case_is_open(
    anywhere: Declaring,
) -> None:
    anywhere.hand_in("blaklint.json", fill_json(BO, responsible_contact="bo@blaklint.example"))
    anywhere.on(DAY + timedelta(days=1))
    figures = figures_of(anywhere)
    early = run_retention(opened(anywhere, 1_800), who="test", dry_run=True)
    assert not early["declarations"] and not early["replies"]
    promised = run_retention(opened(anywhere, 1_900), who="test", dry_run=True)
    assert "responsible_contact" in answers(anywhere, BO), "a dry run does nothing"
    done = run_retention(opened(anywhere, 1_900), who="test")
    assert done == promised and done["replies"] == 0 and done["declarations"] == 3, "an answer's row, and two files"
    assert "responsible_contact" not in answers(anywhere, BO)
    assert answers(anywhere)["responsible_contact"] == CONTACT, "the case of this member is open"
    take_step(opened(anywhere, 1_900), ANNA, StepKind.CLOSING, by="anna", why="over")
    soon = run_retention(opened(anywhere, 3_000), who="test")
    assert (soon["replies"], soon["declarations"]) == (0, 2), "a reply's time runs from the end of the case"
    assert run_retention(opened(anywhere, 3_800), who="test")["replies"] == 2, "words and letter"
    assert "responsible_contact" not in answers(anywhere) and answers(anywhere)["calls_made"]
    assert not any(run_retention(opened(anywhere, 3_800), who="test").values())
    assert verify(anywhere.open())[2] == []
    assert figures_of(anywhere) == figures
    place = opened(anywhere, 3_801)
    assert [checked.fault for checked in place.archive.verify() if checked.fault] == []


def test_what_lies_in_the_folder_after_its_time_is_not_stored_again(world: Declaring) -> None:
    take_step(world.open(9), ANNA, StepKind.CLOSING, by="anna", why="over")
    run_retention(opened(world, 1_900), who="test")
    world.on(DAY + timedelta(days=1_901))
    assert (world.root / "declarations" / "anemon.xlsx").exists()
    assert held(world, CONTACT)["declarations"] == 0 and held(world, CONTACT)["declaration_files"] == 0
