"""What a company is told apart by: organisation numbers read, checked and masked, and made into member ids.

Swedish ones have ten digits with a Luhn check digit; a legal entity's third digit is at least 2. A sole trader's
number is the owner's personal number, so it is recognised on entry and never shown or stored in the clear outside the
register. Numbers of other schemes are nobody's personal ones; their ids say of which scheme they are, so that no
number is taken for another country's: NO and nine digits (modulus 11), US and nine (an EIN, whose first two are a
prefix that is given out), M- and a member number of the association's own.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping

from stdnum import luhn
from stdnum.no import orgnr
from stdnum.us import ein

from models.members.country import Scheme

_NUMBER = re.compile(r"(?:16|19|20|18)?(\d{6})[-\u2010-\u2015\u2212+ ]?(\d{4})")
_MASKED = re.compile(r"EF[0-9a-f]{10}")
_EIN = re.compile(r"(\d\d)[-\u2010-\u2015\u2212]?(\d{7})", re.ASCII)
_NORWEGIAN = re.compile(r"(?:NO)?(\d{9})(?:MVA)?", re.ASCII)
_OWN = re.compile(r"(?:M-)?([A-Z0-9](?:[A-Z0-9-]{0,18}[A-Z0-9])?)", re.ASCII)
_ID_OF_ANOTHER = re.compile(r"NO\d{9}|US\d{9}|M-[A-Z0-9-]{1,20}", re.ASCII)


class OrgNumberInvalid(ValueError):
    """Not an organisation number; the text says which rule it breaks, without repeating the number."""


def read_org_number(text: str, scheme: Scheme = Scheme.SE) -> str:
    """Return what ``text`` says in its canonical form: ten digits of a Swedish number, else a prefix and the number.

    A Swedish one is written ``NNNNNN-NNNN``, with twelve digits and a century, or ``SE...01``; an American one
    ``NN-NNNNNNN``; a Norwegian one in any grouping, with or without ``NO`` and ``MVA``. Raises OrgNumberInvalid. A
    sole trader's number is valid here: ask ``is_sole_trader``.
    """
    return _READERS[scheme](re.sub(r"\s", "", text).upper())


def read_member_key(text: str) -> str:
    """Return a number of any scheme as a rule or a row names a member: its id, or a Swedish number as people write it.

    Raises OrgNumberInvalid.
    """
    if _ID_OF_ANOTHER.fullmatch(text):
        scheme = {"NO": Scheme.NO, "US": Scheme.US}.get(text[:2], Scheme.OWN)
        return read_org_number(text.removeprefix("US"), scheme)
    return read_org_number(text)


def _read_swedish(compact: str) -> str:
    if compact.startswith("SE") and compact.endswith("01") and len(compact) == 14:
        compact = compact[2:12]
    found = _NUMBER.fullmatch(compact)
    if not found:
        raise OrgNumberInvalid("an organisation number has ten digits, written NNNNNN-NNNN")
    digits = found.group(1) + found.group(2)
    if not luhn.is_valid(digits):
        raise OrgNumberInvalid("the check digit is wrong (Luhn)")
    return digits


def _read_norwegian(compact: str) -> str:
    found = _NORWEGIAN.fullmatch(compact)
    if not found:
        raise OrgNumberInvalid("a Norwegian organisation number has nine digits, written NNN NNN NNN")
    if not orgnr.is_valid(found.group(1)):
        raise OrgNumberInvalid("the check digit is wrong (modulus 11)")
    return f"NO{found.group(1)}"


def _read_american(compact: str) -> str:
    found = _EIN.fullmatch(compact.removeprefix("US"))
    if not found:
        raise OrgNumberInvalid("an EIN has nine digits, written NN-NNNNNNN")
    if not ein.is_valid("".join(found.groups())):
        raise OrgNumberInvalid("no EIN begins with these two digits")
    return f"US{found.group(1)}{found.group(2)}"


def _read_own(compact: str) -> str:
    found = _OWN.fullmatch(compact)
    if not found:
        raise OrgNumberInvalid("a member number of at most 20 letters, digits and hyphens is needed")
    return f"M-{found.group(1)}"


_READERS: Mapping[Scheme, Callable[[str], str]] = {
    Scheme.SE: _read_swedish,
    Scheme.NO: _read_norwegian,
    Scheme.US: _read_american,
    Scheme.OWN: _read_own,
}


def is_sole_trader(digits: str) -> bool:
    """Tell whether the ten digits are a person's: the third digit of a legal entity's number is at least 2."""
    return digits[:6].isdigit() and digits[2] < "2"


def member_id(digits: str, key: bytes) -> str:
    """Return what a member is called everywhere outside the register: its number, or a keyed hash for a person."""
    if not is_sole_trader(digits):
        return digits
    return "EF" + hmac.new(key, digits.encode(), hashlib.sha256).hexdigest()[:10]


def is_masked(member: str) -> bool:
    """Tell whether ``member_id`` made this of a person's number."""
    return _MASKED.fullmatch(member) is not None


def show_org_number(member: str) -> str:
    """Return a member id as people write it: ``559021-6296``, ``12-3456789``; a sole trader's stays masked."""
    if member.isdigit() and len(member) == 10:
        return f"{member[:6]}-{member[6:]}"
    if not _ID_OF_ANOTHER.fullmatch(member):
        return member
    if member.startswith("US"):
        return f"{member[2:4]}-{member[4:]}"
    return f"{member[2:5]} {member[5:8]} {member[8:]}" if member.startswith("NO") else member.removeprefix("M-")
