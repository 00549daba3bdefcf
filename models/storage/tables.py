"""The rows we keep. Two clocks on every complaint: its own dates, and when we believed it.

A complaint is never updated: a correction closes one version (``recorded_to``) and opens another. "As known at K" is
``recorded_from <= K and (recorded_to is null or K < recorded_to)``.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, String, text
from sqlmodel import Field

from models.alerting.tables import AlertEventRow, OutboxRow
from models.audit import AuditRow
from models.cases.tables import CaseStepRow, CaseTextRow
from models.declarations.tables import Declaration
from models.storage.row import Row
from models.tips.decisions import TipDecision
from models.words import Band, Channel, Evidence, Kind, NameKind, Outcome, Role, Status, Verdict

__all__ = [
    "AlertEventRow",
    "AuditRow",
    "CaseStepRow",
    "CaseTextRow",
    "Complaint",
    "ComplaintText",
    "Declaration",
    "EventLink",
    "Member",
    "MemberName",
    "Mention",
    "OutboxRow",
    "Parsed",
    "QuarantineItem",
    "ReviewAnswer",
    "RowDecision",
    "Run",
    "SetAside",
    "SourceNight",
    "SourceState",
    "TipDecision",
    "Watermark",
    "Why",
]


_ID = ("source", "source_id")
# Rows of which there are few, or which are asked for every night. A query finds their index by these very words.
COUNTED = f"recorded_to IS NULL AND status = '{Status.ACCEPTED}' AND band = '{Band.ACCEPT}' AND member IS NOT NULL"
DOUBTFUL = f"recorded_to IS NULL AND band = '{Band.REVIEW}'"


def _some(condition: str) -> dict[str, Any]:
    """Return what makes an index one of some rows only."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _json(nullable: bool = False) -> Any:
    return Field(sa_column=Column(JSON, nullable=nullable))


class Member(Row, table=True):
    """One organisation number. ``member`` is what it is called everywhere else: the number, or EF... for a person."""

    member: str = Field(primary_key=True, max_length=12)
    org_number: str = Field(unique=True, max_length=10)
    legal_name: str
    joined_on: date | None = None
    left_on: date | None = None
    size: float | None = None
    size_unit: str | None = None
    year_end: str | None = Field(default=None, max_length=5)  # MM-DD
    contact: str | None = None


class MemberName(Row, table=True):
    """Anything else a member is known by, while it is."""

    __tablename__ = "member_name"

    id: int | None = Field(default=None, primary_key=True)
    member: str = Field(foreign_key="member.member", index=True, max_length=12)
    kind: NameKind = Field(sa_type=String)
    value: str
    valid_from: date | None = None
    valid_to: date | None = None


class Run(Row, table=True):
    """One night, or one source again."""

    run_id: str = Field(primary_key=True, max_length=40)
    kind: str
    business_date: date
    started_at: datetime
    ended_at: datetime | None = None
    decided_at: datetime | None = None
    state: str = "running"
    message: str = ""
    version: str = ""
    matcher: str | None = None


class SourceNight(Row, table=True):
    """How one source fared in one run."""

    __tablename__ = "source_night"

    run_id: str = Field(primary_key=True, foreign_key="run.run_id", max_length=40)
    source: str = Field(primary_key=True, index=True)
    verdict: Verdict = Field(sa_type=String)
    code: str = ""
    message: str = ""
    items: int = 0
    drafts: int = 0
    accepted: int = 0
    new: int = 0
    changed: int = 0
    withdrawn: int = 0
    quarantined: int = 0
    mended: int = 0  # open quarantine items that this night closed
    set_aside: int = 0
    # asked of the web, by host
    requests: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    complete_through: date | None = None
    seconds: float = 0.0
    at: datetime


class Watermark(Row, table=True):
    """The date a source is complete through, as we learnt it; append only."""

    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(index=True)
    complete_through: date
    recorded_at: datetime
    run_id: str = Field(max_length=40)


class SourceState(Row, table=True):
    """How far into its archive a source has been stored: readings after ``read_at`` are still to be merged."""

    __tablename__ = "source_state"

    source: str = Field(primary_key=True)
    read_at: datetime
    parser_version: int


class Parsed(Row, table=True):
    """An archived object whose drafts have been stored, and the ids it held."""

    source: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    sha256: str = Field(max_length=64)
    source_ids: list[str] = _json()  # empty for files with a period: they say themselves what is gone
    first_day: date | None = None  # the period it is complete for
    last_day: date | None = None
    # the columns that a table had
    header: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    parsed_at: datetime
    place: int = 0  # of what was parsed at once, the later is the newer
    contents: str | None = Field(default=None, max_length=32)  # names a file's rows, if nothing was remarkable in them


