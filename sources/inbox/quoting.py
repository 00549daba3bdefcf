"""What the sender wrote, told apart from what was quoted, forwarded or signed.

Every client marks these in its own words, and in the language of the sender's machine. The words below are those of
Gmail, Outlook, Apple Mail, iPhone, Samsung and Thunderbird in Swedish and English, with their Nordic neighbours.
Each line is looked at once, with patterns that cannot backtrack far.
"""

import re
from dataclasses import dataclass

_MAX_LEVELS = 5
_MAX_SIGNATURE = 10  # lines; a longer farewell is text again

_NAMED = {
    "from": r"från|from|fra|von|lähettäjä",
    "sent": r"skickat|skickat datum|datum|date|sent|sendt|dato",
    "to": r"till|to|til|kopia|cc|bcc|hemlig kopia|svar till|reply-to",
    "subject": r"ämne|subject|emne|betreff|angående",
}
_FIELD = re.compile(
    r"\*?(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _NAMED.items()) + r")\s?\*?:\*?(?=\s|$)",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"(?:-{2,80}\s{0,20})?(?:början? (?:på )?vidarebefordrat (?:brev|meddelande)"
    r"|börja vidarebefordrat (?:brev|meddelande)"
    r"|vidarebefordrat (?:brev|meddelande|e-postmeddelande|mejl)|begin forwarded message|forwarded (?:message"
    r"|by .{1,80})"
    r"|videresendt (?:melding|besked|meddelelse)|start på videresendt besked)\s{0,20}:?\s{0,20}(?:-{2,})?",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"-{2,80}\s{0,20}(?:ursprungligt meddelande|originalmeddelande|ursprungligt brev"
    r"|original message|original appointment"
    r"|opprinnelig melding|oprindelig meddelelse|original-nachricht|ursprüngliche nachricht)\s{0,20}-{2,}",
    re.IGNORECASE,
)
_WROTE = re.compile(r".{0,240}\b(?:skrev|skrifver|wrote|schrieb|writes)\b.{0,160}:", re.IGNORECASE)
_MOMENT = re.compile(r"\d{1,2}[:.]\d{2}|\b(?:19|20)\d{2}\b|\d{1,2}/\d{1,2}")
_RULE = re.compile(r"[_=\-–—*]{5,}")
_QUOTED = re.compile(r"[ \t]{0,3}((?:>[ \t]?)+)")
_DASHES = re.compile(r"--\s?|—\s?")
_FAREWELL = re.compile(
    r"(?:m\.?v\.?h\.?|mvh|vh|(?:med )?(?:vänliga?|vänligaste|bästa|varma|hjärtliga|soliga|glada|många) hälsning(?:ar"
    r"|en)?"
    r"|hälsning(?:ar|en)?|(?P<polite>vänligen|högaktningsfullt|allt gott|tack på förhand|regards)"
    r"|(?:with )?(?:best|kind|kindest|warm) (?:regards|wishes)|sincerely|yours (?:sincerely|faithfully|truly)"
    r"|med venlig hilsen|vennlig hilsen|mit freundlichen grüßen)\b[\s,.!:/]{0,3}(?P<rest>.{0,60})",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"/{1,2}\s?\w[\w.-]{0,20}(?: \w[\w.-]{0,20})?")
