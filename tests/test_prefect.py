"""Prefect for real: a server, a worker, the deployments of prefect.yaml, and one failed source run again."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path

import dask
import pytest
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from distributed import Client, LocalCluster
from distributed.diagnostics.plugin import SchedulerPlugin
from distributed.utils import get_mp_context
from requests.adapters import HTTPAdapter
from sqlalchemy import text
from urllib3.util import Retry

from flows.demo.nights import deliver_day
from flows.looking.exports import EXPORTS, Asked
from tests import hostile_tips, parts_world
from tests.demo_world import FIRST, World, demo_world
from tests.leak_places import flatten
from tests.test_nothing_leaks import list_persons, list_writings
from tests.test_secrets import Echo, answer_imap

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.prefect


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with demo_world(tmp_path_factory.mktemp("served") / "world") as laid_out:
        laid_out.open()
        deliver_day(laid_out.root, 1)
        hostile_tips.deliver(laid_out.root / "inbox")
        yield laid_out


@pytest.fixture(scope="module")
def environment(home: Path, world: World) -> Iterator[dict[str, str]]:
    port = free_port()
    environ = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "NO_PROXY": "127.0.0.1",
        "KOLL_CONFIG": str(world.config),
    }
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [BIN / "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"],
            env=environ,
            stdout=log,
            stderr=log,
        )
        try:
            wait_for_server(f"http://127.0.0.1:{port}/api/health", server)
            yield environ
        finally:
            stop(server)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server; one that takes its time over saying goodbye on a busy machine is not waited for."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(30)


def wait_for_server(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert server.poll() is None, "the Prefect server ended"
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:  # not up yet, or too busy to answer in time
            pass
        time.sleep(0.5)
    raise AssertionError("the Prefect server did not answer within two minutes")


@pytest.fixture(scope="module")
def api() -> Iterator[requests.Session]:
    """Prefect's server on SQLite says 503 while its database is locked; its own clients ask again, and so do we."""
    again = Retry(12, status_forcelist=[503], allowed_methods=None, backoff_factor=0.2, backoff_max=10)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=again))
        yield session


