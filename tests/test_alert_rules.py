from datetime import date

import pytest
from alert_world import MEMBER, event, limit, source_late
from pydantic import ValidationError

from models.alerting.evaluation import Window
from models.alerting.rules import AlertsConfig, LimitRule, WindowKind, check_rules, read_rule

GROUPS = {"ethics": ["etik@example.org"], "empty": []}


def faults_of(**changes):
    with pytest.raises(ValidationError) as refused:
        limit(**changes)
    return {".".join(map(str, fault["loc"])): fault["msg"] for fault in refused.value.errors()}


def test_all_faults_of_a_rule_are_told_at_once():
    faults = faults_of(colour="red", levels=[25, 10], clear_below=1.0, window={"rolling_days": 0}, to=[])
    assert set(faults) == {"colour", "levels", "clear_below", "window.rolling_days", "to"}
    assert "levels must rise" in faults["levels"]


@pytest.mark.parametrize("levels", [[10, 10], [25, 10], [], [0, 5], ["ten"]])
def test_levels_that_do_not_rise_from_one_are_refused(levels):
    assert any(place.startswith("levels") for place in faults_of(levels=levels))


@pytest.mark.parametrize("window", [{}, {"rolling_days": 30, "calendar": "year"}, {"calendar": "month"}, {"days": 3}])
def test_a_window_is_exactly_one_of_the_two_kinds(window):
    assert any(place.startswith("window") for place in faults_of(window=window))


def test_an_unknown_rule_type_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"'horoscope'.*event, first, follow_up, limit, rank, rise, share, source_late, source_odd"
    ):
        read_rule({"id": "x", "type": "horoscope"})


def test_unknown_sources_groups_and_doubled_ids_are_told_together():
    rules = [limit(sources=["agency", "agncy"]), limit(to=["nobody", "empty"]), event(source="gone")]
    faults = check_rules(rules, {"agency", "tips"}, GROUPS)
    assert len(faults) == 5
    assert any("'agncy'" in fault and "known are agency, tips" in fault for fault in faults)
    assert any("two rules have this id" in fault for fault in faults)
    assert any("'nobody'" in fault for fault in faults)
    assert any("'empty'" in fault and "no address" in fault for fault in faults)
    assert any("'gone'" in fault for fault in faults)


def test_a_table_that_cannot_be_read_still_tells_what_else_is_wrong_with_it():
    table = {"id": "x", "type": "limit", "levels": [9, 3], "sources": ["agncy"], "to": ["nobody"]}
    assert len(check_rules([table, limit()], {"agency", "tips"}, GROUPS)) == 2


def test_rules_that_fit_have_no_faults():
    rules = [limit(), event(source="tips"), source_late(to=["ethics"])]
    assert check_rules(rules, {"agency", "tips"}, GROUPS) == []


def test_an_override_holds_through_its_last_day():
    why = {"levels": [200], "why": "large member", "until": date(2026, 6, 30)}
    rule = limit(member={"559021-6296": why})
    assert isinstance(rule, LimitRule)
    assert rule.levels_for(MEMBER, date(2026, 6, 30)) == (200,)
    assert rule.levels_for(MEMBER, date(2026, 7, 1)) == (10, 25, 50, 100)


@pytest.mark.parametrize("missing", ["why", "until", "levels"])
def test_an_override_needs_its_reason_and_its_end(missing):
    override = {"levels": [200], "why": "large member", "until": date(2026, 6, 30)}
    del override[missing]
    assert any(place.endswith(missing) for place in faults_of(member={MEMBER: override}))


def test_an_override_for_a_sole_trader_in_the_clear_is_refused_without_repeating_the_number():
    override = {"levels": [200], "why": "x", "until": date(2026, 6, 30)}
    faults = faults_of(member={"811218-9876": override})
    assert "masked" in next(iter(faults.values()))
    assert limit(member={"EF0123456789": override})


def test_the_version_of_a_rule_changes_only_with_what_it_means():
    same = limit(to=["operators"], next_step="board", clear_runs=3, sources=["tips", "agency"])
    assert same.version() == limit().version()
    assert limit(levels=[10, 25, 50]).version() != limit().version()
    assert limit(channel="phone").version() != limit().version()


def test_windows_keep_their_length_over_a_leap_day_and_a_clock_change():
    year = WindowKind(rolling_days=365)
    assert year.ending(date(2024, 2, 29)) == Window(date(2023, 3, 2), date(2024, 2, 29))
    for end in (date(2024, 3, 1), date(2026, 3, 29), date(2026, 10, 25)):
        window = year.ending(end)
        assert (window.end - window.start).days + 1 == 365
    assert WindowKind(calendar="year").ending(date(2014, 8, 25)) == Window(date(2014, 1, 1), date(2014, 8, 25))


def test_alerts_have_the_documented_defaults_and_refuse_nonsense():
    alerts = AlertsConfig()
    assert (alerts.single_mails_per_run, alerts.late_horizon_days, alerts.reminder_days) == (5, 60, (7, 14, 28))
    with pytest.raises(ValidationError) as refused:
        AlertsConfig.model_validate({"timezone": "Mars/Olympus", "single_mails_per_run": 0, "reminder_days": [7, 7]})
    assert len(refused.value.errors()) == 3
