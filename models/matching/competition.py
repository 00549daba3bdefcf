"""Who of the near ones is meant: members against each other and against everybody else, then the band."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from models.matching.companies import Companies
from models.matching.forms import Form
from models.matching.mention import Candidate, Match
from models.matching.register import Register
from models.matching.scoring import AGAINST, CAPPED, WHY, Fit
from models.words import Band

# measured on generated registers: precision of at least .995 at every size, .998 where other companies are known
ACCEPT, ACCEPT_BLIND, ACCEPT_LARGE, ACCEPT_LARGE_BLIND, REVIEW = 0.90, 0.905, 0.93, 0.94, 0.55
LARGE_REGISTER = 3_000  # members; from there some name is always near
MEMBERS_APART, OTHERS_APART, EQUALS_APART = 0.04, 0.05, 0.011
OUT_OF_DATE = 0.7


@dataclass(frozen=True, slots=True)
class Named:
    """What is judged: the text, its form, the day."""

    text: str
    form: Form
    on: date | None


@dataclass(slots=True)
class Scored:
    """A member's name and how it fits; ``held`` tells whether the name was the member's on the day."""

    member: int
    name: int
    fit: Fit
    held: bool = True

    @property
    def rank(self) -> float:
        """Return the score with a name out of its dates put behind."""
        return self.fit.score if self.held else min(self.fit.score, OUT_OF_DATE)


@dataclass(frozen=True, slots=True)
class Other:
    """The non-member that fits best; ``exact`` when it has the very name."""

    score: float
    name: str
    form: Form
    exact: bool


class Judge:
    """Turns scored names into an answer; stricter without a file of companies or with very many members."""

    def __init__(self, register: Register, companies: Companies | None) -> None:
        self._register = register
        self.accept_from = ACCEPT if companies is not None else ACCEPT_BLIND
        if len(register.members) > LARGE_REGISTER:
            self.accept_from = ACCEPT_LARGE if companies is not None else ACCEPT_LARGE_BLIND

    def judge(self, named: Named, scored: Sequence[Scored], other: Other | None, limit: float = 1.0) -> Match:
        """Return the answer for names sorted by rank. ``limit`` caps the score of what was found roundabout."""
        if not scored:
            return self._nobody(named, other)
        best = scored[0]
        details = self._details(named, scored, other)
        candidates = tuple(self.candidate(s) for s in scored[:5])
        if other is not None and _is_nearer(other, best):
            why = f"Nearer to {other.name}, which is not a member"
            return Match(None, Band.NONE, 0.0, "nearer-non-member", why, candidates, details)
        member: str | None = self._register.members[best.member].member
        score, caps = min(best.rank, limit), list(best.fit.caps)
        why = WHY[best.fit.rule].format(name=self._register.texts[best.name])
        rivals = [
            s
            for s in scored[1:]
            if s.held and best.rank - s.fit.likeness < MEMBERS_APART and not _form_tells(named.form, best, s)
        ]
        if not best.held:
            caps.append("out-of-date")
        if rivals:
            caps.append("contested" if rivals[0].fit.likeness == best.fit.likeness else "runner-up")
            if caps[-1] == "contested":
                member = None
                why = f"Names {len(rivals) + 1} members alike, so it decides nothing"
        apart = EQUALS_APART if best.fit.alignment is None else OTHERS_APART
        if other is not None and best.rank - other.score < apart and not _form_decides(named.form, best, other):
            caps.append("near-non-member")
            why += f"; as near to the non-member {other.name}"
        details["caps"] = caps
        if caps:
            why += _against(caps)
            score = min(score, *(CAPPED[cap] for cap in caps))
        if not caps and score >= self.accept_from:
            return Match(member, Band.ACCEPT, round(score, 4), best.fit.rule, why, candidates, details)
        if score >= REVIEW:
            rule = caps[0] if caps else best.fit.rule
            return Match(member, Band.REVIEW, round(score, 4), rule, why, candidates, details)
        return Match(None, Band.NONE, round(score, 4), best.fit.rule, why, candidates, details)

    def candidate(self, scored: Scored) -> Candidate:
        """Return a scored name as a person may choose it."""
        known = self._register.members[scored.member]
        against = "; ".join(AGAINST[cap] for cap in scored.fit.caps if cap in AGAINST)
        if not scored.held:
            against = "; ".join(filter(None, (against, "not the member's name on that day")))
        why = WHY[scored.fit.rule].format(name=self._register.texts[scored.name])
        return Candidate(known.member, known.legal_name, round(scored.rank, 4), why, against)

    def _nobody(self, named: Named, other: Other | None) -> Match:
        details: dict[str, object] = {"form": " ".join(named.form.words)}
        if other is not None:
            details["non_member"] = {"name": other.name, "score": round(other.score, 4)}
            why = f"Names {other.name}, which is not a member"
            return Match(None, Band.NONE, 0.0, "names-non-member", why, (), details)
        return Match(None, Band.NONE, 0.0, "no-member-near", "No member's name is near this text", (), details)

    def _details(self, named: Named, scored: Sequence[Scored], other: Other | None) -> dict[str, object]:
        best = scored[0]
        found: dict[str, object] = {
            "form": " ".join(named.form.words),
            "name": self._register.texts[best.name],
            "kind": str(self._register.kinds[best.name]),
        }
        if best.fit.alignment is not None:
            lain = best.fit.alignment
            found["alignment"] = [
                {"written": w, "meant": m, "kind": kind, "cost": round(cost, 2)} for w, m, kind, cost in lain.pairs
            ]
            found["left"] = {"written": lain.left_written, "meant": lain.left_meant}
        if len(scored) > 1:
            second = scored[1]
            name = self._register.texts[second.name]
            found["runner_up"] = {"name": name, "gap": round(best.rank - second.rank, 4)}
        if other is not None:
            found["non_member"] = {"name": other.name, "score": round(other.score, 4)}
        return found


_SAID_AGAINST = {
    **AGAINST,
    "out-of-date": "the name was not the member's on that day",
    "runner-up": "another member is almost as near",
}


def _against(caps: Sequence[str]) -> str:
    said = [_SAID_AGAINST[cap] for cap in caps if cap in _SAID_AGAINST]
    return f" ({'; '.join(said)})" if said else ""


def _is_nearer(other: Other, best: Scored) -> bool:
    """Tell whether the non-member is so much nearer that nobody needs to ask."""
    return other.score - best.rank >= OTHERS_APART or (other.exact and best.fit.alignment is not None)


def _form_tells(form: Form, best: Scored, rival: Scored) -> bool:
    """Tell whether the legal form written is the best one's and not the rival's: Bolaget AB beside Bolaget HB."""
    return bool(form.legal) and "other-legal-form" in rival.fit.caps and "other-legal-form" not in best.fit.caps


def _form_decides(form: Form, best: Scored, other: Other) -> bool:
    """Tell whether both have the name, and the legal form written is the member's and not the other's."""
    return bool(form.legal and other.form.legal and not form.legal & other.form.legal) and not best.fit.caps
