"""The form out and in: every question asked, every answer read for what it says, everything else refused by name."""

import json
import zipfile
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from expectations.declarations import Standing, judge_declarations
from flows.declarations.form_file import Prefilled, write_form
from models.declarations.draft import DeclarationDraft
from models.declarations.due import business_year
from models.declarations.form import DeclarationForm, load_form
from sources.declarations.kind import DECLARATION_CHECKS
from sources.declarations.reading import MAX_FILE, read_declaration
from sources.declarations.recognising import looks_like_declaration
from tests.declaration_world import ANNA, ANSWERS, BO, document, fill, fill_json, fill_sheet, open_form, pack

KEY = b"key"
CAME = date(2026, 2, 1)
GOLDEN = Path(__file__).parent / "pages" / "declarations"
REGISTER = {ANNA: Standing("12-31", date(2020, 1, 1)), BO: Standing("06-30", date(2025, 9, 1))}


def read(content: bytes, name: str = "svar.xlsx", came: date = CAME) -> DeclarationDraft:
    return read_declaration(content[: MAX_FILE + 1], DeclarationDraft(name, "0" * 64, came), KEY)


def judge(content: bytes, name: str = "svar.xlsx", came: date = CAME) -> tuple[str, str, str]:
    (judged,) = judge_declarations([read(content, name, came)], REGISTER, DECLARATION_CHECKS)
    return judged.code, judged.place, judged.reason


def repack(content: bytes, **parts: bytes) -> bytes:
    """Return a workbook with files of the package added or replaced; ``_`` in a name stands for a slash."""
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        added = {name.replace("__", "/"): part for name, part in parts.items()}
        for entry in old.infolist():
            if entry.filename not in added:
                new.writestr(entry.filename, old.read(entry))
        for name, part in added.items():
            new.writestr(name, part)
    return packed.getvalue()


# -- the form ----------------------------------------------------------------------------------------------------------


def describe(content: bytes) -> dict:
    """Return what a reader of the workbook sees: cells, what may be written, and what a cell may hold."""
    book = load_workbook(BytesIO(content))
    sheet = book.worksheets[0]
    rules = {str(rule.sqref): (rule.type, rule.formula1) for rule in sheet.data_validations.dataValidation}
    return {
        "sheets": [(one.title, one.sheet_state, one.protection.sheet) for one in book.worksheets],
        "rows": [
            [cell.value for cell in row] + [not row[2].protection.locked, rules.get(row[2].coordinate)]
            for row in sheet.iter_rows(max_col=4)
        ],
        "instructions": [row[0].value for row in book.worksheets[1].iter_rows()],
    }


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_form_that_is_handed_out_is_the_golden_one(language: str) -> None:
    facts = {"legal_name": "Anemon Telefoni AB", "names": "Anemon\nanemon.example"}
    content = write_form(load_form("1"), language, Prefilled(ANNA, business_year("12-31", 2025), facts))
    seen = json.loads(json.dumps(describe(content)))
    golden = GOLDEN / f"form-1-{language}.json"
    if not golden.exists():
        golden.write_text(json.dumps(seen, ensure_ascii=False).replace("], [", "],\n[") + "\n", "utf-8")
        pytest.fail(f"{golden.name} was written: read it, then run again")
    assert seen == json.loads(golden.read_text("utf-8"))


def test_a_form_holds_no_formula_macro_link_or_hidden_sheet_and_is_read_as_what_it_is() -> None:
    draft = read(write_form(load_form("1"), "en", Prefilled(ANNA, business_year("12-31", 2025))))
    assert (draft.member, draft.year, draft.form, draft.troubles, draft.answers) == (ANNA, 2025, "1", (), {})


