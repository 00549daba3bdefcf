"""The member register: judged row by row, compared with the one before, and stored whole or not at all."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, delete, func, select
from sqlmodel import col

from models.dates import read_date
from models.matching.mention import KnownMember, KnownName
from models.matching.register import Register as Claims
from models.members.country import SWEDEN, Country
from models.members.identifiers import FREE_HOSTS, read_domain, read_phone
from models.members.org_number import OrgNumberInvalid, is_sole_trader, member_id, read_org_number, show_org_number
from models.storage.store import upsert
from models.storage.tables import Member, MemberName
from models.words import NameKind

MEMBER_FIELDS = ("org_number", "legal_name", "joined_on", "left_on", "size", "size_unit", "year_end", "contact")
NAME_FIELDS = ("org_number", "kind", "value", "valid_from", "valid_to")
_YEAR_END = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_LARGEST_SHRINK = 0.1
_SHOWN = 5  # of the missing members
_FEW_NAMES = 5  # so many names may go unasked, whatever their share
_LONGEST = 300  # characters; what the checks on complaints let a company's name have
_DAMAGED = re.compile(
    r"[\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
    r"|[\u00c2\u00c3][\u0080-\u00bf\u2013-\u2122]"
)
_PERSONAL = re.compile(r"\d{6}\W?\d{4}|\d{8}\W?\d{4}|\d{3}-\d\d-\d{4}")


class RegisterRefused(ValueError):
    """The register was not taken. ``faults`` has a line each: file, line, and what is right."""

    def __init__(self, summary: str, faults: Sequence[str] = ()) -> None:
        self.faults = list(faults)
        super().__init__(summary + "".join(f"\n  - {fault}" for fault in faults))


@dataclass(frozen=True)
class RegisterRow:
    """One row of a register file: where it stands, and its cells by our field names."""

    place: str  # "members.csv line 7"
    cells: dict[str, str]
    longer: bool = False  # it has more cells than the header, so a cell may stand under the wrong one


@dataclass(frozen=True)
class Register:
    """A register read and found good, with what is odd but allowed."""

    members: list[Member]
    names: list[MemberName]
    warnings: list[str]


def read_register(
    members: Iterable[RegisterRow], names: Iterable[RegisterRow], hash_key: bytes, country: Country = SWEDEN
) -> Register:
    """Judge the rows of both files. Raises RegisterRefused with every faulty row listed by its line."""
    faults: list[str] = []
    warnings: list[str] = []
    found: dict[str, tuple[Member, str]] = {}
    listed: set[str] = set()
    for row in members:
        owner = _find_owner(row, hash_key, country)
        if owner:
            listed.add(owner)
        member = _read_member(row, hash_key, country, faults)
        if member is None:
            continue
        if member.member in found:
            faults.append(f"{row.place}: the same organisation number as {found[member.member][1]}; keep one of them")
        else:
            found[member.member] = (member, row.place)
    known = [name for row in names if (name := _read_name(row, hash_key, country, listed, faults, warnings))]
    if not found and not faults:
        faults.append("no members at all")
    if faults:
        raise RegisterRefused(f"the register has {len(faults)} fault(s) and was not taken", faults)
    warnings += _find_contested(known, {key: member for key, (member, _) in found.items()}, country)
    return Register([member for member, _ in found.values()], known, warnings)


def _find_owner(row: RegisterRow, hash_key: bytes, country: Country) -> str | None:
    """Return whose row this is, also where something else in it is wrong."""
    try:
        return member_id(read_org_number(row.cells.get("org_number", ""), country.scheme), hash_key)
    except OrgNumberInvalid:
        return None


def _check_row(row: RegisterRow, faults: list[str], *names: str) -> None:
    if row.longer:
        faults.append(f"{row.place}: more cells than the header; put a cell with the separator in quotation marks")
    for field in names:
        value = row.cells.get(field, "")
        if not value:
            faults.append(f"{row.place}: {field} is empty")
        elif _DAMAGED.search(value):
            faults.append(f"{row.place}: {field} is damaged: save the file again as UTF-8")
        elif len(value) > _LONGEST:
            faults.append(f"{row.place}: {field} has more than {_LONGEST} characters: no name is that long")


def _show(cell: str) -> str:
    """Return a cell as a fault may quote it: in a shifted row a person's number may stand anywhere."""
    return "(not shown)" if _PERSONAL.search(cell) else repr(cell[:40])


