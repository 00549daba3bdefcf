"""Counting, deciding and mailing, once a night: ledger and outbox in one transaction, then delivery."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import Connection, update
from sqlmodel import Session

from flows.intake.reading import Order
from flows.looking.standing import are_declarations_known, load_source_states, pick_country_source
from flows.mail.compose import Mailing, compose_messages, compose_weekly, to_describe
from flows.mail.letters.letter import Enclosure
from flows.mail.sender import MailIdentity
from flows.mail.sending.bounces import find_stopped, leave_out, note_bounces
from flows.mail.sending.channels import ChannelTransport, compose_texts
from flows.mail.sending.delivery import MailOutcome, deliver, list_dead
from flows.mail.sending.leaving import withdraw_mail
from flows.mail.sending.transports import MaildirTransport, SmtpTransport, Transport
from flows.workplace import Workplace, read_secret
from models.alerting.evaluation import Due
from models.alerting.findings import look_up_findings
from models.alerting.ledger.decide import decide
from models.alerting.measuring.measure import last_decided, measure_night
from models.alerting.tables import TEXT, compare_outbox, read_ledger, read_weekly, write_night
from models.storage.store import writing
from models.storage.tables import Run


@dataclass(frozen=True)
class AlertReport:
    """What the night's last part did: new events and mails, and what became of the outbox."""

    events: int
    mails: int
    sent: int
    waiting: int
    dead: int
    missing: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()  # groups that mail no longer reaches

    @property
    def all_out(self) -> bool:
        """Whether every event is in a mail and every mail is out."""
        return not (self.waiting or self.dead or self.missing or self.silent)


def settle_alerts(place: Workplace, order: Order, log: Callable[[str], None]) -> AlertReport:
    """Decide about tonight's counts, write ledger and outbox together, send what is due."""
    with writing(place.engine) as connection, Session(bind=connection) as session:
        note_bounces(place, connection, log)
        new_events, new_mails = _decide_and_write(place, order, connection, session)
        connection.execute(
            update(Run.__table__)  # type: ignore[attr-defined]
            .where(Run.__table__.c.run_id == order.run_id)  # type: ignore[attr-defined]
            .values(decided_at=place.clock())
        )
    log(f"alerts: {new_events} new event(s), {new_mails} mail(s) to send")
    return send_mail(place, log, new_events, new_mails)


def send_mail(place: Workplace, log: Callable[[str], None], events: int = 0, mails: int = 0) -> AlertReport:
    """Send what is due in the outbox, and check that every event that should have been told is in a mail."""
    with writing(place.engine) as connection:
        withdrawn, instead = withdraw_mail(place, connection, alone=place.one_writer.is_alone)
    if withdrawn:
        log(f"mail: {withdrawn} not sent, since the address has left [mail.groups]; {instead} to others in their place")
    transport = make_transport(place)
    try:
        alone = place.one_writer.is_alone
        report = deliver(lambda: Session(place.engine), transport, place.clock(), clock=place.clock, alone=alone)
    finally:
        transport.close()
    with Session(place.engine) as session:
        missing = tuple(compare_outbox(session))
        silent = find_silent(place, session.connection())
    for outcome in (*report.dead, *report.waiting):
        log(_tell_mail(place, outcome))
    for group in silent:
        log(f"mail: no address of the group {group} takes mail any more; mend [mail.groups]")
    for line in missing:
        log(f"alerts: {line}")
    log(f"mail: {len(report.sent)} sent, {len(report.waiting)} waiting, {len(report.dead)} refused")
    return AlertReport(events, mails, len(report.sent), len(report.waiting), len(report.dead), missing, silent)


def _tell_mail(place: Workplace, outcome: MailOutcome) -> str:
    """Say what a mail server answered, which one, and what becomes of the mail."""
    said = f"{outcome.code or ''} {outcome.reply}".strip() or "has not been asked yet"
    where = "the channel" if outcome.kind == TEXT else name_relay(place)
    line = f"mail to {', '.join(outcome.groups)}: {where}: {said}"
    if outcome.next_try:
        return f"{line}; it waits and is tried again: `koll alerts send`, or the next night"
    return (
        f"{line}; refused for good: mend [mail.groups] or ask whoever runs the server, then `koll alerts send --again`"
    )


