"""What an authority's extract is as a kind of source, apart from what reads it."""

from models.drafts import Check
from models.words import Severity
from sources.contract import Bounds, SourceInfo

EXTRACT_INFO = SourceInfo(
    kind="extract",
    title="Extract from an authority",
    publisher="the authority that sent it",
    licence="public record; personal data is stripped on reading",
    parser_version=1,
    bounds=Bounds(rows=(1, 5_000_000), quiet_days=60, max_age_days=35),
    names_all_companies=True,
    checks=(
        Check("date-unreadable", Severity.ERROR, "A date has no certain reading."),
        Check("event-date-unreadable", Severity.WARNING, "The date of the event has no certain reading; left out."),
        Check("channel-unmapped", Severity.ERROR, "The channel has a value that the channel map does not know."),
        Check("outcome-unmapped", Severity.ERROR, "The outcome is none of our words for one."),
        Check("row-ragged", Severity.ERROR, "The row has not the header's cells, or a stray quotation mark."),
        Check("key-mangled", Severity.ERROR, "A spreadsheet has made a number, a date or an error of the record's id."),
        Check("key-damaged", Severity.ERROR, "The record's id holds what no id has: the file is damaged, or misread."),
        Check("org-number-invalid", Severity.WARNING, "The organisation number is none; it was not used."),
    ),
)
