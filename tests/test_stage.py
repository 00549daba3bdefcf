"""Drafts become complaints: versions, withdrawal, and nothing touched when nothing changed."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from models.draft_table import DraftTable
from models.drafts import Draft, RawRef
from models.storage.first_reading import FirstReading, ReadAgain
from models.storage.stage import Link, MergeCounts, Stage, is_first
from models.storage.store import open_engine, upgrade, writing
from models.words import Channel, Kind

DAY = date(2026, 5, 1)
T0 = datetime(2026, 6, 1, tzinfo=UTC)
Period = tuple[date, date]


def draft(source_id: str, day: date | None = DAY, company: str = "Exempel AB", **more: object) -> Draft:
    raw = RawRef(sha256="0" * 64)
    return Draft(source_id=source_id, kind=Kind.COMPLAINT, raw=raw, received_on=day, company=company, **more)


def take(
    engine: Engine, *items: tuple[list[Draft], Period | None], at: datetime = T0, whole: bool = False
) -> MergeCounts:
    with writing(engine) as connection:
        stage = Stage(connection, "kv", "run", at)
        for number, (drafts, period) in enumerate(items):
            stage.add(number, DraftTable.of(drafts), [Link()] * len(drafts))
            if period or whole:
                stage.cover(number, period)
        return stage.merge()


def current(engine: Engine) -> dict[str, tuple[str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT source_id, company, status FROM complaint WHERE recorded_to IS NULL ORDER BY source_id")
        )
        return {row.source_id: (row.company, row.status) for row in rows}


def versions(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM complaint")).scalar_one())


def test_the_same_rows_again_touch_nothing(engine: Engine) -> None:
    rows = [draft("1"), draft("2", channel=Channel.PHONE), draft("3", day=None)]
    assert take(engine, (rows, None)).new == 3
    again = take(engine, (rows, None), at=T0 + timedelta(days=1))
    assert (again.new, again.changed, again.same) == (0, 0, 3)
    assert versions(engine) == 3


def test_a_changed_row_is_a_new_version_and_the_old_one_can_still_be_read(engine: Engine) -> None:
    take(engine, ([draft("1")], None))
    assert take(engine, ([draft("1", company="Annat AB")], None), at=T0 + timedelta(days=1)).changed == 1
    assert current(engine) == {"1": ("Annat AB", "accepted")}
    with engine.connect() as connection:
        old = connection.execute(text("SELECT company, recorded_to FROM complaint WHERE recorded_to IS NOT NULL")).one()
    assert old.company == "Exempel AB" and "2026-06-02" in str(old.recorded_to)


def test_a_row_that_a_later_file_of_its_period_lacks_is_withdrawn_not_deleted(engine: Engine) -> None:
    period = (date(2026, 4, 1), date(2026, 5, 31))
    take(engine, ([draft("1"), draft("2"), draft("old", date(2026, 1, 1))], (date(2026, 1, 1), date(2026, 5, 31))))
    counts = take(engine, ([draft("1")], period), at=T0 + timedelta(days=1))
    assert counts.withdrawn == 1
    assert current(engine) == {
        "1": ("Exempel AB", "accepted"),
        "2": ("Exempel AB", "withdrawn"),
        "old": ("Exempel AB", "accepted"),
    }


def test_a_withdrawn_row_that_comes_back_is_accepted_again(engine: Engine) -> None:
    period = (DAY, DAY)
    take(engine, ([draft("1"), draft("2")], period))
    take(engine, ([draft("1")], period), at=T0 + timedelta(days=1))
    take(engine, ([draft("1"), draft("2")], period), at=T0 + timedelta(days=2))
    assert current(engine)["2"] == ("Exempel AB", "accepted")


def test_a_refused_row_is_present_and_so_not_withdrawn(engine: Engine) -> None:
    take(engine, ([draft("1"), draft("2")], (DAY, DAY)))
    with writing(engine) as connection:
        stage = Stage(connection, "kv", "run", T0 + timedelta(days=1))
        stage.add(1, DraftTable.of([draft("1")]), [Link()])
        stage.present(1, ["2"])
        stage.cover(1, (DAY, DAY))
        assert stage.merge().withdrawn == 0
    assert current(engine)["2"] == ("Exempel AB", "accepted")


def test_the_better_record_stands_whatever_the_order(engine: Engine) -> None:
    good, poor = draft("1", company="Nya sidan", precedence=40), draft("1", company="Gamla sidan", precedence=10)
    take(engine, ([good, poor], None))
    assert current(engine) == {"1": ("Nya sidan", "accepted")}
    take(engine, ([poor], None), at=T0 + timedelta(days=1))
    assert current(engine) == {"1": ("Nya sidan", "accepted")}


def test_a_complete_listing_withdraws_what_it_lacks_even_without_a_date(engine: Engine) -> None:
    take(engine, ([draft("1", day=None), draft("2")], None))
    assert take(engine, ([draft("2")], None), at=T0 + timedelta(days=1), whole=True).withdrawn == 1


def test_a_kill_before_the_commit_leaves_the_tables_as_they_were(engine: Engine) -> None:
    take(engine, ([draft("1")], None))
    with pytest.raises(KeyboardInterrupt), writing(engine) as connection:
        stage = Stage(connection, "kv", "run", T0 + timedelta(days=1))
        stage.add(1, DraftTable.of([draft("2")]), [Link()])
        stage.merge()
        raise KeyboardInterrupt
    assert current(engine) == {"1": ("Exempel AB", "accepted")}


files = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 9), st.sampled_from("xy")), max_size=6),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files)
def test_files_in_one_go_and_night_by_night_end_in_the_same_state(tmp_path, batches) -> None:
    def item(batch):
        rows, a, b = batch
        start, end = sorted((a, b))
        day = DAY.replace(day=1)
        held = [draft(k, day + timedelta(days=d), name) for k, (d, name) in rows.items() if start <= d <= end]
        return held, (day + timedelta(days=start), day + timedelta(days=end))

    states = []
    for together in (True, False):
        engine = open_engine("sqlite://")
        upgrade(engine)
        items = [item(batch) for batch in batches]
        for number, group in enumerate([items] if together else [[one] for one in items]):
            take(engine, *group, at=T0 + timedelta(days=number))
        first = current(engine)
        written = versions(engine)
        take(engine, *items, at=T0 + timedelta(days=99))
        assert current(engine) == first
        assert versions(engine) == written
        states.append(dict(first))
        engine.dispose()
    accepted = [{k: v for k, v in state.items() if v[1] == "accepted"} for state in states]
    assert accepted[0] == accepted[1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    readings=st.lists(
        st.tuples(
            st.lists(
                st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 4)), max_size=4, unique_by=lambda row: row[0]
            ),
            st.one_of(st.none(), st.tuples(st.integers(0, 4), st.integers(0, 4))),
            st.sampled_from(["", "", "a", "z"]),
        ),
        max_size=3,
    ),
    revoked=st.sampled_from(["", "", "a", "ab"]),
)
def test_a_first_reading_ends_as_one_that_is_compared_or_is_read_again(engine: Engine, readings, revoked) -> None:
    """Whatever is in it: ids in two files, rows refused or revoked, periods that take rows back."""
    unknown = uuid4().hex
    compared = read_in(engine, Stage, f"{unknown} compared", readings, revoked)
    try:
        first = read_in(engine, FirstReading, f"{unknown} first", readings, revoked)
    except ReadAgain:
        ids = [row[0] for rows, _, _ in readings for row in rows]
        in_two = len(ids) > len(set(ids))
        assert in_two or any(days for _, days, _ in readings[1:]), "nothing in it says why"
        assert not list_stored(engine, f"{unknown} first")
    else:
        assert first == compared
        assert list_stored(engine, f"{unknown} first") == list_stored(engine, f"{unknown} compared")


def read_in(engine: Engine, kind: type[Stage], source: str, readings, revoked: str = "") -> MergeCounts:
    """Read files of (rows of (id, day), days it is complete for, ids that it refuses)."""
    with writing(engine) as connection:
        stage = kind(connection, source, "run", T0)
        assert is_first(connection, source)
        with stage.filling():
            for number, (rows, _, present) in enumerate(readings):
                drafts = [draft(k, DAY + timedelta(days=d), text=k if d else None, facts={"k": k}) for k, d in rows]
                stage.add(number, DraftTable.of(drafts), [Link()] * len(drafts))
                stage.present(number, present)
        stage.revoke(("0" * 64, source_id) for source_id in revoked)
        for number, (_, days, _) in enumerate(readings):
            if days:
                stage.cover(number, (DAY + timedelta(days=min(days)), DAY + timedelta(days=max(days))))
        assert stage.find_gone() == (0, 0)
        return stage.merge()


def list_stored(engine: Engine, source: str) -> list[dict[str, object]]:
    """Return all that is stored of a source, but for its name and the rows' numbers."""
    asked = text(
        "SELECT c.*, t.text, t.delete_after FROM complaint AS c LEFT JOIN complaint_text AS t"
        " ON t.source = c.source AND t.source_id = c.source_id WHERE c.source = :source ORDER BY c.id"
    )
    with engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(asked, {"source": source})]
    return [{name: value for name, value in row.items() if name not in ("id", "source")} for row in rows]


