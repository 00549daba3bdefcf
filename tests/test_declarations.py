"""Declarations through whole nights: handed in by folder, mail and hand, kept in versions, asked for, compared."""

import json
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, select
from typer.testing import CliRunner

from expectations.declarations import Standing, judge_declarations
from flows.declarations.asking import remind
from flows.declarations.comparing import compare_declared
from flows.declarations.standing import list_status
from flows.intake.quarantine import reject_item, repair_item
from flows.koll import app
from flows.looking.exports import EXPORTS, Asked
from flows.looking.quarantine import RowNotWorked, list_items, show_item
from models.declarations.draft import DeclarationDraft
from models.declarations.due import business_year
from models.declarations.facts import Observer, gather_facts
from models.declarations.keeping import Accepted, keep_declarations, list_versions_of, load_current
from models.declarations.rates import bound_count, rate_of
from models.storage.store import upsert, writing
from models.storage.tables import Declaration, Member
from sources.declarations.kind import DECLARATION_CHECKS
from tests.declaration_world import ANNA, ANSWERS, BO, CIA, Declaring, fill, fill_json, fill_sheet, pack
from tests.demo_world import THIRD, demo_world
from tests.small_world import TOTAL, text_of

NOTHING = {"new": 0, "changed": 0, "quarantined": 0}
LIMIT = TOTAL.format(levels=[1, 50])


@pytest.fixture
def world(tmp_path: Path) -> Declaring:
    return Declaring(tmp_path)


def fared(night) -> dict:
    source = next(one for one in night.nights if one.source == "declarations")
    assert source.verdict != "broken", source.message
    return {name: getattr(source, name) for name in NOTHING}


def quarantined(world: Declaring) -> list[tuple[str, str]]:
    return [(item["code"], item["state"]) for item in list_items(world.open(), "declarations", every=True)]


def everything(world: Declaring) -> list:
    place = world.open()
    what = ("declarations", "alerts", "mails", "quarantine")
    return [list(EXPORTS[name](place, Asked())) for name in what] + [[bytes(mail) for mail in world.mails()]]


def carry(content: bytes, name: str, sender: str = "anna@anemon.example", proof: str = "") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "tips@example.org", "Självdeklaration från Anemon Telefoni AB"
    mail["Date"], mail["Message-ID"] = "Mon, 2 Feb 2026 10:00:00 +0100", f"<{name}@anemon.example>"
    if proof:
        mail["Authentication-Results"] = proof
    mail.set_content("Hej, här kommer självdeklarationen från Anemon Telefoni AB. De har ringt mig.")
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail


# -- in by folder ------------------------------------------------------------------------------------------------------


def test_a_file_in_the_folder_is_archived_judged_and_kept_and_the_same_night_again_changes_nothing(world) -> None:
    world.hand_in("anna.xlsx", fill())
    assert fared(world.on(date(2026, 2, 1))) == NOTHING | {"new": 1}
    place = world.open()
    with place.engine.connect() as connection:
        row = load_current(connection, ANNA, 2025)
    assert row.answers["complaints_total"] == 10 and row.received_on == date(2026, 2, 1)
    assert (row.period_from, row.period_to) == (date(2025, 1, 1), date(2025, 12, 31))
    assert place.archive.get(row.raw_sha256) == (world.root / "declarations" / "anna.xlsx").read_bytes()
    before = everything(world)
    assert fared(world.on(date(2026, 2, 1))) == NOTHING
    assert everything(world) == before


def test_a_corrected_declaration_is_a_new_version_and_the_old_one_can_still_be_asked_for(world) -> None:
    world.hand_in("anna.xlsx", fill())
    world.on(date(2026, 2, 1))
    then = datetime(2026, 2, 1, 12, tzinfo=UTC)
    world.hand_in("anna.xlsx", fill(calls_made=500_000))
    assert fared(world.on(date(2026, 2, 2))) == NOTHING | {"changed": 1}
    world.hand_in("anna (1).xlsx", fill(calls_made=500_000, language="en", **IN_ENGLISH))
    assert fared(world.on(date(2026, 2, 3))) == NOTHING, "the same answers in another file are no correction"
    (now,) = EXPORTS["declarations"](world.open(), Asked())
    (before,) = EXPORTS["declarations"](world.open(), Asked(known_at=then))
    assert (now["calls"], before["calls"], now["versions"]) == (500_000, 400_000, 2)