def _read_member(row: RegisterRow, hash_key: bytes, country: Country, faults: list[str]) -> Member | None:
    before = len(faults)
    cells = row.cells
    digits = _read_number(row, country, faults)
    name = " ".join(cells.get("legal_name", "").split())
    _check_row(row, faults, "legal_name")
    joined, left = (_read_day(row, field, faults) for field in ("joined_on", "left_on"))
    if joined and left and left < joined:
        faults.append(f"{row.place}: left_on {left} is before joined_on {joined}")
    size = _read_size(row, faults)
    year_end = cells.get("year_end", "") or None
    if year_end and not _YEAR_END.fullmatch(year_end):
        faults.append(f"{row.place}: year_end {_show(year_end)}: MM-DD is needed, such as 12-31")
    contact = cells.get("contact", "") or None
    if contact and "@" not in contact:
        faults.append(f"{row.place}: contact is no e-mail address")
    if len(faults) > before or digits is None:
        return None
    return Member(
        member=member_id(digits, hash_key),
        org_number=digits,
        legal_name=name,
        joined_on=joined,
        left_on=left,
        size=size,
        size_unit=cells.get("size_unit", "") or None,
        year_end=year_end,
        contact=contact,
    )


def _read_name(
    row: RegisterRow, hash_key: bytes, country: Country, known: set[str], faults: list[str], warnings: list[str]
) -> MemberName | None:
    before = len(faults)
    digits = _read_number(row, country, faults)
    kind = row.cells.get("kind", "").casefold()
    value = " ".join(row.cells.get("value", "").split())
    if kind not in set(NameKind):
        faults.append(f"{row.place}: kind {_show(kind)}: one of {', '.join(NameKind)} is needed")
    _check_row(row, faults, "value")
    valid_from, valid_to = (_read_day(row, field, faults) for field in ("valid_from", "valid_to"))
    if valid_from and valid_to and valid_to < valid_from:
        faults.append(f"{row.place}: valid_to {valid_to} is before valid_from {valid_from}")
    if len(faults) > before or digits is None:
        return None
    owner = member_id(digits, hash_key)
    if owner not in known:
        faults.append(f"{row.place}: no member has this organisation number; add it to the members first")
        return None
    if kind == NameKind.PHONE and country.is_abroad:
        value = read_phone(value, country.region) or value  # so it is read alike wherever no country is at hand
    if problem := _doubt_identifier(NameKind(kind), value):
        warnings.append(f"{row.place}: {kind} {_show(value)} {problem}, so nothing is recognised by it")
    return MemberName(member=owner, kind=NameKind(kind), value=value, valid_from=valid_from, valid_to=valid_to)


def _doubt_identifier(kind: NameKind, value: str) -> str | None:
    """Return why a telephone number, domain or address cannot be one member's, or None."""
    if kind is NameKind.PHONE:
        return None if read_phone(value) else "is no telephone number"
    if kind is NameKind.EMAIL:
        return None if "@" in value and read_domain(value) else "is no e-mail address"
    if kind is NameKind.DOMAIN:
        domain = read_domain(value)
        return "is no domain" if domain is None else "is anybody's domain" if domain in FREE_HOSTS else None
    return None


def _read_number(row: RegisterRow, country: Country, faults: list[str]) -> str | None:
    try:
        return read_org_number(row.cells.get("org_number", ""), country.scheme)
    except OrgNumberInvalid as error:
        shown = row.cells.get("org_number", "")
        shown = shown if len(shown) == 11 and shown[:6].isdigit() and not is_sole_trader(shown) else "(not shown)"
        faults.append(f"{row.place}: org_number {shown}: {error}")
        return None


def _read_day(row: RegisterRow, field: str, faults: list[str]) -> date | None:
    cell = row.cells.get(field, "")
    found = read_date(cell) if cell else None
    if cell and found is None:
        faults.append(f"{row.place}: {field} {_show(cell)}: a date such as 2026-01-31 is needed")
    return found


