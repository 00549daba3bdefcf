"""Time that misbehaves: a clock set back, a night over midnight, and the days on which an hour comes twice or never."""

from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from flows.looking.exports import EXPORTS, Asked
from flows.night import Night, run_night
from models.words import Verdict
from tests.small_world import ANNA, NAMES, Small, total


def tip(number: int, sent: str = "Mon, 02 Mar 2026 10:00:00 +0100") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Date"] = "anna@example.net", "tips@example.org", sent
    mail["Subject"] = f"Tips {number}"
    mail.set_content(f"Anemon Telefoni AB ringde mig, samtal {number}, och gav sig inte.")
    return mail


def tips_in(small: Small) -> int:
    return sum(row["kind"] == "tip" for row in EXPORTS["complaints"](small.open(), Asked()))


def run_at(small: Small, clock: datetime, on: date | None = None) -> Night:
    place = small.open()
    place.clock = lambda: clock
    return run_night(place, (), on, small.lines.append)


@pytest.mark.parametrize("back", [timedelta(0), timedelta(minutes=20), timedelta(days=5), timedelta(days=20_000)])
def test_a_clock_set_back_loses_no_tip_and_the_night_says_so(tmp_path: Path, back: timedelta) -> None:
    small = Small(tmp_path, total((10, 25)), day=date(2026, 3, 2))
    small.tip("one", tip(1))
    small.night()
    wrong = datetime(2026, 3, 2, 3, 15, tzinfo=UTC) - back
    small.day += timedelta(days=1)
    small.complain(ANNA, 12)
    small.tip("two", tip(2))
    small.deliver("agency"), small.deliver("council")
    night = run_at(small, wrong, small.day)
    assert [fared.verdict for fared in night.nights if fared.source != "council"] == [Verdict.OK, Verdict.OK]
    assert small.told() == ["total first"]
    assert ("this machine's clock says" in night.sum_up()) is (back > timedelta(hours=1))
    small.tip("three", tip(3))
    small.complain(ANNA, 13)
    night = small.night(1)
    assert tips_in(small) == 3
    assert small.told() == ["total first", "total higher_level"]
    assert "clock" not in night.sum_up()


def test_a_register_put_back_while_the_clock_stands_still_is_linked_by_as_it_now_is(tmp_path: Path) -> None:
    small = Small(tmp_path, total(), day=date(2026, 3, 2), quiet=True)
    small.complain(ANNA, 2)
    ends = "0001 0019 0027 0035 0043 0050 0068 0076 0084 0092".split()  # so that one member fewer is no shrunk register
    everybody = NAMES | {f"556000{end}": f"Bolag {end} AB" for end in ends}
    small.name_members(everybody)
    small.night()
    without = {number: name for number, name in everybody.items() if number != ANNA}
    for register, linked in (without, 0), (everybody, 2), (without, 0), (everybody, 2):
        small.name_members(register)
        small.run()  # each run begins at the very same moment
        assert sum(row["member"] == ANNA for row in EXPORTS["complaints"](small.open(), Asked())) == linked


def test_a_night_without_a_date_never_goes_back_behind_the_last(tmp_path: Path) -> None:
    small = Small(tmp_path, total(), day=date(2026, 3, 2), quiet=True)
    small.night()
    night = run_at(small, datetime(1970, 1, 1, tzinfo=UTC))
    assert night.order.business_date == date(2026, 3, 2)
    assert "1970-01-01" in night.sum_up() and "set it right" in night.sum_up()


def test_mail_that_comes_after_midnight_into_the_night_of_the_day_before_is_taken(tmp_path: Path) -> None:
    small = Small(tmp_path, total(), day=date(2026, 3, 2), quiet=True)
    small.tip("late", tip(1, sent="Tue, 03 Mar 2026 00:04:00 +0100"))
    moments = iter(datetime(2026, 3, 2, 22, 58, tzinfo=UTC) + timedelta(minutes=n) for n in range(10_000))
    place = small.open()
    place.clock = lambda: next(moments)  # each look at the clock is a minute later: the night runs over midnight
    small.deliver("agency"), small.deliver("council")
    night = run_night(place, (), None, small.lines.append)
    assert night.order.business_date == date(2026, 3, 2)
    assert tips_in(small) == 1
    assert small.night(1).alerts.events == 0


@pytest.mark.parametrize(
    ("before", "changes"),
    [
        (date(2026, 3, 28), date(2026, 3, 29)),  # 02:00 becomes 03:00
        (date(2026, 10, 24), date(2026, 10, 25)),  # 03:00 becomes 02:00
    ],
)
def test_nights_around_a_change_of_the_clocks_count_every_day_once(tmp_path: Path, before: date, changes: date) -> None:
    small = Small(tmp_path, total((3, 10)), day=before)
    small.night()
    for hour, minute in ((0, 30), (1, 0), (1, 30)):  # UTC: before, at and after the change
        small.day = changes
        small.complain(ANNA, day=changes - timedelta(days=1))
        small.deliver("agency"), small.deliver("council")
        night = run_at(small, datetime.combine(changes, datetime.min.time(), UTC).replace(hour=hour, minute=minute))
        assert night.order.business_date == changes
    assert small.told() == ["total first"]
    counts = {row["member"]: row["total"] for row in EXPORTS["counts"](small.open(), Asked(as_of=changes))}
    assert counts[ANNA] == 3
    small.night(1)
    assert small.told() == ["total first"]


def test_a_source_with_rows_in_quarantine_is_not_called_read_well_by_the_next_night(tmp_path: Path) -> None:
    from flows.looking.standing import load_source_states

    small = Small(tmp_path, total(), day=date(2026, 3, 2))
    small.complain(ANNA, 1, channel="Brevduva")
    small.night()
    place = small.open()
    small.run(hour=4)
    with place.engine.connect() as connection:
        assert load_source_states(place, connection, small.day)["agency"].verdict == Verdict.ODD
        assert load_source_states(place, connection, small.day)["council"].verdict == Verdict.OK
