"""What people decide about a quarantined row, remembered as data and applied whenever the same row comes again.

A row is known again by what it said: a hash of its id and facts as the parser read them, faults included. Where the
publisher changes the row the hash differs, and his new record is judged as it stands.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from models.dates import read_date
from models.draft_table import DraftTable
from models.drafts import Draft, Fault
from models.members.country import Scheme
from models.members.org_number import OrgNumberInvalid, member_id, read_org_number
from models.words import Channel, Evidence, Outcome

REPAIR, REJECT = "repair", "reject"
REPAIRED = "repaired"  # the flag of a complaint that a person has edited
_TOLD = (
    "source_id",
    "kind",
    "received_on",
    "event_on",
    "company",
    "org_number",
    "channel",
    "category",
    "outcome",
    "reexamination",
)
# Our field -> how the flags begin that speak of it: they are no longer true once a person has set it.
_FLAGS: Mapping[str, tuple[str, ...]] = {
    "source_id": ("key-", "case-"),
    "received_on": ("date-", "case-year-odd", "mail-date"),
    "event_on": ("event-",),
    "company": ("company-", "party-", "text-damaged"),
    "org_number": ("org-number-",),
    "channel": ("channel-",),
    "category": ("issues-",),
    "outcome": ("outcome-", "page-outcome-", "decision-missing"),
}
EDITABLE = tuple(_FLAGS)
_FOR_A_WHOLE_ROW = ("source_id", "received_on", "company")
_LONGEST = 300


class EditInvalid(ValueError):
    """An edit cannot be made; the text names the field, and what would be right."""


@dataclass(frozen=True)
class Decision:
    """What a person said of a row; ``kept`` tells of a rejected row that had been stored."""

    said: str
    edits: Mapping[str, str]
    kept: bool = False


def read_edits(pairs: Iterable[str], hash_key: bytes, scheme: Scheme = Scheme.SE) -> dict[str, str]:
    """Return ``field=value`` pairs as edits in canonical spelling; raises EditInvalid.

    An empty value empties the field. A sole trader's number is kept as its member id, never in clear.
    """
    edits = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        name, value = name.strip(), " ".join(value.split())
        if not sign or name not in EDITABLE:
            raise EditInvalid(f"--set {name!r}: write FIELD=VALUE; fields are {', '.join(EDITABLE)}")
        edits[name] = _canonical(name, value, hash_key, scheme) if value else ""
    return edits


def _canonical(name: str, value: str, hash_key: bytes, scheme: Scheme) -> str:
    if len(value) > _LONGEST or not value.isprintable():
        raise EditInvalid(f"--set {name}: at most {_LONGEST} printable characters")
    if name.endswith("_on"):
        day = read_date(value)
        if day is None:
            raise EditInvalid(f"--set {name}={value}: a date such as 2026-08-25 is needed")
        return day.isoformat()
    words: Mapping[str, Iterable[str]] = {"channel": Channel, "outcome": Outcome}
    if name in words and value not in set(words[name]):
        raise EditInvalid(f"--set {name}={value}: one of {', '.join(words[name])} is needed")
    if name == "org_number":
        try:
            return member_id(read_org_number(value, scheme), hash_key)
        except OrgNumberInvalid as error:
            raise EditInvalid(f"--set org_number: {error}") from error
    return value


def apply_edits(draft: Draft, edits: Mapping[str, str]) -> Draft:
    """Return the draft as a person says it is; what the edits settle is no longer held against it.

    A fault about the row as a whole (ragged, cut) is settled once id, date and company are known: a person has
    looked. Without edits the draft is returned as it is.
    """
    if not edits:
        return draft
    values: dict[str, object] = {name: _read(name, value) for name, value in edits.items()}
    if "channel" in edits:
        values["channel"] = values["channel"] or Channel.UNKNOWN
        values["channel_evidence"] = None if values["channel"] is Channel.UNKNOWN else Evidence.PERSON
    whole = all(values.get(name, getattr(draft, name)) for name in _FOR_A_WHOLE_ROW)
    if whole and draft.channel is None and not any(fault.field == "channel" for fault in draft.faults):
        values.setdefault("channel", Channel.UNKNOWN)
    stale = tuple(begin for name in edits for begin in _FLAGS[name])
    values["faults"] = tuple(fault for fault in draft.faults if not _settles(fault, edits, whole))
    values["flags"] = (*(flag for flag in draft.flags if not flag.startswith(stale)), REPAIRED)
    return draft.model_copy(update=values)


def _read(name: str, value: str) -> object:
    if not value:
        return None
    if name.endswith("_on"):
        return date.fromisoformat(value)
    if name == "channel":
        return Channel(value)
    return Outcome(value) if name == "outcome" else value


def _settles(fault: Fault, edits: Mapping[str, str], whole: bool) -> bool:
    if fault.field in edits:
        return True
    return whole and fault.field not in Draft.model_fields


def fingerprint(draft: Draft, occurrence: int = 1) -> str:
    """Return 32 hex digits for what a row says. Rows without an id are told apart by everything they hold.

    ``occurrence`` counts such rows that are equal in one object, from 1.
    """
    told = {name: getattr(draft, name) for name in _TOLD}
    told["faults"] = [[fault.code, fault.field, fault.value] for fault in draft.faults]
    if draft.source_id is None:
        told |= {"url": draft.url, "text": draft.text, "occurrence": occurrence}
    canonical = json.dumps(told, sort_keys=True, default=str)
    return hashlib.blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Repairs:
    """People's decisions about one source's rows, applied to a reading's drafts in their order.

    ``decisions`` are by fingerprint; ``ids`` are the ids of the rows they are about.
    """

    def __init__(self, decisions: Mapping[str, Decision], ids: Iterable[str]) -> None:
        self._decisions = decisions
        self._ids = frozenset(ids)
        self._occurrences: Counter[tuple[str, str]] = Counter()
        self._rows: dict[tuple[str, str, str | None], str] = {}
        self.applied = 0

    def __bool__(self) -> bool:
        """Tell whether anybody has decided anything."""
        return bool(self._decisions)

    def list_concerned(self, drafts: DraftTable) -> list[int]:
        """Return the rows that ``settle`` must see, in their order; of all others nobody has said anything."""
        if not self._ids and None not in drafts.source_id:
            return []
        return [at for at, one in enumerate(drafts.source_id) if one is None or one in self._ids]

    def settle(self, draft: Draft) -> tuple[Draft, Decision | None]:
        """Return the draft as it is to be judged, and what a person has said of it, if anything."""
        if draft.source_id is not None and draft.source_id not in self._ids:
            return draft, None
        row = fingerprint(draft, self._count(draft))
        self._rows[_place(draft)] = row
        decision = self._decisions.get(row)
        if decision is None or decision.said != REPAIR:
            return draft, decision
        mended = apply_edits(draft, decision.edits)
        self._rows[_place(mended)] = row
        self.applied += 1
        return mended, decision

    def note(self, draft: Draft, row: str) -> None:
        """Say which row a draft was read from."""
        self._rows[_place(draft)] = row

    def row_of(self, draft: Draft) -> str:
        """Return the fingerprint of the row that a draft was read from, repaired or not."""
        return self._rows.get(_place(draft)) or fingerprint(draft)

    def _count(self, draft: Draft) -> int:
        if draft.source_id is not None:
            return 1
        same = (draft.raw.sha256, fingerprint(draft))
        self._occurrences[same] += 1
        return self._occurrences[same]


def _place(draft: Draft) -> tuple[str, str, str | None]:
    return draft.raw.sha256, draft.raw.locator, draft.source_id
