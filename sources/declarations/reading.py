"""One handed-in file as a draft: who, which year, which form, and every answer read or its trouble named."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from models.declarations.answers import AnswerUnreadable, read_answer
from models.declarations.draft import Answer, DeclarationDraft, Trouble
from models.declarations.form import DeclarationForm, FormUnknown, Question, load_form
from models.declarations.layout import FORM, MEMBER, YEAR
from models.members.country import SWEDEN, Country
from models.members.org_number import OrgNumberInvalid, is_sole_trader, member_id, read_org_number
from sources.declarations.document import read_members
from sources.declarations.recognising import WITH_MACROS, ZIP
from sources.declarations.workbook import Cell, FileRefused, read_cells
from sources.inbox.privacy import mask_text

MAX_FILE = 2_000_000  # bytes; a filled-in form has some twenty thousand
_MASKED = re.compile(r"EF[0-9a-f]{10}")
_PERSONAL = re.compile(r"(?<!\d)(?:18|19|20)?\d{6}[-+]?\d{4}(?!\d)")


def read_declaration(
    content: bytes, draft: DeclarationDraft, hash_key: bytes, country: Country = SWEDEN
) -> DeclarationDraft:
    """Return ``draft`` (name, sha256, day) with everything that the file says; never raises on what is in it.

    ``content`` may be cut after MAX_FILE + 1 bytes. Free text loses the personal data of consumers.
    """
    try:
        cells = _gather(_open(content, draft.name))
        form = _find_form(cells.get(FORM))
        return _read_cells(cells, form, draft, hash_key, country)
    except FileRefused as refused:
        trouble = Trouble(refused.code, refused.place, refused.found)
        return replace(draft, troubles=(trouble,))


def _open(content: bytes, name: str) -> Iterator[tuple[str, Cell]]:
    if len(content) > MAX_FILE:
        raise FileRefused("file-too-large", found=f"more than {MAX_FILE:,} bytes")
    if Path(name).suffix.lower() in WITH_MACROS:
        raise FileRefused("macros-inside", place=Path(name).suffix.lower())
    if content.startswith(ZIP):
        return read_cells(content)
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        return read_members(content)
    raise FileRefused("not-a-declaration", found="neither a workbook (.xlsx) nor JSON")


def _gather(pairs: Iterator[tuple[str, Cell]]) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for code, cell in pairs:
        if code in cells:
            raise FileRefused("question-twice", place=cell.place)
        cells[code] = cell
    return cells


def _find_form(cell: Cell | None) -> DeclarationForm:
    version = cell.text.strip() if cell else ""
    try:
        return load_form(version)
    except FormUnknown:
        found = version if re.fullmatch(r"[\w.-]{1,20}", version) else ""
        raise FileRefused("form-unknown", cell.place if cell else FORM, found) from None


def _read_cells(
    cells: dict[str, Cell], form: DeclarationForm, draft: DeclarationDraft, hash_key: bytes, country: Country
) -> DeclarationDraft:
    troubles: list[Trouble] = []
    answers: dict[str, Answer] = {}
    for code, cell in cells.items():
        question = form.question(code)
        if question is None:
            if code not in (FORM, MEMBER, YEAR):
                troubles.append(Trouble("question-unknown", cell.place))
            continue
        try:
            answer = read_answer(question, cell.text)
        except AnswerUnreadable as error:
            troubles.append(Trouble("answer-unreadable", cell.place, f"{code}: {error}"))
            continue
        if answer is not None:
            answers[code] = _mask(question, answer, hash_key, country) if question.kind == "text" else answer
    return replace(
        draft,
        form=form.version,
        member=_read_member(cells.get(MEMBER), hash_key, country, troubles),
        year=_read_year(cells.get(YEAR), troubles),
        answers=answers,
        places={code: cell.place for code, cell in cells.items()},
        troubles=tuple(troubles),
    )


def _mask(question: Question, answer: Answer, hash_key: bytes, country: Country) -> Answer:
    """Return a text without people's numbers, and where consumers may be named without anything of theirs."""
    said = str(answer)
    if question.consumers:
        return mask_text(said, hash_key, country=country).text
    return _PERSONAL.sub(lambda found: "[personnummer]" if _is_personal(found.group()) else found.group(), said)


def _is_personal(written: str) -> bool:
    """Tell a person's number, slips included, from a telephone's, which begins with 0 and has no dash in that place."""
    digits = re.sub(r"\D", "", written)
    ten = digits[-10:]
    return is_sole_trader(ten) and (len(digits) == 12 or not written.isdigit() or ten[0] != "0")


def _read_member(cell: Cell | None, hash_key: bytes, country: Country, troubles: list[Trouble]) -> str | None:
    text = cell.text.strip() if cell else ""
    if _MASKED.fullmatch(text) or not text:
        return text or None
    try:
        return member_id(read_org_number(text, country.scheme), hash_key)
    except OrgNumberInvalid as error:
        troubles.append(Trouble("member-unreadable", cell.place if cell else MEMBER, str(error)))
        return None


def _read_year(cell: Cell | None, troubles: list[Trouble]) -> int | None:
    text = cell.text.strip() if cell else ""
    if re.fullmatch(r"(?:19|20)\d\d", text):
        return int(text)
    if text:
        troubles.append(Trouble("year-unreadable", cell.place if cell else YEAR, "the year it ends in is needed"))
    return None
