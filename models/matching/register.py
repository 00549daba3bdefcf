"""The members' names as an index: exact keys, identifiers, dates, and who claims the same."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from models.matching.blocking import GramIndex, Keys
from models.matching.forms import Form, fold, form_of
from models.matching.mention import KnownMember
from models.members.country import SWEDEN, Country
from models.members.identifiers import FREE_HOSTS, read_domain, read_phone
from models.words import NameKind

_CAPITALS = re.compile(r"(?<![^\W_])[^\W\d_a-z\u00e5\u00e4\u00f6]{2,5}(?![^\W_])")
_MOST_HEADS = 5  # names that begin with one word and are looked at for it alone; more and it tells nobody apart
_TEXT_KINDS = frozenset({NameKind.LEGAL, NameKind.TRADE, NameKind.BRAND, NameKind.FORMER})


@dataclass(frozen=True, slots=True)
class Claim:
    """One member's claim to a domain, phone or address, while it holds."""

    member: int
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Contested:
    """A name, domain, phone or address that several members claim for the same time: alone it decides nothing."""

    kind: str
    value: str
    members: tuple[str, ...]


def holds_on(valid_from: date | None, valid_to: date | None, on: date | None) -> bool:
    """Tell whether a name with these dates was in use on the day; an undated mention takes any that has not ended."""
    if on is None:
        return valid_to is None
    return (valid_from is None or valid_from <= on) and (valid_to is None or on <= valid_to)


def _overlap(one: Claim, two: Claim) -> bool:
    first_start, first_end = one.valid_from or date.min, one.valid_to or date.max
    second_start, second_end = two.valid_from or date.min, two.valid_to or date.max
    return first_start <= second_end and second_start <= first_end


