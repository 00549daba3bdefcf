"""`koll doctor`: can everything that the night needs be reached, and is it what it should be?"""

import contextlib
import smtplib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Table, select
from sqlalchemy.exc import SQLAlchemyError

from flows.intake.register import read_the_register
from flows.upkeep.safety import examine_safety
from flows.workplace import SecretMissing, Workplace, open_workplace, read_secret
from models.alerting.rules import MEMBERS
from models.configuration.settings import (
    BoardSettings,
    DeclarationSettings,
    ExtractSettings,
    Settings,
    TipsSettings,
    load_settings,
)
from models.members.register import RegisterRefused
from models.storage.store import StoreUnusable, require_current
from models.storage.tables import SourceNight
from models.words import Verdict
from sources.archive.places import write_file
from sources.contract import SourceBroken
from sources.inbox.access import Access
from sources.inbox.imap import ImapReader, ImapState, read_address
from sources.registry import WEB_KINDS, find_bounds, name_user_agent
from sources.web.session import FetchFailed, PoliteSession

Finding = dict[str, Any]
_TIMEOUT = 10.0


def examine(config: Path) -> list[Finding]:
    """Return one finding per thing looked at: what, ok, found, do. Raises SettingsInvalid."""
    settings = load_settings(config, web_kinds=WEB_KINDS)
    findings = [_good("configuration", f"{settings.file} has no faults")]
    place = open_workplace(config, check=False)
    findings += _examine_database(place)
    findings += _examine_archive(place)
    findings += _examine_register(place)
    findings += _examine_mail(settings)
    findings += examine_safety(place)
    findings += _examine_answers(settings)
    for name, source in settings.enabled_sources().items():
        if isinstance(source, ExtractSettings):
            findings += _examine_extract(name, source)
        elif isinstance(source, BoardSettings):
            findings += _examine_sites(name, source, settings)
            findings.append(_foresee_requests(place, name))
        elif isinstance(source, DeclarationSettings):
            findings.append(_examine_declarations(name, source))
        else:
            findings += _examine_mailbox(place, name, source)
    return findings


def _examine_answers(settings: Settings) -> Iterator[Finding]:
    """Members answer the letters that they get: somebody has to read what they write."""
    if any(MEMBERS in rule.to for rule in settings.rules) and settings.mail.reply_to is None:
        where = f"members' answers go to {settings.mail.sender}"
        yield _bad("mail to members", where, "set [mail] reply_to to a mailbox that people read, or to the tip mailbox")


def _examine_declarations(name: str, source: DeclarationSettings) -> Finding:
    if source.folder.is_dir():
        return _good(f"source {name}", f"{source.folder} is there; form {source.form} is handed out")
    return _bad(f"source {name}", f"{source.folder}: no such folder", f"mkdir {source.folder}")


def _good(what: str, found: str) -> Finding:
    return {"what": what, "ok": True, "found": found, "do": ""}


def _bad(what: str, found: object, do: str) -> Finding:
    return {"what": what, "ok": False, "found": " ".join(str(found).split())[:300], "do": do}


def _examine_database(place: Workplace) -> Iterator[Finding]:
    shown = place.engine.url.render_as_string(hide_password=True)
    try:
        require_current(place.engine)
    except (StoreUnusable, SQLAlchemyError) as error:
        yield _bad("database", error, "koll init")
    else:
        yield _good("database", shown)


def _examine_folder(what: str, path: Path) -> Iterator[Finding]:
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        yield _bad(what, f"{path}: {error.strerror}", "give this user the right to write there")
        return
    open_to_all = path.stat().st_mode & 0o007
    if open_to_all:
        yield _bad(what, f"{path} can be read by every user of this machine", f"chmod o-rwx {path}")
    else:
        yield _good(what, f"{path} can be written")


def _examine_archive(place: Workplace) -> Iterator[Finding]:
    if place.key_folder is not None:
        yield from _examine_folder("archive", place.key_folder)
        return
    shown = place.archive.place.show()
    try:
        write_file(place.archive.place, "tmp/doctor", b"koll doctor")
        place.archive.place.remove("tmp/doctor")
        yield _good("archive", f"{shown} can be written")
    except OSError as error:
        why = error.strerror or type(error).__name__
        yield _bad("archive", f"{shown}: {why}", "mend [archive] path and options, or the store's credentials")


def _examine_register(place: Workplace) -> Iterator[Finding]:
    try:
        register = read_the_register(place)
    except RegisterRefused as error:
        yield _bad("register", error, "mend what is named; until then the last good register is used")
        return
    yield _good("register", f"{len(register.members)} members, {len(register.names)} names")
    for warning in register.warnings:
        yield _bad("register", warning, "end one of the names (valid_to) or remove it")


