"""Whole nights on the demo's world: real HTTP, real files, a real mailbox folder, both database engines."""

import csv
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from flows.demo.nights import deliver_day
from models.words import Verdict
from tests.demo_world import FIRST, SECOND, THIRD, World, demo_world, expected


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with demo_world(tmp_path / "world", database_url) as laid_out:
        yield laid_out


@pytest.fixture
def small(tmp_path: Path) -> Iterator[World]:
    """The same on SQLite only, for what does not depend on the engine."""
    with demo_world(tmp_path / "world") as laid_out:
        yield laid_out


def sources(night: object) -> dict[str, object]:
    return {fared.source: fared for fared in night.nights}


def test_three_nights_give_the_known_figures_and_a_fourth_gives_nothing(world: World) -> None:
    for number, day in enumerate((FIRST, SECOND, THIRD), 1):
        deliver_day(world.root, number)
        fared = sources(world.night(day))["konsumentverket"]
        due = expected()["nights"][str(number)]
        assert (fared.accepted, fared.quarantined, fared.new, fared.withdrawn) == (
            due["accepted"],
            due["quarantined"],
            due["new"],
            due["withdrawn"],
        )
        assert fared.changed == due["changed"] + due["returned"]
    counts = {row["member"]: row for row in world.export("counts", as_of=THIRD)}
    for member in expected()["members"]:
        if not member["sole_trader"] and not member["possible_more"]:
            row = counts[member["org_number"]]
            assert row["by_source"].get("konsumentverket", 0) == member["total"], member["legal_name"]
    everything = {what: world.export(what) for what in ("complaints", "alerts", "mails", "quarantine")}
    mails = [path.read_bytes() for path in world.mails()]
    again = world.night(THIRD)
    assert {what: world.export(what) for what in everything} == everything
    assert [path.read_bytes() for path in world.mails()] == mails
    assert (again.alerts.events, again.alerts.mails) == (0, 0)


def test_the_known_case_is_told_as_113_of_which_at_least_37_with_both_ranks(small: World) -> None:
    small.three_nights()
    centre = next(m for m in expected()["members"] if m["total"] == 113)
    row = next(r for r in small.export("counts", as_of=THIRD) if r["member"] == centre["org_number"])
    assert (row["rank_total"], row["rank_phone"], row["rank_scope"]) == (2, 1, "country")
    told = [m.read_bytes() for m in small.mails()]
    from email import message_from_bytes
    from email.policy import default

    bodies = [message_from_bytes(b, policy=default) for b in told]
    single = [m for m in bodies if "Norrsken" in m["Subject"] and "100" in m["Subject"]]
    assert len(single) == 1
    for kind in ("plain", "html"):
        assert "113, varav minst 37" in " ".join(single[0].get_body((kind,)).get_content().split())


def test_every_decision_of_both_sites_comes_out_right_and_a_new_breach_is_mailed_once(small: World) -> None:
    small.three_nights()
    found = {row["source_id"]: row for row in small.export("complaints") if row["source"] == "dm_namnden"}
    due = {decision["case"]: decision for decision in expected()["decisions"]}
    assert set(found) == set(due)
    for case, decision in due.items():
        row = found[case]
        assert (row["outcome"], row["date"], row["reexamination"]) == (
            decision["outcome"],
            decision["date"],
            decision["reexamination"],
        ), case
    events = [event for event in small.export("alerts") if event["subject"] == "26-940" and event["reason"]]
    assert len(events) == 1
    assert sum(events[0]["event_id"] in mail["event_ids"] for mail in small.export("mails")) == 1


def test_one_broken_source_stops_nothing_and_names_the_command_that_reruns_it(small: World) -> None:
    deliver_day(small.root, 1)
    night = small.night(FIRST)
    fared = sources(night)
    assert fared["dm_gamla_arkivet"].verdict == Verdict.BROKEN
    assert all(one.verdict != Verdict.BROKEN for name, one in fared.items() if name != "dm_gamla_arkivet")
    assert night.failed and "koll ingest dm_gamla_arkivet" in night.sum_up()


