"""What declarations need found: their source, the rule that asks for them, and a member by its number."""

from typing import Any

from sqlalchemy import Connection, Row, Table, select

from flows.workplace import Workplace
from models.alerting.rules import DeadlineRule
from models.configuration.source_settings import DeclarationSettings
from models.storage.tables import Member

_M: Table = Member.__table__  # type: ignore[attr-defined]


class NotConfigured(RuntimeError):
    """There is no place for declarations in the configuration; the text says what to write."""


class NobodyThere(LookupError):
    """No such member; the text says where to look."""


class NotReminded(RuntimeError):
    """A member cannot be reminded; the text says why, and what can be done. Nothing was written."""


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


def find_member(connection: Connection, asked: str) -> Row[Any]:
    """Return the member of an organisation number, written in any way, or of a masked id. Raises NobodyThere."""
    member = asked.strip().replace("-", "").replace(" ", "")
    row = connection.execute(select(_M).where(_M.c.member == member)).first()
    if row is None:
        raise NobodyThere(f"{asked}: no such member; `koll members list` shows them, a sole trader by its masked id")
    return row
