"""A real IMAP server: nothing lost or doubled, whatever people, the mailbox and the line do meanwhile."""

import base64
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from imapclient import IMAPClient

from sources.archive.archive import Archive
from sources.contract import Reading, SourceBroken, Visit
from sources.inbox.imap import read_address
from sources.inbox.tips import TIPS_INFO, Tips

NOW = datetime(2026, 3, 5, 1, 15, tzinfo=UTC)
USER, PASSWORD = "tips", "hemligt"


def letter(number: int, size: int = 0) -> bytes:
    head = f"From: tora@brev.example\nMessage-ID: <{number}@brev.example>\nSubject: Klagomål {number}\n"
    return f"{head}\nSolvik ringde {number} gånger. {'x' * size}\n".encode().replace(b"\n", b"\r\n")


def find_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """An IMAP server of its own process, with one account."""
    number = find_port()
    command = Path(sys.executable).parent / "pymap"
    where = ["--host", "127.0.0.1", "--port", str(number), "--no-tls", "--no-service", "admin"]
    account = ["dict", "--demo-user", USER, "--demo-password", PASSWORD]
    server = subprocess.Popen([command, *where, *account])
    deadline = time.monotonic() + 30
    while True:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", number), timeout=1)):
            break
        assert time.monotonic() < deadline, "the IMAP server did not come up"
        time.sleep(0.05)
    yield number
    server.terminate()
    server.wait(10)


@dataclass
class Box:
    """One folder on the server, as its people see it."""

    client: IMAPClient
    folder: str
    port: int
    sent: int = 0

    def put(self, count: int = 1, size: int = 0) -> None:
        for _ in range(count):
            self.sent += 1
            came = datetime(2026, 3, 4, tzinfo=UTC) + timedelta(minutes=self.sent)
            self.client.append(self.folder, letter(self.sent, size), msg_time=came)

    def recreate(self, mails: int) -> None:
        """What an administrator does who restores a mailbox: the same mails under another UIDVALIDITY."""
        self.client.unselect_folder() if self.client.has_capability("UNSELECT") else self.client.select_folder("INBOX")
        self.client.delete_folder(self.folder)
        self.client.create_folder(self.folder)
        self.sent = 0
        self.put(mails)

    def list_flags(self) -> list[tuple[bytes, ...]]:
        self.client.select_folder(self.folder, readonly=True)
        uids = self.client.search("ALL")
        return list(self.client.get_flags(uids).values()) if uids else []

    def list_seen(self) -> list[bool]:
        return [b"\\Seen" in told for told in self.list_flags()]


@pytest.fixture
def box(port: int, request: pytest.FixtureRequest) -> Iterator[Box]:
    client = IMAPClient("127.0.0.1", port, ssl=False)
    client.login(USER, PASSWORD)
    folder = f"tips {request.node.name}"
    client.create_folder(folder)
    yield Box(client, folder, port)
    with suppress(Exception):
        client.logout()


@dataclass
class Nights:
    """One visit after the other, each with the reading of the one before; only recorded ones count."""

    tips: Tips
    archive: Archive
    last: Reading | None = None
    lines: list[str] = field(default_factory=list)

    def visit(self, since: date | None = None) -> Reading:
        return self.tips.read(Visit(self.archive, NOW.date(), NOW, self.last, since=since, log=self.lines.append))

    def read(self, since: date | None = None) -> list[str]:
        self.last = self.visit(since)
        return self.name(self.last)

    def tidy(self) -> None:
        assert self.last is not None
        self.tips.tidy(Visit(self.archive, NOW.date(), NOW, None, log=self.lines.append), self.last)

    def name(self, reading: Reading) -> list[str]:
        """Return the subjects' numbers, told by the text."""
        records = [item for item in reading.items if item.role == "record"]
        drafts = [draft for i in records for draft in self.tips.parse(self.archive.get(i.sha256), i)]
        return [(draft.text or "").split()[1] for draft in drafts]


@pytest.fixture
def nights(box: Box, tmp_path: Path) -> Nights:
    url = f"imap://{USER}@127.0.0.1:{box.port}/{box.folder.replace(' ', '%20')}"
    tips = Tips("tips", TIPS_INFO.bounds, url, None, lambda: PASSWORD, b"nyckel", "forbund.example")
    return Nights(tips, Archive(tmp_path / "archive"))


def test_each_mail_is_read_once_and_stays_unseen(box: Box, nights: Nights) -> None:
    box.put(3)
    assert nights.read() == ["1", "2", "3"]
    assert nights.read() == []
    box.put()
    assert nights.read() == ["4"]
    assert box.list_seen() == [False] * 4
    assert nights.last is not None
    assert (nights.last.complete, nights.last.complete_through) == (False, NOW.date())