def test_only_the_database_deleted_and_every_source_replayed_gives_the_same_export(small: World) -> None:
    small.three_nights()
    before = {what: small.export(what) for what in ("complaints", "counts", "declarations")}
    for name in ("koll.db", "koll.db-wal", "koll.db-shm"):
        (small.root / name).unlink(missing_ok=True)
    shutil.rmtree(small.root / "site")
    shutil.rmtree(small.root / "extracts")
    for source in ("konsumentverket", "dm_namnden", "tips", "declarations"):
        night = small.ingest(source, replay=True)
        assert not night.broken, night.sum_up()
    assert small.ingest("dm_gamla_arkivet", replay=True).broken, "it never told anything, and that too is known again"
    assert {what: small.export(what) for what in before} == before


def test_replaying_over_what_is_known_adds_no_version(world: World) -> None:
    world.three_nights()
    with world.open().engine.connect() as connection:
        versions = connection.execute(text("SELECT count(*) FROM complaint")).scalar_one()
    for source in ("konsumentverket", "dm_namnden", "tips", "declarations"):
        fared = sources(world.ingest(source, replay=True))[source]
        assert (fared.new, fared.changed, fared.withdrawn) == (0, 0, 0), source
    with world.open().engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM complaint")).scalar_one() == versions


@pytest.mark.parametrize(
    ("breakage", "code"),
    [
        (lambda root: shutil.rmtree(root / "extracts"), "folder-missing"),
        (lambda root: (root / "extracts" / "ny.csv").write_bytes(b""), "file-empty"),
        (
            lambda root: (root / "extracts" / "ny.csv").write_text("<!doctype html><title>Logga in</title>"),
            "html-for-table",
        ),
        (lambda root: (root / "extracts" / "ny.csv").write_text("Nr;Dag\n1;2026-08-01\n"), "columns-missing"),
        (lambda root: (root / "extracts" / "ny.xlsx").write_bytes(b"PK\x03\x04 not a workbook"), "xlsx-broken"),
    ],
)
def test_a_bad_file_is_told_with_place_and_cure_and_nothing_known_is_lost(small: World, breakage, code) -> None:
    deliver_day(small.root, 1)
    small.night(FIRST)
    before = small.export("complaints")
    breakage(small.root)
    night = small.night(SECOND)
    fared = sources(night)
    assert fared["konsumentverket"].code == code
    assert str(small.root) in fared["konsumentverket"].message or "ny." in fared["konsumentverket"].message
    assert fared["tips"].verdict != Verdict.BROKEN
    assert small.export("complaints") == before


def test_a_file_with_a_tenth_of_the_usual_rows_takes_nothing_back(small: World) -> None:
    deliver_day(small.root, 1)
    small.night(FIRST)
    config = small.config.read_text("utf-8").replace("rows = [50, 5000]", "rows = [1, 5000]")
    small.config.write_text(config, "utf-8")
    with (small.root / "extracts" / "utdrag_2026-01-01_2026-06-30.csv").open(encoding="cp1252", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    short = small.root / "extracts" / "utdrag_2026-01-01_2026-06-30_ny.csv"
    with short.open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows[:52])
    before = small.export("complaints")
    fared = sources(small.night(SECOND))["konsumentverket"]
    assert (fared.verdict, fared.code) == (Verdict.BROKEN, "source-shrunk")
    assert small.export("complaints") == before
    accepted = sources(small.ingest("konsumentverket", SECOND, accept_shrink=True))["konsumentverket"]
    assert accepted.withdrawn > 400


def test_a_broken_file_that_is_mended_or_taken_away_no_longer_stops_its_source(small: World) -> None:
    deliver_day(small.root, 1)
    small.night(FIRST)
    bad = small.root / "extracts" / "utdrag_2026-07-01_2026-07-01.csv"
    bad.write_text("Nr;Dag\n1;2026-07-01\n", "utf-8")
    assert sources(small.night(SECOND))["konsumentverket"].code == "columns-missing"
    header = (small.root / "extracts" / "utdrag_2026-01-01_2026-06-30.csv").read_bytes().split(b"\n")[0]
    row = b"2026/99999;2026-07-01;;Telefonhuset Norrsken AB;;Sms;Spam;\n"
    bad.write_bytes(header + b"\n" + row)
    small.config.write_text(small.config.read_text("utf-8").replace("rows = [50, 5000]", "rows = [1, 5000]"), "utf-8")
    mended = sources(small.night(SECOND))["konsumentverket"]
    assert (mended.verdict != Verdict.BROKEN, mended.new) == (True, 1), mended.message
    bad.write_text("Nr;Dag\n", "utf-8")
    assert sources(small.night(THIRD))["konsumentverket"].verdict == Verdict.BROKEN
    bad.unlink()
    assert sources(small.night(THIRD))["konsumentverket"].verdict != Verdict.BROKEN
    assert sources(small.ingest("konsumentverket", replay=True))["konsumentverket"].verdict != Verdict.BROKEN


