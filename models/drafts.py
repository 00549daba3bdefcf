"""A draft: one unjudged record from a parser. Validated in shape, not yet believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from models.words import Channel, Evidence, Kind, Outcome, Role


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(_Strict):
    """What a parser could not read: the rule code it breaks, the field, and the value as it stood (cut at 200)."""

    code: str
    field: str
    value: str = ""


class MentionDraft(_Strict):
    """A further company named in the record, besides the one it is about."""

    text: str
    role: Role
    org_number: str | None = None
    sentence: str | None = None  # what makes us think so; masked of personal data


class RawRef(_Strict):
    """Where the raw bytes are: sha256 of the archived object, and the place inside ("row 17", "case 21-072")."""

    sha256: str
    locator: str = ""


class Draft(_Strict):
    """One record as its publisher gives it.

    ``source_id`` is the publisher's own id in one canonical spelling. ``channel`` is None only together with a
    fault: a channel that nothing tells is ``Channel.UNKNOWN``. ``text`` has already lost its personal data.
    ``flags`` are oddities that do not keep the record out; ``faults`` are what could not be read.
    """

    source_id: str | None
    kind: Kind
    raw: RawRef
    received_on: date | None = None
    event_on: date | None = None
    company: str | None = None
    org_number: str | None = None
    channel: Channel | None = Channel.UNKNOWN
    channel_evidence: Evidence | None = None
    category: str | None = None
    outcome: Outcome | None = None
    reexamination: bool = False
    url: str | None = None
    text: str | None = None
    mentions: tuple[MentionDraft, ...] = ()
    flags: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    precedence: int = 0  # of two records with one id the higher one stands (a re-examination, a newer host)
    # hard facts for duplicates: message_id, sender (keyed hashes), title, ...
    facts: Mapping[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One check a draft or a reading must pass: its code, what breaking it costs, and a sentence for people in English.

    ``severity`` is a ``models.words.Severity`` value. Codes are kebab-case and stable: users script against them.
    """

    code: str
    severity: str
    sentence: str
