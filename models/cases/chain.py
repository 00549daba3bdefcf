"""The chain: each row of a case holds the hash of the one before it, so that none can be changed or left out unseen.

A reply's words are not in the chain but their print, so that they can be erased and the chain still holds.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, select

from models.audit import record_act
from models.cases.steps import Case, Step, StepKind
from models.cases.tables import CaseStepRow, CaseTextRow

_S: Table = CaseStepRow.__table__  # type: ignore[attr-defined]
_T: Table = CaseTextRow.__table__  # type: ignore[attr-defined]
_HASHED = tuple(column.name for column in _S.c if column.name not in ("id", "hash"))
_KEYS = ("member", "number", "position")
# The words stood in the rows themselves once: under their old name a row without any has the hash it always had.
_WRITTEN = {"text_print": "text"}
ERASED = "case.words_erased"  # what the audit calls it
RECHAINED = "case.rechained"  # its details hold the old hash and the new one of each row


def seal(values: Mapping[str, Any]) -> str:
    """Return the sha256 of a row's columns, written as JSON with sorted keys; times are in UTC."""
    content = {_WRITTEN.get(name, name): _plain(values[name]) for name in _HASHED}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def print_words(salt: str, words: str) -> str:
    """Return the print of a reply's words; without the salt it tells nothing of them."""
    return hmac.new(bytes.fromhex(salt), words.encode(), hashlib.sha256).hexdigest()


def append_step(connection: Connection, member: str, number: int, step: Step, case: Case | None) -> Step:
    """Write a step behind the last one of its case and return it with its place and hash."""
    salt = secrets.token_hex(16)
    previous = case.steps[-1] if case is not None and case.number == number else None
    values: dict[str, Any] = {
        "member": member,
        "number": number,
        "position": previous.position + 1 if previous else 1,
        "kind": str(step.kind),
        "on_day": step.on,
        "at": step.at,
        "who": step.who,
        "why": step.why,
        "deadline": step.deadline,
        "follow_up_on": step.follow_up_on,
        "text_print": print_words(salt, step.text) if step.text else "",
        "attachment": step.attachment,
        "contested": list(step.contested),
        "evidence": json.loads(json.dumps(step.evidence, allow_nan=False)),
        "previous": previous.hash if previous else "",
    }
    values["hash"] = seal(values)
    connection.execute(_S.insert(), values)
    words = {"salt": salt, "text": step.text, "named": sorted(step.named)}
    if step.text:
        connection.execute(_T.insert(), {name: values[name] for name in _KEYS} | words)
    return to_step(values | words)


def erase_words(
    connection: Connection, member: str, number: int, position: int, *, who: str, at: datetime, why: str = ""
) -> None:
    """Take a reply's words away, and write into the audit that they went on purpose. Where none are, do nothing."""
    mine = {"member": member, "number": number, "position": position}
    if connection.execute(delete(_T).filter_by(**mine)).rowcount:
        details = {"position": position}
        record_act(connection, ERASED, f"{member}/{number}", who=who, at=at, why=why, details=details)


def to_step(values: Mapping[str, Any]) -> Step:
    """Return the step that a row keeps."""
    return Step(
        kind=StepKind(values["kind"]),
        on=values["on_day"],
        who=values["who"],
        why=values["why"],
        position=values["position"],
        at=values["at"],
        deadline=values["deadline"],
        follow_up_on=values["follow_up_on"],
        text=values["text"] or "",
        text_print=values["text_print"],
        named=frozenset(values["named"] or ()),
        attachment=values["attachment"],
        contested=tuple(values["contested"]),
        evidence=values["evidence"],
        previous=values["previous"],
        hash=values["hash"],
    )


def load_rows(connection: Connection, member: str | None = None) -> list[Mapping[str, Any]]:
    """Return the rows of all cases, or a member's, as they were taken, each with its words or None for them."""
    beside = and_(*(_S.c[name] == _T.c[name] for name in _KEYS))
    columns = select(_S, _T.c.salt, _T.c.text, _T.c.named).select_from(_S.outerjoin(_T, beside))
    asked = columns.order_by(_S.c.member, _S.c.number, _S.c.position)
    rows = connection.execute(asked if member is None else asked.where(_S.c.member == member))
    return [dict(row._mapping) for row in rows]


def load_cases(connection: Connection, member: str | None = None, on: date | None = None) -> dict[str, list[Case]]:
    """Return every case by member, oldest first; with ``on`` as they stood on that day."""
    found: dict[str, dict[int, list[Step]]] = {}
    for row in load_rows(connection, member):
        if on is None or row["on_day"] <= on:
            found.setdefault(row["member"], {}).setdefault(row["number"], []).append(to_step(row))
    return {
        who: [Case(who, number, tuple(steps)) for number, steps in sorted(cases.items())]
        for who, cases in found.items()
    }  # fmt: skip
