"""Who could get in: files that others may read, talk that others may hear, a Prefect server that lets anybody in."""

import ipaddress
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from flows.looking.findings import Finding, bad, good
from flows.workplace import Workplace, read_secret
from models.configuration.environment import SECRETS

_SECONDS = 5.0
_OPEN = "whoever gets at it can start runs, and read secrets that are kept in it"


def examine_safety(place: Workplace, environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Yield a finding for each thing that is open, and one that says so where nothing is."""
    yield from _examine_files(place)
    yield from _examine_mailboxes(place)
    yield from _examine_prefect(environ)
    yield _examine_key(place)


def is_loopback(host: str | None) -> bool:
    """Tell whether a host is this machine."""
    with suppress(ValueError):
        return ipaddress.ip_address(host or "").is_loopback
    return host == "localhost"


def _list_files(place: Workplace) -> Iterator[Path]:
    settings = place.settings
    if place.engine.dialect.name == "sqlite" and place.engine.url.database:
        yield from (Path(f"{place.engine.url.database}{end}") for end in ("", "-wal", "-shm"))
    yield settings.file
    yield from [place.key_folder / name for name in ("hash.key", "archive.key")] if place.key_folder else []
    yield from (settings.members.path, settings.mail.maildir, place.data_docs)
    yield from [settings.page.folder] if settings.page.folder else []
    for source in settings.enabled_sources().values():
        folders = (getattr(source, name, None) for name in ("folder", "maildir"))
        yield from (folder for folder in folders if folder)
    yield from [settings.operations.log] if settings.operations.log else []
    secrets = [f"{variable}_FILE" for variable in SECRETS.values()]
    yield from (Path(os.environ[name]) for name in secrets if name in os.environ)


def _examine_files(place: Workplace) -> Iterator[Finding]:
    """The archive's folder and the mail's are looked at by the doctor itself; here every file by itself."""
    wide = [path for path in _list_files(place) if path.exists() and path.stat().st_mode & 0o007]
    for path in wide:
        yield bad(
            "files",
            f"{path} can be read by every user of this machine",
            "people's complaints, mail or keys are open to all who have an account here",
            f"chmod -R o-rwx {path}",
        )
    if not wide:
        yield good("files", "none of ours can be read by other users of this machine")


def _examine_mailboxes(place: Workplace) -> Iterator[Finding]:
    for name, source in place.settings.enabled_sources().items():
        for chosen in (source, getattr(source, "mail", None)):
            parts = urlsplit(getattr(chosen, "imap", None) or "")
            if parts.scheme == "imap" and not is_loopback(parts.hostname):
                yield bad(
                    name,
                    f"mail from {parts.hostname} would travel in the open",
                    "whoever listens on the way reads what people write, and the password",
                    "write imaps:// instead",
                )


def _examine_prefect(environ: Mapping[str, str]) -> Iterator[Finding]:
    bound = environ.get("PREFECT_SERVER_API_HOST", "127.0.0.1")
    if not is_loopback(bound) and not environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        do = "set PREFECT_SERVER_API_AUTH_STRING, or let it listen on 127.0.0.1"
        yield bad("prefect server", f"it would listen on {bound} and let anybody in", _OPEN, do)
    url = environ.get("PREFECT_API_URL")
    if not url:
        yield good("prefect", "no server is named: each run has its own, on this machine")
        return
    parts = urlsplit(url)
    if is_loopback(parts.hostname):
        yield good("prefect", f"{parts.hostname} is this machine")
        return
    if parts.scheme != "https":
        do = "put a reverse proxy with TLS before it and write https://"
        yield bad("prefect", f"{parts.hostname}: what is said to it can be read on the way", _OPEN, do)
    if not (environ.get("PREFECT_API_AUTH_STRING") or environ.get("PREFECT_API_KEY")) or _lets_anybody_in(url):
        do = "set PREFECT_SERVER_API_AUTH_STRING there and PREFECT_API_AUTH_STRING here (docs/operations.md)"
        yield bad("prefect", f"{parts.hostname} lets in whoever reaches it", _OPEN, do)


def _lets_anybody_in(url: str) -> bool:
    """Ask the server for its settings without a password; one that cannot be reached lets nobody in."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/admin/settings", timeout=_SECONDS) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _examine_key(place: Workplace) -> Finding:
    if read_secret("archive_key"):
        return good("archive key", "given apart from the archive")
    found = f"kept beside what it opens ({place.find_key_file('archive_key')}): whoever takes the folder takes both"
    return good("archive key", f"{found}; KOLL_ARCHIVE_KEY or KOLL_ARCHIVE_KEY_FILE keeps it apart")
