"""Every rule is provoked, and the verdict is the same however the rows are cut into chunks."""

import subprocess
import sys
import threading
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.checks import ROW_CHECKS, TABLE_CHECKS, CheckInvalid, declare_checks
from expectations.judge import Finding, Judge, Judgement
from expectations.repeats import SeenRows
from expectations.suites import PARAMETERS, Rule
from expectations.validation import RuleUnusable, Validation, frame_keys
from models.draft_table import DraftTable
from models.drafts import Check, Draft, Fault, RawRef
from models.members.org_number import member_id
from models.words import Channel, Kind, Outcome, Severity, Verdict

NIGHT = date(2026, 8, 26)
FILE = RawRef(sha256="a" * 64, locator="row 1")


def a_complaint(**changes) -> Draft:
    facts = {
        "source_id": "2026/219",
        "kind": Kind.COMPLAINT,
        "raw": FILE,
        "received_on": date(2026, 8, 20),
        "event_on": date(2026, 8, 18),
        "company": "Fönsterkompaniet i Åby AB",
        "org_number": "559021-6296",
        "channel": Channel.PHONE,
    }
    return Draft(**(facts | changes))


def a_decision(**changes) -> Draft:
    facts = {
        "source_id": "21-072",
        "kind": Kind.DECISION,
        "raw": FILE,
        "received_on": date(2021, 7, 12),
        "company": "Fönsterkompaniet",
        "channel": Channel.PHONE,
        "outcome": Outcome.BREACH,
    }
    return Draft(**(facts | changes))


def a_judge(kind: str = "extract", checks: tuple[Check, ...] = (), rows=(0, 1000), **more) -> Judge:
    return Judge("konsumentverket", kind, checks=checks, rows=rows, business_date=NIGHT, **more)


def codes(judgement: Judgement) -> dict[str, bool]:
    return {refused.code: refused.kept for refused in judgement.quarantined}


def found(judgement: Judgement) -> dict[str, int]:
    return {finding.code: finding.count for finding in judgement.findings}


