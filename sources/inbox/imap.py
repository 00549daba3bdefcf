"""Mail over IMAP: read without marking, losing or doubling one, whatever people and the line do meanwhile.

The state is (folder, UIDVALIDITY, last UID), never the seen flag. UIDs are collected before anything is done, bodies
are asked for with PEEK, each mail is archived before the next step, and a changed UIDVALIDITY reads all again, which
adds nothing since a tip is known by its content.
"""

import contextlib
import imaplib
import ipaddress
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from urllib.parse import quote, unquote, urlsplit

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from sources.contract import Archive, Log, Problem, RawItem, SourceBroken
from sources.inbox.access import Access
from sources.inbox.mail import MAX_HEADER_BLOCK, MAX_MAIL
from sources.inbox.mailbox import Taken

_ATTEMPTS = 3
_MOST_UNREAD = 1_000
_BATCH = 50  # mails asked for at once
_BATCH_BYTES = 8 * 1024 * 1024
_TIMEOUT = SocketTimeout(connect=20, read=60)
_LOST = (OSError, EOFError, imaplib.IMAP4.abort)  # the line is gone; the same question may be answered on a new one


@dataclass(frozen=True)
class ImapAddress:
    """An IMAP folder: ``imaps://user@host:port/INBOX``."""

    host: str
    port: int
    user: str
    folder: str
    encrypted: bool

    @property
    def name(self) -> str:
        """The folder's URL as RFC 5092 writes it, without the user."""
        return f"imap://{self.host}/{quote(self.folder)}"


@dataclass(frozen=True)
class ImapState:
    """How far a folder has been read: every mail up to ``last_uid`` under this UIDVALIDITY, but for ``unread``."""

    folder: str = ""
    validity: int = 0
    last_uid: int = 0
    unread: tuple[int, ...] = ()  # UIDs that the server lists and does not give


