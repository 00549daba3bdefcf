"""Commands by which people move a case: open, step, reply, close; and what it holds: list, show, verify, dossier."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.shared import CONFIG, AsJson, Config, day, fail, print_json, print_table, say, show, telling_faults

cases = typer.Typer(no_args_is_help=True, help="The ladder: notice, demand, follow-up, board, exclusion or closing.")
Which = Annotated[
    str, typer.Argument(metavar="MEMBER", help="Organisation number, or the id `koll members list` shows.")
]
Who = Annotated[
    str,
    typer.Option("--by", help="Who does it; your log-in name by default. cases.persons in koll.toml lists who may."),
]
Why = Annotated[str, typer.Option("--why", help="The reason; it stands in the case for good.")]
On = Annotated[
    date | None, typer.Option("--date", parser=day, metavar="YYYY-MM-DD", help="The day it was done; today by default.")
]
Number = Annotated[
    int | None, typer.Option("--number", min=1, help="Which of the member's cases; the last by default.")
]


class Rung(StrEnum):
    """What `koll case step` takes; a case is opened and closed by commands of their own."""

    DEMAND = "demand"
    FOLLOW_UP = "follow_up"
    BOARD = "board"
    EXCLUSION = "exclusion"


class Language(StrEnum):
    """What a dossier can be written in."""

    SWEDISH = "sv"
    ENGLISH = "en"


@contextmanager
def _telling() -> Iterator[None]:
    from models.cases.steps import StepRefused

    with telling_faults():
        try:
            yield
        except StepRefused as error:
            fail(str(error))


@cases.command("open")
def open_case(which: Which, why: Why, config: Config = CONFIG, by: Who = "", on: On = None) -> None:
    """Open a case with a notice to the member; the figures behind it are frozen."""
    _take(config, which, "notice", by=by, why=why, on=on)


@cases.command("step")
def step(
    which: Which,
    rung: Annotated[str, typer.Argument(metavar="STEP", help="demand, follow_up, board or exclusion.")],
    why: Why,
    config: Config = CONFIG,
    by: Who = "",
    on: On = None,
    deadline: Annotated[
        date | None, typer.Option("--deadline", parser=day, metavar="YYYY-MM-DD", help="A demand's last day to comply.")
    ] = None,
) -> None:
    """Take the next step. A demand has a deadline, and is answered by the date of its follow-up."""
    chosen = rung.strip().casefold().replace("-", "_")
    if chosen == "notice":
        raise typer.BadParameter("a notice opens the case: `koll case open MEMBER`", param_hint="STEP")
    if chosen in ("close", "closing"):
        raise typer.BadParameter("a case is closed with `koll case close MEMBER`", param_hint="STEP")
    if chosen not in set(Rung):
        raise typer.BadParameter(f"{rung}: one of {', '.join(Rung)} is needed", param_hint="STEP")
    _take(config, which, chosen, by=by, why=why, on=on, deadline=deadline)


@cases.command("reply")
def reply(
    which: Which,
    text: Annotated[str, typer.Option("--text", help="What the member answered; personal data is masked.")],
    config: Config = CONFIG,
    by: Who = "",
    on: On = None,
    contested: Annotated[
        list[str] | None,
        typer.Option("--contest", metavar="SOURCE:ID", help="A complaint it says is not about it; may be repeated."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", exists=True, dir_okay=False, help="The letter, archived.")
    ] = None,
) -> None:
    """Note the member's reply, and the complaints it contests; both stand beside the figures from then on."""
    _take(config, which, "reply", by=by, on=on, text=text, contested=tuple(contested or ()), attachment=file)


@cases.command("erase-reply")
def erase_reply(
    which: Which,
    position: Annotated[int, typer.Argument(metavar="STEP", min=1, help="Its position, as `koll case show` lists it.")],
    why: Annotated[str, typer.Option("--why", help="The reason, for the audit; no personal data.")],
    config: Config = CONFIG,
    by: Who = "",
    number: Number = None,
) -> None:
    """Erase a reply's words and its letter for good, as a person may ask; the case goes on verifying without them."""
    from flows.cases import erase_reply as erase
    from flows.workplace import open_workplace

    with _telling():
        reply = erase(open_workplace(config), which, position, by=by, why=why, number=number)
    say(f"reply of {reply.on}: erased. Dossiers that were written before, and backups, are yours to clear")


@cases.command("close")
def close(which: Which, why: Why, config: Config = CONFIG, by: Who = "", on: On = None) -> None:
    """Close the case without exclusion."""
    _take(config, which, "closing", by=by, why=why, on=on)


