"""One mail, read so that it cannot harm: capped before it is opened, in linear time, into a plain value.

The sizes are checked on the raw bytes first. The structure is walked by offsets into those bytes, so that no part
is copied before it is known to be wanted, and the standard library sees single short headers only: its parser needs
a minute for a long Subject and recurses without end in nested parts and comments.
"""

import binascii
import hashlib
import quopri
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message

from sources.declarations.recognising import looks_like_declaration, looks_like_review
from sources.encoding import decode_bytes
from sources.inbox.headers import decode_header, find_address, find_ids, read_stamp
from sources.inbox.page import page_to_text

MAX_MAIL = 25 * 1024 * 1024
MAX_HEADER_BLOCK = 256 * 1024
MAX_HEADER = 16 * 1024
MAX_PARTS = 200
MAX_DEPTH = 30
MAX_TEXT = 200_000  # characters of readable text; more is no tip but a document
_MAX_MARKERS = 5_000  # lines that begin like a boundary
_MAX_PARAMETERS = 2_048  # a longer Content-Type is not looked into: reading its parameters is quadratic

_HEADER = re.compile(rb"([!-9;-~]{1,128})[ \t]*:")
_BLANK = re.compile(rb"\r?\n\r?\n")
_NO_TYPE = re.compile(r"[^!-~]")  # what no media type is written with; it is stored with the attachment
_FLOWED = re.compile(r" \n(?![>\s]|--)")


