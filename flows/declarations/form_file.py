"""A form as the XLSX that is handed out: questions, checked cells, instructions, and what the register knows already.

Nothing in it is worked out: no formula, no macro, nothing hidden. Only the answers can be written in; the sheet is
locked without a password, against slips and not against people.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from flows.looking.exports import write_cell
from models.declarations.due import BusinessYear
from models.declarations.form import DeclarationForm, Language, Question
from models.declarations.layout import FORM, HEADERS, MEMBER, SHEETS, YEAR, YES_NO
from models.members.org_number import show_org_number

_WIDTHS = (22, 62, 42, 62)
_ANSWER = PatternFill("solid", fgColor="FFF9E5")
_HEADING = PatternFill("solid", fgColor="DCE6F1")
_LONGEST_LIST = 250  # characters; Excel takes no longer list of choices
_HEAD = {
    FORM: (("Formulärets version", "Version of the form"), ("Ändra inte", "Leave as it is")),
    MEMBER: (("Organisationsnummer", "Organisation number"), ("NNNNNN-NNNN", "NNNNNN-NNNN")),
    YEAR: (
        ("Räkenskapsår, det kalenderår som det slutar", "Business year, the calendar year in which it ends"),
        ("Fyra siffror", "Four digits"),
    ),
}
_FORMS = {
    "yes_no": ("Ja eller Nej", "Yes or No"),
    "count": ("Ett heltal, 0 eller mer", "A whole number, 0 or more"),
    "date": ("Ett datum: ÅÅÅÅ-MM-DD", "A date: YYYY-MM-DD"),
    "text": ("Text", "Text"),
    "choice": ("Välj i listan", "Choose in the list"),
}
_OPTIONAL = ("Får lämnas tomt", "May be left empty")
_CONDITIONAL = (
    "Behövs bara om svaret på frågan om det är ja eller mer än noll",
    "Needed only if the answer to the question about it is yes or above zero",
)
_INSTRUCTIONS = (
    (
        "Så fyller du i självdeklarationen",
        "How to fill in the self-declaration",
    ),
    (
        "Svara i kolumnen Svar på det första bladet. Alla frågor ska besvaras, utom dem där det står att de får lämnas "
        "tomma. Svara 0 om antalet är noll; lämna det inte tomt.",
        "Answer in the column Answer on the first sheet. Every question needs an answer, but for those that say they "
        "may be left empty. Answer 0 if a number is zero; do not leave it empty.",
    ),
    (
        "Svaren gäller det räkenskapsår som står överst. Rätta de uppgifter som är ifyllda i förväg om de inte "
        "stämmer.",
        "The answers are about the business year at the top. Correct what is filled in already where it is wrong.",
    ),
    (
        "Skriv bara svar: inga formler, inga makron, inga egna blad, och ändra inte kolumnen Kod. Sådana filer tas "
        "inte emot.",
        "Write answers only: no formulas, no macros, no sheets of your own, and leave the column Code as it is. Such "
        "files are not taken in.",
    ),
    (
        "Klagomålen efter slag ska tillsammans bli totalen. De som gäller telefon, sms med mera kan inte bli fler än "
        "totalen.",
        "Complaints by kind must add up to the total. Those about telephone, text messages and so on cannot be more "
        "than the total.",
    ),
    (
        "Skriv inga uppgifter om enskilda konsumenter.",
        "Write nothing about single consumers.",
    ),
    (
        "Spara filen som Excel-arbetsbok (.xlsx) och skicka den från er vanliga adress till föreningen.",
        "Save the file as an Excel workbook (.xlsx) and send it to the association from your usual address.",
    ),
)


@dataclass(frozen=True)
class Prefilled:
    """What the register knows: ``facts`` by what a question's ``prefill`` names."""

    member: str = ""
    year: BusinessYear | None = None
    facts: dict[str, str] = field(default_factory=dict)


