"""The open questions as a workbook that staff fill in: one row a question, candidates side by side, a list of answers.

What a row answers is read from its own cells, so a workbook can wait for weeks: a question that is closed by then is
told, never answered for another.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from flows.looking.exports import write_cell
from flows.review.answers import Answer, AnswerRefused, Desk
from flows.review.explanations import say_why
from flows.review.questions import NoSuchQuestion, Question
from models.members.org_number import show_org_number
from sources.archive.durable import replacing
from sources.files.cells import TableUnreadable
from sources.files.tabular import Line, read_lines

_CANDIDATES = 3
_HEADERS = {
    "sv": ("Fråga", "Text", "Källa", "Antal", "Varför", "Mening", "Kandidat 1", "Kandidat 2", "Kandidat 3",
           "Svar", "Annan medlem", "Motivering"),
    "en": ("Question", "Text", "Source", "Complaints", "Why", "Sentence", "Candidate 1", "Candidate 2", "Candidate 3",
           "Answer", "Another member", "Reason"),
}  # fmt: skip
_CHOICES = {"sv": ("1", "2", "3", "ingen", "osäker", "samma", "olika"),
            "en": ("1", "2", "3", "none", "unsure", "same", "different")}  # fmt: skip
_HOW = {
    "sv": (
        "Svara i kolumnen Svar: 1, 2 eller 3 för en av kandidaterna, ingen, eller osäker.",
        "Om det är en annan medlem: lämna Svar tomt och skriv organisationsnumret under Annan medlem.",
        "Rader som frågar om två rapporter är en och samma händelse besvaras med samma eller olika.",
        "Tomma rader hoppas över. Läs in med: koll review import FIL.xlsx",
    ),
    "en": (
        "Answer in the column Answer: 1, 2 or 3 for one of the candidates, none, or unsure.",
        "If it is another member: leave Answer empty and write the organisation number under Another member.",
        "Rows that ask whether two reports are one event are answered with same or different.",
        "Empty rows are passed over. Read it in with: koll review import FILE.xlsx",
    ),
}
_SHEET = "review"
_WIDTHS = (12, 34, 16, 8, 40, 50, 34, 34, 34, 10, 16, 30)
_NUMBER = re.compile(r"\(([0-9A-Za-z-]{3,24}|\d{3} \d{3} \d{3})\)$")


def write_book(questions: Sequence[Question], path: Path, language: str) -> None:
    """Write the workbook. Raises OSError when the file cannot be written."""
    book = Workbook()
    sheet: Worksheet = book.active  # type: ignore[assignment]
    sheet.title = _SHEET
    sheet.append(_HEADERS[language])
    for question in questions:
        sheet.append([write_cell(value) for value in _row_of(question, language)])
    _dress(sheet, _CHOICES[language])
    notes = book.create_sheet("anvisningar" if language == "sv" else "instructions")
    for line in _HOW[language]:
        notes.append([line])
    notes.column_dimensions["A"].width = 100
    with replacing(path) as file:
        book.save(file)


def _row_of(question: Question, language: str) -> list[Any]:
    shown = question.show()
    candidates = [_show_candidate(candidate, language) for candidate in question.candidates[:_CANDIDATES]]
    padded = candidates + [""] * (_CANDIDATES - len(candidates))
    return [
        shown["question"], shown["text"], shown["source"], shown["complaints"], say_why(shown["why"], language),
        shown["sentence"] or "",
        *padded, "", "", "",
    ]  # fmt: skip


def _show_candidate(candidate: dict[str, Any], language: str) -> str:
    why = say_why(candidate.get("why") or "", language)
    return f"{candidate.get('name') or ''}: {why} ({show_org_number(candidate['member'])})"


def _dress(sheet: Worksheet, choices: Sequence[str]) -> None:
    for place, width in enumerate(_WIDTHS):
        sheet.column_dimensions[chr(ord("A") + place)].width = width
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        for cell in row[9:]:
            cell.fill = PatternFill("solid", fgColor="FFF6DD")
    sheet.freeze_panes = "C2"
    listed = DataValidation(type="list", formula1=f'"{",".join(choices)}"', allow_blank=True)
    sheet.add_data_validation(listed)
    listed.add(f"J2:J{max(sheet.max_row, 2)}")


def read_book(book: Path | BinaryIO, desk: Desk, name: str = "") -> tuple[list[Answer], list[str]]:
    """Give the workbook's answers at the desk; return them, and a line for each row that could not be taken.

    What has been answered meanwhile is passed over, so that a workbook may come twice. Raises AnswerRefused when the
    file is no such workbook.
    """
    given: list[Answer] = []
    faults: list[str] = []
    name = name or getattr(book, "name", "")
    with book.open("rb") if isinstance(book, Path) else book as stream:
        for line, headers in _read_rows(stream, name):
            cells = [line.cells[header].strip() for header in headers]
            if not (cells[9] or cells[10]) or desk.has_answer(cells[0]):
                continue
            try:
                given.append(_give(desk, cells))
            except (AnswerRefused, NoSuchQuestion) as error:
                faults.append(f"{name} row {line.number}: {error}")
    return given, faults


def _read_rows(stream: BinaryIO, name: str) -> Iterator[tuple[Line, Sequence[str]]]:
    for headers in _HEADERS.values():
        stream.seek(0)
        try:
            for line in read_lines(stream, headers, sheet=_SHEET):
                yield line, headers
            return
        except TableUnreadable as error:
            fault = error
            if error.code != "columns-missing":  # in the other language it would be no better
                break
    raise AnswerRefused(f"{name}: {fault}; send back the workbook that `koll review export` wrote")


def _give(desk: Desk, cells: Sequence[str]) -> Answer:
    question, said, why = desk.find(cells[0]), cells[9].casefold().removesuffix(".0"), cells[11]
    if question.is_pair:
        if said in ("samma", "same"):
            return desk.accept(question, None, why)
        if said in ("olika", "different"):
            return desk.reject(question, None, why)
        raise AnswerRefused(f"{said!r} is no answer about two reports: samma/same or olika/different is needed")
    if not said:
        return desk.accept(question, cells[10], why)
    if said in ("ingen", "none"):
        return desk.reject(question, None, why)
    if said in ("osäker", "unsure"):
        return desk.doubt(question, why)
    if said in ("1", "2", "3"):
        return desk.accept(question, _number_in(cells[5 + int(said)], said), why)
    raise AnswerRefused(f"{said!r} is no answer: 1, 2, 3, ingen/none or osäker/unsure is needed")


def _number_in(candidate: str, said: str) -> str:
    found = _NUMBER.search(candidate.strip())
    if not found:
        raise AnswerRefused(f"there is no candidate {said} in this row")
    return found.group(1)