class MailUnreadable(Exception):
    """This mail cannot be taken in. ``code`` is its rule code; the text holds no personal data."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} [{code}]")
        self.code = code


@dataclass(frozen=True)
class Attachment:
    """An attached file: what it said it was, and its decoded size and hash.

    The file itself is dropped, but for a self-declaration, a workbook of review questions (``review``) and what the
    reader asks for: they have their ``name`` and ``content``.
    """

    media_type: str
    size: int
    sha256: str
    name: str = ""
    content: bytes | None = field(default=None, repr=False)
    review: bool = False


@dataclass(frozen=True)
class Mail:
    """What one mail says. ``headers`` are decoded, by lower-case name; ``types`` are its parts' media types in order.

    ``text`` is all readable text in reading order; an attached mail stands in it as a forwarded one. ``odd`` are
    codes of what was not as it should be and was read all the same.
    """

    headers: Mapping[str, tuple[str, ...]]
    subject: str
    sender_name: str
    sender: str | None
    sent: datetime | None
    received: datetime | None
    message_id: str | None
    references: tuple[str, ...]
    text: str
    types: tuple[str, ...]
    report: str
    attachments: tuple[Attachment, ...] = ()
    odd: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """Return the first header of that lower-case name, or nothing."""
        return self.headers.get(name, ("",))[0]


def read_mail(content: bytes, keep: Callable[[str], bool] | None = None) -> Mail:
    """Read one mail. Raise MailUnreadable when it is over a cap or has no headers at all.

    ``keep`` tells by a file's name whether it keeps its content, and is a file also where it is shown in the text.
    """
    if len(content) > MAX_MAIL:
        raise MailUnreadable("mail-too-large", f"the mail has {len(content)} bytes, {MAX_MAIL} are taken")
    if b"\n" not in content[:MAX_HEADER] and b"\r" in content[:MAX_HEADER]:
        content = content.replace(b"\r", b"\n")
    start = _skip_envelope(content)
    fields, _ = _split_headers(content, start, len(content))
    headers = _decode_headers(fields)
    if not headers.keys() & {"from", "to", "subject", "date", "message-id", "received", "return-path", "content-type"}:
        raise MailUnreadable("mail-unreadable", "no mail header at all: not a mail, or cut off at its beginning")
    walk = _Walk(content, keep or (lambda _name: False))
    text = walk.read_words(walk.read_part(start, len(content), 0, "text/plain"))
    if len(text) > MAX_TEXT:
        walk.odd.add("mail-text-cut")
    name, address = find_address(_first(headers, "from") or _first(headers, "sender"))
    return Mail(
        headers=headers,
        subject=_first(headers, "subject"),
        sender_name=name,
        sender=address,
        sent=read_stamp(_first(headers, "date")),
        received=next(filter(None, map(read_stamp, headers.get("received", ()))), None),
        message_id=next(iter(find_ids(_first(headers, "message-id"))), None),
        references=(*find_ids(_first(headers, "references")), *find_ids(_first(headers, "in-reply-to"))),
        text=text[:MAX_TEXT],
        types=tuple(walk.types),
        report=walk.report,
        attachments=tuple(walk.attachments),
        odd=tuple(sorted(walk.odd)),
    )


def _first(headers: Mapping[str, tuple[str, ...]], name: str) -> str:
    return headers.get(name, ("",))[0]


def _skip_envelope(content: bytes) -> int:
    """Return where the headers begin: after blank lines and the ``From `` line of an mbox."""
    start = len(content) - len(content.lstrip(b"\r\n"))
    if content.startswith((b"From ", b">From "), start):
        start = content.find(b"\n", start) + 1 or len(content)
    return start


def _split_headers(content: bytes, start: int, end: int) -> tuple[list[tuple[str, bytes]], int]:
    """Return the header fields from ``start`` and where the body begins. Raise MailUnreadable over a cap."""
    if content.startswith((b"\n", b"\r\n"), start):
        return [], content.find(b"\n", start) + 1
    blank = _BLANK.search(content, start, min(end, start + MAX_HEADER_BLOCK + 4))
    stop = blank.start() if blank else end
    body = blank.end() if blank else end
    fields: list[tuple[str, bytes]] = []
    place = start
    block = content[start : min(stop, start + MAX_HEADER_BLOCK + 1)]
    for line in block.splitlines(keepends=True):
        if place - start + len(line) > MAX_HEADER_BLOCK:
            raise MailUnreadable("mail-header-too-large", f"the headers are over {MAX_HEADER_BLOCK} bytes")
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + line)
        elif found := _HEADER.match(line):
            fields.append((found.group(1).decode("ascii").lower(), line[found.end() :]))
        else:  # the blank line was forgotten: here the text begins
            return fields, place
        if len(fields[-1][1]) > MAX_HEADER:
            raise MailUnreadable("mail-header-too-large", f"one header is over {MAX_HEADER} bytes")
        place += len(line)
    return fields, body


def _decode_headers(fields: list[tuple[str, bytes]]) -> dict[str, tuple[str, ...]]:
    headers: dict[str, list[str]] = {}
    for name, value in fields:
        headers.setdefault(name, []).append(decode_header(value))
    return {name: tuple(values) for name, values in headers.items()}


@dataclass(frozen=True)
class _Part:
    media_type: str
    text: str
    is_page: bool = False  # the text is still HTML: reading it is dear, and an alternative may make it needless


@dataclass
class _Walk:
    """One walk through the parts of a mail, in reading order."""

    content: bytes
    keep: Callable[[str], bool]
    parts: int = 0
    types: list[str] = field(default_factory=list)
    report: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    odd: set[str] = field(default_factory=set)
    page_budget: int = MAX_TEXT

    def read_part(self, start: int, end: int, depth: int, default: str) -> _Part:
        """Read the part between two offsets, headers included, and what it contains."""
        self.parts += 1
        if depth > MAX_DEPTH or self.parts > MAX_PARTS:
            raise MailUnreadable(
                "mail-too-deep", f"more than {MAX_PARTS} parts, or more than {MAX_DEPTH} in each other"
            )
        fields, body = _split_headers(self.content, start, end)
        entity = _open_entity(fields, default)
        kind = _NO_TYPE.sub("?", entity.get_content_type())
        self.types.append(kind)
        self.report = self.report or (str(entity.get_param("report-type", "")).lower() if "report" in kind else "")
        boundary = entity.get_boundary() if kind.startswith("multipart/") else None
        if boundary:
            inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            spans = self.split_parts(boundary.encode("utf-8", "replace"), body, end)
            parts = [self.read_part(*span, depth + 1, inner) for span in spans]
            if parts:
                return _Part(kind, self.join_parts(kind, parts))
        encoding = str(entity.get("content-transfer-encoding", "")).strip().lower()
        if kind == "message/rfc822" and encoding not in {"base64", "quoted-printable"}:
            return _Part(kind, self.read_attached_mail(body, end, depth))
        attached = entity.get_content_disposition() == "attachment"
        name = decode_header(entity.get_filename("").encode("utf-8", "replace"))
        readable = kind in {"text/plain", "text/html"} or kind.startswith("multipart/")
        if attached or not readable or (name and self.keep(name)):
            self.keep_attachment(kind, body, end, encoding, name)
            return _Part(kind, "")
        return self.read_text(entity, body, end, encoding)

    def join_parts(self, kind: str, parts: list[_Part]) -> str:
        """Return the words of a multipart: of alternatives the plain one, of all others everything."""
        if kind != "multipart/alternative":
            return "\n\n".join(filter(str.strip, map(self.read_words, parts)))
        plain_first = sorted(parts, key=lambda part: part.media_type != "text/plain")
        return next(filter(str.strip, map(self.read_words, plain_first)), "")

    def read_words(self, part: _Part) -> str:
        """Return a part's words; all pages of one mail share one allowance."""
        if not part.is_page:
            return part.text
        words, left = page_to_text(part.text, self.page_budget)
        if left <= 0:
            self.odd.add("mail-text-cut")
        self.page_budget = max(left, 0)
        return words

    def split_parts(self, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the spans between the boundary's lines."""
        marker = b"--" + boundary
        first = start if self.content.startswith(marker, start) else -1
        place = first if first >= 0 else self.content.find(b"\n" + marker, start, end) + 1
        opened: int | None = None
        for _ in range(_MAX_MARKERS):
            if place <= 0:
                break
            stop = self.content.find(b"\n", place, end)
            stop = end if stop < 0 else stop
            rest = self.content[place + len(marker) : min(stop, place + len(marker) + 80)].strip()
            if rest in (b"", b"--"):
                if opened is not None:
                    yield opened, max(opened, place - 1)
                opened = stop + 1 if rest == b"" else None
                if rest:
                    return
            place = self.content.find(b"\n" + marker, stop, end) + 1
        else:
            raise MailUnreadable("mail-too-deep", f"more than {_MAX_MARKERS} lines look like a boundary")
        if opened is not None and opened < end:  # the closing line was forgotten
            yield opened, end

    def read_attached_mail(self, start: int, end: int, depth: int) -> str:
        """Return an attached mail as a forwarded one: who, when, what about, and its text."""
        headers = _decode_headers(_split_headers(self.content, start, end)[0])
        lines = [f"{name.title()}: {_first(headers, name)}" for name in ("from", "date", "subject")]
        text = self.read_words(self.read_part(start, end, depth + 1, "text/plain"))
        return "\n".join(["---------- Forwarded message ----------", *lines, "", text])

    def keep_attachment(self, kind: str, start: int, end: int, encoding: str, name: str) -> None:
        content = self.decode_transfer(start, end, encoding)
        sha256, review = hashlib.sha256(content).hexdigest(), looks_like_review(content)
        wanted = review or looks_like_declaration(name, content) or self.keep(name)
        kept = (name[-200:], content, review) if wanted else ()
        self.attachments.append(Attachment(kind, len(content), sha256, *kept))

    def read_text(self, entity: Message, start: int, end: int, encoding: str) -> _Part:
        if end - start > 10 * MAX_TEXT:
            end = start + 10 * MAX_TEXT
            self.odd.add("mail-text-cut")
        content = self.decode_transfer(start, end, encoding)
        html = entity.get_content_type() == "text/html"
        decoded = decode_bytes(content, entity.get_content_charset(""), markup=html)
        if decoded.flags:
            self.odd.add("mail-charset-odd")
        text = decoded.text
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
        if not html and str(entity.get_param("format", "")).lower() == "flowed":
            text = _FLOWED.sub(" ", text)
        return _Part(entity.get_content_type(), text, is_page=html)

    def decode_transfer(self, start: int, end: int, encoding: str) -> bytes:
        view = memoryview(self.content)[start:end]
        try:
            if encoding == "base64":
                return binascii.a2b_base64(view)
            if encoding == "quoted-printable":
                return quopri.decodestring(bytes(view))
        except (binascii.Error, ValueError):
            self.odd.add("mail-charset-odd")
            return _decode_base64_loosely(bytes(view))
        return bytes(view)


def _decode_base64_loosely(content: bytes) -> bytes:
    """Decode what there is of a base64 text whose end is missing."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", content)
    letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _open_entity(fields: list[tuple[str, bytes]], default: str) -> Message:
    """Return a message of the content headers only, for the standard library's reading of their parameters."""
    entity = Message()
    entity.set_default_type(default)
    for name, value in fields:
        if name in {"content-type", "content-disposition", "content-transfer-encoding"} and name not in entity:
            clean = " ".join(value.decode("ascii", "replace").split())
            if len(clean) <= _MAX_PARAMETERS:
                entity[name] = clean
            elif name == "content-type":
                entity[name] = "application/octet-stream"
    return entity
