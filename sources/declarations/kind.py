"""What self-declarations are as a kind of source, and what each is held to: code, cost, a sentence with the cure."""

from models.drafts import Check
from models.words import Severity
from sources.contract import Bounds, SourceInfo

_ASK = "ask the member to fill in the form again"
DECLARATION_CHECKS = tuple(
    Check(code, Severity.ERROR, sentence)
    for code, sentence in (
        ("file-too-large", f"The file is larger than any filled-in form; {_ASK}."),
        ("file-broken", f"The file is damaged or no workbook at all; {_ASK}."),
        ("not-a-declaration", "The file is no form of ours; write one with `koll declarations form`."),
        ("form-twice", f"The form stands in it more than once, or its header row does; {_ASK}."),
        ("macros-inside", "The workbook has macros; ask the member to save it as .xlsx without them."),
        ("formulas-inside", "The workbook has formulas; ask the member to write the answers themselves."),
        ("sheet-hidden", "The workbook hides a sheet; ask the member to take it away or show it."),
        ("links-inside", "The workbook has links or objects from elsewhere; ask the member to take them away."),
        ("form-unknown", "The form's version is none of ours; hand out the one that `koll declarations form` writes."),
        ("question-unknown", f"A code is none of the form's; {_ASK} without changing its first column."),
        ("question-twice", f"One code stands twice; {_ASK}."),
        ("answer-unreadable", "An answer is none that its question can have; ask the member to mend it."),
        ("answer-missing", "A question that must be answered is not; ask the member to answer it."),
        ("member-unreadable", "The organisation number is none; ask the member to mend it."),
        ("member-missing", "The form does not say whose it is; ask who sent it, and let them write the number."),
        ("member-unknown", "No member has this organisation number; look in `koll members list` for who it can be."),
        ("year-unreadable", "The business year is none; ask the member to write the year it ends in."),
        ("year-missing", "The form does not say which business year it is about; ask the member to write it."),
        ("year-not-ended", "The business year had not ended when the form came in; ask which year it is about."),
        ("year-not-owed", "The company was no member at the end of that business year; ask which year it is about."),
        ("year-too-old", "The business year ended over three years ago; ask whether it is the right one."),
        ("sum-too-large", "Parts add up to more than their whole; ask the member to go through the figures."),
        ("sum-differs", "Parts do not add up to their whole; ask the member to go through the figures."),
        ("sender-unknown", "It was mailed from an address the register does not know as the member's; ask the member."),
        ("sender-unproven", "Our mail server does not vouch for the sender; ask the member, then import the file."),
    )
)
DECLARATIONS_INFO = SourceInfo(
    kind="declarations",
    title="Self-declarations",
    publisher="the members themselves",
    licence="handed in to the association under its statutes",
    parser_version=1,
    bounds=Bounds(rows=(0, 5_000), quiet_days=365, max_age_days=3),
    names_all_companies=False,
    checks=DECLARATION_CHECKS,
)
