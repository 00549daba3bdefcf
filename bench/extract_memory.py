"""Memory while a large CSV extract is parsed: it must stay under 400 MB at 1 GB.

python -m bench.extract_memory [--gigabytes 0.2]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.timing import read_peak
from models.words import Channel
from sources.contract import Bounds, RawItem
from sources.files.extract import Extract

LIMIT = 400  # MB, at any size
_COLUMNS = {
    "source_id": "Diarienummer",
    "received_on": "Inkom",
    "company": "Företag",
    "channel": "Försäljningssätt",
    "text": "Beskrivning",
}


def write_extract(path: Path, size: int) -> None:
    """Write a CSV in cp1252 of at least ``size`` bytes; every tenth text has a line break in it."""
    with path.open("w", encoding="cp1252", newline="") as file:
        file.write(";".join(_COLUMNS.values()) + "\r\n")
        written = number = 0
        while written < size:
            texts = ['"De ringde igen,\r\nfast jag sagt nej."', *["Ville inte skicka avtalet i förväg. " * 3] * 9]
            lines = [
                f"2026/{number + n};2026-05-{n + 1:02d};Bolaget {(number + n) % 997} AB;Telefonförsäljning;{text}\r\n"
                for n, text in enumerate(texts)
            ]
            number += len(lines)
            written += file.write("".join(lines))


def parse_extract(path: Path) -> dict[str, float]:
    """Return rows, rows with a fault, seconds, and the megabytes that parsing took at its peak in this process."""
    source = Extract(
        "bench",
        path.parent,
        columns=_COLUMNS,
        channels={"telefonförsäljning": Channel.PHONE},
        hash_key=b"bench",
        bounds=Bounds((1, 100_000_000), 60, 35),
    )
    before, started, rows, faulty = read_peak(), time.perf_counter(), 0, 0
    with path.open("rb") as stream:
        for draft in source.parse_stream(stream, RawItem(path.name, "0" * 64)):
            rows += 1
            faulty += bool(draft.faults)
    seconds = time.perf_counter() - started
    return {"rows": rows, "faulty": faulty, "seconds": seconds, "grew": read_peak() - before, "peak": read_peak()}


def measure_memory(gigabytes: float) -> dict[str, float]:
    """Write an extract of this size to a temporary folder and parse it in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "utdrag.csv"
        write_extract(path, int(gigabytes * 1e9))
        command = [sys.executable, "-m", "bench.extract_memory", "--parse", str(path)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found: dict[str, float] = json.loads(told)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=0.2)
    parser.add_argument("--parse", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.parse:
        print(json.dumps(parse_extract(asked.parse)))
        return
    found = measure_memory(asked.gigabytes)
    print(f"extract of {asked.gigabytes:g} GB: {found['rows']:,.0f} rows, {found['faulty']:.0f} with a fault")
    print(f"  {found['rows'] / found['seconds']:,.0f} rows a second")
    print(f"  peak {found['peak']:.0f} MB, of which {found['grew']:.0f} MB for parsing (limit {LIMIT})")
    sys.exit(0 if found["peak"] < LIMIT and not found["faulty"] else 1)


if __name__ == "__main__":
    main()
