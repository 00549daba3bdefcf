"""Commands about who is who: the register, and "who is this?"."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.shared import CONFIG, AsJson, Config, fail, print_json, print_table, say, telling_faults

members = typer.Typer(no_args_is_help=True, help="The member register.")


@members.command("import")
def import_members(
    file: Annotated[Path, typer.Argument(help="members.csv (with names.csv beside it), a folder of both, or an XLSX.")],
    config: Config = CONFIG,
    confirm_shrink: Annotated[bool, typer.Option(help="Take a register that lost more than a tenth.")] = False,
    by: Annotated[str, typer.Option("--by", help="Who does it; your user name by default.")] = "",
    why: Annotated[str, typer.Option("--why", help="The reason, for whoever asks later.")] = "",
) -> None:
    """Take the register in, whole or not at all; faulty rows are listed with their lines."""
    from flows.intake.register import read_the_register
    from flows.workplace import open_workplace
    from models.audit import record_act
    from models.members.register import store_register
    from models.storage.store import writing

    with telling_faults():
        place = open_workplace(config)
        register = read_the_register(place, file)
        with writing(place.engine) as connection:
            written, names = store_register(connection, register, confirmed=confirm_shrink, file=file)
            if written or names:
                record_act(
                    connection,
                    "members.import",
                    "register",
                    who=by or getpass.getuser(),
                    at=place.clock(),
                    why=why,
                    details={
                        "members": len(register.members),
                        "written": written,
                        "names": names,
                        "confirmed_shrink": confirm_shrink,
                    },
                )
        for warning in register.warnings:
            say(f"note: {warning}")
        say(f"{len(register.members)} members, {written} written; {names} names changed")


@members.command("list")
def list_members(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """List the members."""
    with telling_faults():
        rows = [
            {
                "member": member.member,
                "name": member.legal_name,
                "joined_on": member.joined_on,
                "left_on": member.left_on,
                "names": len(member.names),
            }
            for member in _load(config)
        ]
        if as_json:
            print_json(rows)
        else:
            print_table("Members", rows, ("member", "name", "joined_on", "left_on", "names"))


@members.command("show")
def show_member(
    org: Annotated[str, typer.Argument(metavar="ORG", help="Organisation number, or the id that `list` shows.")],
    config: Config = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show one member, every name it is known by, and its figures."""
    from flows.looking.exports import Asked, export_counts
    from flows.workplace import open_workplace
    from models.members.org_number import OrgNumberInvalid, member_id, read_org_number

    with telling_faults():
        place = open_workplace(config)
        try:
            wanted = member_id(read_org_number(org, place.settings.country.scheme), place.hash_key)
        except OrgNumberInvalid:
            wanted = org
        found = next((member for member in _load(config) if member.member == wanted), None)
        if found is None:
            fail("no such member; `koll members list` shows them all")
        counts = next(row for row in export_counts(place, Asked()) if row["member"] == wanted)
        names = [
            {"kind": n.kind, "value": n.value, "valid_from": n.valid_from, "valid_to": n.valid_to} for n in found.names
        ]
        shown = {"member": wanted, "name": found.legal_name, "names": names, "counts": counts}
        if as_json:
            print_json(shown)
            return
        say(f"{found.legal_name} ({wanted})")
        print_table("Names", names, ("kind", "value", "valid_from", "valid_to"))
        say(
            f"{counts['total']} complaints {counts['window_from']} to {counts['window_to']}, of which at least"
            f" {counts['phone_at_least']} by telephone ({counts['phone_unknown']} unknown). Reported, not proven."
        )


def _load(config: Path) -> list[Any]:
    from flows.intake.known_members import load_members
    from flows.workplace import open_workplace

    return load_members(open_workplace(config).engine)


def match(
    text: Annotated[list[str] | None, typer.Argument(help="Names, numbers or domains to look up.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="JSON lines, CSV or XLSX with text, optional id, date, source.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where the answers go (.jsonl, .csv, .xlsx); else shown.")
    ] = None,
    config: Config = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Who is this? Member, band, score and why."""
    from flows.intake.matching import make_matcher
    from flows.looking.asking import ANSWERS, QuestionsUnreadable, answer_questions, read_questions
    from flows.looking.exports import open_target, write_rows
    from flows.workplace import open_workplace

    if not text and file is None:
        raise typer.BadParameter("give TEXT... or --file FILE")
    forms = {"": "jsonl", ".json": "jsonl", ".jsonl": "jsonl", ".csv": "csv", ".xlsx": "xlsx"}
    form = forms.get(output.suffix.lower() if output else "")
    if form is None:
        raise typer.BadParameter(f"-o {output}: a file that ends in .jsonl, .csv or .xlsx is needed")
    with telling_faults():
        asked = [{"text": one} for one in text or []]
        try:
            if file is not None:
                asked += read_questions(file)
            answers = answer_questions(make_matcher(open_workplace(config)), asked)
            if output is None and not as_json and file is None:
                print_table("Who is this?", answers, ("text", *ANSWERS))
                return
            with open_target(output) as target:
                write_rows(answers, form, target)
        except QuestionsUnreadable as error:
            fail(str(error))
