"""Short texts to other channels: beside the mails, without personal data, with the outbox's discipline."""

import json
from datetime import date
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from small_world import ANNA, BO, NAMES, Small, total
from sqlmodel import Session, select
from werkzeug import Response

from flows.looking.status import read_status
from models.alerting.tables import TEXT, OutboxRow
from models.configuration.settings import SettingsInvalid

DUTY = 'reminder_days = []\nchannels = { duty = ["ethics"] }'


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Small:
    monkeypatch.setenv("KOLL_CHANNEL_DUTY", f"json://127.0.0.1:{httpserver.port}/hush")
    made = Small(tmp_path, total(), day=date(2026, 3, 3), alerts=DUTY)
    made.night()
    return made


def texts(world: Small) -> list[OutboxRow]:
    with Session(world.open().engine) as session:
        return list(session.exec(select(OutboxRow).where(OutboxRow.kind == TEXT)))


def test_an_alert_is_also_a_short_text_sent_once_and_never_in_place_of_the_mail(
    world: Small, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/hush").respond_with_data("ok")
    world.complain(ANNA, 12)
    night = world.night(1)
    assert night.alerts is not None and night.alerts.all_out and len(world.mails()) == 1
    world.run(hour=5)
    [(request, _)] = httpserver.log
    said = json.loads(request.get_data())["message"]
    assert NAMES[ANNA] in said and "koll alerts show" in said and "@" not in said and len(said) < 160


def test_a_channel_that_does_not_answer_stops_no_mail_and_is_tried_again(world: Small, httpserver: HTTPServer) -> None:
    answers = iter([Response("busy", 503), Response("ok", 200)])
    httpserver.expect_request("/hush").respond_with_handler(lambda _: next(answers))
    world.complain(ANNA, 12)
    night = world.night(1)
    assert night.alerts is not None and (night.alerts.sent, night.alerts.waiting) == (1, 1)
    assert len(world.mails()) == 1 and read_status(world.open())["outbox"] == {"accepted": 1, "waiting": 1}
    assert world.send(5).all_out
    [row] = texts(world)
    assert (row.state, row.attempts) == ("accepted", 2)


def test_a_missing_or_unknown_address_waits_and_is_told_without_the_secret(
    world: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOLL_CHANNEL_DUTY", "nonsense://very-secret")
    world.complain(ANNA, 12)
    world.night(1)
    monkeypatch.delenv("KOLL_CHANNEL_DUTY")
    world.send(5)
    assert [row.last_reply for row in texts(world)] == ["KOLL_CHANNEL_DUTY is not set"]
    said = "\n".join(world.lines)
    assert "holds no address that apprise knows" in said and "very-secret" not in said


def test_a_busy_night_is_some_texts_and_one_for_the_rest(world: Small, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hush").respond_with_data("ok")
    world.configure(total(), alerts=DUTY + "\nsingle_mails_per_run = 1")
    world.complain(ANNA, 12)
    world.complain(BO, 60)
    world.night(1)
    said = [json.loads(request.get_data())["message"] for request, _ in httpserver.log]
    assert len(said) == 2 and any(NAMES[BO] in one for one in said) and any("1 larm till" in one for one in said)


def test_a_channel_of_an_unknown_group_is_refused_at_load(world: Small) -> None:
    world.configure(total(), alerts='channels = { duty = ["nobody"] }')
    with pytest.raises(SettingsInvalid, match=r"alerts\.channels\.duty = 'nobody': no such group"):
        world.open()
