"""What was done in a case, append only, and apart from it the words of replies, which may have to be erased.

Where the case stands is a fold of its steps.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, String, UniqueConstraint
from sqlmodel import Field

from models.cases.steps import StepKind
from models.storage.row import Row


class CaseStepRow(Row, table=True):
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
    text_print: str = Field(default="", max_length=64)  # of a reply's words, which stand in ``case_text``
    attachment: str | None = Field(default=None, max_length=64)  # the sha256 of a reply's file in the archive
    contested: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))  # "source id"
    evidence: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    previous: str = Field(default="", max_length=64)
    hash: str = Field(max_length=64)


class CaseTextRow(Row, table=True):
    """The words of one reply, personal data masked: the chain covers only their print, so they can be erased.

    The print is keyed with ``salt``, which goes with the words: nobody can try out what they were. ``named`` are the
    keyed hashes of the addresses and numbers that were masked, by which a person is found again.
    """

    __tablename__ = "case_text"

    member: str = Field(primary_key=True, max_length=12)
    number: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    salt: str = Field(max_length=32)
    text: str
    named: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
