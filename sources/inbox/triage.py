"""Which mail is a tip, and which is set aside, with the reason: machines write to an inbox more often than people.

Only what a machine says of itself counts (RFC 3834, 3464, 5965, 2369), and subjects no person writes. A list is
no reason when it is the association's own: many an office reads its mail through a group. Nothing is thrown away:
a mail set aside is stored as such, and a person can take it in.
"""

import re

from sources.inbox.mail import Mail

_AWAY = re.compile(
    r"(?:automatiskt svar:? ?|autosvar:? ?|automatic reply:? ?|auto(?:reply)?:? ?)?"
    r"(?:frånvaro(?:meddelande|avisering)?\b|frånvarande\b|ej på (?:kontoret|plats)\b|är (?:på semester"
    r"|inte på kontoret)\b"
    r"|semester(?:meddelande)?\s*$|tjänstledig\b|föräldraledig\b|out[- ]of[- ](?:the )?office\b|ooo\b|on (?:vacation"
    r"|leave|holiday)\b)",
    re.IGNORECASE,
)
_AWAY_WORDS = re.compile(
    r"\b(?:semester|frånvarande|ledig|föräldraledig|tjänstledig|åter på kontoret|tillbaka (?:den|på|igen)"
    r"|out of (?:the )?office|on (?:leave|vacation)"
    r"|inte på (?:kontoret|plats))\b",
    re.IGNORECASE,
)
_AUTOMATIC = re.compile(
    r"(?:autosvar|automatiskt svar|automatiskt meddelande|automatic reply|auto[- ]?reply|auto[- ]?response"
    r"|autosvar från)\b"
    r"|(?:vi har (?:mottagit|tagit emot) (?:ditt|din|er)|tack för (?:ditt|din) (?:mejl|mail|meddelande|e-post"
    r"|ärende))\b",
    re.IGNORECASE,
)
_RETURNED = re.compile(
    r"(?:undeliver(?:ed|able)\b|undelivered mail returned|returned mail\b|delivery status notification"
    r"|mail delivery (?:failed|failure|subsystem)"
    r"|delivery (?:failure|has failed)|failure notice|delivery notification|oleveransbar|kunde inte levereras"
    r"|det gick inte att leverera|olevererat|ej levererat)",
    re.IGNORECASE,
)
_DAEMON = re.compile(r"(?:mailer-daemon|mail-daemon|postmaster|mailerdaemon)@", re.IGNORECASE)
_SPAM_SUBJECT = re.compile(r"\W{0,6}(?:\bspam\b|skräppost)\W{1,6}", re.IGNORECASE)


def find_reason(mail: Mail, own_domain: str, words: str) -> str | None:
    """Return why a mail is set aside, a key of REASONS, or None for a tip. ``words`` are all it says, masked or not."""
    automatic = mail.header("auto-submitted").strip().lower()
    by_machine = bool(automatic) and not automatic.startswith("no")
    if _is_own(mail, own_domain.lower(), by_machine):
        return "own-alert"
    if mail.report == "feedback-report" or "message/feedback-report" in mail.types:
        return "feedback-report"
    if mail.report == "disposition-notification" or "message/disposition-notification" in mail.types:
        return "receipt"
    if _is_bounce(mail):
        return "bounce"
    if reason := _find_automatic(mail, by_machine, words):
        return reason
    if any(file.review for file in mail.attachments):
        return "review"
    if any(file.content is not None for file in mail.attachments):
        return "declaration"
    if _is_spam(mail):
        return "spam"
    if reason := _find_bulk(mail, own_domain.lower()):
        return reason
    if not mail.attachments and len(re.findall(r"\w{2,}", words)) < 2:
        return "empty"
    return None


def _is_own(mail: Mail, own_domain: str, by_machine: bool) -> bool:
    if "x-medlemskoll" in mail.headers:
        return True
    hosts = {address.rpartition("@")[2].lower() for address in (mail.sender, mail.message_id) if address}
    return by_machine and bool(own_domain) and any(_is_within(host, own_domain) for host in hosts)


def _is_within(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)


def _is_bounce(mail: Mail) -> bool:
    if (
        mail.report == "delivery-status"
        or "message/delivery-status" in mail.types
        or "x-failed-recipients" in mail.headers
    ):
        return True
    nobody = mail.header("return-path").strip() == "<>" or bool(_DAEMON.match(mail.sender or ""))
    return nobody and bool(_RETURNED.match(mail.subject) or mail.types[:1] == ("multipart/report",))


def _find_automatic(mail: Mail, by_machine: bool, words: str) -> str | None:
    if _AWAY.match(mail.subject):
        return "out-of-office"
    headers = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply")
    precedence = mail.header("precedence").strip().lower()
    says_so = (
        by_machine
        or precedence in {"auto_reply", "auto-reply"}
        or any(name in mail.headers and mail.header(name).strip().lower() not in {"no", "false"} for name in headers)
    )
    if says_so or _AUTOMATIC.match(mail.subject):
        return "out-of-office" if _AWAY_WORDS.search(words[:2000]) else "auto-reply"
    return None


def _is_spam(mail: Mail) -> bool:
    if any(mail.header(name).strip().lower().startswith("yes") for name in ("x-spam-flag", "x-spam-status", "x-spam")):
        return True
    level = mail.header("x-ms-exchange-organization-scl").strip()
    return (level.isdigit() and int(level[:2]) >= 5) or bool(_SPAM_SUBJECT.match(mail.subject))


def _find_bulk(mail: Mail, own_domain: str) -> str | None:
    list_host = mail.header("list-id").rpartition("<")[2].strip(" >").lower()
    if own_domain and list_host and _is_within(list_host, own_domain):
        return None
    precedence = mail.header("precedence").strip().lower()
    if "list-unsubscribe" in mail.headers and not {"list-post", "x-mailman-version"} & mail.headers.keys():
        return "newsletter"
    if precedence == "list" or {"list-id", "list-post", "mailing-list", "x-mailing-list"} & mail.headers.keys():
        return "mailing-list"
    if precedence in {"bulk", "junk"} or {"x-campaign", "x-campaignid", "feedback-id"} & mail.headers.keys():
        return "newsletter"
    return None
