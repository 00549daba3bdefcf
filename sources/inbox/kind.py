"""What a tip box is as a kind of source, and what its mail is set aside for.

Apart from what reads it: who only asks how a source stands need not import half a mail reader.
"""

from models.drafts import Check
from models.words import Severity
from sources.contract import Bounds, SourceInfo

REASONS = {
    "own-alert": "The product sent it itself.",
    "feedback-report": "A machine's abuse report (ARF).",
    "bounce": "A delivery report from a mail server.",
    "receipt": "A read receipt.",
    "out-of-office": "Somebody is away: an automatic answer.",
    "auto-reply": "An automatic answer or notice.",
    "declaration": "A self-declaration is attached, and is taken in as one.",
    "review": "Answers to review questions are attached, and are taken in if the sender is proven to be staff.",
    "spam": "Our own mail server marked it as spam.",
    "mailing-list": "It came through a mailing list.",
    "newsletter": "Bulk mail that can be unsubscribed from.",
    "empty": "Neither words nor attachments.",
    "extract": "An authority's extract: the source of that authority reads it.",
}
TIPS_INFO = SourceInfo(
    kind="tips",
    title="Tips",
    publisher="whoever writes to the association's inbox",
    licence="letters to the association; personal data is stripped on reading",
    parser_version=2,
    bounds=Bounds(rows=(0, 20_000), quiet_days=14, max_age_days=3),
    names_all_companies=False,
    checks=(
        Check("mail-too-large", Severity.ERROR, "The mail is over 25 MB; only its beginning was archived."),
        Check("mail-too-deep", Severity.ERROR, "The mail has over 200 parts, or parts over 30 deep in each other."),
        Check("mail-header-too-large", Severity.ERROR, "A header is over 16 KB, or all of them over 256 KB."),
        Check("mail-unreadable", Severity.ERROR, "What was received is no mail: it has no headers at all."),
        Check("mail-too-slow", Severity.ERROR, "Reading the mail took too long and was given up."),
        Check("mail-failed", Severity.ERROR, "Reading the mail failed in a way nobody foresaw; please report it."),
        Check("mail-date-missing", Severity.ERROR, "Neither the mail nor its mailbox tells when it came."),
        Check("mail-charset-odd", Severity.WARNING, "The text did not decode as declared; letters may be wrong."),
        Check("mail-text-cut", Severity.WARNING, "The text was too long; its end was not read."),
        Check(
            "attachment-only", Severity.WARNING, "The mail says nothing itself; somebody must look at what is attached."
        ),
        Check("workbook-untrusted", Severity.ERROR, "Answers to review questions came from no proven member of staff."),
        *(Check(f"set-aside-{reason}", Severity.WARNING, f"Not a tip: {why}") for reason, why in REASONS.items()),
    ),
)
