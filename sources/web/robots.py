"""robots.txt as RFC 9309 reads it: the longest matching rule decides, ``*`` and ``$`` are wildcards.

The standard library's reader takes the first matching rule and knows no wildcards, so it lets through what a
publisher has closed (``Disallow: /*?s=``) and closes what WordPress opens (``Allow: /wp-admin/admin-ajax.php``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_DELAY = re.compile(r"\d{1,7}(?:\.\d{1,3})?")


@dataclass(frozen=True)
class Robots:
    """What one host asks of us. ``rules`` are (pattern, allowed); ``delay`` is its Crawl-delay in seconds, or 0."""

    rules: tuple[tuple[str, bool], ...] = ()
    delay: float = 0.0

    def allows(self, target: str) -> bool:
        """Tell whether ``target`` (path with query) may be fetched; of two equally long rules the allowing one wins."""
        path = _normalise(target)
        hits = [(len(pattern), allowed) for pattern, allowed in self.rules if _matches(pattern, path)]
        return max(hits, default=(0, True))[1]


def read_robots(content: bytes, user_agent: str) -> Robots:
    """Read the rules that hold for ``user_agent`` ("Medlemskoll/1.0 (+contact)"): its own groups, else those of ``*``.

    Never raises: lines that are no rules (an HTML page, say) are passed over, as the RFC asks.
    """
    ours = _product(user_agent)
    groups = list(_read_groups(content.decode("utf-8-sig", "replace")))
    mine = [lines for agents, lines in groups if ours in agents]
    chosen = mine or [lines for agents, lines in groups if "*" in agents]
    rules: list[tuple[str, bool]] = []
    delay = 0.0
    for key, value in (line for lines in chosen for line in lines):
        if key == "crawl-delay":
            delay = max(delay, float(value) if _DELAY.fullmatch(value) else 0.0)
        elif value:  # an empty Disallow forbids nothing
            pattern = value if value[0] in "/*" else "/" + value
            rules.append((_normalise(pattern), key == "allow"))
    return Robots(tuple(rules), delay)


def _read_groups(text: str) -> Iterator[tuple[set[str], list[tuple[str, str]]]]:
    """Yield (user agents, rule lines) for every group; a User-agent line after a rule begins the next one."""
    agents: set[str] = set()
    lines: list[tuple[str, str]] = []
    for line in re.split(r"[\r\n]+", text):
        key, colon, value = line.split("#", 1)[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not colon:
            continue
        if key == "user-agent":
            if lines:
                yield agents, lines
                agents, lines = set(), []
            agents.add(_product(value))
        elif key in ("allow", "disallow", "crawl-delay") and agents:
            lines.append((key, value))
    yield agents, lines


def _product(user_agent: str) -> str:
    words = re.split(r"[/\s]", user_agent.strip(), maxsplit=1)
    return words[0].lower()


def _normalise(path: str) -> str:
    """Spell a path in one way, so that ``/%7Ekarin``, ``/~karin``, ``/räksmörgås`` and its escapes compare equal."""

    def spell(found: re.Match[str]) -> str:
        byte = int(found.group(1), 16)
        return chr(byte) if byte in _UNRESERVED else found.group(0).upper()

    return _ESCAPE.sub(spell, quote(path, safe="%/?#[]@!$&'()*+,;=:~-._"))


def _matches(pattern: str, path: str) -> bool:
    """Match by searching for the pieces between the stars in turn: linear, where a regular expression is not."""
    anchored = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not rest:
        return not anchored or path == first
    last = rest.pop() if anchored else ""
    position = len(first)
    for piece in rest:
        found = path.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    return path.endswith(last) and len(path) - len(last) >= position
