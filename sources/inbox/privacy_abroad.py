"""What is masked in texts from other countries than Sweden: telephone numbers as dialled there, numbers and addresses.

It comes before the masks that hold everywhere. The tokens are English, as in ``[phone]``.
"""

import re
from collections.abc import Callable

from models.members.country import Country
from models.members.identifiers import find_org_numbers, find_phones

# An American social security number, and a Norwegian birth number with its day and month.
_PERSONAL = re.compile(
    r"(?<![\w-])(?:\d{3}-\d{2}-\d{4}|[0-7]\d[0158]\d{3} ?\d{5})(?![\w-])"
    r"|(?<=\bssn )\d{9}\b|(?<=\bssn: )\d{9}\b|(?<=\bsocial security number )\d{9}\b",
    re.ASCII | re.IGNORECASE,
)
_STREET = re.compile(
    r"\b\d{1,6}[ ](?:[NSEW]{1,2}\.?[ ])?(?:[A-Z0-9][\w'.-]{0,30}[ ]){1,3}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Circle|Cir|Terrace|Ter"
    r"|Highway|Hwy|Parkway|Pkwy|Trail|Square|Close|Crescent)\b\.?"
    r"(?:,?[ ](?:Apt|Apartment|Unit|Suite|Ste|Flat|\#)\.?[ ]?\w{1,6}\b)?"
)
_TOWN = re.compile(r"\b[A-Z][A-Za-z'-]{1,25}(?:[ ][A-Z][A-Za-z'-]{1,25}){0,2},[ ][A-Z]{2}[ ]\d{5}(?:-\d{4})?\b")
_TOKENS = {
    "[telefon]": "[phone]",
    "[namn]": "[name]",
    "[e-post]": "[e-mail]",
    "[adress]": "[address]",
    "[postadress]": "[town]",
    "[personnummer]": "[personal number]",
    "[kortnummer]": "[card number]",
    "[kontonummer]": "[account number]",
}
_TOKEN = re.compile("|".join(map(re.escape, _TOKENS)))
_HELD = "\ue000{}\ue001"  # stands for what stays while the masks of every country go over a text
_HELD_BACK = re.compile("\ue000([A-Z]+)\ue001")
_PRIVATE_USE = re.compile("[\ue000\ue001]")


def mask_abroad(
    text: str, country: Country, cover_phone: Callable[[str, str], str], keep_number: Callable[[str], None]
) -> tuple[str, list[str]]:
    """Mask what only the country's own forms tell; return the text, and what stays and must not be masked later.

    ``cover_phone`` takes a number in E.164 and as written and returns what stands for it; ``keep_number`` is told
    every organisation number. What stays is held back as a sign that ``restore`` turns into the text again.
    """
    text = _PRIVATE_USE.sub("\ufffd", text)
    text = _PERSONAL.sub("[personnummer]", text)
    held: list[str] = []
    spans = [(one.start, one.end, one.value, True) for one in find_org_numbers(text, country.scheme)]
    taken = [(start, end) for start, end, _, _ in spans]
    for phone in find_phones(text, country):
        if not any(phone.start < end and start < phone.end for start, end in taken):
            spans.append((phone.start, phone.end, phone.value, False))
    pieces: list[str] = []
    place = 0
    for start, end, value, is_number in sorted(spans):
        written = text[start:end]
        if is_number:
            keep_number(value)
        shown = written if is_number else cover_phone(value, written)
        if shown == written:
            held.append(written)
            shown = _HELD.format(_letters(len(held) - 1))
        pieces += text[place:start], shown
        place = end
    text = "".join([*pieces, text[place:]])
    return _TOWN.sub("[postadress]", _STREET.sub("[adress]", text)), held


def restore(text: str, held: list[str]) -> str:
    """Put back what was held back, and turn the tokens into English ones."""
    text = _HELD_BACK.sub(lambda found: held[_number(found.group(1))], text)
    return _TOKEN.sub(lambda found: _TOKENS[found.group()], text)


def _letters(number: int) -> str:
    return "".join(chr(ord("A") + int(digit)) for digit in str(number))


def _number(letters: str) -> int:
    return int("".join(str(ord(letter) - ord("A")) for letter in letters))
