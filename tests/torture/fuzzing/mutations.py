"""Damage done to real-shaped samples, as edits that can be drawn by chance, shrunk, and done again."""

import io
import random
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

LARGEST = 400_000  # bytes of a mutated input; giants are made apart
KINDS = ("flip", "byte", "delete", "cut", "splice", "repeat", "token", "nest", "swap", "wrap", "encode", "inside")
_ENCODINGS = ("utf-16", "utf-8-sig", "cp1252", "utf-32", "utf-7", "cp850")

_ANY = [
    b"\x00",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xc3",
    b"\x1b[2J",
    b"\x85",
    b"\r",
    b"\r\n\r\n",
    b"\xe2\x80\xae",
    b"\xe2\x80\x8b",
    b"\xef\xbf\xbd",
    b"\xf0\x9f\x91\xa8\xe2\x80\x8d",
    b"\xcc\x81",
    b"=cmd|'/c calc'!A0",
    b"-1",
    b"1e999",
    b"9" * 40,
    b"NaN",
    b"\xd9\xa1\xd9\xa2",
    b"../../etc/passwd",
    b" " * 50,
    b"2024-02-30",
    b"99999-99-99",
    b"0000-00-00",
    "Ã¥Ã¤Ã¶".encode(),
    b"559021-6296",
    b"811218-9876",
]
_MARKUP = [
    b"<",
    b">",
    b"</",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"<script>",
    b"</script>",
    b"<style>",
    b"<table>",
    b"</td>",
    b"<tr>",
    b"<td colspan=99999>",
    b"<base href='http://[::1'>",
    b"<a href='http://['>x</a>",
    b"<a href='//evil/x'>",
    b"<a rel=next href='?page=2'>",
    b"&#0;",
    b"&#xD800;",
    b"&#x110000;",
    b"&amp;" * 9,
    b"&lol;",
    b"<dl><dt>",
    b"<h1>",
    b"<!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]>",
    b"<?xml version='1.0' encoding='utf-7'?>",
    b"</html>",
    b"<meta charset=hex>",
    b"<plaintext>",
    b"<template>",
    b"<svg><title>",
    b"<input type=password>",
    b"<p hidden>",
]
_SEPARATED = [b";", b",", b"\t", b'"', b'""', b"'", b"\n", b'"\n', b"sep=;\n", b";;;;;;;;", b'\n"', b"#REF!", b"\r\r\n"]
_MAILED = [
    b"\n\n",
    b"--b\n",
    b"Content-Type: multipart/mixed; boundary=b\n",
    b"Content-Type: message/rfc822\n\n",
    b"=?x?b?/?=",
    b"=?utf-8?q?=0D=0AX:=20y?=",
    b"Content-Transfer-Encoding: base64\n",
    b"=\n",
    b"=FF=",
    b"From: a@[\n",
    b"<a@[>",
    b"Message-ID: <a@[\n",
    b"Content-Type: text/html; charset=unicode_escape\n",
    b"Date: Thu, 99 Jun 99999 99:99 +9999\n",
    b"Content-Type: text/plain; charset*0=u; charset*1=tf\n",
    b"(((",
    b"<div style='display:none'>",
    b"> > > ",
    b"\n-- \n",
    b'Authentication-Results: ((("',
    b"Content-Disposition: attachment; filename*=x''%00%ff.csv\n",
]
_STRUCTURED = [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b'"',
    b"\\ud800",
    b"\\u0000",
    b"null",
    b"true",
    b"1e400",
    b"NaN",
    b'"":',
]
TOKENS = {
    "page": _ANY + _MARKUP,
    "csv": _ANY + _SEPARATED,
    "xlsx": _ANY + _MARKUP + [b"<v>", b"t='s'", b"<c r='XFD1048576'>", b"<row r='1048576'>", b"<f>1</f>", b"s='99'"],
    "mail": _ANY + _MAILED + _MARKUP[:8],
    "json": _ANY + _STRUCTURED,
    "toml": [
        *_ANY,
        b"=",
        b"[",
        b"]]",
        b'"""',
        b"[[rule]]\n",
        b"{",
        b"\n",
        b"1979-05-27",
        b"true",
        b"inf",
        b"x.y.z = 1\n",
    ],
    "robots": [*_ANY, b"*", b"$", b"Disallow: /", b"User-agent: *\n", b"#", b"Crawl-delay: 1e9\n", b"%", b"%zz", b":"],
    "text": [*_ANY, b"\n", b".", b"@", b" AB ", b" HB", "åÅ".encode(), b"(", b"www.", b"070-174 06 05", b"Hej,\n"],
}
_NESTED = {
    "page": (b"<div>", b"</div>"),
    "xlsx": (b"<is>", b"</is>"),
    "mail": (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n", b"\n--b--\n"),
    "json": (b'{"a":[', b"]}"),
    "toml": (b"[", b"]"),
}


@dataclass(frozen=True)
class Edit:
    """One damage: ``at`` and ``size`` are shares of the input, ``pick`` chooses among what the kind offers."""

    kind: str
    at: float
    size: float
    pick: int


def draw_edits(dice: random.Random) -> list[Edit]:
    """Return one to six edits; most are small and single, as real damage is."""
    number = dice.choice((1, 1, 1, 2, 2, 3, 4, 6))
    return [Edit(dice.choice(KINDS), dice.random(), dice.random() ** 4, dice.randrange(1 << 16)) for _ in range(number)]


def damage(content: bytes, edits: Sequence[Edit], family: str, others: Sequence[bytes]) -> bytes:
    """Return ``content`` with the edits done, at most LARGEST bytes; ``others`` are what is spliced in from."""
    for edit in edits:
        content = _damage_once(content, edit, family, others)[:LARGEST]
    return content


def _damage_once(content: bytes, edit: Edit, family: str, others: Sequence[bytes]) -> bytes:
    at = int(edit.at * len(content))
    end = min(len(content), at + 1 + int(edit.size * len(content)))
    before, piece, after = content[:at], content[at:end], content[end:]
    tokens = TOKENS[family]
    token = tokens[edit.pick % len(tokens)]
    if edit.kind == "flip":
        return before + bytes([content[at] ^ (1 << edit.pick % 8)]) + content[at + 1 :] if content[at:] else content
    if edit.kind == "byte":
        return before + bytes([edit.pick % 256]) + content[at + 1 :]
    if edit.kind == "delete":
        return before + after
    if edit.kind == "cut":
        return before if edit.pick % 4 else content[at:]
    if edit.kind == "splice":
        return before + _piece_of(others[edit.pick % len(others)], edit) + after
    if edit.kind == "repeat":
        return before + piece * (2 + edit.pick % 300) + after
    if edit.kind == "token":
        return before + token + content[at:]
    if edit.kind == "nest":
        opening, closing = _NESTED.get(family, (token, token))
        times = 1 + edit.pick % 1_500
        return before + opening * times + piece + closing * (times if edit.pick % 3 else 0) + after
    if edit.kind == "swap":
        middle = len(piece) // 2
        return before + piece[middle:] + piece[:middle] + after
    if edit.kind == "wrap":
        return before + token * (1 + edit.pick % 4_000) + after
    if edit.kind == "encode":
        return content.decode("utf-8", "replace").encode(_ENCODINGS[edit.pick % len(_ENCODINGS)], "replace")
    return _damage_inside(content, edit, family, others)


def _piece_of(other: bytes, edit: Edit) -> bytes:
    begin = (edit.pick * 7919) % max(len(other), 1)
    return other[begin : begin + 1 + int(edit.size * len(other))]


def _damage_inside(content: bytes, edit: Edit, family: str, others: Sequence[bytes]) -> bytes:
    """Damage one file of a package and pack it again, so that the parser behind the checksum is reached too."""
    if not content.startswith(b"PK"):
        return content
    packed = io.BytesIO()
    inner = Edit(KINDS[edit.pick % (len(KINDS) - 1)], edit.at, edit.size, edit.pick // 11)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
            entries = old.infolist()
            chosen = edit.pick // 13 % len(entries)
            for number, entry in enumerate(entries):
                part = old.read(entry)
                if number == chosen:
                    part = _damage_once(part, inner, family, [part])[:LARGEST]
                new.writestr(entry.filename, part)
    except Exception:  # noqa: BLE001 - damaged before: what is left of it is the input
        return content
    return packed.getvalue()
