"""A filled-in form as JSON: {"kind": "koll-declaration", "form": "1", "member": ..., "year": ..., "answers": {...}}."""

import json
from collections.abc import Iterator
from typing import Any

from models.declarations.layout import FORM, MARK, MEMBER, YEAR
from sources.declarations.workbook import Cell, FileRefused

_HEAD = {FORM, MEMBER, YEAR}


def read_members(content: bytes) -> Iterator[tuple[str, Cell]]:
    """Yield (code, answer) of everything the document says. Raises FileRefused."""
    try:
        found = json.loads(
            content.decode("utf-8-sig"), object_pairs_hook=_refuse_twins, parse_constant=_refuse_constant
        )
        json.dumps(found, ensure_ascii=False).encode()  # half a character, written as an escape, is no text
    except (ValueError, RecursionError):  # also bytes that are no UTF-8, and numbers too long to be any
        raise FileRefused("file-broken", found="not JSON in UTF-8") from None
    answers = found.get("answers") if isinstance(found, dict) else None
    if not isinstance(found, dict) or found.get("kind") != MARK or not isinstance(answers, dict):
        raise FileRefused("not-a-declaration", found=f'"kind": "{MARK}" and "answers" are needed')
    if strange := sorted(set(found) - _HEAD - {"kind", "answers"}):
        raise FileRefused("question-unknown", place=str(strange[0])[:60])
    if both := sorted(_HEAD & set(answers)):
        raise FileRefused("question-twice", place=f"answers.{both[0]}")
    for code in _HEAD & set(found):
        yield code, Cell(_show(found[code], code), code)
    for code, value in answers.items():
        yield code, Cell(_show(value, code), f"answers.{code[:60]}")


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise FileRefused("question-twice", place=key[:60])
        found[key] = value
    return found


def _refuse_constant(_: str) -> None:
    raise ValueError("NaN and Infinity are no answers")


def _show(value: object, code: str) -> str:
    """Return a value as the text that a person would have written into the form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float | str):
        return str(value)
    raise FileRefused("answer-unreadable", place=code[:60], found="one text, number, true or false is needed")
