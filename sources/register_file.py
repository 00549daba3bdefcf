"""The register as the association keeps it: members.csv and names.csv, a folder of both, or an XLSX with two sheets."""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from models.members.register import MEMBER_FIELDS, NAME_FIELDS, RegisterRefused, RegisterRow
from sources.files.cells import TableUnreadable
from sources.files.tabular import read_lines

_REQUIRED = {"members": MEMBER_FIELDS[:2], "names": NAME_FIELDS[:3]}
_WORKBOOKS = (".xlsx", ".xlsm")
_KNOWN = {"members": MEMBER_FIELDS, "names": NAME_FIELDS}


def read_register_file(
    path: Path, columns: Mapping[str, str] | None = None
) -> tuple[list[RegisterRow], list[RegisterRow]]:
    """Return the rows of members and of names; names may be absent. Raises RegisterRefused naming file and cure.

    ``columns`` are the association's own headers: our field = their header; a field not named there has our name.
    """
    columns = columns or {}
    if path.is_dir():
        members, names = _first(path, "members"), _first(path, "names")
        if members is None:
            raise RegisterRefused(f"{path}: no members.csv or members.xlsx in this folder")
        return list(_read(members, "members", columns)), list(_read(names, "names", columns)) if names else []
    if not path.exists():
        raise RegisterRefused(
            f"{path}: no such file or folder; put the register there, or name another ([register] path in koll.toml)"
        )
    if path.suffix.lower() in _WORKBOOKS:
        return list(_read(path, "members", columns, sheet="members")), list(
            _read(path, "names", columns, sheet="names")
        )
    beside = path.with_name("names.csv")
    return list(_read(path, "members", columns)), list(_read(beside, "names", columns)) if beside.is_file() else []


def _first(folder: Path, stem: str) -> Path | None:
    return next((p for ending in (".csv", *_WORKBOOKS) if (p := folder / f"{stem}{ending}").is_file()), None)


def _read(path: Path, what: str, columns: Mapping[str, str], sheet: str | None = None) -> Iterator[RegisterRow]:
    theirs = {field: columns.get(field, field) for field in _KNOWN[what]}
    required = [theirs[field] for field in _REQUIRED[what]]
    try:
        with path.open("rb") as stream:
            for order, line in enumerate(read_lines(stream, required, sheet=sheet)):
                place = f"{path.name}{f' sheet {sheet}' if sheet else ''} line {line.number}"
                if not order:
                    _refuse_misspelt(path, line.cells, list(theirs.values()))
                yield RegisterRow(
                    place, {ours: line.cells.get(header, "") for ours, header in theirs.items()}, line.longer
                )
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
