"""Hostile and odd mail: capped before it is read, read by rules, never a crash and never slow."""

import hashlib
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.inbox.headers import decode_header, find_address, read_stamp
from sources.inbox.mail import MAX_HEADER, MAX_MAIL, MailUnreadable, read_mail
from sources.inbox.page import page_to_text

HEAD = b"From: Tora <tora@brev.example>\nSubject: Hej\nDate: Mon, 2 Mar 2026 10:00:00 +0100\n"


def mail(*lines: str | bytes) -> bytes:
    return b"\n".join(line.encode() if isinstance(line, str) else line for line in lines)


def refuse(content: bytes) -> str:
    with pytest.raises(MailUnreadable) as caught:
        read_mail(content)
    return caught.value.code


def test_a_mail_over_a_cap_is_refused_before_it_is_read() -> None:
    assert refuse(HEAD + b"\n" + b"x" * MAX_MAIL) == "mail-too-large"
    assert refuse(b"Received: " + b"x" * MAX_HEADER + b"\n" + HEAD) == "mail-header-too-large"
    assert refuse(b"Received: x\n" * 30_000 + HEAD) == "mail-header-too-large"
    parts = b"--b\n\nx\n" * 201
    assert refuse(HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + parts) == "mail-too-deep"
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(40))
    assert refuse(HEAD + nested + b"\nx") == "mail-too-deep"
    look_alikes = b"--bx\n" * 6_000
    assert refuse(HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + look_alikes) == "mail-too-deep"


def test_two_hundred_parts_are_still_read() -> None:
    parts = b"".join(b"--b\n\ndel %d\n" % n for n in range(199))
    read = read_mail(HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + parts + b"--b--\n")
    assert read.text.startswith("del 0\n\ndel 1\n\n") and read.text.endswith("del 198")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"bara text, inga rubriker\n\nmer text", b"\x00\xff" * 50_000])
def test_bytes_that_are_no_mail_are_refused(content: bytes) -> None:
    assert refuse(content) == "mail-unreadable"


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Type: text/html\n\n" + b"<b>x" * 500_000,
        b"Content-Type: text/html\n\n" + b"<table><tr><td>" * 100_000,
        b"Content-Type: text/html\n\n" + b"<style>" * 300_000,
        b"Content-Type: multipart/mixed; boundary=q\n\n"
        + (b"--q\nContent-Type: text/html\n\n" + b"<p>x" * 9_000 + b"\n") * 190,
        b"Content-Type: text/plain; format=flowed\n\n" + b" \n" * 5_000_000,
        b"Content-Type: multipart/mixed; a=" + b'";' * 7_000 + b"\n\nx",
        b"Content-Transfer-Encoding: base64\nContent-Type: image/png\n\n" + b"!" * 20_000_000,
        b"To: " + b"(" * 15_000 + b"\nReferences: " + b"<" * 15_000 + b"\n\nx",
    ],
)
def test_nothing_a_stranger_writes_takes_two_seconds(body: bytes) -> None:
    started = time.process_time()
    read_mail(HEAD + body)
    assert time.process_time() - started < 2


def test_the_largest_mail_stays_within_memory() -> None:
    picture = b"QUJD" * 19 + b"\n"
    content = HEAD + b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + picture * 330_000
    tracemalloc.start()
    (attachment,) = read_mail(content).attachments
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert attachment.size == 57 * 330_000
    assert peak < 100 * 1024 * 1024


@pytest.mark.parametrize(
    ("header", "body", "text", "odd"),
    [
        ("text/plain; charset=utf-8", "Västerås".encode(), "Västerås", ()),
        ("text/plain; charset=iso-8859-1", "Västerås – ja".encode("cp1252"), "Västerås – ja", ()),
        ("text/plain; charset=utf-8", "Västerås".encode("cp1252"), "Västerås", ("mail-charset-odd",)),
        ("text/plain", "Västerås".encode(), "Västerås", ()),
        ("text/plain", "Västerås".encode("cp1252"), "Västerås", ()),
        ("text/plain; charset=finns-inte", "Västerås".encode("cp1252"), "Västerås", ("mail-charset-odd",)),
        ("text/plain; charset=unicode_escape", b"a\\u0041", "a\\u0041", ("mail-charset-odd",)),
        ("text/plain; charset=iso-8859-1", "Västerås".encode(), "Västerås", ("mail-charset-odd",)),
        ("text/plain", "\ufeffVästerås".encode("utf-16"), "Västerås", ()),
        ("text/html", '<meta charset="windows-1252"><p>Västerås'.encode("cp1252"), "Västerås", ()),
    ],
)
def test_charsets_are_read_by_rules(header: str, body: bytes, text: str, odd: tuple[str, ...]) -> None:
    if header == "text/plain" and b"\xff\xfe" in body:
        body = body[2:]  # one byte order mark is enough
    read = read_mail(HEAD + f"Content-Type: {header}\n\n".encode() + body)
    assert (read.text, read.odd) == (text, odd)


def test_base64_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    read = read_mail(HEAD + b"Content-Transfer-Encoding: base64\n\nSGVqIGhlagA=Zg")
    assert read.text.startswith("Hej hej")


