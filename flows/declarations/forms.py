"""Forms out to members: which is handed out, to whom, and what it is filled in with."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from flows.declarations.finding import find_member, find_rule, find_source
from flows.declarations.form_file import Prefilled, write_form
from flows.workplace import Workplace
from models.alerting.measuring.dues import find_year
from models.declarations.due import business_year
from models.declarations.form import DeclarationForm, Language, load_form
from models.storage.tables import Member, MemberName

_M: Table = Member.__table__  # type: ignore[attr-defined]
_N: Table = MemberName.__table__  # type: ignore[attr-defined]
_STEMS: dict[Language, str] = {"sv": "sjalvdeklaration", "en": "self-declaration"}


def write_forms(
    place: Workplace, members: Sequence[str] | None, language: Language | None, year: int | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, workbook) for each member; for all present ones when ``members`` is None; one blank for [].

    The year is the one that is asked for now, or the last that has ended. Raises NotConfigured, NobodyThere.
    """
    form = load_form(find_source(place)[1].form)
    chosen: Language = language or place.settings.association.language
    if members is not None and not members:
        yield f"{_STEMS[chosen]}.xlsx", write_form(form, chosen)
        return
    with place.engine.connect() as connection:
        rows = [find_member(connection, one) for one in members or ()]
        if members is None:
            rows = [row for row in connection.execute(select(_M).order_by(_M.c.member)) if _is_present(place, row)]
        for row in rows:
            which = year or find_year(find_rule(place), row.year_end, place.today())
            yield _write_for(connection, form, chosen, row, which)


def write_form_for(place: Workplace, connection: Connection, member: str, year: int) -> tuple[str, bytes]:
    """Return (file name, workbook) of one member for one year, in the association's language."""
    form, language = load_form(find_source(place)[1].form), place.settings.association.language
    return _write_for(connection, form, language, find_member(connection, member), year)


def _write_for(
    connection: Connection, form: DeclarationForm, language: Language, row: Row[Any], year: int
) -> tuple[str, bytes]:
    known = Prefilled(row.member, business_year(row.year_end, year), _list_facts(connection, row))
    return f"{_STEMS[language]}_{row.member}_{year}.xlsx", write_form(form, language, known)


def _is_present(place: Workplace, row: Row[Any]) -> bool:
    return row.left_on is None or row.left_on > place.today()


def _list_facts(connection: Connection, row: Row[Any]) -> dict[str, str]:
    names = connection.execute(
        select(_N.c.value).where(_N.c.member == row.member, _N.c.valid_to.is_(None)).order_by(_N.c.kind, _N.c.value)
    )
    return {
        "legal_name": row.legal_name,
        "size": f"{row.size:g} {row.size_unit or ''}".strip() if row.size is not None else "",
        "names": "\n".join(dict.fromkeys(name.value for name in names)),
    }
