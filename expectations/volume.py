"""The checks on a source as a whole over time: how much came, how long nothing did, and in which columns."""

from models.drafts import Check
from models.words import Severity

VOLUME_LOW = Check(
    "volume-low",
    Severity.CRITICAL,
    "The file holds far fewer rows than this source's own recent weeks let expect: it is probably cut short.",
)
VOLUME_FALLING = Check(
    "volume-falling",
    Severity.WARNING,
    "Far less has come lately than in the weeks before: see whether the source still tells everything.",
)
QUIET_TOO_LONG = Check(
    "quiet-too-long",
    Severity.WARNING,
    "Nothing new has come for longer than is normal for this source (quiet_days in koll.toml).",
)
HEADER_CHANGED = Check(
    "header-changed",
    Severity.WARNING,
    "The file's columns are not those of the last file that was accepted: see whether they still mean the same.",
)
ROWS_TAKEN_BACK = Check(
    "rows-taken-back",
    Severity.WARNING,
    "More than a tenth of the rows known of the file's period are no longer there; they were marked withdrawn.",
)

DRIFT_CHECKS = (VOLUME_LOW, VOLUME_FALLING, QUIET_TOO_LONG, HEADER_CHANGED, ROWS_TAKEN_BACK)


def tell(check: Check, seen: str) -> str:
    """Return a finding as people read it: what was seen, the check's sentence, its code."""
    return f"{seen}. {check.sentence} [{check.code}]"
