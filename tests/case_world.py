"""A case to take through: a member with complaints twice a week, a night, and people who may move it."""

import copy
import shutil
from datetime import date, timedelta
from pathlib import Path

from flows.cases import Taken, take_step
from models.cases.steps import StepKind
from tests.small_world import ANNA, BO, Small

NIGHT = date(2024, 7, 10)
DEADLINE = date(2024, 7, 24)
FIRST_AFTER = date(2024, 8, 8)  # deadline and 14 days of grace are over
RULES = """
[[rule]]
id = "total"
type = "limit"
sources = ["agency", "council"]
window = { rolling_days = 365 }
levels = [10, 25, 50, 100]
to = ["ethics"]
next_step = "notice"

[[rule]]
id = "follow-up"
type = "follow_up"
to = ["ethics"]

[cases]
persons = ["anna", "bo"]
"""


class CaseWorld(Small):
    """The small installation with a case on Anemon Telefoni AB."""

    def fill(self, first: date, last: date, *, every: float = 3.5, member: str = ANNA, source: str = "agency") -> list:
        """Let complaints come every so many days from first to last, each third by telephone."""
        numbers, step = [], 0
        while (day := first + timedelta(days=int(step * every))) <= last:
            numbers += self.complain(member, day=day, source=source, channel="Telefon" if step % 3 == 0 else "Annat")
            step += 1
        return numbers

    def take(self, kind: str, on: date | None = None, *, by: str = "anna", why: str = "113", **more: object) -> Taken:
        reason = "" if kind == "reply" else why
        return take_step(self.open(9), ANNA, StepKind(kind), by=by, why=reason, on=on, **more)  # type: ignore[arg-type]

    def go_to(self, day: date) -> None:
        self.day = day
        self.night()


def make_case_world(root: Path) -> CaseWorld:
    """The world after its first night: 54 complaints about Anemon since January, 18 of them by telephone."""
    world = CaseWorld(root, RULES, day=NIGHT, quiet=True)
    world.fill(date(2024, 1, 5), date(2024, 7, 9))
    world.fill(date(2024, 1, 5), date(2024, 7, 9), every=14, member=BO, source="council")
    world.night()
    return world


def copy_world(world: CaseWorld, root: Path) -> CaseWorld:
    """The same world in a folder of its own, to change as a test likes."""
    shutil.copytree(world.root, root, dirs_exist_ok=True)
    twin = copy.deepcopy(world)
    twin.root = root
    twin.configure(RULES)
    return twin
