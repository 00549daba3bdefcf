"""Every query the product makes for one thing finds it by an index, and none reads a table of millions whole unnoticed.

The statements are taken from the product at work: nights, the commands that look, and those that decide, forget or
hand over. The engine itself is asked for each plan when a statement is sent, and believes in tables of millions.
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

from flows.demo.nights import deliver_day
from flows.koll import app
from tests.demo_world import FIRST, SECOND, World, demo_world

GROWING = {  # tables that grow with every complaint, mail, night or answer
    "alert_event", "audit", "case_step", "complaint", "complaint_text", "event_link", "mention", "outbox", "parsed",
    "quarantine", "set_aside", "why",
}  # fmt: skip
LARGE = {"complaint", "complaint_text", "mention", "why"}  # of them those with a row or more for every row of a file
PARTIAL = {
    index.name
    for table in SQLModel.metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None and not index.unique
}
# What asks for one thing: a comparison of one of these columns with a value that is given.
ONE_THING = re.compile(
    r"\b(?:source|source_id|member|key|hash|row|run_id|one_id|two_id|case_id|raw_sha256|text)\"? = (?:\?|%\(|\$)"
    r"|\b(?:source_id|key|hash|why|row|raw_sha256)\"? IN \("
)
# What may read a large table from end to end, by the words of the statement, and why.
WHOLE = {
    r"^SELECT complaint\.source, count\(\*\).* GROUP BY complaint\.source ORDER": "status: how many each source holds;"
    " all of it stands in an index",
    r"^SELECT DISTINCT complaint\.source FROM complaint": "a changed register: which sources there are; from an index",
    r"^SELECT complaint\.id, complaint\.source, complaint\.source_id, complaint\.facts .*kind = .*received_on <=":
    "retention, once a week: closed versions of tips forget as well",
    r"complaint\.raw_sha256, complaint\.received_on FROM complaint WHERE complaint\.kind = .* UNION":
    "retention, once a week: when each mail was received, of closed versions as well",
    r"FROM complaint_text WHERE complaint_text\.delete_after <=": "retention, once a week",
    r"complaint\.facts FROM complaint WHERE .*JSON_EXTRACT|complaint\.facts FROM complaint WHERE .*->>":
    "a person's request: nothing that names a person is a key",
    r"^SELECT complaint\.id, .* FROM complaint WHERE complaint\.recorded_from <= .* ORDER BY complaint\.source":
    "an export of everything as it was known",
    r"^SELECT complaint\.id, .* FROM complaint WHERE complaint\.recorded_to IS NULL ORDER": "an export of everything",
    r"^SELECT mention\.id, .* FROM mention WHERE mention\.recorded_(?:from|to) .* ORDER BY mention\.role":
    "an export of everything",
    r"^SELECT why\.hash, .* FROM why$": "an export of everything: each distinct reason once",
    r"FROM event_link JOIN \w+ ON .* WHERE event_link\.recorded_from >": "a night: links since the last, from an index"
    " where PostgreSQL's statistics say that they are few; here it has none",
    r"^SELECT member, .* FROM \(SELECT c\.member AS member, c\.recorded_from AS news": "counts of all members",
    r"^SELECT CASE WHEN c\.band = 'accept' THEN c\.member END": "ranks among all companies of a source",
    r"INDEXED BY complaint_figures|FROM complaint (?:NOT INDEXED )?WHERE .*GROUP BY": "a night counts all members once",
}  # fmt: skip


class Heard:
    """The statements that were sent, each with the growing tables which its plan reads from end to end."""

    def __init__(self) -> None:
        self.scanned: dict[str, set[str]] = {}

    def hear(self, connection: Any, cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        told = " ".join(statement.split())
        if told in self.scanned or not re.match(r"(?:WITH|SELECT|UPDATE|DELETE|INSERT INTO \w+ .*\bSELECT\b)", told):
            return
        values = values[0] if many and isinstance(values, list) else values
        ask = _explain_sqlite if connection.dialect.name == "sqlite" else _explain_postgresql
        self.scanned[told] = ask(cursor.connection, statement, values) & GROWING


@contextmanager
def listening() -> Iterator[Heard]:
    """Ask for the plan of every statement that reads or changes rows, the first time that it is sent."""
    heard = Heard()
    event.listen(Engine, "before_cursor_execute", heard.hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", heard.hear)


def _explain_sqlite(driver: Any, statement: str, values: Any) -> set[str]:
    """An index that holds only some rows (tips, closed versions, callers) may be read whole: that is what it is for."""
    plan = [row[-1] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", values or ())]
    tables = {alias: table for table, alias in re.findall(r"\b(?:FROM|JOIN|UPDATE|INTO) (\w+) AS (\w+)", statement)}
    scans = [found.groups() for line in plan if (found := re.match(r"SCAN (\w+)(?:.* INDEX (\w+))?", line))]
    return {tables.get(name, name) for name, index in scans if index not in PARTIAL}


def _explain_postgresql(driver: Any, statement: str, values: Any) -> set[str]:
    with driver.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        [(told,)] = cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", values).fetchall()
        cursor.execute("SET enable_seqscan = on")
    return set(_list_scanned((told if isinstance(told, list) else json.loads(told))[0]["Plan"]))


def _list_scanned(node: dict[str, Any]) -> Iterator[str]:
    found = "Index Cond" in node or node.get("Index Name") in PARTIAL
    if node["Node Type"].endswith(("Seq Scan", "Index Scan", "Index Only Scan")) and not found:
        yield node.get("Relation Name", "")
    for below in node.get("Plans", ()):
        yield from _list_scanned(below)


def pretend_millions(engine: Engine) -> None:
    """Let PostgreSQL plan as for tables of millions. SQLite keeps no statistics, and plans so anyway."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            for table in GROWING:
                connection.exec_driver_sql(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
                connection.exec_driver_sql(
                    f"UPDATE pg_class SET relpages = 1, reltuples = 100000 WHERE oid = '{table}'::regclass"
                )  # rows in a page: multiplied by the pages that there are
            # What the server may have learnt of a demo's few rows is forgotten: the plans are always the same.
            connection.exec_driver_sql("DELETE FROM pg_statistic WHERE starelid >= 16384")
    engine.dispose()


def use(world: World, folder: Path) -> None:
    """Use every command that asks the database for something."""

    def koll(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--config", str(world.config)])
        assert done.exit_code == 0, (words, done.output)
        return done.output

    for words in (
        ("status",), ("status", "konsumentverket"), ("page",), ("alerts", "list"), ("review", "list"),
        ("quarantine", "list"), ("tips", "list"), ("members", "list"), ("declarations", "status"), ("verify",),
        ("rules", "check", "--from", "2026-08-25", "--to", "2026-08-27"), ("retention", "run", "--dry-run"),
    ):  # fmt: skip
        koll(*words)
    member = next(row["member"] for row in world.export("counts") if row["total"])
    koll("members", "show", member)
    koll("case", "open", member, "--why", "fifty complaints", "--by", "anna")
    koll("case", "step", member, "demand", "--why", "fifty complaints", "--by", "anna", "--deadline", "2027-01-31")
    koll("case", "show", member)
    koll("case", "verify", member)
    koll("case", "dossier", member, "-o", str(folder))
    koll("subject", "find", "070-174 06 05")
    koll("quarantine", "show", world.export("quarantine")[0]["key"])
    koll("tips", "show", next(r["source_id"] for r in world.export("complaints") if r["kind"] == "tip"))
    question = next(row for row in world.export("reviews") if row["state"] == "open")
    koll("review", "reject", question["question"], "--by", "anna", "--why", "another company")
    for what in ("complaints", "counts", "alerts", "mails", "quarantine", "reviews", "runs", "audit"):
        koll("export", what, "--known-at", f"{SECOND}T12:00:00")


def test_every_query_finds_what_it_asks_for_by_an_index_or_is_listed_with_its_reason(
    tmp_path: Path, database_url: str
) -> None:
    with demo_world(tmp_path / "world", database_url, page=True) as world:
        deliver_day(world.root, 1)
        world.night(FIRST)
        pretend_millions(world.open().engine)
        with listening() as heard:
            deliver_day(world.root, 2)
            world.night(SECOND)
            use(world, tmp_path / "dossier")
            world.ingest("konsumentverket", SECOND, replay=True)
    asked = {told: tables for told, tables in heard.scanned.items() if ONE_THING.search(told)}
    assert len(asked) > 50, "the product was not heard at work"
    bad = [
        f"{sorted(tables)}: {told}"
        for told, tables in heard.scanned.items()
        if (tables if told in asked else tables & LARGE) and not any(re.search(words, told) for words in WHOLE)
    ]
    assert not bad, "\n".join(bad)
