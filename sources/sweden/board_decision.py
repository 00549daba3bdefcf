"""A decision page of the board turned into drafts, one per case number (pure).

A decision is one page with a label block (date, case numbers, complainant, party, issues, decision) above a few
sections. Four layouts on two hosts: ``dm-wp`` (one label per line, date 20181222), ``dm-2019`` and ``nix-v1`` (badge
Fälld/Friad, labels run together), ``nix-v2`` (value on the line below its label, tags at the end). One page holds 1
to 23 case numbers, one case can stand at two addresses: the key is the case number, never the address.
"""

import re
from collections.abc import Iterator
from datetime import date
from urllib.parse import urlsplit

from models.drafts import Draft, Fault, RawRef
from models.members.org_number import OrgNumberInvalid, is_sole_trader, read_org_number
from models.words import Channel, Kind, Outcome
from sources.contract import RawItem
from sources.encoding import decode_bytes, shows_mojibake
from sources.pages.text import PageTooLarge, read_text
from sources.sweden.board_cases import CaseField, case_year, cases_in_slug, read_case_field, read_date
from sources.sweden.board_channel import read_channel, read_tags, split_issues
from sources.sweden.board_outcome import Ruling, read_ruling
from sources.sweden.board_pages import BoardPage, split_page
from sources.sweden.board_text import keep_text

_OLD_PAGE = re.compile(r"/(?:19|20)\d\d/\d\d/")
_LAYOUTS = ("dm-wp", "dm-2019", "nix-v1", "nix-v2")  # the later, the better where one case stands at two addresses
_NO_NAME = re.compile(r"[\W\d_]*|(?:[Dd]nr\.?)?[\W\d]*(?:ompr\w*)?|.{0,2}en konsument", re.IGNORECASE)
_LONGEST_NAME = 160


def draft_decision(content: bytes, item: RawItem) -> Iterator[Draft]:
    """Yield one draft per case number of a decision page; one without id when it is no page we know."""
    decoded = decode_bytes(content, item.charset)
    try:
        page = split_page(read_text(decoded.text))
    except PageTooLarge as fault:
        yield _refused(item, Fault(code="page-too-large", field="page", value=str(fault)))
        return
    if not page.labels:
        yield _refused(item, Fault(code="page-unknown", field="page", value=_cut(page.all_text[:80])))
        return
    cases = read_case_field(page.values.get("cases", ""))
    faults = _find_faults(page, decoded.text, cases, item)
    yield from _draft_cases(page, cases, faults, decoded.flags, item)


def is_decision(html: str) -> bool:
    """Tell whether a page carries the labels of a decision; a log-in, consent or maintenance page does not."""
    try:
        return bool(split_page(read_text(html)).labels)
    except PageTooLarge:
        return False


def tell_layout(url: str, page: BoardPage | None = None) -> str:
    """Name the layout by the page's address, which the host's own rewriting makes; else by its labels."""
    parts = urlsplit(url)
    if "/arenden/" in parts.path:
        return "nix-v2"
    by_dm = page is not None and page.decision_label.lower().startswith("dm")
    if _OLD_PAGE.search(parts.path):
        if not cases_in_slug(url):
            return "dm-wp"
        if "nixnamnden" in parts.netloc:
            return "nix-v1"
        return "dm-2019" if by_dm or "dm-namnden" in parts.netloc else "nix-v1"
    if page is None:
        return _LAYOUTS[0]
    if re.fullmatch(r"\d{8}", page.values.get("date", "")):
        return "dm-wp"
    return ("dm-2019" if by_dm else "nix-v1") if page.badge else "nix-v2"


def rank_layout(url: str) -> int:
    """Return which of two addresses of one case is the later layout, and so the better."""
    return _LAYOUTS.index(tell_layout(url))


def _find_faults(page: BoardPage, html: str, cases: CaseField, item: RawItem) -> list[Fault]:
    faults = []
    written = page.values.get("cases", "")
    if not cases.cases and not written:
        faults.append(Fault(code="case-number-missing", field="source_id"))
    elif not cases.cases or re.search(r"\d|\ufffd", cases.unread):
        faults.append(Fault(code="case-number-unreadable", field="source_id", value=_cut(written)))
    lower = html.lower()
    if "<html" in lower and "</html" not in lower and not page.sections:
        faults.append(Fault(code="page-cut", field="page"))
    slug = cases_in_slug(item.name)
    if slug and cases.cases and not set(slug) & set(cases.cases):
        faults.append(Fault(code="case-url-differs", field="source_id", value=_cut(written)))
    return faults


