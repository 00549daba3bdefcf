"""The world's companies: members with the names they are known by, and others that only the agency names.

Everything is invented. Organisation numbers begin with 4, a series that no Swedish entity is given, and carry a
right check digit; the sole trader's would be a birth on 30 February. Phones come from the ranges that Post- och
telestyrelsen keeps for fiction; domains end in .example.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass


def complete_number(nine: str) -> str:
    """Return the nine digits with the Luhn check digit that makes them a valid organisation number."""
    total = 0
    for place, digit in enumerate(nine):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return nine + str(-total % 10)


def write_number(digits: str) -> str:
    """Return an organisation number as people write it: NNNNNN-NNNN."""
    return f"{digits[:6]}-{digits[6:]}"


@dataclass(frozen=True)
class Company:
    """A company: its legal name and number; ``names`` are (kind, value, valid_from, valid_to) of a member."""

    legal_name: str
    number: str
    joined_on: str = ""
    left_on: str = ""
    size: str = ""
    size_unit: str = ""
    year_end: str = "12-31"
    contact: str = ""
    names: tuple[tuple[str, str, str, str], ...] = ()

    @property
    def is_member(self) -> bool:
        """Tell whether the company is, or has been, in the association."""
        return bool(self.joined_on)


def _always(kind: str, *values: str) -> tuple[tuple[str, str, str, str], ...]:
    return tuple((kind, value, "", "") for value in values)


NORRSKEN = Company(
    "Telefonhuset Norrsken AB",
    complete_number("449102417"),
    "2018-02-01",
    "",
    "212000",
    "kunder",
    "12-31",
    "regelefterlevnad@norrsken-telefon.example",
    (
        ("brand", "Polarprat", "2021-09-01", ""),
        ("former", "Nordanvind Telefoni AB", "2016-05-02", "2026-02-28"),
        *_always("domain", "norrsken-telefon.example", "polarprat.example"),
        *_always("phone", "08-465 004 10", "070-174 06 10"),
        *_always("email", "kundservice@norrsken-telefon.example"),
    ),
)
NORDKONTAKT_SVERIGE = Company(
    "Nordkontakt Sverige AB",
    complete_number("449113025"),
    "2015-01-15",
    "",
    "180",
    "anställda",
    "12-31",
    "kvalitet@nordkontakt-sverige.example",
    (
        *_always("trade", "Nordkontakt Kundcenter"),
        *_always("domain", "nordkontakt-sverige.example"),
        *_always("phone", "031-390 06 20"),
    ),
)
NORDKONTAKT_ENERGI = Company(
    "Nordkontakt Energi AB",
    complete_number("449113107"),
    "2019-06-01",
    "",
    "64000",
    "kunder",
    "12-31",
    "avtal@nordkontakt-energi.example",
    (
        ("brand", "Lövkraft", "2026-05-01", ""),
        *_always("domain", "nordkontakt-energi.example"),
        ("domain", "lovkraft.example", "2026-05-01", ""),
        *_always("phone", "08-465 004 22"),
    ),
)
BJORKEBY = Company(
    "Björkeby Elhandel AB",
    complete_number("449120736"),
    "2017-03-01",
    "",
    "98000",
    "kunder",
    "12-31",
    "compliance@bjorkeby-el.example",
    (
        ("brand", "Lövkraft", "2020-01-01", "2026-04-30"),
        *_always("brand", "Björkeby El"),
        *_always("domain", "bjorkeby-el.example"),
        ("domain", "lovkraft.example", "2020-01-01", "2026-04-30"),
    ),
)
KLARSVAR = Company(
    "Klarsvar Telemarketing AB",
    complete_number("449131840"),
    "2016-09-01",
    "",
    "75",
    "anställda",
    "06-30",
    "teamledning@klarsvar-tm.example",
    (
        *_always("brand", "Klarsvar"),
        *_always("domain", "klarsvar-tm.example"),
        *_always("phone", "031-390 06 31", "070-174 06 31"),
    ),
)
RINGVAGEN = Company(
    "Ringvägen Kundkontakt AB",
    complete_number("449134059"),
    "2022-01-01",
    "",
    "22",
    "anställda",
    "12-31",
    "info@ringvagen-kundkontakt.example",
    _always("domain", "ringvagen-kundkontakt.example"),
)
RINGKRAFT = Company(
    "Ringkraft i Borås AB",
    complete_number("449136672"),
    "2020-04-01",
    "",
    "41",
    "anställda",
    "08-31",
    "drift@ringkraft-boras.example",
    (*_always("trade", "Ringkraft"), *_always("domain", "ringkraft-boras.example"), *_always("phone", "031-390 06 44")),
)
SANKT_ORJAN = Company(
    "Sankt Örjans Förlag AB",
    complete_number("449141128"),
    "2014-10-01",
    "",
    "31000",
    "prenumeranter",
    "12-31",
    "prenumeration@sanktorjan.example",
    (
        *_always("brand", "Tidskriften Spisen & Spaden"),
        ("former", "Bröderna Örn Bokförlag AB", "2014-10-01", "2025-06-30"),
        *_always("domain", "sanktorjan.example"),
    ),
)
TIDSKRIFTSPOOLEN = Company(
    "Tidskriftspoolen i Norden AB",
    complete_number("449142894"),
    "2019-01-01",
    "",
    "12500",
    "prenumeranter",
    "12-31",
    "ekonomi@tidskriftspoolen.example",
    (*_always("domain", "tidskriftspoolen.example"), *_always("phone", "08-465 004 53")),
)
AKERLUNDS = Company(
    "Åkerlunds Samtal HB",
    complete_number("449150227"),
    "2021-05-01",
    "",
    "6",
    "anställda",
    "04-30",
    "hej@akerlundssamtal.example",
    _always("domain", "akerlundssamtal.example"),
)
DUNBERGS = Company(
    "Dunbergs Sömnprodukter AB",
    complete_number("449155306"),
    "2018-11-01",
    "",
    "44000",
    "order per år",
    "12-31",
    "kundtjanst@dunbergs.example",
    (*_always("brand", "Dunbergs"), *_always("domain", "dunbergs.example")),
)
VASTANVIK = Company(
    "Västanvik Bredband AB",
    complete_number("449160918"),
    "2016-02-01",
    "",
    "57000",
    "kunder",
    "12-31",
    "regulatoriskt@vastanvik.example",
    (
        ("former", "Västanviks Kabel-TV AB", "2016-02-01", "2024-12-31"),
        *_always("brand", "Västanvik Fiber"),
        *_always("domain", "vastanvik.example"),
        *_always("phone", "08-465 004 61"),
    ),
)
LYCKOKLOVERN = Company(
    "Lyckoklöverns Lotteri AB",
    complete_number("449166243"),
    "2013-04-01",
    "",
    "120000",
    "lottköpare",
    "12-31",
    "spelansvar@lyckoklovern.example",
    (*_always("brand", "Lyckoklövern"), *_always("domain", "lyckoklovern.example")),
)
KOMPASSROSEN = Company(
    "Kompassrosen Pensionsrådgivning AB",
    complete_number("449170589"),
    "2023-09-01",
    "",
    "8",
    "anställda",
    "12-31",
    "klagomal@kompassrosen.example",
    _always("domain", "kompassrosen.example"),
)
TELEDRAKE = Company(
    "Teledrake Sälj AB",
    complete_number("449172254"),
    "2017-08-01",
    "2026-02-28",
    "19",
    "anställda",
    "12-31",
    "vd@teledrake.example",
    (*_always("domain", "teledrake.example"), *_always("phone", "070-174 06 72")),
)
PAHITTSSON = Company(
    "Påhittssons Telefontjänst",
    complete_number("530230123"),
    "2020-02-01",
    "",
    "1",
    "anställda",
    "12-31",
    "anbud@pahittsson-telefon.example",
    (*_always("domain", "pahittsson-telefon.example"), *_always("phone", "070-174 06 80")),
)
MEMBERS = (
    NORRSKEN,
    NORDKONTAKT_SVERIGE,
    NORDKONTAKT_ENERGI,
    BJORKEBY,
    KLARSVAR,
    RINGVAGEN,
    RINGKRAFT,
    SANKT_ORJAN,
    TIDSKRIFTSPOOLEN,
    AKERLUNDS,
    DUNBERGS,
    VASTANVIK,
    LYCKOKLOVERN,
    KOMPASSROSEN,
    TELEDRAKE,
    PAHITTSSON,
)

# Legal name, number, complaints in the last extract, of them by telephone. Nobody here is a member.
_OTHERS = (
    ("Paketbudet Express Sverige AB", "449201115", 141, 3),
    ("Glasklart Elavtal AB", "449201230", 44, 21),
    ("Kryssningsbiljetten Mälaren AB", "449202345", 38, 0),
    ("Solpanelskollen Mälardalen AB", "449203451", 31, 17),
    ("Gymkortet Nu AB", "449204562", 29, 0),
    ("Skobutiken på Nätet AB", "449205673", 26, 0),
    ("Möbelvaruhuset Tallmon AB", "449206784", 22, 0),
    ("Vitaminvännen i Skåne AB", "449207895", 18, 9),
    ("Hyrbilsdisken Arlunda AB", "449208906", 14, 0),
    ("Västanvik Bredbandsservice AB", "449209017", 11, 2),
    ("Nordkontakt Förlag AB", "449210128", 7, 6),
    ("Fiberkooperativet Älvsby ek. för.", "449211239", 5, 1),
    ("Takpojkarna Bygg & Plåt AB", "449212340", 4, 1),
    ("Låskompaniet Jour HB", "449213451", 3, 0),
    ("Klippoteket Salong KB", "449214562", 2, 0),
    ("Kaffeklubben Bönan AB", "449215673", 3, 2),
    ("Begravningsbyrån Stilla Vatten AB", "449216784", 1, 0),
    ("Telefonlaget Syd AB", "449217895", 5, 5),
    ("Ljungdala Trädgård AB", "449218906", 2, 0),
    ("Silverbäck Prenumeration AB", "449219017", 4, 3),
)
OTHERS = tuple((Company(name, complete_number(nine)), total, phone) for name, nine, total, phone in _OTHERS)


def _write_csv(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode("utf-8")


def write_members() -> bytes:
    """Return members.csv: UTF-8, comma, one row per member."""
    header = ("org_number", "legal_name", "joined_on", "left_on", "size", "size_unit", "year_end", "contact")
    rows = [
        (write_number(m.number), m.legal_name, m.joined_on, m.left_on, m.size, m.size_unit, m.year_end, m.contact)
        for m in MEMBERS
    ]
    return _write_csv(header, rows)


def write_names() -> bytes:
    """Return names.csv: UTF-8, comma, one row per name; an empty date means always."""
    rows = [(write_number(member.number), *name) for member in MEMBERS for name in member.names]
    return _write_csv(("org_number", "kind", "value", "valid_from", "valid_to"), rows)
