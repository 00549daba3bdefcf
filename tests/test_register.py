"""The member register: read in every form, judged row by row, taken whole or not at all, people's numbers masked."""

from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import Engine, event, select, text

from models.members.org_number import member_id
from models.members.register import Register, RegisterRefused, RegisterRow, count_members, read_register, store_register
from models.storage.store import writing
from models.storage.tables import Member, MemberName
from models.words import NameKind
from sources.register_file import read_register_file

KEY = b"a key for tests"
MEMBERS = "org_number,legal_name,joined_on,left_on,size,size_unit,year_end,contact\r\n"
NAMES = "org_number,kind,value,valid_from,valid_to\r\n"
NUMBERS = [f"{number:09d}" for number in range(556000001, 556000041)]
SOLE_TRADER = "670919-9530"


def luhn(nine: str) -> str:
    """The number with its check digit."""
    digits = [int(c) * (2 - place % 2) for place, c in enumerate(nine)]
    return nine + str(-sum(d - 9 if d > 9 else d for d in digits) % 10)


ORGS = [luhn(nine) for nine in NUMBERS]
A, B = ORGS[:2]


def take(root: Path, members: str, names: str | None = None, encoding: str = "utf-8") -> Register:
    (root / "members.csv").write_bytes((MEMBERS + members).encode(encoding))
    if names is not None:
        (root / "names.csv").write_bytes((NAMES + names).encode(encoding))
    return read_register(*read_register_file(root), KEY)


def refused(root: Path, members: str, names: str | None = None) -> list[str]:
    with pytest.raises(RegisterRefused) as caught:
        take(root, members, names)
    assert all(fault in str(caught.value) for fault in caught.value.faults)
    return caught.value.faults


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_every_encoding_and_separator_gives_the_same_register(tmp_path: Path, encoding: str, separator: str) -> None:
    rows = (
        f"{MEMBERS}{A},Ångköket AB,2020-01-02,,180,anställda,12-31,info@ang.example\r\n{B},Öbolaget,,2026-01-01,,,,\r\n"
    )
    names = f"{NAMES}{A},brand,Ånga,2021-01-01,2022-01-01\r\n"
    for name, content in (("members.csv", rows), ("names.csv", names)):
        (tmp_path / name).write_bytes(content.replace(",", separator).encode(encoding))
    register = read_register(*read_register_file(tmp_path), KEY)
    first, second = register.members
    assert (first.member, first.legal_name, first.joined_on, first.size) == (A, "Ångköket AB", date(2020, 1, 2), 180.0)
    assert (first.size_unit, first.year_end, first.contact) == ("anställda", "12-31", "info@ang.example")
    assert (second.left_on, second.size, second.contact) == (date(2026, 1, 1), None, None)
    (name,) = register.names
    assert (name.member, name.kind, name.value, name.valid_from) == (A, NameKind.BRAND, "Ånga", date(2021, 1, 1))
    assert register.warnings == []


def test_a_workbook_with_two_sheets_gives_the_same_register(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "Members"
    book.active.append(MEMBERS.strip().split(","))
    book.active.append([int(A), "Ångköket AB", date(2020, 1, 2), None, 180, "anställda", "12-31", None])
    sheet = book.create_sheet("Names")
    sheet.append(NAMES.strip().split(","))
    sheet.append([int(A), "brand", "Ånga", None, None])
    book.save(tmp_path / "register.xlsx")
    register = read_register(*read_register_file(tmp_path / "register.xlsx"), KEY)
    assert register.members[0].joined_on == date(2020, 1, 2) and register.members[0].size == 180
    assert register.names[0].value == "Ånga"
    del book["Names"]
    book.save(tmp_path / "register.xlsx")
    assert read_register_file(tmp_path / "register.xlsx")[1] == []


def test_a_workbook_without_a_sheet_of_members_says_which_it_has(tmp_path: Path) -> None:
    Workbook().save(tmp_path / "register.xlsx")
    with pytest.raises(RegisterRefused, match=r"register\.xlsx: no sheet 'members'; the workbook has Sheet"):
        read_register_file(tmp_path / "register.xlsx")


def test_a_file_named_directly_takes_the_names_beside_it(tmp_path: Path) -> None:
    take(tmp_path, f"{A},X,,,,,,\r\n", f"{A},brand,Y,,\r\n")
    members, names = read_register_file(tmp_path / "members.csv")
    assert (len(members), len(names)) == (1, 1)


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda root: root / "nowhere", "no such file or folder; put the register there"),
        (lambda root: root, "no members.csv or members.xlsx in this folder"),
        (lambda root: _write(root, b""), "no rows at all"),
        (lambda root: _write(root, b"<html>"), "a web page"),
        (lambda root: _write(root, b"orgnr;namn\n1;2\n"), "no column 'org_number', 'legal_name'; the header row has"),
        (lambda root: _write(root, b"org_number;legal_name;joined on\n1;2;3\n"), "did you mean joined_on?"),
        (lambda root: _write(root, f'org_number;legal_name\n{A};"X\n'.encode()), "quotation mark"),
    ],
)
def test_a_register_that_cannot_be_read_names_its_file_and_the_cure(tmp_path: Path, prepare, said: str) -> None:
    path = prepare(tmp_path)
    with pytest.raises(RegisterRefused) as caught:
        read_register_file(path)
    assert str(path) in str(caught.value) and said in str(caught.value)