def test_importing_the_judge_loads_neither_great_expectations_nor_pandas_nor_numpy():
    program = (
        "import sys, expectations.judge, expectations.data_docs;"
        "sys.exit(' '.join({'great_expectations', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize("kind", ["extract", "dm_namnden", "tips", "a_kind_nobody_wrote_a_suite_for"])
def test_a_good_record_of_each_kind_is_accepted_without_a_word(kind):
    good = {
        "dm_namnden": a_decision(),
        "tips": a_complaint(kind=Kind.TIP, source_id="<17.a@example.se>", event_on=None, org_number=None),
    }.get(kind, a_complaint())
    judge = a_judge(kind)
    judgement = judge.judge_chunk([good])
    assert judgement == Judgement([good], [], [], Verdict.OK, judgement.rules_run)
    assert judgement.rules_run >= len(judge._suite.keys + judge._suite.rows) > 10
    assert judge.conclude().verdict == Verdict.OK


REFUSED_COMPLAINTS = {
    "no id": ({"source_id": None}, "key-missing"),
    "empty id": ({"source_id": ""}, "key-missing"),
    "NUL in the id": ({"source_id": "2026/2\x0019"}, "key-odd"),
    "line break after the id": ({"source_id": "2026/219\n"}, "key-odd"),
    "space before the id": ({"source_id": " 2026/219"}, "key-odd"),
    "an invisible letter in the id": ({"source_id": "2026/\u200b219"}, "key-odd"),
    "a lost letter in the id": ({"source_id": "2026/\ufffd19"}, "key-odd"),
    "an id of marks only": ({"source_id": "---"}, "key-odd"),
    "an id of 201 letters": ({"source_id": "9" * 201}, "key-odd"),
    "a decision in an extract": ({"kind": Kind.DECISION, "outcome": Outcome.BREACH}, "kind-odd"),
    "no date at all": ({"received_on": None, "event_on": None}, "date-missing"),
    "two days ahead": ({"received_on": NIGHT + timedelta(days=2)}, "date-in-future"),
    "ahead, by its event": ({"received_on": None, "event_on": date(9999, 12, 31)}, "date-in-future"),
    "before 1990": ({"received_on": date(1989, 12, 31), "event_on": None}, "date-too-old"),
    "year one": ({"received_on": date(1, 1, 1), "event_on": None}, "date-too-old"),
    "UTF-8 read as cp1252": ({"company": "FÃ¶nsterkompaniet i Ã…by AB"}, "text-damaged"),
    "UTF-8 read as cp850": ({"company": "F├Ânsterkompaniet"}, "text-damaged"),
    "cp850 read as cp1252": ({"company": "M„laren Bredband AB"}, "text-damaged"),
    "cp1252 read as cp850": ({"company": "S÷dra Fiber AB"}, "text-damaged"),
    "cp850 read as cp1252, ö": ({"company": "F”nsterkompaniet"}, "text-damaged"),
    "cp1252 read as cp850, Å": ({"company": "┼by Fönster"}, "text-damaged"),
    "a lost letter": ({"company": "F\ufffdnsterkompaniet"}, "text-damaged"),
    "a control character": ({"company": "Fönster\x07kompaniet"}, "company-odd"),
    "text that turns direction": ({"company": "Fönster\u202ekompaniet"}, "company-odd"),
    "a name of 301 letters": ({"company": "F" * 301}, "company-odd"),
    "no channel": ({"channel": None}, "channel-missing"),
}


@pytest.fixture(scope="module")
def refused_at_once() -> dict[str, tuple[str, bool, str]]:
    """All of REFUSED_COMPLAINTS in one chunk, each in a file of its own: code, kept and reason by name."""
    drafts = [
        a_complaint(raw=RawRef(sha256=f"{at:064x}", locator=name), **changes)
        for at, (name, (changes, _)) in enumerate(REFUSED_COMPLAINTS.items())
    ]
    judgement = a_judge().judge_chunk(drafts)
    assert judgement.accepted == []
    return {q.draft.raw.locator: (q.code, q.kept, q.reason) for q in judgement.quarantined}


@pytest.mark.parametrize("name", REFUSED_COMPLAINTS)
def test_a_complaint_is_refused_for_(name, refused_at_once):
    code, kept, reason = refused_at_once[name]
    assert (code, kept) == (REFUSED_COMPLAINTS[name][1], False)
    assert f"[{code}" in reason


@pytest.mark.parametrize(
    "name",
    [
        "SÃO PAULO TELEMARKETING",
        "BLÅ” i Norden",
        "Âtlas AB",
        "Åäö Éclair & Søn A/S",
        "Tre – mobil",
        "O’Hara’s AB",
        "Tele™ 24° AB",
        "A—B AB",
    ],
)
def test_an_unusual_but_sound_name_is_accepted(name):
    assert a_judge().judge_chunk([a_complaint(company=name)]).quarantined == []


FLAGGED_COMPLAINTS = {
    "event-after-received": {"event_on": date(2026, 8, 21)},
    "event-too-old": {"event_on": date(1950, 1, 1)},
    "company-missing": {"company": "  "},
    "org-number-odd": {"org_number": "556000-0000"},
}


@pytest.mark.parametrize("code", FLAGGED_COMPLAINTS)
def test_a_complaint_is_kept_with_the_flag_(code):
    draft = a_complaint(flags=("seen-before",), **FLAGGED_COMPLAINTS[code])
    judge = a_judge()
    judgement = judge.judge_chunk([draft])
    assert codes(judgement) == {code: True}
    assert [kept.flags for kept in judgement.accepted] == [("seen-before", code)]
    assert judgement.quarantined[0].draft == judgement.accepted[0]
    assert (judgement.verdict, judge.conclude().verdict) == (Verdict.OK, Verdict.OK)
    assert found(judge.conclude()) == {code: 1}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"source_id": "21-72"}, {"key-odd": False}),
        ({"source_id": "21-072 ompr"}, {"key-odd": False}),
        ({"source_id": "٢١-٠٧٢"}, {"key-odd": False}),
        ({"source_id": "944/12"}, {}),
        ({"company": None}, {"company-missing": False}),
        ({"outcome": None}, {"outcome-missing": False}),
        ({"outcome": Outcome.UNKNOWN}, {"outcome-unknown": True}),
        ({"received_on": None}, {"date-missing": True}),
        (
            {"received_on": None, "faults": (Fault(code="date-unreadable", field="received_on", value="20233-11-20"),)},
            {"date-unreadable": True},
        ),
        ({"kind": Kind.COMPLAINT}, {"kind-odd": False}),
    ],
)
def test_a_board_decision_is_held_to_the_boards_own_rules(changes, expected):
    assert codes(a_judge("dm_namnden").judge_chunk([a_decision(**changes)])) == expected