def read_address(url: str) -> ImapAddress:
    """Return the parts of an IMAP URL. Raise SourceBroken for an unencrypted one to another machine, or a bad one."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in {"imap", "imaps"} or not parts.hostname or not parts.username or port == 0 or parts.password:
        raise SourceBroken(
            "imap-address", "imap: write imaps://USER@HOST/INBOX, and the password in KOLL_IMAP_PASSWORD"
        )
    encrypted = parts.scheme == "imaps"
    if not encrypted and not _is_loopback(parts.hostname):
        raise SourceBroken(
            "imap-not-encrypted", f"imap://{parts.hostname}: tips would travel in the open; write imaps:// instead"
        )
    folder = unquote(parts.path.lstrip("/")) or "INBOX"
    return ImapAddress(parts.hostname, port or (993 if encrypted else 143), unquote(parts.username), folder, encrypted)


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


@dataclass
class ImapReader:
    """One visit to an IMAP folder. Mails stay unseen; a line that breaks is taken up again where it broke.

    With ``done_folder`` mails that are safely taken are moved there, with ``done_flag`` they get this flag or keyword.
    """

    address: ImapAddress
    access: Access
    archive: Archive
    now: datetime
    log: Log
    done_folder: str | None = None
    done_flag: str | None = None
    unread: list[int] = field(default_factory=list)

    def read(self, last: RawItem | None, since: date | None, until: date | None) -> Taken:
        """Read what is new since ``last``, or between two dates once more. Raise SourceBroken with the cure.

        When the line breaks for good, what has come by then is returned with a Problem, and the state says how
        far that was. Only mails of an earlier, recorded reading are moved away: a crash now loses none.
        """
        recorded = state = _read_state(last, self.address)
        items: dict[str, RawItem] = {}
        problems: tuple[Problem, ...] = ()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self.connect() as client:
                    state = self.select(client, state)
                    for item, reached in self.fetch_new(client, state, since, until):
                        state = reached
                        if item:
                            items[item.sha256] = item
                    problems = self.move_done(client, recorded, state)
                break
            except _LOST as error:
                self.log(f"{self.address.host}: the line broke ({type(error).__name__}), attempt {attempt}")
                if attempt == _ATTEMPTS:
                    problems = (self.explain_loss(error, bool(items)),)
            except IMAPClientError as error:
                raise SourceBroken(
                    "imap-refused", f"{self.address.name}: the server refused ({type(error).__name__}); try again later"
                ) from error
        state = replace(state, unread=tuple(sorted({*state.unread, *self.unread})[-_MOST_UNREAD:]))
        if self.unread:
            uids = ", ".join(map(str, self.unread[:20]))
            why = f"{self.address.name}: the server lists UID {uids} and does not give it; look at it, then use --since"
            problems = (*problems, Problem("mail-not-read", self.address.name, why))
        return Taken(tuple(items.values()), self.keep_state(state), problems)

    def tidy(self, recorded: RawItem) -> None:
        """Move or flag what a recorded reading has taken. What fails is logged, and done by the next reading."""
        state = _read_state(recorded, self.address)
        if not (self.done_folder or self.done_flag) or not state.last_uid:
            return
        try:
            with self.connect() as client:
                problems = self.move_done(client, state, self.select(client, state))
        except (SourceBroken, IMAPClientError, *_LOST) as error:
            self.log(f"{self.address.name}: not tidied yet ({type(error).__name__}); the next reading does it")
            return
        for problem in problems:
            self.log(f"{problem.message} [{problem.code}]")

    def connect(self) -> IMAPClient:
        """Open the line and log in."""
        where = f"{self.address.host}:{self.address.port}"
        context = ssl.create_default_context() if self.address.encrypted else None
        try:
            client = IMAPClient(
                self.address.host,
                self.address.port,
                ssl=self.address.encrypted,
                ssl_context=context,
                timeout=_TIMEOUT,
            )
        except ssl.SSLCertVerificationError as error:
            raise SourceBroken(
                "imap-certificate", f"{where}: its certificate is not to be trusted ({error.verify_message}); renew it"
            ) from error
        client.normalise_times = False
        try:
            self.log_in(client, where)
        except SourceBroken:
            client.shutdown()
            raise
        except LoginError as error:
            client.shutdown()
            if isinstance(error.__context__, imaplib.IMAP4.abort):
                raise error.__context__ from error
            what = "token_command" if self.access.token_command else "KOLL_IMAP_PASSWORD"
            raise SourceBroken(
                "imap-login", f"{where}: the server refused the log-in; check the user and {what}"
            ) from error
        return client

    def log_in(self, client: IMAPClient, where: str) -> None:
        """Give the password, or an access token (SASL XOAUTH2) when a command makes one."""
        if self.access.token_command:
            client.oauth2_login(self.address.user, self.access.get_token(where))
        else:
            client.login(self.address.user, self.access.get_password(where))

    def select(self, client: IMAPClient, state: ImapState) -> ImapState:
        """Open the folder, for reading only unless mails are to be moved; a new UIDVALIDITY begins from nothing."""
        try:
            told = client.select_folder(self.address.folder, readonly=self.done_folder is None and not self.done_flag)
        except IMAPClientError as error:
            if isinstance(error, imaplib.IMAP4.abort):
                raise
            raise SourceBroken(
                "imap-folder", f"{self.address.name}: no such folder; check the last part of the imap URL"
            ) from error
        validity = int(told.get(b"UIDVALIDITY", 0))
        if validity != state.validity or not validity:
            return ImapState(self.address.name, validity, 0)
        return state

    def fetch_new(
        self, client: IMAPClient, state: ImapState, since: date | None, until: date | None
    ) -> Iterator[tuple[RawItem | None, ImapState]]:
        """Yield each new mail, archived, with the state after it; with dates the state stays where it was."""
        if since or until:
            asked: list[object] = ["SINCE", since] if since else []
            uids = sorted(client.search([*asked, *(["BEFORE", until + timedelta(days=1)] if until else [])]))
        else:
            # "n:*" always holds the last mail, even when its number is below n.
            uids = sorted(uid for uid in client.search(["UID", f"{state.last_uid + 1}:*"]) if uid > state.last_uid)
        self.log(f"{self.address.name}: {len(uids)} mail(s) to read")
        for batch in self.plan_batches(client, uids):
            small = [uid for uid, size in batch.items() if size <= MAX_MAIL]
            answer = client.fetch(small, ["INTERNALDATE", "BODY.PEEK[]"])
            for uid, size in batch.items():
                told = answer.get(uid, {})
                item = None
                if size > MAX_MAIL:
                    item = self.take_head(client, uid, size, state)
                elif (content := told.get(b"BODY[]")) is not None:
                    item = self.take_mail(content, told.get(b"INTERNALDATE"), uid, state, {})
                elif told:
                    self.unread.append(uid)
                yield item, state if since or until else replace(state, last_uid=uid)

    def plan_batches(self, client: IMAPClient, uids: list[int]) -> Iterator[dict[int, int]]:
        """Yield UIDs with their sizes, so many at a time as memory can hold; a mail over the cap comes alone."""
        for start in range(0, len(uids), 500):
            some = uids[start : start + 500]
            sizes = client.fetch(some, ["RFC822.SIZE"])
            batch: dict[int, int] = {}
            for uid in some:
                if uid not in sizes:
                    continue  # moved away since the folder was listed
                size = int(sizes[uid].get(b"RFC822.SIZE", 0))
                if batch and (len(batch) == _BATCH or sum(batch.values()) + size > _BATCH_BYTES):
                    yield batch
                    batch = {}
                batch[uid] = size
            if batch:
                yield batch

    def take_mail(
        self, content: bytes, came: datetime | None, uid: int, state: ImapState, note: dict[str, str]
    ) -> RawItem:
        """Archive one mail; its name holds UIDVALIDITY and UID, so that no other mail ever has it."""
        told = {**note, **({"received": came.isoformat()} if came else {})}
        name = f"{state.folder};UIDVALIDITY={state.validity}/;UID={uid}"
        return RawItem(name, self.archive.put(content, private=True), "message/rfc822", fetched_at=self.now, note=told)

    def take_head(self, client: IMAPClient, uid: int, size: int, state: ImapState) -> RawItem | None:
        """Archive the beginning of a mail that is over the cap, and its size, for the quarantine."""
        answer = client.fetch([uid], ["INTERNALDATE", f"BODY.PEEK[]<0.{MAX_HEADER_BLOCK}>"]).get(uid, {})
        content = next((value for key, value in answer.items() if key.startswith(b"BODY[]")), None)
        return (
            self.take_mail(content, answer.get(b"INTERNALDATE"), uid, state, {"size": str(size)}) if content else None
        )

    def move_done(self, client: IMAPClient, recorded: ImapState, state: ImapState) -> tuple[Problem, ...]:
        """Flag what a recorded reading has taken, or move it to the configured folder; what it never got stays."""
        wanted = self.done_folder is not None or self.done_flag
        if not wanted or recorded.validity != state.validity or not recorded.last_uid:
            return ()
        try:
            unflagged = _not_flagged(self.done_flag) if self.done_flag and self.done_folder is None else []
            found = client.search([*unflagged, "UID", f"1:{recorded.last_uid}"])
            uids = [uid for uid in found if uid <= recorded.last_uid and uid not in {*recorded.unread, *state.unread}]
            if uids and self.done_folder is not None and not client.folder_exists(self.done_folder):
                client.create_folder(self.done_folder)
            for start in range(0, len(uids), 500):
                if self.done_flag:
                    client.add_flags(uids[start : start + 500], [self.done_flag], silent=True)
                if self.done_folder is not None:
                    _move(client, uids[start : start + 500], self.done_folder)
        except IMAPClientError as error:
            if isinstance(error, imaplib.IMAP4.abort):
                raise
            why = f"{self.address.name}: what was read could not be moved or flagged; check done_folder and done_flag"
            return (Problem("mail-not-moved", self.address.name, why),)
        return ()

    def explain_loss(self, error: Exception, some: bool) -> Problem:
        """Return the problem of a line that stays broken; raise SourceBroken when nothing came over it."""
        told = f"{self.address.host}:{self.address.port}: the line broke {_ATTEMPTS} times ({type(error).__name__})"
        if not some:
            raise SourceBroken(
                "imap-unreachable", f"{told}; check the address and the network, then run again"
            ) from error
        return Problem("mailbox-cut-short", self.address.name, f"{told}; what came is kept, the rest is read next time")

    def keep_state(self, state: ImapState) -> RawItem:
        """Archive how far the folder has been read."""
        note = {"folder": state.folder, "uidvalidity": str(state.validity), "last_uid": str(state.last_uid)}
        if state.unread:
            note["unread"] = ",".join(map(str, state.unread))
        content = json.dumps(note, sort_keys=True).encode()
        sha256 = self.archive.put(content)
        return RawItem(self.address.name, sha256, "application/json", fetched_at=self.now, role="listing", note=note)


def _read_state(last: RawItem | None, address: ImapAddress) -> ImapState:
    note = last.note if last else {}
    if note.get("folder") != address.name:
        return ImapState(address.name)
    unread = tuple(int(uid) for uid in note.get("unread", "").split(",") if uid)
    return ImapState(address.name, int(note.get("uidvalidity", "0")), int(note.get("last_uid", "0")), unread)


def _not_flagged(flag: str) -> list[object]:
    """Return the search for mails without a flag; the standard's own have words of their own (RFC 3501, 6.4.4)."""
    own = {"\\seen": "UNSEEN", "\\flagged": "UNFLAGGED", "\\answered": "UNANSWERED"}.get(flag.lower())
    return [own] if own else ["UNKEYWORD", flag]


def _move(client: IMAPClient, uids: list[int], folder: str) -> None:
    """Move by MOVE, else by copy; other people's deleted mails are never expunged."""
    if client.has_capability("MOVE"):
        client.move(uids, folder)
        return
    client.copy(uids, folder)
    client.delete_messages(uids, silent=True)
    if client.has_capability("UIDPLUS"):
        client.uid_expunge(uids)