def _write(root: Path, content: bytes) -> Path:
    (root / "members.csv").write_bytes(content)
    return root / "members.csv"


def test_columns_of_the_associations_own_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text(f"kundnummer;org_number;legal_name;ort\n7;{A};X AB;Borås\n", "utf-8")
    assert read_register(*read_register_file(tmp_path), KEY).members[0].legal_name == "X AB"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("556000-0000,X,,,,,,", "org_number 556000-0000: the check digit is wrong"),
        ("55677942,X,,,,,,", "org_number (not shown): an organisation number has ten digits"),
        (",X,,,,,,", "org_number (not shown)"),
        (f"{B},,,,,,,", "legal_name is empty"),
        (f"{B},Bolag \ufffd,,,,,,", "legal_name is damaged"),
        (f"{B},Ã…ngkÃ¶ket,,,,,,", "legal_name is damaged"),
        (f"{B},X,i våras,,,,,", "joined_on 'i våras': a date such as 2026-01-31"),
        (f"{B},X,,2026-02-30,,,,", "left_on '2026-02-30'"),
        (f"{B},X,2026-01-02,2026-01-01,,,,", "left_on 2026-01-01 is before joined_on 2026-01-02"),
        (f"{B},X,,,många,,,", "size 'många': a number of size_unit"),
        (f"{B},X,,,-1,,,", "size '-1'"),
        (f"{B},X,,,nan,,,", "size 'nan'"),
        (f"{B},X,,,,,13-01,", "year_end '13-01': MM-DD is needed, such as 12-31"),
        (f"{B},X,,,,,,info", "contact is no e-mail address"),
        (f"{B},X, Y,,,,,,info@x.example", "more cells than the header"),
        (f"{A},X,,,,,,", "the same organisation number as members.csv line 2"),
        (f"16{A},X,,,,,,", "the same organisation number as members.csv line 2"),
    ],
)
def test_a_faulty_row_is_listed_with_its_line_and_what_is_right(tmp_path: Path, row: str, said: str) -> None:
    told = refused(tmp_path, f"{A},Först AB,,,,,,\r\n{row}\r\n")
    assert len([f for f in told if said in f and f.startswith("members.csv line 3: ")]) == 1, told


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"{A},nickname,X,,", "kind 'nickname': one of"),
        (f"{A},brand,,,", "value is empty"),
        (f"{A},brand,\ufffd,,", "value is damaged"),
        (f"{A},brand,X,2026-01-02,2026-01-01", "valid_to 2026-01-01 is before valid_from 2026-01-02"),
        (f"{A},brand,X,förr,", "valid_from 'förr'"),
        (f"{ORGS[5]},brand,X,,", "no member has this organisation number"),
        ("123,brand,X,,", "org_number (not shown)"),
    ],
)
def test_a_faulty_name_is_listed_with_its_line(tmp_path: Path, row: str, said: str) -> None:
    told = refused(tmp_path, f"{A},Först AB,,,,,,\r\n", f"{A},brand,Bra,,\r\n{row}\r\n")
    assert [f for f in told if said in f and f.startswith("names.csv line 3: ")] == told


