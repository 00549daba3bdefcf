"""Personal data out of a text before anything is stored: what it was stays as a token, who it was does not.

Phone numbers, e-mail addresses, personal numbers, street addresses and names of private persons become tokens such
as ``[telefon]``. What says which company is meant stays: organisation numbers and domains in clear, and keyed
hashes of phone numbers and addresses, to be compared with the register's own. A keyed hash is
``hmac_sha256(key, value)`` in hex; a phone number's value is its E.164 form, an address's is in lower case.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from unicodedata import decimal

from stdnum import luhn

from models.matching.prose.given_names import GIVEN_NAMES
from models.members.country import SWEDEN, Country
from models.members.identifiers import FREE_HOSTS, read_domain, read_phone
from models.members.org_number import is_sole_trader, member_id
from sources.inbox.persons import find_persons, fold_name, is_person
from sources.inbox.privacy_abroad import mask_abroad, restore

# Mailboxes that belong to an office and not to a person.
_OFFICES = """
    info kontakt contact kundservice kundtjanst kundtjänst kundsupport kund support service order faktura fakturor
    invoice billing ekonomi finance sales salj sälj forsaljning försäljning reklamation klagomal klagomål hello hej mail
    post office kansli reception registrator press noreply no-reply donotreply do-not-reply ingen-svara newsletter
    nyhetsbrev marketing marknad admin webmaster postmaster abuse dpo gdpr dataskydd privacy jobb bekraftelse
    bekräftelse avtal customerservice customer.service helpdesk tips orders"""
OFFICES = frozenset(_OFFICES.split())

_URL = re.compile(r"\b(?:https?://|www\.)([^\s<>\"'()\[\]]{1,2000})", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+%'-])([\w.+%'-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,6})")
_SPELT_OUT = re.compile(  # somebody (at) somewhere.example
    r"(?<![\w.+%'-])([\w.+%'-]{1,64})[ ]?[(\[{][ ]?(?:at|a|snabel-?a)[ ]?[)\]}][ ]?"
    r"([\w-]{1,63}(?:(?:\.|[ ](?:dot|punkt)[ ])[\w-]{1,63}){1,6})",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?<![\w@.-])(?:[\w-]{1,63}\.){1,4}[a-zåäö]{2,24}(?![\w@-])", re.IGNORECASE)
_GAP = r"(?:[ \u00a0]{0,2}[-\u2010-\u2015/][ ]?|[ \u00a0]{1,2}\(?|\.|\(|\)[ ]?(?:[-\u2013][ ]?)?)"
_NUMBER = re.compile(
    rf"(?<![\w.,/+\u2013-])(?P<prefix>SE[ ]?)?(?P<digits>(?:\+|\(\+)?\(?\d(?:{_GAP}?\d){{4,24}})(?!\w)", re.ASCII
)
_DASH = r"[-+\u2010-\u2015\u2212]"
_PERSONAL_FORM = re.compile(
    rf"(?<!\d)(?:(?:19|20)\d\d|\d\d)(?:0[1-9]|1[0-2])(?:[0-3]\d|[6-9]\d)[ ]?{_DASH}[ ]?(?:\d{{4}}|[xX*]{{4}})(?!\d)"
    r"|(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-3]\d|[6-9]\d)\d{4}(?!\d)"
    rf"|(?<!\d)(?:19\d|200)\d(?P<gap>[- /.])(?:0[1-9]|1[0-2])(?P=gap)[0-3]\d[ ]?{_DASH}?[ ]?(?:\d{{4}}|[xX*]{{4}})"
    r"(?!\d)(?![ ]?(?:kr|sek|:-)(?!\w))"
    r"|(?<!\d)[013-9]\d (?:0[1-9]|1[0-2]) [0-3]\d (?:\d\d \d\d|\d{4})(?! ?\d)"
)
_BORN = re.compile(
    r"\b(född|föddes|födelsedatum|personnummer|pnr|personnr|born|date of birth)((?:\s+den)?[\s.:]{1,3})"
    r"(\d[\d ./-]{4,11}\d|\d{1,2} \w{3,9} \d{4})",
    re.IGNORECASE,
)
_IBAN = re.compile(r"\b(?:SE|NO|DK|FI|DE|GB)\d{2}(?:[ ]?\w{4}){3,7}(?:[ ]?\w{1,3})?\b")
_STREET = re.compile(
    r"\b(?:[A-ZÅÄÖ][\w:é-]{1,30}[ ])?[A-ZÅÄÖ][\w:é-]{0,40}"
    r"(?:gatan|gata|vägen|väg|gränd|gränden|torget|torg|allén|allé|stigen|stig|backen|backe|leden|plan|platsen"
    r"|slingan|kroken"
    r"|ringen|rundan|gården|gård|strand|esplanaden|kajen|stråket|promenaden|liden|vej|veien|gate|gaten|tie|katu"
    r"|(?<=[ ])(?:Street|Road|Lane|Avenue))"
    r"[ ]\d{1,4}(?:[ ]?[A-Za-z]\b)?(?:[ ,]{1,2}(?:lgh|vån|port|tr)\.?[ ]?\d{1,4}(?:[ ]tr)?)?"
)
_POSTAL = re.compile(r"\b(?:SE?-?)?[1-9]\d{2}[ ]?\d{2}[ ]{1,2}[A-ZÅÄÖ][a-zåäöA-ZÅÄÖ]{2,25}\b")
_PHONE_WORD = re.compile(
    r"(?:tel|telefon|telefonnummer|telefonnr|tfn|mobil|mobilnummer|mob|nummer|numret|nr|phone|number|ring|nås på"
    r"|från)(?:[ ](?:är|var|is|was))?[.:\s]{0,3}$",
    re.IGNORECASE,
)
_SENDER_LINE = re.compile(
    r"^(?:Från|From|Fra|Von): (?P<name>[^<\n]{2,80})<(?:mailto:)?(?P<address>[^<>\s]{3,254})>",
    re.MULTILINE | re.IGNORECASE,
)
# Nobody sees these, or sees digits: with them a number or an address would look like none.
_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_OTHER_DIGIT = re.compile(r"[^\W\x00-\x7f_a-zåäöéA-ZÅÄÖÉ]")
_SEPARATORS = re.compile(r"[^\d+]")


@dataclass(frozen=True)
class Masked:
    """A text without personal data, and what it said about companies: keyed hashes, or in clear where public."""

    text: str
    phones: tuple[str, ...] = ()  # keyed hashes of E.164
    emails: tuple[str, ...] = ()  # keyed hashes of addresses in lower case
    domains: tuple[str, ...] = ()  # registrable, in clear, without free-mail hosts
    numbers: tuple[str, ...] = ()  # member ids: organisation numbers in clear, sole traders' as a keyed hash


@dataclass(frozen=True)
class Kept:
    """What is nobody's private matter: keyed hashes of numbers and addresses, folded names, the own domain."""

    hashes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    domain: str = ""


