"""The table of what members have declared: one version a row, none ever changed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field

from models.storage.row import Row


class Declaration(Row, table=True):
    """One version of one member's declaration for one business year, accepted.

    ``answers`` are by question id; ``received_on`` is the day this version came in. The period is the member's
    business year as the register had it then.
    """

    __table_args__ = (
        Index(
            "declaration_current",
            "member",
            "year",
            unique=True,
            sqlite_where=text("recorded_to IS NULL"),
            postgresql_where=text("recorded_to IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    member: str = Field(max_length=12)
    year: int
    period_from: date
    period_to: date
    form: str = Field(max_length=20)
    answers: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    received_on: date
    source: str
    name: str  # the file it came in
    raw_sha256: str = Field(max_length=64)
    hash: str = Field(max_length=32)
    recorded_from: datetime
    recorded_to: datetime | None = None
    run_id: str = Field(max_length=40)
