"""Every query the product makes for one member, source or row finds it by an index, on both engines.

The statements are taken from the product at work: nights, and every command that looks. Their plans are asked of the
engine itself. PostgreSQL is told to avoid full scans, as on a table of millions: one that is left has no index to use.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlmodel import SQLModel
from typer.testing import CliRunner

from flows.koll import app
from models.storage.store import open_engine
from tests.demo_world import FIRST, SECOND, World, demo_world

GROWING = {  # tables that grow with every complaint, mail, night or answer
    "alert_event", "audit", "case_step", "complaint", "complaint_text", "event_link", "mention", "outbox", "parsed",
    "quarantine", "set_aside", "why",
}  # fmt: skip
PARTIAL = {
    index.name
    for table in SQLModel.metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None and not index.unique
}
# What asks for one thing: a comparison of one of these columns with a value that is given.
ONE_THING = re.compile(
    r"\b(?:source|source_id|member|key|hash|row|run_id|one_id|two_id|case_id|raw_sha256|text)\"? = (?:\?|%\()"
    r"|\b(?:source_id|key|hash|why|row|raw_sha256)\"? IN \("
)


@contextmanager
def listening() -> Iterator[dict[str, Any]]:
    """Gather every statement that reads or changes rows, with the values it was sent with first."""
    heard: dict[str, Any] = {}

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if re.match(r"\s*(?:SELECT|UPDATE|DELETE|INSERT INTO \w+ .*\bSELECT\b)", statement, re.DOTALL):
            heard.setdefault(statement, values[0] if many and isinstance(values, list) else values)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def explain(engine: Engine, statement: str, values: Any) -> set[str]:
    """Return the growing tables that the engine would read from one end to the other.

    An index that holds only some rows (tips, closed versions, callers) may be read whole: that is what it is for.
    """
    with engine.connect() as connection, connection.begin() as transaction:
        if engine.dialect.name == "sqlite":
            plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            tables = {
                alias: table for table, alias in re.findall(r"\b(?:FROM|JOIN|UPDATE|INTO) (\w+) AS (\w+)", statement)
            }
            scans = [found for line in plan if (found := re.match(r"SCAN (\w+)(?:.* INDEX (\w+))?", line))]
            scanned = {tables.get(name, name) for name, index in map(re.Match.groups, scans) if index not in PARTIAL}
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            told = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).scalar_one()
            scanned = set(_list_scanned((told if isinstance(told, list) else json.loads(told))[0]["Plan"]))
        transaction.rollback()
    return scanned & GROWING


def _list_scanned(node: dict[str, Any]) -> Iterator[str]:
    found = "Index Cond" in node or node.get("Index Name") in PARTIAL
    if node["Node Type"].endswith(("Seq Scan", "Index Scan", "Index Only Scan")) and not found:
        yield node.get("Relation Name", "")
    for below in node.get("Plans", ()):
        yield from _list_scanned(below)


def look_around(world: World) -> None:
    """Use every command that asks the database for something."""

    def koll(*words: str) -> None:
        done = CliRunner().invoke(app, [*words, "--config", str(world.config)])
        assert done.exit_code == 0, (words, done.output)

    for words in (
        ("status",), ("page",), ("alerts", "list"), ("review", "list"), ("quarantine", "list"), ("tips", "list"),
        ("members", "list"), ("declarations", "status"), ("verify",), ("retention", "run", "--dry-run"),
    ):  # fmt: skip
        koll(*words)
    member = next(row["member"] for row in world.export("counts") if row["total"])
    koll("members", "show", member)
    koll("case", "open", member, "--why", "fifty complaints", "--by", "anna")
    koll("case", "show", member)
    koll("case", "verify", member)
    koll("subject", "find", "070-174 06 05")
    for key in [row["key"] for row in world.export("quarantine")][:1]:
        koll("quarantine", "show", key)
    for what in ("complaints", "counts", "alerts", "mails", "quarantine", "reviews", "runs", "audit"):
        koll("export", what, "--known-at", f"{SECOND}T12:00:00")


def test_what_asks_for_one_thing_finds_it_by_an_index(tmp_path: Path, database_url: str) -> None:
    with demo_world(tmp_path / "world", database_url, page=True) as world:
        with listening() as heard:
            world.night(FIRST)
            look_around(world)
        engine = open_engine(database_url)
        asked = {told: values for told, values in heard.items() if ONE_THING.search(told) and "stage" not in told}
        scanned = {told: tables for told, values in asked.items() if (tables := explain(engine, told, values))}
        engine.dispose()
    assert len(asked) > 20, "the product was not heard at work"
    assert not scanned, "\n".join(f"{tables}: {' '.join(told.split())}" for told, tables in scanned.items())
