"""Sources, measured: tonight's new rows beside the source's own recent nights."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import Connection, Table, select

from models.alerting.evaluation import Batch, SourceState
from models.alerting.moment import Moment
from models.alerting.statistics import negative_binomial_tails
from models.storage.tables import Run, SourceNight
from models.words import Verdict

_N: Table = SourceNight.__table__  # type: ignore[attr-defined]
_R: Table = Run.__table__  # type: ignore[attr-defined]
_HISTORY_DAYS = 120
_FEWEST_NIGHTS = 20
# What refuses a whole batch because of what it holds, not because it could not be had.
_CHECKS = {"source-shrunk", "volume-low", "no-rows", "too-few-rows", "most-rows-refused"}


def measure_batches(
    connection: Connection, sources: Mapping[str, SourceState], moment: Moment
) -> list[Batch]:  # fmt: skip
    """Return what each source told tonight; one without enough nights before it is as usual unless a check refused it.

    A source's first night is left out of what is usual: it brings all of its past.
    """
    rows = connection.execute(
        select(_N.c.source, _R.c.business_date, _N.c.new, _N.c.verdict, _N.c.code)
        .join(_R, _R.c.run_id == _N.c.run_id)
        .where(_R.c.business_date <= moment.business_date)
        .order_by(_N.c.at)
    ).all()
    batches = []
    for name in sorted(sources):
        mine = [row for row in rows if row.source == name]
        tonight = [row for row in mine if row.business_date == moment.business_date]
        if not tonight:
            continue
        nights: dict[object, int] = {}
        for row in mine:
            if row.verdict != Verdict.BROKEN:
                nights[row.business_date] = nights.get(row.business_date, 0) + row.new
        seen = nights.pop(moment.business_date, 0)
        first = min(nights, default=None)  # type: ignore[type-var]
        since = moment.business_date - timedelta(days=_HISTORY_DAYS)
        usual = [count for day, count in nights.items() if day != first and day >= since]  # type: ignore[operator]
        code = tonight[-1].code if tonight[-1].verdict == Verdict.BROKEN else ""
        batches.append(_compare(name, seen, usual, code if code in _CHECKS else "", code != ""))
    return batches


def _compare(name: str, seen: int, usual: list[int], code: str, broken: bool) -> Batch:
    number = len(usual)
    if broken or number < _FEWEST_NIGHTS:
        return Batch(name, seen, sum(usual) / number if number else 0.0, code=code)
    mean = sum(usual) / number
    variance = sum((count - mean) ** 2 for count in usual) / (number - 1) * (1 + 1 / number)
    size = mean**2 / (variance - mean) if variance > mean > 0 else None
    # One row more in all these nights: a source that was silent so far may still begin to speak.
    low, high = negative_binomial_tails(seen, mean or 1 / number, size)
    return Batch(name, seen, mean, low, high, code)
