"""The register as the association keeps it: members.csv and names.csv, a folder of both, or an XLSX with two sheets."""

import difflib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from models.members.register import MEMBER_FIELDS, NAME_FIELDS, RegisterRefused, RegisterRow
from sources.files.tabular import TableUnreadable, read_lines

_REQUIRED = {"members": MEMBER_FIELDS[:2], "names": NAME_FIELDS[:3]}
_WORKBOOKS = (".xlsx", ".xlsm")
_KNOWN = {"members": MEMBER_FIELDS, "names": NAME_FIELDS}


def read_register_file(path: Path) -> tuple[list[RegisterRow], list[RegisterRow]]:
    """Return the rows of members and of names; names may be absent. Raises RegisterRefused naming file and cure."""
    if path.is_dir():
        members, names = _first(path, "members"), _first(path, "names")
        if members is None:
            raise RegisterRefused(f"{path}: no members.csv or members.xlsx in this folder")
        return list(_read(members, "members")), list(_read(names, "names")) if names else []
    if not path.exists():
        raise RegisterRefused(
            f"{path}: no such file or folder; put the register there, or name another ([register] path in koll.toml)"
        )
    if path.suffix.lower() in _WORKBOOKS:
        return list(_read(path, "members", sheet="members")), list(_read(path, "names", sheet="names"))
    beside = path.with_name("names.csv")
    return list(_read(path, "members")), list(_read(beside, "names")) if beside.is_file() else []


def _first(folder: Path, stem: str) -> Path | None:
    return next((p for ending in (".csv", *_WORKBOOKS) if (p := folder / f"{stem}{ending}").is_file()), None)


def _read(path: Path, what: str, sheet: str | None = None) -> Iterator[RegisterRow]:
    try:
        with path.open("rb") as stream:
            for order, line in enumerate(read_lines(stream, _REQUIRED[what], sheet=sheet)):
                place = f"{path.name}{f' sheet {sheet}' if sheet else ''} line {line.number}"
                if not order:
                    _refuse_misspelt(path, line.cells, _KNOWN[what])
                yield RegisterRow(place, {key: line.cells.get(key, "") for key in _KNOWN[what]}, line.longer)
    except TableUnreadable as error:
        if sheet == "names" and error.code == "sheet-missing":
            return
        raise RegisterRefused(f"{path}: {error}") from error
    except OSError as error:
        raise RegisterRefused(f"{path}: cannot be read ({error.strerror}); check its permissions") from error


def _refuse_misspelt(path: Path, found: Collection[str], known: Sequence[str]) -> None:
    """A column of the association's own is left alone; one that is nearly ours would be lost without a word."""
    strange = [header for header in found if header not in known]
    absent = [header for header in known if header not in found]
    for header in strange:
        if near := difflib.get_close_matches(header.casefold().replace(" ", "_"), absent, 1, cutoff=0.8):
            raise RegisterRefused(f"{path}: unknown column {header[:40]!r}; did you mean {near[0]}?")
