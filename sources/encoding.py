"""Bytes to text without guessing: what somebody declared, else what the bytes prove, else what old Swedish files are.

The order is the HTTP header's charset, a byte order mark, the page's own meta or XML declaration, strict UTF-8,
cp1252. No statistics: on Swedish cp1252 BeautifulSoup has guessed big5 and requests CP949. A declaration is believed
unless the bytes refute it, either by not decoding or by giving mojibake ("Ã¥") where a later step gives none; that
is flagged, and so is text that stays damaged.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

CHARSET_REFUTED = "charset-refuted"
CHARSET_UNKNOWN = "charset-unknown"
MOJIBAKE = "mojibake"

_HEAD = 4_096  # bytes in which a page declares its charset; browsers look at 1,024
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"<meta\s[^<>]{0,500}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:+-]{1,40})", re.IGNORECASE)
_XML = re.compile(rb"\A\s{0,99}<\?xml\s[^<>]{0,200}?encoding\s{0,9}=\s{0,9}[\"']([\w.:+-]{1,40})", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Encodings of text that a publisher may name; Python knows others ("hex", "utf-7", "unicode_escape") that nobody
# means. Browsers read the first group as cp1252, since what claims to be latin-1 holds cp1252's dashes and quotes.
_AS_CP1252 = ("ascii", "iso8859-1", "cp1252")
_KNOWN = frozenset(
    (
        *_AS_CP1252,
        *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"),
        *(f"iso8859-{part}" for part in range(2, 17)),
        *(f"cp125{page}" for page in "0134578"),
        *("cp437", "cp850", "cp858", "cp865", "koi8-r", "koi8-u", "mac-roman"),
    )
)
# What UTF-8's bytes for å, é, § or a dash become when they are read as cp1252 or latin-1. Only pairs that no western
# language writes: "Ö”" and "É»" are also such pairs, and stand at the end of many a quotation.
_TAIL = "\u0080-\u00bf" + "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0))
_DAMAGE = re.compile(f"\ufffd|Ã[{_TAIL}]|Â[\u00a0-\u00bf]|â(?:€|\u0080|‚¬|\u0082¬|„¢)|ï»¿|ï¿½|\\A(?:ÿþ|þÿ)")


@dataclass(frozen=True)
class Decoded:
    """Text with the encoding that gave it and who said so: "http", "bom", "declared", "utf-8" or "cp1252"."""

    text: str
    encoding: str
    evidence: str
    flags: tuple[str, ...] = ()


def decode_bytes(content: bytes, charset: str = "", *, markup: bool = True) -> Decoded:
    """Decode ``content``; ``charset`` is the HTTP header's, ``markup`` says whether it may declare its own.

    Never raises. ``flags`` holds CHARSET_UNKNOWN (a declared name nobody knows), CHARSET_REFUTED (a declaration the
    bytes contradict) and MOJIBAKE (the text is damaged, here or already at the publisher's).
    """
    flags: list[str] = []
    tried: list[Decoded] = []
    for evidence, label in _candidates(content, charset, markup=markup):
        name = _known_name(label)
        if name is None:
            flags.append(CHARSET_UNKNOWN)
            continue
        try:
            text = content.decode(name).removeprefix("\ufeff")
        except UnicodeDecodeError:
            flags += [CHARSET_REFUTED] if evidence in ("http", "bom", "declared") else []
            continue
        damaged = shows_mojibake(text)
        tried.append(Decoded(text, name, evidence, (MOJIBAKE,) if damaged else ()))
        if not damaged:
            break
    chosen = _choose(content, tried)
    if tried and chosen is not tried[0] and tried[0].evidence in ("http", "bom", "declared"):
        flags.append(CHARSET_REFUTED)
    flags += chosen.flags
    return Decoded(chosen.text, chosen.encoding, chosen.evidence, tuple(dict.fromkeys(flags)))


def shows_mojibake(text: str) -> bool:
    """Tell whether text was read in the wrong encoding once: "Ã¥" for "å", "â€“" for a dash, or U+FFFD."""
    return not text.isascii() and _DAMAGE.search(text) is not None


def _candidates(content: bytes, charset: str, *, markup: bool) -> Iterator[tuple[str, str]]:
    if charset.strip():
        yield "http", charset
    for mark, name in _BOMS:
        if content.startswith(mark):
            yield "bom", name
            break
    head = _COMMENT.sub(b"", content[:_HEAD]) if markup else b""
    found = _XML.search(head) or _META.search(head)
    if found:
        label = found.group(1).decode("ascii", "ignore")
        # A declaration that can be read as ASCII is not written in UTF-16, whatever it says (the HTML standard).
        yield "declared", "utf-8" if label.lower().startswith(("utf-16", "utf-32")) else label
    yield "utf-8", "utf-8"
    yield "cp1252", "cp1252"


def _known_name(label: str) -> str | None:
    """Return Python's name for a charset label, or None when it is not an encoding of text we know."""
    try:
        name = codecs.lookup(label.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    if name not in _KNOWN:
        return None
    return "cp1252" if name in _AS_CP1252 else name


def _choose(content: bytes, tried: list[Decoded]) -> Decoded:
    """Take the first undamaged reading, else a strict UTF-8 one, else UTF-8 with its damage marked as U+FFFD.

    A one-byte reading with mojibake proves UTF-8 sequences: a few damaged bytes in a UTF-8 page must not turn all
    its letters into two. Without such sequences the bytes are cp1252 with a few that it does not define.
    """
    for one in tried:
        if not one.flags:
            return one
    for one in tried:
        if one.encoding.startswith("utf"):
            return one
    plain = content.decode("cp1252", "replace")
    if tried or shows_mojibake(plain.replace("\ufffd", "")):
        text = content.decode("utf-8", "replace").removeprefix("\ufeff")
        return Decoded(text, "utf-8", "utf-8", (MOJIBAKE,) if shows_mojibake(text) else ())
    return Decoded(plain, "cp1252", "cp1252", (MOJIBAKE,) if shows_mojibake(plain) else ())
