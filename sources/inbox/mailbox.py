"""Mail in files: a Maildir, or a folder of .eml files, read without losing or doubling a mail.

Nothing here looks into a mail. Raw bytes are archived one by one; what has been taken is remembered apart from
anything people or other programs change (seen flags, the folder within a Maildir, deletions).
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sources.contract import Archive, Problem, RawItem, SourceBroken
from sources.inbox.mail import MAX_HEADER_BLOCK, MAX_MAIL


@dataclass(frozen=True)
class Taken:
    """What one visit brought home: mails, the state to go on from, and what went wrong on the way."""

    items: tuple[RawItem, ...]
    state: RawItem
    problems: tuple[Problem, ...] = ()


def read_folder(folder: Path, archive: Archive, last: RawItem | None, now: datetime, since: date | None) -> Taken:
    """Read a Maildir (``new`` and ``cur``), or every .eml below a folder. Raise SourceBroken without the folder.

    A mail is known again by its unique name, size and time, so that one moved from ``new`` to ``cur`` is not read
    twice and one replaced under its old name is. With ``since`` what came on that day or later is read once more.
    """
    if not folder.is_dir():
        raise SourceBroken("mailbox-missing", f"{folder}: no such folder; create it or mend maildir in koll.toml")
    before = _load_marks(last, archive)
    marks: list[str] = []
    items: list[RawItem] = []
    failed: list[str] = []
    for name, path in _list_files(folder):
        try:
            stat = path.stat()
            came = datetime.fromtimestamp(stat.st_mtime, UTC)
            mark = hashlib.sha256(f"{name}|{stat.st_size}|{stat.st_mtime_ns}".encode()).hexdigest()[:16]
            if mark not in before or (since and came.date() >= since):
                items.append(
                    _take_file(path, name if path.suffix.lower() != ".eml" else f"eml-{mark}", came, archive, now)
                )
        except FileNotFoundError:
            continue  # moved by a mail program since it was listed; found under its new name next time
        except OSError as error:
            failed.append(error.strerror or type(error).__name__)
            continue
        marks.append(mark)
    kept = archive.put(json.dumps(sorted(marks)).encode())
    state = RawItem(f"marks of {folder.name}", kept, "application/json", fetched_at=now, role="listing")
    why = f"{folder}: {len(failed)} file(s) could not be read ({', '.join(sorted(set(failed)))}); mend their rights"
    return Taken(tuple(items), state, (Problem("mail-not-read", str(folder), why),) if failed else ())


def _load_marks(last: RawItem | None, archive: Archive) -> frozenset[str]:
    """Return the marks of what was taken before; without them everything is read again, which adds nothing."""
    if last is None:
        return frozenset()
    try:
        marks = json.loads(archive.get(last.sha256))
    except (SourceBroken, ValueError):
        return frozenset()
    return frozenset(str(mark) for mark in marks) if isinstance(marks, list) else frozenset()


def _list_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name that lasts, path) of every mail, in the order of names."""
    if (folder / "cur").is_dir() and (folder / "new").is_dir():
        found: dict[str, Path] = {}
        for path in (*(folder / "new").iterdir(), *(folder / "cur").iterdir()):
            if path.is_file() and not path.name.startswith("."):
                found[path.name.partition(":")[0]] = path
        yield from sorted(found.items())
        return
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() == ".eml" and path.is_file():
            yield str(path.relative_to(folder)), path


def _take_file(path: Path, name: str, came: datetime, archive: Archive, now: datetime) -> RawItem:
    """Archive one file. An .eml's name may hold a person's, so its mark stands for it; its time is no arrival."""
    with path.open("rb") as file:
        content = file.read(MAX_MAIL + 1)
    note = {"copied" if path.suffix.lower() == ".eml" else "received": came.isoformat()}
    if len(content) > MAX_MAIL:
        note["size"] = str(path.stat().st_size)
        content = content[:MAX_HEADER_BLOCK]
    return RawItem(name, archive.put(content, private=True), "message/rfc822", fetched_at=now, note=note)
