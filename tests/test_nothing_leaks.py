"""No person who wrote, and no secret, is found anywhere but where they belong: sealed, or in the register."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from email.utils import parseaddr
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from flows.demo.worlds import SAMPLES
from flows.koll import app
from models.configuration.environment import SECRETS
from models.members.identifiers import read_phone
from models.storage.dump import dump_table, list_tables, open_snapshot
from tests.demo_world import World, demo_world
from tests.small_world import ANNA, Small, total
from tests.test_subject import DAY

REGISTER = ("member", "member_name")
PERSONAL = re.compile(r"(?<!\d)(?:\d\d)?\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])[-+]\d{4}(?!\d)")
# How the demo's people sign: two words by themselves under a greeting.
SIGNED = re.compile(r"(?:hälsningar|hälsar|regards|mvh)[,\s]+([A-ZÅÄÖ][a-zåäö]+ [A-ZÅÄÖ][a-zåäö]+)\s*$", re.M | re.I)
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


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with demo_world(tmp_path_factory.mktemp("leaks") / "world") as laid_out:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("KOLL_OPERATIONS_LOG", "koll.log")
            patched.setenv("KOLL_OPERATIONS_METRICS", "koll.prom")
            patched.setenv("KOLL_PAGE_FOLDER", "page")
            laid_out.three_nights()
        yield laid_out


def read_everything(world: World) -> Iterator[tuple[str, str]]:
    """Yield (where, what stands there) for all that a night leaves."""
    place = world.open()
    with open_snapshot(place.engine) as connection:
        for table in list_tables():
            if table.name not in REGISTER:
                yield f"table {table.name}", b"".join(dump_table(connection, table)).decode()
    yield "what runs say", "\n".join(world.lines)
    for what in ("complaints", "counts", "alerts", "mails", "quarantine", "reviews", "runs", "audit"):
        yield f"export {what}", json.dumps(world.export(what), ensure_ascii=False)
    inputs = {"inbox", "extracts", "register", "site"}
    for path in sorted(world.root.rglob("*")):
        shown = path.relative_to(world.root)
        yield "the name of a file", str(shown) if shown.parts[0] not in inputs else ""
        if path.is_file() and shown.parts[0] not in inputs:
            content = path.read_bytes()
            content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
            if shown.parts[0] == "mail":
                mail = message_from_bytes(content, policy=default)
                content = b"".join(
                    part.get_content().encode() for part in mail.walk() if part.get_content_maintype() == "text"
                )
            yield str(shown), content.decode("utf-8", "replace")


def test_no_person_of_the_demos_tips_is_found_outside_the_sealed_mail(world: World) -> None:
    persons = list_persons()
    assert len(persons) > 15, "there is something to look for"
    found = {
        (person, where) for where, text in read_everything(world) for person in persons if person in text.casefold()
    }
    assert found == set()


def test_the_search_would_find_one(world: World) -> None:
    archive = world.open().archive
    opened = "".join(archive.get(s).decode("utf-8", "replace") for s in archive.list_objects() if archive.is_sealed(s))
    assert sum(person in opened.casefold() for person in list_persons()) > 15


# -- secrets

MARK = "hemligt-7f3a"


def test_no_command_takes_a_secret_on_its_command_line() -> None:
    group = typer.main.get_command(app)

    def walk(command: object, path: str) -> Iterator[str]:
        for name, one in getattr(command, "commands", {}).items():
            yield from walk(one, f"{path} {name}")
        for parameter in getattr(command, "params", ()):
            for option in parameter.opts:
                if option.startswith("-") and re.search(r"password|secret|token|(?<!without-)key(?!s)", option):
                    yield f"{path} {option}"

    assert list(walk(group, "koll")) == []


def test_no_secret_is_ever_shown_or_written(tmp_path: Path) -> None:
    """A night on which the mail server and the mailbox both refuse, seen in every place that it leaves."""
    world = Small(tmp_path, total(), day=DAY, quiet=True, smtp='smtp = "smtp://127.0.0.1:9"')
    world.complain(ANNA, 12)
    for source in world.rows:
        world.deliver(source)
    config = tmp_path / "koll.toml"
    text = config.read_text("utf-8").replace(f'maildir = "{tmp_path}/inbox"', 'imap = "imap://tips@127.0.0.1:9/INBOX"')
    config.write_text(text, "utf-8")
    environ = {
        **os.environ,
        **{name: f"{MARK}-{name}" for name in SECRETS.values() if name != "KOLL_ARCHIVE_KEY"},
        "KOLL_OPERATIONS_LOG": "koll.log",
    }
    script = (
        "import sys; from pathlib import Path; from flows.night import run_night\n"
        "from flows.workplace import open_workplace; from models.storage.store import upgrade; "
        "from datetime import date\n"
        "place = open_workplace(Path(sys.argv[1]), check=False); upgrade(place.engine)\n"
        "night = run_night(place, (), date(2026, 6, 12), print); print(night.sum_up())\n"
        "from flows.koll import app; app(['doctor', '--config', sys.argv[1]])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, config], env=environ, capture_output=True, text=True, cwd=SAMPLES.parent
    )
    assert "imap-unreachable" in done.stdout, done.stderr[-2000:]
    assert MARK not in done.stdout + done.stderr
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or MARK.encode() not in path.read_bytes(), path


def test_a_wrong_database_password_is_refused_without_being_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Small(tmp_path, total(), day=DAY, quiet=True)
    monkeypatch.setenv("KOLL_DATABASE_URL", f"postgresql+psycopg://nobody:{MARK}@127.0.0.1:9/koll")
    told = CliRunner().invoke(app, ["status", "--config", str(tmp_path / "koll.toml")])
    assert told.exit_code == 1 and "127.0.0.1" in told.output and MARK not in told.output