def test_mails_that_people_opened_or_deleted_make_no_difference(box: Box, nights: Nights) -> None:
    box.put(3)
    box.client.select_folder(box.folder)
    first, _, third = box.client.search("ALL")
    box.client.add_flags([first], [b"\\Seen"])
    assert nights.read() == ["1", "2", "3"]
    box.client.delete_messages([third])
    box.client.expunge()
    box.put()
    assert nights.read() == ["4"]
    assert box.list_seen() == [True, False, False]


def test_the_time_of_arrival_is_the_servers(box: Box, nights: Nights) -> None:
    box.put()
    nights.read()
    assert nights.last is not None
    item = nights.last.items[0]
    (draft,) = nights.tips.parse(nights.archive.get(item.sha256), item)
    assert draft.received_on == date(2026, 3, 4)


def test_a_recreated_mailbox_is_read_again_under_the_same_ids(box: Box, nights: Nights) -> None:
    def ids() -> set[str | None]:
        assert nights.last is not None
        records = [i for i in nights.last.items if i.role == "record"]
        return {d.source_id for i in records for d in nights.tips.parse(nights.archive.get(i.sha256), i)}

    box.put(3)
    assert nights.read() == ["1", "2", "3"]
    first = ids()
    box.recreate(4)
    assert nights.read() == ["1", "2", "3", "4"]
    assert ids() > first
    assert nights.read() == []


def test_a_mail_moved_away_and_back_is_the_same_mail(box: Box, nights: Nights) -> None:
    box.put(2)
    nights.read()
    assert nights.last is not None
    before = {item.sha256 for item in nights.last.items if item.role == "record"}
    box.client.create_folder(f"{box.folder} undan")
    box.client.select_folder(box.folder)
    box.client.move(box.client.search("ALL")[:1], f"{box.folder} undan")
    assert nights.read() == []
    box.client.select_folder(f"{box.folder} undan")
    box.client.move(box.client.search("ALL"), box.folder)
    assert nights.read() == ["1"]
    assert {item.sha256 for item in nights.last.items if item.role == "record"} < before


def test_mails_are_moved_only_when_the_reading_that_took_them_is_recorded(box: Box, nights: Nights) -> None:
    done = f"{box.folder} klart"
    nights.tips = replace(nights.tips, done_folder=done)
    box.put(2)
    nights.visit()  # killed before the reading was recorded
    assert box.list_seen() == [False, False]
    assert nights.read() == ["1", "2"]
    box.put()
    assert nights.read() == ["3"]
    assert box.list_seen() == [False]
    box.client.select_folder(done, readonly=True)
    assert len(box.client.search("ALL")) == 2


def test_mails_are_moved_the_same_night_once_the_reading_is_recorded(box: Box, nights: Nights) -> None:
    done = f"{box.folder} klart"
    nights.tips = replace(nights.tips, done_folder=done)
    box.put(2)
    assert nights.read() == ["1", "2"]
    nights.tidy()
    assert box.list_seen() == []
    box.client.select_folder(done, readonly=True)
    assert len(box.client.search("ALL")) == 2
    nights.tidy()
    assert nights.read() == []


@pytest.mark.parametrize("flag", ["Koll", "\\Flagged"])
def test_mails_can_be_flagged_where_they_are(box: Box, nights: Nights, flag: str) -> None:
    nights.tips = replace(nights.tips, done_flag=flag)
    box.put(2)
    nights.read()
    nights.tidy()
    box.put()
    nights.tidy()
    told = [flag.encode() in flags for flags in box.list_flags()]
    assert told == ([True, True, False] if any(told) else [False] * 3)
    assert any(told) or flag == "Koll"  # a server need not keep keywords
    assert box.list_seen() == [False] * 3
    assert nights.read() == ["3"]


def test_what_the_server_would_not_give_stays_where_it_is(box: Box, nights: Nights) -> None:
    nights.tips = replace(nights.tips, done_folder=f"{box.folder} klart")
    box.put(3)
    nights.read()
    assert nights.last is not None
    *mails, state = nights.last.items
    first = mails[0].name.rpartition("=")[2]
    nights.last = replace(nights.last, items=(*mails, replace(state, note={**state.note, "unread": first})))
    nights.tidy()
    assert len(box.list_seen()) == 1
    assert nights.read() == []
    assert len(box.list_seen()) == 1


def test_tidying_that_fails_is_left_to_the_next_night(box: Box, nights: Nights) -> None:
    nights.tips = replace(nights.tips, done_folder=f"{box.folder} klart")
    box.put()
    nights.read()
    right, nights.tips = nights.tips, replace(nights.tips, imap_password=lambda: "fel")
    nights.tidy()
    assert any("the next reading does it" in line for line in nights.lines)
    nights.tips = right
    nights.read()
    assert box.list_seen() == []