class Register:
    """All members and all they are known by. A name's number is its place in ``texts`` and the lists beside it."""

    def __init__(self, members: Iterable[KnownMember], country: Country = SWEDEN) -> None:
        self.country = country
        self.members: list[KnownMember] = sorted(members, key=lambda known: known.member)
        self.owners: list[int] = []
        self.texts: list[str] = []
        self.kinds: list[NameKind] = []
        self.dates: dict[int, tuple[date | None, date | None]] = {}
        self.forms: list[Form] = []
        self.by_core: dict[str, int | tuple[int, ...]] = {}
        self.by_joined: dict[str, int | tuple[int, ...]] = {}
        self.by_order: dict[str, int | tuple[int, ...]] = {}
        self.by_head: dict[str, int | tuple[int, ...]] = {}
        self.initials: set[str] = set()
        self._legal: frozenset[str] = frozenset()
        self.numbers: dict[str, int] = {}
        self.domains: dict[str, list[Claim]] = {}
        self.phones: dict[str, list[Claim]] = {}
        self.addresses: dict[str, list[Claim]] = {}
        self.with_domain: set[int] = set()
        for at, known in enumerate(self.members):
            self._take_in(at, known)
        self.grams = GramIndex(Keys(form.joined or form.core for form in self.forms))
        self.longest = max((len(form.words) for form in self.forms), default=0)

    def _take_in(self, at: int, known: KnownMember) -> None:
        self.numbers[known.org_number] = at
        self.numbers[known.member] = at
        self._add_name(at, known.legal_name, NameKind.LEGAL, None, None)
        for name in known.names:
            if name.kind in _TEXT_KINDS:
                self._add_name(at, name.value, name.kind, name.valid_from, name.valid_to)
                continue
            claim = Claim(at, name.valid_from, name.valid_to)
            if name.kind is NameKind.PHONE:
                _claim(self.phones, read_phone(name.value, self.country.region), claim)
            elif name.kind is NameKind.DOMAIN:
                self._claim_domain(name.value, claim)
            else:
                _claim(self.addresses, name.value.strip().casefold(), claim)
                self._claim_domain(name.value, claim)

    def _claim_domain(self, value: str, claim: Claim) -> None:
        domain = read_domain(value)
        if domain is not None and domain not in FREE_HOSTS:
            _claim(self.domains, domain, claim)
            self.with_domain.add(claim.member)

    def _add_name(self, at: int, text: str, kind: NameKind, valid_from: date | None, valid_to: date | None) -> None:
        form = form_of(text)
        if not form.words:
            return
        number = len(self.texts)
        if kind is NameKind.LEGAL:
            self._legal = form.legal
        elif not form.legal:
            form.legal = self._legal  # a brand is its member's: "Brand HB" is not "Brand" of an AB
        self.owners.append(at)
        self.texts.append(text)
        self.kinds.append(kind)
        self.forms.append(form)
        if not text.isupper():
            self.initials.update(fold(word) for word in _CAPITALS.findall(text))
        if valid_from is not None or valid_to is not None:
            self.dates[number] = (valid_from, valid_to)
        _enter(self.by_core, form.core, number)
        if form.spelled != form.core:
            _enter(self.by_core, form.spelled, number)
        if form.strong:
            if form.joined != form.core:
                _enter(self.by_joined, form.joined, number)
            if len(form.strong) > 1:
                _enter(self.by_order, " ".join(sorted(form.strong)), number)
                _enter_few(self.by_head, form.strong[0], number)

    def near(self, form: Form, most: int) -> list[int]:
        """Return the numbers of the names that are worth a close look."""
        found = self.grams.nearest(form.joined or form.core, most)
        for number in _numbers(self.by_head.get(form.strong[0])) if form.strong else ():
            if number not in found:
                found.append(number)
        return found

    def names_of(self, number: int) -> Iterator[int]:
        """Yield the numbers of all names of the member that has this one."""
        owner, first = self.owners[number], number
        while first > 0 and self.owners[first - 1] == owner:
            first -= 1
        while first < len(self.owners) and self.owners[first] == owner:
            yield first
            first += 1

    def named(self, form: Form) -> set[int]:
        """Return the numbers of the names equal to ``form`` in any of the exact keys."""
        found: set[int] = set()
        for key in {form.core, form.spelled, form.joined}:
            if key:
                found.update(_numbers(self.by_core.get(key)))
                found.update(_numbers(self.by_joined.get(key)))
        if len(form.strong) > 1:
            found.update(_numbers(self.by_order.get(" ".join(sorted(form.strong)))))
        return found

    def with_key(self, key: str) -> set[int]:
        """Return the numbers of the names whose words run together, all or the strong ones, are ``key``."""
        return {*_numbers(self.by_core.get(key)), *_numbers(self.by_joined.get(key))}

    def one_digit_off(self, value: str) -> set[int]:
        """Return the members whose organisation number differs from this one in one digit."""
        return {
            self.numbers[other]
            for at in range(len(value))
            for digit in "0123456789"
            if (other := value[:at] + digit + value[at + 1 :]) in self.numbers
        }

    def holds(self, number: int, on: date | None) -> bool:
        """Tell whether the name was its member's on the day."""
        dates = self.dates.get(number)
        return dates is None or holds_on(*dates, on)

    def words_of_members(self) -> Iterator[set[str]]:
        """Yield for each member the words of all its names."""
        words: dict[int, set[str]] = defaultdict(set)
        for owner, form in zip(self.owners, self.forms, strict=True):
            words[owner].update(form.words)
        yield from words.values()

    def contested(self) -> list[Contested]:
        """Return what several members claim for the same time."""
        found = []
        for key, numbers in self.by_core.items():
            if isinstance(numbers, tuple):
                claims = [Claim(self.owners[n], *self.dates.get(n, (None, None))) for n in numbers]
                members = self._rivals(claims)
                if members and self.forms[numbers[0]].core == key:
                    found.append(Contested("name", self.texts[numbers[0]], members))
        for kind, table in (("domain", self.domains), ("phone", self.phones), ("email", self.addresses)):
            for value, claims in table.items():
                members = self._rivals(claims) if len(claims) > 1 else ()
                if members:
                    found.append(Contested(kind, value, members))
        return found

    def _rivals(self, claims: list[Claim]) -> tuple[str, ...]:
        rivals = {
            claim.member
            for claim in claims
            if any(claim.member != other.member and _overlap(claim, other) for other in claims)
        }
        return tuple(self.members[at].member for at in sorted(rivals))


def _claim(table: dict[str, list[Claim]], value: str | None, claim: Claim) -> None:
    if value is None:
        return
    claims = table.setdefault(value, [])
    if claim not in claims:
        claims.append(claim)


def _enter(table: dict[str, int | tuple[int, ...]], key: str, number: int) -> None:
    there = table.get(key)
    if there is None:
        table[key] = number
    elif isinstance(there, tuple):
        table[key] = (*there, number)
    else:
        table[key] = (there, number)


def _enter_few(table: dict[str, int | tuple[int, ...]], key: str, number: int) -> None:
    there = table.get(key)
    if not isinstance(there, tuple) or len(there) < _MOST_HEADS:
        _enter(table, key, number)


def _numbers(entry: int | tuple[int, ...] | None) -> tuple[int, ...]:
    if entry is None:
        return ()
    return entry if isinstance(entry, tuple) else (entry,)
