"""Which rules a kind of source is held to: plain Python, built from the checks, parameters apart.

A rule is one Great Expectations expectation on one column of the frame that ``validation`` builds; nothing here
imports Great Expectations, so that reading a suite costs nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from expectations.checks import TABLE_CHECKS, UNDECLARED, declare_checks
from models.drafts import Check
from models.words import Kind, Outcome, Severity

EARLIEST = date(1990, 1, 1)
REFUSED_AT_MOST = 0.5  # share of a reading's rows

_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff"
_INVISIBLE = _CONTROL + r"\u00ad\u200b-\u200f\u2060-\u2064\ufeff\ufffd"
# UTF-8 read as cp1252 or latin-1 (Ã¥, Â°, â€™) or as cp850 (├Ñ); inside a word, signs that stand for Swedish letters
# when cp850, cp1252 or Mac Roman were mixed up. Mix-ups that end in other letters (Õ for å) cannot be told.
_MOJIBAKE = (
    r"\ufffd|[\u00c2\u00c3][\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d"
    r"\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]"
    r"|\u00e2\u20ac|\u00f0\u0178|[\u2500-\u259f]"
    r"|[^\W\d_][\u2020\u201e\u2030\u00f7\u201d\u2122\u201a\u203a\u02c6\u2248\u0192\u00b8\u00af\u00bf\u00be\u00b3\u00b0][^\W\d_]"
)
_ANY_KEY = rf"\A(?!\s)(?!.*\s\Z)(?=.*\w)[^{_INVISIBLE}]{{1,200}}\Z"
_CASE_NUMBER = r"\A(?:[0-9]{2}-[0-9]{3,4}|[0-9]{1,5}/[0-9]{2})\Z"  # 21-072 since 2013 or so, 944/12 before


@dataclass(frozen=True)
class Parameters:
    """What differs between kinds of source.

    ``kinds``: the kinds of draft it may give (empty: any). ``key_form``: the pattern of its ids, to which all
    digits are alike. ``severities``: where
    a common check costs something else here. ``one_row_per_key``: two different records under one id in one file
    are an error; where a precedence always decides, they are not. ``names_company``: a record has a field for the
    company, so an empty one is worth a flag (a tip has only its text).
    """

    kinds: tuple[Kind, ...] = ()
    key_form: str = _ANY_KEY
    severities: Mapping[str, Severity] = field(default_factory=dict)
    one_row_per_key: bool = True
    names_company: bool = True


PARAMETERS: Mapping[str, Parameters] = {
    # One decision may be published at two addresses, and a re-examination replaces what it re-examines. A case that
    # is decided counts even when its date is misprinted (a five-digit year occurs).
    "dm_namnden": Parameters(
        kinds=(Kind.DECISION,),
        key_form=_CASE_NUMBER,
        severities={
            "company-missing": Severity.ERROR,
            "date-missing": Severity.WARNING,
            "date-unreadable": Severity.WARNING,
        },
        one_row_per_key=False,
    ),
    # The consumer agency says itself that many complaints lack a company: they stay in its totals.
    "extract": Parameters(kinds=(Kind.COMPLAINT,)),
    "tips": Parameters(kinds=(Kind.TIP,), names_company=False),
}


@dataclass(frozen=True)
class Rule:
    """One expectation: ``expectation`` is its class in Great Expectations, ``kwargs`` what it is called with.

    ``field`` is the draft's field it is about. ``missing`` marks rules that are silent where the parser has already
    refused that field with a fault. ``limit`` says for people what the kwargs mean.
    """

    check: Check
    expectation: str
    kwargs: Mapping[str, object]
    field: str = ""
    missing: bool = False
    limit: str = ""


@dataclass(frozen=True)
class Suite:
    """The rules of one source on one night: for ids, other fields, companies' names, parsers' faults, the reading."""

    keys: tuple[Rule, ...]
    rows: tuple[Rule, ...]
    names: tuple[Rule, ...]
    faults: tuple[Rule, ...]
    table: tuple[Rule, ...]
    declared: Mapping[str, Check]
    one_row_per_key: bool


def build_suite(
    kind: str, own: Iterable[Check], business_date: date, rows: tuple[int, int], expect_rows: bool
) -> Suite:
    """Return the suite for a source of ``kind``; raise CheckInvalid or ValueError when it cannot be built.

    A kind that is not in PARAMETERS is held to the rules that fit any source, so a new source needs no line here.
    """
    parameters = PARAMETERS.get(kind, Parameters())
    declared = declare_checks(own, parameters.severities)
    return Suite(
        keys=tuple(_key_rules(parameters, declared)),
        rows=tuple(_row_rules(parameters, declared, business_date)),
        names=tuple(_name_rules(declared)),
        faults=tuple(_fault_rules(declared)),
        table=tuple(_table_rules(rows, expect_rows)),
        declared=declared,
        one_row_per_key=parameters.one_row_per_key,
    )


def _key_rules(parameters: Parameters, declared: Mapping[str, Check]) -> Iterable[Rule]:
    """Yield the rules on ids, which run once per distinct shape of an id."""
    yield _present("key-missing", "source_id", declared)
    yield _matches("key-odd", "source_id", parameters.key_form, declared)
    if parameters.one_row_per_key:
        yield _between("key-twice", "contents", declared, highest=1, limit="one content under one id in one file")


def _row_rules(parameters: Parameters, declared: Mapping[str, Check], business_date: date) -> Iterable[Rule]:
    """Yield the rules that run once per distinct profile of a row: a file holds few of them."""
    if parameters.kinds:
        yield _among("kind-odd", "kind", parameters.kinds, declared)
    yield _present("date-missing", "date", declared)
    last = business_date + timedelta(days=1)
    yield _between("date-in-future", "date", declared, highest=last.toordinal(), limit=f"up to {last}")
    yield _between("date-too-old", "date", declared, lowest=EARLIEST.toordinal(), limit=f"from {EARLIEST}")
    yield Rule(
        declared["event-after-received"],
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {
            "column_A": "received_on",
            "column_B": "event_on",
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
        "event_on",
    )
    yield _between("event-too-old", "event_on", declared, lowest=EARLIEST.toordinal(), limit=f"from {EARLIEST}")
    if parameters.names_company:
        yield _present("company-missing", "company", declared)
    yield Rule(declared["org-number-odd"], "ExpectColumnValuesToBeNull", {"column": "org_number_fault"}, "org_number")
    yield _present("channel-missing", "channel", declared)
    if not parameters.kinds or Kind.DECISION in parameters.kinds:
        yield _present("outcome-missing", "outcome", declared)
        yield Rule(
            declared["outcome-unknown"],
            "ExpectColumnValuesToNotBeInSet",
            {"column": "outcome", "value_set": [Outcome.UNKNOWN.value]},
            "outcome",
        )


def _name_rules(declared: Mapping[str, Check]) -> Iterable[Rule]:
    """Yield the rules on companies' names, which run once per distinct name: a file names few companies often."""
    yield Rule(
        declared["text-damaged"],
        "ExpectColumnValuesToNotMatchRegex",
        {"column": "company", "regex": _MOJIBAKE},
        "company",
    )
    yield _matches("company-odd", "company", rf"\A[^{_CONTROL}]{{1,300}}\Z", declared)


