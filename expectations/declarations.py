"""Declarations judged: what is handed in for a business year, held to the form, the register and the calendar.

The same kind of rules as for complaints, each one expectation on a column; but a declaration is one record with many
answers, so there are four frames: the declarations, their required answers, their sums, and what could not be read.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any

from expectations.judgement import Finding, RuleResult, SourceResults
from expectations.suites import Rule
from models.declarations.draft import DeclarationDraft
from models.declarations.due import business_year
from models.declarations.form import Question, Sum, load_form
from models.drafts import Check
from models.words import Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd

_MOST_TOLD = 40  # places of one fault that a reason names
_OLDEST = 3 * 366  # days from the end of a business year to the day it is declared for


@dataclass(frozen=True)
class Standing:
    """What the register says of a member that a declaration is held to."""

    year_end: str | None = None
    joined_on: date | None = None
    left_on: date | None = None


@dataclass(frozen=True)
class Judged:
    """One declaration's fate: accepted when ``code`` is empty, else the code, the place in the file, and the reason."""

    draft: DeclarationDraft
    code: str = ""
    place: str = ""
    reason: str = ""


@dataclass(frozen=True)
class _Breach:
    """One rule broken by one declaration; ``found`` says by what."""

    code: str
    place: str = ""
    found: str = ""


def judge_declarations(
    drafts: Sequence[DeclarationDraft], members: Mapping[str, Standing], checks: Sequence[Check]
) -> list[Judged]:
    """Return the fate of each declaration, in order. Raises RuleUnusable when a rule cannot be worked out."""
    if not drafts:
        return []
    declared = {check.code: check for check in checks}
    breaches: list[list[_Breach]] = [
        [_Breach(trouble.code, trouble.place, trouble.found) for trouble in draft.troubles] for draft in drafts
    ]
    for at, breach in _find_breaches(drafts, members, declared):
        breaches[at].append(breach)
    ranks = {code: place for place, code in enumerate(declared)}
    return [
        _conclude(draft, sorted(found, key=lambda one: ranks[one.code]), declared)
        for draft, found in zip(drafts, breaches, strict=True)
    ]


def sum_up(source: str, on: date, judged: Sequence[Judged], checks: Sequence[Check]) -> SourceResults:
    """Return the night's figures for the data docs; the rules that no declaration broke stand there too."""
    broken = {check.code: sum(one.code == check.code for one in judged) for check in checks}
    refused = sum(broken.values())
    findings = tuple(
        Finding(
            check.code, Severity(check.severity), f"{broken[check.code]} refused: {check.sentence}", broken[check.code]
        )
        for check in checks
        if broken[check.code]
    )
    rules = tuple(
        RuleResult(check.code, Severity(check.severity), check.sentence, "", "", "", broken[check.code])
        for check in checks
    )
    verdict = Verdict.ODD if refused else Verdict.OK
    return SourceResults(
        source, "declarations", on, verdict, len(judged), len(judged) - refused, 0, refused, 0, rules, findings
    )


def _conclude(draft: DeclarationDraft, found: Sequence[_Breach], declared: Mapping[str, Check]) -> Judged:
    if not found:
        return Judged(draft)
    told = []
    for code, group in groupby(found, key=lambda one: one.code):
        wheres = [where for one in group if (where := ": ".join(part for part in (one.place, one.found) if part))]
        more = f" and {len(wheres) - _MOST_TOLD} more" if len(wheres) > _MOST_TOLD else ""
        where = f"{'; '.join(wheres[:_MOST_TOLD])}{more}. " if wheres else ""
        told.append(f"{where}{declared[code].sentence} [{code}]")
    return Judged(draft, found[0].code, found[0].place, " Also: ".join(told))


def _find_breaches(
    drafts: Sequence[DeclarationDraft], members: Mapping[str, Standing], declared: Mapping[str, Check]
) -> Iterable[tuple[int, _Breach]]:
    read = [at for at, draft in enumerate(drafts) if draft.form is not None]  # what is refused as a whole says nothing
    lines = [_describe(drafts[at], members) for at in read]
    for rule, row in _run("declarations", _whole_rules(declared, members), lines):
        yield read[row], _Breach(rule.check.code, drafts[read[row]].places.get(rule.field, ""), _tell(lines[row], rule))
    asked = [(at, question) for at in read for question in _list_required(drafts[at])]
    answers = [{"answer": _leave_out(drafts[at], question)} for at, question in asked]
    for rule, row in _run("answers", [_present(declared["answer-missing"], "answer")], answers):
        at, question = asked[row]
        yield at, _Breach(rule.check.code, drafts[at].places.get(question.id, ""), f"{question.id} ({question.sv})")
    sums = [(at, one) for at in read for one in load_form(drafts[at].form or "").sums]
    totals = [_add_up(drafts[at], one) for at, one in sums]
    for rule, row in _run("sums", list(_sum_rules(declared)), totals):
        at, one = sums[row]
        found = f"{' + '.join(one.parts)} = {totals[row]['parts']:.0f}, {one.whole} = {totals[row]['whole']:.0f}"
        yield at, _Breach(rule.check.code, drafts[at].places.get(one.whole, ""), found)


