"""160 invented tips with what a careful reader finds in them; half A was tuned on, half B was written before that.

Each file holds tips as ``=== ID CLASS``, header lines, a blank line, the text. ``Who`` lists members (how a legal name
begins, spaces as hyphens) with their role; ``?`` marks what no reader could count without asking a person.
``Event`` is the day of the event where the text tells one day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from models.matching.mention import KnownMember, KnownName
from models.members.register import read_register
from models.words import Channel, Role
from sources.register_file import read_register_file

FOLDER = Path(__file__).parent
HALVES = ("a", "b")


@dataclass(frozen=True)
class LabelledTip:
    """One tip and its labels: by member its role, and whether that is beyond doubt."""

    id: str
    kind: str
    subject: str
    sent: date
    who: dict[str, tuple[Role, bool]]
    event: date | None
    channel: Channel
    text: str

    def to_mail(self) -> bytes:
        """Return it as a person would have sent it."""
        mail = EmailMessage()
        mail["From"] = f"Myra Hittepå <myra.{self.id}@brevlada.example>"
        mail["To"] = "tips@forbund.example"
        mail["Subject"] = self.subject
        mail["Date"] = format_datetime(datetime.combine(self.sent, time(10), UTC))
        mail["Message-ID"] = f"<{self.id}@brevlada.example>"
        mail.set_content(self.text)
        return bytes(mail)


def load_members(key: bytes) -> list[KnownMember]:
    """Return the register of the set, as the matcher wants it."""
    register = read_register(*read_register_file(FOLDER / "register"), key)
    names: dict[str, list[KnownName]] = {}
    for name in register.names:
        known = KnownName(name.kind, name.value, name.valid_from, name.valid_to)
        names.setdefault(name.member, []).append(known)
    return [KnownMember(m.member, m.org_number, m.legal_name, tuple(names.get(m.member, ()))) for m in register.members]


def load_tips(half: str, members: list[KnownMember]) -> Iterator[LabelledTip]:
    """Yield the tips of one half. Raise KeyError for a label that is no member's."""
    text = (FOLDER / f"half_{half}.txt").read_text(encoding="utf-8")
    for piece in f"\n{text}".split("\n=== ")[1:]:
        head, _, body = piece.partition("\n\n")
        title, *lines = head.split("\n")
        told = dict(line.split(": ", 1) for line in lines)
        ident, kind = title.split(" ", 1)
        yield LabelledTip(
            id=ident,
            kind=kind,
            subject=told["Subject"],
            sent=date.fromisoformat(told["Sent"]),
            who=dict(_read_who(told["Who"], members)),
            event=date.fromisoformat(told["Event"]) if "Event" in told else None,
            channel=Channel(told["Channel"]),
            text=body.strip("\n"),
        )


def _read_who(told: str, members: list[KnownMember]) -> Iterator[tuple[str, tuple[Role, bool]]]:
    for one in [] if told == "-" else told.split("; "):
        handle, role = one.lstrip("?").split(" ")
        found = [m.member for m in members if m.legal_name.replace(" ", "-").startswith(handle)]
        if len(found) != 1:
            raise KeyError(f"{handle}: {len(found)} members of that name")
        yield found[0], (Role(role), not one.startswith("?"))
