"""Writes the reference pages from the program itself: commands, settings and rule types, rule codes. Run: make docs."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import typer.main
from pydantic import BaseModel
from typer.cli import get_docs_for_click

from expectations.checks import ROW_CHECKS, TABLE_CHECKS
from expectations.volume import DRIFT_CHECKS
from flows.koll import app
from models.alerting.rules import RuleConfig
from models.configuration.sections import SECTIONS
from models.configuration.source_settings import SOURCE_KINDS, WebSettings
from sources.registry import INFOS

HERE = Path(__file__).parent
_KINDS = {
    "array": "a list",
    "object": "a table",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_MADE = "<!-- Written by `make docs` from the program itself: do not edit. -->\n\n"


def write_commands() -> str:
    """Return every command with its options."""
    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="koll")
    return f"{_MADE}{text.strip()}\n".replace("&#x27;", "'").replace("&quot;", '"')


def write_settings() -> str:
    """Return every table of koll.toml and every rule type, with keys, kinds of value and defaults."""
    parts = [f"{_MADE}# Settings\n\n`koll init` writes an annotated file; here is every key there is.\n"]
    for name, model in SECTIONS.items():
        parts += [f"## [{name}]\n\n{_summary(model)}\n", *_list_keys(model)]
    for name, source in {**SOURCE_KINDS, "(a publisher's web pages)": WebSettings}.items():
        parts += [f'## [sources.NAME] kind = "{name}"\n\n{_summary(source)}\n', *_list_keys(source)]
    for rule in get_args(RuleConfig):
        kind = get_args(rule.model_fields["type"].annotation)[0]
        parts += [f'## [[rule]] type = "{kind}"\n\n{_summary(rule)}\n', *_list_keys(rule)]
    return "\n".join(parts)


def _summary(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split("\n\n")[0].split())


def _list_keys(model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema(by_alias=True)
    rows = ["| key | value | default |", "|---|---|---|"]
    for name, value in schema.get("properties", {}).items():
        default = "needed" if name in schema.get("required", ()) else f"`{json.dumps(value.get('default'))}`"
        default = {"`null`": "none", '`""`': "none"}.get(default, default)
        rows.append(f"| `{name}` | {_describe(value, schema.get('$defs', {}))} | {default} |")
    yield "\n".join(rows) + "\n"


def _describe(value: dict[str, Any], named: dict[str, Any]) -> str:
    """Return what may stand behind a key, in a few words."""
    if "$ref" in value:
        return _describe(named[value["$ref"].rpartition("/")[2]], named)
    if "enum" in value or "const" in value:
        return ", ".join(f"`{one}`" for one in value.get("enum", [value.get("const")]))
    if choices := value.get("anyOf"):
        return " or ".join(_describe(one, named) for one in choices if one.get("type") != "null")
    kind = _KINDS.get(str(value.get("type")), "text")
    if kind == "a list":
        items = value.get("items") or (value.get("prefixItems") or [{}])[0]
        return f"a list of {_describe(items, named)}"
    low, high = value.get("minimum"), value.get("maximum")
    bounds = [f"from {low}"] * (low is not None) + [f"to {high}"] * (high is not None)
    kind = {"path": "a path", "date": "a day"}.get(str(value.get("format")), kind)
    return " ".join([kind, *bounds])


def write_codes() -> str:
    """Return every rule code with its severity and what it says."""
    parts = [f"{_MADE}# Rule codes\n\nWhat a quarantined row, a finding or a broken source is marked with.\n"]
    groups = {"Rows": ROW_CHECKS, "Readings": TABLE_CHECKS, "Volume": DRIFT_CHECKS}
    groups |= {f"Kind {kind}": info.checks for kind, info in sorted(INFOS.items())}
    for title, checks in groups.items():
        if checks:
            rows = [f"| `{check.code}` | {check.severity} | {check.sentence} |" for check in checks]
            parts.append("\n".join([f"## {title}\n", "| code | severity | what it says |", "|---|---|---|", *rows, ""]))
    return "\n".join(parts)


PAGES = {"commands.md": write_commands, "settings.md": write_settings, "codes.md": write_codes}


def main() -> None:
    """Write the pages beside this file."""
    for name, write in PAGES.items():
        (HERE / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
