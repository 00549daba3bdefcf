"""The form as data: which questions a version asks, in which words, and which answers belong together.

Versions are the files beside this one, ``forms/<version>.toml``; the first of them says what a question may hold.
"""

import tomllib
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.words import Channel

Language = Literal["sv", "en"]
_FOLDER = Path(__file__).parent / "forms"


class FormUnknown(LookupError):
    """There is no form of this version; the text says which there are."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Worded(_Data):
    """Something with a text in both languages."""

    sv: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def text(self, language: Language) -> str:
        """Return it in one language."""
        return self.sv if language == "sv" else self.en


class Section(Worded):
    """A heading of the form."""

    id: str


class Choice(Worded):
    """One answer that can be chosen; ``code`` is what is stored."""

    code: str


class Question(Worded):
    """One question; ``forms/1.toml`` tells what each field means."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    section: str
    kind: Literal["yes_no", "count", "date", "text", "choice"]
    required: bool = True
    required_when: str | None = None
    criterion: str = Field(min_length=1)
    measure: Literal["complaints", "calls"] | None = None
    channel: Channel | None = None
    prefill: Literal["legal_name", "size", "names"] | None = None
    private: bool = False
    consumers: bool = False
    help_sv: str = ""
    help_en: str = ""
    choices: tuple[Choice, ...] = ()

    def help(self, language: Language) -> str:
        """Return what is said beside the question, perhaps nothing."""
        return self.help_sv if language == "sv" else self.help_en

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Question":
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError(f"{self.id}: choices are needed for a choice, and only there")
        if self.measure and self.kind != "count":
            raise ValueError(f"{self.id}: only a count measures anything")
        return self


class Sum(_Data):
    """Parts that together are at most the whole, or exactly it."""

    whole: str
    parts: tuple[str, ...] = Field(min_length=1)
    exact: bool = False


class DeclarationForm(Worded):
    """One version of the form, its questions in the order in which they are asked."""

    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,19}$")
    sections: tuple[Section, ...] = Field(alias="section", min_length=1)
    questions: tuple[Question, ...] = Field(alias="question", min_length=1)
    sums: tuple[Sum, ...] = Field(default=(), alias="sum")

    def question(self, question_id: str) -> Question | None:
        """Return the question of this id, or None."""
        return next((one for one in self.questions if one.id == question_id), None)

    @model_validator(mode="after")
    def _hangs_together(self) -> "DeclarationForm":
        ids = [question.id for question in self.questions]
        if len(ids) != len(set(ids)):
            raise ValueError("two questions have one id")
        strange = {question.section for question in self.questions} - {section.id for section in self.sections}
        named = {question.required_when for question in self.questions} - {None}
        strange |= {str(one) for one in named.union(chain.from_iterable((s.whole, *s.parts) for s in self.sums))} - {
            *ids
        }
        if strange:
            raise ValueError(f"{', '.join(sorted(strange))}: no such section or question")
        counts = {question.id for question in self.questions if question.kind == "count"}
        if wrong := {part for one in self.sums for part in (one.whole, *one.parts)} - counts:
            raise ValueError(f"{', '.join(sorted(wrong))}: only counts can be summed")
        return self


def list_versions() -> list[str]:
    """Return the versions there are, oldest first."""
    return sorted((path.stem for path in _FOLDER.glob("*.toml")), key=lambda stem: (len(stem), stem))


@cache
def load_form(version: str) -> DeclarationForm:
    """Return the form of a version. Raises FormUnknown; a form file with a mistake in it raises ValidationError."""
    if version not in list_versions():
        raise FormUnknown(f"no form of version {version[:20]!r}; there is {', '.join(list_versions())}")
    form = DeclarationForm.model_validate(tomllib.loads((_FOLDER / f"{version}.toml").read_text("utf-8")))
    if form.version != version:
        raise FormUnknown(f"forms/{version}.toml calls itself version {form.version}: name the file after its version")
    return form