def test_a_fact_that_begins_like_a_formula_is_escaped_on_its_way_out_and_comes_back_as_it_was() -> None:
    name = "=HYPERLINK(1) AB"
    content = write_form(load_form("1"), "sv", Prefilled(ANNA, None, {"legal_name": name}))
    cells = [cell.value for row in load_workbook(BytesIO(content)).worksheets[0] for cell in row]
    assert not [cell for cell in cells if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@"))]
    assert read(content).answers["legal_name"] == name


def test_every_criterion_of_membership_is_asked_about() -> None:
    asked = {question.criterion for question in load_form("1").questions}
    for criterion in ("registration", "owners", "insurance", "annual report", "collective", "rules", "complaints"):
        assert any(criterion in one for one in asked), criterion
    measured = {(question.measure, question.channel) for question in load_form("1").questions}
    assert {("complaints", None), ("complaints", "phone"), ("calls", None)} <= measured


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ({"id": "aa", "kind": "choice"}, "choices are needed"),
        ({"id": "aa", "kind": "text", "measure": "calls"}, "only a count"),
        ({"id": "aa", "section": "gone"}, "gone"),
        ({"id": "aa", "required_when": "b"}, "no such section or question"),
    ],
)
def test_a_form_that_does_not_hang_together_is_refused(question: dict, why: str) -> None:
    table = {"section": "s", "kind": "count", "criterion": "x", "sv": "x", "en": "x", **question}
    form = {"version": "9", "sv": "x", "en": "x", "section": [{"id": "s", "sv": "x", "en": "x"}], "question": [table]}
    with pytest.raises(ValueError, match=why):
        DeclarationForm.model_validate(form)


# -- a good one --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_filled_in_workbook_is_read_answer_by_answer(language: str) -> None:
    yes, agreement = ("Ja", "Kollektivavtal") if language == "sv" else ("Yes", "Collective agreement")
    said = {key: yes for key, value in ANSWERS.items() if value == "Ja"} | {"working_terms": agreement}
    draft = read(fill("559000-0013", language=language, **said))
    assert (draft.member, draft.year, draft.form, draft.troubles) == (ANNA, 2025, "1", ())
    assert draft.answers["complaints_total"] == 10 and draft.answers["liability_insurance"] is True
    assert draft.answers["working_terms"] == "agreement" and draft.answers["registered_on"] == "2026-01-10"
    assert judge(fill()) == ("", "", "")


def test_json_says_the_same_as_a_workbook() -> None:
    native = {key: True for key, value in ANSWERS.items() if value == "Ja"} | {"working_terms": "agreement"}
    assert read(fill_json(**native), "svar.json").answers == read(fill()).answers
    assert judge(fill_json(), "svar.json")[0] == ""


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ({"calls_made": "400 000"}, 400_000), ({"calls_made": "400\u00a0000"}, 400_000), ({"calls_made": 12.0}, 12),
        ({"calls_made": "1.234.567"}, 1_234_567), ({"registered_on": date(2026, 1, 10)}, "2026-01-10"),
        ({"registered_on": "10 januari 2026"}, "2026-01-10"), ({"member_day": "nej."}, False),
        ({"member_day": True}, True), ({"working_terms": "INGET AV DEM"}, "neither"),
        ({"responsible_role": "'+vd"}, "+vd"),
    ],
)  # fmt: skip
def test_people_write_one_answer_in_many_ways(written: dict, answer: object) -> None:
    draft = read(fill(**written))
    assert draft.troubles == () and draft.answers[next(iter(written))] == answer


def test_consumers_and_people_s_numbers_are_masked_but_companies_are_not() -> None:
    draft = read(
        fill(
            complaints_followed_up="Vi ringde kunden Sven Karlsson på 070-123 45 67.",
            clients_named="Cikoria Resor AB 559000-0039, 0771-22 33 44\nPåhittssons Telefontjänst 530230-1238",
            owners="811218-9876",
        )
    )
    assert "Karlsson" not in draft.answers["complaints_followed_up"] and "070" not in draft.answers["owners"]
    assert draft.answers["clients_named"].startswith("Cikoria Resor AB 559000-0039, 0771-22 33 44")
    assert "530230" not in draft.answers["clients_named"] and "811218" not in draft.answers["owners"]


