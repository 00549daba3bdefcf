import email
import email.policy
import re
import string
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from alert_world import (
    FIRST_NIGHT,
    MEMBER,
    OTHER,
    REAL_CASE,
    World,
    event,
    identity,
    limit,
    phone,
    source_late,
)  # fmt: skip

from flows.mail.compose import compose_messages, compose_weekly, read_bounce, sign_bounce, to_describe
from flows.mail.letters.letter import Bars
from flows.mail.words import phrases, vocabulary
from flows.mail.words.wording import Wording, plain
from models.alerting.evaluation import ChangedRow, Decision, Findings, MemberFacts, OpenCase, Rank, Recount, Window
from models.alerting.rules import AlertsConfig
from models.words import Outcome

REAL = {("total-12m", MEMBER): REAL_CASE, ("phone-12m", MEMBER): REAL_CASE}


def read(row):
    message = email.message_from_bytes(row.message, policy=email.policy.default)
    text = message.get_body(("plain",)).get_content()
    return message, text, message.get_body(("html",)).get_content()


def words_of(text):
    return " ".join(text.split())


class _Texts(HTMLParser):
    def __init__(self):
        super().__init__()
        self.texts, self.tags, self.skip = [], [], 0

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.skip += tag in ("style", "title")

    def handle_endtag(self, tag):
        self.skip -= tag in ("style", "title")

    def handle_data(self, data):
        if not self.skip:
            self.texts.append(data)


def parsed(html):
    parser = _Texts()
    parser.feed(html)
    return parser


@pytest.fixture
def real_case():
    """The known case: 25 reached before, tonight 113 of which at least 37 by telephone."""
    world = World(rules=[limit(), phone()]).started()
    world.counts = {("total-12m", MEMBER): 26, ("phone-12m", MEMBER): 6}
    world.run()
    world.next(7)
    world.counts = {("total-12m", MEMBER): 113, ("phone-12m", MEMBER): 37}
    return world


def test_the_swedish_mail_says_113_of_which_at_least_37_by_telephone_with_both_ranks(real_case):
    total, by_phone = real_case.mails(real_case.run(), findings=REAL)
    _, text, html = read(total)
    assert "I förra brevet 6 via telefon (4 mars 2026)" in words_of(read(by_phone)[1])
    assert total.subject == "[Kontakta] 25→100 anmälningar på 12 månader: Exempel 96 AB (559021-6296)"
    assert by_phone.subject == "[Kontakta] 5→35 anmälningar via telefon på 12 månader: Exempel 96 AB (559021-6296)"
    for part in (words_of(text), words_of(" ".join(parsed(html).texts))):
        assert "113, varav minst 37 via telefon" in part
        assert "Konsumentmyndigheten 112, varav minst 36 via telefon" in part
        assert "1 i landet (bland alla bolag i källan Konsumentmyndigheten, 214 st)" in part
        assert "2 bland medlemmarna (av 61)" in part
        assert "Ska Exempel 96 AB få ett påpekande?" in part
        assert "inte vad som har bevisats" in part
        assert "I förra brevet 26 (4 mars 2026)" in part
        assert "11 mars 2025 – 10 mars 2026 (365 dagar)" in part
        assert "higher_level" in part and "total-12m" in part and "run-2026-03-11" in part


def test_the_english_mail_says_the_same(real_case):
    total, _ = real_case.mails(real_case.run(), findings=REAL, language="en")
    _, text, _ = read(total)
    assert total.subject == "[Kontakta] 25→100 complaints in 12 months: Exempel 96 AB (559021-6296)"
    assert "113, of which at least 37 by telephone" in text
    assert "1 in the country (among all 214 companies" in text and "2 among the members (of 61)" in text
    assert not re.search("[åäöÅÄÖ]", text.replace("Tipslådan", "")), "a Swedish phrase in the English mail"


