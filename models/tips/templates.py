"""Texts that are copies of one template, each with a few words of its sender's own."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

_WORD = re.compile(r"[^\W\d_]+")
_RUN = 4  # words
_SKETCH = 12  # the smallest hashes that stand for a text
_ALIKE = 6  # of them that two copies share
_LEAST = 10  # runs of words; a shorter text is no template


def find_templates(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Return for each text that is one of several copies the ids of all of them, its own among them.

    Each text is sketched by the smallest hashes of its runs of four words (Broder 1997), numbers and masks left out,
    and compared with the first text of each template only: linear in the number of texts.
    """
    heads: dict[int, list[str]] = defaultdict(list)
    groups: dict[str, list[str]] = {}
    for ident, text in texts.items():
        sketch = sorted(set(_list_runs(text)))[:_SKETCH]
        if len(sketch) < _LEAST:
            continue
        shared: dict[str, int] = defaultdict(int)
        for one in sketch:
            for head in heads[one]:
                shared[head] += 1
        best = max(shared, key=lambda head: shared[head], default="")
        if best and shared[best] >= _ALIKE:
            groups[best].append(ident)
        else:
            groups[ident] = [ident]
            for one in sketch:
                heads[one].append(ident)
    return {ident: group for group in groups.values() if len(group) > 1 for ident in group}


def _list_runs(text: str) -> Iterator[int]:
    words = _WORD.findall(re.sub(r"\[\w+\]", " ", text.casefold()))
    for at in range(len(words) - _RUN + 1):
        run = " ".join(words[at : at + _RUN]).encode()
        yield int.from_bytes(hashlib.blake2b(run, digest_size=8).digest(), "big")
