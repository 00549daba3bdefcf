"""Swedish organisation numbers: read, check, mask.

Ten digits with a Luhn check digit; a legal entity's third digit is at least 2. A sole trader's number is the
owner's personal number, so it is recognised on entry and never shown or stored in the clear outside the register.
"""

import hashlib
import hmac
import re

from stdnum import luhn

_NUMBER = re.compile(r"(?:16|19|20|18)?(\d{6})[-\u2010-\u2015\u2212+ ]?(\d{4})")
_MASKED = re.compile(r"EF[0-9a-f]{10}")


class OrgNumberInvalid(ValueError):
    """Not an organisation number; the text says which rule it breaks, without repeating the number."""


def read_org_number(text: str) -> str:
    """Return the ten digits of ``text`` (``NNNNNN-NNNN``, twelve digits with a century, or ``SE...01``).

    Raises OrgNumberInvalid. A sole trader's number is valid here: ask ``is_sole_trader``.
    """
    compact = re.sub(r"\s", "", text).upper()
    if compact.startswith("SE") and compact.endswith("01") and len(compact) == 14:
        compact = compact[2:12]
    found = _NUMBER.fullmatch(compact)
    if not found:
        raise OrgNumberInvalid("an organisation number has ten digits, written NNNNNN-NNNN")
    digits = found.group(1) + found.group(2)
    if not luhn.is_valid(digits):
        raise OrgNumberInvalid("the check digit is wrong (Luhn)")
    return digits


def is_sole_trader(digits: str) -> bool:
    """Tell whether the ten digits are a person's: the third digit of a legal entity's number is at least 2."""
    return digits[2] < "2"


def member_id(digits: str, key: bytes) -> str:
    """Return what a member is called everywhere outside the register: its number, or a keyed hash for a person."""
    if not is_sole_trader(digits):
        return digits
    return "EF" + hmac.new(key, digits.encode(), hashlib.sha256).hexdigest()[:10]


def is_masked(member: str) -> bool:
    """Tell whether ``member_id`` made this of a person's number."""
    return _MASKED.fullmatch(member) is not None


def show_org_number(member: str) -> str:
    """Return a member id as people write it: ``559021-6296``; a sole trader's stays masked."""
    return f"{member[:6]}-{member[6:]}" if member.isdigit() and len(member) == 10 else member