# -- what is refused, by code and place --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"calls_made": None}, "answer-missing", "calls_made"),
        ({"insurance_valid_to": None}, "answer-missing", "insurance_valid_to"),
        ({"resellers": 3}, "answer-missing", "resellers_named"),
        ({"calls_made": "ca 100"}, "answer-unreadable", "calls_made"),
        ({"calls_made": -5}, "answer-unreadable", "calls_made"),
        ({"calls_made": 12.5}, "answer-unreadable", "whole number"),
        ({"calls_made": "99999999999999"}, "answer-unreadable", "calls_made"),
        ({"member_day": "kanske"}, "answer-unreadable", "member_day"),
        ({"registered_on": "03/04/2026"}, "answer-unreadable", "registered_on"),
        ({"working_terms": "vet ej"}, "answer-unreadable", "Kollektivavtal"),
        ({"clients_named": "x" * 5_000}, "answer-unreadable", "clients_named"),
        ({"clients_named": "#VÄRDEFEL!"}, "answer-unreadable", "clients_named"),
        ({"complaints_phone": 11}, "sum-too-large", "complaints_phone"),
        ({"complaints_solved": 11}, "sum-too-large", "complaints_solved"),
        ({"calls_made": 7}, "sum-too-large", "calls_made = 7"),
        ({"kind_other": 1}, "sum-too-large", "= 11"),
        ({"kind_unwanted": 0}, "sum-differs", "complaints_total = 10"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_with_its_row(changes: dict, code: str, said: str) -> None:
    found, place, reason = judge(fill(**changes))
    assert (found, place[:4]) == (code, "row ") and said in reason and f"[{code}]" in reason


def test_a_private_answer_never_stands_in_a_reason() -> None:
    _, _, reason = judge(fill_json(responsible_name="Ragnhild " * 1_000, owners="\u0007hemligt"), "a.json")
    assert "answer-unreadable" in reason and "Ragnhild" not in reason and "hemligt" not in reason


@pytest.mark.parametrize(
    ("member", "year", "code"),
    [
        (None, 2025, "member-missing"), ("559000-0014", 2025, "member-unreadable"),
        ("5590000039", 2025, "member-unknown"), ("EF0123456789", 2025, "member-unknown"),
        (ANNA, None, "year-missing"), (ANNA, "25", "year-unreadable"),
        (ANNA, 2026, "year-not-ended"), (ANNA, 2021, "year-too-old"), (BO, 2025, "year-not-owed"),
    ],
)  # fmt: skip
def test_a_declaration_for_another_member_or_year_is_refused(member: object, year: object, code: str) -> None:
    assert judge(fill(member, year))[0] == code
    assert judge(json.dumps(document(member, year)).encode(), "x.json")[0] == code


def test_all_that_is_wrong_is_told_at_once_the_gravest_first() -> None:
    code, place, reason = judge(fill("559000-0014", "25", calls_made=None, complaints_phone=11))
    assert code == "answer-missing" and place.startswith("row ")
    for other in ("member-unreadable", "year-unreadable", "sum-too-large"):
        assert f"[{other}]" in reason


def _with_rows(count: int) -> bytes:
    book, sheet = open_form()
    for number in range(60, 60 + count):
        sheet.cell(number, 3, "x")
    return pack(book)


def _with_formula(sheet_number: int = 0) -> bytes:
    book, sheet = open_form()
    fill_sheet(sheet, {"member": ANNA, "year": 2025, **ANSWERS})
    book.worksheets[sheet_number]["F60"] = "=1+1"
    return pack(book)


def _with_hidden_sheet(state: str) -> bytes:
    book, _ = open_form()
    book.create_sheet("lönelista").sheet_state = state
    return pack(book)


def _doubled() -> bytes:
    book, sheet = open_form()
    book.copy_worksheet(sheet)
    return pack(book)


def _recoded(code: str) -> bytes:
    book, sheet = open_form()
    fill_sheet(sheet, {"member": ANNA, "year": 2025, **ANSWERS})
    sheet["A30"] = code
    return pack(book)


def _bomb() -> bytes:
    return repack(fill(), **{"xl__media__image.bin": b"\0" * 60_000_000})


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (lambda: _with_formula(), "a.xlsx", "formulas-inside"),
        (lambda: _with_formula(1), "a.xlsx", "formulas-inside"),
        (lambda: fill(calls_made="=400000"), "a.xlsx", "formulas-inside"),
        (lambda: repack(fill(), **{"xl__vbaProject.bin": b"x"}), "a.xlsx", "macros-inside"),
        (fill, "a.xlsm", "macros-inside"),
        (lambda: repack(fill(), **{"xl__externalLinks__externalLink1.xml": b"<x/>"}), "a.xlsx", "links-inside"),
        (lambda: _with_hidden_sheet("hidden"), "a.xlsx", "sheet-hidden"),
        (lambda: _with_hidden_sheet("veryHidden"), "a.xlsx", "sheet-hidden"),
        (_doubled, "a.xlsx", "form-twice"),
        (lambda: _with_rows(3_000), "a.xlsx", "file-too-large"),
        (_bomb, "a.xlsx", "file-too-large"),
        (lambda: b"{" + b" " * (MAX_FILE + 1), "a.json", "file-too-large"),
        (lambda: fill()[:4_000], "a.xlsx", "file-broken"),
        (lambda: repack(fill(), **{"xl__worksheets__sheet1.xml": b"<worksheet"}), "a.xlsx", "file-broken"),
        (lambda: b'{"kind": "koll-declaration"', "a.json", "file-broken"),
        (lambda: b"[" * 100_000, "a.json", "not-a-declaration"),
        (lambda: b'{"a":' * 100_000, "a.json", "file-broken"),
        (lambda: b'{"kind": "koll-declaration", "answers": {"calls_made": "\\ud800"}}', "a.json", "file-broken"),
        (lambda: b'{"kind": "koll-declaration", "answers": {"calls_made": NaN}}', "a.json", "file-broken"),
        (lambda: b'{"answers": {}}', "a.json", "not-a-declaration"),
        (lambda: b"%PDF-1.7", "a.pdf", "not-a-declaration"),
        (lambda: b"", "a.xlsx", "not-a-declaration"),
        (lambda: b"\xd0\xcf\x11\xe0 old", "a.xls", "not-a-declaration"),
        (lambda: fill(form="2"), "a.xlsx", "form-unknown"),
        (lambda: fill(form=None), "a.xlsx", "form-unknown"),
        (lambda: fill(form="../../etc"), "a.xlsx", "form-unknown"),
        (lambda: _recoded("complaints_fone"), "a.xlsx", "question-unknown"),
        (lambda: _recoded("calls_made"), "a.xlsx", "question-twice"),
        (lambda: b'{"kind": "koll-declaration", "form": "1", "form": "1", "answers": {}}', "a.json", "question-twice"),
        (lambda: json.dumps(document() | {"sender": "x"}).encode(), "a.json", "question-unknown"),
        (lambda: fill_json(calls_made=[1]), "a.json", "answer-unreadable"),
    ],
)  # fmt: skip
def test_a_file_that_is_more_or_less_than_a_form_is_refused_with_the_cure(content, name: str, code: str) -> None:
    found, _, reason = judge(content(), name)
    assert found == code
    assert next(check.sentence for check in DECLARATION_CHECKS if check.code == code) in reason


