"""A night from its parts, without Prefect: the register, the sources, then counting and mail. Safe to repeat."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from flows.alerts.ping import announce
from flows.alerts.settling import AlertReport, settle_alerts
from flows.intake.events import link_events
from flows.intake.ingest import ingest_source
from flows.intake.keeping_time import hold_time
from flows.intake.matching import Linkers, make_linkers
from flows.intake.outages import await_database, recognise
from flows.intake.parts import drop_left_parts
from flows.intake.reading import Order
from flows.intake.register import read_the_register
from flows.intake.relink import relink
from flows.review.returned import take_workbooks
from flows.tips.receipts import forget_recipients, queue_receipts
from flows.upkeep.journal import keep_journal
from flows.workplace import Workplace
from models.matching.matcher import Matcher
from models.members.register import RegisterRefused, store_register
from models.storage.store import upsert, writing
from models.storage.tables import Run, SourceNight
from models.words import Verdict
from sources import VERSION

Log = Callable[[str], None]


@dataclass
class Night:
    """One run under way."""

    place: Workplace
    order: Order
    kind: str
    clock_fault: str = ""
    register_fault: str = ""
    page_fault: str = ""
    nights: list[SourceNight] = field(default_factory=list)
    alerts: AlertReport | None = None

    @property
    def broken(self) -> list[SourceNight]:
        """The sources that failed."""
        return [night for night in self.nights if night.verdict == Verdict.BROKEN]

    @property
    def failed(self) -> bool:
        """Whether anything needs a person: a source, the clock, the register, or a mail that will not leave."""
        faults = self.clock_fault or self.register_fault or self.page_fault
        return bool(self.broken or faults or (self.alerts and (self.alerts.dead or self.alerts.silent)))

    def sum_up(self) -> str:
        """Return what failed and the command that mends it, in one line; or that all went well."""
        waiting = self.alerts.waiting if self.alerts else 0
        if not self.failed:
            mail = f"; {waiting} mail(s) wait for the mail server, see: koll status" if waiting else ""
            return f"{len(self.nights)} source(s) read, nothing failed{mail}"
        parts = [f"{n.source}: {n.message}; then run: koll ingest {n.source}" for n in self.broken]
        if self.clock_fault:
            parts.append(self.clock_fault)
        if self.register_fault:
            parts.append(f"register: {self.register_fault.splitlines()[0]}; last night's register was used")
        if self.page_fault:
            parts.append(f"staff page: {self.page_fault}; then run: koll page")
        if self.alerts and self.alerts.dead:
            parts.append(f"{self.alerts.dead} mail(s) were refused for good; see: koll status")
        if self.alerts and self.alerts.silent:
            silent = ", ".join(self.alerts.silent)
            parts.append(f"mail no longer reaches anybody in {silent}; mend [mail.groups]")
        return " | ".join(parts)


def begin(place: Workplace, kind: str, business_date: date | None, **more: object) -> Night:
    """Open a run and write it down."""
    clock_fault = hold_time(place)
    day = business_date or place.today()
    run_id = f"{day.isoformat()}-{kind}-{uuid.uuid4().hex[:8]}"
    with writing(place.engine) as connection:
        drop_left_parts(connection)
        row = Run(run_id=run_id, kind=kind, business_date=day, started_at=place.clock(), version=VERSION)
        upsert(connection, Run.__table__, [row.model_dump()])  # type: ignore[attr-defined]
    return Night(place, Order(run_id, day, **more), kind, clock_fault)  # type: ignore[arg-type]


def refresh_register(night: Night, log: Log) -> None:
    """Take the register in; a faulty one leaves the last good one in place and is told at the end."""
    place = night.place
    try:
        register = read_the_register(place)
        with writing(place.engine) as connection:
            store_register(connection, register, file=place.settings.members.path)
        for warning in register.warnings:
            log(f"register: {warning}")
    except RegisterRefused as error:
        night.register_fault = str(error)
        log(f"register: {error}")


def note_source(night: Night, fared: SourceNight, log: Log) -> None:
    """Write down how one source fared; a database that went away is waited for, so that the next source finds it.

    Where there is no room even for that the log and the night's end say it, and the next source may still fit in.
    """
    night.nights.append(fared)
    try:
        _write_source(night, fared)
    except DBAPIError as error:
        outage = recognise(error, night.place)
        if outage and not outage.passes:
            log(f"{fared.source}: {outage.sentence}")
        elif outage and await_database(night.place, log):
            _write_source(night, fared)
        else:
            raise


def _write_source(night: Night, fared: SourceNight) -> None:
    with writing(night.place.engine) as connection:
        upsert(connection, SourceNight.__table__, [fared.model_dump()])  # type: ignore[attr-defined]


ReadAll = Callable[[Night, Sequence[str], Linkers, Log], None]


def run_night(
    place: Workplace, only: Sequence[str], business_date: date | None, log: Log, read_all: ReadAll | None = None
) -> Night:
    """Run a whole night. ``read_all`` reads the sources, side by side for example; one after the other by default."""
    names = pick_sources(place, only)
    night = begin(place, "nightly", business_date)
    announce(place.settings.alerts.ping_start_url, log)
    try:
        _run(night, names, log, read_all or read_one_by_one, alerts=True)
    except Exception:
        announce(place.settings.alerts.ping_fail_url, log)
        raise
    return night


def _run(night: Night, names: Sequence[str], log: Log, read_all: ReadAll, *, alerts: bool) -> None:
    journal = keep_journal(night.place, night.order.run_id, log)
    refresh_register(night, journal)
    linkers = make_linkers(night.place)
    mailed = set(night.place.settings.declarations())  # they come by mail too, so the tip box is read before them
    for some in ([name for name in names if name not in mailed], [name for name in names if name in mailed]):
        read_all(night, some, linkers, log)
    finish(night, linkers, journal, alerts=alerts)


def run_ingest(
    place: Workplace, source: str, business_date: date | None, log: Log, read_all: ReadAll | None = None, **more: object
) -> Night:
    """Run one source again, without mail: that is the night's."""
    names = pick_sources(place, [source])
    night = begin(place, "ingest", business_date, **more)
    _run(night, names, log, read_all or read_one_by_one, alerts=False)
    return night


