"""What is masked before anything is stored, and what has to stay so that a member can be found."""

import hashlib
import hmac
import time

import pytest

from sources.inbox.privacy import find_senders, is_private, mask_text

KEY = b"en nyckel"


def mask(text: str, **people: list[str]) -> str:
    return mask_text(text, KEY, **people).text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Ring 070-174 06 05 nu", "Ring [telefon] nu"),
        ("från 08-465 004 12.", "från [telefon]."),
        ("+46 (0)8 465 004 12", "[telefon]"),
        ("0046701740605", "[telefon]"),
        ("46701740605", "[telefon]"),
        ("(070) 174 06 05", "[telefon]"),
        ("Solvik (070-174 06 05) ringde", "Solvik ([telefon]) ringde"),
        ("(8112189876)", "([personnummer])"),
        ("tel. 556 12 34", "tel. [telefon]"),
        ("nummer 0771-123 456", "nummer [telefon]"),
        ("811218-9876", "[personnummer]"),
        ("19811218-9876", "[personnummer]"),
        ("198112189876", "[personnummer]"),
        ("8112189876", "[personnummer]"),
        ("811218-XXXX", "[personnummer]"),
        ("811278-9873", "[personnummer]"),
        ("Född 1981-12-18 i Lund", "Född [personnummer] i Lund"),
        ("640823+3234", "[personnummer]"),
        ("1964-08-23-3234 och 1964 08 23 3234", "[personnummer] och [personnummer]"),
        ("pnr: 64 08 23 32 34", "pnr: [personnummer]"),
        ("pnr640823\u20113234", "pnr[personnummer]"),
        ("mitt nummer är 1740645", "mitt nummer är [telefon]"),
        ("\uff10\uff17\uff10-\uff11\uff17\uff14 \uff10\uff16 \uff14\uff15", "[telefon]"),
        ("070\u200b174\u200b06\u200b45", "[telefon]"),
        ("tora\u200b.myt@gmail.com", "[e-post]"),
        ("tora.myt (at) gmail.com", "[e-post]"),
        ("tora [at] solvik-el punkt se", "[e-post]@solvik-el.se"),
        ("bor på Stora Nygatan 12 B, 411 08 Göteborg", "bor på [adress], [postadress]"),
        ("Ekvägen 3", "[adress]"),
        ("12 kr", "12 kr"),
        ("kort 4111 1111 1111 1111", "kort [kortnummer]"),
        ("SE45 5000 0000 0583 9825 7466", "[kontonummer]"),
        ("tora.myt@gmail.com", "[e-post]"),
        ("tora.myt@solvik-el.se", "[e-post]@solvik-el.se"),
        ("kundtjänst@solvik-el.se", "kundtjänst@solvik-el.se"),
        ("https://www.solvik-el.se/avtal?kund=tora@x.se#1", "www.solvik-el.se"),
    ],
)
def test_personal_data_becomes_a_token(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Org.nr 559021-6296",
        "Solvik (559021-6296) ringde",
        "(den 2026-05-03)",
        "(2026-05-03)",
        "5567794218",
        "165592181308",
        "SE556750192801",
        "Faktura 2403121 på 1 299 kr",
        "den 2026-05-03 klockan 10.30",
        "3/5-2026",
        "mål PMT 12325-16",
        "ärende 17-060",
        "Kl 08.00. 12 345 kr",
        "solvik-el.se ringde",
        "NIX-registret sedan 2019",
        "2026-01-15 1430",
        "Faktura 1999 01 15 1200 kr",
        "order 26 01 15 1234",
        "punkt (a) nästa.vecka",
    ],
)
def test_what_says_which_company_or_matter_stays(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("jag heter Tora Myt och bor här", "jag heter [namn] och bor här"),
        ("Säljaren hette Johan och ringde från Solvik", "Säljaren hette [namn] och ringde från Solvik"),
        ("min gamla mamma Greta blev lurad", "min gamla mamma [namn] blev lurad"),
        ("Per Svensson, säljare", "[namn], säljare"),
        ("Anna Maria Ek ringde", "[namn] ringde"),
        ("Greta Myt Greta Myt ringde", "[namn] [namn] ringde"),
        ("My name is John Doe and", "My name is [namn] and"),
        ("Namn: tora myt\nÄrende: el", "Namn: [namn]\nÄrende: el"),
    ],
)
def test_names_of_persons_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Erik Olsson Bygg AB ringde",
        "Anders Andersson AB",
        "Solvik Energi Sverige AB",
        "Anna Mobil ringde",
        "företaget heter Nordkontakt",
        "Telefonhuset Norrsken AB på uppdrag av Västanvik Fiber",
        "Påhittssons Telefontjänst",
    ],
)
def test_names_of_companies_stay(text: str) -> None:
    assert mask(text) == text


def test_the_senders_own_name_is_masked_however_it_is_written() -> None:
    text = "hälsar tora myt. Myt, Tora. TORA igen. Toras dator. Myts Energi AB ringde."
    assert (
        mask(text, persons=["Tora Myt"]) == "hälsar [namn]. [namn]. [namn] igen. [namn] dator. Myts Energi AB ringde."
    )


def test_a_company_that_writes_is_no_person() -> None:
    assert is_private("Tora Myt", "tora@brev.example")
    assert not is_private("Solvik Energi", "tora@solvik.example")
    assert not is_private("Solvik Nu", "info@solvik.example")
    assert not is_private("", "tora@brev.example")


def test_the_sender_of_a_forwarded_mail_is_masked_only_when_it_is_a_person() -> None:
    text = "Från: Tora Myt <tora.myt@brev.example>\nFrån: Polarprat Nu <avtal@polarprat.example>\n"
    assert find_senders(text) == ["Tora Myt"]


def test_hashes_are_those_of_e164_and_lower_case() -> None:
    masked = mask_text("070-174 06 05, +46 70 174 06 05 och Tora.Myt@Gmail.com", KEY)
    assert masked.phones == (hmac.new(KEY, b"+46701740605", hashlib.sha256).hexdigest(),)
    assert masked.emails == (hmac.new(KEY, b"tora.myt@gmail.com", hashlib.sha256).hexdigest(),)


def test_numbers_and_domains_of_companies_are_kept_as_facts() -> None:
    masked = mask_text("559021-6296, 811218-9876, kund@mail.solvik-el.se och www.norrsken-tele.se/x", KEY)
    assert masked.domains == ("norrsken-tele.se", "solvik-el.se")
    company, person = masked.numbers
    assert company == "5590216296"
    assert person.startswith("EF") and "811218" not in person


def test_the_senders_own_address_is_no_fact() -> None:
    masked = mask_text("Svara till tora@solvik-el.se", KEY, addresses=["tora@solvik-el.se"])
    assert (masked.text, masked.emails, masked.domains) == ("Svara till [e-post]", (), ())


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "a@", "Anna ", "www.", "Aa", "SE12 ", "x@a.b.c.d", "((", "född ", "Namn: \n"]
)
def test_masking_is_linear_in_the_text(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    started = time.process_time()
    mask(text, persons=["Tora Myt"])
    assert time.process_time() - started < 1.5
