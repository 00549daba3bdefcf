"""Rows per second of the extract path (archive, parse, judge, match, merge) beside a bare sqlite3 upsert.

python -m bench.extract_path [--rows 100000]
"""

import argparse
import csv
import random
import sqlite3
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from flows.night import run_ingest
from flows.workplace import open_workplace
from models.storage.store import upgrade

HEADERS = ("Diarienummer", "Inkom", "Företag", "Organisationsnummer", "Försäljningssätt", "Ärendetyp")
CHANNELS = ("Telefonförsäljning", "Sms", "Internet", "Uppgift saknas")
CONFIG = """
[association]
name = "Bench"
[database]
url = "sqlite:///koll.db"
[archive]
path = "archive"
[register]
path = "register"
[mail]
from = "koll@bench.example"
[sources.kv]
kind = "extract"
folder = "extracts"
[sources.kv.columns]
source_id = "Diarienummer"
received_on = "Inkom"
company = "Företag"
org_number = "Organisationsnummer"
channel = "Försäljningssätt"
category = "Ärendetyp"
[sources.kv.channels]
"Telefonförsäljning" = "phone"
"Sms" = "sms"
"Internet" = "web"
"Uppgift saknas" = "unknown"
"""
_SYLLABLES = ("nor", "vik", "ber", "lju", "sand", "ek", "ro", "tal", "fri", "kon", "da", "mel", "sol", "gra", "tor")


def _luhn(nine: str) -> str:
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(nine))
    return nine + str(-total % 10)


def make_names(number: int, seed: int = 1) -> list[tuple[str, str]]:
    """Return (organisation number, fictional company name) pairs."""
    draw = random.Random(seed)
    names = []
    for at in range(number):
        word = "".join(draw.choice(_SYLLABLES) for _ in range(3)).capitalize()
        names.append((_luhn(f"4{at:08d}"[:2] + "9" + f"{at:06d}"), f"{word}{at} AB"))
    return names


def make_rows(number: int, seed: int = 1) -> list[tuple[str, ...]]:
    """Return rows of an invented extract: 300 members and 700 others, a year of days."""
    draw = random.Random(seed)
    names = make_names(1000)
    first = date(2025, 9, 1)
    return [
        (
            f"2026/{at}",
            (first + timedelta(days=draw.randrange(360))).isoformat(),
            draw.choice(names)[1],
            "",
            draw.choice(CHANNELS),
            "Säljmetoder",
        )
        for at in range(1, number + 1)
    ]


def time_bare_upsert(rows: list[tuple[str, ...]], path: Path) -> float:
    """Return seconds of an sqlite3 upsert of the same rows, and nothing else."""
    started = time.perf_counter()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS c"
            " (id TEXT PRIMARY KEY, day TEXT, company TEXT, org TEXT, channel TEXT, kind TEXT)"
        )
        connection.executemany(
            "INSERT INTO c VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET day = excluded.day,"
            " company = excluded.company, org = excluded.org, channel = excluded.channel, kind = excluded.kind",
            rows,
        )
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    number = parser.parse_args().rows
    rows = make_rows(number)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "extracts").mkdir()
        (root / "register").mkdir()
        (root / "koll.toml").write_text(CONFIG, "utf-8")
        members = "".join(f"{org},{name}\n" for org, name in make_names(1000)[:300])
        (root / "register" / "members.csv").write_text(f"org_number,legal_name\n{members}", "utf-8")
        with (root / "extracts" / "utdrag_2025-09-01_2026-08-31.csv").open("w", encoding="cp1252", newline="") as file:
            csv.writer(file, delimiter=";").writerows([HEADERS, *rows])
        place = open_workplace(root / "koll.toml", check=False)
        upgrade(place.engine)
        run_ingest(place, "kv", date(2026, 9, 1), lambda _line: None, replay=False)  # warm imports on the real path
        (root / "koll.db").unlink()
        place.engine.dispose()
        upgrade(place.engine)
        bare = time_bare_upsert(rows, root / "bare.db")
        bare_again = time_bare_upsert(rows, root / "bare.db")
        timed = []
        for replay in (False, False, True):
            started = time.perf_counter()
            night = run_ingest(place, "kv", date(2026, 9, 1), lambda _line: None, replay=replay)
            timed.append((time.perf_counter() - started, night.nights[0]))
    first, second, replayed = timed
    assert first[1].new == number, first[1]
    print(f"{'what':<42}{'seconds':>9}{'rows/s':>11}{'of the bare upsert':>20}")
    for what, took, base in (
        ("bare sqlite3 upsert", bare, bare),
        ("bare sqlite3 upsert, same rows again", bare_again, bare),
        ("extract path, first load", first[0], bare),
        ("the same file the next night (not parsed)", second[0], bare),
        ("the same file parsed again (--replay)", replayed[0], bare),
    ):
        print(f"{what:<42}{took:>9.2f}{number / took:>11,.0f}{base / took:>20.2f}")


if __name__ == "__main__":
    main()
