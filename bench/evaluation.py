"""A night's evaluation of all rules beside one bare GROUP BY: ``python -m bench.evaluation [--rows N] [--url URL]``.

Complaints over three years are spread over the members as a power law; the rules are those of koll.example.toml. The
bare query counts all complaints of all members by channel, as one rule's window would.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, insert, text

from models.alerting.evaluation import SourceState
from models.alerting.measure import measure_night
from models.alerting.rules import AlertsConfig, read_rule
from models.store import open_engine, upgrade, writing
from models.tables import Complaint, Member

NIGHT, NOW = date(2026, 3, 3), datetime(2026, 3, 3, 3, 15, tzinfo=UTC)
SOURCES = ("agency", "board", "tips")
LIMIT = {"type": "limit", "sources": SOURCES, "window": {"rolling_days": 365}, "to": ["ethics"]}
RULES = [
    {"id": "total", "levels": [10, 25, 50, 100], **LIMIT},
    {"id": "phone", "levels": [5, 15, 35], "channel": "phone", **LIMIT},
    {"id": "rise", "type": "rise", "channels": ["any", "phone"], "baseline_days": 730, "threshold": {"p": 0.001},
     "to": ["ethics"]},
    {"id": "rank", "type": "rank", "channels": ["any", "phone"], "window": {"calendar": "year"}, "top": 5, "leave": 8,
     "min_count": 10, "to": ["ethics"]},
]  # fmt: skip


def fill(connection: Connection, members: int, rows: int) -> None:
    """Write members and complaints; one in three by telephone, a hundred of them only since last night."""
    dice = np.random.default_rng(members)
    names = [f"{n:010}" for n in range(members)]
    connection.execute(insert(Member), [{"member": m, "org_number": m, "legal_name": m} for m in names])
    whose = np.minimum((dice.pareto(0.9, rows) * members / 40).astype(int), members - 1)
    days = dice.integers(1, 3 * 365, rows)
    long_ago, tonight = NOW - timedelta(days=400), NOW - timedelta(minutes=5)
    for start in range(0, rows, 50_000):
        connection.execute(
            insert(Complaint),
            [
                {
                    "source": SOURCES[n % 3], "source_id": str(n), "hash": "", "kind": "complaint",
                    "status": "accepted",
                    "recorded_from": tonight if n < 100 else long_ago, "received_on": NIGHT - timedelta(int(days[n])),
                    "channel": "phone" if n % 3 == 0 else "unknown", "raw_sha256": "", "member": names[whose[n]],
                    "band": "accept", "run_id": "", "flags": [], "facts": {}, "reexamination": False,
                    "precedence": 0, "raw_locator": "",
                }
                for n in range(start, min(start + 50_000, rows))
            ],
        )  # fmt: skip


def clock(act: Callable[[], object], times: int = 3) -> float:
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - started)
    return best


def compare(url: str, members: int, rows: int) -> None:
    engine = open_engine(url)
    upgrade(engine)
    with writing(engine) as connection:
        fill(connection, members, rows)
        connection.execute(text("ANALYZE"))
        run = "INSERT INTO run (run_id, kind, business_date, started_at, decided_at, state, message, version)"
        values = {"d": NIGHT - timedelta(days=1), "t": NOW - timedelta(days=1)}
        connection.execute(text(f"{run} VALUES ('r', 'nightly', :d, :t, :t, 'done', '', '')"), values)
    through = NIGHT - timedelta(days=1)
    sources = {name: SourceState(name, name, through, NOW, "ok", False, 10) for name in SOURCES}
    rules = [read_rule(table) for table in RULES]
    with engine.connect() as connection:
        bare = clock(
            lambda: connection.execute(
                text("SELECT member, source, channel, count(*) FROM complaint GROUP BY member, source, channel")
            ).all()
        )
        parts = {
            name: clock(
                lambda some=some: measure_night(
                    connection, some, AlertsConfig(), [], sources, business_date=NIGHT, run_id="x", now=NOW
                )
            )
            for name, some in [(rule.id, [rule]) for rule in rules] + [("all", rules)]
        }
    engine.dispose()
    shown = "  ".join(f"{name} {seconds:.2f} s ({seconds / bare:.1f}x)" for name, seconds in parts.items())
    print(f"{url.partition(':')[0]:<12}{members:>8,} members {rows:>10,} rows: bare {bare:.2f} s  {shown}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--members", type=int, action="append")
    parser.add_argument("--url", help="an empty PostgreSQL database; SQLite in a temporary folder otherwise")
    asked = parser.parse_args()
    for members in asked.members or (300, 10_000):
        with tempfile.TemporaryDirectory() as folder:
            compare(asked.url or f"sqlite:///{Path(folder) / 'koll.db'}", members, asked.rows)


if __name__ == "__main__":
    main()
