"""Commands that keep an installation sound: backup, restore, verify, and the archive's keys."""

import os
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.shared import CONFIG, AsJson, Config, fail, print_json, say, telling_faults

archive = typer.Typer(no_args_is_help=True, help="The archive's keys.")
_SHOWN = 20


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; an earlier one is replaced when the new is whole.")],
    config: Config = CONFIG,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Leave the key files out; keep them somewhere else, or all is lost.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write database and archive into one private file, as of one moment, also while a night runs."""
    from flows.upkeep.backup import make_backup
    from flows.upkeep.restore import show_about
    from flows.workplace import open_workplace

    with telling_faults():
        shown = show_about(make_backup(open_workplace(config), file, with_keys=not without_keys))
        if as_json:
            print_json(shown)
            return
        say(f"{file}: {shown['rows']} rows and {shown['objects']} archived objects as of {shown['made_at']}")
        say(
            "it holds the keys that open it: keep it as safe as them"
            if shown["holds_keys"]
            else "it holds no keys: without hash.key and the archive's key, kept elsewhere, it cannot be used"
        )


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `koll backup` wrote.")],
    config: Config = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Bring a backup back into an empty place, on either engine; koll.toml comes from it where there is none."""
    from flows.upkeep.restore import BackupRefused, restore_backup, show_about

    with telling_faults():
        try:
            shown = show_about(restore_backup(file, config))
        except BackupRefused as error:
            fail(str(error))
        if as_json:
            print_json(shown)
        else:
            say(f"restored {shown['rows']} rows and {shown['objects']} archived objects as of {shown['made_at']}")
            say("now run `koll verify`, then `koll doctor`")


def verify(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Check every archived file against its hash and every complaint against its raw source. Changes nothing."""
    from flows.upkeep.verify import verify_place
    from flows.workplace import open_workplace

    with telling_faults():
        found = verify_place(open_workplace(config))
        if as_json:
            print_json(vars(found))
        else:
            for fault in found.faults[:_SHOWN]:
                say(fault)
            if len(found.faults) > _SHOWN:
                say(f"... and {len(found.faults) - _SHOWN} more; all with --json")
            for source, why in found.unread.items():
                say(f"{source}: complaints not compared: {why}")
            say(
                f"{found.files} archived files and {found.complaints} complaints checked, {found.forgotten} whose raw"
                f" source is forgotten; {len(found.faults)} fault(s)"
            )
        if found.faults:
            raise typer.Exit(1)


@archive.command("new-key")
def new_key() -> None:
    """Print a new key for KOLL_ARCHIVE_KEY. Put it before the one in use, set apart by a comma, then rotate."""
    from sources.archive.sealing import make_key

    say(make_key())


@archive.command("rotate")
def rotate(config: Config = CONFIG) -> None:
    """Seal everything in the archive with the newest key; a key beside the archive is exchanged for a new one."""
    from flows.upkeep.keys import rotate_keys
    from flows.workplace import open_workplace

    with telling_faults():
        place = open_workplace(config)
        with place.exclusively():
            number, own = rotate_keys(place)
        say(f"{number} archived object(s) sealed with the newest key")
        say(
            f"{place.find_key_file('archive_key')} holds it; the old one is gone: back the new one up"
            if own
            else "every other key in KOLL_ARCHIVE_KEY can be taken away now"
        )


def automations(
    config: Config = CONFIG,
    hours: Annotated[
        int, typer.Option("--hours", min=2, max=24 * 14, help="How long there may be between the ends of two nights.")
    ] = 26,
    try_out: Annotated[bool, typer.Option("--try", help="Also mail operators now what the server would mail.")] = False,
) -> None:
    """Have the Prefect server mail the group `operators` when a night fails, and when none comes."""
    if not os.environ.get("PREFECT_API_URL"):
        fail("which Prefect server? set PREFECT_API_URL, as for `prefect deploy`; without one, see [alerts] ping_url")
    with telling_faults():
        _set_automations(config, hours, try_out=try_out)


def _set_automations(config: Path, hours: int, *, try_out: bool) -> None:
    import asyncio
    from datetime import timedelta

    from httpx import HTTPError
    from prefect.blocks.abstract import NotificationError

    from flows.upkeep.automations import NotDeployed, set_automations
    from flows.upkeep.notice import NobodyToTell, prepare_notice, try_notice
    from flows.workplace import open_workplace

    place = open_workplace(config)
    notice = None
    try:
        try:
            notice = prepare_notice(place)
        except NobodyToTell as error:
            say(f"{error}. Until then the mail about a night that lacks needs a worker that runs.")
        for name in asyncio.run(set_automations(timedelta(hours=hours), notice)):
            say(f"set: {name}")
        if try_out:
            try_notice(place)
            say("the mail server took a trial mail to operators")
    except (NotDeployed, NobodyToTell) as error:
        fail(str(error))
    except NotificationError:
        fail("the mail server did not take the trial mail; `koll doctor` says more about [mail] smtp")
    except HTTPError as error:
        fail(f"{os.environ['PREFECT_API_URL']}: {type(error).__name__}; is the server up? (`prefect server start`)")