IN_ENGLISH = {
    **dict.fromkeys(
        ("annual_report_filed", "liability_insurance", "follows_ethics_rules", "checks_nix", "limits_attempts",
         "confirms_in_writing", "member_day", "declares_truth"), "Yes",
    ),
    "working_terms": "Collective agreement",
}  # fmt: skip


def test_a_replay_makes_the_same_versions_in_an_empty_database_and_none_in_a_full_one(world) -> None:
    world.hand_in("a.xlsx", fill())
    world.on(date(2026, 2, 1))
    world.hand_in("b.json", fill_json(calls_made=500_000))
    world.hand_in("c.xlsx", fill(BO, calls_made=None))
    world.on(date(2026, 2, 2))
    told = list(EXPORTS["declarations"](world.open(), Asked()))
    assert fared(world.ingest("declarations", replay=True)) == NOTHING | {"quarantined": 1}
    assert list(EXPORTS["declarations"](world.open(), Asked())) == told
    world.open().engine.dispose()
    for path in world.root.glob("koll.db*"):
        path.unlink()
    assert fared(world.ingest("declarations", replay=True)) == {"new": 1, "changed": 1, "quarantined": 1}
    again = list(EXPORTS["declarations"](world.open(), Asked()))
    assert [row | {"observed_complete": False} for row in told] == again, "only the other sources are still unread"


def test_a_replay_passes_by_what_the_archive_has_forgotten_on_purpose(world) -> None:
    world.tip("1", carry(fill(), "svar.xlsx"))
    world.hand_in("bo.xlsx", fill(BO))
    world.on(date(2026, 2, 2))
    told = list(EXPORTS["declarations"](world.open(), Asked()))
    place = world.open()
    mail = next(item.note["mail"] for one in place.archive.readings("declarations") for item in one.items if item.note)
    place.archive.forget(mail, for_good=True)
    assert fared(world.ingest("declarations", replay=True)) == NOTHING
    assert list(EXPORTS["declarations"](world.open(), Asked())) == told and len(told) == 2


def test_a_refused_file_waits_with_code_place_and_cure_and_a_better_one_mends_it(world) -> None:
    world.hand_in("anna.xlsx", fill(calls_made=None, responsible_name="Ragnhild Påhittsdotter"))
    first = world.on(date(2026, 2, 1))
    assert fared(first) == NOTHING | {"quarantined": 1}
    message = next(one.message for one in first.nights if one.source == "declarations")
    assert message.startswith("1 refused: ") and message.endswith("[answer-missing]"), "it says why it is odd"
    place = world.open()
    (item,) = list_items(place, "declarations")
    assert (item["code"], item["raw_locator"], item["source_id"]) == ("answer-missing", "row 23", f"{ANNA}/2025")
    assert "calls_made" in item["reason"] and "ask the member to answer it" in item["reason"]
    shown = show_item(place, item["key"])
    assert "calls_made" in json.dumps(shown["raw"], ensure_ascii=False)
    assert "Ragnhild" not in json.dumps(shown, ensure_ascii=False, default=str)
    with pytest.raises(RowNotWorked, match="koll declarations import"):
        repair_item(place, item["key"], ["company=x"], None, who="Tova")
    assert fared(world.on(date(2026, 2, 2))) == NOTHING, "it says tonight what it said yesterday"
    assert quarantined(world) == [("answer-missing", "open")]
    world.hand_in("anna-rättad.xlsx", fill())
    assert fared(world.on(date(2026, 2, 3)))["new"] == 1
    assert quarantined(world) == [("answer-missing", "mended")]