def hash_value(key: bytes, value: str) -> str:
    """Return the keyed hash of one value."""
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def mask_text(
    text: str,
    hash_key: bytes,
    *,
    persons: Iterable[str] = (),
    addresses: Iterable[str] = (),
    kept: Kept = Kept(),
    country: Country = SWEDEN,
) -> Masked:
    """Mask ``text``. ``persons`` and ``addresses`` are names and e-mail addresses of the mail's own people.

    Of ``country`` are numbers and addresses; its tokens are Swedish ones in Sweden, else English.
    """
    text = _write_plainly(text)
    mask = _Mask(hash_key, frozenset(address.lower() for address in addresses), kept)
    if "." in text:
        text = _URL.sub(mask.cover_url, text)
        if "@" in text:
            text = _EMAIL.sub(mask.cover_email, text)
        mask.keep_domains(text)
    text = _SPELT_OUT.sub(mask.cover_spelt_out, text)
    stays: list[str] = []
    if re.search(r"\d", text):
        if country.is_abroad:
            text, stays = mask_abroad(text, country, mask.cover_phone, mask.numbers.add)
        text = _cover_numbers(text, mask)
    spans = sorted(span for span in find_persons(text, persons) if not _is_kept(text[slice(*span)], kept.names))
    covered = _cover_spans(text, spans, "[namn]")
    return Masked(
        restore(covered, stays) if country.is_abroad else covered,
        *(tuple(sorted(found)) for found in (mask.phones, mask.emails, mask.domains, mask.numbers)),
    )