def test_a_fault_refuses_its_row_and_is_not_repeated_as_missing():
    fault = Fault(code="channel-unmapped", field="channel", value="Anna Andersson ringde")
    judgement = a_judge().judge_chunk([a_complaint(channel=None, faults=(fault,))])
    (refused,) = judgement.quarantined
    assert (refused.code, refused.kept, judgement.verdict) == ("channel-unmapped", False, Verdict.ODD)
    assert "field channel" in refused.reason
    assert "Anna" not in refused.reason
    assert "channel-missing" not in refused.reason


def test_a_source_decides_what_its_own_faults_cost():
    checks = (
        Check("page-cut", Severity.CRITICAL, "The page ends in the middle."),
        Check("issue-new", Severity.WARNING, "An issue we do not know."),
        Check("company-missing", Severity.ERROR, "Here every row names one."),
    )
    fresh = a_complaint(faults=(Fault(code="issue-new", field="category"),))
    nameless = a_complaint(source_id="2026/220", company=None)
    judge = a_judge(checks=checks)
    assert codes(judge.judge_chunk([fresh, nameless])) == {"issue-new": True, "company-missing": False}
    cut = a_complaint(source_id="2026/221", faults=(Fault(code="page-cut", field="text"),))
    judgement = judge.judge_chunk([cut])
    assert (codes(judgement), judgement.verdict) == ({"page-cut": False}, Verdict.BROKEN)
    assert judge.conclude().verdict == Verdict.BROKEN


def test_an_undeclared_fault_is_an_error_and_says_so():
    judge = a_judge()
    judgement = judge.judge_chunk([a_complaint(faults=(Fault(code="brand-new", field="text"),))])
    assert codes(judgement) == {"brand-new": False}
    assert "does not declare" in judgement.quarantined[0].reason
    assert judgement.findings == [Finding("brand-new", Severity.ERROR, judgement.findings[0].message, 1)]
    assert "brand-new" in {rule.code for rule in judge.results.rules}


def test_a_code_that_is_no_code_is_not_repeated_to_anyone():
    judgement = a_judge().judge_chunk([a_complaint(faults=(Fault(code="Anna 070-123 45 67", field="Anna A"),))])
    assert codes(judgement) == {"fault-undeclared": False}
    assert "Anna" not in repr((judgement.quarantined[0].reason, judgement.findings))


def test_a_sole_traders_masked_number_is_sound():
    masked = member_id("7403122380", b"key")
    assert a_judge().judge_chunk([a_complaint(org_number=masked)]).quarantined == []
    assert codes(a_judge().judge_chunk([a_complaint(org_number=f"{masked}0")])) == {"org-number-odd": True}


def test_the_most_severe_rule_names_the_row_and_the_others_are_listed():
    judgement = a_judge().judge_chunk([a_complaint(company=None, received_on=None, event_on=None, org_number="1")])
    (refused,) = judgement.quarantined
    assert (refused.code, refused.kept) == ("date-missing", False)
    assert refused.reason.index("[date-missing]") < refused.reason.index("[company-missing]")
    assert "[org-number-odd]" in refused.reason
    assert judgement.accepted == []
    assert found(judgement) == {"company-missing": 1, "date-missing": 1, "org-number-odd": 1}


def test_identical_rows_of_one_file_are_one():
    judge = a_judge()
    row = a_complaint()
    again = a_complaint(raw=RawRef(sha256=FILE.sha256, locator="row 2"))
    assert judge.judge_chunk([row, again]).accepted == [row]
    assert judge.judge_chunk([again]) == Judgement([], [], [], Verdict.OK, 0)
    assert found(judge.conclude()) == {"rows-repeated": 2}
    assert (judge.conclude().verdict, judge.results.repeated, judge.revoked) == (Verdict.OK, 2, set())


