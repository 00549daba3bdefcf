"""The ladder: only people move it, in order, with reasons; each step freezes what it rests on; nothing is changed."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from flows.cases import list_cases, show_case, verify
from flows.koll import app
from flows.looking.exports import Asked, export_audit
from models.cases.chain import load_cases
from models.cases.steps import Case, Step, StepKind, StepRefused, check_step
from models.storage.store import writing
from tests.case_world import ANNA, BO, DEADLINE, FIRST_AFTER, NIGHT, RULES, CaseWorld, copy_world, make_case_world
from tests.small_world import text_of

K = StepKind
SPRING = date(2024, 5, 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> CaseWorld:
    return make_case_world(tmp_path_factory.mktemp("cases"))


@pytest.fixture
def world(made: CaseWorld, tmp_path: Path) -> CaseWorld:
    return copy_world(made, tmp_path)


@pytest.fixture
def both(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> CaseWorld:
    """The same on each engine, for what is read and written by SQL."""
    monkeypatch.setenv("KOLL_DATABASE_URL", database_url)
    return make_case_world(tmp_path)


def case_at(*kinds: StepKind, day: date = SPRING) -> Case:
    """A case that has come through these steps, a month apart."""
    steps = []
    for n, kind in enumerate(kinds):
        on = day + timedelta(days=30 * n)
        deadline = on + timedelta(days=14) if kind is K.DEMAND else None
        steps.append(Step(kind, on, "anna", "why", n + 1, deadline=deadline))
    return Case(ANNA, 1, tuple(steps))


WHOLE = (K.NOTICE, K.DEMAND, K.FOLLOW_UP, K.BOARD)
ALLOWED = {
    K.NOTICE: {K.DEMAND, K.CLOSING},
    K.DEMAND: {K.DEMAND, K.FOLLOW_UP, K.CLOSING},
    K.FOLLOW_UP: {K.DEMAND, K.FOLLOW_UP, K.BOARD, K.CLOSING},
    K.BOARD: {K.DEMAND, K.EXCLUSION, K.CLOSING},
}


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("kind", [kind for kind in K if kind not in (K.NOTICE, K.REPLY)])
def test_each_step_needs_its_predecessor_and_says_what_can_be_done_instead(at: int, kind: StepKind) -> None:
    case = case_at(*WHOLE[: at + 1])
    on = case.last.on + timedelta(days=60)
    step = Step(kind, on, "anna", "why", deadline=on + timedelta(days=14) if kind is K.DEMAND else None)
    if kind in ALLOWED[case.last.kind]:
        check_step(case, step, today=on, grace_days=14)
        return
    with pytest.raises(StepRefused, match="cannot follow") as told:
        check_step(case, step, today=on, grace_days=14)
    assert all(str(allowed) in str(told.value).partition("now:")[2] for allowed in ALLOWED[case.last.kind])


@pytest.mark.parametrize("ended", [(*WHOLE, K.EXCLUSION), (K.NOTICE, K.CLOSING)])
@pytest.mark.parametrize("kind", [K.DEMAND, K.BOARD, K.REPLY, K.CLOSING])
def test_nothing_is_added_to_an_ended_case_but_a_new_one_can_be_opened(ended: tuple, kind: StepKind) -> None:
    case = case_at(*ended)
    on = case.last.on
    with pytest.raises(StepRefused, match="koll case open"):
        check_step(case, Step(kind, on, "anna", "why", text="no"), today=on, grace_days=14)
    check_step(case, Step(K.NOTICE, on, "anna", "why"), today=on, grace_days=14)
    with pytest.raises(StepRefused, match="before the last case ended"):
        check_step(case, Step(K.NOTICE, on - timedelta(days=1), "anna", "why"), today=on, grace_days=14)


REFUSED: list[tuple[tuple[StepKind, ...], Step, str]] = [
    ((), Step(K.REPLY, SPRING, text="no"), "no open case"),
    ((), Step(K.DEMAND, SPRING, why="w", deadline=DEADLINE), "no open case"),
    ((), Step(K.NOTICE, SPRING, why="  "), "--why"),
    ((), Step(K.NOTICE, SPRING, why="w", deadline=DEADLINE), "belongs to a demand"),
    ((), Step(K.NOTICE, date(2999, 1, 1), why="w"), "has not come yet"),
    ((K.NOTICE,), Step(K.NOTICE, NIGHT, why="w"), "a case is open since"),
    ((K.NOTICE,), Step(K.DEMAND, NIGHT, why="w"), "--deadline"),
    ((K.NOTICE,), Step(K.DEMAND, NIGHT, why="w", deadline=NIGHT), "not after the demand"),
    ((K.NOTICE,), Step(K.DEMAND, NIGHT, why="w", deadline=SPRING), "not after the demand"),
    ((K.NOTICE,), Step(K.DEMAND, NIGHT, why="w", deadline=date(9999, 12, 31)), "is the year right"),
    ((), Step(K.NOTICE, date(1, 1, 1), why="w"), "ten years ago"),
    ((K.NOTICE,), Step(K.DEMAND, date(2024, 4, 1), why="w", deadline=DEADLINE), "is before the notice"),
    ((K.NOTICE,), Step(K.REPLY, date(2024, 4, 1), text="no"), "is before the notice"),
    ((K.NOTICE,), Step(K.REPLY, NIGHT, text=" "), "--text"),
    ((K.NOTICE, K.DEMAND), Step(K.FOLLOW_UP, date(2024, 6, 20), why="w"), "14 days of grace"),
    ((K.NOTICE, K.DEMAND), Step(K.FOLLOW_UP, NIGHT, why="w", deadline=DEADLINE), "belongs to a demand"),
]


@pytest.mark.parametrize(("before", "step", "said"), REFUSED)
def test_bad_input_is_refused_with_reason_and_cure(before: tuple, step: Step, said: str) -> None:
    with pytest.raises(StepRefused, match=said):
        check_step(case_at(*before) if before else None, step, today=NIGHT, grace_days=14)


def test_only_who_is_listed_moves_a_case_and_nobody_before_anybody_is(world: CaseWorld) -> None:
    with pytest.raises(StepRefused, match="mallory may not move a case: anna, bo may"):
        world.take("notice", by="mallory")
    world.configure("[cases]\npersons = []\n")
    with pytest.raises(StepRefused, match=r"\[cases\] persons"):
        world.take("notice")
    assert load_cases(world.open().engine.connect()) == {}


def test_a_member_nobody_knows_and_one_that_has_left_get_no_case(world: CaseWorld) -> None:
    from flows.cases import take_step

    with pytest.raises(StepRefused, match="koll members list"):
        take_step(world.open(9), "556677-8899", K.NOTICE, by="anna", why="w")
    with writing(world.open().engine) as connection:
        connection.execute(text("UPDATE member SET left_on = '2024-06-30' WHERE member = :m"), {"m": ANNA})
    with pytest.raises(StepRefused, match="left the association"):
        world.take("notice")


def test_the_whole_ladder_freezes_its_figures_and_says_when_to_follow_up(both: CaseWorld) -> None:
    notice = both.take("notice", SPRING).step.evidence
    demand = both.take("demand", NIGHT, deadline=DEADLINE).step
    frozen = demand.evidence
    assert (notice["total"], notice["window"]["to"]) == (34, "2024-05-01")
    assert (frozen["total"], frozen["phone_at_least"], frozen["window"]) == (
        54, 18, {"from": "2023-07-11", "to": "2024-07-09"},
    )  # fmt: skip
    assert frozen["by_source_channel"] == {"agency": {"other": 36, "phone": 18}}
    first = {"channel": "any", "position": 1, "of": 1, "scope": "country", "source": "Agency", "through": "2024-07-09"}
    assert frozen["ranks"][0] == first
    assert frozen["sources"]["agency"]["complete_through"] == "2024-07-09"
    assert len(frozen["complaints"]) == 54 and len({one["print"] for one in frozen["complaints"]}) == 54
    # 54 complaints in the 187 days that were told of: ten are expected in 35, known the morning after.
    assert demand.follow_up_on == FIRST_AFTER + timedelta(days=35)
    both.fill(date(2024, 7, 10), date(2024, 9, 11))
    both.go_to(date(2024, 9, 12))
    done = both.take("follow_up").step.evidence["follow_up"]
    assert done["channels"]["any"]["verdict"] == "continued" and done["sources"] == ["agency", "council"]
    both.take("board", by="bo")
    ended = both.take("exclusion", by="bo").case
    assert not ended.is_open and [str(step.kind) for step in ended.steps] == [
        "notice", "demand", "follow_up", "board", "exclusion",
    ]  # fmt: skip
    assert verify(both.open()) == (5, 2, [])
    acts = list(export_audit(both.open(), Asked()))
    assert [(act["what"], act["who"]) for act in acts][-2:] == [("case.board", "bo"), ("case.exclusion", "bo")]
    assert acts[-1]["subject"] == f"{ANNA}/1" and acts[-1]["details"]["hash"] == ended.last.hash


def test_a_late_source_still_gives_the_place_over_the_days_it_has_told_of(world: CaseWorld) -> None:
    world.day = date(2024, 7, 20)
    world.fill(date(2024, 7, 11), date(2024, 7, 18), every=2, member=BO, source="council")
    world.deliver("council")
    world.run()
    world.day = date(2024, 9, 1)  # both are late by now, the agency more than the council
    frozen = world.take("notice").step.evidence
    assert [frozen["sources"][name]["late"] for name in ("agency", "council")] == [True, True]
    assert frozen["window"]["to"] == "2024-07-20" and frozen["total"] == 54
    assert [(rank["channel"], rank["position"], rank["through"]) for rank in frozen["ranks"]] == [
        ("any", 1, "2024-07-09"), ("phone", 1, "2024-07-09"),
    ]  # fmt: skip


def test_a_command_given_twice_writes_once(world: CaseWorld) -> None:
    for expected in (False, True):
        assert world.take("notice", SPRING).repeated is expected
        assert world.take("demand", NIGHT, deadline=DEADLINE).repeated is expected
        assert world.take("reply", NIGHT, text="We disagree").repeated is expected
    assert len(world.take("closing").case.steps) == 4 and world.take("closing").repeated
    assert len(list(export_audit(world.open(), Asked()))) == 4


def test_a_case_that_was_opened_and_closed_by_mistake_can_be_opened_again_the_same_day(world: CaseWorld) -> None:
    world.take("notice", NIGHT)
    world.take("closing", NIGHT)
    again = world.take("notice", NIGHT)
    assert not again.repeated and again.case.number == 2 and again.case.is_open


def test_a_demand_may_be_made_again_with_a_new_deadline_which_then_holds(world: CaseWorld) -> None:
    world.take("notice", SPRING)
    world.take("demand", NIGHT, deadline=DEADLINE)
    again = world.take("demand", NIGHT, deadline=DEADLINE + timedelta(days=30))
    assert again.case.demand == again.step and again.step.position == 3


def test_the_reply_stands_in_the_case_masked_with_the_complaints_it_contests(world: CaseWorld, tmp_path: Path) -> None:
    world.take("notice", SPRING)
    contested = show_case(world.open(9), ANNA)["complaints"][0]
    letter = tmp_path / "brev.pdf"
    letter.write_bytes(b"%PDF-1.7 a letter")
    world.take(
        "reply", NIGHT, text="Ring 070-174 06 05 eller 19640823-3234", contested=(f"agency:{contested['source_id']}",),
        attachment=letter,
    )  # fmt: skip
    shown = show_case(world.open(9), ANNA)
    assert shown["contested"] == [f"agency {contested['source_id']}"]
    assert "070-174" not in json.dumps(shown, default=str) and "0823" not in json.dumps(shown, default=str)
    marked = [one["source_id"] for one in world.take("closing").step.evidence["complaints"] if one["contested"]]
    assert marked == [contested["source_id"]]
    assert verify(world.open()) == (3, 2, [])
    with pytest.raises(StepRefused, match="SOURCE:ID"):
        world.take("reply", text="And this one", contested=("agency:nobody",))


def test_another_members_complaint_cannot_be_contested(world: CaseWorld) -> None:
    world.take("notice", SPRING)
    with world.open().engine.connect() as connection:
        theirs = connection.execute(text("SELECT source_id FROM complaint WHERE member = :m"), {"m": BO}).scalar()
    with pytest.raises(StepRefused, match="no complaint that counts for this member"):
        world.take("reply", text="Not us", contested=(f"council:{theirs}",))


def test_the_database_refuses_to_change_a_step(both: CaseWorld) -> None:
    both.take("notice", SPRING)
    for change in ("UPDATE case_step SET why = 'x'", "DELETE FROM case_step"):
        with pytest.raises(DBAPIError, match="append only"), writing(both.open().engine) as connection:
            connection.execute(text(change))


def tamper(world: CaseWorld, *changes: str) -> None:
    """Change rows behind the product's back, as somebody with the database's password could."""
    with writing(world.open().engine) as connection:
        for table in ("case_step", "audit"):
            for verb in ("update", "delete"):
                sqlite = connection.dialect.name == "sqlite"
                connection.execute(text(f"DROP TRIGGER {table}_{verb}" + ("" if sqlite else f" ON {table}")))
        for change in changes:
            connection.execute(text(change))


def refigure(world: CaseWorld, *, seal_again: bool) -> None:
    """Change one frozen figure, and perhaps the hash over it."""
    from models.cases.chain import load_rows, seal

    with world.open().engine.connect() as connection:
        row = dict(load_rows(connection)[-1])
    row["evidence"] = {**row["evidence"], "total": 53}
    tamper(world)
    with writing(world.open().engine) as connection:
        values = {"e": json.dumps(row["evidence"]), "h": seal(row) if seal_again else row["hash"]}
        connection.execute(text("UPDATE case_step SET evidence = :e, hash = :h WHERE position = 2"), values)


def damage_archive(world: CaseWorld) -> None:
    sha256 = show_case(world.open(9), ANNA)["complaints"][0]["raw_sha256"]
    path = next(world.open().archive.root.glob(f"objects/*/{sha256}"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(content))


def says(*changes: str) -> Callable[[CaseWorld], None]:
    return lambda world: tamper(world, *changes)


ONE, TWO = "WHERE position = 1", "WHERE position = 2"
COUNCILS = f"UPDATE complaint SET member = '{ANNA}' WHERE source = 'council'"
TAMPERED: dict[str, tuple[Callable[[CaseWorld], None], str]] = {
    "one archived byte": (damage_archive, "objects/"),
    "one frozen figure": (lambda w: refigure(w, seal_again=False), "was changed afterwards"),
    "one frozen figure and its hash": (lambda w: refigure(w, seal_again=True), "total says 53"),
    "a channel": (says("UPDATE complaint SET channel = 'web' WHERE source_id = 'a-00001'"), "agency a-00001 is not"),
    "a day": (says("UPDATE complaint SET received_on = '2024-01-06' WHERE source_id = 'a-00001'"), "a-00001 is not"),
    "one complaint gone": (says("DELETE FROM complaint WHERE source_id = 'a-00002'"), "agency a-00002 is gone"),
    "complaints more": (says(COUNCILS), "total was frozen as 54"),
    "the reason": (says(f"UPDATE case_step SET why = 'x' {ONE}"), "step 1 (notice): what was frozen"),
    "the first step gone": (says(f"DELETE FROM case_step {ONE}"), "a step before it is missing"),
    "the last step gone": (says(f"DELETE FROM case_step {TWO}"), "the demand that anna took"),
    "its trace in the audit": (says("DELETE FROM audit"), "the audit knows no such step"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_is_found_and_named(world: CaseWorld, what: str) -> None:
    world.take("notice", SPRING)
    world.take("demand", NIGHT, deadline=DEADLINE)
    assert verify(world.open()) == (2, 1, [])
    how, said = TAMPERED[what]
    how(world)
    faults = verify(world.open())[2]
    assert faults and any(said in fault for fault in faults), faults
    assert all(fault.startswith(f"{ANNA}/1") for fault in faults)


def test_later_corrections_and_nights_leave_a_case_as_it_was_frozen(both: CaseWorld) -> None:
    both.take("notice", SPRING)
    both.drop(["a-00003"])
    both.move(["a-00004"], BO)
    both.go_to(NIGHT + timedelta(days=5))
    both.take("demand", deadline=DEADLINE)
    totals = [step["total"] for step in show_case(both.open(9), ANNA)["steps"]]
    assert totals == [34, 52] and verify(both.open()) == (2, 1, [])


def koll(world: CaseWorld, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["case", *words, "--config", str(world.root / "koll.toml")])
    return done.exit_code, done.output


def test_the_command_line_takes_a_case_through_and_tells_refusals(world: CaseWorld) -> None:
    who = ("559000-0013", "--by", "anna")
    code, listed = koll(world, "list")
    assert code == 0 and listed.startswith("member\tname") and listed.count("\n") == 1  # no case yet
    assert koll(world, "step", *who, "board", "--why", "w")[0] == 1
    assert koll(world, "step", *who, "notice", "--why", "w")[0] == 2
    assert koll(world, "step", *who, "weather", "--why", "w")[0] == 2
    code, told = koll(world, "open", *who, "--why", "34 in a year", "--date", "2024-05-01")
    assert code == 0 and "34 complaints" in told and "not proven" in told
    code, told = koll(world, "step", *who, "demand", "--why", "w", "--date", "2024-07-10", "--deadline", "2024-07-24")
    assert code == 0 and "2024-09-12" in told
    code, told = koll(world, "step", *who, "follow-up", "--why", "w", "--date", "2024-07-30")
    assert code == 1 and "2024-08-08" in told
    code, told = koll(world, "show", "559000-0013")
    assert code == 0 and "next on the ladder: follow_up" in told
    assert json.loads(koll(world, "list", "--json")[1])[0]["follow_up_on"] == "2024-09-12"
    assert koll(world, "verify") == (0, "2 step(s) and 1 archived object(s) are what they were\n")
    tamper(world, "UPDATE case_step SET who = 'bo' WHERE position = 2")
    code, told = koll(world, "verify", "559000-0013")
    assert code == 1 and "step 2 (demand)" in told


def test_a_follow_up_is_asked_for_when_its_day_has_come_and_again_until_it_is_done(
    world: CaseWorld,
) -> None:
    world.take("notice", SPRING)
    world.take("demand", NIGHT, deadline=DEADLINE)
    world.fill(date(2024, 7, 10), date(2024, 9, 25))
    world.go_to(date(2024, 9, 11))
    assert "follow-up follow_up_due" not in world.told()
    world.go_to(date(2024, 9, 12))
    assert world.told().count("follow-up follow_up_due") == 1
    mail = text_of(world.mails()[-1])
    assert (
        "Anmälningarna har fortsatt." in mail and "koll case step" in mail and "krav på rättelse 10 juli 2024" in mail
    )
    world.run(hour=4)
    assert world.told().count("follow-up follow_up_due") == 1
    world.go_to(date(2024, 9, 19))  # nobody has answered for a week
    assert world.told().count("follow-up reminder") == 1 and list_cases(world.open())[0]["stands_at"] == "demand"
    world.take("follow_up")
    before = len(world.ledger())
    world.go_to(date(2024, 9, 25))
    assert [told for told in world.told(before) if told.startswith("follow-up")] == []


def test_two_follow_ups_on_one_night_come_in_english_one_alone_and_one_in_the_digest(world: CaseWorld) -> None:
    from flows.cases import take_step

    world.configure(RULES, language="en", alerts="single_mails_per_run = 1")
    world.fill(date(2024, 7, 10), date(2025, 2, 9))
    world.fill(date(2024, 7, 10), date(2025, 2, 9), every=14, member=BO, source="council")
    for member in (ANNA, BO):
        for kind, deadline in ((K.NOTICE, None), (K.DEMAND, DEADLINE)):
            take_step(world.open(9), member, kind, by="anna", why="w", on=NIGHT, deadline=deadline)
    world.go_to(date(2025, 2, 10))
    due = [event for event in world.ledger() if event.reason == "follow_up_due"]
    assert {event.member for event in due} == {ANNA, BO}
    mails = [mail for mail in world.mails() if "time to follow up" in text_of(mail).lower()]
    assert len(mails) == 2 and any("digest" in str(mail["Subject"]).lower() for mail in mails)
    single = next(mail for mail in mails if "digest" not in str(mail["Subject"]).lower())
    for said in (
        "Have the complaints continued?",
        "koll case step",
        "has been reported",
        "95% confidence",
        "demand 10 Jul 2024",
    ):
        assert said.lower() in text_of(single).lower(), said


def test_what_the_rules_would_have_sent_counts_follow_ups_too(world: CaseWorld) -> None:
    from flows.alerts.replay import replay

    world.take("notice", NIGHT)
    world.take("demand", NIGHT, deadline=DEADLINE)
    world.fill(date(2024, 7, 10), date(2024, 9, 13))
    world.go_to(date(2024, 9, 14))
    rows = replay(world.open(9), date(2024, 9, 10), date(2024, 9, 14), hindsight=True)
    assert [(row["rule"], row["month"], row["mails"]) for row in rows if row["rule"] == "follow-up"] == [
        ("follow-up", "2024-09", 1)
    ]


def test_an_open_case_keeps_a_first_alert_in_the_digest(world: CaseWorld) -> None:
    world.take("notice", SPRING)
    events = [event for event in world.ledger() if event.member == ANNA and event.kind == "opened"]
    assert events and events[0].reason == "rule_introduced"
    world.configure(
        '[[rule]]\nid = "other"\ntype = "limit"\nsources = ["agency"]\nwindow = { rolling_days = 365 }\nlevels = [56]\n'
        'to = ["ethics"]\n[cases]\npersons = ["anna"]\n'
    )
    world.go_to(NIGHT + timedelta(days=1))
    world.fill(NIGHT, NIGHT + timedelta(days=4), every=1)
    world.go_to(NIGHT + timedelta(days=6))
    first = [event for event in world.ledger() if event.rule_id == "other" and event.reason == "first"]
    assert [str(event.delivery) for event in first] == ["digest"]
