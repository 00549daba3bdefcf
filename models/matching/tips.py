"""Members named in free text: a tip, or a sentence where a name was expected."""

import re
from collections.abc import Callable, Sequence
from datetime import date

from models.identifiers import find_domains, find_org_numbers, find_phones
from models.matching.forms import LONGEST, MOST_WORDS
from models.matching.mention import FoundInText, Match
from models.matching.register import Claim, Register, holds_on
from models.matching.text import NameSpan, Token, find_names, tokens_of
from models.matching.vocabulary import SENTENCE_WORDS
from models.matching.weights import OWN, Words
from models.words import Band, Role

IN_SENTENCE, ONE_WORD_IN_SENTENCE, MISSPELT_IN_SENTENCE = 0.95, 0.915, 0.8
MOST_GUESSES = 30  # capitalised names of one text that are compared letter by letter
LONGEST_TEXT = 20_000

_CAPITALS = re.compile(
    r"[A-ZÅÄÖØÆ][\w&]*(?:[ -](?:[A-ZÅÄÖØÆ0-9&][\w&]*|i(?= [A-ZÅÄÖ])|och(?= [A-ZÅÄÖ]))){0,5}", re.UNICODE
)
_LEADS_TO_COMPANY = frozenset("fran av hos mot at via foretaget bolaget firman from".split())
# What stands before or after a name and says what it did. A claim ("said they were from") stays a claim.
_BEFORE: tuple[tuple[re.Pattern[str], Role], ...] = tuple(
    (re.compile(words + r"\s*[\"\u201d(]?$", re.IGNORECASE), role)
    for words, role in (
        (r"(?:på uppdrag (?:av|åt)|on behalf of|på vegne av|på oppdrag fra|för räkning)", Role.PRINCIPAL),
        (r"(?:såld?e?|säljer|saljer|ringde|ringer|jobbar|arbetar) (?:för|åt)", Role.PRINCIPAL),
        (r"(?:återförsäljare|ombud|agent|partner|underleverantör) (?:för|till|av|åt)", Role.PRINCIPAL),
    )
)  # fmt: skip
_CLAIMED = re.compile(
    r"(?:utg(?:av|er|ett) sig (?:för )?(?:att )?(?:vara|komma|ringa)(?: från)?|påst(?:od|år) (?:att|sig).{0,40}"
    r"|s(?:a|ade|äger) (?:att )?(?:de|han|hon|dom|sig)(?: var| kom| ringde| vara| komma| ringa)* (?:från|på)"
    r"|claim(?:ed|ing|s) to be(?: from| calling from)?|said (?:they|he|she) (?:was|were) (?:calling )?from)\s*$",
    re.IGNORECASE,
)
_AFTER = re.compile(r"^[:'\u2019]?s? (?:räkning|vägnar|behalf)", re.IGNORECASE)
_DOES = re.compile(
    r"^,? (?:som )?(?:ringde|ringer|sålde|säljer)? ?(?:på uppdrag av|för (?:\S+ ){1,4}räkning|on behalf of)",
    re.IGNORECASE,
)


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
            return None
        spans = [span for span in find_names(self._register, text, tokens, on) if self._tells(span)]
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

    def _match_what_is_left(
        self, text: str, tokens: Sequence[Token], on: date | None, denied: frozenset[str]
    ) -> Match | None:
        """Compare the longest run of words that are no sentence words; what it gives goes to a person."""
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
        first, last = max(runs, key=lambda run: tokens[run[1]].end - tokens[run[0]].start)
        found = self._match_name(text[tokens[first].start : tokens[last].end], on, denied)
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

    def _is_small_word(self, span: NameSpan, tokens: Sequence[Token]) -> bool:
        """Tell whether a short name stands in lower case where no company is due ("tre gånger")."""
        if span.capital or span.first != span.last or span.end - span.start > 4:
            return False
        return span.first == 0 or tokens[span.first - 1].word not in _LEADS_TO_COMPANY

    def _owner(self, span: NameSpan) -> str | None:
        owners = {self._register.owners[number] for number in span.names}
        return self._register.members[owners.pop()].member if len(owners) == 1 else None

    # ------------------------------------------------------------------ free text
    def find(self, text: str, on: date | None) -> list[FoundInText]:
        """Return the members named in ``text``, in the order of the text."""
        text = text[:LONGEST_TEXT]
        found = self._find_ids(text, on)
        taken = [(hit.start, hit.end) for hit in found]
        tokens = tokens_of(text)
        spans = [
            span
            for span in find_names(self._register, text, tokens, on)
            if self._tells(span) and not self._is_small_word(span, tokens)
        ]
        for span in spans:
            if not any(span.start < end and start < span.end for start, end in taken):
                found.extend(self._name_hit(text, span, tokens, on))
        taken += [(span.start, span.end) for span in spans]
        found.extend(self._find_misspelt(text, on, taken))
        return sorted(found, key=lambda hit: (hit.start, hit.end))

    def _find_ids(self, text: str, on: date | None) -> list[FoundInText]:
        register = self._register
        found = []
        for number in find_org_numbers(text):
            at = register.numbers.get(number.value)
            if at is not None and number.valid:
                why = f"The organisation number is {register.members[at].legal_name}'s"
                found.append(self._hit(text, at, (number.start, number.end), Band.ACCEPT, "org-number", why, 1.0))
        for domain in find_domains(text):
            claims = register.domains.get(domain.value, [])
            found += self._claimed(text, (domain.start, domain.end), claims, on, "domain")
        for phone in find_phones(text):
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

    def _name_hit(self, text: str, span: NameSpan, tokens: Sequence[Token], on: date | None) -> list[FoundInText]:
        written = text[span.start : span.end]
        bare = written[:-1].rstrip(":'\u2019") if span.genitive else written
        answer = self._match_name(bare, on, frozenset())
        if answer.member is None:
            rivals = answer.candidates[:3] if answer.band is Band.REVIEW else ()
            owners = [(self._register.numbers[rival.member], rival.score) for rival in rivals]
            place = (span.start, span.end)
            return [self._hit(text, at, place, Band.REVIEW, answer.rule, answer.why, score) for at, score in owners]
        band, rule, why = answer.band, f"text-{answer.rule}", answer.why
        one_word = span.first == span.last or " " not in bare.strip()
        if not span.ends:
            band, why = Band.REVIEW, f"{why}; the name may go on in the text"
        elif one_word and not (span.capital and self._is_unlike_a_word(bare)):
            band, why = Band.REVIEW, f"{why}; one word in running text may mean something else"
        at = self._register.numbers[answer.member]
        return [self._hit(text, at, (span.start, span.end), band, rule, why, answer.score)]

    def _is_unlike_a_word(self, written: str) -> bool:
        """Tell whether one word is long enough, or written in a way, that no ordinary word is."""
        return len(written) >= 5 or not written[1:].islower()

    def _find_misspelt(self, text: str, on: date | None, taken: list[tuple[int, int]]) -> list[FoundInText]:
        found, guesses = [], 0
        for hit in _CAPITALS.finditer(text):
            if any(hit.start() < end and start < hit.end() for start, end in taken) or len(hit.group()) < 5:
                continue
            guesses += 1
            if guesses > MOST_GUESSES:
                break
            written = hit.group()
            answer = self._match_name(written, on, frozenset())
            if answer.member is None and written.endswith("s"):
                answer = self._match_name(written[:-1], on, frozenset())
            least = 0.85 if answer.rule in ("says-more", "says-less") else 0.6
            if answer.member is not None and answer.score >= least:
                at = self._register.numbers[answer.member]
                why = f"{answer.why}; found in running text"
                place = (hit.start(), hit.end())
                found.append(self._hit(text, at, place, Band.REVIEW, f"text-{answer.rule}", why, answer.score))
        return found

    def _hit(
        self, text: str, at: int, place: tuple[int, int], band: Band, rule: str, why: str, score: float
    ) -> FoundInText:
        role, claimed = role_at(text, *place)
        if claimed and band is Band.ACCEPT:
            band, why = Band.REVIEW, f"{why}; the caller only said so"
        known = self._register.members[at]
        return FoundInText(known.member, text[place[0] : place[1]], *place, band, rule, why, role, score)


def role_at(text: str, start: int, end: int) -> tuple[Role, bool]:
    """Return the role that the words around a name give it, and whether it is only what a caller claimed."""
    before, after = text[max(0, start - 60) : start], text[end : end + 60]
    for pattern, role in _BEFORE:
        if pattern.search(before):
            return role, False
    if _AFTER.search(after):
        return Role.PRINCIPAL, False
    if _CLAIMED.search(before):
        return Role.CALLER, True
    if _DOES.search(after):
        return Role.CALLER, False
    return Role.RESPONDENT, False
