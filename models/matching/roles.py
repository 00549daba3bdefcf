"""Who did what when one text names two companies: the seller and the one it sold for are never mixed up."""

import re

from models.words import Role

# (words between the two names, role of the first, role of the second). "{s}" at the end: the phrase closes the second.
_BETWEEN: tuple[tuple[str, Role, Role], ...] = (
    (r"(?:ringer |ringde |som ringer |som ringde )?(?:p\u00e5|pa) uppdrag (?:av|\u00e5t|at|f\u00f6r)", Role.CALLER, Role.PRINCIPAL),
    (r"(?:som )?(?:s\u00e4ljer|salde|s\u00e5lde|saljer|ringer|ringde) (?:\u00e5t|at|f\u00f6r|for)", Role.CALLER, Role.PRINCIPAL),
    (r"[(,]? ?(?:\u00e4r |som \u00e4r )?(?:en )?\u00e5terf\u00f6rs\u00e4ljare (?:f\u00f6r|av|till|\u00e5t|hos)", Role.CALLER, Role.PRINCIPAL),
    (r"[(,]? ?(?:som \u00e4r |\u00e4r )?(?:sam\s?arbets)?partner (?:till|med|f\u00f6r|\u00e5t)", Role.CALLER, Role.PRINCIPAL),
    (r"[(,]? ?(?:ombud|agent|underleverant\u00f6r|callcenter) (?:f\u00f6r|till|\u00e5t)", Role.CALLER, Role.PRINCIPAL),
    (r"(?:via|genom)", Role.PRINCIPAL, Role.CALLER),
    (r"c/o", Role.RESPONDENT, Role.OTHER),
    (r"(?:calling |acting |selling )?on behalf of", Role.CALLER, Role.PRINCIPAL),
    (r"(?:who sells|selling|sells|reseller|agent|dealer) (?:for|of)", Role.CALLER, Role.PRINCIPAL),
    (r"(?:p\u00e5|pa) (?:oppdrag|vegne) (?:av|for)", Role.CALLER, Role.PRINCIPAL),
    (r"(?:som )?(?:selger|forhandler|ringer) for", Role.CALLER, Role.PRINCIPAL),
)  # fmt: skip
_SPLITS = [
    (
        re.compile(rf"(?<=\S)[ ]{{1,2}}{words}[ ]{{1,2}}(?=\S)|(?<=\S)[ ]?[(]{words}[ ]{{1,2}}(?=\S)", re.IGNORECASE),
        a,
        b,
    )
    for words, a, b in ((w.removeprefix("[(,]? ?"), a, b) for w, a, b in _BETWEEN)
]
# "X för Ys räkning", "X ringer å Y vägnar"
_ON_ACCOUNT = re.compile(
    r"(?<=\S)[ ,]{1,2}(?:(?:ringer|ringde|s\u00e4ljer|s\u00e5lde)[ ])?(?:f\u00f6r|for)[ ](\S[^.;]{0,80}?)[:'\u2019]?s?[ ]r\u00e4kning"
    r"|(?<=\S)[ ,]{1,2}(?:(?:ringer|ringde|s\u00e4ljer|s\u00e5lde)[ ])?(?:\u00e5|p\u00e5)[ ](\S[^.;]{0,80}?)[:'\u2019]?s?[ ]v\u00e4gnar",
    re.IGNORECASE,
)
_HINTS = (
    "uppdrag", "oppdrag", "vegne", "för", "for", "partner", "via", "genom", "c/o", "behalf", "åt ", "vägnar", "räkning",
    "återförsälj", "ombud", "agent", "leverantör", "callcenter", " of ", "sell",
)  # fmt: skip
_LONGEST = 400


def split_roles(text: str) -> list[tuple[str, Role]]:
    """Split "X på uppdrag av Y" into both companies, each with its role.

    A text that names one company, or none, comes back whole as the respondent.
    """
    lower = text[:_LONGEST].casefold()
    if not any(hint in lower for hint in _HINTS):
        return [(text, Role.RESPONDENT)]
    short = text[:_LONGEST]
    hit = _ON_ACCOUNT.search(short)
    if hit:
        principal = hit.group(1) or hit.group(2)
        return [(_trim(short[: hit.start()]), Role.CALLER), (_trim(principal), Role.PRINCIPAL)]
    for pattern, first, second in _SPLITS:
        hit = pattern.search(short)
        if hit:
            before, after = _trim(short[: hit.start()]), _trim(short[hit.end() :])
            if before and after:
                return [(before, first), (after, second)]
    return [(text, Role.RESPONDENT)]


def _trim(text: str) -> str:
    text = text.strip(" ,;:-\u2013")
    if text.endswith(")") and "(" not in text:
        text = text[:-1]
    if text.startswith("(") and ")" not in text:
        text = text[1:]
    return text.strip()
