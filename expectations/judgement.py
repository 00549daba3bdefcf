"""What judging ends in: the rows' fate, the findings, and the counts for the data docs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from models.drafts import Draft
from models.words import Severity, Verdict


@dataclass(frozen=True)
class Quarantined:
    """A draft refused, or (``kept``) accepted with a flag that somebody should look at.

    ``code`` is the most severe rule it breaks; ``reason`` names the others too, and holds no personal data. A kept
    draft also stands among the accepted ones, with every code it breaks among its flags.
    """

    draft: Draft
    code: str
    reason: str
    kept: bool


@dataclass(frozen=True)
class Finding:
    """One rule that was broken, and by how many rows (for the bounds on a reading: how many rows it has)."""

    code: str
    severity: Severity
    message: str
    count: int


@dataclass(frozen=True)
class Judgement:
    """What was made of one chunk (``Judge.judge_chunk``) or of the whole reading (``Judge.conclude``).

    ``verdict`` is BROKEN when a critical rule is, ODD when rows were refused or the reading is larger than normal, and
    OK otherwise, also when rows were kept with a flag. ``rules_run`` counts the rules that were looked at.
    """

    accepted: Sequence[Draft]  # a DraftTable, unless there are none
    quarantined: list[Quarantined]
    findings: list[Finding]
    verdict: Verdict
    rules_run: int


@dataclass(frozen=True)
class RuleResult:
    """How one rule fared over a whole reading; ``broken`` counts rows, or is 1 for a broken rule on the reading."""

    code: str
    severity: Severity
    sentence: str
    expectation: str
    field: str
    limit: str
    broken: int


@dataclass(frozen=True)
class SourceResults:
    """One source's night in counts. ``accepted`` includes the ``flagged``; rows = accepted + refused + repeated."""

    source: str
    kind: str
    business_date: date
    verdict: Verdict
    rows: int
    accepted: int
    flagged: int
    refused: int
    repeated: int
    rules: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]
