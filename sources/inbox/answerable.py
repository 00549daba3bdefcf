"""Whether a machine may answer a mail (RFC 3834, section 2): never lists, machines, or who may be somebody else."""

import re

from sources.inbox.headers import find_address
from sources.inbox.mail import Mail

_NOBODY = re.compile(
    r"(?:no|do-?not|donot|ingen)[-_.]?(?:reply|svar)\b|svara-?(?:ej|inte)\b|mailer-?daemon|mail-?daemon|postmaster"
    r"|bounces?\b"
    r"|.*-(?:request|owner|bounces)@|listserv|majordomo",
    re.IGNORECASE,
)
_LISTS = {
    "list-id",
    "list-post",
    "list-unsubscribe",
    "list-help",
    "mailing-list",
    "x-mailing-list",
    "x-loop",
    "feedback-id",
}
_MACHINES = {"x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply", "x-medlemskoll"}


def find_answer_address(mail: Mail, own_domain: str) -> str | None:
    """Return whom an automatic answer to this mail may go to, or None.

    It goes to the one address in From, and only when the envelope, where it is known, is of the same domain: else
    whoever forges a From has us write to a stranger.
    """
    written = mail.headers.get("from", ())
    if mail.sender is None or len(written) != 1 or not mail.sender.isascii() or _NOBODY.match(mail.sender):
        return None
    host = mail.sender.partition("@")[2]
    if host == own_domain or host.endswith(f".{own_domain}") or "." not in host:
        return None
    automatic = mail.header("auto-submitted").strip().lower()
    suppressed = mail.header("x-auto-response-suppress").lower()
    if (automatic and automatic != "no") or mail.header("precedence").strip() or "all" in suppressed:
        return None
    if (_LISTS | _MACHINES) & mail.headers.keys() or "autoreply" in suppressed:
        return None
    envelope = mail.header("return-path").strip()
    if envelope and (find_address(envelope)[1] or "").partition("@")[2] != host:
        return None
    return mail.sender
