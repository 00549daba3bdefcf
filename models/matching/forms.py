"""Normal forms: a name as written becomes words, keys and legal forms that compare.

"AB Björk & Sön Sverige (publ)"  ->  words björk, sön, sverige; strong björk, sön; legal {ab}; countries {se}
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from rapidfuzz.distance import OSA

from models.matching.vocabulary import (
    AT_THE_END,
    BINDING,
    COMPOUND_FORMS,
    COUNTRIES,
    GROUP_WORDS,
    IN_FRONT,
    LEGAL,
    LONG_FORMS,
    NOISE,
)

LONGEST = 400  # characters of a mention that are read as a name
MOST_WORDS = 40

_FOLD = str.maketrans(
    {
        "å": "a", "ä": "a", "ö": "o", "ø": "o", "æ": "a", "é": "e", "è": "e", "ü": "u", "á": "a", "à": "a", "ó": "o",
        "í": "i", "ë": "e", "ê": "e", "ñ": "n", "ç": "c", "ß": "ss", "đ": "d", "ł": "l", "œ": "o", "þ": "th", "ð": "d",
        "'": None, "’": None, "´": None, "`": None, "\u00ad": None, "\u200b": None, "\ufeff": None,
    }
)  # fmt: skip
_WRITTEN_OUT = str.maketrans({"å": "aa", "ä": "ae", "æ": "ae", "ö": "oe", "ø": "oe", "ü": "ue"})
_HAS_DIACRITICS = re.compile("[åäöæøü]")
_WORD = re.compile(r"[^\W_]+\.?")
_INITIALS = re.compile(r"(?<![^\W_])((?:[^\W\d_]\.){1,6}[^\W\d_])(?![^\W_])\.?")
_SLASHED = re.compile(r"(?<![^\W_])([aik])/(s)(?![^\W_])")
_EK_FOR = re.compile(r"(?<![^\W_])(?:ek\.? ?for(?:ening)?|ekonomisk forening)(?![^\W_])\.?")
_NEVER_FIRST = frozenset({"pa", "av"})  # no name begins with these prepositions: there they are initials
_LEGAL_SURE = frozenset(LEGAL) - AT_THE_END


def fold(text: str) -> str:
    """Return ``text`` in lower case without diacritics; letters of other scripts stay."""
    folded = text.casefold().translate(_FOLD)
    if folded.isascii():
        return folded
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c)).casefold()


class Form:
    """One name in normal form.

    ``words`` are the folded words without legal forms and binding words; ``strong`` those that are not a country's
    or a group's; ``core`` and ``joined`` the two run together; ``spelled`` is ``core`` with ae, aa, oe for the
    diacritics that were written (equal to ``core`` when there were none); ``dotted`` the words that ended in a dot;
    ``written`` the words that had diacritics, with them; ``text`` the name as it stood.
    """

    __slots__ = (
        "core",
        "countries",
        "dotted",
        "joined",
        "legal",
        "spelled",
        "strong",
        "text",
        "weak",
        "words",
        "written",
    )

    def __init__(self, words: tuple[str, ...], strong: tuple[str, ...], weak: frozenset[str], legal: frozenset[str]):
        self.words = words
        self.strong = strong
        self.weak = weak
        self.legal = legal
        self.core = "".join(words)
        self.joined = self.core if len(strong) == len(words) else "".join(strong)
        self.spelled = self.core
        self.countries = frozenset(COUNTRIES[w] for w in weak if w in COUNTRIES) if weak else _NOTHING
        self.dotted: frozenset[str] = _NOTHING
        self.written: Mapping[str, str] = _UNCHANGED
        self.text = ""

    def has_initials(self, word: str) -> bool:
        """Tell whether the mention wrote ``word`` in capitals among other words."""
        return len(word) <= 5 and word.upper() in self.text and not self.text.isupper()


_NOTHING: frozenset[str] = frozenset()
_UNCHANGED: Mapping[str, str] = {}
_LEGAL_SETS: dict[frozenset[str], frozenset[str]] = {_NOTHING: _NOTHING}


@lru_cache(maxsize=200_000)
def _legal_class(word: str) -> tuple[str, str] | None:
    """Return (legal form, rest of the word) for a word that is or ends in a legal form, misspelt long ones too."""
    if word in LEGAL:
        return LEGAL[word], ""
    if len(word) > 12:
        for ending in COMPOUND_FORMS:
            if word.endswith(ending) and len(word) > len(ending) + 2:
                return "ab", word[: -len(ending)].rstrip("s")
    if len(word) >= 8 and word[0] in "ahk":
        for form in LONG_FORMS:
            if OSA.distance(word, form, score_cutoff=2) <= 2:
                return LEGAL[form], ""
    return None


def split_words(text: str) -> tuple[list[str], frozenset[str]]:
    """Return the folded words of ``text`` in order, initials joined (A.B. is ab), and those followed by a dot."""
    folded = fold(text[:LONGEST])
    if "." in folded:
        folded = _INITIALS.sub(lambda hit: hit.group(1).replace(".", ""), folded)
    if "/" in folded:
        folded = _SLASHED.sub(r"\1\2", folded)
    if "ek" in folded:
        folded = _EK_FOR.sub("ekfor", folded)
    words = _WORD.findall(folded)[:MOST_WORDS]
    if "." not in folded:
        return words, _NOTHING
    dotted = frozenset(w[:-1] for w in words if w[-1] == ".")
    return [w.rstrip(".") for w in words], dotted


def form_of(text: str) -> Form:
    """Return the normal form of a company name."""
    found, dotted = split_words(text)
    form = form_of_words(found)
    form.text = text
    if dotted:
        form.dotted = dotted
    lower = text[:LONGEST].casefold()
    if _HAS_DIACRITICS.search(lower):
        spelled, _ = split_words(lower.translate(_WRITTEN_OUT))
        if len(spelled) == len(found):
            form.spelled = form_of_words(spelled).core
        plain = _WORD.findall(lower)
        if len(plain) == len(found):
            form.written = {
                word: as_written.rstrip(".")
                for word, as_written in zip(found, plain, strict=True)
                if word != as_written and not as_written.isascii()
            }
    return form


def form_of_words(found: list[str]) -> Form:
    """Return the normal form of a name already cut into folded words."""
    legal = _NOTHING
    if len(found) > 1:
        found, legal = _take_legal_forms(found)
    words = [w for at, w in enumerate(found) if w not in BINDING or (not at and w in _NEVER_FIRST)] or found
    strong = [w for w in words if w not in COUNTRIES and w not in GROUP_WORDS]
    if len(strong) == len(words):
        whole = tuple(words)
        form = Form(whole, whole, _NOTHING, legal)
    else:
        weak = frozenset(w for w in words if w in COUNTRIES or w in GROUP_WORDS)
        form = Form(tuple(words), tuple(strong), weak, legal)
    return form


def _take_legal_forms(found: list[str]) -> tuple[list[str], frozenset[str]]:
    """Split ``found`` into the words of the name and its legal forms; a short form counts only at an end."""
    kept: list[str] = []
    forms: set[str] = set()
    last = len(found) - 1
    if last > 1 and found[last] in NOISE and found[last - 1] in LEGAL:
        last -= 1  # "Bolaget AB org"
    end = last
    while end > 0 and (found[end] in LEGAL or (len(found[end]) == 1 and found[end] in "&")):
        forms.add(LEGAL[found[end]])
        end -= 1
    start = 0
    if found[0] in IN_FRONT and end > 0:
        forms.add(LEGAL[found[0]])
        start = 1
    for word in found[start : end + 1]:
        if word in _LEGAL_SURE:
            forms.add(LEGAL[word])
        elif len(word) >= 8 and (hit := _legal_class(word)):
            forms.add(hit[0])
            if hit[1]:
                kept.append(hit[1])
        else:
            kept.append(word)
    if not kept:
        return found, _NOTHING
    key = frozenset(forms)
    return kept, _LEGAL_SETS.setdefault(key, key)
