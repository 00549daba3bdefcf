"""Commands that do something: init, demo, nightly, ingest."""

import getpass
import os
from datetime import date as date_type
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.offspring import leave_none_behind
from flows.commands.shared import CONFIG, AsJson, Config, Day, day, errors, fail, print_json, say, telling_faults

Since = Annotated[
    date_type | None, typer.Option("--since", parser=day, metavar="YYYY-MM-DD", help="Read again from this day on.")
]
Until = Annotated[
    date_type | None, typer.Option("--until", parser=day, metavar="YYYY-MM-DD", help="... up to this day.")
]


def init(
    config: Config = CONFIG,
    wizard: Annotated[
        bool, typer.Option("--wizard", help="Ask for the essentials, try each answer at once, then write the file.")
    ] = False,
) -> None:
    """Write an annotated koll.toml if there is none, and create the database or bring it up to date."""
    from flows.workplace import open_workplace
    from models.storage.store import upgrade
    from sources.archive.durable import write_durably

    with telling_faults():
        if wizard:
            _ask_essentials(config)
        if not config.exists():
            write_durably(config, resources.files("flows").joinpath("koll.example.toml").read_bytes(), only_new=True)
            say(f"wrote {config}: look it through, then let `koll doctor` check it")
        place = open_workplace(config, check=False)
        upgrade(place.engine)
        _ = place.hash_key, place.archive.vault  # made now, kept private, so that the first night finds them
        say(f"database ready: {place.engine.url.render_as_string(hide_password=True)}")


def _ask_essentials(config: Path) -> None:
    from flows.starting.wizard import Stopped, Wizard

    dialogue = None
    try:
        dialogue = Wizard(config)
        dialogue.ask_all()
        for line in dialogue.write():
            say(line)
    except Stopped as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail(f"\n{dialogue.say('stopped') if dialogue else ''}")


def nightly(
    config: Config = CONFIG,
    only: Annotated[list[str] | None, typer.Option("--only", help="Read only this source; may be repeated.")] = None,
    date: Day = None,
    as_json: AsJson = False,
) -> None:
    """Run the night: register, every source, counting, decisions, mail."""
    from flows.looking.progress import show_progress

    with telling_faults():
        names = _check_names(config, only or [])
        leave_none_behind()
        with show_progress(errors, names):
            from flows.nightly import nightly as flow

            state = flow(config=str(config.absolute()), business_date=date, only=only, return_state=True)
        _report(config, state, as_json)


def ingest(
    source: Annotated[str, typer.Argument(help="The source's name in koll.toml.")],
    config: Config = CONFIG,
    since: Since = None,
    until: Until = None,
    date: Day = None,
    replay: Annotated[bool, typer.Option("--replay", help="Parse the archive again, without the network.")] = False,
    accept_shrink: Annotated[
        bool, typer.Option("--accept-shrink", help="Believe a source that suddenly holds far fewer rows.")
    ] = False,
    by: Annotated[str, typer.Option("--by", help="Who believes it; your user name by default.")] = "",
    as_json: AsJson = False,
) -> None:
    """Read one source again. Mail is the night's: this only brings the rows up to date."""
    from flows.looking.progress import show_progress

    with telling_faults():
        names = _check_names(config, [source])
        leave_none_behind()
        if accept_shrink:
            _note_belief(config, source, by)
        with show_progress(errors, names):
            from flows.nightly import ingest as flow

            state = flow(
                source,
                config=str(config.absolute()),
                since=since,
                until=until,
                business_date=date,
                replay=replay,
                accept_shrink=accept_shrink,
                return_state=True,
            )
        _report(config, state, as_json)


def backfill(
    sources: Annotated[list[str], typer.Argument(help="The sources' names in koll.toml.")],
    config: Config = CONFIG,
    since: Since = None,
    until: Until = None,
    date: Day = None,
    replay: Annotated[bool, typer.Option("--replay", help="Parse the archive again, without the network.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read a longer period of sources, in parts that a Dask cluster works on (`backfill`); the same comes of it."""
    with telling_faults():
        _check_names(config, sources)
        leave_none_behind()
        from flows.backfill import ClusterUnusable
        from flows.backfill import backfill as flow

        try:
            state = flow(
                sources,
                config=str(config.absolute()),
                since=since,
                until=until,
                business_date=date,
                replay=replay,
                return_state=True,
            )
        except ClusterUnusable as error:
            fail(str(error))
        _report(config, state, as_json)


def _note_belief(config: Path, source: str, by: str) -> None:
    """Write down who says that a source is right to hold so much less, before the run that acts on it."""
    from flows.workplace import open_workplace
    from models.audit import record_act
    from models.storage.store import writing

    place = open_workplace(config)
    with writing(place.engine) as connection:
        record_act(connection, "ingest.accept_shrink", source, who=by or getpass.getuser(), at=place.clock())


def _check_names(config: Path, names: list[str]) -> list[str]:
    """Return the sources that will be read. What could not run is refused early, before Prefect's server is started:
    unknown sources, or beside another run."""
    from flows.night import pick_sources
    from flows.workplace import open_workplace

    place = open_workplace(config)
    try:
        picked = pick_sources(place, names)
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        raise typer.BadParameter(str(error)) from error
    with place.exclusively():  # the run takes it again; one that could not begin says so at once
        return picked


def _report(config: Path, state: object, as_json: bool) -> None:
    from flows.looking.exports import Asked, export_runs
    from flows.workplace import open_workplace

    runs = list(export_runs(open_workplace(config), Asked()))
    run = runs[-1] if runs else {}
    if as_json:
        print_json(run)
    else:
        say(getattr(state, "message", "") or "")
    if not getattr(state, "is_completed", lambda: False)():
        if not as_json:
            fail("the run failed: see above, or `koll status`")
        raise typer.Exit(1)


def demo(
    folder: Annotated[Path, typer.Option("--folder", help="Where the demo's world is laid out.")] = Path("demo-world"),
    world: Annotated[str, typer.Option("--world", help="Whose: sweden, or usa (in English).")] = "sweden",
    serve: Annotated[bool, typer.Option("--serve", help="Keep the web server up afterwards.")] = False,
) -> None:
    """Run whole nights on the bundled world, with its own web server, mailbox, extracts and register."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")  # what matters is told by the demo itself
    with telling_faults():
        leave_none_behind()
        from flows.demo.nights import run_demo
        from flows.demo.worlds import WORLDS

        if world not in WORLDS:
            raise typer.BadParameter(f"one of {', '.join(WORLDS)} is needed", param_hint="--world")
        run_demo(folder, world=WORLDS[world], serve=serve)
