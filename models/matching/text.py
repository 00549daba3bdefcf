"""Members' names inside running text: where they stand, whether they end there, and who is said to have done what."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.matching.forms import fold
from models.matching.vocabulary import BINDING, COUNTRIES, GROUP_WORDS, LEGAL, SENTENCE_WORDS

_TOKEN = re.compile(r"[^\W_]+")
_ENDS = re.compile(r"[,.;:!?()\[\]\"\n\u201d\u2013\u2014]|\s-|-\s")
_NO_END = frozenset(BINDING) - {"for", "av", "pa", "de", "der"}


@dataclass(slots=True)
class Token:
    """One word of a text: folded, as written, and where."""

    word: str
    raw: str
    start: int
    end: int


@dataclass(slots=True)
class NameSpan:
    """A member's name in a text, ``names`` being the numbers of the register's names that stand there.

    ``ends`` is False when the name may go on (another trade, town or word follows), ``genitive`` when an s was taken
    off, ``capital`` when it begins with a capital letter, ``compound`` when it only begins a longer word.
    """

    first: int
    last: int
    start: int
    end: int
    names: set[int]
    ends: bool
    genitive: bool
    capital: bool
    compound: bool = False


def tokens_of(text: str, most: int = 100_000) -> list[Token]:
    """Return the words of ``text`` with their places."""
    found = []
    for hit in _TOKEN.finditer(text):
        raw = hit.group()
        found.append(Token(fold(raw), raw, hit.start(), hit.end()))
        if len(found) == most:
            break
    return found


def is_unbroken(text: str, tokens: Sequence[Token], first: int, last: int) -> bool:
    """Tell whether nothing that ends a name stands between the first and the last word."""
    return first == last or not _ENDS.search(text, tokens[first].end, tokens[last].start)


def describe_span(
    text: str, tokens: Sequence[Token], first: int, last: int, names: set[int], genitive: bool
) -> NameSpan:
    """Return the span of these words, with the legal form, country or group words that belong to it."""
    capital = tokens[first].raw[0].isupper() or any(c.isupper() for c in tokens[first].raw)
    while last + 1 < len(tokens) and _goes_on(tokens[last + 1].word) and not _ends_between(text, tokens, last):
        last += 1
    if first > 0 and tokens[first - 1].word == "ab" and not _ends_between(text, tokens, first - 1):
        first -= 1
    ends = _is_left_end(text, tokens, first, capital) and _is_right_end(text, tokens, last, capital)
    return NameSpan(first, last, tokens[first].start, tokens[last].end, names, ends, genitive, capital)


def _goes_on(word: str) -> bool:
    return word in LEGAL or word in COUNTRIES or word in GROUP_WORDS


def _ends_between(text: str, tokens: Sequence[Token], at: int) -> bool:
    return _ENDS.search(text, tokens[at].end, tokens[at + 1].start) is not None


def _is_right_end(text: str, tokens: Sequence[Token], last: int, capital: bool) -> bool:
    if last + 1 == len(tokens) or _ends_between(text, tokens, last) or tokens[last].word in LEGAL:
        return True
    following = tokens[last + 1]
    if "-" in text[tokens[last].end : following.start] or "&" in text[tokens[last].end : following.start]:
        return False
    if following.word in _NO_END:
        return last + 2 < len(tokens) and not tokens[last + 2].raw[0].isupper() and following.word != "i"
    return following.word in SENTENCE_WORDS or (capital and following.raw.islower())


def _is_left_end(text: str, tokens: Sequence[Token], first: int, capital: bool) -> bool:
    if first == 0 or _ends_between(text, tokens, first - 1):
        return True
    before = tokens[first - 1]
    if "-" in text[before.end : tokens[first].start] or "&" in text[before.end : tokens[first].start]:
        return False
    if before.word in _NO_END:
        return before.word in SENTENCE_WORDS or (before.word in ("och", "og", "and") and before.raw.islower())
    return before.word in SENTENCE_WORDS or before.word.isdigit() or (capital and before.raw.islower())
