"""Who is this? Questions from a file, and the matcher's answers as rows: the same columns, then what was found."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from models.dates import read_date
from models.matching.matcher import Matcher
from models.matching.mention import Mention
from sources.encoding import decode_bytes
from sources.files.cells import TableUnreadable
from sources.files.tabular import read_lines

ANSWERS = ("member", "name", "band", "score", "why")
_TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")


class QuestionsUnreadable(ValueError):
    """The file of questions cannot be used; the text names the line and what is needed."""


def read_questions(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file of questions: JSON lines, or a table with a column ``text``; UTF-8 or cp1252.

    Raises QuestionsUnreadable, OSError as ``open``.
    """
    if path.suffix.lower() in _TABLES:
        try:
            with path.open("rb") as stream:
                yield from (dict(line.cells) for line in read_lines(stream, ["text"]))
        except TableUnreadable as error:
            raise QuestionsUnreadable(f"{path}: {error}") from error
        return
    for number, line in enumerate(decode_bytes(path.read_bytes(), markup=False).text.split("\n"), 1):
        if line.strip():
            yield _read_object(line, f"{path} line {number}")


def _read_object(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise QuestionsUnreadable(f'{place}: not JSON; one object a line with at least "text" is needed') from error
    if not isinstance(row, dict) or "text" not in row:
        raise QuestionsUnreadable(f'{place}: an object with "text" is needed')
    return row


def answer_questions(matcher: Matcher, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield each row with its answer; what is asked several times is matched once. Raises QuestionsUnreadable."""
    names = {known.member: known.legal_name for known in matcher.members}
    known: dict[Mention, dict[str, Any]] = {}
    for number, row in enumerate(rows, 1):
        asked = _read_mention(row, number)
        answer = known.get(asked)
        if answer is None:
            found = matcher.match(asked)
            told = (found.member, names.get(found.member or ""), str(found.band), round(found.score, 4), found.why)
            answer = known[asked] = dict(zip(ANSWERS, told, strict=True))
        yield {**row, **answer}


def _read_mention(row: dict[str, Any], number: int) -> Mention:
    given = str(row.get("date") or "").strip()
    on = read_date(given) if given else None
    if given and on is None:
        raise QuestionsUnreadable(f"question {number}: date {given[:40]!r}: a date such as 2026-01-31 is needed")
    return Mention(str(row.get("text") or ""), on=on, source=str(row.get("source") or ""))
