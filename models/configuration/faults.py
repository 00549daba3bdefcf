"""What is wrong with a configuration, said for people: the key, the value without its secrets, and what is right."""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

_CURES = {
    "bool": "true or false is needed",
    "dict": "a table is needed",
    "float": "a number is needed",
    "int": "a whole number is needed",
    "list": "a list is needed, in [ ]",
    "model": "a table is needed",
    "path": "a path in quotation marks is needed",
    "string_type": "a text in quotation marks is needed",
    "string_too_short": "must not be empty",
    "tuple": "a list is needed, in [ ]",
}
_ADDRESSES = ("url", "smtp", "imap", "cluster")  # a log-in may stand in them, also in one that is written wrongly
_SECRET_WORD = re.compile(r"passw|secret|token|hash_key|credential", re.IGNORECASE)
_USER_INFO = re.compile(r"://.*@|^[^/@]{0,300}:.*@", re.DOTALL)
_UNSPLIT_PASSWORD = re.compile(r"://[^/@:]*:(?!\d+(?:/|$))[^@]*@")  # one with a slash in it, which urlsplit misses


def explain(error: ValidationError, place: str, model: type[BaseModel]) -> Iterator[str]:
    """Yield one line per fault of a table that ``model`` refused; ``place`` is the table's key."""
    for fault in error.errors():
        steps = [str(step) for step in fault["loc"]]
        key = ".".join([place, *steps])
        if fault["type"] == "extra_forbidden":
            yield name_unknown(key, _list_keys(model, steps[:-1]))
        elif fault["type"] == "missing":
            yield f"{key}: is missing and must be set"
        else:
            value = "" if isinstance(fault["input"], dict) else f" = {_show_at(steps[-1:], fault['input'])}"
            yield f"{key}{value}: {_say(fault['type'], fault['msg'])}"


def _say(kind: str, message: str) -> str:
    cure = next((cure for start, cure in _CURES.items() if kind == start or kind.startswith(f"{start}_")), None)
    return cure or message.removeprefix("Value error, ").replace("Input should be", "it must be")


def _list_keys(model: type[BaseModel], steps: Iterable[str]) -> list[str]:
    """Return the keys that the table under ``steps`` may have."""
    for step in steps:
        field = model.model_fields.get(step)
        inner = _find_model(field.annotation) if field is not None else None
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _find_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _find_model(part))), None)


def name_unknown(key: str, known: Iterable[str]) -> str:
    """Say that ``key`` is none of the ``known``, and which was perhaps meant."""
    last, known = key.rpartition(".")[2], list(known)
    if _SECRET_WORD.search(last):
        return f"{key}: a secret never stands in the file; take it out and set its KOLL_ variable, or the _FILE one"
    near = difflib.get_close_matches(last, known, 1)
    return f"{key}: unknown key; " + (f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}")


def show(value: object) -> str:
    """Return a value as it may be printed: short, and without who logs in with which password."""
    if isinstance(value, (list, tuple)):
        text = f"[{', '.join(show(part) for part in value)}]"
    else:
        text = repr(_USER_INFO.sub(_hide, value)) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _hide(found: re.Match[str]) -> str:
    return "://***@" if found.group().startswith("://") else "***@"


def _show_at(key: Iterable[str], value: object) -> str:
    """Return a key's value as ``show`` does; of an address that lets in whoever has it, only how it begins."""
    name = next(iter(key), "")
    if isinstance(value, str) and name.startswith("ping"):
        return repr(f"{value.partition('://')[0]}://***" if "://" in value else "***")
    if isinstance(value, str) and name in _ADDRESSES and "://" not in value and "@" in value:
        return repr(f"***@{value.rpartition('@')[2]}")
    return show(value)


def find_passwords(value: object, key: str = "") -> Iterator[str]:
    """Yield the keys below ``value`` whose address has a password in it."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from find_passwords(part, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for part in value:
            yield from find_passwords(part, key)
    elif isinstance(value, str) and "://" in value and _has_password(value):
        yield key


def _has_password(address: str) -> bool:
    try:
        return bool(urlsplit(address).password) or bool(_UNSPLIT_PASSWORD.search(address))
    except ValueError:
        return "@" in address
