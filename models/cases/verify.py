"""Is a case still what was written down? Every hash, print, figure and archived byte held against what is there now."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from models.alerting.evaluation import Window
from models.audit import AuditRow
from models.cases.chain import ERASED, RECHAINED, load_rows, print_words, seal
from models.cases.evidence import load_versions, print_version
from models.counting import Scope, count_members
from models.words import Channel

_A: Table = AuditRow.__table__  # type: ignore[attr-defined]
FindFault = Callable[[str], str]  # the sha256 of an archived object -> what is wrong with it, or nothing


def verify_cases(
    connection: Connection, find_fault: FindFault, member: str | None = None
) -> tuple[int, int, list[str]]:
    """Return (steps looked at, archived objects read, faults): of one member's cases, or of all.

    A fault names the case, the step, and which figure, complaint row or archived object is no longer what it was.
    """
    rows = load_rows(connection, member)
    objects: dict[str, set[str]] = {}
    faults = list(_check_chain(rows))
    faults += _check_audit(connection, rows, member)
    faults += _check_words(connection, rows)
    for row in rows:
        faults += _check_complaints(connection, row)
        faults += _check_figures(connection, row)
        named = {one["raw_sha256"] for one in row["evidence"].get("complaints", ())}
        for sha256 in named | ({row["attachment"]} if row["attachment"] else set()):
            objects.setdefault(sha256, set()).add(_name(row))
    for sha256, places in sorted(objects.items()):
        if fault := find_fault(sha256):
            faults.append(f"{', '.join(sorted(places))}: {fault}")
    return len(rows), len(objects), faults


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['member']}/{row['number']} step {row['position']} ({row['kind']})"


def _check_chain(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    before: dict[tuple[str, int], Mapping[str, Any]] = {}
    for row in rows:
        key = (row["member"], row["number"])
        last = before.get(key)
        if row["position"] != (last["position"] + 1 if last else 1):
            yield f"{_name(row)}: a step before it is missing"
        elif row["previous"] != (last["hash"] if last else ""):
            yield f"{_name(row)}: does not follow the step before it: one of the two was changed"
        if seal(row) != row["hash"]:
            yield f"{_name(row)}: what was frozen was changed afterwards (its hash is {seal(row)[:12]}, not " + (
                f"{row['hash'][:12]})"
            )
        before[key] = row


def _check_audit(connection: Connection, rows: Sequence[Mapping[str, Any]], member: str | None) -> Iterator[str]:
    """The audit knows every step by its hash: a last step taken away, which no chain can tell, is found here."""
    known = {row["hash"] for row in rows}
    noted: dict[str, str] = {}
    for act in connection.execute(select(_A).where(_A.c.what.startswith("case.")).order_by(_A.c.id)):
        if member is not None and act.subject.partition("/")[0] != member:
            continue
        if act.what == RECHAINED:
            noted = {act.details["hashes"].get(hashed, hashed): named for hashed, named in noted.items()}
        elif "hash" in act.details:
            noted[act.details["hash"]] = f"{act.subject}: the {act.what.removeprefix('case.')} that {act.who} took"
    for hashed, named in noted.items():
        if hashed not in known:
            yield f"{named} is no longer there as it was written ({str(hashed)[:12]})"
    for row in rows:
        if row["hash"] not in noted:
            yield f"{_name(row)}: the audit knows no such step"


def _check_words(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A reply's words have the print that the chain covers, or the audit knows that they were erased."""
    acts = connection.execute(select(_A.c.subject, _A.c.details).where(_A.c.what == ERASED))
    erased = {(act.subject, act.details["position"]) for act in acts}
    for row in rows:
        if row["text"] is None:
            if row["text_print"] and (f"{row['member']}/{row['number']}", row["position"]) not in erased:
                yield f"{_name(row)}: its words are gone, and the audit knows of no erasure"
        elif row["text_print"] != print_words(row["salt"], row["text"]):
            yield f"{_name(row)}: its words were changed afterwards"


def _check_complaints(connection: Connection, row: Mapping[str, Any]) -> Iterator[str]:
    evidence = row["evidence"]
    frozen = {(one["source"], one["source_id"]): one for one in evidence.get("complaints", ())}
    if not frozen:
        return
    versions = load_versions(connection, set(frozen), datetime.fromisoformat(evidence["known_at"]))
    for key, one in frozen.items():
        version = versions.get(key)
        if version is None:
            yield f"{_name(row)}: the complaint {key[0]} {key[1]} is gone"
        elif print_version(version) != one["print"]:
            yield f"{_name(row)}: the complaint {key[0]} {key[1]} is not the row that was frozen"


def _check_figures(connection: Connection, row: Mapping[str, Any]) -> Iterator[str]:
    """Count again as known then; the frozen figures must also agree with the complaints frozen beside them."""
    evidence = row["evidence"]
    if "window" not in evidence:
        return
    ends = (date.fromisoformat(evidence["window"][end]) for end in ("from", "to"))
    scope = Scope(Window(*ends), tuple(evidence["sources"]), known_at=datetime.fromisoformat(evidence["known_at"]))
    tally = count_members(connection, scope).get(row["member"])
    listed = evidence["complaints"]
    again = {
        "total": tally.total if tally else 0,
        "phone_at_least": tally.by_channel[Channel.PHONE] if tally else 0,
        "phone_unknown": tally.by_channel[Channel.UNKNOWN] if tally else 0,
    }
    inside = {
        "total": len(listed),
        "phone_at_least": sum(one["channel"] == Channel.PHONE for one in listed),
        "phone_unknown": sum(one["channel"] == Channel.UNKNOWN for one in listed),
    }
    for figure, frozen in ((name, evidence[name]) for name in again):
        if frozen != inside[figure]:
            yield f"{_name(row)}: {figure} says {frozen}, the complaints frozen beside it are {inside[figure]}"
        elif frozen != again[figure]:
            yield f"{_name(row)}: {figure} was frozen as {frozen}; as known then it is counted as {again[figure]} now"
