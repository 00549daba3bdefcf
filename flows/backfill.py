"""A backfill: a longer period read again, its files and pages cut into parts that a Dask cluster works on side by side.

What the network gives is fetched by this process alone, at the pace that each publisher is asked at; from the archive
on every part is a task of its own.
"""

import logging
import socket
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.nightly import SourceName, end_state, open_log, read_side_by_side, show_source, tell_end  # isort: skip - sets Prefect's environment
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from sqlalchemy.exc import DBAPIError

from flows.intake.matching import Linkers, make_linkers
from flows.intake.parts import Part, PartRead, Spread, drop_left_parts, read_part
from flows.night import Log, Night, read_one_by_one, run_ingest
from flows.one_writer import NightUnderWay
from flows.workplace import Workplace, configured, open_workplace
from models.storage.store import writing

_PATIENCE = 5.0  # seconds until a scheduler that is named must have answered


class ClusterUnusable(RuntimeError):
    """The cluster that koll.toml names cannot be used; the text says why and what to do."""


@task(name="read-part", task_run_name="{part.label}", cache_policy=NO_CACHE, persist_result=False, retries=2)
def read_one_part(config: str, part: Part) -> PartRead:
    """Read one part wherever this runs; a worker that dies takes only this with it, and another reads it again."""
    place, linkers = _open_once(config, part.order.run_id)
    return read_part(place, part, linkers(part.source))


@lru_cache(maxsize=1)
def _open_once(config: str, _run_id: str) -> tuple[Workplace, Linkers]:
    """A worker builds its matcher once a run: within one nobody changes register or answers."""
    place = open_workplace(Path(config))
    return place, make_linkers(place)


def read_on_cluster(config: str, parts: Sequence[Part]) -> Generator[PartRead, None, None]:
    """Submit every part and give what came of them, in their order; nothing runs on when this ends."""
    log = open_log()
    futures = [read_one_part.submit(config, part) for part in parts]
    try:
        for part, future in zip(parts, futures, strict=True):
            read = future.result()
            log(f"{part.label}: {read.keeper.drafts} row(s) read")
            yield read
    finally:
        for future in futures:
            future.wait()


def read_in_parts(night: Night, names: Sequence[str], linkers: Linkers, log: Log) -> None:
    """Read sources with their objects spread over the flow's task runner."""
    chosen = night.place.settings
    spread = Spread(chosen.backfill.parts, partial(read_on_cluster, str(chosen.file)))
    night.order = replace(night.order, spread=spread)
    read_one_by_one(night, names, linkers, log)
    for fared in night.nights:
        show_source(fared)


def choose_runner(place: Workplace) -> tuple[Any, str]:
    """Return the task runner for parts, or None, and a sentence that says where they are read.

    Raises ClusterUnusable when koll.toml names a cluster and it is not there.
    """
    chosen = place.settings.backfill
    if place.engine.dialect.name != "postgresql":
        return None, "SQLite has one writer: everything is read in this process; PostgreSQL would let several"
    if not chosen.cluster and chosen.workers == 1:
        return None, "[backfill] workers = 1: everything is read in this process"
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        if chosen.cluster:
            raise ClusterUnusable(
                f"[backfill] cluster = {chosen.cluster}: prefect-dask is needed: pip install 'medlemskoll[dask]'"
            ) from error
        return None, "prefect-dask is not installed: everything is read in this process"
    logging.getLogger("distributed").setLevel(logging.WARNING)  # its comings and goings are nobody's news
    if chosen.cluster:
        _reach(chosen.cluster)
        return DaskTaskRunner(address=chosen.cluster), f"parts are read on the cluster at {chosen.cluster}"
    own = {
        "n_workers": chosen.workers,
        "threads_per_worker": 1,
        "host": "127.0.0.1",
        "dashboard_address": "127.0.0.1:0",
        "env": {"PREFECT_API_URL": _find_server()},
    }
    return DaskTaskRunner(cluster_kwargs=own), f"parts are read by {chosen.workers} processes of this machine"


def _find_server() -> str:
    """Return this run's Prefect server, a temporary one too: workers would start one each otherwise."""
    with get_client(sync_client=True) as client:
        return str(client.api_url)


def _reach(cluster: str) -> None:
    parts = urlsplit(cluster)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 8786), timeout=_PATIENCE):
            return
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ClusterUnusable(
            f"[backfill] cluster = {cluster}: does not answer ({why}); start it (dask scheduler), or take the key out"
        ) from error


@flow(name="backfill", validate_parameters=True)
def backfill(
    sources: list[SourceName],
    config: str | None = None,
    since: date | None = None,
    until: date | None = None,
    business_date: date | None = None,
    replay: bool = False,
) -> State[Any]:
    """Read a longer period of several sources, one after the other; what it finds is told as found in older data.

    ``replay`` reads the archive again, without the network. The export afterwards is the same to the byte whatever
    the number of workers, and the same as that of `ingest`.
    """
    place = open_workplace(Path(config or configured()))
    runner, where = choose_runner(place)
    open_log()(where)
    read = backfill_source if runner is None else backfill_source.with_options(task_runner=runner)
    failed = []
    for source in sources:
        state: State[Any] = read(
            source,
            config=str(place.settings.file),
            since=since,
            until=until,
            business_date=business_date,
            replay=replay,
            in_parts=runner is not None,
            return_state=True,
        )
        if not state.is_completed():
            failed.append(state.message or source)
    return (
        Failed(message=" | ".join(failed)) if failed else Completed(message=f"{len(sources)} source(s) read; {where}")
    )


@flow(name="backfill-source", flow_run_name="backfill-{source}")
def backfill_source(
    source: str,
    config: str,
    since: date | None,
    until: date | None,
    business_date: date | None,
    replay: bool,
    in_parts: bool,
) -> State[Any]:
    """Read one source; with ``in_parts`` its objects are spread over this flow's task runner."""
    place = open_workplace(Path(config))
    read = read_in_parts if in_parts else read_side_by_side
    more = {"since": since, "until": until, "replay": replay}
    try:
        with place.exclusively():
            try:
                return end_state(run_ingest(place, source, business_date, open_log(), read, **more))
            finally:
                with suppress(DBAPIError), writing(place.engine) as connection:
                    drop_left_parts(connection)
    except (DBAPIError, OSError, NightUnderWay) as error:
        return tell_end(error, place, f"koll backfill {source}")
