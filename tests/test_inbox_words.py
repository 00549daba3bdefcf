"""Whose words are whose in a mail, and what they tell for sure about channel and day."""

import time
from datetime import date

import pytest

from models.words import Channel
from sources.inbox.clues import find_channel
from sources.inbox.days import find_event_date, find_written_on
from sources.inbox.quoting import read_subject, split_words

NEW = "Nu har de ringt igen."
OLD = "De ringde mig i maj."

# How twelve Swedish clients (and some English) set what was there before: reply or forward, and the text.
REPLIES = {
    "gmail": f"{NEW}\n\nDen mån 3 maj 2027 kl 10:12 skrev Tora Myt <tora@brev.example>:\n\n> {OLD}\n",
    "gmail, wrapped": (
        f"{NEW}\n\nDen mån 3 maj 2027 kl 10:12 skrev Tora Myt med långt namn <\ntora@brev.example>:\n> {OLD}"
    ),
    "outlook": (
        f"{NEW}\n\nFrån: Tora Myt <tora@brev.example>\nSkickat: den 3 maj 2027 10:12\nTill: Kalle\nÄmne: El\n\n{OLD}"
    ),
    "outlook, old": (
        f"{NEW}\n-----Ursprungligt meddelande-----\nFrån: Tora\nSkickat: den 3 maj 2027\nTill: K\nÄmne: E\n\n{OLD}"
    ),
    "outlook, web": (
        f"{NEW}\n\nHämta Outlook för iOS\n________________________________\nFrån: Tora <t@b.example>\n"
        f"Skickat: den 3 maj 2027 10:12:00\nTill: Kalle\nÄmne: El\n\n{OLD}"
    ),
    "apple": f"{NEW}\n\n> 3 maj 2027 kl. 10:12 skrev Tora Myt <tora@brev.example>:\n> \n> {OLD}",
    "iphone": (
        f"{NEW}\n\nSkickat från min iPhone\n\n3 maj 2027 kl. 10:12 skrev Tora Myt <tora@brev.example>:\n\n> {OLD}"
    ),
    "thunderbird": f"{NEW}\n\nDen 2027-05-03 kl. 10:12, skrev Tora Myt:\n> {OLD}\n",
    "samsung": (
        f"{NEW}\n\n-------- Originalmeddelande --------\nFrån: Tora\nDatum: 2027-05-03\nTill: K\nÄmne: E\n\n{OLD}"
    ),
    "gmail, english": f"{NEW}\n\nOn Mon, May 3, 2027 at 10:12 AM Tora Myt <tora@brev.example> wrote:\n> {OLD}",
    "outlook, english": (
        f"{NEW}\n\n-----Original Message-----\nFrom: Tora\nSent: Monday\nTo: Kalle\nSubject: El\n\n{OLD}"
    ),
}
FORWARDS = {
    "gmail": (
        f"{NEW}\n\n---------- Forwarded message ---------\nFrån: Tora Myt <tora@brev.example>\n"
        f"Date: mån 3 maj 2027 kl 10:12\nSubject: El\nTo: <kalle@brev.example>\n\n\n{OLD}\n"
    ),
    "gmail, swedish": (
        f"{NEW}\n\n---------- Vidarebefordrat meddelande ----------\nFrån: Tora <t@b.example>\nÄmne: El\n\n{OLD}"
    ),
    "outlook": (
        f"{NEW}\n\nFrån: Tora <t@b.example>\nSkickat: den 3 maj 2027 10:12\nTill: kalle@brev.example\nÄmne: El\n\n{OLD}"
    ),
    "apple": (
        f"{NEW}\n\nBörja vidarebefordrat brev:\n\n> Från: Tora <t@b.example>\n> Ämne: El\n"
        f"> Datum: 3 maj 2027 10:12:00 CEST\n> Till: kalle@brev.example\n> \n> {OLD}"
    ),
    "iphone": (
        f"{NEW}\n\nSkickat från min iPhone\n\nVidarebefordrat brev:\n"
        f"\n> Från: Tora <t@b.example>\n> Ämne: El\n>\n> {OLD}"
    ),
    "thunderbird": (
        f"{NEW}\n\n-------- Vidarebefordrat meddelande --------\nÄmne: \tEl\nDatum: \tMon, 3 May 2027 10:12:00 +0200\n"
        f"Från: \tTora <t@b.example>\nTill: \tkalle@brev.example\n\n\n{OLD}"
    ),
    "english": (
        f"{NEW}\n\nBegin forwarded message:\n\nFrom: Tora <t@b.example>\nSubject: El\nTo: kalle@brev.example\n\n{OLD}"
    ),
}


@pytest.mark.parametrize("client", REPLIES)
def test_an_answer_holds_only_what_is_new(client: str) -> None:
    words = split_words(REPLIES[client], answered=True)
    assert (words.own, words.forwarded) == (NEW, "")
    assert words.quoted.endswith(OLD)


@pytest.mark.parametrize("client", FORWARDS)
def test_a_forwarded_mail_keeps_who_wrote_it_and_not_to_whom(client: str) -> None:
    words = split_words(FORWARDS[client], forwarded=True)
    assert (words.own, words.quoted) == (NEW, "")
    assert words.forwarded.endswith(OLD) and "Tora" in words.forwarded and "kalle" not in words.forwarded


def test_words_below_and_between_quotes_are_the_senders_own() -> None:
    words = split_words("Den 2027-05-03 kl. 10:12, skrev Tora:\n> Vem?\n\nSolvik.\n\n> När?\n\nIgår.", answered=True)
    assert words.own.split() == ["Solvik.", "Igår."]
    assert words.quoted.split() == ["Vem?", "När?"]


