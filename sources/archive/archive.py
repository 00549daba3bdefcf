"""The raw archive: every byte a source brought home, under its own hash, and a manifest of every reading.

    objects/ab/<sha256>                     gzip of the bytes, written once; sealed where people wrote
    readings/<source>/<utc time>-<n>.json.gz   one visit: which objects, from where, how complete
    forgotten/ab/<keyed hash>               a mark for each object that is gone on purpose, and whether for good

They lie in a folder, or in object storage by URL. Either way an object or manifest appears under its name whole or not
at all (see places), so that a process killed anywhere, a full disk or a power cut leaves the whole or nothing.
"""

import contextlib
import gzip
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast
from urllib.parse import quote, unquote

from pydantic import TypeAdapter, ValidationError

from sources.archive.faults import (
    ArchiveDamaged,
    ArchiveFault,
    ArchiveForgotten,
    ArchiveMissing,
    ArchiveSealed,
    ArchiveUnreachable,
    ArchiveUnwritable,
    reading_from,
)
from sources.archive.places import Place, StoreUnreachable, find_place
from sources.archive.sealing import MAGIC, SealedReader, SealingWriter, Vault, read_token
from sources.contract import RawItem, Reading

_BLOCK = 1 << 20
_LEVEL = 6
_LEVEL_OF_FILES = 2  # a fifth larger than 6, in a third of the time
_HEAD = b"\x1f\x8b\x08\0\0\0\0\0"  # of what we pack: no name, no time
_FOR_GOOD, _AGED = b"erased\n", b"aged\n"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OBJECT = re.compile(r"objects/([0-9a-f]{2})/\1[0-9a-f]{62}")
_MANIFEST = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-(\d{4,})\.json\.gz")
_READING = TypeAdapter(Reading)


@dataclass(frozen=True)
class Checked:
    """One file of the archive looked at; ``fault`` is empty when all is well, else says what is wrong and the cure."""

    path: PurePosixPath
    fault: str = ""


