"""From a mention to a member: who is meant, how sure, and why.

Its parts are imported when they are asked for: who only looks at counts needs none of the matcher, which takes long.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from models.words import Band, NameKind, Role

if TYPE_CHECKING:
    from models.matching.companies import Companies, CompaniesUnreadable, CompanyRow
    from models.matching.decisions import members_in_decision, mentions_in_decision
    from models.matching.matcher import Matcher
    from models.matching.memory import Answer, MemoryKey, Said, memory_key
    from models.matching.mention import Candidate, FoundInText, KnownMember, KnownName, Match, Mention
    from models.matching.register import Contested
    from models.matching.roles import split_roles

__all__ = [
    "Answer",
    "Band",
    "Candidate",
    "Companies",
    "CompaniesUnreadable",
    "CompanyRow",
    "Contested",
    "FoundInText",
    "KnownMember",
    "KnownName",
    "Match",
    "Matcher",
    "MemoryKey",
    "Mention",
    "NameKind",
    "Role",
    "Said",
    "members_in_decision",
    "memory_key",
    "mentions_in_decision",
    "split_roles",
]
_PARTS = ("companies", "decisions", "matcher", "memory", "mention", "register", "roles")


def __getattr__(name: str) -> Any:
    """Return what is asked of this room from the part that holds it."""
    if name in __all__:
        for part in _PARTS:
            module = import_module(f"models.matching.{part}")
            found = vars(module).get(name)
            if getattr(found, "__module__", None) == module.__name__:
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
