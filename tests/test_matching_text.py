"""Members named in tips, and companies named in decisions."""

import time
from datetime import date

import pytest
from stdnum import luhn

from models.matching.decisions import mentions_in_decision
from models.matching.matcher import Matcher
from models.matching.mention import FoundInText, KnownMember, KnownName
from models.words import Band, NameKind, Role


def number(nine: str) -> str:
    return nine + luhn.calc_check_digit(nine)


VELORA, TRIO, VIAFON, HEMNAT = number("556111222"), number("559333444"), number("556777888"), number("556999000")
VELORA_NAMES = (
    KnownName(NameKind.BRAND, "Velora"),
    KnownName(NameKind.PHONE, "08-123 45 67"),
    KnownName(NameKind.DOMAIN, "velora.se"),
)
FORMER = KnownName(NameKind.FORMER, "Samtalsbolaget Ringo AB", None, date(2020, 1, 1))
MATCHER = Matcher(
    [
        KnownMember(VELORA, VELORA, "Velora Energi AB", VELORA_NAMES),
        KnownMember(TRIO, TRIO, "Trekanten Access AB", (KnownName(NameKind.BRAND, "Fyra"),)),
        KnownMember(VIAFON, VIAFON, "Ringfon Sweden AB", (FORMER,)),
        KnownMember(HEMNAT, HEMNAT, "Hem Nät AB"),
    ]
)


def found_in(text: str) -> list[tuple[str, str, Band, Role]]:
    return [(found.member, found.text, found.band, found.role) for found in MATCHER.find_in_text(text)]


def only(text: str) -> FoundInText:
    (found,) = MATCHER.find_in_text(text)
    return found


def test_a_full_name_in_a_tip_is_accepted_where_it_stands() -> None:
    text = "Hej! Jag blev uppringd av Velora Energi den 3 maj och sade nej."
    found = only(text)
    assert (found.member, found.band, text[found.start : found.end]) == (VELORA, Band.ACCEPT, "Velora Energi")


@pytest.mark.parametrize("text", ["Velora Energis kundtjänst svarar inte", "Velora Energi:s faktura kom i går"])
def test_a_genitive_is_still_the_name(text: str) -> None:
    assert (only(text).member, only(text).band) == (VELORA, Band.ACCEPT)


def test_written_together_is_still_the_name() -> None:
    assert only("HemNät har lurat mig").member == HEMNAT


def test_who_called_for_whom_is_told_apart() -> None:
    assert found_in("Ringfon ringde på uppdrag av Velora Energi. De var påstridiga.") == [
        (VIAFON, "Ringfon", Band.ACCEPT, Role.CALLER),
        (VELORA, "Velora Energi", Band.ACCEPT, Role.PRINCIPAL),
    ]


def test_what_a_caller_claims_to_be_is_only_a_claim() -> None:
    found = only("De sa att de var från Velora Energi, men det stämmer inte.")
    assert (found.role, found.band) == (Role.CALLER, Band.REVIEW)
    assert "only said so" in found.why


def test_a_phone_number_in_a_tip_is_never_more_than_doubt() -> None:
    assert (only("Numret var 08-1234567").band, only("Numret var 08-1234567").rule) == (Band.REVIEW, "phone")


def test_an_address_and_an_organisation_number_tell() -> None:
    assert only("Mejlet kom från order@velora.se").band is Band.ACCEPT
    assert only(f"På avtalet stod {VELORA[:6]}-{VELORA[6:]}").band is Band.ACCEPT


def test_a_name_that_goes_on_is_another_companys_until_somebody_says() -> None:
    assert only("Velora Energi Nord AB ringde").band is Band.REVIEW


def test_a_misspelt_name_goes_to_a_person() -> None:
    assert (only("Vellora Energi ringde mig").member, only("Vellora Energi ringde mig").band) == (VELORA, Band.REVIEW)


def test_a_brand_that_is_a_common_word_goes_to_a_person_and_only_where_a_company_is_due() -> None:
    assert only("En säljare från fyra ringde").band is Band.REVIEW
    assert found_in("de ringde fyra gånger") == []


def test_a_former_name_after_its_time_goes_to_a_person() -> None:
    assert MATCHER.find_in_text("Samtalsbolaget Ringo ringde", date(2019, 1, 1))[0].band is Band.ACCEPT
    assert MATCHER.find_in_text("Samtalsbolaget Ringo ringde", date(2022, 1, 1))[0].band is Band.REVIEW


def test_a_text_without_members_names_nobody() -> None:
    assert (
        found_in("Jag blev uppringd av Havsbro Media AB om ett lotteri. Energi är dyrt. Hem till mig kom ingen.") == []
    )


@pytest.mark.parametrize("unit", ["a", "ord ", "Velora ", "Aa Bb ", "1 2 ", "a.b.", "-", "\x00", "\U0001f600", "0 "])
def test_long_texts_are_read_in_linear_time(unit: str) -> None:
    start = time.perf_counter()
    MATCHER.find_in_text(unit * (20_000 // len(unit)))
    assert time.perf_counter() - start < 1.5


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("Mannen utgav sig för att ringa från Velora Energi och lurade mig.", "only said so"),
        ("Det var inte Velora Energi som ringde mig.", "not them"),
        ("Det var kanske Velora Energi som ringde mig.", "not sure"),
        ("Jag läste i tidningen att Velora Energi lurar folk.", "read or heard"),
        ("Vi på Velora Energi får samtal från en bluffare.", "speaks for the company"),
        ("Jag har bytt från Velora Energi och nu ringer en annan.", "the one they left"),
        ("Velora Energi ringde och var jättetrevliga, mer sånt!", "complains of nothing"),
        ("Är det sant att Velora Energi är med hos er?", "complains of nothing"),
    ],
)
def test_what_a_sentence_doubts_goes_to_a_person(text: str, doubt: str) -> None:
    found = only(text)
    assert (found.member, found.band) == (VELORA, Band.REVIEW)
    assert doubt in found.why