def test_one_id_over_two_contents_refuses_both():
    judgement = a_judge().judge_chunk(
        [a_complaint(), a_complaint(company="Annat Bolag AB"), a_complaint(source_id="1")]
    )
    assert [(q.code, q.draft.company) for q in judgement.quarantined] == [
        ("key-twice", "Fönsterkompaniet i Åby AB"),
        ("key-twice", "Annat Bolag AB"),
    ]
    assert [draft.source_id for draft in judgement.accepted] == ["1"]


def test_one_id_over_two_contents_in_two_chunks_revokes_the_first():
    judge = a_judge()
    assert len(judge.judge_chunk([a_complaint()]).accepted) == 1
    assert codes(judge.judge_chunk([a_complaint(company="Annat Bolag AB")])) == {"key-twice": False}
    assert judge.revoked == {(FILE.sha256, "2026/219")}
    assert found(judge.conclude())["key-twice"] == 2
    assert (judge.results.accepted, judge.results.refused) == (0, 2)


def test_the_same_id_in_two_files_or_with_a_precedence_is_no_contradiction():
    later_file = a_complaint(raw=RawRef(sha256="b" * 64), company="Annat Bolag AB")
    preferred = a_complaint(precedence=1, company="Tredje Bolaget AB")
    assert len(a_judge().judge_chunk([a_complaint(), later_file, preferred]).accepted) == 3


def test_the_board_may_publish_one_case_twice():
    twice = [a_decision(), a_decision(outcome=Outcome.NO_BREACH)]
    assert a_judge("dm_namnden").judge_chunk(twice).accepted == twice


def test_rows_without_an_id_are_not_taken_for_one_another():
    judge = a_judge()
    assert len(judge.judge_chunk([a_complaint(source_id=None), a_complaint(source_id=None)]).quarantined) == 2
    assert judge.results.repeated == 0


def some(count: int) -> list[Draft]:
    return [a_complaint(source_id=f"2026/{number}") for number in range(count)]


def conclude_after(drafts: list[Draft], **settings) -> Judgement:
    judge = a_judge(**settings)
    judge.judge_chunk(drafts)
    conclusion = judge.conclude()
    assert (conclusion.accepted, conclusion.quarantined, conclusion.rules_run > 0) == ([], [], True)
    return conclusion


def test_zero_rows_break_the_source_unless_silence_is_normal():
    silent = conclude_after([])
    assert (found(silent), silent.verdict) == ({"no-rows": 0}, Verdict.BROKEN)
    assert conclude_after([], rows=(5, 9)).findings[0].code == "no-rows"
    assert conclude_after([], rows=(5, 9), expect_rows=False) == Judgement([], [], [], Verdict.OK, 3)


def test_fewer_rows_than_ever_break_the_source():
    conclusion = conclude_after(some(4), rows=(5, 9))
    assert (found(conclusion), conclusion.verdict) == ({"too-few-rows": 4}, Verdict.BROKEN)
    assert conclude_after(some(5), rows=(5, 9)).verdict == Verdict.OK
    assert conclude_after(some(4), rows=(5, 9), expect_rows=False).verdict == Verdict.OK


def test_more_rows_than_normal_warn():
    conclusion = conclude_after(some(10), rows=(5, 9))
    assert (found(conclusion), conclusion.verdict) == ({"too-many-rows": 10}, Verdict.ODD)
    assert "at most 9" in conclusion.findings[0].message


def test_more_than_half_refused_breaks_the_source():
    full = {"rows": (1, 1000)}
    half = [*some(3), *(a_complaint(source_id=f"9/{n}", channel=None) for n in range(3))]
    assert conclude_after(half, **full).verdict == Verdict.ODD
    conclusion = conclude_after([*half, a_complaint(source_id=None)], **full)
    assert conclusion.verdict == Verdict.BROKEN
    assert (conclusion.findings[0].code, conclusion.findings[0].count) == ("most-rows-refused", 4)


