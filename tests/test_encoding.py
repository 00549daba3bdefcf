"""Bytes to text: declared, then proven, then cp1252; never guessed, and damage is flagged."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.encoding import CHARSET_REFUTED, CHARSET_UNKNOWN, MOJIBAKE, decode_bytes, shows_mojibake

SWEDISH = "Företaget ”Åkes Ämbar” – 21 § marknadsföringslagen, pris 5 €"


@pytest.mark.parametrize(
    ("content", "charset", "evidence"),
    [
        (SWEDISH.encode(), "utf-8", "http"),
        (SWEDISH.encode("cp1252"), "ISO-8859-1", "http"),
        (SWEDISH.encode("cp1252"), "windows-1252", "http"),
        (codecs.BOM_UTF8 + SWEDISH.encode(), "", "bom"),
        (codecs.BOM_UTF16_LE + SWEDISH.encode("utf-16-le"), "", "bom"),
        (codecs.BOM_UTF16_BE + SWEDISH.encode("utf-16-be"), "", "bom"),
        (codecs.BOM_UTF32_LE + SWEDISH.encode("utf-32-le"), "", "bom"),
        (SWEDISH.encode(), "", "utf-8"),
        (SWEDISH.encode("cp1252"), "", "cp1252"),
    ],
)
def test_each_step_of_the_chain_gives_the_same_text(content: bytes, charset: str, evidence: str):
    decoded = decode_bytes(content, charset)
    assert (decoded.text, decoded.evidence, decoded.flags) == (SWEDISH, evidence, ())


@pytest.mark.parametrize(
    "head",
    [
        '<html><meta charset="iso-8859-15">',
        "<meta http-equiv='Content-Type' content='text/html; charset=iso-8859-15'>",
        '<?xml version="1.0" encoding="iso-8859-15"?>',
    ],
)
def test_a_page_may_declare_its_own_charset(head: str):
    decoded = decode_bytes((head + "5 € på räkning").encode("iso-8859-15"))
    assert (decoded.text, decoded.encoding, decoded.flags) == (head + "5 € på räkning", "iso8859-15", ())


def test_a_declaration_inside_a_comment_or_in_a_file_that_is_no_page_does_not_count():
    text = "<!-- <meta charset=koi8-r> --><p>smör"
    assert decode_bytes(text.encode("cp1252")).text == text
    text = "<meta charset=koi8-r>;smör"
    assert decode_bytes(text.encode("cp1252"), markup=False).text == text
    assert decode_bytes(text.encode("cp1252")).encoding == "koi8-r"


def test_the_http_header_goes_before_the_meta_of_the_page():
    text = "<meta charset=koi8-r>smör"
    assert decode_bytes(text.encode("cp1252"), "windows-1252").text == text


@pytest.mark.parametrize("charset", ["iso-8859-1", "us-ascii", "windows-1252"])
def test_a_header_that_would_make_mojibake_of_utf8_is_refuted_and_flagged(charset: str):
    decoded = decode_bytes(SWEDISH.encode(), charset)
    assert (decoded.text, decoded.encoding, decoded.flags) == (SWEDISH, "utf-8", (CHARSET_REFUTED,))


def test_a_header_that_does_not_decode_is_refuted_and_flagged():
    decoded = decode_bytes(SWEDISH.encode("cp1252"), "utf-8")
    assert (decoded.text, decoded.encoding, decoded.flags) == (SWEDISH, "cp1252", (CHARSET_REFUTED,))


@pytest.mark.parametrize(
    "label", ["hex", "rot13", "utf-7", "unicode_escape", "big5", "no-such", "idna", "\x00", "å" * 9]
)
def test_a_charset_that_is_no_text_encoding_of_ours_is_passed_over_and_flagged(label: str):
    decoded = decode_bytes(SWEDISH.encode(), label)
    assert (decoded.text, decoded.flags) == (SWEDISH, (CHARSET_UNKNOWN,))


def test_a_mark_of_utf16_refutes_a_header_of_latin1():
    decoded = decode_bytes(codecs.BOM_UTF16_LE + "smör".encode("utf-16-le"), "iso-8859-1")
    assert (decoded.text, decoded.flags) == ("smör", (CHARSET_REFUTED,))


def test_text_that_was_damaged_at_the_publisher_is_kept_as_it_stands_and_flagged():
    damaged = SWEDISH.encode().decode("cp1252", "replace")
    decoded = decode_bytes(damaged.encode())
    assert (decoded.text, decoded.flags) == (damaged, (MOJIBAKE,))
    assert decode_bytes(damaged.encode(), "iso-8859-1").text == damaged


def test_one_damaged_byte_in_a_utf8_page_costs_one_letter_and_not_all():
    decoded = decode_bytes("åäö ".encode() * 50 + b"\xff" + "åäö".encode())
    assert decoded.text == "åäö " * 50 + "\ufffd" + "åäö"
    assert decoded.flags == (MOJIBAKE,)


def test_bytes_that_cp1252_does_not_define_are_marked_and_the_rest_is_read():
    decoded = decode_bytes("smör".encode("cp1252") + b"\x81")
    assert (decoded.text, decoded.encoding, decoded.flags) == ("smör\ufffd", "cp1252", (MOJIBAKE,))


@pytest.mark.parametrize("letter", "åäöÅÄÖéÉüÜøæØÆ§–—”’…€»«½°™")
def test_every_nordic_letter_and_mark_is_known_by_its_mojibake(letter: str):
    assert shows_mojibake(letter.encode().decode("cp1252", "replace"))
    assert not shows_mojibake(letter)


@pytest.mark.parametrize(
    "text", ["”MALMÖ”", "«CAFÉ»", "NÃO É", "Â", "pâté", "FÅ…", "RÖ–", "ÅRE’S", "naïve", "SÃO PAULO", "château €5"]
)
def test_honest_text_is_not_taken_for_mojibake(text: str):
    assert not shows_mojibake(text)


@given(st.binary(max_size=400), st.sampled_from(["", "utf-8", "latin-1", "utf-16", "koi8-r", "x"]), st.booleans())
def test_any_bytes_become_text_without_raising(content: bytes, charset: str, markup: bool):
    decoded = decode_bytes(content, charset, markup=markup)
    assert ("\ufffd" not in decoded.text) or MOJIBAKE in decoded.flags


@given(st.text(alphabet="abcåäöÅÄÖé §–”\n", min_size=1))
def test_swedish_text_survives_utf8_and_cp1252_alike(text: str):
    assert decode_bytes(text.encode()).text == text
    assert decode_bytes(text.encode("cp1252"), "windows-1252").text == text


def test_a_hostile_head_is_searched_in_linear_time():
    for piece in (b"<!--", b"<meta ", b"<meta charset=", b"<?xml ", b"<!-- -", b"<meta charset  "):
        assert decode_bytes(piece * 500_000).text.startswith(piece.decode())
