"""One file with the database, the archive and its keys, taken while a night may run.

    backup.json                  what it is: version, schema, tables with their rows and sha256, prints of the keys
    koll.toml                    the configuration, for whoever restores
    database/<table>.jsonl.gz    every table in one snapshot, the same for both engines
    archive/...                  readings, objects (sealed ones sealed), marks of what was forgotten, and key files

The database is read first: what it names was archived before. It is a plain tar, private to its owner, and appears
under its name when it is whole.
"""

import gzip
import hashlib
import hmac
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import text

from flows.workplace import Workplace, read_archive_keys, read_secret
from models.storage.dump import dump_table, list_tables, open_snapshot
from sources import VERSION
from sources.archive.durable import replacing
from sources.archive.places import Place

FORMAT = 1
ABOUT = "backup.json"
ARCHIVE_KEY = "archive.key"
KEY_FILES = ("hash.key", ARCHIVE_KEY)
_IN_MEMORY = 1 << 20


@dataclass
class About:
    """What a backup says of itself. ``keys`` are prints, by which a key is known again and not found."""

    made_at: str
    revision: str
    engine: str
    version: str = VERSION
    format: int = FORMAT
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    holds_keys: bool = False
    objects: int = 0


def print_key(key: bytes) -> str:
    """Return 16 digits by which a key is known again."""
    return hmac.new(key, b"medlemskoll key", hashlib.sha256).hexdigest()[:16]


def make_backup(place: Workplace, target: Path, *, with_keys: bool = True) -> About:
    """Write a backup to ``target``, over an earlier one; return what it holds. Raises OSError."""
    with (
        replacing(target) as made,
        tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as pack,
        ExitStack() as spools,
    ):
        about, tables = _read_database(place, spools)
        archive_keys = read_archive_keys(place)
        about.keys = {
            "hash": [print_key(place.hash_key)],
            "archive": [print_key(key.encode()) for key in archive_keys],
        }
        keys = list(_list_archive(place.archive.place))
        about.objects = sum(key.startswith("objects/") for key in keys)
        key_files = _list_key_files(place) if with_keys else []
        about.holds_keys = bool(key_files)
        _add_bytes(pack, ABOUT, json.dumps(asdict(about), indent=1).encode(), place.clock())
        _add_bytes(pack, "koll.toml", place.settings.file.read_bytes(), place.clock())
        for name, spool in tables.items():
            _add(pack, f"database/{name}.jsonl.gz", spool, place.clock())
        _add_archive(pack, place, keys)
        for file in key_files:
            content = file.read_bytes()
            if file.name == ARCHIVE_KEY and read_secret("archive_key") is None:
                # Exchanged meanwhile? What was packed before then is opened by the keys of then.
                content = "\n".join(dict.fromkeys([*content.decode("ascii").split(), *archive_keys])).encode() + b"\n"
            _add_bytes(pack, f"archive/{file.name}", content, place.clock())
    return about


def _read_database(place: Workplace, spools: ExitStack) -> tuple[About, dict[str, IO[bytes]]]:
    """Return what the backup is of, and every table packed, all as of one moment."""
    tables: dict[str, IO[bytes]] = {}
    with open_snapshot(place.engine) as connection:
        revision = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
        about = About(place.clock().isoformat(), revision, place.engine.dialect.name)
        for table in list_tables():
            spool = spools.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115
            digest, rows = hashlib.sha256(), -1
            with gzip.GzipFile("", "wb", 6, spool, mtime=0) as packed:
                for line in dump_table(connection, table):
                    digest.update(line)
                    packed.write(line)
                    rows += 1
            about.tables[table.name] = {"rows": rows, "sha256": digest.hexdigest()}
            tables[table.name] = spool
    return about, tables


def _list_archive(archive: Place) -> Iterator[str]:
    """Yield readings before objects, so that what a reading names is there; marks last, for what goes meanwhile."""
    for folder in ("readings", "objects", "forgotten"):
        yield from archive.list(folder)


def _list_key_files(place: Workplace) -> list[Path]:
    if place.key_folder is None:
        return []
    return [place.key_folder / name for name in KEY_FILES if (place.key_folder / name).is_file()]


def _add_archive(pack: tarfile.TarFile, place: Workplace, keys: Iterable[str]) -> None:
    for key in keys:
        try:
            file = place.archive.place.open(key)
        except FileNotFoundError:
            continue  # forgotten since it was listed: its mark comes later
        with file:
            _add(pack, f"archive/{key}", file, place.clock())


def _add_bytes(pack: tarfile.TarFile, name: str, content: bytes, at: datetime) -> None:
    _add(pack, name, io.BytesIO(content), at)


def _add(pack: tarfile.TarFile, name: str, content: IO[bytes], at: datetime) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = content.seek(0, os.SEEK_END)
    entry.mode, entry.mtime = 0o600, int(at.timestamp())
    content.seek(0)
    pack.addfile(entry, content)
