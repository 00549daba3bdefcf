"""Drafts judged: which are accepted, which are refused and why, and whether the source can be trusted tonight."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from expectations.checks import UNDECLARED, is_code, weigh
from expectations.judgement import Finding, Judgement, Quarantined, RuleResult, SourceResults
from expectations.suites import Rule, build_suite
from models.draft_table import DraftTable
from models.drafts import Check, Draft, Fault
from models.words import Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from expectations.repeats import SeenRows
    from expectations.validation import Validation

__all__ = ["Finding", "Judge", "Judgement", "Quarantined", "RuleResult", "SourceResults"]

# Where no floor holds, only changes were read: a majority of so few rows says nothing about the source's format.
_FEW_ROWS = 10
_REFUSED, _ACCEPTED, _FLAGGED = 0, 1, 2  # as in repeats, which is imported late because it needs numpy
_REMEMBERED = 200_000  # distinct values of a part of the suite, before they are forgotten and looked at again
_DATES = frozenset({"date", "received_on", "event_on"})


@dataclass
class _Tally:
    """One reading so far; equal for equal rows, however they were cut into chunks."""

    rows: int = 0
    repeated: int = 0
    marks: Counter[int] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    undeclared: dict[str, Check] = field(default_factory=dict)


@dataclass(frozen=True)
class JudgedShare:
    """What one judge found of the files it was given."""

    tally: _Tally
    revoked: set[tuple[str, str]]


class Judge:
    """One source's judge for one night.

    In: the ``source``'s key in koll.toml, its ``kind``, its own ``checks``, the bounds of a full reading (``rows``),
    the night's ``business_date``, and whether this reading must hold rows (``expect_rows``; False on a night where
    silence is normal or only changes were fetched: then there is no floor). Raises ValueError on impossible bounds and
    CheckInvalid on an impossible check. Use from one thread at a time; several judges may work side by side.

    A reading costs 0.2 s, a chunk with anything not seen before 0.1 s more, and a row some 3 microseconds.

    A row may have been accepted before a later chunk shows that its id stands twice in one file: ``revoked`` holds
    the file's sha256 and the id. Such rows count as refused under "key-twice"; whoever took them takes them out again.
    """

    def __init__(
        self,
        source: str,
        kind: str,
        *,
        checks: Sequence[Check],
        rows: tuple[int, int],
        business_date: date,
        expect_rows: bool = True,
    ) -> None:
        self.source = source
        self.kind = kind
        self.business_date = business_date
        self.revoked: set[tuple[str, str]] = set()
        self._has_floor = expect_rows and rows[0] > 0
        self._suite = build_suite(kind, checks, business_date, rows, expect_rows)
        self._tally = _Tally()
        self._seen: SeenRows | None = None
        self._concluded: tuple[int, Judgement] | None = None  # after so many rows
        self._validations: dict[str, Validation] = {}
        self._looked_at: dict[str, dict[Any, tuple[int, ...]]] = {}  # by part: which rules each value breaks

    def judge_chunk(self, drafts: Sequence[Draft]) -> Judgement:
        """Judge rows by themselves and against all earlier ones; the findings are this chunk's.

        Give a DraftTable where there are many: its flagged rows are given their flags in place. A row identical to an
        earlier one of the same file is neither accepted nor quarantined, only counted. Raises
        RuleUnusable when a rule cannot be worked out.
        """
        self._tally.rows += len(drafts)
        if not len(drafts):
            return Judgement([], [], [], Verdict.OK, 0)
        table = DraftTable.of(drafts)
        if not self._suite.one_row_per_key:
            judgement, _ = self._judge_rows(table, [1] * len(table))
            return judgement

        from expectations.repeats import SeenRows

        self._seen = self._seen or SeenRows()
        chunk = self._seen.sort_in(table)
        self._tally.repeated += len(table) - len(chunk.fresh)
        for sha256, source_id, mark in chunk.undone:
            self._tally.broken["key-twice"] += 1
            if mark != _REFUSED:
                self.revoked.add((sha256, source_id))
                self._tally.marks.update({mark: -1, _REFUSED: 1})
        judgement, marks = self._judge_rows(table.take(chunk.fresh), chunk.contents)
        self._seen.remember(chunk, marks)
        return judgement

    def conclude(self) -> Judgement:
        """Judge the reading as a whole; the findings are the whole reading's, the most severe first."""
        if self._concluded is None or self._concluded[0] != self._tally.rows:
            self._concluded = self._tally.rows, self._conclude()
        return self._concluded[1]

    def _conclude(self) -> Judgement:
        from expectations.validation import frame_totals

        tally, refused = self._tally, self._tally.marks[_REFUSED]
        distinct = tally.rows - tally.repeated
        telling = distinct >= _FEW_ROWS or (distinct and self._has_floor)
        totals = {
            "rows": tally.rows,
            "refused_share": refused / distinct if telling else 0.0,
            "repeated": tally.repeated,
        }
        figures = {"refused_share": refused, "repeated": tally.repeated}
        positions = self._validate("table", self._suite.table).run(frame_totals(totals))
        findings = [
            _find(rule.check, figures.get(rule.field, tally.rows), rule.limit)
            for rule, broken in zip(self._suite.table, positions, strict=True)
            if broken and not (rule.check.code == "too-few-rows" and not tally.rows)
        ]
        findings += self._find_rows(tally.broken)
        return Judgement([], [], _order(findings), _reach_verdict(findings, refused), len(self._suite.table))

    def share(self) -> "JudgedShare":
        """Return what another judge must know to speak for these rows too."""
        return JudgedShare(self._tally, self.revoked)

    def take_over(self, share: "JudgedShare") -> None:
        """Speak for rows that another judge of the same reading has judged, of files that this one has not seen."""
        mine, other = self._tally, share.tally
        mine.rows += other.rows
        mine.repeated += other.repeated
        mine.marks.update(other.marks)
        mine.broken.update(other.broken)
        mine.undeclared.update(other.undeclared)
        self.revoked |= share.revoked

    @property
    def results(self) -> SourceResults:
        """What the data docs need of the reading so far."""
        conclusion, tally = self.conclude(), self._tally
        fields = (*self._suite.keys, *self._suite.rows, *self._suite.names)
        known = {rule.check.code for rule in fields}
        faults = {code: check for code, check in self._suite.declared.items() if code not in known} | tally.undeclared
        broken = {rule.check.code: 0 for rule in self._suite.table} | dict(tally.broken)
        broken |= {finding.code: 1 for finding in conclusion.findings if finding.code not in tally.broken}
        rules = (*fields, *(Rule(check, "", {}, "faults") for check in faults.values()), *self._suite.table)
        return SourceResults(
            source=self.source,
            kind=self.kind,
            business_date=self.business_date,
            verdict=conclusion.verdict,
            rows=tally.rows,
            accepted=tally.marks[_ACCEPTED] + tally.marks[_FLAGGED],
            flagged=tally.marks[_FLAGGED],
            refused=tally.marks[_REFUSED],
            repeated=tally.repeated,
            rules=tuple(_summarise(rule, broken.get(rule.check.code, 0)) for rule in rules),
            findings=tuple(conclusion.findings),
        )

    def _judge_rows(self, drafts: DraftTable, contents: Sequence[int]) -> tuple[Judgement, list[int]]:
        """Return the judgement of rows that are all different, and a mark for each."""
        if not len(drafts):
            return Judgement([], [], [], Verdict.OK, 0), []
        hits = self._read_faults(drafts)
        self._read_keys(drafts, contents, hits)
        self._read_profiles(drafts, hits)
        self._read_names(drafts, hits)

        quarantined: list[Quarantined] = []
        marks = [_ACCEPTED] * len(drafts)
        broken: Counter[str] = Counter()
        for at in sorted(hits):
            checks = sorted(hits[at].values(), key=weigh)
            broken.update(hits[at].keys())
            kept = checks[0].severity == Severity.WARNING
            marks[at] = _FLAGGED if kept else _REFUSED
            draft = drafts[at]
            if kept:
                draft = _flag(draft, checks)
                drafts.put(at, draft)
            quarantined.append(Quarantined(draft, checks[0].code, _give_reason(checks, draft.faults), kept))
        self._tally.marks.update(marks)
        self._tally.broken.update(broken)
        findings, refused = _order(self._find_rows(broken)), marks.count(_REFUSED)
        accepted = drafts.take([at for at, mark in enumerate(marks) if mark != _REFUSED]) if refused else drafts
        verdict = _reach_verdict(findings, refused)
        return Judgement(accepted, quarantined, findings, verdict, self._count_rules()), marks

    def _count_rules(self) -> int:
        suite = self._suite
        return len(suite.keys) + len(suite.rows) + len(suite.names) + len(suite.faults)

    def _read_faults(self, drafts: DraftTable) -> dict[int, dict[str, Check]]:
        """Return, by row, the checks that its parser's faults break. Without a fault there is nothing to validate."""
        from expectations.validation import frame_faults

        lines = [(at, fault) for at, faults in sorted(drafts.faults.items()) for fault in faults]
        hits: dict[int, dict[str, Check]] = {}
        if not lines:
            return hits
        frame = frame_faults([fault.code for _, fault in lines])
        positions = self._validate("faults", self._suite.faults).run(frame)
        for line in sorted({line for broken in positions for line in broken}):
            at, fault = lines[line]
            check = self._suite.declared.get(fault.code) or self._name_undeclared(fault)
            hits.setdefault(at, {}).setdefault(check.code, check)
        return hits

    def _read_keys(self, drafts: DraftTable, contents: Sequence[int], hits: dict[int, dict[str, Check]]) -> None:
        """Add to ``hits``, by row, the checks that its id breaks."""
        from expectations.validation import frame_keys, shape_keys

        keys = shape_keys(drafts.source_id, contents)
        for rule, rows in self._find_broken("keys", self._suite.keys, frame_keys, keys):
            self._hit(rule, rows, drafts, hits)

    def _read_profiles(self, drafts: DraftTable, hits: dict[int, dict[str, Check]]) -> None:
        """Add to ``hits``, by row, the checks that its other fields break."""
        from expectations.validation import frame_profiles, profile_rows

        profiles = list(profile_rows(drafts))
        for rule, rows in self._find_broken("rows", self._suite.rows, frame_profiles, profiles):
            self._hit(rule, rows, drafts, hits)

    def _hit(self, rule: Rule, rows: Iterable[int], drafts: DraftTable, hits: dict[int, dict[str, Check]]) -> None:
        for at in rows:
            if not (rule.missing and at in drafts.faults and self._explains(drafts.faults[at], rule.field)):
                hits.setdefault(at, {}).setdefault(rule.check.code, rule.check)

    def _read_names(self, drafts: DraftTable, hits: dict[int, dict[str, Check]]) -> None:
        """Add to ``hits``, by row, the checks that the name of its company breaks."""
        from expectations.validation import frame_names

        names = [name or None for name in drafts.company]
        for rule, rows in self._find_broken("names", self._suite.names, frame_names, names):
            for at in rows:
                hits.setdefault(at, {}).setdefault(rule.check.code, rule.check)

    def _find_broken(
        self, part: str, rules: Sequence[Rule], frame: Callable[[list[Any]], "pd.DataFrame"], values: Sequence[Any]
    ) -> Iterator[tuple[Rule, list[int]]]:
        """Yield each rule with the positions of the values that break it; None breaks none.

        Great Expectations looks at each distinct value once in a reading: what it said of one holds for every row
        and chunk that has it again.
        """
        known = self._looked_at.setdefault(part, {})
        if len(known) > _REMEMBERED:
            known.clear()
        distinct = dict.fromkeys(values)
        distinct.pop(None, None)
        fresh = [value for value in distinct if value not in known]
        if fresh:
            known.update(dict.fromkeys(fresh, ()))
            for place, lines in enumerate(self._validate(part, rules).run(frame(fresh))):
                for line in lines:
                    known[fresh[line]] += (place,)
        wrong = {value for value in distinct if known[value]}
        rows = [at for at, value in enumerate(values) if value in wrong] if wrong else []
        for place, rule in enumerate(rules):
            yield rule, [at for at in rows if place in known[values[at]]]

    def _explains(self, faults: Iterable[Fault], name: str) -> bool:
        """Tell whether a fault already refuses the row for this field, so that "missing" would only repeat it."""
        names = _DATES if name in _DATES else {name}
        return any(
            fault.field in names and weigh(self._suite.declared.get(fault.code, UNDECLARED)) <= weigh(UNDECLARED)
            for fault in faults
        )

    def _name_undeclared(self, fault: Fault) -> Check:
        if not is_code(fault.code):  # it may hold anything, also personal data
            return self._tally.undeclared.setdefault(UNDECLARED.code, UNDECLARED)
        sentence = f"The parser reports {fault.code}, which its source does not declare."
        return self._tally.undeclared.setdefault(fault.code, replace(UNDECLARED, code=fault.code, sentence=sentence))

    def _find_rows(self, broken: Counter[str]) -> list[Finding]:
        checks = {**self._suite.declared, **self._tally.undeclared}
        return [_find(checks[code], count) for code, count in broken.items() if count]

    def _validate(self, name: str, rules: Sequence[Rule]) -> "Validation":
        from expectations.validation import Validation

        if name not in self._validations:
            self._validations[name] = Validation(f"{self.source}-{name}", rules)
        return self._validations[name]