def _examine_mail(settings: Settings) -> Iterator[Finding]:
    mail = settings.mail
    if mail.smtp is None:
        yield from _examine_folder("mail (Maildir, no server configured)", mail.maildir)
        return
    parts = urlsplit(mail.smtp)
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    try:
        with kind(parts.hostname or "", parts.port or 0, timeout=_TIMEOUT) as server:
            code, _ = server.ehlo()
        yield _good("mail server", f"{parts.hostname} answers {code}")
    except (OSError, smtplib.SMTPException) as error:
        yield _bad("mail server", f"{parts.hostname}: {error}", "mend [mail] smtp, or let the server's operator know")
    if parts.scheme == "smtp" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        yield _bad("mail server", "plain-text SMTP to another machine", "use smtp+starttls:// or smtps://")


def _examine_extract(name: str, source: ExtractSettings) -> Iterator[Finding]:
    if not source.folder.is_dir():
        yield _bad(name, f"{source.folder}: no such folder", f"create it or mend sources.{name}.folder")
    else:
        yield _good(name, f"{source.folder}: {sum(1 for _ in source.folder.iterdir())} file(s)")


def _examine_sites(name: str, source: BoardSettings, settings: Settings) -> Iterator[Finding]:
    hosts = [urlsplit(site).netloc for site in source.sites]
    session = PoliteSession(hosts, user_agent=name_user_agent(settings), delay=0.5, deadline=_TIMEOUT * 2, retries=0)
    for site in source.sites:
        try:
            answer = session.fetch(f"{site}/")
            yield _good(name, f"{site} answers {answer.status}; robots.txt lets us in")
        except FetchFailed as error:
            yield _bad(name, error, f"open {site} in a browser; if it moved, mend sources.{name}.sites")


def _foresee_requests(place: Workplace, name: str) -> Finding:
    """Say what a night would ask of each host: what the last good one asked, less the pages it fetched."""
    try:
        asked = count_quiet_requests(place, name)
    except (SQLAlchemyError, SourceBroken):
        asked = {}  # told by the database's and the archive's own findings
    if not asked:
        high = find_bounds(place.settings.sources[name]).rows[1]
        return _good(name, f"requests: not read yet, so every page will be fetched once, at most {high}")
    each = ", ".join(f"{host} {number}" for host, number in sorted(asked.items()))
    return _good(name, f"requests a night makes: {each}; and one for each page that is new or has changed")


def count_quiet_requests(place: Workplace, name: str) -> dict[str, int]:
    """Return the requests by host of a night on which nothing has changed; nothing when it was never read well."""
    table: Table = SourceNight.__table__  # type: ignore[attr-defined]
    good = (table.c.source == name) & (table.c.verdict != Verdict.BROKEN)
    with place.engine.connect() as connection:
        nights = connection.execute(select(table.c.requests).where(good).order_by(table.c.at.desc())).all()
    last: dict[str, int] = next((night.requests for night in nights if night.requests), {})
    reading = place.archive.last_reading(name)
    fetched = Counter(
        urlsplit(item.name).netloc
        for item in (reading.items if reading else ())
        if item.role == "record" and not item.unchanged
    )
    return {host: number - fetched[host] for host, number in last.items()}


def _examine_mailbox(place: Workplace, name: str, source: TipsSettings) -> Iterator[Finding]:
    if source.maildir is not None:
        if source.maildir.is_dir():
            yield _good(name, f"{source.maildir} can be read")
        else:
            yield _bad(name, f"{source.maildir}: no such folder", f"create it or mend sources.{name}.maildir")
        return
    address = read_address(source.imap or "")
    access = Access(lambda: read_secret("imap_password"), source.token_command)
    reader = ImapReader(address, access, place.archive, place.clock(), lambda _line: None)
    try:
        with contextlib.closing(_Mailbox(reader.connect())) as box:
            reader.select(box.client, ImapState())
        yield _good(name, f"logged in at {address.host}")
    except SourceBroken as error:
        yield _bad(name, error, f"check sources.{name}.imap")
    except (OSError, SecretMissing) as error:
        yield _bad(name, f"{address.host}: {type(error).__name__}", f"check sources.{name}.imap and the network")


class _Mailbox:
    """A connection that is always ended, logged in or not."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def close(self) -> None:
        """End it, whatever state it is in."""
        with contextlib.suppress(OSError, ValueError):
            self.client.shutdown()
