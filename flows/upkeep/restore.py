"""A backup brought back into an empty place, on whichever engine its configuration names."""

import gzip
import hashlib
import json
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from sqlalchemy import inspect

from flows.upkeep.backup import ABOUT, FORMAT, KEY_FILES, About, print_key
from flows.workplace import Workplace, open_workplace, read_secret
from models.configuration.environment import SECRETS
from models.storage.dump import count_rows, list_tables, load_table, load_tables
from models.storage.store import StoreUnusable, refuse_newer, upgrade, writing
from sources.archive.durable import write_durably
from sources.archive.places import Folder, Place, copy_file, write_file

_UNDER_WAY = ".restoring"  # in the archive's folder, with the print of the backup, until all is in
_HEX = r"[0-9a-f]"
_ENTRY = re.compile(
    rf"archive/(?:objects/{_HEX}{{2}}/{_HEX}{{64}}|forgotten/{_HEX}{{2}}/{_HEX}{{64}}"
    r"|readings/[\w.%~-]{1,200}/\d{8}T\d{6}\.\d{6}Z-\d{4,}\.json\.gz|hash\.key|archive\.key)"
)


class BackupRefused(RuntimeError):
    """Nothing was restored; the text says why and what to do."""


def restore_backup(file: Path, config: Path) -> About:
    """Bring a backup back and return what it held. Raises BackupRefused, and what opening a workplace raises.

    All is checked before anything is written. Killed half-way, the same command again finishes it.
    """
    with _opened(file) as (pack, about):
        _check_tables(pack, about)
        if not config.exists():
            write_durably(config, _read(pack, "koll.toml").read())
        place = open_workplace(config, check=False)
        with place.exclusively():
            _refuse_unfit(place, about)
            _bring_archive(pack, about, place)
            _check_keys(place, about)
            _bring_database(pack, about, place)
            _clear_up(place)
    return about


@contextmanager
def _opened(file: Path) -> Iterator[tuple[tarfile.TarFile, About]]:
    try:
        with tarfile.open(file, "r:") as pack:
            yield pack, About(**json.load(_read(pack, ABOUT)))
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, ValueError, TypeError, KeyError) as error:
        raise BackupRefused(f"{file} is no whole backup ({type(error).__name__}); take another") from error


def _read(pack: tarfile.TarFile, name: str) -> IO[bytes]:
    found = pack.extractfile(pack.getmember(name))
    if found is None:
        raise KeyError(name)
    return found


def _read_table(pack: tarfile.TarFile, name: str) -> gzip.GzipFile:
    return gzip.GzipFile(fileobj=_read(pack, f"database/{name}.jsonl.gz"))


def _check_tables(pack: tarfile.TarFile, about: About) -> None:
    if about.format != FORMAT:
        raise BackupRefused(
            f"the backup is of form {about.format}; install the Medlemskoll {about.version} that wrote it"
        )
    for name, told in about.tables.items():
        digest = hashlib.sha256()
        with _read_table(pack, name) as lines:
            for line in lines:
                digest.update(line)
        if digest.hexdigest() != told["sha256"]:
            raise BackupRefused(f"the table {name} in the backup is damaged; take another")


def _refuse_unfit(place: Workplace, about: About) -> None:
    """Raise BackupRefused unless the place is empty, or holds the beginning of this very restoration."""
    try:
        refuse_newer(place.engine)
    except StoreUnusable as error:
        raise BackupRefused(str(error)) from error
    archive = place.archive.place
    used = [archive.show(name) for name in ("objects", "readings", "forgotten") if archive.list(name)]
    if used and not _has_begun(archive, about):
        raise BackupRefused(f"{used[0]} is not empty: nothing is ever restored over something; name an empty archive")
    with place.engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        rows = count_rows(connection, [table for table in list_tables() if table.name in there])
        filled = _has_begun(archive, about) and rows == _count_due(about)  # all went in, and then it was killed
        if rows and not filled:
            shown = place.engine.url.render_as_string(hide_password=True)
            raise BackupRefused(f"{shown} has rows: nothing is ever restored over something; name an empty database")
    given = read_secret("hash_key")
    if given and print_key(given.encode()) not in about.keys["hash"]:
        raise BackupRefused("KOLL_HASH_KEY is not the key that the backup was made under; set that one")


def _has_begun(archive: Place, about: About) -> bool:
    """Tell whether it is this very backup that was being brought there."""
    if not archive.holds(_UNDER_WAY):
        return False
    with archive.open(_UNDER_WAY) as marker:
        return marker.read() == _print(about).encode()


def _count_due(about: About) -> int:
    return sum(table["rows"] for table in about.tables.values())


def _print(about: About) -> str:
    return f"{about.made_at} {about.revision}"


def _bring_archive(pack: tarfile.TarFile, about: About, place: Workplace) -> None:
    archive = place.archive.place
    write_file(archive, _UNDER_WAY, _print(about).encode())
    for entry in pack:
        if not entry.name.startswith("archive/"):
            continue
        if not entry.isfile() or not _ENTRY.fullmatch(entry.name):
            raise BackupRefused(f"{entry.name[:80]!r} is nothing that a backup holds; take another")
        key = entry.name.removeprefix("archive/")
        content = pack.extractfile(entry)
        assert content is not None
        if key not in KEY_FILES:
            copy_file(archive, key, cast(BinaryIO, content))
        elif place.key_folder is not None:
            copy_file(Folder(place.key_folder), key, cast(BinaryIO, content))


def _check_keys(place: Workplace, about: About) -> None:
    """Without the key for hashes nobody would be known again; without the archive's no mail could be opened."""
    for name in KEY_FILES:
        secret, folder = name.replace(".", "_"), place.key_folder
        if read_secret(secret) or (folder is not None and (folder / name).is_file()):
            continue
        if folder is None:
            where = f"set {SECRETS[secret]} to what `tar -xOf FILE archive/{name}` prints, if the backup holds it"
            raise BackupRefused(f"no key lies in {place.archive.place.show()}: {where}; then run this again")
        where = f"set {SECRETS[secret]}, or put {name} into the archive's folder"
        raise BackupRefused(f"the backup holds no keys: {where}; then run this again")
    if print_key(place.hash_key) not in about.keys["hash"]:
        raise BackupRefused("hash.key is not the key that the backup was made under; put that one there")


def _bring_database(pack: tarfile.TarFile, about: About, place: Workplace) -> None:
    """Make the tables as they were, fill them in one transaction, then bring them up to date.

    What a killed restoration had filled is only brought up to date.
    """
    if _has_rows(place):
        upgrade(place.engine)
        return
    upgrade(place.engine, about.revision)
    tables = load_tables(place.engine)
    with writing(place.engine) as connection:
        for name in about.tables:
            with _read_table(pack, name) as lines:
                load_table(connection, tables[name], lines)
    upgrade(place.engine)


def _clear_up(place: Workplace) -> None:
    place.archive.place.remove(_UNDER_WAY)


def _has_rows(place: Workplace) -> bool:
    with place.engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        return count_rows(connection, [table for table in list_tables() if table.name in there]) > 0


def show_about(about: About) -> dict[str, Any]:
    """Return what people want to know of a backup."""
    return {
        "made_at": about.made_at,
        "rows": _count_due(about),
        "objects": about.objects,
        "holds_keys": about.holds_keys,
    }
