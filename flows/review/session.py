"""The open questions one after the other in a terminal: candidates side by side, one key for each answer, undo."""

from collections.abc import Iterator, Mapping
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.commands.shared import show
from flows.review.answers import Answer, Desk
from flows.review.questions import Question
from models.members.org_number import show_org_number

_SHOWN = 4  # candidates side by side
_HELP = "[bold]n[/] none of them   [bold]u[/] nobody can tell   "
_PAIR_HELP = "[bold]y[/] one event   [bold]n[/] two events   [bold]u[/] nobody can tell   "
_REST = "[bold]s[/] skip   [bold]z[/] undo the last answer   [bold]q[/] stop"


def answer_questions(desk: Desk, console: Console) -> list[Answer]:
    """Ask until the questions or the person's time are out; return the answers given and not taken back.

    Each answer is written down as its key is pressed, so that a closed window loses nothing.
    """
    given: list[Answer] = []
    waiting = desk.list_open()
    if not waiting:
        console.print("No questions wait for an answer.")
    at = 0
    while at < len(waiting):
        question = waiting[at]
        console.rule(f"{at + 1} of {len(waiting)}", align="left")
        for part in draw_question(question):
            console.print(part)
        key = click.getchar().lower()
        if key in ("q", "\x03", "\x04", "\x1b"):
            break
        if key == "z" and given:
            taken_back = given.pop()
            desk.undo(taken_back.question.id)
            console.print(f"taken back: {taken_back}")
            at = waiting.index(taken_back.question)
            continue
        answer = None if key == "s" else answer_with(desk, question, key)
        if answer is not None:
            given.append(answer)
            console.print(f"[green]{escape(str(answer))}[/]")
        elif key != "s":
            console.print(f"{escape(repr(key))} is none of the keys")
            continue
        at += 1
    return given


def answer_with(desk: Desk, question: Question, key: str) -> Answer | None:
    """Return the answer that a key gives to a question; None for a key without a meaning here."""
    if key == "u":
        return desk.doubt(question)
    if key == "n":
        return desk.reject(question, None)
    if question.is_pair:
        return desk.accept(question, None) if key == "y" else None
    place = int(key) - 1 if key.isdecimal() else -1
    if 0 <= place < min(len(question.candidates), _SHOWN):
        return desk.accept(question, question.candidates[place]["member"])
    return None


def draw_question(question: Question) -> Iterator[Any]:
    """Yield what a terminal shows of a question: the words, where they stand, and who may be meant."""
    shown = question.show()
    yield f"[bold]{escape(show(shown['text']))}[/]  ({escape(show(shown['source'] or 'two reports'))}, {shown['role']})"
    yield f"{shown['complaints']} complaint(s) hang on it: {escape(show(', '.join(shown['behind'][:5])))}"
    if shown["sentence"]:
        yield f"in the sentence: [italic]{escape(show(shown['sentence']))}[/]"
    yield f"why it is asked: {escape(show(shown['why']))}"
    candidates = question.candidates[:_SHOWN]
    if candidates:
        yield _draw_candidates(candidates)
    yield _list_keys(question, len(candidates)) + _REST


def _list_keys(question: Question, candidates: int) -> str:
    if question.is_pair:
        return _PAIR_HELP
    numbers = "1" if candidates == 1 else f"1-{candidates}"
    return f"[bold]{numbers}[/] that member   {_HELP}" if candidates else _HELP


def _draw_candidates(candidates: list[dict[str, Any]]) -> Table:
    table = Table(show_lines=False, pad_edge=False, box=None, header_style="bold")
    for place, candidate in enumerate(candidates, 1):
        table.add_column(f"{place}  {escape(show(candidate.get('name') or ''))}", ratio=1, overflow="fold")
    for row in (_number_of, _score_of, _reason_of):
        table.add_row(*(escape(show(row(candidate))) for candidate in candidates))
    return table


def _number_of(candidate: Mapping[str, Any]) -> str:
    return show_org_number(candidate["member"])


def _score_of(candidate: Mapping[str, Any]) -> str:
    return f"likeness {candidate['score']:.2f}" if candidate.get("score") is not None else ""


def _reason_of(candidate: Mapping[str, Any]) -> str:
    return str(candidate.get("why") or "")
