"""Court judgments and orders that the consumer ombudsman (KO) brought about, on Konsumentverket's site.

Yearly lists ``/aktuellt/mal-domar-och-forelagganden/domar/domar-<year>/`` link to one page a case: title "Dom i målet
...", first line ``Dom: 7 oktober 2022`` (older ``2016-03-10``), the legal name and "även kallat <brand>", often the
organisation number, and the agency's diary number (``2021/219``) in the last line.
"""

import re
from typing import ClassVar

from models.drafts import Check, Draft, Fault
from models.words import Severity
from sources.contract import Bounds, SourceInfo
from sources.encoding import MOJIBAKE
from sources.pages.fields import Labels, Record
from sources.pages.listing import LIST_CHECKS, ListSource
from sources.sweden.court_wording import (
    choose_key,
    find_brand,
    find_cases,
    find_org_number,
    find_party,
    read_outcome,
)

_DIARY = re.compile(r"(?<![\d/:])(?:19|20)\d\d/\d{1,5}(?![\d/])")


class KoDomar(ListSource):
    """Judgments and orders."""

    info = SourceInfo(
        kind="ko_domar",
        title="Domar och förelägganden (KO)",
        publisher="Konsumentverket",
        licence="Published by a public authority; facts and links are kept, no texts",
        parser_version=1,
        bounds=Bounds(rows=(1, 3_000), quiet_days=180, max_age_days=3),
        names_all_companies=True,
        checks=(
            *LIST_CHECKS,
            Check("case-ambiguous", Severity.ERROR, "The page names several cases and does not say which is its own."),
        ),
    )
    lists = ("aktuellt/mal-domar-och-forelagganden/",)
    list_url = r"/mal-domar-och-forelagganden/[^/?]+/(?:[^/?]+-(?:19|20)\d\d/?)?$"
    record_url = r"/mal-domar-och-forelagganden/[^/?]+/[^/?]+-(?:19|20)\d\d/[^/?]+/?$"
    labels: ClassVar[Labels] = {
        "date": ("Dom", "Domsdatum", "Beslut", "Föreläggande", "Datum", "Meddelad"),
        "case": ("Mål", "Mål nr", "Målnr", "Målnummer", "Föreläggande nr", "Nummer"),
        "diary": ("Diarienummer", "Dnr", "KO:s diarienummer", "Konsumentverkets diarienummer"),
        "company": ("Bolag", "Företag", "Motpart", "Svarande", "Näringsidkare"),
        "org_number": ("Organisationsnummer", "Org.nr", "Org. nr", "Orgnr"),
    }

    def knows(self, record: Record) -> bool:
        """Tell a case by its date and a case or diary number; what else a page holds differs with its age."""
        numbered = find_cases(f"{record.title}\n{record.text}") or _DIARY.search(record.text)
        return "date" in record.values and bool(numbered)

    def read_record(self, record: Record) -> Draft:
        """Return one judgment or order."""
        diaries = list(dict.fromkeys(_DIARY.findall(record.value("diary") or record.text)))
        diary = diaries[-1] if diaries else ""  # it stands in the last line
        whole = f"{record.title}\n{record.text}"
        places = (record.value("case"), record.title, record.head_title)
        key, code = choose_key(places, record.text, diary, damaged=MOJIBAKE in record.flags)
        cases = ", ".join(find_cases(whole))
        if code:
            told = cases if code == "case-ambiguous" else " | ".join(places)
            record.faults.append(Fault(code=code, field="source_id", value=told[:200]))
        return record.draft(
            source_id=key,
            company=record.value("company") or find_party(record.title, record.text),
            received_on=record.day("date"),
            org_number=find_org_number(record.value("org_number") or record.text),
            outcome=read_outcome(record.text),
            facts={"brand": find_brand(whole), "diary_number": diary, "cases": cases},
        )
