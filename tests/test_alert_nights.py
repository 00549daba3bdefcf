"""Nights that go wrong: the clock set back, dates out of order, members merged, split, gone and back, two at once."""

import csv
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from case_world import RULES, CaseWorld
from small_world import ANNA, BO, CIA, NAMES, Small, text_of, total
from typer.testing import CliRunner

from flows.intake.register import read_the_register
from flows.koll import app
from flows.night import Night, run_night
from models.members.register import store_register
from models.storage.store import writing

START = date(2026, 3, 3)
CALM = "reminder_days = []"


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A world whose rules have been introduced: what follows is news."""
    world = Small(tmp_path, total(), day=START, alerts=CALM, quiet=True)
    for source in world.rows:
        world.complain(CIA, source=source)
    world.night()
    world.day += timedelta(days=1)
    return world


def run_at(world: Small, business_date: date, clock: date, hour: int = 3) -> Night:
    place = world.open()
    place.clock = lambda: datetime.combine(clock, time(hour, 15), UTC)
    return run_night(place, (), business_date, world.lines.append)


def test_a_clock_set_back_fails_the_night_by_name_and_what_came_is_told_once(small: Small) -> None:
    small.complain(ANNA, 12)
    small.night()
    small.complain(ANNA, 15, day=small.day)
    small.day += timedelta(days=1)
    for source in small.rows:
        small.deliver(source)
    night = run_at(small, small.day, small.day - timedelta(days=3))
    assert night.failed and "this machine's clock says" in night.sum_up() and not night.broken
    small.night()
    assert small.told() == ["total first", "total higher_level"]


def test_a_night_for_an_earlier_date_takes_nothing_back_and_tells_nothing_twice(small: Small) -> None:
    small.complain(ANNA, 12)
    small.night()
    small.complain(ANNA, 14)
    small.night(3)
    before = small.ledger()
    for back in (4, 2, 3):
        assert not run_at(small, small.day - timedelta(days=back), small.day, 8).failed
    assert small.ledger() == before
    small.complain(ANNA, 30, day=small.day)
    small.night(1)
    assert small.told(len(before)) == ["total higher_level"]


def test_the_mail_after_missed_nights_names_them(small: Small) -> None:
    small.complain(ANNA, 12)
    small.night(3)
    [mail] = small.mails()
    assert "Ingen körning gjordes 4 mars 2026 – 6 mars 2026." in text_of(mail)


def test_members_merged_and_split_come_out_as_corrections_and_never_as_first(small: Small) -> None:
    anna, bo = small.complain(ANNA, 12), small.complain(BO, 6)
    small.night()
    small.move(bo, ANNA)
    small.move(anna[:4], CIA)
    small.night(1)  # 14 and 5: nothing is crossed
    assert small.told() == ["total first"]
    small.move([*anna[4:], *bo[:2]], CIA)
    small.night(1)
    assert sorted(small.told()[1:]) == ["total corrected_up", "total retracted"]
    by_reason = {event.reason: event for event in small.ledger()[1:]}
    assert (by_reason["corrected_up"].member, by_reason["retracted"].member) == (CIA, ANNA)
    assert len(by_reason["corrected_up"].changes) == 10


def test_a_member_that_leaves_is_quiet_until_it_is_back_and_is_then_told_once(small: Small) -> None:
    def register(left: str) -> None:
        with (small.root / "register" / "members.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("org_number", "legal_name", "left_on"))
            rows.writerows((number, name, left if number == ANNA else "") for number, name in NAMES.items())

    small.complain(ANNA, 12)
    small.night()
    small.day += timedelta(days=1)
    register(str(small.day))
    small.night()
    small.complain(ANNA, 15)
    small.night(1)
    assert [(e.kind, e.reason, e.delivery) for e in small.ledger()[2:]] == [("closed", "resolved", "weekly")]
    register("")
    small.night(1)
    assert small.told()[2:] == ["total returned"] and small.ledger()[-1].count == 27
    small.night(1)
    assert len(small.told()) == 3


def test_a_member_whose_row_is_gone_stays_until_a_person_confirms_it_and_then_its_alerts_are_closed(
    small: Small,
) -> None:
    small.complain(ANNA, 12)
    small.night()
    small.name_members({number: name for number, name in NAMES.items() if number != ANNA})
    night = small.night(1)
    assert night.failed and "1 of 3 members is missing from the new register (559000-0013)" in night.sum_up()
    command = f"members import {small.root / 'register'} --confirm-shrink"
    assert f"koll {command}" in night.sum_up() and small.told() == ["total first"]
    done = CliRunner().invoke(app, [*command.split(), "--config", str(small.root / "koll.toml")])
    assert done.exit_code == 0, done.output
    assert not small.night(1).failed
    closed = small.ledger()[-1]
    assert (closed.kind, closed.note, closed.delivery) == ("closed", "member_left", "weekly")
    while small.day.weekday() != 0:
        small.night(1)
    assert small.ledger()[-1] == closed
    assert "en tidigare medlem (559000-0013)" in text_of(small.mails()[-1])


def take_over(small: Small, *, listed: bool) -> None:
    """Let Bo have 12 complaints and Anna, whom only her name tells, 14; then Bo takes over Anna's name."""
    small.complain(BO, 12)
    small.rename(small.complain(ANNA, 14), NAMES[ANNA], "")
    small.night()
    assert small.told() == ["total first", "total first"]
    left = {ANNA: str(small.day + timedelta(days=1))}
    members = [(n, name, left.get(n, "")) for n, name in NAMES.items() if listed or n not in left]
    small.list_members(members, names=[(BO, "former", NAMES[ANNA], left[ANNA] if listed else "", "")])


