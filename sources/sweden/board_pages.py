"""One decision page of the board, cut into its fields by label words, whatever elements carry them (pure).

Four layouts on two hosts share one vocabulary: a label block (date, case numbers, complainant, party, issues,
decision), then sections under fixed headings, a closing sentence and a signature. Only the text of the pages is
known to be stable, so nothing here looks at classes or at which element holds what: an element that is a block ends
a line, an inline one leaves an *edge*, and labels are found by their words, their colon and those edges.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sources.pages.text import PageText
from sources.sweden.board_text import cut_closing, cut_signature

_LABELS = {
    "date": ("uttalandedatum", "uttalandedag", "beslutsdatum", "uttalande", "datum"),
    "cases": ("diarienummer", "diarienr", "ärendenummer", "dnr"),
    "complainant": ("anmälare", "anmälarna"),
    "party": ("motpart", "motparter", "motparten", "anmält företag"),
    "issues": ("frågeställning", "frågeställningar", "frågeställningen"),
    "decision": ("dm-nämndens beslut", "nix-nämndens beslut", "nämndens beslut", "beslut"),
    "org_number": ("organisationsnummer", "org.nr", "org.nummer", "orgnr"),
}
_FIELD_OF = {word: name for name, words in _LABELS.items() for word in words}
_COLON_ONLY = frozenset(("datum", "beslut", "uttalande"))  # everyday words: a label only with more to go on
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_ANY_DASH = "[-\u2010-\u2014\u2212 ]"
_WORDS = "|".join(re.escape(word).replace("\\-", _ANY_DASH) for word in sorted(_FIELD_OF, key=len)[::-1])
_LABEL = re.compile(rf"(?i:{_WORDS})(?![a-zåäö])")
_MOST_LABELS = 300  # a page with more is no page of the board
_BLOCK_CAP = 100_000  # characters from the first label to the last
_OTHER_LABEL = re.compile(r"[A-ZÅÄÖ][A-Za-zÅÄÖåäö.\-]{2,24}(?: [a-zåäö]{2,15}){0,2} ?:(?!\S)")
_VALUE_AHEAD = re.compile(r"\d|den \d|[Dd]nr\b")  # what a date or a case number begins with
_COLON = re.compile(r"\.?[ \n]{0,3}:")
_SECTIONS = {
    "complaint": r"(?:anmälar(?:ens|nas|nes)|anmälares|konsument(?:ens|ernas)) uppgifter",
    "register": r"uppgifter från (?:föreningen )?nix(?:[- ](?:telefon|adresserat|mobil|post))?",
    "answer": r"(?:(?:företag|bolag)(?:ets|ens)|motpart(?:ens|ernas)|föreningens|organisationens) (?:uppgifter|svar)",
    "assessment": r"(?:(?:dm|nix)[-\u2010-\u2014 ])?nämndens bedömning",
}
_SECTION = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _SECTIONS.items()), re.IGNORECASE)
_CHROME = re.compile(
    r"(?:till sidans huvudinnehåll|hoppa till innehåll\w*|(?:alla |avgjorda )?ärenden|uttalanden|hem|start|meny|sök"
    r"|dela|skriv ut|tillbaka|(?:dm|nix)-nämnden|etiska nämnden för direktmarknadsföring|publicerad.{0,40}"
    r"|uttalande.{0,20}|(?:dnr|ärende) ?[\W\d]*|fälld[a]?|friad[e]?|[\W\d_]*)",
    re.IGNORECASE,
)
_BADGE = re.compile(r"(fälld|friad)", re.IGNORECASE)
_TITLE_TAIL = re.compile(r"\s[|\u2013\u2014\-\u00ab\u00bb]\s?(?:DM|NIX|Etiska).{0,60}$")
_VALUE_CAP = 8_000
_Label = tuple[str, int, int, str]  # field, start, end (its colon included), the word as it stands


@dataclass(frozen=True)
class BoardPage:
    """One page cut into its fields. ``values`` is keyed by field; a field that the page lacks is missing."""

    values: Mapping[str, str]
    labels: frozenset[str]
    title: str
    badge: str
    sections: Mapping[str, str]
    tail: str  # what follows the label block: tags stand at its end
    unknown_labels: tuple[str, ...] = ()
    decision_label: str = ""
    all_text: str = field(default="", repr=False)


def split_page(page: PageText) -> BoardPage:
    """Cut a page into label block, title, badge and sections; ``labels`` is empty when it is no decision page."""
    found = _find_labels(page)
    first = found[0][1] if found else 0
    sections = [section for section in _find_sections(page) if section[1] > first]
    block_end = sections[0][1] if sections else len(page.text)
    found = [label for label in found if label[1] < block_end]
    fields = {name for name, _, _, _ in found if name in _LABELS}
    if len(fields) < 2 or not fields & {"cases", "party"}:
        return BoardPage({}, frozenset(), "", "", {}, "", all_text=page.text)
    values, spelt = _cut_values(page, found, block_end)
    first = next(start for name, start, _, _ in found if name in _LABELS)
    return BoardPage(
        values=values,
        labels=frozenset(fields),
        title=_find_title(page, first),
        badge=_find_badge(page.text[:block_end], first),
        sections=_cut_sections(page.text, sections),
        tail=page.text[found[-1][2] :],
        unknown_labels=tuple(word for name, _, _, word in found if name not in _LABELS),
        decision_label=spelt.get("decision", ""),
        all_text=page.text,
    )


def _is_edge(page: PageText, at: int) -> bool:
    """Tell whether an element begins or ends at ``at``, blanks apart."""
    while at > 0 and page.text[at - 1] == " " and at not in page.edges:
        at -= 1
    return at in page.edges


def _ends_at_edge(page: PageText, at: int) -> bool:
    if at < len(page.text) and page.text[at] == " " and at not in page.edges:
        at += 1
    return at in page.edges or at >= len(page.text)


def _find_labels(page: PageText) -> list[_Label]:
    """Return the labels in order; one that the board is not known to use stands under the field ``"?"``."""
    found: list[_Label] = []
    end = len(page.text)
    for hit in _LABEL.finditer(page.text):
        if hit.start() > end or len(found) > _MOST_LABELS:
            break
        word = " ".join(hit.group().lower().translate(_DASHES).split())
        word = re.sub(r"^(dm|nix) ", r"\1-", word)
        colon = _COLON.match(page.text, hit.end())
        stop = colon.end() if colon else hit.end()
        if _is_label(page, hit, word, bool(colon), page.text[stop : stop + 12].lstrip()):
            found.append((_FIELD_OF[word], hit.start(), stop, hit.group()))
            end = found[0][1] + _BLOCK_CAP
    found = _anchor(page.text, found)
    return sorted(found + _find_unknown(page, found), key=lambda label: label[1])


def _find_unknown(page: PageText, known: list[_Label]) -> list[_Label]:
    """Return what stands between the first label and the decision, looks like a label, and is none we know."""
    if not known:
        return []
    starts = {start for _, start, _, _ in known}
    end = next((start for name, start, _, _ in known if name == "decision"), known[-1][1])
    hits = _OTHER_LABEL.finditer(page.text, known[0][1], end)
    return [
        ("?", hit.start(), hit.end(), hit.group().rstrip(" :"))
        for hit in hits
        if _is_edge(page, hit.start()) and starts.isdisjoint(range(hit.start(), hit.end()))
    ][:_MOST_LABELS]


def _is_label(page: PageText, hit: re.Match[str], word: str, colon: bool, ahead: str) -> bool:
    if word == "uttalande" and not _VALUE_AHEAD.match(ahead):
        return False
    start, capital = hit.start(), hit.group()[0].isupper()
    clean = _is_edge(page, start)
    if colon:
        return clean or capital
    if _FIELD_OF[word] in ("date", "cases") and word != "datum" and _VALUE_AHEAD.match(ahead):
        before = page.text[start - 1 : start]  # "Uttalande 2021-07-12Dnr 21-072": run together, no colon
        return clean or (capital and (not before.isspace() or page.text[start - 2 : start - 1].isdigit()))
    if not clean or (word in _COLON_ONLY and word != "uttalande"):
        return False
    if _ends_at_edge(page, hit.end()):
        return True
    at_line_start = start == 0 or page.text[start - 1] == "\n"
    return at_line_start and capital and page.text[hit.end() : hit.end() + 1] == " " and ahead[:1].isupper()


def _anchor(text: str, found: list[_Label]) -> list[_Label]:
    """Drop labels that only a menu holds: those far before the first date or case number that looks like one."""
    for name, start, stop, _ in found:
        if name in ("date", "cases") and re.match(r"\s{0,4}(?:[Dd]nr\.?\s?)?\d", text[stop : stop + 16]):
            return [label for label in found if label[1] >= start - 600]
    return found


def _cut_values(page: PageText, found: list[_Label], end: int) -> tuple[dict[str, str], dict[str, str]]:
    values: dict[str, str] = {}
    spelt: dict[str, str] = {}
    for index, (name, _, stop, word) in enumerate(found):
        until = found[index + 1][1] if index + 1 < len(found) else end
        value = page.text[stop:until]
        if name == "decision":
            value = cut_closing(value)
        value = value[:_VALUE_CAP].strip(" \n:")
        if name in _LABELS and value and name not in values:
            values[name] = value
            spelt[name] = word
    return values, spelt


def _find_sections(page: PageText) -> list[tuple[str, int, int]]:
    """Return (name, start, end) of every section heading: alone in its element, or run together with its text."""
    found = []
    for hit in _SECTION.finditer(page.text):
        start, stop = hit.span()
        follows = page.text[stop : stop + 2].strip()[:1]
        if not hit.group()[0].isupper() or not (_ends_at_edge(page, stop) or follows == ":" or follows.isupper()):
            continue
        before = page.text[start - 1 : start]
        starts = _is_edge(page, start) or not before.isspace() or page.text[:start].rstrip()[-1:] in ".!?:"
        if starts or hit.lastgroup != "assessment":  # "enligt NIX-nämndens bedömning Telia" is running text
            found.append((hit.lastgroup or "", start, stop))
        if len(found) == _MOST_LABELS:
            break
    return found


def _cut_sections(text: str, found: list[tuple[str, int, int]]) -> dict[str, str]:
    """Return the sections by name; the last one ends before the closing sentence and the signature."""
    sections: dict[str, str] = {}
    for index, (name, _, stop) in enumerate(found):
        until = found[index + 1][1] if index + 1 < len(found) else len(text)
        body = cut_signature(text[stop:until]) if index + 1 == len(found) else text[stop:until]
        body = body.strip(" \n:")
        sections[name] = f"{sections[name]}\n{body}" if name in sections else body
    return sections


def _find_title(page: PageText, first: int) -> str:
    """Return the page's title: the nearest heading above the labels, else the nearest line, else the head's title."""
    above = [(start, stop) for start, stop in page.headings if stop <= first]
    candidates = [page.text[start:stop] for start, stop in reversed(above)]
    candidates += list(reversed(page.text[max(0, first - 600) : first].split("\n")))
    for line in [*candidates, page.head_title]:
        clean = line.strip()
        if clean and not _CHROME.fullmatch(clean) and len(clean) <= 200:
            return _BADGE_FUSED.sub("", clean)
    return ""


_BADGE_FUSED = re.compile(r"^(?:Fälld|Friad)(?=[A-ZÅÄÖ0-9])")


def _find_badge(text: str, first: int) -> str:
    """Return ``fälld`` or ``friad`` when one of them, and only one, stands by itself above or within the labels."""
    lines = text[max(0, first - 600) :].split("\n")
    found = {line.strip().lower() for line in lines if _BADGE.fullmatch(line.strip())}
    fused = _BADGE_FUSED.match(text[max(0, text.rfind("\n", 0, max(0, first - 1)) + 1) :])
    if not found and fused:
        found = {fused.group().lower()}
    return found.pop() if len(found) == 1 else ""