def test_a_sentence_that_ends_in_a_colon_is_no_attribution() -> None:
    text = "Den 3 maj skrev de så här till mig:\nDu har ett avtal.\nFrån: och med nu"
    assert split_words(text).own == text


@pytest.mark.parametrize(
    "signature",
    [
        "Med vänlig hälsning\nTora Myt\n070-174 06 05",
        "Mvh Tora",
        "mvh tora",
        "-- \nTora Myt\nen lång rad om sekretess " + "x" * 100,
        "Hälsningar,\n\nTora",
        "/Tora",
        "Best regards\nTora",
        "Skickat från min iPhone",
    ],
)
def test_a_signature_is_no_text(signature: str) -> None:
    words = split_words(f"Hej!\n{NEW}\n\n{signature}")
    assert words.own == f"Hej!\n{NEW}"
    assert words.signature == signature.replace("-- \n", "--\n")


@pytest.mark.parametrize(
    "text",
    [
        "Hej!\nVänligen återkom till mig om Solvik.",
        f"Hej\n\nMvh Tora\n\nPS {NEW}",
        "Hej\nMvh Tora\n" + f"{NEW} " * 5,
    ],
)
def test_text_that_goes_on_is_no_signature(text: str) -> None:
    assert split_words(text).own == text.rstrip()


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("VB: SV: Klagomål", ("Klagomål", True, False)),
        ("SV: VB: Klagomål", ("Klagomål", False, True)),
        ("Re[2]: hej", ("hej", False, True)),
        ("[EXTERN] Fwd: hej", ("hej", True, False)),
        ("Rekord: hej", ("Rekord: hej", False, False)),
        ("", ("", False, False)),
    ],
)
def test_a_subject_says_what_was_done_last(subject: str, expected: tuple[str, bool, bool]) -> None:
    assert read_subject(subject) == expected


@pytest.mark.parametrize(
    "piece", ["mvh\n", "On 2024 10:10 x wrote:\n> q\n", "\n", "_____\n", "Från: x\n", "> ", "skrev 10:10 ", "/a\n"]
)
def test_splitting_is_linear_in_the_text(piece: str) -> None:
    started = time.process_time()
    split_words(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 1.5


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("De ringde mig i tisdags", Channel.PHONE),
        ("Mamma blev uppringd av Solvik", Channel.PHONE),
        ("Telefonförsäljare igen!", Channel.PHONE),
        ("They called me twice", Channel.PHONE),
        ("I was called by Solvik", Channel.PHONE),
        ("De ringde och skickade sedan ett sms som jag skulle svara ja på", Channel.PHONE),
        ("Fick ett sms från Solvik", Channel.SMS),
        ("Jag har fått ett mejl från Solvik", Channel.EMAIL),
        ("De ringde på dörren i lördags", Channel.DOOR),
        ("En säljare knackade på hos pappa", Channel.DOOR),
        ("Fick ett brev med posten", Channel.ADDRESSED_MAIL),
        ("Det låg reklam i brevlådan", Channel.UNADDRESSED_MAIL),
        ("Jag beställde på deras hemsida", Channel.WEB),
        ("En säljare i köpcentrumet lurade mig", Channel.SHOP),
        ("Jag ringde dem och klagade", Channel.UNKNOWN),
        ("Jag skriver detta mejl till er", Channel.UNKNOWN),
        ("Jag har mejlat till dem", Channel.UNKNOWN),
        ("De ringde inte", Channel.UNKNOWN),
        ("De knackade på och de ringde veckan efter", Channel.UNKNOWN),
        ("Solvik är ett dåligt bolag", Channel.UNKNOWN),
    ],
)
def test_a_channel_is_told_for_sure_or_unknown(text: str, channel: Channel) -> None:
    assert find_channel(text) is channel


WEDNESDAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("De ringde i tisdags", date(2026, 11, 17)),
        ("De ringde i onsdags", date(2026, 11, 11)),
        ("Igår ringde Solvik", date(2026, 11, 17)),
        ("i förrgår", date(2026, 11, 16)),
        ("De ringde idag", WEDNESDAY),
        ("för tre dagar sedan", date(2026, 11, 15)),
        ("ringde den 24 december", date(2025, 12, 24)),
        ("ringde den 3:e november", date(2026, 11, 3)),
        ("ringde 3/11", date(2026, 11, 3)),
        ("ringde 3/11-26 kl 10.30", date(2026, 11, 3)),
        ("ringde 2026-11-03", date(2026, 11, 3)),
        ("called on November 3rd", date(2026, 11, 3)),
        ("called last Friday", date(2026, 11, 13)),
        ("called 2 days ago", date(2026, 11, 16)),
        ("De ringde 3 november. Fakturan kom 2026-11-17.", date(2026, 11, 3)),
        ("De ringde 3 november, fakturan ska betalas senast 10 november", date(2026, 11, 3)),
        ("De ringde 3 november och 5 november", None),
        ("De ringer på tisdag", None),
        ("De ringer hela tiden, 3/4 av samtalen är tysta", None),
        ("avtalet gäller från 2027-01-01", None),
        ("De ringde 2019-05-03", None),
        ("De ringde 31 februari", None),
    ],
)
def test_a_day_is_told_for_sure_or_not_at_all(text: str, day: date | None) -> None:
    assert find_event_date(text, WEDNESDAY) == day


def test_a_forwarded_mail_has_its_own_date() -> None:
    assert find_written_on("Från: Tora\nSkickat: den 3 november 2026 10:12\n\n4 november", WEDNESDAY) == date(
        2026, 11, 3
    )
    assert find_written_on("Från: Tora\n\nDatum: 3 november 2026", WEDNESDAY) is None
