"""What every command shares: where the configuration is, how a fault is told, how rows are shown."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.looking.harmless import harmless, spell_out

Config = Annotated[Path, typer.Option("--config", envvar="KOLL_CONFIG", help="The configuration file.")]
CONFIG = Path("koll.toml")
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]
console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def day(text: str) -> date:
    """Read a day given on the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: a day such as 2026-01-31 is needed") from error


def moment(text: str) -> datetime:
    """Read a moment given on the command line; without a zone it is local time."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text!r}: a moment such as 2026-01-31T03:15 is needed") from error


Day = Annotated[date | None, typer.Option("--date", parser=day, metavar="YYYY-MM-DD", help="The business date.")]


def say(line: str) -> None:
    """Print a line as it is, but for what would harm."""
    console.print(escape(harmless(line)))


def fail(message: str) -> NoReturn:
    """Tell what went wrong, and what to do, on standard error; end with 1."""
    errors.print(escape(harmless(message)), style="red" if errors.is_terminal else "")
    raise typer.Exit(1)


@contextmanager
def telling_faults() -> Iterator[None]:
    """Turn the product's own errors into their message and exit code 1."""
    try:
        yield
    except BrokenPipeError:  # `| head`: whoever read has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except (typer.Exit, typer.BadParameter):  # told already, or typer tells it
        raise
    except Exception as error:
        if told := _explain(error):
            fail(told)
        raise


def _explain(error: Exception) -> str | None:
    """Return what to say of an error that is not a programming mistake.

    Its classes are imported only now: half a second that a command which goes well need not pay.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from flows.one_writer import NightUnderWay
    from flows.workplace import SecretMissing
    from models.configuration.settings import SettingsInvalid
    from models.matching import CompaniesUnreadable
    from models.members.register import RegisterRefused
    from models.storage.store import StoreUnusable
    from sources.contract import SourceBroken

    ours = (SettingsInvalid, StoreUnusable, SecretMissing, RegisterRefused, NightUnderWay, SourceBroken)
    if isinstance(error, (*ours, CompaniesUnreadable)):
        return str(error)
    if isinstance(error, SQLAlchemyError):
        what = str(getattr(error, "orig", error)).splitlines()[0]
        return f"the database failed: {what}; check it with `koll doctor`"
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror or error}; check the path and its permissions"
    return None


def print_json(value: Any) -> None:
    """Print one JSON document."""
    told = json.dumps(value, ensure_ascii=False, default=str, indent=1)
    sys.stdout.write(spell_out(told) + "\n")


def print_table(title: str, rows: Iterable[Mapping[str, object]], columns: Iterable[str]) -> None:
    """Print rows as a table on a terminal, else as lines set apart by tabs below one that names the columns.

    Control characters are shown harmless.
    """
    names = list(columns)
    if not console.is_terminal:
        sys.stdout.write("\t".join(names) + "\n")
        for row in rows:
            sys.stdout.write("\t".join(show(row.get(name)) for name in names) + "\n")
        return
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(escape(show(row.get(name))) for name in names))
    console.print(table)


def show(value: object) -> str:
    """Return a value as one harmless line."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else "\ufffd" for c in text.replace("\n", " ").replace("\t", " "))
