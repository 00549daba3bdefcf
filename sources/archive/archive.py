"""The raw archive: every byte a source brought home, under its own hash, and a manifest of every reading.

    objects/ab/<sha256>                     gzip of the bytes, written once; sealed where people wrote
    readings/<source>/<utc time>-<n>.json.gz   one visit: which objects, from where, how complete
    forgotten/ab/<keyed hash>               a mark for each object that is gone on purpose, and whether for good
    tmp/                                    what is being written; left-overs of a killed run are swept after a day

An object or manifest appears under its name by one atomic rename after its bytes are on the disk, so that a process
killed anywhere, a full disk or a power cut leaves the whole or nothing. Files are readable by their owner only.
"""

import contextlib
import gzip
import hashlib
import io
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import quote, unquote

from pydantic import TypeAdapter, ValidationError

from sources.archive.faults import (
    ArchiveDamaged,
    ArchiveFault,
    ArchiveForgotten,
    ArchiveMissing,
    ArchiveSealed,
    ArchiveUnwritable,
    reading_from,
)
from sources.archive.sealing import MAGIC, SealedReader, SealingWriter, Vault, read_token
from sources.contract import RawItem, Reading

_BLOCK = 1 << 20
_LEVEL = 6
_LEVEL_OF_FILES = 2  # a fifth larger than 6, in a third of the time
_LEFT_OVER_AFTER = 86_400  # seconds; nothing is written for a day
_FOR_GOOD, _AGED = b"erased\n", b"aged\n"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MANIFEST = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-(\d{4,})\.json\.gz")
_READING = TypeAdapter(Reading)


@dataclass(frozen=True)
class Checked:
    """One file of the archive looked at; ``fault`` is empty when all is well, else says what is wrong and the cure."""

    path: Path
    fault: str = ""


