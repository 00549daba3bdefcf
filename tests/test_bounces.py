"""Mail that comes back is noticed in the tip mailbox: its address is given up, and its group told."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from small_world import ANNA, Small, text_of, total
from sqlmodel import Session, select
from typer.testing import CliRunner

from flows.koll import app
from flows.looking.status import read_status
from models.alerting.tables import OutboxRow

REPORT = """From: MAILER-DAEMON@example.org
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{n}@mx.example.org>
Date: Tue, 03 Mar 2026 10:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; someone@example.org
Action: failed
Status: {status}
--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}
--b--
"""


@pytest.fixture
def world(tmp_path: Path) -> Small:
    people = '["anna@example.org", "bo@example.org"]'
    made = Small(tmp_path, total(), day=date(2026, 3, 3), people=people, smtp='bounce = "studs@example.org"')
    made.night()
    return made


def outbox(world: Small) -> list[OutboxRow]:
    with Session(world.open().engine) as session:
        return list(session.exec(select(OutboxRow).order_by(OutboxRow.created, OutboxRow.recipient)))


def come_back(world: Small, who: str, status: str = "5.1.1", forge: bool = False) -> None:
    for n, row in enumerate(outbox(world)):
        if row.recipient == who:
            to = row.envelope_from.replace(".", ".f", 1)[:-1] if forge else row.envelope_from
            world.tip(
                f"{who}-{n}-{status}",
                REPORT.format(to=to, n=f"{who[:2]}{n}", status=status, message_id=row.message_id).encode(),
            )


def alert(world: Small, count: int) -> None:
    world.day += timedelta(days=1)
    world.complain(ANNA, count)
    world.night()


def test_two_hard_bounces_stop_an_address_and_the_others_of_its_group_are_told(
    world: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert(world, 12)
    alert(world, 20)
    come_back(world, "bo@example.org")
    alert(world, 30)
    assert [row.state for row in outbox(world) if row.recipient == "bo@example.org"] == ["bounced", "bounced"]
    last = world.mails()[-1]
    assert last["To"] == "anna@example.org" and "kommer tillbaka" in text_of(last)
    assert read_status(world.open())["stopped"] == {"ethics": 1}
    monkeypatch.setattr("flows.mail.sending.bounces._REMEMBERED", timedelta(days=36500))  # commands read the real clock
    shown = CliRunner().invoke(app, ["status", "--config", str(world.root / "koll.toml")]).output
    assert "mail to 1 address(es) of the group ethics has come back" in " ".join(shown.split())
    assert "bo@example.org" not in shown


def test_a_soft_bounce_and_a_forged_one_change_nothing(world: Small) -> None:
    alert(world, 12)
    alert(world, 20)
    come_back(world, "bo@example.org", "4.2.2")
    come_back(world, "anna@example.org", forge=True)
    alert(world, 30)
    assert {row.state for row in outbox(world)} == {"accepted"}


def test_a_group_that_nobody_reads_any_more_fails_the_night(world: Small) -> None:
    alert(world, 12)
    alert(world, 20)
    come_back(world, "bo@example.org")
    come_back(world, "anna@example.org")
    night = world.night(1)
    assert night.failed and "no longer reaches anybody in ethics" in night.sum_up()
