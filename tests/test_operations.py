"""For whoever runs it: the log file, the metrics, the watchman, and who could get in."""

import email
import json
import os
import stat
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from typer.testing import CliRunner

from flows.alerts.ping import announce
from flows.koll import app
from flows.upkeep.safety import examine_safety
from tests.small_world import ANNA, Small, total
from tests.test_subject import DAY


def open_small(root: Path, **more: str) -> Small:
    world = Small(root, total(), day=DAY, quiet=True, **more)
    world.complain(ANNA, 3)
    return world


def test_every_line_of_the_log_is_json_with_its_run_and_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOLL_OPERATIONS_LOG", "koll.log")
    monkeypatch.setenv("KOLL_OPERATIONS_LOG_FORMAT", "json")
    world = open_small(tmp_path)
    night = world.night()
    lines = [json.loads(line) for line in (tmp_path / "koll.log").read_text("utf-8").splitlines()]
    assert {line["run"] for line in lines} == {night.order.run_id}
    assert {line["source"] for line in lines} == {"agency", "council", "tips", None}
    assert lines[-1]["message"] == "nightly: 3 source(s) read, nothing failed" or night.failed
    assert stat.S_IMODE((tmp_path / "koll.log").stat().st_mode) == 0o600
    monkeypatch.setenv("KOLL_OPERATIONS_LOG_FORMAT", "text")
    again = world.ingest("agency")
    assert f"{again.order.run_id} agency agency: " in (tmp_path / "koll.log").read_text("utf-8")


def test_a_log_or_metrics_that_cannot_be_written_stop_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOLL_OPERATIONS_LOG", "no/such/folder/koll.log")
    (tmp_path / "taken").write_text("a file, no folder")
    monkeypatch.setenv("KOLL_OPERATIONS_METRICS", "taken/koll.prom")
    world = open_small(tmp_path)
    assert len(world.night().nights) == 3
    assert any("mend [operations] log" in line for line in world.lines)
    assert any("mend [operations] metrics" in line for line in world.lines)


def test_metrics_are_written_after_every_run_and_readable_for_the_exporter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOLL_OPERATIONS_METRICS", "metrics/koll.prom")
    world = open_small(tmp_path)
    world.night()
    (tmp_path / "agency").rename(tmp_path / "away")
    world.ingest("agency")
    path = tmp_path / "metrics" / "koll.prom"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    samples = [s for family in text_string_to_metric_families(path.read_text("utf-8")) for s in family.samples]
    told = {(s.name, *s.labels.values()): s.value for s in samples}
    assert told["koll_source_broken", "agency"] == 1 and told["koll_source_broken", "tips"] == 0
    assert told["koll_run_failed", "ingest"] == 1 and told["koll_source_complaints", "agency"] == 3
    assert told["koll_run_end_timestamp_seconds", "nightly"] > 0
    assert ANNA not in path.read_text("utf-8")


def test_metrics_must_have_the_name_that_the_exporter_looks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOLL_OPERATIONS_METRICS", "koll.txt")
    Small(tmp_path, total(), day=DAY, quiet=True)
    told = CliRunner().invoke(app, ["status", "--config", str(tmp_path / "koll.toml")])
    assert told.exit_code == 1 and "operations.metrics" in told.output and ".prom" in told.output


def test_the_watchman_is_told_of_the_start_and_of_a_failure(tmp_path: Path, httpserver) -> None:
    paths = {f"ping_{end}": httpserver.url_for(f"/{end}") for end in ("start_url", "fail_url", "url")}
    httpserver.expect_request("/start_url").respond_with_data("OK")
    world = open_small(tmp_path, alerts="\n".join(f'{name} = "{url}"' for name, url in paths.items()))
    world.deliver("council")
    world.run()  # the agency has sent nothing, which breaks its floor
    (tmp_path / "council").rename(tmp_path / "away")
    httpserver.clear_log()
    assert world.run().failed
    assert [request.path for request, _ in httpserver.log] == ["/start_url", "/fail_url"]
    assert not any(httpserver.url_for("") in line for line in world.lines), "whoever has the address could ping"