def test_a_folder_that_cannot_take_them_is_a_problem_and_loses_nothing(box: Box, nights: Nights) -> None:
    nights.tips = replace(nights.tips, done_folder="")
    box.put()
    nights.read()
    nights.read()
    assert nights.last is not None
    assert [problem.code for problem in nights.last.problems] == ["mail-not-moved"]
    assert box.list_seen() == [False]


def test_since_reads_once_more_and_forgets_nothing(box: Box, nights: Nights) -> None:
    box.put(2)
    nights.read()
    assert nights.read(since=date(2026, 3, 4)) == ["1", "2"]
    assert nights.read(since=date(2026, 3, 5)) == []
    assert nights.read() == []


def test_since_does_not_pass_over_older_mails(box: Box, nights: Nights) -> None:
    box.put(2)
    box.client.append(box.folder, letter(3), msg_time=datetime(2026, 3, 6, tzinfo=UTC))
    assert nights.read(since=date(2026, 3, 5)) == ["3"]
    assert nights.read() == ["1", "2", "3"]


def test_many_mails_come_in_batches(box: Box, nights: Nights) -> None:
    box.put(60)
    assert nights.read() == [str(number) for number in range(1, 61)]


# -------------------------------------------------------------------------------------- a bad line


@dataclass
class Line:
    """A line between us and the server that breaks after so many bytes, as often as told."""

    server: int
    breaks: list[int]
    port: int = field(default_factory=find_port)
    meanwhile: list[Box] = field(default_factory=list)
    hidden: bytes = b""  # a capability that the server is not to have

    def open(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.serve, args=(listener,), daemon=True).start()
        return listener

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                limit = self.breaks.pop(0) if self.breaks else -1
                server = socket.create_connection(("127.0.0.1", self.server))
                threading.Thread(target=self.pump, args=(client, server, -1), daemon=True).start()
                self.pump(server, client, limit)
                if limit >= 0:
                    for box in self.meanwhile:
                        box.recreate(box.sent)
                    self.meanwhile.clear()

    def pump(self, source: socket.socket, target: socket.socket, limit: int) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(4096):
                if 0 <= limit <= passed + len(data):
                    target.sendall(data[: limit - passed])
                    break
                target.sendall(data.replace(b" " + self.hidden, b" X-" + self.hidden[2:]) if self.hidden else data)
                passed += len(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(box: Box, nights: Nights) -> Iterator[Line]:
    made = Line(box.port, [])
    nights.tips = replace(nights.tips, imap_url=(nights.tips.imap_url or "").replace(str(box.port), str(made.port)))
    with closing(made.open()):
        yield made


def test_a_server_that_cannot_move_copies_and_deletes(box: Box, nights: Nights, line: Line) -> None:
    line.hidden = b"MOVE"
    done = f"{box.folder} klart"
    nights.tips = replace(nights.tips, done_folder=done)
    box.put(2)
    assert nights.read() == ["1", "2"]
    box.put()
    assert nights.read() == ["3"]
    assert box.list_seen() == [False]
    box.client.select_folder(done, readonly=True)
    assert len(box.client.search("ALL")) == 2


def test_a_line_that_breaks_within_a_mail_is_taken_up_there(box: Box, nights: Nights, line: Line) -> None:
    box.put(8, size=2_000_000)
    line.breaks = [9_000_000]
    assert nights.read() == [str(number) for number in range(1, 9)]
    assert nights.last is not None
    assert nights.last.problems == ()


def test_a_mailbox_recreated_while_the_line_is_down_loses_nothing(box: Box, nights: Nights, line: Line) -> None:
    box.put(8, size=2_000_000)
    line.breaks = [9_000_000]
    line.meanwhile = [box]
    assert set(nights.read()) == {str(number) for number in range(1, 9)}
    assert nights.read() == []


def test_a_line_that_stays_broken_keeps_what_came(box: Box, nights: Nights, line: Line) -> None:
    box.put(8, size=2_000_000)
    line.breaks = [9_000_000, 3_000, 3_000]
    first = nights.read()
    assert nights.last is not None
    assert [problem.code for problem in nights.last.problems] == ["mailbox-cut-short"]
    assert nights.last.complete_through is None
    assert 0 < len(first) < 8
    assert first + nights.read() == [str(number) for number in range(1, 9)]
    assert nights.last.complete_through == NOW.date()


def test_a_server_that_never_answers_is_told_with_its_cure(nights: Nights, line: Line) -> None:
    line.breaks = [0, 0, 0]
    with pytest.raises(SourceBroken, match=r"the line broke 3 times.*check the address.*\[imap-unreachable\]"):
        nights.read()


# ---------------------------------------------------------------------------------------- refusals


def test_a_wrong_password_and_a_wrong_folder_are_told_with_their_cure(nights: Nights) -> None:
    right = nights.tips
    nights.tips = replace(right, imap_password=lambda: "fel")
    with pytest.raises(SourceBroken, match=r"KOLL_IMAP_PASSWORD.*\[imap-login\]") as caught:
        nights.read()
    assert "fel" not in str(caught.value)
    nights.tips = replace(right, imap_password=lambda: None)
    with pytest.raises(SourceBroken, match=r"\[imap-password\]"):
        nights.read()
    nights.tips = replace(right, imap_url=f"{right.imap_url}-finns-inte")
    with pytest.raises(SourceBroken, match=r"no such folder.*\[imap-folder\]"):
        nights.read()


def open_by_token(listener: socket.socket, server: int, token: str) -> None:
    """Stand before the server as one that takes access tokens only (SASL XOAUTH2), and let the rest through."""
    with suppress(OSError):
        client, _ = listener.accept()
        behind = socket.create_connection(("127.0.0.1", server))
        client.sendall(behind.recv(4096))
        lines = client.makefile("rb", buffering=0)
        while b"AUTHENTICATE" not in (asked := lines.readline()):
            client.sendall(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n" + asked.split()[0] + b" OK done\r\n")
        tag, _, mechanism, *given = asked.decode().split()
        if not given:
            client.sendall(b"+ \r\n")
            given = lines.readline().decode().split()
        told = base64.b64decode(given[0]).decode()
        if mechanism == "XOAUTH2" and told == f"user={USER}\x01auth=Bearer {token}\x01\x01":
            behind.sendall(f"{tag} LOGIN {USER} {PASSWORD}\r\n".encode())
        else:
            behind.sendall(f"{tag} LOGIN {USER} fel\r\n".encode())
        ends = Line(server, [])
        threading.Thread(target=ends.pump, args=(client, behind, -1), daemon=True).start()
        ends.pump(behind, client, -1)


@pytest.mark.parametrize(("printed", "good"), [("ya29.nyckel", True), ("gammal", False)])
def test_a_token_command_opens_the_mailbox_or_is_told_to_be_wrong(
    box: Box, nights: Nights, printed: str, good: bool
) -> None:
    box.put()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=open_by_token, args=(listener, box.port, "ya29.nyckel"), daemon=True).start()
        url = (nights.tips.imap_url or "").replace(str(box.port), str(listener.getsockname()[1]))
        nights.tips = replace(nights.tips, imap_url=url, imap_password=None, token_command=["echo", printed])
        if good:
            assert nights.read() == ["1"]
            return
        with pytest.raises(SourceBroken, match=r"check the user and token_command.*\[imap-login\]") as caught:
            nights.read()
        assert printed not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["false"], "ended with 1"),
        (["finns-inte-alls"], "cannot be run"),
        (["true"], "printed no token"),
        (["printf", "tyst hemlighet"], "printed no token, or more than one"),
    ],
)
def test_a_token_command_that_fails_is_told_without_what_it_printed(
    nights: Nights, command: list[str], told: str
) -> None:
    nights.tips = replace(nights.tips, token_command=command)
    with pytest.raises(SourceBroken, match=rf"{command[0]} {told}.*\[imap-token\]") as caught:
        nights.read()
    assert "hemlighet" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "https://tips@mail.example/INBOX", "imaps:///INBOX", "imaps://mail.example/INBOX"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SourceBroken, match=r"imaps://USER@HOST/INBOX.*\[imap-address\]"):
        read_address(url)


