"""The outbox leaves through real servers on loopback: refusals, delays, crashes, and the twin with the same id."""

import email
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from alert_world import World, identity
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlmodel import Session, select

from flows.mail.compose import compose_messages
from flows.mail.sending.delivery import LEASE, deliver, list_dead, list_waiting
from flows.mail.sending.transports import MaildirTransport, ServerUnreachable, SmtpTransport
from models.alerting.tables import OutboxRow, write_night

NOW = datetime(2026, 3, 4, 2, 15, tzinfo=UTC)
PEOPLE = ["anna@example.org", "bo@example.org", "cia@example.org"]


class Inbox:
    """What an SMTP server does: keeps mail, unless ``answers`` say otherwise for an address (or for DATA)."""

    def __init__(self):
        self.mails, self.answers, self.logins = [], {}, []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.mails.append((envelope.mail_from, tuple(envelope.rcpt_tos), envelope.original_content))
        return f"250 queued as {len(self.mails)}"


class AnyPort(Controller):
    """A server on whatever port is free."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def smtp_server(inbox, **options):
    controller = AnyPort(inbox, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def url(inbox):
    with smtp_server(inbox) as port:
        yield f"smtp://127.0.0.1:{port}"


@pytest.fixture
def open_session(engine):
    return lambda: Session(engine)


def queue(open_session, people=PEOPLE):
    """Put one alert's mails to these people into the outbox."""
    world = World().started()
    events = world.run(12)
    rows = compose_messages(events, replace(world.mailing(), identity=identity(ethics=list(people))))
    with open_session() as session:
        write_night(session, events, rows)
        session.commit()
    return {row.recipient: (row.key, row.message, row.envelope_from) for row in _rows(open_session)}


def _rows(open_session):
    with open_session() as session:
        return list(session.exec(select(OutboxRow).order_by(OutboxRow.recipient)))


def states(open_session):
    return {row.recipient: row.state for row in _rows(open_session)}


def test_every_recipient_gets_a_mail_of_their_own_and_a_second_pass_sends_nothing(open_session, inbox, url):
    queued = queue(open_session)
    report = deliver(open_session, SmtpTransport(url), NOW)
    assert len(report.sent) == 3 and report.all_out
    assert sorted(mail[1] for mail in inbox.mails) == [(one,) for one in PEOPLE]
    for sender, (recipient,), content in inbox.mails:
        assert content == queued[recipient][1] and sender == queued[recipient][2]
    assert all(row.accepted_at == NOW and row.last_reply.startswith("queued as") for row in _rows(open_session))
    again = deliver(open_session, SmtpTransport(url), NOW + timedelta(days=1))
    assert again.sent == [] and len(inbox.mails) == 3


def test_one_refused_recipient_of_three_is_dead_and_reported_by_group_while_two_are_accepted(open_session, inbox, url):
    queue(open_session)
    inbox.answers["bo@example.org"] = "550 5.1.1 <bo@example.org> no such user"
    report = deliver(open_session, SmtpTransport(url), NOW)
    assert states(open_session) == dict(zip(PEOPLE, ["accepted", "dead", "accepted"], strict=True))
    [dead] = report.dead
    assert (dead.code, dead.groups) == (550, ("ethics",))
    assert "bo@" not in dead.reply and "<ethics> no such user" in dead.reply
    assert not report.all_out and list_dead(open_session) == [dead]


