"""What a word is worth: learned by counting in how many companies' names it stands.

"Energi" in three thousand names says little, "Tymensera" in one says who is meant. A small register cannot tell the
two apart by counting, so a short prior of trade words, towns and surname patterns speaks until the counts do.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from models.matching.vocabulary import (
    BINDING,
    COUNTRIES,
    GROUP_WORDS,
    PATRONYMIC_STEMS,
    PATRONYMIC_TAILS,
    SURNAME_HEADS,
    SURNAME_TAILS,
    TOWNS,
    TRADE_WORDS,
)

WEAK, COMMON, SURNAME, OWN = 0.05, 0.45, 0.8, 1.0

_SURNAME = re.compile(rf"(?:{SURNAME_HEADS})(?:{SURNAME_TAILS})?s?|(?:{PATRONYMIC_STEMS})(?:{PATRONYMIC_TAILS})")


class Words:
    """How often words stand in names, over members and, where there is a file of them, all companies."""

    def __init__(
        self, names: Iterable[Collection[str]], companies: Mapping[str, int] | None = None, company_count: int = 0
    ) -> None:
        self.among_members: Counter[str] = Counter()
        members = 0
        for words in names:
            self.among_members.update(set(words))
            members += 1
        self.among_companies: Mapping[str, int] = companies or {}
        total = members + company_count
        self.common_from = max(4.0, 4.0 * (total / 300) ** 0.25)
        self._weights: dict[str, float] = {}
        # letters of a one-word name that may not hold a slip: with many members some name is always a letter away
        self.short_name = 5 + max(0.0, 1.5 * math.log10(max(members, 1) / 300))
        self.initials: set[str] = set()  # words that members' names write in capitals (SEB)

    def count(self, word: str) -> int:
        """Return in how many names ``word`` stands."""
        return self.among_members[word] + self.among_companies.get(word, 0)

    def weight(self, word: str) -> float:
        """Return 0.05 for a country's or a group's word up to 1.0 for a word of the company's own."""
        known = self._weights.get(word)
        if known is None:
            known = self._weights[word] = self._weigh(word)
        return known

    def _weigh(self, word: str) -> float:
        if word in COUNTRIES or word in GROUP_WORDS or word in BINDING:
            return WEAK
        if is_prior_common(word) or self.count(word) >= self.common_from:
            return COMMON
        return SURNAME if is_surname(word) else OWN

    def is_common(self, word: str) -> bool:
        """Tell whether ``word`` alone can name nobody: a trade, a town, a country, or a word of many companies."""
        return self.weight(word) <= COMMON

    def is_established(self, written: str, meant: str) -> bool:
        """Tell whether ``written`` is a word in its own right, and so no misspelling of ``meant``."""
        if is_prior_common(written) or (is_surname(written) and is_surname(meant)):
            return True
        count = self.count(written)
        return count > 0 and count * 20 >= self.count(meant)


def is_prior_common(word: str) -> bool:
    """Tell whether the built-in prior knows ``word`` as a trade's, a town's, a country's or a group's."""
    return word in TRADE_WORDS or word in TOWNS or word in GROUP_WORDS or word in COUNTRIES


def is_surname(word: str) -> bool:
    """Tell whether ``word`` is built like a Nordic surname, genitive or not."""
    return len(word) >= 4 and _SURNAME.fullmatch(word) is not None
