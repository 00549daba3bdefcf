"""The matcher's explanations in Swedish: none of its sentences is forgotten, and what is not ours stays."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.review.explanations import say_why
from models.matching.competition import _SAID_AGAINST
from models.matching.scoring import AGAINST, WHY

ROOT = Path(__file__).parent.parent
ENGLISH = re.compile(r"\b(?:the|a|an|and|of|is|was|are|has|that|not|from|with|may|other|another|same|member)\b")
MADE = ("Match", "Link")  # whose fifth argument says why
FILES = [
    *sorted((ROOT / "models" / "matching").rglob("*.py")),
    ROOT / "flows/intake/linking.py",
    ROOT / "flows/intake/events.py",
]


def read_text(node: ast.expr) -> Iterator[str]:
    """Yield what an expression may say, with something harmless in its holes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value.format(name="Velora Energi AB")
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else fill(part) for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from read_text(node.body)
        yield from read_text(node.orelse)
    elif isinstance(node, ast.BinOp):
        for one in read_text(node.left):
            for two in read_text(node.right):
                yield one + two
    elif isinstance(node, ast.Tuple):
        yield from read_text(node.elts[0])


def fill(part: ast.expr) -> str:
    told = ast.unparse(part)
    if "len(" in told:
        return "3"
    if "alike" in told or "containment" in told:
        return "85% of the shorter text is in the other"
    if "agree" in told or "clash" in told:
        return "invoice"
    if "doubt" in told or "weak" in told:
        return "it may be a place"
    if "whose" in told:
        return "another company"
    if "rule" in told:
        return "domain"
    return "Reads as Velora AB with a slip of the pen" if ".why" in told or told == "{why}" else "Velora AB"


def find_sentences() -> Iterator[str]:
    yield from (sentence.format(name="Velora Energi AB") for sentence in WHY.values())
    yield from (f"Same name as Velora AB ({told})" for told in {**AGAINST, **_SAID_AGAINST}.values())
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Assign) and [getattr(t, "id", "") for t in node.targets] == ["why"]:
                yield from read_text(node.value)
            elif (
                isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Match", "Link") and len(node.args) > 4
            ):
                yield from read_text(node.args[4])
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("_several", "_answer"):
                yield from (told for arg in node.args for told in read_text(arg) if told[:1].isupper())
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and path.name == "duplicates.py":
                yield from read_text(node.value.elts[-1])
            elif isinstance(node, ast.Return) and node.value and path.name in ("context.py", "places.py"):
                yield from (f"Same name as Velora AB; {told}" for told in read_text(node.value) if " " in told)


SENTENCES = sorted({told for told in find_sentences() if " " in told.strip()})


def test_the_sentences_are_found_where_the_matcher_writes_them() -> None:
    assert len(SENTENCES) > 70
    for told in ("A person said that this is Velora AB", "Same name as Velora AB; it may be a street"):
        assert told in SENTENCES


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_of_the_matcher_has_its_swedish(sentence: str) -> None:
    told = say_why(sentence, "sv")
    assert told != sentence and not ENGLISH.search(told), told
    assert say_why(sentence, "en") == sentence


def test_clauses_brackets_and_ends_are_put_into_swedish_in_their_places() -> None:
    told = "Same name as Foo AB, inside a sentence; as near to the non-member Bar HB (initials only; initials only)"
    assert say_why(told, "sv") == (
        "Samma namn som Foo AB, inne i en mening; lika nära Bar HB, som inte är medlem (bara initialer; bara initialer)"
    )
    assert say_why("Samma (sak); som förr", "sv") == "Samma (sak); som förr"
    assert say_why("", "sv") == ""
