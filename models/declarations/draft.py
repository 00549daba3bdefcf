"""A declaration as it was handed in, before anybody has judged it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

Answer = bool | int | str


@dataclass(frozen=True)
class Trouble:
    """What could not be read: the code of the check it breaks, where, and what was found (never a private answer)."""

    code: str
    place: str = ""  # "row 17", or "answers.calls_made"
    found: str = ""


@dataclass(frozen=True)
class DeclarationDraft:
    """One file that a member has handed in. ``form`` is the version it says it is; ``places`` are by question id."""

    name: str
    sha256: str
    received_on: date
    form: str | None = None
    member: str | None = None
    year: int | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