def test_what_is_asked_comes_before_the_figures_and_the_sources_after_them(real_case):
    _, text, _ = read(real_case.mails(real_case.run(), findings=REAL)[0])
    order = [
        "Att ta ställning till",
        "koll alerts ack",
        "Siffrorna",
        "Vad som är nytt",
        "veckorna",
        "Källorna",
        "Regel ",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_both_parts_of_every_letter_have_the_same_words(real_case):
    world = World(rules=[limit(), event(), source_late(to=["ethics"])]).started()
    world.late = {"agency"}
    world.decisions = [Decision("board", "26-001", MEMBER, Outcome.PARTLY, FIRST_NIGHT, "https://board.example/1")]
    rows = real_case.mails(real_case.run(), findings=REAL) + world.mails(world.run(12))
    rows += World(counts={("total-12m", MEMBER): 113}).mails(World(counts={("total-12m", MEMBER): 113}).run())
    assert len(rows) >= 6
    for row in rows:
        _, text, html = read(row)
        drawn = " ".join(parsed(html).texts)
        for word in set(re.findall(r"[^\W_]{2,}", text)):
            assert word in drawn, f"{word!r} is only in the text of {row.subject!r}"
        for word in set(re.findall(r"[^\W_]{2,}", drawn)):
            assert word in text, f"{word!r} is only in the HTML of {row.subject!r}"


def test_the_html_asks_for_nothing_from_the_net_and_has_no_links_or_scripts(real_case):
    for row in real_case.mails(real_case.run(), findings=REAL):
        _, _, html = read(row)
        assert {tag for tag, _ in parsed(html).tags}.isdisjoint({"img", "script", "link", "a", "iframe", "form"})
        assert "url(" not in html and "http" not in html
        assert "prefers-color-scheme: dark" in html


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script> AB",
        "Exempel AB\r\nBcc: victim@example.org",
        "Exempel\u202eBA\u2066 AB\x00\x07",
        "Exempel\u2028AB\u2029\x85",
        "{{ 7*7 }} {name} %s AB",
        "\u200b\u200f",
        "Å" * 400,
        "=?utf-8?q?smuggled=0D=0ABcc:_x@y?=",
    ],
)
def test_a_name_with_markup_line_breaks_or_invisible_marks_is_harmless(name):
    world = World(members={MEMBER: MemberFacts(MEMBER, name, 3, "<b>")}).started()
    [row] = world.mails(world.run(12))
    message, text, html = read(row)
    assert message["Bcc"] is None and message.defects == []
    header_block = row.message.split(b"\r\n\r\n")[0]
    assert header_block.count(b"\r\n") < 25 and b"\x00" not in row.message
    assert all(len(line) < 200 for line in header_block.split(b"\r\n"))
    assert not {tag for tag, _ in parsed(html).tags} & {"script", "b"}
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\u2029\x00\x07\x85]", row.subject + text + html)
    assert "49" not in row.subject and "12 anmälningar" in text


def test_the_headers_keep_robots_from_answering_and_put_the_mail_in_its_thread():
    world = World().started()
    world.members[MEMBER] = replace(world.members[MEMBER], open_case=OpenCase(3, "notice", FIRST_NIGHT))
    world.details = {("total-12m", MEMBER): {"newest_received": None}}
    world.run(12)
    [row] = world.mails(world.next().run(26))
    message, text, _ = read(row)
    assert message["Auto-Submitted"] == "auto-generated" and message["X-Auto-Response-Suppress"] == "All"
    assert message["Reply-To"] == "arenden@example.org" and message["To"] == "etik@example.org"
    assert message["References"] == message["In-Reply-To"] == f"<case-{MEMBER}-3@example.org>"
    assert message["Message-ID"] == row.message_id == f"<{row.key[:32]}@example.org>"
    assert message["Date"].datetime == world.at()
    assert message["List-Unsubscribe"] is None
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert row.message.isascii() and max(map(len, row.message.split(b"\r\n"))) <= 998
    assert "påpekande" in text


def test_the_bytes_are_the_same_however_often_they_are_composed():
    world = World().started()
    events = world.run(12)
    assert [row.message for row in world.mails(events)] == [row.message for row in world.mails(events)]


