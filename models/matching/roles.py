"""Who did what when one text names two companies: the seller and the one it sold for are never mixed up."""

import re

from models.words import Role

# Words between two names, the role of the first name, the role of the second.
_BETWEEN: tuple[tuple[str, Role, Role], ...] = (
    (r"(?:ringer |ringde |som ringer |som ringde )?(?:på|pa) uppdrag (?:av|åt|at|för)", Role.CALLER, Role.PRINCIPAL),
    (r"(?:som )?(?:säljer|sålde|salde|saljer|ringer|ringde) (?:åt|at|för|for)", Role.CALLER, Role.PRINCIPAL),
    (r"(?:är |som är )?(?:en )?återförsäljare (?:för|av|till|åt|hos)", Role.CALLER, Role.PRINCIPAL),
    (r"(?:som är |är )?(?:sam\s?arbets)?partner (?:till|med|för|åt)", Role.CALLER, Role.PRINCIPAL),
    (r"(?:ombud|agent|underleverantör|callcenter) (?:för|till|åt)", Role.CALLER, Role.PRINCIPAL),
    (r"(?:via|genom)", Role.PRINCIPAL, Role.CALLER),
    (r"c/o", Role.RESPONDENT, Role.OTHER),
    (r"(?:calling |acting |selling )?on behalf of", Role.CALLER, Role.PRINCIPAL),
    (r"(?:who sells|selling|sells|reseller|agent|dealer) (?:for|of)", Role.CALLER, Role.PRINCIPAL),
    (r"(?:på|pa) (?:oppdrag|vegne) (?:av|for)", Role.CALLER, Role.PRINCIPAL),
    (r"(?:som )?(?:selger|forhandler|ringer) for", Role.CALLER, Role.PRINCIPAL),
)
_SPLITS = [
    (
        re.compile(rf"(?<=\S)[ ]{{1,2}}{words}[ ]{{1,2}}(?=\S)|(?<=\S)[ ]?[(]{words}[ ]{{1,2}}(?=\S)", re.IGNORECASE),
        a,
        b,
    )
    for words, a, b in _BETWEEN
]
# "X för Ys räkning", "X ringer å Y vägnar"
_ON_ACCOUNT = re.compile(
    r"(?<=\S)[ ,]{1,2}(?:(?:ringer|ringde|säljer|sålde)[ ])?(?:för|for)[ ](\S[^.;]{0,80}?)[:'’]?s?[ ]räkning"
    r"|(?<=\S)[ ,]{1,2}(?:(?:ringer|ringde|säljer|sålde)[ ])?(?:å|på)[ ](\S[^.;]{0,80}?)[:'’]?s?[ ]vägnar",
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
