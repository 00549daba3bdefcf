"""The staff page for 300 members: seconds to write it, the largest page, and seconds until a browser has it ready.

python -m bench.page [--members 300] [--complaints 20000]
"""

import argparse
import random
import shutil
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from flows.night import run_night
from flows.page.write import write_pages
from flows.workplace import open_workplace
from models.storage.store import upgrade

_ON = date(2026, 8, 27)
_CHANNELS = ("Telefon", "Sms", "Okänd")
_CONFIG = """
[association]
name = "Bench"
[register]
path = "members.csv"
[mail]
from = "koll@bench.example"
[page]
folder = "page"
[sources.files.extract]
kind = "extract"
folder = "extracts"
rows = [1, 1000000]
columns = { source_id = "Nr", received_on = "Dag", company = "Bolag", org_number = "Orgnr", channel = "Kanal" }
channels = { "Telefon" = "phone", "Sms" = "sms", "Okänd" = "unknown" }
"""


def make_numbers(members: int) -> list[str]:
    """Return valid organisation numbers that nobody has."""
    from stdnum import luhn

    stems = [f"4499{at:05d}" for at in range(members)]
    return [stem + luhn.calc_check_digit(stem) for stem in stems]


def fill(root: Path, members: int, complaints: int) -> None:
    """Write a register and one extract; some members draw far more complaints than others."""
    draw = random.Random(1)
    numbers = make_numbers(members)
    register = "".join(f"{number},Provbolag {number[4:9]} AB\n" for number in numbers)
    (root / "members.csv").write_text(f"org_number,legal_name\n{register}", "utf-8")
    weights = [draw.lognormvariate(0, 1.5) for _ in numbers]
    rows = [
        f"2026/{at};{_ON - timedelta(days=draw.randrange(700))};;{number};{draw.choice(_CHANNELS)}\n"
        for at, number in enumerate(draw.choices(numbers, weights, k=complaints))
    ]
    (root / "extracts").mkdir()
    (root / "extracts" / "all.csv").write_text(f"Nr;Dag;Bolag;Orgnr;Kanal\n{''.join(rows)}", "utf-8")


def open_in_browser(index: Path) -> float | None:
    """Return seconds from asking for the page until its list can be sorted and searched; None without a Chromium."""
    browser = shutil.which("chromium")
    if browser is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        page = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()
        started = time.perf_counter()
        page.goto(index.as_uri())
        page.wait_for_selector("html[data-ready]")
        page.get_by_role("searchbox").fill("00017")
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=300)
    parser.add_argument("--complaints", type=int, default=20_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "koll.toml").write_text(_CONFIG, "utf-8")
        fill(root, asked.members, asked.complaints)
        place = open_workplace(root / "koll.toml", check=False)
        upgrade(place.engine)
        started = time.perf_counter()
        night = run_night(place, [], _ON, lambda _line: None)
        print(f"night with every page drawn   {time.perf_counter() - started:8.1f} s ({night.sum_up()})")
        started = time.perf_counter()
        index = write_pages(place, _ON)
        assert index is not None
        print(f"the same pages once more      {time.perf_counter() - started:8.1f} s")
        sizes = sorted((path.stat().st_size for path in index.parent.rglob("*.html")), reverse=True)
        print(f"list of members               {index.stat().st_size / 1e6:8.2f} MB")
        print(f"largest of {len(sizes)} pages          {sizes[0] / 1e6:8.2f} MB")
        ready = open_in_browser(index)
        print("ready in a browser            " + ("no Chromium found" if ready is None else f"{ready:8.2f} s"))


if __name__ == "__main__":
    main()