_DEVICE = re.compile(
    r"(?:skickat från|sent from|hämta outlook|get outlook|skaffa outlook|skickades från|sendt fra|skickat med"
    r"|avsänt från)\b.{0,80}",
    re.IGNORECASE,
)
_SUBJECT_MARK = re.compile(
    r"\s{0,99}(?:(?P<forward>vb|vs|fwd?|wg|tr|vidarebefordrat)|(?P<reply>sv|re|ang|aw|antw)|\[extern(?:al|t)?\])"
    r"(?:\[\d{1,9}\])?\s{0,20}(?::|(?<=\]))\s{0,99}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Words:
    """One mail's text in its parts. ``forwarded`` names who wrote what was forwarded, but not to whom it went."""

    own: str
    forwarded: str = ""
    quoted: str = ""
    signature: str = ""


def read_subject(subject: str) -> tuple[str, bool, bool]:
    """Return the subject without its marks, whether they say forwarded, and whether they say answered."""
    forwarded = answered = False
    for _ in range(20):
        mark = _SUBJECT_MARK.match(subject)
        if not mark:
            break
        # The outermost mark says what was done last.
        forwarded = forwarded or (not answered and mark.group("forward") is not None)
        answered = answered or (not forwarded and mark.group("reply") is not None)
        subject = subject[mark.end() :]
    return subject.strip(), forwarded, answered


def split_words(text: str, *, forwarded: bool = False, answered: bool = False) -> Words:
    """Split a mail's text. ``forwarded`` and ``answered`` are what its subject and headers say.

    They decide where the text does not: Outlook sets the same lines above an answer and above a forwarded mail.
    """
    return _split(text.split("\n"), forwarded or not answered, 0)


def _split(lines: list[str], header_forwards: bool, level: int) -> Words:
    own: list[str] = []
    quoted: list[str] = []
    place = 0
    while place < len(lines):
        mark = _find_mark(lines, place)
        if mark is None:
            quote = _QUOTED.match(lines[place])
            (quoted if quote else own).append(lines[place][quote.end() :] if quote else lines[place])
            place += 1
            continue
        kind, after = mark
        if kind == "forward" or (kind == "header" and header_forwards):
            return _finish(own, quoted, _read_forwarded(_unquote(lines[after:]), level))
        if kind == "header" or not _is_quoted_next(lines, after):
            return _finish(own, quoted + _unquote(lines[after:]), "")
        place = after  # an attribution above lines with ">": words may follow below them
    return _finish(own, quoted, "")


def _find_mark(lines: list[str], place: int) -> tuple[str, int] | None:
    """Return what begins at a line (forward, header, wrote) and where the text after it begins."""
    line = _bare(lines[place])
    if not line or len(line) > 400:
        return None
    if _FORWARD.fullmatch(line):
        return "forward", place + 1
    if _ORIGINAL.fullmatch(line):
        return "header", place + 1
    if _RULE.fullmatch(line) and _is_header_block(lines, _next_filled(lines, place + 1)):
        return "header", _next_filled(lines, place + 1)
    if _is_header_block(lines, place):
        return "header", place
    if not _MOMENT.search(line):
        return None
    for count in (1, 2, 3):  # a long attribution is wrapped by the client
        joined = " ".join(_bare(part) for part in lines[place : place + count])
        if _WROTE.fullmatch(joined) and _begins_attribution(joined):
            return "wrote", place + count
    return None


def _begins_attribution(line: str) -> bool:
    """Tell an attribution from a sentence that ends in a colon: it has a clock or an address, or begins with a date."""
    return bool(
        re.search(r"\d{1,2}[:.]\d{2}|[<@]", line) and re.match(r"(?:den|on|am|le|\W*\d|\w{2,9}[,.]? )", line, re.I)
    )


def _is_header_block(lines: list[str], place: int) -> bool:
    """Tell whether a line begins a forwarded mail's header: from, and sent or subject, within a few lines."""
    first = _FIELD.match(_bare(lines[place])) if place < len(lines) else None
    if not first or first.lastgroup == "to":
        return False
    seen = {first.lastgroup}
    for line in lines[place + 1 : place + 8]:
        found = _FIELD.match(_bare(line))
        if found:
            seen.add(found.lastgroup)
    return "from" in seen and len(seen) >= 3


def _read_forwarded(lines: list[str], level: int) -> str:
    """Return a forwarded mail: sender, date and subject, then everything in it; recipients are left out."""
    kept: list[str] = []
    place = _next_filled(lines, 0)
    while place < len(lines) and (found := _FIELD.match(_bare(lines[place]))):
        value = _bare(lines[place])[found.end() :].strip(" *\t")
        place += 1
        while place < len(lines) and _is_continued(value, lines[place]):
            value, place = f"{value} {lines[place].strip()}".strip(), place + 1
        if found.lastgroup in {"from", "sent", "subject"} and value:
            kept.append(f"{found.group().strip('*: ').capitalize()}: {value}")
    if level >= _MAX_LEVELS:
        return "\n".join([*kept, *lines[place:]]).strip()
    inner = _split(lines[place:], header_forwards=True, level=level + 1)
    return "\n\n".join(filter(None, ("\n".join(kept), inner.own, inner.forwarded, inner.quoted)))


def _is_continued(value: str, line: str) -> bool:
    """Tell whether a header's value goes on: HTML clients set it on the line below, others fold it."""
    filled = bool(line.strip()) and not _FIELD.match(_bare(line))
    return filled and (not value or line[:1] in " \t")


def _finish(own: list[str], quoted: list[str], forwarded: str) -> Words:
    words, signature = _cut_signature(own)
    return Words(words, forwarded, "\n".join(quoted).strip(), signature)


def _cut_signature(lines: list[str]) -> tuple[str, str]:
    """Return (text, signature): what follows two dashes or a farewell, and the line of the device."""
    kept: list[str] = []
    dropped: list[str] = []
    filled = [line.strip() for line in lines if line.strip()]
    seen = 0
    for place, line in enumerate(lines):
        bare = line.strip()
        seen += bool(bare)
        if _DEVICE.fullmatch(bare):
            dropped.append(bare)
        elif line == "-- " or (seen > 1 and _is_farewell(bare) and _is_signature(filled, seen)):
            return _trim(kept), _trim([*dropped, *lines[place:]])
        else:
            kept.append(line)
    return _trim(kept), _trim(dropped)


def _is_farewell(line: str) -> bool:
    """Tell a farewell, alone or with a name after it, from a sentence that begins with the same word."""
    if _DASHES.fullmatch(line) or _SLASHED.fullmatch(line):
        return True
    found = _FAREWELL.fullmatch(line)
    if not found:
        return False
    names = found.group("rest").split()
    return len(names) <= 3 and (not found.group("polite") or all(name[0].isupper() for name in names))


def _is_signature(filled: list[str], place: int) -> bool:
    """Tell a signature from text that goes on: few short lines, and no afterthought."""
    return len(filled) - place <= _MAX_SIGNATURE and all(
        len(line) <= 80 and not re.match(r"p\.?\s?s\b", line, re.IGNORECASE) for line in filled[place:]
    )


def _unquote(lines: list[str]) -> list[str]:
    """Take one level of ``>`` away where all filled lines have it."""
    if all(line.lstrip().startswith(">") for line in lines if line.strip()):
        return [re.sub(r"^\s*>[ \t]?", "", line) for line in lines]
    return lines


def _bare(line: str) -> str:
    """Return the line without quote marks, odd spaces and the stars of bold text made plain."""
    return re.sub(r"^[\s>]+", "", line).replace("\xa0", " ").strip()


def _next_filled(lines: list[str], place: int) -> int:
    while place < len(lines) and not _bare(lines[place]):
        place += 1
    return place


def _is_quoted_next(lines: list[str], place: int) -> bool:
    place = next((n for n in range(place, len(lines)) if lines[n].strip()), len(lines))
    return place < len(lines) and lines[place].lstrip().startswith(">")


def _trim(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines).strip("\n")
