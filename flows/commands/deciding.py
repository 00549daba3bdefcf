"""Commands by which people decide: whom a doubtful mention means. Every answer is kept, with who and why."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.shared import CONFIG, AsJson, Config, fail, print_json, print_table, say, telling_faults

review = typer.Typer(no_args_is_help=True, help="Doubtful mentions: whom do they mean?")
Asked = Annotated[str, typer.Argument(metavar="QUESTION", help="The id that `list` shows.")]
Who = Annotated[str, typer.Option("--by", help="Who answers; your user name by default.")]
Because = Annotated[str, typer.Option("--why", help="The reason, for whoever asks later.")]
Everywhere = Annotated[bool, typer.Option("--everywhere", help="Let the answer hold in every source.")]


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
    with telling_faults():
        row = _find(_open(config)[1], asked).show()
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


@review.command("accept")
def accept(
    asked: Asked,
    member: Annotated[str | None, typer.Option("--member", help="Which member; the likeliest by default.")] = None,
    config: Config = CONFIG,
    by: Who = "",
    why: Because = "",
    everywhere: Everywhere = False,
) -> None:
    """Say which member is meant; or, of two reports, that they are one event."""

    def choose(question: Any, members: dict[str, str]) -> tuple[str, str | None]:
        if question.is_pair:
            return "member", None
        chosen = (member or "").replace("-", "") or next((c["member"] for c in question.candidates), None)
        if chosen not in members:
            fail(f"{chosen or 'nobody'}: no such member; name one with --member (see `koll members list`)")
        return "member", chosen

    _answer(config, asked, choose, by, why, everywhere)


@review.command("reject")
def reject(
    asked: Asked,
    member: Annotated[str | None, typer.Option("--member", help="Not this one; none of them by default.")] = None,
    config: Config = CONFIG,
    by: Who = "",
    why: Because = "",
    everywhere: Everywhere = False,
) -> None:
    """Say that it is not this member, or none at all; or, of two reports, that they are two events."""
    chosen = (member or "").replace("-", "") or None
    _answer(config, asked, lambda _question, _members: ("not_member", chosen), by, why, everywhere)


@review.command("unsure")
def unsure(
    asked: Asked, config: Config = CONFIG, by: Who = "", why: Because = "", everywhere: Everywhere = False
) -> None:
    """Say that nobody can tell: it counts for nobody and is not asked again."""
    _answer(config, asked, lambda _question, _members: ("ambiguous", None), by, why, everywhere)


@review.command("undo")
def undo(asked: Asked, config: Config = CONFIG, by: Who = "", why: Because = "") -> None:
    """Take the last answer to a question back; it is asked again."""
    from flows.reviewing import UNDONE, NoSuchQuestion, find_answered

    with telling_faults():
        place = _open(config)[0]
        try:
            with place.engine.connect() as connection:
                question = find_answered(connection, asked)
        except NoSuchQuestion as error:
            fail(str(error))
        _record(place, question, UNDONE, None, by, why, False)


def _open(config: Path) -> tuple[Any, list[Any]]:
    from flows.reviewing import list_questions
    from flows.workplace import open_workplace

    place = open_workplace(config)
    with place.engine.connect() as connection:
        return place, list_questions(connection)


def _find(questions: list[Any], asked: str) -> Any:
    found = [question for question in questions if question.id.startswith(asked)]
    if len(found) != 1:
        fail(f"{len(found)} open questions {asked}; `koll review list` shows them")
    return found[0]


def _answer(
    config: Path,
    asked: str,
    choose: Callable[[Any, dict[str, str]], tuple[str, str | None]],
    by: str,
    why: str,
    everywhere: bool,
) -> None:
    from flows.linking import load_members

    with telling_faults():
        place, questions = _open(config)
        question = _find(questions, asked)
        members = {member.member: member.legal_name for member in load_members(place.engine)}
        said, member = choose(question, members)
        _record(place, question, said, member, by, why, everywhere)


def _record(place: Any, question: Any, said: str, member: str | None, by: str, why: str, everywhere: bool) -> None:
    """Write the answer down and count anew at once."""
    from flows.matching import make_matcher
    from flows.night import run_relink
    from flows.reviewing import record_answer
    from models.store import writing

    with place.exclusively():
        matcher = make_matcher(place)
        with writing(place.engine) as connection:
            record_answer(
                connection,
                question,
                said,
                member,
                who=by or getpass.getuser(),
                why=why,
                at=place.clock(),
                version=matcher.version,
                everywhere=everywhere,
            )
        changed = run_relink(place, matcher, say)
    say(f"{question.id}: {said}{f' {member}' if member else ''}; {changed} complaint(s) are linked otherwise now")
