"""The world's self-declarations: a good one, one that comes late, one whose figures differ, and a broken file.

Written by hand as a member's spreadsheet would save them, not by the product's own form.
"""

import json
from dataclasses import dataclass

from samples.world.companies import AKERLUNDS, KLARSVAR, NORDKONTAKT_ENERGI, NORRSKEN, Company, write_number
from samples.world.files import write_xlsx

HEADER = ("Kod", "Fråga", "Svar", "Anvisning")
_ALIKE = {
    "registered_on": "2026-01-12",
    "owners": "Spritt ägande",
    "annual_report_filed": "Ja",
    "liability_insurance": "Ja",
    "insurance_valid_to": "2026-12-31",
    "working_terms": "Kollektivavtal",
    "follows_ethics_rules": "Ja",
    "checks_nix": "Ja",
    "limits_attempts": "Ja",
    "confirms_in_writing": "Ja",
    "member_day": "Ja",
    "resellers": "0",
    "clients": "0",
    "complaints_followed_up": "Varje klagomål gås igenom varje månad av kvalitetsgruppen.",
    "responsible_name": "Påhitta Exempelsdotter",
    "responsible_role": "Regelansvarig",
    "responsible_contact": "samma adress som i registret",
    "declares_truth": "Ja",
}
_KINDS = ("kind_unwanted", "kind_bound", "kind_misled", "kind_calls", "kind_other")


@dataclass(frozen=True)
class Handed:
    """One file that a member hands in: before which night, for which business year, and its figures.

    ``complaints`` are in all, by telephone and solved; ``kinds`` add up to them all. ``cut`` breaks the file off.
    """

    night: int
    member: Company
    year: int
    calls: int
    complaints: tuple[int, int, int]
    kinds: tuple[int, int, int, int, int]
    cut: int | None = None
    as_json: bool = False

    @property
    def name(self) -> str:
        """What the file is called."""
        return f"sjalvdeklaration_{self.member.number}_{self.year}.{'json' if self.as_json else 'xlsx'}"

    def answers(self) -> dict[str, str]:
        """Return every answer by its code."""
        total, phone, solved = self.complaints
        figures = {"complaints_total": total, "complaints_phone": phone, "complaints_solved": solved}
        figures |= {"calls_made": self.calls, **dict(zip(_KINDS, self.kinds, strict=True))}
        return {"legal_name": self.member.legal_name, **_ALIKE, **{code: str(n) for code, n in figures.items()}}

    def to_bytes(self) -> bytes:
        """Return the file."""
        head = {"form": "1", "member": write_number(self.member.number), "year": str(self.year)}
        if self.as_json:
            told = {"kind": "koll-declaration", **head, "year": self.year, "answers": self.answers()}
            return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
        rows = [(code, "", answer, "") for code, answer in (head | self.answers()).items()]
        return write_xlsx(HEADER, rows)[: self.cut]


DECLARATIONS = (
    Handed(1, NORRSKEN, 2025, 1_840_000, (96, 41, 80), (30, 22, 18, 20, 6)),
    Handed(2, KLARSVAR, 2026, 412_000, (4, 3, 4), (2, 1, 1, 0, 0)),  # the agency tells of more
    Handed(2, NORDKONTAKT_ENERGI, 2025, 95_000, (31, 12, 20), (9, 8, 8, 4, 2), cut=3_000),
    Handed(3, AKERLUNDS, 2026, 18_500, (1, 1, 1), (0, 0, 0, 1, 0), as_json=True),  # due on 31 July
)
