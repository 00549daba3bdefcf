"""The one command line: `koll`."""

import gc
import os

import typer

from flows.commands import (
    alerts,
    cases,
    deciding,
    declarations,
    looking,
    privacy,
    quarantine,
    register,
    running,
    sources,
    tips,
    upkeep,
)

_OBJECTS_MADE = 50_000  # between two looks for rubbish

app = typer.Typer(
    name="koll",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Medlemskoll keeps a trade association's eye on how its members behave. "
    "Exit codes: 0 done, 1 failed, 2 wrong use.",
    add_completion=False,
)
app.command("init")(running.init)
app.command("demo")(running.demo)
app.command("nightly")(running.nightly)
app.command("ingest")(running.ingest)
app.command("backfill")(running.backfill)
app.command("status")(looking.status)
app.command("doctor")(looking.doctor)
app.command("export")(looking.export)
app.command("page")(looking.page)
app.command("match")(register.match)
app.add_typer(register.members, name="members")
app.add_typer(quarantine.quarantine, name="quarantine")
app.add_typer(deciding.review, name="review")
app.add_typer(tips.tips, name="tips")
app.add_typer(alerts.alerts, name="alerts")
app.add_typer(alerts.rules, name="rules")
app.add_typer(cases.cases, name="case")
app.add_typer(declarations.declarations, name="declarations")
app.add_typer(sources.source, name="source")
app.command("backup")(upkeep.backup)
app.command("restore")(upkeep.restore)
app.command("verify")(upkeep.verify)
app.command("automations")(upkeep.automations)
app.add_typer(upkeep.archive, name="archive")
app.add_typer(privacy.retention, name="retention")
app.add_typer(privacy.subject, name="subject")


def main() -> None:
    """Run the command line. Whatever it writes is its owner's alone."""
    os.umask(0o077)
    gc.set_threshold(_OBJECTS_MADE)  # what is imported stays: Python would look through it for a tenth of a second
    app()


if __name__ == "__main__":
    main()
