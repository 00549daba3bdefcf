"""The audit: one row for every decision by a person, written with the decision, never changed, exported whole."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner, Result

from flows.demo.nights import deliver_day
from flows.koll import app
from models.audit import record_act
from models.storage.store import writing
from tests.demo_world import FIRST, World, demo_world

AT = datetime(2026, 8, 26, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with demo_world(tmp_path_factory.mktemp("audit") / "world") as laid_out:
        deliver_day(laid_out.root, 1)
        laid_out.night(FIRST)
        yield laid_out


def koll(world: World, *words: str) -> Result:
    done = CliRunner().invoke(app, [*words, "--config", str(world.config)])
    assert done.exit_code == 0, done.output
    return done


def audit(world: World) -> list[dict]:
    return [json.loads(line) for line in koll(world, "export", "audit").stdout.splitlines()]


def asked(world: World, *words: str) -> list[dict]:
    return json.loads(koll(world, *words, "--json").stdout)


def test_an_act_is_kept_with_who_when_what_and_why(engine: Engine) -> None:
    with writing(engine) as connection:
        record_act(connection, "case.step", "4491024172-1", who=" anna ", at=AT, why=" 113 ", details={"step": 2})
        found = connection.execute(text("SELECT who, what, subject, why FROM audit")).one()
    assert tuple(found) == ("anna", "case.step", "4491024172-1", "113")
    with writing(engine) as connection, pytest.raises(ValueError, match="who is empty"):
        record_act(connection, "case.step", "4491024172-1", who=" ", at=AT)


@pytest.mark.parametrize("change", ["UPDATE audit SET who = 'bo'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_or_remove_a_row(engine: Engine, change: str) -> None:
    with writing(engine) as connection:
        record_act(connection, "case.step", "x", who="anna", at=AT)
    with pytest.raises(DBAPIError, match="append only"), writing(engine) as connection:
        connection.execute(text(change))


def test_an_act_is_undone_with_the_transaction_it_belongs_to(engine: Engine) -> None:
    with pytest.raises(RuntimeError), writing(engine) as connection:
        record_act(connection, "case.step", "x", who="anna", at=AT)
        raise RuntimeError("the decision could not be carried out")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar() == 0


def test_answers_repairs_alerts_and_registers_leave_one_row_each_and_looking_leaves_none(world: World) -> None:
    assert audit(world) == []
    question = next(q for q in asked(world, "review", "list") if q["candidates"])
    koll(world, "review", "accept", question["question"], "--by", "anna", "--why", "same number")
    koll(world, "review", "undo", question["question"], "--by", "anna")
    item = asked(world, "quarantine", "list")[0]
    koll(world, "quarantine", "reject", item["key"], "--by", "bo", "--why", "a test row")
    alert = next(one for one in asked(world, "alerts", "list") if one["standing"] == "open")
    koll(world, "alerts", "show", alert["alert"], "--by", "cia")
    koll(world, "alerts", "ack", alert["alert"], "--by", "cia")
    koll(world, "alerts", "close", alert["alert"], "--by", "cia", "--reason", "a notice was sent")
    rows = audit(world)
    assert [(row["who"], row["what"], row["subject"], row["why"]) for row in rows] == [
        ("anna", "review.member", question["question"], "same number"),
        ("anna", "review.undone", question["question"], ""),
        ("bo", "quarantine.reject", item["key"], "a test row"),
        ("cia", "alert.acknowledged", alert["alert"], ""),
        ("cia", "alert.closed", alert["alert"], "a notice was sent"),
    ]
    assert all(row["details"] and row["at"] for row in rows)


def test_a_register_that_changes_something_is_an_act_and_the_same_again_is_none(world: World) -> None:
    before = len(audit(world))
    members = Path(world.root / "register" / "members.csv")
    names = members.read_text("utf-8-sig")
    members.write_text(names.replace("Telefonhuset Norrsken AB", "Telefonhuset Norrskenet AB"), "utf-8")
    try:
        for _ in range(2):
            koll(world, "members", "import", str(members.parent), "--by", "anna", "--why", "a new name")
    finally:
        members.write_text(names, "utf-8")
    rows = audit(world)[before:]
    assert [(row["who"], row["what"], row["why"]) for row in rows] == [("anna", "members.import", "a new name")]
    assert rows[0]["details"]["written"] == 1 and rows[0]["details"]["confirmed_shrink"] is False
