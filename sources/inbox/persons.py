"""Finding private persons' names in a text, without taking companies for persons.

Covering a company's name would hide whom a tip is about, so a name is covered only when something says person:
the sender's own name, a given name with a word like a surname after it, or words that introduce somebody. Words that
a company would follow with (a legal form, a trade) keep it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from models.matching.prose.given_names import GIVEN_NAMES
from models.matching.vocabulary import TRADE_WORDS

_LEGAL = re.compile(
    r"(?:ab|aktiebolag|hb|kb|handelsbolag|kommanditbolag|ek|ekonomisk|firma|as|a/s|aps|oy|oyj|ltd|limited|inc|llc"
    r"|gmbh|co|"
    r"group|gruppen|holding|sverige|nordic|norden|&|och s(?:on|öner))\b",
    re.IGNORECASE,
)
_CAP = r"[^\W\d_a-zåäöéüæø][^\W\d_]*(?:-[^\W\d_]+)?"
_NAMES = re.compile(rf"\b{_CAP}(?:[ ]{_CAP}){{1,4}}")
_INTRODUCED = re.compile(
    r"\b(?i:(?:jag|hon|han|som|säljaren|försäljaren|telefonförsäljaren|personen|mannen|kvinnan|killen|tjejen|damen"
    r"|herren)"
    r" (?:heter|hette|hetter|kallade sig|kallar sig)|mitt namn är|mitt namn:|hans namn är|hennes namn är|my name is"
    r"|(?:he|she|the salesman|the caller) (?:was called|is called|called himself|called herself)|vid namn|named"
    r"|(?:min|mina|vår|hans|hennes|my|our)(?: [a-zåäö]{3,12})? (?:mamma|mor|moder|pappa|far|fader|man|make|maka|fru"
    r"|hustru"
    r"|sambo|son|dotter|bror|syster|mormor|morfar|farmor|farfar|svärmor|svärfar|svärson|moster|faster|morbror|farbror"
    r"|granne|vän|väninna|kompis|kollega|mother|father|mum|mom|dad|husband|wife|son|daughter|brother|sister"
    r"|grandmother|grandfather|neighbour|friend|colleague)|fru|herr|mr|mrs|ms|miss)\.?[ ]"
    rf"(?P<who>{_CAP}(?:[ ]{_CAP}){{0,2}})"
)
_LABELLED = re.compile(
    r"^[ \t]*(?i:namn|mitt namn|förnamn|efternamn|för- och efternamn|name|first name|surname|last name"
    r"|avsändare)[ \t]*:[ \t]*(?P<who>[^\n]{1,60})$",
    re.MULTILINE,
)


def find_persons(text: str, senders: Iterable[str] = ()) -> Iterator[tuple[int, int]]:
    """Yield the spans of private persons' names; ``senders`` are display names of the mail's people."""
    for name in senders:
        yield from _find_sender(text, name)
    for pattern in (_LABELLED, _INTRODUCED):
        for found in pattern.finditer(text):
            start, end = found.span("who")
            if not _is_company(text[start:end], text[end : end + 20]):
                yield start, end
    for found in _NAMES.finditer(text):
        yield from _find_full_names(text, found)


def is_person(name: str) -> bool:
    """Tell whether a display name is a person's: two to four words, none of them a trade or a legal form."""
    words = name.replace(",", " ").split()
    if not 1 <= len(words) <= 4 or any(c.isdigit() or c in "@&/|" for c in name):
        return False
    if any(_is_trade(word) or _LEGAL.fullmatch(word) for word in words):
        return False
    return len(words) > 1 or fold_name(words[0]) in GIVEN_NAMES


@lru_cache(maxsize=8192)
def fold_name(word: str) -> str:
    """Return a word in lower case and without accents."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))


def _find_sender(text: str, name: str) -> Iterator[tuple[int, int]]:
    if not is_person(name):
        return
    words = [word for word in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)?", name) if len(word) > 1]
    if len(words) > 1:
        whole = r"[ ,]{1,3}".join(map(re.escape, words))
        turned = r"[ ,]{1,3}".join(map(re.escape, [words[-1], *words[:-1]]))
        for found in re.finditer(rf"\b(?:{whole}|{turned})s?\b", text, re.IGNORECASE):
            yield found.span()
    for word in words:
        if len(word) < 3:
            continue
        for found in re.finditer(rf"\b(?:{re.escape(word.capitalize())}|{re.escape(word.upper())})s?\b", text):
            if not _is_company(found.group(), text[found.end() : found.end() + 30]):
                yield found.span()


def _find_full_names(text: str, found: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield a given name and the surname after it, out of a run of capitalised words."""
    words = list(re.finditer(r"\S+", found.group()))
    place = 0
    while place < len(words) - 1:
        if fold_name(words[place].group()) not in GIVEN_NAMES:
            place += 1
            continue
        last = place + 1
        while last < len(words) - 1 and fold_name(words[last].group()) in GIVEN_NAMES:
            last += 1
        after = text[found.start() + words[last].end() : found.start() + words[last].end() + 30]
        name = found.group()[words[place].start() : words[last].end()]
        ends = last == len(words) - 1 or fold_name(words[last + 1].group()) in GIVEN_NAMES
        if ends and not _is_company(name, after):
            yield found.start() + words[place].start(), found.start() + words[last].end()
        place = last + 1


def _is_company(name: str, after: str) -> bool:
    """Tell whether the words, or the one after them, are a company's."""
    if any(_is_trade(word) for word in name.split()) or re.search(r"\b(?:AB|HB|KB)\b", name):
        return True
    following = re.match(r"[ ]([^\s.,;:!?]{1,30})", after)
    if not following:
        return False
    word = following.group(1)
    return bool(_LEGAL.fullmatch(word)) or (word[0].isupper() and _is_trade(word))


def _is_trade(word: str) -> bool:
    folded = fold_name(word.strip(".,;:"))
    if folded in GIVEN_NAMES:
        return False
    return folded in TRADE_WORDS or folded.removesuffix("s") in TRADE_WORDS
