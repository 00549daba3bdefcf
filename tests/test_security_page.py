"""SECURITY.md promises nothing that no test holds: each row of its table names tests that there are."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "SECURITY.md").read_text("utf-8")
ROWS = re.findall(r"^\| (?!promise|\*\*|---)(.+?) \| (.+) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("promise", "held"), ROWS)
def test_what_holds_a_promise_is_there(promise: str, held: str) -> None:
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", held)
    assert named and len(named) == held.count("`") // 2, f"{promise}: {held}"
    for file, name in named:
        text = (TESTS / file).read_text("utf-8")
        assert f"def test_{name}(" in text if name else "def test_" in text, (file, name)


def test_every_room_of_promises_is_filled() -> None:
    assert len(ROWS) > 15
