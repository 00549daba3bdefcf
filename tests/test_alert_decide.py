"""The decisions of a night, by the acceptance tests of the alerting specification."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from alert_world import FIRST_NIGHT, MEMBER, OTHER, World, event, limit, phone, source_late, told

from models.alerting.evaluation import ChangedRow, Decision, MemberFacts, OpenCase, Recount, find_watermark
from models.alerting.ledger.acts import Act, ActImpossible, AlertUnknown, acknowledge, close, find_alert, silence
from models.alerting.ledger.ledger import Delivery, Origin, Standing, What, alert_id, alerted_windows, fold, watched
from models.alerting.rules import AlertsConfig
from models.words import Outcome


def act(world: World) -> Act:
    return Act("anna", world.at(), world.day)


def decision(case="21-072", member=MEMBER, **changes):
    made = Decision("board", case, member, Outcome.BREACH, FIRST_NIGHT, f"https://board.example/{case}")
    return replace(made, **changes)


# ---- levels


def test_the_tenth_complaint_fires_and_the_ninth_does_not():
    world = World().started()
    assert told(world.run(9)) == []
    [opened] = world.next().run(10)
    assert (opened.reason, opened.level, opened.count, opened.delivery) == ("first", 10, 10, Delivery.SINGLE)


def test_from_9_to_60_in_one_night_is_one_mail_that_names_the_highest_level():
    world = World().started()
    world.run(9)
    [opened] = world.next().run(60)
    assert (opened.level, opened.count) == (50, 60)


def test_each_new_highest_level_is_told_with_the_last_mail_it_follows():
    world = World().started()
    [first] = world.run(12)
    [second] = world.next().run(26)
    assert (second.reason, second.level, second.level_before, second.count_before) == ("higher_level", 25, 10, 12)
    assert second.previous_event_id == first.event_id and second.told_before == first.business_date
    assert told(world.next().run(49)) == []


def test_a_count_that_dips_and_comes_back_within_the_clearing_nights_does_not_fire_again():
    world = World(alerts=AlertsConfig(reminder_days=())).started()
    world.run(10)
    for count in (9, 10, 7, 7, 10, 7, 9, 10):
        assert told(world.next().run(count)) == []
    assert world.state().active


def test_an_episode_ends_after_seven_complete_nights_below_and_the_next_crossing_is_a_new_one():
    world = World().started()
    world.run(10)
    for _ in range(6):
        assert told(world.next().run(7)) == []
    ended = world.next().run(7)
    assert told(ended) == ["resolved"] and ended[-1].delivery is Delivery.WEEKLY
    assert not world.state().active
    [again] = world.next().run(10)
    assert (again.reason, again.episode) == ("first", 2)


def test_a_night_run_again_counts_once_toward_clearing():
    world = World().started()
    world.run(10)
    world.next()
    for _ in range(10):
        world.run(7)
        world.run(10)
    assert world.state().active


def test_members_own_levels_hold_instead_until_they_end():
    override = {"levels": [30], "why": "largest member", "until": FIRST_NIGHT + timedelta(days=3)}
    world = World(rules=[limit(member={MEMBER: override})]).started()
    assert told(world.run(29)) == []
    assert told(world.next(3).run(29)) == ["first"]


# ---- late sources


def test_a_crossing_fires_while_a_source_is_late_but_nothing_clears():
    world = World().started()
    world.late = {"tips"}
    assert told(world.run(10)) == ["first"]
    for _ in range(20):
        assert world.next().run(0) == []
    world.late = set()
    events = [event for _ in range(7) for event in world.next().run(0)]
    assert [event.kind for event in events] == [What.BELOW] * 7 + [What.RESOLVED]


def test_nights_with_a_late_source_do_not_count_toward_clearing():
    world = World().started()
    world.run(10)
    for night in range(13):
        world.late = {"agency"} if night % 2 else set()
        world.next().run(7)
        assert world.state().active is (night < 12)


def test_a_late_source_is_left_out_of_the_watermark_and_makes_the_rule_stale():
    world = World()
    world.late = {"agency"}
    assert find_watermark(["agency", "tips"], world.sources()) == (world.day - timedelta(days=1), True)
    world.late = set()
    assert find_watermark(["agency", "tips"], world.sources()) == (world.day - timedelta(days=1), False)
    world.unread = {"agency", "tips"}
    assert find_watermark(["agency", "tips"], world.sources()) == (None, True)


def test_an_alert_without_an_evaluation_tonight_is_held():
    world = World().started()
    world.run(10)
    world.counts.clear()
    for _ in range(10):
        assert world.next().run() == []
    assert watched(fold(world.ledger)) == {("total-12m", MEMBER)}


# ---- rules that are new, changed, gone


def test_a_new_rule_tells_what_it_finds_in_digest_lines_and_not_as_news():
    world = World(counts={("total-12m", MEMBER): 113, ("total-12m", OTHER): 9})
    marked, seeded = world.run()
    assert (marked.kind, marked.reason) == (What.INTRODUCED, None)
    assert (seeded.reason, seeded.origin, seeded.delivery, seeded.level) == (
        "rule_introduced", Origin.SEED, Delivery.DIGEST, 100,
    )  # fmt: skip
    assert told(world.next().run(10, member=OTHER)) == ["first"]


def test_a_lowered_limit_is_told_as_a_changed_rule():
    world = World().started()
    world.run(8)
    world.rules = [limit(levels=[5, 25])]
    marked, seeded = world.next().run()
    assert marked.note == "changed"
    assert (seeded.reason, seeded.level) == ("rule_introduced", 5)


def test_a_raised_limit_resolves_silently():
    world = World().started()
    world.run(12)
    world.rules = [limit(levels=[20, 40])]
    events = world.next().run()
    assert told(events) == []
    assert not world.state().active


def test_a_rule_edited_without_effect_gives_no_event():
    world = World().started()
    world.run(12)
    world.rules = [limit(to=["operators"], next_step="board", clear_below=0.5, sources=["tips", "agency"])]
    assert world.next().run() == []


def test_a_source_read_for_the_first_time_brings_history_and_not_news():
    world = World(unread={"tips"}).started()
    world.run(9)
    world.unread = set()
    marked, seeded = world.next().run(40)
    assert marked.note == "source tips"
    assert seeded.reason == "rule_introduced"
    assert told(world.next().run(50)) == ["higher_level"]


def test_a_rule_none_of_whose_sources_was_ever_read_waits_to_be_introduced():
    world = World(unread={"tips", "agency"})
    assert world.run() == []
    world.unread = set()
    assert [event.kind for event in world.next().run(11)] == [What.INTRODUCED, What.OPENED]


def test_a_rule_taken_out_closes_its_alerts_without_mail_and_back_in_it_is_introduced_again():
    world = World().started()
    world.run(12)
    world.rules = []
    events = world.next().run()
    assert [event.kind for event in events] == [What.REMOVED, What.CLOSED] and told(events) == []
    world.rules = [limit()]
    assert told(world.next().run()) == ["rule_introduced"]


# ---- backfill and corrections


def test_an_import_of_old_complaints_is_a_digest_line_and_a_true_crossing_the_same_night_is_a_mail():
    world = World().started()
    world.run(9)
    world.run(9, member=OTHER)
    world.next().details = {("total-12m", MEMBER): {"count_without_late_rows": 9}}
    world.counts[("total-12m", OTHER)] = 10
    events = {event.member: event for event in world.run(60)}
    assert (events[MEMBER].reason, events[MEMBER].delivery) == ("found_in_backfill", Delivery.DIGEST)
    assert events[MEMBER].origin is Origin.BACKFILL
    assert (events[OTHER].reason, events[OTHER].delivery) == ("first", Delivery.SINGLE)


def test_a_crossing_that_holds_without_the_old_rows_is_a_mail_that_names_the_highest_level():
    world = World().started()
    world.run(12)
    world.details = {("total-12m", MEMBER): {"count_without_late_rows": 30}}
    [raised] = world.next().run(60)
    assert (raised.reason, raised.level) == ("higher_level", 50)


def test_three_complaints_moved_to_another_member_retract_one_alert_and_correct_the_other_up():
    world = World().started()
    [opened] = world.run(10)
    world.run(8, member=OTHER)
    world.next()
    rows = tuple(ChangedRow("agency", f"2026/{n}", "moved") for n in (1, 2, 3))
    [alerted] = alerted_windows(fold(world.ledger))
    assert (alerted.event_id, alerted.count) == (opened.event_id, 10)
    world.details = {
        ("total-12m", MEMBER): {"recount": Recount(alerted.event_id, 7, removed=rows)},
        ("total-12m", OTHER): {"count_without_moved_rows": 8},
    }
    world.counts = {("total-12m", MEMBER): 7, ("total-12m", OTHER): 11}
    events = {event.member: event for event in world.run()}
    assert (events[MEMBER].reason, events[MEMBER].count, events[MEMBER].count_before) == ("retracted", 7, 10)
    assert [change["source_id"] for change in events[MEMBER].changes] == ["2026/1", "2026/2", "2026/3"]
    assert events[OTHER].reason == "corrected_up"
    assert not world.state().active


def test_a_retraction_to_a_lower_level_goes_on_silently_and_the_old_level_can_be_reached_anew():
    world = World().started()
    [opened] = world.run(26)
    world.details = {("total-12m", MEMBER): {"recount": Recount(opened.event_id, 20)}}
    assert told(world.next().run(20)) == ["retracted"]
    assert (world.state().level, world.state().active) == (10, True)
    world.details = {}
    assert told(world.next().run(25)) == ["higher_level"]


def test_a_retraction_waits_while_a_source_is_late():
    world = World().started()
    [opened] = world.run(10)
    world.details = {("total-12m", MEMBER): {"recount": Recount(opened.event_id, 7)}}
    world.late = {"tips"}
    assert told(world.next().run(7)) == []
    world.late = set()
    assert told(world.next().run(7)) == ["retracted"]


def test_a_window_that_moved_on_is_not_a_correction():
    world = World().started()
    [opened] = world.run(10)
    world.details = {("total-12m", MEMBER): {"recount": Recount(opened.event_id, 10)}}
    assert told(world.next().run(4)) == []


# ---- people


def test_acknowledged_at_20_then_24_is_silent_and_30_mails():
    world = World().started()
    world.run(20)
    world.ledger.append(acknowledge(world.state(), act(world)))
    assert world.state().standing is Standing.ACKNOWLEDGED
    assert told(world.next().run(24)) == []
    world.rules = [limit(levels=[10, 100])]
    world.next().run()
    assert told(world.next().run(30)) == ["grew"]
    assert told(world.next().run(31)) == []


def test_a_silence_that_ends_with_nothing_changed_says_nothing():
    world = World().started()
    world.run(12)
    world.ledger.append(silence(world.state(), act(world), world.day + timedelta(days=3)))
    for _ in range(6):
        assert world.next().run(13) == []


def test_a_silence_hides_the_mail_and_its_end_tells_the_net_change_once():
    world = World().started()
    world.run(12)
    world.ledger.append(silence(world.state(), act(world), world.day + timedelta(days=3)))
    assert told(world.next().run(26)) == []
    assert told(world.next().run(51)) == []
    assert world.state().level == 50
    [unmuted] = world.next(3).run(52)
    assert (unmuted.reason, unmuted.level, unmuted.level_before, unmuted.count_before) == ("higher_level", 50, 10, 12)
    assert world.next().run(53) == []


def test_a_level_reached_and_left_again_during_a_silence_is_not_told():
    world = World().started()
    world.run(12)
    world.ledger.append(silence(world.state(), act(world), world.day + timedelta(days=3)))
    world.next().run(26)
    assert told(world.next(5).run(20)) == []


def test_a_closed_alert_stays_closed_until_a_higher_level_or_until_it_clears_and_recurs():
    world = World().started()
    world.run(12)
    world.ledger.append(close(world.state(), act(world), "handled by phone"))
    assert world.next().run(13) == []
    [back] = world.next().run(25)
    assert (back.reason, back.episode) == ("returned", 2)
    world.ledger.append(close(world.state(), act(world), "again"))
    cleared = [event for _ in range(7) for event in world.next().run(0)]
    assert cleared[-1].kind is What.RESOLVED and told(cleared) == []
    assert told(world.next().run(10)) == ["returned"]


def test_people_can_only_act_on_alerts_that_run():
    world = World().started()
    world.run(12)
    states = fold(world.ledger)
    state = find_alert(states, alert_id(world.state().key))
    with pytest.raises(AlertUnknown, match="koll alerts list"):
        find_alert(states, "0000000000")
    with pytest.raises(ActImpossible):
        silence(state, act(world), world.day - timedelta(days=1))
    with pytest.raises(ActImpossible):
        close(state, act(world), "  ")
    world.ledger.append(close(state, act(world), "done"))
    with pytest.raises(ActImpossible, match="closed"):
        acknowledge(world.state(), act(world))


def test_reminders_come_after_7_14_and_28_days_until_somebody_acknowledges():
    world = World().started()
    world.run(12)
    reminded = [day for day in range(1, 40) if told(world.next().run(12)) == ["reminder"]]
    assert reminded == [7, 14, 28]
    world = World().started()
    world.run(12)
    assert told(world.next(9).run(12)) == ["reminder"]
    world.ledger.append(acknowledge(world.state(), act(world)))
    assert all(world.next().run(12) == [] for _ in range(40))


def test_nobody_is_reminded_of_what_only_a_digest_told():
    world = World(counts={("total-12m", MEMBER): 113})
    world.run()
    assert all(world.next().run(113) == [] for _ in range(30))


def test_an_open_case_quiets_first_alerts_but_not_a_higher_level_nor_complaints_after_its_deadline():
    world = World().started()
    case = OpenCase(1, "demand", FIRST_NIGHT, deadline=FIRST_NIGHT + timedelta(days=30))
    world.members[MEMBER] = replace(world.members[MEMBER], open_case=case)
    newest = {"newest_received": FIRST_NIGHT}
    world.details = {("total-12m", MEMBER): newest}
    [opened] = world.run(12)
    assert (opened.reason, opened.delivery) == ("first", Delivery.DIGEST)
    [raised] = world.next().run(26)
    assert raised.delivery is Delivery.SINGLE
    world = World(members=world.members).started()
    world.details = {("total-12m", MEMBER): {"newest_received": FIRST_NIGHT + timedelta(days=31)}}
    assert world.run(12)[0].delivery is Delivery.SINGLE


def test_a_member_who_left_has_alerts_closed_in_the_weekly_list_and_none_opened():
    world = World().started()
    world.run(12)
    world.next()
    world.members[MEMBER] = replace(world.members[MEMBER], left_on=world.day)
    [closed] = world.run(60)
    assert (closed.kind, closed.note, closed.delivery) == (What.CLOSED, "member_left", Delivery.WEEKLY)
    assert world.next().run(100) == []
    world.members[MEMBER] = replace(world.members[MEMBER], left_on=None)
    assert told(world.next().run(100)) == ["returned"]


def test_a_member_the_register_does_not_know_is_left_alone():
    world = World().started()
    assert world.run(50, member="5569999999") == []


# ---- board decisions


def test_a_decision_at_two_addresses_is_one_event_keyed_by_its_case():
    world = World(rules=[event()]).started()
    world.decisions = [
        decision(),
        decision(url="https://other.example/x"),
        decision("21-073", outcome=Outcome.NO_BREACH),
    ]
    [opened] = world.run()
    assert (opened.subject, opened.reason, opened.note) == ("21-072", "event", "breach")
    world.decisions = [decision(url="https://third.example/y")]
    assert world.next().run() == []


def test_decisions_there_before_the_rule_or_long_before_the_watermark_are_digest_lines():
    world = World(rules=[event()], decisions=[decision()])
    assert told(world.run()) == ["rule_introduced"]
    world.decisions.append(decision("12-001", decided_on=date(2012, 1, 1)))
    [found] = world.next().run()
    assert (found.reason, found.delivery) == ("found_in_backfill", Delivery.DIGEST)


def test_a_decision_that_turns_out_to_be_about_another_member_is_retracted_and_corrected():
    world = World(rules=[event()]).started()
    world.decisions = [decision()]
    world.run()
    world.decisions = [decision(member=OTHER, moved=True)]
    world.late = {"board"}
    assert told(world.next().run()) == ["corrected_up"]
    world.late = set()
    assert told(world.next().run()) == ["retracted"]
    world.decisions = [decision()]
    assert sorted(told(world.next().run())) == ["event", "retracted"]


# ---- sources


def test_a_late_source_is_told_once_to_the_operators_and_resolves_when_it_is_back():
    world = World(rules=[source_late()], late={"agency"}, unread={"tips"})
    late, unread = world.run()
    assert (late.subject, late.count, late.reason, late.groups) == ("agency", 12, "first", ("operators",))
    assert (unread.subject, unread.count) == ("tips", None)
    assert told(world.next().run()) == []
    world.late, world.unread = set(), set()
    assert told(world.next().run()) == ["resolved", "resolved"]
    world.late = {"agency"}
    [again] = world.next().run()
    assert (again.episode, again.reason) == (2, "first")


def test_source_late_can_watch_some_sources_only():
    world = World(rules=[source_late(sources=["board"])], late={"agency"})
    assert world.run() == []


def test_two_rules_on_one_member_are_two_alerts():
    world = World(rules=[limit(), phone()]).started()
    world.counts = {("total-12m", MEMBER): 113, ("phone-12m", MEMBER): 37}
    events = world.run()
    assert {(event.rule_id, event.channel, event.level) for event in events} == {
        ("total-12m", "any", 100),
        ("phone-12m", "phone", 35),
    }
    assert len({alert_id(event.key) for event in events}) == 2


def test_a_member_with_no_name_changes_nothing_about_the_decision():
    world = World(members={MEMBER: MemberFacts(MEMBER, "")}).started()
    assert told(world.run(10)) == ["first"]
