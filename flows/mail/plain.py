"""A mail of text alone that a machine writes: a receipt, a word to those who run the installation."""

from datetime import datetime
from email.charset import QP, Charset
from email.message import Message
from email.mime.text import MIMEText
from email.utils import format_datetime


def write_plain(text: str, *, sender: str, to: str, subject: str, at: datetime, message_id: str, auto: str) -> Message:
    """Return the mail; its headers tell every machine that a machine wrote it, and ``auto`` why (RFC 3834)."""
    charset = Charset("utf-8")
    charset.body_encoding = QP
    message = MIMEText(text, "plain")
    del message["Content-Transfer-Encoding"]
    message.set_payload(text, charset)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = auto
    message["X-Auto-Response-Suppress"] = "All"
    return message
