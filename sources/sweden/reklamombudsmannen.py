"""Reklamombudsmannen, the advertising industry's self-regulation: one page per decision, about 2,650 of them.

The lists (``/sok-uttalanden``, paged) link to ``/beslut/enskilt-beslut/?caseid=2109-208``. A page holds a badge
(Friad, Fälld, avvisad) and the labels Ärende (YYMM-NNN), Datum, Anmäld reklam, Annonsör, Anmälare and Uttalande.
Who complained is not read.
"""

import re
from typing import ClassVar

from models.drafts import Draft
from models.words import Channel, Evidence, Outcome
from sources.contract import Bounds, SourceInfo
from sources.pages.fields import Labels, Record
from sources.pages.listing import LIST_CHECKS, ListSource

_CASE = re.compile(r"\d{4}-\d{1,4}")
_IN_URL = re.compile(r"[?&]caseid=(\d{4}-\d{1,4})(?:&|$)")
_OTHERS = re.compile(r"^(?:fler|liknande|relaterade|senaste|andra) (?:beslut|uttalanden|ärenden)", re.I | re.M)
_WORDS = r"delvis fälld|friad|fälld|avvisad|avskriven"
_BADGE = re.compile(rf"^(?:(?:Beslut|Utfall|Uttalande) ?:? ?)?(?i:({_WORDS}))\.?(?=$|[A-ZÅÄÖ])", re.MULTILINE)
_OUTCOMES = {
    "friad": Outcome.NO_BREACH,
    "fälld": Outcome.BREACH,
    "delvis fälld": Outcome.PARTLY,
    "avvisad": Outcome.UNDECIDED,
    "avskriven": Outcome.UNDECIDED,
}
_CHANNELS = {  # media as the publisher names them; another one tells nothing of the channel
    r"telefon(?:samtal|försäljning)|telemarketing": Channel.PHONE,
    r"sms|mms": Channel.SMS,
    r"e-?post|nyhetsbrev|mejl": Channel.EMAIL,
    r"adresserad": Channel.ADDRESSED_MAIL,
    r"oadresserad": Channel.UNADDRESSED_MAIL,
    r"webb\w*|hemsida|internet|sociala medier|instagram|facebook|tiktok|youtube": Channel.WEB,
    r"butik\w*|skyltfönster": Channel.SHOP,
}


class Reklamombudsmannen(ListSource):
    """The ombudsman's decisions."""

    info = SourceInfo(
        kind="reklamombudsmannen",
        title="Reklamombudsmannens beslut",
        publisher="Reklamombudsmannen",
        licence="Published decisions of the industry's own body; facts and links are kept, no texts",
        parser_version=1,
        bounds=Bounds(rows=(1, 8_000), quiet_days=45, max_age_days=3),
        names_all_companies=True,
        checks=LIST_CHECKS,
    )
    lists = ("sok-uttalanden",)
    record_url = r"/enskilt-beslut/?\?(?:[^#]*&)?caseid=\d{4}-\d{1,4}(?:&|$)"
    labels: ClassVar[Labels] = {
        "case": ("Ärende", "Ärendenummer"),
        "date": ("Datum", "Beslutsdatum"),
        "medium": ("Anmäld reklam", "Medium"),
        "company": ("Annonsör", "Annonsörer"),
        "complainant": ("Anmälare",),
        "statement": ("Uttalande",),
    }

    def read_record(self, record: Record) -> Draft:
        """Return the decision on one advertisement."""
        case = record.key("case", _CASE)
        record.agree_with_address(case, _IN_URL)
        badges = {hit.group(1).lower() for hit in _BADGE.finditer(_OTHERS.split(record.text)[0])}
        medium = record.value("medium")
        channels = {channel for words, channel in _CHANNELS.items() if re.search(rf"\b(?:{words})\b", medium, re.I)}
        channel = channels.pop() if len(channels) == 1 else Channel.UNKNOWN
        return record.draft(
            source_id=case,
            company=record.value("company"),
            received_on=record.day("date"),
            outcome=_OUTCOMES[badges.pop()] if len(badges) == 1 else Outcome.UNKNOWN,
            channel=channel,
            evidence=None if channel is Channel.UNKNOWN else Evidence.FIELD,
            category=medium,
        )