def prefect(environ: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [BIN / "prefect", "--no-prompt", *words], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def deployed(environment: dict[str, str], home: Path) -> Iterator[dict[str, str]]:
    prefect(environment, "work-pool", "create", "medlemskoll", "--type", "process")
    prefect(environment, "deploy", "--all")
    with (home / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [BIN / "prefect", "worker", "start", "--pool", "medlemskoll"], env=environment, stdout=log, stderr=log
        )
        try:
            yield environment
        finally:
            stop(worker)


def run(api: requests.Session, environ: dict[str, str], deployment: str, **parameters: object) -> dict:
    """Run a deployment through the worker and return the finished flow run as the server has it."""
    url = environ["PREFECT_API_URL"]
    found = api.get(f"{url}/deployments/name/{deployment}", timeout=60).json()
    created = api.post(f"{url}/deployments/{found['id']}/create_flow_run", json={"parameters": parameters}, timeout=60)
    assert created.ok, created.text
    for _ in range(1200):
        flow_run = api.get(f"{url}/flow_runs/{created.json()['id']}", timeout=60).json()
        if flow_run["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED"):
            return flow_run
        time.sleep(0.5)
    raise AssertionError(f"{deployment} did not end: {flow_run['state']}")


def await_operators_mail(world: World, word: str) -> str:
    """Return the subject of the mail that an automation has sent, once it has."""
    for _ in range(480):
        with world.open().engine.connect() as connection:
            asked = "SELECT subject FROM outbox WHERE kind = 'operators' AND state = 'accepted'"
            subjects = [row.subject for row in connection.execute(text(asked)) if word in row.subject]
        if subjects:
            assert len(subjects) == 1
            return str(subjects[0])
        time.sleep(0.25)
    raise AssertionError("no automation has sent mail")


def test_a_failed_source_is_seen_by_itself_and_rerun_through_its_deployment(
    api: requests.Session, deployed: dict[str, str], world: World
) -> None:
    set_up = subprocess.run([BIN / "koll", "automations"], env=deployed, capture_output=True, text=True, timeout=120)
    assert set_up.returncode == 0 and set_up.stdout.count("set: medlemskoll") == 2, set_up.stderr
    away = world.root / "extracts-away"
    shutil.move(world.root / "extracts", away)
    night = run(api, deployed, "nightly/nightly", business_date=FIRST.isoformat())
    assert night["state"]["type"] == "FAILED"
    assert "koll ingest konsumentverket" in night["state"]["message"]

    url = deployed["PREFECT_API_URL"]
    tasks = api.post(f"{url}/task_runs/filter", json={"flow_runs": {"id": {"any_": [night["id"]]}}}, timeout=60).json()
    states = {task["name"]: task["state"]["type"] for task in tasks}
    assert states["konsumentverket"] == "FAILED" and states["tips"] == states["dm_namnden"] == "COMPLETED"
    logs = api.post(f"{url}/logs/filter", json={"logs": {"level": {"ge_": 40}}}, timeout=60).json()
    told = [log["message"] for log in logs if log["task_run_id"]]
    assert len(told) == list(states.values()).count("FAILED"), told  # once each, and no empty traceback
    assert all(message.startswith("Finished in state Failed") for message in told)
    artifacts = api.post(f"{url}/artifacts/filter", json={}, timeout=60).json()
    assert {"night", "source-konsumentverket", "source-tips"} <= {artifact["key"] for artifact in artifacts}

    shutil.move(away, world.root / "extracts")
    again = run(api, deployed, "ingest/ingest", source="konsumentverket", business_date=FIRST.isoformat())
    assert again["state"]["type"] == "COMPLETED", again["state"]["message"]
    assert sum(row["source"] == "konsumentverket" for row in world.export("complaints")) == 512
    assert FIRST.isoformat() in await_operators_mail(world, "gick inte bra")


def test_no_night_for_longer_than_there_should_be_is_told_too(
    api: requests.Session, deployed: dict[str, str], world: World
) -> None:
    script = (
        "import asyncio, datetime; from flows.upkeep.automations import set_automations\n"
        "asyncio.run(set_automations(datetime.timedelta(seconds=10)))"
    )
    done = subprocess.run([sys.executable, "-c", script], env=deployed, cwd=ROOT, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert await_operators_mail(world, "Ingen nattk")
    longer = subprocess.run([BIN / "koll", "automations"], env=deployed, capture_output=True, text=True, timeout=120)
    assert longer.returncode == 0, longer.stderr  # the two there are brought up to date, not doubled
    listed = api.post(f"{deployed['PREFECT_API_URL']}/automations/filter", json={}, timeout=60).json()
    assert len(listed) == 2


def test_the_deployments_are_scheduled_and_offer_the_sources_to_choose_from(
    api: requests.Session, deployed: dict[str, str]
) -> None:
    url = deployed["PREFECT_API_URL"]
    nightly = api.get(f"{url}/deployments/name/nightly/nightly", timeout=60).json()
    schedule = nightly["schedules"][0]["schedule"]
    assert (schedule["cron"], schedule["timezone"]) == ("15 3 * * *", "Europe/Stockholm")
    assert nightly["global_concurrency_limit"]["limit"] == 1
    ingest = api.get(f"{url}/deployments/name/ingest/ingest", timeout=60).json()
    assert "konsumentverket" in json.dumps(ingest["parameter_openapi_schema"]["properties"]["source"])
    for name in ("backfill/backfill", "housekeeping/housekeeping"):
        assert api.get(f"{url}/deployments/name/{name}", timeout=60).status_code == 200


def test_no_person_who_wrote_stands_in_prefects_database_or_logs(deployed: dict[str, str], home: Path) -> None:
    persons = list_persons() | list_writings()
    files = [path for path in home.rglob("*") if path.is_file() and path.suffix in {".db", ".db-wal", ".log"}]
    assert any(path.suffix == ".db" for path in files)
    for path in files:
        content = flatten(path.read_bytes().decode("utf-8", "replace"))
        assert not [person for person in persons if person in content], path.name


def test_the_command_line_runs_the_same_flows_and_ends_with_one_when_a_source_failed(
    environment: dict[str, str], world: World
) -> None:
    day = ("--date", FIRST.isoformat())
    night = subprocess.run(
        [BIN / "koll", "nightly", *day], env=environment, capture_output=True, text=True, timeout=300
    )
    assert night.returncode == 1
    assert "koll ingest dm_gamla_arkivet" in night.stdout
    again = subprocess.run(
        [BIN / "koll", "ingest", "tips", *day, "--json"], env=environment, capture_output=True, text=True, timeout=300
    )
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["sources"][0]["source"] == "tips"


def test_a_password_kept_in_prefect_is_used_by_a_night_and_seen_by_nobody(
    environment: dict[str, str], world: World, home: Path, tmp_path: Path
) -> None:
    """The mailbox refuses it and says it back; the night says neither."""
    mailbox, secret = Echo("* OK echo", answer_imap), "prefects-hemlighet-7f3a"
    keep = (
        "import sys; from prefect.blocks.system import Secret\n"
        "Secret(value=sys.stdin.read()).save('koll-imap-password')"
    )
    kept = subprocess.run(
        [sys.executable, "-c", keep], env=environ_of(environment), input=secret, text=True, timeout=120
    )
    assert kept.returncode == 0
    text = world.config.read_text("utf-8")
    box = f'imap = "imap://tips@127.0.0.1:{mailbox.port}/INBOX"'
    config = world.root / "served.toml"
    config.write_text(text.replace(f'maildir = "{world.root}/inbox"', box), "utf-8")
    night = subprocess.run(
        [BIN / "koll", "nightly", "--only", "tips", "--date", FIRST.isoformat(), "--config", config],
        env=environ_of(environment), capture_output=True, text=True, timeout=300, cwd=tmp_path,
    )  # fmt: skip
    mailbox.socket.close()
    assert night.returncode == 1 and "koll ingest tips" in night.stdout, night.stdout + night.stderr
    assert mailbox.knows(secret), "it was never used, so this test shows nothing"
    assert secret not in night.stdout + night.stderr
    left = [path for top in (home, world.root) for path in top.rglob("*") if path.is_file()]
    assert [path.name for path in left if secret.encode() in path.read_bytes()] == []


def environ_of(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("KOLL_IMAP_PASSWORD")}


class Postbox:
    """A mail server that takes everything."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Message]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 OK"

    def wait_for(self, word: str) -> tuple[list[str], Message]:
        for _ in range(240):
            if found := [mail for mail in self.mails if word in mail[1]["Subject"]]:
                return found[0]
            time.sleep(0.5)
        raise AssertionError(f"no mail about {word!r}; there is {[mail['Subject'] for _, mail in self.mails]}")


def test_the_server_itself_mails_that_no_night_came_without_a_worker(deployed: dict[str, str], world: World) -> None:
    postbox = Postbox()
    server = Controller(postbox, hostname="127.0.0.1", port=free_port())
    server.start()
    environ = {**deployed, "KOLL_MAIL_SMTP": f"smtp://127.0.0.1:{server.port}"}
    script = (
        "import asyncio, datetime; from pathlib import Path; from flows.upkeep import automations, notice\n"
        "from flows.workplace import open_workplace\n"
        f"made = notice.prepare_notice(open_workplace(Path({str(world.config)!r})))\n"
        "asyncio.run(automations.set_automations(datetime.timedelta(seconds=10), made))"
    )
    try:
        done = subprocess.run([sys.executable, "-c", script], env=environ, cwd=ROOT, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        to, mail = postbox.wait_for("Ingen nattk")
        assert to == ["drift@kontakta.example"] and "koll nightly" in mail.get_content()
        assert mail["Auto-Submitted"] == "auto-generated", "a tip mailbox that gets it leaves it alone"
        koll = [BIN / "koll", "automations", "--try"]
        assert subprocess.run(koll, env=environ, capture_output=True, timeout=120).returncode == 0
        assert postbox.wait_for("TEST")[0] == ["drift@kontakta.example"]
    finally:
        server.stop()


class Watch(SchedulerPlugin):
    """Counts how often each task is sent to a worker, and how often it is done."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.done: Counter[str] = Counter()

    def transition(self, key: str, _start: str, finish: str, *_more: object, **_others: object) -> None:
        self.sent[key] += finish == "processing"
        self.done[key] += finish == "memory"


def until(ask: Callable[[], str | None]) -> str:
    """Ask again and again until there is an answer."""
    for _ in range(1200):
        if answer := ask():
            return answer
        time.sleep(0.1)
    raise AssertionError("nothing came")


def test_a_backfill_on_two_workers_of_which_one_is_killed_comes_to_the_same_to_the_byte(
    environment: dict[str, str], postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOLL_HASH_KEY", "one key for all of them")
    monkeypatch.setenv("PREFECT_API_URL", environment["PREFECT_API_URL"])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    exports = []
    for cluster in (False, True):
        monkeypatch.setenv("KOLL_DATABASE_URL", parts_world.make_database(postgres_url))
        world = parts_world.lay_out(tmp_path / str(cluster))
        parts_world.write_files(world.root / "agency", 1, 6)
        if cluster:
            backfill_with_a_death(world.root / "koll.toml", {**environment, **os.environ})
        else:
            world.ingest("agency")
        exports.append([json.dumps(row, default=str) for row in EXPORTS["complaints"](world.open(), Asked())])
    assert exports[0] == exports[1] and len(exports[0]) > 40


@contextmanager
def forking() -> Iterator[None]:
    """Let workers, also the one that follows a dead one, be forked from a process that has imported all they need.

    Each of the three would take some ten seconds of processor time otherwise.
    """
    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        get_mp_context().set_forkserver_preload(["distributed", "prefect_dask", "flows.backfill", "great_expectations"])
        yield


def backfill_with_a_death(config: Path, environ: dict[str, str]) -> None:
    """Run `koll backfill` on a cluster of two workers, and kill the first that has something to do."""
    local = {"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with forking(), LocalCluster(n_workers=2, **local) as cluster, Client(cluster) as client:
        watch, pids = Watch(), client.run(os.getpid)
        cluster.scheduler.add_plugin(watch)
        environ["KOLL_BACKFILL_CLUSTER"] = cluster.scheduler_address
        command = [BIN / "koll", "backfill", "agency", "--date", parts_world.DAY.isoformat(), "--config", config]
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            try:
                busy = until(lambda: next((at for at, keys in client.processing().items() if keys), None))
                os.kill(pids[busy], signal.SIGKILL)
                out, err = run.communicate(timeout=900)
            finally:
                run.kill()
        assert run.returncode == 0, out + err
        assert f"parts are read on the cluster at {cluster.scheduler_address}" in out
        assert [err.count(f"agency, part {at} of 6: ") for at in range(1, 7)] == [1] * 6
    assert len(watch.done) == 6 and set(watch.done.values()) == {1}
    assert max(watch.sent.values()) > 1, "no part was taken from the dead worker"