def test_one_odd_row_among_a_nights_few_changes_does_not_break_the_source():
    odd = a_complaint(channel=None)
    assert conclude_after([odd], rows=(5, 9), expect_rows=False).verdict == Verdict.ODD
    assert conclude_after([odd], rows=(0, 9)).verdict == Verdict.ODD
    assert conclude_after([odd], rows=(1, 9)).verdict == Verdict.BROKEN
    many = [a_complaint(source_id=f"9/{n}", channel=None) for n in range(10)]
    assert conclude_after(many, expect_rows=False).verdict == Verdict.BROKEN


@pytest.mark.parametrize("rows", [(-1, 5), (6, 5), (0, 0)])
def test_impossible_bounds_are_refused(rows):
    with pytest.raises(ValueError, match="the lower first"):
        a_judge(rows=rows)


@pytest.mark.parametrize(
    ("checks", "says"),
    [
        ([Check("Page Cut", Severity.ERROR, "x")], "kebab-case"),
        ([Check("page-cut", "fatal", "x")], "critical, error, warning"),
        ([Check("page-cut", Severity.ERROR, "x"), Check("page-cut", Severity.WARNING, "x")], "declared twice"),
        ([Check("key-missing", Severity.WARNING, "x")], "must stay error"),
        ([Check("no-rows", Severity.ERROR, "x")], "must stay critical"),
    ],
)
def test_an_impossible_check_is_refused_with_its_cure(checks, says):
    with pytest.raises(CheckInvalid, match=says):
        declare_checks(checks, {})


def test_every_common_check_has_its_own_code_a_severity_and_a_sentence():
    everything = (*ROW_CHECKS, *TABLE_CHECKS)
    assert len({check.code for check in everything}) == len(everything)
    assert all(Severity(check.severity) and check.sentence.endswith(".") for check in everything)
    known = {check.code for check in ROW_CHECKS}
    assert all(set(parameters.severities) <= known for parameters in PARAMETERS.values())


def test_a_rule_that_cannot_be_worked_out_stops_the_source_rather_than_passing():
    lost = Rule(Check("lost", Severity.ERROR, "x"), "ExpectColumnValuesToNotBeNull", {"column": "no_such_column"})
    with pytest.raises(RuleUnusable, match="rule lost"):
        Validation("broken", [lost]).run(frame_keys([("1", 1)]))


def test_words_that_pandas_takes_for_nothing_stay_words():
    for word in ("None", "NA", "NULL", "nan", "007"):
        judgement = a_judge().judge_chunk([a_complaint(source_id=word, company=word)])
        assert [(draft.source_id, draft.company, draft.flags) for draft in judgement.accepted] == [(word, word, ())]


def test_two_sources_may_be_judged_at_the_same_time():
    outcomes: dict[str, dict[str, int]] = {}

    def judge_one(kind: str, drafts: list[Draft]) -> None:
        judge = a_judge(kind)
        for draft in drafts:
            judge.judge_chunk([draft])
        outcomes[kind] = found(judge.conclude())

    board = [a_decision(source_id=f"21-{n:03}", outcome=Outcome.UNKNOWN) for n in range(4)]
    work = {"extract": [a_complaint(source_id=f"1/{n}", company=None) for n in range(4)], "dm_namnden": board}
    threads = [threading.Thread(target=judge_one, args=item) for item in work.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {"extract": {"company-missing": 4}, "dm_namnden": {"outcome-unknown": 4}}


rows = st.builds(
    lambda number, company, channel, file: a_complaint(
        source_id=None if number == 4 else f"2026/{number}",
        company=company,
        channel=channel,
        raw=RawRef(sha256=file * 64),
        faults=() if channel else (Fault(code="channel-unmapped", field="channel"),),
    ),
    st.integers(0, 4),
    st.sampled_from([None, "Fönsterkompaniet", "Annat Bolag"]),
    st.sampled_from([Channel.PHONE, Channel.PHONE, None]),
    st.sampled_from("ab"),
)


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rows, min_size=2, max_size=9), st.data())
def test_the_verdict_and_what_stands_in_the_end_do_not_depend_on_chunks(drafts, data):
    def judge_in(chunks):
        judge = a_judge(rows=(1, 8))
        judged = [judge.judge_chunk(chunk) for chunk in chunks]
        standing = sorted(
            (draft.raw.sha256, draft.source_id, draft.company, draft.flags)
            for judgement in judged
            for draft in judgement.accepted
            if (draft.raw.sha256, draft.source_id) not in judge.revoked
        )
        assert judge.results.rows == judge.results.accepted + judge.results.refused + judge.results.repeated
        assert len(standing) == judge.results.accepted
        return judge.conclude(), judge.results, standing

    cuts = sorted(data.draw(st.sets(st.integers(1, len(drafts) - 1), min_size=1, max_size=3)))
    chunks = [drafts[start:end] for start, end in zip([0, *cuts], [*cuts, len(drafts)], strict=True)]
    assert judge_in(chunks) == judge_in([drafts])