def _write_plainly(text: str) -> str:
    """Return a text without what nobody sees, and with digits of any script as those that all numbers are read in."""
    if text.isascii():
        return text
    text = _UNSEEN.sub("", text)
    return _OTHER_DIGIT.sub(lambda found: str(decimal(found.group(), found.group())), text)


def is_private(name: str, address: str) -> bool:
    """Tell whether a mail's sender is a person: by name, and not writing from an office's mailbox."""
    return is_person(name) and address.lower().partition("@")[0] not in OFFICES


def find_senders(text: str) -> list[str]:
    """Return the names of private persons in the From lines of forwarded mails.

    A company also writes under two words, so here something must speak for a person: a given name, a mailbox of
    that name, or a host where anybody has one.
    """
    names = []
    for found in _SENDER_LINE.finditer(text):
        name, address = found.group("name").strip(" \"'*"), found.group("address").lower()
        local, _, host = address.partition("@")
        words = [fold_name(word) for word in name.split()]
        named_so = any(word in local for word in words if len(word) > 2)
        told = host in FREE_HOSTS or named_so or (bool(words) and words[0] in GIVEN_NAMES)
        if told and is_private(name, address):
            names.append(name)
    return names


def _cover_numbers(text: str, mask: "_Mask") -> str:
    text = _PERSONAL_FORM.sub(mask.cover_personal, text)
    text = _BORN.sub(r"\1\2[personnummer]", text)
    text = _IBAN.sub("[kontonummer]", text)
    text = _NUMBER.sub(mask.cover_number, text)
    text = _STREET.sub("[adress]", text)
    return _POSTAL.sub("[postadress]", text)


def _is_kept(name: str, names: frozenset[str]) -> bool:
    folded = fold_name(" ".join(name.split()))
    return folded in names or folded.removesuffix("s") in names


def _cover_spans(text: str, spans: list[tuple[int, int]], token: str) -> str:
    pieces: list[str] = []
    place = 0
    for start, end in spans:
        if start >= place:
            pieces += text[place:start], token
        place = max(place, end)
    return "".join([*pieces, text[place:]])


