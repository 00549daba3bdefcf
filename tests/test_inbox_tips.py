"""From mail to drafts: identity, dates, facts and privacy; Maildir and folders of .eml read without loss or doubles."""

import hashlib
import hmac
import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from models.drafts import Draft
from models.words import Channel, Evidence, Kind
from sources.archive.archive import Archive
from sources.contract import RawItem, Reading, SourceBroken, Visit
from sources.inbox.tips import TIPS_INFO, Tips

KEY = b"nyckel"
NOW = datetime(2026, 3, 5, 1, 15, tzinfo=UTC)
BODY = "Jag heter Tora Myt. Solvik Energi AB (559021-6296) ringde mig i tisdags från 070-174 06 05."


def letter(
    body: str = BODY,
    *,
    sender: str = "Tora Myt <tora@brev.example>",
    sent: str = "Wed, 4 Mar 2026 10:00:00 +0100",
    ident: str = "<1@brev.example>",
    subject: str = "Klagomål",
    more: str = "",
) -> bytes:
    head = f"From: {sender}\nTo: tips@forbund.example\nDate: {sent}\nMessage-ID: {ident}\nSubject: {subject}\n{more}"
    return f"{head}Content-Type: text/plain; charset=utf-8\n\n{body}\n".encode()


@pytest.fixture
def tips(tmp_path: Path) -> Tips:
    (tmp_path / "inbox").mkdir()
    return Tips(
        "tips",
        TIPS_INFO.bounds,
        imap_url=None,
        maildir=tmp_path / "inbox",
        imap_password=None,
        hash_key=KEY,
        own_domain="forbund.example",
    )


def parse(tips: Tips, content: bytes, **note: str) -> Draft:
    (draft,) = tips.parse(content, RawItem("x", hashlib.sha256(content).hexdigest(), note=note))
    return draft


def keyed(value: str) -> str:
    return hmac.new(KEY, value.encode(), hashlib.sha256).hexdigest()


def test_a_tip_tells_day_channel_and_facts_and_nothing_personal(tips: Tips) -> None:
    draft = parse(tips, letter(), received="2026-03-04T10:00:05+01:00")
    assert (draft.kind, draft.flags, draft.faults) == (Kind.TIP, (), ())
    assert (draft.received_on, draft.event_on) == (date(2026, 3, 4), date(2026, 3, 3))
    assert (draft.channel, draft.channel_evidence) == (Channel.PHONE, Evidence.TEXT)
    assert draft.text is not None
    assert "Klagomål" in draft.text and "Solvik Energi AB (559021-6296) ringde mig" in draft.text
    assert draft.facts["phones"] == keyed("+46701740605")
    assert draft.facts["sender"] == keyed("tora@brev.example")
    assert draft.facts["message_id"] == draft.facts["thread"] == keyed("1@brev.example")
    assert draft.facts["numbers"] == "5590216296"
    said = draft.model_dump_json().casefold()
    assert not any(word in said for word in ("tora", "myt", "174 06 05", "1740605", "brev.example"))


def test_the_mail_being_a_mail_is_no_channel(tips: Tips) -> None:
    draft = parse(tips, letter("Jag mejlar er om Solvik Energi AB."))
    assert (draft.channel, draft.channel_evidence) == (Channel.UNKNOWN, None)


def test_the_same_mail_has_one_id_however_it_comes(tips: Tips) -> None:
    first = parse(tips, letter())
    again = [
        letter(ident="<2@brev.example>"),
        letter().replace(b"\n", b"\r\n"),
        letter(more="Received: by lista.example; Wed, 4 Mar 2026 11:00:00 +0100\nX-Loop: y\n"),
        letter(sent="Wed, 4 Mar 2026 09:00:00 +0000"),
        letter(sender="tora@BREV.example"),
        letter(BODY.replace(" ", "\n  ", 1)),
    ]
    assert {parse(tips, content).source_id for content in again} == {first.source_id}


def test_another_mail_has_another_id_even_under_the_same_message_id(tips: Tips) -> None:
    others = [
        letter(BODY + " Igen!"),
        letter(sent="Wed, 4 Mar 2026 10:00:01 +0100"),
        letter(sender="kalle@brev.example"),
    ]
    ids = {parse(tips, content).source_id for content in [letter(), *others]}
    assert len(ids) == 4
    assert parse(replace(tips, hash_key=b"annan"), letter()).source_id not in ids


def test_of_two_copies_the_one_received_first_stands(tips: Tips) -> None:
    late = parse(tips, letter(more="Received: by x; Fri, 6 Mar 2026 10:00:00 +0100\n"))
    first = parse(tips, letter(more="Received: by x; Wed, 4 Mar 2026 10:00:00 +0100\n"))
    assert first.precedence > late.precedence


