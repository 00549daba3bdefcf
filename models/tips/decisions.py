"""What people say of a mail in the tip inbox: that it is no tip, or that it is one. Append only; the last word holds.

A tip's id is made of what the mail says, so that a decision holds whenever the mail is read again.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Index, Table, select
from sqlmodel import Field

from models.drafts import Draft
from models.storage.row import Row

ASIDE, TAKEN, UNDONE = "aside", "taken", "undone"
PERSON = "person"  # the reason under which a mail stands that a person has set aside
_MARK = "set-aside-"


class TipDecision(Row, table=True):
    """One decision about one mail."""

    __tablename__ = "tip_decision"
    __table_args__ = (Index("tip_decision_of", "source", "source_id"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str
    source_id: str
    said: str  # aside, taken, undone
    who: str
    why: str = ""
    at: datetime


_D: Table = TipDecision.__table__  # type: ignore[attr-defined]


def load_tip_decisions(connection: Connection, source: str) -> dict[str, str]:
    """Return the last word about each mail of a source, those taken back left out."""
    said: dict[str, str] = {}
    for row in connection.execute(select(_D).where(_D.c.source == source).order_by(_D.c.id)):
        said[row.source_id] = row.said
    return {source_id: word for source_id, word in said.items() if word != UNDONE}


def settle_tip(draft: Draft, decisions: Mapping[str, str]) -> Draft:
    """Return the draft as people have decided about it."""
    said = decisions.get(draft.source_id or "")
    if said == ASIDE:
        return draft.model_copy(update={"flags": (f"{_MARK}{PERSON}",)})
    if said == TAKEN:
        return draft.model_copy(update={"flags": tuple(f for f in draft.flags if not f.startswith(_MARK))})
    return draft