def test_a_file_that_a_person_has_rejected_is_not_asked_about_again(world) -> None:
    world.hand_in("skräp.xlsx", b"inget")
    world.on(date(2026, 2, 1))
    (item,) = list_items(world.open(), "declarations")
    reject_item(world.open(), item["key"], who="Tova", why="fel fil")
    world.on(date(2026, 2, 2))
    assert quarantined(world) == [("not-a-declaration", "rejected")]


def test_a_company_that_joins_later_has_its_file_taken_in_then(world) -> None:
    world.hand_in("dora.xlsx", fill("5590000047"))
    world.on(date(2026, 2, 1))
    assert quarantined(world) == [("member-unknown", "open")]
    world.terms["5590000047"] = ("12-31", "")
    world.name_members({ANNA: "Anemon Telefoni AB", BO: "B", CIA: "C", "5590000047": "Dora AB"})
    assert fared(world.on(date(2026, 2, 2)))["new"] == 1
    assert quarantined(world) == [("member-unknown", "mended")]


def test_lock_files_are_left_alone_and_a_missing_folder_breaks_this_source_alone(world) -> None:
    for name in ("~$anna.xlsx", ".DS_Store", "half.part"):
        world.hand_in(name, b"x")
    assert fared(world.on(date(2026, 2, 1))) == NOTHING
    for path in (world.root / "declarations").iterdir():
        path.unlink()
    (world.root / "declarations").rmdir()
    night = world.on(date(2026, 4, 1))
    assert [one.code for one in night.broken] == ["folder-missing"] and "create it" in night.sum_up()
    asked = [event for event in world.ledger() if event.tells and event.member in (ANNA, BO)]
    assert asked == [], "nobody is late while nothing can be read"
    (world.root / "declarations").mkdir()
    world.on(date(2026, 4, 2))
    assert {event.member for event in world.ledger() if event.tells} >= {ANNA, BO}


# -- in by mail --------------------------------------------------------------------------------------------------------


def test_a_declaration_by_mail_is_taken_in_and_is_no_tip_about_its_member(world) -> None:
    world.tip("1", carry(fill(), "sjalvdeklaration.xlsx"))
    night = world.on(date(2026, 2, 2))
    assert fared(night) == NOTHING | {"new": 1}
    assert next(one for one in night.nights if one.source == "tips").set_aside == 1
    assert not [row for row in EXPORTS["complaints"](world.open(), Asked()) if row["source"] == "tips"]
    with world.open().engine.connect() as connection:
        (row,) = list_versions_of(connection, ANNA)
    assert row.name.endswith("/1.xlsx"), "what the file was called stays in the mail"
    assert fared(world.on(date(2026, 2, 3))) == NOTHING


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        ("vd@anemon.example", None), ("ANNA@ANEMON.EXAMPLE", None), ("nagon@annat.example", "sender-unknown"),
        ("bo@blaklint.example", "sender-unknown"),
    ],
)  # fmt: skip
def test_a_mailed_declaration_is_believed_from_the_member_s_own_address_or_domain(world, sender, code) -> None:
    world.tip("1", carry(fill(), "svar.xlsx", sender))
    world.on(date(2026, 2, 2))
    assert quarantined(world) == ([(code, "open")] if code else [])


@pytest.mark.parametrize(
    ("proof", "code"),
    [
        ("mx.example.org; dmarc=pass header.from=anemon.example", None),
        ("mx.example.org; dmarc=fail header.from=anemon.example", "sender-unproven"),
        ("evil.example; dmarc=pass header.from=anemon.example", "sender-unproven"), ("", "sender-unproven"),
    ],
)  # fmt: skip
def test_where_our_mail_server_vouches_for_senders_a_mailed_declaration_needs_it(tmp_path, proof, code) -> None:
    world = Declaring(tmp_path, more='authserv = "mx.example.org"')
    world.tip("1", carry(fill(), "svar.xlsx", proof=proof))
    world.on(date(2026, 2, 2))
    assert quarantined(world) == ([(code, "open")] if code else [])


def test_a_broken_file_by_mail_is_quarantined_and_says_which_mail(world) -> None:
    world.tip("1", carry(fill()[:5_000], "sjalvdeklaration.xlsx"))
    world.on(date(2026, 2, 2))
    (item,) = list_items(world.open(), "declarations")
    assert item["code"] == "file-broken" and item["name"].startswith("mail ")


