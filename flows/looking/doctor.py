"""`koll doctor`: can everything that the night needs be reached, and is it what it should be?"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Table, select
from sqlalchemy.exc import SQLAlchemyError

from flows.intake.register import read_the_register
from flows.looking.findings import Finding, bad, good
from flows.mail.sending.transports import MailNotTaken, SmtpTransport
from flows.starting.trying import enter_mailbox
from flows.upkeep.safety import examine_safety
from flows.workplace import SecretMissing, Workplace, open_workplace, read_secret
from models.alerting.rules import MEMBERS
from models.configuration.settings import Settings, load_settings
from models.configuration.source_settings import BoardSettings, DeclarationSettings, ExtractSettings, TipsSettings
from models.members.register import RegisterRefused
from models.storage.store import StoreUnusable, require_current
from models.storage.tables import SourceNight
from models.words import Verdict
from sources.archive.places import write_file
from sources.contract import SourceBroken
from sources.inbox.access import Access
from sources.registry import WEB_KINDS, find_bounds, name_user_agent
from sources.web.session import FetchFailed, PoliteSession

_TIMEOUT = 10.0
_UNREAD = "the source is broken every night; what is known of it stays, and counts may be too low"


def examine(config: Path) -> list[Finding]:
    """Return one finding per thing looked at: what, ok, found, means, do. Raises SettingsInvalid."""
    settings = load_settings(config, web_kinds=WEB_KINDS)
    findings = [good("configuration", f"{settings.file} has no faults")]
    place = open_workplace(config, check=False)
    findings += _examine_database(place)
    findings += _examine_archive(place)
    findings += _examine_register(place)
    findings += _examine_mail(settings)
    findings += examine_safety(place)
    findings += _examine_answers(settings)
    for name, source in settings.enabled_sources().items():
        if isinstance(source, ExtractSettings):
            findings += _examine_files(name, source.folder)
        elif isinstance(source, BoardSettings):
            findings += _examine_publisher(name, source, settings)
            if source.folder is None:
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
        yield bad(
            "mail to members",
            where,
            "a member who answers a reminder may be answered by nobody",
            "set [mail] reply_to to a mailbox that people read, or to the tip mailbox",
        )


def _examine_declarations(name: str, source: DeclarationSettings) -> Finding:
    if source.folder.is_dir():
        return good(f"source {name}", f"{source.folder} is there; form {source.form} is handed out")
    return bad(f"source {name}", f"{source.folder}: no such folder", _UNREAD, f"mkdir {source.folder}")


def _examine_database(place: Workplace) -> Iterator[Finding]:
    shown = place.engine.url.render_as_string(hide_password=True)
    try:
        require_current(place.engine)
    except (StoreUnusable, SQLAlchemyError) as error:
        yield bad("database", error, "no command that reads or writes works before this", "koll init")
    else:
        yield good("database", shown)


def _examine_folder(what: str, path: Path) -> Iterator[Finding]:
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        yield bad(
            what, f"{path}: {error.strerror}", "the night would fail here", "give this user the right to write there"
        )
        return
    open_to_all = path.stat().st_mode & 0o007
    if open_to_all:
        yield bad(
            what,
            f"{path} can be read by every user of this machine",
            "people's complaints and mail lie there",
            f"chmod o-rwx {path}",
        )
    else:
        yield good(what, f"{path} can be written")


def _examine_archive(place: Workplace) -> Iterator[Finding]:
    if place.key_folder is not None:
        yield from _examine_folder("archive", place.key_folder)
        return
    shown = place.archive.place.show()
    try:
        write_file(place.archive.place, "tmp/doctor", b"koll doctor")
        place.archive.place.remove("tmp/doctor")
        yield good("archive", f"{shown} can be written")
    except OSError as error:
        why = error.strerror or type(error).__name__
        yield bad(
            "archive",
            f"{shown}: {why}",
            "no source can be read: every byte is archived before it is used",
            "mend [archive] path and options, or the store's credentials",
        )


def _examine_register(place: Workplace) -> Iterator[Finding]:
    try:
        register = read_the_register(place)
    except RegisterRefused as error:
        yield bad(
            "register", error, "the last good register is used until then, and every night fails", "mend what is named"
        )
        return
    yield good("register", f"{len(register.members)} members, {len(register.names)} names")
    for warning in register.warnings:
        yield bad(
            "register",
            warning,
            "a complaint under that name can count for nobody or for the wrong member",
            "end one of the names (valid_to) or remove it",
        )


def _examine_mail(settings: Settings) -> Iterator[Finding]:
    mail = settings.mail
    if mail.smtp is None:
        yield from _examine_folder("mail (Maildir, no server configured)", mail.maildir)
        return
    parts = urlsplit(mail.smtp)
    try:
        transport = SmtpTransport(mail.smtp, lambda: read_secret("smtp_password"), _TIMEOUT)
        yield good("mail server", transport.try_out())
    except (MailNotTaken, SecretMissing) as error:
        means = "alerts wait in the outbox, five days at most, and then are given up"
        why = error.reply if isinstance(error, MailNotTaken) else error
        yield bad("mail server", f"{parts.hostname}: {why}", means, "mend what is named, or [mail] smtp")
    if parts.scheme == "smtp" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        yield bad(
            "mail server",
            "plain-text SMTP to another machine",
            "whoever listens on the way reads every alert",
            "use smtp+starttls:// or smtps://",
        )


def _examine_files(name: str, folder: Path) -> Iterator[Finding]:
    try:
        yield good(name, f"{folder}: {sum(1 for _ in folder.iterdir())} file(s)")
    except FileNotFoundError:
        yield bad(name, f"{folder}: no such folder", _UNREAD, f"mkdir {folder}, or mend sources.{name}.folder")
    except OSError as error:
        yield bad(name, f"{folder}: {error.strerror}", _UNREAD, "give this user the right to read there")


def _examine_publisher(name: str, source: BoardSettings, settings: Settings) -> Iterator[Finding]:
    """Files in a folder, one page, or whole sites: a kind has one of them."""
    if source.folder is not None:
        yield from _examine_files(name, source.folder)
        return
    pages = [source.url] if source.url else [f"{site}/" for site in source.sites]
    hosts = [urlsplit(page).netloc for page in pages]
    session = PoliteSession(hosts, user_agent=name_user_agent(settings), delay=0.5, deadline=_TIMEOUT * 2, retries=0)
    for page in pages:
        try:
            answer = session.fetch(page)
            yield good(name, f"{page} answers {answer.status}; robots.txt lets us in")
        except FetchFailed as error:
            yield bad(name, error, _UNREAD, f"open {page} in a browser; if it moved, mend sources.{name}")


def _foresee_requests(place: Workplace, name: str) -> Finding:
    """Say what a night would ask of each host: what the last good one asked, less the pages it fetched."""
    try:
        asked = count_quiet_requests(place, name)
    except (SQLAlchemyError, SourceBroken):
        asked = {}  # told by the database's and the archive's own findings
    if not asked:
        high = find_bounds(place.settings.sources[name]).rows[1]
        return good(name, f"requests: not read yet, so every page will be fetched once, at most {high}")
    each = ", ".join(f"{host} {number}" for host, number in sorted(asked.items()))
    return good(name, f"requests a night makes: {each}; and one for each page that is new or has changed")


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
            yield good(name, f"{source.maildir} can be read")
        else:
            yield bad(
                name,
                f"{source.maildir}: no such folder",
                _UNREAD,
                f"mkdir {source.maildir}, or mend sources.{name}.maildir",
            )
        return
    access = Access(lambda: read_secret("imap_password"), source.token_command)
    try:
        enter_mailbox(source.imap or "", access, place.archive)
        yield good(name, f"logged in at {urlsplit(source.imap or '').hostname}")
    except (SourceBroken, SecretMissing) as error:
        yield bad(name, error, _UNREAD, f"mend what is named, or sources.{name}.imap")
