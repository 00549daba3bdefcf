"""Who is this? Files of questions, and what comes back."""

import json
from pathlib import Path

import pytest

from flows.looking.asking import QuestionsUnreadable, answer_questions, read_questions
from models.matching.matcher import Matcher
from models.matching.mention import KnownMember, KnownName
from models.words import NameKind

VELORA = "5561112227"
MATCHER = Matcher([KnownMember(VELORA, VELORA, "Velora Energi AB", (KnownName(NameKind.FORMER, "Elgrossen AB"),))])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("q.jsonl", '{"id": 7, "text": "Velora Energi", "kvar": "år"}\n\n'),
        ("q.csv", 'id;text;kvar\n7;"Velora Energi";år\n'),
        ("q.csv", "id,text,kvar\n7,Velora Energi,år\n"),
    ],
)
def test_questions_are_read_as_lines_or_as_a_table_and_keep_their_columns(
    tmp_path: Path, name: str, content: str, encoding: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode(encoding))
    [row] = answer_questions(MATCHER, read_questions(path))
    assert list(row) == ["id", "text", "kvar", "member", "name", "band", "score", "why"]
    assert (str(row["id"]), row["kvar"], row["member"], row["band"]) == ("7", "år", VELORA, "accept")
    assert row["name"] == "Velora Energi AB"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("q.jsonl", '{"text": "x"}\nno\n', "line 2"),
        ("q.jsonl", '["x"]\n', '"text"'),
        ("q.jsonl", "[" * 100_000, "line 1"),
        ("q.csv", "namn;ort\nVelora;Lund\n", "'text'"),
        ("q.jsonl", '{"text": "x", "date": "03/04/2026"}\n', "2026-01-31"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_place(tmp_path: Path, name: str, content: str, told: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(QuestionsUnreadable, match=told):
        list(answer_questions(MATCHER, read_questions(path)))


def test_odd_texts_are_answered_like_any_other() -> None:
    odd = [None, 5, "", "\x00\x01", "a" * 10_000, ["x"], "\ud800"]
    rows = list(answer_questions(MATCHER, [{"text": text} for text in odd]))
    assert [row["band"] for row in rows] == ["none"] * len(odd)
    assert all(row["why"] and json.dumps(row) for row in rows)
