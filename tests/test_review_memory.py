"""Answers to doubtful mentions: remembered by words, source and role, kept with who and why, taken back on request."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from flows.looking.exports import EXPORTS, Asked
from flows.review.answers import Desk
from flows.review.questions import Question
from tests.small_world import ANNA, BO, NAMES, Small

KOLL = Path(sys.executable).parent / "koll"
DOUBTFUL = "Anemon Telefoni HB"
NEWCOMER = "5590000047"


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """Two sources that both name, in two ways of writing, what may be Anna's; and one that surely is Bo's."""
    made = Small(tmp_path, "", day=date(2026, 8, 26), quiet=True)
    for source, name in (("agency", DOUBTFUL), ("agency", DOUBTFUL.upper()), ("council", DOUBTFUL)):
        made._put(source, date(2026, 8, 20), name, "")
    made._put("agency", date(2026, 8, 21), NAMES[BO], "")
    made.night()
    return made


def totals(small: Small) -> dict[str, int]:
    return {row["member"]: row["total"] for row in EXPORTS["counts"](small.open(), Asked()) if row["total"]}


def ask(small: Small, hour: int = 4) -> tuple[Desk, dict[str, Question]]:
    desk = Desk(small.open(hour), "Siv")
    return desk, {question.key.source: question for question in desk.list_open()}


def answer(small: Small, hour: int, said: str, *given: object) -> None:
    desk, asked = ask(small, hour)
    getattr(desk, said)(*(given or (asked["agency"], None) if said != "doubt" else (asked["agency"],)))
    desk.count_anew(small.lines.append)


@pytest.mark.parametrize(("said", "counts"), [("accept", 2), ("reject", 0), ("doubt", 0)])
def test_an_answer_holds_for_the_words_and_the_source_until_it_is_taken_back(
    small: Small, said: str, counts: int
) -> None:
    before, (_, asked) = totals(small), ask(small)
    question = asked["agency"]
    assert before == {BO: 1} and len(question.complaints) == 2 and set(asked) == {"agency", "council"}
    answer(small, 4, said)
    assert totals(small) == before | ({ANNA: counts} if counts else {})
    assert set(ask(small)[1]) == {"council"}
    small.night(1)
    assert set(ask(small)[1]) == {"council"}, "another night does not ask again"
    answer(small, 5, "undo", question.id)
    assert totals(small) == before and set(ask(small)[1]) == {"agency", "council"}
    kept = [row for row in EXPORTS["audit"](small.open(), Asked()) if row["what"].startswith("review.")]
    assert [row["who"] for row in kept] == ["Siv", "Siv"] and kept[-1]["what"] == "review.undone"


def test_a_changed_register_asks_again_only_what_it_touches_and_leaves_old_links_alone(small: Small) -> None:
    answer(small, 4, "accept")
    small.name_members(NAMES | {NEWCOMER: "Dovhjort Bygg AB"})
    small.night(1)
    assert set(ask(small)[1]) == {"council"} and totals(small) == {ANNA: 2, BO: 1}
    small.name_members(NAMES | {NEWCOMER: DOUBTFUL})
    small.night(1)
    _, asked = ask(small)
    assert "further member" in asked["agency"].why and totals(small)[BO] == 1
    assert {NEWCOMER, ANNA} <= {candidate["member"] for candidate in asked["agency"].candidates}


def test_show_tells_what_speaks_for_and_against_each_candidate(small: Small) -> None:
    question = ask(small)[1]["agency"]
    command = [KOLL, "review", "show", question.id, "--config", small.root / "koll.toml"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True).stdout
    said = " ".join(shown.split())
    assert f"{ANNA} " in said and "Same name as Anemon Telefoni AB" in said
    assert "against: another legal form than the member's" in said and "2 complaint(s)" in said
