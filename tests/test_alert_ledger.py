import random
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from alert_world import MEMBER, OTHER, World, event, limit, phone, source_late, told
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from models.alerting.evaluation import Decision, Recount
from models.alerting.ledger.acts import Act, acknowledge, close, silence
from models.alerting.ledger.ledger import AlertEvent, AlertState, Delivery, Standing, advance, fold
from models.alerting.tables import (
    AlertEventRow,
    OutboxRow,
    compare_outbox,
    read_ledger,
    read_weekly,
    to_event,
    to_row,
    write_night,
)  # fmt: skip
from models.words import Outcome


def write(engine, events, mails=()):
    with Session(engine) as session:
        written = write_night(session, list(events), list(mails))
        session.commit()
    return written


def test_a_row_has_every_field_of_an_event_and_gives_the_same_event_back(engine):
    assert {field.name for field in fields(AlertEvent)} <= set(AlertEventRow.model_fields)
    world = World(rules=[limit(), event(), source_late()], counts={("total-12m", MEMBER): 113})
    events = world.run()
    events += world.next().run(7)
    assert [to_event(to_row(one).model_dump()) for one in events] == events
    write(engine, events)
    with Session(engine) as session:
        assert read_ledger(session.connection()) == events


def test_the_same_night_written_twice_adds_nothing(engine):
    world = World().started()
    events = world.run(12)
    mails = world.mails(events)
    assert write(engine, events, mails) == (1, 1)
    assert write(engine, events, world.mails(events)) == (0, 0)


def test_the_database_itself_refuses_a_second_event_about_the_same_thing(engine):
    world = World().started()
    events = world.run(12)
    write(engine, events)
    twin = to_row(events[0])
    twin.event_id = "another"
    with Session(engine) as session, pytest.raises(IntegrityError):
        session.add(twin)
        session.commit()


def test_events_and_mails_stand_or_fall_together(engine):
    world = World().started()
    events = world.run(12)
    mails = world.mails(events)
    broken = replace(events[0], kind=events[0].kind)
    with Session(engine) as session, pytest.raises(IntegrityError):
        session.add(OutboxRow(**{**mails[0].model_dump(), "subject": None}))
        write_night(session, [broken], [])
        session.commit()
    with Session(engine) as session:
        assert session.exec(select(AlertEventRow)).all() == []


def test_the_nightly_check_names_events_that_are_in_no_mail(engine):
    world = World(rules=[limit(to=["ethics", "operators"])]).started()
    events = world.run(12)
    mails = [mail for mail in world.mails(events) if mail.groups == ["ethics"]]
    write(engine, events, mails)
    with Session(engine) as session:
        [missing] = compare_outbox(session)
    assert events[0].event_id in missing and "operators" in missing
    write(engine, [], world.mails(events))
    with Session(engine) as session:
        assert compare_outbox(session) == []


def test_weekly_lines_wait_until_a_mail_has_them(engine):
    world = World().started()
    world.run(12)
    for _ in range(7):
        world.next().run(0)
    write(engine, world.ledger)
    with Session(engine) as session:
        waiting, mailed = read_weekly(session, world.day)
    assert told(waiting) == ["resolved"] and mailed == set()


def test_only_one_event_key_per_thing_that_happened():
    world = World().started()
    for night in range(60):
        world.next().run(12 if night % 9 < 4 else 0)
    ids = [event.event_id for event in world.ledger]
    assert len(set(ids)) == len(ids)


def test_a_random_month_is_in_the_database_as_it_was_decided_with_every_event_in_a_mail(engine):
    world, carried = live(4, nights=30, keep=lambda events, mails: write(engine, events, mails))
    with Session(engine) as session:
        assert read_ledger(session.connection()) == world.ledger
        assert fold(read_ledger(session.connection())) == carried
        assert compare_outbox(session) == []
        mailed = [one for ids in session.exec(select(OutboxRow.event_ids)) for one in ids]
    told_events = {one.event_id for one in world.ledger if one.tells and one.delivery is not Delivery.WEEKLY}
    assert set(mailed) == told_events and len(mailed) == len(told_events) > 20


def live(seed: int, nights: int, keep=None) -> tuple[World, dict]:
    """Run random nights; return the world and the states carried along event by event."""
    dice = random.Random(seed)
    world = World(rules=[limit(clear_runs=3), phone(clear_runs=2), event(), source_late()])
    carried: dict = {}
    for _ in range(nights):
        _shake(world, dice, carried)
        events = world.run()
        _carry(carried, events)
        acts = _let_people_act(world, dice, carried)
        _carry(carried, acts)
        if keep:
            keep([*events, *acts], world.mails(events))
        world.next(dice.choice((1, 1, 1, 2, 5)))
    return world, carried


def _carry(states: dict, events: list[AlertEvent]) -> None:
    for one in events:
        if one.kind not in ("introduced", "removed"):
            states[one.key] = advance(states.get(one.key) or AlertState(one.key), one)


def _shake(world: World, dice: random.Random, states: dict) -> None:
    world.late = {name for name in ("agency", "tips", "board") if dice.random() < 0.15}
    world.details = {}
    for member in (MEMBER, OTHER):
        for rule, most in (("total-12m", 12), ("phone-12m", 8)):
            key = (rule, member)
            world.counts[key] = max(0, world.counts.get(key, 0) + dice.randint(-most, most))
            if dice.random() < 0.2:
                world.details[key] = {"count_without_late_rows": dice.randint(0, world.counts[key])}
    for key, state in states.items():
        if state.active and state.told and key.member and dice.random() < 0.1:
            detail = world.details.setdefault((key.rule_id, key.member), {})
            detail["recount"] = Recount(state.told.event_id, dice.randint(0, 60))
    if dice.random() < 0.1:
        world.rules[0] = limit(clear_runs=3, levels=dice.choice(([10, 25, 50, 100], [5, 30], [20, 40])))
    cases = {decision.case_number: decision for decision in world.decisions}
    case = f"26-{dice.randrange(8):03}"
    cases[case] = Decision("board", case, dice.choice((MEMBER, OTHER)), Outcome.BREACH, world.day)
    if dice.random() < 0.2:
        del cases[case]
    world.decisions = list(cases.values())


def _let_people_act(world: World, dice: random.Random, states: dict) -> list[AlertEvent]:
    act = Act("anna", world.at() + timedelta(hours=6), world.day)
    acts = []
    for state in states.values():
        if state.standing is not Standing.OPEN or dice.random() > 0.1:
            continue
        choice = dice.randrange(3)
        if choice == 0:
            acts.append(acknowledge(state, act))
        elif choice == 1:
            acts.append(silence(state, act, world.day + timedelta(days=dice.randint(0, 9))))
        else:
            acts.append(close(state, act, "handled"))
    world.ledger += acts
    return acts