# -- asked for ---------------------------------------------------------------------------------------------------------


def test_reminders_go_out_night_by_night_and_stop_on_receipt(world) -> None:
    for day in (date(2026, 1, 20), date(2026, 3, 1), date(2026, 3, 31)):
        world.on(day)
    assert len(world.to("anna@anemon.example")) == len(world.to("bo@blaklint.example")) == 2
    world.hand_in("anna.xlsx", fill())
    world.on(date(2026, 4, 14))
    assert len(world.to("anna@anemon.example")) == 2 and len(world.to("bo@blaklint.example")) == 3
    letter = world.to("bo@blaklint.example")[-1]
    assert letter["Subject"].startswith("[Kontakta] Påminnelse om självdeklarationen för 2025: Blåklint Värme AB")
    assert letter["Auto-Submitted"] == "auto-generated"
    listed = [text_of(mail) for mail in world.to("etik@example.org") if "saknas" in mail["Subject"]]
    assert "14 dagar försenad, brev till medlemmen" in listed[-1] and "Anemon" not in listed[-1]
    world.on(date(2026, 4, 20))  # a Monday
    (weekly,) = [mail for mail in world.to("etik@example.org") if "Veckan" in mail["Subject"]]
    assert "har kommit in" in text_of(weekly) and "inkommen 14 apr 2026" in text_of(weekly)


def test_the_form_that_goes_with_a_letter_comes_back_filled_in_as_a_reply(world) -> None:
    world.on(date(2026, 2, 20))
    world.on(date(2026, 3, 1))
    (letter,) = world.to("anna@anemon.example")
    (enclosed,) = letter.iter_attachments()
    assert enclosed.get_filename() == f"sjalvdeklaration_{ANNA}_2025.xlsx"
    book = load_workbook(BytesIO(enclosed.get_content()))
    said = [str(cell.value) for row in book.worksheets[0] for cell in row]
    assert "Anemon Telefoni AB" in said and not [
        text for text in said if "Blåklint" in text or BO[:6] + "-0021" in text
    ]
    assert "i bilagan" in text_of(letter)
    fill_sheet(book.worksheets[0], ANSWERS)
    world.tip("svar", carry(pack(book), enclosed.get_filename()))
    assert fared(world.on(date(2026, 3, 2)))["new"] == 1
    world.on(date(2026, 3, 31))
    assert len(world.to("anna@anemon.example")) == 1 and len(world.to("bo@blaklint.example")) == 2


def test_doctor_says_that_somebody_must_read_what_members_answer(world) -> None:
    from flows.looking.doctor import examine

    world.open()
    told = {finding["what"]: finding for finding in examine(world.root / "koll.toml")}
    assert told["source declarations"]["ok"] and "reply_to" in told["mail to members"]["do"]
    (world.root / "declarations").rmdir()
    told = {finding["what"]: finding for finding in examine(world.root / "koll.toml")}
    assert "mkdir" in told["source declarations"]["do"]


def test_the_night_again_sends_no_second_reminder_and_another_year_end_is_asked_in_its_own_time(world) -> None:
    world.on(date(2026, 3, 1))
    mails = len(world.mails())
    world.run(hour=9)
    assert len(world.mails()) == mails
    world.on(date(2026, 8, 30))
    assert not [event for event in world.ledger() if (event.member, event.subject) == (CIA, "2026")]
    world.on(date(2026, 8, 31))
    (event,) = [event for event in world.ledger() if (event.member, event.subject) == (CIA, "2026")]
    assert (event.subject, event.note, event.groups) == ("2026", "2026-09-30", ("ethics",))
    assert "ingen adress i registret" in text_of(world.to("etik@example.org")[-1])


