"""The words of a reply can be erased, and its case still verifies; anything else that changes is found as before."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from models.cases.chain import append_step, erase_words, load_cases, load_rows
from models.cases.steps import Step, StepKind
from models.cases.verify import verify_cases
from models.storage.store import open_engine, upgrade, writing

ANNA, BO = "5590000013", "5590000021"
AT = datetime(2026, 6, 12, 8, tzinfo=UTC)
WORDS = "Vi har talat med Ö. om saken"
COLUMNS = (
    "member", "number", "position", "kind", "on_day", "at", "who", "why", "deadline", "follow_up_on", "text",
    "attachment", "contested", "evidence", "previous",
)  # fmt: skip


def old_rows(member: str, *kinds: tuple[str, str]) -> list[dict[str, Any]]:
    """A case as version 1.0.0 chained it: the words of a reply are in the hash itself."""
    rows: list[dict[str, Any]] = []
    for position, (kind, words) in enumerate(kinds, 1):
        shown = dict.fromkeys(COLUMNS) | {
            "member": member, "number": 1, "position": position, "kind": kind, "on_day": "2026-06-12",
            "at": AT.isoformat(), "who": "anna", "why": "" if words else "113", "text": words, "contested": [],
            "evidence": {}, "previous": rows[-1]["hash"] if rows else "",
        }  # fmt: skip
        content = json.dumps(shown, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        rows.append(shown | {"hash": hashlib.sha256(content.encode()).hexdigest()})
    return rows


def store_old(engine: Engine, *cases: list[dict[str, Any]]) -> None:
    upgrade(engine, "0009")
    with writing(engine) as connection:
        for row in (row for case in cases for row in case):
            values = row | {"contested": "[]", "evidence": "{}", "at": AT.replace(tzinfo=None), "day": AT.date()}
            named = ", ".join((*COLUMNS, "hash"))
            held = ", ".join(":day" if name == "on_day" else f":{name}" for name in (*COLUMNS, "hash"))
            connection.execute(text(f"INSERT INTO case_step ({named}) VALUES ({held})"), values)
            act = {"at": values["at"], "what": f"case.{row['kind']}", "subject": f"{row['member']}/1"}
            connection.execute(
                text(
                    "INSERT INTO audit (at, who, what, subject, why, details)"
                    " VALUES (:at, 'anna', :what, :subject, '', :details)"
                ),
                act | {"details": json.dumps({"hash": row["hash"]})},
            )


def faults(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return verify_cases(connection, lambda _sha256: "")[2]


@pytest.fixture
def old(database_url: str) -> Engine:
    engine = open_engine(database_url)
    store_old(
        engine,
        old_rows(ANNA, ("notice", ""), ("reply", WORDS), ("demand", ""), ("reply", "Nej"), ("closing", "")),
        old_rows(BO, ("notice", ""), ("demand", "")),
    )
    return engine


def test_cases_of_before_verify_as_they_did_and_their_words_can_be_erased(old: Engine) -> None:
    without = old_rows(BO, ("notice", ""), ("demand", ""))
    upgrade(old)
    assert faults(old) == []
    with old.connect() as connection:
        cases = load_cases(connection)
    assert [reply.text for reply in cases[ANNA][0].replies] == [WORDS, "Nej"]
    assert [step.hash for step in cases[BO][0].steps] == [row["hash"] for row in without], "nothing to chain anew"
    with writing(old) as connection:
        erase_words(connection, ANNA, 1, 2, who="anna", at=AT, why="asked")
    assert faults(old) == []
    with old.connect() as connection:
        first, second = load_cases(connection)[ANNA][0].replies
        assert first.is_erased and first.text == "" and second.text == "Nej"
        assert WORDS not in str(load_rows(connection))


def test_what_was_tampered_with_before_the_upgrade_is_still_found_after_it(old: Engine) -> None:
    sqlite = old.dialect.name == "sqlite"
    with writing(old) as connection:
        connection.execute(text("DROP TRIGGER case_step_update" + ("" if sqlite else " ON case_step")))
        connection.execute(text("UPDATE case_step SET text = 'Ja' WHERE text = 'Nej'"))
        if sqlite:
            connection.execute(
                text("CREATE TRIGGER case_step_update BEFORE update ON case_step BEGIN SELECT RAISE(ABORT, 'no'); END")
            )
        else:
            connection.execute(
                text(
                    "CREATE TRIGGER case_step_update BEFORE update ON case_step FOR EACH ROW"
                    " EXECUTE FUNCTION case_step_append_only()"
                )
            )
    upgrade(old)
    (fault,) = faults(old)
    assert fault.startswith(f"{ANNA}/1 step 4 (reply): what was frozen was changed")


def test_going_back_and_forth_keeps_words_and_proof(old: Engine) -> None:
    upgrade(old)
    config = Config()
    config.set_main_option("script_location", "models/migrations")
    with writing(old) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0009")
    with old.connect() as connection:
        hashes = list(connection.execute(text("SELECT hash FROM case_step WHERE member = :m ORDER BY id"), {"m": ANNA}))
    first = old_rows(ANNA, ("notice", ""), ("reply", WORDS), ("demand", ""), ("reply", "Nej"), ("closing", ""))
    assert [row.hash for row in hashes] == [row["hash"] for row in first]
    upgrade(old)
    assert faults(old) == []


@pytest.fixture
def case(engine: Engine) -> Engine:
    with writing(engine) as connection:
        written = append_step(connection, ANNA, 1, Step(StepKind.NOTICE, AT.date(), "anna", "113", at=AT), None)
        assert written.position == 1
        first = load_cases(connection)[ANNA][0]
        append_step(connection, ANNA, 1, Step(StepKind.REPLY, AT.date(), "anna", at=AT, text=WORDS), first)
        for row in load_rows(connection):
            details = json.dumps({"hash": row["hash"]})
            connection.execute(
                text(
                    "INSERT INTO audit (at, who, what, subject, why, details)"
                    f" VALUES (:at, 'anna', 'case.{row['kind']}', '{ANNA}/1', '', :details)"
                ),
                {"at": AT.replace(tzinfo=None), "details": details},
            )
    assert faults(engine) == []
    return engine


CHANGES: dict[str, tuple[str, str]] = {
    "a letter of the words": ("UPDATE case_text SET text = replace(text, 'saken', 'saker')", "words were changed"),
    "the salt": ("UPDATE case_text SET salt = '00' || substr(salt, 3)", "words were changed"),
    "the words gone unsaid": ("DELETE FROM case_text", "the audit knows of no erasure"),
    "words of another": (f"UPDATE case_text SET member = '{BO}'", "the audit knows of no erasure"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_an_altered_byte_of_the_words_is_found(case: Engine, what: str) -> None:
    change, said = CHANGES[what]
    with writing(case) as connection:
        salt: Callable[[], Any] = lambda: connection.execute(text("SELECT salt FROM case_text")).scalar()  # noqa: E731
        before = salt()
        connection.execute(text(change))
        if what == "the salt" and salt() == before:  # it began with two zeros
            connection.execute(text("UPDATE case_text SET salt = '11' || substr(salt, 3)"))
    (fault,) = faults(case)
    assert fault.startswith(f"{ANNA}/1 step 2 (reply)") and said in fault


def test_the_print_tells_nothing_once_the_words_are_gone(case: Engine) -> None:
    with case.connect() as connection:
        kept = load_rows(connection)[1]
    with writing(case) as connection:
        erase_words(connection, ANNA, 1, 2, who="anna", at=AT)
    with case.connect() as connection:
        row = load_rows(connection)[1]
        audit = str(connection.execute(text("SELECT * FROM audit")).all())
    assert row["text"] is None and row["salt"] is None and row["text_print"] == kept["text_print"]
    assert kept["salt"] not in audit and kept["salt"] not in str(row) and WORDS not in audit
    with writing(case) as connection:
        erase_words(connection, ANNA, 1, 2, who="anna", at=AT)
    with case.connect() as connection:
        assert str(connection.execute(text("SELECT * FROM audit")).all()) == audit, "a second time is no second act"
