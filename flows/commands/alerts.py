"""Commands about alerts: what stands, what is behind one, what people answer; and what the rules would have sent."""

import getpass
from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any

import typer

from flows.commands.shared import CONFIG, AsJson, Config, day, fail, print_json, print_table, say, telling_faults

alerts = typer.Typer(no_args_is_help=True, help="Alerts toward staff.")
rules = typer.Typer(no_args_is_help=True, help="What the rules find.")
Number = Annotated[str, typer.Argument(metavar="ALERT", help="The number that `list` and the mails show.")]
Who = Annotated[str, typer.Option("--by", help="Who does it; your user name by default.")]


@alerts.command("list")
def list_alerts(config: Config = CONFIG, as_json: AsJson = False) -> None:
    """List where every alert stands."""
    from flows.looking.status import list_alert_states
    from flows.workplace import open_workplace

    with telling_faults():
        rows: list[dict[str, Any]] = list_alert_states(open_workplace(config))
        if as_json:
            print_json(rows)
        else:
            columns = ("alert", "rule", "member", "name", "channel", "standing", "level", "count", "since")
            print_table("Alerts", rows, (*columns, "silenced_until"))


@alerts.command("show")
def show(number: Number, config: Config = CONFIG, by: Who = "", as_json: AsJson = False) -> None:
    """Show an alert: its history, and every complaint behind it. Who looked is noted in the ledger."""
    from flows.alerts.answering import show_alert

    found = _try(config, lambda place: show_alert(place, number, by))
    if as_json:
        print_json(found)
        return
    about = found["name"] or found["subject"] or ""
    say(f"{found['alert']}  {found['rule']}  {about} {found['member'] or ''}  {found['standing']}")
    if found["window_from"]:
        say(f"  told on {found['told_on']}: {found['count']} in {found['window_from']} to {found['window_to']}")
    if found["silenced_until"]:
        say(f"  silenced until {found['silenced_until']}")
    print_table("What has happened", found["history"], ("on", "what", "reason", "count", "level", "by", "note"))
    print_table("Complaints behind it", found["complaints"], ("source", "source_id", "date", "channel", "url"))


@alerts.command("send")
def send(
    config: Config = CONFIG,
    again: Annotated[
        bool, typer.Option("--again", help="Also what was refused for good or given up, once its cause is mended.")
    ] = False,
    by: Who = "",
) -> None:
    """Send what waits in the outbox and is due: what a mail server put off, or a killed run left behind.

    Every night does it too. Ends with 1 when mail still waits or was refused; run it as often as you like.
    """
    from flows.alerts.settling import send_mail
    from flows.workplace import open_workplace

    with telling_faults():
        place = open_workplace(config)
        with place.exclusively():
            if again:
                _try_again(place, by or getpass.getuser())
            report = send_mail(place, say)
        if not report.all_out:
            raise typer.Exit(1)


def _try_again(place: Any, who: str) -> None:
    """Let refused mail wait anew, and write down who wants it."""
    from flows.mail.sending.delivery import try_again
    from models.audit import record_act
    from models.storage.store import writing

    with writing(place.engine) as connection:
        mails = try_again(connection, place.clock())
        if mails:
            record_act(connection, "mail.again", "outbox", who=who, at=place.clock(), details={"mails": mails})
    say(f"{mails} refused mail(s) are tried again")


@alerts.command("ack")
def ack(
    number: Number,
    config: Config = CONFIG,
    count: Annotated[
        int | None, typer.Option("--count", min=0, help="The count you have seen; the last mail's by default.")
    ] = None,
    by: Who = "",
) -> None:
    """Say "we have seen it": silent until it grows by half, and at least five."""
    from models.alerting.ledger.acts import acknowledge

    _do(config, number, by, lambda state, act: acknowledge(state, act, count), "acknowledged")


@alerts.command("silence")
def silence(
    number: Number,
    until: Annotated[date, typer.Option("--until", parser=day, metavar="YYYY-MM-DD", help="The last silent day.")],
    config: Config = CONFIG,
    by: Who = "",
) -> None:
    """Keep mail about it back through a date; what has changed by then is told afterwards."""
    from models.alerting.ledger.acts import silence as keep_silent

    _do(config, number, by, lambda state, act: keep_silent(state, act, until), f"silenced until {until}")


@alerts.command("close")
def close(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the ledger for good.")],
    config: Config = CONFIG,
    by: Who = "",
) -> None:
    """End it with a reason; it comes back when it gets worse, or recurs."""
    from models.alerting.ledger.acts import close as end

    _do(config, number, by, lambda state, act: end(state, act, reason), "closed")


@rules.command("check")
def check(
    first: Annotated[
        date | None, typer.Option("--from", parser=day, metavar="YYYY-MM-DD", help="The first night; a year ago.")
    ] = None,
    last: Annotated[
        date | None, typer.Option("--to", parser=day, metavar="YYYY-MM-DD", help="The last night; today.")
    ] = None,
    hindsight: Annotated[
        bool, typer.Option("--hindsight", help="See past days as they are known today, not as they were known then.")
    ] = False,
    config: Config = CONFIG,
    as_json: AsJson = False,
) -> None:
    """Replay past nights in memory and print what each rule would have sent, month by month. Nothing is sent."""
    from flows.alerts.replay import replay
    from flows.workplace import open_workplace

    with telling_faults():
        place = open_workplace(config)
        last = last or place.today()
        first = first or last - timedelta(days=364)
        if first > last:
            fail(f"--from {first} is after --to {last}: give the earlier day first")
        rows = replay(place, first, last, hindsight=hindsight)
        if as_json:
            print_json(rows)
            return
        print_table(
            "What the rules would have sent", rows,
            ("rule", "month", "mails", "digest_lines", "weekly_lines", "chance_alone"),
        )  # fmt: skip
        sent = {name: sum(row[name] for row in rows) for name in ("mails", "digest_lines", "weekly_lines")}
        say(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sent.items()) + "; nothing was sent")


def _do(config: Any, number: str, by: str, how: Callable[[Any, Any], Any], done: str) -> None:
    from flows.alerts.answering import act_on
    from models.alerting.ledger.ledger import alert_id

    state = _try(config, lambda place: act_on(place, number, by, how))
    say(f"{alert_id(state.key)}: {done}")


def _try(config: Any, ask: Callable[[Any], Any]) -> Any:
    from flows.workplace import open_workplace
    from models.alerting.ledger.acts import ActImpossible, AlertUnknown

    with telling_faults():
        try:
            return ask(open_workplace(config))
        except (ActImpossible, AlertUnknown) as error:
            fail(str(error))
