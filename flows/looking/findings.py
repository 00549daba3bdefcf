"""What a look at the installation finds: a thing that is well, or one that is not, what that means and the cure."""

from typing import TypedDict


class Finding(TypedDict):
    """One thing looked at. ``means`` is what follows from it when nobody mends it, ``do`` what mends it."""

    what: str
    ok: bool
    found: str
    means: str
    do: str


def good(what: str, found: str) -> Finding:
    """Return that something is as it should be."""
    return {"what": what, "ok": True, "found": found, "means": "", "do": ""}


def bad(what: str, found: object, means: str, do: str) -> Finding:
    """Return that something is not, what that means, and what to do."""
    return {"what": what, "ok": False, "found": " ".join(str(found).split())[:300], "means": means, "do": do}
