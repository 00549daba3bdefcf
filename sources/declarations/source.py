"""The folder of declarations as a source, and what is attached to mails that the tip box set aside for it.

A folder is no full listing: a file that is taken away stays declared. What was taken is known by name and bytes.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from models.drafts import Draft
from sources.contract import Bounds, Problem, RawItem, Reading, SourceBroken, SourceInfo, Visit
from sources.declarations.kind import DECLARATIONS_INFO
from sources.declarations.reading import MAX_FILE
from sources.declarations.recognising import looks_like_declaration
from sources.inbox.mail import MailUnreadable, read_mail

MAIL = "mail"  # the note on an item that came by mail: the archived mail's hash
_NOT_HANDED_IN = (".", "~$")  # lock files and previews that programs leave beside a file
_TEMPORARY = (".tmp", ".part", ".crdownload")


class Opening(Protocol):
    """An archive that gives an object as a stream."""

    def open(self, sha256: str) -> BinaryIO:
        """Open it for reading."""
        ...


@dataclass(frozen=True)
class Declarations:
    """A configured folder; ``mails`` gives the hashes of archived mails that carry declarations."""

    name: str
    folder: Path
    bounds: Bounds
    mails: Callable[[], Iterable[str]] = tuple
    info: SourceInfo = DECLARATIONS_INFO

    def read(self, visit: Visit) -> Reading:
        """Archive every file that is new. Raise SourceBroken without the folder, with place and cure."""
        if not self.folder.is_dir():
            raise SourceBroken(
                "folder-missing", f"{self.folder}: no such folder; create it or mend sources.{self.name}"
            )
        items: list[RawItem] = []
        problems: list[Problem] = []
        for path in self._list_files():
            try:
                items.append(take_file(path, visit))
            except OSError as error:
                problems.append(Problem("file-unreadable", path.name, f"{path}: {error.strerror}; mend its rights"))
        for sha256 in self.mails():
            items += take_mail(sha256, visit)
        through = None if problems else visit.business_date
        return Reading(
            self.name, tuple(items), visit.now, visit.business_date, complete_through=through, problems=tuple(problems)
        )

    def parse(self, content: bytes, item: RawItem) -> Iterator[Draft]:
        """Declarations are no complaints: nothing of them is ever a draft of one."""
        return iter(())

    def _list_files(self) -> list[Path]:
        try:
            found = sorted(path for path in self.folder.iterdir() if path.is_file())
        except OSError as error:
            raise SourceBroken(
                "folder-unreadable", f"{self.folder}: cannot be read ({error.strerror}); check its permissions"
            ) from error
        return [p for p in found if not p.name.startswith(_NOT_HANDED_IN) and p.suffix.lower() not in _TEMPORARY]


def take_file(path: Path, visit: Visit) -> RawItem:
    """Archive one file, whatever it is, and return it. Raises OSError when it cannot be read.

    One whose time was over stays forgotten, though it lies in the folder still.
    """
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if not visit.archive.is_forgotten(sha256):
        sha256 = visit.archive.put_file(path, private=True)
    return RawItem(path.name, sha256, fetched_at=visit.now)


def take_mail(sha256: str, visit: Visit) -> Iterator[RawItem]:
    """Archive what is attached to a mail that the tip box set aside, each file that is meant as a declaration.

    What a file is called stays in the mail: anybody may have written, and people name files after people.
    """
    try:
        mail = read_mail(visit.archive.get(sha256))
    except MailUnreadable:
        return  # it was read once, so it has been cut since; `koll archive` tells of that
    for number, file in enumerate(mail.attachments, 1):
        if file.content is None or visit.archive.is_forgotten(hashlib.sha256(file.content).hexdigest()):
            continue
        if looks_like_declaration(file.name, file.content):
            kept = visit.archive.put(file.content, private=True)
            name = f"mail {sha256[:12]}/{number}{Path(file.name).suffix[:6].lower()}"
            yield RawItem(name, kept, fetched_at=visit.now, note={MAIL: sha256})


def read_start(archive: Opening, sha256: str) -> bytes:
    """Return an archived file, cut where it is larger than any declaration: its reader refuses that."""
    with archive.open(sha256) as stream:
        return stream.read(MAX_FILE + 1)
