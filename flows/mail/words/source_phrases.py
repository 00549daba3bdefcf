"""The phrases about a source that is late, or that told an odd number of rows."""

from collections.abc import Mapping

SOURCE_PHRASES: Mapping[str, tuple[str, str]] = {
    # subjects
    "subject_late": ("Källan {source} är {days} gammal", "The source {source} is {days} old"),
    "subject_never": ("Källan {source} har aldrig kunnat läsas", "The source {source} has never been read"),
    # sentences
    "late_banner": (
        "{source} är komplett bara t.o.m. {day}, alltså {days} gammal. De verkliga talen kan bara vara högre.",
        "{source} is complete only through {day}, so it is {days} old. The true figures can only be higher.",
    ),
    "never_banner": (
        "{source} har ännu inte kunnat läsas. De verkliga talen kan bara vara högre.",
        "{source} has not been read yet. The true figures can only be higher.",
    ),
    "late_ask": (
        "Vad har hänt med källan {source}? Den får vara högst {allowed} gammal.",
        "What has happened to the source {source}? It may be at most {allowed} old.",
    ),
    "late_meaning": (
        "Under tiden räknas det som finns. Larm kan gå upp, men inget larm avslutas och ingen placering anges förrän "
        "källan är i fas igen.",
        "Meanwhile, what exists is counted. Alerts can rise, but none is resolved and no rank is given until the "
        "source has caught up.",
    ),
    "source_usual_line": (
        "Källan lämnar åter ett vanligt antal rader, efter natten {day}",
        "The source tells a usual number of rows again, after the night of {day}",
    ),
    "source_back_line": ("Källan är i fas igen, t.o.m. {day}", "The source has caught up, through {day}"),
    # what a source told that is odd
    "subject_odd": (
        "Källan {source} lämnade {rows} nya rader, vanligen {usual}",
        "The source {source} told {rows} new rows, usually {usual}",
    ),
    "subject_refused": (
        "Källan {source} togs inte in ({code})",
        "The source {source} was not taken in ({code})",
    ),
    "odd_ask": (
        "Stämmer det som källan {source} lämnade den {day}?",
        "Is what the source {source} told on {day} right?",
    ),
    "odd_meaning": (
        "Antalet nya rader ligger utanför vad källans egna senaste nätter ger anledning att vänta. Raderna är intagna; "
        "se efter att källan är hel.",
        "The number of new rows is outside what the source's own recent nights give reason to expect. The rows were "
        "taken in; see that the source is whole.",
    ),
    "refused_meaning": (
        "Det som lämnades klarade inte kontrollerna. Inget av det är intaget, och det som var känt står kvar.",
        "What was told did not pass the checks. None of it was taken in, and what was known stays as it was.",
    ),
    "cmd_accept": ("ta in det ändå: källan har rätt", "take it in all the same: the source is right"),
}
