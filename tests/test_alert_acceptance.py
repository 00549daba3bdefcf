"""The acceptance tests of alerting, one by one, on the real store and real nights."""

import random
from datetime import date, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest
from scipy import stats
from small_world import ANNA, BO, CIA, NAMES, Small, text_of, total
from sqlmodel import Session, select
from test_alert_ledger import live
from test_delivery import Inbox, smtp_server

from flows.alerts.answering import act_on, show_alert
from flows.looking.status import list_alert_states, read_status
from flows.mail.sending.delivery import LEASE, deliver
from models.alerting.ledger import acts
from models.alerting.ledger.ledger import AlertState, advance, alert_id, fold
from models.alerting.statistics import bound_chance, bound_share, judge_follow_up, test_rise
from models.alerting.tables import OutboxRow, read_ledger
from models.words import Verdict
from tests.demo_world import FIRST, demo_world

START = date(2026, 3, 3)  # a Tuesday
CALM = "reminder_days = []"
SHORT = total([10]).replace("365", "30") + "clear_runs = 3\n"
RANK = """
[[rule]]
id = "rank"
type = "rank"
sources = ["agency", "council"]
window = { calendar = "year" }
top = 1
leave = 2
min_count = 3
to = ["ethics"]
"""


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A world whose rules have been introduced: what follows is news."""
    world = Small(tmp_path, total(), day=START, alerts=CALM)
    world.night()
    world.day += timedelta(days=1)
    return world


def alert_of(world: Small, member: str = ANNA) -> str:
    return next(row["alert"] for row in list_alert_states(world.open()) if row["member"] == member)


def test_01_the_same_night_run_twice_adds_no_line_to_the_ledger_and_no_mail(small: Small) -> None:
    small.complain(ANNA, 12)
    small.night()
    before, mails = small.ledger(), [bytes(mail) for mail in small.mails()]
    assert len(mails) == 1
    again = small.run(hour=5)
    assert (again.alerts.events, again.alerts.mails) == (0, 0)
    assert small.ledger() == before and [bytes(mail) for mail in small.mails()] == mails


def test_02_an_import_of_ten_years_is_one_digest_and_a_true_crossing_the_same_night_is_still_its_own_mail(
    small: Small,
) -> None:
    small.complain(BO, 9)
    small.night()
    for back in range(70, 3650, 7):
        small.complain(ANNA, day=small.day - timedelta(days=back))
        small.complain(CIA, 2, day=small.day - timedelta(days=back))
    small.day += timedelta(days=1)
    small.complain(BO)
    small.night()
    kinds = {mail.get("Subject"): text_of(mail) for mail in small.mails()}
    [single] = [subject for subject in kinds if NAMES[BO] in subject]
    [digest] = [subject for subject in kinds if "sammanställning" in subject]
    assert len(kinds) == 2 and "10 anmälningar" in single
    assert NAMES[ANNA] in kinds[digest] and NAMES[CIA] in kinds[digest] and NAMES[BO] not in kinds[digest]


def test_03_a_new_rule_is_introduced_in_one_digest(tmp_path: Path) -> None:
    world = Small(tmp_path, total(), day=START)
    world.complain(ANNA, 30)
    world.complain(BO, 11)
    world.night()
    [introduced] = world.mails()
    assert "Regel införd: 2 medlemmar redan över gränsen" in introduced["Subject"]
    world.night(1)
    assert len(world.mails()) == 1


def test_04_the_tenth_complaint_fires_and_a_dip_within_the_clearing_nights_does_not_fire_again(tmp_path: Path) -> None:
    world = Small(tmp_path, SHORT, day=START, alerts=CALM)
    world.complain(ANNA, 3, day=START - timedelta(days=27))
    world.complain(ANNA, 6)
    world.night()
    assert world.told() == []
    world.day += timedelta(days=1)
    world.complain(ANNA)
    world.night()
    assert world.told() == ["total first"]
    world.night(3)  # three have left the window of thirty days
    rows = [row for row in list_alert_states(world.open()) if row["member"] == ANNA]
    assert rows[0]["standing"] == "open"
    world.complain(ANNA, 4)
    world.night(1)
    assert world.told() == ["total first"]


def test_05_from_nine_to_sixty_in_one_night_is_one_mail_that_names_level_fifty(small: Small) -> None:
    small.complain(ANNA, 9)
    small.night()
    small.day += timedelta(days=1)
    small.complain(ANNA, 51)
    small.night()
    [mail] = small.mails()
    assert "60 anmälningar" in mail["Subject"] and "(gräns 50)" in mail["Subject"]


def test_06_with_a_source_late_a_crossing_fires_with_a_banner_and_clearing_and_rank_are_held(tmp_path: Path) -> None:
    world = Small(tmp_path, SHORT + RANK, day=START, alerts=CALM)
    world.complain(BO, 12, day=START - timedelta(days=25))
    world.complain(BO, 3)
    world.night()
    world.night(12, late=["council"])
    world.complain(ANNA, 16)
    world.night(1, late=["council"])
    assert world.told()[-1] == "total first"  # and nobody is told that Anna now ranks first
    mail = world.mails()[-1]
    assert "De verkliga talen kan bara vara högre" in text_of(mail)
    for _ in range(2):
        world.night(6, late=["council"])
    for _ in range(3):
        world.night(1, late=["council"])
    standing = {(r["rule"], r["member"]) for r in list_alert_states(world.open())}
    assert {("total", ANNA), ("total", BO), ("rank", BO)} <= standing and ("rank", ANNA) not in standing
    world.night(1)
    standing = {(r["rule"], r["member"]) for r in list_alert_states(world.open())}
    assert ("rank", ANNA) in standing
    for _ in range(2):
        world.night(1)
    assert ("total", BO) not in {(r["rule"], r["member"]) for r in list_alert_states(world.open())}


def test_07_an_empty_but_successful_read_moves_the_watermark(small: Small) -> None:
    def through() -> date:
        return next(s["complete_through"] for s in read_status(small.open())["sources"] if s["source"] == "tips")

    small.night()
    before = through()
    small.night(3)
    assert through() == before + timedelta(days=3)


def test_08_a_file_with_a_tenth_of_the_usual_rows_is_not_taken_in_and_nothing_resolves(small: Small) -> None:
    small.configure(total() + "clear_runs = 2\n")
    small.complain(ANNA, 40)
    small.night()
    before = len(small.ledger())
    for _ in range(3):
        small.day += timedelta(days=1)
        small.deliver("agency", only=40)
        small.deliver("council")
        fared = next(n for n in small.run().nights if n.source == "agency")
        assert fared.verdict == Verdict.BROKEN
    assert small.told(before) == []
    [row] = list_alert_states(small.open())
    assert (row["member"], row["standing"], row["count"]) == (ANNA, "open", 40)


def test_09_three_complaints_moved_are_retracted_for_one_and_corrected_up_for_the_other_with_the_rows_named(
    small: Small,
) -> None:
    moved = small.complain(ANNA, 10)[:3]
    small.complain(BO, 8)
    small.night()
    small.move(moved, BO)
    small.night(1)
    assert sorted(small.told()[1:]) == ["total corrected_up", "total retracted"]
    by_member = {name: text_of(m) for m in small.mails()[1:] for name in NAMES.values() if name in m["Subject"]}
    for name in (NAMES[ANNA], NAMES[BO]):
        assert all(number in by_member[name] for number in moved), name
    first, later = [m for m in small.mails() if NAMES[ANNA] in m["Subject"]]
    assert first["References"] == later["References"] and later["Subject"].startswith("[rättad]")


def test_10_an_old_mail_can_be_rebuilt_from_what_was_known_when_it_was_written(small: Small) -> None:
    numbers = small.complain(ANNA, 14)
    small.night()
    stored = text_of(small.mails()[0])
    small.drop(numbers[:3])
    small.complain(ANNA, 5)
    small.night(1)
    shown = show_alert(small.open(), alert_of(small))
    assert {row["source_id"] for row in shown["complaints"]} == set(numbers)
    assert shown["count"] == len(shown["complaints"]) == 14 and "Antal 14," in stored


def test_11_a_crash_between_the_servers_yes_and_our_commit_sends_the_same_mail_with_the_same_id_again(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dies:
        """Takes the mail, and then the machine goes down."""

        def __init__(self) -> None:
            self.taken: list[bytes] = []

        def send(self, key: str, envelope_from: str, recipient: str, message: bytes) -> tuple[int, str]:
            self.taken.append(message)
            if len(self.taken) == 1:
                raise SystemExit("power cut")
            return 250, "OK"

        def close(self) -> None:
            """Nothing to end."""

    relay = Dies()
    monkeypatch.setattr("flows.alerts.settling.make_transport", lambda place: relay)
    small.complain(ANNA, 12)
    with pytest.raises(SystemExit):
        small.night()
    place = small.open()
    report = deliver(lambda: Session(place.engine), relay, place.clock() + LEASE)
    assert len(report.sent) == 1 and report.all_out
    assert relay.taken[0] == relay.taken[1] and b"Message-ID: <" in relay.taken[0]


def test_12_one_refused_recipient_of_three_leaves_two_mails_accepted_and_one_dead_and_reported(tmp_path: Path) -> None:
    inbox = Inbox()
    inbox.answers["bo@example.org"] = "550 no such user"
    with smtp_server(inbox) as port:
        people = '["anna@example.org", "bo@example.org", "cia@example.org"]'
        world = Small(tmp_path, total(), day=START, people=people, smtp=f'smtp = "smtp://127.0.0.1:{port}"')
        world.night()
        world.complain(ANNA, 12)
        night = world.night(1)
    assert sorted(to for _, to, _ in inbox.mails) == [("anna@example.org",), ("cia@example.org",)]
    assert (night.alerts.sent, night.alerts.dead) == (2, 1) and night.failed
    assert "refused for good" in night.sum_up() and read_status(world.open())["outbox"] == {"accepted": 2, "dead": 1}


def test_13_acknowledged_at_twenty_it_is_silent_at_24_and_mails_at_30(tmp_path: Path) -> None:
    world = Small(tmp_path, total([20]), day=START, alerts=CALM)
    world.night()
    world.complain(ANNA, 20)
    world.night(1)
    act_on(world.open(9), alert_of(world), "anna", acts.acknowledge)
    world.complain(ANNA, 4)
    world.night(1)
    assert world.told() == ["total first"]
    world.complain(ANNA, 6)
    world.night(1)
    assert world.told() == ["total first", "total grew"]
    assert "30 anmälningar" in world.mails()[-1]["Subject"]


def test_14_a_silence_that_ends_without_a_change_brings_nothing_and_with_one_a_single_mail(small: Small) -> None:
    small.complain(ANNA, 12)
    small.complain(BO, 12)
    small.night()
    for member in (ANNA, BO):
        until = small.day + timedelta(days=2)
        act_on(small.open(9), alert_of(small, member), "anna", partial(acts.silence, until=until))
    small.complain(BO, 20)
    small.night(1)
    for _ in range(4):
        small.night(1)
    assert small.told() == ["total first", "total first", "total higher_level"]
    assert [NAMES[BO] in m["Subject"] for m in small.mails() if "Inget att besluta" not in m["Subject"]][-1]


def test_15_a_board_decision_seen_at_two_addresses_is_one_event(tmp_path: Path) -> None:
    with demo_world(tmp_path / "world") as world:
        pages = list((world.root / "site").rglob("*/20-934/index.html"))
        assert len({page.relative_to(world.root / "site").parts[0] for page in pages}) == 2
        world.night(FIRST, "dm_namnden")
        rows = [row for row in world.export("complaints") if row["source_id"] == "20-934"]
        with Session(world.open().engine) as session:
            events = [event.subject for event in read_ledger(session.connection()) if event.rule_id == "board-upheld"]
    assert len(rows) == 1
    assert events.count("20-934") == 1 and len(events) == len(set(events))


def test_16_a_rule_edited_without_effect_gives_no_event(small: Small) -> None:
    small.complain(ANNA, 12)
    small.night()
    before = len(small.ledger())
    same = total().replace('["agency", "council"]', '["council", "agency"]').replace('"notice"', '"board"')
    small.configure(same + "clear_runs = 3\n")
    small.night(1)
    assert small.ledger()[before:] == []


@pytest.mark.parametrize("day", [date(2024, 2, 29), date(2024, 3, 1), date(2026, 3, 29), date(2026, 10, 25)])
def test_17_windows_keep_their_length_over_a_clock_change_and_a_leap_day(tmp_path: Path, day: date) -> None:
    world = Small(tmp_path, total(), day=day - timedelta(days=1), quiet=True)
    world.complain(CIA)
    world.night()
    world.day = day
    world.complain(ANNA, 10)
    world.complain(BO, 10, day=day - timedelta(days=365))  # the first day of the window
    world.complain(CIA, 10, day=day - timedelta(days=366))  # the day before it
    world.night()
    events = {event.member: event for event in world.ledger() if event.member}
    assert set(events) == {ANNA, BO}
    for event in events.values():
        assert ((event.window_to - event.window_from).days + 1, event.window_to) == (365, day - timedelta(days=1))


def test_18_a_members_name_with_markup_is_harmless_in_headers_text_and_html(small: Small) -> None:
    odd = 'Anemon <script>alert("1")</script> AB'
    small.name_members(NAMES | {ANNA: odd})
    small.complain(ANNA, 12)
    small.night()
    [mail] = small.mails()
    html = mail.get_body(("html",)).get_content()
    assert odd in mail["Subject"] and "<script>" not in html and "&lt;script&gt;" in html
    small.name_members(NAMES | {ANNA: "Anemon AB\r\nBcc: alla@example.org"})
    small.complain(ANNA, 20)
    small.night(1)
    for mail in small.mails():
        assert mail["Bcc"] is None and "\n" not in mail["Subject"]


def test_19_our_own_alert_mail_in_the_tip_box_is_ignored(small: Small) -> None:
    small.complain(ANNA, 12)
    small.night()
    [path] = (small.root / "mail" / "new").glob("*")
    small.tip("our-own", path.read_bytes())
    tip = EmailMessage()
    tip["From"], tip["To"], tip["Subject"] = "rut@example.com", "tips@example.org", "Samtal"
    tip["Message-ID"], tip["Date"] = "<1@example.com>", "Tue, 03 Mar 2026 10:00:00 +0100"
    tip.set_content("De ringde igen fast jag har sagt nej.")
    small.tip("a-consumers", tip)
    night = small.night(1)
    fared = next(n for n in night.nights if n.source == "tips")
    assert (fared.new, fared.set_aside) == (1, 1)
    assert small.told() == ["total first"]


@pytest.mark.parametrize("seed", range(5))
def test_20_the_ledgers_fold_is_the_stored_state_after_a_thousand_random_nights(seed: int) -> None:
    world, carried = live(seed, nights=200)
    assert fold(world.ledger) == carried
    assert len({event.event_id for event in world.ledger}) == len(world.ledger) > 80


@pytest.mark.parametrize("seed", [1, 2])
def test_20_and_after_random_nights_on_the_database_with_late_rows_corrections_outages_and_re_runs(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    rise = '[[rule]]\nid = "rise"\ntype = "rise"\nthreshold = { p = 0.01 }\nto = ["ethics"]\n'
    first = '[[rule]]\nid = "first"\ntype = "first"\nquiet_days = 60\nto = ["ethics"]\n'
    world = Small(tmp_path, total([4, 9, 15]) + RANK + rise + first, day=START)
    written: dict[str, list[str]] = {ANNA: [], BO: [], CIA: []}
    carried: dict = {}
    seen = 0
    for _ in range(14):
        for member, numbers in written.items():
            back = dice.choice((1, 2, 5, 40, 90))
            numbers += world.complain(member, dice.choice((0, 0, 1, 3, 6)), day=world.day - timedelta(days=back))
        if dice.random() < 0.3:
            mine = written[dice.choice(list(written))]
            gone = [mine.pop() for _ in range(min(len(mine), 4))]
            if dice.random() < 0.5:
                world.drop(gone)
            else:
                world.move(gone, other := dice.choice(list(written)))
                written[other] += gone
        world.night(dice.choice((1, 1, 3)), late=["agency"] if dice.random() < 0.2 else [])
        if dice.random() < 0.4:
            again = world.run(hour=6)
            assert again.alerts.events == 0
        if (states := list_alert_states(world.open())) and dice.random() < 0.4:
            act_on(world.open(9), dice.choice(states)["alert"], "anna", acts.look)
        ledger = world.ledger()
        for event in ledger[seen:]:
            if event.key.member and event.kind != "shown":
                carried[event.key] = advance(carried.get(event.key) or AlertState(event.key), event)
        seen = len(ledger)
    assert {key: state for key, state in fold(ledger).items() if key.member} == carried
    standing = {row["alert"]: row["standing"] for row in list_alert_states(world.open())}
    assert standing == {alert_id(key): str(state.standing) for key, state in carried.items() if state.active}
    with Session(world.open().engine) as session:
        mailed = {one for ids in session.exec(select(OutboxRow.event_ids)) for one in ids}
    due = {event.event_id for event in ledger if event.tells and event.delivery != "weekly"}
    assert due <= mailed and len(due) > 10


def test_21_the_real_case_mails_level_and_rank_in_both_channels_and_its_follow_up_has_a_verdict(tmp_path: Path) -> None:
    def limit_on(channel: str, levels: str) -> str:
        return total().replace('"total"', f'"{channel}"').replace("rolling_days = 365", 'calendar = "year"').replace(
            "levels = [10, 25, 50, 100]", f'levels = {levels}\nchannel = "{channel}"'
        )  # fmt: skip

    rank = RANK.replace("top = 1", 'channels = ["any", "phone"]\ntop = 5').replace("leave = 2", "leave = 8")
    rules = limit_on("any", "[25, 50, 100]") + limit_on("phone", "[5, 15, 35]") + rank
    world = Small(tmp_path, rules, day=date(2014, 8, 19), language="en", alerts="single_mails_per_run = 9")
    world.complain(BO)
    world.complain(CIA, 2, channel="Telefon")
    world.night()
    for number in range(113):
        day = date(2014, 8, 25) - timedelta(days=number % 50)
        world.complain(ANNA, day=day, channel="Telefon" if number < 37 else "Annat")
    world.night(7)
    said = sorted(str(mail["Subject"]) for mail in world.mails() if NAMES[ANNA] in mail["Subject"])
    assert len(said) == 4
    assert any("113 complaints so far in 2014 (limit 100)" in one for one in said)
    assert any("37 complaints by telephone so far in 2014 (limit 35)" in one for one in said)
    assert any("rank 1 of 3 members, 113 complaints" in one for one in said)
    assert any("rank 1 of 2 members, 37 complaints by telephone" in one for one in said)
    assert all("113, of which at least 37 by telephone" in text_of(mail) for mail in world.mails()[-4:])
    after = judge_follow_up(113, 237, 12, 56, complete=True)
    assert (after.verdict, round(after.expected)) == ("fallen", 27)
    assert judge_follow_up(37, 237, 4, 28, complete=True).verdict == "too_early"


def test_22_p_bounds_and_intervals_are_scipys() -> None:
    assert test_rise(6, 3, 28 / 393) == pytest.approx(stats.binom.sf(5, 9, 28 / 393), rel=1e-9)
    exact = stats.binomtest(37, 113).proportion_ci(0.95, "exact")
    wilson = stats.binomtest(37, 113).proportion_ci(0.95, "wilson")
    assert bound_chance(37, 113) == pytest.approx((exact.low, exact.high), rel=1e-9)
    assert bound_share(37, 113) == pytest.approx((wilson.low, wilson.high), rel=1e-9)
