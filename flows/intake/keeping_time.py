"""Time never goes back for what is stored: versions, readings and decisions are told apart by when they were made.

A machine whose clock is set back (a restored image, a dead battery) would make rows that are older than those they
replace. The night therefore goes on from the last moment that is written down, and says so.
"""

from datetime import timedelta

from sqlalchemy import func, select

from flows.workplace import Workplace
from models.storage.tables import Run

_SLIGHT = timedelta(hours=1)  # what clocks are corrected by without anybody's fault


def hold_time(place: Workplace) -> str:
    """Let ``place.clock`` go on from the last run's end where the machine's is behind it; return what to do about it.

    Empty when nothing is: the clock is right, or was corrected by less than an hour.
    """
    table = Run.__table__  # type: ignore[attr-defined]
    with place.engine.connect() as connection:
        told = connection.execute(select(func.max(table.c.started_at), func.max(table.c.ended_at))).one()
    last = max((moment for moment in told if moment), default=None)
    real, now = place.clock, place.clock()
    if last is None or now >= last:
        return ""
    behind = last - now
    place.clock = lambda: real() + behind
    if behind <= _SLIGHT:
        return ""
    return (
        f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC, and the last run ended at {last:%Y-%m-%d %H:%M}: set it "
        "right; times go on from the last run until then (if that one's clock was wrong, give the night its --date)"
    )
