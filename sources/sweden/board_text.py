"""What may be kept of a decision's text: enough to find callers and principals, no person (pure).

The complainant's account is never kept, since it can name a person; the closing sentence and what follows it hold a
signature. Numbers and addresses that can belong to somebody are masked in what stays.
"""

import re
from collections.abc import Mapping

_CLOSING = re.compile(
    r"Med detta (?:uttalande|beslut)|(?:Detta|Ovanstående) (?:uttalande|beslut) har (?:av|lämn|fatt)"
    r"|På (?:\S{1,4}nämndens|nämndens) vägnar|(?:DM|NIX)-nämnden(?=[A-ZÅÄÖ])"
    r"|Etiska nämnden för direktmarknadsföring(?=[A-ZÅÄÖ])"
)
_ROLE = re.compile(
    r"\b(?:(?:[Vv]ice )?[Oo]rdförande\b|[Ss]ekreterare|[A-ZÅÄÖ]?[a-zåäö]{0,15}jurist\b|[Ff]öredragande\b)"
)
_NAME = r"[A-ZÅÄÖ][\w'.-]{0,30}"
_SIGNED = re.compile(
    rf"(?:e\. ?u\. ?)?{_NAME}(?: (?:von |af |de )?{_NAME}){{1,4}}"
    r"|(?:DM-nämnden|NIX-nämnden|Etiska nämnden för direktmarknadsföring)\.?"
)
_NAME_AT_END = re.compile(rf"(?<=[.!?])\s*{_NAME}(?: {_NAME}){{1,3}}$")
_PERSONAL = (
    re.compile(r"[\w.+-]{1,64}@[\w-]{1,60}(?:\.[\w-]{1,60}){1,4}"),
    re.compile(r"(?<![\d-])(?:(?:19|20)\d\d|\d\d)[01]\d[0-3]\d ?[-+]? ?[\dXx]{4}(?![\d-])"),
    re.compile(r"(?<![\d-])(?:\+|00)46[\d() -]{7,16}\d"),
    re.compile(r"(?<![\d-])0\d{1,3}(?:-| ?/ ?| )\d{2,3}[\d ]{2,8}\d(?![\d-])|(?<![\d-])07\d{8}(?!\d)"),
)
_COMPANY = re.compile(
    r"(?:[A-ZÅÄÖ0-9][\w&.'-]{0,30} (?:(?:i|och|&) )?){1,5}(?:AB|HB|KB|A/S|AS|Oy|Ltd|GmbH)\b(?: \(publ\))?"
    r"|\b[A-ZÅÄÖ][\w&-]{1,30}(?: [\w&-]{1,30}){0,3}? ?aktiebolag\b|\bAB (?:[A-ZÅÄÖ][\w&-]{1,30} ?){1,3}"
)


def cut_closing(text: str) -> str:
    """Return ``text`` up to the sentence that closes a decision."""
    closing = _CLOSING.search(text)
    return text[: closing.start()] if closing else text


def cut_signature(body: str) -> str:
    """Return the last section without closing sentence and signature, with or without its fixed words."""
    body = cut_closing(body)
    for role in _ROLE.finditer(body):
        before = body[: role.start()].rstrip(" ")
        if before.endswith((",", "\n")):  # "NN, sekreterare", or the role on a line of its own
            before = before.rstrip(",\n ")
            body = before[: max(before.rfind("\n"), before.rfind(".") + 1, 0)]
            break
    lines = [line for line in body.split("\n") if not _SIGNED.fullmatch(line.strip())]
    return "\n".join(line[:-120] + _NAME_AT_END.sub("", line[-120:]) for line in lines)


def keep_text(decision: str, sections: Mapping[str, str]) -> str:
    """Return decision, register's and company's account and assessment, and the companies the complainant names."""
    parts = [decision, *(sections.get(name, "") for name in ("register", "answer", "assessment"))]
    companies = dict.fromkeys(" ".join(hit.split()) for hit in _COMPANY.findall(sections.get("complaint", "")))
    if companies:
        parts.append("Företag som anmälaren nämner: " + ", ".join(companies))
    text = "\n".join(part for part in parts if part)
    for pattern in _PERSONAL:
        text = pattern.sub("[…]", text)
    return text
