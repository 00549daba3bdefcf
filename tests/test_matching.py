"""From a mention to a member: precision first, doubt to a person."""

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from models.matching.companies import Companies, CompanyRow
from models.matching.matcher import Matcher
from models.matching.mention import KnownMember, KnownName, Mention
from models.matching.roles import split_roles
from models.words import Band, NameKind, Role


def number(nine: str) -> str:
    return nine + luhn.calc_check_digit(nine)


VELORA, KVARN, NORDFYR, SOLO = number("556111222"), number("559333444"), number("556777888"), number("800101123")
MEMBERS = [
    KnownMember(
        VELORA,
        VELORA,
        "Velora Energi AB",
        (
            KnownName(NameKind.BRAND, "Ljusklart"),
            KnownName(NameKind.DOMAIN, "velora.se"),
            KnownName(NameKind.PHONE, "08-123 45 67"),
            KnownName(NameKind.FORMER, "Gamla Elgrossen AB", None, date(2020, 12, 31)),
        ),
    ),
    KnownMember(KVARN, KVARN, "Kvarnströms Försäljning i Åmål AB"),
    KnownMember(NORDFYR, NORDFYR, "Nordfyr AB", (KnownName(NameKind.BRAND, "Fyrmobil"),)),
    KnownMember("EF0123456789", SOLO, "Maja Tornbergs Telefontjänst"),
]
MATCHER = Matcher(MEMBERS)


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ("Velora Energi AB", VELORA),
        ("VELORA ENERGI", VELORA),
        ("velora energi aktiebolag", VELORA),
        ("A.B. Velora Energi (publ)", VELORA),
        ("Energi Velora AB", VELORA),
        ("VeloraEnergi", VELORA),
        ("Velora-Energi", VELORA),
        ("Velora Energi Sverige AB", VELORA),
        ("Velora Energi Group", VELORA),
        ("Velora Energi Sveirge", VELORA),
        ("Velorra Energi", VELORA),
        ("Velora Enrgii", VELORA),
        ("Ve1ora Energi AB", VELORA),
        ("Kvarnstroms forsaljning i Amal", KVARN),
        ("Kvarnstroems Foersaeljning i Aamaal AB", KVARN),
        ("Kvarnströms Förs. i Åmål", KVARN),
        ("ljusklart", VELORA),
        ("Nordfyr", NORDFYR),
        ("info@velora.se", VELORA),
        (f"org.nr {VELORA[:6]}-{VELORA[6:]}", VELORA),
        ("ringde från 08-1234567", VELORA),
        ("Velora, tel 08-123 45 67", VELORA),
        ("Jag blev uppringd av Velora Energi som ville sälja el", VELORA),
        ("Anmälan mot Kvarnströms Försäljning i Åmål (obeställd vara)", KVARN),
    ],
)
def test_a_member_is_accepted_however_it_is_written(text: str, member: str) -> None:
    found = MATCHER.match(Mention(text))
    assert (found.member, found.band) == (member, Band.ACCEPT), found


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Velora Energi HB", "other-legal-form"),
        ("Ljusklart HB", "other-legal-form"),
        ("Velora Energi Norge AS", "other-legal-form"),
        ("Nordfyr Security AB", "says-more"),
        ("velora.com", "unlisted-domain"),
        ("velora-kundservice.se", "look-alike-domain"),
        ("Havsbro Media, 08-123 45 67", "phone-other-name"),
        ("Jag blev uppringd av Nordfyr Bredband igår", "says-more"),
        ("Gamla Elgrossen AB", "out-of-date"),
    ],
)
def test_doubt_goes_to_a_person_with_the_member_named(text: str, rule: str) -> None:
    found = MATCHER.match(Mention(text))
    assert (found.band, found.rule) == (Band.REVIEW, rule), found
    assert found.member is not None and found.candidates


