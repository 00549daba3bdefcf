"""The demo's case: the member at the centre is taken through the whole ladder, and its dossier is written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flows.cases import take_step, verify
from flows.workplace import Workplace
from models.cases.steps import StepKind

MEMBER = "449102-4172"


@dataclass(frozen=True)
class DemoStep:
    """One step as somebody would take it by command."""

    kind: StepKind
    on: date
    by: str
    why: str = ""
    deadline: date | None = None
    text: str = ""
    contested: tuple[str, ...] = ()


# After which night what is done. The notice of the spring is written down once there is something to freeze.
STEPS: Mapping[int, Sequence[DemoStep]] = {
    1: (
        DemoStep(StepKind.NOTICE, date(2026, 4, 15), "anna", "Fler än 25 anmälningar på ett halvår"),
        DemoStep(
            StepKind.DEMAND,
            date(2026, 7, 2),
            "anna",
            "Anmälningarna har fortsatt efter påpekandet",
            deadline=date(2026, 7, 16),
        ),
    ),
    2: (
        DemoStep(
            StepKind.REPLY,
            date(2026, 8, 4),
            "anna",
            text="Vi har bytt återförsäljare och menar att en av anmälningarna gäller ett annat bolag.",
            contested=("konsumentverket:2026/40117",),
        ),
    ),
    3: (
        DemoStep(StepKind.FOLLOW_UP, date(2026, 8, 27), "anna", "Fristen har gått ut och uppföljningen är dags"),
        DemoStep(StepKind.BOARD, date(2026, 8, 27), "bo", "Anmälningarna fortsätter till den 25 augusti"),
        DemoStep(StepKind.EXCLUSION, date(2026, 8, 28), "bo", "Styrelsens beslut"),
    ),
}


def move_case(place: Workplace, night: int, tell: Callable[[str], None]) -> None:
    """Do what is done after a night, and say so."""
    for step in STEPS.get(night, ()):
        taken = take_step(
            place,
            MEMBER,
            step.kind,
            by=step.by,
            why=step.why,
            on=step.on,
            deadline=step.deadline,
            text=step.text,
            contested=step.contested,
            today=step.on,
        )
        frozen = taken.step.evidence
        own = frozen["by_source_channel"]["konsumentverket"]
        tell(
            f"  {step.by} on {step.on}: {step.kind}; frozen are {sum(own.values())} at the consumer agency, of which at"
            f" least {own.get('phone', 0)} by telephone"
            + (f"; follow up on {taken.step.follow_up_on}" if taken.step.follow_up_on else "")
        )
        if found := frozen.get("follow_up"):
            told, since = found["channels"]["any"], found["after"]["from"]
            tell(
                f"    {told['verdict']}: {told['after']} since {since}, {told['expected']:.1f} expected if unchanged;"
                f" rate ratio {told['ratio']:.2f} ({told['low']:.2f} to {told['high']:.2f})"
            )


def finish_case(place: Workplace, root: Path, tell: Callable[[str], None]) -> None:
    """Write the dossier in both languages and hold the case against what it rests on."""
    from flows.dossier.draw import write_dossier
    from flows.dossier.gather import gather

    found = gather(place, MEMBER, on=STEPS[3][-1].on)
    for language in (None, "en"):
        for path in write_dossier(place, found, root / "dossier", language):
            tell(f"  {path}")
    steps, objects, faults = verify(place)
    tell(f"  koll case verify: {steps} steps and {objects} archived objects, {len(faults)} fault(s)")
