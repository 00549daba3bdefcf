"""From a mention to a member: who is meant, how sure, and why."""

from models.matching.companies import Companies, CompaniesUnreadable, CompanyRow
from models.matching.decisions import members_in_decision, mentions_in_decision
from models.matching.matcher import Matcher
from models.matching.memory import Answer, MemoryKey, Said, memory_key
from models.matching.mention import Candidate, FoundInText, KnownMember, KnownName, Match, Mention
from models.matching.register import Contested
from models.matching.roles import split_roles
from models.words import Band, NameKind, Role

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
