"""From drafts to members: each distinct mention matched once."""

import hashlib
import hmac
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import date
from itertools import count

from models.draft_table import DraftTable, Memo
from models.drafts import Draft, MentionDraft
from models.matching.decisions import members_in_decision, mentions_in_decision
from models.matching.forms import fold
from models.matching.matcher import Matcher
from models.matching.memory import Answer, MemoryKey, Said, tip_key
from models.matching.mention import Candidate, FoundInText, KnownMember, Match
from models.matching.mention import Mention as Asked
from models.matching.prose.given_names import GIVEN_NAMES
from models.members.identifiers import read_phone
from models.storage.stage import Link
from models.words import Band, Kind, NameKind, Role

_MOST_FOUND = 20_000  # tips whose names are remembered within one run
_RIVAL = 0.6  # score of a doubtful mention from which on it is a rival
_SURE_FIRST = {Band.ACCEPT: 0, Band.REVIEW: 1, Band.NONE: 2}


@dataclass(frozen=True)
class LinkedMention:
    """A further company named in a complaint, with what the matcher made of it."""

    role: Role
    text: str
    sentence: str | None
    link: Link


@dataclass
class Linker:
    """Links drafts to members; ``reasons`` gathers why, by key, for whoever stores them."""

    matcher: Matcher
    source: str
    phone_hashes: Mapping[str, str]  # keyed hash of a register phone -> member
    answers: Mapping[MemoryKey, Answer] = field(default_factory=dict)  # about whole tips, by their id
    public: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())  # see find_public
    turning_days: Sequence[date] | None = None  # see list_turning_days; None when there are too many
    reasons: dict[str, dict[str, object]] = field(default_factory=dict)
    _links: dict[tuple[object, ...], Link] = field(default_factory=dict)
    _answered: dict[tuple[object, ...], Link] = field(default_factory=dict)  # by company, number and time
    _found: dict[tuple[object, ...], list[FoundInText]] = field(default_factory=dict)

    def link(self, draft: Draft) -> Link:
        """Return what the matcher makes of the company that a draft is about."""
        on = draft.event_on or draft.received_on
        if draft.kind is Kind.TIP:
            return self._recall_tip(draft) or self._link_text(self.find(draft, on))
        if not (draft.company or draft.org_number):
            return Link()
        return self._ask(Asked(draft.company or "", draft.org_number, on, self.source))

    def link_all(self, drafts: DraftTable) -> list[Link]:
        """Return the link of every draft: each distinct company is asked about once in a reading."""
        if Kind.TIP in drafts.kind:
            return [self.link(draft) for draft in drafts]
        since = Memo(self._same_answer_since)
        days = [since[event or received] for event, received in zip(drafts.event_on, drafts.received_on, strict=True)]
        questions = list(zip(drafts.company, drafts.org_number, days, strict=True))
        places = dict(zip(questions, count(), strict=False))
        for question, at in places.items():
            if question not in self._answered:
                self._answered[question] = self.link(drafts[at])
        return list(map(self._answered.__getitem__, questions))

    def link_mentions(self, draft: Draft) -> list[LinkedMention]:
        """Return the further companies that a draft names; they count only when a person says so."""
        on = draft.event_on or draft.received_on
        if draft.kind is Kind.TIP:
            found = self.find(draft, on)
            about = (self._recall_tip(draft) or self._link_text(found)).member
            others = [one for one in found if one.member != about]
            return [LinkedMention(one.role, one.text, None, self._note(one.text, _doubt(one))) for one in others]
        linked = [self._link_one(one, on) for one in draft.mentions]
        if draft.kind is Kind.DECISION and draft.text:
            named = mentions_in_decision(draft.text, draft.company or "")
            linked += [self._link_one(one, on) for one in named]
            known = {self.link(draft).member, *(one.link.member for one in linked)}
            found = [one for one in self.matcher.find_in_text(draft.text, on) if one.member not in known]
            linked += [self._link_one(one, on) for one in members_in_decision(draft.text, found, named)]
        return linked

    def _link_one(self, mention: MentionDraft, on: date | None) -> LinkedMention:
        return LinkedMention(mention.role, mention.text, mention.sentence, self.link_named(mention, on))

    def link_named(self, mention: MentionDraft, on: date | None) -> Link:
        """A body may name a company by copy and paste: what it names goes to a person, never straight to a count."""
        asked = Asked(mention.text, mention.org_number, on, self.source, mention.role)
        link = self._ask(asked)
        said = self.reasons.get(link.why or "", {}).get("rule") == "memory-member"
        return Link(link.member, Band.REVIEW, link.why) if link.band is Band.ACCEPT and not said else link

    def _ask(self, asked: Asked) -> Link:
        key = (asked.text, asked.org_number, self._same_answer_since(asked.on), asked.role)
        if key not in self._links:
            self._links[key] = self._note(asked.text or str(asked.org_number), self.matcher.match(asked))
        return self._links[key]

    def _same_answer_since(self, on: date | None) -> date | None:
        """Return the first day since which the register gives the same answer as on this day.

        Names come and go on few days, so that a name is asked about once for many dates. A file of all companies
        knows too many days for that: then each date is asked about by itself.
        """
        days = self.turning_days
        if on is None or days is None:
            return on
        place = bisect_right(days, on)
        return days[place - 1] if place else date.min

    def _recall_tip(self, draft: Draft) -> Link | None:
        """Return what a person said of this very tip; a whole text is remembered by no other key."""
        answer = self.answers.get(tip_key(self.source, draft.source_id or ""))
        if answer is None:
            return None
        if answer.said is not Said.MEMBER or answer.member is None:
            return self._note(
                "", Match(None, Band.NONE, 0.0, f"memory-{answer.said}", "A person has looked at this tip")
            )
        why = "A person said whom this tip is about"
        return self._note("", Match(answer.member, Band.ACCEPT, 1.0, "memory-member", why))

    def find(self, draft: Draft, on: date | None) -> list[FoundInText]:
        """Return the members that a tip names, the surest place of each, the surest member first."""
        asked = (draft.source_id, draft.text, draft.facts.get("phones"), on)
        if asked not in self._found:  # a night asks twice, for the link and for the further companies
            if len(self._found) >= _MOST_FOUND:
                self._found.clear()
            self._found[asked] = self._find_afresh(draft, on)
        return self._found[asked]

    def _find_afresh(self, draft: Draft, on: date | None) -> list[FoundInText]:
        found = self.matcher.find_in_text(draft.text or "", on)
        for hashed in draft.facts.get("phones", "").split(","):
            if member := self.phone_hashes.get(hashed):
                token = "[phone]" if self.matcher.country.is_abroad else "[telefon]"
                why = "a telephone number of the member; caller id can be forged"
                found.append(FoundInText(member, token, 0, 0, Band.REVIEW, "phone-in-text", why, score=0.6))
        best: dict[str, FoundInText] = {}
        for one in sorted(found, key=lambda f: (_SURE_FIRST[f.band], -f.score, f.start)):
            best.setdefault(one.member, one)
        return list(best.values())

    def _link_text(self, found: list[FoundInText]) -> Link:
        """A tip is about the one member that it surely names as acting; for whom that one acted is asked."""
        acting = [one for one in found if one.band is Band.ACCEPT and one.role is not Role.PRINCIPAL]
        rivals = [one for one in found if one not in acting and _may_act(one)]
        if len(acting) == 1 and not rivals:
            one = acting[0]
            return self._note(one.text, Match(one.member, Band.ACCEPT, one.score, one.rule, one.why))
        if not found:
            return Link()
        if len(acting) + len(rivals) > 1:
            named = [*acting, *rivals]
            why = f"{len(named)} members are named; a person must say whom it is about"
            match = Match(None, Band.REVIEW, named[0].score, "several-in-text", why, tuple(map(_candidate, named)))
            return self._note(named[0].text, match)
        one = found[0]
        return self._note(one.text, _doubt(one))

    def _note(self, text: str, match: Match) -> Link:
        if match.band is Band.NONE and not match.candidates and not match.rule.startswith("memory"):
            return Link()
        reason = {
            "mention": text,
            "score": round(match.score, 4),
            "rule": match.rule,
            "sentence": match.why,
            "details": {**match.details, "candidates": [list(astuple(c)) for c in match.candidates]},
        }
        dumped = json.dumps([self.source, match.member, reason], sort_keys=True, default=str)
        key = hashlib.blake2b(dumped.encode(), digest_size=16).hexdigest()
        self.reasons[key] = {"hash": key, **json.loads(dumped)[2], "matcher": self.matcher.version}
        return Link(match.member, match.band, key)