def test_a_member_that_another_has_taken_over_is_no_new_alert_but_a_correction_in_the_same_thread(small: Small) -> None:
    take_over(small, listed=False)
    place = small.open()
    with writing(place.engine) as connection:
        store_register(connection, read_the_register(place), confirmed=True)
    small.night(1)
    anna, bo = small.ledger()[3:]
    assert (anna.member, anna.kind, anna.delivery) == (ANNA, "closed", "weekly")
    assert (bo.member, bo.kind, bo.reason, bo.level, bo.count) == (BO, "raised", "corrected_up", 25, 26)
    first = next(mail for mail in small.mails() if NAMES[BO] in mail["Subject"])
    assert "rättad" in small.mails()[-1]["Subject"] and NAMES[BO] in small.mails()[-1]["Subject"]
    assert small.mails()[-1]["References"] == first["References"]
    small.night(1)
    assert len(small.ledger()) == 5 and len(small.mails()) == 3


def test_what_a_member_was_told_of_before_it_left_stays_its_own_and_what_comes_later_waits_for_a_person(
    small: Small,
) -> None:
    take_over(small, listed=True)
    small.night(3)
    small.rename(small.complain(ANNA, 13), NAMES[ANNA], "")
    small.night(1)
    assert [(e.member, e.kind) for e in small.ledger()[3:]] == [(ANNA, "closed")]
    matched = Counter((row["member"], row["match"]["band"]) for row in small.export("complaints"))
    assert matched == {(ANNA, "accept"): 14, (None, "review"): 13, (BO, "accept"): 12, (CIA, "accept"): 2}


def test_a_limit_lowered_and_raised_and_lowered_again_sends_one_digest_and_no_single_mail(small: Small) -> None:
    small.complain(ANNA, 12)
    small.complain(BO, 6)
    small.night()
    for levels in ([5, 10], [20], [20, 30], [12]):
        small.configure(total(levels))
        small.night(1)
    told = [(event.member, event.reason, event.delivery) for event in small.ledger() if event.tells][1:]
    assert told == [(BO, "rule_introduced", "digest"), (ANNA, "rule_introduced", "digest")]


def test_the_same_night_by_two_at_once_is_one_event_and_one_mail(small: Small) -> None:
    small.complain(ANNA, 12)
    for source in small.rows:
        small.deliver(source)
    with ThreadPoolExecutor(2) as pool:
        nights = list(pool.map(lambda _: run_at(small, small.day, small.day), range(2)))
    assert any(not night.failed for night in nights)
    assert small.told() == ["total first"] and len(small.mails()) == 1


def test_new_complaints_about_what_happened_before_the_demand_are_counted_apart(tmp_path: Path) -> None:
    columns = 'received_on = "Inkom"\nevent_on = "Hände"'
    world = CaseWorld(tmp_path, RULES, day=date(2026, 3, 3), quiet=True)
    world.complain(BO)

    def night(days: int) -> None:
        """Run on files that also tell when it happened: two days before for half of them, else last year."""
        world.day += timedelta(days=days)
        path = world.root / "koll.toml"
        bare = path.read_text("utf-8").replace('event_on = "Hände"\n', "")
        path.write_text(bare.replace('received_on = "Inkom"\n', f"{columns}\n"), "utf-8")
        for source in world.rows:
            world.deliver(source)
            [file] = (world.root / source).glob("*.csv")
            head, *lines = file.read_text("utf-8").splitlines()
            dated = [
                f"{line};{world.day - timedelta(days=2) if int(line[2:7]) % 2 else '2025-11-11'}" for line in lines
            ]
            file.write_text("\n".join([head + ";Hände", *dated]) + "\n", "utf-8")
        world.run()

    night(0)
    world.complain(ANNA, 26)
    night(1)
    world.take("notice", world.day)
    world.take("demand", world.day, deadline=world.day + timedelta(days=14))
    world.complain(ANNA, 30, day=world.day + timedelta(days=3))
    night(4)
    assert world.told()[-1] == "total higher_level"
    assert "Av de 30 nya gäller 15 något som hände före medlemmens senaste steg" in text_of(world.mails()[-1])