def _run(
    name: str, rules: Sequence[Rule], lines: Sequence[Mapping[str, object]]
) -> Iterable[tuple[Rule, int]]:  # fmt: skip
    """Yield (rule, line) for every line that breaks a rule."""
    if not lines:
        return
    from expectations.validation import Validation

    for rule, broken in zip(rules, Validation(f"declarations-{name}", rules).run(_frame(lines)), strict=True):
        for row in broken:
            yield rule, row


def _frame(lines: Sequence[Mapping[str, object]]) -> "pd.DataFrame":
    import pandas as pd

    def make(column: str) -> "pd.Series[Any]":
        values = [line[column] for line in lines]
        return pd.Series(values, dtype=float if all(isinstance(value, float) for value in values) else object)

    return pd.DataFrame({column: make(column) for column in lines[0]})


def _describe(draft: DeclarationDraft, members: Mapping[str, Standing]) -> dict[str, object]:
    """Return one declaration as the rules see it: days as numbers, NaN where they cannot be known."""
    told = {trouble.code for trouble in draft.troubles}
    standing = members.get(draft.member or "")
    line: dict[str, object] = {
        "member": draft.member or ("unreadable" if "member-unreadable" in told else None),
        "known": (draft.member if standing else "nobody") if draft.member else None,
        "year": float(draft.year) if draft.year else (0.0 if "year-unreadable" in told else math.nan),
        "age": math.nan,
        "joined": math.nan,
        "stayed": math.nan,
    }
    if standing and draft.year:
        end = business_year(standing.year_end, draft.year).end
        line["age"] = float((draft.received_on - end).days)
        line["joined"] = float((end - standing.joined_on).days) if standing.joined_on else math.nan
        line["stayed"] = float((standing.left_on - end).days) if standing.left_on else math.nan
    return line


def _whole_rules(declared: Mapping[str, Check], members: Mapping[str, Standing]) -> list[Rule]:
    known = {"column": "known", "value_set": sorted(members)}
    return [
        _present(declared["member-missing"], "member"),
        Rule(declared["member-unknown"], "ExpectColumnValuesToBeInSet", known, "member"),
        _present(declared["year-missing"], "year"),
        _between(declared["year-not-ended"], "age", min_value=1),
        _between(declared["year-too-old"], "age", max_value=_OLDEST),
        _between(declared["year-not-owed"], "joined", min_value=0),
        _between(declared["year-not-owed"], "stayed", min_value=0),
    ]


def _tell(line: Mapping[str, object], rule: Rule) -> str:
    """Return what broke a rule about the whole declaration, where that helps."""
    return f"year {line['year']:.0f}" if rule.field == "year" and rule.check.code != "year-missing" else ""


def _list_required(draft: DeclarationDraft) -> Iterable[Question]:
    """Yield what must be answered here; an answer that could not be read is told of already."""
    told = {trouble.found.partition(":")[0] for trouble in draft.troubles if trouble.code == "answer-unreadable"}
    for question in load_form(draft.form or "").questions:
        needed = question.required or bool(question.required_when and draft.answers.get(question.required_when))
        if needed and question.id not in told:
            yield question


def _leave_out(draft: DeclarationDraft, question: Question) -> str | None:
    """Return that there is an answer, never which."""
    return "answered" if question.id in draft.answers else None


def _add_up(draft: DeclarationDraft, one: Sum) -> dict[str, object]:
    """Return a sum's sides; NaN where the whole is not answered, and where one part is missing of an exact sum."""
    parts = [draft.answers.get(part) for part in one.parts]
    whole = draft.answers.get(one.whole)
    told = float(whole) if isinstance(whole, int) else math.nan
    added = float(sum(part for part in parts if isinstance(part, int)))
    exact = one.exact and None not in parts
    return {"whole": told, "parts": added, "least": told if exact else math.nan}


def _sum_rules(declared: Mapping[str, Check]) -> Iterable[Rule]:
    pair = {"or_equal": True, "ignore_row_if": "either_value_is_missing"}
    larger = "ExpectColumnPairValuesAToBeGreaterThanB"
    yield Rule(declared["sum-too-large"], larger, {"column_A": "whole", "column_B": "parts", **pair}, "whole")
    yield Rule(declared["sum-differs"], larger, {"column_A": "parts", "column_B": "least", **pair}, "whole")


def _present(check: Check, column: str) -> Rule:
    return Rule(check, "ExpectColumnValuesToNotBeNull", {"column": column}, column)


def _between(check: Check, column: str, **bounds: float) -> Rule:
    return Rule(check, "ExpectColumnValuesToBeBetween", {"column": column, **bounds}, "year")
