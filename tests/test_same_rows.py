"""The same rows in another file: known without being read, and only where reading them could change nothing."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from flows.intake import same_rows
from flows.intake.same_rows import print_rows
from flows.night import run_ingest
from flows.workplace import Workplace, open_workplace
from models.storage.store import upgrade
from tests.small_world import SOURCE

CONFIG = """
[association]
name = "Kontakta"
[register]
path = "{root}/register"
[archive]
path = "{root}/archive"
[mail]
from = "koll@example.org"
"""
HEADER = "Nr;Inkom;Företag;Orgnr;Kanal"
NAME = "utdrag_2026-05-01_2026-05-31.csv"
NIGHT = date(2026, 6, 2)
Rows = dict[str, str]
ROWS: Rows = {f"{at}": f"2026-05-{1 + at % 28:02};Bolaget {at % 5} AB;;Telefon" for at in range(40)}


@dataclass
class Office:
    """An installation whose folder of extracts is filled by hand."""

    place: Workplace
    folder: Path

    def send(self, rows: Rows, name: str = NAME, ends: str = "\r\n", header: str = HEADER) -> None:
        lines = [header, *(f"{key};{told}" for key, told in rows.items()), ""]
        (self.folder / name).write_bytes(ends.join(lines).encode())

    def night(self, day: date = NIGHT) -> Any:
        return run_ingest(self.place, "kv", day, lambda _line: None).nights[0]

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.place.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]

    def state(self) -> list[Any]:
        """Everything that anybody could be told, without times and run names."""
        asked = (
            "SELECT source_id, received_on, company, channel, status, raw_sha256, recorded_to IS NULL FROM complaint"
            " ORDER BY source_id, id",
            "SELECT source_id, name, code, state FROM quarantine ORDER BY 1, 2, 3",
            "SELECT name, sha256, first_day, last_day, header FROM parsed ORDER BY 1",
            "SELECT complete_through FROM watermark ORDER BY id",
        )
        return [self.ask(sql) for sql in asked]


def open_office(root: Path) -> Office:
    for folder in ("kv", "register"):
        (root / folder).mkdir(parents=True)
    (root / "register" / "members.csv").write_text("org_number,legal_name\n5590000013,Bolaget 1 AB\n", "utf-8")
    (root / "koll.toml").write_text((CONFIG + SOURCE).format(root=root, name="kv"), "utf-8")
    place = open_workplace(root / "koll.toml", check=False)
    ticks = count()
    place.clock = lambda: datetime(2026, 6, 2, 2, tzinfo=UTC) + timedelta(seconds=next(ticks))
    upgrade(place.engine)
    return Office(place, root / "kv")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return open_office(tmp_path)


def taken_unread(night: Any) -> bool:
    return "holds the same rows as" in night.message


def test_a_file_sent_again_under_another_name_in_another_order_is_not_read_again(office: Office) -> None:
    office.send(ROWS)
    assert office.night().new == len(ROWS)
    before = office.ask("SELECT * FROM complaint ORDER BY id")
    office.send(dict(reversed(ROWS.items())), "nytt_2026-05-01_2026-05-31.csv", ends="\n")
    night = office.night()
    assert (night.verdict, night.new, night.changed, night.withdrawn) == ("ok", 0, 0, 0)
    assert night.message == f"nytt_2026-05-01_2026-05-31.csv holds the same rows as {NAME}"
    assert office.ask("SELECT * FROM complaint ORDER BY id") == before
    third = office.night()
    assert not third.message and third.items == 0, "and it is known by its name from then on"


def test_one_row_more_fewer_or_other_is_read(office: Office) -> None:
    office.send(ROWS)
    office.night()
    for rows, new, changed, withdrawn in (
        (ROWS | {"40": ROWS["1"]}, 1, 0, 0),
        (ROWS, 0, 0, 1),
        (ROWS | {"3": ROWS["4"]}, 0, 1, 0),
    ):
        office.send(rows)
        night = office.night()
        assert (night.new, night.changed, night.withdrawn) == (new, changed, withdrawn) and not taken_unread(night)


def test_an_older_file_that_comes_again_is_the_newest_word(office: Office) -> None:
    office.send(ROWS)
    office.night()
    office.send(ROWS | {"3": ROWS["4"]}, f"b_{NAME}")
    office.night()
    office.send(ROWS, f"c_{NAME}")
    night = office.night()
    assert night.changed == 1 and not taken_unread(night)


@pytest.mark.parametrize("name", ["nytt.csv", "nytt_2026-05-01_2026-06-30.csv"])
def test_the_same_rows_said_to_be_all_of_other_days_are_read(office: Office, name: str) -> None:
    office.send(ROWS)
    office.night()
    office.send(ROWS, name)
    assert not taken_unread(office.night())


def test_other_settings_or_other_columns_read_the_same_rows_anew(office: Office) -> None:
    office.send(ROWS)
    office.night()
    office.send(ROWS, f"b_{NAME}", header=HEADER + ";Annat")
    assert not taken_unread(office.night())
    office.place.settings.sources["kv"].channels["Telefon"] = office.place.settings.sources["kv"].channels["Annat"]
    office.send(ROWS, f"c_{NAME}", header=HEADER + ";Annat")
    night = office.night()
    assert night.changed == len(ROWS) and not taken_unread(night)


def test_a_file_with_anything_remarkable_in_it_is_always_read(office: Office) -> None:
    rows = ROWS | {"3": ROWS["3"].replace("Telefon", "Brevduva")}
    office.send(rows)
    assert office.night().quarantined == 1
    office.send(rows, f"b_{NAME}")
    night = office.night()
    assert night.quarantined == 1 and night.verdict == "odd" and not taken_unread(night)


@pytest.mark.parametrize("seed", range(2))
def test_nights_end_alike_whether_or_not_the_same_rows_are_known(tmp_path, monkeypatch, seed: int) -> None:
    draw = random.Random(seed)
    knowing, reading = open_office(tmp_path / "knowing"), open_office(tmp_path / "reading")
    rows, unread = dict(list(ROWS.items())[:12]), 0
    earlier = [rows]
    for _ in range(9):
        what = draw.choice(("same", "same", "same", "more", "less", "other", "odd", "before"))
        if what == "before":
            rows = draw.choice(earlier)
        elif what == "more":
            rows = rows | {f"{100 + draw.randrange(50)}": draw.choice(list(ROWS.values()))}
        elif what == "less" and len(rows) > 8:
            rows = dict(draw.sample(sorted(rows.items()), len(rows) - 1))
        elif what in ("other", "odd"):
            told = draw.choice(list(ROWS.values()))
            rows = rows | {draw.choice(sorted(rows)): told.replace("Telefon", "Duva") if what == "odd" else told}
        earlier.append(rows)
        name = draw.choice((NAME, f"b_{NAME}", "c.csv", "d.csv", "e_2026-05-01_2026-06-30.csv"))
        ends, order = draw.choice(("\n", "\r\n")), draw.sample(sorted(rows.items()), len(rows))
        fared = []
        for office in (knowing, reading):
            office.send(dict(order), name, ends)
            with monkeypatch.context() as patch:
                if office is reading:
                    patch.setattr(same_rows, "print_rows", lambda _stream: None)
                fared.append(office.night())
        one, two = fared
        unread += taken_unread(one)
        assert not taken_unread(two)
        for field in ("verdict", "new", "changed", "withdrawn", "quarantined", "mended", "complete_through"):
            assert getattr(one, field) == getattr(two, field), (field, what, name)
        assert knowing.state() == reading.state()
    assert unread


lines = st.lists(st.sampled_from([b"a;1", b"b;2", b"b;3", b"\xe5;4", b""]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(lines, st.randoms(use_true_random=False), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.integers(1, 40))
def test_lines_are_the_same_in_any_order_with_any_ends_read_in_any_pieces(told, draw, ends, piece) -> None:
    with pytest.MonkeyPatch.context() as patch:
        mixed = draw.sample(told, len(told))
        one = print_rows(BytesIO(b"\n".join([b"head", *told])))
        patch.setattr(same_rows, "_BLOCK", piece)
        assert one == print_rows(BytesIO(ends.join([b"head", *mixed, b""])))
        assert one != print_rows(BytesIO(ends.join([b"head", *mixed, b"c"])))
        if any(told):
            assert one != print_rows(BytesIO(ends.join([b"head", *(line for line in mixed if line)][:-1])))


def test_the_order_of_lines_counts_where_a_cell_may_go_on_over_them_and_no_lines_are_known_by_none() -> None:
    one, two = b'h\na;"x\ny"\nb;"x\nz"\n', b'h\na;"x\nz"\nb;"x\ny"\n'
    assert print_rows(BytesIO(one)) != print_rows(BytesIO(two))
    assert print_rows(BytesIO(one)) == print_rows(BytesIO(one.replace(b"\n", b"\r\n")))
    assert print_rows(BytesIO(b"h\na\n")) != print_rows(BytesIO(b"a\nh\n"))
    assert print_rows(BytesIO("h\na\n".encode("utf-16"))) is None and print_rows(BytesIO(b"PK\3\4")) is None
