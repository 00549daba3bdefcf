"""What the matcher is asked and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from models.words import Band, NameKind, Role


@dataclass(frozen=True, slots=True)
class KnownName:
    """Something a member is known by, from ``valid_from`` to ``valid_to``, both days included."""

    kind: NameKind
    value: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class KnownMember:
    """A member as the register knows it. ``member`` is its id, ``org_number`` its number in the clear."""

    member: str
    org_number: str
    legal_name: str
    names: tuple[KnownName, ...] = ()
    joined_on: date | None = None
    left_on: date | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """A company as somebody named it: as written, on which day, in which source, and in which role."""

    text: str
    org_number: str | None = None
    on: date | None = None
    source: str = ""
    role: Role = Role.RESPONDENT


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member that a person may choose: what speaks for it and what against."""

    member: str
    name: str
    score: float
    why: str
    against: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """The answer: ``member`` is None in the band NONE, and where nothing speaks more for one member than another.

    ``rule`` is a stable id, ``why`` one sentence for a board member, ``details`` JSON-able evidence.
    """

    member: str | None
    band: Band
    score: float
    rule: str
    why: str
    candidates: tuple[Candidate, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FoundInText:
    """A member named in free text at ``start`` to ``end``, with the role that the sentence gives it.

    ``band`` is never more than REVIEW for a phone number, a nickname or a misspelling: text is nobody's label.
    """

    member: str
    text: str
    start: int
    end: int
    band: Band
    rule: str
    why: str
    role: Role = Role.RESPONDENT
    score: float = 0.0
