"""The association's register as its configuration says it is written: columns, numbers, country."""

from pathlib import Path

from flows.workplace import Workplace
from models.members.register import Register, read_register
from sources.register_file import read_register_file


def read_the_register(place: Workplace, path: Path | None = None) -> Register:
    """Read and judge the configured register, or another file of its form. Raises RegisterRefused with all faults."""
    members = place.settings.members
    rows = read_register_file(path or members.path, members.columns)
    return read_register(*rows, place.hash_key, place.settings.country)
