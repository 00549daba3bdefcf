"""What the environment may say of the configuration: any setting, and the secrets that never stand in the file."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from models.configuration.faults import find_passwords
from models.configuration.sections import SECTIONS

SECRETS = {
    "hash_key": "KOLL_HASH_KEY",
    "archive_key": "KOLL_ARCHIVE_KEY",
    "smtp_password": "KOLL_SMTP_PASSWORD",
    "imap_password": "KOLL_IMAP_PASSWORD",
    "database_password": "KOLL_DATABASE_PASSWORD",
}
_PASSWORD_OF = {"smtp": "smtp_password", "imap": "imap_password", "url": "database_password"}
_NOT_SETTINGS = {"KOLL_CONFIG", "KOLL_LOG"} | {name + end for name in SECRETS.values() for end in ("", "_FILE")}


def refuse_passwords(tables: Mapping[str, Any], told: Mapping[str, str]) -> Iterator[str]:
    """The database's address may carry its password where it comes from the environment, as hosts hand it out."""
    for key in dict.fromkeys(find_passwords(tables)):
        if key == "database.url" and key in told:
            continue
        name = SECRETS.get(_PASSWORD_OF.get(key.rpartition(".")[2], ""), "a KOLL_ variable")
        yield f"{key}: a password never stands in an address: leave it out and set {name}, or {name}_FILE"


def override(tables: dict[str, Any], environ: Mapping[str, str], told: dict[str, str]) -> Iterator[str]:
    """Put the environment's settings into ``tables``, and into ``told`` which variable set which key; yield faults."""
    for name, value in sorted(environ.items()):
        if not name.startswith("KOLL_") or name in _NOT_SETTINGS or name.startswith("KOLL_CHANNEL_"):
            continue
        rest = name.removeprefix("KOLL_").lower()
        steps = rest.split("__") if "__" in rest else rest.split("_", 1)
        if len(steps) < 2 or not all(steps) or steps[0] not in {*SECTIONS, "sources"}:
            yield f"{name}: no such setting; KOLL_SECTION_KEY is the form, such as KOLL_DATABASE_URL"
            continue
        table: Any = tables
        for place, step in enumerate(steps):
            # A source is called as the file writes it: Tips and TIPS are one variable.
            steps[place] = next((key for key in table if key.casefold() == step), step)
            if place < len(steps) - 1:
                table = table.setdefault(steps[place], {})
            if not isinstance(table, dict):
                yield f"{name}: {'.'.join(steps[: place + 1])} is no table, so nothing can be set in it"
                break
        else:
            table[steps[-1]] = _toml_value(value)
            told[".".join(steps)] = name


def _toml_value(text: str) -> Any:
    """Read lists, tables and quoted texts as TOML; of anything else its field makes a number where it needs one."""
    if not text.startswith(("[", "{", '"', "'")):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def name_variable(fault: str, told: Mapping[str, str]) -> str:
    """Return ``fault`` with the variable that set the key it names, where one did."""
    for key, name in told.items():
        if fault.startswith(key) and not fault[len(key) : len(key) + 1].isalnum():
            return f"{fault} (set by {name})"
    return fault
