"""A secret that is used is never seen: every server refuses it and says it back, and it stands nowhere afterwards."""

import base64
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner
from werkzeug import Response

from flows.demo.worlds import SAMPLES
from flows.koll import app
from tests.small_world import ANNA, Small, total
from tests.test_subject import DAY

MARK = "hemligt7f3a"
Answer = Callable[[str], str]
CODED = base64.b64encode(MARK.encode())[:12].decode()
# Which secret is set to what; each is used on the night below, and refused.
SMTP, IMAP, PING, CHANNEL = (f"{MARK}{name}" for name in ("smtp", "imap", "ping", "kanal"))
SCRIPT = """
import sys
from datetime import date
from pathlib import Path
from flows.night import run_night
from flows.workplace import open_workplace
from models.storage.store import upgrade
config = sys.argv[1]
place = open_workplace(Path(config), check=False)
upgrade(place.engine)
print(run_night(place, (), date(2026, 6, 12), print).sum_up())
from flows.koll import app
for words in (["doctor"], ["status", "--json"], ["alerts", "send"], ["export", "mails"], ["backup", "out.tar"]):
    try:
        app([*words, "--config", config])
    except SystemExit:
        pass
print(Path("/proc/self/cmdline").read_text())
"""


class Echo:
    """A server of lines that greets, answers by ``answer``, and remembers all that it was told."""

    def __init__(self, greeting: str, answer: Answer) -> None:
        self.heard: list[str] = []
        self.answer, self.greeting = answer, greeting
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as lines:
            try:
                lines.write(f"{self.greeting}\r\n".encode())
                lines.flush()
                for line in lines:
                    said = line.decode("latin-1").strip()
                    self.heard.append(said)
                    lines.write(self.answer(said).encode("latin-1"))
                    lines.flush()
            except OSError:
                pass

    def knows(self, secret: str) -> bool:
        return secret in "\n".join([*self.heard, *map(_decode, self.heard)])


def _decode(said: str) -> str:
    """What a log-in carries in base64."""
    found = re.findall(r"[A-Za-z0-9+/]{12,}={0,2}", said)
    return " ".join(base64.b64decode(one + "==").decode("latin-1") for one in found)


def answer_smtp(said: str) -> str:
    verb = said[:4].upper()
    if verb in ("EHLO", "HELO"):
        return "250-echo\r\n250 AUTH PLAIN LOGIN\r\n"
    if verb in ("MAIL", "RSET", "NOOP"):
        return "250 ok\r\n"
    return f"535 5.7.8 you said {said} which is {_decode(said)}\r\n"


def answer_imap(said: str) -> str:
    tag, _, rest = said.partition(" ")
    if rest.upper().startswith("CAPABILITY"):
        return f"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n"
    return f"{tag} NO you said {rest}\r\n"


@pytest.fixture
def servers() -> Iterator[dict[str, Echo]]:
    made = {
        "smtp": Echo("220 echo ESMTP", answer_smtp),
        "imap": Echo("* OK echo", answer_imap),
    }
    yield made
    for one in made.values():
        one.socket.close()


def lay_out(root: Path, servers: dict[str, Echo], web: str) -> tuple[Path, dict[str, str]]:
    """A world after one good night, on whose next an alert is due and everything refuses."""
    secrets = {
        "KOLL_SMTP_PASSWORD": SMTP, "KOLL_IMAP_PASSWORD": IMAP, "KOLL_HASH_KEY": f"{MARK}hash-key-of-some-length",
        "KOLL_CHANNEL_DUTY": f"json://{CHANNEL}:{CHANNEL}@{web.removeprefix('http://')}/{CHANNEL}",
        "KOLL_ALERTS_PING_URL": f"{web}/{PING}", "KOLL_ALERTS_PING_START_URL": f"{web}/{PING}?key={PING}",
        "KOLL_ALERTS_PING_FAIL_URL": f"{web}/{PING}/fail",
    }  # fmt: skip
    world = Small(root, total(), day=DAY - timedelta(days=1), alerts='channels = { duty = ["ethics"] }')
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("KOLL_HASH_KEY", secrets["KOLL_HASH_KEY"])
        world.night()
    world.day = DAY
    world.complain(ANNA, 12)
    for source in world.rows:
        world.deliver(source)
    world.configure(total(), smtp=f'smtp = "smtp://koll@127.0.0.1:{servers["smtp"].port}"')
    config = root / "koll.toml"
    box = f'imap = "imap://tips@127.0.0.1:{servers["imap"].port}/INBOX"'
    config.write_text(config.read_text("utf-8").replace(f'maildir = "{root}/inbox"', box), "utf-8")
    return config, secrets


