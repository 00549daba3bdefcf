"""Filled-in forms for tests, and a small installation whose members owe declarations."""

import csv
import json
from datetime import date
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from flows.declarations.form_file import Prefilled, write_form
from models.declarations.form import Language, load_form
from models.declarations.layout import MARK
from tests.small_world import ANNA, BO, CIA, NAMES, Small

SOURCE = """
[sources.declarations]
kind = "declarations"
folder = "{root}/declarations"
{more}
"""
RULE = """
[[rule]]
id = "declaration"
type = "deadline"
what = "self_declaration"
due = "03-31"
remind_days = [-30, 0, 14, 28]
to = {to}
"""
ANSWERS: dict[str, Any] = {
    "legal_name": "Anemon Telefoni AB", "registered_on": "2026-01-10", "owners": "Familjen Anemon",
    "annual_report_filed": "Ja", "liability_insurance": "Ja", "insurance_valid_to": "2026-12-31",
    "working_terms": "Kollektivavtal", "follows_ethics_rules": "Ja", "checks_nix": "Ja", "limits_attempts": "Ja",
    "confirms_in_writing": "Ja", "member_day": "Ja", "calls_made": 400_000, "resellers": 0, "clients": 2,
    "clients_named": "Blåklint Värme AB\nCikoria Resor AB", "complaints_total": 10, "complaints_phone": 8,
    "kind_unwanted": 4, "kind_bound": 3, "kind_misled": 2, "kind_calls": 1, "kind_other": 0, "complaints_solved": 9,
    "complaints_followed_up": "Vi har ändrat manuset.", "responsible_name": "Ragnhild Påhittsdotter",
    "responsible_role": "Regelansvarig", "responsible_contact": "ragnhild@anemon.example", "declares_truth": "Ja",
}  # fmt: skip


def open_form(language: Language = "sv") -> tuple[Workbook, Any]:
    book = load_workbook(BytesIO(write_form(load_form("1"), language, Prefilled())))
    return book, book.worksheets[0]


def fill_sheet(sheet: Any, values: dict[str, Any]) -> None:
    for row in sheet.iter_rows(min_row=4):
        if row[0].value in values:
            row[2].value = values[row[0].value]


def pack(book: Workbook) -> bytes:
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def fill(member: str = ANNA, year: object = 2025, language: Language = "sv", **changes: Any) -> bytes:
    """Return a filled-in workbook; an answer of None is left empty."""
    book, sheet = open_form(language)
    fill_sheet(sheet, {"member": member, "year": year, **ANSWERS, **changes})
    return pack(book)


def document(member: str = ANNA, year: object = 2025, **changes: Any) -> dict[str, Any]:
    answers = {key: value for key, value in {**ANSWERS, **changes}.items() if value is not None}
    return {"kind": MARK, "form": "1", "member": member, "year": year, "answers": answers}


def fill_json(member: str = ANNA, year: object = 2025, **changes: Any) -> bytes:
    return json.dumps(document(member, year, **changes), ensure_ascii=False).encode()


class Declaring(Small):
    """A small installation whose three members owe declarations for the calendar year 2025 by 31 March 2026."""

    def __init__(self, root: Path, *, day: date = date(2026, 1, 15), to: str = '["members", "ethics"]', rules: str = "",
                 more: str = "") -> None:  # fmt: skip
        self.terms = {
            ANNA: ("12-31", "anna@anemon.example"), BO: ("12-31", "bo@blaklint.example"), CIA: ("06-30", ""),
        }  # fmt: skip
        (root / "declarations").mkdir(parents=True)
        self.source, self.asking = SOURCE.format(root=root, more=more), RULE.format(to=to)
        super().__init__(root, rules, day=day, quiet=True)

    def name_members(self, names: dict[str, str]) -> None:
        with (self.root / "register" / "members.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("org_number", "legal_name", "joined_on", "left_on", "year_end", "contact"))
            for member, name in names.items():
                year_end, contact, *days = self.terms[member]
                joined, left = (*days, "", "")[:2]
                writer.writerow((member, name, joined, left, year_end, contact))

    def configure(self, rules: str, **more: str) -> None:
        super().configure(self.source + self.asking + rules, **more)

    def hand_in(self, name: str, content: bytes) -> None:
        (self.root / "declarations" / name).write_bytes(content)

    def on(self, day: date) -> Any:
        """Go to a day and run its night."""
        self.day = day
        for source in self.rows:
            if not self.rows[source]:
                self._put(source, date(2025, 6, 1), "Ingenstans Handel AB", "")
        for source in self.rows:
            self.deliver(source)
        return self.run()

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails() if mail["To"] == address]


__all__ = ["ANNA", "ANSWERS", "BO", "CIA", "NAMES", "Declaring", "document", "fill", "fill_json", "fill_sheet",
           "open_form", "pack"]  # fmt: skip
