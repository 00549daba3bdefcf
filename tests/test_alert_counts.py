"""One pass for all rules counts exactly what one figure at a time counts."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event
from test_counting import FIRST, LAST, T0, T1, T2, A, B, caller, complaint, keep

from models.alerting.evaluation import Window
from models.alerting.measuring import counts
from models.alerting.measuring.counts import Ask, count_asked, count_register_days, find_touched
from models.alerting.moment import Moment
from models.counting import Scope, count_days, count_members, list_counted
from models.storage.tables import Complaint, EventLink, Mention
from models.words import Band, Channel, Status

SOURCES = ("kv", "board", "tips")
C = "5560000027"


def shake(dice: random.Random) -> list[Complaint | Mention | EventLink]:
    """Complaints of all kinds: undated, withdrawn, doubtful, closed, with callers, and linked across sources."""
    rows: list[Complaint | Mention | EventLink] = []
    for number in range(150):
        day = dice.choice((None, LAST - timedelta(days=dice.randrange(300))))
        closed = dice.random() < 0.15
        rows.append(
            complaint(
                str(number), day, source=dice.choice(SOURCES), member=dice.choice((A, B, C, None)),
                band=dice.choice((Band.ACCEPT, Band.ACCEPT, Band.REVIEW)), channel=dice.choice(list(Channel)),
                status=dice.choice((Status.ACCEPTED, Status.ACCEPTED, Status.WITHDRAWN)),
                event_on=dice.choice((None, LAST - timedelta(days=dice.randrange(300)))),
                recorded_from=dice.choice((T0, T1)), recorded_to=T2 if closed else None,
            )
        )  # fmt: skip
        if dice.random() < 0.3:
            rows += [
                said_by(caller(str(number), dice.choice((A, B, C)), text), rows[-1].source)
                for text in dice.choice((["Ringarna"], ["Ringarna", "Ringarna AB"]))
            ]
        if number > 10 and dice.random() < 0.3:
            one = dice.choice([row for row in rows if isinstance(row, Complaint)])
            rows.append(
                EventLink(
                    one_source=one.source, one_id=one.source_id, two_source=rows[-1].source,
                    two_id=str(number), kind=dice.choice(("same_event", "same_report", "possible")), rule="", why="",
                    recorded_from=dice.choice((T0, T1)),
                )
            )  # fmt: skip
    return rows


def said_by(mention: Mention, source: str) -> Mention:
    mention.source = source
    return mention


@pytest.mark.parametrize("seed", range(4))
def test_one_pass_counts_what_each_figure_counts_by_itself(
    engine: Engine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "_FEW", 5_000 if seed % 2 else 0)  # PostgreSQL rounds days where members are few
    dice = random.Random(seed)
    keep(engine, *[row for row in shake(dice) if not isinstance(row, EventLink) or row.one_id != row.two_id])
    spans = [Window(LAST - timedelta(days=n), LAST - timedelta(days=m)) for n, m in ((28, 0), (250, 29), (91, 3))]
    asks = [
        Ask(span, tuple(dice.sample(SOURCES, dice.randint(1, 3))), channel, by, least=1)
        for span in spans
        for channel in ("any", "phone")
        for by in ("received", "event")
    ]
    for known_at in (None, T1):
        moment = Moment(LAST, T0, known_at)
        with engine.connect() as connection:
            found = count_asked(connection, asks, moment, (A, B))
            for place, ask in enumerate(asks):
                scope = Scope(ask.window, ask.sources, ask.by, known_at)
                tallies = count_members(connection, scope)
                alone = {member: tally.of(ask.channel) for member, tally in tallies.items()}
                assert {m: row[place] for m, row in found.items() if row[place]} == {
                    m: n for m, n in alone.items() if n
                }
            whole = Ask(spans[1], SOURCES)
            days = count_register_days(connection, whole, moment)
            by_day = count_days(connection, Scope(spans[1], SOURCES, known_at=known_at))
            assert {day: sum(n for (_, when), n in days.items() if when == day) for _, day in by_day} == {
                day: n for (_, day), n in by_day.items()
            }
            alone_days = count_register_days(connection, whole, moment, A)
            listed = list_counted(connection, Scope(spans[1], SOURCES, known_at=known_at), A)
            assert sum(alone_days.values()) == len(listed)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_lets_its_workers_share_the_counting_of_millions(engine: Engine) -> None:
    """Left alone it leaves both passes of a night to one: for the list of sources, and for how many days it expects."""
    keep(engine, *[complaint(str(n), LAST - timedelta(days=n), member=f"{n % 40:010}") for n in range(400)])
    heard: list[tuple[str, object]] = []
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE complaint")
        connection.exec_driver_sql("UPDATE pg_class SET reltuples = 5000000 WHERE relname = 'complaint'")
        # The index is as small as it was: only what its size would keep from workers is set aside.
        connection.exec_driver_sql("SET min_parallel_index_scan_size = 0; SET enable_seqscan = off")
        asks = [Ask(Window(FIRST, LAST), SOURCES, channel, least=1) for channel in ("any", "phone")]
        event.listen(connection, "before_cursor_execute", lambda _c, _d, told, values, *_: heard.append((told, values)))
        count_asked(connection, asks, Moment(LAST, T0))
        count_register_days(connection, asks[0], Moment(LAST, T0))
        passes = [(told, values) for told, values in heard if "GROUP BY" in told]
        plans = [connection.exec_driver_sql(f"EXPLAIN {told}", values).scalars().all() for told, values in passes]
    assert len(plans) == 2
    for plan in plans:
        assert any("Parallel Index Only Scan" in line for line in plan), "\n".join(plan)
        assert not any("Index Cond" in line for line in plan), "looked up source by source: each too little to share"


def test_a_late_source_counts_only_up_to_the_day_it_has_told(engine: Engine) -> None:
    keep(engine, *[complaint(str(n), LAST - timedelta(days=n), source=SOURCES[n % 2]) for n in range(10)])
    cut = (("board", LAST - timedelta(days=5)),)
    with engine.connect() as connection:
        asks = [Ask(Window(FIRST, LAST), SOURCES, cuts=cut, least=1), Ask(Window(FIRST, LAST), SOURCES)]
        assert count_asked(connection, asks, Moment(LAST, T0)) == {A: [8, 10]}


def test_only_members_of_interest_are_returned_and_those_asked_for_even_at_zero(engine: Engine) -> None:
    keep(engine, complaint("1"), complaint("2", member=B), complaint("3", member=B), caller("1", C))
    window = Window(FIRST, LAST)
    with engine.connect() as connection:
        asks = [Ask(window, SOURCES, least=2), Ask(window, SOURCES, "phone")]
        assert count_asked(connection, asks, Moment(LAST, T0)) == {B: [2, 0], C: [1, 0]}
        assert count_asked(connection, asks, Moment(LAST, T0), (A, "5560000035"))["5560000035"] == [0, 0]
        assert count_asked(connection, [asks[1]], Moment(LAST, T0)) == {C: [0]}


def test_what_was_taken_from_a_member_is_noticed_by_whom_and_when(engine: Engine) -> None:
    link = {"one_source": "tips", "one_id": "9", "two_source": "kv", "kind": "same_event", "rule": "", "why": ""}
    keep(
        engine, complaint("1", recorded_to=T1), complaint("2", member=B), complaint("3", member=None),
        EventLink(**link, two_id="2", recorded_from=T2), caller("3", C, recorded_to=T1),
    )  # fmt: skip
    with engine.connect() as connection:
        assert find_touched(connection, T0) == {A: T1, B: T2, C: T1}
        assert find_touched(connection, T1) == {B: T2}