def _fault_rules(declared: Mapping[str, Check]) -> Iterable[Rule]:
    """Yield one rule per severity: a rule per code would cost 6 ms each, for tens of codes, on every chunk."""
    yield Rule(UNDECLARED, "ExpectColumnValuesToBeInSet", {"column": "code", "value_set": sorted(declared)}, "faults")
    for severity in Severity:
        codes = sorted(code for code, check in declared.items() if check.severity == severity)
        if codes:
            check = Check(
                f"faults-{severity.value}", severity, f"The parser reports a fault of severity {severity.value}."
            )
            yield Rule(check, "ExpectColumnValuesToNotBeInSet", {"column": "code", "value_set": codes}, "faults")


def _table_rules(rows: tuple[int, int], expect_rows: bool) -> Iterable[Rule]:
    lowest, highest = rows
    if lowest < 0 or highest < max(lowest, 1):
        raise ValueError(f"rows = [{lowest}, {highest}]: two whole numbers are needed, the lower first")
    declared = {check.code: check for check in TABLE_CHECKS}
    if expect_rows:
        yield _between("no-rows", "rows", declared, lowest=1, limit="at least 1")
        yield _between("too-few-rows", "rows", declared, lowest=lowest, limit=f"at least {lowest}")
    yield _between("too-many-rows", "rows", declared, highest=highest, limit=f"at most {highest}")
    yield _between(
        "most-rows-refused", "refused_share", declared, highest=REFUSED_AT_MOST, limit=f"at most {REFUSED_AT_MOST:.0%}"
    )
    yield _between("rows-repeated", "repeated", declared, highest=0, limit="none")


def _present(code: str, column: str, declared: Mapping[str, Check]) -> Rule:
    return Rule(declared[code], "ExpectColumnValuesToNotBeNull", {"column": column}, column, missing=True)


def _matches(code: str, column: str, regex: str, declared: Mapping[str, Check]) -> Rule:
    return Rule(declared[code], "ExpectColumnValuesToMatchRegex", {"column": column, "regex": regex}, column)


def _among(code: str, column: str, values: Iterable[str], declared: Mapping[str, Check]) -> Rule:
    allowed = [str(value) for value in values]
    return Rule(
        declared[code],
        "ExpectColumnValuesToBeInSet",
        {"column": column, "value_set": allowed},
        column,
        limit=", ".join(allowed),
    )


def _between(
    code: str,
    column: str,
    declared: Mapping[str, Check],
    *,
    lowest: float | None = None,
    highest: float | None = None,
    limit: str = "",
) -> Rule:
    bounds = {"min_value": lowest, "max_value": highest}
    return Rule(
        declared[code],
        "ExpectColumnValuesToBeBetween",
        {"column": column, **{name: bound for name, bound in bounds.items() if bound is not None}},
        column,
        limit=limit,
    )
