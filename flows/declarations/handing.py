"""Files that somebody brings by hand."""

from collections.abc import Sequence
from pathlib import Path

from expectations.declarations import Judged
from flows.declarations.finding import find_source
from flows.declarations.taking import BY_HAND, list_pending, take_declarations
from flows.night import begin, close, note_source
from flows.workplace import Workplace
from models.members.register import count_members
from models.storage.tables import SourceNight
from models.words import Verdict
from sources.contract import RawItem, Reading
from sources.declarations.source import Declarations
from sources.registry import build_source


def import_files(place: Workplace, files: Sequence[Path]) -> list[Judged]:
    """Take in files that somebody brings by hand, as the last word on what they are about; return each one's fate.

    They are archived first, as a reading of their own, so that ``--replay`` finds them again. Raises NotConfigured,
    OSError, and ValueError while the register is empty.
    """
    name, _ = find_source(place)
    with place.engine.connect() as connection:
        if not count_members(connection):
            raise ValueError("the register is empty, so nobody is known: `koll members import FILE` first")
    source = build_source(name, place.settings, place.hash_key)
    assert isinstance(source, Declarations)
    night = begin(place, "import", None)
    order = night.order
    items = tuple(
        RawItem(path.name, place.archive.put_file(path, private=True), fetched_at=place.clock(), note={BY_HAND: "1"})
        for path in files
    )
    reading = Reading(name, items, place.clock(), order.business_date)
    place.archive.save_reading(reading)
    fared = SourceNight(run_id=order.run_id, source=name, verdict=Verdict.BROKEN, at=place.clock())
    pending = [one for one in list_pending(place, name) if one != reading]
    judged = take_declarations(place, source, [*pending, reading], order, fared)  # also when the clock was set back
    note_source(night, fared, lambda _line: None)
    close(night)
    brought = {item.sha256 for item in items}
    return [one for one in judged if one.draft.sha256 in brought]
