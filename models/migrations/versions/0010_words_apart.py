"""The words of replies stand apart from the chain of a case, which covers their print: so they can be erased

A case with a reply is chained anew from that reply on, here and once: afterwards there is one form of row, and at no
other time is a step ever changed. The audit notes each old hash with its new one. A row that was not what its hash
says keeps the hash it had, so that the fault is found as before.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel import UTCDateTime

from models.migrations.appending import allow_changes, only_append

revision = "0010"
down_revision = "0009"

_KEYS = ("member", "number", "position")
_STEP = sa.table(
    "case_step", *map(sa.column, _KEYS), sa.column("kind"), sa.column("on_day", sa.Date),
    sa.column("at", UTCDateTime), sa.column("who"), sa.column("why"), sa.column("deadline", sa.Date),
    sa.column("follow_up_on", sa.Date), sa.column("text"), sa.column("attachment"), sa.column("contested", sa.JSON),
    sa.column("evidence", sa.JSON), sa.column("previous"), sa.column("hash"),
)  # fmt: skip
_TEXT = sa.table("case_text", *map(sa.column, [*_KEYS, "salt", "text"]), sa.column("named", sa.JSON))
_AUDIT = sa.table(
    "audit", sa.column("at", UTCDateTime), sa.column("who"), sa.column("what"), sa.column("subject"),
    sa.column("why"), sa.column("details", sa.JSON),
)  # fmt: skip


def upgrade() -> None:
    """Apply."""
    _overwrite_what_goes()
    op.create_table(
        "case_text",
        sa.Column("member", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("named", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("member", "number", "position"),
    )
    allow_changes("case_step")
    _chain_anew(_take_apart)
    op.execute("ALTER TABLE case_step RENAME COLUMN text TO text_print")
    _retype(sa.String(length=64))
    only_append("case_step")


def downgrade() -> None:
    """Take back."""
    allow_changes("case_step")
    _retype(sa.String())
    op.execute("ALTER TABLE case_step RENAME COLUMN text_print TO text")
    _chain_anew(_put_together)
    op.drop_table("case_text")
    only_append("case_step")


def _overwrite_what_goes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA secure_delete = ON")


def _retype(kind: sa.String) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("case_step", "text_print", type_=kind)


def _chain_anew(turn: Callable[[dict[str, Any]], str]) -> None:
    """Give each reply what ``turn`` makes of it, and every row from there on the hash that follows."""
    connection = op.get_bind()
    rows = [
        dict(row._mapping) for row in connection.execute(sa.select(_STEP).order_by(*(_STEP.c[name] for name in _KEYS)))
    ]
    for (member, number), steps in groupby(rows, key=lambda row: (row["member"], row["number"])):
        renewed = dict(_renew(steps, turn))
        changed = {old: new for old, new in renewed.items() if old != new}
        if changed:
            why = "the words of replies stand apart from the chain, so that they can be erased"
            act = {"at": datetime.now(UTC), "who": "koll", "what": "case.rechained", "why": why}
            details = {"subject": f"{member}/{number}", "details": {"hashes": changed}}
            connection.execute(_AUDIT.insert(), act | details)


def _renew(steps: Iterator[dict[str, Any]], turn: Callable[[dict[str, Any]], str]) -> Iterator[tuple[str, str]]:
    """Write a case's rows anew; yield (old hash, new hash) of those that were sound."""
    before: tuple[str, str] = ("", "")
    for row in steps:
        old = row["hash"]
        sound = _seal(row) == old
        row["text"] = turn(row) if row["text"] else ""
        if row["previous"] == before[0]:
            row["previous"] = before[1]
        row["hash"] = _seal(row) if sound else old
        values = {name: row[name] for name in ("text", "previous", "hash")}
        op.get_bind().execute(sa.update(_STEP).filter_by(**_key(row)).values(**values))
        before = (old, row["hash"])
        if sound:
            yield before


def _take_apart(row: dict[str, Any]) -> str:
    """Put a reply's words where they can be erased; return their print."""
    salt, words = secrets.token_hex(16), row["text"]
    kept = _key(row) | {"salt": salt, "text": words, "named": []}
    op.get_bind().execute(_TEXT.insert(), kept)
    return hmac.new(bytes.fromhex(salt), words.encode(), hashlib.sha256).hexdigest()


def _put_together(row: dict[str, Any]) -> str:
    """Return a reply's words, or that they were erased."""
    return str(op.get_bind().execute(sa.select(_TEXT.c.text).filter_by(**_key(row))).scalar() or "[raderat]")


def _key(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _KEYS}


def _seal(row: dict[str, Any]) -> str:
    """Return a row's hash as it is made at this revision."""
    content = {name: _plain(value) for name, value in row.items() if name != "hash"}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value
