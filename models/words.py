"""The closed vocabularies every room shares."""

from enum import StrEnum


class Kind(StrEnum):
    """What one complaint is: a board case, a row of an authority's extract, or somebody's tip."""

    DECISION = "decision"
    COMPLAINT = "complaint"
    TIP = "tip"


class Channel(StrEnum):
    """How the company reached the consumer; UNKNOWN is a value, not a default."""

    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    ADDRESSED_MAIL = "addressed_mail"
    UNADDRESSED_MAIL = "unaddressed_mail"
    DOOR = "door"
    WEB = "web"
    SHOP = "shop"
    OTHER = "other"
    UNKNOWN = "unknown"


class Evidence(StrEnum):
    """What a channel was read from; None on a draft means that nothing told."""

    FIELD = "field"
    ISSUE = "issue"
    TAG = "tag"
    PERSON = "person"
    TEXT = "text"


class Outcome(StrEnum):
    """How the ethics board decided one case."""

    BREACH = "breach"
    NO_BREACH = "no_breach"
    PARTLY = "partly"
    UNDECIDED = "undecided"
    UNKNOWN = "unknown"


class Role(StrEnum):
    """What a company named in a complaint did. Only a respondent counts by itself."""

    RESPONDENT = "respondent"
    PRINCIPAL = "principal"
    CALLER = "caller"
    LIST_SUPPLIER = "list_supplier"
    TECH_VENDOR = "tech_vendor"
    OTHER = "other"


class NameKind(StrEnum):
    """What a member is known by."""

    LEGAL = "legal"
    TRADE = "trade"
    BRAND = "brand"
    FORMER = "former"
    DOMAIN = "domain"
    PHONE = "phone"
    EMAIL = "email"


class Band(StrEnum):
    """What the matcher says of a mention: counts, a person decides, or nobody we know."""

    ACCEPT = "accept"
    REVIEW = "review"
    NONE = "none"


class Status(StrEnum):
    """The state of a complaint's current version."""

    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class Verdict(StrEnum):
    """How one source's night went: OK, ODD (rows quarantined, work done) or BROKEN (nothing of it stored)."""

    OK = "ok"
    ODD = "odd"
    BROKEN = "broken"


class Severity(StrEnum):
    """What a broken rule costs: CRITICAL the source, ERROR the row, WARNING a flag on a row that is kept."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
