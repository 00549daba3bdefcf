"""What has to be forgotten and what has to be checked, weekly."""

from sqlalchemy import delete

from flows.workplace import Workplace
from models.store import writing
from models.tables import ComplaintText


def forget_texts(place: Workplace) -> int:
    """Delete free text whose time is over; the facts stay. Return how many."""
    table = ComplaintText.__table__  # type: ignore[attr-defined]
    with writing(place.engine) as connection:
        return connection.execute(delete(table).where(table.c.delete_after <= place.today())).rowcount


def list_damaged(place: Workplace) -> list[str]:
    """Return the archived objects that are no longer what they were."""
    return [str(problem) for problem in place.archive.verify()]
