"""Where an archive's files lie: a folder of this machine, or object storage by URL, both by the same keys.

A key is a path such as ``objects/ab/<sha256>``. Under its key a file appears whole or not at all:

* in a folder by writing it under tmp/, bringing it to the disk and renaming it;
* in object storage because a whole upload becomes visible in one step. Only stores that promise this are taken:
  S3 (https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel) and what speaks like it,
  Google Cloud Storage and Azure blobs. A share of another kind is mounted and named as a folder.
"""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from models.configuration.sections import ATOMIC_STORES
from sources.archive.durable import make_folder, sweep, sync_folder


class StoreUnreachable(OSError):
    """Object storage does not answer, or refuses: nothing is known of what it holds."""


class Place(Protocol):
    """Files by key. What cannot be done raises OSError, FileNotFoundError where there is none."""

    def show(self, key: str = "") -> str:
        """Return how people find a file, or all of them."""
        ...

    def holds(self, key: str) -> bool:
        """Tell whether a file is there."""
        ...

    def open(self, key: str) -> BinaryIO:
        """Open a file to read, back and forth; close it."""
        ...

    def list(self, folder: str) -> list[str]:
        """Return the keys below a folder, in order; none when it is not there."""
        ...

    def new_file(self) -> AbstractContextManager[BinaryIO]:
        """Give a private file to write into; what is not settled is gone afterwards."""
        ...

    def settle(self, file: BinaryIO, key: str) -> None:
        """Let what was written appear under its key, whole, over what was there."""
        ...

    def remove(self, key: str) -> bool:
        """Take a file away; return whether it was there."""
        ...


class Folder:
    """A folder of this machine, made when first written to; its files are readable by their owner only.

    tmp/ in it holds what is being written; left-overs of a killed run are swept after a day.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._swept = False

    def show(self, key: str = "") -> str:
        """Return the path."""
        return str(self.root / key)

    def holds(self, key: str) -> bool:
        """Tell whether the file is there."""
        return (self.root / key).is_file()

    def open(self, key: str) -> BinaryIO:
        """Open it."""
        try:
            return (self.root / key).open("rb")
        except NotADirectoryError as error:  # the place is no folder: nothing is in it
            raise FileNotFoundError(error.errno, error.strerror, error.filename) from error

    def list(self, folder: str) -> list[str]:
        """Return its files, in the order of their names."""
        found = (path for path in (self.root / folder).rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    @contextlib.contextmanager
    def new_file(self) -> Iterator[BinaryIO]:
        """Give a private file in tmp/."""
        waiting = make_folder(self.root / "tmp")
        self._sweep(waiting)
        file = tempfile.NamedTemporaryFile(dir=waiting, delete=False)  # noqa: SIM115 - closed below
        try:
            yield cast(BinaryIO, file)
        finally:
            with contextlib.suppress(OSError):  # a full disk refuses the rest of the buffer once more
                file.close()
            Path(file.name).unlink(missing_ok=True)

    def settle(self, file: BinaryIO, key: str) -> None:
        """Bring the bytes to the disk, then give them their name, then bring the name to the disk."""
        target = self.root / key
        file.flush()
        os.fsync(file.fileno())
        make_folder(target.parent)
        Path(file.name).replace(target)
        sync_folder(target.parent)

    def remove(self, key: str) -> bool:
        """Take it away, for good also after a power cut."""
        path = self.root / key
        there = path.is_file()
        path.unlink(missing_ok=True)
        if there:
            sync_folder(path.parent)
        return there

    def _sweep(self, waiting: Path) -> None:
        """Take away what a killed run has left, once per run."""
        if self._swept:
            return
        self._swept = True
        sweep(waiting.iterdir())


class Store:
    """Object storage through fsspec; what is written waits on this machine's own disk until it is whole.

    ``url`` names bucket and prefix, ``options`` are for the store's client. Nothing about the store is remembered
    between two questions: another machine may have written meanwhile.
    """

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        self._url = url.rstrip("/")
        self._options = dict(options or {})

    @contextlib.contextmanager
    def _asking(self) -> Iterator[tuple[Any, str]]:
        """Give the client and the root; whatever it raises but FileNotFoundError becomes StoreUnreachable."""
        import fsspec

        try:
            client, root = fsspec.url_to_fs(self._url, use_listings_cache=False, **self._options)
            client.invalidate_cache()
            yield client, root.rstrip("/")
        except FileNotFoundError:
            raise
        except ImportError as error:
            raise StoreUnreachable(errno.ENOPKG, f"its client is not installed: {error}", self._url) from error
        except Exception as error:  # each client has errors of its own
            raise StoreUnreachable(errno.EIO, f"{type(error).__name__}: {error}".splitlines()[0], self._url) from error

    def show(self, key: str = "") -> str:
        """Return the URL."""
        return f"{self._url}/{key}" if key else self._url

    def holds(self, key: str) -> bool:
        """Ask for it: a store that does not answer is no store without the object."""
        with self._asking() as (client, root):
            try:
                return bool(client.info(f"{root}/{key}")["type"] == "file")
            except FileNotFoundError:
                return False

    def open(self, key: str) -> BinaryIO:
        """Fetch it onto this machine, so that reading it needs the store no more."""
        file = tempfile.NamedTemporaryFile(prefix="koll-")  # noqa: SIM115 - the caller closes it
        try:
            with self._asking() as (client, root):
                client.get_file(f"{root}/{key}", file.name)
        except BaseException:
            file.close()
            raise
        return cast(BinaryIO, file)

    def list(self, folder: str) -> list[str]:
        """Return the keys with this prefix, in order."""
        with self._asking() as (client, root):
            try:
                found = client.find(f"{root}/{folder}")
            except FileNotFoundError:
                return []
            return sorted(str(path)[len(root) :].lstrip("/") for path in found)

    @contextlib.contextmanager
    def new_file(self) -> Iterator[BinaryIO]:
        """Give a private file on this machine."""
        with tempfile.NamedTemporaryFile(prefix="koll-") as file:
            yield cast(BinaryIO, file)

    def settle(self, file: BinaryIO, key: str) -> None:
        """Upload the whole."""
        file.flush()
        with self._asking() as (client, root):
            client.put_file(file.name, f"{root}/{key}")

    def remove(self, key: str) -> bool:
        """Take it away."""
        if not self.holds(key):
            return False
        with self._asking() as (client, root):
            client.rm_file(f"{root}/{key}")
        return True


def find_place(path: Path | str, options: Mapping[str, Any] | None = None) -> Place:
    """Return the place that a path, or the URL of an object store, names."""
    if isinstance(path, Path) or "://" not in path:
        return Folder(Path(path))
    if path.partition("://")[0] not in ATOMIC_STORES:
        raise ValueError(f"{path}: one of {', '.join(ATOMIC_STORES)} is needed, or a path")
    return Store(path, options)


def write_file(place: Place, key: str, content: bytes) -> None:
    """Write a small file whole."""
    with place.new_file() as file:
        file.write(content)
        place.settle(file, key)


def copy_file(place: Place, key: str, content: BinaryIO) -> None:
    """Write a file of any size whole."""
    with place.new_file() as file:
        shutil.copyfileobj(content, file)
        place.settle(file, key)
