"""The tip inbox as a source: mail that people write to the association, each a tip, set aside, or quarantined."""

import hashlib
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from models.drafts import Draft, Fault, RawRef
from models.members.country import SWEDEN, Country
from models.words import Channel, Evidence, Kind
from sources.contract import Bounds, RawItem, Reading, SourceInfo, Visit
from sources.inbox.access import Access
from sources.inbox.clues import find_channel
from sources.inbox.days import find_event_date, find_event_span, find_written_on
from sources.inbox.kind import TIPS_INFO
from sources.inbox.limit import TookTooLong, time_limit
from sources.inbox.mail import MAX_MAIL, Mail, MailUnreadable, read_mail
from sources.inbox.mailbox import read_folder
from sources.inbox.others import Recogniser, find_other
from sources.inbox.privacy import Kept, Masked, find_senders, hash_value, is_private, mask_text
from sources.inbox.quoting import Words, read_subject, split_words
from sources.inbox.triage import find_reason

if TYPE_CHECKING:
    from sources.inbox.imap import ImapReader

_SHORT = 24  # hex digits of a hash that only tells mails of one thread apart
_MOST = 50  # hashes of one kind that are kept as facts
_SUBJECT = 500
_CLOCKS_DIFFER = timedelta(days=1)


@dataclass(frozen=True)
class Tips:
    """A mailbox of tips: either ``maildir`` (a Maildir, or a folder of .eml files) or ``imap_url``.

    A reading lists the mails that are new since the last one, and nothing of what was taken before: a mailbox says
    nothing about withdrawal, since people delete and move mails as they like, so no reading is ever complete. How
    far it has been read is the reading's one item of the role ``listing``. What a night archived and could not
    store is in that night's manifest, which the next one reads as well. Taking a mail twice is harmless: a tip's id
    is made of its date, sender and text (see ``_name_tip``), and of two copies the one received first stands.

    ``hash_key`` keys every hash; with another key all tips get other ids. ``own_domain`` is the association's, for
    telling its own machines from people. ``public`` are keyed hashes of telephone numbers and addresses that are no
    person's, ``names`` folded names of companies that look like persons': the members' own, which stay readable.
    ``recognisers`` know mail that another source reads. With ``done_folder`` mails are moved there, with ``done_flag``
    they get this flag, once the reading that took them is recorded; without both the mailbox is opened for reading
    only.
    """

    name: str
    bounds: Bounds
    imap_url: str | None
    maildir: Path | None
    imap_password: Callable[[], str | None] | None
    hash_key: bytes
    own_domain: str
    done_folder: str | None = None
    done_flag: str | None = None
    token_command: Sequence[str] = ()
    public: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    recognisers: Sequence[Recogniser] = ()
    seconds: float = 10.0  # that reading one mail may take
    timezone: str = "Europe/Stockholm"
    country: Country = SWEDEN
    info: SourceInfo = TIPS_INFO

    def read(self, visit: Visit) -> Reading:
        """Archive every mail that is new. Raise SourceBroken when the mailbox cannot be read, with place and cure."""
        last = next((i for i in visit.last.items if i.role == "listing"), None) if visit.last else None
        if self.maildir is not None:
            taken = read_folder(self.maildir, visit.archive, last, visit.now, visit.since)
        else:
            taken = self._open_imap(visit).read(last, visit.since, visit.until)
        short = any(problem.code in {"mailbox-cut-short", "mail-not-read"} for problem in taken.problems)
        return Reading(
            source=self.name,
            items=(*taken.items, taken.state),
            read_at=visit.now,
            business_date=visit.business_date,
            complete_through=None if short else visit.business_date,
            problems=taken.problems,
        )

    def tidy(self, visit: Visit, recorded: Reading) -> None:
        """Move or flag on the server what the recorded reading took."""
        state = next((item for item in recorded.items if item.role == "listing"), None)
        if self.maildir is None and state is not None:
            self._open_imap(visit).tidy(state)

    def _open_imap(self, visit: Visit) -> "ImapReader":
        from sources.inbox.imap import ImapReader, read_address

        access = Access(self.imap_password or (lambda: None), self.token_command)
        address = read_address(self.imap_url or "")
        return ImapReader(address, access, visit.archive, visit.now, visit.log, self.done_folder, self.done_flag)

    def parse(self, content: bytes, item: RawItem) -> Iterator[Draft]:
        """Yield the one draft of a mail: a tip, one flagged ``set-aside-<reason>``, or one with a fault.

        Nothing that one mail holds keeps the next from being read: what fails becomes a fault with its raw bytes.
        """
        raw = RawRef(sha256=item.sha256)
        try:
            with time_limit(self.seconds):
                draft = self._read_draft(content, raw, item)
        except MailUnreadable as error:
            draft = _name_lost(content, raw, error.code)
        except TookTooLong:
            draft = _name_lost(content, raw, "mail-too-slow")
        except Exception as error:  # noqa: BLE001 - one mail never stops the inbox; its type is told, not its data
            draft = _name_lost(content, raw, "mail-failed", type(error).__name__)
        yield draft

    def _read_draft(self, content: bytes, raw: RawRef, item: RawItem) -> Draft:
        size = int(item.note.get("size", "0"))
        if size > MAX_MAIL:
            raise MailUnreadable("mail-too-large", f"the mail has {size} bytes, {MAX_MAIL} are taken")
        return self._draft_tip(read_mail(content), raw, item)

    def _draft_tip(self, mail: Mail, raw: RawRef, item: RawItem) -> Draft:
        subject, forwarded, answered = read_subject(mail.subject[:_SUBJECT])
        words = split_words(
            mail.text, forwarded=forwarded, answered=answered or (bool(mail.references) and not forwarded)
        )
        told = "\n\n".join(filter(None, (words.own, words.forwarded))) or words.quoted
        masked = self._mask(mail, "\n".join(filter(None, (subject, told))))
        came = _read_note(item, "received")
        sent = mail.sent if mail.sent and not (came and mail.sent > came + _CLOCKS_DIFFER) else None
        received = _find_receipt(mail, sent, came or _read_note(item, "copied"))
        zone = ZoneInfo(self.timezone)
        written = sent or received
        on = written.astimezone(zone).date() if written else None
        reason = find_reason(mail, self.own_domain, " ".join((subject, told))) or find_other(mail, self.recognisers)
        channel = _find_told_channel(subject, words)
        return Draft(
            source_id=self._name_tip(mail),
            kind=Kind.TIP,
            raw=raw,
            received_on=received.astimezone(zone).date() if received else None,
            event_on=_find_event(words, on) if on else None,
            channel=channel,
            channel_evidence=None if channel is Channel.UNKNOWN else Evidence.TEXT,
            text=masked.text or None,
            flags=_flag(mail, told, reason),
            faults=() if received else (Fault(code="mail-date-missing", field="received_on"),),
            precedence=-int(received.timestamp() // 60) if received else 0,
            facts={**self._gather_facts(mail, words, masked), **(_tell_span(words, on) if on else {})},
        )

    def _mask(self, mail: Mail, text: str) -> Masked:
        people = list(dict.fromkeys(find_senders(text)))  # each once: a mail may repeat one a thousand times
        if is_private(mail.sender_name, mail.sender or ""):
            people.append(mail.sender_name)
        return mask_text(
            unicodedata.normalize("NFC", text),
            self.hash_key,
            persons=people,
            addresses=[mail.sender] if mail.sender and not self._is_own(mail.sender) else [],
            kept=Kept(self.public, self.names, self.own_domain),
            country=self.country,
        )

    def _is_own(self, address: str) -> bool:
        return bool(self.own_domain) and address.rpartition("@")[2] == self.own_domain

    def _name_tip(self, mail: Mail) -> str:
        """Return the tip's id: a keyed hash of date, sender, text and attachments.

        The Message-ID takes no part where there is a date: it is neither unique nor the same when a mail is sent
        again. Headers that servers and lists add take none, nor does how the text was encoded.
        """
        when = mail.sent.astimezone(UTC).isoformat() if mail.sent else mail.header("date") or mail.message_id or ""
        body = _normalise(mail.text) or _normalise(mail.subject)
        files = sorted(attachment.sha256 for attachment in mail.attachments)
        return "tip-" + hash_value(self.hash_key, "\n".join([when, mail.sender or "", body, *files]))[:32]

    def _gather_facts(self, mail: Mail, words: Words, masked: Masked) -> dict[str, str]:
        """Return what duplicates and the matcher need, without personal data: keyed hashes, and public numbers."""
        root = next(iter(mail.references), mail.message_id)
        body = _normalise(self._mask(mail, words.own or words.forwarded or words.quoted).text)
        hashed = {"message_id": mail.message_id, "sender": mail.sender, "thread": root, "body": body}
        facts = {name: hash_value(self.hash_key, value) for name, value in hashed.items() if value}
        lists = {"phones": masked.phones, "emails": masked.emails, "domains": masked.domains, "numbers": masked.numbers}
        facts.update({name: ",".join(values[:_MOST]) for name, values in lists.items() if values})
        if mail.references:
            answered = dict.fromkeys([*mail.references[:1], *mail.references[-_MOST:]])
            facts["answers"] = ",".join(hash_value(self.hash_key, one)[:_SHORT] for one in answered)
        if mail.attachments:
            facts["attachments"] = ",".join(f"{a.media_type}:{a.size}:{a.sha256}" for a in mail.attachments)
        return facts


def _find_told_channel(subject: str, words: Words) -> Channel:
    """Return the channel that a person tells: the sender, else whoever wrote what was forwarded, if not a company."""
    channel = find_channel(f"{subject}. {words.own or words.quoted}")
    if channel is Channel.UNKNOWN and find_senders(words.forwarded):
        return find_channel(words.forwarded)
    return channel


def _find_event(words: Words, on: date) -> date | None:
    """Return the day of the event: in the sender's own words, else in a forwarded mail's, by that mail's own date."""
    if day := find_event_date(words.own or words.quoted, on):
        return day
    written = find_written_on(words.forwarded, on)
    return find_event_date(words.forwarded.partition("\n\n")[2], written) if written else None


def _tell_span(words: Words, on: date) -> dict[str, str]:
    """Return the days between which it happened, where the text tells a week, a month or several days."""
    span = find_event_span(words.own or words.quoted, on)
    return {"event_between": f"{span[0]}/{span[1]}"} if span else {}


def _name_lost(content: bytes, raw: RawRef, code: str, value: str = "") -> Draft:
    """Return the draft of a mail that cannot be read, known by its bytes."""
    lost = f"raw-{hashlib.sha256(content).hexdigest()[:32]}"
    return Draft(source_id=lost, kind=Kind.TIP, raw=raw, faults=(Fault(code=code, field="mail", value=value),))


def _flag(mail: Mail, told: str, reason: str | None) -> tuple[str, ...]:
    """Return the oddities of a mail; one that is set aside has no others."""
    if reason:
        return (f"set-aside-{reason}",)
    silent = bool(mail.attachments) and len(told.split()) < 2
    return (*mail.odd, *(("attachment-only",) if silent else ()))


def _read_note(item: RawItem, key: str) -> datetime | None:
    """Return when the mail came into its mailbox ("received"), or when its file was written ("copied")."""
    noted = item.note.get(key)
    return datetime.fromisoformat(noted) if noted else None


def _find_receipt(mail: Mail, sent: datetime | None, came: datetime | None) -> datetime | None:
    """Return when the mail was received.

    First what our own mail server wrote at the top, then the sender's date unless it lies after the arrival (a wrong
    clock, or a lie), then the mailbox's. The mailbox comes last since copying a mailbox gives every mail a new time
    there, and old tips would count as today's.
    """
    return mail.received or sent or came


def _normalise(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