def test_what_the_declarations_say_never_counts_as_a_complaint_nor_makes_a_limit_wait(tmp_path) -> None:
    world = Declaring(tmp_path, rules=LIMIT)
    world.complain(ANNA, 3, day=date(2025, 6, 1))
    world.hand_in("anna.xlsx", fill())
    world.on(date(2026, 1, 20))
    events = [event for event in world.ledger() if event.rule_id == "total" and event.member]
    assert [(event.count, set(event.sources)) for event in events] == [(3, {"agency", "council"})]


def test_status_says_who_is_late_who_cannot_be_reached_and_who_waits_for_us(world) -> None:
    world.on(date(2026, 1, 20))
    world.hand_in("anna.xlsx", fill())
    world.hand_in("bo.xlsx", fill(BO, calls_made=None))
    world.on(date(2026, 4, 2))
    rows = {row["member"]: row for row in list_status(world.open(), on=date(2026, 4, 2))}
    assert rows[ANNA]["state"] == "received late" and rows[ANNA]["days_late"] == 2
    assert rows[BO]["state"] == "in quarantine" and rows[BO]["last_asked"] == date(2026, 4, 2)
    assert (rows[CIA]["year"], rows[CIA]["contact"], rows[CIA]["state"]) == (2025, False, "overdue")
    assert world.to("bo@blaklint.example") == [], "what waits in quarantine is ours to look at"
    later = {row["member"]: row["state"] for row in list_status(world.open(), 2026, date(2026, 4, 2))}
    assert later == dict.fromkeys((ANNA, BO, CIA), "not due yet")


def test_remind_by_hand_writes_once_a_day_to_whom_it_can_and_says_why_not_to_the_others(world) -> None:
    world.on(date(2026, 5, 1))
    assert world.to("bo@blaklint.example") == [], "they were late before the rule was there"
    place = world.open()
    dry = remind(place, [BO], by="Tova", dry_run=True)
    assert len(dry.events) == 1 and world.to("bo@blaklint.example") == []
    for _ in range(2):
        remind(place, ["559000-0021"], by="Tova")
    assert len(world.to("bo@blaklint.example")) == 1
    acts = [row for row in EXPORTS["audit"](place, Asked()) if row["what"] == "declarations.remind"]
    assert [(row["who"], row["subject"]) for row in acts] == [("Tova", BO)]
    world.hand_in("anna.xlsx", fill())
    world.on(date(2026, 5, 2))
    for asked, why in ((CIA, "no address"), (ANNA, "already"), ("5590000054", "no such member")):
        with pytest.raises(Exception, match=why):
            remind(world.open(), [asked], by="Tova")


def test_remind_without_names_does_what_the_night_would_and_the_night_then_nothing(world) -> None:
    world.on(date(2026, 2, 28))
    done = remind(world.open(), [], by="Tova", on=date(2026, 3, 1))
    assert {event.member for event in done.events} == {ANNA, BO}
    mails = len(world.mails())
    assert mails >= 3
    world.on(date(2026, 3, 1))
    assert len(world.mails()) == mails


def test_nothing_is_sent_to_members_unless_the_configuration_says_so(tmp_path) -> None:
    world = Declaring(tmp_path, to='["ethics"]')
    for day in (date(2026, 1, 20), date(2026, 3, 1), date(2026, 4, 14)):
        world.on(day)
    assert {mail["To"] for mail in world.mails()} <= {"etik@example.org", "drift@example.org"}
    with pytest.raises(Exception, match="does not write to members"):
        remind(world.open(), [ANNA], by="Tova")


# -- beside what was observed ------------------------------------------------------------------------------------------


def keep(engine: Engine, member: str, year: int, year_end: str = "12-31", **answers: object) -> None:
    told = {"calls_made": 400_000, "complaints_total": 10, "complaints_phone": 8, "responsible_name": "R", **answers}
    draft = DeclarationDraft("x.xlsx", f"{year:064}", date(year + 1, 2, 1), "1", member, year, told)
    with writing(engine) as connection:
        accepted = [Accepted(draft, business_year(year_end, year))]
        keep_declarations(connection, accepted, source="d", now=datetime(year + 1, 2, 1, tzinfo=UTC), run_id="r")