def test_of_alternatives_the_plain_one_is_read_and_of_others_all() -> None:
    content = mail(
        HEAD + b"Content-Type: multipart/mixed; boundary=y",
        "",
        "--y",
        "Content-Type: multipart/alternative; boundary=x",
        "",
        "--x",
        "Content-Type: text/html",
        "",
        "<p>sida</p>",
        "--x",
        "Content-Type: text/plain",
        "",
        "ord",
        "--x--",
        "--y",
        "Content-Type: text/plain",
        "",
        "mer",
        "--y",
        "Content-Type: application/pdf",
        'Content-Disposition: attachment; filename="../../etc/passwd"',
        "",
        "%PDF",
        "--y--",
    )
    read = read_mail(content)
    assert read.text == "ord\n\nmer"
    (attachment,) = read.attachments
    assert (attachment.media_type, attachment.size) == ("application/pdf", 4)
    assert attachment.sha256 == hashlib.sha256(b"%PDF").hexdigest()


def test_an_attached_mail_stands_in_the_text_as_a_forwarded_one() -> None:
    content = mail(
        HEAD + b"Content-Type: message/rfc822",
        "",
        "From: Kalle <kalle@brev.example>",
        "To: nagon@brev.example",
        "Subject: =?utf-8?q?F=C3=B6rst?=",
        "",
        "inne",
    )
    text = read_mail(content).text
    assert text.startswith("---------- Forwarded message ----------\nFrom: Kalle <kalle@brev.example>")
    assert "Subject: Först" in text and text.endswith("inne") and "nagon@" not in text


def test_a_multipart_without_its_boundary_is_still_text() -> None:
    assert read_mail(HEAD + b"Content-Type: multipart/mixed; boundary=borta\n\nhej").text == "hej"
    assert read_mail(HEAD + b"Content-Type: multipart/mixed\n\nhej").text == "hej"


def test_a_forgotten_blank_line_begins_the_text() -> None:
    assert read_mail(HEAD + b"De ringde igen\noch igen\n\nslut").text == "De ringde igen\noch igen\n\nslut"


def test_headers_are_decoded_without_line_ends() -> None:
    assert decode_header(b"=?utf-8?q?Tips=0D=0ABcc=3A_x=40y.example?=") == "Tips Bcc: x@y.example"
    assert decode_header("Råd om säljare".encode("latin-1")) == "Råd om säljare"
    assert decode_header(b"=?utf-8?b?w6U=?= =?utf-8?q?_=C3?=\n =?utf-8?q?=A4?= slut") == "å ä slut"
    assert decode_header(b"=?finns-inte?q?hej?=") == "hej"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Tora Myt <Tora@Brev.example>", ("Tora Myt", "tora@brev.example")),
        ('"bank@bank.example" <ond@x.example>', ("bank@bank.example", "ond@x.example")),
        ("tora@brev.example (Tora Myt)", ("Tora Myt", "tora@brev.example")),
        ("a@[", ("", None)),
        ("<>", ("", None)),
        ("", ("", None)),
    ],
)
def test_the_address_counts_and_not_what_the_name_pretends(value: str, expected: tuple[str, str | None]) -> None:
    assert find_address(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mon, 2 Mar 2026 10:00:00 +0100", "2026-03-02T10:00:00+01:00"),
        ("from x by y; 2 Mar 2026 23:30:00 -0000", "2026-03-02T23:30:00+00:00"),
        ("2 March 26 10:00 GMT", "2026-03-02T10:00:00+00:00"),
        ("Mon, 31 Feb 2026 10:00:00 +0100", None),
        ("Mon, 2 Mar 99999 10:00:00 +0100", None),
        ("Thu, 1 Jan 1970 00:00:00 +0000", None),
        ("igår", None),
    ],
)
def test_a_stamp_is_read_or_not_at_all(value: str, expected: str | None) -> None:
    moment = read_stamp(value)
    assert (moment.isoformat() if moment else None) == expected


def test_a_page_becomes_lines_and_keeps_its_quotes() -> None:
    page = (
        "<html><head><style>p{}</style></head><body><!-- <p>bort</p> --><p>Hej,<br>de <b>ringde</b></p>"
        "<div style='DISPLAY: none'>dolt</div><script>x()</script><blockquote>citat &amp; mer<blockquote>djupt"
        "</blockquote></blockquote>slut<img src='http://spion.example/x.png'></body></html>"
    )
    assert page_to_text(page, 10_000)[0] == "Hej,\nde ringde\n> citat & mer\n>> djupt\nslut"


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(["text/html", "multipart/mixed; boundary=b", "message/rfc822", "text/plain"]),
)
def test_any_bytes_end_as_a_mail_or_are_refused(noise: bytes, kind: str) -> None:
    for content in (noise, HEAD + f"Content-Type: {kind}\n\n--b\n".encode() + noise, HEAD + noise):
        try:
            read = read_mail(content)
        except MailUnreadable as error:
            assert error.code.startswith("mail-")
        else:
            assert isinstance(read.text, str)


def test_a_nul_in_a_media_type_reaches_no_database() -> None:
    mail = read_mail(b"From: a@b.se\nContent-Type: text/\0plain; name=a.txt\nContent-Disposition: attachment\n\nhej")
    assert mail.types == ("text/?plain",) and mail.attachments[0].media_type == "text/?plain"
