"""Two reports, one event."""

import time

import pytest

from models.matching.duplicates import (
    EventCount,
    Link,
    LinkKind,
    Report,
    count_events,
    facts_in,
    find_links,
    group_events,
)
from models.matching.quoting import split_quoted

STORY = (
    "Jag blev uppringd av Velora Energi den 3/5. Säljaren påstod att mitt avtal skulle upphöra och ville ha mitt "
    "personnummer för att kontrollera adressen. Bindningstiden nämndes aldrig, inte heller att ett tidigare avtal "
    "kostar att lösa i förtid, och kundtjänsten hänvisar bara till ett inspelat samtal som jag inte får höra. Jag "
    "sade tydligt nej men fick ändå en faktura på 1 250 kronor med nummer 43035966. Numret som ringde var "
    "08-123 45 67 klockan 10.18. Jag vill att ni granskar bolaget."
)
FACTS = ("3/5", "43035966", "1 250", "123 45 67", "10.18")


def with_facts(*others: str) -> str:
    """Return the story with other facts."""
    text = STORY
    for fact, other in zip(FACTS, others, strict=True):
        text = text.replace(fact, other)
    return text


TEMPLATE = with_facts("9/8", "99887766", "890", "123 99 11", "17.40")
MASKED = with_facts("XXXX", "XXXX", "XXXX", "XXXX", "XXXX")
FORWARDED = """Hej, se nedan.

-----Ursprungligt meddelande-----
Från: En Konsument
Skickat: den 3 maj 2027 10:12
Till: info@forbund.se
Ämne: Klagomål

"""


def report(name: str, text: str = STORY, company: str = "V", **more: object) -> Report:
    return Report(name, "agency", text, company, **more)  # type: ignore[arg-type]


def link(*reports: Report) -> Link | None:
    links = find_links(reports)
    assert len(links) <= 1
    return links[0] if links else None


def kind(*reports: Report) -> LinkKind | None:
    found = link(*reports)
    return found.kind if found else None


def test_the_same_mail_twice_is_one_report() -> None:
    assert kind(report("a", message_id="<1@x>"), report("b", message_id="<1@x>")) is LinkKind.SAME_REPORT


def test_a_message_id_alone_proves_nothing() -> None:
    other = (
        "Ett helt annat klagomål om en tidning som jag aldrig beställt och som ändå kommer varje vecka hem till mig."
    )
    assert link(report("a", message_id="<1@x>"), report("b", other, message_id="<1@x>")) is None