@pytest.mark.parametrize(
    "text",
    [
        "Velora Bredband AB",
        "Kvarnströms Försäljning i Säffle AB",
        "Ranströms Försäljning i Åmål AB",
        "Försäljning",
        "Energi AB",
        "Sverige AB",
        "okänt företag",
        "Stockholm",
        "Lisa Kvarnström",
        "anna.velora@gmail.com",
        number("556000111"),
        "Telia",
    ],
)
def test_another_company_is_nobody_we_know(text: str) -> None:
    found = MATCHER.match(Mention(text))
    assert (found.member, found.band) == (None, Band.NONE), found


def test_a_valid_number_of_another_company_outweighs_the_name_beside_it() -> None:
    found = MATCHER.match(Mention(f"Velora Energi AB, {number('556000111')}"))
    assert (found.band, found.rule) == (Band.NONE, "org-number-of-another")


def test_a_mistyped_number_is_asked_about() -> None:
    wrong = VELORA[:-1] + str((int(VELORA[-1]) + 1) % 10)
    found = MATCHER.match(Mention(f"orgnr {wrong}"))
    assert (found.member, found.band, found.rule) == (VELORA, Band.REVIEW, "org-number-mistyped")


def test_a_number_given_in_its_own_field_decides() -> None:
    assert MATCHER.match(Mention("okänt", org_number=NORDFYR)).member == NORDFYR


def test_a_sole_trader_is_known_by_its_mask_and_its_number_stays_out_of_the_details() -> None:
    assert MATCHER.match(Mention("", org_number="EF0123456789")).member == "EF0123456789"
    found = MATCHER.match(Mention(f"{SOLO[:6]}-{SOLO[6:]}"))
    assert found.member == "EF0123456789"
    assert SOLO not in json.dumps(found.details) + found.why


def test_a_former_name_holds_only_while_it_was_the_members() -> None:
    assert MATCHER.match(Mention("Gamla Elgrossen", on=date(2019, 5, 1))).band is Band.ACCEPT
    assert MATCHER.match(Mention("Gamla Elgrossen", on=date(2021, 5, 1))).band is Band.REVIEW


def test_a_name_that_moved_belongs_to_who_had_it_on_the_day() -> None:
    one = KnownMember(VELORA, VELORA, "Velora AB", (KnownName(NameKind.BRAND, "Gnistan", None, date(2022, 6, 30)),))
    two = KnownMember(KVARN, KVARN, "Kvarn AB", (KnownName(NameKind.BRAND, "Gnistan", date(2022, 7, 1)),))
    matcher = Matcher([one, two])
    assert matcher.match(Mention("Gnistan", on=date(2022, 6, 1))).member == VELORA
    assert matcher.match(Mention("Gnistan", on=date(2022, 8, 1))).member == KVARN
    assert matcher.contested == []


@pytest.mark.parametrize("kind", [NameKind.BRAND, NameKind.DOMAIN, NameKind.PHONE])
def test_what_two_members_claim_for_the_same_time_decides_nothing_and_is_listed(kind: NameKind) -> None:
    value = {NameKind.BRAND: "Gnistan", NameKind.DOMAIN: "gnistan.se", NameKind.PHONE: "08-765 43 21"}[kind]
    matcher = Matcher(
        [
            KnownMember(VELORA, VELORA, "Velora AB", (KnownName(kind, value),)),
            KnownMember(KVARN, KVARN, "Kvarn AB", (KnownName(kind, value),)),
        ]
    )
    found = matcher.match(Mention(value))
    assert (found.member, found.band) == (None, Band.REVIEW)
    assert {candidate.member for candidate in found.candidates} == {VELORA, KVARN}
    assert [contested.members for contested in matcher.contested] == [tuple(sorted((VELORA, KVARN)))]