@pytest.mark.parametrize("length", range(1, 90, 7))
def test_a_swedish_subject_of_any_length_keeps_its_spaces(length):
    world = World(members={MEMBER: MemberFacts(MEMBER, "Å ä ö " * (length // 6) + "x" * (length % 6 + 1))}).started()
    [row] = world.mails(world.run(12))
    assert str(read(row)[0]["Subject"]) == row.subject


def test_one_mail_per_recipient_and_one_for_an_address_in_two_groups():
    world = World(rules=[limit(to=["ethics", "board"])]).started()
    events = world.run(12)
    groups = {"ethics": ["a@example.org", "b@example.org"], "board": ["B@example.org", "c@example.org"]}
    mailing = replace(world.mailing(), identity=identity(**groups))
    rows = compose_messages(events, mailing)
    assert {row.recipient: row.groups for row in rows} == {
        "a@example.org": ["ethics"],
        "b@example.org": ["board", "ethics"],
        "c@example.org": ["board"],
    }
    assert len({row.key for row in rows}) == len({row.message_id for row in rows}) == 3


def test_a_busy_night_is_five_mails_and_one_digest_and_the_furthest_over_the_limit_come_first():
    world = World(members={f"55600000{n:02}": MemberFacts(f"55600000{n:02}", f"Bolag {n}") for n in range(8)}).started()
    world.counts = {("total-12m", f"55600000{n:02}"): 10 + n for n in range(8)}
    rows = world.mails(world.run())
    assert [row.kind for row in rows] == ["single"] * 5 + ["digest"]
    assert "Bolag 7 " in rows[0].subject
    _, text, _ = read(rows[-1])
    assert "Fler" not in text and "de 5 som skickas vart för sig" in words_of(text)
    assert text.index("Bolag 2 (") < text.index("Bolag 1 (") < text.index("Bolag 0 (")
    assert "Bolag 3 (" not in text
    told_events = {event_id for row in rows for event_id in row.event_ids}
    assert told_events == {one.event_id for one in world.ledger if one.tells}


def test_what_a_new_rule_finds_is_one_digest_with_the_figures_a_mail_would_have():
    world = World(rules=[limit(), phone(), event()])
    world.counts = {("total-12m", MEMBER): 113, ("phone-12m", MEMBER): 37, ("total-12m", OTHER): 12}
    world.decisions = [Decision("board", f"12-{n:03}", MEMBER, Outcome.BREACH, date(2012, 1, n)) for n in range(1, 13)]
    [row] = world.mails(world.run(), findings=REAL)
    assert row.kind == "introduced"
    assert row.subject == "[Kontakta] Regler införda: 2 medlemmar redan över gränsen"
    text = words_of(read(row)[1])
    for said in (
        "113, varav minst 37 via telefon · 3 mars 2025 – 2 mars 2026",
        "Gräns 100 nådd (total-12m)",
        "Gräns 35 via telefon nådd (phone-12m)",
        "1 i landet (bland alla bolag i källan Konsumentmyndigheten, 214 st)",
        "Konsumentmyndigheten 112, varav minst 36 via telefon; Tipslådan 1 via telefon",
        "Källa Komplett t.o.m. Senast läst Konsumentmyndigheten 2 mars 2026",
        "Fällande: 12-012 (12 jan 2012), 12-011",
        "och 4 till",
        "rule_introduced",
    ):
        assert said in text, said
    assert text.index("Exempel 96 AB") < text.index("Exempel 01 AB")
    assert text.count("113, varav minst 37") == 1


def test_a_ten_year_import_is_one_digest_sorted_by_count():
    world = World(rules=[limit()]).started()
    world.details = {("total-12m", one): {"count_without_late_rows": 0} for one in (MEMBER, OTHER)}
    world.counts = {("total-12m", MEMBER): 30, ("total-12m", OTHER): 90}
    [row] = world.mails(world.run())
    text = words_of(read(row)[1])
    assert row.kind == "digest" and "historik" in text
    assert text.index("Exempel 01 AB") < text.index("Exempel 96 AB")


def test_a_retraction_stands_in_the_same_thread_and_names_the_rows_and_why():
    world = World().started()
    [opened] = world.run(10)
    [first] = world.mails([opened])
    rows = (ChangedRow("agency", "2026/17", "duplicate"), ChangedRow("tips", "mid-9", "moved"))
    world.details = {("total-12m", MEMBER): {"recount": Recount(opened.event_id, 8, removed=rows)}}
    [row] = world.mails(world.next().run(8))
    message, text, _ = read(row)
    assert row.subject.startswith("[rättad] [Kontakta] 8 i stället för 10 anmälningar på 12 månader: Exempel 96 AB")
    assert message["References"] == read(first)[0]["References"]
    assert "2026/17" in text and "dubblett" in text and "mid-9" in text and "hör till en annan medlem" in text


def test_a_mail_about_a_decision_gives_case_outcome_date_and_address():
    world = World(rules=[event()]).started()
    world.decisions = [Decision("board", "26-014", MEMBER, Outcome.PARTLY, FIRST_NIGHT, "https://board.example/26-014")]
    [row] = world.mails(world.run())
    assert row.subject == "[Kontakta] Nytt beslut 26-014, delvis fällande: Exempel 96 AB (559021-6296)"
    text = words_of(read(row)[1])
    assert "Beslutsdatum 3 mars 2026" in text and "https://board.example/26-014" in text


def test_an_address_that_is_no_web_address_is_not_shown():
    world = World(rules=[event()]).started()
    world.decisions = [Decision("board", "26-014", MEMBER, Outcome.BREACH, FIRST_NIGHT, "javascript:alert(1)")]
    [row] = world.mails(world.run())
    assert b"javascript" not in row.message


def test_a_late_source_is_a_red_line_on_top_and_a_marked_row():
    world = World().started()
    world.late = {"agency"}
    [row] = world.mails(world.run(12))
    _, text, html = read(row)
    assert "Konsumentmyndigheten är komplett bara t.o.m. 20 feb 2026, alltså 12 dagar gammal." in words_of(text)
    assert "kan bara vara högre" in words_of(text).split("Siffrorna")[0]
    assert "\n! Konsumentmyndigheten" in text and "b3261e" in html


def test_operators_are_told_which_command_reads_a_late_source_again():
    world = World(rules=[source_late()], late={"agency"}, unread={"tips"})
    rows = world.mails(world.run())
    assert {row.subject for row in rows} == {
        "[Kontakta] Källan Konsumentmyndigheten (agency) är 12 dagar gammal",
        "[Kontakta] Källan Tipslådan (tips) har aldrig kunnat läsas",
    }
    assert any("koll ingest agency" in read(row)[1] for row in rows)
    assert {row.recipient for row in rows} == {"drift@example.org"}


def test_two_sources_with_one_title_are_told_apart_by_their_names():
    world = World().started()
    night = world.night()
    twins = {name: replace(state, title="Etiknämnden") for name, state in night.sources.items()}
    mailing = replace(world.mailing(), night=replace(night, sources=twins))
    [row] = compose_messages(world.run(12), mailing)
    assert "Etiknämnden (agency)" in read(row)[1] and "Etiknämnden (tips)" in read(row)[1]


def test_the_next_mail_to_operators_lists_what_could_not_be_delivered():
    world = World(rules=[source_late(), limit(to=["ethics"])]).started()
    world.late = {"agency"}
    events = world.run(12)
    mailing = replace(world.mailing(), undelivered=("ethics: 550 no such user",))
    for row in compose_messages(events, mailing):
        assert ("550 no such user" in read(row)[1]) is (row.groups == ["operators"])


def test_missing_weeks_look_missing_and_not_like_zero():
    bars = Bars((0, 1, None, 8))
    assert bars.drawn() == "▁▂?█"
    assert bars.heights() == [2, 6, None, 48]
    assert Bars((0, 0)).drawn() == "▁▁"


def test_with_an_open_case_the_question_is_whether_it_goes_further_and_what_is_new_is_dated_by_its_last_step(real_case):
    steps = (("notice", date(2026, 1, 2)), ("demand", date(2026, 1, 12)), ("reply", date(2026, 1, 20)))
    case = OpenCase(1, "demand", date(2026, 1, 2), steps=steps)
    real_case.members[MEMBER] = MemberFacts(MEMBER, "Exempel 96 AB", open_case=case)
    found = replace(REAL_CASE, new_before_step=40, open_board_cases=("26-031", "26-007"), declared=(2025, FIRST_NIGHT))
    [row, *_] = real_case.mails(real_case.run(), findings={("total-12m", MEMBER): found})
    text = words_of(read(row)[1])
    assert "Ska ärendet om Exempel 96 AB gå vidare? Det står vid: krav på rättelse." in text
    assert f"koll case show {MEMBER}" in text and "få ett påpekande" not in text and "koll case open" not in text
    assert "Av de 94 nya gäller 40 något som hände före medlemmens senaste steg i ärendet (krav på rättelse" in text
    assert "(krav på rättelse 12 jan 2026)" in text
    assert "Öppna nämndärenden 26-031, 26-007" in text
    assert "Senaste självdeklaration för 2025, inkommen 3 mars 2026" in text


def test_without_a_case_the_mail_has_the_command_that_opens_one_and_the_members_page_where_there_is_one(real_case):
    events, mailing = real_case.run(), real_case.mailing()
    mailing = replace(mailing, identity=replace(mailing.identity, page_url="https://koll.example"))
    text = words_of(read(compose_messages(events, mailing)[0])[1])
    asked, figures = text.split("Siffrorna", 1)
    assert f'koll case open {MEMBER} --why "..."' in asked and f"https://koll.example/members/{MEMBER}.html" in asked
    assert "koll.example" not in figures


def test_nights_that_did_not_run_are_named_in_the_small_print(real_case):
    events, mailing = real_case.run(), real_case.mailing()
    for last, said in ((date(2026, 3, 10), "5 mars 2026 – 10 mars 2026."), (date(2026, 3, 5), "gjordes 5 mars 2026.")):
        night = replace(mailing.night, missed=Window(date(2026, 3, 5), last))
        rows = compose_messages(events, replace(mailing, night=night))
        assert all("Ingen körning gjordes" in words_of(read(row)[1]) for row in rows)
        assert said in words_of(read(rows[0])[1])


def test_a_reminder_says_again_what_was_asked_and_how_old_a_source_is_by_now():
    world = World(rules=[event(), source_late()]).started()
    world.late = {"agency"}
    world.decisions = [Decision("board", "26-014", MEMBER, Outcome.BREACH, FIRST_NIGHT)]
    world.run()
    late, decision = "Källan Konsumentmyndigheten (agency) är 12 dagar", "Nytt beslut 26-014, fällande"
    again = [row.subject for row in world.mails(world.next(7).run())]
    assert any("Påminnelse: nytt beslut 26-014, fällande" in subject for subject in again), (decision, again)
    assert any("Påminnelse: källan Konsumentmyndigheten (agency) är" in subject for subject in again), (late, again)


def test_a_retraction_never_shows_more_by_telephone_than_there_are(real_case):
    opened = real_case.ledger[-2]
    rows = (ChangedRow("agency", "2026/17", "withdrawn"),)
    real_case.details = {("total-12m", MEMBER): {"recount": Recount(opened.event_id, 8, removed=rows)}}
    real_case.counts = {("total-12m", MEMBER): 9, ("phone-12m", MEMBER): 6}
    found = replace(REAL_CASE, total=9, by_channel={"phone": 9})
    [row] = [
        row for row in real_case.mails(real_case.run(), findings={("total-12m", MEMBER): found})
        if "rättad" in row.subject
    ]  # fmt: skip
    text = words_of(read(row)[1])
    assert "Antal 8 Period" in text and "Fram till i dag 9, alla via telefon" in text


def test_monday_tells_what_resolved_or_that_there_is_nothing_but_not_twice_nor_beside_another_mail():
    world = World(alerts=AlertsConfig(reminder_days=())).started()
    assert world.day == date(2026, 3, 4)
    assert compose_weekly([], world.mailing(), set()) == []
    world.day = date(2026, 3, 9)
    [empty] = compose_weekly([], world.mailing(), set())
    assert empty.subject == "[Kontakta] Inget att besluta"
    assert compose_weekly([], world.mailing(), {"etik@example.org"}) == []
    world.run(12)
    for _ in range(7):
        world.next().run(3)
    resolved = [one for one in world.ledger if one.reason == "resolved"]
    world.day = date(2026, 3, 23)
    [row] = compose_weekly(resolved, world.mailing(), {"etik@example.org"})
    assert row.subject == "[Kontakta] Veckan som gick: 1 medlem"
    assert "3 anmälningar på 12 månader: under gränsen 10 (total-12m)" in words_of(read(row)[1])
    [again] = compose_weekly([], world.mailing(), set())
    assert again.key == row.key


def test_a_members_figures_are_looked_up_only_where_a_mail_shows_them():
    world = World(rules=[limit(), event(), source_late()]).started()
    world.late = {"board"}
    world.decisions = [Decision("board", "26-014", OTHER, Outcome.BREACH, FIRST_NIGHT)]
    assert to_describe(world.run(12), world.rules) == {("total-12m", MEMBER), (event().id, OTHER)}


def test_the_letter_about_a_decision_tells_what_else_is_known_of_the_member():
    world = World(rules=[event()]).started()
    world.decisions = [Decision("board", "26-014", OTHER, Outcome.BREACH, FIRST_NIGHT)]
    found = Findings(0, open_board_cases=("26-031",), declared=(2025, FIRST_NIGHT))
    [row, *_] = world.mails(world.run(), findings={(event().id, OTHER): found})
    text = words_of(read(row)[1])
    assert "Mer om medlemmen" in text and "Öppna nämndärenden 26-031" in text
    assert "Senaste självdeklaration för 2025, inkommen 3 mars 2026" in text


def test_every_phrase_exists_in_both_languages_with_the_same_values_to_fill_in():
    codes = [table for name, table in vars(vocabulary).items() if name.isupper()]
    assert len(codes) == 9
    for table in (phrases.PHRASES, *codes):
        for name, pair in table.items():
            assert len(pair) == 2 and all(pair), name
            blanks = [sorted(blank for _, blank, _, _ in string.Formatter().parse(one) if blank) for one in pair]
            assert blanks[0] == blanks[1], name


def test_no_phrase_is_said_in_two_files():
    parts = [table for name, table in vars(phrases).items() if name.endswith("_PHRASES")]
    names = [name for part in parts for name in part]
    assert len(parts) == 4 and len(names) == len(set(names))
    own = Path(phrases.__file__).read_text(encoding="utf-8")
    assert [name for name in names if f'    "{name}": (' in own] == []


def test_no_phrase_is_left_unused():
    sources = "".join(
        path.read_text(encoding="utf-8").replace("'", '"')
        for path in Path(phrases.__file__).parent.parent.rglob("*.py")
        if not path.name.endswith("phrases.py")
    )
    built = {"one_new", "many_new", "one_changed", "many_changed", "one_source", "many_source"}
    sections = {"act", "reminders", "corrected", "backfill", "data"}
    unused = [name for name in phrases.PHRASES if f'"{name}"' not in sources and name not in built | sections]
    assert unused == []


def test_periods_and_numbers_are_written_as_the_language_does():
    swedish, english = Wording("sv", "Europe/Stockholm"), Wording("en", "Europe/Stockholm")
    year = Window(date(2014, 1, 1), date(2014, 8, 25))
    assert swedish.period(None, year) == "hittills under 2014" and english.period(None, year) == "so far in 2014"
    assert swedish.period(28, year) == "på 28 dagar" and swedish.period(730, year) == "på 24 månader"
    assert swedish.number(12345) == "12\u00a0345" and english.number(12345) == "12,345"
    assert swedish.of_which(12, "phone", 0) == "12, ingen känd via telefon"
    assert [swedish.of_which(n, "phone", n) for n in (0, 1, 2)] == [
        "0, ingen känd via telefon", "1 via telefon", "2, alla via telefon",
    ]  # fmt: skip
    assert "i landet" not in swedish.rank(Rank("any", 3, 312, "members"))
    assert swedish.listing(["a", "b", "c"]) == "a, b och c" and english.listing(["a"]) == "a"


def test_plain_cuts_long_names_and_keeps_swedish_letters():
    assert plain("  Åäö \t AB ") == "Åäö AB"
    assert len(plain("x" * 500)) == 120


def test_a_bounce_address_names_its_mail_and_cannot_be_forged():
    key = "ab" * 32
    address = sign_bounce("studs@example.org", key, b"secret")
    assert len(address.partition("@")[0]) <= 64
    assert read_bounce(address, b"secret") == key[:24] and read_bounce(address.upper(), b"secret") is None
    assert read_bounce(address, b"other") is None
    assert read_bounce("studs@example.org", b"secret") is None


def test_no_mail_says_anything_when_nothing_happened():
    world = World().started()
    assert world.mails(world.run(9)) == []
    assert world.next().mails(world.run(9)) == []