def test_files_of_days_of_their_own_are_written_as_they_are_read(engine: Engine) -> None:
    months = [([("a", 0), ("b", 1)], (0, 1), "x"), ([("c", 2), ("d", 3)], (2, 3), "")]
    counts = read_in(engine, FirstReading, "kv", months, revoked="b")
    assert (counts.new, counts.withdrawn) == (3, 0)
    assert [row["source_id"] for row in list_stored(engine, "kv")] == ["a", "c", "d"]
    assert [row["text"] for row in list_stored(engine, "kv")] == [None, "c", "d"]


def test_a_first_reading_is_seen_by_nobody_before_its_end_and_gone_after_a_kill(engine: Engine) -> None:
    counted = text("SELECT count(*) FROM complaint")
    rows = [draft(str(number)) for number in range(700)]
    with engine.connect() as onlooker, pytest.raises(KeyboardInterrupt), writing(engine) as connection:
        stage = FirstReading(connection, "kv", "run", T0)
        with stage.filling():
            stage.add(1, DraftTable.of(rows), [Link()] * len(rows))
        assert connection.execute(counted).scalar() == 700
        assert onlooker.execute(counted).scalar() == 0
        raise KeyboardInterrupt
    assert versions(engine) == 0


def test_a_row_changed_in_one_file_and_gone_from_the_next_is_withdrawn_once(engine: Engine) -> None:
    take(engine, ([draft("1"), draft("2")], None))
    period = (date(2026, 4, 1), date(2026, 5, 31))
    changed = [draft("1", company="Annat AB"), draft("2")]
    counts = take(engine, (changed, period), ([draft("2")], period), at=T0 + timedelta(days=1))
    assert (counts.new, counts.changed, counts.withdrawn) == (0, 1, 0)
    assert current(engine) == {"1": ("Annat AB", "withdrawn"), "2": ("Exempel AB", "accepted")}
    assert versions(engine) == 3


def test_many_rows_again_and_changed_are_merged_as_few_are(engine: Engine) -> None:
    many = [draft(str(number), text="Rad\tett\nrad \\två") for number in range(10_500)]
    assert take(engine, (many, None)).new == len(many)
    assert take(engine, (many, None), at=T0 + timedelta(days=1)).same == len(many)
    many[7] = draft("7", company="Annat \\ AB")
    counts = take(engine, (many, None), at=T0 + timedelta(days=2))
    assert (counts.new, counts.changed, counts.same) == (0, 1, len(many) - 1)
    assert current(engine)["7"] == ("Annat \\ AB", "accepted")
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT DISTINCT text FROM complaint_text WHERE source_id <> '7'")).scalars()
        assert list(kept) == ["Rad\tett\nrad \\två"]
