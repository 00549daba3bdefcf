"""From tonight's events to messages: who gets a mail of their own about what, who a digest, and the frozen bytes."""

import hashlib
import hmac
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.charset import QP, Charset
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime, formataddr
from zoneinfo import ZoneInfo

from flows.mail.letters.alert_letter import write_alert
from flows.mail.letters.desktop import Desktop
from flows.mail.letters.digest_letter import write_digest, write_introduction, write_weekly
from flows.mail.letters.due_letter import find_due, is_about_due, write_dues, write_reminder
from flows.mail.letters.letter import Enclosure, Letter, Text, draw
from flows.mail.letters.limit_letter import excess_of
from flows.mail.sender import MailIdentity
from flows.mail.words.wording import Wording, plain
from models.alerting.evaluation import Due, Findings, Night
from models.alerting.ledger.ledger import AlertEvent, Delivery, Reason, What
from models.alerting.rules import MEMBERS, OPERATORS, AlertsConfig, CountingRule, EventRule, RuleConfig
from models.alerting.tables import OutboxRow

_MONDAY = 0

_FIRST = (Reason.RETRACTED, Reason.EVENT, Reason.FOLLOW_UP_DUE)
_LAST = (Reason.REMINDER,)


@dataclass(frozen=True)
class Mailing:
    """What compose needs besides the events. ``findings`` by (rule_id, member); ``undelivered`` in a few words each.

    ``enclose`` gives the form that goes with a letter to a member.
    """

    rules: Sequence[RuleConfig]
    alerts: AlertsConfig
    night: Night
    findings: Mapping[tuple[str, str], Findings]
    identity: MailIdentity
    undelivered: tuple[str, ...] = ()
    enclose: Callable[[Due], Enclosure] | None = None


def to_describe(events: Iterable[AlertEvent], rules: Iterable[RuleConfig]) -> set[tuple[str, str]]:
    """Return the (rule_id, member) that ``compose_messages`` shows figures of: look up their ``Findings``."""
    about_members = {rule.id for rule in rules if isinstance(rule, CountingRule | EventRule)}
    return {(event.rule_id, event.member) for event in events if event.tells and event.rule_id in about_members}


def compose_messages(events: Sequence[AlertEvent], mailing: Mailing) -> list[OutboxRow]:
    """Return one frozen mail per recipient and letter for the events that tell somebody something.

    Per recipient: at most ``single_mails_per_run`` mails about one alert, one digest for the rest, and one for what
    new rules found. Events for the weekly letter are left to ``compose_weekly``.
    """
    marks = [event for event in events if event.kind is What.INTRODUCED]
    rows = []
    for recipient, (groups, mine) in _by_recipient(events, mailing.identity).items():
        desk = _desk(mailing, groups)
        if dues := [event for event in mine if is_about_due(event, desk)]:
            rows.append(_freeze(write_dues(dues, desk), "dues", dues, recipient, groups, mailing))
            mine = [event for event in mine if event not in dues]
        introduced = [event for event in mine if event.reason is Reason.RULE_INTRODUCED]
        singles = [event for event in mine if event.delivery is Delivery.SINGLE]
        singles.sort(key=lambda event: _priority(event, desk))
        most = mailing.alerts.single_mails_per_run
        rest = singles[most:] + [
            e for e in mine if e.delivery is Delivery.DIGEST and e.reason is not Reason.RULE_INTRODUCED
        ]
        for event in singles[:most]:
            rows.append(_freeze(write_alert(event, desk), "single", [event], recipient, groups, mailing))
        if rest:
            shown = most if len(singles) > most else 0
            rows.append(_freeze(write_digest(rest, shown, desk), "digest", rest, recipient, groups, mailing))
        if introduced:
            letter = write_introduction(introduced, marks, desk)
            rows.append(_freeze(letter, "introduced", introduced, recipient, groups, mailing))
    return rows + list(_write_to_members(events, mailing))


def _write_to_members(events: Iterable[AlertEvent], mailing: Mailing) -> Iterator[OutboxRow]:
    """Yield the mails to members: one about each event, so that none tells of another member."""
    desk = _desk(mailing, (MEMBERS,))
    for event in events:
        if event.tells and MEMBERS in event.groups:
            due = find_due(event, desk)
            enclosed = mailing.enclose(due) if mailing.enclose and due else None
            facts, letter = mailing.night.members[event.member], write_reminder(event, desk, enclosed)
            if letter is not None and facts.contact is not None:
                yield _freeze(letter, "reminder", [event], facts.contact, desk.groups, mailing)


