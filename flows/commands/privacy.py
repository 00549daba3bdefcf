"""Commands about people's data: what has had its time, and what one person asks for."""

import getpass
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.shared import CONFIG, AsJson, Config, fail, print_json, print_table, say, telling_faults

retention = typer.Typer(no_args_is_help=True, help="Forgetting what has had its time.")
subject = typer.Typer(no_args_is_help=True, help="What is held of one person: find it, give it out, erase it.")
Who = Annotated[
    str,
    typer.Argument(
        metavar="[ADDRESS|NUMBER]",
        help="An e-mail address or a telephone number; asked for when left out or -, so that it stays out of the "
        "shell's history and the process list.",
    ),
]
By = Annotated[str, typer.Option("--by", help="Who does it; your user name by default.")]


@retention.command("run")
def run(
    config: Config = CONFIG,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many of each kind.")] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Forget what has had its time by the periods under `retention`; what an open case needs is held."""
    from flows.privacy.retention import run_retention, show_counts
    from flows.workplace import open_workplace

    with telling_faults():
        place = open_workplace(config)
        if dry_run:
            counts = run_retention(place, who=by or getpass.getuser(), dry_run=True)
        else:
            with place.exclusively():
                counts = run_retention(place, who=by or getpass.getuser())
        if as_json:
            print_json({"dry_run": dry_run, **counts})
        else:
            say(f"{'would forget' if dry_run else 'forgotten'}: {show_counts(counts)}")


@subject.command("find")
def find(who: Who = "-", config: Config = CONFIG, as_json: AsJson = False) -> None:
    """List what is held of a person: tips and complaints, mails in the archive, quarantined rows."""
    from flows.privacy.subject import show_found

    with telling_faults():
        place, found = _find(config, who)
        if as_json:
            print_json({**found.count(), "held": show_found(place, found)})
            return
        print_table("Held", show_found(place, found), ("what", "source", "source_id", "received_on", "text"))
        say(_sum_up(found))


@subject.command("export")
def export(
    output: Annotated[Path, typer.Option("-o", "--output", help="The ZIP file to write, private to you.")],
    who: Who = "-",
    config: Config = CONFIG,
) -> None:
    """Write what is held of a person into a ZIP file to hand over: the facts, the texts, the mails that they sent."""
    from flows.privacy.subject import export_subject

    with telling_faults():
        place, found = _find(config, who)
        number = export_subject(place, found, output)
        say(f"{_sum_up(found)}; {number} file(s) written to {output}")


@subject.command("erase")
def erase(
    who: Who = "-",
    config: Config = CONFIG,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also when it is a member's, or many different people name it.")
    ] = False,
    by: By = "",
    why: Annotated[str, typer.Option("--why", help="The reason, for the audit; no personal data.")] = "",
) -> None:
    """Erase a person's texts, hashes and raw mails for good. Complaints stay and count, without words or sender."""
    from flows.privacy.subject import SubjectDoubtful, check_erasable, erase_subject

    with telling_faults():
        place, found = _find(config, who)
        if not anyway:
            try:
                check_erasable(place, found)
            except SubjectDoubtful as error:
                fail(f"{error}; if it is right all the same: --anyway")
        if dry_run or found.nothing:
            say(f"{'would erase: ' if dry_run else ''}{_sum_up(found)}")
            return
        with place.exclusively():
            erase_subject(place, found, who=by or getpass.getuser(), why=why)
        yours = "What lies in the mailbox itself, in the folder of declarations and in backups is yours to clear"
        say(f"erased: {_sum_up(found)}. {yours}")


def _find(config: Path, who: str) -> tuple[Any, Any]:
    from flows.privacy.subject import SubjectUnclear, find_subject, name_subject
    from flows.workplace import open_workplace

    place = open_workplace(config)
    try:
        subject_asked = name_subject(place, _ask(who))
    except SubjectUnclear as error:
        raise typer.BadParameter(str(error)) from error
    return place, find_subject(place, subject_asked)


def _ask(who: str) -> str:
    if who != "-":
        return who
    if sys.stdin.isatty():
        return str(typer.prompt("E-mail address or telephone number"))
    return sys.stdin.readline()


def _sum_up(found: Any) -> str:
    counts = found.count()
    told = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in counts.items() if number)
    return told or "nothing is held"