@pytest.mark.parametrize(
    ("content", "note", "received"),
    [
        (letter(more="Received: by x; Wed, 4 Mar 2026 23:30:00 +0000\n"), {}, date(2026, 3, 5)),
        (letter(sent="Wed, 4 Mar 2026 10:00:00 +0100"), {"received": "2026-03-05T10:00:00+01:00"}, date(2026, 3, 4)),
        (letter(sent="Wed, 4 Mar 2031 10:00:00 +0100"), {"received": "2026-03-05T10:00:00+01:00"}, date(2026, 3, 5)),
        (letter(sent="skräp"), {"received": "2026-03-05T10:00:00+01:00"}, date(2026, 3, 5)),
        (letter(sent="skräp"), {"copied": "2026-03-05T10:00:00+01:00"}, date(2026, 3, 5)),
        (letter(), {"copied": "2020-01-01T10:00:00+01:00"}, date(2026, 3, 4)),
    ],
)
def test_the_day_of_receipt(tips: Tips, content: bytes, note: dict[str, str], received: date) -> None:
    assert parse(tips, content, **note).received_on == received


def test_a_mail_without_any_date_is_a_fault_and_never_1900(tips: Tips) -> None:
    draft = parse(tips, letter(sent=""))
    assert draft.received_on is None
    assert [fault.code for fault in draft.faults] == ["mail-date-missing"]


def test_an_answer_joins_the_thread_of_the_first_mail(tips: Tips) -> None:
    more = "In-Reply-To: <svar@forbund.example>\nReferences: <1@brev.example> <svar@forbund.example>\n"
    body = "Hej igen!\n\nDen 2026-03-04 kl. 10:00, skrev Tora Myt:\n> " + BODY
    answer = parse(tips, letter(body, ident="<3@brev.example>", subject="SV: Klagomål", more=more))
    assert answer.facts["thread"] == parse(tips, letter()).facts["thread"]
    assert answer.text == "Klagomål\nHej igen!"


def test_a_forwarded_complaint_is_read_with_its_own_date_and_without_its_people(tips: Tips) -> None:
    body = (
        "Se nedan.\n\n---------- Forwarded message ---------\nFrån: Kalle Anka <kalle.anka@brev.example>\n"
        "Date: mån 2 mars 2026 kl 10:12\nSubject: El\nTo: Tora <tora@brev.example>\n\n\nIgår ringde Solvik.\nMvh Kalle"
    )
    draft = parse(tips, letter(body, subject="VB: El"))
    assert draft.event_on == date(2026, 3, 1)
    assert draft.channel is Channel.PHONE
    assert draft.text is not None
    assert "Igår ringde Solvik." in draft.text and "Kalle" not in draft.text and "anka" not in draft.text.casefold()


def test_a_template_with_other_names_has_the_same_body(tips: Tips) -> None:
    kalle = letter(BODY.replace("Tora Myt", "Kalle Ek"), sender="Kalle Ek <k@brev.example>", ident="<9@x.example>")
    mine, other = parse(tips, letter()), parse(tips, kalle)
    assert mine.facts["body"] == other.facts["body"]
    assert mine.source_id != other.source_id


def test_a_mail_that_is_set_aside_says_why_and_is_no_fault(tips: Tips) -> None:
    draft = parse(tips, letter(more="Auto-Submitted: auto-replied\n"))
    assert (draft.flags, draft.faults) == (("set-aside-auto-reply",), ())


def test_a_mail_that_cannot_be_read_is_quarantined_by_its_bytes(tips: Tips) -> None:
    hostile = letter(more="X: " + "x" * 20_000 + "\n")
    draft = parse(tips, hostile)
    assert [fault.code for fault in draft.faults] == ["mail-header-too-large"]
    assert draft.source_id == parse(tips, hostile).source_id != parse(tips, hostile + b"x").source_id
    assert parse(tips, letter(), size="99999999").faults[0].code == "mail-too-large"


def test_attachments_are_listed_and_alone_are_flagged(tips: Tips) -> None:
    content = letter("%PDF", subject="").replace(b"text/plain; charset=utf-8", b"application/pdf")
    draft = parse(tips, content)
    digest = hashlib.sha256(b"%PDF\n").hexdigest()
    assert draft.facts["attachments"] == f"application/pdf:5:{digest}"
    assert draft.flags == ("attachment-only",)


def test_every_fault_and_flag_is_declared() -> None:
    codes = [check.code for check in TIPS_INFO.checks]
    assert len(codes) == len(set(codes))
    assert {"mail-too-large", "mail-too-deep", "mail-header-too-large", "mail-unreadable", "attachment-only"} <= set(
        codes
    )


# ------------------------------------------------------------------------------------------- files


