"""When a declaration is due, and who is asked when: the calendar, the rule, and the letters."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from flows.mail.compose import Mailing, compose_messages
from models.alerting.evaluation import Due, MemberFacts, Night
from models.alerting.ledger.decide import decide
from models.alerting.ledger.ledger import AlertEvent, Delivery, Origin, Reason, Standing, What, fold
from models.alerting.rules import AlertsConfig, DeadlineRule, check_rules, read_rule
from models.declarations.due import (
    business_year,
    due_on,
    end_of_year,
    last_ended,
    newest_begun,
    owes,
    read_month_day,
)
from tests.alert_world import World, identity, source_late
from tests.small_world import text_of

MONTH_DAYS = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: f"{day:%m-%d}")
YEARS = st.integers(1990, 2100)


# -- the calendar ------------------------------------------------------------------------------------------------------


@given(MONTH_DAYS, YEARS)
def test_business_years_follow_one_another_without_a_gap_and_have_twelve_months(year_end: str, year: int) -> None:
    one, two = business_year(year_end, year), business_year(year_end, year + 1)
    assert one.end + timedelta(days=1) == two.start
    assert one.year == one.end.year == year
    assert 365 <= (one.end - one.start).days + 1 <= 366
    assert (one.start.month, one.start.day) == (two.start.month, two.start.day) or one.start.month in (2, 3)


@given(MONTH_DAYS, YEARS, MONTH_DAYS)
def test_a_due_date_is_as_many_months_after_every_year_end_as_after_the_calendar_year(year_end, year, due) -> None:
    months, day = read_month_day(due)
    end, last = end_of_year(year_end, year), due_on(year_end, year, due)
    assert end < last or months == 0
    assert (last.year - end.year) * 12 + last.month - end.month == months
    assert last.day == day or (last + timedelta(days=1)).month != last.month


@given(MONTH_DAYS, MONTH_DAYS, st.integers(-300, 300), st.dates(date(1995, 1, 1), date(2095, 12, 31)))
def test_the_year_asked_for_is_the_newest_whose_first_reminder_has_come(year_end, due, first, on) -> None:
    year = newest_begun(year_end, due, first, on)
    assert due_on(year_end, year, due) + timedelta(days=first) <= on
    assert due_on(year_end, year + 1, due) + timedelta(days=first) > on


@given(MONTH_DAYS, st.dates(date(1995, 1, 1), date(2095, 12, 31)))
def test_the_last_year_that_has_ended_is_over_and_the_next_is_not(year_end: str, on: date) -> None:
    year = last_ended(year_end, on)
    assert end_of_year(year_end, year) < on <= end_of_year(year_end, year + 1)


@pytest.mark.parametrize(
    ("year_end", "year", "due", "day"),
    [
        ("12-31", 2025, "03-31", date(2026, 3, 31)), (None, 2025, "03-31", date(2026, 3, 31)),
        ("06-30", 2026, "03-31", date(2026, 9, 30)), ("08-31", 2026, "03-31", date(2026, 11, 30)),
        ("11-30", 2025, "03-31", date(2026, 2, 28)), ("11-30", 2027, "03-31", date(2028, 2, 29)),
        ("12-31", 2027, "02-29", date(2028, 2, 29)), ("12-31", 2026, "02-29", date(2027, 2, 28)),
        ("02-28", 2028, "03-15", date(2028, 5, 15)), ("12-31", 2025, "12-31", date(2026, 12, 31)),
    ],
)  # fmt: skip
def test_due_dates_as_a_person_would_reckon_them(year_end, year, due, day) -> None:
    assert due_on(year_end, year, due) == day


def test_the_end_of_february_is_its_last_day_in_every_year() -> None:
    for written in ("02-28", "02-29"):
        assert [end_of_year(written, year).day for year in (2023, 2024, 2100)] == [28, 29, 28]


@pytest.mark.parametrize(
    ("joined", "left", "owed"),
    [
        (None, None, True), (date(2025, 12, 31), None, True), (date(2026, 1, 1), None, False),
        (None, date(2026, 4, 1), False), (None, date(2026, 4, 2), True), (date(2025, 6, 1), date(2025, 9, 1), False),
    ],
)  # fmt: skip
def test_who_joined_during_the_year_owes_and_who_has_left_does_not(joined, left, owed) -> None:
    assert owes(business_year("12-31", 2025), joined, left, date(2026, 4, 1)) is owed


# -- the rule ----------------------------------------------------------------------------------------------------------


def rule(**changes: object) -> DeadlineRule:
    table = {"id": "declaration", "type": "deadline", "what": "self_declaration", "due": "03-31",
             "remind_days": [-30, 0, 14, 28], "to": ["members", "ethics"]}  # fmt: skip
    found = read_rule({**table, **changes})
    assert isinstance(found, DeadlineRule)
    return found


@pytest.mark.parametrize(
    "changes", [{"due": "31-03"}, {"due": "02-30"}, {"due": "3-31"}, {"due": "13-01"}, {"what": "tax"},
                {"remind_days": [14, 0]}, {"remind_days": []}, {"remind_days": [-400]}, {"to": []}],
)  # fmt: skip
def test_a_rule_that_could_not_work_is_refused(changes: dict) -> None:
    with pytest.raises(ValidationError):
        rule(**changes)


def test_only_a_deadline_rule_writes_to_members_and_somebody_on_the_staff_gets_the_list() -> None:
    groups = {"ethics": ["etik@example.org"]}
    assert check_rules([rule()], {"agency"}, groups) == []
    assert "only a deadline rule" in check_rules([source_late(to=["members"])], (), groups)[0]
    assert "gets the list" in check_rules([rule(to=["members"])], (), groups)[0]
    assert check_rules([rule(to=["members"])], (), groups | {"operators": ["drift@example.org"]}) == []
    assert "call the group something else" in check_rules([rule()], (), groups | {"members": ["a@example.org"]})[0]


ANNA, BO = "5590000013", "5590000021"
DUE, YEAR = date(2026, 3, 31), (date(2025, 1, 1), date(2025, 12, 31))


class Asking:
    """Nights one after the other over what two members owe; nothing is counted."""

    def __init__(self, asked: DeadlineRule | None = None, *, introduced: bool = True) -> None:
        self.rule, self.ledger, self.day = asked or rule(), [], date(2026, 1, 10)
        self.received: dict[str, date] = {}
        self.waiting: set[str] = set()
        self.contacts: dict[str, str | None] = {ANNA: "anna@anemon.example", BO: None}
        self.left: dict[str, date] = {}
        self.known = True
        if introduced:
            self.on(self.day)

    def night(self) -> Night:
        dues = [
            Due("declaration", m, 2025, *YEAR, DUE, self.received.get(m), m in self.waiting)
            for m in self.contacts
            if self.day >= DUE + timedelta(days=self.rule.remind_days[0])
        ]  # fmt: skip
        at = World(day=self.day).at()
        members = {m: MemberFacts(m, f"Exempel {m[-2:]} AB", contact=contact, left_on=self.left.get(m))
                   for m, contact in self.contacts.items()}  # fmt: skip
        return Night(self.day, f"run-{self.day}", at, at, members, {}, dues=tuple(dues) if self.known else None)

    def on(self, day: date) -> list[AlertEvent]:
        self.day = day
        events = decide([self.rule], AlertsConfig(), self.night(), self.ledger)
        self.ledger += events
        assert decide([self.rule], AlertsConfig(), self.night(), self.ledger) == []
        return events

    def mails(self, events: list[AlertEvent], language: str = "sv") -> dict[str, list]:
        rows = compose_messages(events, Mailing([self.rule], AlertsConfig(), self.night(), {}, identity(language)))
        sent: dict[str, list] = {}
        for row in rows:
            sent.setdefault(row.recipient, []).append(row)
        return sent


def told(events: list[AlertEvent]) -> list[tuple[str, str, int]]:
    return [(event.member, str(event.kind), event.level) for event in events if event.tells]


def test_each_reminder_day_asks_once_and_receipt_ends_it() -> None:
    world = Asking()
    assert told(world.on(date(2026, 2, 28))) == []
    assert told(world.on(date(2026, 3, 1))) == [(ANNA, "opened", -30), (BO, "opened", -30)]
    assert told(world.on(date(2026, 3, 30))) == []
    assert told(world.on(date(2026, 3, 31))) == [(ANNA, "raised", 0), (BO, "raised", 0)]
    world.received[ANNA] = date(2026, 4, 2)
    events = world.on(date(2026, 4, 3))
    assert [(e.member, e.kind, e.delivery) for e in events] == [(ANNA, What.RESOLVED, Delivery.WEEKLY)]
    assert told(world.on(date(2026, 4, 14))) == [(BO, "raised", 14)]
    assert told(world.on(date(2026, 4, 28))) == [(BO, "raised", 28)]
    assert told(world.on(date(2026, 12, 1))) == []


def test_missed_nights_are_caught_up_once_with_the_newest_day() -> None:
    world = Asking()
    assert told(world.on(date(2026, 4, 20))) == [(ANNA, "opened", 14), (BO, "opened", 14)]


def test_only_members_that_can_be_reached_are_written_to_and_staff_get_the_list() -> None:
    world = Asking()
    mails = world.mails(world.on(date(2026, 4, 1)))
    (letter,) = mails["anna@anemon.example"]
    assert (letter.groups, letter.kind) == (["members"], "reminder")
    (listed,) = mails["etik@example.org"]
    assert (listed.kind, len(listed.event_ids)) == ("dues", 2)
    assert set(mails) == {"anna@anemon.example", "etik@example.org"}


@pytest.mark.parametrize("contact", ["", "anna", "anna@x", "a@b.se, c@d.se", "a@b.se\nBcc: c@d.se", "Anna <a@b.se>"])
def test_an_address_that_is_none_is_never_written_to(contact: str) -> None:
    world = Asking()
    world.contacts[ANNA] = contact
    assert set(world.mails(world.on(date(2026, 4, 1)))) == {"etik@example.org"}


def test_a_letter_to_a_member_carries_its_own_facts_and_nothing_of_the_others() -> None:
    world = Asking()
    world.contacts[BO] = "bo@blaklint.example"
    for language, late in (("sv", "skulle ha kommit in senast 31 mars 2026"), ("en", "was due on 31 Mar 2026")):
        mails = world.mails(world.on(date(2026, 4, 1)) if language == "sv" else world.ledger, language)
        body = mails["anna@anemon.example"][-1].message.decode("ascii")
        text = text_of(parse(body))
        assert late in text and "Exempel 13 AB (559000-0013)" in text
        for foreign in (BO, "559000-0021", "Exempel 21", "bo@", "koll ", "run-", "etik@"):
            assert foreign not in body and foreign not in text, foreign
    soon = Asking()
    text = text_of(parse(soon.mails(soon.on(date(2026, 3, 1)))["anna@anemon.example"][0].message.decode("ascii")))
    assert "ska ha kommit in senast 31 mars 2026" in text and "inte fått" not in text


def parse(message: str):
    from email import message_from_string
    from email.policy import default

    return message_from_string(message, policy=default)


def test_what_was_late_before_the_rule_was_there_is_told_to_staff_and_to_no_member() -> None:
    world = Asking(introduced=False)
    events = world.on(date(2026, 5, 20))
    assert {event.origin for event in events} == {Origin.SEED}
    mails = world.mails(events)
    assert set(mails) == {"etik@example.org"}
    assert "koll declarations remind" in text_of(parse(mails["etik@example.org"][0].message.decode("ascii")))
    assert told(world.on(date(2026, 5, 21))) == []


def test_while_it_is_not_known_what_has_come_in_nobody_is_said_to_be_late() -> None:
    world = Asking()
    world.known = False
    assert world.on(date(2026, 4, 1)) == []
    world.known = True
    assert [event.level for event in world.on(date(2026, 4, 2))] == [0, 0]


def test_what_waits_in_quarantine_is_listed_and_its_member_is_not_written_to() -> None:
    world = Asking()
    world.waiting.add(ANNA)
    mails = world.mails(world.on(date(2026, 4, 1)))
    assert set(mails) == {"etik@example.org"}
    assert "i karantän" in text_of(parse(mails["etik@example.org"][0].message.decode("ascii")))


def test_a_member_that_leaves_is_asked_no_more_and_one_that_owes_nothing_is_forgotten_quietly() -> None:
    world = Asking()
    world.on(date(2026, 4, 1))
    world.left[ANNA] = date(2026, 4, 5)
    events = world.on(date(2026, 4, 6))
    assert [(event.kind, event.note) for event in events] == [(What.CLOSED, "member_left")]
    del world.contacts[BO]
    world.contacts[BO] = None
    assert told(world.on(date(2026, 4, 14))) == [(BO, "raised", 14)]


def test_a_silence_keeps_the_letters_back_and_tells_once_when_it_ends() -> None:
    from models.alerting.ledger.acts import Act, silence

    world = Asking()
    world.on(date(2026, 3, 31))
    state = next(state for key, state in fold(world.ledger).items() if key.member == ANNA)
    world.ledger.append(silence(state, Act("Tova", World(day=world.day).at(), world.day), date(2026, 4, 20)))
    events = world.on(date(2026, 4, 14))
    assert {event.member: event.muted for event in events} == {ANNA: True, BO: False}
    assert told(world.on(date(2026, 4, 21))) == [(ANNA, "unmuted", 14)]


def test_what_a_person_has_closed_asks_no_more_until_the_next_year() -> None:
    from models.alerting.ledger.acts import Act, close

    world = Asking()
    world.on(date(2026, 3, 31))
    state = next(state for key, state in fold(world.ledger).items() if key.member == ANNA)
    world.ledger.append(close(state, Act("Tova", World(day=world.day).at(), world.day), "under avveckling"))
    assert told(world.on(date(2026, 4, 14))) == [(BO, "raised", 14)]
    world.received[ANNA] = date(2026, 4, 15)
    assert [event.reason for event in world.on(date(2026, 4, 16))] == [None]


def test_a_rule_without_members_writes_to_staff_only_and_one_with_members_alone_lists_to_the_operators() -> None:
    world = Asking(rule(to=["ethics"]))
    assert set(world.mails(world.on(date(2026, 4, 1)))) == {"etik@example.org"}
    alone = Asking(rule(to=["members"]))
    assert set(alone.mails(alone.on(date(2026, 4, 1)))) == {"anna@anemon.example", "drift@example.org"}


@given(st.lists(st.integers(0, 200), min_size=1, max_size=30), st.integers(0, 200))
def test_whatever_the_nights_each_day_is_told_once_and_nothing_after_receipt(offsets: list[int], came: int) -> None:
    world = Asking()
    start, levels = date(2026, 2, 1), []
    for offset in sorted(offsets):
        day = start + timedelta(days=offset)
        if offset >= came:
            world.received.setdefault(ANNA, day)
        mine = [e for e in world.on(day) if e.member == ANNA and e.reason is Reason.DEADLINE]
        assert not (mine and offset >= came)
        levels += [event.level for event in mine]
    assert levels == sorted(set(levels)) and set(levels) <= set(world.rule.remind_days)
    state = next((state for key, state in fold(world.ledger).items() if key.member == ANNA), None)
    assert state is None or (state.standing is Standing.CLEAR) == (ANNA in world.received) or not levels
