"""koll.toml changed key by key where it stands, so that every comment and every other setting stays as it was."""

import json
import re
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*\[\[?([^\[\]]+)\]\]?\s*(#.*)?$")

_REMARK = re.compile(
    r"""\s{0,99}#?\s{0,99}\w{1,99}\s{0,99}=\s{0,99}"""
    r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|\[[^\]]*\]|[^"'\[#\s]+)\s{0,99}(#.*)$"""
)


def set_key(text: str, table: str, key: str, value: str | bool | Sequence[str] | None) -> str:
    """Return ``text`` with ``key`` of ``[table]`` set to ``value``; with None it is set apart by a mark of comment.

    A key that stands there commented out is taken in place; one that does not stand is added below the header, and a
    table that does not exist at the end.
    """
    lines = text.split("\n")
    first, last = _find_table(lines, table)
    if first is None:
        if value is None:
            return text
        return f"{text.rstrip()}\n\n[{table}]\n{key} = {_show(value)}\n"
    found = _find_key(lines, first, last, key)
    if value is None:
        if found and not lines[found[0]].startswith("#"):
            lines[found[0] : found[1]] = [f"# {line}" for line in lines[found[0] : found[1]]]
        return "\n".join(lines)
    start, end = found or (first + 1, first + 1)
    remark = _keep_remark(lines[start]) if found and end == start + 1 else ""
    written = f"{key} = {_show(value)}"
    lines[start:end] = [f"{written:<39} {remark}" if remark else written]
    return "\n".join(lines)


def _find_table(lines: list[str], table: str) -> tuple[int | None, int]:
    """Return the header's line and the one after the table's last; tables that are commented out are none."""
    first = None
    for at, line in enumerate(lines):
        header = _HEADER.match(line)
        if header and first is not None:
            return first, at
        if header and header[1].strip() == table and not line.lstrip().startswith("[["):
            first = at
    return first, len(lines)


def _find_key(lines: list[str], first: int, last: int, key: str) -> tuple[int, int] | None:
    """Return the lines of a key, or else of a commented one; a list may go over several lines."""
    for mark in ("", r"#\s*"):
        asked = re.compile(rf"^\s*{mark}{re.escape(key)}\s*=\s*(.*)$")
        for at in range(first + 1, last):
            if (hit := asked.match(lines[at])) is None:
                continue
            end = at + 1
            while not mark and hit[1].startswith("[") and end < last and "]" not in "".join(lines[at:end]):
                end += 1
            return at, end
    return None


def _keep_remark(line: str) -> str:
    """Return the comment behind a value; a mark inside quotation marks is none."""
    hit = _REMARK.match(line)
    return hit[1] if hit else ""


def _show(value: str | bool | Sequence[str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"[{', '.join(_show(part) for part in value)}]"
