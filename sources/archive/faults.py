"""What can be wrong with the archive; each fault names the place and the cure."""

import contextlib
import gzip
import zlib
from collections.abc import Iterator

from sources.archive.places import StoreUnreachable
from sources.archive.sealing import SealBroken
from sources.contract import SourceBroken


class ArchiveFault(SourceBroken):
    """The archive cannot give or take what it should; the text names the place and the cure."""


class ArchiveMissing(ArchiveFault):
    """No such object."""

    def __init__(self, path: str) -> None:
        cure = "restore it from the backup, or read the source again (koll ingest SOURCE)"
        super().__init__("archive-missing", f"{path} is not in the archive; {cure}")


class ArchiveForgotten(ArchiveFault):
    """It was here and is gone on purpose."""

    def __init__(self, path: str) -> None:
        why = "was forgotten: its time was over, or a person asked for it to be erased; there is nothing to mend"
        super().__init__("archive-forgotten", f"{path} {why}")


class ArchiveSealed(ArchiveFault):
    """The key that opens it is not at hand, or it is damaged."""

    def __init__(self, path: str) -> None:
        cure = (
            "add the key it was sealed with to KOLL_ARCHIVE_KEY or archive.key; if none fits it is damaged: restore it"
        )
        super().__init__("archive-sealed", f"{path} cannot be opened with the keys at hand; {cure}")


class ArchiveDamaged(ArchiveFault):
    """What stands there is not what was put there, or cannot be read."""

    def __init__(self, path: str, why: str) -> None:
        cure = "restore it from the backup, or move it away and read the source again (koll ingest SOURCE)"
        super().__init__("archive-damaged", f"{path} {why}; {cure}")


class ArchiveUnwritable(ArchiveFault):
    """Nothing was stored: the disk is full, read-only, or not ours to write to."""

    def __init__(self, path: str, error: OSError) -> None:
        cure = "make room or mend its rights, then run the source again"
        why = error.strerror or type(error).__name__
        super().__init__("archive-unwritable", f"nothing could be written in {path} ({why}); {cure}")


class ArchiveUnreachable(ArchiveFault):
    """Object storage does not answer: nothing is known of what it holds."""

    def __init__(self, place: str, error: OSError) -> None:
        cure = "mend [archive] path and options, its client, or the store's credentials, then run the source again"
        super().__init__("archive-unreachable", f"{place} does not answer ({error.strerror}); {cure}")


@contextlib.contextmanager
def reading_from(path: str) -> Iterator[None]:
    """Turn what a damaged or missing file raises into the archive's own words."""
    try:
        yield
    except FileNotFoundError as error:
        raise ArchiveMissing(path) from error
    except SealBroken as error:
        raise ArchiveSealed(path) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ArchiveDamaged(path, "is damaged") from error
    except StoreUnreachable as error:
        raise ArchiveUnreachable(path, error) from error
    except OSError as error:
        raise ArchiveDamaged(path, f"cannot be read ({error.strerror or type(error).__name__})") from error
