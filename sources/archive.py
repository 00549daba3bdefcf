"""The raw archive: every byte a source brought home, under its own hash, and a manifest of every reading.

    objects/ab/<sha256>                     gzip of the bytes, written once and never changed
    readings/<source>/<utc time>-<n>.json.gz   one visit: which objects, from where, how complete
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
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from sources.contract import Reading, SourceBroken

_BLOCK = 1 << 20
_LEVEL = 6
_LEFT_OVER_AFTER = 86_400  # seconds; nothing is written for a day
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MANIFEST = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-(\d{4,})\.json\.gz")
_READING = TypeAdapter(Reading)


class ArchiveFault(SourceBroken):
    """The archive cannot give or take what it should; the text names the path and the cure."""


class ArchiveMissing(ArchiveFault):
    """No such object."""

    def __init__(self, path: Path) -> None:
        cure = "restore it from the backup, or read the source again (koll ingest SOURCE)"
        super().__init__("archive-missing", f"{path} is not in the archive; {cure}")


class ArchiveDamaged(ArchiveFault):
    """What stands there is not what was put there, or cannot be read."""

    def __init__(self, path: Path, why: str) -> None:
        cure = "restore it from the backup, or move it away and read the source again (koll ingest SOURCE)"
        super().__init__("archive-damaged", f"{path} {why}; {cure}")


class ArchiveUnwritable(ArchiveFault):
    """Nothing was stored: the disk is full, read-only, or not ours to write to."""

    def __init__(self, path: Path, error: OSError) -> None:
        cure = "make room or mend its rights, then run the source again"
        why = error.strerror or type(error).__name__
        super().__init__("archive-unwritable", f"nothing could be written in {path} ({why}); {cure}")


@dataclass(frozen=True)
class Checked:
    """One file of the archive looked at; ``fault`` is empty when all is well, else says what is wrong and the cure."""

    path: Path
    fault: str = ""


class Archive:
    """Content-addressed store under one folder, made when first written to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._swept = False

    # -- objects --------------------------------------------------------------------------------------------------

    def put(self, content: bytes) -> str:
        """Store and return the sha256; a second put of the same bytes does nothing. Raises ArchiveUnwritable."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.holds(sha256):
            self._write(self._object(sha256), _pack(content))
        return sha256

    def put_file(self, path: Path) -> str:
        """Store a file of any size in constant memory; read once when it is known already, twice when it is new.

        Raises ArchiveUnwritable, and OSError when ``path`` itself cannot be read.
        """
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            if self.holds(sha256):
                return sha256
            file.seek(0)
            return self._put_stream(file)

    def _put_stream(self, file: BinaryIO) -> str:
        """Pack what is there now: a file that grew since it was first read is stored, and named, as packed."""
        digest = hashlib.sha256()
        with self._new_file() as packed:
            stream = gzip.GzipFile("", "wb", _LEVEL, packed, mtime=0)
            while block := file.read(_BLOCK):
                digest.update(block)
                with self._writing():
                    stream.write(block)
            with self._writing():
                stream.close()
            sha256 = digest.hexdigest()
            self._settle(packed, self._object(sha256))
        return sha256

    def holds(self, sha256: str) -> bool:
        """Tell whether the object is there (not whether it is sound): ask before a conditional request."""
        path = self._object(sha256)
        with _reading(path):
            return path.is_file()

    def get(self, sha256: str) -> bytes:
        """Return the bytes, checked against their hash. Raises ArchiveMissing or ArchiveDamaged."""
        path = self._object(sha256)
        content = _unpack(path)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ArchiveDamaged(path, "does not hold what its name says")
        return content

    def open(self, sha256: str) -> BinaryIO:
        """Return a stream over the bytes for what is too large for ``get``; close it.

        Forward only. Raises ArchiveMissing at once, ArchiveDamaged while reading: at the end at the latest, when
        the hash of all that was read is compared.
        """
        path = self._object(sha256)
        if not path.is_file():
            raise ArchiveMissing(path)
        return io.BufferedReader(_CheckedStream(path, sha256), _BLOCK)

    def verify(self) -> Iterator[Checked]:
        """Look at every object and manifest, in constant memory, and at every object a manifest names."""
        for path in sorted(self.root.glob("objects/*/*")):
            yield Checked(path, self._find_fault(path))
        for folder in sorted(self.root.glob("readings/*")):
            for path in _manifests(folder):
                try:
                    missing = [item.sha256 for item in _read_manifest(path).items if not self.holds(item.sha256)]
                except ArchiveFault as fault:
                    yield Checked(path, str(fault))
                    continue
                yield Checked(path, str(ArchiveMissing(self._object(missing[0]))) if missing else "")

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
            if not self.holds(item.sha256):
                raise ArchiveMissing(self._object(item.sha256))
        folder = self._readings_of(reading.source)
        stamp, number = f"{reading.read_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}", 0
        before = _manifests(folder)
        if before:
            last = _MANIFEST.fullmatch(before[-1].name)
            assert last is not None
            if last.group(1) >= stamp:
                stamp, number = last.group(1), int(last.group(2)) + 1
        written = _READING.dump_json(reading, exclude_defaults=True)
        self._write(folder / f"{stamp}-{number:04}.json.gz", _pack(written))

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

    def __init__(self, path: Path, sha256: str) -> None:
        self._path = path
        self._sha256 = sha256
        self._digest = hashlib.sha256()
        with _reading(path):
            self._file = gzip.open(path, "rb")  # noqa: SIM115 - closed with this stream

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        """Fill the buffer; raise ArchiveDamaged at the end of what is not the object."""
        with _reading(self._path):
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
        super().close()


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what a damaged or missing file raises into the archive's own words."""
    try:
        yield
    except FileNotFoundError as error:
        raise ArchiveMissing(path) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ArchiveDamaged(path, "is damaged") from error
    except OSError as error:
        raise ArchiveDamaged(path, f"cannot be read ({error.strerror or type(error).__name__})") from error


def _unpack(path: Path) -> bytes:
    with _reading(path):
        return gzip.decompress(path.read_bytes())


def _pack(content: bytes) -> bytes:
    return gzip.compress(content, _LEVEL, mtime=0)


def _manifests(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _MANIFEST.fullmatch(path.name))


def _read_manifest(path: Path) -> Reading:
    try:
        return _READING.validate_json(_unpack(path))
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