def register(engine: Engine, *members: Member) -> None:
    with writing(engine) as connection:
        upsert(connection, Member.__table__, [member.model_dump() for member in members])


def test_versions_are_kept_alike_on_both_engines(engine: Engine) -> None:
    register(engine, Member(member=ANNA, org_number=ANNA, legal_name="Anemon Telefoni AB", year_end="12-31"))
    for calls in (1, 2, 2, 1):
        keep(engine, ANNA, 2025, calls_made=calls, responsible_role=str(calls))
    with engine.connect() as connection:
        rows = connection.execute(select(Declaration.__table__).order_by(Declaration.__table__.c.id)).all()
        assert [(row.answers["calls_made"], row.recorded_to is None) for row in rows][:2] == [(1, False), (2, True)]
        assert load_current(connection, ANNA, 2025).answers["calls_made"] == 2
        assert gather_facts(Observer(connection), ANNA, 2025).calls == 2


def test_declared_and_observed_stand_side_by_side_with_their_size(tmp_path) -> None:
    world = Declaring(tmp_path)
    world.complain(ANNA, 12, day=date(2025, 3, 1), channel="Telefon")
    world.complain(ANNA, 5, day=date(2025, 12, 31))
    world.complain(ANNA, 7, day=date(2026, 1, 1), channel="Telefon")
    world.hand_in("anna.xlsx", fill())
    world.on(date(2026, 2, 1))
    (facts,) = compare_declared(world.open(), ANNA, 2025)
    phone = next(one for one in facts.channels if one.channel == "phone")
    assert (facts.observed.declared, facts.observed.observed, facts.observed.difference) == (10, 17, 7)
    assert (phone.declared, phone.observed, phone.difference) == (8, 12, 4)
    assert facts.calls == 400_000 and phone.observed_rate.per_100k == pytest.approx(3.0)
    assert facts.complete and set(facts.complete_through) == {"agency", "council", "tips"}
    (row,) = EXPORTS["declarations"](world.open(), Asked())
    assert row["by_channel"]["phone"]["observed_at_least"] == 12 and row["due_on"] == "2026-03-31"
    assert "Ragnhild" not in json.dumps(row, ensure_ascii=False) and "owners" not in row["answers"]


def test_the_business_year_is_the_member_s_own_and_what_is_not_told_yet_can_only_grow(tmp_path) -> None:
    world = Declaring(tmp_path)
    world.complain(CIA, 2, day=date(2025, 7, 1))
    world.complain(CIA, 3, day=date(2026, 6, 30))
    world.complain(CIA, 9, day=date(2026, 7, 1))
    world.hand_in("cia.json", fill_json(CIA, 2026, calls_made=0, complaints_phone=0))
    world.on(date(2026, 7, 2))
    (facts,) = compare_declared(world.open(), CIA)
    assert (facts.period.start, facts.period.end) == (date(2025, 7, 1), date(2026, 6, 30))
    assert facts.observed.observed == 5 and facts.observed.observed_rate is None, "no calls, so no rate"
    (nothing,) = compare_declared(world.open(), ANNA, 2026)
    assert nothing.received_on is None and nothing.observed.declared is None and not nothing.complete


def test_answers_that_changed_since_last_year_are_listed_and_a_person_s_name_is_not_shown(engine: Engine) -> None:
    register(engine, Member(member=ANNA, org_number=ANNA, legal_name="Anemon Telefoni AB", year_end="12-31"))
    keep(engine, ANNA, 2024)
    keep(engine, ANNA, 2025, calls_made=900_000, responsible_name="S", working_terms="neither")
    with engine.connect() as connection:
        facts = gather_facts(Observer(connection), ANNA, 2025)
        first = gather_facts(Observer(connection), ANNA, 2024)
    changed = {one.question: (one.before, one.now, one.private) for one in facts.changed}
    assert changed == {
        "calls_made": (400_000, 900_000, False), "working_terms": (None, "neither", False),
        "responsible_name": (None, None, True),
    }  # fmt: skip
    assert first.changed == () and "responsible_name" not in facts.answers