def _read_size(row: RegisterRow, faults: list[str]) -> float | None:
    cell = row.cells.get("size", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
    try:
        size = float(cell) if cell else None
    except ValueError:
        size = -1.0
    if size is not None and not 0 <= size < 1e12:
        faults.append(f"{row.place}: size {_show(row.cells.get('size', ''))}: a number of size_unit is needed")
        return None
    return size


def _find_contested(names: list[MemberName], members: dict[str, Member], country: Country) -> list[str]:
    """Report what two members claim for the same time, however they write it: it decides nothing by itself."""
    known: dict[str, list[KnownName]] = {}
    for name in names:
        claim = KnownName(NameKind(name.kind), name.value, name.valid_from, name.valid_to)
        known.setdefault(name.member, []).append(claim)
    claims = Claims(
        (KnownMember(m.member, m.org_number, m.legal_name, tuple(known.get(m.member, ()))) for m in members.values()),
        country,
    )
    warnings = []
    for one in claims.contested():
        owners = ", ".join(sorted(members[member].legal_name for member in one.members))
        warnings.append(f"{one.kind} {one.value!r} is claimed by {owners} for the same time: alone it decides nothing")
    return warnings


def store_register(
    connection: Connection, register: Register, *, confirmed: bool = False, file: Path | str = "FILE"
) -> tuple[int, int]:
    """Write the register; return (member rows written, names changed). What has not changed is not touched.

    A member that is no longer listed is removed with its names; its complaints stay. Raises RegisterRefused when
    more than a tenth of the members, or all names, would disappear and nobody has ``confirmed`` it. ``file`` is where
    the register stands, for the command that confirms it.
    """
    table = Member.__table__  # type: ignore[attr-defined]
    known = set(connection.execute(select(col(Member.member))).scalars())
    kept = {member.member for member in register.members}
    gone = known - kept
    if known and len(gone) / len(known) > _LARGEST_SHRINK and not confirmed:
        raise RegisterRefused(_tell_shrunk(gone, len(known), file))
    names_before = _name_rows(connection)
    names_now = sorted({_name_key(name) for name in register.names}, key=str)
    lost = set(names_before) - set(names_now)
    if len(lost) > _FEW_NAMES and not names_now and not confirmed:
        raise RegisterRefused(
            f"the new register has none of the {len(names_before)} names members are known by; nothing was changed. Is "
            f"names.csv missing? If this is meant, run `koll members import {file} --confirm-shrink`"
        )
    changed = set(names_before) ^ set(names_now)
    if changed:
        connection.execute(delete(MemberName))
    for member in sorted(gone):
        connection.execute(delete(MemberName).where(col(MemberName.member) == member))
        connection.execute(delete(Member).where(col(Member.member) == member))
    written = upsert(connection, table, [member.model_dump() for member in register.members])
    if changed and names_now:
        columns = ("member", "kind", "value", "valid_from", "valid_to")
        rows = [dict(zip(columns, row, strict=True)) for row in names_now]
        connection.execute(MemberName.__table__.insert(), rows)  # type: ignore[attr-defined]
    return written + len(gone), len(changed)


def _tell_shrunk(gone: Iterable[str], known: int, file: Path | str) -> str:
    missing = sorted(gone)
    shown = ", ".join(map(show_org_number, missing[:_SHOWN])) + (" ..." if len(missing) > _SHOWN else "")
    are = "is" if len(missing) == 1 else "are"
    return (
        f"{len(missing)} of {known} members {are} missing from the new register ({shown}); nothing was changed, and "
        "they still count as members. Give who has left a left_on instead; or, if the rows are meant to be gone, run "
        f"`koll members import {file} --confirm-shrink`"
    )


def _name_rows(connection: Connection) -> list[tuple[object, ...]]:
    table = MemberName.__table__  # type: ignore[attr-defined]
    columns = (table.c.member, table.c.kind, table.c.value, table.c.valid_from, table.c.valid_to)
    return [tuple(row) for row in connection.execute(select(*columns))]


def _name_key(name: MemberName) -> tuple[object, ...]:
    return (name.member, str(name.kind), name.value, name.valid_from, name.valid_to)


def count_members(connection: Connection) -> int:
    """Return how many members the register has."""
    return int(connection.execute(select(func.count()).select_from(Member)).scalar_one())


def load_contact_values(connection: Connection) -> set[str]:
    """Return the members' telephone numbers (E.164) and e-mail addresses (lower case), as a keyed hash is made of."""
    table = MemberName.__table__  # type: ignore[attr-defined]
    reached = table.c.kind.in_((NameKind.PHONE, NameKind.EMAIL))
    values = {str(value) for value in connection.execute(select(table.c.value).where(reached)).scalars()}
    contacts = connection.execute(select(col(Member.contact)).where(col(Member.contact).is_not(None))).scalars()
    return {read_phone(value) or value.lower() for value in values | {str(value) for value in contacts}}
