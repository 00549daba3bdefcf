"""What somebody wrote anew in a mail, what is quoted or forwarded below it, and what is only a signature."""

import re

# Lines that open a quoted or forwarded part, or belong to its head, in Swedish, Norwegian and English clients.
_OPENS = re.compile(
    r"^\s*(?:"
    r"-{2,}\s*(?:vidarebefordrat|ursprungligt|originalmeddelande|original|forwarded|videresendt|opprinnelig)\b.{0,60}"
    r"|_{10,}"
    r"|börja vidarebefordrat (?:brev|meddelande):?|begin forwarded message:?|start på videresendt melding:?"
    r"|(?:den|på|on|le)\b.{4,90}\b(?:skrev|wrote|schrieb)\b.{0,90}:?"
    r"|\d{1,2}\.? \w{3,9}\.? \d{4}.{0,40}\bskrev\b.{0,90}:?"
    r"|\d{4}-\d\d-\d\d.{0,60}\bskrev\b.{0,90}:?"
    r"|(?:mån|tis|ons|tors?|fre|lör|sön)\w*\.?,? .{4,80}\bskrev\b.{0,90}:?"
    r"|.{2,80}<[^<>\s]+@[^<>\s]+>\s*skrev.{0,60}:"
    r")\s*$",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"^\s*\*?(?:från|from|fra|date|datum|dato|skickat|sent|sendt|to|till|til|subject|ämne|emne|kopia|cc|kopi|"
    r"svar till|reply-to)\s?:\*?\s?.{0,300}$",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"^\s*(?:-- ?|--|(?:med )?vänlig(?:a)? hälsning(?:ar)?\b.{0,40}|mvh\b.{0,60}|hälsningar\b.{0,40}"
    r"|vänligen\b.{0,40}|skickat från .{1,60}|sent from .{1,60}|hämta outlook .{1,40}|get outlook .{1,40}"
    r"|(?:kind |best )?regards\b.{0,40}"
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
    return bool(re.match(r"^\s*\*?(?:från|from|fra)\s?:", line, re.IGNORECASE)) and "@" in line


def _without_signature(lines: list[str]) -> str:
    for at, line in enumerate(lines):
        if at and _SIGNATURE.match(line):
            return "\n".join(lines[:at]).strip()
    return "\n".join(lines).strip()
