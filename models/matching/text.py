"""Members' names inside running text: where they stand, whether they end there, and who is said to have done what."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from models.matching.forms import fold
from models.matching.register import Register
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
    off, ``capital`` when it begins with a capital letter.
    """

    first: int
    last: int
    start: int
    end: int
    names: set[int]
    ends: bool
    genitive: bool
    capital: bool


def tokens_of(text: str, most: int = 100_000) -> list[Token]:
    """Return the words of ``text`` with their places."""
    found = []
    for hit in _TOKEN.finditer(text):
        raw = hit.group()
        found.append(Token(fold(raw), raw, hit.start(), hit.end()))
        if len(found) == most:
            break
    return found


def find_names(register: Register, text: str, tokens: Sequence[Token], on: date | None = None) -> list[NameSpan]:
    """Return where names of members stand in ``text``, the longest at each place, from left to right."""
    keys = ["" if token.word in BINDING else token.word for token in tokens]
    longest = register.longest + 2
    found: list[NameSpan] = []
    at = 0
    while at < len(tokens):
        span = _name_at(register, text, tokens, keys, at, longest) if keys[at] else None
        if span is None:
            at += 1
            continue
        found.append(span)
        at = span.last + 1
    return found


def _name_at(
    register: Register, text: str, tokens: Sequence[Token], keys: list[str], at: int, longest: int
) -> NameSpan | None:
    end = min(len(tokens), at + longest)
    for stop in range(end, at, -1):
        if not keys[stop - 1] or (stop - at > 1 and _ENDS.search(text, tokens[at].end, tokens[stop - 1].start)):
            continue
        key = "".join(keys[at:stop])
        names, genitive = register.with_key(key), False
        if not names and len(key) > 4 and key[-1] == "s":
            names, genitive = register.with_key(key[:-1]), True
        if names:
            return _describe(text, tokens, at, stop - 1, names, genitive)
    return None


def _describe(text: str, tokens: Sequence[Token], first: int, last: int, names: set[int], genitive: bool) -> NameSpan:
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
