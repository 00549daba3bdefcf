"""Answers tried as the night will use them, without sending, moving or keeping anything.

Each returns what was found, in a sentence, or raises Refused with why not and what would do.
"""

import contextlib
import imaplib
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from imapclient.exceptions import IMAPClientError
from pydantic import ValidationError

from flows.mail.sending.transports import MailNotTaken, SmtpTransport
from models.configuration.environment import SECRETS
from models.configuration.faults import find_passwords
from models.configuration.sections import Mail
from models.configuration.settings import Settings
from models.members.country import SWEDEN
from models.members.register import RegisterRefused, read_register
from sources.archive.archive import Archive
from sources.contract import SourceBroken
from sources.inbox.access import Access
from sources.inbox.imap import ImapReader, ImapState, read_address
from sources.register_file import read_register_file

Secret = Callable[[], str | None]
_SECONDS = 10.0
_SHOWN = 5  # warnings about a register


class Refused(ValueError):
    """An answer that would not work; the text says why and what would. ``keepable``: it may later, as it is."""

    def __init__(self, why: str, *, keepable: bool = True) -> None:
        super().__init__(why)
        self.keepable = keepable


def try_register(path: Path, settings: Settings | None = None) -> str:
    """Read a register, as the settings say if there are any, and count what is in it; every fault is named."""
    country = settings.country if settings else SWEDEN
    columns = settings.members.columns if settings else None
    try:
        register = read_register(*read_register_file(path, columns), b"only for counting", country)
    except RegisterRefused as error:
        raise Refused(str(error)) from error
    except OSError as error:
        raise Refused(f"{error.filename or path}: {error.strerror or error}") from error
    more = len(register.warnings) - _SHOWN
    told = [*register.warnings[:_SHOWN], *([f"... and {more} more"] if more > 0 else [])]
    return "\n".join([f"{len(register.members)} members, {len(register.names)} names", *told])


def try_folder(path: Path) -> str:
    """See that files can be written into a folder, or into the one above it that it will be made in."""
    where = path
    while not where.exists() and where != where.parent:
        where = where.parent
    if not where.is_dir():
        raise Refused(f"{where} is a file; name a folder")
    try:
        with tempfile.TemporaryFile(dir=where):
            pass
    except OSError as error:
        raise Refused(f"{where}: {error.strerror}; give this user the right to write there, or name another") from error
    return f"{path} can be written" if where == path else f"{path} will be made"


def try_address(address: str) -> str:
    """See that an address is one."""
    try:
        return f"{Mail.model_validate({'from': address}).sender} is an address"
    except ValidationError as error:
        raise Refused(_explain(error), keepable=False) from error


def try_mail_server(url: str, password: Secret) -> str:
    """Greet a mail server, begin TLS and log in as asked, and hang up; nothing is sent."""
    _refuse_password(url, "smtp_password")
    try:
        Mail.model_validate({"from": "koll@example.org", "smtp": url})
        transport = SmtpTransport(url, password, _SECONDS)
    except ValidationError as error:
        raise Refused(_explain(error), keepable=False) from error
    except ValueError as error:
        raise Refused(str(error), keepable=False) from error
    parts = urlsplit(url)
    if parts.username and not password():
        raise Refused(f"{parts.username} needs a password: {_tell_variable('smtp_password')}")
    try:
        return transport.try_out()
    except MailNotTaken as error:
        raise Refused(f"{parts.hostname}: {error.reply}") from error


def try_mailbox(url: str, password: Secret) -> str:
    """Log in to a mailbox and look into its folder; no mail is read or marked."""
    _refuse_password(url, "imap_password")
    try:
        address = read_address(url)
    except SourceBroken as error:
        raise Refused(_plain(error), keepable=False) from error
    if not password():
        raise Refused(f"{address.user} needs a password: {_tell_variable('imap_password')}")
    try:
        with tempfile.TemporaryDirectory() as folder:
            enter_mailbox(url, Access(password), Archive(Path(folder)))
    except SourceBroken as error:
        raise Refused(_plain(error)) from error
    return f"logged in at {address.host}, folder {address.folder}"


def enter_mailbox(url: str, access: Access, archive: Archive) -> None:
    """Log in, open the folder for reading only, and leave. Raises SourceBroken with the cure."""
    address = read_address(url)
    reader = ImapReader(address, access, archive, datetime.now(UTC), lambda _line: None)
    try:
        client = reader.connect()
        try:
            reader.select(client, ImapState())
        finally:
            with contextlib.suppress(OSError, ValueError):
                client.shutdown()
    except (OSError, EOFError, IMAPClientError, imaplib.IMAP4.error) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        told = f"{address.host}:{address.port}: no mailbox answers there ({why}); check the address and the network"
        raise SourceBroken("imap-unreachable", told) from error


def _refuse_password(url: str, secret: str) -> None:
    if list(find_passwords({"answer": url})):
        why = f"a password never stands in an address: leave it out; {_tell_variable(secret)}"
        raise Refused(why, keepable=False)


def _tell_variable(secret: str) -> str:
    return f"set {SECRETS[secret]}, or {SECRETS[secret]}_FILE, and begin again"


def _plain(error: SourceBroken) -> str:
    return str(error).removesuffix(f" [{error.code}]")


def _explain(error: ValidationError) -> str:
    return error.errors()[0]["msg"].removeprefix("Value error, ")
