"""Commands that only look: status, doctor, export."""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.shared import (
    CONFIG,
    AsJson,
    Config,
    Day,
    console,
    day,
    fail,
    moment,
    print_json,
    print_table,
    say,
    telling_faults,
)


class Form(StrEnum):
    """How an export is written."""

    JSONL = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"


def form(text: str) -> Form:
    """Read the form of an export given on the command line."""
    try:
        return Form(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: one of {', '.join(Form)} is needed") from error


class What(StrEnum):
    """What can be exported."""

    COMPLAINTS = "complaints"
    COUNTS = "counts"
    ALERTS = "alerts"
    MAILS = "mails"
    QUARANTINE = "quarantine"
    REVIEWS = "reviews"
    RUNS = "runs"
    DECLARATIONS = "declarations"
    AUDIT = "audit"


def export(
    what: Annotated[What, typer.Argument(help="What to write.")],
    config: Config = CONFIG,
    as_of: Annotated[date | None, typer.Option(parser=day, metavar="YYYY-MM-DD", help="Count up to this day.")] = None,
    known_at: Annotated[datetime | None, typer.Option(parser=moment, metavar="TIME", help="As known then.")] = None,
    written_as: Annotated[
        Form, typer.Option("--format", parser=form, metavar="jsonl|csv|xlsx", help="How to write it.")
    ] = Form.JSONL,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The file; else standard output.")] = None,
) -> None:
    """Write everything out, for people and programs."""
    from flows.looking.exports import EXPORTS, Asked, open_target, write_rows
    from flows.workplace import open_workplace

    with telling_faults():
        place = open_workplace(config)
        rows = EXPORTS[what](place, Asked(as_of, known_at))
        with open_target(output) as target:
            number = write_rows(rows, written_as, target)
        if output is not None:
            say(f"{number} {what} written to {output}")


def page(config: Config = CONFIG, date: Day = None) -> None:
    """Write the staff page again, as the night does: static files in the folder of `page.folder`."""
    from flows.page.write import write_pages
    from flows.workplace import open_workplace

    with telling_faults():
        index = write_pages(open_workplace(config), date)
        if index is None:
            fail('no [page] folder is configured; set folder = "page" under [page] in koll.toml')
        say(f"staff page written: {index}")


def status(
    source: Annotated[str | None, typer.Argument(help="Only this source, in detail.")] = None,
    config: Config = CONFIG,
    as_json: AsJson = False,
    day_asked: Annotated[
        date | None, typer.Option("--date", parser=day, metavar="YYYY-MM-DD", help="As of this day.")
    ] = None,
) -> None:
    """Show each source, what waits for people, and what to do next: the failing thing first. Or one source's health."""
    from flows.commands.screen import show_status
    from flows.looking.status import read_status
    from flows.workplace import open_workplace

    with telling_faults():
        if source is not None:
            _show_health(config, source, day_asked, as_json)
            return
        found = read_status(open_workplace(config), day_asked)
        if as_json:
            print_json(found)
            return
        show_status(found, console, "" if config == CONFIG else f" --config {config}")


def _show_health(config: Path, source: str, on: date | None, as_json: bool) -> None:
    from flows.looking.health import NoSuchSource, draw_weeks, read_health
    from flows.workplace import open_workplace

    try:
        found = read_health(open_workplace(config), source, on)
    except NoSuchSource as error:
        raise typer.BadParameter(str(error)) from error
    if found["do"].startswith("koll ") and config != CONFIG:
        found["do"] += f" --config {config}"
    if as_json:
        print_json(found)
        return
    say(f"{found['title']} ({found['source']}, {found['kind']}): {found['verdict']}")
    if found["message"]:
        say(f"  {found['message']}")
    if found["failing_since"]:
        say(f"  failing since {found['failing_since']:%Y-%m-%d %H:%M}")
    read = f"{found['last_read']:%Y-%m-%d %H:%M}" if found["last_read"] else "never"
    say(f"  last read well: {read}; complete through {found['complete_through'] or 'no day yet'}")
    say(f"  next due: {found['next_due'] or 'now'}{' (late)' if found['late'] else ''}")
    say(f"  do: {found['do'] or 'nothing'}")
    for issue in found["issues"]:
        kept = "kept with a flag" if issue["kept"] else "refused"
        say(f"  {issue['rows']} {kept}: {issue['code']} since {issue['since']:%Y-%m-%d}. {issue['sentence']}")
        say(f"    koll quarantine show {issue['keys'][0]}")
    print_table("Counts beside their bounds", found["counts"], ("what", "seen", "from", "to", "ok"))
    say("Complaints by week (Monday)")
    for line in draw_weeks(found["weeks"]):
        say(f"  {line}")


def doctor(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Check configuration, database, archive, mail, mailbox and every source's reachability and robots."""
    from flows.looking.doctor import examine

    with telling_faults():
        findings = examine(config)
        if as_json:
            print_json(findings)
        else:
            for finding in findings:
                mark, colour = ("ok  ", "green") if finding["ok"] else ("FAIL", "red")
                console.print(f"[{colour}]{mark}[/{colour}] ", end="")
                say(f"{finding['what']}: {finding['found']}")
                if not finding["ok"]:
                    say(f"       it means: {finding['means']}")
                    say(f"       do: {finding['do']}")
            failing = sum(not finding["ok"] for finding in findings)
            say(f"{failing} of {len(findings)} need mending" if failing else f"all {len(findings)} are well")
        if not all(finding["ok"] for finding in findings):
            raise typer.Exit(1)
