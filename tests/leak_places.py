"""Every place where something of a night can end up, each as text: what a leak would be looked for in.

A place yields (where, bytes). ``read_plainly`` opens what is packed, until only text is left.
"""

import html
import io
import json
import re
import shutil
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from urllib.parse import unquote

from typer.testing import CliRunner

from flows.koll import app
from flows.looking.exports import EXPORTS
from flows.review.form import list_choices
from models.storage.dump import dump_table, list_tables, open_snapshot
from tests.demo_world import World

Found = Iterator[tuple[str, bytes]]
OURS = ("member", "member_name")  # the register: whom it names is a member or its office
INPUTS = {"inbox", "extracts", "declarations", "register", "site", "koll.toml"}
MEMBER = "4491024172"
WORDS: tuple[tuple[str, ...], ...] = (
    ("status",), ("status", "--json"), ("doctor",), ("doctor", "--json"), ("verify",),
    ("quarantine", "list", "--all"), ("quarantine", "list", "--all", "--json"),
    ("review", "list"), ("review", "list", "--json"), ("tips", "list"), ("tips", "list", "--json"),
    ("alerts", "list"), ("alerts", "list", "--json"), ("case", "list", "--all"), ("case", "show", MEMBER),
    ("case", "show", MEMBER, "--json"), ("case", "verify"), ("declarations", "status"), ("declarations", "compare"),
    ("retention", "run", "--dry-run"), ("members", "list"),
    ("quarantine", "show", "nothing"),
)  # fmt: skip


def _tables(world: World) -> Found:
    with open_snapshot(world.open().engine) as connection:
        for table in list_tables():
            if table.name not in OURS:
                yield f"table {table.name}", b"".join(dump_table(connection, table))


def _said(world: World) -> Found:
    yield "what runs say", "\n".join(world.lines).encode()
    yield "the form's questions", "\n".join(list_choices(world.open())).encode()
    for words in WORDS:
        told = CliRunner().invoke(app, [*words, "--config", str(world.config)])
        assert not isinstance(told.exception, Exception), (words, told.exception)
        yield f"koll {' '.join(words)}", told.output.encode()


def _shown(world: World) -> Found:
    """Each quarantined row, question, tip and alert, shown by itself."""
    for what, key in (("quarantine", "key"), ("review", "question"), ("tips", "tip"), ("alerts", "alert")):
        words = [what, "list", "--json", "--config", str(world.config)]
        for row in json.loads(CliRunner().invoke(app, words).stdout or "[]"):
            told = CliRunner().invoke(app, [what, "show", str(row[key]), "--config", str(world.config)])
            yield f"koll {what} show", told.output.encode()


def _exports(world: World) -> Found:
    for what in EXPORTS:
        for form in ("jsonl", "csv", "xlsx"):
            target = world.root / f"out.{form}"
            words = ["export", what, "--format", form, "-o", str(target), "--config", str(world.config)]
            told = CliRunner().invoke(app, words)
            assert told.exit_code == 0, told.output
            yield f"export {what} as {form}", target.read_bytes()
            target.unlink()


def _papers(world: World) -> Found:
    """What a person asks to be written: dossiers, the workbook, forms, the page, a backup."""
    out = world.root / "out"
    for words in (
        ("case", "dossier", MEMBER, "-o", str(out / "dossier")),
        ("case", "dossier", MEMBER, "-o", str(out / "dossier-en"), "--language", "en"),
        ("review", "export", "-o", str(out / "review.xlsx")),
        ("declarations", "form", MEMBER, "-o", str(out / "form.xlsx")),
        ("page",),
        ("backup", str(out / "backup.tar"), "--without-keys"),
    ):
        out.mkdir(exist_ok=True)
        told = CliRunner().invoke(app, [*words, "--config", str(world.config)])
        assert told.exit_code == 0, (words, told.output)
        yield f"koll {' '.join(words[:2])}", told.output.encode()
    yield from _walk(out, world.root)
    shutil.rmtree(out)


def _files(world: World) -> Found:
    """All that lies in the installation's folder but what was given to it, and the name of every file."""
    for path in sorted(world.root.iterdir()):
        if path.name not in INPUTS:
            yield from _walk(path, world.root)


def _walk(top: Path, root: Path) -> Found:
    for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
        yield f"the name of {path.relative_to(root)}", str(path.relative_to(root)).encode()
        if path.is_file():
            yield str(path.relative_to(root)), path.read_bytes()


PLACES: dict[str, Callable[[World], Found]] = {
    "database": _tables,
    "said": _said,
    "shown": _shown,
    "exports": _exports,
    "papers": _papers,
    "files": _files,  # the database's own bytes, logs, metrics, mails, data docs, the page, the archive
}


def read_plainly(where: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield (where, text) of what stands in some bytes, unpacked and decoded as far as anybody could without a key."""
    if content.startswith(b"\x1f\x8b"):
        yield from read_plainly(where, zlib.decompress(content, 31))
    elif content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as pack:
            for name in pack.namelist():
                yield from read_plainly(f"{where} {name}", pack.read(name))
    elif content.startswith(b"%PDF"):
        yield where, _read_pdf(content)
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as pack:
            for entry in pack:
                file = pack.extractfile(entry)
                if file is not None and entry.name != "koll.toml" and not entry.name.startswith(OURS_PACKED):
                    yield from read_plainly(f"{where} {entry.name}", file.read())
    elif where.startswith("mail/"):
        mail = message_from_bytes(content, policy=default)
        yield where, "\n".join(f"{name}: {value}" for name, value in mail.items())
        for part in mail.walk():
            if not part.is_multipart():
                yield from read_plainly(f"part of {where}", part.get_payload(decode=True))
    else:
        yield where, content.decode("utf-8", "replace")


OURS_PACKED = tuple(f"database/{name}.jsonl" for name in OURS)


def _read_pdf(content: bytes) -> str:
    """Return a PDF's text, with poppler where it is there; else what stands in it unpacked (titles, links)."""
    if shutil.which("pdftotext"):
        done = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True)
        return done.stdout.decode()
    streams = re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL)
    unpacked = [zlib.decompressobj().decompress(stream) for stream in streams if stream[:1] == b"x"]
    return b"\n".join([content, *unpacked]).decode("latin-1")


def flatten(text: str) -> str:
    """Return a text as a leak would be looked for: no escapes of HTML, JSON or addresses, no case, single spaces."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found.group(1), 16)), text)
    text = html.unescape(text)
    text = unquote(text) if "%C3" in text or "%c3" in text or "%40" in text else text
    return " ".join(text.casefold().split())
