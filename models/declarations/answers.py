"""One answer as people write it, read for what it says and nothing more."""

import re

from models.dates import read_date
from models.declarations.draft import Answer
from models.declarations.form import Question

LONGEST = 4_000  # characters of one text
_MOST = 10**10
_YES = {"ja", "yes", "true", "sant", "x"}
_NO = {"nej", "no", "false", "falskt"}
_COUNT = re.compile(r"\d{1,3}(?:[ .,'\u00a0\u202f]\d{3})+|\d+")
_ESCAPED = re.compile(r"'\s*[=+\-@＝＋－＠]")
_MANGLED = re.compile(r"#(?:REF|N/A|NAME|VALUE|NULL|NUM|DIV/0|SAKNAS|VÄRDEFEL|OGILTIGT|REFERENS|NAMN)[!?]?|#{3,}")


class AnswerUnreadable(ValueError):
    """The answer is none of those its question can have; the text says what is needed."""


def read_answer(question: Question, text: str) -> Answer | None:
    """Return what a cell answers, or None for an empty one. Raises AnswerUnreadable."""
    said = text.strip()
    if _ESCAPED.match(said):
        said = said[1:]  # the apostrophe that keeps a spreadsheet from taking a text for a formula
    if not said:
        return None
    if _MANGLED.fullmatch(said):
        raise AnswerUnreadable("the spreadsheet has made an error of it: write the answer again")
    match question.kind:
        case "yes_no":
            return _read_yes_no(said)
        case "count":
            return _read_count(said)
        case "date":
            return _read_day(said)
        case "choice":
            return _read_choice(question, said)
        case "text":
            return _read_text(said)


def _read_yes_no(said: str) -> bool:
    folded = said.casefold().rstrip(".!")
    if folded in _YES or folded in _NO:
        return folded in _YES
    raise AnswerUnreadable("Ja or Nej (Yes or No) is needed")


def _read_count(said: str) -> int:
    """Read 1234, 1 234 and 1.234; not "ca 100", 12,5 or less than nothing: a count is whole and certain."""
    if not _COUNT.fullmatch(said):
        raise AnswerUnreadable("a whole number is needed, 0 or more, and nothing besides it")
    digits = re.sub(r"\D", "", said)
    if len(digits) > len(str(_MOST)) or int(digits) > _MOST:
        raise AnswerUnreadable(f"at most {_MOST} can be right")
    return int(digits)


def _read_day(said: str) -> str:
    day = read_date(said)
    if day is None:
        raise AnswerUnreadable("a date such as 2026-01-31 is needed")
    return day.isoformat()


def _read_choice(question: Question, said: str) -> str:
    for choice in question.choices:
        if said.casefold() in {choice.code, choice.sv.casefold(), choice.en.casefold()}:
            return choice.code
    raise AnswerUnreadable(f"one of {', '.join(choice.sv for choice in question.choices)} is needed")


def _read_text(said: str) -> str:
    if len(said) > LONGEST:
        raise AnswerUnreadable(f"at most {LONGEST} characters")
    if any(not c.isprintable() and c not in "\n\t" for c in said.replace("\r\n", "\n")):
        raise AnswerUnreadable("it holds control characters: write it again")
    return said.replace("\r\n", "\n")
