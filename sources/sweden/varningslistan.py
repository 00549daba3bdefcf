"""Konsumentverket's Varningslista: one page, a short list of companies the agency warns of, each with its reason.

The list is the record: there is no id and mostly no date, so a company's name is its key, and an entry without a date
is kept but counted in no period. A company that leaves the list is withdrawn. The agency does not go by raw counts.
"""

from typing import ClassVar

from models.drafts import Check, Draft
from models.words import Kind, Severity
from sources.contract import Bounds, SourceInfo
from sources.pages.fields import Labels, Record
from sources.pages.listing import LIST_CHECKS, ListSource


class Varningslistan(ListSource):
    """The companies the consumer agency warns of."""

    info = SourceInfo(
        kind="varningslistan",
        title="Konsumentverkets varningslista",
        publisher="Konsumentverket",
        licence="Published by a public authority; facts and links are kept",
        parser_version=1,
        bounds=Bounds(rows=(1, 500), quiet_days=365, max_age_days=3),
        names_all_companies=False,
        checks=(
            *LIST_CHECKS,
            Check("date-missing", Severity.WARNING, "The list gives no date: the entry is counted in no period."),
            Check("date-unreadable", Severity.WARNING, "The date has no certain reading: counted in no period."),
            Check("reason-missing", Severity.WARNING, "The list does not say why it warns of this company."),
        ),
    )
    lists = ("aktuellt/varningslistan/",)
    labels: ClassVar[Labels] = {
        "company": ("Företag", "Bolag", "Näringsidkare", "Namn"),
        "reason": ("Orsak", "Anledning", "Skäl", "Varför", "Varning"),
        "date": ("Datum", "Sedan", "Tillagd", "Publicerad", "Uppdaterad"),
    }

    def read_record(self, record: Record) -> Draft:
        """Return one entry of the list."""
        company, reason = record.value("company"), record.value("reason")
        if not reason:
            record.flags.append("reason-missing")
        return record.draft(
            source_id=company.casefold()[:200].strip() or None,
            company=company,
            received_on=record.day("date"),
            kind=Kind.COMPLAINT,
            category=reason[:200],
        )
