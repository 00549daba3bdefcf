"""`koll status SOURCE`: the verdict, since when it fails, issues in groups, counts beside bounds, and what to do."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.demo.nights import deliver_day
from flows.koll import app
from flows.looking.health import draw_weeks, read_health
from tests.demo_world import FIRST, THIRD, World, demo_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with demo_world(tmp_path / "world") as laid_out:
        yield laid_out


def counts(found: dict) -> dict[str, tuple]:
    return {row["what"]: (row["seen"], row["from"], row["to"], row["ok"]) for row in found["counts"]}


def test_a_source_that_works_shows_its_counts_bounds_issues_and_next_due_date(world: World) -> None:
    world.three_nights()
    found = read_health(world.open(), "konsumentverket", THIRD)
    assert (found["verdict"], found["failing_since"]) == ("odd", None)
    assert (found["complete_through"], found["next_due"]) == (date(2026, 8, 25), date(2026, 9, 4))
    assert counts(found)["rows of the last reading with news"] == (682, None, 5000, True)
    assert counts(found)["days since complete-through"] == (2, None, 10, True)
    groups = [(issue["code"], issue["rows"], issue["kept"]) for issue in found["issues"]]
    assert groups[0] == ("channel-unmapped", 2, False) and all(issue["sentence"] for issue in found["issues"])
    weeks = {week["week"]: week for week in found["weeks"]}
    assert len(weeks) == 13
    assert weeks[date(2026, 8, 24)]["told"] == "part" and weeks[date(2026, 8, 17)]["told"] == "whole"
    own = [r for r in world.export("complaints") if r["source"] == "konsumentverket" and r["status"] == "accepted"]
    of_week = [r for r in own if "2026-08-10" <= r["received_on"] <= "2026-08-16"]
    assert weeks[date(2026, 8, 10)]["complaints"] == len(of_week) > 0
    assert found["do"] == "koll quarantine list"


def test_a_source_that_fails_says_since_when_and_the_exact_command(world: World) -> None:
    deliver_day(world.root, 1)
    first = world.night(FIRST, "dm_gamla_arkivet").nights[0]
    world.night(date(2026, 7, 3), "dm_gamla_arkivet")
    found = read_health(world.open(), "dm_gamla_arkivet", date(2026, 7, 3))
    assert (found["verdict"], found["code"], found["failing_since"]) == ("broken", "listing-unknown", first.at)
    assert found["do"] == "koll ingest dm_gamla_arkivet"
    assert {week["complaints"] for week in found["weeks"]} == {None}
    shown = CliRunner().invoke(app, ["status", "dm_gamla_arkivet", "--config", str(world.config)])
    assert shown.exit_code == 0
    assert f"koll ingest dm_gamla_arkivet --config {world.config}" in shown.output
    assert "not told yet" in shown.output and "failing since" in shown.output


def test_what_is_out_of_bounds_is_marked(world: World) -> None:
    deliver_day(world.root, 1)
    world.night(FIRST, "konsumentverket")
    late = counts(read_health(world.open(), "konsumentverket", date(2026, 12, 1)))
    assert late["days without news"] == (152, None, 60, False)
    assert late["days since complete-through"][3] is False
    assert late["rows of a full reading, at least"] == (515, 50, None, True)


def test_json_and_text_tell_the_same_and_an_unknown_source_is_wrong_use(world: World) -> None:
    deliver_day(world.root, 1)
    world.night(FIRST, "konsumentverket")
    run, config = CliRunner(), ["--config", str(world.config), "--date", "2026-07-02"]
    found = json.loads(run.invoke(app, ["status", "konsumentverket", "--json", *config]).output)
    text = run.invoke(app, ["status", "konsumentverket", *config]).output
    assert found["complete_through"] == "2026-06-30" and "complete through 2026-06-30" in text
    assert all(issue["code"] in text for issue in found["issues"])
    assert run.invoke(app, ["status", "nowhere", *config]).exit_code == 2
    assert "konsumentverket" in run.invoke(app, ["status", *config]).output


def test_a_bar_is_as_long_as_its_count_and_what_is_not_told_is_no_zero() -> None:
    week = {"week": date(2026, 8, 3), "told": "whole"}
    lines = list(draw_weeks([{**week, "complaints": n} for n in (30, 15, 0, 1)] + [{**week, "complaints": None}]))
    assert [line.count("█") for line in lines] == [30, 15, 0, 1, 0]
    assert lines[2].endswith(" 0") and "not told yet" in lines[4]