@dataclass
class Nights:
    """One visit after the other, each with the reading of the one before."""

    tips: Tips
    archive: Archive
    last: Reading | None = None

    def read(self, since: date | None = None) -> list[str]:
        visit = Visit(self.archive, NOW.date(), NOW, last=self.last, since=since)
        self.last = self.tips.read(visit)
        records = [item for item in self.last.items if item.role == "record"]
        return [draft.source_id or "" for i in records for draft in self.tips.parse(self.archive.get(i.sha256), i)]


@pytest.fixture
def nights(tips: Tips, tmp_path: Path) -> Nights:
    return Nights(tips, Archive(tmp_path / "archive"))


def test_a_maildir_is_read_once_although_people_open_and_delete_mails(nights: Nights) -> None:
    assert nights.tips.maildir is not None
    for part in ("new", "cur", "tmp"):
        (nights.tips.maildir / part).mkdir()
    new, cur = nights.tips.maildir / "new", nights.tips.maildir / "cur"
    (new / "1.a.host").write_bytes(letter())
    (nights.tips.maildir / "tmp" / "2.b.host").write_bytes(letter("halv"))
    first = nights.read()
    assert len(first) == 1
    (new / "1.a.host").rename(cur / "1.a.host:2,S")
    (new / "3.c.host").write_bytes(letter("Ett till om Solvik"))
    assert len(nights.read()) == 1
    (cur / "1.a.host:2,S").unlink()
    assert nights.read() == []
    assert nights.last is not None
    assert nights.last.complete is False
    assert nights.last.complete_through == NOW.date()


def test_a_maildirs_time_is_the_arrival(nights: Nights) -> None:
    assert nights.tips.maildir is not None
    for part in ("new", "cur"):
        (nights.tips.maildir / part).mkdir()
    path = nights.tips.maildir / "new" / "1.a.host"
    path.write_bytes(letter(sent=""))
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    nights.read()
    assert nights.last is not None
    (draft,) = nights.tips.parse(path.read_bytes(), nights.last.items[0])
    assert draft.received_on == date(2026, 3, 5)


def test_eml_files_are_found_below_the_folder_and_their_names_are_not_told(nights: Nights) -> None:
    assert nights.tips.maildir is not None
    below = nights.tips.maildir / "2026"
    below.mkdir()
    (below / "Klagomål från Tora Myt.EML").write_bytes(letter())
    (below / "anteckning.txt").write_text("inget brev")
    assert len(nights.read()) == 1
    assert nights.last is not None
    assert "Tora" not in str(nights.last)
    assert nights.read() == []
    (below / "Klagomål från Tora Myt.EML").write_bytes(letter("Ett nytt under samma namn"))
    assert len(nights.read()) == 1


def test_without_its_state_everything_is_read_again_under_the_same_ids(nights: Nights) -> None:
    assert nights.tips.maildir is not None
    (nights.tips.maildir / "a.eml").write_bytes(letter())
    first = nights.read()
    assert nights.last is not None
    names = [item.name for item in nights.last.items]
    lost = nights.archive.put(b"inget")
    nights.last = replace(nights.last, items=(*nights.last.items[:-1], replace(nights.last.items[-1], sha256=lost)))
    assert nights.read() == first
    assert [item.name for item in nights.last.items] == names


def test_since_reads_once_more_what_came_after(nights: Nights) -> None:
    assert nights.tips.maildir is not None
    for name, day in (("a.eml", 1), ("b.eml", 4)):
        path = nights.tips.maildir / name
        path.write_bytes(letter(name))
        when = datetime(2026, 3, day, tzinfo=UTC).timestamp()
        os.utime(path, (when, when))
    assert len(nights.read()) == 2
    assert len(nights.read(since=date(2026, 3, 3))) == 1
    assert nights.read() == []


def test_a_missing_folder_is_told_with_its_cure(nights: Nights, tmp_path: Path) -> None:
    nights.tips = replace(nights.tips, maildir=tmp_path / "finns inte")
    with pytest.raises(SourceBroken, match=r"finns inte: no such folder; create it.*\[mailbox-missing\]"):
        nights.read()


def test_a_mail_over_the_cap_is_archived_by_its_beginning(nights: Nights) -> None:
    assert nights.tips.maildir is not None
    with (nights.tips.maildir / "stor.eml").open("wb") as file:
        file.write(letter())
        file.truncate(26 * 1024 * 1024)
    nights.read()
    assert nights.last is not None
    item = nights.last.items[0]
    content = nights.archive.get(item.sha256)
    assert len(content) == 256 * 1024
    (draft,) = nights.tips.parse(content, item)
    assert draft.faults[0].code == "mail-too-large"


def test_the_state_holds_no_personal_data(nights: Nights) -> None:
    assert nights.tips.maildir is not None
    (nights.tips.maildir / "Tora.eml").write_bytes(letter())
    nights.read()
    assert nights.last is not None
    (mark,) = json.loads(nights.archive.get(nights.last.items[-1].sha256))
    assert len(mark) == 16
