"""Commands about the yearly self-declaration: forms out, files in, who is late, and declared beside observed."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.shared import CONFIG, AsJson, Config, Day, fail, print_json, print_table, say, telling_faults

declarations = typer.Typer(no_args_is_help=True, help="The members' yearly self-declarations.")
Member = Annotated[str, typer.Argument(metavar="MEMBER", help="An organisation number, or a masked id.")]
Year = Annotated[
    int | None, typer.Option("--year", min=1990, max=2200, help="The business year: the calendar year it ends in.")
]
_STATUS = ("member", "name", "year", "due_on", "state", "days_late", "received_on", "last_asked", "contact")
_NO_VERDICT = (
    "A difference is a question and no accusation: a member counts what consumers have told it, the sources what they "
    "have told an authority, a board or the association."
)


class Language(StrEnum):
    """The form's language."""

    SV = "sv"
    EN = "en"


@declarations.command("form")
def form(
    member: Annotated[str | None, typer.Argument(metavar="[MEMBER]", help="Whose; a blank form by default.")] = None,
    every: Annotated[bool, typer.Option("--all", help="One for every present member, into a folder.")] = False,
    language: Annotated[
        Language | None, typer.Option("--language", help="The form's language; the association's by default.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file, or the folder; the form's own name by default.")
    ] = None,
    year: Year = None,
    config: Config = CONFIG,
) -> None:
    """Write the form as XLSX, filled in with what the register knows."""
    if every and member:
        raise typer.BadParameter("name one member, or give --all, not both")
    with _trying(config) as place:
        from flows.declarations.forms import write_forms
        from flows.looking.exports import open_target

        chosen = None if language is None else ("sv" if language is Language.SV else "en")
        asked = None if every else [member] if member else []
        into_folder = every or (output is not None and output.is_dir())
        if into_folder and output is not None:
            output.mkdir(parents=True, exist_ok=True)
        written = []
        for name, content in write_forms(place, asked, chosen, year):  # type: ignore[arg-type]
            path = (output or Path()) / name if into_folder else output or Path(name)
            with open_target(path) as target:
                target.write(content)
            written.append(path)
        if every:
            say(f"{len(written)} form(s) written to {output or Path()}/")
        else:
            say(f"written {written[0]}")


@declarations.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False)],
    config: Config = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Take in files that were handed over in another way; each is judged as if it lay in the folder."""
    with _trying(config) as place:
        from flows.declarations.handing import import_files

        with place.exclusively():
            judged = import_files(place, files)
        rows = [
            {
                "file": one.draft.name,
                "member": one.draft.member,
                "year": one.draft.year,
                "result": "refused" if one.code else "accepted",
                "code": one.code or None,
                "reason": one.reason or None,
            }
            for one in judged
        ]
        if as_json:
            print_json(rows)
        for row in () if as_json else rows:
            what = f"{row['file']}: {row['result']}"
            say(f"{what}, {row['member']} for {row['year']}" if not row["code"] else f"{what}. {row['reason']}")
        if any(row["code"] for row in rows):
            raise typer.Exit(1)


@declarations.command("status")
def status(config: Config = CONFIG, year: Year = None, date: Day = None, as_json: AsJson = False) -> None:
    """Show who has handed in, who is late, and who cannot be reached."""
    with _trying(config) as place:
        from flows.declarations.standing import list_status

        rows = list_status(place, year, date)
        if as_json:
            print_json(rows)
            return
        print_table("Declarations", rows, _STATUS)
        states = [str(row["state"]) for row in rows]
        say(", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(sorted(states))) or "no members")
        if guessed := sum(not row["year_end_known"] for row in rows):
            say(f"{guessed} member(s) have no year_end in the register: the calendar year is taken")


@declarations.command("remind")
def remind(
    members: Annotated[
        list[str] | None, typer.Argument(metavar="[MEMBER...]", help="Remind these now; else whoever is due.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")] = False,
    by: Annotated[str, typer.Option("--by", help="Who does it; your user name by default.")] = "",
    date: Day = None,
    config: Config = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Write the reminders that are due now, as the night would; or one to each member named, whatever the day."""
    with _trying(config) as place:
        from flows.declarations.asking import remind as remind_them
        from models.alerting.rules import MEMBERS

        with place.exclusively():
            done = remind_them(place, members or [], by=by or getpass.getuser(), dry_run=dry_run, on=date)
        rows = [
            {
                "member": event.member,
                "name": done.members[event.member].name,
                "year": event.subject,
                "due_on": event.note if event.reason != "resolved" else None,
                "what": "received" if event.reason == "resolved" else "asked",
                "letter": MEMBERS in event.groups,
            }
            for event in done.events
        ]
        if as_json:
            print_json(rows)
            return
        print_table("Reminders", rows, ("member", "name", "year", "due_on", "what", "letter"))
        letters = sum(bool(row["letter"]) for row in rows)
        if dry_run:
            say(f"{letters} letter(s) to members would be written; nothing was")
        else:
            say(f"{letters} letter(s) to members written; {done.report.sent if done.report else 0} mail(s) sent")


