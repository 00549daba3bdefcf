"""Rises, ranks, shares, first complaints and odd sources: on real nights, and what is told of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alert_world import MEMBER, World, told
from small_world import ANNA, BO, NAMES, Small, text_of, total
from sqlalchemy import insert, update
from typer.testing import CliRunner

from flows.koll import app
from models.alerting.budget import Register, calibrate, find_threshold
from models.alerting.evaluation import Batch, Evaluation, RiseTest, Window
from models.alerting.exposure import Coverage, fit_season
from models.alerting.ledger.decide import decide
from models.alerting.ledger.ledger import What, fold
from models.alerting.rules import AlertsConfig, RiseRule, read_rule
from models.alerting.statistics import PooledRates, test_rise
from models.storage.store import writing
from models.storage.tables import Run, SourceNight

START = date(2026, 3, 3)
RISE = """
[[rule]]
id = "rise"
type = "rise"
channels = ["any", "phone"]
baseline_days = 365
min_count = 3
to = ["ethics"]
"""
FIXED = RISE + "threshold = { p = 0.001 }\n"
CALM = "reminder_days = []"


def rise(**changes) -> RiseRule:
    return read_rule({"id": "rise", "type": "rise", "to": ["ethics"], "threshold": {"p": 0.001}, **changes})


# ---- what fires


def test_six_in_four_weeks_after_three_in_a_year_are_told_with_what_chance_would_do(tmp_path: Path) -> None:
    world = Small(tmp_path, FIXED, day=START, alerts=CALM)
    for back in (60, 150, 300):
        world.complain(ANNA, day=START - timedelta(days=back))
    world.night()
    for back in (3, 5, 8, 11, 13, 16):
        world.complain(ANNA, day=START - timedelta(days=back), channel="Telefon" if back < 9 else "Annat")
    world.night(1)
    event = next(e for e in world.ledger() if e.member == ANNA and e.channel == "any")
    assert (event.reason, event.count) == ("first", 6)
    assert event.p == pytest.approx(test_rise(6, 3, 28 / 393), rel=1e-9)
    mail = next(m for m in world.mails() if "6 anmälningar på 28 dagar, väntat 0,2" in m["Subject"])
    for kind in ("plain", "html"):
        text = text_of(mail, kind)
        assert "Är det mer än en slump?" in text
        assert "6 på 28 dagar, mot 3 på 365 dagar dessförinnan" in text and "en gång på 110" in text
    world.night(1)
    assert len([e for e in world.ledger() if e.tells]) == 2  # any and telephone, once each


def test_what_came_before_a_source_began_is_not_taken_for_zero_complaints(tmp_path: Path) -> None:
    world = Small(tmp_path, FIXED, day=START, alerts=CALM)
    for rows in world.rows.values():
        for number in [n for n, row in rows.items() if row.day < START - timedelta(days=100)]:
            del rows[number]
    world.first_day = START - timedelta(days=100)
    world.night()
    for back in (3, 5, 8, 11):
        world.complain(ANNA, day=START - timedelta(days=back))
    world.night(1)
    assert [e for e in world.ledger() if e.member] == []  # four in 28 days, but only 72 days before them


def test_a_late_source_takes_its_days_out_and_with_too_much_missing_nothing_is_said() -> None:
    window = Window(date(2026, 1, 1), date(2026, 1, 28))
    whole = Coverage({"agency": 9.0, "tips": 1.0})
    late = Coverage({"agency": 9.0, "tips": 1.0}, last={"agency": date(2026, 1, 14)})
    assert whole.expose(window) == 28
    assert late.expose(window) == pytest.approx(14 + 14 * 0.1)
    quiet = Coverage({"agency": 9.0, "tips": 1.0}, last={"tips": date(2026, 1, 14)})
    assert quiet.expose(window) == pytest.approx(14 + 14 * 0.9)


def test_a_season_is_found_with_two_years_and_drawn_toward_flat() -> None:
    first = date(2023, 1, 1)
    days = {first + timedelta(days=n): 30 if (first + timedelta(days=n)).month == 7 else 10 for n in range(3 * 365)}
    season = fit_season(days, max(days))
    assert season[6] > 2 and max(season[:6]) < 1
    short = {day: count for day, count in days.items() if day > max(days) - timedelta(days=400)}
    assert fit_season(short, max(days)) == (1.0,) * 12


# ---- the pure decision


def clear_rise() -> RiseTest:
    return RiseTest(
        p=1e-4, q=0.01, threshold=0.001, before=3, before_window=Window(START, START), expected=0.2, holds=True
    )  # fmt: skip


class Rises(World):
    """Nights of one rise rule: ``given`` is tonight's (count, p), None when nothing was tested."""

    given: tuple[int, float] | None = None
    more: dict = {}  # noqa: RUF012

    def night(self):
        night = super().night()
        if self.given is None:
            return night
        count, p = self.given
        test = replace(clear_rise(), p=p, holds=p <= 0.001, **self.more)
        window = Window(self.day - timedelta(days=28), self.day - timedelta(days=1))
        one = Evaluation("rise", MEMBER, "any", count, window, window.end, stale=bool(self.late), test=test)
        return replace(night, evaluations=(one,))

    def go(self, count: int, p: float, **more):
        self.given, self.more = (count, p), more
        return self.next().run()


