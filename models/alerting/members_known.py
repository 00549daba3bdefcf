"""Who is a member, and in which open case: what lists and letters say of the register. Imports no statistics."""

from datetime import date

from sqlalchemy import Connection, select

from models.alerting.evaluation import MemberFacts
from models.cases.chain import load_cases
from models.cases.steps import describe_open
from models.storage.tables import Member


def load_member_facts(connection: Connection, on: date | None = None) -> dict[str, MemberFacts]:
    """Return every member of the register by id, with its open case as it stands, or stood ``on`` a day."""
    cases = {member: mine[-1] for member, mine in load_cases(connection, on=on).items() if mine[-1].is_open}
    rows = connection.execute(select(Member.__table__)).all()  # type: ignore[attr-defined]
    return {
        row.member: MemberFacts(
            member=row.member,
            name=row.legal_name,
            size=None if row.size is None else round(row.size),
            size_unit=row.size_unit,
            left_on=row.left_on,
            open_case=describe_open(cases[row.member]) if row.member in cases else None,
            contact=row.contact,
        )
        for row in rows
    }