@declarations.command("show")
def show(
    member: Member,
    config: Config = CONFIG,
    year: Year = None,
    private: Annotated[bool, typer.Option("--private", help="Show the answers that name a person, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a member has declared, every version of it."""
    with _trying(config) as place:
        from flows.declarations.comparing import show_declared

        found = show_declared(place, member, year, private=private)
        if as_json:
            print_json(found)
            return
        say(f"{found['name']} ({found['member']})")
        if not found["versions"]:
            say("  has declared nothing yet")
        for version in found["versions"]:
            till = f", replaced {version['recorded_to']:%Y-%m-%d}" if version["recorded_to"] else ""
            say(f"\n{version['year']}: received {version['received_on']} in {version['file']}{till}")
            print_table(f"Answers for {version['year']}", version["answers"], ("question", "text", "answer"))


@declarations.command("compare")
def compare(
    member: Annotated[str | None, typer.Argument(metavar="[MEMBER]", help="One member; all by default.")] = None,
    config: Config = CONFIG,
    year: Year = None,
    as_json: AsJson = False,
) -> None:
    """Set what members declared beside what was observed in the same business year: sizes, never a verdict."""
    with _trying(config) as place:
        from flows.declarations.comparing import compare_declared, show_facts

        facts = compare_declared(place, member, year)
        if as_json:
            print_json([show_facts(one) for one in facts])
            return
        if member is None:
            print_table("Declared and observed", [_summarise(one) for one in facts], _COLUMNS)
        for one in facts if member is not None else ():
            _tell(one)
        say(_NO_VERDICT)


_COLUMNS = (
    "member", "name", "year", "declared", "observed", "difference", "phone_declared", "phone_observed_at_least",
    "calls", "phone_per_100k_calls", "changed",
)  # fmt: skip


def _summarise(facts: Any) -> dict[str, Any]:
    phone = next((one for one in facts.channels if one.channel == "phone"), None)
    return {
        "member": facts.member,
        "name": facts.name,
        "year": facts.year,
        "declared": facts.observed.declared,
        "observed": facts.observed.observed if facts.complete else f"{facts.observed.observed} so far",
        "difference": _sign(facts.observed.difference),
        "phone_declared": phone.declared if phone else None,
        "phone_observed_at_least": phone.observed if phone else 0,
        "calls": facts.calls,
        "phone_per_100k_calls": _say_rate(phone.observed_rate if phone else None),
        "changed": len(facts.changed),
    }


def _sign(difference: int | None) -> str | None:
    return None if difference is None else f"{difference:+d}"


def _say_rate(rate: Any) -> str | None:
    return f"{rate.per_100k:.1f} ({rate.low:.1f} to {rate.high:.1f})" if rate else None


def _tell(facts: Any) -> None:
    came = f"received {facts.received_on}" if facts.received_on else "nothing declared yet"
    say(f"\n{facts.name} ({facts.member}), {facts.period.start} to {facts.period.end}: {came}")
    rows = [
        {
            "channel": one.channel,
            "declared": one.declared,
            "observed": one.observed if one.channel == "any" else f"at least {one.observed}",
            "difference": _sign(one.difference),
            "declared_per_100k_calls": _say_rate(one.declared_rate),
            "observed_per_100k_calls": _say_rate(one.observed_rate),
        }
        for one in (facts.observed, *facts.channels)
    ]
    columns = ("channel", "declared", "observed", "difference", "declared_per_100k_calls", "observed_per_100k_calls")
    print_table("Complaints", rows, columns)
    if facts.calls is not None:
        say(f"calls declared: {facts.calls}")
    if not facts.complete:
        reached = min(facts.complete_through.values(), default=None)
        untold = f", and {', '.join(facts.untold)} never told anything" if facts.untold else ""
        say(f"the sources are complete through {reached}{untold}: what was observed can only grow")
    changed = [
        {"question": one.question, "text": one.sv, "before": one.before, "now": one.now}
        if not one.private
        else {"question": one.question, "text": one.sv, "before": "(not shown)", "now": "(not shown)"}
        for one in facts.changed
    ]
    if changed:
        print_table(f"Changed since {facts.year - 1}", changed, ("question", "text", "before", "now"))


@contextmanager
def _trying(config: Path) -> Iterator[Any]:
    """Open the workplace, and tell this room's own errors as a message."""
    from flows.workplace import open_workplace

    with telling_faults():
        place = open_workplace(config)
        from flows.declarations.finding import NobodyThere, NotConfigured, NotReminded
        from models.declarations.facts import MemberUnknown

        try:
            yield place
        except (NobodyThere, NotConfigured, NotReminded, MemberUnknown) as error:
            fail(str(error))
