"""A small installation whose outside world can fall ill: a site, a mailbox, a mail server, a disk, a database."""

import asyncio
import json
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

import flows.alerts.settling
import sources.web.session
import sources.web.wire
from flows.looking.exports import EXPORTS, Asked
from flows.mail.sending.transports import SmtpTransport
from flows.night import Night, run_night
from flows.workplace import Workplace
from sources.web.session import PoliteSession
from tests.small_disk import SmallDisk
from tests.small_world import ANNA, NAMES, STRANGER, Small, total
from tests.test_inbox_imap import PASSWORD as IMAP_PASSWORD
from tests.test_inbox_imap import USER as IMAP_USER
from tests.test_provoked import PAGE, RULING
from tests.test_session import FakeTime, Server, http, make_tls, send_for_ever
from tests.torture.killing import COMPARED, Outcome, without_moments

DAY = date(2026, 3, 3)  # a Tuesday: no weekly letter
SECRET = "hemligt-och-langt"
SENT_BY_SERVER = "anna.svensson"  # what a server says is never repeated
MAP = "/wp-sitemap.xml"
Fault = Callable[["IllWorld"], Any]


class Post:
    """A mail server in a mood: "" takes everything; "451", "550" answer so; "hangs" and "dies" after the final dot."""

    def __init__(self) -> None:
        self.mood = ""
        self.taken: list[tuple[str, bytes]] = []
        self.half: list[tuple[str, bytes]] = []  # taken, and never told to be

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.mood in ("451", "550"):
            return f"{self.mood} not for {SENT_BY_SERVER}"
        mail = (envelope.rcpt_tos[0], bytes(envelope.content))
        self.taken.append(mail)
        if self.mood:
            self.half.append(mail)
        if self.mood == "hangs":
            await asyncio.sleep(1)
        if self.mood == "dies":
            server.transport.abort()
        return "250 taken"


class Outside:
    """What lies around every installation of these tests: one site, one mail server, one clock for the web."""

    def __init__(self) -> None:
        self.site, self.post, self.time = Server(), Post(), FakeTime()
        self.smtp = 0

    def heal(self) -> None:
        """Make it well, let hours pass."""
        self.site.tls = None
        self.site.replies = {"/robots.txt": [http(404)]}
        self.list_decisions(3)
        self.post.mood = ""
        self.time.now += 10 * 3600

    def list_decisions(self, count: int) -> None:
        """Let the site hold so many decisions."""
        urls = [self.site.url(f"/arenden/prov-{number}") for number in range(120, 120 + count)]
        listed = "".join(f"<url><loc>{url}</loc><lastmod>2024-05-20</lastmod></url>" for url in urls)
        self.site.on(MAP, http(200, f"<urlset>{listed}</urlset>".encode()))
        for number in range(120, 120 + count):
            told = {"title": "Ringlund AB", "number": f"<p>Dnr 24-{number}</p>", "party": "Ringlund AB"}
            self.site.on(f"/arenden/prov-{number}", http(200, PAGE.format(**told, ruling=RULING).encode()))


