"""Real rows of the FTC and the CFPB through a whole night's steps: what became of every one of them.

Run with ``python -m bench.public_rows [--data FOLDER]`` where FOLDER holds ``ftc/`` and ``cfpb/`` with files as the
publishers give them (public domain; CC0). The daily file is served on loopback behind a data page, the bulk files lie
in a folder; all go through archive, parser, judge and merge into a SQLite database of their own, twice: the second
time nothing may be new. Exits 1 when a row is unaccounted for.
"""

import argparse
import csv
import gzip
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copy2

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from bench.timing import tell
from flows.night import run_ingest
from flows.workplace import Workplace, open_workplace
from models.storage.store import upgrade
from models.storage.tables import Complaint, QuarantineItem, SourceNight
from models.words import Verdict
from sources.usa.ftc_dnc import read_us_number

_REGISTER = Path(__file__).parent.parent / "samples" / "register"
_CONFIG = """
[association]
name = "Public rows"
contact = "ops@forening.example"
[database]
url = "sqlite:///rows.db"
[register]
path = "{register}"
[mail]
from = "koll@forening.example"
"""
_ONE = """
[sources.{name}]
kind = "{kind}"
{place}
delay = 0
rows = [1, 10_000_000]
"""


@dataclass
class Account:
    """One file and what became of its rows; ``again`` is how many were new or changed the second time."""

    name: str
    kind: str
    file: Path
    day: date
    rows: int = 0
    figures: dict[str, int] = field(default_factory=dict)
    codes: Counter[str] = field(default_factory=Counter)
    stored: int = 0
    flagged: int = 0
    refused: int = 0
    again: int = 0
    fault: str = ""
    seconds: float = 0.0

    @property
    def balances(self) -> bool:
        """Whether every row is accepted, refused or a repetition, and the database holds just these."""
        if self.fault:
            return not self.stored and not self.refused
        told = self.figures
        known = told["accepted"] + told["refused"] + told["repeated"]
        return self.rows == told["rows"] == known and (self.stored, self.refused) == (told["accepted"], told["refused"])


def list_files(data: Path) -> Iterator[Account]:
    """Yield the files that are there, each as a source of its own, with the date on which it is read."""
    for path in sorted((data / "ftc").glob("DNC_Complaint_Numbers_*.csv")):
        day = date.fromisoformat(path.stem[-10:])
        yield Account(f"ftc_{day:%Y%m%d}", "ftc_dnc", path, day)
    for path in sorted((data / "cfpb").glob("*.csv")):
        yield Account(path.stem, "cfpb", path, date(2026, 8, 26))


def count_rows(path: Path) -> int:
    """Count the rows below the header with nothing but the standard library's reader."""
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for cells in csv.reader(file) if cells) - 1


def lay_out(root: Path, accounts: list[Account]) -> None:
    """Put every file where its source looks for it: the FTC's behind a page with its link, the CFPB's in a folder."""
    for account in accounts:
        folder = root / account.name
        folder.mkdir(parents=True)
        copy2(account.file, folder / account.file.name)
        if account.kind == "ftc_dnc":
            page = f"<h1>Reported calls</h1><a href='{account.file.name}'>{account.day}</a>"
            (folder / "index.html").write_text(page, "utf-8")


