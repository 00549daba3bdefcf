"""Mails of one conversation, whatever order they came in and whichever of them are missing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_SHORT = 24  # hex digits of a hashed message id that are kept of those a mail answers


def join_threads(mails: Mapping[str, tuple[str, Sequence[str]]]) -> dict[str, str]:
    """Return for each mail the name of its thread: equal for two mails that a chain of answers ties together.

    ``mails`` gives for each id its own message id ("" when it has none) and those it answers (RFC 5322, 3.6.4); a
    message that nobody has ties those together that answer it.
    """
    parent: dict[str, str] = {}

    def top(node: str) -> str:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for mail, (message, answered) in mails.items():
        for other in filter(None, (message, *answered)):
            one, two = sorted((top(f"mail {mail}"), top(f"message {other}")))
            parent[two] = one
    return {mail: top(f"mail {mail}") for mail in mails}


def thread_tips(rows: Iterable[Any]) -> dict[str, str]:
    """Return the thread of each tip, by "source id"; ``rows`` are complaints with their facts."""
    mails = {}
    for row in rows:
        facts = row.facts or {}
        answered = [one for one in facts.get("answers", "").split(",") if one]
        mails[f"{row.source} {row.source_id}"] = (facts.get("message_id", "")[:_SHORT], answered)
    return join_threads(mails)
