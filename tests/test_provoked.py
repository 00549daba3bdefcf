"""Pages and mails made to break the checks that no other test breaks."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.drafts import Draft
from sources.contract import Bounds, RawItem, SourceBroken
from sources.encoding import CHARSET_REFUTED, CHARSET_UNKNOWN
from sources.inbox.mail import MAX_TEXT, read_mail
from sources.registry import INFOS, WEB_SOURCES

TESTS = Path(__file__).parent

PAGE = """<html><head><title>Prov – NIX-nämnden</title></head><body><article><h1>{title}</h1>
<p>Uttalande 2024-05-14</p>{number}<p>Anmälare:<br>En konsument</p><p>Motpart:<br>{party}</p>
<p>Frågeställning:<br>Marknadsföring per telefon</p>{ruling}
<h3>Anmälarens uppgifter</h3><p>Anmälaren blev uppringd.</p></article></body></html>"""
RULING = "<p>NIX-nämndens beslut:<br>NIX-nämnden finner att bolaget har brutit mot god sed.</p>"


def parse_page(content: bytes, charset: str = "", kind: str = "dm_namnden", name: str = "prov") -> list[Draft]:
    source = WEB_SOURCES[kind](kind, ["https://nixnamnden.se"], Bounds((1, 9), 9, 9), "Prov (+prov@example.org)")
    sha256 = hashlib.sha256(content).hexdigest()
    at = datetime(2026, 8, 26, tzinfo=UTC)
    url = f"https://nixnamnden.se/arenden/{name}"
    return list(source.parse(content, RawItem(url, sha256, charset=charset, fetched_at=at)))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": ""}, "case-number-missing"),
        ({"title": "", "party": ""}, "party-missing"),
        ({"party": "Ringlund AB " + "som sålde abonnemang per telefon " * 6}, "party-unreadable"),
        ({"ruling": "<p>NIX-nämndens beslut:</p>"}, "decision-missing"),
    ],
)
def test_a_decision_without_a_part_of_its_labels_says_which(change: dict[str, str], code: str) -> None:
    whole = {"title": "Ringlund AB", "number": "<p>Dnr 24-120</p>", "party": "Ringlund AB", "ruling": RULING}
    assert parse_page(PAGE.format(**whole).encode())[0].faults == ()
    draft = parse_page(PAGE.format(**whole | change).replace("Prov – ", "").encode())[0]
    assert code in {*draft.flags, *(fault.code for fault in draft.faults)}


CODED = sorted(kind for kind, info in INFOS.items() if CHARSET_REFUTED in {check.code for check in info.checks})


@pytest.mark.parametrize("kind", CODED)
def test_a_page_whose_encoding_is_not_what_its_server_says_is_flagged(kind: str) -> None:
    pages = sorted(path for path in (TESTS / "pages" / kind).glob("*.html"))
    for charset, code in (("iso-8859-1", "charset-refuted"), ("x-no-such", "charset-unknown")):
        told = {flag for page in pages for draft in read_page(page, charset, kind) for flag in draft.flags}
        assert code in told and code in (CHARSET_REFUTED, CHARSET_UNKNOWN)


def read_page(page: Path, charset: str, kind: str) -> list[Draft]:
    content = page.read_bytes()
    try:
        content.decode("utf-8")
        return parse_page(content, charset, kind, page.stem)
    except (SourceBroken, UnicodeDecodeError):
        return []


def test_a_mail_too_long_to_be_a_tip_is_cut_and_says_so() -> None:
    mail = b"From: Tora <tora@example.org>\r\nSubject: Prov\r\n\r\n" + b"De ringer och ringer. " * (MAX_TEXT // 20)
    read = read_mail(mail)
    assert "mail-text-cut" in read.odd and len(read.text) == MAX_TEXT
