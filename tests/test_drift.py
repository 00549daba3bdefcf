"""A source that shrinks, falls silent or changes shape is noticed; chance and a quiet board are not."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from models.drift import Forecast, find_season, forecast
from models.storage.store import writing
from models.storage.tables import Run, SourceNight
from models.words import Verdict
from tests.demo_world import THIRD, World, demo_world

HEADER = "Diarienummer;Inkom;Händelsedatum;Företag;Organisationsnummer;Försäljningssätt;Ärendetyp;Beskrivning"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with demo_world(tmp_path / "world") as laid_out:
        config = laid_out.config.read_text("utf-8").replace("rows = [50, 5000]", "rows = [1, 5000]")
        laid_out.config.write_text(config, "utf-8")
        yield laid_out


def rows(first: date, last: date, a_week: int) -> list[str]:
    """As many rows a week as asked for, spread over it, numbered by their day."""
    found = []
    for at in range((last - first).days + 1):
        day = first + timedelta(days=at)
        number = a_week * (at % 7 + 1) // 7 - a_week * (at % 7) // 7
        found += [f"{day:%Y}/{day:%m%d}{n};{day};;Glasklart Elavtal AB;;Internet;Avtal;" for n in range(number)]
    return found


def send(world: World, name: str, sent: list[str], header: str = HEADER) -> None:
    (world.root / "extracts" / name).write_text("\n".join([header, *sent]) + "\n", "utf-8")


def take(world: World, day: date, **more: object) -> SourceNight:
    return (world.ingest("konsumentverket", day, **more) if more else world.night(day, "konsumentverket")).nights[0]


JAN, JUNE, JULY = date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 31)


def test_the_tail_is_that_of_a_poisson_or_a_negative_binomial() -> None:
    # scipy.stats.poisson.cdf(7, 20), nbinom.cdf(7, 10, 10 / 30), nbinom.cdf(40, 2.5, 2.5 / 202.5)
    assert Forecast(20).lower_tail(7) == pytest.approx(7.785901e-4, rel=1e-6)
    assert Forecast(20, 10).lower_tail(7) == pytest.approx(0.02728449, rel=1e-6)
    assert Forecast(200, 2.5).lower_tail(40) == pytest.approx(0.04048435, rel=1e-6)
    assert Forecast(0).lower_tail(0) == 1.0
    assert Forecast(1e6, 40).lower_tail(1000) < 1e-50


def test_too_short_a_history_says_nothing() -> None:
    assert forecast([20] * 7, 4) is None
    assert forecast([20] * 8, 4) == Forecast(80.0, None)
    assert find_season(3, [10] * 25, 2) == 1.0
    assert find_season(5, [10] * 26, 2) == pytest.approx(0.4)


def test_a_source_as_it_always_was_is_hardly_ever_refused_and_half_a_file_nearly_always() -> None:
    chance = random.Random(7)

    def week() -> int:  # overdispersed: variance about 3 times the mean of 30
        level = chance.gammavariate(15, 2)
        return sum(chance.expovariate(1) < level / 100 for _ in range(100))

    wrong = caught = 0
    for _ in range(400):
        due = forecast([week() for _ in range(26)], 4)
        assert due is not None
        whole = sum(week() for _ in range(4))
        wrong += due.finds_too_few(whole)
        caught += due.finds_too_few(whole // 5)
    assert wrong == 0
    assert caught > 380


def test_a_file_far_below_the_sources_own_weeks_waits_for_a_person(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", rows(JAN, JUNE, 21))
    take(world, date(2026, 7, 2))
    before = world.export("complaints")
    send(world, "2026-07-01_2026-07-31.csv", rows(date(2026, 7, 1), JULY, 21)[:12])
    night = take(world, date(2026, 8, 3))
    assert (night.verdict, night.code) == ("broken", "volume-low")
    assert "12 row(s) from 2026-07-01 to 2026-07-31, about 93 were due" in night.message
    assert "koll ingest konsumentverket --accept-shrink" in night.message
    assert world.export("complaints") == before
    assert take(world, date(2026, 8, 3)).code == "volume-low"
    accepted = take(world, date(2026, 8, 3), accept_shrink=True)
    assert (accepted.verdict, accepted.new) == ("ok", 12)


def test_a_file_cut_in_its_middle_withdraws_nothing_though_most_rows_are_there(world: World) -> None:
    everything = rows(JAN, JUNE, 21)
    send(world, "2026-01-01_2026-06-30.csv", everything)
    take(world, date(2026, 7, 2))
    send(world, "2026-01-01_2026-06-30 igen.csv", everything[: len(everything) * 7 // 10])
    night = take(world, date(2026, 7, 3))
    assert (night.code, night.withdrawn) == ("volume-low", 0)


def test_rows_taken_back_here_and_there_are_believed_and_told(world: World) -> None:
    everything = rows(JAN, JUNE, 21)
    send(world, "2026-01-01_2026-06-30.csv", everything)
    take(world, date(2026, 7, 2))
    send(world, "2026-01-01_2026-06-30 igen.csv", [row for at, row in enumerate(everything) if at % 5])
    night = take(world, date(2026, 7, 3))
    assert night.verdict == "odd" and "[rows-taken-back]" in night.message and night.withdrawn > 100


def test_a_summer_as_quiet_as_last_years_is_no_alarm(world: World) -> None:
    def year(of: int) -> list[str]:
        return rows(date(of, 1, 1), date(of, 6, 30), 35) + rows(date(of, 7, 1), date(of, 7, 31), 8)

    until_july = [row for row in year(2026) if row.split(";")[1] < "2026-07-01"]
    autumn = rows(date(2025, 8, 1), date(2025, 12, 31), 35)
    send(world, "2025-01-01_2026-06-30.csv", [*year(2025), *autumn, *until_july])
    take(world, date(2026, 7, 2))
    send(world, "2026-07-01_2026-07-31.csv", rows(date(2026, 7, 1), JULY, 8))
    assert take(world, date(2026, 8, 3)).verdict == "ok"


def test_other_columns_than_the_last_accepted_files_are_told_once(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", rows(JAN, JUNE, 21))
    assert take(world, date(2026, 7, 2)).verdict == "ok"
    header = HEADER.replace("Beskrivning", "Beskrivning;Handläggare")
    sent = [f"{row};x" for row in rows(date(2026, 7, 1), JULY, 21)]
    send(world, "2026-07-01_2026-07-31.csv", sent, header)
    night = take(world, date(2026, 8, 3))
    assert night.verdict == "odd" and "columns new 'Handläggare'" in night.message
    assert "[header-changed]" in night.message and night.new == 93
    sent = [f"{row};x" for row in rows(date(2026, 8, 1), date(2026, 8, 25), 21)]
    send(world, "2026-08-01_2026-08-25.csv", sent, header)
    assert take(world, THIRD).verdict == "ok"


def test_longer_silence_than_is_normal_is_odd_until_something_comes(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", rows(JAN, JUNE, 21))
    take(world, date(2026, 7, 2))
    assert take(world, date(2026, 8, 31)).verdict == "ok"
    night = take(world, date(2026, 9, 1))
    assert night.verdict == "odd"
    assert "nothing new for 61 days, 60 are normal" in night.message and "[quiet-too-long]" in night.message
    send(world, "2026-07-01_2026-07-31.csv", rows(date(2026, 7, 1), JULY, 21))
    assert take(world, date(2026, 9, 1)).verdict == "ok"
    assert take(world, date(2026, 9, 1)).verdict == "ok"


def read_nights(world: World, source: str, news: dict[date, int | None]) -> None:
    """Write nights down as they were: how much was new, None for a broken one."""
    place = world.open()
    at = place.clock()
    with writing(place.engine) as connection:
        for day, new in news.items():
            run = Run(run_id=f"{day}-x", kind="nightly", business_date=day, started_at=at)
            verdict = Verdict.BROKEN if new is None else Verdict.OK
            night = SourceNight(run_id=f"{day}-x", source=source, verdict=verdict, new=new or 0, at=at)
            connection.execute(Run.__table__.insert(), run.model_dump())
            connection.execute(SourceNight.__table__.insert(), night.model_dump())


@pytest.mark.parametrize(
    ("a_day", "lately", "odd"),
    [
        ([2, 0, 1, 3, 0, 0, 2], [0] * 28, True),
        ([2, 0, 1, 3, 0, 0, 2], [0, 2, 0, 1, 0, 0, 2] * 4, False),
        ([12] + [0] * 27, [0] * 28, False),  # a board that meets monthly
        ([2, 0, 1, 3, 0, 0, 2], [None] * 27 + [7], False),  # broken nights are unknown, not quiet
    ],
)
def test_a_flow_that_dries_up_is_odd_and_a_monthly_or_broken_one_is_not(
    world: World, a_day: list[int], lately: list[int | None], odd: bool
) -> None:
    end = date(2026, 8, 27)
    usual = [a_day[at % len(a_day)] for at in range(28 * 6)]
    news = dict(
        zip((end - timedelta(days=back) for back in range(28 * 7 + 1, 0, -1)), [300, *usual, *lately], strict=False)
    )
    read_nights(world, "tips", news)
    night = world.night(end, "tips").nights[0]
    assert ("[volume-falling]" in night.message) is odd, night.message


def test_a_replay_asks_nothing_about_volume(world: World) -> None:
    send(world, "2026-01-01_2026-06-30.csv", rows(JAN, JUNE, 21))
    take(world, date(2026, 7, 2))
    night = take(world, date(2027, 7, 2), replay=True)
    assert (night.verdict, night.new) == ("ok", 0)
    with world.open().engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM source_night")).scalar_one() == 2
