"""The register as the matcher wants it: every name a member is known by, and the days on which names come and go."""

from collections.abc import Iterable
from datetime import date, timedelta

from sqlalchemy import Engine, select

from models.matching.mention import KnownMember, KnownName
from models.storage.tables import Member, MemberName
from models.words import NameKind


def load_members(engine: Engine) -> list[KnownMember]:
    """Return the register with every name a member is known by."""
    names: dict[str, list[KnownName]] = {}
    with engine.connect() as connection:
        for name in connection.execute(select(MemberName.__table__)):  # type: ignore[attr-defined]
            known = KnownName(NameKind(name.kind), name.value, name.valid_from, name.valid_to)
            names.setdefault(name.member, []).append(known)
        rows = connection.execute(select(Member.__table__)).all()  # type: ignore[attr-defined]
    return [
        KnownMember(r.member, r.org_number, r.legal_name, tuple(names.get(r.member, ())), r.joined_on, r.left_on)
        for r in sorted(rows, key=lambda row: str(row.member))
    ]


def list_turning_days(members: Iterable[KnownMember]) -> list[date]:
    """Return the days on which any name begins to hold or no longer holds, in order."""
    days: set[date] = set()
    for member in members:
        ends = [(name.valid_from, name.valid_to) for name in member.names]
        for first, last in [*ends, (member.joined_on, member.left_on)]:
            days.update([first] if first else [])
            days.update([last + timedelta(days=1)] if last and last < date.max else [])
            days.update([last] if last else [])
    return sorted(days)
