"""One table: what was done in a case, append only; where the case stands is a fold of its rows."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.cases.steps import StepKind


class CaseStepRow(SQLModel, table=True):
    """One step, or the member's reply, with its evidence frozen and chained to the row before it.

    ``on_day`` is the day it was taken, ``at`` when it was written down. ``hash`` covers every other column but ``id``,
    ``previous`` among them.
    """

    __tablename__ = "case_step"
    __table_args__ = (UniqueConstraint("member", "number", "position"),)

    id: int | None = Field(default=None, primary_key=True)
    member: str = Field(max_length=12)
    number: int  # the member's first case is 1
    position: int  # in the case, from 1
    kind: StepKind = Field(sa_type=String)
    on_day: date
    at: datetime
    who: str
    why: str
    deadline: date | None = None  # of a demand
    follow_up_on: date | None = None  # of a demand: when its effect can be told
    text: str = ""  # a reply, personal data masked
    attachment: str | None = Field(default=None, max_length=64)  # the sha256 of a reply's file in the archive
    contested: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))  # "source id"
    evidence: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    previous: str = Field(default="", max_length=64)
    hash: str = Field(max_length=64)
