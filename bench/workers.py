"""A backfill's parts on one and on two Dask workers beside one process, on PostgreSQL: what shrinks, what does not.

python -m bench.workers [--rows 200000] [--files 8] [--workers 1 --workers 2]

The same files are read into a new database each time; the exports are compared to the byte. Workers have imported what
takes long before the clock starts. Prefect's own five milliseconds a task are left out.
"""

import argparse
import hashlib
import importlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from distributed import Client, LocalCluster

from bench.bare import open_database
from bench.bulk import FIRST, LAST, NIGHT, Row, lay_out, make_rows, write_file
from flows.backfill import read_one_part
from flows.intake.parts import Part, PartRead, Spread
from flows.looking.exports import EXPORTS, Asked
from flows.night import run_ingest
from flows.workplace import open_workplace
from models.storage.store import upgrade


def cut_files(folder: Path, rows: int, files: int) -> None:
    """Write the year's rows as so many files that follow one another."""
    days = (LAST - FIRST).days + 1
    firsts = [FIRST + timedelta(days=days * at // files) for at in range(files)]
    told: list[list[Row]] = [[] for _ in firsts]
    for row in make_rows(rows):
        told[sum(first.isoformat() <= row[1] for first in firsts) - 1].append(row)
    for at, first in enumerate(firsts):
        last = firsts[at + 1] - timedelta(days=1) if at + 1 < files else LAST
        write_file(folder / f"utdrag_{first}_{last}.csv", iter(told[at]))


def read(rows: int, files: int, workers: int) -> tuple[float, float, str]:
    """Read the files with so many workers, 0 for this process alone.

    Return the seconds of all, those until the last part was there, and a hash of the export.
    """
    with tempfile.TemporaryDirectory() as folder, open_database("postgresql") as database, ExitStack() as stack:
        root = Path(folder)
        lay_out(root, 1, database.url)
        for path in (root / "extracts").iterdir():
            path.unlink()
        cut_files(root / "extracts", rows, files)
        place = open_workplace(root / "koll.toml", check=False)
        upgrade(place.engine)
        reading: list[float] = []
        spread = _spread(stack, root / "koll.toml", workers, reading) if workers else None
        run_ingest(place, "warm", NIGHT, lambda _line: None, spread=spread)
        reading.clear()
        begun = time.perf_counter()
        night = run_ingest(place, "kv", NIGHT, lambda _line: None, spread=spread)
        took = time.perf_counter() - begun
        assert night.nights[0].new == rows, night.nights[0]
        digest = hashlib.sha256()
        for row in EXPORTS["complaints"](place, Asked()):
            digest.update(json.dumps(row, default=str).encode())
        place.engine.dispose()
    return took, sum(reading), digest.hexdigest()


def _spread(stack: ExitStack, config: Path, workers: int, reading: list[float]) -> Spread:
    own = {"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    client = stack.enter_context(Client(stack.enter_context(LocalCluster(n_workers=workers, **own))))
    client.run(_warm_up)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # their goodbyes are nobody's news

    def give(parts: Sequence[Part]) -> Generator[PartRead, None, None]:
        begun = time.perf_counter()
        futures = [client.submit(read_one_part.fn, str(config), part, pure=False) for part in parts]
        yield from _hear(futures, reading, begun)

    return Spread(16, give)


def _warm_up() -> None:
    for name in ("great_expectations", "pandas", "flows.backfill", "models.matching.matcher"):
        importlib.import_module(name)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)


def _hear(futures: Sequence[object], reading: list[float], begun: float) -> Iterator[PartRead]:
    for future in futures:
        yield future.result()  # type: ignore[attr-defined]
    reading.append(time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--workers", type=int, action="append")
    asked = parser.parse_args()
    os.environ.setdefault("KOLL_HASH_KEY", "one key for all of them")
    print(f"{asked.rows:,} rows in {asked.files} files on PostgreSQL; {os.cpu_count()} cores for all, the server too")
    alone, _, export = read(asked.rows, asked.files, 0)
    print(f"  this process alone  {alone:6.1f} s  1.00x", flush=True)
    for workers in asked.workers or (1, 2):
        took, parts, same = read(asked.rows, asked.files, workers)
        assert same == export, "the export differs"
        told = f"{took:6.1f} s  {alone / took:.2f}x, of which until the last part was there {parts:.1f} s"
        print(f"  {workers} worker(s)         {told}; the export the same", flush=True)


if __name__ == "__main__":
    main()
