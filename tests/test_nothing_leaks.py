"""No person who wrote is found anywhere but where they belong: in the sealed mail, or in the register."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr

import pytest

from flows.demo.case import finish_case, move_case
from flows.demo.nights import NIGHTS, deliver_day
from flows.demo.worlds import SAMPLES
from models.members.identifiers import read_phone
from tests import hostile_tips
from tests.demo_world import World, demo_world
from tests.leak_places import PLACES, flatten, read_plainly

PERSONAL = re.compile(r"(?<!\d)(?:\d\d)?\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])[-+]\d{4}(?!\d)")
# How the demo's people sign: two words by themselves under a greeting.
SIGNED = re.compile(r"(?:hälsningar|hälsar|regards|mvh)[,\s]+([A-ZÅÄÖ][a-zåäö]+ [A-ZÅÄÖ][a-zåäö]+)\s*$", re.M | re.I)
NUMBERS = re.compile(r"(?<![\d-])(?:\+46|0046|0|\(0)[\d ()-]{8,16}\d|(?<!\d)\d{6,8}-\d{4}")
PHONE = re.compile(r"(?<![\d-])(?:\+46 ?|0)\d{1,3}[- ]\d{2,3} ?\d{2} ?\d{2,3}(?!\d)")


def list_persons() -> set[str]:
    """Every name, address, number of a person in the demo's mails, as they are written there."""
    known = (SAMPLES / "register" / "names.csv").read_text("utf-8")
    companies = {read_phone(found) for found in PHONE.findall(known)}
    persons: set[str] = set()
    for path in sorted((SAMPLES / "inbox").glob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=default)
        name, address = parseaddr(str(mail["From"] or ""))
        words = "".join(
            part.get_content() for part in mail.walk() if part.get_content_type() in ("text/plain", "text/html")
        )
        if " " in name:  # people write under two names, offices and machines of this world do not
            persons |= {name, address}
            persons.update(SIGNED.findall(words))
        persons.update(PERSONAL.findall(words))
        persons.update(found for found in PHONE.findall(words) if read_phone(found) not in companies)
    return {person.casefold() for person in persons}


def list_writings() -> set[str]:
    """The hostile tips' people in every writing that a leak could have; numbers as digits and as written."""
    numbers = {form for phone in hostile_tips.PHONES for form in (phone, f"+46{phone[1:]}", f"46{phone[1:]}")}
    written = {number for mail in hostile_tips.list_mails() for number in NUMBERS.findall(read_words(mail))}
    named = {name.casefold() for name in (*hostile_tips.NAMES, *hostile_tips.ADDRESSES)}
    return named | numbers | written | set(hostile_tips.PERSONAL)


def read_words(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return f"{mail['Subject']}\n{body.get_content() if body else ''}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The demo's three nights with its case, hostile tips among the others, and a log in each form."""
    with demo_world(tmp_path_factory.mktemp("leaks") / "world") as laid_out, pytest.MonkeyPatch.context() as patched:
        patched.setenv("KOLL_OPERATIONS_LOG", "koll.log")
        patched.setenv("KOLL_OPERATIONS_METRICS", "koll.prom")
        patched.setenv("KOLL_PAGE_FOLDER", "page")
        for number, day in NIGHTS.items():
            deliver_day(laid_out.root, number)
            if number == 2:
                hostile_tips.deliver(laid_out.root / "inbox")
                patched.setenv("KOLL_OPERATIONS_LOG", "koll.json")
                patched.setenv("KOLL_OPERATIONS_LOG_FORMAT", "json")
            laid_out.night(day)
            move_case(laid_out.open(), number, laid_out.lines.append)
        finish_case(laid_out.open(), laid_out.root, laid_out.lines.append)
        yield laid_out


@pytest.mark.parametrize("place", PLACES)
def test_no_person_is_found_outside_the_sealed_mail(world: World, place: str) -> None:
    known, hostile = list_persons(), list_writings()
    assert len(known) > 15 and len(hostile) > 40, "there is something to look for"
    looked, found = 0, set()
    for where, content in PLACES[place](world):
        for spot, text in read_plainly(where, content):
            looked += 1
            flat = flatten(text)
            found |= {(spot, person) for person in known | hostile if person in flat}
    assert looked > 5 and sorted(found) == []


def test_the_search_would_find_them(world: World) -> None:
    archive = world.open().archive
    sealed = [archive.get(sha256) for sha256 in archive.list_objects() if archive.is_sealed(sha256)]
    opened = flatten("".join(content.decode("utf-8", "replace") for content in sealed))
    assert sum(person in opened for person in list_persons()) > 15
    assert sum(person in opened for person in list_writings()) > 20