class IllWorld(Small):
    """One installation, on the morning before the night in question. ``heal`` undoes every fault."""

    def __init__(self, root: Path, outside: Outside, patch: pytest.MonkeyPatch) -> None:
        self.outside, self.patch = outside, patch
        self.hour = 3
        self.prepare: list[Callable[[Workplace], None]] = []  # done to a workplace before its night
        self.followers: list[Callable[[str], None]] = []  # told every line of a night's log
        self.cures: list[Callable[[], Any]] = []  # what makes well again
        site = outside.site.url("")
        board = f'[sources.board]\nkind = "dm_namnden"\nsites = ["{site}"]\nrows = [1, 50]\ndelay = 0\n'
        smtp = f'smtp = "smtp://127.0.0.1:{outside.smtp}"'
        super().__init__(root, board + total((3, 10)), day=DAY - timedelta(days=1), quiet=True, smtp=smtp)
        self.make_quick()

    def live_until_now(self) -> None:
        """The first night, on which all was well and nothing is told."""
        self._put("agency", self.day - timedelta(days=1), *STRANGER)
        self._put("council", self.day - timedelta(days=1), *STRANGER)
        self.deliver("agency"), self.deliver("council")
        self.outside.list_decisions(2)
        assert not self.run_alone().failed
        self.open().engine.dispose()

    def see_the_day(self) -> None:
        """What the night in question is to find: news from everywhere."""
        self.day = DAY
        self.written = 10
        for source in self.rows:
            self._put(source, DAY - timedelta(days=3), *STRANGER)
        self.complain(ANNA, 4)
        self._put("council", DAY - timedelta(days=1), *STRANGER)
        self.deliver("agency"), self.deliver("council")
        mail = EmailMessage()
        mail["From"], mail["Date"], mail["Message-ID"] = "tora@brev.example", "Mon, 02 Mar 2026 10:00:00 +0100", "<1@b>"
        mail.set_content(f"{NAMES[ANNA]} ringde mig och gav sig inte.")
        self.tip("one", mail)
        self.outside.heal()

    def heal(self) -> None:
        """Make everything well, and let hours pass."""
        self.patch.undo()
        if self.outside.site.tls:
            self.set('sites = ["https:', 'sites = ["http:')
        for away in self.root.glob("*-away"):
            away.rename(away.with_name(away.name.removesuffix("-away")))
        self.outside.heal()
        self.make_quick()
        for cure in self.cures:
            cure()
        self.prepare.clear(), self.followers.clear(), self.cures.clear()
        self.hour += 3

    def make_quick(self) -> None:
        """The same parts with less patience: tests have no half minute for each silence."""
        session = partial(
            PoliteSession,
            timeout=(2, 0.3),
            deadline=0.9,
            sleep=self.outside.time.sleep,
            clock=self.outside.time.clock,
            max_bytes=300_000,
        )
        if (self.root / "ca.pem").exists():
            session = partial(session, ca_file=self.root / "ca.pem")
        self.patch.setattr(sources.web.session, "PoliteSession", session)
        self.patch.setattr(flows.alerts.settling, "SmtpTransport", partial(SmtpTransport, timeout=0.4))
        self.patch.setenv("KOLL_HASH_KEY", "the same in every world, so that what is hashed can be compared")
        self.patch.setenv("KOLL_SMTP_PASSWORD", SECRET)
        self.patch.setenv("KOLL_IMAP_PASSWORD", IMAP_PASSWORD)

    def open(self, hour: int = 3) -> Workplace:
        place = super().open(self.hour)
        for prepare in self.prepare:
            prepare(place)
        return place

    def run_alone(self) -> Night:
        """A night as the command runs it: with the lock."""
        place = self.open()
        with place.exclusively():
            return run_night(place, (), self.day, self.hear)

    def hear(self, line: str) -> None:
        self.lines.append(line)
        for follow in self.followers:
            follow(line)

    def outcome(self) -> Outcome:
        """Everything that must be equal, without the moments and the port of the site."""
        place = self.open()
        rows = {
            what: [without_moments(row) for row in EXPORTS[what](place, Asked(as_of=self.day))] for what in COMPARED
        }
        plain = re.sub(r"https?://(?:127\.0\.0\.1|localhost):\d+", "SITE", json.dumps(rows, default=str))
        return Outcome(json.loads(plain), sorted(self.outside.post.taken))

    def set(self, before: str, after: str) -> None:
        """Change koll.toml."""
        path = self.root / "koll.toml"
        text = path.read_text("utf-8")
        assert before in text
        path.write_text(text.replace(before, after), "utf-8")


# -- faults: each makes one thing ill; ``heal`` makes it well


def answer(*replies: Any) -> Fault:
    """The site's map is answered so."""
    return lambda world: world.outside.site.on(MAP, *replies)


def redirect(place: str) -> bytes:
    return http(302, b"", f"Location: {place}")


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    send_for_ever(b"x" * 100_000, 0)(connection)


def silent(connection: socket.socket) -> None:
    connection.recv(1)  # until the other end hangs up


def expire(world: IllWorld) -> None:
    """The site speaks TLS, and its certificate has run out."""
    world.outside.site.tls = make_tls(world.root, expired=True)
    world.set('sites = ["http:', 'sites = ["https:')
    world.outside.list_decisions(3)
    world.make_quick()


def lose_name(world: IllWorld) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    world.patch.setattr(sources.web.wire.socket, "getaddrinfo", fail)


