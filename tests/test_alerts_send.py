"""`koll alerts send`: what waits goes out to those who are still to be written to, and nothing it tells is lost."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlmodel import Session as Database
from sqlmodel import select
from typer.testing import CliRunner, Result

from flows.koll import app
from models.alerting.tables import OutboxRow
from tests.small_world import ANNA, Small, total
from tests.test_inbox_imap import find_port


class Postbox:
    """A mail server that can be closed for a while."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.open = True

    async def handle_RCPT(self, _s: SMTP, _c: Session, envelope: Envelope, address: str, _o: list[str]) -> str:  # noqa: N802
        if not self.open:
            return "451 later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _s: SMTP, _c: Session, envelope: Envelope) -> str:  # noqa: N802
        self.got.append((envelope.rcpt_tos[0], envelope.content))
        return "250 OK"

    @property
    def to(self) -> list[str]:
        return sorted(address for address, _ in self.got)


@pytest.fixture
def post() -> Iterator[Postbox]:
    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=find_port())
    controller.start()
    box.port = controller.port  # type: ignore[attr-defined]
    yield box
    controller.stop()


@pytest.fixture
def world(tmp_path: Path, post: Postbox) -> Small:
    """A night on which an alert was decided and the mail server took nothing."""
    made = Small(
        tmp_path, total(), day=date(2026, 3, 3), alerts="reminder_days = []",
        people='["anna@example.org", "bo@example.org"]', smtp=f'smtp = "smtp://127.0.0.1:{post.port}"',  # type: ignore[attr-defined]
    )  # fmt: skip
    made.night()
    post.got.clear()
    made.complain(ANNA, 12)
    post.open = False
    night = made.night(1)
    assert night.alerts is not None and night.alerts.waiting == 2 and post.got == []
    post.open = True
    return made


def change_people(world: Small, people: str) -> None:
    world.configure(total(), people=people)


def send(world: Small, ok: int = 0, hour: int = 6) -> Result:
    """Give the command on the world's own day, so many hours into it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("flows.workplace.open_workplace", lambda _config: world.open(hour))
        done = CliRunner().invoke(app, ["alerts", "send", "--config", str(world.root / "koll.toml")])
    assert done.exit_code == ok, done.output
    return done


def rows(world: Small) -> dict[str, str]:
    with Database(world.open().engine) as session:
        return {row.recipient: row.state for row in session.exec(select(OutboxRow)) if row.business_date.day == 4}


def test_what_a_server_put_off_is_sent_once_and_the_command_says_how_it_went(world: Small, post: Postbox) -> None:
    post.open = False
    put_off = send(world, ok=1).output
    assert "2 waiting" in put_off and "451" in put_off and "@example.org" not in put_off
    post.open = True
    assert "2 sent, 0 waiting" in send(world, hour=8).output
    assert post.to == ["anna@example.org", "bo@example.org"]
    assert "0 sent, 0 waiting" in send(world, hour=9).output and len(post.got) == 2


def test_who_was_taken_out_gets_nothing_and_whoever_remains_has_been_told(world: Small, post: Postbox) -> None:
    change_people(world, '["BO@example.org"]')
    assert "1 not sent" in send(world).output
    assert post.to == ["bo@example.org"]
    assert rows(world) == {"anna@example.org": "withdrawn", "bo@example.org": "accepted"}
    assert "not sent" not in send(world).output and len(post.got) == 1, "said once"


def test_what_a_killed_sender_had_claimed_is_withdrawn_too(world: Small, post: Postbox) -> None:
    with Database(world.open().engine) as session:
        for row in session.exec(select(OutboxRow).where(OutboxRow.state == "waiting")):
            row.state, row.lease_until = "sending", row.created
        session.commit()
    change_people(world, '["bo@example.org"]')
    assert "1 not sent" in send(world).output and post.to == ["bo@example.org"]


def test_whoever_takes_their_place_is_told_what_nobody_else_was(world: Small, post: Postbox) -> None:
    change_people(world, '["cia@example.org", "dan@example.org"]')
    assert "2 not sent" in send(world).output
    assert post.to == ["cia@example.org", "dan@example.org"], "each once, though two mails were withdrawn"
    head = post.got[0][1].partition(b"\r\n\r\n")[0].decode()
    assert f"To: {post.got[0][0]}\r\n" in head and "anna@" not in head and "bo@" not in head
    ids = {line for _, mail in post.got for line in mail.splitlines() if line.lower().startswith(b"message-id")}
    assert len(ids) == 2
    send(world)
    assert len(post.got) == 2 and set(rows(world).values()) == {"withdrawn", "accepted"}


def test_a_new_colleague_is_not_sent_what_another_of_the_group_has(world: Small, post: Postbox) -> None:
    change_people(world, '["bo@example.org", "cia@example.org"]')
    send(world)
    assert post.to == ["bo@example.org"]


def test_where_a_group_has_nobody_left_the_operators_are_told(world: Small, post: Postbox) -> None:
    change_people(world, '["cia@example.org"]')
    text = (world.root / "koll.toml").read_text("utf-8")
    text = text.replace('ethics = ["cia@example.org"]', 'jurists = ["jur@example.org"]')
    (world.root / "koll.toml").write_text(text.replace('to = ["ethics"]', 'to = ["jurists"]'), "utf-8")
    send(world)
    assert post.to == ["drift@example.org"]


def test_the_next_night_withdraws_too_and_nothing_is_missing(world: Small, post: Postbox) -> None:
    change_people(world, '["cia@example.org"]')
    night = world.night(1)
    assert night.alerts is not None and night.alerts.missing == () and night.alerts.all_out
    assert "cia@example.org" in post.to and not {"anna@example.org", "bo@example.org"} & set(post.to)