def test_a_country_word_tells_where_only_a_trade_is_shared() -> None:
    matcher = Matcher([KnownMember(VELORA, VELORA, "Nordic Energi AB"), KnownMember(KVARN, KVARN, "PA Försäkring AB")])
    assert matcher.match(Mention("Nordisk Energi AB")).band is not Band.ACCEPT
    assert matcher.match(Mention("Nordic Försäkring Sweden AB")).band is not Band.ACCEPT
    assert matcher.match(Mention("PA Försäkring")).member == KVARN


LIVED = Matcher(
    [
        KnownMember(VELORA, VELORA, "Tymensera Telecom AB", (KnownName(NameKind.PHONE, "08-555 12 300"),)),
        KnownMember(KVARN, KVARN, "3Klöver Media AB"),
        KnownMember(NORDFYR, NORDFYR, "Nattugglan 24 Callcenter AB"),
    ]
)


@pytest.mark.parametrize(
    ("text", "member", "band"),
    [
        ("4Klöver Media AB", None, Band.NONE),
        ("3 Klover media", KVARN, Band.ACCEPT),
        ("Nattugglan Callcenter AB", NORDFYR, Band.REVIEW),
        ("Nattugglan 25 Callcenter AB", None, Band.NONE),
        ("Tymensera Telecom AB, Storgatan 1, 111 22 Stockholm", VELORA, Band.ACCEPT),
        ("Tymensera Telecom AB Box 123 Stockholm", VELORA, Band.REVIEW),
        ("Tymensera Telecom AB, Fyrvakten Media 2 AB", None, Band.NONE),
        ("Kvinna som sa att hon ringde från Tymensera och ville sälja abonnemang", VELORA, Band.REVIEW),
        ("08.555.12.300", VELORA, Band.ACCEPT),
        ("46855512300", VELORA, Band.ACCEPT),
        ("08\u2013555\u00a012\u00a0300", VELORA, Band.ACCEPT),
    ],
)
def test_names_as_complaints_write_them(text: str, member: str | None, band: Band) -> None:
    found = LIVED.match(Mention(text))
    assert (found.member, found.band) == (member, band), found


def test_two_members_of_one_name_are_told_apart_by_their_legal_forms_alone() -> None:
    matcher = Matcher([KnownMember(VELORA, VELORA, "Nordfyr AB"), KnownMember(KVARN, KVARN, "Nordfyr HB")])
    assert matcher.match(Mention("Nordfyr AB")).member == VELORA
    assert matcher.match(Mention("nordfyr handelsbolag")).member == KVARN
    bare = matcher.match(Mention("Nordfyr"))
    assert (bare.member, bare.band) == (None, Band.REVIEW)


def test_a_short_name_that_two_members_begin_with_is_not_settled() -> None:
    matcher = Matcher([KnownMember(VELORA, VELORA, "Zorvik Tak AB"), KnownMember(KVARN, KVARN, "Zorvik Golv AB")])
    assert matcher.match(Mention("Zorvik")).band is not Band.ACCEPT
    alone = Matcher([KnownMember(VELORA, VELORA, "Zorvik Tak AB"), KnownMember(KVARN, KVARN, "Kvarn AB")])
    assert alone.match(Mention("Zorvik")).member == VELORA


def companies(*names: str) -> Companies:
    return Companies(CompanyRow(number(f"55600{at:04}"), (name,)) for at, name in enumerate(names))


def test_the_nearest_name_wins_even_when_it_is_no_members() -> None:
    known = Matcher(MEMBERS, companies("Velorra Energi AB", "Energi i Norr AB"))
    found = known.match(Mention("Velorra Energi"))
    assert (found.member, found.band) == (None, Band.NONE)
    assert "Velorra Energi AB" in found.why


WEAK_NAMES = Matcher(
    [
        KnownMember(VELORA, VELORA, "Nordic Flytt AB"),
        KnownMember(KVARN, KVARN, "Nanorto Group AB"),
        KnownMember(NORDFYR, NORDFYR, "Tirvana Solel Kalmar AB"),
    ]
)