@pytest.fixture
def rises() -> Rises:
    world = Rises(rules=[rise(clear_runs=3)], alerts=AlertsConfig(reminder_days=()))
    world.run()
    return world


def test_a_rise_is_told_again_only_when_much_clearer_and_half_as_large_again(rises: Rises) -> None:
    assert told(rises.go(6, 1e-4)) == ["first"]
    assert told(rises.go(8, 1e-7)) == []  # clearer, but not half as large again
    assert told(rises.go(9, 2e-6)) == []  # larger, but not a hundred times clearer
    assert told(rises.go(9, 1e-6)) == ["grew"]


def test_a_rise_ends_after_complete_nights_without_it_and_is_held_while_a_source_is_late(rises: Rises) -> None:
    rises.go(6, 1e-4)
    rises.late = {"agency"}
    assert [rises.go(1, 0.5) for _ in range(5)] == [[]] * 5
    rises.late = set()
    assert [told(rises.go(1, 0.5)) for _ in range(3)] == [[], [], ["resolved"]]


def test_a_held_test_says_nothing_and_an_imported_rise_is_a_digest_line(rises: Rises) -> None:
    assert rises.go(6, 1e-4, held=True) == []
    assert told(rises.go(6, 1e-4, without_late=False)) == ["found_in_backfill"]


def test_a_budget_is_noted_once_a_month_and_again_for_another_version(rises: Rises) -> None:
    rises.rules = [rise(threshold="budget", clear_runs=3)]
    base = rises.night()

    def noted(p: float) -> list[float | None]:
        events = decide(rises.rules, rises.alerts, replace(base, budgets={"rise": p}), rises.ledger)
        rises.ledger += events
        return [event.p for event in events if event.kind is What.CALIBRATED]

    assert (noted(0.002), noted(0.003)) == ([0.002], [])
    rises.rules = [rise(threshold="budget", min_count=6)]
    assert noted(0.003) == [0.003]
    assert all(key.member for key in fold(rises.ledger))


# ---- the budget


def test_the_budget_keeps_the_false_episodes_and_a_smaller_one_needs_a_smaller_p() -> None:
    register = Register(120, PooledRates(0.5, 90.0), 1.3, (1.0,))
    wide, narrow = (calibrate(register, rise(threshold="budget"), budget, years=4) for budget in (8.0, 2.0))
    assert 1e-5 < narrow < wide < 0.1
    assert calibrate(register, rise(threshold="budget"), 8.0, years=4) == wide


def test_a_threshold_has_at_most_so_many_episodes() -> None:
    import numpy as np

    chances = np.ones((3, 200))
    chances[0, 150], chances[1, 150], chances[2, 150] = 1e-6, 1e-4, 1e-2
    assert find_threshold(chances, 28, 1) == pytest.approx(1e-4, rel=0.02)


# ---- ranks, shares, first complaints, odd sources


