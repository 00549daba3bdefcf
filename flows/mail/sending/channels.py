"""Short texts to other channels (a chat, an SMS gateway): what they say, without personal data, and how one leaves.

A channel is one more recipient: a row of the outbox for each text, tried again and given up like a mail. Where it leads
is an address of apprise's, a secret that is asked for only when something is sent.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable

from flows.mail.compose import Mailing, rank_singles
from flows.mail.sending.transports import MailNotTaken, Transport
from flows.mail.words.wording import Wording, plain
from models.alerting.evaluation import Night
from models.alerting.ledger.ledger import AlertEvent, Delivery, alert_id
from models.alerting.tables import TEXT, OutboxRow

_PREFIX = "channel:"
_SOLE_TRADER = "EF"  # how a sole trader's masked id begins: such a name is a person's


def compose_texts(events: Iterable[AlertEvent], mailing: Mailing) -> list[OutboxRow]:
    """Return the texts for tonight: one per channel and alert that gets a mail of its own, and one for the rest."""
    events, rows = list(events), []
    for channel, groups in mailing.alerts.channels.items():
        mine = [e for e in events if e.tells and e.delivery is Delivery.SINGLE and not set(groups).isdisjoint(e.groups)]
        mine = rank_singles(mine, mailing)
        most = mailing.alerts.single_mails_per_run
        for event in mine[:most]:
            rows.append(_freeze(channel, groups, [event], _say(event, mailing), mailing))
        if rest := mine[most:]:
            words = _words(mailing)
            said = words.say("text_more", association=mailing.identity.association, count=len(rest))
            rows.append(_freeze(channel, groups, rest, said, mailing))
    return rows


def _words(mailing: Mailing) -> Wording:
    return Wording(mailing.identity.language, mailing.identity.timezone)


def _say(event: AlertEvent, mailing: Mailing) -> str:
    return _words(mailing).say(
        "text_alert", association=plain(mailing.identity.association, 40), rule=event.rule_id,
        name=_name(event, mailing.night, _words(mailing)), number=alert_id(event.key),
    )  # fmt: skip


def _name(event: AlertEvent, night: Night, words: Wording) -> str:
    facts = night.members.get(event.member)
    if event.member.startswith(_SOLE_TRADER):
        return words.say("a_sole_trader")
    return plain(facts.name, 60) if facts else plain(event.subject, 60) or words.say("unnamed")


def _freeze(
    channel: str, groups: Iterable[str], events: list[AlertEvent], said: str, mailing: Mailing
) -> OutboxRow:  # fmt: skip
    event_ids = sorted(event.event_id for event in events)
    recipient, night = _PREFIX + channel, mailing.night
    key = hashlib.sha256("|".join([recipient, *event_ids]).encode()).hexdigest()
    return OutboxRow(
        key=key, recipient=recipient, groups=sorted(groups), kind=TEXT, event_ids=event_ids, subject=said,
        message=said.encode(), message_id=f"<{key[:32]}@{mailing.identity.domain}>", envelope_from="",
        run_id=night.run_id, business_date=night.business_date, next_try=night.now, created=night.now,
    )  # fmt: skip


class ChannelTransport:
    """Sends texts through apprise, and everything else as ``mail`` does. ``find_address`` looks up a channel's."""

    def __init__(self, mail: Transport, find_address: Callable[[str], str | None]) -> None:
        self._mail, self._find_address = mail, find_address

    def send(self, key: str, envelope_from: str, recipient: str, message: bytes) -> tuple[int, str]:
        """Send one mail or text; see Transport. What a channel answers is not told: it can repeat its address."""
        if not recipient.startswith(_PREFIX):
            return self._mail.send(key, envelope_from, recipient, message)
        name = recipient.removeprefix(_PREFIX)
        address = self._find_address(name)
        if not address:
            raise MailNotTaken(None, f"KOLL_CHANNEL_{name.upper()} is not set", permanent=False)
        _notify(name, address, message.decode())
        return 250, "taken"

    def close(self) -> None:
        """End the mail server's conversation."""
        self._mail.close()


def _notify(name: str, address: str, said: str) -> None:
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its warnings repeat the address, keys and all
    channel = apprise.Apprise()
    if not channel.add(address):
        raise MailNotTaken(None, f"KOLL_CHANNEL_{name.upper()} holds no address that apprise knows", permanent=False)
    try:
        taken = channel.notify(body=said)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise MailNotTaken(None, f"the channel failed ({type(error).__name__})", permanent=False) from None
    if not taken:
        raise MailNotTaken(None, "the channel did not take it", permanent=False)
