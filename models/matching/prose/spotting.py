"""Where members' names stand in a running text: one pass over its letters, however many names there are.

The text's words are run together as the register's keys are, so that "Dialog Huset" is "Dialoghuset" and "ABC-Samtal"
is "ABC Samtal", and an Aho-Corasick automaton (Aho and Corasick 1975) over all keys reads them once. A hit counts only
when it begins where a word begins and ends where one ends, with or without a genitive s, or where the rest of the word
is what one sells or who sells it ("Telvindaavtalet").
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import ahocorasick

from models.matching.register import Register
from models.matching.text import NameSpan, Token, describe_span, is_unbroken
from models.matching.vocabulary import BINDING

_COMPOUNDED = frozenset(
    """saljare saljaren saljarna forsaljare forsaljaren forsaljarna samtal samtalet samtalen avtal avtalet avtalen
    abonnemang abonnemanget kund kunder kunden faktura fakturan fakturor kille killen tjej tjejen folket gubben
    kundtjanst kundtjansten personal personalen reklam reklamen ringare ringarna bluff bluffen
    """.split()
)
_SHORTEST_COMPOUNDED = 5  # letters of a name that may begin a longer word


class Spotter:
    """All names of a register, ready to be found. Building takes about two seconds for 100,000 names."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_LENGTH)
        for keys in (register.by_core, register.by_joined):
            for key in keys:
                if key:
                    self._automaton.add_word(key)
        if len(self._automaton):
            self._automaton.make_automaton()

    def find(self, text: str, tokens: Sequence[Token]) -> list[NameSpan]:
        """Return where names stand in ``text``, the longest at each place, from left to right."""
        found: list[NameSpan] = []
        past = -1
        for first, last, key, ending in self._choose(text, tokens):
            if first <= past:
                continue
            names = self._register.with_key(key)
            span = describe_span(text, tokens, first, last, names, ending == "s")
            span.compound = len(ending) > 1
            found.append(span)
            past = span.last
        return found

    def _choose(self, text: str, tokens: Sequence[Token]) -> list[tuple[int, int, str, str]]:
        """Return (first word, last word, key, letters after it) of the best hit at each first word, in order."""
        if not len(self._automaton):
            return []
        words = [at for at, token in enumerate(tokens) if token.word not in BINDING]
        joined = "".join([tokens[at].word for at in words])
        best: dict[int, tuple[tuple[bool, int], int, str, str]] = {}
        for place, last, key, ending in self._list_hits(joined, words, tokens):
            first = words[place]
            rank = (len(ending) < 2, len(key))
            better = first not in best or rank > best[first][0]
            if better and is_unbroken(text, tokens, first, words[last]):
                best[first] = (rank, words[last], key, ending)
        return [(first, last, key, ending) for first, (_, last, key, ending) in sorted(best.items())]

    def _list_hits(
        self, joined: str, words: Sequence[int], tokens: Sequence[Token]
    ) -> Iterator[tuple[int, int, str, str]]:
        """Yield (place of the first word, of the last, key, letters that follow in the last word) of every hit."""
        starts: dict[int, int] = {}
        ends: list[int] = []
        at = 0
        for place, number in enumerate(words):
            starts[at] = place
            at += len(tokens[number].word)
            ends.append(at)
        for end, length in self._automaton.iter(joined):
            first = starts.get(end + 1 - length)
            if first is None:
                continue
            last = bisect_left(ends, end + 1)
            ending = joined[end + 1 : ends[last]]
            if not ending or (ending == "s" and length > 3) or self._may_be_compound(ending, length):
                yield first, last, joined[end + 1 - length : end + 1], ending

    @staticmethod
    def _may_be_compound(ending: str, length: int) -> bool:
        bare = ending.removeprefix("s")
        return length >= _SHORTEST_COMPOUNDED and (ending in _COMPOUNDED or bare in _COMPOUNDED)
