"""The night as Prefect sees it: every source a task with its own logs, state and table; the end state set by us."""

import logging
import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")

from prefect import flow, get_run_logger, runtime, task
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field
from sqlalchemy.exc import DBAPIError

from flows.intake.ingest import ingest_source
from flows.intake.matching import Linkers
from flows.intake.outages import recognise
from flows.night import Log, Night, note_source, run_ingest, run_night
from flows.one_writer import NightUnderWay
from flows.onlooker import onlooker
from flows.review.form import offer_questions
from flows.upkeep.journal import keep_journal
from flows.workplace import Workplace, configured, open_workplace
from models.storage.tables import SourceNight
from models.words import Verdict
from sources.archive.faults import ArchiveFault

_SHOWN = ("verdict", "items", "drafts", "accepted", "new", "changed", "withdrawn", "quarantined", "complete_through")


def _brings_news(record: logging.LogRecord) -> bool:
    """Leave out what Prefect says of a failed state beforehand: the state itself follows, without "NoneType: None"."""
    return record.exc_info != (None, None, None)


logging.getLogger("prefect.task_runs").addFilter(_brings_news)


def list_source_names() -> list[str]:
    """Return the source names of the configuration, for the drop-down of the deployment; nothing when unreadable."""
    import tomllib

    try:
        return sorted(tomllib.loads(Path(configured()).read_text(encoding="utf-8-sig")).get("sources", {}))
    except (OSError, ValueError):
        return []


SourceName = Annotated[str, Field(json_schema_extra={"enum": list_source_names()} if list_source_names() else None)]


def open_log() -> Callable[[str], None]:
    """Return what writes into the run's own log."""
    logger = get_run_logger()

    def tell(line: str) -> None:
        if not onlooker().say(line):
            logger.info(line)

    return tell


@task(name="read-source", task_run_name="{source}", cache_policy=NO_CACHE, persist_result=False)
def read_source(source: str, night: Any, linkers: Any) -> State[Any]:
    """Take one source in; its state here is its own, and its table shows what came of it."""
    log = keep_journal(night.place, night.order.run_id, open_log(), source)
    fared = ingest_source(night.place, source, night.order, linkers, log)
    note_source(night, fared, log)
    show_source(fared)
    return Failed(message=fared.message) if fared.verdict == Verdict.BROKEN else Completed(message=fared.verdict)


def show_source(fared: SourceNight) -> None:
    """Publish how a source fared as a table artifact."""
    create_table_artifact(
        key=f"source-{fared.source.replace('_', '-').lower()}",
        table=[_show(fared)],
        description=f"{fared.source}: {fared.message or 'all well'}",
    )


def _show(fared: SourceNight) -> dict[str, str]:
    return {name: "" if (value := getattr(fared, name)) is None else str(value) for name in _SHOWN}


def name_night() -> str:
    """Return the run's name: the business date it was given, or today's in the association's time zone."""
    given = runtime.flow_run.parameters
    day = given.get("business_date") or open_workplace(Path(given.get("config") or configured())).today()
    return f"nightly-{day}"


@flow(
    name="nightly",
    flow_run_name=name_night,
    task_runner=ThreadPoolTaskRunner(max_workers=4),  # type: ignore[arg-type]
    validate_parameters=True,
)
def nightly(config: str | None = None, business_date: date | None = None, only: list[str] | None = None) -> State[Any]:
    """Run the whole night: register, every source side by side, counting, decisions, mail.

    ``business_date`` is today in the association's time zone unless given. The state is Failed when a source, the
    register or a mail failed, and its message names the command that re-runs it; all else was done all the same.
    """
    place = open_workplace(Path(config or configured()))
    try:
        with place.exclusively():
            night = run_night(place, only or [], business_date, open_log(), read_side_by_side)
    except (DBAPIError, OSError, NightUnderWay) as error:
        return tell_end(error, place, "koll nightly")
    create_table_artifact(
        key="night",
        table=[{"source": fared.source, **_show(fared)} for fared in night.nights],
        description=night.sum_up(),
    )
    if place.settings.page.url.startswith("http"):
        create_link_artifact(key="staff-page", link=f"{place.settings.page.url}/index.html", link_text="Staff page")
    offer_questions(place)
    return end_state(night)


def read_side_by_side(night: Night, names: Sequence[str], linkers: Linkers, _log: Log) -> None:
    """Read every source in a task of its own and wait for them all; each notes its own failure."""
    for future in [read_source.submit(name, night, linkers) for name in names]:
        future.wait()


def end_state(night: Night) -> State[Any]:
    """A parent does not reliably fail with its children: say it here."""
    return Failed(message=night.sum_up()) if night.failed else Completed(message=night.sum_up())


def tell_end(error: Exception, place: Workplace, command: str) -> State[Any]:
    """Return the state of a run that could not go on, in our own words; raise again what no word is known for."""
    if isinstance(error, NightUnderWay | ArchiveFault):
        return Failed(message=str(error))
    outage = recognise(error, place)
    if outage is None:
        raise error
    return Failed(message=f"{outage.sentence}; then run: {command} [{outage.code}]")


@flow(name="ingest", flow_run_name="ingest-{source}", validate_parameters=True)
def ingest(
    source: SourceName,
    config: str | None = None,
    since: date | None = None,
    until: date | None = None,
    business_date: date | None = None,
    replay: bool = False,
    accept_shrink: bool = False,
) -> State[Any]:
    """Read one source again; ``replay`` parses the archive without the network. No mail: that is the night's."""
    place = open_workplace(Path(config or configured()))
    more = {"replay": replay, "since": since, "until": until, "accept_shrink": accept_shrink}
    try:
        with place.exclusively():
            return end_state(run_ingest(place, source, business_date, open_log(), read_side_by_side, **more))
    except (DBAPIError, OSError, NightUnderWay) as error:
        return tell_end(error, place, f"koll ingest {source}")


@flow(name="housekeeping")
def housekeeping(config: str | None = None) -> State[Any]:
    """Forget what has had its time, and check every archived object against its hash."""
    from flows.privacy.retention import run_retention, show_counts

    place = open_workplace(Path(config or configured()))
    with place.exclusively():
        forgotten = run_retention(place, who="housekeeping")
    faults = [checked.fault for checked in place.archive.verify() if checked.fault]
    message = f"forgotten: {show_counts(forgotten)}; {len(faults)} archived object(s) damaged"
    return Failed(message=f"{message}: {'; '.join(faults[:5])}") if faults else Completed(message=message)
