"""Every regular expression of ours is linear in a hostile text: found in the modules, judged by its structure."""

import ast
import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOMS = ("models", "sources", "expectations", "flows")
ROOT = Path(__file__).parents[1]
FUNCTIONS = {"compile", "search", "match", "fullmatch", "sub", "findall", "finditer", "split"}
MANY = 500  # repeats; more is without end for this purpose
SIGNS = " \t\n\ra0AÅå9-–/.,:;'\"()[]<>{}=@&#%+*_|~!?xXsS\u00a0\ufffd"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import sre_constants as c  # the library's own reading of a pattern: there is no public one
    import sre_parse


def find_compiled() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Every pattern that a module holds, in whatever it holds it."""
    for room in ROOMS:
        for info in pkgutil.walk_packages([str(ROOT / room)], f"{room}."):
            if ".migrations." not in info.name:
                module = importlib.import_module(info.name)
                for name, value in vars(module).items():
                    yield from _search(f"{info.name}.{name}", value)


def _search(where: str, value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    if isinstance(value, re.Pattern):
        yield where, value
    elif depth < 3 and isinstance(value, Mapping):
        for one in (*value.keys(), *value.values()):
            yield from _search(where, one, depth + 1)
    elif depth < 3 and isinstance(value, (tuple, list, set, frozenset)):
        for one in value:
            yield from _search(where, one, depth + 1)


def find_written() -> Iterator[tuple[str, str]]:
    """Every pattern that is written where it is used."""
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FUNCTIONS:
                first = node.args[0] if node.args else None
                own = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
                if own and isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", first.value


def judge(pattern: str | bytes, flags: int = 0) -> str:
    """Return what makes a pattern slow: "exponential", "quadratic", or nothing."""
    tree = sre_parse.parse(pattern, flags & ~re.DEBUG)
    told = [_judge(tree, sign, bool(flags & re.IGNORECASE)) for sign in SIGNS]
    return max(told, key=["", "quadratic", "exponential"].index)


def begins_without_end(items: Any) -> bool:
    """Whether a pattern begins with a repeat without end and goes on: searched for, it starts at each sign anew."""
    for at, (op, value) in enumerate(items):
        if op is c.SUBPATTERN:
            return begins_without_end([*value[3], *items[at + 1 :]])
        if op not in (c.MAX_REPEAT, c.MIN_REPEAT):
            return False
        if value[1] > MANY:
            return any(one not in (c.MAX_REPEAT, c.MIN_REPEAT) or told[0] > 0 for one, told in items[at + 1 :])
        if value[0] > 0:
            return False
    return False


def _judge(items: Any, sign: str, fold: bool) -> str:
    """Judge a sequence on a text of one sign only: that is where repeats get into each other's way."""
    found = [""]
    waiting = False  # a repeat without end has taken signs, and all since then may take them or nothing
    for op, value in items:
        for inner in _inside(op, value):
            found.append(_judge(inner, sign, fold))
        if op in (c.MAX_REPEAT, c.MIN_REPEAT) and value[1] > MANY and _takes(value[2], sign, fold):
            if _loops(value[2], sign, fold):
                found.append("exponential")
            if waiting:
                found.append("quadratic")
            waiting = True
        elif op in (c.SUBPATTERN, c.BRANCH, c.MAX_REPEAT, c.MIN_REPEAT, c.AT, c.ASSERT, c.ASSERT_NOT):
            waiting = waiting and _passes([(op, value)], sign, fold)
        else:
            waiting = False  # a sign that must be there: the next repeat begins behind it
    return max(found, key=["", "quadratic", "exponential"].index)


def _inside(op: Any, value: Any) -> list[Any]:
    if op in (c.MAX_REPEAT, c.MIN_REPEAT):
        return [value[2]]
    if op is c.SUBPATTERN:
        return [value[3]]
    if op is c.BRANCH:
        return list(value[1])
    return [value[1]] if op in (c.ASSERT, c.ASSERT_NOT) else []


def _takes(items: Any, sign: str, fold: bool) -> bool:
    """Whether a sequence can match one or more of this sign and nothing else."""
    return _passes(items, sign, fold, empty=False)


