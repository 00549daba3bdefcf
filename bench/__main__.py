"""`make bench`: every measurement one after the other, as ratios within one run. ``--only NAME`` runs one of them.

``--full`` measures at the sizes that docs/scale.md tells of, a million rows and more, which takes an hour. A part
runs by itself with options of its own too: ``python -m bench.bulk --rows 100000``.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence

from bench.timing import MARK

PARTS = {
    "bulk": "a large file end to end beside bare upserts, again, changed, on both engines",
    "night": "the demo's night without Prefect, and the same night again",
    "quiet_night": "a quiet night over 2,500 known decisions and 20,000 known rows, for 300 members",
    "starting": "what looking commands take, and what they must not import",
    "extract_memory": "memory while a large extract is read",
    "public_rows": "the FTC's and the CFPB's real rows, every one accounted for",
    "pages": "decisions parsed per second, per layout",
    "judging": "drafts judged per second",
    "matching": "who is meant: recall at precision, beside rapidfuzz and tf-idf",
    "mails": "odd and hostile real mails through the inbox, each accounted for",
    "inbox_night": "a night with many mails, and the same night again",
    "tips": "whom invented tips are about: precision and recall of member and role",
    "name_search": "members' names in free text, with 300 and with 100,000 members",
    "duplicates": "which reports are one event",
    "simulation": "which rise rule sees a rise first, at twelve false alerts a year",
    "evaluation": "a night's evaluation of all rules beside one bare GROUP BY",
    "migrations": "a filled database brought up to date from every earlier schema, its rows unchanged",
    "workers": "a backfill's parts on one and two Dask workers, on PostgreSQL",
    "page": "the staff page for 300 members: written, weighed, opened in a browser",
    "cold": "a cold install and the demo",
}
FULL = {
    "inbox_night": ["--mails", "10000"],
    "bulk": ["--rows", "1000000", "--dlt-rows", "1000000", "--memory-rows", "1000000"],
    "evaluation": ["--rows", "5000000", "--members", "300", "--members", "100000"],
    "migrations": ["--rows", "5000000", "--from", "0001"],
}


def main() -> int:
    """Run the parts; return 0 when all of them came to their end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--full", action="store_true", help="at full size: " + ", ".join(FULL))
    asked = parser.parse_args()
    aims: list[str] = []
    failed: list[str] = []
    for name in asked.only or PARTS:
        print(f"\n== {name}: {PARTS[name]}", flush=True)
        started = time.perf_counter()
        if not run_apart(name, FULL.get(name, []) if asked.full else [], aims):
            failed.append(name)
        print(f"   ({time.perf_counter() - started:.0f} s)", flush=True)
    print(f"\n== {sum(line.endswith(': met') for line in aims)} of {len(aims)} aims met")
    for line in aims:
        print(f"   {line.removeprefix('AIM ')}")
    if failed:
        print(f"without success: {', '.join(failed)}")
    return 1 if failed else 0


def run_apart(name: str, options: Sequence[str], aims: list[str]) -> bool:
    """Run a part in a process of its own, so that none finds another's memory; gather what it says of aims."""
    command = [sys.executable, "-u", "-m", f"bench.{name}", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as part:
        for line in part.stdout or ():
            print(line, end="", flush=True)
            if line.startswith(MARK):
                aims.append(line.strip())
    return part.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
