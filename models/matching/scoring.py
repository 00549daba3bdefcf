"""How well one name fits what was written: a score, the rule that gave it, and what keeps it from counting alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from rapidfuzz.distance import Indel

from models.matching.alignment import DOUBLED, JOINED, ONE_MORE, SWAPPED, Alignment, align, is_misspelt_weak
from models.matching.forms import Form
from models.matching.vocabulary import FORM_COUNTRY
from models.matching.weights import COMMON, OWN, WEAK, Words, is_prior_common

SAME, SAME_LETTERS, SAME_STRONG, OTHER_ORDER = 1.0, 0.97, 0.97, 0.96
ONE_COMMON_WORD = 0.6
SAYS_LESS, SAYS_LESS_SHORT, SAYS_LESS_SHARED, SAYS_LESS_COMMON, SAYS_MORE = 0.935, 0.915, 0.87, 0.62, 0.6
MOST_SLIPS, LONG_WORD = 1.6, 11  # cost in one word shorter than eleven letters
MOST_SLIPS_LONG = 2.35  # in a longer word, or in one of six letters or more beside a word that agrees
MOST_SLIPS_COMMON = (
    3.4  # in a trade's word: what is no word itself can be no other trade, but not every letter is a slip
)
MOST_ALONE, LONG_NAME = 1.15, 9  # cost in a name of one word shorter than nine letters
LONG_ENOUGH = 5  # letters of a word of the company's own that may stand for the whole name
UNLIKE = 0.3
WEAK_MISSPELT = 0.02
UNLIKELY = 0.82  # a score below it with a letter that no slip explains: another word rather than this one misspelt
LEAST_LIKE = 0.6  # of two names without a common word, letters in order; below that no alignment is tried
SLIP, OTHER_LETTERS, COMMON_SHARE = 0.40, 0.5, 0.35
RANKED = 0.1  # how much of the likeness stays in a capped score, so that the likelier is asked about first
CAPPED = {  # how high a score a reason for review leaves: it ranks what people are asked
    "other-legal-form": 0.925,
    "foreign": 0.9,
    "one-common-word": 0.6,
    "initials": 0.925,
    "says-more": 0.6,
    "says-less": 0.875,
    "slips": 0.94,
    "short-word": 0.7,
    "short-name": 0.925,
    "sounds-alike": 0.85,
    "order-tells": 0.85,
    "out-of-date": 0.7,
    "runner-up": 0.8,
    "contested": 0.8,
    "near-non-member": 0.8,
}

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
    "order-tells": "common words in another order may be another company",
    "sounds-alike": "another word that sounds or begins alike",
    "slips": "more slips than a hurried hand makes",
    "short-name": "too short a name to forgive a slip in",
    "short-word": "initials, or too short a word to forgive a slip in",
}


@dataclass(slots=True)
class Fit:
    """How one name fits: ``caps`` are the reasons why a person must look, ``likeness`` the score without them."""

    score: float
    rule: str
    caps: list[str] = field(default_factory=list)
    alignment: Alignment | None = None
    likeness: float = 0.0


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
    one_common = len(meant) == 1 and (not form.strong or words.is_common(meant[0])) and found.rule != "abbreviated"
    if one_common and (len(form.words) == 1 or not _is_whole(form, name, words)):
        found.caps.append("one-common-word")
    if found.rule == "other-order" and _is_order_telling(form, name, words):
        found.caps.append("order-tells")
    found.likeness = found.score
    for cap in found.caps:
        found.score = min(found.score, max(CAPPED[cap] - RANKED * (1 - found.likeness), UNLIKE))
    return found


def _is_order_telling(form: Form, name: Form, words: Words) -> bool:
    """Tell whether two common words changed places (Nord Syd, Syd Nord), neither a trade, a town nor of its own."""
    moved = [word for word in form.strong if not is_prior_common(word)]
    return moved != [word for word in name.strong if not is_prior_common(word)] and not any(
        words.weight(word) >= OWN for word in moved
    )


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


def _is_whole(form: Form, name: Form, words: Words) -> bool:
    """Tell whether every word of both is paired, those of a country or a group too."""
    lain = align(form, name, words, all_words=True)
    left = (*lain.left_written, *lain.left_meant)
    return not left or (len(lain.pairs) > 1 and all(words.weight(word) <= WEAK for word in left))


def _is_foreign(form: Form, name: Form) -> bool:
    home = name.countries | {FORM_COUNTRY[f] for f in name.legal if f in FORM_COUNTRY}
    here = form.countries | {FORM_COUNTRY[f] for f in form.legal if f in FORM_COUNTRY}
    return bool(home and here - home)


def _fit_aligned(form: Form, name: Form, words: Words, is_alone: Callable[[list[str]], bool]) -> Fit:
    meant = name.strong or name.words
    if (
        set(form.words).isdisjoint(name.words)
        and Indel.normalized_similarity(form.joined or form.core, name.joined or name.core) < LEAST_LIKE
    ):
        return Fit(UNLIKE, "unlike")
    lain = align(form, name, words)
    misspelt = _take_misspelt_weak(lain, name, words)
    if not lain.pairs or (lain.left_written and lain.left_meant):
        return Fit(UNLIKE, "unlike", alignment=lain)
    score = 1 - _slip_penalty(lain, words) - WEAK_MISSPELT * misspelt
    if not lain.in_order:
        score -= 1 - OTHER_ORDER
    if lain.left_written:
        return _fit_more(lain, score, name, words)
    if lain.left_meant:
        return _fit_less(lain, score, meant, words, is_alone, bool(form.legal))
    if not lain.in_order and not lain.cost and _is_order_telling(form, name, words):
        return Fit(score, "other-order", [], lain)
    if (lain.has("short") or lain.has("initials")) and not lain.has("same") and not lain.has("slip"):
        return Fit(UNLIKE, "unlike", alignment=lain)  # an abbreviation needs a word beside it that tells
    if lain.has("initials"):
        return _fit_initials(lain, score, words)
    slipped = misspelt or lain.has("slip") or lain.has("sound")
    rule = "abbreviated" if lain.has("short") else "misspelt" if slipped else "joined"
    found = Fit(score, rule, [], lain)
    for written, word, kind, cost in lain.pairs:
        if cost > _most_slips(word, kind, lain, words):
            found.caps.append("slips")
        if kind != "slip":
            continue
        if cost > SWAPPED and (word in words.initials or is_initialism(word) or form.has_initials(written)):
            found.caps.append("short-word")
        elif _is_too_short(word, cost, len(lain.pairs) == 1, words) or (
            len(lain.pairs) == 1 and len(written) < LONG_ENOUGH
        ):
            found.caps.append("short-name")
    if "slips" in found.caps and score < UNLIKELY:
        return Fit(UNLIKE, "unlike", alignment=lain)
    if lain.has("sound"):
        found.caps.append("sounds-alike")
    return found


def _take_misspelt_weak(lain: Alignment, name: Form, words: Words) -> int:
    """Take away what is left of the mention but is a country or group word of the name, misspelt; return how many.

    Where nothing but trades and towns is shared, that very word tells: Nordisk Energi is not Nordic Energi.
    """
    if not (lain.left_written and name.weak) or all(
        words.is_common(word) for pair in lain.pairs for word in pair[1].split()
    ):
        return 0
    kept = [word for word in lain.left_written if words.count(word) or not is_misspelt_weak(word, name.weak)]
    taken = len(lain.left_written) - len(kept)
    lain.left_written = kept
    return taken


def _most_slips(word: str, kind: str, lain: Alignment, words: Words) -> float:
    """Return what slips in ``word`` may cost before a person must look."""
    if kind == "joined":
        return JOINED
    if kind != "slip":
        return math.inf
    if words.is_common(word) and len(lain.pairs) > 1:
        return MOST_SLIPS_COMMON
    if len(word) >= LONG_WORD or (len(word) > LONG_ENOUGH and lain.has("same")):
        return MOST_SLIPS_LONG
    return MOST_SLIPS


def _fit_initials(lain: Alignment, score: float, words: Words) -> Fit:
    """A word that one member has, and the first letters of all its others: that they agree by chance is unlikely."""
    shared = [meant for _, meant, kind, _ in lain.pairs if kind == "same"]
    sure = any(words.among_members[word] == 1 and not words.is_common(word) for word in shared)
    return Fit(score, "abbreviated", [] if sure else ["initials"], lain)


def _is_too_short(word: str, cost: float, alone: bool, words: Words) -> bool:
    """Tell whether a slip makes too much of a short word; the more members, the sooner some name is a letter away."""
    if alone and cost > MOST_ALONE and len(word) < LONG_NAME:
        return True
    if cost > SWAPPED and len(word) <= (words.short_name if alone else words.short_name - 2):
        return True
    return alone and len(word) < (LONG_ENOUGH if cost > DOUBLED else words.short_name - 2)


def is_initialism(word: str) -> bool:
    """Tell whether a word reads as initials: four letters at most, or without a vowel."""
    return len(word) <= 4 and not any(letter in "aeiouy" for letter in word)


def _slip_penalty(lain: Alignment, words: Words) -> float:
    cost, letters = 0.0, 0.0
    for _, meant, kind, slips in lain.pairs:
        if slips:
            weight = max((words.weight(word) for word in meant.split()), default=OWN)
            cost += slips * (COMMON_SHARE + (1 - COMMON_SHARE) * weight) if kind != "joined" else slips
            letters += len(meant)
        else:
            letters += OTHER_LETTERS * len(meant)
    return SLIP * cost / max(letters, 1.0)


def _fit_more(lain: Alignment, score: float, name: Form, words: Words) -> Fit:
    """The mention has words that the name lacks: another company of that name, or a person must say.

    Trades and towns alone tell only when all words of the name are there, and nothing but trades and towns beside them.
    """
    shared = [word for pair in lain.pairs for word in pair[1].split()]
    extra = sum(words.weight(word) for word in lain.left_written)
    tells = any(not words.is_common(word) for word in shared)
    if not tells and (len(shared) < 2 or name.weak or extra > COMMON):
        return Fit(UNLIKE, "unlike", alignment=lain)
    if extra > sum(map(words.weight, shared)) + WEAK or score < 0.9:
        return Fit(UNLIKE, "unlike", alignment=lain)
    return Fit(min(score, SAYS_MORE), "says-more", ["says-more"], lain)


def _fit_less(
    lain: Alignment,
    score: float,
    meant: tuple[str, ...],
    words: Words,
    is_alone: Callable[[list[str]], bool],
    is_company: bool,
) -> Fit:
    """The name has words that the mention lacks: sure only when what is shared begins it and is this company's own.

    Two words without a legal form may be the person that a company is named after.
    """
    shared = [word for pair in lain.pairs for word in pair[1].split()]
    begins = list(meant[: len(shared)]) == shared
    skips = not begins and lain.in_order and not lain.cost and meant[0] == shared[0] and is_alone(shared[:1])
    if (
        not (begins or (skips and words.weight(meant[0]) >= OWN))
        or all(words.is_common(word) for word in shared)
        or lain.cost > ONE_MORE
    ):
        return Fit(UNLIKE, "unlike", alignment=lain)
    found = Fit(SAYS_LESS_COMMON, "says-less", ["says-less"], lain)
    if skips:
        return found
    if lain.cost or not any(words.weight(word) >= OWN for word in shared):
        found.score = min(score - 0.1, SAYS_LESS_COMMON)
    elif is_alone(shared):
        long_enough = max(map(len, shared)) >= LONG_ENOUGH
        found.score = SAYS_LESS if long_enough else SAYS_LESS_SHORT
        if long_enough and (is_company or len(shared) == 1):
            found.caps = []
    elif any(words.among_members[word] == 1 for word in shared):
        found.score = SAYS_LESS_SHARED
    return found