@pytest.mark.parametrize(
    "text",
    [
        FORWARDED + STORY,
        "FYI\n\nBörja vidarebefordrat brev:\n\n> Från: X\n> Ämne: Klagomål\n>\n> " + STORY,
        STORY + "\n\nSkickat från Outlook för Android",
        STORY.replace("tydligt", "tydlgit") + " Nu hotar de med inkasso.",
        STORY[: len(STORY) * 9 // 10],
    ],
    ids=["forward", "apple", "resent", "edited", "excerpt with its facts"],
)
def test_the_same_text_in_another_wrapping_is_the_same_event(text: str) -> None:
    assert kind(report("a"), report("b", text)) is LinkKind.SAME_EVENT


def test_one_template_by_two_consumers_is_two_events_and_flagged() -> None:
    found = link(report("a"), report("b", TEMPLATE))
    assert found is not None and found.kind is LinkKind.CAMPAIGN
    assert count_events(["a", "b"], [found]) == EventCount(2, 2)


def test_the_same_matter_told_anew_elsewhere_is_linked_by_its_invoice() -> None:
    retold = "Min mor fick faktura 43035966 fast hon sagt nej. Vi vill ha den struken."
    found = link(report("a"), report("b", retold))
    assert found is not None and (found.kind, found.rule) == (LinkKind.SAME_EVENT, "same-invoice")


def test_a_phone_number_alone_links_nothing_but_with_the_day_it_does() -> None:
    assert link(report("a"), report("b", "Okänd ringde från 08-1234567 och sålde el.")) is None
    assert kind(report("a"), report("b", "Den 3 maj ringde 08-1234567 och sålde el.")) is LinkKind.SAME_EVENT


def test_another_company_is_another_event() -> None:
    assert link(report("a", company="V"), report("b", company="K")) is None


def test_a_redacted_text_is_a_persons_to_judge_and_the_count_a_range() -> None:
    other = "Ett annat bolag har skickat en tidning som jag inte vill ha."
    links = find_links([report("a"), report("b", MASKED), report("c", other)])
    assert [found.kind for found in links] == [LinkKind.POSSIBLE]
    assert count_events(["a", "b", "c"], links) == EventCount(2, 3)


def test_a_reply_in_the_thread_is_the_same_event_unless_about_a_new_invoice() -> None:
    first = report("a", message_id="<1@x>")
    assert kind(first, report("b", "Har ni hunnit titta?", references=("<1@x>",))) is LinkKind.SAME_EVENT
    new = "Nu kom en ny faktura med nummer 77665544, vad gör jag?"
    assert kind(first, report("b", new, references=("<1@x>",))) is LinkKind.POSSIBLE


def test_what_a_person_said_of_a_pair_stands() -> None:
    pair = frozenset(("a", "b"))
    assert find_links([report("a"), report("b")], {pair: False}) == []
    said = find_links([report("a"), report("b", "Något helt annat.")], {pair: True})
    assert [found.rule for found in said] == ["person"]


def test_of_a_pair_that_a_person_joined_the_later_one_is_the_second_whatever_they_are_called() -> None:
    """Or three reports could each be the second of another, and none of them would count."""
    reports = [report("z"), report("y", "Något helt annat."), report("x", "Ett tredje ärende.")]
    pairs = {frozenset(pair): True for pair in (("z", "y"), ("y", "x"), ("z", "x"))}
    assert {(found.one, found.two) for found in find_links(reports, pairs)} == {("z", "y"), ("y", "x"), ("z", "x")}


def test_links_chain_into_one_event_named_after_the_first_report() -> None:
    links = [
        Link("a", "b", LinkKind.SAME_EVENT, "r", "w"),
        Link("b", "c", LinkKind.SAME_REPORT, "r", "w"),
        Link("c", "d", LinkKind.POSSIBLE, "r", "w"),
        Link("a", "elsewhere", LinkKind.SAME_EVENT, "r", "w"),
    ]
    assert group_events(["a", "b", "c", "d"], links) == {"a": "a", "b": "a", "c": "a", "d": "d"}
    assert count_events(["a", "b", "c", "d"], links) == EventCount(1, 2)


def test_facts_are_read_from_text() -> None:
    assert facts_in(STORY) == {
        "invoice": {"43035966"},
        "phone": {"+4681234567"},
        "amount": {"1250"},
        "hour": {"10:18"},
        "day": {"05-03"},
    }


QUOTED = "Texten från början\nmed två rader"
MARKED = "> Texten från början\n> med två rader"
SENDER = "Anna Lund <a@b.se>"
CLIENTS = [
    f"Den 5 maj 2027 kl. 09:31 skrev {SENDER}:\n{MARKED}",
    f"Den ons 5 maj 2027 09:31 {SENDER} skrev:\n{MARKED}",
    f"5 maj 2027 kl. 09:31 skrev {SENDER}:\n\n{MARKED}",
    f"Den 2027-05-05 kl. 09:31, skrev Anna Lund:\n{MARKED}",
    f"2027-05-05 09:31 skrev Anna Lund:\n{MARKED}",
    f"ons 5 maj 2027 kl. 09:31 skrev {SENDER}:\n{MARKED}",
    f"Från: {SENDER}\nSkickat: den 5 maj 2027 09:31\nTill: info@x.se\nÄmne: SV: Klagomål\n\n{QUOTED}",
    f"{'_' * 32}\nFrån: {SENDER}\nSkickat: den 5 maj 2027\nTill: X\nÄmne: Y\n\n{QUOTED}",
    f"-----Ursprungligt meddelande-----\nFrån: Anna Lund\nSkickat: den 5 maj 2027\nTill: X\nÄmne: Y\n\n{QUOTED}",
    f"---------- Forwarded message ---------\nFrån: {SENDER}\nDate: ons 5 maj\nSubject: Y\nTo: <x@y.se>\n\n{QUOTED}",
    f"-------- Vidarebefordrat meddelande --------\nÄmne: Y\nDatum: 5 maj\nFrån: {SENDER}\nTill: x@y.se\n\n{QUOTED}",
    f"Börja vidarebefordrat brev:\n\n> Från: {SENDER}\n> Datum: 5 maj 2027\n> Ämne: Y\n>\n{MARKED}",
]


@pytest.mark.parametrize("below", CLIENTS, ids=range(len(CLIENTS)))
def test_what_is_quoted_is_split_from_what_is_new(below: str) -> None:
    new, quoted = split_quoted("Hej igen, har ni svar?\n\n" + below)
    assert (new, quoted) == ("Hej igen, har ni svar?", QUOTED)


def test_a_signature_is_no_part_of_the_story() -> None:
    assert split_quoted("Text.\n\nMed vänlig hälsning\nAnna\n070-1234567") == ("Text.", "")


@pytest.mark.parametrize("unit", ["> ", "den skrev ", "a", "Från: ", "\n", "1 250 kr ", "12/3 ", "-"])
def test_long_texts_are_read_in_linear_time(unit: str) -> None:
    start = time.perf_counter()
    find_links([report("a", unit * (40_000 // len(unit))), report("b", unit * 100)])
    assert time.perf_counter() - start < 1.5