def test_a_faulty_register_leaves_the_last_good_one_and_fails_the_night(small: World) -> None:
    deliver_day(small.root, 1)
    small.night(FIRST)
    members = small.root / "register" / "members.csv"
    rows = members.read_bytes().splitlines(keepends=True)
    members.write_bytes(b"".join([*rows, rows[1]]))
    night = small.night(SECOND)
    assert "same organisation number" in night.register_fault and f"line {len(rows) + 1}" in night.register_fault
    assert night.failed
    assert sources(night)["konsumentverket"].verdict != Verdict.BROKEN
    assert len(small.export("counts")) == len(rows) - 1


def test_a_corrected_register_links_old_complaints_anew_and_keeps_what_was_known(small: World) -> None:
    deliver_day(small.root, 1)
    small.night(FIRST)
    known_at = small.open().clock()
    rows = small.export("complaints")
    stranger = next(r for r in rows if r["kind"] == "complaint" and r["org_number"] and not r["member"])
    number, name = stranger["org_number"], stranger["company"]
    members = small.root / "register" / "members.csv"
    separator = ";" if b";" in members.read_bytes().splitlines()[0] else ","
    empty = separator * (members.read_text("utf-8-sig").splitlines()[0].count(separator) - 1)
    with members.open("ab") as file:
        file.write(f"{number}{separator}{name}{empty}\r\n".encode())
    small.night(SECOND)
    linked = [r for r in small.export("complaints") if r["org_number"] == number]
    assert linked and all(r["member"] == number for r in linked)
    before = [r for r in small.export("complaints", known_at=known_at) if r["org_number"] == number]
    assert before and all(r["member"] is None for r in before)


def test_mail_leaves_through_the_server_one_message_a_recipient_and_stays_when_it_is_gone(small: World) -> None:
    received: list[tuple[list[str], bytes]] = []

    class Keep:
        async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802
            received.append((envelope.rcpt_tos, envelope.content))
            return "250 taken"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(Keep(), hostname="127.0.0.1", port=port)
    server.start()
    config = small.config.read_text("utf-8")
    config = config.replace("[mail]\n", f'[mail]\nsmtp = "smtp://127.0.0.1:{port}"\n')
    config = config.replace(
        'ethics = ["etik@kontakta.example"]', 'ethics = ["a@kontakta.example", "b@kontakta.example"]'
    )
    small.config.write_text(config, "utf-8")
    deliver_day(small.root, 1)
    small.night(FIRST)
    assert all(len(recipients) == 1 for recipients, _ in received)
    assert {"a@kontakta.example", "b@kontakta.example"} <= {recipients[0] for recipients, _ in received}
    assert small.mails() == []
    server.stop()
    for number, day in ((2, SECOND), (3, THIRD)):
        deliver_day(small.root, number)
        night = small.night(day)
    assert night.alerts.waiting > 0 and not night.alerts.dead
    assert {mail["state"] for mail in small.export("mails")} == {"accepted", "waiting"}


def test_no_mail_export_or_log_carries_what_a_complainant_must_not_be_known_by(small: World) -> None:
    small.three_nights()
    private = ["070-174 06", "070174 06", "070-17406", "07017406", "+4670174"]  # the members' own are other numbers
    said = "\n".join(small.lines)
    said += json.dumps(
        [small.export(what) for what in ("complaints", "alerts", "mails", "quarantine", "runs")], default=str
    )
    said += "".join(path.read_text("utf-8", "replace") for path in small.mails())
    said += "".join(path.read_text("utf-8") for path in (small.root / "data-docs").rglob("*.html"))
    assert [number for number in private if number in said] == []