def write_form(form: DeclarationForm, language: Language, prefilled: Prefilled = Prefilled()) -> bytes:
    """Return the workbook. A cell that begins like a formula is written as the text that it is."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title, instructions = SHEETS[language]
    _write_answers(sheet, form, language, prefilled)
    _write_instructions(book.create_sheet(instructions), language)
    book.properties.creator, book.properties.title = "Medlemskoll", form.text(language)
    book.properties.created = book.properties.modified = datetime(2026, 1, 1)  # noqa: DTZ001 - openpyxl wants it so
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def _write_answers(sheet: Worksheet, form: DeclarationForm, language: Language, prefilled: Prefilled) -> None:
    for column, width in zip("ABCD", _WIDTHS, strict=True):
        sheet.column_dimensions[column].width = width
    sheet["A1"] = form.text(language)
    sheet["A1"].font = Font(bold=True, size=16)
    sheet.cell(2, 1, f"{prefilled.year.start} – {prefilled.year.end}" if prefilled.year else None)
    _append(sheet, HEADERS[language], bold=True)
    sheet.freeze_panes = "A4"
    year = prefilled.year.year if prefilled.year else None
    known: dict[str, str | int | None] = {
        FORM: form.version,
        MEMBER: show_org_number(prefilled.member) or None,
        YEAR: year,
    }
    for code, (label, help_) in _HEAD.items():
        _append(sheet, (code, _pick(label, language), known[code], _pick(help_, language)), write=code != FORM)
    for section in form.sections:
        _append(sheet, ("", section.text(language)), bold=True, fill=_HEADING)
        for question in form.questions:
            if question.section == section.id:
                _write_question(sheet, question, language, prefilled.facts.get(question.prefill or ""))
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False
    sheet.print_title_rows = "3:3"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]


def _pick(pair: Sequence[str], language: Language) -> str:
    return pair[0] if language == "sv" else pair[1]


def _append(
    sheet: Worksheet, values: Sequence[str | int | None], *, bold: bool = False, fill: PatternFill | None = None,
    write: bool = False,
) -> int:  # fmt: skip
    """Add a row and return its number; ``write``: its answer may be written."""
    number = sheet.max_row + 1
    for column, value in enumerate(values, 1):
        cell = sheet.cell(number, column)
        cell.value = write_cell(value) if isinstance(value, str) else value
        cell.font, cell.alignment = Font(bold=bold), Alignment(wrap_text=True, vertical="top")
        if fill:
            cell.fill = fill
    if write:
        answer = sheet.cell(number, 3)
        answer.fill, answer.protection = _ANSWER, Protection(locked=False)
    return number


def _write_question(sheet: Worksheet, question: Question, language: Language, known: str | None) -> None:
    hints = [question.help(language), _pick(_FORMS[question.kind], language) if question.kind != "text" else ""]
    if not question.required:
        hints.append(_pick(_CONDITIONAL if question.required_when else _OPTIONAL, language))
    row = (question.id, question.text(language), known, ". ".join(hint for hint in hints if hint))
    number = _append(sheet, row, write=True)
    rule = _make_rule(question, language)
    rule.error, rule.errorTitle = _pick(_FORMS[question.kind], language), question.id[:32]
    rule.showErrorMessage = True
    sheet.add_data_validation(rule)
    rule.add(f"C{number}")
    if question.kind == "date":
        sheet.cell(number, 3).number_format = "yyyy-mm-dd"


def _make_rule(question: Question, language: Language) -> DataValidation:
    match question.kind:
        case "yes_no":
            return DataValidation("list", formula1=f'"{",".join(YES_NO[language])}"')
        case "choice":
            listed = ",".join(choice.text(language) for choice in question.choices)
            if any("," in choice.text(language) for choice in question.choices) or len(listed) > _LONGEST_LIST:
                raise ValueError(f"{question.id}: choices together are at most {_LONGEST_LIST} letters, without commas")
            return DataValidation("list", formula1=f'"{listed}"')
        case "count":
            return DataValidation("whole", operator="between", formula1="0", formula2="10000000000")
        case "date":
            first = (date(1900, 3, 1) - date(1899, 12, 30)).days
            return DataValidation("date", operator="greaterThan", formula1=str(first))
        case "text":
            return DataValidation("textLength", operator="lessThanOrEqual", formula1="4000")


def _write_instructions(sheet: Worksheet, language: Language) -> None:
    sheet.column_dimensions["A"].width = 100
    for number, pair in enumerate(_INSTRUCTIONS, 1):
        cell = sheet.cell(number, 1, _pick(pair, language))
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if number == 1:
            cell.font = Font(bold=True, size=14)
    sheet.protection.sheet = True
