"""What every page is written with: one reading of the facts, the words of a language, the frame around the content."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from flows.mail.words.vocabulary import REACHED
from flows.mail.words.wording import Wording, plain
from flows.page.facts import MemberPage, PageFacts
from flows.page.phrases import PAGE_PHRASES


@dataclass(frozen=True)
class PageWording(Wording):
    """The mail's phrases and the page's own."""

    def say(self, phrase: str, **values: object) -> str:
        """Return a phrase with its values filled in; the page's own where it has one of that name."""
        if phrase not in PAGE_PHRASES:
            return super().say(phrase, **values)
        shown = {name: self.number(value) if type(value) is int else value for name, value in values.items()}
        return self._pick(PAGE_PHRASES[phrase]).format(**shown)

    def channel(self, channel: str) -> str:
        """Return ``telefon``: the channel by itself."""
        words = self._pick(REACHED[channel]).split(" ", 1) if channel in REACHED else ["", channel]
        return words[-1]


@dataclass(frozen=True)
class Desk:
    """What every page is written with."""

    facts: PageFacts
    words: PageWording
    association: str
    folder: Path

    def title(self, source: str) -> str:
        """What people call a source."""
        state = self.facts.sources.get(source)
        return plain(state.title if state else source, 60)


def name_of(page: MemberPage, words: Wording) -> str:
    """Return a member's name on one line, harmless."""
    return plain(page.row.legal_name, 80) or words.say("unnamed")


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("flows.page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def render(name: str, desk: Desk, title: str, here: str, root: str = "", **values: Any) -> str:
    """Return a page: the template ``name`` inside the frame, with what is late told on top."""
    return (
        _environment()
        .get_template(f"{name}.html.j2")
        .render(
            title=title,
            here=here,
            root=root,
            facts=desk.facts,
            words=desk.words,
            association=desk.association,
            banners=list(_list_banners(desk)),
            **values,
        )
    )


def _list_banners(desk: Desk) -> Iterator[str]:
    for state in desk.facts.sources.values():
        if state.late and state.complete_through is None:
            yield desk.words.say("never_banner", title=desk.title(state.name))
        elif state.late:
            yield desk.words.say(
                "late_banner", title=desk.title(state.name), day=desk.words.day(state.complete_through)
            )


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step over an earlier one, which stays where there is no room for it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