def test_all_faults_of_both_files_are_told_at_once_and_a_faulty_member_does_not_fault_its_names(tmp_path: Path) -> None:
    told = refused(tmp_path, f"{A},,,,,,,\r\n{B},X,igår,,,,,\r\n", f"{A},brand,Y,,\r\n{B},logo,Y,,\r\n")
    assert [fault.partition(": ")[0] for fault in told] == [
        "members.csv line 2",
        "members.csv line 3",
        "names.csv line 3",
    ]


def test_a_register_with_a_header_only_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "") == ["no members at all"]


def test_a_size_is_read_as_people_write_it(tmp_path: Path) -> None:
    rows = f"{A},X,,,212 000,,,\r\n{B},Y,,,1\u00a0500,,,\r\n" + f'{ORGS[2]},Z,,,"1,5",,,\r\n'
    assert [member.size for member in take(tmp_path, rows).members] == [212000, 1500, 1.5]


def test_an_identifier_that_recognises_nobody_or_everybody_is_told_but_refuses_nothing(tmp_path: Path) -> None:
    names = [("phone", "växeln"), ("domain", "gmail.com"), ("domain", "inte en domän"), ("email", "info")]
    good = [("phone", "08-465 004 10"), ("domain", "bolag.example"), ("email", "info@bolag.example")]
    rows = "".join(f"{A},{kind},{value},,\r\n" for kind, value in (*names, *good))
    told = take(tmp_path, f"{A},X AB,,,,,,\r\n", rows).warnings
    assert [line.partition(":")[0] for line in told] == [f"names.csv line {n}" for n in (2, 3, 4, 5)]


def test_a_name_two_members_claim_for_the_same_time_is_told(tmp_path: Path) -> None:
    members = f"{A},Ett AB,,,,,,\r\n{B},Två AB,,,,,,\r\n"
    register = take(tmp_path, members, f"{A},brand,Ringa,2020-01-01,2026-01-31\r\n{B},brand,RINGA,2026-01-31,\r\n")
    assert len(register.warnings) == 1
    assert "'Ringa'" in register.warnings[0]
    assert "Ett AB, Två AB" in register.warnings[0]
    register = take(tmp_path, members, f"{A},brand,Ringa,2020-01-01,2026-01-30\r\n{B},brand,Ringa,2026-01-31,\r\n")
    assert register.warnings == []
    assert take(tmp_path, members, f"{A},brand,Ringa,,\r\n{A},brand,Ringa,2020-01-01,\r\n").warnings == []


@pytest.mark.parametrize("written", [SOLE_TRADER, "6709199530", "19670919-9530", "670919+9530"])
def test_a_sole_trader_is_known_by_a_masked_id_that_is_the_same_however_it_is_written(tmp_path: Path, written) -> None:
    (member,) = take(tmp_path, f"{written},Anders Måleri,,,,,,\r\n", f"{written},brand,Målarn,,\r\n").members
    assert member.member == member_id("6709199530", KEY) and member.member.startswith("EF")
    assert "670919" not in member.member


@pytest.mark.parametrize(
    "row",
    [
        "{0},,,,,,,",
        "{0},Anders,{0},,,,,",
        "{0},Anders,,,{0},,,",
        "{0},Anders,,,,,{0},",
        "{0},Anders,,,,,,{0}",
        "{0}1,Anders,,,,,,",
        "Anders,{0},,,,,,",
        "{0},Anders,,,,,,\r\n{0},Anders igen,,,,,,",
    ],
)
@pytest.mark.parametrize("written", [SOLE_TRADER, "6709199530", "670919-9531", "19670919-9530"])
def test_a_sole_traders_number_is_in_no_fault_text_wherever_it_was_written(tmp_path: Path, row: str, written) -> None:
    names = f"{written},{written},X,{written},{written}\r\n{written},brand,Y,,\r\n"
    told = "\n".join(refused(tmp_path, row.format(written) + "\r\n", names))
    assert "670919" not in told and "9530" not in told and "9531" not in told


