"""Quarantine that is worked: shown, repaired, rejected, remembered, and emptied when a parser has been mended."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from flows.demo.nights import deliver_day
from flows.intake.matching import make_linkers
from flows.intake.quarantine import reject_item, repair_item
from flows.koll import app
from flows.looking.quarantine import RowNotWorked, list_items, show_item
from models.storage.repairs import EditInvalid
from sources.files import extract
from tests.demo_world import FIRST, SECOND, THIRD, World, demo_world

HEADER = "Diarienummer;Inkom;Händelsedatum;Företag;Organisationsnummer;Försäljningssätt;Ärendetyp;Beskrivning\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with demo_world(tmp_path / "world") as laid_out:
        config = laid_out.config.read_text("utf-8").replace("rows = [50, 5000]", "rows = [1, 5000]")
        laid_out.config.write_text(config, "utf-8")
        yield laid_out


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[World]:
    """The same on each engine, for what writes versions by its own SQL."""
    with demo_world(tmp_path / "world", database_url) as laid_out:
        config = laid_out.config.read_text("utf-8").replace("rows = [50, 5000]", "rows = [1, 5000]")
        laid_out.config.write_text(config, "utf-8")
        yield laid_out


def send(world: World, name: str, *rows: str) -> None:
    (world.root / "extracts" / name).write_text(HEADER + "".join(f"{row}\n" for row in rows), "utf-8")


def row(number: int, day: str = "2026-05-03", channel: str = "Internet", company: str = "Glasklart Elavtal AB") -> str:
    return f"2026/{number};{day};;{company};;{channel};Avtal;Ring 070-174 06 05"


GOOD = [row(n, f"2026-05-{n % 28 + 1:02}") for n in range(1, 31)]


def repair(world: World, key: str, *pairs: str, why: str = "") -> object:
    place = world.open()
    return repair_item(place, key, pairs, make_linkers(place)("konsumentverket"), who="Asta", why=why)


def items(world: World, **asked: object) -> dict[str, dict]:
    return {item["source_id"] or item["raw_locator"]: item for item in list_items(world.open(), **asked)}


def stored(world: World) -> dict[str, dict]:
    return {r["source_id"]: r for r in world.export("complaints") if r["source"] == "konsumentverket"}


def fared(night: object) -> object:
    return night.nights[0]


def test_a_refused_row_is_shown_beside_its_reason_harmless_and_masked(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", *GOOD, row(99, "2026-02-30", company="Glas\x1b[31mklart AB"))
    world.night(FIRST, "konsumentverket")
    item = show_item(world.open(), items(world)["2026/99"]["key"])
    assert item["code"] == "date-unreadable" and "date" in item["reason"].lower()
    assert item["raw"][0].startswith("Diarienummer;")
    shown = "\n".join(item["raw"])
    assert "2026/99;2026-02-30" in shown and "\\x1b[31m" in shown
    assert "\x1b" not in shown and "070-174" not in shown


def test_an_edited_row_is_judged_again_and_stored_under_its_id_with_the_edit_as_evidence(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", *GOOD, row(99, channel="Torgförsäljning"))
    world.night(FIRST, "konsumentverket")
    assert "2026/99" not in stored(world)
    repair(world, items(world)["2026/99"]["key"], "channel=phone", why="asked the agency")
    complaint = stored(world)["2026/99"]
    assert (complaint["channel"], complaint["channel_evidence"]) == ("phone", "person")
    assert "repaired" in complaint["flags"] and complaint["date"] == "2026-05-03"
    assert items(world) == {}
    item = items(world, every=True)["2026/99"]
    assert item["state"] == "repaired"
    history = show_item(world.open(), item["key"])["history"]
    assert [(h["said"], h["edits"], h["who"], h["why"]) for h in history] == [
        ("repair", {"channel": "phone"}, "Asta", "asked the agency")
    ]


def test_an_edit_that_does_not_mend_the_row_stores_nothing_and_says_what_is_still_wrong(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", *GOOD, row(99, "2026-02-30"))
    world.night(FIRST, "konsumentverket")
    key = items(world)["2026/99"]["key"]
    for pairs in ([], ["company=Annat AB"], ["received_on=2031-01-01"]):
        with pytest.raises(RowNotWorked, match="still refused"):
            repair(world, key, *pairs)
    for wrong in ("channel=pigeon", "colour=red", "received_on=03/04/2026", "org_number=556000-0000", "company"):
        with pytest.raises(EditInvalid):
            repair(world, key, wrong)
    assert "2026/99" not in stored(world)
    assert items(world)["2026/99"]["state"] == "open"


def test_a_repair_is_applied_when_the_same_row_comes_again_and_not_when_its_publisher_changes_it(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", *GOOD, row(99, channel="Torgförsäljning"), row(98, channel="Torg"))
    world.night(FIRST, "konsumentverket")
    for number in ("98", "99"):
        repair(world, items(world)[f"2026/{number}"]["key"], "channel=door")
    changed = row(98, channel="Telefonförsäljning")
    send(world, "2026-01-01_2026-07-31.csv", *GOOD, row(99, channel="Torgförsäljning"), changed)
    night = fared(world.night(SECOND, "konsumentverket"))
    assert (night.quarantined, night.withdrawn, night.changed) == (0, 0, 1)
    assert stored(world)["2026/99"]["channel"] == "door"
    assert (stored(world)["2026/98"]["channel"], stored(world)["2026/98"]["flags"]) == ("phone", [])
    assert items(world) == {}


def test_replaying_everything_after_repairs_gives_what_was_there(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", *GOOD, row(99, channel="Torg"), row(97, "x"), "2026/96;2026-05-09")
    world.night(FIRST, "konsumentverket")
    found = items(world)
    repair(world, found["2026/99"]["key"], "channel=shop")
    repair(world, found["2026/97"]["key"], "received_on=2026-05-07", "company=Annat Elavtal AB")
    with pytest.raises(RowNotWorked, match="date-missing"):
        repair(world, found["2026/96"]["key"], "company=Annat Elavtal AB")
    repair(world, found["2026/96"]["key"], "company=Annat Elavtal AB", "received_on=2026-05-09")
    before = stored(world)
    assert before["2026/96"]["company"] == "Annat Elavtal AB"
    night = fared(world.ingest("konsumentverket", replay=True))
    assert (night.new, night.changed, night.withdrawn, night.quarantined) == (0, 0, 0, 0)
    assert stored(world) == before


def test_a_row_without_an_id_gets_one_and_keeps_it_in_the_next_file(both: World) -> None:
    nameless = row(0).replace("2026/0", "", 1)
    send(both, "2026-01-01_2026-06-30.csv", *GOOD, nameless)
    both.night(FIRST, "konsumentverket")
    send(both, "2026-01-01_2026-07-31.csv", *GOOD, row(31), nameless)
    both.night(SECOND, "konsumentverket")
    first = next(item for item in items(both).values() if item["name"].endswith("06-30.csv"))
    with pytest.raises(RowNotWorked, match="stored already"):
        repair(both, first["key"], "source_id=2026/7")
    repair(both, first["key"], "source_id=2026/77")
    assert "2026/77" in stored(both) and items(both) == {}
    send(both, "2026-01-01_2026-08-25.csv", *GOOD, nameless, row(31))
    night = fared(both.night(THIRD, "konsumentverket"))
    assert (night.quarantined, night.withdrawn, night.new) == (0, 0, 0)


def test_a_rejected_row_stays_out_when_it_comes_again_and_what_was_stored_of_it_is_withdrawn(both: World) -> None:
    flagged = row(99).replace(";;Glas", ";2026-06-09;Glas", 1)  # happened after it was reported
    send(both, "2026-01-01_2026-06-30.csv", *GOOD, flagged, row(98, "igår"))
    both.night(FIRST, "konsumentverket")
    found = items(both)
    assert stored(both)["2026/99"]["status"] == "accepted"
    assert reject_item(both.open(), found["2026/99"]["key"], who="Asta", why="a test row") is True
    assert reject_item(both.open(), found["2026/98"]["key"], who="Asta", why="nobody knows when") is False
    send(both, "2026-01-01_2026-07-31.csv", *GOOD, row(98, "igår"), flagged)
    night = fared(both.night(SECOND, "konsumentverket"))
    assert (night.quarantined, night.new, night.changed) == (0, 0, 0)
    assert "2 row(s) left out" in night.message
    assert stored(both)["2026/99"]["status"] == "withdrawn" and "2026/98" not in stored(both)
    assert items(both) == {}
    repair(both, found["2026/99"]["key"])
    assert stored(both)["2026/99"]["status"] == "accepted"


def test_a_row_that_a_newer_file_has_taken_back_cannot_be_repaired_into_the_counts(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", *GOOD, row(99, channel="Torg"))
    world.night(FIRST, "konsumentverket")
    send(world, "2026-01-01_2026-07-31.csv", *GOOD)
    world.night(SECOND, "konsumentverket")
    with pytest.raises(RowNotWorked, match="no longer holds"):
        repair(world, items(world)["2026/99"]["key"], "channel=shop")
    assert "2026/99" not in stored(world)


def test_a_later_file_that_holds_the_row_well_closes_it_and_a_relapse_opens_it_again(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", *GOOD, row(99, channel="Torg"))
    world.night(FIRST, "konsumentverket")
    key = items(world)["2026/99"]["key"]
    send(world, "2026-01-01_2026-07-31.csv", *GOOD, row(99))
    night = fared(world.night(SECOND, "konsumentverket"))
    assert night.mended == 1 and "1 quarantined row(s) mended" in night.message
    with pytest.raises(RowNotWorked, match="mended"):
        repair(world, key, "channel=shop")
    send(world, "2026-01-01_2026-08-25.csv", *GOOD, row(99, channel="Torg"))
    world.night(THIRD, "konsumentverket")
    assert items(world)["2026/99"]["key"] == key


def test_of_two_rows_under_one_id_neither_comes_in_before_the_other_is_settled(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", *GOOD, row(99), row(99, company="Annat AB"))
    world.night(FIRST, "konsumentverket")
    first, second = (item for item in list_items(world.open()) if item["code"] == "key-twice")
    with pytest.raises(RowNotWorked, match="another row"):
        repair(world, first["key"])
    reject_item(world.open(), second["key"], who="Asta", why="entered twice")
    repair(world, first["key"])
    night = fared(world.ingest("konsumentverket", replay=True))
    assert (night.new, night.changed, night.quarantined) == (0, 0, 0)


def test_after_the_parser_is_mended_a_replay_empties_what_it_can_and_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(world, "2026-01-01_2026-06-30.csv", *GOOD, row(97, "3 mai 2026"), row(98, "3 mai 2026"), row(99, "igår"))
    world.night(FIRST, "konsumentverket")
    assert len(items(world)) == 3
    shutil.rmtree(world.root / "extracts")
    before = extract.read_date
    monkeypatch.setattr(extract, "read_date", lambda cell: before(cell.replace("mai", "maj")))
    night = fared(world.ingest("konsumentverket", replay=True))
    assert night.mended == 2 and "2 quarantined row(s) mended" in night.message
    assert list(items(world)) == ["2026/99"]
    assert {"2026/97", "2026/98"} <= set(stored(world))


def test_a_decision_flagged_for_its_outcome_is_settled_by_a_person_and_stays_so(world: World) -> None:
    deliver_day(world.root, 1)
    world.night(FIRST, "dm_namnden")
    item = items(world)["25-922"]
    assert (item["code"], item["kept"]) == ("outcome-unknown", True)
    place = world.open()
    worked = repair_item(
        place, item["key"], ["outcome=breach"], make_linkers(place)("dm_namnden"), who="Asta", why="read it"
    )
    assert worked.changed and worked.still == ()
    decision = next(r for r in world.export("complaints") if r["source_id"] == "25-922")
    assert decision["outcome"] == "breach" and "outcome-unknown" not in decision["flags"]
    night = fared(world.ingest("dm_namnden", replay=True))
    assert (night.new, night.changed, night.withdrawn) == (0, 0, 0)
    shown = show_item(world.open(), item["key"])
    assert any("25-922" in line for line in shown["raw"])


def test_a_bad_file_that_was_taken_away_holds_up_nothing_afterwards(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", *GOOD)
    world.night(FIRST, "konsumentverket")
    bad = world.root / "extracts" / "2026-07-01_2026-07-31.csv"
    bad.write_bytes(HEADER.encode() + row(50).encode() + b'\n2026/51;"2026-07-02\n' + row(52).encode() * 3)
    assert fared(world.night(SECOND, "konsumentverket")).code == "csv-broken"
    bad.unlink()
    send(world, "2026-07-01_2026-08-25.csv", *(row(n, "2026-08-01") for n in range(60, 75)))
    night = fared(world.night(THIRD, "konsumentverket"))
    assert night.verdict == "ok"
    assert "2026/60" in stored(world) and "2026/50" not in stored(world)
    replayed = fared(world.ingest("konsumentverket", replay=True))
    assert (replayed.verdict, replayed.new) == ("odd", 0) and "passed over [csv-broken]" in replayed.message


def test_the_commands_list_show_repair_and_reject(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", *GOOD, row(98, "igår"), row(99, channel="Torg"))
    world.night(FIRST, "konsumentverket")
    run = CliRunner()
    config = ["--config", str(world.config)]
    listed = run.invoke(app, ["quarantine", "list", *config])
    assert listed.exit_code == 0 and "channel-unmapped" in listed.output
    found = items(world)
    shown = run.invoke(app, ["quarantine", "show", found["2026/99"]["key"][:8], *config])
    assert shown.exit_code == 0, shown.output
    assert any("2026/99;" in line and "│" in line for line in shown.output.splitlines())
    assert run.invoke(app, ["quarantine", "repair", "ffff", *config]).exit_code == 1
    wrong = run.invoke(app, ["quarantine", "repair", found["2026/99"]["key"], "--set", "channel=pigeon", *config])
    assert wrong.exit_code == 2
    done = run.invoke(app, ["quarantine", "repair", found["2026/99"]["key"], "--set", "channel=shop", *config])
    assert done.exit_code == 0 and "stored" in done.output
    assert run.invoke(app, ["quarantine", "reject", found["2026/98"]["key"], *config]).exit_code == 2
    out = run.invoke(app, ["quarantine", "reject", found["2026/98"]["key"], "--why", "no date", *config])
    assert out.exit_code == 0
    assert run.invoke(app, ["quarantine", "list", "--json", *config]).output.strip() == "[]"
    with world.open().engine.connect() as connection:
        said = connection.execute(text("SELECT said, why, who FROM row_decision ORDER BY id")).all()
    assert [(one.said, one.why) for one in said] == [("repair", ""), ("reject", "no date")] and all(o.who for o in said)


def test_a_word_added_to_the_map_of_channels_lets_in_what_waited_for_it_the_next_night(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", *GOOD, row(99, channel="Torgförsäljning"))
    world.night(FIRST, "konsumentverket")
    assert list(items(world)) == ["2026/99"]
    config = world.config.read_text("utf-8").replace(
        '"Annat" = "other"', '"Annat" = "other"\n"Torgförsäljning" = "door"'
    )
    world.config.write_text(config, "utf-8")
    night = fared(world.night(SECOND, "konsumentverket"))
    assert (night.new, night.changed, night.mended, items(world)) == (1, 0, 1, {})
    assert stored(world)["2026/99"]["channel"] == "door"
    assert fared(world.night(SECOND, "konsumentverket")).new == 0


def test_rows_that_a_night_with_an_earlier_date_refused_come_in_on_their_own_night(both: World) -> None:
    ahead = row(98, "2120-01-01")
    send(both, "2026-01-01_2026-06-30.csv", *GOOD, row(99, str(SECOND)))
    send(both, "2026-07-01_2120-12-31.csv", ahead)
    early = fared(both.night(SECOND - timedelta(days=5), "konsumentverket"))
    assert (early.new, early.quarantined) == (30, 2) and set(items(both)) == {"2026/98", "2026/99"}
    again = fared(both.night(SECOND - timedelta(days=4), "konsumentverket"))
    assert (again.new, again.changed, again.quarantined) == (0, 0, 0)
    night = fared(both.night(SECOND, "konsumentverket"))
    assert (night.new, night.changed, night.withdrawn, night.mended) == (1, 0, 0, 1)
    assert "2026/99" in stored(both) and set(items(both)) == {"2026/98"}
    later = fared(both.night(date(2120, 1, 2), "konsumentverket"))
    assert later.new == 0 and set(items(both)) == {"2026/98"}, "a day that comes does not make a row right"
