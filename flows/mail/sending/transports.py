"""How one mail leaves: an SMTP server, or a Maildir when none is configured."""

import os
import smtplib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_NOT_THE_MAILS_FAULT = {421, 454, 503, 530, 534, 535, 538}  # closing, out of step, or about logging in


class MailNotTaken(RuntimeError):
    """The server did not take this mail. ``permanent`` says that asking again is no use; ``code`` is its answer."""

    def __init__(self, code: int | None, reply: str, *, permanent: bool) -> None:
        super().__init__(f"{code or '---'} {reply}")
        self.code = code
        self.reply = reply
        self.permanent = permanent


class ServerUnreachable(MailNotTaken):
    """The conversation broke, or the server takes no mail at all now. Nothing is wrong with the mail itself."""

    def __init__(self, code: int | None, reply: str) -> None:
        super().__init__(code, reply, permanent=False)


class Transport(Protocol):
    """Takes one mail to one recipient at a time."""

    def send(self, key: str, envelope_from: str, recipient: str, message: bytes) -> tuple[int, str]:
        """Return (code, reply) once the mail is accepted; raise MailNotTaken otherwise."""
        ...

    def close(self) -> None:
        """End the conversation, if there is one."""
        ...


class SmtpTransport:
    """``smtp://HOST:PORT``, ``smtps://`` (TLS from the start) or ``smtp+starttls://USER@HOST`` (TLS or nothing)."""

    def __init__(
        self,
        url: str,
        password: Callable[[], str | None] = lambda: None,
        timeout: float = 30.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(f"{parts.scheme}://: smtp://, smtps:// or smtp+starttls://, and a host, are needed")
        if parts.scheme == "smtp" and parts.username and parts.hostname not in _THIS_MACHINE:
            raise ValueError(
                "smtp:// with a user would send the password in the clear: use smtp+starttls:// or smtps://"
            )
        self._scheme, self._host, self._port = parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme]
        self._user = unquote(parts.username) if parts.username else None
        self._password = password
        self._timeout = timeout
        self._context = context
        self._server: smtplib.SMTP | None = None

    def send(self, key: str, envelope_from: str, recipient: str, message: bytes) -> tuple[int, str]:
        """Send one mail in a transaction of its own; see Transport."""
        if not (recipient.isascii() and envelope_from.isascii()):
            raise MailNotTaken(None, "an address with letters outside ASCII cannot be sent to", permanent=True)
        try:
            server = self._begin(envelope_from)
            _check(server.rcpt(recipient))
            return _check(_send_content(server, message))
        except ServerUnreachable:
            self.close()
            raise
        except MailNotTaken:
            self._reset()
            raise
        except smtplib.SMTPAuthenticationError as error:
            self.close()
            raise ServerUnreachable(error.smtp_code, "the server refused the log-in") from error
        except smtplib.SMTPResponseException as error:
            self.close()
            raise ServerUnreachable(*_read((error.smtp_code, error.smtp_error))) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise ServerUnreachable(None, f"{type(error).__name__}: {error}"[:200]) from error

    def try_out(self) -> str:
        """Connect, begin TLS and log in as for a mail, and hang up. Raise ServerUnreachable with why not, in words."""
        try:
            self._connect()
        except smtplib.SMTPAuthenticationError as error:
            why = f"the server refused the log-in of {self._user}; check the user and KOLL_SMTP_PASSWORD"
            raise ServerUnreachable(error.smtp_code, why) from error
        except ssl.SSLCertVerificationError as error:
            why = f"its certificate is not to be trusted ({error.verify_message}); use the name it was made for"
            raise ServerUnreachable(None, why) from error
        except smtplib.SMTPNotSupportedError as error:
            raise ServerUnreachable(None, f"{error}; try smtps:// or another port") from error
        except ssl.SSLError as error:
            why = f"no TLS to be had ({error.reason}); smtps:// is usually port 465, smtp+starttls:// 587"
            raise ServerUnreachable(None, why) from error
        except (smtplib.SMTPException, OSError) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ServerUnreachable(
                None, f"it does not answer on port {self._port} as a mail server does ({why})"
            ) from error
        finally:
            self.close()
        return f"{self._host}:{self._port} answers" + (f" and lets {self._user} in" if self._user else "")

    def _begin(self, envelope_from: str) -> smtplib.SMTP:
        """Start a mail in the running conversation, or in a new one when the server has ended that."""
        if self._server is not None:
            try:
                if self._server.mail(envelope_from)[0] // 100 == 2:
                    return self._server
            except (smtplib.SMTPException, OSError):
                pass  # a new conversation shows whether the server is there
            self.close()
        server = self._connect()
        code, reply = _read(server.mail(envelope_from))
        if code // 100 != 2:  # about our own address, which all mails share: waits for whoever mends that
            raise ServerUnreachable(code, reply)
        return server

    def close(self) -> None:
        """Hang up without waiting for an answer."""
        if self._server is not None:
            self._server.close()
        self._server = None

    def _connect(self) -> smtplib.SMTP:
        context = self._context or ssl.create_default_context()
        server: smtplib.SMTP
        if self._scheme == "smtps":
            server = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        self._server = server  # closed with the rest when what follows breaks
        server.ehlo_or_helo_if_needed()
        if self._scheme == "smtp+starttls":
            server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
        if self._user:
            server.login(self._user, self._password() or "")
        return server

    def _reset(self) -> None:
        try:
            if self._server is not None:
                self._server.rset()
        except (smtplib.SMTPException, OSError):
            self.close()


def _read(answer: tuple[int, bytes | str]) -> tuple[int, str]:
    code, reply = answer
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return code, " ".join(text.split())[:400]


def _check(answer: tuple[int, bytes | str]) -> tuple[int, str]:
    """Return an answer that says yes; raise for every other one."""
    code, reply = _read(answer)
    if code // 100 == 2:
        return code, reply
    if code in _NOT_THE_MAILS_FAULT or code < 200:
        raise ServerUnreachable(code, reply)
    raise MailNotTaken(code, reply, permanent=code >= 500)


def _send_content(server: smtplib.SMTP, message: bytes) -> tuple[int, bytes | str]:
    try:
        return server.data(message)
    except smtplib.SMTPDataError as error:  # a no to DATA itself, before any of the mail
        return error.smtp_code, error.smtp_error


class MaildirTransport:
    """Writes each mail as a file into a Maildir, named by its key: sent a second time it is no second file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, key: str, envelope_from: str, recipient: str, message: bytes) -> tuple[int, str]:
        """Write one mail; see Transport. ``envelope_from`` is kept as Return-Path, as a delivering server does."""
        name = f"{key[:32]}.medlemskoll"
        try:
            for folder in ("tmp", "new", "cur"):
                (self._path / folder).mkdir(parents=True, exist_ok=True)
            seen = any((self._path / "cur").glob(f"{name}*"))  # a reader moves mail there and adds flags
            if not seen and not (self._path / "new" / name).exists():
                header = f"Return-Path: <{envelope_from}>\nDelivered-To: {recipient}\n".encode()
                _write_whole(self._path / "tmp" / name, header + message.replace(b"\r\n", b"\n"))
                (self._path / "tmp" / name).replace(self._path / "new" / name)
        except OSError as error:
            raise ServerUnreachable(None, f"{self._path}: {error.strerror or error}") from error
        return 250, f"written to {self._path / 'new' / name}"

    def close(self) -> None:
        """Nothing to end."""


def _write_whole(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
