"""How well one name fits what was written: a score, the rule that gave it, and what keeps it from counting by itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

from models.matching.alignment import Alignment, align
from models.matching.forms import Form
from models.matching.vocabulary import FORM_COUNTRY
from models.matching.weights import OWN, WEAK, Words

SAME, SAME_LETTERS, SAME_STRONG, OTHER_ORDER = 1.0, 0.97, 0.97, 0.96
ONE_COMMON_WORD = 0.6
SAYS_LESS, SAYS_LESS_COMMON, SAYS_MORE = 0.92, 0.62, 0.6
UNLIKE = 0.3
SLIP, LENGTH_POWER, COMMON_SHARE = 0.30, 0.75, 0.35
CAPPED = 0.88

WHY = {
    "same-name": "Same name as {name}",
    "same-letters": "Same letters as {name}, only spaces or spelling of å, ä, ö differ",
    "same-strong-words": "Same as {name} but for a country's or a group's word",
    "other-order": "Same words as {name} in another order",
    "misspelt": "Reads as {name} with a slip of the pen",
    "joined": "Same as {name}, written together or apart",
    "abbreviated": "An abbreviation of {name}",
    "says-less": "The word of its own in {name}, without the rest",
    "says-more": "{name} and further words",
    "unlike": "Other words than {name}",
}

AGAINST = {
    "other-legal-form": "another legal form than the member's",
    "foreign": "a mark of another country",
    "one-common-word": "one common word, a town or a trade, names nobody",
    "initials": "initials only",
    "says-more": "the mention says more than the member's name",
    "says-less": "the mention says less than the member's name, and others may share the words",
    "short-word": "too short a word to forgive a slip in",
}


@dataclass(slots=True)
class Fit:
    """How one name fits: ``caps`` are the reasons why a person must look, whatever the score."""

    score: float
    rule: str
    caps: list[str] = field(default_factory=list)
    alignment: Alignment | None = None


def fit(form: Form, name: Form, words: Words, is_alone: Callable[[list[str]], bool]) -> Fit:
    """Compare a mention with a name. ``is_alone`` tells of words whether this company alone has them."""
    found = _fit_exactly(form, name)
    if found is None:
        found = _fit_aligned(form, name, words, is_alone)
    if found.score <= UNLIKE:
        return found
    if form.legal and name.legal and not form.legal & name.legal:
        found.caps.append("other-legal-form")
    if _is_foreign(form, name):
        found.caps.append("foreign")
    meant = form.strong or form.words
    if len(meant) == 1 and (not form.strong or words.is_common(meant[0])) and found.rule != "abbreviated":
        if len(form.words) == 1 or found.rule not in ("same-name", "same-letters"):
            found.caps.append("one-common-word")
            found.score = min(found.score, ONE_COMMON_WORD)
    if found.caps:
        found.score = min(found.score, CAPPED)
    return found


def _fit_exactly(form: Form, name: Form) -> Fit | None:
    if form.words == name.words:
        return Fit(SAME, "same-name")
    if form.core == name.core or form.spelled == name.core or form.core == name.spelled:
        return Fit(SAME_LETTERS, "same-letters")
    if not form.strong or not name.strong:
        return None
    if form.joined == name.joined or form.spelled == name.joined:
        return Fit(SAME_STRONG, "same-strong-words")
    if len(form.strong) == len(name.strong) > 1 and sorted(form.strong) == sorted(name.strong):
        return Fit(OTHER_ORDER, "other-order")
    return None


def _is_foreign(form: Form, name: Form) -> bool:
    home = name.countries | {FORM_COUNTRY[f] for f in name.legal if f in FORM_COUNTRY}
    here = form.countries | {FORM_COUNTRY[f] for f in form.legal if f in FORM_COUNTRY}
    return bool(home and here - home)


def _fit_aligned(form: Form, name: Form, words: Words, is_alone: Callable[[list[str]], bool]) -> Fit:
    written, meant = form.strong or form.words, name.strong or name.words
    lain = align(written, meant, words, form.dotted)
    if not lain.pairs or (lain.left_written and lain.left_meant):
        return Fit(UNLIKE, "unlike", alignment=lain)
    score = 1 - _slip_penalty(lain, words)
    if not lain.in_order:
        score -= 1 - OTHER_ORDER
    if lain.left_written:
        return _fit_more(lain, score, words)
    if lain.left_meant:
        return _fit_less(lain, score, meant, words, is_alone)
    if lain.has("initials"):
        return Fit(min(score, CAPPED), "abbreviated", ["initials"], lain)
    rule = "abbreviated" if lain.has("short") else "misspelt" if lain.has("slip") else "joined"
    found = Fit(score, rule, [], lain)
    if any(kind == "slip" and cost > 0.7 and is_initialism(meant) for _, meant, kind, cost in lain.pairs):
        found.caps.append("short-word")
        found.score = min(found.score, 0.7)
    return found


def is_initialism(word: str) -> bool:
    """Tell whether a word reads as initials: four letters at most, or without a vowel."""
    return len(word) <= 4 and not any(letter in "aeiouy" for letter in word)


def _slip_penalty(lain: Alignment, words: Words) -> float:
    letters = sum(len(pair[1]) for pair in lain.pairs)
    cost = 0.0
    for _, meant, kind, slips in lain.pairs:
        if slips:
            weight = max((words.weight(word) for word in meant.split()), default=OWN)
            cost += slips * (COMMON_SHARE + (1 - COMMON_SHARE) * weight) if kind != "joined" else slips
    return SLIP * cost / max(letters, 1) ** LENGTH_POWER


def _fit_more(lain: Alignment, score: float, words: Words) -> Fit:
    """The mention has words that the name lacks: another company of that name, or a person must say."""
    shared = sum(words.weight(word) for pair in lain.pairs for word in pair[1].split())
    extra = sum(words.weight(word) for word in lain.left_written)
    if extra > shared + WEAK or score < 0.9:
        return Fit(UNLIKE, "unlike", alignment=lain)
    return Fit(min(score, SAYS_MORE), "says-more", ["says-more"], lain)


def _fit_less(
    lain: Alignment, score: float, meant: tuple[str, ...], words: Words, is_alone: Callable[[list[str]], bool]
) -> Fit:
    """The name has words that the mention lacks: sure only when what is shared begins it and is this company's own."""
    shared = [word for pair in lain.pairs for word in pair[1].split()]
    begins = list(meant[: len(shared)]) == shared
    if any(words.weight(word) >= OWN for word in shared) and begins and is_alone(shared):
        found = Fit(score - (1 - SAYS_LESS), "says-less", [], lain)
        if score < 1 or lain.has("short"):
            found.caps.append("says-less")
        return found
    if all(words.is_common(word) for word in shared) or not begins:
        return Fit(UNLIKE, "unlike", alignment=lain)
    return Fit(min(score - 0.1, SAYS_LESS_COMMON), "says-less", ["says-less"], lain)