def run_relink(place: Workplace, matcher: Matcher, log: Log) -> int:
    """Match again what a person's answer touches; return how many links changed."""
    night = begin(place, "review", None)
    changed = relink(place, night.order, make_linkers(place, matcher), log) + link_events(place)
    close(night)
    return changed


def read_one_by_one(night: Night, names: Sequence[str], linkers: Linkers, log: Log) -> None:
    """Read the sources one after the other."""
    for name in names:
        journal = keep_journal(night.place, night.order.run_id, log, name)
        note_source(night, ingest_source(night.place, name, night.order, linkers, journal), journal)


def finish(night: Night, linkers: Linkers, log: Log, *, alerts: bool) -> None:
    """Match again what a changed register touches, count, decide, send, and close the run."""
    place = night.place
    place.one_writer.confirm()
    if take_workbooks(place, night.order, log):
        linkers = make_linkers(place)
    relink(place, night.order, linkers, log)
    link_events(place)
    if alerts:
        queue_receipts(place, night.order.business_date, night.order.run_id, log)
        night.alerts = settle_alerts(place, night.order, log)
        forget_recipients(place)
    night.nights.sort(key=lambda fared: fared.source)
    renew_pages(night, log)
    close(night)
    log(f"{night.kind}: {night.sum_up()}")
    show_metrics(place, log)
    if night.alerts and night.failed:
        announce(place.settings.alerts.ping_fail_url, log)
    elif night.alerts and night.alerts.all_out:
        announce(place.settings.alerts.ping_url, log)


def show_metrics(place: Workplace, log: Log) -> None:
    """Write the file for the monitoring system, if one is named; one that cannot be written stops nothing."""
    path = place.settings.operations.metrics
    if path is None:
        return
    from flows.upkeep.metrics import write_metrics

    try:
        write_metrics(place, path)
    except OSError as error:
        log(f"metrics: {path} cannot be written ({error.strerror}); mend [operations] metrics")


def renew_pages(night: Night, log: Log) -> None:
    """Write the staff page; a folder that cannot be written is told at the end and stops nothing."""
    from flows.page.write import write_pages

    try:
        write_pages(night.place, night.order.business_date)
    except OSError as error:
        where = error.filename or night.place.settings.page.folder
        night.page_fault = f"{where}: {error.strerror or error}; make room or mend that folder"
        log(f"staff page: {night.page_fault}")


def close(night: Night) -> None:
    """Note that a run has ended, and how."""
    place = night.place
    state = "failed" if night.failed else "done"
    with writing(place.engine) as connection:
        connection.execute(
            update(Run.__table__)  # type: ignore[attr-defined]
            .where(Run.__table__.c.run_id == night.order.run_id)  # type: ignore[attr-defined]
            .values(ended_at=place.clock(), state=state, message=night.sum_up()[:2000])
        )


def pick_sources(place: Workplace, only: Sequence[str]) -> list[str]:
    """Return the enabled sources, or those asked for; raises ValueError naming what there is."""
    known = place.settings.enabled_sources()
    wrong = [name for name in only if name not in place.settings.sources]
    if wrong:
        raise ValueError(f"no source {', '.join(wrong)} in {place.settings.file.name}; there is {', '.join(known)}")
    return list(only) or list(known)