@pytest.mark.parametrize(
    "text",
    [
        "Velora-säljarna ringer jämt",
        "Veloraavtalet går inte att säga upp",
        "Familjen bor på Velora 4 och ringde mig",
        "Veloras vårdcentral ringde mig",
        "Förskolan Velora ringde mig",
        "Sidan velora-support.example ville ha mina koder",
    ],
)
def test_a_name_that_may_be_something_else_is_never_more_than_doubt(text: str) -> None:
    assert [(found.member, found.band) for found in MATCHER.find_in_text(text)] in ([], [(VELORA, Band.REVIEW)])


def test_a_name_broken_over_two_lines_is_still_the_name() -> None:
    assert only("Klagomål\nJag blev uppringd av Velora\nEnergi igen.").band is Band.ACCEPT


def test_a_doubt_in_one_sentence_holds_for_the_whole_tip() -> None:
    bands = {found.band for found in MATCHER.find_in_text("Velora Energi\nVelora Energi ringde. Det var inte Velora.")}
    assert bands == {Band.REVIEW}


CALLER, PRINCIPAL, LIST, TECH = Role.CALLER, Role.PRINCIPAL, Role.LIST_SUPPLIER, Role.TECH_VENDOR
DECISIONS = [
    ("Fyra", "Bolaget uppger att samtalet ringdes av återförsäljaren Vigge Mobil.", [("Vigge Mobil", CALLER)]),
    ("Byalotten", "Bolaget har anlitat Stadssälj Sverige AB för samtalen.", [("Stadssälj Sverige AB", CALLER)]),
    ("Hem Nät", "Samtalet gjordes av bolagets partner Ringfon.", [("Ringfon", CALLER)]),
    ("Hem Nät", "Den som ringde var Hubbo AB, som nu är i konkurs.", [("Hubbo AB", CALLER)]),
    ("Trekanten", "De ringdes upp av Snabb talk och eSales.", [("Snabb talk", CALLER), ("eSales", CALLER)]),
    ("Viking", "Samtalet utfördes av ett callcenter, Ringhjälpen i Norr AB.", [("Ringhjälpen i Norr AB", CALLER)]),
    ("Ringfokus", "Ringfokus är återförsäljare av Nordtele Sverige AB.", [("Nordtele Sverige AB", PRINCIPAL)]),
    ("Ringfokus", "Bolaget ringde på uppdrag av Hem Nät.", [("Hem Nät", PRINCIPAL)]),
    ("Ringfokus", "Bolaget ringer för Bredbandskompaniets räkning.", [("Bredbandskompaniet", PRINCIPAL)]),
    ("Byalotten", "Lotteriet drivs av Nymedia Sverige AB.", [("Nymedia Sverige AB", PRINCIPAL)]),
    ("Nyckel AB", "Nyckel AB sålde abonnemang för Nordtele AB.", [("Nordtele AB", PRINCIPAL)]),
    ("Nyckel AB", "Telefonnumret har köpts in från Adressgruppen AB.", [("Adressgruppen AB", LIST)]),
    ("Nyckel AB", "Uppringningssystemet levereras av Dialteknik AB.", [("Dialteknik AB", TECH)]),
]


@pytest.mark.parametrize(("respondent", "body", "expected"), DECISIONS)
def test_a_decisions_text_tells_who_called_and_for_whom(
    respondent: str, body: str, expected: list[tuple[str, Role]]
) -> None:
    found = mentions_in_decision(body, respondent)
    assert [(mention.text, mention.role) for mention in found] == expected
    assert all(mention.sentence for mention in found)


def test_the_respondent_and_the_authorities_are_not_mentions() -> None:
    body = (
        "Konsumenten kontaktades av Nyckel AB trots spärr i NIX-Telefon. Konsumentverket har yttrat sig. "
        "Samtalet ringdes av Nyckel. DM-nämnden finner att bolaget på uppdrag av en kund brutit mot god sed."
    )
    assert mentions_in_decision(body, "Nyckel AB") == []


@pytest.mark.parametrize("unit", ["A", "Bolaget ", "Aa Bb ", "ringde av ", "numret ", "A-", "utfördes av en "])
def test_long_decisions_are_read_in_linear_time(unit: str) -> None:
    start = time.perf_counter()
    mentions_in_decision(unit * (60_000 // len(unit)), "X AB")
    assert time.perf_counter() - start < 1.5


@pytest.mark.parametrize(
    ("sentence", "role"),
    [
        ("Kontakten togs av Viktfri Sälj AB.", Role.CALLER),
        ("Samtalet togs av den externa partnern Viktfri Sälj AB.", Role.CALLER),
        ("Uppdraget kom från Viktfri Sälj AB.", Role.PRINCIPAL),
        ("Säljaren erbjöd abonnemang från Viktfri Sälj AB.", Role.PRINCIPAL),
        ("Bolaget sålde då abonnemang åt Viktfri Sälj AB.", Role.PRINCIPAL),
    ],
)
def test_who_called_and_for_whom_is_read_from_plain_sentences(sentence: str, role: Role) -> None:
    body = f"Nämnden finner att god sed har brutits. {sentence}"
    assert [(one.text, one.role) for one in mentions_in_decision(body, "Nyckel AB")] == [("Viktfri Sälj AB", role)]
