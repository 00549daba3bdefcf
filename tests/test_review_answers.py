"""Questions answered by people: key by key in a terminal, in a workbook, through Prefect's form."""

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from prefect.testing.utilities import prefect_test_harness
from sqlalchemy import select as sql

from flows.review.answers import AnswerRefused, Desk
from flows.review.book import read_book, write_book
from flows.review.questions import list_questions
from models.storage.tables import ReviewAnswer
from tests.demo_world import World, demo_world

KOLL = Path(sys.executable).parent / "koll"
ANSWERS = ReviewAnswer.__table__


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with demo_world(tmp_path / "world") as laid_out:
        laid_out.open()
        laid_out.three_nights()
        yield laid_out


def said(world: World) -> list[tuple[str, str, str | None, str]]:
    with world.open().engine.connect() as connection:
        rows = connection.execute(sql(ANSWERS).order_by(ANSWERS.c.id))
        return [(row.question, row.said, row.member, row.who) for row in rows]


def open_questions(world: World) -> list:
    with world.open().engine.connect() as connection:
        return list_questions(connection)


def type_at(world: World, keys: list[bytes]) -> str:
    """Run ``koll review`` in a real terminal; each key is pressed when the screen asks for one and listens for it."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    command = [KOLL, "review", "--config", world.config, "--by", "Siv Demo"]
    koll = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    seen, asked, waiting = "", 0, list(keys)
    until = time.monotonic() + 240
    try:
        while time.monotonic() < until:
            if select.select([ours], [], [], 0.05)[0]:
                try:
                    seen += os.read(ours, 65536).decode("utf-8", "replace")
                except OSError:  # the other end is closed: it has ended
                    break
            listens = not termios.tcgetattr(ours)[3] & termios.ICANON
            if waiting and listens and seen.count(" stop") > asked:
                asked += 1
                os.write(ours, waiting.pop(0))
        return seen
    finally:
        koll.kill()
        koll.wait()
        os.close(ours)


def test_one_key_answers_a_question_undo_takes_it_back_and_each_is_kept_with_who(world: World) -> None:
    first, second = open_questions(world)[:2]
    screen = type_at(world, [b"1", b"z", b"n", b"?", b"u", b"q"])
    likeliest = first.candidates[0]["member"]
    assert said(world) == [
        (first.id, "member", likeliest, "Siv Demo"),
        (first.id, "undone", None, "Siv Demo"),
        (first.id, "not_member", None, "Siv Demo"),
        (second.id, "ambiguous", None, "Siv Demo"),
    ]
    assert first.candidates[0]["name"] in screen and "none of the keys" in screen and "linked otherwise now" in screen
    assert {first.id, second.id}.isdisjoint(question.id for question in open_questions(world))
    assert {row["what"] for row in world.export("audit")} >= {"review.member", "review.undone", "review.ambiguous"}


def test_where_there_is_no_terminal_the_questions_are_listed(world: World) -> None:
    listed = subprocess.run([KOLL, "review", "--config", world.config], capture_output=True, text=True, timeout=120)
    assert listed.returncode == 0 and all(question.id in listed.stdout for question in open_questions(world))


def fill_in(path: Path, answers: dict[str, tuple[str, str]]) -> None:
    book = load_workbook(path)
    for row in book["review"].iter_rows(min_row=2):
        if row[0].value in answers:
            row[9].value, row[10].value = answers[row[0].value]
    book.save(path)


def test_a_workbook_filled_in_answers_its_questions_once_and_names_the_rows_it_cannot_take(
    world: World, tmp_path: Path
) -> None:
    questions, path = open_questions(world), tmp_path / "frågor.xlsx"
    write_book(questions, path, "sv")
    one, two, three, four = questions[:4]
    assert not any(question.is_pair for question in questions[:4])
    member = world.export("counts")[0]["member"]
    fill_in(path, {one.id: ("1", ""), two.id: ("Ingen", ""), three.id: ("", member), four.id: ("kanske", "")})
    desk = Desk(world.open(), "Siv Demo")
    given, faults = read_book(path, desk)
    assert [(answer.question.id, answer.said, answer.member) for answer in given] == [
        (one.id, "member", one.candidates[0]["member"]),
        (two.id, "not_member", None),
        (three.id, "member", member),
    ]
    assert len(faults) == 1 and "row 5" in faults[0] and "kanske" in faults[0]
    before = said(world)
    assert read_book(path, desk)[0] == [] and said(world) == before


def test_a_workbook_of_another_kind_is_refused_with_what_would_do(world: World, tmp_path: Path) -> None:
    path = tmp_path / "annat.csv"
    path.write_text("a;b\n1;2\n", "utf-8")
    with pytest.raises(AnswerRefused, match="koll review export"):
        read_book(path, Desk(world.open(), "Siv Demo"))


def test_a_mention_that_looks_like_a_formula_is_text_in_the_workbook(world: World, tmp_path: Path) -> None:
    question = open_questions(world)[0]
    question.text = "=HYPERLINK(1)"
    write_book([question], tmp_path / "f.xlsx", "en")
    cell = load_workbook(tmp_path / "f.xlsx")["review"]["B2"]
    assert cell.data_type == "s" and cell.value == "'=HYPERLINK(1)"


@pytest.mark.prefect
def test_the_form_offers_what_is_open_and_an_answer_counts_at_once(world: World) -> None:
    from flows.review.form import decide, list_choices

    place = world.open()
    choices, question = list_choices(place), open_questions(world)[0]
    assert choices[0].startswith(f"{question.id}  ") and len(choices) == len(open_questions(world))
    with prefect_test_harness(server_startup_timeout=240):
        done = decide(choices[0], "the likeliest", "Siv Demo", config=str(world.config), return_state=True)
        refused = decide("ffffffffff", "none of them", "Siv Demo", config=str(world.config), return_state=True)
    assert done.is_completed() and "linked otherwise now" in done.message
    assert refused.is_failed() and "koll review list" in refused.message
    assert said(world) == [(question.id, "member", question.candidates[0]["member"], "Siv Demo")]
