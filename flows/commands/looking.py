"""Commands that only look: status, doctor, export, and the lists of quarantine and alerts."""

import json
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.shared import (
    CONFIG,
    AsJson,
    Config,
    console,
    day,
    fail,
    moment,
    print_json,
    print_table,
    say,
    telling_faults,
)

quarantine = typer.Typer(no_args_is_help=True, help="Rows that were refused, or kept with a flag.")
alerts = typer.Typer(no_args_is_help=True, help="Alerts toward staff.")


class Form(StrEnum):
    """How an export is written."""

    JSONL = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"


class What(StrEnum):
    """What can be exported."""

    COMPLAINTS = "complaints"
    COUNTS = "counts"
    ALERTS = "alerts"
    MAILS = "mails"
    QUARANTINE = "quarantine"
    REVIEWS = "reviews"
    RUNS = "runs"


def export(
    what: Annotated[What, typer.Argument(help="What to write.")],
    config: Config = CONFIG,
    as_of: Annotated[date | None, typer.Option(parser=day, metavar="YYYY-MM-DD", help="Count up to this day.")] = None,
    known_at: Annotated[datetime | None, typer.Option(parser=moment, metavar="TIME", help="As known then.")] = None,
    form: Annotated[Form, typer.Option("--format", help="How to write it.")] = Form.JSONL,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The file; else standard output.")] = None,
) -> None:
    """Write everything out, for people and programs."""
    from flows.exports import EXPORTS, Asked, open_target, write_rows
    from flows.workplace import open_workplace

    with telling_faults():
        place = open_workplace(config)
        rows = EXPORTS[what](place, Asked(as_of, known_at))
        with open_target(output) as target:
            number = write_rows(rows, form, target)
        if output is not None:
            say(f"{number} {what} written to {output}")


def status(
    config: Config = CONFIG,
    as_json: AsJson = False,
    day_asked: Annotated[
        date | None, typer.Option("--date", parser=day, metavar="YYYY-MM-DD", help="As of this day.")
    ] = None,
) -> None:
    """Show each source, what waits for people, and what to do next: the failing thing first."""
    from flows.status import read_status
    from flows.workplace import open_workplace

    with telling_faults():
        found = read_status(open_workplace(config), day_asked)
        if as_json:
            print_json(found)
            return
        columns = ("source", "verdict", "complete_through", "late", "complaints", "quarantined", "do")
        print_table("Sources", found["sources"], columns)
        for name in ("open_alerts", "quarantine", "reviews"):
            say(f"{name.replace('_', ' ')}: {found[name]}")
        say("outbox: " + (", ".join(f"{n} {state}" for state, n in found["outbox"].items()) or "empty"))
        say(f"last run: {found['last_run'] or 'none yet; run `koll nightly`'}")


def doctor(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Check configuration, database, archive, mail, mailbox and every source's reachability and robots."""
    from flows.doctor import examine

    with telling_faults():
        findings = examine(config)
        if as_json:
            print_json(findings)
        else:
            for finding in findings:
                mark = "ok  " if finding["ok"] else "FAIL"
                colour = "green" if finding["ok"] else "red"
                console.print(f"[{colour}]{mark}[/{colour}] ", end="")
                say(f"{finding['what']}: {finding['found']}" + ("" if finding["ok"] else f" -> {finding['do']}"))
        if not all(finding["ok"] for finding in findings):
            raise typer.Exit(1)


@quarantine.command("list")
def list_quarantine(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """List what is open, with its code."""
    from flows.exports import Asked, export_quarantine
    from flows.workplace import open_workplace

    with telling_faults():
        rows = [row for row in export_quarantine(open_workplace(config), Asked()) if row["state"] == "open"]
        if as_json:
            print_json(rows)
        else:
            print_table("Quarantine", rows, ("key", "source", "source_id", "code", "kept", "name", "raw_locator"))


@quarantine.command("show")
def show_quarantine(
    key: Annotated[str, typer.Argument(help="The key that `list` shows.")], config: Config = CONFIG
) -> None:
    """Show one item: the reason, what was read, and where its raw bytes are."""
    from flows.exports import Asked, export_quarantine
    from flows.workplace import open_workplace

    with telling_faults():
        rows = export_quarantine(open_workplace(config), Asked())
        found = next((row for row in rows if row["key"].startswith(key)), None)
        if found is None:
            fail(f"no quarantined item {key}; `koll quarantine list` shows them")
        say(json.dumps(found, ensure_ascii=False, indent=1))


@alerts.command("list")
def list_alerts(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """List where every alert stands."""
    from flows.status import list_alert_states
    from flows.workplace import open_workplace

    with telling_faults():
        rows: list[dict[str, Any]] = list_alert_states(open_workplace(config))
        if as_json:
            print_json(rows)
        else:
            print_table(
                "Alerts", rows, ("alert", "rule", "member", "name", "channel", "standing", "level", "count", "since")
            )
