"""The [cases] and [follow_up] tables of koll.toml."""

from typing import Annotated

from pydantic import AfterValidator, Field

from models.configuration.source_settings import Section


def _name(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise ValueError("a person's log-in name is needed")
    return value.strip()


class CasesConfig(Section):
    """``[cases]``: who may move a case, and what its figures count.

    ``persons`` are log-in names as ``--by`` gives them; nobody else is let through. Figures cover ``window_days`` up
    to the day that ``sources`` (all that are read, when none are listed) are complete through. ``disclosure`` stands
    in every dossier: what ties the association to the board of ethics; a sentence of ours when it is left out.
    """

    persons: tuple[Annotated[str, AfterValidator(_name)], ...] = ()
    window_days: int = Field(default=365, ge=28, le=3660)
    sources: tuple[str, ...] = ()
    disclosure: str = Field(default="", max_length=1000)


class FollowUpConfig(Section):
    """``[follow_up]``: when "have the complaints continued?" is asked, and what it takes to answer.

    Complaints count as after the demand from ``grace_days`` behind its deadline. With fewer than ``min_expected``
    expected if nothing had changed, and fewer than ``after_limit`` seen, it is too early to tell. A follow-up is
    proposed after ``longest_days`` at the latest, however few complaints there were.
    """

    grace_days: int = Field(default=14, ge=0, le=180)
    min_expected: float = Field(default=10, gt=0, le=1000)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    after_limit: int = Field(default=10, ge=1)
    longest_days: int = Field(default=182, ge=28, le=1100)
