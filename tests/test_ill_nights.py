"""Whole nights on which one thing outside is ill: the rest is done, the fault is told, a night when well completes it.

What is told, and what to do about it, stands in docs/faults.md: these tests hold every row of it true.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from imapclient import IMAPClient
from sqlalchemy import text
from typer.testing import CliRunner

from flows.koll import app
from models.storage.store import open_engine
from models.words import Verdict
from tests.ill_world import (
    IMAP_PASSWORD,
    IMAP_USER,
    SECRET,
    SENT_BY_SERVER,
    Fault,
    IllWorld,
    Outside,
    answer,
    cut,
    cut_line,
    damage_reading,
    endless,
    expire,
    fill_archive,
    flip,
    hold_database,
    lose_name,
    mood,
    move_tips,
    redirect,
    seal_archive,
    silent,
    stall,
    take_away,
)
from tests.test_delivery import smtp_server
from tests.test_inbox_imap import find_port, port  # noqa: F401 - a fixture
from tests.test_session import drip, gzipped, http, reset
from tests.torture.killing import Outcome

PAGE = Path(__file__).parent.parent / "docs" / "faults.md"
ROWS = {
    cells[0].strip(): cells[1:]
    for line in PAGE.read_text("utf-8").splitlines()
    if len(cells := line.strip("| ").split("|")) == 4 and not line.startswith(("| fault", "|---"))
}
DRIP = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
SITE: dict[str, Fault] = {  # the source "board"
    "connection reset": answer(reset),
    "slow drip": answer(drip(DRIP)),
    "silence": answer(silent),
    "endless body": answer(endless),
    "redirect loop": answer(redirect("/wp-sitemap.xml")),
    "redirect to a private address": answer(redirect("http://169.254.169.254/latest/meta-data")),
    "wrong length": answer(http(200, b"<urlset>" + SENT_BY_SERVER.encode(), length=4000)),
    "wrong length, too short": answer(http(200, b"<urlset><url>" + SENT_BY_SERVER.encode() * 9, length=30)),
    "gzip bomb": answer(gzipped(bytes(40_000_000))),
    "server error": answer(http(500, SENT_BY_SERVER.encode())),
    "too many requests": answer(http(429, b"", "Retry-After: 3600")),
    "too many requests until a date": answer(
        http(429, b"", "Retry-After: Tue, 03 Mar 2026 09:00:00 GMT", "Date: Tue, 03 Mar 2026 03:00:00 GMT")
    ),
    "too many requests, for ever": answer(http(429, b"", "Retry-After: 99999999999999999999")),
    "too many requests, no word how long": answer(http(429, b"", "Retry-After: -1, soon")),
    "expired certificate": expire,
    "name not found": lose_name,
    "robots.txt fails": lambda world: world.outside.site.on("/robots.txt", http(503)),
    "archive's record cut": damage_reading(cut),
    "archive's record changed": damage_reading(flip),
}
MACHINE: dict[str, tuple[str, Fault]] = {
    "folder gone": ("agency", take_away("agency")),
    "database locked": ("agency", hold_database),
}
DISK: dict[str, Fault] = {
    "archive's disk full": fill_archive,
    "archive read-only": seal_archive,
}
STAGES = ("greeting", "EHLO", "MAIL", "RCPT", "DATA")
POST: dict[str, tuple[Fault, bool]] = {  # with: does it need a person
    "mail server says later": (mood("451"), False),
    "mail server says never": (mood("550"), True),
    "mail server hangs": (mood("hangs"), False),
    **{
        f"mail server hangs at {stage}": (stall(stage), False) for stage in ("greeting", "EHLO", "MAIL", "RCPT", "DATA")
    },
    "mail server dies after the dot": (mood("dies"), False),
}


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    around = Outside()
    with smtp_server(around.post) as around.smtp:
        yield around
    around.site.close()


@pytest.fixture(scope="module")
def before(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Outcome]]:
    """An installation after its first night, and what an undisturbed second night makes of it."""
    root = tmp_path_factory.mktemp("before") / "world"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("KOLL_DATABASE_URL", raising=False)
        IllWorld(root, outside, patch).live_until_now()
        world = open_copy(root, outside, patch, root.parent / "well")
        assert not world.run_alone().failed
        due = world.outcome()
    assert {row["source"] for row in due.exports["complaints"]} == {"agency", "council", "board", "tips"}
    assert len(due.mailbox) > 0
    yield root, due


def open_copy(before: Path, outside: Outside, patch: pytest.MonkeyPatch, root: Path) -> IllWorld:
    """A copy of an installation, with the news of the night in question."""
    shutil.copytree(before, root, ignore=shutil.ignore_patterns("*.lock"))
    world = IllWorld(root, outside, patch)
    outside.post.taken, outside.post.half = [], []
    world.see_the_day()
    return world


@pytest.fixture
def due(before: tuple[Path, Outcome]) -> Outcome:
    return before[1]


@pytest.fixture
def world(before: tuple[Path, Outcome], outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IllWorld:
    monkeypatch.delenv("KOLL_DATABASE_URL", raising=False)
    return open_copy(before[0], outside, monkeypatch, tmp_path / "world")


def fall_ill(world: IllWorld, name: str, ill: set[str], due: Outcome) -> str:
    """Run the ill night; hold what the others brought and what was told. Return the night's last word."""
    night = world.run_alone()
    broken = {fared.source for fared in night.nights if fared.verdict == Verdict.BROKEN}
    assert broken == ill, night.sum_up()
    found = world.outcome().exports["complaints"]
    for source in {"agency", "council", "board", "tips"} - ill:
        assert pick(found, source) == pick(due.exports["complaints"], source)
    for source in ill:
        assert f"koll ingest {source}" in night.sum_up()
    check_told(name, "\n".join([*world.lines, night.sum_up()]))
    return night.sum_up()


