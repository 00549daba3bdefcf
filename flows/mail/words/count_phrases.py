"""The phrases about rises, ranks and shares: what was counted against what else, and whether it is chance."""

from collections.abc import Mapping

COUNT_PHRASES: Mapping[str, tuple[str, str]] = {
    "subject_rise": (
        "{count} {complaints} på {days}, väntat {expected}",
        "{count} {complaints} in {days}, expected {expected}",
    ),
    "subject_rank": (
        "plats {place} av {of}, {count} {complaints} {period}",
        "rank {place} of {of}, {count} {complaints} {period}",
    ),
    "subject_share": (
        "minst {share} {channel} av {whole} anmälningar {period}",
        "at least {share} {channel} of {whole} complaints {period}",
    ),
    "rise_retracted": (
        "Ett tidigare brev uppgav {before} anmälningar. När samma dagar räknas om med rättade uppgifter blir det "
        "{count}, och ökningen är inte längre större än slumpen.",
        "An earlier mail said {before} complaints. Counted again with corrected data, the same days have {count}, "
        "and the rise is no longer more than chance.",
    ),
    "chance": ("Är det mer än en slump?", "Is it more than chance?"),
    "chance_text": (
        "{now} på {days}, mot {before} på {baseline} dessförinnan. Om inget hade ändrats skulle så många eller fler "
        "komma ungefär en gång på {odds} försök.",
        "{now} in {days}, against {before} in the {baseline} before. If nothing had changed, as many or more would "
        "come up about once in {odds} tries.",
    ),
    "chance_budget": (
        "Larm som det här uppstår av en slump högst omkring {times} gånger om året i hela registret. Av nattens "
        "prövningar med minst så tydligt utslag väntas högst {q} vara slump.",
        "Alerts like this appear by chance at most about {times} times a year in the whole register. Of tonight's "
        "tests that are at least as clear, at most {q} are expected to be chance.",
    ),
    "chance_fdr": (
        "Gränsen är satt så att högst omkring {share} av nattens larm är slump; för det här larmet är talet {q}.",
        "The bound is set so that at most about {share} of tonight's alerts are chance; for this one it is {q}.",
    ),
    "chance_p": (
        "Regeln larmar vid en gång på {odds}. Av nattens prövningar med minst så tydligt utslag väntas högst {q} vara "
        "slump.",
        "The rule alerts at once in {odds}. Of tonight's tests that are at least as clear, at most {q} are expected "
        "to be chance.",
    ),
    "before": ("Tiden innan", "The time before"),
    "expected": ("Väntat antal", "Expected"),
    "place": ("Plats", "Rank"),
    "place_of": ("{place} bland medlemmarna (av {of})", "{place} among the members (of {of})"),
    "share": ("Andel", "Share"),
    "share_of": (
        "minst {share} (säkert mellan {low} och {high})",
        "at least {share} (surely between {low} and {high})",
    ),
    "total": ("Totalt", "In total"),
}
