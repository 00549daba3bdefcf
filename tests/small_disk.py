"""A real file system of a few megabytes, laid over a folder: what is told there of a full disk, the kernel tells."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_BALLAST = ".ballast"


class SmallDisk:
    """What lay in the folder is taken along. ``remove`` gives the folder back, with what was written meanwhile."""

    def __init__(self, folder: Path, megabytes: int = 8) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as aside:
            shutil.copytree(folder, aside, dirs_exist_ok=True)
            if _mount("-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder)):
                pytest.skip("nothing may be mounted here: only root may")
            shutil.copytree(aside, folder, dirs_exist_ok=True)

    def fill(self, *, leave: int) -> None:
        """Fill it, but for so many bytes."""
        told = os.statvfs(self.folder)
        (self.folder / _BALLAST).write_bytes(bytes(max(0, told.f_bavail * told.f_frsize - leave)))

    def make_room(self) -> None:
        (self.folder / _BALLAST).unlink(missing_ok=True)

    def set_writable(self, writable: bool) -> None:
        assert not _mount("-o", f"remount,{'rw' if writable else 'ro'}", str(self.folder))

    def remove(self) -> None:
        with tempfile.TemporaryDirectory() as aside:
            shutil.copytree(self.folder, aside, dirs_exist_ok=True, ignore=shutil.ignore_patterns(_BALLAST))
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
            shutil.copytree(aside, self.folder, dirs_exist_ok=True)


def _mount(*words: str) -> int:
    return subprocess.run(["mount", *words], check=False, capture_output=True).returncode