def write_config(root: Path, accounts: list[Account], address: str) -> Path:
    """Write a koll.toml with one source a file and return its path."""
    parts = [_CONFIG.format(register=_REGISTER)]
    for account in accounts:
        folder = root / account.name
        place = f'url = "{address}/{account.name}/"' if account.kind == "ftc_dnc" else f'folder = "{folder}"'
        parts.append(_ONE.format(name=account.name, kind=account.kind, place=place))
    config = root / "koll.toml"
    config.write_text("".join(parts), "utf-8")
    return config


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def serve(root: Path) -> Iterator[str]:
    """Serve a folder on loopback while the block runs and yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def take_in(place: Workplace, account: Account) -> None:
    """Read one source, note what its night says and what the database holds, then read its archive again."""
    began = time.perf_counter()
    night = _ingest(place, account)
    account.seconds = time.perf_counter() - began
    account.rows = count_rows(account.file)
    if night.verdict == Verdict.BROKEN:
        account.fault = night.code
    else:
        figures = json.loads((place.data_docs / f"{account.name}.json").read_text("utf-8"))
        account.figures = {key: figures[key] for key in ("rows", "accepted", "flagged", "refused", "repeated")}
        again = _ingest(place, account, replay=True)
        account.again = again.new + again.changed
    _look_up(place, account)


def _ingest(place: Workplace, account: Account, **more: object) -> SourceNight:
    return run_ingest(place, account.name, account.day, lambda line: None, **more).nights[0]


def _look_up(place: Workplace, account: Account) -> None:
    """Count what is in the database: complaints, their flags, and refused rows by code."""
    complaint, refused = Complaint.__table__, QuarantineItem.__table__
    with place.engine.connect() as connection:
        current = select(complaint.c.flags).filter_by(source=account.name, recorded_to=None)
        for flags in connection.execute(current).scalars():
            account.stored += 1
            account.flagged += bool(flags)
            account.codes.update(flags)
        by_code = select(refused.c.code, func.count()).filter_by(source=account.name, kept=False)
        for code, count in connection.execute(by_code.group_by(refused.c.code)):
            account.refused += count
            account.codes[f"refused: {code}"] = count


def show(accounts: list[Account]) -> Table:
    """Return the table of what became of all rows."""
    table = Table(title="Every row accounted for")
    for heading in ("file", "rows", "accepted", "of which flagged", "refused", "repeated", "new again", "s", "sum"):
        table.add_column(heading, justify="left" if heading == "file" else "right")
    table.add_column("codes")
    for one in accounts:
        told = Counter(one.figures)
        codes = ", ".join(f"{code} {count:,}" for code, count in sorted(one.codes.items()))
        table.add_row(
            one.file.name,
            f"{one.rows:,}",
            f"{told['accepted']:,}",
            f"{one.flagged:,}",
            f"{one.rows if one.fault else told['refused']:,}",
            f"{told['repeated']:,}",
            f"{one.again:,}",
            f"{one.seconds:.1f}",
            "ok" if one.balances and not one.again else "WRONG",
            f"the whole file: {one.fault}" if one.fault else codes,
        )
    return table


def compare_days(data: Path) -> str:
    """Say what is new between the two lists of reported numbers of consecutive days; "" when they are not there."""
    later, earlier = (
        next(iter(sorted((data / "ftc").glob(f"dnc_90days_numbers_*{end}"))), None)
        for end in ("7k.csv.gz", "previous_day.csv.gz")
    )
    if later is None or earlier is None:
        return ""
    began = time.perf_counter()
    now, before = (_read_numbers(path) for path in (later, earlier))
    numbers = {cell: read_us_number(cell) for cell in now | before}
    valid_now, valid_before = ({numbers[cell] for cell in day} - {None} for day in (now, before))
    return (
        f"numbers of two consecutive days: {len(before):,} and {len(now):,} different ones, of which can be called"
        f" {len(valid_before):,} and {len(valid_now):,}; new since yesterday {len(valid_now - valid_before):,}, gone"
        f" {len(valid_before - valid_now):,}; {time.perf_counter() - began:.1f} s"
    )


def _read_numbers(path: Path) -> set[str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return {cells[0].strip() for number, cells in enumerate(csv.reader(file)) if number and cells} - {""}


def main() -> int:
    """Print the tables; return 0 when every sum is right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(__file__).parents[2] / "shared" / "data",
        help="the folder that holds ftc/ and cfpb/",
    )
    data = parser.parse_args().data
    accounts = list(list_files(data))
    if not accounts:
        print(f"{data}: no files of the FTC or the CFPB there", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as address:
        root = Path(folder)
        lay_out(root, accounts)
        place = open_workplace(write_config(root, accounts, address), check=False)
        upgrade(place.engine)
        for account in accounts:
            take_in(place, account)
        place.engine.dispose()
    Console(width=200 if not sys.stdout.isatty() else None).print(show(accounts))
    print(compare_days(data))
    wrong = sum(not one.balances or bool(one.again) for one in accounts)
    tell(f"files of which rows are unaccounted for, {sum(one.rows for one in accounts):,} rows", wrong, 0, at_most=True)
    return 0 if all(one.balances and not one.again for one in accounts) else 1


if __name__ == "__main__":
    sys.exit(main())