class Archive:
    """Content-addressed store at ``root``: a folder, or object storage by URL with ``options`` for its client.

    ``find_vault`` gives the keys, asked for when something sealed is first written or read; without it nothing is
    sealed.
    """

    def __init__(
        self,
        root: Path | str,
        find_vault: Callable[[], Vault] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.root = root
        self.place: Place = find_place(root, options)
        self._find_vault = find_vault

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
            sha256 = digest.hexdigest()
            with self._writing():
                stream.close()
                if sealing:
                    sealing.close()
                self.place.settle(packed, self._object(sha256))
        return sha256

    def holds(self, sha256: str) -> bool:
        """Tell whether the object is there (not whether it is sound): ask before a conditional request."""
        key = self._object(sha256)
        with self._reading(key):
            return self.place.holds(key)

    def get(self, sha256: str) -> bytes:
        """Return the bytes, checked against their hash. Raises what ``open`` raises."""
        with self.open(sha256) as stream:
            return stream.read()

    def open(self, sha256: str) -> BinaryIO:
        """Return a stream over the bytes for what is too large for ``get``; close it.

        Forward only. Raises ArchiveMissing or ArchiveForgotten at once, ArchiveDamaged or ArchiveSealed while reading:
        at the end at the latest, when the hash of all that was read is compared.
        """
        key = self._object(sha256)
        shown = self.place.show(key)
        try:
            with self._reading(key):
                packed = self.place.open(key)
        except ArchiveMissing:
            if self.is_forgotten(sha256):
                raise ArchiveForgotten(shown) from None
            raise
        return io.BufferedReader(_CheckedStream(packed, shown, sha256, lambda: self.vault), _BLOCK)

    # -- forgetting -----------------------------------------------------------------------------------------------

    def forget(self, sha256: str, *, for_good: bool) -> bool:
        """Take an object away and remember that it is gone on purpose; return whether it was there.

        What is forgotten ``for_good`` (erased) is never stored again, however often it is read. The mark is on the
        disk before the object goes, so that a run killed in between is finished by asking again.
        """
        mark = self._mark(sha256)
        if not self._has_mark(sha256, _FOR_GOOD) and (for_good or not self._is_there(mark)):
            self._write(mark, _FOR_GOOD if for_good else _AGED)
        with self._writing():
            return self.place.remove(self._object(sha256))

    def is_erased(self, name: str) -> bool:
        """Tell whether an object, or a row that was remembered, must never come back."""
        return self._has_mark(name, _FOR_GOOD)

    def is_forgotten(self, sha256: str) -> bool:
        """Tell whether an object is gone, and gone on purpose."""
        return not self.holds(sha256) and self._is_there(self._mark(sha256))

    def remember(self, name: str) -> None:
        """Remember for good that something called ``name`` (a row, by its id) was erased."""
        self._write(self._mark(name), _FOR_GOOD)

    def _has_mark(self, sha256: str, kind: bytes) -> bool:
        mark = self._mark(sha256)
        try:
            return self._read(mark) == kind
        except ArchiveMissing:
            return False

    def _mark(self, sha256: str) -> str:
        name = self.vault.mark(sha256) if self.vault else sha256
        return f"forgotten/{name[:2]}/{name}"

    def _is_there(self, key: str) -> bool:
        with self._reading(key):
            return self.place.holds(key)

    # -- sealing --------------------------------------------------------------------------------------------------

    def reseal(self, sha256: str) -> bool:
        """Seal an object with the newest key, whether it lay open or under an older one; return whether it changed.

        Raises what ``open`` raises; the old file stands until the new one is whole.
        """
        if self.vault is None or self._is_sealed_anew(self._object(sha256), self.vault):
            return False
        with self.open(sha256) as stream:
            self._put_stream(stream, private=True)
        return True

    def is_sealed(self, sha256: str) -> bool:
        """Tell whether an object lies encrypted."""
        key = self._object(sha256)
        with self._reading(key), self.place.open(key) as file:
            return file.read(len(MAGIC)) == MAGIC

    def list_objects(self) -> Iterator[str]:
        """Yield the sha256 of every object."""
        yield from (key.rpartition("/")[2] for key in self.place.list("objects") if _OBJECT.fullmatch(key))

    def _is_sealed_anew(self, key: str, vault: Vault) -> bool:
        with self._reading(key), self.place.open(key) as file:
            return file.read(len(MAGIC)) == MAGIC and vault.is_newest(read_token(file))

    # -- checking -------------------------------------------------------------------------------------------------

    def verify(self) -> Iterator[Checked]:
        """Look at every object and manifest, in constant memory, and at every object a manifest names."""
        for key in self.place.list("objects"):
            yield Checked(PurePosixPath(key), self._find_fault(key))
        told: set[str] = set()
        for key in self.place.list("readings"):
            if _MANIFEST.fullmatch(PurePosixPath(key).name):
                faults = [*self._find_faults_of_reading(key, told)]
                yield Checked(PurePosixPath(key), faults[0] if faults else "")
                yield from (Checked(PurePosixPath(key), fault) for fault in faults[1:])

    def _find_faults_of_reading(self, key: str, told: set[str]) -> Iterator[str]:
        """Yield what is wrong with a manifest: damage, or each object that it names and nobody has told to be gone."""
        try:
            self._check_head(key)
            for item in self._read_manifest(key).items:
                if item.sha256 not in told and not self._is_accounted(item):
                    told.add(item.sha256)
                    yield str(ArchiveMissing(self.place.show(self._object(item.sha256))))
        except ArchiveFault as fault:
            yield str(fault)

    def _check_head(self, key: str) -> None:
        """Raise ArchiveDamaged where the first bytes are not ours: no hash covers them, and gzip passes over them."""
        with self._reading(key), self.place.open(key) as file:
            if not file.read(len(MAGIC)).startswith((_HEAD, MAGIC)):
                raise ArchiveDamaged(self.place.show(key), "does not begin as it was written")

    def _is_accounted(self, item: RawItem) -> bool:
        return self.holds(item.sha256) or self.is_forgotten(item.sha256)

    def _find_fault(self, key: str) -> str:
        if not _OBJECT.fullmatch(key):
            return str(ArchiveDamaged(self.place.show(key), "is not an object of this archive"))
        try:
            with self.open(key.rpartition("/")[2]) as stream:
                while stream.read(_BLOCK):
                    pass
            self._check_head(key)
        except ArchiveFault as fault:
            return str(fault)
        return ""

    def _object(self, sha256: str) -> str:
        if not _SHA256.fullmatch(sha256):  # a manifest is a file that somebody may have edited: no path comes from it
            raise ArchiveMissing(self.place.show(f"objects/{quote(sha256[:80], safe='')}"))
        return f"objects/{sha256[:2]}/{sha256}"

    # -- readings -------------------------------------------------------------------------------------------------

    def save_reading(self, reading: Reading) -> None:
        """Write the manifest of a reading whose objects are all stored. Raises ArchiveUnwritable, ArchiveMissing.

        Readings keep the order in which they were saved, also when the machine's clock was set back in between.
        """
        for item in reading.items:
            if not self._is_accounted(item):
                raise ArchiveMissing(self.place.show(self._object(item.sha256)))
        folder = self._readings_of(reading.source)
        stamp, number = f"{reading.read_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}", 0
        before = self._list_manifests(reading.source)
        if before:
            last = _MANIFEST.fullmatch(PurePosixPath(before[-1]).name)
            assert last is not None
            if last.group(1) >= stamp:
                stamp, number = last.group(1), int(last.group(2)) + 1
        written = gzip.compress(_READING.dump_json(reading, exclude_defaults=True), _LEVEL, mtime=0)
        self._write(f"{folder}/{stamp}-{number:04}.json.gz", written)

    def list_sources(self) -> list[str]:
        """Return the names of all sources that were ever read, configured still or not."""
        return sorted({unquote(PurePosixPath(key).parts[1]) for key in self.place.list("readings")})

    def readings(self, source: str) -> Iterator[Reading]:
        """Yield a source's readings, oldest first. Raises ArchiveDamaged at one that cannot be read."""
        for key in self._list_manifests(source):
            yield self._read_manifest(key)

    def last_reading(self, source: str) -> Reading | None:
        """Return the newest reading, or None when there is none. Raises ArchiveDamaged when it cannot be read."""
        manifests = self._list_manifests(source)
        return self._read_manifest(manifests[-1]) if manifests else None

    def _list_manifests(self, source: str) -> list[str]:
        folder = self._readings_of(source)
        with self._reading(folder):
            return [key for key in self.place.list(folder) if _MANIFEST.fullmatch(PurePosixPath(key).name)]

    def _read_manifest(self, key: str) -> Reading:
        with self._reading(key):
            content = gzip.decompress(self._read(key))
        try:
            return _READING.validate_json(content)
        except ValidationError as error:
            raise ArchiveDamaged(self.place.show(key), "is not a manifest of a reading") from error

    def _readings_of(self, source: str) -> str:
        name = quote(source, safe="")
        if not name.strip("."):
            raise ValueError(f"source name {source!r} cannot be a folder's name")
        return f"readings/{name}"

    # -- writing --------------------------------------------------------------------------------------------------

    def _write(self, key: str, packed: bytes) -> None:
        with self._new_file() as file, self._writing():
            file.write(packed)
            self.place.settle(file, key)

    def _read(self, key: str) -> bytes:
        with self._reading(key), self.place.open(key) as file:
            return file.read()

    def _reading(self, key: str) -> contextlib.AbstractContextManager[None]:
        return reading_from(self.place.show(key))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except StoreUnreachable as error:
            raise ArchiveUnreachable(self.place.show(), error) from error
        except OSError as error:
            raise ArchiveUnwritable(self.place.show(), error) from error

    @contextlib.contextmanager
    def _new_file(self) -> Iterator[BinaryIO]:
        with contextlib.ExitStack() as stack:
            with self._writing():
                file = stack.enter_context(self.place.new_file())
            yield file


class _CheckedStream(io.RawIOBase):
    """Unpacks an object block by block and compares its hash when the end is reached."""

    def __init__(self, packed: BinaryIO, shown: str, sha256: str, find_vault: Callable[[], Vault | None]) -> None:
        self._shown = shown
        self._sha256 = sha256
        self._digest = hashlib.sha256()
        self._packed = packed  # closed with this stream
        with reading_from(shown):
            below: BinaryIO | io.RawIOBase = self._packed
            if self._packed.read(len(MAGIC)) == MAGIC:
                vault = find_vault()
                if vault is None:
                    raise ArchiveSealed(shown)
                below = SealedReader(self._packed, vault)
            else:
                self._packed.seek(0)
            self._file = gzip.GzipFile(fileobj=cast(BinaryIO, below), mode="rb")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        """Fill the buffer; raise ArchiveDamaged at the end of what is not the object."""
        with reading_from(self._shown):
            count = self._file.readinto(buffer)
        if count:
            self._digest.update(buffer[:count])
        elif self._digest.hexdigest() != self._sha256:
            raise ArchiveDamaged(self._shown, "does not hold what its name says")
        return count

    def close(self) -> None:
        """Close the file below too."""
        if not self.closed:
            self._file.close()
            self._packed.close()
        super().close()