def _passes(items: Any, sign: str, fold: bool, *, empty: bool = True) -> bool:
    """Whether it can match only this sign, however often (``empty``: also not at all)."""
    least = 0
    for op, value in items:
        if op in (c.AT, c.ASSERT, c.ASSERT_NOT, c.GROUPREF):
            continue
        if op is c.BRANCH:
            if not any(_passes(one, sign, fold) for one in value[1]):
                return False
            least += any(_takes(one, sign, fold) for one in value[1])
        elif op is c.SUBPATTERN:
            if not _passes(value[3], sign, fold):
                return False
            least += _takes(value[3], sign, fold)
        elif op in (c.MAX_REPEAT, c.MIN_REPEAT):
            takes = _takes(value[2], sign, fold)
            if not takes and value[0] > 0 and not _passes(value[2], sign, fold):
                return False
            least += takes
        elif not _fits(op, value, sign, fold):
            return False
        else:
            least += 1
    return empty or least > 0


def _loops(items: Any, sign: str, fold: bool) -> bool:
    """Whether the body of a repeat can itself take this sign without end, and nothing else needs to be there."""
    inner = [
        value[2] for op, value in items if op in (c.MAX_REPEAT, c.MIN_REPEAT) and value[1] > MANY
    ]  # fmt: skip
    nested = [one for op, value in items if op in (c.SUBPATTERN, c.BRANCH) for one in _inside(op, value)]
    deep = any(_takes(one, sign, fold) for one in inner) or any(_loops(one, sign, fold) for one in nested)
    return deep and _takes(items, sign, fold)


def _fits(op: Any, value: Any, sign: str, fold: bool) -> bool:
    variants = {sign, sign.swapcase()} if fold else {sign}
    return any(_fits_one(op, value, one) for one in variants if len(one) == 1)


def _fits_one(op: Any, value: Any, sign: str) -> bool:
    if op is c.LITERAL:
        return bool(ord(sign) == value)
    if op is c.NOT_LITERAL:
        return bool(ord(sign) != value)
    if op is c.ANY:
        return True
    if op is not c.IN:
        return False
    negated = any(one is c.NEGATE for one, _ in value)
    within = any(_within(one, told, sign) for one, told in value)
    return within is not negated


def _within(op: Any, value: Any, sign: str) -> bool:
    if op is c.LITERAL:
        return bool(ord(sign) == value)
    if op is c.RANGE:
        return bool(value[0] <= ord(sign) <= value[1])
    if op is c.CATEGORY:
        classes = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}
        name = str(value).rpartition("_")[2]
        holds = re.fullmatch(classes[name], sign) is not None
        return holds is not ("NOT" in str(value))
    return False


@pytest.mark.parametrize(
    ("pattern", "verdict"),
    [
        (r"(a+)+b", "exponential"), (r"(?:\s*x?)*y", "exponential"), (r"(?:[a-z]+ ?)+!", "exponential"),
        (r"\s*\s*x", "quadratic"), (r"\d+[0-9.]*x", "quadratic"), (r"a*(?:b?)a*c", "quadratic"),
        (r"(?:a+b)*c", ""), (r"\w{1,30}@\w{1,60}", ""), (r"\d+-\d+", ""), (r"(?:a|b)*c", ""),
    ],
)  # fmt: skip
def test_the_judge_knows_a_slow_pattern_from_a_quick_one(pattern: str, verdict: str) -> None:
    assert judge(pattern) == verdict


def test_no_pattern_of_ours_backtracks_on_a_hostile_text() -> None:
    found = [(where, one.pattern, one.flags) for where, one in find_compiled()]
    found += [(where, pattern, 0) for where, pattern in find_written()]
    assert len(found) > 250
    slow = {where: (verdict, pattern) for where, pattern, flags in found if (verdict := judge(pattern, flags))}
    assert slow == {}


def test_no_pattern_that_is_searched_for_begins_without_end() -> None:
    """Found by a delivery report of one long word, which would have kept a night waiting for hours."""
    slow = []
    for where, one in find_compiled():
        module, _, name = where.rpartition(".")
        text = Path(str(importlib.import_module(module).__file__)).read_text("utf-8")
        searched = re.search(rf"\b{name}\.(?:search|sub|subn|findall|finditer|split)\b", text)
        if searched and begins_without_end(list(sre_parse.parse(one.pattern, one.flags & ~re.DEBUG))):
            slow.append((where, one.pattern))
    assert slow == []