def test_a_hundred_thousand_rows_are_refused_before_they_are_read() -> None:
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 100_001))
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = b'<worksheet xmlns="' + space + b'"><sheetData>' + rows + b"</sheetData></worksheet>"
    assert judge(repack(fill(), **{"xl__worksheets__sheet1.xml": sheet}))[0] == "file-too-large"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_never_a_crash(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([WORKBOOK, DOCUMENT])))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    draft = read(bytes(content[:cut] if data.draw(st.booleans()) else content), "svar.xlsx")
    assert draft.troubles or draft.form == "1"
    assert {trouble.code for trouble in draft.troubles} <= {check.code for check in DECLARATION_CHECKS}


WORKBOOK, DOCUMENT = fill(), fill_json()


@pytest.mark.parametrize(
    ("name", "content", "meant"),
    [
        ("sjalvdeklaration_449102-4172_2025.xlsx", b"", True), ("Självdeklaration.xlsm", b"", True),
        ("self-declaration.json", b"", True), ("svar.xlsx", WORKBOOK, True), ("svar.json", DOCUMENT, True),
        ("utdrag.xlsx", b"PK\x03\x04 broken", False), ("tips.json", b'{"a": 1}', False),
        ("bild.png", b"\x89PNG", False),
        ("sjalvdeklaration.pdf", b"%PDF", False),
    ],
)  # fmt: skip
def test_an_attachment_is_known_as_a_declaration_by_its_name_or_by_what_it_is(name, content, meant) -> None:
    assert looks_like_declaration(name, content) is meant
