"""Text that came from outside, on its way to a terminal or a program: nothing in it moves, turns or ends anything."""

import re

_HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """Return a text with a mark for each character that moves the cursor or turns the direction of writing."""
    return _HARMFUL.sub("\ufffd", text)


def spell_out(document: str) -> str:
    """Return a JSON document that says the same, with such characters spelt out (``\\u202e``)."""
    return _HARMFUL.sub(lambda odd: f"\\u{ord(odd.group()):04x}", document)
