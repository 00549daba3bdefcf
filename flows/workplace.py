"""What every run works with: the settings, the database, the archive, the secrets and the matcher."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from flows.one_writer import OneWriter
from models.configuration.environment import SECRETS
from models.configuration.settings import Settings, load_settings
from models.storage.store import open_engine, require_current
from sources.archive.archive import Archive
from sources.archive.durable import write_durably
from sources.archive.faults import ArchiveUnwritable
from sources.archive.sealing import KeyUnusable, Vault, make_key
from sources.registry import WEB_KINDS

_SHORTEST_KEY = 16  # bytes; ours have 64 (hash.key) and 44 (archive.key)
_VISIBLE = (0x21, 0x7E)


class SecretMissing(RuntimeError):
    """A secret is needed and nothing provides it; the text says where it may come from."""


@dataclass
class Workplace:
    """One association's installation, opened."""

    settings: Settings
    engine: Engine
    archive: Archive
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @cached_property
    def hash_key(self) -> bytes:
        """The key under which people's numbers and addresses are hashed; made once and kept beside the archive.

        Raises SecretMissing where it is damaged, or gone from an archive in use: with another key nobody would be
        known again, and nothing would show it.
        """
        if configured := read_secret("hash_key"):
            return configured.encode()
        path = self.find_key_file("hash_key")
        if not path.exists() and any(path.parent.glob("objects/*/*")):
            raise SecretMissing(
                f"{path} is gone, and the archive beside it is in use: put it back from a backup, or set "
                f"{SECRETS['hash_key']} if it was kept there"
            )
        return _keep_key(path, lambda: secrets.token_hex(32))

    @property
    def key_folder(self) -> Path | None:
        """Where keys lie that come from nowhere else: beside the archive; None where that is object storage."""
        path = self.settings.archive.path
        return path if isinstance(path, Path) else None

    def find_key_file(self, name: str) -> Path:
        """Return where a key lies, ``hash_key`` or ``archive_key``, while none comes from the environment.

        Raises SecretMissing where the archive is one that machines share: it is no place for what opens it.
        """
        if self.key_folder is None:
            where = self.settings.archive.path
            raise SecretMissing(
                f"{where} is no place for a key: set {SECRETS[name]} or {SECRETS[name]}_FILE, the same on every "
                "machine (`koll archive new-key` makes one)"
            )
        return self.key_folder / name.replace("_", ".")

    @property
    def data_docs(self) -> Path:
        """Where the data docs are written: beside the configuration."""
        return self.settings.file.parent / "data-docs"

    def today(self) -> date:
        """Return the date in the association's time zone."""
        return self.clock().astimezone(ZoneInfo(self.settings.association.timezone)).date()

    @cached_property
    def one_writer(self) -> OneWriter:
        """The lock that lets one run at a time write here."""
        return OneWriter(self.engine)

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold the one lock that lets a run write; raise NightUnderWay at once when another has it."""
        with self.one_writer.hold():
            yield


def configured() -> str:
    """Return the configuration file that runs use when none is named."""
    return os.environ.get("KOLL_CONFIG", "koll.toml")


def open_workplace(config: Path, *, check: bool = True) -> Workplace:
    """Read the configuration and open everything. Raises SettingsInvalid, StoreUnusable, SecretMissing."""
    os.umask(0o077)  # also for a run that a worker starts: whatever it writes is its owner's alone
    settings = load_settings(config, web_kinds=WEB_KINDS)
    password = read_secret("database_password") if settings.database.url.startswith("postgresql") else None
    engine = open_engine(settings.database.url, password)
    if check:
        require_current(engine)
    kept = settings.archive
    place = Workplace(settings, engine, Archive(kept.path, lambda: open_vault(place), kept.options))
    return place


def open_vault(place: Workplace) -> Vault:
    """Return what opens and seals the archive: keys from the environment, else one made once and kept beside it.

    Several keys are set apart by commas or line ends, the newest first: that is how a key is exchanged. Raises
    SecretMissing when one is no key.
    """
    try:
        return Vault(read_archive_keys(place), place.hash_key)
    except KeyUnusable as error:
        where = SECRETS["archive_key"] if read_secret("archive_key") else place.find_key_file("archive_key")
        raise SecretMissing(f"{where}: {error}") from error


def read_archive_keys(place: Workplace) -> list[str]:
    """Return the archive's keys, the newest first."""
    text = read_secret("archive_key") or _keep_key(place.find_key_file("archive_key"), make_key).decode()
    return text.replace(",", " ").split()


def read_secret(name: str) -> str | None:
    """Return a secret from its environment variable, the file its ``_FILE`` twin names, or a Prefect Secret block.

    The block is called like the variable in lower case with dashes (``koll-smtp-password``) and is asked for only
    when PREFECT_API_URL is set. None when nothing provides it; raises SecretMissing when a named file is not there, or
    there is nothing in it: another key made in its place would be worse than none.
    """
    variable = SECRETS.get(name, f"KOLL_{name.upper()}")  # a channel's is named after it
    if value := os.environ.get(variable):
        return value
    if path := os.environ.get(f"{variable}_FILE"):
        return _read_secret_file(variable, Path(path))
    if not os.environ.get("PREFECT_API_URL"):
        return None
    return _read_secret_block(variable.lower().replace("_", "-"))


def _read_secret_file(variable: str, path: Path) -> str:
    try:
        value = path.read_text(encoding="utf-8").strip().strip("\0")
    except OSError as error:
        raise SecretMissing(f"{variable}_FILE names {path}, which cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SecretMissing(f"{variable}_FILE names {path}, which holds no text: put the secret there") from error
    if not value:
        raise SecretMissing(f"{variable}_FILE names {path}, which is empty: put the secret there, or unset it")
    return value


def _read_secret_block(name: str) -> str | None:
    from httpx import HTTPError
    from prefect.blocks.system import Secret

    try:
        return str(Secret.load(name, _sync=True).get())  # type: ignore[call-arg,union-attr]  # also inside a loop
    except ValueError:  # Prefect's word for "no such block"
        return None
    except HTTPError as error:
        variable = name.upper().replace("-", "_")
        asked = f"Prefect's server at {os.environ['PREFECT_API_URL']} cannot be asked for it ({type(error).__name__})"
        raise SecretMissing(f"{variable} is not set, and {asked}") from error


def _keep_key(path: Path, make: Callable[[], str]) -> bytes:
    """Return the key in a file, made when there is none yet.

    One that is empty or full of zeros was cut short by a power cut or a full disk, and is never taken for a key nor
    replaced: another would know nobody again and open nothing. Raises ArchiveUnwritable where none can be kept.
    """
    if not path.exists():
        try:
            write_durably(path, make().encode("ascii"), only_new=True)
        except OSError as error:
            raise ArchiveUnwritable(str(path.parent), error) from error
    key = path.read_bytes().strip()
    if len(key) < _SHORTEST_KEY or not all(_VISIBLE[0] <= byte <= _VISIBLE[1] or byte in b"\r\n" for byte in key):
        raise SecretMissing(
            f"{path} holds no key ({len(key)} bytes, at least {_SHORTEST_KEY} of ASCII are due): put it back from a "
            "backup; only where nothing was ever stored with it, take the file away and `koll init` makes another"
        )
    return key
