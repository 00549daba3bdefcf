"""Commands on the tip inbox: what came, whom it is about, what is no tip. Every decision is kept, with who and why."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.shared import CONFIG, AsJson, Config, fail, print_json, print_table, say, telling_faults

tips = typer.Typer(no_args_is_help=True, help="The tip inbox: look, search, set aside, say whom a tip is about.")
Ident = Annotated[str, typer.Argument(metavar="TIP", help="The id that `list` shows, or how it begins.")]
Who = Annotated[str, typer.Option("--by", help="Who decides; your user name by default.")]
Because = Annotated[str, typer.Option("--why", help="The reason, for whoever asks later.")]
_COLUMNS = ("tip", "received", "event", "channel", "standing", "member", "thread", "copies", "begins")


@tips.command("list")
def list_all(
    config: Config = CONFIG,
    search: Annotated[str, typer.Option("--search", help="Only tips with these words; case and accents aside.")] = "",
    member: Annotated[str, typer.Option("--member", help="Only tips about this member.")] = "",
    standing: Annotated[str, typer.Option("--standing", help="counted, asked, nobody or aside.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 200,
    as_json: AsJson = False,
) -> None:
    """List the inbox, newest first: where each mail stands, its thread, and how many copies of its text came."""
    from flows.tips.inbox import STANDINGS, list_tips

    if standing and standing not in STANDINGS:
        raise typer.BadParameter(f"one of {', '.join(STANDINGS)} is needed", param_hint="--standing")
    with telling_faults():
        found = list_tips(_open(config), search=search, member=member.replace("-", ""), standing=standing)
        if as_json:
            print_json(found[:limit])
            return
        for row in found:
            row["tip"], row["begins"] = row["tip"][:16], _begin(row["text"])
        print_table("Tips", found[:limit], _COLUMNS)
        if len(found) > limit:
            say(f"{len(found) - limit} more; see --limit and --search")


def _begin(text: str | None) -> str:
    words = " ".join((text or "").split())
    return words if len(words) <= 60 else f"{words[:59]}\u2026"


@tips.command("show")
def show(ident: Ident, config: Config = CONFIG, as_json: AsJson = False) -> None:
    """Show one mail: its masked text, whom it names in which words, what hangs with it, and what people said."""
    from flows.tips.desk import show_tip
    from flows.tips.inbox import TipNotWorked

    with telling_faults():
        place = _open(config)
        try:
            row = show_tip(place, ident, _make_linker(place, ident))
        except TipNotWorked as error:
            fail(str(error))
        if as_json:
            print_json(row)
            return
        about = f"{row['member']} {row['name']}" if row["member"] else "nobody yet"
        say(f"{row['tip']}  received {row['received'] or 'unknown'}, {row['standing']}; about {about}")
        event, channel = row["event"] or "unknown", row["channel"] or "unknown"
        say(f"  happened: {event}; channel: {channel}; mails in its thread: {row['thread']}; copies: {row['copies']}")
        for one in row["named"]:
            say(f"  {one['band']:7} {one['member']} {one['name']} as {one['role']}: {one['sentence']}")
            say(f"          {one['why']}")
        for attached in row["attachments"]:
            media, size, digest = attached.split(":", 2)
            say(f"  attached, not kept: {media}, {size} bytes, sha256 {digest[:16]}")
        for act in row["decisions"]:
            told = " ".join(filter(None, (act["said"], act.get("member"), act["why"])))
            say(f"  {act['at']:%Y-%m-%d} {act['who']}: {told}")
        say("")
        say(row["text"] or "(no text, or its time is over)")


@tips.command("set-aside")
def put_aside(ident: Ident, config: Config = CONFIG, by: Who = "", why: Because = "") -> None:
    """Say that it is no tip: it counts for nobody, now and whenever it is read again."""
    from flows.tips.desk import set_aside

    _do(config, ident, lambda place, _linker, who: f"{set_aside(place, ident, who=who, why=why).source_id}: aside", by)


@tips.command("take")
def take(ident: Ident, config: Config = CONFIG, by: Who = "", why: Because = "") -> None:
    """Take in a mail that was set aside: it is a tip after all."""
    from flows.tips.desk import take_in

    _do(
        config, ident, lambda place, linker, who: f"{take_in(place, ident, linker, who=who, why=why).source_id}: in", by
    )


@tips.command("attach")
def attach_to(
    ident: Ident,
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="Its organisation number or id.")],
    config: Config = CONFIG,
    by: Who = "",
    why: Because = "",
) -> None:
    """Say which member a tip is about; a mail that was set aside is taken in by it."""
    from flows.tips.desk import attach

    number = member.replace("-", "").strip()
    _do(
        config,
        ident,
        lambda place, linker, who: f"{attach(place, ident, number, linker, who=who, why=why).source_id}: {number}",
        by,
    )


@tips.command("undo")
def take_back(ident: Ident, config: Config = CONFIG, by: Who = "", why: Because = "") -> None:
    """Take the last decision about a mail back."""
    from flows.tips.desk import undo

    _do(config, ident, lambda place, linker, who: f"taken back: {undo(place, ident, linker, who=who, why=why)}", by)


def _do(config: Path, ident: str, act: Any, by: str) -> None:
    """Carry one decision out under the lock, then count anew what it touches."""
    from flows.intake.matching import make_matcher
    from flows.night import run_relink
    from flows.tips.inbox import TipNotWorked

    with telling_faults():
        place = _open(config)
        with place.exclusively():
            try:
                told = act(place, _make_linker(place, ident), by or getpass.getuser())
            except TipNotWorked as error:
                fail(str(error))
            changed = run_relink(place, make_matcher(place), say)
        say(f"{told}; {changed} complaint(s) or links changed with it")


def _open(config: Path) -> Any:
    from flows.workplace import open_workplace

    return open_workplace(config)


def _make_linker(place: Any, ident: str) -> Any:
    from flows.intake.matching import make_linkers
    from flows.tips.inbox import TipNotWorked, find_tip

    with place.engine.connect() as connection:
        try:
            source = find_tip(connection, ident).source
        except TipNotWorked as error:
            fail(str(error))
    return make_linkers(place)(source)
