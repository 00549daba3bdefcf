"""Forbrukertilsynet, the Norwegian consumer authority: one page per administrative decision.

Addresses ``/fov-2021-7008a-...``; the decision's number stands as ``FOV-2021-7008A``, dates as ``15.05.2022``, the
company's Norwegian organisation number with spaces, ``919 432 942``: a fact of the record, never its (Swedish)
``org_number``. Only these forms are known, not the label words; the list's address is koll.toml's to name (``url``).
"""

import re
from typing import ClassVar

from stdnum.no import orgnr

from models.drafts import Check, Draft
from models.words import Outcome, Severity
from sources.contract import Bounds, SourceInfo
from sources.pages.fields import Labels, Record, squeeze
from sources.pages.listing import LIST_CHECKS, ListSource

_CASE = re.compile(r"\bFOV-\d{4}-\d{1,5}[A-Z]?(?!\w)", re.IGNORECASE)
_ORG = re.compile(r"(?<![\d-])\d{3} ?\d{3} ?\d{3}(?![\d-])")
_PARTY = re.compile(r"(?:.*\b(?:mot|overfor) |(?i:FOV)-\S+\s?[:–—-]\s?)([A-ZÆØÅ0-9].{1,100})$")
_BREACH = re.compile(r"forbud|tvangsmulkt|overtredelsesgebyr|påbud", re.IGNORECASE)
_UNDECIDED = re.compile(r"henlagt|henlegg|avvis|opphev", re.IGNORECASE)


class Forbrukertilsynet(ListSource):
    """The authority's decisions."""

    info = SourceInfo(
        kind="forbrukertilsynet",
        title="Forbrukertilsynets vedtak",
        publisher="Forbrukertilsynet",
        licence="Published by a public authority; facts and links are kept, no texts",
        parser_version=1,
        bounds=Bounds(rows=(1, 3_000), quiet_days=120, max_age_days=3),
        names_all_companies=True,
        checks=(
            *LIST_CHECKS,
            Check("foreign-number-odd", Severity.WARNING, "The Norwegian organisation number is none; left out."),
        ),
    )
    lists = ("vedtak/",)
    record_url = r"/fov-\d{4}-\d{1,5}[a-z]?(?:-[^/?]*)?/?$"
    labels: ClassVar[Labels] = {
        "case": ("Saksnummer", "Sak", "Vedtaksnummer", "Referanse"),
        "date": ("Dato", "Vedtaksdato", "Vedtatt"),
        "company": ("Virksomhet", "Foretak", "Selskap", "Part", "Adressat", "Næringsdrivende"),
        "org_number": ("Organisasjonsnummer", "Org.nr", "Org. nr", "Orgnr"),
        "decision": ("Vedtak", "Avgjørelse", "Type vedtak"),
    }

    def knows(self, record: Record) -> bool:
        """Tell a decision by its number and one label more."""
        return _CASE.search(f"{record.title}\n{record.text}") is not None and bool(record.values)

    def read_record(self, record: Record) -> Draft:
        """Return one decision."""
        case = record.key("case", _CASE)
        if not record.value("case") and (found := _CASE.search(f"{record.title}\n{record.text}")):
            case = found.group()
        record.agree_with_address(case, _CASE)
        party = _PARTY.match(record.title)
        told = f"{record.title} {record.value('decision')}"
        outcome = Outcome.BREACH if _BREACH.search(told) else Outcome.UNKNOWN
        return record.draft(
            source_id=case.upper() if case else None,
            company=record.value("company") or squeeze(party.group(1) if party else ""),
            received_on=record.day("date"),
            outcome=Outcome.UNDECIDED if _UNDECIDED.search(told) else outcome,
            facts={"org_number_no": _read_number(record)},
        )


def _read_number(record: Record) -> str:
    """Return the nine digits under the label, "" when there are none or their check digit is wrong."""
    found = _ORG.search(record.value("org_number"))
    if found and orgnr.is_valid(found.group()):
        return orgnr.compact(found.group())
    record.flags += ["foreign-number-odd"] if record.value("org_number") else []
    return ""