def test_a_secret_that_is_used_and_refused_is_told_to_its_server_and_to_nobody_else(
    tmp_path: Path, servers: dict[str, Echo], httpserver
) -> None:
    httpserver.expect_request(re.compile(".*")).respond_with_handler(
        lambda request: Response(f"no {request.url} {PING}", 500, headers={"X-Said": PING})
    )
    config, secrets = lay_out(tmp_path, servers, httpserver.url_for("").rstrip("/"))
    environ = {
        **os.environ, **secrets, "KOLL_OPERATIONS_LOG": "koll.log", "KOLL_OPERATIONS_LOG_FORMAT": "json",
        "KOLL_OPERATIONS_METRICS": "koll.prom", "KOLL_CONFIG": str(config), "PYTHONPATH": str(SAMPLES.parent),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, config], env=environ, capture_output=True, text=True, cwd=tmp_path
    )
    said = done.stdout + done.stderr
    assert "mail server" in said and "imap" in said and "Traceback" not in said, said[-3000:]
    asked = " ".join(f"{request.url} {request.headers}" for request, _ in httpserver.log)
    assert servers["smtp"].knows(SMTP) and servers["imap"].knows(IMAP), "or this test shows nothing"
    assert PING in asked and CHANNEL in asked
    assert [
        line for line in said.splitlines() if MARK in line or base64.b64encode(MARK.encode())[:12].decode() in line
    ] == []
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) > 10 and (tmp_path / "koll.log").stat().st_size and (tmp_path / "out.tar").exists()
    assert [path.name for path in left if MARK.encode() in path.read_bytes()] == []


DATABASE = f"postgresql+psycopg://nobody:{MARK}@127.0.0.1:9/koll"
FAILURES = {
    "a database that is not there": {"KOLL_DATABASE_URL": DATABASE},
    "a database of a strange kind": {"KOLL_DATABASE_URL": f"mystery://nobody:{MARK}@127.0.0.1/koll"},
    "no database address at all": {"KOLL_DATABASE_URL": f"{MARK}@@//:::"},
    "an archive key that is none": {"KOLL_ARCHIVE_KEY": f"{MARK}-is-no-key"},
    "an archive key beside one that is none": {"KOLL_ARCHIVE_KEY": f"{'A' * 43}=,{MARK}"},
    "a hash key that is short": {"KOLL_HASH_KEY": MARK},
    "a password in the mail server's address": {"KOLL_MAIL_SMTP": f"smtp+starttls://koll:{MARK}@127.0.0.1"},
    "a ping address that is none": {"KOLL_ALERTS_PING_URL": f"ftp://127.0.0.1/{MARK}"},
    "a channel that nobody knows": {"KOLL_CHANNEL_DUTY": f"nonsense://{MARK}"},
    "a mailbox address with a password": {"KOLL_SOURCES__TIPS__IMAP": f"imap://tips:{MARK}@127.0.0.1/INBOX"},
    "a mailbox address without its scheme": {"KOLL_SOURCES__TIPS__IMAP": f"tips:{MARK}@127.0.0.1/INBOX"},
    "a mail server without its scheme": {"KOLL_MAIL_SMTP": f"koll:{MARK}@127.0.0.1"},
    "a secret that is no setting": {"KOLL_SMTP_PASSWRD": MARK, "KOLL_NONSENSE_KEY": MARK},
}  # fmt: skip
COMMANDS = (["status"], ["doctor"], ["doctor", "--json"], ["alerts", "send"], ["retention", "run", "--dry-run"],
            ["subject", "find", "a@b.example"], ["verify"], ["export", "runs"])  # fmt: skip


@pytest.mark.parametrize("what", FAILURES)
def test_what_is_wrong_with_a_secret_is_said_without_saying_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = Small(tmp_path, total(), day=DAY, quiet=True, alerts='channels = { duty = ["ethics"] }')
    world.open()
    for name, value in FAILURES[what].items():
        monkeypatch.setenv(name, value)
    for words in COMMANDS:
        told = CliRunner().invoke(app, [*words, "--config", str(tmp_path / "koll.toml")])
        assert not told.exception or isinstance(told.exception, SystemExit), (words, told.exception)
        assert MARK not in told.output + caplog.text, words


def test_no_command_takes_a_secret_on_its_command_line() -> None:
    def walk(command: object, path: str) -> Iterator[str]:
        for name, one in getattr(command, "commands", {}).items():
            yield from walk(one, f"{path} {name}")
        for parameter in getattr(command, "params", ()):
            for option in parameter.opts:
                if option.startswith("-") and re.search(r"password|secret|token|(?<!without-)key(?!s)", option):
                    yield f"{path} {option}"

    assert list(walk(typer.main.get_command(app), "koll")) == []