def fill_archive(world: IllWorld) -> None:
    """The archive's own disk is full."""
    _lay_disk(world).fill(leave=0)


def seal_archive(world: IllWorld) -> None:
    """The archive's own disk was mounted for reading only."""
    _lay_disk(world).set_writable(False)


def _lay_disk(world: IllWorld) -> SmallDisk:
    disk = SmallDisk(world.root / "archive")
    world.cures.append(disk.remove)
    return disk


def hold_database(world: IllWorld) -> None:
    """Somebody's forgotten session holds the database while one source is read; our patience with it is short."""
    holder = world.open().engine.connect().execution_options(writes=True)
    on_server = holder.dialect.name == "postgresql"

    def shorten(connection: Any, _record: object) -> None:
        connection.execute("SET lock_timeout = '200ms'" if on_server else "PRAGMA busy_timeout=200")
        connection.commit()

    def prepare(place: Workplace) -> None:
        event.listen(place.engine, "connect", shorten)
        place.engine.dispose()

    def follow(line: str) -> None:
        if line == "agency: reading":
            holder.execute(text("LOCK TABLE complaint" if on_server else "UPDATE complaint SET run_id = run_id"))
        elif line.startswith("agency: "):
            holder.rollback()

    world.prepare.append(prepare)
    world.followers.append(follow)


def mood(name: str) -> Fault:
    """The mail server's."""

    def change(world: IllWorld) -> None:
        world.outside.post.mood = name

    return change


def stall(stage: str) -> Fault:
    """The mail server falls silent at a stage: before its greeting, or after the verb of that name."""

    def change(world: IllWorld) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=_stall_each, args=(listener, stage.encode()), daemon=True).start()
        ports = f"127.0.0.1:{world.outside.smtp}", f"127.0.0.1:{listener.getsockname()[1]}"
        world.set(*ports)
        world.cures += [lambda: world.set(*reversed(ports)), listener.close]

    return change


def _stall_each(listener: socket.socket, stage: bytes) -> None:
    held = []  # until the listener is closed
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            held.append(client)
            _talk_until(client, stage)


def _talk_until(client: socket.socket, stage: bytes) -> None:
    answers = {b"DATA": b"354 go on\r\n", b"EHLO": b"250 here\r\n"}
    if stage == b"greeting":
        return
    with suppress(OSError), client.makefile("rb") as lines:
        client.sendall(b"220 ready\r\n")
        while (line := lines.readline()) and not line.upper().startswith(stage):
            client.sendall(answers.get(line[:4].upper(), b"250 OK\r\n"))


def damage_reading(damage: Callable[[Path], Any]) -> Fault:
    """The archive's record of what was last read on the site is no longer what it was; a backup has it."""

    def change(world: IllWorld) -> None:
        path = max((world.root / "archive" / "readings" / "board").iterdir())
        whole = path.read_bytes()
        damage(path)
        world.cures.append(lambda: path.write_bytes(whole))

    return change


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x55
    path.write_bytes(content)


def take_away(folder: str) -> Fault:
    return lambda world: shutil.move(world.root / folder, world.root / f"{folder}-away")


# -- a mailbox on a server


def move_tips(world: IllWorld, port: int, password: str = IMAP_PASSWORD) -> None:
    """Let the tips lie in a folder of an IMAP server, reached over ``port``."""
    name = f"box{world.root.name}"
    world.set(f'maildir = "{world.root}/inbox"', f'imap = "imap://{IMAP_USER}@127.0.0.1:{port}/{name}"')
    world.patch.setenv("KOLL_IMAP_PASSWORD", password)


@contextmanager
def cut_line(server: int) -> Iterator[int]:
    """Give a port that leads to the server, on which every line breaks in the middle of a mail."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                behind = socket.create_connection(("127.0.0.1", server))
                threading.Thread(target=_pump, args=(client, behind, b""), daemon=True).start()
                threading.Thread(target=_pump, args=(behind, client, b"BODY[]"), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with closing(listener):
        yield listener.getsockname()[1]


def _pump(source: socket.socket, target: socket.socket, end: bytes) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            if end and end in data:
                target.sendall(data[: data.index(end) + 40])
                break
            target.sendall(data)
    for line in (source, target):
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
