"""Measures how many of the board's pages are parsed per second, by layout and markup.

    python -m bench.pages --seconds 2

The pages are written from the 62 known facts; a real page has two to four times the text of these.
"""

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

from sources.contract import RawItem
from sources.sweden.dm_namnden import DM_NAMNDEN_INFO, DmNamnden
from tests.board_page_maker import LAYOUTS, MARKUPS, make_page, sheet_from_fact

FACTS = Path(__file__).parents[1] / "tests" / "pages" / "dm_namnden" / "facts.jsonl"


def measure(pages: list[tuple[bytes, RawItem]], seconds: float) -> tuple[float, float]:
    """Return (pages per second, megabytes per second) over at least ``seconds``."""
    source = DmNamnden("bench", [], DM_NAMNDEN_INFO.bounds, "bench")
    count = size = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        for content, item in pages:
            for _draft in source.parse(content, item):
                pass
            count += 1
            size += len(content)
    spent = time.perf_counter() - started
    return count / spent, size / spent / 1e6


def main() -> None:
    """Print one line per layout."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--seconds", type=float, default=2.0, help="how long each layout is measured")
    seconds = reader.parse_args().seconds
    by_layout = defaultdict(list)
    for number, line in enumerate(FACTS.read_text("utf-8").splitlines()):
        fact = json.loads(line)
        for markup in MARKUPS:
            content = make_page(sheet_from_fact(fact, number), markup)
            by_layout[fact["layout"]].append((content, RawItem(fact["url"], "0" * 64)))
    print(f"{'layout':8} {'pages/s':>8} {'MB/s':>6} {'bytes/page':>11}")
    for layout in LAYOUTS:
        pages = by_layout[layout]
        rate, volume = measure(pages, seconds)
        print(f"{layout:8} {rate:8.0f} {volume:6.2f} {sum(len(c) for c, _ in pages) / len(pages):11.0f}")


if __name__ == "__main__":
    main()
