"""What people answered, remembered per normal form, source and role; and when an answer must be asked again.

"Not this member" binds as much as "this member". An answer is stale when its member is no longer in the register,
or when a member that was not among those shown then comes near the text now: it is asked again, never changed silently.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from models.matching.forms import fold
from models.matching.mention import Mention
from models.words import Role


class Said(StrEnum):
    """What a person answered."""

    MEMBER = "member"
    NOT_MEMBER = "not_member"  # of that member; with no member named, of none
    AMBIGUOUS = "ambiguous"


class MemoryKey(NamedTuple):
    """What an answer holds for: the folded text, in one source (or in all: ``""``), in one role."""

    text: str
    source: str
    role: Role


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's answer. ``shown`` are the members that stood to choose from, ``version`` the matcher's then."""

    said: Said
    member: str | None = None
    who: str = ""
    when: date | None = None
    version: str = ""
    shown: tuple[str, ...] = ()


Memory = Mapping[MemoryKey, Answer]
PAIR = "\x1e"  # stands between two reports in the text of an answer about both


def memory_key(mention: Mention) -> MemoryKey:
    """Return the key under which an answer about this mention is kept."""
    text = " ".join(fold(mention.text[:400]).split())
    return MemoryKey(f"{text} {mention.org_number}" if mention.org_number else text, mention.source, mention.role)


def tip_key(source: str, source_id: str) -> MemoryKey:
    """Return the key under which an answer about one whole tip is kept."""
    return MemoryKey(source_id, source, Role.RESPONDENT)


def pair_text(one: str, two: str) -> str:
    """Return the text under which an answer about two reports is kept."""
    return PAIR.join(sorted((one, two)))


def recall(memory: Memory, mention: Mention) -> tuple[MemoryKey, Answer] | None:
    """Return the answer for this mention: its source's own first, then one that holds for every source."""
    if not memory:
        return None
    key = memory_key(mention)
    for wanted in (key, key._replace(source="")):
        answer = memory.get(wanted)
        if answer is not None:
            return wanted, answer
    return None