def many_rows() -> list[Draft]:
    """1,500 rows in which every rule that looks across rows has something to say, far from its beginning too."""
    rows = [a_complaint(source_id=f"2026/{n}", channel=None if n % 3 == 0 else Channel.PHONE) for n in range(1400)]
    rows[1390:1390] = rows[5:45]  # repeated, chunks later
    rows += [a_complaint(source_id=f"2026/{n}", company="Annat Bolag") for n in range(100, 120)]  # contradicted
    rows += [a_complaint(source_id=None), a_complaint(source_id=None)]
    return rows + [a_complaint(source_id=f"2026/{n}", raw=RawRef(sha256="c" * 64)) for n in range(20)]  # another file


def judge_by(size: int, drafts: list[Draft], **settings) -> tuple[object, ...]:
    """Everything a reading comes to, judged so many rows at a time."""
    judge = a_judge(**settings)
    judged = [judge.judge_chunk(DraftTable.of(drafts[at : at + size])) for at in range(0, len(drafts), size)]
    refused = sorted((one.draft.raw.sha256, str(one.draft.source_id)) for part in judged for one in part.quarantined)
    accepted = [(draft.raw.sha256, draft.source_id, draft.company) for part in judged for draft in part.accepted]
    standing = [row for row in accepted if row[:2] not in judge.revoked]
    revoked = sorted(key for key in judge.revoked)
    return judge.conclude(), judge.results, sorted(standing), sorted({*refused, *revoked})


@pytest.mark.parametrize(
    ("rows", "verdict", "told"),
    [
        ((1, 1_461), Verdict.ODD, {"key-twice", "key-missing", "channel-missing", "rows-repeated", "too-many-rows"}),
        ((1_600, 10_000), Verdict.BROKEN, {"too-few-rows"}),
    ],
)
def test_a_reading_is_judged_alike_one_row_at_a_time_seven_a_thousand_or_all(rows, verdict, told):
    drafts = many_rows()
    whole = judge_by(len(drafts), drafts, rows=rows)
    conclusion = whole[0]
    assert isinstance(conclusion, Judgement) and conclusion.verdict is verdict
    assert told <= found(conclusion).keys(), found(conclusion)
    for size in (1, 7, 1000):
        assert judge_by(size, drafts, rows=rows) == whole, size


def naive(drafts: list[Draft]) -> tuple[int, int]:
    """Count repeated rows, and rows whose id stands over several contents, the slow and obvious way."""
    contents: dict[tuple[str, str], set[str | None]] = {}
    for draft in drafts:
        if draft.source_id is not None:
            contents.setdefault((draft.raw.sha256, draft.source_id), set()).add((draft.company, draft.channel))
    keyed = sum(draft.source_id is not None for draft in drafts)
    distinct = sum(map(len, contents.values()))
    return keyed - distinct, sum(len(those) for those in contents.values() if len(those) > 1)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.lists(rows, min_size=1, max_size=12), min_size=1, max_size=12))
def test_repeats_and_contradictions_are_those_of_the_slow_and_obvious_way(chunks):
    seen, repeated, twice = SeenRows(), 0, 0
    for chunk in chunks:
        looked = seen.sort_in(DraftTable.of(chunk))
        seen.remember(looked, [1] * len(looked.fresh))
        repeated += len(chunk) - len(looked.fresh)
        twice += looked.contents.count(2) + len(looked.undone)
    assert (repeated, twice) == naive([draft for chunk in chunks for draft in chunk])
