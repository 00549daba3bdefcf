"""Loading an authority's file end to end beside bare upserts of the same rows, again, changed, and its memory.

python -m bench.bulk [--rows 100000] [--engine sqlite|postgresql]... [--dlt-rows 100000] [--memory-rows 100000]

The sizes that docs/scale.md tells of: all three at 1000000, or ``make bench FULL=1``.

End to end is: archive, parse, judge, match against 300 members, find repeats, stage, merge as versions. "Bare, as
stored" upserts the same complaint rows that the product stores, all columns and indices, by the same key, without
reading, judging or matching anything; that is what the aims are held to. "Bare, the file's columns" upserts six
columns of text. Every load runs in a process of its own, with its imports made before the clock starts, and on
PostgreSQL what is compared runs on servers that have each just been started. Ratios are within one run. On a busy
machine the processor time tells more than the clock; it is ours and the server's together.
"""

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from bench.bare import Database, open_database, time_columns, time_dlt, time_stored
from bench.extract_path import CHANNELS, CONFIG, HEADERS, make_names
from bench.timing import Timer, Took, read_peak, tell

FIRST, LAST, NIGHT = date(2025, 9, 1), date(2026, 8, 31), date(2026, 9, 1)
FILE = f"utdrag_{FIRST}_{LAST}.csv"
WARM = CONFIG[CONFIG.index("[sources.kv]") :].replace("sources.kv", "sources.warm").replace('"extracts"', '"warm"')
OF_BARE = {"sqlite": 0.35, "postgresql": 0.45}
Row = tuple[str, ...]


def make_rows(number: int, *, changed: bool = False) -> Iterator[Row]:
    """Yield rows of an invented extract, the same each time; ``changed``: 1 in 100 says otherwise, 1 in 100 is gone."""
    draw = random.Random(1)
    names = [name for _, name in make_names(1000)]
    days = [(FIRST + timedelta(days=at)).isoformat() for at in range(365)]
    for at in range(number):
        day, name, channel = draw.choice(days), draw.choice(names), draw.choice(CHANNELS)
        if changed and at % 100 == 7:
            continue
        channel = CHANNELS[0 if channel != CHANNELS[0] else 1] if changed and at % 100 == 3 else channel
        yield (f"2026/{at:07}", day, name, "", channel, "Säljmetoder")


def lay_out(root: Path, number: int, url: str) -> None:
    """Write an installation with the extract in its folder."""
    for folder in ("extracts", "warm", "register"):
        (root / folder).mkdir()
    (root / "koll.toml").write_text(CONFIG.replace("sqlite:///koll.db", url) + WARM, "utf-8")
    members = "".join(f"{org},{name}\n" for org, name in make_names(1000)[:300])
    (root / "register" / "members.csv").write_text(f"org_number,legal_name\n{members}", "utf-8")
    write_file(root / "warm" / FILE, make_rows(50))
    write_file(root / "extracts" / FILE, make_rows(number))


def write_file(path: Path, rows: Iterator[Row]) -> None:
    with path.open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerow(HEADERS)
        csv.writer(file, delimiter=";").writerows(rows)


def load(root: Path, server: int | None) -> dict[str, Any]:
    """Take in what lies in the folder, in this process; return seconds, rows and the peak in megabytes."""
    from flows.night import run_ingest
    from flows.workplace import open_workplace
    from models.storage.store import upgrade

    place = open_workplace(root / "koll.toml", check=False)
    upgrade(place.engine)
    run_ingest(place, "warm", NIGHT, lambda _line: None)
    with Timer(server) as timer:
        fared = run_ingest(place, "kv", NIGHT, lambda _line: None).nights[0]
    return {
        "took": timer.took,
        "peak": read_peak(),
        **{name: getattr(fared, name) for name in ("verdict", "new", "changed", "withdrawn", "message")},
    }


def load_apart(root: Path, database: Database) -> dict[str, Any]:
    """Do the same in a process of its own."""
    command = [sys.executable, "-m", "bench.bulk", "--load", str(root)]
    command += ["--server", str(database.server)] if database.server else []
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found | {"took": Took(*found["took"])}


