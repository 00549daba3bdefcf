"""The audit: every decision by a person is one row, written in the transaction that carries the decision out.

Rows are only ever added: the database itself refuses to change or remove one (see the migration). What was decided
in full stands where it belongs (an answer, a repair, a line of the ledger, a step of a case); ``details`` points there.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, Table
from sqlmodel import Field

from models.storage.row import Row


class AuditRow(Row, table=True):
    """Who decided what about which subject, when and why."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    who: str
    what: str = Field(index=True)  # "review.member", "quarantine.reject", "alert.closed", "case.step", ...
    subject: str = Field(index=True)  # the question, row, alert, case or member it is about
    why: str = ""
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


_AUDIT: Table = AuditRow.__table__  # type: ignore[attr-defined]


def record_act(
    connection: Connection,
    what: str,
    subject: str,
    *,
    who: str,
    at: datetime,
    why: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one act down inside the caller's transaction.

    ``what`` is "room.verb"; ``details`` holds keys of the rows that carry the decision, never personal data. Raises
    ValueError when nobody is named: an act without a person is none.
    """
    if not who.strip():
        raise ValueError("an act needs a person: who is empty")
    row = AuditRow(at=at, who=who.strip(), what=what, subject=subject, why=why.strip(), details=dict(details or {}))
    connection.execute(_AUDIT.insert(), row.model_dump(exclude={"id"}))
