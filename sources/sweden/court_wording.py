"""What a court or order page says of its case: numbers, parties, and how it ended (pure).

Case and order numbers as the consumer agency writes them: ``PMT 12325-16``, ``PMÖD 2019:22``, ``MD 2016:9``,
``FF 2013:1``, ``IF 2013/08b``, ``IF 2012:7a``. The outcome is read only from sentences on what the court did or the
company accepted, never from those on what was claimed.
"""

import re
from collections.abc import Sequence

from models.members.org_number import OrgNumberInvalid, is_sole_trader, read_org_number
from models.words import Outcome

_CASE = re.compile(r"\b(PM[TÖÄ]D?|MD|FF|IF|T|Ö) ?(?:nr )?(\d{1,5} ?[-–:/] ?\d{1,4}[a-z]?)(?![\w-])")
_CASE_LIKE = re.compile(r"\b(?:P\W?M\S{0,3}|MD|FF|IF) ?(?:nr )?\S*\d|\bmål\w* (?:nr )?\S*\d")
_BARE = re.compile(r"\d\S{0,2}[-–:]\S*\d")
_DAY = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")
_WORD = r"(?:[A-ZÅÄÖÉ0-9][\w&.'’-]*|i|och|&|av|för|på|de|la)"
_NAME = rf"([A-ZÅÄÖÉ0-9][\w&.'’-]*(?: {_WORD}){{0,9}}(?: \(publ\))?)"
_KO = r"(?:KO|Konsumentombudsmannen(?: \(KO\))?)"
_NO_NAME = r"(?!(?:KO|Konsumentombudsmannen|Konsumentverket|Bolaget|Företaget|Mot|Svaranden?|Dom)\b)"
_TOLD = re.compile(rf"(?<![\w-]){_NO_NAME}{_NAME},? ?\(?(?:även kalla[td]|org\w*[. ]?n)")
_BRAND = re.compile(rf"även kalla[td] {_NAME}")
_AGAINST = (re.compile(rf"{_KO} mot {_NAME}"), re.compile(rf"(?:^|målet |målen ){_NAME} mot {_KO}\b"))
_ORG = re.compile(r"(?<![\d-])(?:16)?\d{6}-\d{4}(?![\d-])")
_STATE = "2021"  # authorities' numbers begin so: the agency's own stands on its pages
_CLAIM = re.compile(r"\b(?:yrka\w*|begär\w*|anser|ansåg|stäm\w+|vill|menar|hävda\w*|bestr[ei]d\w*)\b", re.IGNORECASE)
_ACTS = re.compile(r"domstol|tingsrätt|hovrätt|\bdomen\b|föreläggande|\bPM[ÖD]?D\b", re.IGNORECASE)
_WORDINGS = {
    Outcome.PARTLY: r"\bdelvis\b|\bi viss del\b",
    Outcome.UNDECIDED: r"\bavskriv\w*|\bavvisa\w*|\bundanröj\w*|\båterkalla\w*",
    Outcome.NO_BREACH: r"\bogilla\w*|\bavsl[åoö]\w*|\bförbjud\w* inte\b|\blämnas utan bifall",
    Outcome.BREACH: r"\bförbjud\w*|\bförbjöd\w*|\bbif(?:all|öll)\w*|\bålägg\w*|\bålade\w*|\bgodkän\w*|\bdöm\w* ",
}


def find_cases(text: str) -> list[str]:
    """Return the distinct case and order numbers in a text, each in one spelling ("PMT 12325-16")."""
    found = (f"{hit.group(1)} {hit.group(2)}".replace("–", "-") for hit in _CASE.finditer(text))
    return list(dict.fromkeys(re.sub(r"\s?([-:/])\s?", r"\1", case) for case in found))


def choose_key(places: Sequence[str], text: str, diary: str, *, damaged: bool) -> tuple[str | None, str]:
    """Return the page's key and "", or None and the code of what stands in the way.

    The number on which the label and titles in ``places`` agree, else the page's only one, else the diary number. A
    number that is there and damaged is never passed over for another: an appeal names the judgment it is about.
    """
    own = {cases[0] for place in places if (cases := find_cases(place))}
    cases = find_cases(text)
    if any(_hides_case(place, _CASE_LIKE, _BARE) for place in places):
        return None, "key-unreadable"
    if own:
        return (own.pop(), "") if len(own) == 1 else (None, "case-ambiguous")
    if damaged or _hides_case(text, _CASE_LIKE):
        return None, "key-unreadable"
    if len(cases) > 1 and not diary:
        return None, "case-ambiguous"
    return (cases[0] if len(cases) == 1 else diary or None), ""


def _hides_case(text: str, *forms: re.Pattern[str]) -> bool:
    """Tell whether something looks like a case number and cannot be read as one."""
    rest = _DAY.sub("", _CASE.sub("", text))
    return any(form.search(rest) for form in forms)


def find_party(title: str, text: str) -> str:
    """Return the company: the legal name before "även kallat" or its number, else the other side in the title."""
    if told := _TOLD.search(text):
        return told.group(1)
    sides = [hit.group(1) for form in _AGAINST for place in (title, text) if (hit := form.search(place))]
    return sides[0] if sides else ""


def find_brand(text: str) -> str:
    """Return what the company is also called, "" when the page does not say."""
    return brand.group(1).rstrip(".") if (brand := _BRAND.search(text)) else ""


def find_org_number(text: str) -> str | None:
    """Return the one company's number on the page; None when there are several, none, or only a person's."""
    numbers = set()
    for hit in _ORG.finditer(text):
        try:
            digits = read_org_number(hit.group())
        except OrgNumberInvalid:
            continue
        if not is_sole_trader(digits) and not digits.startswith(_STATE):
            numbers.add(digits)
    return numbers.pop() if len(numbers) == 1 else None


def read_outcome(text: str) -> Outcome:
    """Return how the case ended; UNKNOWN where no sentence on what the court did says so."""
    found = set()
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        if _ACTS.search(sentence) and not _CLAIM.search(sentence):
            words = (outcome for outcome, form in _WORDINGS.items() if re.search(form, sentence, re.IGNORECASE))
            found |= {next(words, Outcome.UNKNOWN)}
    found -= {Outcome.UNKNOWN}
    if Outcome.PARTLY in found or found >= {Outcome.BREACH, Outcome.NO_BREACH}:
        return Outcome.PARTLY
    decided = found - {Outcome.UNDECIDED} or found
    return decided.pop() if len(decided) == 1 else Outcome.UNKNOWN
