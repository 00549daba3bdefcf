"""Organisation numbers, phones and domains in any text."""

import time

import pytest
from stdnum import luhn

from models.members.identifiers import (
    find_domains,
    find_org_numbers,
    find_phones,
    has_free_host,
    read_domain,
    read_phone,
)

NUMBER = "556999123" + luhn.calc_check_digit("556999123")
WRITTEN = f"{NUMBER[:6]}-{NUMBER[6:]}"


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN,
        NUMBER,
        f"{NUMBER[:6]} {NUMBER[6:]}",
        f"{NUMBER[:6]} - {NUMBER[6:]}",
        f"{NUMBER[:6]}–{NUMBER[6:]}",
        f"16{WRITTEN}",
        f"SE{NUMBER}01",
        f"Bolaget (org.nr {WRITTEN}) ringde",
        f"orgnr: {WRITTEN}, tel 08-123 45 67",
    ],
)
def test_an_organisation_number_is_read_however_it_is_written(text: str) -> None:
    assert [(found.value, found.valid) for found in find_org_numbers(text)] == [(NUMBER, True)]


def test_a_wrong_check_digit_is_told_and_not_corrected() -> None:
    wrong = WRITTEN[:-1] + str((int(WRITTEN[-1]) + 1) % 10)
    assert [found.valid for found in find_org_numbers(wrong)] == [False]


@pytest.mark.parametrize("text", ["0701234567", "0724356159", "2026-08-25", "112", "5569991", "1234567890123456"])
def test_what_is_no_organisation_number_is_not_read_as_one(text: str) -> None:
    assert find_org_numbers(text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ringde från 08-123 45 67", "+4681234567"),
        ("+46 (0)8 123 45 67", "+4681234567"),
        ("004681234567", "+4681234567"),
        ("08/1234567", "+4681234567"),
        ("070-123 45 67 flera gånger", "+46701234567"),
        ("+47 22 12 34 56", "+4722123456"),
    ],
)
def test_a_phone_number_becomes_e164(text: str, number: str) -> None:
    assert [found.value for found in find_phones(text)] == [number]


def test_a_phone_number_stands_where_it_was_found() -> None:
    text = "Ring 08-123 45 67 nu"
    found = find_phones(text)[0]
    assert text[found.start : found.end] == "08-123 45 67"


@pytest.mark.parametrize("text", ["hemligt nummer", "0", "+", "951677xxxx", ""])
def test_what_is_no_phone_number_is_none(text: str) -> None:
    assert read_phone(text) is None


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("info@mail.exempelbolag.se", "exempelbolag.se"),
        ("https://www.exempelbolag.se/kontakt?x=1", "exempelbolag.se"),
        ("Exempelbolag.SE.", "exempelbolag.se"),
        ("butik.exempel.co.uk", "exempel.co.uk"),
        ("www.xn--hrsel-jua.se", "hörsel.se"),
    ],
)
def test_a_domain_is_cut_to_what_somebody_registered(text: str, domain: str) -> None:
    assert [found.value for found in find_domains(text)] == [domain]


@pytest.mark.parametrize(
    "text", ["anna@gmail.com", "facebook.com/bolaget", "a.b.", "version 3.11", "f.d. chef", "igår.Jag"]
)
def test_free_mail_and_plain_words_are_no_company_domain(text: str) -> None:
    assert find_domains(text) == []


def test_a_free_host_is_known_as_one() -> None:
    assert has_free_host("skriv till anna@hotmail.com")
    assert not has_free_host("skriv till info@exempelbolag.se")


def test_a_domain_that_no_registry_knows_is_none() -> None:
    assert read_domain("hej.dittochdatt") is None


@pytest.mark.parametrize("unit", ["a", "a.", "1", "1 ", "+0", "0 ", "@.", "556677-", "SE5"])
def test_long_texts_are_read_in_linear_time(unit: str) -> None:
    text = unit * (20_000 // len(unit))
    start = time.perf_counter()
    find_org_numbers(text), find_phones(text), find_domains(text)
    assert time.perf_counter() - start < 0.25