class Complaint(Row, table=True):
    """One version of one accepted record, with what the matcher made of the company it is about."""

    __table_args__ = (
        Index("complaint_current", *_ID, unique=True, **_some("recorded_to IS NULL")),
        Index("complaint_counted", "member", "source", "received_on", **_some("member IS NOT NULL")),
        # All that a night's counting and a member's page look at, so that no row is opened: a tenth of the table.
        Index("complaint_figures", "member", "source", "channel", "received_on", "event_on", **_some(COUNTED)),
        # Asked every night, of a table in which tips are few; and for the list of questions, which are few too.
        Index("complaint_tips", "kind", "member", **_some(f"kind = '{Kind.TIP}' AND recorded_to IS NULL")),
        Index("complaint_doubts", *_ID, **_some(DOUBTFUL)),
        # Everything that is asked of a source's days.
        Index("complaint_period", "source", "received_on", "status", "recorded_to"),
        # What was believed of a record; see models.storage.versions.
        Index("complaint_versions", *_ID, **_some("recorded_to IS NOT NULL")),
        Index("complaint_closed", "recorded_to", **_some("recorded_to IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    source: str
    source_id: str
    recorded_from: datetime
    recorded_to: datetime | None = None
    hash: str = Field(max_length=32)
    status: Status = Field(default=Status.ACCEPTED, sa_type=String)
    kind: Kind = Field(sa_type=String)
    received_on: date | None = None
    event_on: date | None = None
    company: str | None = None
    org_number: str | None = None  # a member id: a sole trader's is masked
    channel: Channel = Field(default=Channel.UNKNOWN, sa_type=String)
    channel_evidence: Evidence | None = Field(default=None, sa_type=String)
    category: str | None = None
    outcome: Outcome | None = Field(default=None, sa_type=String)
    reexamination: bool = False
    url: str | None = None
    flags: list[str] = _json()
    facts: dict[str, str] = _json()
    precedence: int = 0
    raw_sha256: str = Field(max_length=64)
    raw_locator: str = ""
    member: str | None = Field(default=None, max_length=12)
    band: Band = Field(default=Band.NONE, sa_type=String)
    why: str | None = Field(default=None, max_length=32)
    run_id: str = Field(max_length=40)


class Why(Row, table=True):
    """Why a mention was or was not linked, once per distinct reason; ``complaint.why`` points here."""

    hash: str = Field(primary_key=True, max_length=32)
    mention: str
    score: float
    rule: str
    sentence: str
    details: dict[str, Any] = _json()
    matcher: str


class ComplaintText(Row, table=True):
    """Free text apart from the facts, masked, with the day it is forgotten."""

    __tablename__ = "complaint_text"

    source: str = Field(primary_key=True)
    source_id: str = Field(primary_key=True)
    text: str
    delete_after: date


class Mention(Row, table=True):
    """A further company named in a complaint. Counts only as a caller that a person has confirmed."""

    __table_args__ = (
        Index("mention_of", "source", "source_id"),
        Index("mention_counted", "member"),
        # The few that count, that wait for an answer, or that were closed, among all that are named.
        Index("mention_callers", *_ID, "member", **_some(f"band = '{Band.ACCEPT}' AND role = '{Role.CALLER}'")),
        Index("mention_doubts", *_ID, **_some(DOUBTFUL)),
        Index("mention_closed", "recorded_to", **_some("recorded_to IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    source: str
    source_id: str
    role: Role = Field(sa_type=String)
    text: str
    sentence: str | None = None
    member: str | None = Field(default=None, max_length=12)
    band: Band = Field(default=Band.NONE, sa_type=String)
    why: str | None = Field(default=None, max_length=32)
    recorded_from: datetime
    recorded_to: datetime | None = None


class QuarantineItem(Row, table=True):
    """A draft refused, or kept with a flag that somebody should look at."""

    __tablename__ = "quarantine"
    __table_args__ = (Index("quarantine_open", "state", "source"),)

    key: str = Field(primary_key=True, max_length=32)
    source: str
    source_id: str | None = None
    row: str = Field(default="", index=True, max_length=32)  # what the row said, for telling that it came again
    name: str
    code: str
    reason: str
    kept: bool = False
    raw_sha256: str = Field(max_length=64)
    raw_locator: str = ""
    draft: dict[str, Any] = _json()
    state: str = "open"  # open; mended or replaced by its publisher or our parser; repaired or rejected by a person
    first_seen: datetime
    last_seen: datetime
    run_id: str = Field(max_length=40)


class RowDecision(Row, table=True):
    """What a person said of a quarantined row; append only, the last one about a row holds whenever it comes again."""

    __tablename__ = "row_decision"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(index=True, max_length=32)  # the quarantine item it was said of
    row: str = Field(max_length=32)
    source: str = Field(index=True)
    source_id: str | None = None
    said: str  # repair, reject
    edits: dict[str, str] = _json()  # our field -> value, in full: an earlier repair's are among them
    kept: bool = False  # a rejected row that had been stored
    who: str
    why: str = ""
    at: datetime


class ReviewAnswer(Row, table=True):
    """What a person said of a doubtful mention; append only, the last one about a question holds."""

    __tablename__ = "review_answer"
    __table_args__ = (Index("answer_about", "text", "source", "role"),)

    id: int | None = Field(default=None, primary_key=True)
    question: str = Field(index=True, max_length=10)
    text: str
    source: str  # empty: in every source
    role: Role = Field(sa_type=String)
    said: str  # member, not_member, ambiguous, undone
    member: str | None = Field(default=None, max_length=12)
    who: str
    why: str = ""
    at: datetime
    version: str
    shown: list[str] = _json()


class EventLink(Row, table=True):
    """Two reports that are one event, or may be; ``two`` is counted with ``one`` when that is sure. Versioned."""

    __tablename__ = "event_link"
    __table_args__ = (
        Index("event_link_two", "two_source", "two_id"),
        Index("event_link_opened", "recorded_from"),
    )

    id: int | None = Field(default=None, primary_key=True)
    one_source: str
    one_id: str
    two_source: str
    two_id: str
    kind: str  # a models.matching.duplicates.LinkKind
    rule: str
    why: str
    recorded_from: datetime
    recorded_to: datetime | None = None


class SetAside(Row, table=True):
    """Something read that is not a complaint: a bounce in the tip mailbox, with the reason."""

    __tablename__ = "set_aside"

    source: str = Field(primary_key=True)
    source_id: str = Field(primary_key=True)
    reason: str
    received_on: date | None = None
    raw_sha256: str = Field(max_length=64)
    first_seen: datetime
