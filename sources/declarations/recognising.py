"""Which attached files are meant as declarations, told without opening more of them than their list of sheets."""

import re
import zipfile
from io import BytesIO
from pathlib import PurePath

from models.declarations.layout import MARK, SHEETS

ZIP = b"PK\x03\x04"
WITH_MACROS = (".xlsm", ".xltm", ".xlam", ".xlsb")
_NAMED = re.compile(r"(?:sj(?:ä|a\u0308|a)lv|self[-_ ]?)de[ck]lara(?:tion|ration)", re.IGNORECASE)
REVIEW_NOTES = ("anvisningar", "instructions")  # the sheet beside the questions, in either language
_MOST = 100_000  # bytes of a workbook's list of sheets


def looks_like_declaration(name: str, content: bytes) -> bool:
    """Tell whether an attached file is meant as a declaration: by what it is called, or by what it says it is."""
    suffix = PurePath(name).suffix.lower()
    if suffix in (".xlsx", ".json", *WITH_MACROS) and _NAMED.search(name):
        return True
    if content.startswith(ZIP):
        listed = _read_list_of_sheets(content)
        return any(f'"{sheet}"'.encode() in listed for sheet, _ in SHEETS.values())
    return content[:1] in (b"{", b"\xef") and MARK.encode() in content[:4_096]


def looks_like_review(content: bytes) -> bool:
    """Tell whether an attached file is a workbook of review questions, by its two sheets."""
    listed = _read_list_of_sheets(content) if content.startswith(ZIP) else b""
    return b'"review"' in listed and any(f'"{sheet}"'.encode() in listed for sheet in REVIEW_NOTES)


def _read_list_of_sheets(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(BytesIO(content)) as package, package.open("xl/workbook.xml") as part:
            return part.read(_MOST)
    except Exception:  # noqa: BLE001 - damaged directories make zipfile raise ten kinds of error
        return b""
