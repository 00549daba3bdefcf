"""Numbers, domains and phones before names: what they decide, and what they only make doubtful.

An organisation number or a listed domain names its holder. A phone number can be forged, so it counts only where no
other name contradicts it. A domain that merely looks like a member's never counts by itself.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date

from models.matching.companies import Companies
from models.matching.forms import fold, form_of, split_words
from models.matching.mention import Candidate, Match, Mention
from models.matching.register import Claim, Register, holds_on
from models.matching.vocabulary import NOISE, SENTENCE_WORDS
from models.matching.weights import Words
from models.members.identifiers import FREE_HOSTS, FoundId, find_domains, find_org_numbers, find_phones
from models.members.org_number import is_sole_trader
from models.words import Band

BY_NUMBER, BY_DOMAIN, BY_PHONE = 1.0, 0.995, 0.97
UNLISTED_DOMAIN, OTHER_DOMAIN, LOOK_ALIKE = 0.9, 0.75, 0.57
ONE_DIGIT_OFF = 0.58

_HAS_DIGIT = re.compile(r"[0-9]")
_HAS_IDS = re.compile(r"\d{4}|\d[\d \u00a0()./\u2010-\u2015-]{4}|@|\w\.[^\W\d_]{2}")
_BARE_PHONE = re.compile(r"(?<![\d+])46[1-9]\d{7,9}(?!\d)", re.ASCII)  # caller id without its plus sign
_BAIT = re.compile(
    r"-?(?:support|kundservice|kundtjanst|kundcenter|faktura|fakturor|betalning|info|erbjudande|erbjudanden|kampanj|"
    r"login|logga-?in|service|help|billing|invoice|online|sverige|se|kundeservice|tilbud|konto|s-erbjudande)$"
)
_WORD = re.compile(r"[^\W_]+")
_ABOUT_IDS = NOISE | SENTENCE_WORDS | frozenset(
    "nummer numret number phone email mail epost hemsida webb e post ring mobil mobile org".split()
)  # fmt: skip

_BESIDE_IDS = NOISE | {"", "nummer", "numret", "mail", "mejl", "epost", "e-post", "ring", "mobil", "hemsida", "org.nr"}


@dataclass(slots=True)
class Ids:
    """What a mention holds besides a name; ``rest`` is the text without it, "" when nothing nameable is left."""

    numbers: list[FoundId] = field(default_factory=list)
    phones: list[FoundId] = field(default_factory=list)
    domains: list[FoundId] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    rest: str = ""


class Identify:
    """Reads identifiers out of mentions and decides by them."""

    def __init__(self, register: Register, companies: Companies | None, words: Words) -> None:
        self._register = register
        self._companies = companies
        self._words = words

    def read(self, mention: Mention) -> Ids | None:
        """Return the identifiers of a mention, or None when it is nothing but a name."""
        text = mention.text
        found = Ids()
        if ("." in text or "@" in text or _HAS_DIGIT.search(text)) and _HAS_IDS.search(text):
            found.numbers = find_org_numbers(text, self._register.country.scheme)
            found.phones = [
                phone
                for phone in (*find_phones(text, self._register.country), *self._find_bare_phones(text))
                if not any(_overlaps(phone, number) for number in found.numbers)
            ]
            found.domains = find_domains(text)
            if "@" in text:
                found.addresses = [word.strip(".,;:()<>\"'").casefold() for word in text[:2000].split() if "@" in word][
                    :20
                ]
        if mention.org_number:
            found.numbers = [*_given_number(mention.org_number, self._register), *found.numbers]
        if not (found.numbers or found.phones or found.domains or found.addresses):
            return None
        found.rest = _text_without(text, found)
        return found

    def _find_bare_phones(self, text: str) -> list[FoundId]:
        """Return the members' numbers that are written without a plus sign; other digits may be anything."""
        found = (FoundId(f"+{hit.group()}", hit.start(), hit.end()) for hit in _BARE_PHONE.finditer(text[:2000]))
        return [phone for phone in found if phone.value in self._register.phones]

    def decide(self, ids: Ids, mention: Mention, rest: Match, denied: frozenset[str]) -> Match:
        """Return the answer for a mention with identifiers, ``rest`` being what its name alone would give."""
        for answer in (
            self._by_number(ids, rest),
            self._by_domain(ids, mention.on, rest),
            self._by_phone(ids, mention.on, rest),
        ):
            if answer is not None and answer.member not in denied:
                return _with_ids(answer, ids)
        if rest.band is Band.NONE and rest.member is None:
            near = self._by_look(ids) or self._by_near_number(ids)
            if near is not None and near.member not in denied:
                return _with_ids(near, ids)
        return _with_ids(rest, ids)

    # ------------------------------------------------------------------ organisation numbers
    def _by_number(self, ids: Ids, rest: Match) -> Match | None:
        known = [self._register.numbers[n.value] for n in ids.numbers if n.value in self._register.numbers]
        if known:
            if len(set(known)) > 1:
                return self._several(set(known), "several-org-numbers", "Organisation numbers of several members")
            return self._answer(known[0], BY_NUMBER, "org-number", "The organisation number is {name}'s", rest)
        for number in ids.numbers:
            if number.valid:
                other = self._companies.with_org_number(number.value) if self._companies is not None else None
                whose = f"another company, {other}" if other else "another company"
                return Match(None, Band.NONE, 0.0, "org-number-of-another", f"Valid organisation number of {whose}")
        return None

    def _by_near_number(self, ids: Ids) -> Match | None:
        for number in ids.numbers:
            if number.valid:
                continue
            near = self._register.one_digit_off(number.value)
            if len(near) == 1:
                why = "A mistyped organisation number, one digit from {name}'s"
                return self._review(near.pop(), ONE_DIGIT_OFF, "org-number-mistyped", why)
        return None

    # ------------------------------------------------------------------ domains and addresses
    def _by_domain(self, ids: Ids, on: date | None, rest: Match) -> Match | None:
        claims = [
            claim
            for table, values in (
                (self._register.domains, [domain.value for domain in ids.domains]),
                (self._register.addresses, ids.addresses),
            )
            for value in values
            for claim in table.get(value, ())
        ]
        return self._by_claims(claims, on, BY_DOMAIN, "domain", "The domain is {name}'s", rest)

    def _by_look(self, ids: Ids) -> Match | None:
        """Return a review when an unlisted domain reads as a member's name, or as one with bait added."""
        for domain in ids.domains:
            label = fold(domain.value.partition(".")[0])
            stem = label.replace("-", "")
            owners = self._owners_named(stem)
            if len(owners) == 1:
                at = owners.pop()
                score = OTHER_DOMAIN if at in self._register.with_domain else UNLISTED_DOMAIN
                why = "The domain reads as {name} but is not among its domains"
                return self._review(at, score, "unlisted-domain", why)
            bare = _BAIT.sub("", label).replace("-", "")
            owners = self._owners_named(bare) if bare != stem and len(bare) > 3 else set()
            if len(owners) == 1:
                why = "The domain looks like {name}'s with a word added, as forged ones do"
                return self._review(owners.pop(), LOOK_ALIKE, "look-alike-domain", why)
        return None

    def _owners_named(self, stem: str) -> set[int]:
        register = self._register
        owners = {register.owners[number] for number in register.with_key(stem)}
        if owners or len(stem) < 3:
            return owners
        for number in register.near(form_of(stem), 10):
            if self._begins(stem, number):
                owners.add(register.owners[number])
        return owners

    def _begins(self, stem: str, number: int) -> bool:
        """Tell whether ``stem`` is the first words of a name run together: several, or one of the company's own."""
        form = self._register.forms[number]
        joined = ""
        for count, word in enumerate(split_words(self._register.texts[number])[0], 1):
            joined += word
            if joined == stem:
                head = form.words[0]
                return count > 1 or (self._words.among_members[head] == 1 and not self._words.is_common(head))
        return False

    # ------------------------------------------------------------------ phones
    def _by_phone(self, ids: Ids, on: date | None, rest: Match) -> Match | None:
        claims = [claim for phone in ids.phones for claim in self._register.phones.get(phone.value, ())]
        answer = self._by_claims(claims, on, BY_PHONE, "phone", "The phone number is {name}'s", rest)
        if answer is None or answer.band is not Band.ACCEPT or not ids.rest or rest.member == answer.member:
            return answer
        why = answer.why + ", but the text may name somebody else and numbers can be forged"
        return replace(answer, band=Band.REVIEW, score=min(answer.score, 0.8), rule="phone-other-name", why=why)

    # ------------------------------------------------------------------ answers
    def _by_claims(
        self, claims: list[Claim], on: date | None, score: float, rule: str, why: str, rest: Match
    ) -> Match | None:
        if not claims:
            return None
        held = {claim.member for claim in claims if holds_on(claim.valid_from, claim.valid_to, on)}
        if len(held) > 1:
            return self._several(held, f"contested-{rule}", f"Several members claim this {rule}")
        if held:
            return self._answer(held.pop(), score, rule, why, rest)
        return self._review(claims[0].member, 0.7, f"{rule}-out-of-date", why + ", but not on that day")

    def _answer(self, at: int, score: float, rule: str, why: str, rest: Match) -> Match:
        """Accept, unless the name beside the identifier is clearly another member's."""
        known = self._register.members[at]
        why = why.format(name=known.legal_name)
        candidate = Candidate(known.member, known.legal_name, score, why)
        if rest.band is Band.ACCEPT and rest.member is not None and rest.member != known.member:
            why += "; the name beside it is another member's"
            both = (candidate, *rest.candidates)
            return Match(known.member, Band.REVIEW, 0.8, f"{rule}-other-name", why, both)
        return Match(known.member, Band.ACCEPT, score, rule, why, (candidate,))

    def _review(self, at: int, score: float, rule: str, why: str) -> Match:
        known = self._register.members[at]
        why = why.format(name=known.legal_name)
        return Match(
            known.member, Band.REVIEW, score, rule, why, (Candidate(known.member, known.legal_name, score, why),)
        )

    def _several(self, members: set[int], rule: str, why: str) -> Match:
        knowns = [self._register.members[at] for at in sorted(members)]
        shown = tuple(Candidate(known.member, known.legal_name, 0.8, why) for known in knowns)
        return Match(None, Band.REVIEW, 0.8, rule, why, shown)


