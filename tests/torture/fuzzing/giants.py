"""What is small to send and large to read: made once for each kind of input, at the size that is let in."""

import base64
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping

PAGE = 19_000_000  # bytes; a page may have 20 million
NEARLY = 2_400_000, 39_000  # characters and tags that are only just let in
MAIL = 24_000_000
TABLE = 3_000_000  # a table of any size is read in constant memory: this is for what one line or cell may cost

_SPACES = b"http://schemas.openxmlformats.org"
_MAIN = _SPACES + b"/spreadsheetml/2006/main"
_DECLARATION = (
    b"From: a@b.se\nDate: Thu, 11 Jun 2026 08:00:00 +0200\nContent-Type: application/octet-stream\n"
    b"Content-Disposition: attachment; filename=sjalvdeklaration.xlsx\nContent-Transfer-Encoding: base64\n\n"
)
Giants = Mapping[str, Callable[[bytes], bytes]]


def _fill(opening: bytes, piece: bytes, closing: bytes, size: int) -> bytes:
    return opening + piece * ((size - len(opening) - len(closing)) // max(len(piece), 1)) + closing


def _page(piece: bytes, size: int = PAGE) -> Callable[[bytes], bytes]:
    """A page like the sample, with something again and again before its end."""
    return lambda sample: _fill(
        sample.replace(b"</html>", b"").replace(b"</body>", b""), piece, b"</body></html>", size
    )


def _just_let_in(piece: bytes) -> Callable[[bytes], bytes]:
    times = min(NEARLY[0] // len(piece), NEARLY[1] // max(piece.count(b"<"), 1))
    return lambda sample: _page(piece, len(sample) + times * len(piece))(sample)


_REPEATED = {
    "of text": b"Bolaget ringde. ",
    "of letters": "Bolåget ringde. ".encode(),
    "of one word": b"a",
    "of tags": b"<p>a",
    "of empty tags": b"<b>",
    "of long tags": b"<p class='aaaaaaaaaa'>a bb",
    "of closed tags": b"<b>a</b> ",
    "of deep tags": b"<div>",
    "of rows": b"<tr><td>1<td>2",
    "of tables": b"<table><tr><td>Namn<td>Sk\xc3\xa4l<tr><td>A AB<td>b",
    "of list items": b"<li>Bolaget AB: ringde",
    "of bold items": b"<li><b>Bolaget AB</b> ringde",
    "of labels": b"Datum: 2021-01-01 ",
    "of label lines": b"<p>Datum: 2021-01-01",
    "of case numbers": b"PMT 12345-16 21-072 mot Bolaget AB ",
    "of capitals": b"Aa Aa ",
    "of entities": b"&aring;",
    "of half tags": b"<",
    "of comments": b"<!--",
    "of blanks": b" \n",
    "of links": b"<a href='/arenden/21-072'>x</a>",
    "of decisions": b"<p>NIX-n\xc3\xa4mndens beslut</p><p>brutit mot god sed inte ",
}
_PAGES: Giants = {
    **{name: _page(piece) for name, piece in _REPEATED.items()},
    **{f"{name}, just let in": _just_let_in(piece) for name, piece in _REPEATED.items()},
    "of attributes": lambda s: s + b"<a " + b"x='y' " * 1_000_000 + b">",
    "of one attribute": lambda s: s + b"<a href='" + b"x" * (PAGE // 2) + b"'>",
    "with a picture": lambda s: s.replace(
        b"</body>", b"<img src='data:image/png;base64," + b"QUFB" * 2_000_000 + b"'></body>"
    ),
    "entity bomb": lambda s: (
        b"<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>"
        + b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10 if n else b"&a;" * 10) for n in range(9))
        + b"]>"
        + s
        + b"&a8;"
    ),
}
_TABLES: Giants = {
    "of one line": lambda s: s.splitlines(keepends=True)[0] + b"x" * TABLE,
    "of one cell": lambda s: s.splitlines(keepends=True)[0] + b'"' + b"x" * 900_000 + b'"\n',
    "of separators": lambda s: s.splitlines(keepends=True)[0] + b";" * 900_000 + b"\n" + b"," * 900_000,
    "of quotes": lambda s: s.splitlines(keepends=True)[0] + b'"' * 900_000,
    "of quoted line ends": lambda s: s.splitlines(keepends=True)[0] + b'"' + b"\n" * TABLE,
    "of a wide header": lambda s: b";".join(b"h%d" % n for n in range(100_000)) + b"\n" + b";" * 100_000,
    "of short rows": lambda s: s.splitlines(keepends=True)[0] + b"a\n" * 100_000,
    "of stray quotes": lambda s: s.splitlines(keepends=True)[0] + b'a"b;"c"d"\n' * 30_000,
    "of carriage returns": lambda s: s.splitlines(keepends=True)[0] + b"\r" * 600_000,  # so many empty rows
    "of digits": lambda s: s.splitlines(keepends=True)[0] + (b"1" * 5_000 + b" ") * 100,
    "of names": lambda s: s.splitlines(keepends=True)[0] + b"Anna Andersson " * 50_000 + b"\n",
}
_MAILS: Giants = {
    "of text": lambda s: s + b"Bolaget ringde mig. " * (MAIL // 20),
    "of one line": lambda s: s + b"a" * (MAIL - len(s)),
    "of capitals": lambda s: s + b"Aa " * 100_000,
    "of digits": lambda s: s + b"07 " * 100_000,
    "of quotes": lambda s: s + b"> " * 100_000,
    "of forwards": lambda s: s + b"Fr\xc3\xa5n: a b <a@b.se>\nDatum: 2026-01-01\n" * 5_000,
    "one header": lambda s: b"Subject: " + b"a" * MAIL + b"\n\nhej",
    "of headers": lambda s: b"From: a@b.se\n" + b"X: y\n" * 50_000 + b"\nhej",
    "of received": lambda s: b"Received: from a by b; x\n" * 5_000 + s,
    "of parts": lambda s: b"From: a@b.se\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
    "of nested parts": lambda s: (
        b"From: a@b.se\n"
        + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(20_000))
    ),
    "of nested mails": lambda s: b"From: a@b.se\n" + b"Content-Type: message/rfc822\n\n" * 20_000,
    "of encoded words": lambda s: b"From: a@b.se\nSubject: " + b"=?utf-8?q?a?= " * 1_100 + b"\n\nhej",
    "of parameters": lambda s: b"From: a@b.se\nContent-Type: text/plain" + b"; a*0=b" * 2_000 + b"\n\nhej",
    "of references": lambda s: b"From: a@b.se\nReferences: " + b"<a@b> " * 2_700 + b"\n\nhej",
    "of html": lambda s: b"From: a@b.se\nContent-Type: text/html\n\n" + b"<div><p>a" * (MAIL // 9),
    "of a table": lambda s: b"From: a@b.se\nContent-Type: text/html\n\n<table>" + b"<tr><td>1<td>2" * (MAIL // 14),
    "of open comments": lambda s: b"From: a@b.se\nContent-Type: text/html\n\n" + b"<!--a" * (MAIL // 5),
    "of base64": lambda s: b"From: a@b.se\nContent-Transfer-Encoding: base64\n\n" + b"QUFB\n" * (MAIL // 5),
    "of quoted-printable": lambda s: (
        b"From: a@b.se\nContent-Transfer-Encoding: quoted-printable\n\n" + b"=41" * (MAIL // 3)
    ),
    "of addresses": lambda s: s + b"a@b.se 070-174 06 05 811218-9876 " * 6_000,
    "attached bomb": lambda s: (
        b"From: a@b.se\nDate: Thu, 11 Jun 2026 08:00:00 +0200\nContent-Type: application/octet-stream;"
        b" name=sjalvdeklaration.xlsx\nContent-Disposition: attachment; filename=sjalvdeklaration.xlsx\n"
        b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(_bomb(200_000_000))
    ),
}
_JSONS: Giants = {
    "deep": lambda s: b"[" * 1_000_000,
    "deep objects": lambda s: b'{"hits":' * 500_000,
    "of digits": lambda s: b'{"hits": {"hits": [{"_source": {"complaint_id": ' + b"9" * 1_900_000 + b"}}]}}",
    "of hits": lambda s: b'{"hits":{"hits":[' + b'{"_source":{}},' * 100_000 + b'{"_source":{}}]}}',
    "of keys": lambda s: (
        b'{"kind": "koll-declaration", "answers": {' + b",".join(b'"k%d": 1' % n for n in range(100_000)) + b"}}"
    ),
    "of one text": lambda s: b'{"a": "' + b"x" * 1_900_000 + b'"}',
}
_TOMLS: Giants = {
    "deep": lambda s: b"a = " + b"[" * 100_000,
    "deep keys": lambda s: b".".join([b"a"] * 50_000) + b" = 1",
    "of sections": lambda s: s + b"".join(b"[x%d]\ny = 1\n" % n for n in range(20_000)),
    "of rules": lambda s: s + b'[[rule]]\nid = "a"\n' * 2_000,
    "of digits": lambda s: s + b"\nx = " + b"9" * 1_000_000,
    "of text": lambda s: s + b'\nx = "' + b"a" * TABLE + b'"',
}
_ROBOTS: Giants = {
    "of stars": lambda s: b"User-agent: *\nDisallow: /" + b"*a" * 200_000,
    "of rules": lambda s: b"User-agent: *\n" + b"Disallow: /a*b*c$\n" * 25_000,
    "of agents": lambda s: b"User-agent: *\n" * 30_000,
    "of colons": lambda s: b":" * 500_000,
    "of escapes": lambda s: b"User-agent: *\nDisallow: /" + b"%41" * 150_000,
}
_TEXTS: Giants = {
    "of capitals": lambda s: b"Aa " * 6_000,
    "of names": lambda s: (s + b" ") * (18_000 // (len(s) + 1) + 1),
    "of one word": lambda s: b"a" * 20_000,
    "of dots": lambda s: b"a." * 10_000,
    "of numbers": lambda s: b"559021-6296 " * 1_600,
    "of numerals": lambda s: b"1 " * 10_000,
    "of brackets": lambda s: b"(" * 20_000,
    "of telephones": lambda s: b"070-174 06 05 " * 1_400,
}


def _bomb(size: int) -> bytes:
    """A package of zeros that unpacks to ``size``."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", b"<x>")
        with package.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(size // 1_000_000):
                part.write(b"\0" * 1_000_000)
    return packed.getvalue()


def _with_part(content: bytes, name: str, part: bytes, *, lie: bool = False) -> bytes:
    """The workbook with one part another; ``lie``: the directory says that it is small."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename != name:
                new.writestr(entry.filename, old.read(entry))
        new.writestr(name, part)
    told = packed.getvalue()
    if lie:
        told = told.replace(len(part).to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
        told = told.replace(zlib.crc32(part).to_bytes(4, "little"), zlib.crc32(part[:1_000]).to_bytes(4, "little"))
    return told


def _sheet(piece: bytes, size: int, opening: bytes = b"<sheetData>", closing: bytes = b"</sheetData>") -> bytes:
    return _fill(b'<worksheet xmlns="' + _MAIN + b'">' + opening, piece, closing + b"</worksheet>", size)


def _workbook(piece: bytes, size: int, opening: bytes = b"<sheetData>", closing: bytes = b"</sheetData>", **more: bool):
    part = "xl/worksheets/sheet1.xml"
    return lambda sample: _with_part(sample, part, _sheet(piece, size, opening, closing), **more)


_CELL = b"<c t='inlineStr'><is><t>%s</t></is></c>"
_NOISE = bytes(range(33, 60)) + bytes(range(63, 127))
_WORKBOOKS: Giants = {
    "bomb": lambda s: _bomb(200_000_000),
    "nested bomb": lambda s: _with_part(s, "xl/media/a.zip", _bomb(20_000_000)),
    "of rows": _workbook(b"<row><c><v>1</v></c></row>", 10_000_000),
    "of cells in one row": _workbook(b"<c><v>1</v></c>", 10_000_000, b"<sheetData><row>", b"</row></sheetData>"),
    "of empty tags": _workbook(b"<x/>", 10_000_000),
    "deep": _workbook(b"<x>", 3_000_000),
    "of far rows": lambda s: _with_part(
        s,
        "xl/worksheets/sheet1.xml",
        _sheet(
            b"",
            200,
            b"<sheetData>"
            + b"".join(b"<row r='%d'><c r='A%d'><v>1</v></c></row>" % (n, n) for n in (1, 500_000, 1_048_576)),
        ),
    ),
    "of far cells": _workbook(b"<row><c r='XFD1'><v>1</v></c></row>", 2_000_000),
    "of one cell": lambda s: _with_part(
        s,
        "xl/worksheets/sheet1.xml",
        _sheet(b"", 30_000_000, b"<sheetData><row>" + _CELL % (_NOISE * 200_000), b"</row></sheetData>"),
    ),
    "of attributes": lambda s: _with_part(
        s,
        "xl/worksheets/sheet1.xml",
        _sheet(
            b"",
            200,
            b"<sheetData><row " + b" ".join(b"a%d='1'" % n for n in range(200_000)) + b">",
            b"</row></sheetData>",
        ),
    ),
    "of shared strings": lambda s: _with_part(
        s,
        "xl/sharedStrings.xml",
        b'<sst xmlns="' + _MAIN + b'">' + b"".join(b"<si><t>%d</t></si>" % n for n in range(400_000)) + b"</sst>",
    ),
    "of styles": lambda s: _with_part(
        s,
        "xl/styles.xml",
        b'<styleSheet xmlns="' + _MAIN + b'"><cellXfs>' + b"<xf/>" * 200_000 + b"</cellXfs></styleSheet>",
    ),
    "of fonts": lambda s: _with_part(
        s,
        "xl/styles.xml",
        b'<styleSheet xmlns="' + _MAIN + b'"><fonts>' + b"<font><b/></font>" * 100_000 + b"</fonts></styleSheet>",
    ),
    "of relations": lambda s: _with_part(
        s,
        "xl/_rels/workbook.xml.rels",
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        + b"<Relationship Id='a' Type='b' Target='c'/>" * 100_000
        + b"</Relationships>",
    ),
    "of sheets": lambda s: _with_part(
        s,
        "xl/workbook.xml",
        b'<workbook xmlns="'
        + _MAIN
        + b'"><sheets>'
        + b"<sheet name='a' sheetId='1' r:id='rId1' xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/"
        b"relationships'/>" * 20_000 + b"</sheets></workbook>",
    ),
    "of names": lambda s: _with_part(
        s,
        "xl/workbook.xml",
        b'<workbook xmlns="'
        + _MAIN
        + b'"><sheets/><definedNames>'
        + b"<definedName name='a'>b</definedName>" * 100_000
        + b"</definedNames></workbook>",
    ),
    "entity bomb": lambda s: _with_part(
        s,
        "xl/worksheets/sheet1.xml",
        b"<!DOCTYPE a [<!ENTITY a0 'aaaaaaaaaa'>"
        + b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 9))
        + b"]>"
        + _sheet(b"", 200, b"<sheetData><row>" + _CELL % b"&a8;", b"</row></sheetData>"),
    ),
    "with a lying directory": _workbook(b"<row><c><v>1</v></c></row>", 30_000_000, lie=True),
    "of package files": lambda s: _many(s),
    "of digits": lambda s: _with_part(
        s,
        "xl/worksheets/sheet1.xml",
        _sheet(b"", 200, b"<sheetData><row><c><v>" + b"9" * 4_000_000 + b"</v></c>", b"</row></sheetData>"),
    ),
    "of dates": _workbook(b"<row><c t='d'><v>2020-01-01</v></c></row>", 3_000_000),
    "of rich text": _workbook(
        b"<c t='inlineStr'><is><r><t>a</t></r><r><t>b</t></r></is></c>",
        5_000_000,
        b"<sheetData><row>",
        b"</row></sheetData>",
    ),
    "of links": lambda s: _with_part(
        s,
        "xl/worksheets/sheet1.xml",
        _sheet(b"<hyperlink ref='A1'/>", 5_000_000, b"<sheetData/><hyperlinks>", b"</hyperlinks>"),
    ),
    "of merged cells": _workbook(
        b"<mergeCell ref='A1:XFD1048576'/>", 5_000_000, b"<sheetData/><mergeCells>", b"</mergeCells>"
    ),
}


def _many(content: bytes) -> bytes:
    packed = io.BytesIO(content)
    with zipfile.ZipFile(packed, "a") as package:
        for number in range(5_000):
            package.writestr(f"x{number}", b"")
    return packed.getvalue()


_BY_FAMILY = {
    "page": _PAGES,
    "csv": _TABLES,
    "xlsx": _WORKBOOKS,
    "mail": _MAILS,
    "json": _JSONS,
    "toml": _TOMLS,
    "robots": _ROBOTS,
    "text": _TEXTS,
}


def list_giants(family: str, sample: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of every giant of a family, made from a sample."""
    for name, make in _BY_FAMILY[family].items():
        yield name, make(sample)
