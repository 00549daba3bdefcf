"""Forms out to members, and files that somebody brings by hand."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection, Row, Table, select

from expectations.declarations import Judged
from flows.declarations.form_file import Prefilled, write_form
from flows.declarations.taking import BY_HAND, list_pending, take_declarations
from flows.ingest import Order
from flows.night import Night, begin, close, note_source
from flows.workplace import Workplace
from models.alerting.measure_dues import find_year
from models.alerting.rules import DeadlineRule
from models.declarations.due import business_year
from models.declarations.form import Language, load_form
from models.register import count_members
from models.settings import DeclarationSettings
from models.tables import Member, MemberName, SourceNight
from models.words import Verdict
from sources.contract import RawItem, Reading
from sources.declarations.source import Declarations
from sources.registry import build_source

_M: Table = Member.__table__  # type: ignore[attr-defined]
_N: Table = MemberName.__table__  # type: ignore[attr-defined]


class NotConfigured(RuntimeError):
    """There is no place for declarations in the configuration; the text says what to write."""


class NobodyThere(LookupError):
    """No such member; the text says where to look."""


def find_source(place: Workplace) -> tuple[str, DeclarationSettings]:
    """Return the (first) source of declarations. Raises NotConfigured."""
    for name, settings in place.settings.declarations().items():
        return name, settings
    raise NotConfigured(
        f"{place.settings.file.name} has no source of declarations: add a table [sources.declarations] with "
        'kind = "declarations" and folder = "declarations"'
    )


def find_rule(place: Workplace) -> DeadlineRule | None:
    """Return the rule that asks for declarations, or None."""
    return next((rule for rule in place.settings.rules if isinstance(rule, DeadlineRule)), None)


def find_member(connection: Connection, asked: str) -> Row[tuple[object, ...]]:
    """Return the member of an organisation number, written in any way, or of a masked id. Raises NobodyThere."""
    member = asked.strip().replace("-", "").replace(" ", "")
    row = connection.execute(select(_M).where(_M.c.member == member)).first()
    if row is None:
        raise NobodyThere(f"{asked}: no such member; `koll members list` shows them, a sole trader by its masked id")
    return row


def write_forms(
    place: Workplace, members: Sequence[str] | None, language: Language | None, year: int | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, workbook) for each member; for all present ones when ``members`` is None; one blank for [].

    The year is the one that is asked for now, or the last that has ended. Raises NotConfigured, NobodyThere.
    """
    form = load_form(find_source(place)[1].form)
    chosen: Language = language or place.settings.association.language
    stem = "sjalvdeklaration" if chosen == "sv" else "self-declaration"
    if members is not None and not members:
        yield f"{stem}.xlsx", write_form(form, chosen)
        return
    with place.engine.connect() as connection:
        rows = [find_member(connection, one) for one in members or ()]
        if members is None:
            rows = [row for row in connection.execute(select(_M).order_by(_M.c.member)) if _is_present(place, row)]
        for row in rows:
            which = year or find_year(find_rule(place), row.year_end, place.today())
            known = Prefilled(row.member, business_year(row.year_end, which), _list_facts(connection, row))
            yield f"{stem}_{row.member}_{which}.xlsx", write_form(form, chosen, known)


def _is_present(place: Workplace, row: Row[tuple[object, ...]]) -> bool:
    return row.left_on is None or row.left_on > place.today()


def _list_facts(connection: Connection, row: Row[tuple[object, ...]]) -> dict[str, str]:
    names = connection.execute(
        select(_N.c.value).where(_N.c.member == row.member, _N.c.valid_to.is_(None)).order_by(_N.c.kind, _N.c.value)
    )
    return {
        "legal_name": row.legal_name,
        "size": f"{row.size:g} {row.size_unit or ''}".strip() if row.size is not None else "",
        "names": "\n".join(dict.fromkeys(name.value for name in names)),
    }


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
    order: Order = night.order
    items = tuple(
        RawItem(path.name, place.archive.put_file(path, private=True), fetched_at=place.clock(), note={BY_HAND: "1"})
        for path in files
    )
    reading = Reading(name, items, place.clock(), order.business_date)
    place.archive.save_reading(reading)
    fared = SourceNight(run_id=order.run_id, source=name, verdict=Verdict.BROKEN, at=place.clock())
    judged = take_declarations(place, source, list_pending(place, name), order, fared)
    _end(night, fared)
    brought = {item.sha256 for item in items}
    return [one for one in judged if one.draft.sha256 in brought]


def _end(night: Night, fared: SourceNight) -> None:
    note_source(night, fared)
    close(night)