def _given_number(value: str, register: Register) -> list[FoundId]:
    """Return the number that the source gave in a field of its own; a masked sole trader's is known by its mask."""
    if value in register.numbers:
        return [FoundId(value, -1, -1)]
    return [FoundId(n.value, -1, -1, n.valid) for n in find_org_numbers(value, register.country.scheme)]


def _overlaps(one: FoundId, two: FoundId) -> bool:
    return one.start < two.end and two.start < one.end


def _text_without(text: str, ids: Ids) -> str:
    """Return the text with its identifiers taken out; "" when only words about numbers and calling are left."""
    spans = sorted((found.start, found.end) for found in (*ids.numbers, *ids.phones, *ids.domains) if found.start >= 0)
    parts, at = [], 0
    for start, end in spans:
        if start >= at:
            parts.append(text[at:start])
        at = max(at, end)
    parts.append(text[at:])
    rest = " ".join(word for word in " ".join(parts).split() if "@" not in word and "://" not in word)
    words = _WORD.findall(fold(rest[:600]))
    if all(word in _ABOUT_IDS or word in FREE_HOSTS for word in words):
        return ""
    kept = rest.split()
    while kept and fold(kept[-1]).strip(".:,;()") in _BESIDE_IDS:
        kept.pop()
    return " ".join(kept).strip(" ,;:()/-")


def _with_ids(answer: Match, ids: Ids) -> Match:
    seen = {
        "org_numbers": [number.value for number in ids.numbers if not is_sole_trader(number.value)],
        "domains": [domain.value for domain in ids.domains],
        "phones": len(ids.phones),
    }
    return replace(answer, details={**answer.details, "ids": seen})
