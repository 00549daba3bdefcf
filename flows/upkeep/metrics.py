"""Figures for a monitoring system: a Prometheus text file, as its node exporter picks them up, after every run.

Nothing in it tells of a person or a member. When a run dies the file stays as it was: alert on the age of
``koll_run_end_timestamp_seconds``, not only on ``koll_run_failed``.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from sqlalchemy import Table, select

from flows.looking.status import read_status
from flows.workplace import Workplace
from models.storage.tables import Run, SourceNight
from models.words import Verdict
from sources import VERSION

_R: Table = Run.__table__  # type: ignore[attr-defined]
_N: Table = SourceNight.__table__  # type: ignore[attr-defined]
_ROWS = ("accepted", "new", "changed", "withdrawn", "quarantined", "set_aside")


def write_metrics(place: Workplace, path: Path) -> None:
    """Write every figure; the file appears whole, and readable for the exporter's user. Raises OSError."""
    registry = CollectorRegistry()
    _gauge(registry, "koll_info", "The version in use.", ("version",), [((VERSION,), 1)])
    _tell_runs(place, registry)
    _tell_sources(place, registry)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(path), registry)
    path.chmod(0o644)


def _gauge(
    registry: CollectorRegistry,
    name: str,
    about: str,
    labels: tuple[str, ...],
    values: Iterable[tuple[tuple[str, ...], float]],
) -> None:
    gauge = Gauge(name, about, labels, registry=registry)
    for told, value in values:
        (gauge.labels(*told) if labels else gauge).set(value)


def _tell_runs(place: Workplace, registry: CollectorRegistry) -> None:
    """The last run of each kind that came to its end."""
    with place.engine.connect() as connection:
        ended = connection.execute(select(_R).where(_R.c.ended_at.is_not(None)).order_by(_R.c.ended_at)).all()
    last = {(run.kind,): run for run in ended}
    kind = ("kind",)
    at = [(key, run.ended_at.timestamp()) for key, run in last.items()]
    _gauge(registry, "koll_run_end_timestamp_seconds", "When the last run of this kind ended.", kind, at)
    took = [(key, (run.ended_at - run.started_at).total_seconds()) for key, run in last.items()]
    _gauge(registry, "koll_run_seconds", "How long it took.", kind, took)
    failed = [(key, float(run.state != "done")) for key, run in last.items()]
    _gauge(registry, "koll_run_failed", "1 when it failed: a source, the register, or a mail.", kind, failed)


def _tell_sources(place: Workplace, registry: CollectorRegistry) -> None:
    status = read_status(place)
    rows = status["sources"]
    label = ("source",)

    def each(name: str, about: str, field: str) -> None:
        _gauge(registry, name, about, label, [((row["source"],), float(row[field])) for row in rows])

    broken = [((row["source"],), float(row["verdict"] == Verdict.BROKEN)) for row in rows]
    _gauge(registry, "koll_source_broken", "1 when its last reading broke.", label, broken)
    each("koll_source_late", "1 when it is further behind than is normal.", "late")
    each("koll_source_complaints", "Complaints it tells of now.", "complaints")
    each("koll_source_quarantine", "Its rows that wait in quarantine.", "quarantined")
    through = [((row["source"],), _seconds(row["complete_through"])) for row in rows if row["complete_through"]]
    _gauge(registry, "koll_source_complete_through_timestamp_seconds", "The end of its data.", label, through)
    with place.engine.connect() as connection:
        nights = {night.source: night for night in connection.execute(select(_N).order_by(_N.c.at))}
    told = [((name, what), float(getattr(night, what))) for name, night in nights.items() for what in _ROWS]
    _gauge(registry, "koll_source_rows", "Rows of its last reading.", ("source", "what"), told)
    took = [((name,), night.seconds) for name, night in nights.items()]
    _gauge(registry, "koll_source_seconds", "How long its last reading took.", label, took)
    waits = [(("alerts",), status["open_alerts"])]
    waits += [((what,), status[what]) for what in ("quarantine", "reviews")]
    _gauge(registry, "koll_waiting", "What waits for people.", ("what",), waits)
    outbox = [((state,), float(number)) for state, number in status["outbox"].items()]
    _gauge(registry, "koll_outbox", "Mails by where they stand.", ("state",), outbox)


def _seconds(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()
