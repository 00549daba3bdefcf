"""Who could get in: files that others may read, talk that others may hear, a Prefect server that lets anybody in."""

import ipaddress
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.workplace import Workplace, read_secret
from models.configuration.settings import SECRETS

Finding = dict[str, Any]
_SECONDS = 5.0


def examine_safety(place: Workplace, environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Yield a finding for each thing that is open, and one that says so where nothing is: what, ok, found, do."""
    yield from _examine_files(place)
    yield from _examine_mailboxes(place)
    yield from _examine_prefect(environ)
    yield _examine_key(place)


def is_loopback(host: str | None) -> bool:
    """Tell whether a host is this machine."""
    with suppress(ValueError):
        return ipaddress.ip_address(host or "").is_loopback
    return host == "localhost"


def _bad(what: str, found: str, do: str) -> Finding:
    return {"what": what, "ok": False, "found": found, "do": do}


def _good(what: str, found: str) -> Finding:
    return {"what": what, "ok": True, "found": found, "do": ""}


def _list_files(place: Workplace) -> Iterator[Path]:
    settings = place.settings
    if place.engine.dialect.name == "sqlite" and place.engine.url.database:
        yield from (Path(f"{place.engine.url.database}{end}") for end in ("", "-wal", "-shm"))
    yield settings.file
    yield from [place.key_folder / name for name in ("hash.key", "archive.key")] if place.key_folder else []
    yield from (settings.members.path, settings.mail.maildir)
    yield from [settings.operations.log] if settings.operations.log else []
    secrets = [f"{variable}_FILE" for variable in SECRETS.values()]
    yield from (Path(os.environ[name]) for name in secrets if name in os.environ)


def _examine_files(place: Workplace) -> Iterator[Finding]:
    """The archive's folder and the mail's are looked at by the doctor itself; here every file by itself."""
    wide = [path for path in _list_files(place) if path.exists() and path.stat().st_mode & 0o007]
    for path in wide:
        yield _bad("files", f"{path} can be read by every user of this machine", f"chmod -R o-rwx {path}")
    if not wide:
        yield _good("files", "none of ours can be read by other users of this machine")


def _examine_mailboxes(place: Workplace) -> Iterator[Finding]:
    for name, source in place.settings.enabled_sources().items():
        for chosen in (source, getattr(source, "mail", None)):
            parts = urlsplit(getattr(chosen, "imap", None) or "")
            if parts.scheme == "imap" and not is_loopback(parts.hostname):
                yield _bad(name, f"mail from {parts.hostname} would travel in the open", "write imaps:// instead")


def _examine_prefect(environ: Mapping[str, str]) -> Iterator[Finding]:
    bound = environ.get("PREFECT_SERVER_API_HOST", "127.0.0.1")
    if not is_loopback(bound) and not environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        do = "set PREFECT_SERVER_API_AUTH_STRING, or let it listen on 127.0.0.1"
        yield _bad("prefect server", f"it would listen on {bound} and let anybody in", do)
    url = environ.get("PREFECT_API_URL")
    if not url:
        yield _good("prefect", "no server is named: each run has its own, on this machine")
        return
    parts = urlsplit(url)
    if is_loopback(parts.hostname):
        yield _good("prefect", f"{parts.hostname} is this machine")
        return
    if parts.scheme != "https":
        do = "put a reverse proxy with TLS before it and write https://"
        yield _bad("prefect", f"{parts.hostname}: what is said to it can be read on the way", do)
    if not (environ.get("PREFECT_API_AUTH_STRING") or environ.get("PREFECT_API_KEY")) or _lets_anybody_in(url):
        do = "set PREFECT_SERVER_API_AUTH_STRING there and PREFECT_API_AUTH_STRING here (docs/operations.md)"
        yield _bad("prefect", f"{parts.hostname} lets in whoever reaches it", do)


def _lets_anybody_in(url: str) -> bool:
    """Ask the server for its settings without a password; one that cannot be reached lets nobody in."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/admin/settings", timeout=_SECONDS) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _examine_key(place: Workplace) -> Finding:
    if read_secret("archive_key"):
        return _good("archive key", "given apart from the archive")
    found = f"kept beside what it opens ({place.find_key_file('archive_key')}): whoever takes the folder takes both"
    return _good("archive key", f"{found}; KOLL_ARCHIVE_KEY or KOLL_ARCHIVE_KEY_FILE keeps it apart")