def test_a_watchman_does_not_steer_us_elsewhere(httpserver) -> None:
    httpserver.expect_request("/here").respond_with_data("", 302, {"Location": httpserver.url_for("/inside")})
    httpserver.expect_request("/inside").respond_with_data("metadata")
    said: list[str] = []
    assert not announce(httpserver.url_for("/here"), said.append)
    assert [request.path for request, _ in httpserver.log] == ["/here"] and "check the ping addresses" in said[0]


def found(world: Small, **environ: str) -> dict[str, str]:
    return {one["found"]: one["do"] for one in examine_safety(world.open(), environ) if not one["ok"]}


def test_what_runs_write_is_private_whatever_the_umask_was(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        world = open_small(tmp_path)
        world.night()
        made = [tmp_path / "koll.db", *(tmp_path / "archive").rglob("*"), *(tmp_path / "mail").rglob("*")]
        open_to_others = [path for path in made if path.stat().st_mode & 0o077]
    finally:
        os.umask(before)
    assert len(made) > 10 and open_to_others == []


def test_the_doctor_warns_of_files_that_others_can_read(tmp_path: Path) -> None:
    world = open_small(tmp_path)
    world.night()
    for path in (tmp_path / "koll.toml", tmp_path / "register"):
        path.chmod(0o700)
    assert found(world) == {}
    (tmp_path / "koll.db").chmod(0o644)
    (tmp_path / "archive" / "archive.key").chmod(0o604)
    warned = found(world)
    assert len(warned) == 2 and all("chmod" in do for do in warned.values())


def test_the_doctor_warns_of_open_talk_and_of_a_server_that_lets_anybody_in(tmp_path: Path) -> None:
    world = open_small(tmp_path)
    for path in (tmp_path / "koll.toml", tmp_path / "register"):
        path.chmod(0o700)
    assert found(world, PREFECT_API_URL="http://127.0.0.1:4200/api") == {}
    assert len(found(world, PREFECT_API_URL="http://prefect.invalid:4200/api")) == 2
    assert len(found(world, PREFECT_API_URL="https://prefect.invalid/api")) == 1
    assert found(world, PREFECT_API_URL="https://prefect.invalid/api", PREFECT_API_AUTH_STRING="koll:x") == {}
    assert any("0.0.0.0" in told for told in found(world, PREFECT_SERVER_API_HOST="0.0.0.0"))
    assert found(world, PREFECT_SERVER_API_HOST="0.0.0.0", PREFECT_SERVER_API_AUTH_STRING="koll:x") == {}
    text = (tmp_path / "koll.toml").read_text("utf-8")
    opened = text.replace(f'maildir = "{tmp_path}/inbox"', 'imap = "imap://tips@mail.invalid/INBOX"')
    (tmp_path / "koll.toml").write_text(opened, "utf-8")
    assert any("in the open" in told for told in found(world))


def test_the_operators_are_told_once_a_night_what_failed_and_what_to_run(tmp_path: Path) -> None:
    from flows.alerts.settling import send_mail
    from flows.upkeep.operators import queue_words

    world = open_small(tmp_path)
    assert [broken.source for broken in world.night().broken] == ["council"]  # it has no rows at all
    assert [queue_words(world.open(), "failed", "Failed") for _ in range(2)] == [1, 0]
    assert queue_words(world.open(), "missing") == 1
    assert send_mail(world.open(), print).sent == 2
    with world.open().engine.connect() as connection:
        asked = "SELECT subject, message, recipient FROM outbox WHERE kind = 'operators' ORDER BY subject"
        missing, failed = connection.execute(text(asked)).all()
    told = email.message_from_bytes(failed.message).get_payload(decode=True).decode()
    assert failed.recipient == "drift@example.org" and DAY.isoformat() in failed.subject
    assert "koll ingest council" in told and "koll status" in told and "Failed" in told
    assert "Ingen nattkörning" in str(make_header(decode_header(missing.subject)))