def test_an_answer_that_says_later_is_tried_again_after_1_5_15_60_minutes_and_then_hourly(open_session, inbox, url):
    queued = queue(open_session, PEOPLE[:1])
    inbox.answers["anna@example.org"] = "451 greylisted, come back"
    now, pauses = NOW, []
    for _ in range(6):
        report = deliver(open_session, SmtpTransport(url), now)
        [waiting] = report.waiting
        assert waiting.code == 451 and report.dead == []
        assert deliver(open_session, SmtpTransport(url), waiting.next_try - timedelta(seconds=1)).waiting == [waiting]
        pauses.append(int((waiting.next_try - now).total_seconds() // 60))
        now = waiting.next_try
    assert pauses == [1, 5, 15, 60, 60, 60]
    inbox.answers.clear()
    assert len(deliver(open_session, SmtpTransport(url), now).sent) == 1
    assert inbox.mails[0][2] == queued["anna@example.org"][1]


def test_after_five_days_a_mail_is_given_up(open_session, inbox, url):
    queue(open_session, PEOPLE[:1])
    inbox.answers["DATA"] = "452 disk full"
    assert deliver(open_session, SmtpTransport(url), NOW + timedelta(days=4, hours=22)).dead == []
    [dead] = deliver(open_session, SmtpTransport(url), NOW + timedelta(days=5)).dead
    assert dead.code == 452


def test_a_server_that_is_not_there_leaves_everything_waiting_without_asking_for_each_mail(open_session):
    queue(open_session)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    report = deliver(open_session, SmtpTransport(f"smtp://127.0.0.1:{port}"), NOW)
    assert len(report.waiting) == 3 and report.sent == report.dead == []
    assert sorted(one.attempts for one in report.waiting) == [0, 1, 1]


in_the_clear = pytest.mark.filterwarnings("ignore:Requiring AUTH", "ignore:Session.login_data is deprecated")


@in_the_clear
def test_a_refused_log_in_kills_no_mail(open_session, inbox):
    queue(open_session)
    with smtp_server(inbox, auth_required=True, auth_require_tls=False) as port:
        report = deliver(open_session, SmtpTransport(f"smtp://127.0.0.1:{port}"), NOW)
    assert report.dead == [] and len(report.waiting) == 3
    assert {one.code for one in report.waiting} >= {530}


@in_the_clear
def test_the_password_is_asked_for_when_it_is_needed_and_stands_in_no_report(open_session, inbox):
    seen = []

    def check(server, session, envelope, mechanism, data):
        seen.append(data.password)
        return AuthResult(success=data.password == b"right", handled=False)

    queue(open_session, PEOPLE[:1])
    options = {"authenticator": check, "auth_required": True, "auth_require_tls": False}
    with smtp_server(inbox, **options) as port:
        url = f"smtp://koll@127.0.0.1:{port}"
        report = deliver(open_session, SmtpTransport(url, lambda: "wrong-secret"), NOW)
        assert report.waiting[0].code == 535 and "wrong-secret" not in repr(report)
        report = deliver(open_session, SmtpTransport(url, lambda: "right"), NOW + timedelta(hours=1))
    assert len(report.sent) == 1 and b"right" in seen


class WildServer:
    """A server whose every conversation is scripted: it hangs, or dies between the final dot and its reply."""

    def __init__(self, *scripts):
        self.scripts, self.contents, self.released = list(scripts), [], threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        for script in self.scripts:
            connection, _ = self.socket.accept()
            with connection, connection.makefile("rwb") as stream:
                self._talk(stream, script)

    def _talk(self, stream, script):
        def say(line):
            stream.write(line + b"\r\n")
            stream.flush()

        if script == "hang":
            self.released.wait(5)
            return
        say(b"220 ready")
        while line := stream.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                say(b"354 go on")
                content = b""
                while not content.endswith(b"\r\n.\r\n"):
                    content += stream.readline()
                self.contents.append(content)
                if script == "die after the dot":
                    return
            say(b"221 bye" if verb == b"QUIT" else b"250 OK")

    def close(self):
        self.released.set()
        self.socket.close()


def test_a_server_that_dies_between_the_final_dot_and_its_reply_gets_the_very_same_bytes_again(open_session):
    queue(open_session, PEOPLE[:1])
    server = WildServer("die after the dot", "normal")
    report = deliver(open_session, SmtpTransport(server.url, timeout=5), NOW)
    assert len(report.waiting) == 1 and report.waiting[0].code is None
    report = deliver(open_session, SmtpTransport(server.url, timeout=5), NOW + timedelta(minutes=1))
    assert len(report.sent) == 1
    first, twin = server.contents
    assert first == twin
    assert email.message_from_bytes(first)["Message-ID"] == email.message_from_bytes(twin)["Message-ID"]
    server.close()


def test_a_server_that_hangs_is_left_after_the_time_limit_and_the_mail_waits(open_session):
    queue(open_session, PEOPLE[:1])
    server = WildServer("hang")
    started = time.monotonic()
    report = deliver(open_session, SmtpTransport(server.url, timeout=0.3), NOW)
    assert time.monotonic() - started < 3
    assert len(report.waiting) == 1 and "timed out" in report.waiting[0].reply
    server.close()


def test_a_conversation_the_server_has_ended_is_taken_up_anew_without_a_failed_attempt(open_session, inbox):
    transport = None
    with smtp_server(inbox) as port:
        transport = SmtpTransport(f"smtp://127.0.0.1:{port}", timeout=5)
        transport.send("k1", "a@example.org", "b@example.org", b"Subject: one\r\n\r\n")
        transport._server.sock.shutdown(socket.SHUT_RDWR)
        assert transport.send("k2", "a@example.org", "b@example.org", b"Subject: two\r\n\r\n")[0] == 250
        transport.close()
    assert len(inbox.mails) == 2


class Crash(BaseException):
    """The process dies here."""


class CrashingTransport:
    """Sends, and dies before the answer can be stamped."""

    def __init__(self, inner):
        self.inner = inner

    def send(self, *mail):
        self.inner.send(*mail)
        raise Crash

    def close(self):
        self.inner.close()


def test_a_crash_between_sending_and_stamping_sends_a_twin_with_the_same_id_when_the_lease_ends(
    open_session, inbox, url
):
    queue(open_session, PEOPLE[:1])
    with pytest.raises(Crash):
        deliver(open_session, CrashingTransport(SmtpTransport(url)), NOW)
    assert states(open_session) == {"anna@example.org": "sending"}
    during = deliver(open_session, SmtpTransport(url), NOW + LEASE - timedelta(seconds=1))
    assert during.sent == [] and len(during.waiting) == 1
    assert len(deliver(open_session, SmtpTransport(url), NOW + LEASE).sent) == 1
    (_, _, first), (_, _, twin) = inbox.mails
    assert first == twin


def test_what_a_dead_run_had_claimed_is_taken_over_at_once_by_whoever_knows_it_is_dead(open_session, inbox, url):
    queue(open_session, PEOPLE[:1])
    with pytest.raises(Crash):
        deliver(open_session, CrashingTransport(SmtpTransport(url)), NOW)
    assert deliver(open_session, SmtpTransport(url), NOW).sent == []
    assert len(deliver(open_session, SmtpTransport(url), NOW, alone=True).sent) == 1
    first, twin = (content for _, _, content in inbox.mails)
    assert first == twin


def test_two_senders_at_once_send_each_mail_once(open_session, inbox, url):
    queue(open_session, [f"p{n}@example.org" for n in range(12)])
    with ThreadPoolExecutor(4) as pool:
        passes = [pool.submit(deliver, open_session, SmtpTransport(url), NOW) for _ in range(4)]
    assert sum(len(one.result().sent) for one in passes) == 12  # result() raises what a sender raised
    assert len(inbox.mails) == 12 and set(states(open_session).values()) == {"accepted"}


def test_without_a_server_mail_goes_into_a_maildir_and_a_second_sending_is_no_second_file(open_session, tmp_path):
    queued = queue(open_session)
    box = tmp_path / "mail"
    with pytest.raises(Crash):
        deliver(open_session, CrashingTransport(MaildirTransport(box)), NOW)
    [first] = (box / "new").iterdir()
    first.rename(box / "cur" / f"{first.name}:2,S")  # somebody reads it meanwhile
    report = deliver(open_session, MaildirTransport(box), NOW + LEASE)
    assert len(report.sent) == 3
    files = [*(box / "new").iterdir(), *(box / "cur").iterdir()]
    assert len(files) == 3 and list((box / "tmp").iterdir()) == []
    ids = {email.message_from_bytes(file.read_bytes())["Message-ID"] for file in files}
    assert ids == {f"<{key[:32]}@example.org>" for key, _, _ in queued.values()}


def test_a_maildir_that_cannot_be_written_leaves_mail_waiting(open_session, tmp_path):
    queue(open_session, PEOPLE[:1])
    (tmp_path / "file").write_text("not a folder")
    report = deliver(open_session, MaildirTransport(tmp_path / "file"), NOW)
    assert len(report.waiting) == 1 and report.sent == []


def test_an_address_that_smtp_cannot_carry_is_dead_and_stops_nobody_else(open_session, inbox, url):
    queue(open_session, ["åsa@example.org", "bo@example.org"])
    report = deliver(open_session, SmtpTransport(url), NOW)
    assert (len(report.sent), len(report.dead)) == (1, 1)
    assert "åsa" not in repr(report)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate for 127.0.0.1 that only who is told to trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder


def test_starttls_sends_encrypted_and_refuses_a_server_that_offers_none(open_session, inbox, url, certificate):
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    trusting = ssl.create_default_context(cafile=certificate / "cert.pem")
    queue(open_session, PEOPLE[:1])
    plain_only = SmtpTransport(url.replace("smtp://", "smtp+starttls://"), context=trusting)
    assert len(deliver(open_session, plain_only, NOW).waiting) == 1
    with smtp_server(inbox, tls_context=server_side, require_starttls=True) as port:
        address = f"smtp+starttls://127.0.0.1:{port}"
        distrusting = SmtpTransport(address)
        assert len(deliver(open_session, distrusting, NOW + timedelta(hours=1)).waiting) == 1
        report = deliver(open_session, SmtpTransport(address, context=trusting), NOW + timedelta(hours=3))
    assert len(report.sent) == 1 and len(inbox.mails) == 1


def test_an_address_of_a_server_that_cannot_work_is_refused_at_once():
    for wrong in ("http://mail.example.org", "smtp://", "mail.example.org", "smtp://koll@mail.example.org"):
        with pytest.raises(ValueError, match="smtp"):
            SmtpTransport(wrong)
    with pytest.raises(ServerUnreachable):
        SmtpTransport("smtp://127.0.0.1:1", timeout=1).send("k", "a@example.org", "b@example.org", b"")


def test_what_waits_can_be_listed_without_sending(open_session):
    queue(open_session)
    waiting = list_waiting(open_session)
    assert len(waiting) == 3 and "@" not in repr(waiting)
