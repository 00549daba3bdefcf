"""Every mail of a folder through the tip inbox: ``python -m bench.mails DIR`` prints what became of them, and how fast.

A file is a mail whatever its ending, but for JSON and files without one. Nothing is stored or shown of what a mail
says. Exits 1 when one takes longer than the limit of 2 s or the whole more than 200 MB.
"""

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


def main(folder: Path) -> int:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in {"", ".json"})
    tips = Tips("bench", TIPS_INFO.bounds, None, folder, None, b"a key for measuring", "example.org")
    ends: Counter[tuple[str, str]] = Counter()
    slowest: list[tuple[float, str]] = []
    started = time.perf_counter()
    for path in files:
        content = path.read_bytes()
        item = RawItem(path.name, hashlib.sha256(content).hexdigest(), note={"copied": "2026-01-01T00:00:00+00:00"})
        begun = time.perf_counter()
        (draft,) = tips.parse(content, item)
        slowest.append((time.perf_counter() - begun, str(path.relative_to(folder))))
        ends[name_end(draft)] += 1
    total = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for (end, why), count in sorted(ends.items()):
        print(f"{end:12} {why:36} {count:6}")
    print(f"{'all':12} {'':36} {len(files):6}   {len(files) / total:,.0f} mails per second, peak {peak:.0f} MB")
    slowest.sort(reverse=True)
    for seconds, name in slowest[:3]:
        print(f"slowest      {name:60} {seconds:.3f} s")
    return int(slowest[0][0] > SECONDS or peak > MEGABYTES) if slowest else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])) if len(sys.argv) == 2 else "usage: python -m bench.mails DIR")