def compose_weekly(waiting: Sequence[AlertEvent], mailing: Mailing, mailed: Collection[str]) -> list[OutboxRow]:
    """Return Monday's letters, one for each address that any rule writes to; none on other days.

    ``waiting`` are the ledger's weekly events that are in no mail yet; ``mailed`` the recipients of this night's other
    mails, who need not hear that there is nothing to decide. Composed twice the keys are the same.
    """
    if mailing.night.business_date.weekday() != _MONDAY:
        return []
    mine_by_recipient = _by_recipient((e for e in waiting if e.delivery is Delivery.WEEKLY), mailing.identity, True)
    readers: dict[str, set[str]] = {}
    for rule in mailing.rules:
        for group in rule.staff:
            for address in mailing.identity.groups.get(group, ()):
                readers.setdefault(address.casefold(), set()).add(group)
    rows = []
    addresses = {address.casefold(): address for group in mailing.identity.groups.values() for address in group}
    for folded, groups in readers.items():
        recipient = addresses[folded]
        mine = mine_by_recipient.get(recipient, (groups, []))[1]
        if not mine and recipient in mailed:
            continue
        desk = _desk(mailing, tuple(sorted(groups)))
        occasion = f"weekly {mailing.night.business_date}"
        rows.append(_freeze(write_weekly(mine, desk), "weekly", mine, recipient, desk.groups, mailing, occasion))
    return rows


def rank_singles(events: Iterable[AlertEvent], mailing: Mailing) -> list[AlertEvent]:
    """Return events in the order in which they are worth a message of their own."""
    desk = _desk(mailing, ())
    return sorted(events, key=lambda event: _priority(event, desk))


def _by_recipient(
    events: Iterable[AlertEvent], identity: MailIdentity, weekly: bool = False
) -> dict[str, tuple[tuple[str, ...], list[AlertEvent]]]:
    """Return for each address its groups and events; an address in two groups gets one mail."""
    addresses: dict[str, str] = {}
    found: dict[str, tuple[set[str], dict[str, AlertEvent]]] = {}
    for event in events:
        if not event.tells or (event.delivery is Delivery.WEEKLY) != weekly:
            continue
        for group in event.groups:
            for address in identity.groups.get(group, ()):
                recipient = addresses.setdefault(address.casefold(), address)
                groups, mine = found.setdefault(recipient, (set(), {}))
                groups.add(group)
                mine[event.event_id] = event
    return {recipient: (tuple(sorted(groups)), list(mine.values())) for recipient, (groups, mine) in found.items()}


def _priority(event: AlertEvent, desk: Desktop) -> tuple[int, float, str]:
    """Corrections and decisions first, reminders last, and between them who is furthest over the limit."""
    place = 0 if event.reason in _FIRST else 2 if event.reason in _LAST else 1
    return place, -excess_of(event, desk.rule(event)), event.event_id


def _desk(mailing: Mailing, groups: tuple[str, ...]) -> Desktop:
    identity = mailing.identity
    words = Wording(identity.language, identity.timezone)
    rules = {rule.id: rule for rule in mailing.rules}
    return Desktop(
        mailing.night,
        rules,
        mailing.findings,
        words,
        identity.association,
        groups,
        mailing.alerts.false_alerts_per_year,
        identity.page_url,
        identity.charts,
    )


def _freeze(
    letter: Letter,
    kind: str,
    events: Sequence[AlertEvent],
    recipient: str,
    groups: tuple[str, ...],
    mailing: Mailing,
    occasion: str = "",
) -> OutboxRow:
    """Draw a letter and fix everything about it: retries send these very bytes."""
    identity, night = mailing.identity, mailing.night
    event_ids = sorted(event.event_id for event in events)
    key = hashlib.sha256("|".join([recipient, *([occasion] if occasion else event_ids)]).encode()).hexdigest()
    if mailing.undelivered and OPERATORS in groups:
        letter = _tell_undelivered(letter, mailing)
    if stopped := sum(identity.stopped.get(group, 0) for group in groups):
        words = Wording(identity.language, identity.timezone)
        letter = replace(letter, blocks=(Text(words.say("stopped", count=stopped), "warning"), *letter.blocks))
    message_id = f"<{key[:32]}@{identity.domain}>"
    message = _build(letter, key, message_id, recipient, mailing)
    return OutboxRow(
        key=key,
        recipient=recipient,
        groups=list(groups),
        kind=kind,
        event_ids=event_ids,
        subject=letter.subject,
        message=message,
        message_id=message_id,
        envelope_from=sign_bounce(identity.bounce, key, identity.key) if identity.bounce else identity.sender,
        run_id=night.run_id,
        business_date=night.business_date,
        next_try=night.now,
        created=night.now,
    )