def test_mail_never_travels_in_the_open_beyond_this_machine() -> None:
    with pytest.raises(SourceBroken, match=r"write imaps://.*\[imap-not-encrypted\]"):
        read_address("imap://tips@mail.example/INBOX")
    assert read_address("imap://tips@127.0.0.1/INBOX").port == 143
    address = read_address("imaps://tips%40forbund.example@mail.example/Tips%20in")
    assert (address.user, address.port, address.folder) == ("tips@forbund.example", 993, "Tips in")
    assert "tips" not in address.name.split("/")[2]


def test_a_server_without_a_certificate_to_trust_is_not_asked(nights: Nights, tmp_path: Path) -> None:
    key, chain = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    heard: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            with suppress(OSError):
                wrapped = context.wrap_socket(listener.accept()[0], server_side=True)
                heard.append(wrapped.recv(100))

        threading.Thread(target=serve, daemon=True).start()
        url = f"imaps://{USER}@127.0.0.1:{listener.getsockname()[1]}/INBOX"
        nights.tips = replace(nights.tips, imap_url=url)
        with pytest.raises(SourceBroken, match=r"not to be trusted.*\[imap-certificate\]"):
            nights.read()
    assert not any(heard)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Return paths of a key and of a certificate that nobody vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start, start + timedelta(9))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    (folder / "chain.pem").write_bytes(made)
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "key.pem", folder / "chain.pem"
