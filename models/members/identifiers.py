"""What identifies a company without its name: organisation numbers, phone numbers and domains in any text.

Everything here is read, not believed: a number or a domain says who is named, never that they did it. All patterns
are linear in the length of the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import phonenumbers

from models.members.country import SWEDEN, Country, Scheme
from models.members.org_number import OrgNumberInvalid, read_org_number

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

# Hosts where anybody has an address or a page, so that the host says nothing about the company.
FREE_HOSTS = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "hotmail.com",
        "hotmail.se",
        "hotmail.no",
        "outlook.com",
        "outlook.se",
        "live.com",
        "live.se",
        "live.no",
        "msn.com",
        "yahoo.com",
        "yahoo.se",
        "yahoo.no",
        "yahoo.co.uk",
        "ymail.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "aol.com",
        "gmx.com",
        "gmx.net",
        "gmx.de",
        "mail.com",
        "proton.me",
        "protonmail.com",
        "pm.me",
        "tutanota.com",
        "zoho.com",
        "yandex.com",
        "mail.ru",
        "telia.com",
        "spray.se",
        "passagen.se",
        "bredband.net",
        "bredband2.com",
        "tele2.se",
        "comhem.se",
        "swipnet.se",
        "glocalnet.net",
        "home.se",
        "online.no",
        "broadpark.no",
        "facebook.com",
        "fb.com",
        "instagram.com",
        "linkedin.com",
        "twitter.com",
        "x.com",
        "tiktok.com",
        "youtube.com",
        "google.com",
        "google.se",
        "blogspot.com",
        "wordpress.com",
        "wixsite.com",
        "github.io",
        "hitta.se",
        "eniro.se",
        "merinfo.se",
        "allabolag.se",
        "ratsit.se",
        "trustpilot.com",
        "trustpilot.se",
        "blocket.se",
        "tradera.com",
        "bit.ly",
        "t.co",
    ]
)

_ORG_NUMBER = re.compile(
    r"(?<![\d+])(?:(SE)[ ]?)?((?:16|18|19|20)?\d{6})[ ]?[-\u2010-\u2015\u2212+]?[ ]?(\d{4})(?!\d)(?![/-]\d)"
    r"|(?<![A-Z\d])SE[ ]?(\d{10})01(?!\d)",
    re.IGNORECASE | re.ASCII,
)
_PHONE = re.compile(r"(?<![\w+])(?:\+|0)[\d \u00a0()/.\-\u2010-\u2015]{5,24}", re.ASCII)
_CHUNK = re.compile(r"[^\s<>(),;:\"'|\[\]{}/\\?#=&!*]+")
_LABELS = re.compile(r"[a-z0-9\u00df-\u00f6\u00f8-\u00ff-]{1,63}(?:\.[a-z0-9\u00df-\u00f6\u00f8-\u00ff-]{1,63}){1,8}")
_NUMBERS_ABROAD = {
    Scheme.US: re.compile(r"(?<![\w-])\d\d-\d{7}(?![\w-])", re.ASCII),
    Scheme.NO: re.compile(r"(?<![\w+-])(?:NO ?)?\d{3} ?\d{3} ?\d{3}(?: ?MVA)?(?![\w-])(?! ?\d)", re.ASCII),
}
_FOUR_DIGITS = re.compile(r"\d{4}")
_SEVEN_DIGITS = re.compile(r"\d(?:[ \u00a0()./-]{0,3}\d){6}", re.ASCII)
_MOST_READ = 20_000  # characters in which numbers as other countries write them are looked for
_MOST_TRIES = 200
_MOST = 20  # identifiers of one kind that are read from one text
_E164 = re.compile(r"\+[1-9]\d{7,14}")


@dataclass(frozen=True, slots=True)
class FoundId:
    """One identifier: its canonical ``value``, where it stands, and whether its check digit holds."""

    value: str
    start: int
    end: int
    valid: bool = True


def find_org_numbers(text: str, scheme: Scheme = Scheme.SE) -> list[FoundId]:
    """Return every organisation number in ``text``, in its canonical form; ``valid`` is False when a digit is wrong.

    Swedish: ten digits that begin with 0 and have neither separator nor century are a phone number. Nine digits that
    are no Norwegian number may be anything; member numbers of an association's own are not looked for in texts.
    """
    if scheme is not Scheme.SE:
        return list(_find_numbers_abroad(text, scheme))
    found: list[FoundId] = []
    if not _FOUR_DIGITS.search(text):
        return found
    for hit in islice(_ORG_NUMBER.finditer(text), _MOST):
        digits = hit.group(4) or hit.group(2)[-6:] + hit.group(3)
        valid = _is_org_number(digits)
        if digits[0] != "0" or (valid and len(hit.group().strip()) > 10):
            found.append(FoundId(digits, hit.start(), hit.end(), valid))
    return found


def _find_numbers_abroad(text: str, scheme: Scheme) -> Iterator[FoundId]:
    pattern = _NUMBERS_ABROAD.get(scheme)
    for hit in islice(pattern.finditer(text[:_MOST_READ]), _MOST) if pattern else ():
        try:
            yield FoundId(read_org_number(hit.group(), scheme), hit.start(), hit.end())
        except OrgNumberInvalid:
            continue


def _is_org_number(digits: str) -> bool:
    try:
        read_org_number(digits)
    except OrgNumberInvalid:
        return False
    return (digits[0] != "0" and digits[2] > "1") or ("00" < digits[2:4] < "13" and "00" < digits[4:6] < "93")


def read_phone(text: str, region: str = SWEDEN.region) -> str | None:
    """Return ``text`` as E.164 (``+46812345``), or None when it cannot be a phone number anywhere."""
    compact = text.strip()
    if _E164.fullmatch(compact) and not compact.startswith("+460"):
        return compact
    if any(letter.isalpha() for letter in compact[:40]) or len(compact) > 40:
        return None  # "951677xxxx" is masked, not dialled on letters
    try:
        number = phonenumbers.parse(compact, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def find_phones(text: str, country: Country = SWEDEN) -> list[FoundId]:
    """Return every phone number in ``text`` as E.164: what begins with 0 or +, abroad what is dialled there."""
    if country.is_abroad:
        return list(_find_phones_abroad(text, country.region))
    found = []
    for hit in islice(_PHONE.finditer(text), _MOST):
        written = hit.group().rstrip(" \u00a0()/.-\u2010\u2011\u2012\u2013\u2014\u2015")
        number = read_phone(written, country.region)
        if number is not None:
            found.append(FoundId(number, hit.start(), hit.start() + len(written)))
    return found


def _find_phones_abroad(text: str, region: str) -> Iterator[FoundId]:
    """Yield what libphonenumber finds: real numbers only, since without a 0 in front any digits may be one."""
    if _SEVEN_DIGITS.search(text):
        found = phonenumbers.PhoneNumberMatcher(text[:_MOST_READ], region, max_tries=_MOST_TRIES)
        for hit in islice(found, _MOST):
            number = phonenumbers.format_number(hit.number, phonenumbers.PhoneNumberFormat.E164)
            yield FoundId(number, hit.start, hit.end)


@lru_cache(maxsize=4096)
def read_domain(host: str) -> str | None:
    """Return the registrable part of a host, an address or a URL (``mail.bolag.se`` gives ``bolag.se``), or None."""
    host = host.strip().casefold().rpartition("@")[2]
    host = host.partition("://")[2] or host
    host = re.split(r"[/:?#]", host, maxsplit=1)[0].strip(".")
    if len(host) > 253:
        return None
    if "xn--" in host:
        try:
            host = host.encode("ascii").decode("idna")
        except UnicodeError:
            return None
    if not _LABELS.fullmatch(host) or not _is_top_level(host.rpartition(".")[2]):
        return None
    registrable = _suffixes().privatesuffix(host)
    return str(registrable) if registrable else None


@cache
def _suffixes() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList  # a list read for a tenth of a second, where a domain is read at all

    return PublicSuffixList()


_RESERVED = {"example", "test"}  # RFC 2606: nobody's, so documentation and rehearsals use them


@lru_cache(maxsize=4096)
def _is_top_level(label: str) -> bool:
    return label in _RESERVED or bool(_suffixes().publicsuffix(f"example.{label}", accept_unknown=False))


def find_domains(text: str) -> list[FoundId]:
    """Return the registrable domain of every address, URL and bare host in ``text``, free-mail hosts left out."""
    found: list[FoundId] = []
    if "." not in text:
        return found
    for hit in _CHUNK.finditer(text):
        chunk = hit.group().strip(".-_")
        if "." not in chunk or len(chunk) > 320:
            continue
        if len(found) == _MOST:
            break
        domain = read_domain(chunk)
        if domain is not None and domain not in FREE_HOSTS:
            found.append(FoundId(domain, hit.start(), hit.end()))
    return found


def has_free_host(text: str) -> bool:
    """Tell whether ``text`` holds an address or a page on a host where anybody can have one."""
    return any(
        read_domain(chunk) in FREE_HOSTS for chunk in _CHUNK.findall(text[:2000]) if "." in chunk and len(chunk) <= 320
    )