def _find(check: Check, count: int, limit: str = "") -> Finding:
    rows = "1 row" if count == 1 else f"{count} rows"
    bound = f" Normal: {limit}." if limit else ""
    return Finding(check.code, Severity(check.severity), f"{rows}: {check.sentence}{bound}", count)


def _order(findings: Iterable[Finding]) -> list[Finding]:
    ranks = list(Severity)
    return sorted(findings, key=lambda finding: (ranks.index(finding.severity), finding.code))


def _reach_verdict(findings: Iterable[Finding], refused: int) -> Verdict:
    found = {finding.code: finding.severity for finding in findings}
    if Severity.CRITICAL in found.values():
        return Verdict.BROKEN
    return Verdict.ODD if refused or "too-many-rows" in found else Verdict.OK


def _flag(draft: Draft, checks: Iterable[Check]) -> Draft:
    flags = dict.fromkeys((*draft.flags, *(check.code for check in checks)))
    return draft.model_copy(update={"flags": tuple(flags)})


def _give_reason(checks: Sequence[Check], faults: Iterable[Fault]) -> str:
    fields = {fault.code: fault.field for fault in faults if fault.field.isidentifier() and len(fault.field) <= 40}
    parts = [
        f"{check.sentence} [{check.code}{f', field {fields[check.code]}' if check.code in fields else ''}]"
        for check in checks
    ]
    return " Also: ".join(parts)


def _summarise(rule: Rule, broken: int) -> RuleResult:
    return RuleResult(
        code=rule.check.code,
        severity=Severity(rule.check.severity),
        sentence=rule.check.sentence,
        expectation=rule.expectation,
        field=rule.field,
        limit=rule.limit,
        broken=broken,
    )
