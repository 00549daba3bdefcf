"""Whom an archived mail tells of, as keyed hashes: who sent it, and every address and telephone number in it."""

from dataclasses import dataclass

from models.members.country import SWEDEN, Country
from sources.encoding import decode_bytes
from sources.inbox.mail import MailUnreadable, read_mail
from sources.inbox.privacy import hash_value, mask_text


@dataclass(frozen=True)
class Traces:
    """``sender`` is the keyed hash of the sender's address; ``named`` are those of all addresses and numbers."""

    sender: str | None
    named: frozenset[str]


def read_traces(content: bytes, hash_key: bytes, country: Country = SWEDEN) -> Traces:
    """Read a mail's headers and words; one that is no readable mail is searched as it stands. What is attached is not.

    ``named`` holds the sender too, and whoever is in copy.
    """
    try:
        mail = read_mail(content)
    except MailUnreadable:
        return Traces(None, find_hashes(decode_bytes(content, markup=False).text, hash_key, country))
    sender = hash_value(hash_key, mail.sender) if mail.sender else None
    headers = "\n".join(value for values in mail.headers.values() for value in values)
    named = find_hashes(f"{headers}\n\n{mail.text}", hash_key, country)
    return Traces(sender, named | {sender} if sender else named)


def find_hashes(text: str, hash_key: bytes, country: Country) -> frozenset[str]:
    """Return the keyed hashes of every address and telephone number in a text."""
    masked = mask_text(text, hash_key, country=country)
    return frozenset((*masked.emails, *masked.phones))