@dataclass
class _Mask:
    """What the pieces of one text are turned into, and what is remembered of them."""

    key: bytes
    own: frozenset[str]
    kept: Kept
    phones: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)

    def cover_url(self, found: re.Match[str]) -> str:
        """Keep the host of a URL: paths and queries name who was written to."""
        host = re.split(r"[/?#:]", found.group(1), maxsplit=1)[0].rpartition("@")[2]
        return host.rstrip(".,;!")

    def cover_email(self, found: re.Match[str]) -> str:
        local, host = found.group(1).lower(), found.group(2).lower().rstrip(".")
        address, domain = f"{local}@{host}", read_domain(host)
        if address in self.own:
            return "[e-post]"
        hashed = hash_value(self.key, address)
        self.emails.add(hashed)
        if hashed in self.kept.hashes or (self.kept.domain and host == self.kept.domain):
            self.domains.update({domain} if domain and domain not in FREE_HOSTS else ())
            return found.group()
        if domain is None or domain in FREE_HOSTS or host in FREE_HOSTS:
            return "[e-post]"
        self.domains.add(domain)
        return found.group() if local in OFFICES else f"[e-post]@{found.group(2)}"

    def cover_spelt_out(self, found: re.Match[str]) -> str:
        """Return an address that was spelt out as one that was not, so that it is known and covered like it."""
        host = re.sub(r"[ ](?:dot|punkt)[ ]", ".", found.group(2), flags=re.IGNORECASE)
        if read_domain(host) is None:
            return found.group()
        return _EMAIL.sub(self.cover_email, f"{found.group(1)}@{host}")

    def keep_domains(self, text: str) -> None:
        for found in _HOST.finditer(text):
            domain = read_domain(found.group())
            if domain is not None and domain not in FREE_HOSTS:
                self.domains.add(domain)

    def cover_personal(self, found: re.Match[str]) -> str:
        """Cover a number in the form of a personal one, whatever its check digit: a slip is still a person's."""
        digits = re.sub(r"\D", "", found.group())
        self.keep_number(digits[-10:])
        return "[personnummer]"

    def cover_number(self, found: re.Match[str]) -> str:
        """Tell numbers apart: organisation, person, bank card, phone; any other stays, as a fact of the matter."""
        written = found.group("digits")
        if written.startswith("(") and ")" not in written:  # the bracket is the sentence's
            return "(" + self.cover_digits(found, written[1:])
        return self.cover_digits(found, written)

    def cover_digits(self, found: re.Match[str], written: str) -> str:
        """Return what stands for one number, ``written`` as it stands."""
        digits = re.sub(r"\D", "", written)
        ten = digits[2:] if len(digits) == 12 and digits[:2] in {"16", "18", "19", "20"} else digits
        if found.group("prefix") or (len(ten) == 10 and _is_unsplit(written) and luhn.is_valid(ten) and ten[0] != "0"):
            return self.cover_ten(found.group().lstrip("("), digits[:10] if found.group("prefix") else ten)
        if len(digits) == 16 and digits[0] in "45" and luhn.is_valid(digits):
            return "[kortnummer]"
        if not self.is_phone(found, written, digits):
            return written
        compact = _SEPARATORS.sub("", written.replace("(0)", ""))
        number = read_phone("+" + digits if re.match(r"46[1-9]", digits) and len(digits) == 11 else compact)
        return self.cover_phone(number, written) if number else "[telefon]"

    def cover_phone(self, number: str, written: str) -> str:
        """Return a number of the members' own as written, a token for any other."""
        self.phones.add(hashed := hash_value(self.key, number))
        return written if hashed in self.kept.hashes else "[telefon]"

    def cover_ten(self, written: str, digits: str) -> str:
        """Return an organisation number as written, or a token for a person's."""
        self.keep_number(digits)
        return "[personnummer]" if len(digits) == 10 and is_sole_trader(digits) else written

    def keep_number(self, digits: str) -> None:
        if len(digits) == 10 and luhn.is_valid(digits):
            self.numbers.add(member_id(digits, self.key))

    def is_phone(self, found: re.Match[str], written: str, digits: str) -> bool:
        """Tell a phone number: international, or from 0, or called one by the word before it."""
        if re.fullmatch(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[ .].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}", written):
            return False  # a date
        if written.lstrip("(").startswith("+") or digits.startswith("00"):
            return 7 <= len(digits) <= 17
        if digits.startswith("0"):
            return 7 <= len(digits) <= 13
        if re.fullmatch(r"46[1-9]\d{7,9}", digits):
            return True
        before = found.string[max(0, found.start() - 20) : found.start()]
        return 5 <= len(digits) <= 10 and bool(_PHONE_WORD.search(before)) and not _is_unsplit(written)


def _is_unsplit(written: str) -> bool:
    """Tell a number written in one piece, or in two before its last four digits."""
    return bool(re.fullmatch(r"\d{6}(?:\d{2})?[ ]?[-\u2010-\u2015]?[ ]?\d{4}", written))
