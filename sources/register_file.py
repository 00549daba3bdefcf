"""The register as the association keeps it: members.csv and names.csv, a folder of both, or an XLSX with two sheets."""

from collections.abc import Iterator
from pathlib import Path

from models.register import MEMBER_FIELDS, NAME_FIELDS, RegisterRefused, RegisterRow
from sources.tabular import TableUnreadable, read_lines

_REQUIRED = {"members": MEMBER_FIELDS[:2], "names": NAME_FIELDS[:3]}
_KNOWN = {"members": MEMBER_FIELDS, "names": NAME_FIELDS}


def read_register_file(path: Path) -> tuple[list[RegisterRow], list[RegisterRow]]:
    """Return the rows of members and of names; names may be absent. Raises RegisterRefused naming file and cure."""
    if path.is_dir():
        members, names = _first(path, "members"), _first(path, "names")
        if members is None:
            raise RegisterRefused(f"{path}: no members.csv or members.xlsx in this folder")
        return list(_read(members, "members")), list(_read(names, "names")) if names else []
    if not path.exists():
        raise RegisterRefused(f"{path}: no such file or folder; mend [register] path")
    if path.suffix.lower() == ".xlsx":
        return list(_read(path, "members", sheet="members")), list(_read(path, "names", sheet="names"))
    beside = path.with_name("names.csv")
    return list(_read(path, "members")), list(_read(beside, "names")) if beside.is_file() else []


def _first(folder: Path, stem: str) -> Path | None:
    return next((p for ending in (".csv", ".xlsx") if (p := folder / f"{stem}{ending}").is_file()), None)


def _read(path: Path, what: str, sheet: str | None = None) -> Iterator[RegisterRow]:
    try:
        with path.open("rb") as stream:
            for line in read_lines(stream, _REQUIRED[what], sheet=sheet):
                place = f"{path.name}{f' sheet {sheet}' if sheet else ''} line {line.number}"
                yield RegisterRow(place, {key: line.cells.get(key, "") for key in _KNOWN[what]})
    except TableUnreadable as error:
        if sheet == "names" and error.code == "sheet-missing":
            return
        raise RegisterRefused(f"{path}: {error}") from error
    except OSError as error:
        raise RegisterRefused(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