def _take(config: Path, which: str, kind: str, **how: Any) -> None:
    from flows.cases import take_step
    from flows.workplace import open_workplace
    from models.cases.steps import StepKind

    with _telling():
        taken = take_step(open_workplace(config), which, StepKind(kind), **how)
    told, done = taken.step, taken.step.evidence
    if taken.repeated:
        say(f"{told.kind} of {told.on}: done already, nothing was written again")
        return
    say(f"case {taken.case.member}/{taken.case.number}: {told.kind} of {told.on}, by {told.who}")
    say(
        f"  frozen: {done['total']} complaints {done['window']['from']} to {done['window']['to']}, of which at least"
        f" {done['phone_at_least']} by telephone. Reported, not proven."
    )
    if told.deadline:
        say(f"  deadline {told.deadline}; a follow-up is proposed for {told.follow_up_on}, and you will be reminded")
    if done.get("follow_up"):
        _say_follow_up(done["follow_up"])
    if told.kind == "exclusion":
        say("  write the day it left into the register (left_on): until then alerts about it go on")


def _say_follow_up(found: dict[str, Any]) -> None:
    for channel, one in found["channels"].items():
        where = "" if channel == "any" else f" by {channel}"
        ratio = "" if one["ratio"] is None else f"; rate ratio {one['ratio']:.2f}"
        if one["low"] is not None:
            ratio += (
                f" (95 % interval {one['low']:.2f} to {'any' if one['high'] is None else format(one['high'], '.2f')})"
            )
        say(
            f"  {one['verdict'].replace('_', ' ')}{where}: {one['after']} since"
            f" {found['after']['from'] if found['after'] else 'the deadline'}, {one['expected']:.1f} expected if"
            f" unchanged{ratio}"
        )
    if found["tell_on"]:
        say(f"  it can be told from {found['tell_on']}")


@cases.command("list")
def list_open(
    config: Config = CONFIG,
    every: Annotated[bool, typer.Option("--all", help="Ended cases too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the open cases, the next follow-up first."""
    from flows.cases import list_cases
    from flows.workplace import open_workplace

    with _telling():
        rows = list_cases(open_workplace(config), every=every)
        if as_json:
            print_json(rows)
        else:
            columns = ("member", "name", "number", "stands_at", "since", "deadline", "follow_up_on", "open")
            print_table("Cases", rows, columns)


@cases.command("show")
def show_one(which: Which, config: Config = CONFIG, number: Number = None, as_json: AsJson = False) -> None:
    """Show a case: its steps, what each froze, the member's replies, and how it stands today."""
    from flows.cases import show_case
    from flows.workplace import open_workplace

    with _telling():
        found = show_case(open_workplace(config), which, number)
    if as_json:
        print_json(found)
        return
    say(f"{show(found['name'])} ({found['member']}), case {found['number']}: {'open' if found['open'] else 'ended'}")
    columns = ("position", "step", "on", "by", "total", "phone_at_least", "deadline", "follow_up_on", "why")
    print_table("Steps", found["steps"], columns)
    for one in found["steps"]:
        if one["text"]:
            say(f"reply of {one['on']}: {show(one['text'])}")
        if one["erased"]:
            say(f"reply of {one['on']}: its words have been erased")
    if found["contested"]:
        say(f"contested by the member: {', '.join(found['contested'])}")
    if found["follow_up_today"]:
        say("Since the demand, as of today")
        _say_follow_up(found["follow_up_today"])
    if found["next_step"]:
        say(f"next on the ladder: {found['next_step']}; nothing happens by itself")


@cases.command("verify")
def verify(
    which: Annotated[str | None, typer.Argument(metavar="[MEMBER]", help="Whose cases; all by default.")] = None,
    config: Config = CONFIG,
) -> None:
    """Hold every hash, figure, complaint row and archived byte of the cases against what is there now."""
    from flows.cases import verify as hold_against
    from flows.workplace import open_workplace

    with _telling():
        steps, objects, faults = hold_against(open_workplace(config), which)
    for fault in faults:
        say(fault)
    if faults:
        fail(f"{len(faults)} fault(s) in {steps} step(s) and {objects} archived object(s)")
    say(f"{steps} step(s) and {objects} archived object(s) are what they were")


@cases.command("dossier")
def dossier(
    which: Which,
    output: Annotated[Path, typer.Option("-o", "--output", file_okay=False, help="The folder to write into.")],
    config: Config = CONFIG,
    language: Annotated[Language | None, typer.Option("--language", help="The association's own by default.")] = None,
    number: Number = None,
) -> None:
    """Write the board's dossier: one HTML file that needs nothing else, and a PDF."""
    from flows.dossier.draw import write_dossier
    from flows.dossier.gather import gather
    from flows.workplace import open_workplace

    with _telling():
        place = open_workplace(config)
        for path in write_dossier(place, gather(place, which, number), output, language):
            say(f"{path}")