class Archive:
    """Content-addressed store under one folder, made when first written to.

    ``find_vault`` gives the keys, asked for when something sealed is first written or read; without it nothing is
    sealed.
    """

    def __init__(self, root: Path, find_vault: Callable[[], Vault] | None = None) -> None:
        self.root = root
        self._find_vault = find_vault
        self._swept = False

    @cached_property
    def vault(self) -> Vault | None:
        """The keys, or None in an archive that seals nothing."""
        return self._find_vault() if self._find_vault else None

    # -- objects --------------------------------------------------------------------------------------------------

    def put(self, content: bytes, *, private: bool = False) -> str:
        """Store and return the sha256; a second put of the same bytes does nothing, nor one of what was erased.

        ``private`` is what people wrote: it is sealed. Raises ArchiveUnwritable.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.holds(sha256) and not self.is_erased(sha256):
            self._put_stream(io.BytesIO(content), private)
        return sha256

    def put_file(self, path: Path, *, private: bool = False) -> str:
        """Store a file of any size in constant memory; read once when it is known already, twice when it is new.

        Raises ArchiveUnwritable, and OSError when ``path`` itself cannot be read.
        """
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            if self.holds(sha256) or self.is_erased(sha256):
                return sha256
            file.seek(0)
            return self._put_stream(file, private)

    def _put_stream(self, file: BinaryIO, private: bool) -> str:
        """Pack what is there now: a file that grew since it was first read is stored, and named, as packed."""
        digest = hashlib.sha256()
        with self._new_file() as packed:
            with self._writing():
                sealing = SealingWriter(packed, self.vault) if private and self.vault else None
                stream = gzip.GzipFile(
                    "", "wb", _LEVEL_OF_FILES, cast(BinaryIO, sealing) if sealing else packed, mtime=0
                )
            while block := file.read(_BLOCK):
                digest.update(block)
                with self._writing():
                    stream.write(block)
            with self._writing():
                stream.close()
                if sealing:
                    sealing.close()
            sha256 = digest.hexdigest()
            self._settle(packed, self._object(sha256))
        return sha256

    def holds(self, sha256: str) -> bool:
        """Tell whether the object is there (not whether it is sound): ask before a conditional request."""
        path = self._object(sha256)
        with reading_from(path):
            return path.is_file()

    def get(self, sha256: str) -> bytes:
        """Return the bytes, checked against their hash. Raises what ``open`` raises."""
        with self.open(sha256) as stream:
            return stream.read()

    def open(self, sha256: str) -> BinaryIO:
        """Return a stream over the bytes for what is too large for ``get``; close it.

        Forward only. Raises ArchiveMissing or ArchiveForgotten at once, ArchiveDamaged or ArchiveSealed while reading:
        at the end at the latest, when the hash of all that was read is compared.
        """
        path = self._object(sha256)
        if not path.is_file():
            raise ArchiveForgotten(path) if self.is_forgotten(sha256) else ArchiveMissing(path)
        return io.BufferedReader(_CheckedStream(path, sha256, lambda: self.vault), _BLOCK)

    # -- forgetting -----------------------------------------------------------------------------------------------

    def forget(self, sha256: str, *, for_good: bool) -> bool:
        """Take an object away and remember that it is gone on purpose; return whether it was there.

        What is forgotten ``for_good`` (erased) is never stored again, however often it is read. The mark is on the
        disk before the object goes, so that a run killed in between is finished by asking again.
        """
        path, mark = self._object(sha256), self._mark(sha256)
        if not self._has_mark(sha256, _FOR_GOOD) and (for_good or not mark.is_file()):
            self._write(mark, _FOR_GOOD if for_good else _AGED)
        there = path.is_file()
        with self._writing():
            path.unlink(missing_ok=True)
            if there:
                _sync_folder(path.parent)
        return there

    def is_erased(self, name: str) -> bool:
        """Tell whether an object, or a row that was remembered, must never come back."""
        return self._has_mark(name, _FOR_GOOD)

    def is_forgotten(self, sha256: str) -> bool:
        """Tell whether an object is gone, and gone on purpose."""
        return not self.holds(sha256) and self._mark(sha256).is_file()

    def remember(self, name: str) -> None:
        """Remember for good that something called ``name`` (a row, by its id) was erased."""
        self._write(self._mark(name), _FOR_GOOD)

    def _has_mark(self, sha256: str, kind: bytes) -> bool:
        mark = self._mark(sha256)
        with reading_from(mark):
            return mark.is_file() and mark.read_bytes() == kind

    def _mark(self, sha256: str) -> Path:
        name = self.vault.mark(sha256) if self.vault else sha256
        return self.root / "forgotten" / name[:2] / name

    # -- sealing --------------------------------------------------------------------------------------------------

    def reseal(self, sha256: str) -> bool:
        """Seal an object with the newest key, whether it lay open or under an older one; return whether it changed.

        Raises what ``open`` raises; the old file stands until the new one is whole.
        """
        path = self._object(sha256)
        if self.vault is None or self._is_sealed_anew(path, self.vault):
            return False
        with self.open(sha256) as stream:
            self._put_stream(stream, private=True)
        return True

    def is_sealed(self, sha256: str) -> bool:
        """Tell whether an object lies encrypted."""
        with reading_from(self._object(sha256)), self._object(sha256).open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC

    def list_objects(self) -> Iterator[str]:
        """Yield the sha256 of every object."""
        for path in sorted(self.root.glob("objects/*/*")):
            if _SHA256.fullmatch(path.name) and path.parent.name == path.name[:2]:
                yield path.name

    @staticmethod
    def _is_sealed_anew(path: Path, vault: Vault) -> bool:
        with reading_from(path), path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC and vault.is_newest(read_token(file))

    # -- checking -------------------------------------------------------------------------------------------------

    def verify(self) -> Iterator[Checked]:
        """Look at every object and manifest, in constant memory, and at every object a manifest names."""
        for path in sorted(self.root.glob("objects/*/*")):
            yield Checked(path, self._find_fault(path))
        for folder in sorted(self.root.glob("readings/*")):
            for path in _manifests(folder):
                try:
                    missing = [item.sha256 for item in _read_manifest(path).items if not self._is_accounted(item)]
                except ArchiveFault as fault:
                    yield Checked(path, str(fault))
                    continue
                yield Checked(path, str(ArchiveMissing(self._object(missing[0]))) if missing else "")

    def _is_accounted(self, item: RawItem) -> bool:
        return self.holds(item.sha256) or self.is_forgotten(item.sha256)

    def _find_fault(self, path: Path) -> str:
        if not _SHA256.fullmatch(path.name) or path.parent.name != path.name[:2]:
            return str(ArchiveDamaged(path, "is not an object of this archive"))
        try:
            with self.open(path.name) as stream:
                while stream.read(_BLOCK):
                    pass
        except ArchiveFault as fault:
            return str(fault)
        return ""

    def _object(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):  # a manifest is a file that somebody may have edited: no path comes from it
            raise ArchiveMissing(self.root / "objects" / quote(sha256[:80], safe=""))
        return self.root / "objects" / sha256[:2] / sha256

    # -- readings -------------------------------------------------------------------------------------------------

    def save_reading(self, reading: Reading) -> None:
        """Write the manifest of a reading whose objects are all stored. Raises ArchiveUnwritable, ArchiveMissing.

        Readings keep the order in which they were saved, also when the machine's clock was set back in between.
        """
        for item in reading.items:
            if not self._is_accounted(item):
                raise ArchiveMissing(self._object(item.sha256))
        folder = self._readings_of(reading.source)
        stamp, number = f"{reading.read_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}", 0
        before = _manifests(folder)
        if before:
            last = _MANIFEST.fullmatch(before[-1].name)
            assert last is not None
            if last.group(1) >= stamp:
                stamp, number = last.group(1), int(last.group(2)) + 1
        written = gzip.compress(_READING.dump_json(reading, exclude_defaults=True), _LEVEL, mtime=0)
        self._write(folder / f"{stamp}-{number:04}.json.gz", written)

    def list_sources(self) -> list[str]:
        """Return the names of all sources that were ever read, configured still or not."""
        return sorted(unquote(folder.name) for folder in self.root.glob("readings/*") if folder.is_dir())

    def readings(self, source: str) -> Iterator[Reading]:
        """Yield a source's readings, oldest first. Raises ArchiveDamaged at one that cannot be read."""
        for path in _manifests(self._readings_of(source)):
            yield _read_manifest(path)

    def last_reading(self, source: str) -> Reading | None:
        """Return the newest reading, or None when there is none. Raises ArchiveDamaged when it cannot be read."""
        manifests = _manifests(self._readings_of(source))
        return _read_manifest(manifests[-1]) if manifests else None

    def _readings_of(self, source: str) -> Path:
        name = quote(source, safe="")
        if not name.strip("."):
            raise ValueError(f"source name {source!r} cannot be a folder's name")
        return self.root / "readings" / name

    # -- writing --------------------------------------------------------------------------------------------------

    def _write(self, target: Path, packed: bytes) -> None:
        with self._new_file() as file:
            with self._writing():
                file.write(packed)
            self._settle(file, target)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ArchiveUnwritable(self.root, error) from error

    @contextlib.contextmanager
    def _new_file(self) -> Iterator[BinaryIO]:
        """Give a private file in tmp/ and take it away again when it was not settled."""
        with self._writing():
            waiting = _make_folder(self.root / "tmp")
            self._sweep(waiting)
            file = tempfile.NamedTemporaryFile(dir=waiting, delete=False)  # noqa: SIM115 - closed below
        try:
            yield cast(BinaryIO, file)
        finally:
            with contextlib.suppress(OSError):  # a full disk refuses the rest of the buffer once more
                file.close()
            Path(file.name).unlink(missing_ok=True)

    def _settle(self, file: BinaryIO, target: Path) -> None:
        """Bring the bytes to the disk, then give them their name, then bring the name to the disk."""
        with self._writing():
            file.flush()
            os.fsync(file.fileno())
            _make_folder(target.parent)
            Path(file.name).replace(target)
            _sync_folder(target.parent)

    def _sweep(self, waiting: Path) -> None:
        """Take away what a killed run has left, once per run."""
        if self._swept:
            return
        self._swept = True
        for path in waiting.iterdir():
            with contextlib.suppress(OSError):  # another run was quicker
                if time.time() - path.stat().st_mtime > _LEFT_OVER_AFTER:
                    path.unlink()


