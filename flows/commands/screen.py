"""`koll status` for people: one screen, the failing thing first, each with the command that mends it."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.commands.shared import show
from models.words import Verdict

_COLOURS = {Verdict.OK: "green", Verdict.ODD: "yellow", Verdict.BROKEN: "red"}
_MARKS = {"fault": ("✗", "red"), "work": ("•", "yellow")}
_LEAST = 30  # letters of the first column; where the others leave less, they get a line of their own
_COLUMNS = ("source", "verdict", "complete through", "late", "complaints", "quarantined")


def show_status(found: dict[str, Any], console: Console, more: str = "") -> None:
    """Print what ``read_status`` found; ``more`` is what a command needs besides to find this installation.

    On a terminal every line fits its width. Elsewhere columns are set apart by tabs, below a line that names them.
    """
    console.print(Text(f"{found['association']}: {_sum_up(found)}", style="bold", no_wrap=True, overflow="ellipsis"))
    _print(console, "To do", ("what", "do"), [_show_todo(row, more) for row in found["todo"]])
    _print(console, "Sources", _COLUMNS, [_show_source(row) for row in found["sources"]])
    console.print(Text.assemble(("Mail  ", "bold"), _count_mail(found)))
    due = found["next_follow_up"]
    told = f"{found['cases']} open" + (f"; the next follow-up is due on {due}" if due else "")
    console.print(Text.assemble(("Cases  ", "bold"), told))


def _sum_up(found: dict[str, Any]) -> str:
    if not found["last_run"]:
        return "no night has run yet"
    run, _, rest = found["last_run"].partition(": ")
    state = rest.partition(".")[0]
    return f"last run {run}, {'under way, or cut off' if state == 'running' else state}"


def _show_todo(row: dict[str, str], more: str) -> tuple[Text, ...]:
    mark, colour = _MARKS[row["kind"]]
    do = row["do"] + more if row["do"].startswith("koll ") else row["do"]
    return Text.assemble((mark, colour), " ", show(row["what"])), Text(do, style="bold")


def _show_source(row: dict[str, Any]) -> tuple[Text, ...]:
    colour = _COLOURS.get(row["verdict"], "yellow")
    told = row["complete_through"]
    return (
        Text(row["source"]),
        Text(str(row["verdict"]), style=colour),
        Text(str(told or "no day yet")),
        Text("late" if row["late"] else "", style="yellow"),
        Text(str(row["complaints"])),
        Text(str(row["quarantined"] or "")),
    )


def _count_mail(found: dict[str, Any]) -> str:
    return ", ".join(f"{number} {state}" for state, number in found["outbox"].items()) or "none yet"


def _print(console: Console, title: str, columns: tuple[str, ...], rows: list[tuple[Text, ...]]) -> None:
    if not rows:
        return
    if not console.is_terminal:
        for line in (title, "\t".join(columns), *("\t".join(cell.plain for cell in row) for row in rows)):
            console.file.write(f"{line}\n")  # the console would make spaces of the tabs
        return
    console.print(Text(title, style="bold"))
    room = console.width - sum(2 + max(len(row[at]) for row in rows) for at in range(1, len(columns)))
    if room < _LEAST:  # a narrow window, or a long path behind --config
        for first, *others in rows:
            console.print(first, no_wrap=True, overflow="ellipsis", soft_wrap=False)
            console.print(Text("  ").append_text(Text("  ").join(others)), soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_header=len(columns) > 2)
    for name in columns:
        table.add_column(name, no_wrap=True, overflow="crop")
    for row in rows:
        row[0].truncate(room, overflow="ellipsis")
        table.add_row(*row)
    console.print(table, soft_wrap=False)
