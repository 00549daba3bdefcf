"""Receipts to those who write: only where asked for, once a day, never to machines, and no address stays."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from models.storage.tables import OutboxRow
from sources.inbox.answerable import find_answer_address
from sources.inbox.mail import read_mail
from tests.small_world import Small, text_of

DAY = date(2026, 3, 5)
BODY = "Anemon Telefoni AB ringde mig trots NIX."


def letter(number: int, *, sender: str = "Tora Myt <tora@brev.example>", days: int = 0, **more: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = sender
    mail["Date"] = format_datetime(datetime(2026, 3, 4, 10, number, tzinfo=UTC) + timedelta(days=days))
    mail["Message-ID"] = f"<{number}@brev.example>"
    mail["Subject"] = f"Klagomål {number}"
    for name, value in more.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(f"{BODY} Brev {number}.")
    return bytes(mail)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    made = Small(tmp_path, "", day=DAY, quiet=True)
    config = tmp_path / "koll.toml"
    notice = 'receipt = true\nprivacy_notice = "https://kontakta.example/personuppgifter"\n'
    config.write_text(config.read_text("utf-8").replace('kind = "tips"\n', f'kind = "tips"\n{notice}'), "utf-8")
    yield made


def test_who_writes_gets_one_receipt_a_day_and_their_address_is_forgotten(small: Small) -> None:
    small.tip("1", letter(1))
    small.tip("2", letter(2))
    small.run()
    small.run(hour=4)
    (mail,) = small.mails()
    assert (mail["To"], mail["Auto-Submitted"], mail["In-Reply-To"]) == (
        "tora@brev.example",
        "auto-replied",
        mail["References"],
    )
    assert "https://kontakta.example/personuppgifter" in text_of(mail)
    with small.open().engine.connect() as connection:
        (row,) = connection.execute(select(OutboxRow.__table__)).all()  # type: ignore[attr-defined]
    assert (row.state, row.recipient, row.message, row.groups, len(row.event_ids)) == (
        "accepted",
        "",
        b"",
        ["receipt"],
        2,
    )
    small.day += timedelta(days=1)
    small.tip("3", letter(3, days=1))
    small.run()
    small.run(hour=5)
    assert len(small.mails()) == 2


def test_by_default_nobody_is_written_to(tmp_path: Path) -> None:
    small = Small(tmp_path, "", day=DAY, quiet=True)
    small.tip("1", letter(1))
    small.run()
    assert small.mails() == []


def test_old_letters_and_machines_get_none(small: Small) -> None:
    small.tip("1", letter(1, days=-30))
    small.tip("2", letter(2, sender="Robot <noreply@brev.example>"))
    small.tip("3", letter(3, sender="Kansliet <kansli@example.org>"))
    small.tip("4", letter(4, Auto_Submitted="auto-replied"))
    small.run()
    assert small.mails() == []


def test_a_receipt_that_comes_back_is_no_tip(small: Small) -> None:
    small.tip("1", letter(1))
    small.run()
    (path,) = (small.root / "mail" / "new").iterdir()
    small.tip("2", path.read_bytes())
    small.day += timedelta(days=1)
    night = small.run()
    assert next(one for one in night.nights if one.source == "tips").set_aside == 1
    assert len(small.mails()) == 1


@pytest.mark.parametrize(
    ("headers", "answered"),
    [
        ("From: Tora <tora@brev.example>", True),
        ("From: tora@brev.example\nReturn-Path: <tora@brev.example>\nAuto-Submitted: no", True),
        ("From: tora@brev.example\nReturn-Path: <>", False),
        ("From: tora@brev.example\nReturn-Path: <annan@annan.example>", False),
        ("From: tora@brev.example\nFrom: kalle@brev.example", False),
        ("From: tora@brev.example\nList-Id: <tips.forbund.example>", False),
        ("From: tora@brev.example\nPrecedence: bulk", False),
        ("From: tora@brev.example\nX-Auto-Response-Suppress: OOF, AutoReply", False),
        ("From: mailer-daemon@brev.example", False),
        ("From: prat-request@brev.example", False),
        ("From: ingen-svar@brev.example", False),
        ("From: anna@forbund.example", False),
        ("From: ingen adress", False),
    ],
)
def test_only_a_person_is_answered(headers: str, answered: bool) -> None:
    mail = read_mail(f"{headers}\nDate: Wed, 4 Mar 2026 10:00:00 +0100\n\n{BODY}".encode())
    assert (find_answer_address(mail, "forbund.example") is not None) is answered
