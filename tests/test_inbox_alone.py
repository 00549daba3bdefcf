"""One mail by itself: it cannot stop the others, may belong to another source, and members' numbers stay readable."""

import hashlib
import hmac
import time
from dataclasses import replace
from functools import partial

import pytest

from models.configuration.source_settings import ExtractMail
from models.drafts import Draft
from sources.contract import RawItem
from sources.files.extract_mail import recognise_extract
from sources.inbox.mail import Mail
from sources.inbox.tips import TIPS_INFO, Tips

KEY = b"nyckel"
TIPS = Tips("tips", TIPS_INFO.bounds, None, None, None, KEY, "forbund.example")


def letter(body: str, sender: str = "Tora Myt <tora@brev.example>", more: str = "") -> bytes:
    head = f"From: {sender}\nDate: Wed, 4 Mar 2026 10:00:00 +0100\nMessage-ID: <1@brev.example>\nSubject: Klagomål\n"
    return f"{head}{more}\n{body}\n".encode()


def parse(tips: Tips, content: bytes) -> Draft:
    (draft,) = tips.parse(content, RawItem("x", hashlib.sha256(content).hexdigest()))
    return draft


def keyed(value: str) -> str:
    return hmac.new(KEY, value.encode(), hashlib.sha256).hexdigest()


def never_ends(_mail: Mail) -> str | None:
    while True:
        pass


def fails(_mail: Mail) -> str | None:
    raise LookupError("Tora Myt")


@pytest.mark.parametrize(("recognise", "code"), [(never_ends, "mail-too-slow"), (fails, "mail-failed")])
def test_a_mail_that_cannot_be_read_is_a_fault_with_its_bytes_and_the_next_is_read(
    recognise: object, code: str
) -> None:
    bad = replace(TIPS, recognisers=[recognise], seconds=0.2)
    content = letter("Solvik ringde.")
    draft = parse(bad, content)
    assert [fault.code for fault in draft.faults] == [code]
    assert draft.source_id == f"raw-{hashlib.sha256(content).hexdigest()[:32]}"
    assert "Tora" not in draft.model_dump_json()
    assert parse(TIPS, content).faults == ()


def test_a_mail_is_not_refused_because_the_machine_had_other_things_to_do() -> None:
    waits = replace(TIPS, recognisers=[lambda _mail: time.sleep(0.3)], seconds=0.2)
    assert parse(waits, letter("Solvik ringde.")).faults == ()


def test_an_authoritys_extract_in_the_same_mailbox_is_left_to_its_source() -> None:
    rules = ExtractMail(maildir="inbox", senders=["@verket.example"], authserv="mx.forbund.example")
    tips = replace(TIPS, recognisers=[partial(recognise_extract, rules)])
    proof = "Authentication-Results: mx.forbund.example; dmarc=pass header.from=verket.example\n"
    table = "Content-Type: text/csv\nContent-Disposition: attachment; filename=utdrag.csv\n"
    assert parse(tips, letter("Nr;Inkom", "post@verket.example", proof + table)).flags == ("set-aside-extract",)
    assert parse(tips, letter("Nr;Inkom", "post@verket.example", table)).flags == ("attachment-only",)
    assert parse(tips, letter("En fråga om siffrorna", "post@verket.example", proof)).flags == ()


def test_members_own_numbers_addresses_and_names_stay_and_everybody_elses_go() -> None:
    public = frozenset({keyed("+4684650041"), keyed("+46313900622"), keyed("elsa@bolag.example")})
    tips = replace(TIPS, public=public, names=frozenset({"elsa lund"}))
    text = parse(
        tips,
        letter(
            "Elsa Lund ringde från 031-390 06 22 till 070-174 06 05. Elsa Bergs nummer är 0980-319 244. Svar till "
            "elsa@bolag.example, elsa@hemma.example eller kansliet@forbund.example."
        ),
    ).text
    assert text == (
        "Klagomål\nElsa Lund ringde från 031-390 06 22 till [telefon]. [namn] nummer är [telefon]. Svar till "
        "elsa@bolag.example, [e-post]@hemma.example eller kansliet@forbund.example."
    )


def test_letters_in_two_pieces_are_read_as_one() -> None:
    assert parse(TIPS, letter("Björko\u0308 Larm ringde")).text == "Klagomål\nBjörkö Larm ringde"


def test_a_week_or_several_days_are_kept_as_a_span() -> None:
    assert parse(TIPS, letter("Solvik ringde förra veckan.")).facts["event_between"] == "2026-02-23/2026-03-01"
    told = parse(TIPS, letter("Solvik ringde den 1 mars och den 3 mars."))
    assert (told.event_on, told.facts["event_between"]) == (None, "2026-03-01/2026-03-03")
