"""Exports: the promised keys, true types, no cell that a spreadsheet would run, nobody's private data."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from flows.looking.exports import EXPORTS, open_target, write_rows
from tests.demo_world import THIRD, World, demo_world, expected

COMPLAINT_KEYS = set(
    "source source_id kind date received_on event_on company channel channel_evidence outcome reexamination url"
    " member match status flags".split()
)
COUNT_KEYS = set(
    "member name window_from window_to total phone_at_least phone_unknown by_source by_channel rank_total rank_phone"
    " rank_scope complete_through".split()
)
RISKY = ["=1+1", "+46701", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "\u00a0=1", "＝1", '=HYPERLINK("x")']


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with demo_world(tmp_path_factory.mktemp("exports") / "world") as laid_out:
        laid_out.three_nights()
        yield laid_out


def written(rows: list[dict], form: str) -> bytes:
    target = io.BytesIO()
    assert write_rows(rows, form, target) == len(rows)
    return target.getvalue()


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def read_xlsx(content: bytes) -> list[tuple]:
    return list(load_workbook(io.BytesIO(content), data_only=False).active.iter_rows(values_only=True))


def test_a_complaint_has_the_promised_keys_iso_dates_and_null_where_nothing_is_known(world: World) -> None:
    rows = world.export("complaints")
    assert rows and all(set(row) >= COMPLAINT_KEYS for row in rows)
    for row in rows:
        for key in ("date", "received_on", "event_on"):
            assert row[key] is None or re.fullmatch(r"\d{4}-\d\d-\d\d", row[key])
        assert row["date"] == (row["received_on"] or row["event_on"])
        assert row["member"] is None or re.fullmatch(r"\d{10}|EF[0-9a-f]{10}", row["member"])
        assert row["member"] is None or row["match"]["band"] == "accept"
        assert isinstance(row["flags"], list) and isinstance(row["reexamination"], bool)
        assert "" not in (row["company"], row["outcome"], row["url"], row["channel_evidence"])
    assert len({(row["source"], row["source_id"]) for row in rows}) == len(rows)
    assert [(r["source"], r["source_id"]) for r in rows] == sorted((r["source"], r["source_id"]) for r in rows)
    assert {row["kind"] for row in rows} == {"complaint", "decision", "tip"}
    assert {row["status"] for row in rows} == {"accepted", "withdrawn"}


def test_counts_have_the_promised_keys_and_agree_with_themselves_for_every_member(world: World) -> None:
    rows = world.export("counts", as_of=THIRD)
    assert len(rows) == len(expected()["members"])
    for row in rows:
        assert set(row) >= COUNT_KEYS
        assert row["total"] == sum(row["by_source"].values()) == sum(row["by_channel"].values())
        assert row["phone_at_least"] == row["by_channel"].get("phone", 0)
        assert row["phone_unknown"] == row["by_channel"].get("unknown", 0)
        assert row["rank_scope"] in {"country", "members"}
        assert row["rank_phone"] is None or row["phone_at_least"]
    known = next(row for row in rows if row["by_source"].get("konsumentverket") == 113)
    assert (known["rank_total"], known["rank_phone"], known["rank_scope"]) == (2, 1, "country")


def test_counts_end_at_the_day_asked_for_when_the_sources_reach_further(world: World) -> None:
    rows = world.export("counts", as_of=THIRD.replace(month=3, day=1))
    assert {row["window_to"] for row in rows} == {f"{THIRD.year}-03-01"}
    assert {row["window_from"] for row in rows} == {f"{THIRD.year - 1}-03-02"}


@pytest.mark.parametrize("what", sorted(EXPORTS))
@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx"])
def test_everything_can_be_written_in_every_form_and_read_again(world: World, what: str, form: str) -> None:
    rows = world.export(what)
    content = written(rows, form)
    if form == "jsonl":
        assert [json.loads(line) for line in content.decode().splitlines()] == json.loads(json.dumps(rows))
    elif rows:
        table = read_csv(content) if form == "csv" else read_xlsx(content)
        assert list(table[0]) == list(rows[0]) and len(table) == len(rows) + 1


def test_no_export_holds_a_sole_traders_number_an_address_or_a_persons_phone(world: World) -> None:
    sole = [m["org_number"] for m in expected()["members"] if m["sole_trader"]]
    register = (world.root / "register" / "members.csv").read_text("utf-8-sig")
    numbers = [line.split(",")[0].split(";")[0] for line in register.splitlines()[1:] if line[2] < "2"]
    assert numbers and sole
    everything = "\n".join(written(world.export(what), "jsonl").decode() for what in EXPORTS)
    for number in numbers:
        assert number not in everything and number.replace("-", "") not in everything
    mailboxes = set(re.findall(r"[\w.+-]+@(?:gmail|hotmail|outlook|live|yahoo|telia)\.\w+", everything))
    assert mailboxes == set()


@pytest.mark.parametrize("value", RISKY)
def test_a_cell_that_a_spreadsheet_would_run_is_written_as_text(value: str) -> None:
    rows = [{"a": value, "b": "plain"}]
    for table in (read_csv(written(rows, "csv")), read_xlsx(written(rows, "xlsx"))):
        cell = str(table[1][0])
        assert cell.startswith(("'", "\ufffd")) and not cell.startswith("''")
    assert json.loads(written(rows, "jsonl")) == rows[0]


def test_a_formula_deep_in_a_list_does_not_begin_its_cell() -> None:
    for value in (["=1"], {"=1": "=1"}):
        assert read_csv(written([{"a": value}], "csv"))[1][0][0] in "[{"


def test_separators_quotation_marks_and_line_breaks_survive_in_csv() -> None:
    value = 'a;b "c"\nd'
    assert read_csv(written([{"a": value}], "csv"))[1] == [value]


def test_numbers_stay_numbers_and_unknown_stays_empty() -> None:
    rows = [{"n": 113, "f": 0.5, "none": None, "yes": True, "text": "113"}]
    assert read_xlsx(written(rows, "xlsx"))[1] == (113, 0.5, None, True, "113")
    assert read_csv(written(rows, "csv"))[1] == ["113", "0.5", "", "True", "113"]
    assert json.loads(written(rows, "jsonl"))["none"] is None


def test_characters_no_file_can_hold_are_shown_as_damage_and_break_nothing() -> None:
    rows = [{"a": "x\x00\x0b\ud800y", "b": "å" * 40_000}, {"a": "=" + "å" * 40_000, "b": ""}]
    assert read_xlsx(written(rows, "xlsx"))[1][0] == "x\ufffd\ufffd\ufffdy"
    assert max(len(str(cell)) for line in read_xlsx(written(rows, "xlsx")) for cell in line) <= 32_767
    assert read_csv(written(rows, "csv"))[1][0].startswith("x\ufffd")
    assert written(rows, "jsonl").decode("utf-8")


@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx"])
def test_an_export_of_nothing_is_an_empty_file_that_can_be_opened(form: str) -> None:
    content = written([], form)
    if form == "xlsx":
        assert read_xlsx(content) == []
    else:
        assert content.strip(b"\xef\xbb\xbf") == b""


def test_what_is_exported_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with open_target(tmp_path / "x.jsonl") as target:
        target.write(b"{}\n")
    assert (tmp_path / "x.jsonl").stat().st_mode & 0o077 == 0
    assert (tmp_path / "x.jsonl").read_bytes() == b"{}\n"
