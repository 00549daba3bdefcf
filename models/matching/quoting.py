"""What somebody wrote anew in a mail, what is quoted or forwarded below it, and what is only a signature."""

import re

# Lines that open a quoted or forwarded part, or belong to its head, in Swedish, Norwegian and English clients.
_OPENS = re.compile(
    r"^\s*(?:"
    r"-{2,}\s*(?:vidarebefordrat|ursprungligt|originalmeddelande|original|forwarded|videresendt|opprinnelig)\b.{0,60}"
    r"|_{10,}"
    r"|b\u00f6rja vidarebefordrat (?:brev|meddelande):?|begin forwarded message:?|start p\u00e5 videresendt melding:?"
    r"|(?:den|p\u00e5|on|le)\b.{4,90}\b(?:skrev|wrote|schrieb)\b.{0,90}:?"
    r"|\d{4}-\d\d-\d\d.{0,60}\bskrev\b.{0,90}:?"
    r"|(?:m\u00e5n|tis|ons|tors?|fre|l\u00f6r|s\u00f6n)\w*\.?,? .{4,80}\bskrev\b.{0,90}:?"
    r"|.{2,80}<[^<>\s]+@[^<>\s]+>\s*skrev.{0,60}:"
    r")\s*$",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"^\s*\*?(?:fr\u00e5n|from|fra|date|datum|dato|skickat|sent|sendt|to|till|til|subject|\u00e4mne|emne|kopia|cc|kopi|svar till|reply-to)"
    r"\s?:\*?\s?.{0,300}$",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"^\s*(?:-- ?|--|(?:med )?v\u00e4nlig(?:a)? h\u00e4lsning(?:ar)?\b.{0,40}|mvh\b.{0,60}|h\u00e4lsningar\b.{0,40}|v\u00e4nligen\b.{0,40}"
    r"|skickat fr\u00e5n .{1,60}|sent from .{1,60}|h\u00e4mta outlook .{1,40}|get outlook .{1,40}|(?:kind |best )?regards\b.{0,40}"
    r"|(?:med )?vennlig hilsen\b.{0,40})\s*$",
    re.IGNORECASE,
)
LONGEST_LINE = 2_000


def split_quoted(text: str) -> tuple[str, str]:
    """Return (what is new, what is quoted or forwarded), both without quote marks, mail heads and signatures."""
    new: list[str] = []
    quoted: list[str] = []
    below = False
    for raw in text.split("\n"):
        line = raw[:LONGEST_LINE]
        bare = line.lstrip("> \t").rstrip()
        if _OPENS.match(bare):
            below = True
            continue
        if below and _HEAD.match(bare):
            continue
        if not below and _HEAD.match(bare) and _is_mail_head(bare):
            below = True
            continue
        (quoted if below or line.lstrip().startswith(">") else new).append(bare)
    return _without_signature(new), _without_signature(quoted)


def _is_mail_head(line: str) -> bool:
    """Tell whether a head line opens a forwarded mail without any other mark: a sender with an address."""
    return bool(re.match(r"^\s*\*?(?:fr\u00e5n|from|fra)\s?:", line, re.IGNORECASE)) and "@" in line


def _without_signature(lines: list[str]) -> str:
    for at, line in enumerate(lines):
        if at and _SIGNATURE.match(line):
            return "\n".join(lines[:at]).strip()
    return "\n".join(lines).strip()