def test_a_share_fires_when_even_its_low_end_is_over(tmp_path: Path) -> None:
    share = (
        '[[rule]]\nid = "mostly-phone"\ntype = "share"\nchannel = "phone"\nwindow = { rolling_days = 365 }\n'
        'min_share = 0.5\nmin_total = 10\nsure = true\nto = ["ethics"]\n'
    )
    world = Small(tmp_path, share, day=START, alerts=CALM)
    world.night()
    world.complain(ANNA, 7, channel="Telefon")
    world.complain(ANNA, 3)
    world.complain(BO, 10, channel="Telefon")
    world.night(1)
    assert [(e.member, e.reason, e.count) for e in world.ledger() if e.member] == [(BO, "first", 10)]
    assert "minst 100" in world.mails()[0]["Subject"] and "av 10 anmälningar" in world.mails()[0]["Subject"]


def test_a_first_complaint_is_one_line_of_a_digest_and_no_open_alert(tmp_path: Path) -> None:
    first = '[[rule]]\nid = "first"\ntype = "first"\nquiet_days = 90\nto = ["ethics"]\n'
    world = Small(tmp_path, first, day=START, alerts=CALM)
    world.complain(BO, day=START - timedelta(days=100))
    world.night()
    world.complain(ANNA, 2)
    world.complain(BO)
    world.night(1)
    world.complain(ANNA, day=START - timedelta(days=20))  # comes in later, and is older: no second first
    world.night(1)
    [digest] = world.mails()
    text = text_of(digest)
    assert "Första anmälan någonsin: 2 mars 2026" in text or "Första anmälan någonsin: 3 mars 2026" in text
    assert "Första anmälan sedan 23 nov 2025" in text and NAMES[ANNA] in text
    assert not any(state.active for state in fold(world.ledger()).values())


def test_a_source_that_tells_far_more_than_usual_is_asked_about_and_ends_when_it_is_as_usual() -> None:
    rule = read_rule({"id": "odd", "type": "source_odd", "to": ["operators"]})
    world = World(rules=[rule], alerts=AlertsConfig(reminder_days=()))

    def go(batch: Batch) -> list[str]:
        night = replace(world.next().night(), batches=(batch,))
        events = decide(world.rules, world.alerts, night, world.ledger)
        world.ledger += events
        assert decide(world.rules, world.alerts, night, world.ledger) == []
        for language in ("sv", "en"):
            assert len(world.mails(events, language=language)) == sum(e.delivery == "single" for e in events)
        return told(events)

    assert go(Batch("agency", 5, 5.0, 0.6, 0.5)) == []
    assert go(Batch("agency", 90, 5.0, 1.0, 1e-9)) == ["first"]
    assert go(Batch("agency", 5, 5.0, 0.6, 0.5)) == ["resolved"]
    assert go(Batch("agency", 0, 5.0, code="source-shrunk")) == ["first"]


def test_a_reminder_of_an_odd_source_says_what_was_odd() -> None:
    world = World(rules=[read_rule({"id": "odd", "type": "source_odd", "to": ["operators"]})])
    subjects = []
    for days in (1, 7, 7):
        night = replace(world.next(days).night(), batches=(Batch("agency", 90, 5.0, 1.0, 1e-9),))
        events = decide(world.rules, world.alerts, night, world.ledger)
        world.ledger += events
        subjects += [row.subject for row in world.mails(events)]
    assert [subject.partition("] ")[2] for subject in subjects] == [
        "Källan Konsumentmyndigheten lämnade 90 nya rader, vanligen 5",
        *["Påminnelse: källan Konsumentmyndigheten lämnade 90 nya rader, vanligen 5"] * 2,
    ]


def test_a_night_with_far_more_new_rows_than_usual_is_odd_on_the_real_store(tmp_path: Path) -> None:
    odd = '[[rule]]\nid = "odd"\ntype = "source_odd"\nsources = ["agency"]\nto = ["operators"]\n'
    world = Small(tmp_path, odd, day=START, alerts=CALM)
    world.night()
    with writing(world.open().engine) as connection:
        connection.execute(update(SourceNight).values(new=1))
        for back in range(1, 25):
            day, at = START - timedelta(days=back), datetime(2026, 3, 3, tzinfo=UTC) - timedelta(days=back)
            run = {"run_id": f"r{back}", "kind": "nightly", "business_date": day, "started_at": at}
            told = {"run_id": f"r{back}", "source": "agency", "verdict": "ok", "at": at, "requests": {}}
            told["new"] = 900 if back == 24 else 1
            connection.execute(insert(Run), run)
            connection.execute(insert(SourceNight), told)
    world.complain(ANNA, 60)
    world.night(1)
    assert world.told() == ["odd first"]  # the 900 of the first of all nights are no measure
    world.night(1)
    assert world.told() == ["odd first", "odd resolved"]


