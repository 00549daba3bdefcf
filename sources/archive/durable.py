"""Files that a kill or a power cut leaves whole or not at all: bytes to the disk, then the name, then that to the disk.

A rename alone is not enough: file systems may write the new name before the bytes, and leave a file of zero length.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

_PART = ".koll-", ".part"
_LEFT_OVER_AFTER = 86_400  # seconds; nothing is written for a day


def write_durably(target: Path, content: bytes, *, only_new: bool = False) -> bool:
    """Write a private file in one step, over an earlier one; return whether it was written.

    With ``only_new`` one that is there stays: of two writers at once the first wins. Raises OSError.
    """
    make_folder(target.parent)
    made = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if not only_new:
            made.replace(target)
        elif not _link(made, target):
            return False
        sync_folder(target.parent)
        return True
    finally:
        made.unlink(missing_ok=True)


def _link(made: Path, target: Path) -> bool:
    try:
        os.link(made, target)
    except FileExistsError:
        return False
    return True


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Give a private file that takes ``target``'s place when the block ends well; else the earlier one stays.

    Until then it is a hidden file in the same folder: what a killed run left of one goes when it is a day old.
    A target that is no file (a pipe, a terminal) is written as it is. Raises OSError.
    """
    if target.exists() and not target.is_file():
        with target.open("wb") as straight:
            yield straight
        return
    target = target.resolve()
    sweep(target.parent.glob("*".join(_PART)))
    made = tempfile.NamedTemporaryFile(dir=target.parent, prefix=_PART[0], suffix=_PART[1], delete=False)  # noqa: SIM115
    try:
        with made:
            yield cast(BinaryIO, made)
            made.flush()
            os.fsync(made.fileno())
        Path(made.name).replace(target)
        sync_folder(target.parent)
    finally:
        Path(made.name).unlink(missing_ok=True)


def sweep(left_over: Iterable[Path]) -> None:
    """Take away what killed runs have left: what nobody has written to for a day."""
    for path in left_over:
        with contextlib.suppress(OSError):  # another run was quicker
            if time.time() - path.stat().st_mtime > _LEFT_OVER_AFTER:
                path.unlink()


def make_folder(folder: Path) -> Path:
    """Make a private folder with its parents, each known to the disk before anything is put inside."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
    return folder


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
