"""Have the complaints continued? The verdict against scipy and statsmodels, honest about what is missing."""

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest
from scipy import stats
from sqlalchemy import Engine
from statsmodels.stats.rates import test_poisson_2indep as compare_poisson

from models.alerting.evaluation import SourceState
from models.cases.follow_up import Asked, follow_up, propose_follow_up
from models.cases.settings import FollowUpConfig
from models.storage.store import writing
from models.storage.tables import Complaint, Member
from models.words import Band, Channel, Kind

compare_poisson.__test__ = False  # a test of rates, not of this code
A, B, C = "5590000013", "5590000021", "5590000039"
FIRST, DEMAND, DEADLINE = date(2024, 1, 1), date(2024, 7, 1), date(2024, 7, 15)
AFTER = DEADLINE + timedelta(days=15)
AT = datetime(2024, 12, 31, 12, tzinfo=UTC)
CONFIG = FollowUpConfig()


def spread(first: date, days: int, count: int) -> list[date]:
    return [first + timedelta(days=n * days // count) for n in range(count)]


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9)


class Rows:
    """Complaints as rows, straight into the table."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.number = engine, 0
        with writing(engine) as connection:
            for member in (A, B, C):
                row = {"member": member, "org_number": member, "legal_name": f"{member} AB"}
                connection.execute(Member.__table__.insert(), row)
        self.add("agency", [FIRST], None)  # a stranger's: the source tells from here on

    def add(
        self, source: str, days: Iterable[date], member: str | None = A, *, channel: Channel = Channel.OTHER,
        received: int = 0,
    ) -> None:  # fmt: skip
        """Add a complaint for each day of an event, received so many days later."""
        rows = []
        for day in days:
            self.number += 1
            row = Complaint(
                source=source, source_id=f"{self.number}", recorded_from=AT - timedelta(days=1), hash="h",
                kind=Kind.COMPLAINT, received_on=day + timedelta(days=received), event_on=day, channel=channel,
                flags=[], facts={}, raw_sha256="0" * 64, member=member, band=Band.ACCEPT if member else Band.NONE,
                run_id="r",
            )  # fmt: skip
            rows.append(row.model_dump(exclude={"id"}))
        with writing(self.engine) as connection:
            connection.execute(Complaint.__table__.insert(), rows)

    def ask(self, through: date, *, late: tuple[str, ...] = (), others: tuple[str, ...] = ("agency",)) -> dict:
        with self.engine.connect() as connection:
            return follow_up(connection, self.asked(through, late, others))

    def asked(self, through: date, late: tuple[str, ...] = (), names: tuple[str, ...] = ("agency",)) -> Asked:
        states = {
            name: SourceState(name, name.title(), through, AT, "ok", name in late, 10) for name in {*names, *late}
        }  # fmt: skip
        return Asked(A, DEMAND, DEADLINE, through, states, CONFIG)


@pytest.fixture
def rows(engine: Engine) -> Rows:
    return Rows(engine)


def after(days: int) -> date:
    """The day on which so many days after the grace are known."""
    return AFTER + timedelta(days=days - 1)


@pytest.mark.parametrize(("x0", "days", "x1"), [(113, 56, 12), (113, 56, 27), (37, 91, 40), (60, 56, 0), (183, 28, 5)])
def test_ratio_interval_and_tails_are_scipys_and_statsmodels(engine: Engine, x0: int, days: int, x1: int) -> None:
    rows = Rows(engine)
    rows.add("agency", spread(FIRST, 183, x0))
    if x1:
        rows.add("agency", spread(AFTER, days, x1))
    told = rows.ask(after(days))
    found = told["channels"]["any"]
    e0, e1 = 183, days
    assert (found["before"], found["after"], found["days_before"], found["days_after"]) == (x0, x1, e0, e1)
    share = e1 / (e0 + e1)
    assert found["p_fall"] == near(stats.binom.cdf(x1, x0 + x1, share))
    assert found["p_rise"] == near(stats.binom.sf(x1 - 1, x0 + x1, share))
    smaller = compare_poisson(x1, e1, x0, e0, method="exact-cond", alternative="smaller")
    assert found["p_fall"] == near(smaller.pvalue)
    low = stats.beta.ppf(0.025, x1, x0 + 1) if x1 else 0.0
    high = stats.beta.ppf(0.975, x1 + 1, x0)
    assert found["ratio"] == near(x1 / e1 / (x0 / e0)) if x1 else found["ratio"] == 0
    assert (found["low"], found["high"]) == (near(low / (1 - low) * e0 / e1), near(high / (1 - high) * e0 / e1))
    assert found["expected"] == near(x0 * e1 / e0)
    assert found["days_needed"] == math.ceil(10 * e0 / x0)


VERDICTS = [(113, 28, 0, "stopped"), (113, 28, 5, "fallen"), (113, 28, 18, "continued"), (113, 28, 40, "risen")]


@pytest.mark.parametrize(("x0", "days", "x1", "verdict"), [*VERDICTS, (30, 28, 3, "too_early"), (4, 56, 12, "risen")])
def test_every_verdict_can_come_out(rows: Rows, x0: int, days: int, x1: int, verdict: str) -> None:
    rows.add("agency", spread(FIRST, 183, x0))
    rows.add("agency", spread(AFTER, days, x1)) if x1 else None
    found = rows.ask(after(days))
    assert found["channels"]["any"]["verdict"] == verdict
    assert (found["tell_on"] is not None) is (verdict == "too_early")


def test_it_counts_by_the_day_of_the_event_and_tells_the_other_beside_it(rows: Rows) -> None:
    rows.add("agency", spread(FIRST, 183, 100))
    rows.add("agency", spread(DEADLINE - timedelta(days=20), 10, 8), received=40)  # old contracts, told of late
    rows.add("agency", spread(AFTER, 20, 6), received=3)
    found = rows.ask(after(28))["channels"]["any"]
    assert (found["after"], found["after_received"]) == (6, 14)


def test_days_of_grace_belong_to_neither_time(rows: Rows) -> None:
    rows.add("agency", spread(DEMAND + timedelta(days=1), 28, 50))
    found = rows.ask(after(28))["channels"]["any"]
    assert (found["before"], found["after"], found["verdict"], found["low"]) == (0, 0, "too_early", 0.0)


def test_before_anything_is_known_of_the_time_after_it_is_too_early_with_the_day_it_can_be_told(rows: Rows) -> None:
    rows.add("agency", spread(FIRST, 183, 61))
    told = rows.ask(DEADLINE)
    assert told["after"] is None and told["channels"]["any"]["verdict"] == "too_early"
    assert told["tell_on"] == (AFTER + timedelta(days=30)).isoformat()


def test_a_late_source_never_lets_anything_have_fallen_or_stopped(rows: Rows) -> None:
    rows.add("agency", spread(FIRST, 183, 113))
    rows.add("board", [FIRST, FIRST + timedelta(days=60)], None)
    for x1, fresh, late in ((0, "stopped", "too_early"), (4, "fallen", "continued")):
        rows.add("agency", spread(AFTER, 28, x1)) if x1 else None
        assert rows.ask(after(28))["channels"]["any"]["verdict"] == fresh
        told = rows.ask(after(28), late=("board",))
        assert told["channels"]["any"]["verdict"] == late and told["late"] == ["board"]


def test_a_source_that_began_after_the_demand_is_not_compared_but_told(rows: Rows) -> None:
    rows.add("agency", spread(FIRST, 183, 113))
    rows.add("web", spread(AFTER, 28, 9))
    told = rows.ask(after(28), others=("agency", "web"))
    assert (told["sources"], told["new"], told["new_sources_after"]) == (["agency"], ["web"], 9)
    assert told["channels"]["any"]["after"] == 0 and told["channels"]["any"]["verdict"] == "too_early"


def test_the_telephone_has_its_own_verdict(rows: Rows) -> None:
    rows.add("agency", spread(FIRST, 183, 76))
    rows.add("agency", spread(FIRST, 183, 70), channel=Channel.PHONE)
    rows.add("agency", spread(AFTER, 28, 12))
    found = rows.ask(after(28))["channels"]
    assert (found["any"]["verdict"], found["phone"]["verdict"]) == ("fallen", "stopped")


def test_the_other_members_stand_beside_it_without_those_that_have_a_case(rows: Rows) -> None:
    rows.add("agency", spread(FIRST, 183, 113))
    rows.add("agency", spread(FIRST, 183, 60), B)
    rows.add("agency", spread(AFTER, 28, 4), B)
    rows.add("agency", spread(AFTER, 28, 20), C)
    with rows.engine.connect() as connection:
        asked = rows.asked(after(28))
        both = follow_up(connection, asked)["others"]
        one = follow_up(connection, Asked(**{**vars(asked), "with_case": (A, C)}))["others"]
    assert (both["members"], both["before"], both["after"]) == (2, 60, 24)
    assert (one["members"], one["before"], one["after"]) == (1, 60, 4)
    assert one["ratio"] == near(4 / 28 / (60 / 183)) and one["low"] < one["ratio"] < one["high"]


def test_earlier_dates_without_a_demand_show_what_a_growing_series_does_by_itself(rows: Rows) -> None:
    start = date(2022, 1, 1)
    rows.add("agency", [start], None)
    days = (DEMAND - start).days
    rows.add("agency", [start + timedelta(days=int(days * (n / 400) ** 0.5)) for n in range(400)])
    rows.add("agency", spread(AFTER, 28, 40))
    told = rows.ask(after(28))
    assert told["channels"]["any"]["verdict"] == "risen"
    assert len(told["placebos"]) == 6
    for one in told["placebos"]:
        # both times lie wholly before the demand
        assert date.fromisoformat(one["on"]) + (after(28) - DEMAND) <= DEMAND
        assert one["ratio"] > 1
    assert rows.ask(DEADLINE)["placebos"] == []


def test_what_was_picked_for_being_high_is_expected_to_be_a_little_lower(rows: Rows) -> None:
    rows.add("agency", spread(FIRST, 183, 30))
    rows.add("agency", spread(FIRST, 183, 4), B)
    rows.add("agency", spread(FIRST, 183, 2), C)
    found = rows.ask(after(80))["channels"]["any"]
    assert 0 < found["expected_shrunk"] < found["expected"]


@pytest.mark.parametrize(("count", "days"), [(61, 30), (183, 10), (11, 167), (3, 182), (0, 182)])
def test_the_follow_up_is_proposed_for_the_day_when_enough_will_be_known(rows: Rows, count: int, days: int) -> None:
    rows.add("agency", spread(FIRST, 183, count)) if count else None
    with rows.engine.connect() as connection:
        proposed = propose_follow_up(connection, rows.asked(DEMAND))
    assert proposed == AFTER + timedelta(days=days)


def test_nothing_ever_read_is_too_early_and_breaks_nothing(engine: Engine) -> None:
    with engine.connect() as connection:
        asked = Asked(A, DEMAND, DEADLINE, after(28), {}, CONFIG)
        assert follow_up(connection, asked)["channels"]["any"]["verdict"] == "too_early"
        assert propose_follow_up(connection, asked) == AFTER + timedelta(days=182)
