"""The CFPB's bulk files, saved into a folder: what is new there, and how far it reaches."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import IO

from sources.contract import Problem, RawItem, Reading, SourceBroken, Visit

# A complaint is published when the company has answered, 15 days after it was sent there at the latest.
PUBLISHED_AFTER = timedelta(days=15)
_OTHER = {".zip", ".gz", ".json", ".xlsx"}
_LAST = "last"

FindLast = Callable[[IO[bytes]], date | None]


def read_folder(name: str, folder: Path, visit: Visit, find_last: FindLast) -> Reading:
    """Archive every CSV file that is new, oldest data first; the others are carried over.

    A file may hold any part of the database, so nothing that a later one lacks is called gone. Raises SourceBroken
    without folder or without any file.
    """
    if not folder.is_dir():
        raise SourceBroken("folder-missing", f"{folder}: no such folder; create it or mend sources.{name}")
    taken = {item.name: item for item in visit.last.items} if visit.last else {}
    items: list[RawItem] = []
    problems: list[Problem] = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _OTHER:
            problems.append(Problem("not-a-table", path.name, f"{path}: only CSV is read; unpack it, or take it away"))
        elif path.is_file() and path.suffix.lower() == ".csv" and not path.name.startswith((".", "~$")):
            try:
                items.append(_take(path, taken.get(path.name), visit, find_last))
            except OSError as error:
                problems.append(Problem("file-unreadable", path.name, f"{path}: {error}; check its permissions"))
    if not items:
        what = problems[0].message if problems else f"{folder}: no CSV file; save a bulk export there"
        raise SourceBroken(problems[0].code if problems else "folder-empty", what)
    order = {known: place for place, known in enumerate(taken)}
    items.sort(key=lambda item: (not item.unchanged, order.get(item.name, 0) if item.unchanged else item.note[_LAST]))
    last = max((date.fromisoformat(item.note[_LAST]) for item in items if item.note[_LAST]), default=None)
    return Reading(
        source=name,
        items=tuple(items),
        read_at=visit.now,
        business_date=visit.business_date,
        complete_through=last - PUBLISHED_AFTER if last else None,
        problems=tuple(problems),
    )


def _take(path: Path, before: RawItem | None, visit: Visit, find_last: FindLast) -> RawItem:
    sha256 = visit.archive.put_file(path)
    if before is not None and before.sha256 == sha256:
        return replace(before, unchanged=True)
    with path.open("rb") as stream:
        last = find_last(stream)
    note = {_LAST: last.isoformat() if last else ""}
    return RawItem(name=path.name, sha256=sha256, media_type="text/csv", fetched_at=visit.now, note=note)