def name_relay(place: Workplace) -> str:
    """Return where mail leaves, without the user."""
    mail = place.settings.mail
    if mail.smtp is None:
        return str(mail.maildir)
    parts = urlsplit(mail.smtp)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


def _decide_and_write(place: Workplace, order: Order, connection: Connection, session: Session) -> tuple[int, int]:
    settings = place.settings
    ledger = read_ledger(connection)
    night = measure_night(
        connection,
        settings.rules,
        settings.alerts,
        ledger,
        load_source_states(place, connection, order.business_date),
        business_date=order.business_date,
        run_id=order.run_id,
        now=place.clock(),
        follow_ups=settings.follow_up,
        dues_known=are_declarations_known(place, connection, order.business_date),
    )
    events = decide(settings.rules, settings.alerts, night, ledger)
    rules = {rule.id: rule for rule in settings.rules}
    weekly, mailed = read_weekly(session, order.business_date)
    wanted = {pair for pair in to_describe([*events, *weekly], settings.rules) if pair[0] in rules}
    country = pick_country_source(place, connection)
    mailing = Mailing(
        rules=settings.rules,
        alerts=settings.alerts,
        night=night,
        findings=look_up_findings(connection, wanted, rules, night, ledger, country),
        identity=identify_sender(place, connection),
        undelivered=_list_undelivered(place, connection, order),
        enclose=lambda due: enclose_form(place, connection, due),
    )
    mails = compose_messages(events, mailing) + compose_texts(events, mailing)
    new_events, new_mails = write_night(session, events, mails)
    # The weekly letter is composed from the ledger as it now stands, tonight's weekly lines among them.
    weekly, mailed = read_weekly(session, order.business_date)
    _, weekly_mails = write_night(session, [], compose_weekly(weekly, mailing, mailed))
    return new_events, new_mails + weekly_mails


def enclose_form(place: Workplace, connection: Connection, due: Due) -> Enclosure:
    """Return the form that a member is to fill in, as a letter's enclosure."""
    from flows.declarations.forms import write_form_for  # openpyxl is needed on few nights

    return Enclosure(*write_form_for(place, connection, due.member, due.year))


def _list_undelivered(place: Workplace, connection: Connection, order: Order) -> tuple[str, ...]:
    since = last_decided(connection, order.run_id)
    dead = list_dead(lambda: Session(place.engine), since)
    return tuple(f"{', '.join(one.groups)}: {one.code or ''} {one.reply}".strip() for one in dead)


def find_silent(place: Workplace, connection: Connection) -> tuple[str, ...]:
    """Return the groups that have addresses, none of which takes mail any more."""
    groups, stopped = place.settings.mail.groups, find_stopped(place, connection)
    live = leave_out(groups, stopped)
    return tuple(name for name, people in groups.items() if people and not live[name])


def identify_sender(place: Workplace, connection: Connection | None = None) -> MailIdentity:
    """Return who mail is from and to; with a connection, without the addresses from which mail comes back."""
    association, mail = place.settings.association, place.settings.mail
    stopped = find_stopped(place, connection) if connection is not None else frozenset()
    live = leave_out(mail.groups, stopped)
    return MailIdentity(
        association=association.name,
        language=association.language,
        timezone=association.timezone,
        sender=mail.sender,
        groups={name: live[name] or people for name, people in mail.groups.items()},
        stopped={name: len(people) - len(live[name]) for name, people in mail.groups.items()},
        key=place.hash_key,
        bounce=mail.bounce,
        reply_to=mail.reply_to,
        page_url=place.settings.page.url,
        charts=mail.charts,
    )


def make_transport(place: Workplace) -> Transport:
    """Return the SMTP server that is configured, or the Maildir when there is none; with the channels beside it."""
    mail = place.settings.mail
    letters: Transport = MaildirTransport(mail.maildir)
    if mail.smtp is not None:
        letters = SmtpTransport(mail.smtp, password=lambda: read_secret("smtp_password"))
    return ChannelTransport(letters, lambda name: read_secret(f"channel_{name}"))