@pytest.mark.parametrize("count", [0, 1, 5, 113])
def test_the_interval_of_a_rate_is_the_exact_one(count: int) -> None:
    from scipy.stats import poisson

    low, high = bound_count(count)
    assert poisson.cdf(count, high) == pytest.approx(0.025, rel=1e-6)
    assert (low == 0.0) if not count else poisson.sf(count - 1, low) == pytest.approx(0.025, rel=1e-6)
    rate = rate_of(count, 50_000)
    assert rate.low <= rate.per_100k == count * 2 <= rate.high
    assert rate_of(None, 5) is None and rate_of(3, 0) is None and rate_of(3, None) is None


# -- by command --------------------------------------------------------------------------------------------------------


def koll(world: Declaring, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--config", str(world.root / "koll.toml")])
    return done.exit_code, done.output


def test_forms_are_written_for_one_for_all_and_blank_and_come_back_as_the_member_s(world, tmp_path) -> None:
    world.on(date(2026, 2, 1))
    out = tmp_path / "ut"
    assert koll(world, "declarations", "form", "--all", "-o", str(out))[0] == 0
    assert len(list(out.glob("sjalvdeklaration_*.xlsx"))) == 3
    one = tmp_path / "one.xlsx"
    assert koll(world, "declarations", "form", ANNA, "--language", "en", "--year", "2025", "-o", str(one))[0] == 0
    assert koll(world, "declarations", "form", "-o", str(tmp_path / "blank.xlsx"))[0] == 0
    code, said = koll(world, "declarations", "import", str(one))
    assert code == 1 and "answer-missing" in said and "calls_made" in said
    assert koll(world, "declarations", "form", "5590000054")[0] == 1
    assert koll(world, "declarations", "form", ANNA, "--all")[0] == 2


def test_a_file_brought_by_hand_is_the_last_word_and_is_found_again_by_a_replay(world, tmp_path) -> None:
    world.hand_in("a.xlsx", fill())
    world.on(date(2026, 2, 1))
    world.hand_in("a.xlsx", fill(calls_made=1_000))
    world.on(date(2026, 2, 2))
    again, broken = tmp_path / "igen.xlsx", tmp_path / "trasig.xlsx"
    again.write_bytes(fill())
    broken.write_bytes(b"PK\x03\x04")
    code, said = koll(world, "declarations", "import", str(again), str(broken))
    assert code == 1 and f"igen.xlsx: accepted, {ANNA} for 2025" in said and "[file-broken]" in said
    code, said = koll(world, "declarations", "show", ANNA, "--json")
    shown = json.loads(said)
    calls = [next(a["answer"] for a in v["answers"] if a["question"] == "calls_made") for v in shown["versions"]]
    assert calls == [400_000, 1_000, 400_000] and "Ragnhild" not in said
    assert "Ragnhild" in koll(world, "declarations", "show", ANNA, "--private")[1]
    assert koll(world, "declarations", "import", str(again))[0] == 0
    assert len(json.loads(koll(world, "declarations", "show", ANNA, "--json")[1])["versions"]) == 3


def test_the_other_commands_tell_a_person_and_a_program_the_same(world) -> None:
    world.hand_in("anna.xlsx", fill())
    world.on(date(2026, 2, 1))
    code, said = koll(world, "declarations", "status", "--date", "2026-04-01")
    assert code == 0 and "Anemon Telefoni AB" in said and "1 received" in said
    assert len(json.loads(koll(world, "declarations", "status", "--json")[1])) == 3
    code, said = koll(world, "declarations", "compare", ANNA)
    assert code == 0 and "a question and no accusation" in said and "calls declared: 400000" in said
    assert json.loads(koll(world, "declarations", "compare", "--json")[1])[0]["declared"] == 10
    code, said = koll(world, "declarations", "remind", "--dry-run", "--date", "2026-02-02")
    assert code == 0 and "nothing was" in said
    code, said = koll(world, "export", "declarations", "--format", "csv")
    assert code == 0 and "Ragnhild" not in said and "complaints_total" in said


def test_without_a_place_for_declarations_the_commands_say_what_to_write(tmp_path) -> None:
    world = Declaring(tmp_path)
    world.source = world.asking = ""
    world.configure("")
    world.open()
    for words in (["form"], ["import", str(tmp_path / "koll.toml")], ["remind"]):
        code, said = koll(world, "declarations", *words)
        assert code == 1 and ("[sources.declarations]" in said or "[[rule]]" in said), said


def test_a_rule_that_asks_needs_a_source_and_no_rule_counts_on_declarations(tmp_path) -> None:
    world = Declaring(tmp_path)
    world.source = ""
    world.configure("")
    code, said = koll(world, "declarations", "status")
    assert code == 1 and "it asks for declarations" in said
    other = Declaring(tmp_path / "two")
    other.configure(LIMIT.replace('"council"', '"declarations"'))
    code, said = koll(other, "declarations", "status")
    assert code == 1 and "'declarations': no such source" in said
    other.source = other.source.replace('kind = "declarations"', 'kind = "declarations"\nform = "77"')
    other.configure("")
    assert "a version of the form is needed" in koll(other, "declarations", "status")[1]


def test_a_night_of_many_declarations_is_judged_in_one_go() -> None:
    drafts = [
        DeclarationDraft(f"{n}.xlsx", f"{n:064}", date(2026, 2, 1), "1", ANNA, 2025, {"complaints_total": n})
        for n in range(300)
    ]
    judged = judge_declarations(drafts, {ANNA: Standing()}, DECLARATION_CHECKS)
    assert len(judged) == 300 and {one.code for one in judged} == {"answer-missing"}
    assert judged[7].draft is drafts[7]


def test_the_member_s_page_shows_what_was_declared_without_a_verdict_or_a_name(tmp_path) -> None:
    world = Declaring(tmp_path)
    with (tmp_path / "koll.toml").open("a", encoding="utf-8") as config:
        config.write(f'[page]\nfolder = "{tmp_path}/page"\n')
    world.complain(ANNA, 12, day=date(2025, 3, 1), channel="Telefon")
    world.hand_in("anna.xlsx", fill())
    world.on(date(2026, 2, 1))
    pages = {member: (tmp_path / "page" / "members" / f"{member}.html").read_text("utf-8") for member in (ANNA, BO)}
    for said in (
        "10 deklarerade, 12 räknade",
        "8 deklarerade, minst 12 räknade",
        "En skillnad är en fråga",
        "400\u00a0000",
    ):
        assert said in pages[ANNA], said
    assert "Ragnhild" not in pages[ANNA] and "Ingen självdeklaration har kommit in" in pages[BO]


def test_the_demo_s_world_has_a_good_declaration_a_late_one_one_that_differs_and_a_broken_file(tmp_path) -> None:
    with demo_world(tmp_path / "world") as demo:
        demo.three_nights()
        rows = {(row["member"], row["year"]): row for row in demo.export("declarations")}
        waiting = [(item["code"], item["name"]) for item in list_items(demo.open(), "declarations")]
        mails = [message_from_bytes(path.read_bytes(), policy=default) for path in demo.mails()]
        status = {row["member"]: row for row in list_status(demo.open(), on=THIRD)}
    assert set(rows) == {("4491024172", 2025), ("4491318400", 2026), ("4491502276", 2026)}
    differs = rows["4491318400", 2026]
    assert (differs["declared"], differs["period_from"], differs["period_to"]) == (4, "2025-07-01", "2026-06-30")
    assert differs["difference"] == differs["observed"] - 4 > 0
    assert not differs["observed_complete"], "one source has never told anything"
    assert waiting == [("file-broken", "sjalvdeklaration_4491131076_2025.xlsx")]
    late = rows["4491502276", 2026]
    assert (late["due_on"], late["received_on"], status["4491502276"]["state"]) == (
        "2026-07-31", "2026-08-27", "received late",
    )  # fmt: skip
    asked = [mail["Subject"] for mail in mails if mail["To"] == "hej@akerlundssamtal.example"]
    assert asked == ["[Kontakta] Påminnelse om självdeklarationen för 2026: Åkerlunds Samtal HB"]
