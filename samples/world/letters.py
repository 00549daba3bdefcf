"""A mail and its bytes, written by hand so that no library's next version changes them."""

import base64
import binascii
from dataclasses import dataclass

from samples.world.companies import Company

TO = "tips@kontakta.example"
Part = tuple[tuple[str, ...], bytes]  # headers, body


@dataclass(frozen=True)
class Mail:
    """One mail, and the truth about it.

    ``about`` has the companies named and their roles, the one the tip is about first; ``sure`` tells that a name,
    number or domain stands there exactly as the register has it. ``aside`` is why a mail is no tip.
    """

    file: str
    subject: str
    sender: str
    date: str
    part: Part
    about: tuple[tuple[Company, str], ...] = ()
    sure: bool = True
    doubt: tuple[Company, ...] = ()
    same_event_as: str = ""
    aside: str = ""
    extra: tuple[str, ...] = ()
    night: int = 1
    to: str = TO
    message_id: str = ""

    def to_bytes(self) -> bytes:
        """Return the mail as it lies in the mailbox: CRLF, headers in ASCII."""
        first = [line for line in self.extra if line.startswith(("Return-Path", "Received"))]
        rest = [line for line in self.extra if line not in first]
        host = self.sender.rpartition("@")[2].rstrip(">")
        lines = [
            *first,
            f"Received: from mx.{host} by mail.kontakta.example with ESMTPS; {self.date}",
            f"From: {self.sender}",
            f"To: {self.to}",
            f"Subject: {encode_words(self.subject)}",
            f"Date: {self.date}",
            f"Message-ID: {self.message_id or f'<{self.file}@{host}>'}",
            *rest,
            "MIME-Version: 1.0",
            *self.part[0],
        ]
        return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + self.part[1]


def encode_words(text: str) -> str:
    """Return a header's text: as it is when ASCII, else as encoded words (RFC 2047) that fit their line."""
    if text.isascii():
        return text
    words = [text[i : i + 30] for i in range(0, len(text), 30)]
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(word.encode()).decode()}?=" for word in words)


def write_part(text: str, charset: str = "utf-8", coding: str = "8bit", kind: str = "plain") -> Part:
    """Return a text part; ``coding`` is its transfer encoding, ``kind`` plain, html or another subtype of text."""
    raw = text.strip().replace("\n", "\r\n").encode(charset) + b"\r\n"
    if coding == "base64":
        raw = base64.encodebytes(raw).replace(b"\n", b"\r\n")
    elif coding == "quoted-printable":
        raw = b"".join(
            binascii.b2a_qp(line, istext=True).replace(b"=\n", b"=\r\n") + b"\r\n" for line in raw.split(b"\r\n")[:-1]
        )
    return (f"Content-Type: text/{kind}; charset={charset}", f"Content-Transfer-Encoding: {coding}"), raw


def write_multipart(kind: str, parts: list[Part]) -> Part:
    """Return a multipart of ``parts``; ``kind`` is its subtype, with parameters if need be."""
    mark = "=_paahittad_graens"
    body = b"".join(
        f"--{mark}\r\n".encode() + "\r\n".join(headers).encode() + b"\r\n\r\n" + raw + b"\r\n" for headers, raw in parts
    )
    return (f'Content-Type: multipart/{kind}; boundary="{mark}"',), body + f"--{mark}--\r\n".encode()