# ---- configuration


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"type": "rank", "window": {"calendar": "year"}, "top": 5, "leave": 3, "min_count": 1}, "leave = 3"),
        ({"type": "share", "channel": "phone", "window": {"calendar": "year"}, "min_share": 0.5}, "min_total"),
        ({"type": "rise", "threshold": {"fdr": 0.1, "p": 0.1}}, "is needed"),
        ({"type": "rise", "windows_days": [91, 28]}, "windows must rise"),
        ({"type": "first", "quiet_days": 5}, "quiet_days"),
    ],
)
def test_rules_that_could_not_work_are_refused(table: dict, place: str) -> None:
    with pytest.raises(ValueError, match=place):
        read_rule({"id": "x", "to": ["ethics"], **table})


def test_the_order_of_channels_and_sources_makes_no_new_version() -> None:
    assert rise(channels=["any", "phone"]).version() == rise(channels=["phone", "any"]).version()
    assert rise().version() != rise(min_count=6).version()


# ---- commands


def koll(world: Small, *words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--config", str(world.root / "koll.toml")])
    return f"{result.exit_code} {result.output}"


def test_people_see_every_complaint_behind_an_alert_and_answer_it(tmp_path: Path) -> None:
    world = Small(tmp_path, total(), day=START)
    world.night()
    numbers = world.complain(ANNA, 12)
    world.night(1)
    alert = koll(world, "alerts", "list").splitlines()[1].split()[0]
    shown = koll(world, "alerts", "show", alert, "--by", "anna")
    assert shown.startswith("0") and all(number in shown for number in numbers)
    assert "SHOWN" not in shown and [e.by for e in world.ledger() if e.kind is What.SHOWN] == ["anna"]
    assert "acknowledged" in koll(world, "alerts", "ack", alert, "--by", "bo")
    assert "acknowledged" in koll(world, "alerts", "list")
    assert "silenced" in koll(world, "alerts", "silence", alert[:6], "--until", "2099-01-01"), "its beginning is enough"
    assert "2099-01-01" in koll(world, "alerts", "list")
    assert koll(world, "alerts", "close", alert, "--reason", "").startswith("1 a reason is needed")
    assert "closed" in koll(world, "alerts", "close", alert, "--reason", "talked to them")
    assert koll(world, "alerts", "show", "0000000000").startswith("1 no alert is called")
    assert koll(world, "alerts", "show", "").startswith("1 no alert is called")


def test_rules_check_says_what_was_sent_and_writes_nothing(tmp_path: Path) -> None:
    world = Small(tmp_path, total() + RISE, day=START, alerts=CALM)
    world.night()
    world.complain(ANNA, 12)
    world.night(1)
    sent = len([e for e in world.ledger() if e.tells and e.delivery == "single"])
    before, mails = world.ledger(), len(world.mails())
    said = koll(world, "rules", "check", "--from", "2026-03-02", "--to", "2026-03-05")
    assert f"{sent} mails" in said and "total\t2026-03\t1\t0\t0\t" in said and "rise\t2026-03" in said
    assert world.ledger() == before and len(world.mails()) == mails
    known = koll(world, "rules", "check", "--from", "2026-02-01", "--to", "2026-03-05", "--hindsight")
    assert known.startswith("0") and "total\t2026-02" in known
    assert koll(world, "rules", "check", "--from", "2026-03-09", "--to", "2026-03-05").startswith("1 --from")


def test_the_watchman_is_asked_only_when_all_mail_is_out(tmp_path: Path, httpserver) -> None:
    httpserver.expect_request("/ping").respond_with_data("OK")
    url = f'ping_url = "{httpserver.url_for("/ping")}"'
    world = Small(tmp_path, total(), day=START, alerts=url)
    world.night()
    assert len(httpserver.log) == 1
    world.complain(ANNA, 12)
    world.configure(total(), smtp='smtp = "smtp://127.0.0.1:9"')
    world.night(1)
    assert len(httpserver.log) == 1
    httpserver.clear()
    world.configure(total(), smtp="")
    world.day += timedelta(days=1)
    world.deliver("agency")
    world.deliver("council")
    assert not world.run().failed  # a watchman that answers with an error does not fail the night
