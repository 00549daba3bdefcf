"""Two names side by side, word by word: equal, misspelt, run together, abbreviated, or left over.

A slip of the pen is weighed by how people slip: a doubled letter or two swapped ones cost little, a neighbouring key
more, any other letter so much that it rather is another company.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz.distance import OSA

from models.matching.forms import Form, fold
from models.matching.vocabulary import COUNTRIES, DOTTED_WEAK, GROUP_WORDS, TRADE_WORDS
from models.matching.weights import Words, is_prior_common

DOUBLED, SWAPPED, NEIGHBOUR, SOUND, ONE_MORE, OTHER, AT_FIRST = 0.5, 0.7, 0.85, 0.8, 1.1, 3.5, 0.4
MOST_IN_WORD, MOST_IN_JOINED = 4.6, 1.6
MOST_AT_FIRST = 2.7  # in a word that begins with another letter: eyes and fingers seldom miss the first
NO_DOTS = 0.1  # å, ä, ö written without
MISREAD = 0.4  # a digit for the letter it looks like
OTHER_NUMBER = 5.0  # 3Klöver and 4Klöver are two companies
JOINED, ABBREVIATED, INITIALS = 0.3, 0.9, 1.6

_ROWS = ("1234567890", "qwertyuiopå", "asdfghjklöä", "zxcvbnm")
_SOUNDS = {frozenset(p) for p in ("ck", "vw", "sz", "iy", "gj", "kq", "äe", "åo")}
_LOOKS = {frozenset(p) for p in ("0o", "1l", "1i", "5s", "8b")}  # read wrong by a scanner
_SAME = {frozenset(p) for p in ("åa", "äa", "öo", "øo", "øö", "æä", "æa", "ée")}
_VOWEL_SOUNDS = {frozenset(p) for p in ("ae", "ao")}  # a written for ä or å, heard as e or o
_NEIGHBOURS: set[frozenset[str]] = set()
for _y, _row in enumerate(_ROWS):
    for _x, _key in enumerate(_row):
        for _near in (_ROWS[_y][_x + 1 : _x + 2], *(r[max(0, _x - 1) : _x + 2] for r in _ROWS[_y + 1 : _y + 2])):
            _NEIGHBOURS.update(frozenset((_key, other)) for other in _near if other != _key)


def allowed_slips(length: int) -> int:
    """Return how many slips a word of ``length`` letters may hold and still be that word."""
    return 0 if length < 4 else 1 if length <= 5 else 2 if length <= 8 else 3


@lru_cache(maxsize=50_000)
def sound_of(word: str) -> str:
    """Return how ``word`` sounds to a Swedish ear, for spellings such as ck and k, qv and kv, sch and sk."""
    for written, heard in (("sch", "sk"), ("ph", "f"), ("th", "t"), ("ck", "k"), ("x", "ks"), ("qu", "kv")):
        if written in word:
            word = word.replace(written, heard)
    word = word.translate(_HEARD)
    return "".join(c for i, c in enumerate(word) if i == 0 or c != word[i - 1])


_HEARD = str.maketrans({"c": "k", "q": "k", "w": "v", "z": "s", "y": "i", "ä": "e", "æ": "e", "å": "o", "ø": "ö"})


@lru_cache(maxsize=100_000)
def slip_cost(written: str, meant: str) -> float | None:
    """Return what it costs to take ``written`` for a misspelt ``meant``, or None when it is another word.

    Both in lower case with the diacritics they were written with.
    """
    plain = written if written.isascii() else fold(written)
    plain_meant = meant if meant.isascii() else fold(meant)
    allowed = min(allowed_slips(len(plain) + 1), allowed_slips(len(plain_meant)))
    if OSA.distance(plain, plain_meant, score_cutoff=allowed) > allowed:
        if allowed and plain[0] == plain_meant[0] and sound_of(written) == sound_of(meant):
            return SOUND
        return None
    cost = _weigh_slips(written, meant)
    if cost > SOUND and sound_of(written) == sound_of(meant):
        cost = SOUND
    return cost if cost <= (MOST_IN_WORD if plain[0] == plain_meant[0] else MOST_AT_FIRST) else None


def _weigh_slips(written: str, meant: str) -> float:
    """Return the cost of the cheapest of the shortest ways to slip from ``meant`` to ``written`` (Damerau's distance).

    Shortest first: another letter in place of one is no doubled letter beside a lost one.
    """
    more = [_EDIT + _extra_cost(meant, j) for j in range(len(meant))]
    older: list[float] = []
    before: list[float] = []
    row = [0.0]
    for cost in more:
        row.append(row[-1] + cost)
    for i, letter in enumerate(written):
        fewer = _EDIT + _extra_cost(written, i)
        older, before, row = before, row, [row[0] + fewer]
        for j, other in enumerate(meant):
            if letter == other:
                best = before[j]
            elif i and j and letter == meant[j - 1] and other == written[i - 1]:
                best = older[j - 1] + _EDIT + SWAPPED
            else:
                best = before[j] + _EDIT + _replace_cost(letter, other)
            lost, added = before[j + 1] + fewer, row[j] + more[j]
            if lost < best:  # compared by hand: this is the innermost loop, and min() costs a call
                best = lost
            row.append(added if added < best else best)
    at_first = written[0] != meant[0] and written[:2] != meant[1::-1]
    return row[-1] % _EDIT + (AT_FIRST if at_first else 0.0)


_EDIT = 64.0  # more than any word's slips cost


@lru_cache(maxsize=5_000)
def _replace_cost(one: str, two: str) -> float:
    pair = frozenset((one, two))
    if pair in _SAME:
        return NO_DOTS
    if pair in _LOOKS:
        return MISREAD
    if one.isdigit() or two.isdigit():
        return OTHER_NUMBER
    if pair in _SOUNDS:
        return SOUND
    if pair in _NEIGHBOURS:
        return NEIGHBOUR
    return 1.5 if pair in _VOWEL_SOUNDS else OTHER


def _extra_cost(word: str, at: int) -> float:
    letter = word[at]
    if letter.isdigit():
        return OTHER_NUMBER
    beside = word[at - 1 : at] + word[at + 1 : at + 2]
    if letter in beside or (letter == "c" and "k" in beside):
        return DOUBLED
    if letter == "s" and at == len(word) - 1:
        return DOUBLED  # a genitive
    return ONE_MORE


@dataclass(slots=True)
class Alignment:
    """How the strong words of a mention lie against those of a name.

    ``pairs`` are (word written, word meant, kind, cost); kinds are same, slip, sound (another word that
    sounds alike), joined, short, initials.
    """

    pairs: list[tuple[str, str, str, float]] = field(default_factory=list)
    left_written: list[str] = field(default_factory=list)
    left_meant: list[str] = field(default_factory=list)
    in_order: bool = True

    @property
    def cost(self) -> float:
        """Return the cost of all pairs together."""
        return sum(pair[3] for pair in self.pairs)

    def has(self, kind: str) -> bool:
        """Tell whether any pair is of ``kind``."""
        return any(pair[2] == kind for pair in self.pairs)


def align(written: Form, meant: Form, words: Words, all_words: bool = False) -> Alignment:
    """Lay the words of a mention against those of a name; each word is used once, the cheapest pairs first.

    Country and group words are left out unless ``all_words``, or unless there are no others.
    """
    found = Alignment()
    left = list(meant.words if all_words else meant.strong or meant.words)
    order = left.copy()
    rest = []
    last = -1
    for word in written.words if all_words else written.strong or written.words:
        if word in left:
            left.remove(word)
            found.pairs.append((word, word, "same", 0.0))
            at = order.index(word)
            found.in_order = found.in_order and at >= last
            last = at
        else:
            rest.append(word)
    if rest and left:
        rest, left = _pair_slips(found, rest, left, _Spelling(written, meant), words)
    if rest and left and len(rest) != len(left):
        rest, left = _pair_joined(found, rest, left, _Spelling(written, meant))
    if rest and left:
        rest, left = _pair_short(found, rest, left, words, written.dotted)
    found.left_written, found.left_meant = rest, left
    return found


class _Spelling:
    """Costs between folded words of two forms, weighed on how they were written where that is known."""

    __slots__ = ("meant", "written")

    def __init__(self, written: Form, meant: Form) -> None:
        self.written, self.meant = written.written, meant.written

    def cost(self, word: str, other: str) -> float | None:
        more = len(word) - len(other)
        if not -3 <= more <= 3:
            return None
        if more == 1 and word[-1] == "i" and word[:-1] == other:
            return JOINED  # "VVSi Malmö"
        cost = slip_cost(word, other)
        if cost and (self.written or self.meant):
            cost = slip_cost(self.written.get(word, word), self.meant.get(other, other))
        for spelled, letter in _SPELLED_OUT if other in self.meant else ():
            if spelled in word:
                plain = slip_cost(word.replace(spelled, letter), other)
                if plain is not None and (cost is None or plain + NO_DOTS < cost):
                    cost = plain + NO_DOTS
        return cost


_SPELLED_OUT = (("ae", "a"), ("oe", "o"), ("aa", "a"))


def _pair_slips(
    found: Alignment, rest: list[str], left: list[str], spelling: _Spelling, words: Words
) -> tuple[list[str], list[str]]:
    offers = []
    for i, word in enumerate(rest):
        for j, other in enumerate(left):
            cost = spelling.cost(word, other)
            if cost is None:
                continue
            if _is_genitive(word, other) and other not in TRADE_WORDS:
                offers.append((cost, i, j, "sound"))
            elif cost <= DOUBLED or not words.is_established(word, other):
                offers.append((cost, i, j, "slip"))
            elif sound_of(word) == sound_of(other):
                offers.append((cost, i, j, "sound"))
    if not offers:
        return rest, left
    used_i: set[int] = set()
    used_j: set[int] = set()
    for cost, i, j, kind in sorted(offers):
        if i not in used_i and j not in used_j:
            used_i.add(i)
            used_j.add(j)
            found.pairs.append((rest[i], left[j], kind, cost))
    return [w for i, w in enumerate(rest) if i not in used_i], [w for j, w in enumerate(left) if j not in used_j]


def _is_genitive(word: str, other: str) -> bool:
    """Tell whether two names differ by an s only: Norberg and Norbergs are two companies as often as one."""
    return word == other + "s" or other == word + "s"


def _pair_joined(
    found: Alignment, rest: list[str], left: list[str], spelling: _Spelling
) -> tuple[list[str], list[str]]:
    written, meant = "".join(rest), "".join(left)
    cost = 0.0
    if written != meant:
        whole = "".join(spelling.written.get(word, word) for word in rest)
        near = slip_cost(whole, "".join(spelling.meant.get(word, word) for word in left))
        if near is None or near > MOST_IN_JOINED or abs(len(written) - len(meant)) > 1:
            return rest, left  # a whole word more or less would pass for a slip
        cost = near
    found.pairs.append((" ".join(rest), " ".join(left), "joined", JOINED + cost))
    return [], []


def _pair_short(
    found: Alignment, rest: list[str], left: list[str], words: Words, dotted: frozenset[str]
) -> tuple[list[str], list[str]]:
    for word in list(rest):
        for other in left:
            if not is_short_for(word, other, word in dotted):
                continue
            known = words.is_established(word, other)
            if word in dotted or (is_prior_common(other) and (not known or other.startswith(word))):
                found.pairs.append((word, other, "short" if word in dotted or not known else "sound", ABBREVIATED))
                rest.remove(word)
                left.remove(other)
                break
    if len(rest) == 1 and len(left) >= 2 and rest[0] == "".join(other[0] for other in left):
        found.pairs.append((rest[0], " ".join(left), "initials", INITIALS))
        return [], []
    return rest, left


def is_short_for(short: str, whole: str, dotted: bool = False) -> bool:
    """Tell whether ``short`` abbreviates ``whole``: its beginning, or its consonants in order (sthlm)."""
    if len(short) > 0.75 * len(whole) or len(short) < (2 if dotted else 3) or short[0] != whole[0]:
        return False
    if whole.startswith(short):
        return True
    if any(letter in "aeiouy" for letter in short[1:]):
        return False
    rest = iter(whole)
    return all(letter in rest for letter in short)


def without_misspelt_weak(form: Form, words: Words) -> Form:
    """Return the form with misspelt and abbreviated country and group words (sveirge, sv.) counted as such."""
    odd = [
        word
        for word in form.strong
        if (word in form.dotted and word in DOTTED_WEAK)
        or (len(word) >= 5 and not words.count(word) and not is_prior_common(word) and _is_near_weak(word))
    ]
    if not odd or len(odd) == len(form.strong):
        return form
    changed = Form(form.words, tuple(w for w in form.strong if w not in odd), form.weak.union(odd), form.legal)
    changed.spelled, changed.dotted, changed.written = form.spelled, form.dotted, form.written
    changed.countries, changed.text = form.countries, form.text
    return changed


def is_misspelt_weak(word: str, weak: Collection[str]) -> bool:
    """Tell whether a word left over is one of a name's own country or group words, misspelt (grou, wfeden)."""
    if is_prior_common(word):
        return False
    return any(len(meant) >= 5 and slip_cost(word, meant) is not None for meant in weak)


@lru_cache(maxsize=50_000)
def _is_near_weak(word: str) -> bool:
    return any(
        (cost := slip_cost(word, weak)) is not None and cost <= MOST_FOR_WEAK
        for weak in _LONG_WEAK
        if abs(len(weak) - len(word)) <= 2
    )


MOST_FOR_WEAK = 2.3
_LONG_WEAK = [word for word in (*COUNTRIES, *GROUP_WORDS) if len(word) >= 5]
