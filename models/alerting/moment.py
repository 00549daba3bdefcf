"""When it is measured: tonight, or a past night as it was known then."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Table


@dataclass(frozen=True)
class Moment:
    """A night: its business date, what was known (None: all that is known now), and when one last decided before it."""

    business_date: date
    since: datetime
    known_at: datetime | None = None

    def knows(self, table: Table) -> ColumnElement[bool]:
        """Return the condition for the versions believed at this moment."""
        if self.known_at is None:
            return table.c.recorded_to.is_(None)
        still = table.c.recorded_to.is_(None) | (table.c.recorded_to > self.known_at)
        return (table.c.recorded_from <= self.known_at) & still
