"""Odd and hostile real mails through the tip inbox: what became of each of them, how fast, in how much memory.

Run with ``python -m bench.mails [--data FOLDER]``. A file below the folder is a mail whatever its ending, but for JSON
and files without one. Nothing is stored or shown of what a mail says. Exits 1 when one takes longer than the limit of
2 s or the whole more than 200 MB.
"""

import argparse
import hashlib
import resource
import sys
import time
from collections import Counter
from pathlib import Path

from models.drafts import Draft
from sources.contract import RawItem
from sources.inbox.tips import TIPS_INFO, Tips

SECONDS, MEGABYTES = 2.0, 200


def name_end(draft: Draft) -> tuple[str, str]:
    """Return what became of a mail (tip, set aside, quarantined) and why."""
    if draft.faults:
        return "quarantined", draft.faults[0].code
    aside = next((flag for flag in draft.flags if flag.startswith("set-aside-")), None)
    return ("set aside", aside.removeprefix("set-aside-")) if aside else ("tip", ", ".join(draft.flags))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parents[2] / "shared" / "data" / "eml"
    parser.add_argument("--data", type=Path, default=default, help="a folder of mails, read to any depth")
    folder = parser.parse_args().data
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in {"", ".json"})
    if not files:
        print(f"{folder}: no mails there; name a folder of them with --data")
        return
    tips = Tips("bench", TIPS_INFO.bounds, None, folder, None, b"a key for measuring", "example.org")
    ends: Counter[str] = Counter()
    slowest = 0.0
    started = time.perf_counter()
    for path in files:
        content = path.read_bytes()
        item = RawItem(path.name, hashlib.sha256(content).hexdigest(), note={"copied": "2026-01-01T00:00:00+00:00"})
        begun = time.perf_counter()
        (draft,) = tips.parse(content, item)
        seconds = time.perf_counter() - begun
        slowest = max(slowest, seconds)
        end, why = name_end(draft)
        ends[end] += 1
        print(f"{path.relative_to(folder)!s:44} {len(content):9,} bytes {seconds:6.3f} s  {end:12} {why}")
    total = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(", ".join(f"{count} {end}" for end, count in sorted(ends.items())), f"of {len(files)} mails")
    print(f"slowest {slowest:.3f} s (limit {SECONDS} s), {len(files) / total:,.0f} mails a second, peak {peak:.0f} MB")
    if slowest > SECONDS or peak > MEGABYTES:
        sys.exit(1)


if __name__ == "__main__":
    main()