def test_a_register_without_a_header_row_quotes_nobody(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text(f"{SOLE_TRADER};Anders Måleri\n", "utf-8")
    with pytest.raises(RegisterRefused) as caught:
        read_register_file(tmp_path)
    assert "670919" not in str(caught.value) and "Anders" not in str(caught.value)


def register_of(count: int, names: int = 0) -> Register:
    rows = [
        RegisterRow(f"line {n}", {"org_number": org, "legal_name": f"B{n} AB"}) for n, org in enumerate(ORGS[:count])
    ]
    known = [
        RegisterRow(f"n{n}", {"org_number": A, "kind": "brand", "value": f"V{n}", "valid_from": "2020-01-01"})
        for n in range(names)
    ]
    return read_register(rows, known, KEY)


def store(engine: Engine, register: Register, **more: bool) -> tuple[int, int]:
    with writing(engine) as connection:
        return store_register(connection, register, **more)


def listed(engine: Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        names = connection.execute(text("SELECT count(*) FROM member_name")).scalar_one()
        return count_members(connection), names


def test_a_register_is_stored_and_the_same_one_again_writes_nothing(engine: Engine) -> None:
    assert store(engine, register_of(20, names=3)) == (20, 3)
    assert listed(engine) == (20, 3)
    statements: list[str] = []
    event.listen(engine, "after_cursor_execute", lambda *args: statements.append(args[2]))
    assert store(engine, register_of(20, names=3)) == (0, 0)
    assert not [sql for sql in statements if sql.startswith(("DELETE", "UPDATE"))]


def test_only_what_has_changed_is_written(engine: Engine) -> None:
    store(engine, register_of(20, names=3))
    changed = register_of(21, names=4)
    changed.members[0].size = 7
    assert store(engine, changed) == (2, 1)
    with engine.connect() as connection:
        assert connection.execute(select(Member.size).where(Member.member == A)).scalar_one() == 7
        rows = connection.execute(select(MemberName.kind, MemberName.value, MemberName.valid_from)).all()
    assert sorted(rows)[3] == ("brand", "V3", date(2020, 1, 1))


def test_a_register_that_lost_more_than_a_tenth_is_refused_until_somebody_confirms(engine: Engine) -> None:
    store(engine, register_of(40, names=2))
    assert store(engine, register_of(36, names=2)) == (4, 0)  # exactly a tenth
    with pytest.raises(RegisterRefused, match=r"4 of 36 members.*nothing was changed.*--confirm-shrink"):
        store(engine, register_of(32, names=2))
    assert listed(engine) == (36, 2)
    store(engine, register_of(32, names=2), confirmed=True)
    assert listed(engine) == (32, 2)


def test_another_register_of_the_same_length_is_a_shrunk_one_too(engine: Engine) -> None:
    store(engine, register_of(20))
    others = [RegisterRow("x", {"org_number": org, "legal_name": "X AB"}) for org in ORGS[20:]]
    with pytest.raises(RegisterRefused, match="20 of 20 members"):
        store(engine, read_register(others, [], KEY))


def test_a_lost_file_of_names_is_refused_until_somebody_confirms(engine: Engine) -> None:
    store(engine, register_of(20, names=9))
    with pytest.raises(RegisterRefused, match=r"none of the 9 names.*names\.csv"):
        store(engine, register_of(20))
    assert listed(engine) == (20, 9)
    store(engine, register_of(20), confirmed=True)
    assert listed(engine) == (20, 0)


def test_a_member_that_is_gone_takes_its_names_along(engine: Engine) -> None:
    store(engine, register_of(20, names=3))
    store(engine, read_register([RegisterRow("x", {"org_number": o, "legal_name": "B"}) for o in ORGS[1:20]], [], KEY))
    assert listed(engine) == (19, 0)


def test_a_sole_trader_is_stored_and_found_again_after_the_key_was_changed(engine: Engine) -> None:
    rows = [
        RegisterRow(f"{n}", {"org_number": org, "legal_name": "X"}) for n, org in enumerate([*ORGS[:20], SOLE_TRADER])
    ]
    for key in (KEY, b"another key"):
        store(engine, read_register(rows, [], key))
        with engine.connect() as connection:
            found = connection.execute(select(Member.member).where(Member.org_number == "6709199530")).scalars().all()
        assert found == [member_id("6709199530", key)]
