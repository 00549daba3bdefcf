"""Commands by which people decide: whom a doubtful mention means. Every answer is kept, with who and why."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands.shared import (
    CONFIG,
    AsJson,
    Config,
    console,
    fail,
    print_json,
    print_table,
    say,
    telling_faults,
)

if TYPE_CHECKING:
    from flows.review.answers import Answer, Desk

review = typer.Typer(
    invoke_without_command=True,
    help="Doubtful mentions: whom do they mean? Without a command: one after the other, a key for each answer.",
)
Asked = Annotated[str, typer.Argument(metavar="QUESTION", help="The id that `list` shows.")]
Who = Annotated[str, typer.Option("--by", help="Who answers; your user name by default.")]
Because = Annotated[str, typer.Option("--why", help="The reason, for whoever asks later.")]
Everywhere = Annotated[bool, typer.Option("--everywhere", help="Let the answer hold in every source.")]
Book = Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="The workbook that `export` wrote, filled in.")]


@review.callback()
def answer_in_turn(context: typer.Context, config: Config = CONFIG, by: Who = "") -> None:
    """Answer the open questions one after the other; where there is no terminal, list them."""
    if context.invoked_subcommand is not None:
        return
    if not console.is_terminal:
        list_reviews(config)
        return
    from flows.review.session import answer_questions

    _at_desk(config, by, lambda desk: answer_questions(desk, console))


@review.command("export")
def export_review(
    output: Annotated[Path, typer.Option("-o", "--output", help="The workbook to write.")] = Path("review.xlsx"),
    config: Config = CONFIG,
) -> None:
    """Write the open questions as a workbook that staff fill in: candidates side by side, a list of answers."""
    from flows.review.book import write_book

    with telling_faults():
        place, questions = _open(config)
        write_book(questions, output, place.settings.association.language)
        say(f"{len(questions)} question(s) written to {output}; fill it in, then run: koll review import {output}")


@review.command("import")
def import_review(book: Book, config: Config = CONFIG, by: Who = "") -> None:
    """Take in a workbook's answers; a row that cannot be taken is named and the others are."""
    from flows.review.book import read_book
    from models.storage.store import writing

    faults: list[str] = []

    def give(desk: "Desk") -> "list[Answer]":
        given, found = read_book(book, desk)
        faults.extend(found)
        with writing(desk.place.engine) as connection:
            desk.write_kept(connection)
        return given

    _at_desk(config, by, give, together=True)
    if faults:
        fail("\n".join(faults))


@review.command("list")
def list_reviews(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """List the open questions, most complaints first."""
    with telling_faults():
        rows = [question.show() for question in _open(config)[1]]
        if as_json:
            print_json(rows)
            return
        for row in rows:
            row["perhaps"] = ", ".join(f"{c['name'] or c['member']} {c['score']:.2f}" for c in row["candidates"][:3])
        print_table("Questions", rows, ("question", "complaints", "source", "role", "text", "perhaps", "why"))


@review.command("show")
def show_review(asked: Asked, config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Show one question: every candidate with what speaks for it, and the complaints behind it."""
    from flows.review.questions import NoSuchQuestion, pick_question

    with telling_faults():
        try:
            row = pick_question(_open(config)[1], asked).show()
        except NoSuchQuestion as error:
            fail(str(error))
        if as_json:
            print_json(row)
            return
        say(f"{row['text']}  ({row['source']}, as {row['role']}; {row['complaints']} complaint(s))")
        say(f"  why it is asked: {row['why']}")
        if row["sentence"]:
            say(f"  in the sentence: {row['sentence']}")
        for candidate in row["candidates"]:
            say(f"  {candidate['member']}  {candidate['score']:.2f}  {candidate['name'] or ''}: {candidate['why']}")
            if candidate.get("against"):
                say(f"    against: {candidate['against']}")
        say(f"  behind it: {', '.join(row['behind'][:10])}")


Which = Annotated[str | None, typer.Option("--member", help="Which member; `accept` takes the likeliest by default.")]


@review.command("accept")
def accept(
    asked: Asked,
    member: Which = None,
    config: Config = CONFIG,
    by: Who = "",
    why: Because = "",
    everywhere: Everywhere = False,
) -> None:
    """Say which member is meant; or, of two reports, that they are one event."""
    _at_desk(config, by, lambda desk: [desk.accept(desk.find(asked), member, why, everywhere=everywhere)], asked)


@review.command("reject")
def reject(
    asked: Asked,
    member: Which = None,
    config: Config = CONFIG,
    by: Who = "",
    why: Because = "",
    everywhere: Everywhere = False,
) -> None:
    """Say that it is not this member, or none at all; or, of two reports, that they are two events."""
    _at_desk(config, by, lambda desk: [desk.reject(desk.find(asked), member, why, everywhere=everywhere)], asked)


@review.command("unsure")
def unsure(
    asked: Asked, config: Config = CONFIG, by: Who = "", why: Because = "", everywhere: Everywhere = False
) -> None:
    """Say that nobody can tell: it counts for nobody and is not asked again."""
    _at_desk(config, by, lambda desk: [desk.doubt(desk.find(asked), why, everywhere=everywhere)], asked)


@review.command("undo")
def undo(asked: Asked, config: Config = CONFIG, by: Who = "", why: Because = "") -> None:
    """Take the last answer to a question back; it is asked again."""
    _at_desk(config, by, lambda desk: [desk.undo(asked, why)])


def _open(config: Path) -> tuple[Any, list[Any]]:
    from flows.review.questions import list_questions
    from flows.workplace import open_workplace

    place = open_workplace(config)
    with place.engine.connect() as connection:
        return place, list_questions(connection)


def _at_desk(
    config: Path, by: str, give: "Callable[[Desk], list[Answer]]", asked: str = "", *, together: bool = False
) -> None:
    """Let a person give answers, say each, and count anew at once.

    It is counted anew too where the answers had been given before: whoever was cut off in between gives them again.
    """
    from flows.review.answers import AnswerRefused, Desk
    from flows.review.questions import NoSuchQuestion
    from flows.workplace import open_workplace

    with telling_faults():
        desk = Desk(open_workplace(config), by or getpass.getuser(), together=together)
        try:
            given = give(desk)
        except (NoSuchQuestion, AnswerRefused) as error:
            if asked and desk.has_answer(asked):
                say(desk.count_anew(say))
            fail(str(error))
        for answer in given:
            say(str(answer))
        if given or together:
            say(desk.count_anew(say))
