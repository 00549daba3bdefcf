"""Members named in free text: a tip, or a sentence where a name was expected."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property

from models.matching.forms import LONGEST, MOST_WORDS, fold
from models.matching.mention import FoundInText, Match
from models.matching.prose.context import read_context, tells_nothing, unwrap
from models.matching.prose.everyday import is_everyday
from models.matching.prose.places import LOWER_CASE, doubt_place, goes_on
from models.matching.prose.spotting import Spotter
from models.matching.register import Claim, Register, holds_on
from models.matching.text import NameSpan, Token, tokens_of
from models.matching.vocabulary import LEGAL, SENTENCE_WORDS
from models.matching.weights import OWN, Words
from models.members.identifiers import find_domains, find_org_numbers, find_phones
from models.words import Band, Role

IN_SENTENCE, ONE_WORD_IN_SENTENCE, MISSPELT_IN_SENTENCE = 0.95, 0.915, 0.8
WEAK_PLACE = 0.55
MOST_PLACES = 20  # where one name is looked at; a text that has it more often only repeats itself
MOST_RUNS = 4  # of words between sentence words that are compared
MOST_GUESSES = 30  # capitalised names of one text that are compared letter by letter
LONGEST_TEXT = 20_000

_CAPITALS = re.compile(
    r"[A-ZÅÄÖØÆ][\w&]*(?:[ -](?:[A-ZÅÄÖØÆ0-9&][\w&]*|i(?= [A-ZÅÄÖ])|och(?= [A-ZÅÄÖ]))){0,5}", re.UNICODE
)
_LONG_WORD = re.compile(r"[^\W\d_]{6,}(?: [^\W\d_]{4,})?")


class TipReader:
    """Finds members in running text; ``match_name`` is asked about names that are near but not equal."""

    def __init__(
        self,
        register: Register,
        words: Words,
        match_name: Callable[[str, date | None, frozenset[str]], Match],
    ) -> None:
        self._register = register
        self._words = words
        self._match_name = match_name

    # ------------------------------------------------------------------ a sentence where a name was expected
    def match_sentence(self, text: str, on: date | None, denied: frozenset[str]) -> Match | None:
        """Return the one member whose whole name stands inside a sentence, or None when this is no sentence."""
        text = text[:LONGEST]
        tokens = tokens_of(text, MOST_WORDS)
        if not any(self._is_sentence_word(token.word) for token in tokens):
            return self._match_before_address(text, tokens, on, denied)
        spans = [span for span in self._spotter.find(text, tokens) if self._tells(span)]
        if not spans:
            return self._match_what_is_left(text, tokens, on, denied)
        outside = [t for i, t in enumerate(tokens) if not any(s.first <= i <= s.last for s in spans)]
        if not any(self._is_sentence_word(token.word) for token in outside):
            return None
        best = max(spans, key=lambda span: (span.ends, span.end - span.start))
        written = text[best.start : best.end].rstrip("sS" if best.genitive else "")
        found = self._match_name(written, on, denied)
        if found.member is None:
            return found
        score, band, rule = min(found.score, IN_SENTENCE), found.band, "in-sentence"
        why = f"{found.why}, inside a sentence"
        if best.first == best.last:
            sure = best.capital or self._is_own_word(tokens[best.first].word)
            score = min(score, IN_SENTENCE if sure else ONE_WORD_IN_SENTENCE)
        others = {self._owner(span) for span in spans if span.ends} - {found.member, None}
        if not best.ends:
            score, band, rule, why = 0.6, Band.REVIEW, "says-more", f"{why}; the name may go on"
        elif others:
            score, band, rule = min(score, 0.85), Band.REVIEW, "in-sentence-several"
        elif not best.capital and best.first == best.last and not self._is_own_word(tokens[best.first].word):
            band, rule = Band.REVIEW, "in-sentence-one-word"
        return Match(found.member, band, score, rule, why, found.candidates, found.details)

    def _match_before_address(
        self, text: str, tokens: Sequence[Token], on: date | None, denied: frozenset[str]
    ) -> Match | None:
        """Return who is named by a whole name that ends in its legal form, where an address follows.

        Sure only where a comma or a new line ends the name, and no second company follows.
        """
        form = next((at for at, token in enumerate(tokens) if at and token.word in LEGAL), len(tokens))
        rest = tokens[form + 1 :]
        if not any(token.word.isdigit() for token in rest) or any(token.word in LEGAL for token in rest):
            return None
        found = self._match_name(text[: tokens[form].end], on, denied)
        if found.member is None or found.score < IN_SENTENCE:
            return None
        why, rule = f"{found.why}, before an address", "before-address"
        if found.band is Band.ACCEPT and text[tokens[form].end :].lstrip(" .)")[:1] in tuple(",;\n"):
            return Match(found.member, Band.ACCEPT, IN_SENTENCE, rule, why, found.candidates, found.details)
        return Match(found.member, Band.REVIEW, MISSPELT_IN_SENTENCE, rule, why, found.candidates, found.details)

    def _match_what_is_left(
        self, text: str, tokens: Sequence[Token], on: date | None, denied: frozenset[str]
    ) -> Match | None:
        """Compare the longest runs of words that are no sentence words; what they give goes to a person."""
        runs: list[tuple[int, int]] = []
        for i, token in enumerate(tokens):
            if self._is_sentence_word(token.word):
                continue
            if runs and runs[-1][1] == i - 1:
                runs[-1] = (runs[-1][0], i)
            else:
                runs.append((i, i))
        if not runs or (len(runs) == 1 and runs[0] == (0, len(tokens) - 1)) or len(tokens) < 4:
            return None
        runs = sorted(runs, key=lambda run: tokens[run[0]].start - tokens[run[1]].end)[:MOST_RUNS]
        answers = [self._match_name(text[tokens[first].start : tokens[last].end], on, denied) for first, last in runs]
        found = max(answers, key=lambda answer: answer.score if answer.member else -1.0)
        if found.member is None:
            return None
        if found.band is not Band.ACCEPT:
            return found
        score = min(found.score, MISSPELT_IN_SENTENCE)
        why = f"{found.why}, inside a sentence"
        return Match(found.member, Band.REVIEW, score, "in-sentence", why, found.candidates, found.details)

    def _is_sentence_word(self, word: str) -> bool:
        return word in SENTENCE_WORDS and not self._words.among_members[word]

    def _tells(self, span: NameSpan) -> bool:
        """Tell whether a span can name a company: one common word, or words that bind a sentence, cannot."""
        forms = [self._register.forms[number] for number in span.names]
        if not span.capital and all(word in SENTENCE_WORDS for form in forms for word in form.words):
            return False
        return any(len(form.words) > 1 or not self._words.is_common(form.words[0]) for form in forms)

    def _is_own_word(self, word: str) -> bool:
        """Tell whether a word is long and so much the company's own that lower case leaves no doubt."""
        return len(word) >= 6 and self._words.weight(word) >= OWN and self._words.among_members[word] == 1

    def _owner(self, span: NameSpan) -> str | None:
        owners = {self._register.owners[number] for number in span.names}
        return self._register.members[owners.pop()].member if len(owners) == 1 else None

    # ------------------------------------------------------------------ free text
    def find(self, text: str, on: date | None) -> list[FoundInText]:
        """Return the members named in ``text``, in the order of the text.

        A doubt about one place where a member is named is a doubt about the member; a role told once holds for all.
        """
        text = unwrap(text[:LONGEST_TEXT])
        found = self._find_ids(text, on)
        taken = [(hit.start, hit.end) for hit in found]
        tokens = tokens_of(text)
        spans = [span for span in self._spotter.find(text, tokens) if self._tells(span)]
        places: Counter[int] = Counter()
        for span in spans:
            names = min(span.names)
            places[names] += 1
            if places[names] <= MOST_PLACES and not any(span.start < end and start < span.end for start, end in taken):
                found.extend(self._name_hit(text, span, tokens, on))
        taken += [(span.start, span.end) for span in spans]
        found.extend(self._find_misspelt(text, on, taken))
        return sorted(self._weigh(text, found), key=lambda hit: (hit.start, hit.end))

    @cached_property
    def _spotter(self) -> Spotter:
        return Spotter(self._register)

    def _weigh(self, text: str, found: list[FoundInText]) -> Iterator[FoundInText]:
        """Yield the hits with what their sentences say of them."""
        contexts = [read_context(text, hit.start, hit.end) for hit in found]
        doubts: dict[str, str] = {}
        roles: dict[str, Role] = {}
        for hit, context in zip(found, contexts, strict=True):
            if context.doubt:
                doubts.setdefault(hit.member, context.doubt)
            if context.role:
                roles.setdefault(hit.member, context.role)
        if found and tells_nothing(text):
            doubts = {hit.member: doubts.get(hit.member, "the text complains of nothing") for hit in found}
        weak = {
            hit.member: hit.why.rpartition("; ")[2]
            for hit in found
            if hit.rule == "text-weak" and not hit.why.endswith(LOWER_CASE)
        }
        for hit in found:
            doubt = doubts.get(hit.member, "")
            if hit.rule == "text-one-word" and hit.band is Band.ACCEPT:
                doubt = doubt or weak.get(hit.member, "")
            band = Band.REVIEW if doubt else hit.band
            why = f"{hit.why}; {doubt}" if doubt else hit.why
            yield replace(hit, band=band, why=why, role=roles.get(hit.member, hit.role))

    # ------------------------------------------------------------------ identifiers
    def _find_ids(self, text: str, on: date | None) -> list[FoundInText]:
        register = self._register
        found = []
        for number in find_org_numbers(text, register.country.scheme):
            place = (number.start, number.end)
            at = register.numbers.get(number.value)
            if at is not None and number.valid:
                why = f"The organisation number is {register.members[at].legal_name}'s"
                found.append(self._hit(text, at, place, Band.ACCEPT, "org-number", why, 1.0))
            elif not number.valid and len(near := register.one_digit_off(number.value)) == 1:
                at = near.pop()
                why = f"A mistyped organisation number, one digit from {register.members[at].legal_name}'s"
                found.append(self._hit(text, at, place, Band.REVIEW, "org-number-mistyped", why, 0.7))
        for domain in find_domains(text):
            claims = register.domains.get(domain.value, [])
            place = (domain.start, domain.end)
            found += self._claimed(text, place, claims, on, "domain") or self._look_alike(text, domain.value, place)
        for phone in find_phones(text, register.country):
            claims = register.phones.get(phone.value, [])
            found += self._claimed(text, (phone.start, phone.end), claims, on, "phone")
        return found

    def _claimed(
        self, text: str, place: tuple[int, int], claims: list[Claim], on: date | None, rule: str
    ) -> list[FoundInText]:
        held = {claim.member for claim in claims if holds_on(claim.valid_from, claim.valid_to, on)}
        found = []
        for at in sorted(held or {claim.member for claim in claims}):
            sure = len(held) == 1 and rule == "domain"
            why = f"The {rule} is {self._register.members[at].legal_name}'s" + (
                "" if sure else "; that alone proves nothing"
            )
            band, score = (Band.ACCEPT, 0.995) if sure else (Band.REVIEW, 0.8)
            found.append(self._hit(text, at, place, band, rule, why, score))
        return found

    def _look_alike(self, text: str, domain: str, place: tuple[int, int]) -> list[FoundInText]:
        """Return a review when a part of an unlisted domain is one member's name, as in forged ones."""
        label = fold(domain.partition(".")[0])
        parts = {label.replace("-", ""), *label.split("-")}
        names = {n for part in parts if len(part) > 3 for n in self._register.with_key(part)}
        owners = {self._register.owners[number] for number in names if self._is_unlike_words(number)}
        if len(owners) != 1:
            return []
        why = "The domain reads as the member's name but is not among its domains"
        return [self._hit(text, owners.pop(), place, Band.REVIEW, "look-alike-domain", why, 0.7)]

    def _is_unlike_words(self, number: int) -> bool:
        return not all(is_everyday(word) for word in self._register.forms[number].words)

    # ------------------------------------------------------------------ names
    def _name_hit(self, text: str, span: NameSpan, tokens: Sequence[Token], on: date | None) -> list[FoundInText]:
        written = text[span.start : span.end]
        if span.compound:
            return self._compound_hit(text, span, written)
        bare = written[:-1].rstrip(":'\u2019") if span.genitive else written
        place = (span.start, span.end)
        weak, drop = doubt_place(text, span, tokens)
        if drop:
            return []
        answer = self._match_name(bare, on, frozenset())
        if answer.member is None:
            return [] if weak else self._rivals(text, answer, place)
        band, rule, why, score = answer.band, f"text-{answer.rule}", answer.why, answer.score
        if weak:
            band, score, rule, why = Band.REVIEW, min(score, WEAK_PLACE), "text-weak", f"{why}; {weak}"
        elif not span.ends:
            longer = goes_on(text, span, tokens)
            band, why = Band.REVIEW, f"{why}; the name may go on in the text"
            rule = "text-weak" if longer else rule
        elif (
            span.first == span.last
            and answer.score < 1.0 + 1e-9
            and not any(t.word in LEGAL for t in tokens[span.first : span.last + 1])
        ):
            rule = "text-one-word"
        at = self._register.numbers[answer.member]
        return [self._hit(text, at, place, band, rule, why, score)]

    def _compound_hit(self, text: str, span: NameSpan, written: str) -> list[FoundInText]:
        owners = {self._register.owners[number] for number in span.names if self._is_unlike_words(number)}
        if len(owners) != 1:
            return []
        why = "The word begins with the member's name"
        place = (span.start, span.end)
        return [self._hit(text, owners.pop(), place, Band.REVIEW, "text-compound", why, MISSPELT_IN_SENTENCE)]

    def _rivals(self, text: str, answer: Match, place: tuple[int, int]) -> list[FoundInText]:
        """Return a review for each of the members between which a name does not decide."""
        rivals = answer.candidates[:3] if answer.band is Band.REVIEW else ()
        return [
            self._hit(text, self._register.numbers[r.member], place, Band.REVIEW, answer.rule, answer.why, r.score)
            for r in rivals
        ]

    # ------------------------------------------------------------------ misspelt names
    def _find_misspelt(self, text: str, on: date | None, taken: list[tuple[int, int]]) -> list[FoundInText]:
        found, guesses = [], 0
        for start, end in _guess_names(text):
            if any(start < stop and begin < end for begin, stop in taken):
                continue
            guesses += 1
            if guesses > MOST_GUESSES:
                break
            found += self._match_guess(text, start, end, on)
        return found

    def _match_guess(self, text: str, start: int, end: int, on: date | None) -> list[FoundInText]:
        written = text[start:end]
        answer = self._match_name(written, on, frozenset())
        if answer.member is None and written.endswith("s"):
            answer = self._match_name(written[:-1], on, frozenset())
        least = 0.85 if answer.rule in ("says-more", "says-less") else 0.6
        if answer.member is None:
            lone = answer.rule == "says-less" and is_everyday(fold(written))
            return [] if lone else self._rivals(text, answer, (start, end))
        if answer.score < least or (answer.rule == "says-less" and is_everyday(fold(written))):
            return []
        at = self._register.numbers[answer.member]
        why = f"{answer.why}; found in running text"
        return [self._hit(text, at, (start, end), Band.REVIEW, f"text-{answer.rule}", why, answer.score)]

    def _hit(
        self, text: str, at: int, place: tuple[int, int], band: Band, rule: str, why: str, score: float
    ) -> FoundInText:
        known = self._register.members[at]
        return FoundInText(known.member, text[place[0] : place[1]], *place, band, rule, why, Role.RESPONDENT, score)


def _guess_names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where a misspelt name may stand: words with capitals; where nobody uses them, long rare words."""
    capitals = [hit.span() for hit in _CAPITALS.finditer(text) if len(hit.group()) >= 5]
    yield from capitals
    if sum(char.isupper() for char in text) * 50 > len(text):
        return
    for hit in _LONG_WORD.finditer(text):
        if hit.group().islower() and not is_everyday(fold(hit.group())):
            yield hit.span()
