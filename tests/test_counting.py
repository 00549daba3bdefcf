"""Counts, ranks and weeks: whole windows, both ends included, lower bounds that say so, as known at any moment."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from models.alerting.evaluation import Window
from models.counting import (
    WEEKS,
    Scope,
    Tally,
    count_members,
    count_news,
    count_weeks,
    find_rank,
    list_counted,
    list_ranks,
    newest_by_member,
    rank_companies,
    rank_members,
    read_watermarks,
)
from models.storage.store import writing
from models.storage.tables import Complaint, EventLink, Mention, Watermark
from models.words import Band, Channel, Kind, Role, Status

A, B = "5560000019", "5567794218"
FIRST, LAST = date(2026, 1, 1), date(2026, 8, 25)
T0, T1, T2 = (datetime(2026, 8, day, 1, 15, tzinfo=UTC) for day in (1, 10, 20))
SCOPE = Scope(Window(FIRST, LAST))


def complaint(source_id: str, on: date | None = LAST, **more: object) -> Complaint:
    given: dict[str, object] = {
        "source": "kv",
        "recorded_from": T0,
        "member": A,
        "band": Band.ACCEPT,
        "company": "Bolaget AB",
        "flags": [],
        "facts": {},
        **more,
    }
    return Complaint(
        source_id=source_id,
        received_on=on,
        hash=source_id,
        kind=Kind.COMPLAINT,
        raw_sha256="0" * 64,
        run_id="r",
        **given,
    )


def caller(source_id: str, member: str | None = B, text: str = "Ringarna", **more: object) -> Mention:
    given: dict[str, object] = {"role": Role.CALLER, "band": Band.ACCEPT, "recorded_from": T0, **more}
    return Mention(source="kv", source_id=source_id, text=text, member=member, **given)


def keep(engine: Engine, *rows: Complaint | Mention | Watermark | EventLink) -> None:
    with writing(engine) as connection:
        for row in rows:
            connection.execute(row.__table__.insert(), [row.model_dump(exclude={"id"})])


def tally(engine: Engine, scope: Scope = SCOPE) -> dict[str, Tally]:
    with engine.connect() as connection:
        return count_members(connection, scope)


def totals(engine: Engine, scope: Scope = SCOPE) -> dict[str, int]:
    return {member: one.total for member, one in tally(engine, scope).items()}


def test_a_window_includes_both_its_ends_and_not_a_day_more(engine: Engine) -> None:
    day = timedelta(days=1)
    keep(engine, *(complaint(str(n), on) for n, on in enumerate((FIRST - day, FIRST, LAST, LAST + day))))
    assert totals(engine) == {A: 2}
    assert totals(engine, Scope(Window(LAST, LAST))) == {A: 1}
    assert totals(engine, Scope(Window(FIRST - day, LAST + day))) == {A: 4}


def test_channels_are_lower_bounds_and_the_unknown_is_told_apart(engine: Engine) -> None:
    channels = [Channel.PHONE] * 3 + [Channel.UNKNOWN] * 2 + [Channel.WEB]
    keep(engine, *(complaint(str(n), channel=channel) for n, channel in enumerate(channels)))
    one = tally(engine)[A]
    assert (one.total, one.of("any"), one.of("phone"), one.of("unknown"), one.of("sms")) == (6, 6, 3, 2, 0)
    assert dict(one.by_source) == {"kv": 6}


@pytest.mark.parametrize(
    "more",
    [
        {"status": Status.WITHDRAWN},
        {"band": Band.REVIEW},
        {"band": Band.NONE},
        {"member": None},
        {"recorded_to": T1},
        {"on": None},
    ],
)
def test_what_is_withdrawn_doubtful_unmatched_superseded_or_undated_is_not_counted(engine: Engine, more) -> None:
    keep(engine, complaint("1", **more), complaint("2"))
    assert totals(engine) == {A: 1}


def test_received_and_event_dates_are_counted_apart_and_stand_in_for_each_other(engine: Engine) -> None:
    before = FIRST - timedelta(days=30)
    keep(
        engine,
        complaint("both", LAST, event_on=before),
        complaint("received only", LAST),
        complaint("event only", None, event_on=LAST),
        complaint("neither in the window", before, event_on=before),
    )
    by_event = Scope(SCOPE.window, date="event")
    assert totals(engine) == {A: 3} and totals(engine, by_event) == {A: 2}
    with engine.connect() as connection:
        assert [row[1] for row in list_counted(connection, by_event, A)] == ["event only", "received only"]
        assert newest_by_member(connection, by_event) == {A: LAST}


def test_the_past_is_counted_as_it_was_known(engine: Engine) -> None:
    keep(
        engine,
        complaint("1", recorded_to=T1),
        complaint("1", recorded_from=T1, member=B),
        complaint("2", recorded_from=T1, recorded_to=T2),
        complaint("2", recorded_from=T2, status=Status.WITHDRAWN),
    )
    second = timedelta(seconds=1)

    def at(moment: datetime) -> dict[str, int]:
        return totals(engine, Scope(SCOPE.window, known_at=moment))

    assert at(T0 - second) == {}
    assert at(T0) == at(T1 - second) == {A: 1}
    assert at(T1) == at(T2 - second) == {B: 1, A: 1}
    assert at(T2) == totals(engine) == {B: 1}


def test_only_the_sources_asked_for_are_counted_and_no_source_is_none(engine: Engine) -> None:
    keep(engine, complaint("1"), complaint("1", source="tips"), complaint("2", source="dm"))
    assert tally(engine)[A].by_source == {"kv": 1, "tips": 1, "dm": 1}
    assert totals(engine, Scope(SCOPE.window, ("kv", "dm"))) == {A: 2}
    assert totals(engine, Scope(SCOPE.window, ())) == {}


def test_a_report_of_an_event_that_is_counted_already_counts_only_where_the_other_does_not(engine: Engine) -> None:
    keep(engine, complaint("1"), complaint("2", source="tips", channel=Channel.PHONE))
    pair = {"one_source": "kv", "one_id": "1", "two_source": "tips", "two_id": "2", "rule": "r", "why": "w"}
    keep(engine, EventLink(kind="same_event", recorded_from=T1, **pair))
    assert totals(engine) == {A: 1}
    assert totals(engine, Scope(SCOPE.window, known_at=T0)) == {A: 2}
    assert totals(engine, Scope(SCOPE.window, ("tips",))) == totals(engine, Scope(SCOPE.window, ("kv",))) == {A: 1}


def test_a_confirmed_caller_counts_once_for_each_complaint_however_often_it_is_named(engine: Engine) -> None:
    keep(
        engine, complaint("1"), complaint("2", member=None, band=Band.NONE), complaint("3", band=Band.REVIEW, member=B)
    )
    keep(engine, caller("1"), caller("1", text="Ringarna AB"), caller("2"), caller("3"))
    assert totals(engine) == {A: 1, B: 3}
    with engine.connect() as connection:
        assert [row[1] for row in list_counted(connection, SCOPE, B)] == ["1", "2", "3"]


def test_a_caller_that_is_also_the_respondent_counts_once(engine: Engine) -> None:
    keep(engine, complaint("1"), caller("1", A))
    assert totals(engine) == {A: 1}


@pytest.mark.parametrize(
    "more",
    [
        {"band": Band.REVIEW},
        {"role": Role.PRINCIPAL},
        {"role": Role.TECH_VENDOR},
        {"member": None},
        {"recorded_to": T1},
        {"source_id": "withdrawn"},
        {"source_id": "elsewhen"},
    ],
)
def test_a_company_only_named_does_not_count_until_a_person_has_confirmed_it_as_the_caller(engine, more) -> None:
    keep(
        engine,
        complaint("1"),
        complaint("withdrawn", status=Status.WITHDRAWN),
        complaint("elsewhen", FIRST - timedelta(days=1)),
        caller(**{"source_id": "1", **more}),
    )
    assert totals(engine) == {A: 1}


def test_a_confirmed_caller_counts_only_since_it_was_confirmed(engine: Engine) -> None:
    keep(engine, complaint("1"), caller("1", recorded_from=T1))
    assert totals(engine, Scope(SCOPE.window, known_at=T0)) == {A: 1}
    assert totals(engine, Scope(SCOPE.window, known_at=T1)) == {A: 1, B: 1}


def test_ties_share_the_better_rank_and_those_without_a_complaint_are_not_ranked(engine: Engine) -> None:
    channels = {"A": [Channel.PHONE] * 3, "B": [Channel.WEB] * 3, "C": [Channel.PHONE], "D": [Channel.PHONE] * 5}
    rows = [(m, n, c) for m, listed in channels.items() for n, c in enumerate(listed)]
    keep(engine, *(complaint(f"{m}{n}", member=m, channel=c) for m, n, c in rows))
    counts = rank_members(tally(engine))
    assert {m: find_rank(counts, m, "any") for m in "ABCDE"} == {
        "A": (2, 4),
        "B": (2, 4),
        "C": (4, 4),
        "D": (1, 4),
        "E": None,
    }
    assert {m: find_rank(counts, m, "phone") for m in "ABCD"} == {"A": (2, 3), "B": None, "C": (3, 3), "D": (1, 3)}


def test_ranks_say_among_whom_they_are(engine: Engine) -> None:
    keep(engine, complaint("1", channel=Channel.PHONE))
    counts = rank_members(tally(engine))
    assert [(r.channel, r.position, r.of, r.scope, r.source) for r in list_ranks(counts, A, "Verket")] == [
        ("any", 1, 1, "country", "Verket"),
        ("phone", 1, 1, "country", "Verket"),
    ]
    assert {(r.scope, r.source) for r in list_ranks(counts, A, None)} == {("members", None)}
    assert list_ranks(counts, B, None) == ()


def test_all_companies_of_a_source_are_ranked_by_member_else_number_else_name(engine: Engine) -> None:
    stranger: dict[str, object] = {"member": None, "band": Band.NONE}
    keep(
        engine,
        complaint("1"),
        complaint("2", company="Helt annat namn"),
        complaint("3", **stranger, company="Rival AB", org_number=B),
        complaint("4", **stranger, company="RIVAL aktiebolag"),
        complaint("5", **stranger, company="Rival"),
        complaint("6", **stranger, company="Okänd AB"),
        complaint("7", member=A, band=Band.REVIEW, company="Bolaget"),
        complaint("8", **stranger, company=None),
        complaint("9", source="tips"),
        complaint("10", **stranger, company="Rival AB", status=Status.WITHDRAWN),
    )
    with engine.connect() as connection:
        counts = rank_companies(connection, SCOPE, "kv")
    assert sorted(counter["any"] for counter in counts.values()) == [1, 1, 2, 3]
    assert counts[A]["any"] == 2 and counts[B]["any"] == 3
    assert find_rank(counts, A, "any") == (2, 4)


def test_one_name_with_two_numbers_stays_apart_where_the_number_is_left_out(engine: Engine) -> None:
    stranger: dict[str, object] = {"member": None, "band": Band.NONE, "company": "Rival AB"}
    numbers = [A, A, B, None]
    keep(engine, *(complaint(str(n), **stranger, org_number=number) for n, number in enumerate(numbers)))
    with engine.connect() as connection:
        counts = rank_companies(connection, SCOPE, "kv")
    assert sorted(counter["any"] for counter in counts.values()) == [1, 1, 2]


def test_weeks_end_at_the_windows_end_and_a_week_with_a_missing_day_is_unknown_not_zero(engine: Engine) -> None:
    oldest = LAST - timedelta(days=7 * WEEKS - 1)
    days = [LAST, LAST - timedelta(days=6), LAST - timedelta(days=7), oldest, oldest - timedelta(days=1)]
    keep(engine, *(complaint(str(n), day) for n, day in enumerate(days)), complaint("w", LAST, channel=Channel.WEB))
    with engine.connect() as connection:
        weeks = count_weeks(connection, SCOPE, A, "any", [])
        assert weeks == [1, *[0] * (WEEKS - 3), 1, 3]
        assert count_weeks(connection, SCOPE, A, "web", [])[-1] == 1
        gaps = [LAST, LAST - timedelta(days=20), LAST + timedelta(days=1), oldest - timedelta(days=1)]
        missing = count_weeks(connection, SCOPE, A, "any", gaps)
    assert [n for n, week in enumerate(missing) if week is None] == [WEEKS - 3, WEEKS - 1]
    assert missing[-2] == 1


OLD, HORIZON = LAST - timedelta(days=100), LAST - timedelta(days=60)


def news(engine: Engine, channel: str = "any", since: datetime = T1) -> dict[str, tuple[int, int]]:
    with engine.connect() as connection:
        return count_news(connection, SCOPE, channel, since, HORIZON)


def test_rows_new_since_are_late_only_where_their_date_is_old(engine: Engine) -> None:
    keep(
        engine,
        complaint("known", OLD),
        complaint("late", OLD, recorded_from=T2, channel=Channel.PHONE),
        complaint("on the horizon", HORIZON, recorded_from=T2),
        complaint("fresh", LAST, recorded_from=T2),
    )
    assert news(engine) == {A: (1, 0)}
    assert news(engine, "phone") == {A: (1, 0)} and news(engine, "web") == {}
    assert news(engine, since=T2) == {}


@pytest.mark.parametrize("before", [{"member": B}, {"member": None, "band": Band.NONE}, {"band": Band.REVIEW}])
def test_rows_that_were_anothers_or_nobodys_are_moved_not_late(engine: Engine, before) -> None:
    keep(engine, complaint("1", OLD, recorded_to=T2, **before), complaint("1", OLD, recorded_from=T2))
    assert news(engine) == {A: (0, 1)}


def test_a_row_that_was_only_corrected_is_neither_late_nor_moved(engine: Engine) -> None:
    keep(engine, complaint("1", OLD, recorded_to=T2), complaint("1", OLD, recorded_from=T2, channel=Channel.PHONE))
    assert news(engine) == {A: (0, 0)}


def test_a_withdrawn_row_that_comes_back_is_as_late_as_one_never_seen(engine: Engine) -> None:
    keep(engine, complaint("1", OLD, recorded_to=T2, status=Status.WITHDRAWN), complaint("1", OLD, recorded_from=T2))
    assert news(engine) == {A: (1, 0)}


def test_a_caller_confirmed_since_is_moved_and_one_confirmed_before_is_no_news(engine: Engine) -> None:
    keep(engine, complaint("1", OLD), caller("1", recorded_from=T2))
    keep(engine, complaint("2", OLD), caller("2"))
    keep(
        engine,
        complaint("3", OLD, recorded_to=T2),
        complaint("3", OLD, recorded_from=T2, channel=Channel.WEB),
        caller("3"),
    )
    assert news(engine)[B] == (0, 1)


def test_watermarks_are_the_latest_date_told_as_known_then(engine: Engine) -> None:
    rows = [("kv", FIRST, T0), ("kv", LAST, T2), ("tips", LAST, T1)]
    keep(engine, *(Watermark(source=s, complete_through=d, recorded_at=at, run_id="r") for s, d, at in rows))
    with engine.connect() as connection:
        assert read_watermarks(connection) == {"kv": LAST, "tips": LAST}
        assert read_watermarks(connection, T1) == {"kv": FIRST, "tips": LAST}
        assert read_watermarks(connection, T0 - timedelta(seconds=1)) == {}