def pick(rows: list[dict[str, object]], source: str) -> list[dict[str, object]]:
    return [row for row in rows if row["source"] == source]


def check_told(name: str, told: str) -> None:
    """Hold the page's row against what was told, piece by piece; no secret, no trace of ours."""
    _, said, do = ROWS[name]
    for piece in re.split(r"…", said.strip().strip("`")):
        assert piece.strip() in told, f"{name}: {piece!r} is not in:\n{told}"
    assert do.strip()
    assert not any(word in told for word in ("Traceback", SECRET, f"{IMAP_PASSWORD}\n", "fault of ours"))


def recover(world: IllWorld, due: Outcome) -> None:
    """A night when all is well again completes what is missing, to the row, the alert and the mail."""
    world.heal()
    assert not world.run_alone().failed, world.lines[-5:]
    assert world.outcome().differences(due, world.outside.post.half) == []


@pytest.mark.parametrize("name", SITE)
def test_a_site_that_is_ill(world: IllWorld, due: Outcome, name: str) -> None:
    SITE[name](world)
    fall_ill(world, name, {"board"}, due)
    recover(world, due)


def test_a_page_cut_on_its_way_waits_and_is_fetched_again_though_its_publisher_says_nothing_new(
    world: IllWorld, due: Outcome
) -> None:
    url = "/arenden/prov-122"
    whole = world.outside.site.replies[url][0].partition(b"\r\n\r\n")[2]
    world.outside.site.on(url, http(200, whole, length=len(whole) // 2))
    assert not world.run_alone().failed
    (waiting,) = world.outcome().exports["quarantine"]
    assert (waiting["code"], waiting["state"]) == ("page-cut", "open")
    world.heal()
    assert not world.run_alone().failed
    found = world.outcome()
    (mended,) = found.exports.pop("quarantine")
    assert mended["state"] != "open"
    assert found.differences(due, []) == []


@pytest.mark.parametrize("name", MACHINE)
def test_one_source_that_is_ill(world: IllWorld, due: Outcome, name: str) -> None:
    source, fault = MACHINE[name]
    fault(world)
    fall_ill(world, name, {source}, due)
    recover(world, due)


def test_a_database_server_whose_lock_somebody_holds(
    outside: Outside, due: Outcome, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as admin:
        admin.execute(text("CREATE DATABASE held"))
    url = postgres_url.replace("/postgres?", "/held?", 1)
    monkeypatch.setenv("KOLL_DATABASE_URL", url)
    IllWorld(tmp_path / "world", outside, monkeypatch).live_until_now()
    world = IllWorld(tmp_path / "world", outside, monkeypatch)
    outside.post.taken, outside.post.half = [], []
    world.see_the_day()
    hold_database(world)
    night = world.run_alone()
    assert [fared.source for fared in night.broken] == ["agency"], night.sum_up()
    check_told("database locked", "\n".join(world.lines))
    world.cures.append(lambda: monkeypatch.setenv("KOLL_DATABASE_URL", url))
    recover(world, due)
    with engine.connect() as admin:
        admin.execute(text("DROP DATABASE held WITH (FORCE)"))


@pytest.mark.parametrize("name", DISK)
def test_a_disk_that_takes_nothing_ends_every_source_in_words(world: IllWorld, due: Outcome, name: str) -> None:
    DISK[name](world)
    try:
        fall_ill(world, name, {"agency", "council", "board", "tips"}, due)
    finally:
        world.heal()
    recover(world, due)


@pytest.mark.parametrize("name", POST)
def test_a_mail_server_that_is_ill(world: IllWorld, due: Outcome, name: str) -> None:
    fault, lasting = POST[name]
    fault(world)
    night = world.run_alone()
    assert not night.broken and night.failed is lasting
    check_told(name, "\n".join([*world.lines, night.sum_up()]))
    if lasting:
        world.heal()
        told = CliRunner().invoke(app, ["alerts", "send", "--again", "--config", str(world.root / "koll.toml")])
        assert told.exit_code == 0 and "1 refused mail(s) are tried again" in told.output, told.output
    recover(world, due)


@pytest.fixture
def box(port: int, world: IllWorld) -> IllWorld:  # noqa: F811
    """A world whose tips lie on a real IMAP server."""
    with IMAPClient("127.0.0.1", port, ssl=False) as client:
        client.login(IMAP_USER, IMAP_PASSWORD)
        folder = f"box{world.root.name}"
        if client.folder_exists(folder):
            client.delete_folder(folder)
        client.create_folder(folder)
        client.append(folder, (world.root / "inbox" / "one.eml").read_bytes().replace(b"\n", b"\r\n"))
    return world


@pytest.mark.parametrize("name", ["mailbox does not answer", "mailbox breaks off", "mailbox refuses the log-in"])
def test_a_mailbox_that_is_ill(box: IllWorld, port: int, due: Outcome, name: str) -> None:  # noqa: F811
    with cut_line(port) as cut:
        reached = {"mailbox does not answer": find_port(), "mailbox breaks off": cut}.get(name, port)
        move_tips(box, reached, "wrong" if reached == port else IMAP_PASSWORD)
        fall_ill(box, name, {"tips"}, due)
        box.set(f"127.0.0.1:{reached}/box", f"127.0.0.1:{port}/box")
    recover(box, due)


def test_every_row_of_the_page_is_tried() -> None:
    elsewhere = {name for name, (where, *_) in ROWS.items() if where.strip().startswith("test_")}
    tried = {
        *SITE,
        *MACHINE,
        *DISK,
        *POST,
        "mailbox does not answer",
        "mailbox breaks off",
        "mailbox refuses the log-in",
    }
    assert tried | elsewhere == set(ROWS)
