"""The checks every source shares: a stable code, what breaking it costs, and a sentence for people.

Users script against the codes, so a code is never renamed. A source adds its own checks beside these
(``SourceInfo.checks``), and may declare one of these codes anew to change what it costs for that source.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from models.drafts import Check
from models.words import Severity

_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RANK = {Severity.CRITICAL: 0, Severity.ERROR: 1, Severity.WARNING: 2}

ROW_CHECKS = (
    Check("key-missing", Severity.ERROR, "The record has no id of its publisher's, so it cannot be told from others."),
    Check("key-odd", Severity.ERROR, "The record's id does not have the form this publisher uses, or is damaged."),
    Check("key-twice", Severity.ERROR, "One file gives the same id to records that differ; neither can be trusted."),
    Check("kind-odd", Severity.ERROR, "The record is of a kind this source does not publish."),
    Check("date-missing", Severity.ERROR, "The record has no date, so no count can place it."),
    Check("date-unreadable", Severity.ERROR, "A date could not be read."),
    Check("date-in-future", Severity.ERROR, "The record's date lies more than a day after the night's business date."),
    Check("date-too-old", Severity.ERROR, "The record's date lies before 1990."),
    Check("event-after-received", Severity.WARNING, "What is reported happened after the report came in."),
    Check("event-too-old", Severity.WARNING, "What is reported is dated before 1990."),
    Check("text-damaged", Severity.ERROR, "The company's name was read in the wrong encoding, or lost letters."),
    Check("company-missing", Severity.WARNING, "The record names no company, so it counts for nobody."),
    Check(
        "company-odd", Severity.ERROR, "The company's name holds control characters or is longer than 300 characters."
    ),
    Check("org-number-odd", Severity.WARNING, "The organisation number is not one, so only the name can match."),
    Check(
        "channel-unmapped", Severity.ERROR, "The channel's value stands in no map of the configuration: add it there."
    ),
    Check("channel-missing", Severity.ERROR, "The parser gave no channel and no reason why."),
    Check("outcome-missing", Severity.ERROR, "The decision has no outcome and no reason why."),
    Check("outcome-unknown", Severity.WARNING, "No rule recognises how the case was decided: read it and say."),
)

TABLE_CHECKS = (
    Check("no-rows", Severity.CRITICAL, "The source gave no rows at all: look at what it answers before trusting it."),
    Check("too-few-rows", Severity.CRITICAL, "The source gave fewer rows than it ever should (rows in koll.toml)."),
    Check("too-many-rows", Severity.WARNING, "The source gave more rows than is normal for it (rows in koll.toml)."),
    Check("most-rows-refused", Severity.CRITICAL, "More than half of the rows were refused: the format has changed."),
    Check("rows-repeated", Severity.WARNING, "Identical rows stand more than once in one file; each was taken once."),
)

UNDECLARED = Check("fault-undeclared", Severity.ERROR, "The parser reports a code that its source does not declare.")

# Weaker than this, two records would share an id, or a broken source would pass for a quiet one.
_FIRM = {
    check.code: check
    for check in (*ROW_CHECKS, *TABLE_CHECKS, UNDECLARED)
    if check.code in {"key-missing", "key-twice", "fault-undeclared"} or check in TABLE_CHECKS
}


class CheckInvalid(ValueError):
    """A source declares a check that cannot be: the text says which, and what would be right."""


def declare_checks(own: Iterable[Check], severities: Mapping[str, Severity]) -> Mapping[str, Check]:
    """Return every row check by its code: the common ones, then the source's ``own`` added or put in their place.

    ``severities`` says where a common check costs something else for this kind of source. Raises CheckInvalid on a
    code that is not kebab-case, an unknown severity, one code with two meanings, or a check that must not be weakened.
    """
    declared = {check.code: replace(check, severity=severities.get(check.code, check.severity)) for check in ROW_CHECKS}
    seen: dict[str, Check] = {}
    for check in own:
        if not is_code(check.code):
            raise CheckInvalid(f"check {check.code!r}: a code is kebab-case, at most 60 letters")
        if check.severity not in _RANK:
            raise CheckInvalid(f"check {check.code}: severity {check.severity!r} is none of {', '.join(_RANK)}")
        if seen.setdefault(check.code, check) != check:
            raise CheckInvalid(f"check {check.code}: declared twice with different meanings")
        if check.code in _FIRM and weigh(check) > weigh(_FIRM[check.code]):
            raise CheckInvalid(
                f"check {check.code}: must stay {_FIRM[check.code].severity}, every source is held to it"
            )
        declared[check.code] = check
    return declared


def is_code(text: str) -> bool:
    """Tell whether ``text`` can be a rule code; anything else may hold a value from outside."""
    return len(text) <= 60 and _CODE.fullmatch(text) is not None


def weigh(check: Check) -> int:
    """Return 0 for what costs the source, 1 for what costs the row, 2 for a flag."""
    return _RANK[Severity(check.severity)]
