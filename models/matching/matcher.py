"""From a mention to a member: memory, identifiers, roles, exact keys, then the nearest name, non-members included.

Precision first: a wrong match accuses an innocent company. What is not sure goes to a person, with its reasons.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import replace
from datetime import date
from functools import cached_property

from models.matching.alignment import without_misspelt_weak
from models.matching.companies import Companies
from models.matching.competition import Judge, Named, Other, Scored
from models.matching.forms import Form, form_of
from models.matching.identify import Identify
from models.matching.memory import Answer, Memory, MemoryKey, Said, recall
from models.matching.mention import FoundInText, KnownMember, Match, Mention
from models.matching.register import Contested, Register
from models.matching.roles import split_roles
from models.matching.scoring import CAPPED, UNLIKE, fit
from models.matching.tips import TipReader
from models.matching.weights import Words
from models.members.country import SWEDEN, Country
from models.words import Band

CODE_VERSION = "1"
NEAREST, NEAREST_OTHERS = 10, 6  # names of members, and of non-members, looked at closely

NOTHING = Match(None, Band.NONE, 0.0, "no-name", "Nothing in the text can be a company's name")


class Matcher:
    """Knows the members, optionally all companies, and what people answered before.

    ``contested`` lists what several members claim for the same time; ``version`` names register, companies and code.
    """

    def __init__(
        self,
        members: Iterable[KnownMember],
        companies: Companies | None = None,
        memory: Memory | None = None,
        country: Country = SWEDEN,
    ) -> None:
        self._register = Register(members, country)
        self._companies = companies
        self._memory: Mapping[MemoryKey, Answer] = memory or {}
        self._words = Words(
            self._register.words_of_members(),
            companies.words if companies is not None else None,
            len(companies) if companies is not None else 0,
        )
        self._words.initials = self._register.initials
        self._own_names = _own_names(self._register, companies)
        self._own_words = _own_words(self._register, companies, self._own_names)
        self._judge = Judge(self._register, companies)
        self._ids = Identify(self._register, companies, self._words)
        self._tips = TipReader(self._register, self._words, self._match_name)

    @property
    def members(self) -> list[KnownMember]:
        """Return the members it knows, in the order of their ids."""
        return self._register.members

    @property
    def country(self) -> Country:
        """Return whose forms of numbers it reads."""
        return self._register.country

    def remembering(self, memory: Memory) -> "Matcher":
        """Return this matcher with other answers of people in mind; register and companies are shared."""
        other = copy(self)
        other._memory = memory
        return other

    @cached_property
    def version(self) -> str:
        """Return a short hash of the register, the companies and the code's own version."""
        digest = hashlib.blake2b(CODE_VERSION.encode(), digest_size=8)
        for known in self._register.members:
            digest.update(repr(known).encode("utf-8", "replace"))
        digest.update(self._companies.version.encode() if self._companies is not None else b"-")
        return digest.hexdigest()

    @cached_property
    def contested(self) -> list[Contested]:
        """Return the names, domains, phones and addresses that several members claim for the same time."""
        return self._register.contested()

    def match(self, mention: Mention) -> Match:
        """Return who is meant, in which band, and why. Any text gets an answer; nothing is raised."""
        recalled = recall(self._memory, mention)
        if recalled is None:
            return self._match_afresh(mention, frozenset())
        return self._match_remembered(mention, *recalled)

    def find_in_text(self, text: str, on: date | None = None) -> list[FoundInText]:
        """Return the members that a free text names, each once per place, with the role the sentence gives it."""
        return self._tips.find(text, on)

    # ------------------------------------------------------------------ memory
    def _match_remembered(self, mention: Mention, key: MemoryKey, answer: Answer) -> Match:
        entry: dict[str, object] = {
            "memory": {"text": key.text, "source": key.source, "role": str(key.role), "said": str(answer.said)}
        }
        denied = frozenset({answer.member} if answer.said is Said.NOT_MEMBER and answer.member else ())
        fresh = self._match_afresh(mention, denied)
        if answer.member is not None and self._has_left(answer, mention.on):
            why = "The member that a person named for this text has left since: please answer again"
            return _asked_again(fresh, why, entry)
        newcomers = self._newcomers(fresh, answer)
        if newcomers:
            return _asked_again(fresh, "Since a person answered, a further member has come near this text", entry)
        if answer.said is Said.MEMBER and answer.member is not None:
            name = self._register.members[self._register.numbers[answer.member]].legal_name
            why = f"A person said that this is {name}"
            return Match(answer.member, Band.ACCEPT, 1.0, "memory-member", why, fresh.candidates, entry)
        if answer.said is Said.NOT_MEMBER and answer.member is None:
            why = "A person said that this is none of the members"
            return Match(None, Band.NONE, 0.0, "memory-not-member", why, (), entry)
        if answer.said is Said.NOT_MEMBER:
            return replace(fresh, details={**fresh.details, **entry})
        why = "A person said that this text does not tell who is meant"
        return Match(None, Band.NONE, 0.0, "memory-ambiguous", why, fresh.candidates, entry)

    def _has_left(self, answer: Answer, on: date | None) -> bool:
        """Tell whether the member answered is gone, or had left by the day of a mention later than the answer."""
        at = self._register.numbers.get(answer.member or "")
        if at is None:
            return True
        left = self._register.members[at].left_on
        return left is not None and on is not None and on > left and (answer.when is None or answer.when <= left)

    def _newcomers(self, fresh: Match, answer: Answer) -> list[str]:
        if answer.version == self.version or not answer.shown:
            return []
        near = {candidate.member for candidate in fresh.candidates} | ({fresh.member} if fresh.member else set())
        return sorted(near - set(answer.shown) - {answer.member or ""}) if fresh.band is not Band.NONE else []

    # ------------------------------------------------------------------ identifiers, roles, names
    def _match_afresh(self, mention: Mention, denied: frozenset[str]) -> Match:
        ids = self._ids.read(mention)
        if ids is None:
            return self._match_roles(mention.text, mention.on, denied)
        rest = self._match_roles(ids.rest, mention.on, denied) if ids.rest else NOTHING
        return self._ids.decide(ids, mention, rest, denied)

    def _match_roles(self, text: str, on: date | None, denied: frozenset[str]) -> Match:
        parts = split_roles(text)
        if len(parts) == 1:
            return self._match_name(parts[0][0], on, denied)
        answers = [(role, part, self._match_name(part, on, denied)) for part, role in parts]
        order = {Band.ACCEPT: 0, Band.REVIEW: 1, Band.NONE: 2}
        role, part, best = min(answers, key=lambda a: order[a[2].band])
        said = [{"text": part, "role": str(role), "member": found.member} for role, part, found in answers]
        details = {**best.details, "role": str(role), "part": part, "roles": said}
        others = tuple(c for _, _, found in answers if found is not best for c in found.candidates)
        return replace(best, details=details, candidates=best.candidates + others)

    def _match_name(self, text: str, on: date | None, denied: frozenset[str] = frozenset()) -> Match:
        form = form_of(text)
        if not form.core or form.core.isdigit():
            return NOTHING
        exact = self._register.named(form)
        if not exact:
            form = without_misspelt_weak(form, self._words)
            exact = self._register.named(form)
        if exact:
            scored = self._score(form, exact, on)
        elif len(form.words) > 2 and (inside := self._tips.match_sentence(text, on, denied)) is not None:
            return inside
        else:
            scored = self._score(form, self._register.near(form, NEAREST), on)
        scored = [s for s in scored if self._register.members[s.member].member not in denied]
        return self._judge.judge(Named(text, form, on), scored, self._nearest_other(form, on, scored))

    def _score(self, form: Form, numbers: Collection[int], on: date | None) -> list[Scored]:
        """Return how the names with these numbers fit, the best first, one for each member."""
        scored = self._score_each(form, numbers, on)
        if scored and scored[0].fit.rule == "says-less" and not scored[0].fit.caps:
            forms, owners, first = self._register.forms, self._register.owners, scored[0]
            if any(forms[n].joined.startswith(form.joined) and owners[n] != first.member for n in numbers):
                first.fit.caps.append("says-less")  # another member's name begins with the same letters
                first.fit.score = CAPPED["says-less"]
        return scored

    def _score_each(self, form: Form, numbers: Collection[int], on: date | None) -> list[Scored]:
        best: dict[int, Scored] = {}
        register = self._register
        for number in numbers:
            found = fit(form, register.forms[number], self._words, self._is_alone)
            if found.score <= UNLIKE or (found.rule == "says-more" and self._is_sibling(form, number)):
                continue
            scored = Scored(register.owners[number], number, found, register.holds(number, on))
            if scored.member not in best or scored.rank > best[scored.member].rank:
                best[scored.member] = scored
        return sorted(best.values(), key=lambda scored: scored.rank, reverse=True)

    def _is_sibling(self, form: Form, number: int) -> bool:
        """Tell whether a mention that adds words to a short name contradicts the member's longer one."""
        register = self._register
        short = set(register.forms[number].strong)
        return any(
            short < set(register.forms[other].strong)
            and fit(form, register.forms[other], self._words, self._is_alone).score <= UNLIKE
            for other in register.names_of(number)
        )

    def _is_alone(self, shared: list[str]) -> bool:
        """Tell whether one of the shared words stands in the names of one member and of no other company."""
        words = self._words
        return any(
            words.among_members[word] == 1
            and words.among_companies.get(word, 0) <= self._own_words[word]
            and not words.is_common(word)
            for word in shared
        )

    def _nearest_other(self, form: Form, on: date | None, scored: list[Scored]) -> Other | None:
        """Return the score and name of the non-member that fits best."""
        companies = self._companies
        if companies is None:
            return None
        numbers = companies.named(form)
        exact = bool(numbers)
        if not exact:
            if not scored or scored[0].fit.rule in ("same-name", "same-letters"):
                return None
            numbers = companies.grams.nearest(form.joined or form.core, NEAREST_OTHERS)
        best: Other | None = None
        for number in numbers:
            if number in self._own_names or not companies.competes(number, on):
                continue
            name = companies.form(number)
            score = fit(form, name, self._words, lambda shared: False).score
            if score > UNLIKE and (best is None or score > best.score):
                best = Other(score, companies.names[number], name, exact)
        return best


def _asked_again(fresh: Match, why: str, entry: dict[str, object]) -> Match:
    return replace(fresh, band=Band.REVIEW, rule="memory-stale", why=why, details={**fresh.details, **entry})


def _own_names(register: Register, companies: Companies | None) -> set[int]:
    """Return the numbers of the company file's names that are the members' own."""
    own: set[int] = set()
    if companies is None:
        return own
    named, numbers = companies.shared_with(register.forms, [known.org_number for known in register.members])
    for number in numbers:
        own.update(companies.of_org_number(number))
    for at in named:
        form = register.forms[at]
        for there in companies.named(form):
            same = companies.form(there)
            alike = same.words == form.words and (same.legal == form.legal or not same.legal or not form.legal)
            if alike and companies.org_hash(there) == 0:
                own.add(there)
    return own


def _own_words(register: Register, companies: Companies | None, own: set[int]) -> Counter[str]:
    found: Counter[str] = Counter()
    if companies is not None:
        for number in own:
            found.update(set(companies.form(number).words))
    return found