@pytest.mark.parametrize("text", ["Gävle Flytt AB", "Flytt i Norr AB", "Svenska Flytt"])
def test_a_trade_that_two_names_share_is_no_reason_to_ask(text: str) -> None:
    assert WEAK_NAMES.match(Mention(text)).band is Band.NONE


@pytest.mark.parametrize("text", ["Nanorto Grou", "Nanorto Gropu AB", "NANORTO GRUOP"])
def test_a_names_own_group_word_misspelt_is_no_further_word(text: str) -> None:
    assert WEAK_NAMES.match(Mention(text)).member == KVARN


def test_a_word_of_its_own_and_the_first_letters_of_the_rest_name_a_company() -> None:
    assert WEAK_NAMES.match(Mention("Tirvana SK AB")).band is Band.ACCEPT
    assert WEAK_NAMES.match(Mention("Tirvana SB AB")).band is not Band.ACCEPT


def test_as_near_to_a_non_member_goes_to_a_person() -> None:
    found = Matcher(MEMBERS, companies("Velorta Energi AB")).match(Mention("Velorra Energi"))
    assert found.band is Band.REVIEW
    assert "Velorta Energi AB" in found.why


def test_a_name_that_another_company_shares_is_told_apart_by_its_legal_form() -> None:
    known = Matcher(MEMBERS, companies("Nordfyr HB"))
    assert known.match(Mention("Nordfyr AB")).band is Band.ACCEPT
    assert known.match(Mention("Nordfyr")).band is Band.REVIEW
    assert known.match(Mention("Nordfyr HB")).band is not Band.ACCEPT


def test_the_members_own_row_in_the_companies_file_does_not_compete() -> None:
    rows = [CompanyRow(VELORA, ("Velora Energi AB", "Ljusklart")), CompanyRow("", ("Nordfyr AB",))]
    known = Matcher(MEMBERS, Companies(rows))
    assert known.match(Mention("Velora Energi AB")).band is Band.ACCEPT
    assert known.match(Mention("Nordfyr AB")).band is Band.ACCEPT


def test_a_short_name_that_another_company_has_too_is_not_settled() -> None:
    members = [KnownMember(VELORA, VELORA, "Zorvik Tak AB")]
    assert Matcher(members, companies("Zorvik Golv AB")).match(Mention("Zorvik")).band is Band.REVIEW


def test_closed_companies_stop_competing_a_year_after() -> None:
    row = CompanyRow(number("556000999"), ("Nordfyr HB",), date(2015, 1, 1))
    known = Matcher(MEMBERS, Companies([row]))
    assert known.match(Mention("Nordfyr", on=date(2024, 1, 1))).band is Band.ACCEPT
    assert known.match(Mention("Nordfyr", on=date(2015, 6, 1))).band is Band.REVIEW


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Nordfyr på uppdrag av Velora Energi", [("Nordfyr", Role.CALLER), ("Velora Energi", Role.PRINCIPAL)]),
        ("Nordfyr AB (återförsäljare för Velora)", [("Nordfyr AB", Role.CALLER), ("Velora", Role.PRINCIPAL)]),
        ("Nordfyr för Veloras räkning", [("Nordfyr", Role.CALLER), ("Velora", Role.PRINCIPAL)]),
        ("Nordfyr ringer å Velora vägnar", [("Nordfyr", Role.CALLER), ("Velora", Role.PRINCIPAL)]),
        ("Nordfyr, partner till Velora", [("Nordfyr", Role.CALLER), ("Velora", Role.PRINCIPAL)]),
        ("Nordfyr on behalf of Velora", [("Nordfyr", Role.CALLER), ("Velora", Role.PRINCIPAL)]),
        ("Velora via Nordfyr", [("Velora", Role.PRINCIPAL), ("Nordfyr", Role.CALLER)]),
        ("Försäkring för alla AB", [("Försäkring för alla AB", Role.RESPONDENT)]),
    ],
)
def test_seller_and_principal_are_told_apart(text: str, parts: list[tuple[str, Role]]) -> None:
    assert split_roles(text) == parts