def measure(number: int, engine: str) -> None:
    """Print one engine's table, and how far it is from the aims."""
    with tempfile.TemporaryDirectory() as folder, open_database(engine) as database:
        root = Path(folder)
        extract = root / "extracts" / FILE
        lay_out(root, number, database.url)
        first = load_apart(root, database)
        assert first["new"] == number, first
        stored, columns = time_stored(root, database), time_columns(root, engine, list(make_rows(number)))
        again = load_apart(root, database)
        write_file(extract, reversed(list(make_rows(number))))
        sorted_anew = load_apart(root, database)
        write_file(extract, chain(make_rows(number), [(f"2026/{number:07}", "2026-08-31", "Ny AB", "", "Sms", "")]))
        one_more = load_apart(root, database)
        assert one_more["new"] == 1, one_more
        write_file(extract, make_rows(number, changed=True))
        changed = load_apart(root, database)
        assert (changed["changed"], changed["withdrawn"]) == (number // 100, number // 100 + 1), changed
    for load in (again, sorted_anew):
        assert not load["new"] + load["changed"] + load["withdrawn"], load
    took = {
        "bare, the file's columns": columns,
        "bare, as stored": stored,
        "(a) end to end": first["took"],
        "(c) the same file again": again["took"],
        "(c) the same rows in another order": sorted_anew["took"],
        "(c) the same rows and one more": one_more["took"],
        "(d) 1 % changed, 1 % gone": changed["took"],
    }
    show(f"{engine}, {number:,} rows", number, took)
    print(f"peak {first['peak']:.0f} MB")
    by_cpu = stored.cpu / first["took"].cpu
    print(f"(a) in processor time, the server's included, end to end is {by_cpu:.2f} of the bare upsert as stored")
    tell(f"(a) {engine}, of the bare upsert as stored, by the clock", stored.wall / first["took"].wall, OF_BARE[engine])
    tell(f"(c) {engine}, the same file again, times (a)", first["took"].wall / again["took"].wall, 4)


def show(title: str, number: int, took: dict[str, Took]) -> None:
    """Print a table of loads of so many rows."""
    stored, columns, first = (
        took[name].wall for name in ("bare, as stored", "bare, the file's columns", "(a) end to end")
    )
    head = ("seconds", "of CPU", "server's", "rows/s", "of as stored", "of columns", "times (a)")
    print(f"\n{title:<38}{''.join(f'{name:>13}' for name in head)}")
    for what, one in took.items():
        ratios = "".join(f"{base / one.wall:>13.2f}" for base in (stored, columns, first))
        print(f"{what:<38}{one.wall:>13.2f}{one.own:>13.2f}{one.server:>13.2f}{number / one.wall:>13,.0f}{ratios}")


def measure_dlt(number: int, engine: str) -> None:
    """Print what the product and dlt take for the same file, each on a database in which nothing has been done."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with open_database(engine) as database:
            lay_out(root, number, database.url)
            ours = load_apart(root, database)["took"]
        with open_database(engine) as database:
            theirs = time_dlt(root, database, root / "extracts" / FILE)
    print(
        f"\n(b) {engine}, {number:,} rows: dlt {theirs.wall:.1f} s ({theirs.cpu:.1f} of CPU), we {ours.wall:.1f} s"
        f" ({ours.cpu:.1f}): {theirs.cpu / ours.cpu:.1f} times as much processor time"
    )
    tell(f"(b) {engine}, dlt's time by ours, {number:,} rows", theirs.wall / ours.wall, 3)


def measure_memory(number: int) -> None:
    """Print the peak while so many rows and three times as many are taken in."""
    peaks = []
    for rows in (number, 3 * number):
        with tempfile.TemporaryDirectory() as folder, open_database("sqlite") as database:
            lay_out(Path(folder), rows, database.url)
            found = load_apart(Path(folder), database)
        peaks.append(found["peak"])
        print(
            f"\n(e) {rows:>9,} rows: peak {found['peak']:.0f} MB, {rows / found['took'].wall:,.0f} rows/s", flush=True
        )
    tell(f"(e) peak at {3 * number:,} rows", peaks[1], 700, unit=" MB", at_most=True)
    tell("(e) how much more three times the rows take", 100 * (peaks[1] / peaks[0] - 1), 15, unit=" %", at_most=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--engine", action="append", choices=tuple(OF_BARE))
    parser.add_argument("--dlt-rows", type=int, default=100_000, help="beside dlt, which takes long; 0 for not at all")
    parser.add_argument("--memory-rows", type=int, default=100_000, help="and three times as many; 0 for not at all")
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--server", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.load:
        print(json.dumps(load(asked.load, asked.server), default=str))
        return
    for engine in asked.engine or OF_BARE:
        if asked.rows:
            measure(asked.rows, engine)
        if asked.dlt_rows:
            measure_dlt(asked.dlt_rows, engine)
    if asked.memory_rows:
        measure_memory(asked.memory_rows)


if __name__ == "__main__":
    main()
