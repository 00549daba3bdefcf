"""Commands for working the quarantine: look at a row and at why it is there, mend it, or leave it out for good."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from flows.commands.shared import (
    CONFIG,
    AsJson,
    Config,
    console,
    fail,
    print_json,
    print_table,
    say,
    show,
    telling_faults,
)

quarantine = typer.Typer(no_args_is_help=True, help="Rows that were refused, or kept with a flag.")
Key = Annotated[str, typer.Argument(metavar="KEY", help="The key that `list` shows, or its beginning.")]
Who = Annotated[str, typer.Option("--by", help="Who decides; your user name by default.")]
_WIDTH = 120  # columns, where no terminal says


@quarantine.command("list")
def list_quarantine(
    config: Config = CONFIG,
    source: Annotated[str | None, typer.Option("--source", help="Only of this source.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also what is mended, repaired or rejected.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what is open, with its code."""
    from flows.looking.quarantine import list_items
    from flows.workplace import open_workplace

    with telling_faults():
        rows = list_items(open_workplace(config), source, every=every)
        if as_json:
            print_json(rows)
        else:
            columns = ("key", "source", "source_id", "code", "kept", "state", "name", "raw_locator")
            print_table("Quarantine", rows, columns)


@quarantine.command("show")
def show_quarantine(key: Key, config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Show one item: the raw bytes it was read from and, beside them, why it is here and what was read."""
    from flows.looking.quarantine import show_item
    from flows.workplace import open_workplace

    with telling_faults(), _telling_refusals():
        item = show_item(open_workplace(config), key)
        if as_json:
            print_json(item)
            return
        table = Table(title=f"{item['key']}  {show(item['source'])} {show(item['source_id'])}", title_justify="left")
        table.add_column("raw", ratio=1, overflow="fold")
        table.add_column("reason", ratio=1, overflow="fold")
        table.add_row(escape("\n".join(item["raw"])), escape("\n".join(_explain(item))))
        console.print(table, soft_wrap=False, width=console.width if console.is_terminal else _WIDTH)


def _explain(item: dict[str, Any]) -> Iterator[str]:
    yield f"{item['code']} ({'kept with a flag' if item['kept'] else 'refused'}; {item['state']})"
    yield show(item["reason"])
    yield f"{show(item['name'])} {show(item['raw_locator'])}, object {item['raw_sha256'][:12]}"
    yield f"seen {item['first_seen']:%Y-%m-%d} to {item['last_seen']:%Y-%m-%d}"
    yield ""
    for name, value in item["draft"].items():
        if value not in (None, [], {}, "", False) and name != "precedence":
            told = "; ".join(_tell_fault(one) for one in value) if name == "faults" else value
            yield f"{name} = {show(told)}"
    for said in item["history"]:
        edits = ", ".join(f"{name}={value}" for name, value in said["edits"].items())
        yield f"{said['at']:%Y-%m-%d %H:%M} {said['said']} by {show(said['who'])}: {show(edits)} {show(said['why'])}"


def _tell_fault(fault: dict[str, str]) -> str:
    if "field" not in fault:  # the file as a whole
        return fault["code"]
    return f"{fault['code']} {fault['field']} {fault['value']!r}"


@quarantine.command("repair")
def repair(
    key: Key,
    edits: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="What is right; may be repeated.")
    ] = None,
    config: Config = CONFIG,
    by: Who = "",
    why: Annotated[str, typer.Option("--why", help="The reason, for whoever asks later.")] = "",
) -> None:
    """Edit a row, judge it again and store it under its id; remembered for when the row comes again.

    Without --set a row that was kept with a flag is found to be right as it is.
    """
    from flows.intake.matching import make_linkers
    from flows.intake.quarantine import repair_item
    from flows.workplace import open_workplace

    with telling_faults(), _telling_refusals():
        place = open_workplace(config)
        with place.exclusively():
            source = _find_source(place, key)
            linker = make_linkers(place)(source)
            worked = repair_item(place, key, edits or [], linker, who=by or getpass.getuser(), why=why)
        say(f"{worked.source_id}: {'stored' if worked.changed else 'stays as it was'}, remembered")
        for reason in worked.still:
            say(f"  still flagged: {reason}")


@quarantine.command("reject")
def reject(
    key: Key,
    why: Annotated[str, typer.Option("--why", help="The reason, for whoever asks later.")],
    config: Config = CONFIG,
    by: Who = "",
) -> None:
    """Leave a row out for good, also when it comes again; what was stored of it is withdrawn."""
    from flows.intake.quarantine import reject_item
    from flows.workplace import open_workplace

    if not why.strip():
        raise typer.BadParameter("say why: others will ask", param_hint="--why")
    with telling_faults(), _telling_refusals():
        place = open_workplace(config)
        with place.exclusively():
            withdrawn = reject_item(place, key, who=by or getpass.getuser(), why=why.strip())
        say(f"{key}: rejected, remembered" + ("; the stored complaint is withdrawn" if withdrawn else ""))


def _find_source(place: Any, key: str) -> str:
    from flows.looking.quarantine import list_items

    found = {row["source"] for row in list_items(place, every=True) if row["key"].startswith(key)}
    return found.pop() if len(found) == 1 else ""


@contextmanager
def _telling_refusals() -> Iterator[None]:
    from flows.looking.quarantine import RowNotWorked
    from models.storage.repairs import EditInvalid

    try:
        yield
    except EditInvalid as error:
        raise typer.BadParameter(str(error)) from error
    except RowNotWorked as error:
        fail(str(error))
