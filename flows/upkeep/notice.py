"""What Prefect's server mails by itself, since a worker that is down is the commonest reason for a night that lacks.

Prefect's blocks for notifications hand an address to apprise, which sends mail as well as it fills a chat. The Slack
block is the one of them that takes any address as it is, so that is what carries ours; nothing goes to Slack.
"""

from urllib.parse import quote, urlencode, urlsplit

from prefect.blocks.notifications import SlackWebhook
from prefect.events.actions import SendNotification

from flows.mail.sending.transports import PORTS
from flows.upkeep.operators import SUBJECT
from flows.workplace import Workplace, read_secret
from models.alerting.rule_types import OPERATORS

BLOCK = "koll-operators"
_MODES = {"smtp": "insecure", "smtps": "ssl", "smtp+starttls": "starttls"}
_TEXT = {
    "sv": """Ingen nattkörning har slutförts på så länge som den borde.

Se efter att arbetaren (prefect worker start --pool medlemskoll) och databasen är igång, och kör sedan:

    koll doctor
    koll nightly
""",
    "en": """No night has ended for longer than it should.

See that the worker (prefect worker start --pool medlemskoll) and the database are up, then run:

    koll doctor
    koll nightly
""",
}


class NobodyToTell(RuntimeError):
    """There is no mail server or no operator to write to; the text says what to set."""


def address_operators(place: Workplace) -> str:
    """Return apprise's address for mail to [mail.groups] operators, with the password in it. Raises NobodyToTell."""
    mail = place.settings.mail
    to = mail.groups.get(OPERATORS, [])
    if not to:
        raise NobodyToTell('nobody to tell: set operators = ["drift@example.org"] under [mail.groups]')
    if mail.smtp is None:
        raise NobodyToTell("no mail server: set smtp under [mail]")
    parts = urlsplit(mail.smtp)
    user = ""
    if parts.username:
        password = read_secret("smtp_password")
        if not password:
            raise NobodyToTell("no password for the mail server: set KOLL_SMTP_PASSWORD or KOLL_SMTP_PASSWORD_FILE")
        user = f"{parts.username}:{quote(password, safe='')}@"
    host = parts.hostname or ""
    told = {"smtp": host, "from": mail.sender, "to": ",".join(to), "mode": _MODES[parts.scheme], "format": "text"}
    scheme = "mailto" if parts.scheme == "smtp" else "mailtos"
    where = f"{scheme}://{user}{host}:{parts.port or PORTS[parts.scheme]}"
    return f"{where}?{urlencode(told)}&+Auto-Submitted=auto-generated"


def prepare_notice(place: Workplace) -> SendNotification:
    """Keep the address as a secret block in Prefect, and return what mails through it. Raises NobodyToTell."""
    block_id = SlackWebhook(url=address_operators(place)).save(BLOCK, overwrite=True)
    subject, text = _write(place)
    return SendNotification(block_document_id=block_id, subject=subject, body=text)


def try_notice(place: Workplace) -> None:
    """Send operators the same mail now, marked as a trial. Raises NobodyToTell, prefect's NotificationError."""
    block = SlackWebhook(url=address_operators(place))
    subject, text = _write(place)
    with block.raise_on_failure():
        block.notify(f"(koll automations --try)\n\n{text}", f"TEST {subject}")


def _write(place: Workplace) -> tuple[str, str]:
    language = place.settings.association.language
    name = place.settings.association.name.replace("{", "(").replace("}", ")")  # Prefect fills in what is in braces
    return SUBJECT[language, "missing"].format(name=name), _TEXT[language]