def _tell_undelivered(letter: Letter, mailing: Mailing) -> Letter:
    words = Wording(mailing.identity.language, mailing.identity.timezone)
    which = "; ".join(plain(one) for one in mailing.undelivered[:10])
    said = words.say("undelivered", count=len(mailing.undelivered), which=which)
    return replace(letter, blocks=(Text(said, "warning"), *letter.blocks))


def _build(letter: Letter, key: str, message_id: str, recipient: str, mailing: Mailing) -> bytes:
    """Return the message as it goes over the wire.

    Built with the classic policy: the newer one loses spaces between encoded words of a folded Subject.
    """
    identity = mailing.identity
    words = MIMEMultipart("alternative", boundary=f"=_{key[:32]}")
    message = MIMEMultipart("mixed", boundary=f"=_{key[32:]}") if letter.enclosed else words
    message["From"] = formataddr((plain(identity.association, 60), identity.sender), "utf-8")
    message["To"] = recipient
    message.add_header("Subject", _fold_subject(plain(letter.subject, 250)))
    message["Date"] = format_datetime(mailing.night.now.astimezone(ZoneInfo(identity.timezone)))
    message["Message-ID"] = message_id
    if identity.reply_to:
        message["Reply-To"] = identity.reply_to
    if letter.thread:
        thread = f"<{letter.thread}@{identity.domain}>"
        message["In-Reply-To"] = thread
        message["References"] = thread
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = letter.language
    plain_part, html_part = (
        _write_part(content, subtype) for content, subtype in zip(draw(letter), ("plain", "html"), strict=True)
    )
    words.attach(plain_part)
    words.attach(_put_in_pictures(html_part, letter, key))
    if letter.enclosed:
        message.attach(words)
        message.attach(_enclose(letter.enclosed))
    return message.as_bytes(policy=compat32.clone(linesep="\r\n"))


def _write_part(content: str, subtype: str) -> MIMENonMultipart:
    utf8 = Charset("utf-8")
    utf8.body_encoding = QP
    part = MIMENonMultipart("text", subtype, charset="utf-8")
    part.set_payload(content, utf8)
    return part


def _put_in_pictures(html: MIMENonMultipart, letter: Letter, key: str) -> MIMEBase:
    """Return the HTML part with the pictures that it names (RFC 2387), or alone where it names none."""
    pictures = letter.pictures()
    if not pictures:
        return html
    together = MIMEMultipart("related", boundary=f"=_{key[16:48]}", type="text/html")
    together.attach(html)
    for picture in pictures:
        part = MIMEBase("image", "png")
        part.set_payload(picture.content)
        encode_base64(part)
        part.add_header("Content-ID", f"<{picture.id}>")
        part.add_header("Content-Disposition", "inline", filename="weeks.png")
        together.attach(part)
    return together


def _enclose(enclosed: Enclosure) -> MIMEBase:
    part = MIMEBase(*enclosed.media_type)
    part.set_payload(enclosed.content)
    encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=enclosed.name)
    return part


def _fold_subject(subject: str) -> str:
    return Header(subject, "us-ascii" if subject.isascii() else "utf-8", header_name="Subject").encode()


def sign_bounce(address: str, key: str, secret: bytes) -> str:
    """Return ``bounce+{start of the outbox key}.{signature}@domain``: a bounce that comes back names its mail.

    Both parts are cut so that the local part keeps within the 64 characters of RFC 5321 for a short mailbox name.
    """
    local, _, domain = address.rpartition("@")
    start = key[:24]
    signature = hmac.new(secret, start.encode(), hashlib.sha256).hexdigest()[:16]
    return f"{local}+{start}.{signature}@{domain}"


def read_bounce(address: str, secret: bytes) -> str | None:
    """Return the start of the outbox key that a bounce address was signed for, or None when we did not sign it."""
    tagged = address.rpartition("@")[0].rpartition("+")[2]
    start, dot, signature = tagged.partition(".")
    expected = hmac.new(secret, start.encode(), hashlib.sha256).hexdigest()[:16]
    return start if dot and hmac.compare_digest(expected, signature.casefold()) else None
