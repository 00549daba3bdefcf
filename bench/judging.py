"""How fast drafts are judged: ``python -m bench.judging [ROWS]`` prints rows per second by chunk size, and memory."""

import gc
import resource
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta

from models.drafts import Draft, Fault, RawRef
from models.words import Channel, Kind

FIRST = date(2025, 1, 1)
NIGHT = date(2026, 8, 26)
FEW, CHUNK = 20_000, 50_000


def make_drafts(start: int, count: int) -> Iterator[Draft]:
    """Yield an extract's rows: one in ten without a company, one in five hundred with a channel nobody mapped."""
    for number in range(start, start + count):
        odd = number % 500 == 0
        yield Draft(
            source_id=f"2025/{number}",
            kind=Kind.COMPLAINT,
            raw=RawRef(sha256="a" * 64, locator=f"row {number}"),
            received_on=FIRST + timedelta(days=number % 500),
            event_on=FIRST + timedelta(days=number % 500 - 2),
            company=None if number % 10 == 0 else f"Fönsterkompaniet nr {number % 900} AB",
            org_number="559021-6296" if number % 3 == 0 else None,
            channel=None if odd else Channel.PHONE,
            faults=(Fault(code="channel-unmapped", field="channel", value="?"),) if odd else (),
        )


def time_judging(rows: int, chunk: int) -> float:
    """Return the seconds spent in the judge alone for ``rows`` rows in chunks of ``chunk``."""
    from expectations.judge import Judge

    judge = Judge("bench", "extract", checks=(), rows=(1, 10_000_000), business_date=NIGHT)
    spent = 0.0
    for start in range(0, rows, chunk):
        drafts = list(make_drafts(start, min(chunk, rows - start)))
        gc.collect()
        began = time.perf_counter()
        judge.judge_chunk(drafts)
        spent += time.perf_counter() - began
    began = time.perf_counter()
    judge.conclude()
    return spent + time.perf_counter() - began


def main() -> None:
    """Print the figures."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 4 * CHUNK
    began = time.perf_counter()
    time_judging(1, 1)
    print(f"first row, with Great Expectations' import: {time.perf_counter() - began:.1f} s")
    for rows, chunk in ((FEW, FEW), (FEW, 1000), (many, CHUNK)):
        seconds = time_judging(rows, chunk)
        print(f"{rows:>9,} drafts in chunks of {chunk:>6,}: {seconds:6.2f} s, {rows / seconds:>9,.0f} rows/s")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