def _draft_cases(
    page: BoardPage, cases: CaseField, faults: list[Fault], page_flags: tuple[str, ...], item: RawItem
) -> Iterator[Draft]:
    decided = read_date(page.values.get("date", ""))
    company, party_flags, party_faults = _read_party(page)
    tag_channel, tag_outcome = read_tags(page.tail)
    issues = split_issues(page.values.get("issues", ""))
    decision = page.values.get("decision", "")
    other_text = " ".join(page.sections.get(name, "") for name in ("answer", "assessment"))
    channel, evidence, channel_flags = read_channel(
        tag_channel, issues, (decision, page.sections.get("complaint", ""), other_text)
    )
    badge = {"fälld": Outcome.BREACH, "friad": Outcome.NO_BREACH}.get(page.badge)
    ruling = read_ruling(decision, cases.cases)
    flags = [*page_flags, *party_flags, *channel_flags]
    flags += ["date-unreadable"] if decided is None else []
    flags += ["issues-missing"] if not issues else []
    flags += ["decision-missing"] if not decision else []
    flags += ["label-unknown"] if page.unknown_labels else []
    if cases.stated_total is not None and cases.stated_total != len(cases.cases):
        flags.append("case-count-differs")
    layout = tell_layout(item.name, page)
    facts = {"title": page.title, "layout": layout, "decided": decided.isoformat() if decided else ""}
    slug = cases_in_slug(item.name)
    for case in cases.cases or (None,):
        outcome, outcome_flags = _settle_outcome(ruling, case, tag_outcome or badge, many=len(cases.cases) > 1)
        own_faults = [*faults, *party_faults]
        if case and len(slug) >= len(cases.cases) > 1 and case not in slug:
            own_faults.append(Fault(code="case-url-differs", field="source_id", value=case))
        yield Draft(
            source_id=case,
            kind=Kind.DECISION,
            raw=RawRef(sha256=item.sha256, locator=f"case {case}" if case else "page"),
            received_on=decided,
            company=company,
            org_number=_read_org(page.values.get("org_number", "")),
            channel=channel,
            channel_evidence=evidence,
            category="; ".join(issues) or None,
            outcome=outcome,
            reexamination=cases.reexamined,
            url=item.name,
            text=keep_text(decision, page.sections) or None,
            flags=tuple(dict.fromkeys([*flags, *outcome_flags, *_year_flags(case, decided)])),
            faults=tuple(dict.fromkeys(own_faults)),
            precedence=_LAYOUTS.index(layout) + (len(_LAYOUTS) if cases.reexamined else 0),
            facts={key: value for key, value in facts.items() if value},
        )


def _read_party(page: BoardPage) -> tuple[str | None, list[str], list[Fault]]:
    """Return the party as written, never split; the title where the field is empty or holds a case number."""
    party = " ".join(page.values.get("party", "").split()).strip(" ,;:")
    flags: list[str] = []
    if not party or _NO_NAME.fullmatch(party) or (read_case_field(party).cases and not read_case_field(party).unread):
        party, flags = page.title, ["party-from-title"]
    if not party:
        return None, [], [Fault(code="party-missing", field="company")]
    if len(party) > _LONGEST_NAME:
        return None, flags, [Fault(code="party-unreadable", field="company", value=_cut(party))]
    if shows_mojibake(party):
        return party, flags, [Fault(code="text-damaged", field="company", value=_cut(party))]
    return party, flags, []


def _settle_outcome(
    ruling: Ruling, case: str | None, published: Outcome | None, *, many: bool
) -> tuple[Outcome, list[str]]:
    """Weigh the wording against badge and tag, which know only Fälld and Friad and speak of the whole page."""
    flags = [flag for flag in ruling.flags if flag != "outcome-unknown"]
    outcome = ruling.by_case.get(case, Outcome.UNKNOWN) if case else Outcome.UNKNOWN
    if published is not None and outcome is Outcome.UNKNOWN and ruling.page is Outcome.UNKNOWN:
        if not many or (published is Outcome.NO_BREACH and set(ruling.by_case.values()) == {Outcome.UNKNOWN}):
            return published, [*flags, "outcome-from-tag"]
    elif published is not None and _contradicts(published, ruling.page):
        return Outcome.UNKNOWN, [*flags, "outcome-differs-from-tag", "outcome-unknown"]
    return outcome, [*flags, "outcome-unknown"] if outcome is Outcome.UNKNOWN else flags


def _contradicts(published: Outcome, read: Outcome) -> bool:
    if published is Outcome.BREACH:
        return read in (Outcome.NO_BREACH, Outcome.UNDECIDED)
    return read is Outcome.BREACH


def _year_flags(case: str | None, decided: date | None) -> list[str]:
    return ["case-year-odd"] if case and decided and abs(case_year(case) - decided.year) > 3 else []


def _read_org(value: str) -> str | None:
    try:
        digits = read_org_number(value.split("\n")[0])
    except OrgNumberInvalid:
        return None
    return None if is_sole_trader(digits) else digits


def _refused(item: RawItem, fault: Fault) -> Draft:
    return Draft(
        source_id=None,
        kind=Kind.DECISION,
        raw=RawRef(sha256=item.sha256, locator="page"),
        channel=Channel.UNKNOWN,
        url=item.name,
        faults=(fault,),
    )


def _cut(text: str) -> str:
    return " ".join(text[:400].split())[:200]