class _CheckedStream(io.RawIOBase):
    """Unpacks an object block by block and compares its hash when the end is reached."""

    def __init__(self, path: Path, sha256: str, find_vault: Callable[[], Vault | None]) -> None:
        self._path = path
        self._sha256 = sha256
        self._digest = hashlib.sha256()
        with reading_from(path):
            self._packed = path.open("rb")  # closed with this stream
            below: BinaryIO | io.RawIOBase = self._packed
            if self._packed.read(len(MAGIC)) == MAGIC:
                vault = find_vault()
                if vault is None:
                    raise ArchiveSealed(path)
                below = SealedReader(self._packed, vault)
            else:
                self._packed.seek(0)
            self._file = gzip.GzipFile(fileobj=cast(BinaryIO, below), mode="rb")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        """Fill the buffer; raise ArchiveDamaged at the end of what is not the object."""
        with reading_from(self._path):
            count = self._file.readinto(buffer)
        if count:
            self._digest.update(buffer[:count])
        elif self._digest.hexdigest() != self._sha256:
            raise ArchiveDamaged(self._path, "does not hold what its name says")
        return count

    def close(self) -> None:
        """Close the file below too."""
        if not self.closed:
            self._file.close()
            self._packed.close()
        super().close()


def _manifests(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _MANIFEST.fullmatch(path.name))


def _read_manifest(path: Path) -> Reading:
    with reading_from(path):
        content = gzip.decompress(path.read_bytes())
    try:
        return _READING.validate_json(content)
    except ValidationError as error:
        raise ArchiveDamaged(path, "is not a manifest of a reading") from error


def _make_folder(folder: Path) -> Path:
    """Make a private folder with its parents, each known to the disk before anything is put inside."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)
    return folder


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