def _doubt(one: FoundInText) -> Match:
    return Match(one.member, Band.REVIEW, one.score, one.rule, one.why, (_candidate(one),))


def _may_act(one: FoundInText) -> bool:
    """Tell whether a doubtful mention is enough to doubt who acted: a number alone or a place like a name is not."""
    return one.role is not Role.PRINCIPAL and one.score >= _RIVAL and not one.rule.startswith("phone")


def _candidate(one: FoundInText) -> Candidate:
    return Candidate(one.member, one.text, one.score, one.why)


def find_public(members: Iterable[KnownMember], key: bytes) -> tuple[frozenset[str], frozenset[str]]:
    """Return what of members may stay readable in a tip: keyed hashes of their numbers and addresses, and folded names.

    Only names that begin as a person's are among the names: no other is ever taken for one.
    """
    hashes: set[str] = set()
    names: set[str] = set()
    for member in members:
        for name in member.names:
            if name.kind in (NameKind.PHONE, NameKind.EMAIL):
                phone = name.kind is NameKind.PHONE
                value = read_phone(name.value) if phone else name.value.strip().lower()
                hashes.update({_hash(key, value)} if value else ())
        for text in (member.legal_name, *(n.value for n in member.names)):
            words = fold(text).split()
            if len(words) > 1 and words[0] in GIVEN_NAMES:
                names.add(" ".join(words))
    return frozenset(hashes), frozenset(names)


def _hash(key: bytes, value: str) -> str:
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def hash_phones(members: Iterable[KnownMember], key: bytes) -> dict[str, str]:
    """Return keyed hashes of the register's telephone numbers, as a tip carries those it names.

    A number that two members share is left out.
    """
    owners: dict[str, set[str]] = {}
    for member in members:
        for name in member.names:
            number = read_phone(name.value) if name.kind is NameKind.PHONE else None
            if number:
                owners.setdefault(_hash(key, number), set()).add(member.member)
    return {hashed: next(iter(found)) for hashed, found in owners.items() if len(found) == 1}