def test_the_sellers_words_never_match_the_principal() -> None:
    found = MATCHER.match(Mention("Velora Media AB på uppdrag av Havsbro Energi AB"))
    assert found.band is not Band.ACCEPT
    found = MATCHER.match(Mention("Okänt Säljbolag AB på uppdrag av Velora Energi AB"))
    assert (found.member, found.details["role"]) == (VELORA, "principal")


def test_the_explanation_is_complete_and_can_be_stored() -> None:
    found = MATCHER.match(Mention("Velorra Energi"))
    stored = json.loads(json.dumps(found.details))
    assert stored["name"] == "Velora Energi AB"
    assert {"written": "velorra", "meant": "velora", "kind": "slip", "cost": 0.5} in stored["alignment"]
    assert found.why.startswith("Reads as Velora Energi AB")


def test_the_version_follows_the_register_and_the_companies() -> None:
    again = Matcher(list(reversed(MEMBERS)))
    assert again.version == MATCHER.version
    assert Matcher(MEMBERS[:2]).version != MATCHER.version
    assert Matcher(MEMBERS, companies("Velorta AB")).version != MATCHER.version


RIGHT_TO_LEFT = "\u05e9\u05dc\u05d5\u05dd "
SMILE = "\U0001f600"
BAD = [
    *("", "   ", "AB HB KB", "AB", "Aktiebolag", "1234567", "\ud800x"),
    *("a" * 10_000, RIGHT_TO_LEFT * 2_000, SMILE * 5_000, "\x00\x01\x02" * 3_000, "\u202e" + "abc" * 3_000),
    *("ord " * 5_000, "1 2 3 " * 1_500, "a.b." * 2_500, "-" * 10_000, "((" * 5_000, "@" * 10_000),
    *("för " * 2_500, "jag " * 2_500 + "Velora", "Velora " * 1_400, "556677-" * 1_400),
]


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_bad_input_gets_an_answer_and_nobody(text: str) -> None:
    found = MATCHER.match(Mention(text))
    assert found.band is not Band.ACCEPT and found.why


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gets_an_answer_that_keeps_its_promises(text: str) -> None:
    found = MATCHER.match(Mention(text))
    assert 0 <= found.score <= 1
    assert found.why and found.rule
    assert found.band is not Band.ACCEPT or found.member is not None
    json.dumps(found.details)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(MEMBERS), st.sampled_from(["{}", " {} ", "{} ", "“{}”", "({})"]), st.booleans())
def test_the_members_own_legal_name_is_always_accepted(known: KnownMember, around: str, upper: bool) -> None:
    name = known.legal_name.upper() if upper else known.legal_name
    assert MATCHER.match(Mention(around.format(name))).member == known.member


def test_an_english_and_a_norwegian_register_work_too() -> None:
    matcher = Matcher(
        [
            KnownMember(VELORA, VELORA, "Brambleford Joinery Ltd"),
            KnownMember(KVARN, KVARN, "Fjellvidde Varmepumpe AS"),
            KnownMember(NORDFYR, NORDFYR, "Quillstone Holdings plc"),
        ]
    )
    assert matcher.match(Mention("BRAMBLEFORD JOINERY LIMITED")).member == VELORA
    assert matcher.match(Mention("Bramblefrod Joinery")).member == VELORA
    assert matcher.match(Mention("Quillstone plc")).member == NORDFYR
    assert matcher.match(Mention("Fjellvide Varmepumpe A/S")).member == KVARN
    assert matcher.match(Mention("Brambleford Roofing Ltd")).band is Band.NONE
    assert matcher.match(Mention("Fjellvidde Varmepumpe Sverige AB")).band is Band.REVIEW
