"""What the words around a name say: what the company did, and what speaks against counting it without asking.

Everything is looked for within the name's own sentence, on folded text, with patterns that are bounded in length.
Who was said to do what is a *role*; that somebody only claimed to be the company, that the writer is not sure, that it
was not them, or that he only read about it, is a *doubt*: such a tip goes to a person.
"""

import re
from dataclasses import dataclass

from models.matching.forms import fold
from models.words import Role

_WRAP = re.compile(r"(?<=[^\n.!?:])\n(?=[^\n])")
_LONGEST = 400  # characters of a sentence on either side of a name that are read
_SENTENCE_END = re.compile(
    r"(?:(?<![\s.(]\w)(?<!\bt\.ex)(?<!\bbl\.a)(?<!\bkl)(?<!\bnr)(?<!\btel)(?<!\bca)[.]"
    r"|[!?])[\")\u201d]?\s+(?=[^\W\d_a-zåäö]|\d)"
    r"|\n"
)
_THE_COMPANY = (
    r"(?: (?:det |ett |the |a )?(?:tele|el|saljande |sa kallade )?(?:foretaget|foretag|bolaget|bolag|firman|operatoren"
    r"|company))?"
)
_BEFORE: tuple[tuple[re.Pattern[str], Role], ...] = tuple(
    (re.compile(rf"\b(?:{words}){_THE_COMPANY}[ \"(]*$"), role)
    for words, role in (
        (
            r"(?:pa|for) (?:uppdrag|oppdrag|bestallning) (?:av|at|for|fran)|on behalf of|pa vegne av|for rakning",
            Role.PRINCIPAL,
        ),
        (
            r"(?:som )?(?:saljer|salde|saljer in|ringer|ringde|ringt|jobbar|jobbade|arbetar|arbetade) (?:at|for)",
            Role.PRINCIPAL,
        ),
        (
            r"(?:aterforsaljare|ombud|agent|agenter|partner|samarbetspartner|underleverantor|leverantor|callcenter"
            r"|saljbolag"
            r"|ringbolag|telemarketingbolag|representant) (?:for|till|av|at)",
            Role.PRINCIPAL,
        ),
        (
            r"(?:anlitade?s?|anlitat|inhyrda?|hyrda?|inhyrt|anlitats) av|(?:hired|engaged|contracted|employed|used) by",
            Role.PRINCIPAL,
        ),
        (
            r"(?:reseller|agent|dealer|partner|subcontractor|contractor|call cent(?:er|re)|representative) (?:for|of"
            r"|to)"
            r"|(?:calling|calls|called|selling|sells|sold|works|working|acting) for",
            Role.PRINCIPAL,
        ),
        (
            r"(?:anlitar|anlitat|anlitade|har hyrt in|hyrt in|hyr in|tar hjalp av|tagit hjalp av|hired|has engaged"
            r"|engaged)",
            Role.CALLER,
        ),
    )
)
_AFTER: tuple[tuple[re.Pattern[str], Role], ...] = tuple(
    (re.compile(words), role)
    for words, role in (
        (r"^[:\u2019]?s? (?:rakning|vagnar|behalf|uppdrag)\b", Role.PRINCIPAL),
        (r"^,? (?:har |hade |has |som har )?(?:anlitat|anlitar|anlitade|hyrt in|hyr in|tagit hjalp av|hired|engaged"
         r"|outsourcat)\b", Role.PRINCIPAL),
        (r"^(?:,? [^\W\d]+){0,8},? (?:pa uppdrag (?:av|at|for|fran)|on behalf of|pa vegne av)\b", Role.CALLER),
        (r"^,? (?:\w+ )?(?:som )?(?:ringer|ringde|ringt|saljer|salde|har ringt|calls|called) (?:for|a"
         r"|pa) (?:\S+ ){1,6}(?:rakning|vagnar)\b", Role.CALLER),
        (r"^,? (?:\w+ )?(?:som )?(?:saljer|salde|jobbar|arbetar|ringer) at\b", Role.CALLER),
        (r"^,? som (?:ringer|saljer|jobbar|arbetar) for [^\W\d_]", Role.CALLER),
        (
            r"^,? (?:(?:som|who|which|and|och|ar|is|are|was|en|ett|a|an) ){0,4}(?:(?:slags|sorts"
            r"|sa kallad) )?(?:aterforsaljare|ombud|agent"
            r"|underleverantor|samarbetspartner|partner|callcenter|reseller|dealer|subcontractor)s? (?:for|till|av"
            r"|at|of|to)\b",
            Role.CALLER,
        ),
    )
)  # fmt: skip
_TAIL = r"(?: [^\s.!?]+){0,7}[ \"(]*$"
_CLAIMED = re.compile(
    r"\b(?:utg(?:av|er|ett|e|avs|iv(?:it)?) (?:sig|dig)|(?:sa|sade|sager|sagt|sagde) sig|(?:sa|sade|sager|sagt"
    r"|havdade|havdar"
    r"|uppgav|uppger) (?:i luren |da )?(?:att )?(?:de|dom|dem|han|hon|hen|det|den)|uppg(?:av|er|e) (?:sig|att|namnet)"
    r"|pasta(?:r|tt|s)?|pastod\w*|presentera(?:de|r|t)|havda(?:de|r)|lats(?:as|ades|ats)|lat(?:sade)s|lotsas"
    r"|claim(?:ed|ing|s)?|pretend(?:ed|ing|s)?|pos(?:ed|ing) as|impersonat\w+|introduced (?:him|her|them)sel\w+"
    r"|(?:said|says|told me|saying) (?:that )?(?:they|he|she|it)|i namn av|under namnet av"
    r"|utger sig)\b(?: [^\s.!?]+){0,7}[ \"(]*$"
)
_CLAIMED_TO_BE = re.compile(
    rf"{_CLAIMED.pattern.removesuffix(_TAIL)}(?: [^\s.!?]+){{0,7}}? (?:fran|vara|for|pa|hos|som|heter|foretrada"
    r"|representera|from|be|with|as|at|represent)"
    rf"{_THE_COMPANY}[ \"(]*$"
)
_CLAIMED_AFTER = re.compile(
    r"^s? namn (?:nar|i|vid)\b|^,? (?:sa|sade|pastod|havdade|said|claimed) (?:han|hon|de|dom|she|he|they)\b"
)
_DENIED = re.compile(
    r"\b(?:inte|ej|aldrig|knappast|varken|not|never|wasn t|isn t|wasnt|isnt|instead of|i stallet for|istallet for"
    r"|ingen)"
    r"(?: (?:ens|fran|av|hos|om|from|by|alls|the|with|har|har varit))*[ \"(]*$"
)
_DENIED_AFTER = re.compile(
    r"^(?:,? [^\s.!?]+){0,5},? (?:inte|aldrig|ej|not|never) (?:alls |ens )?(?:har |haft |varit )?(?:ringt|ringer oss"
    r"|kontaktat|legat bakom"
    r"|inblandad\w*|kontaktar|called|contacted|involved|behind)\b"
    r"|^(?:,? [^\s.!?]+){0,3},? (?:visste (?:de |man )?(?:inget|ingenting|inte)|kanner inte till|kande inte till"
    r"|har inget med|fornekar|dementerar"
    r"|nekar|knew nothing|know nothing|denies|denied|deny)\b"
)
_HEDGE_WORDS = (
    r"kanske|tror|troligen|troligtvis|formodligen|osaker|osakert|antingen|eventuellt|mojligen|mojligtvis|misstanker"
    r"|gissar"
    r"|nagot i stil med|nagot liknande|eller nat|eller nagot sant|vet inte|minns inte|horde inte|hann inte uppfatta"
    r"|lat som|lat det som"
    r"|maybe|perhaps|possibly|probably|i think|not sure|unsure|sounded like|something like|or similar"
    r"|might have been|could have been|guess"
)
_HEDGED = re.compile(rf"\b(?:{_HEDGE_WORDS})\b(?: [^\s.!?]+){{0,8}}[ \"(]*$")
_HEDGED_AFTER = re.compile(
    rf"^[\")]?,? ?(?:[^\s.!?]+ ){{0,3}}(?:{_HEDGE_WORDS}|eller (?:hur|liknande|vad|nat)|tror jag)\b|^[\")]? ?\?"
)
_HEARSAY = re.compile(
    r"\b(?:(?:i|pa|enligt|in|on|from) (?:en |the |a )?(?:tidning\w*|dagstidning\w*|nyheterna|tv|radio\w*|artikel\w*"
    r"|rapport\w*|news\w*|paper"
    r"|article|internet|forum\w*)|hort (?:talas om|att|ryktas)|last (?:om|att)|laste (?:om|att)|ryktas|rykten"
    r"|heard (?:that|about)"
    r"|read (?:that|about))\b(?: [^\s.!?]+){0,10}[ \"(]*$"
)
_INSIDER = re.compile(
    r"\b(?:(?:jag|vi|i|we) (?:(?:har|hade|have|had|ve|sjalv|tidigare|forut|som) ){0,3}(?:arbeta(?:r|t|de)|jobba(?:r"
    r"|t|de)?|ar anstalld|var anstalld"
    r"|work(?:ed|s)?|am employed|was employed) (?:pa|hos|for|at|i|with)|(?:vi|oss|kollegor|we|us) (?:pa|hos|at|har pa)"
    r"|(?:jag|vi) (?:foretrader|representerar)|(?:i|we) represent)[ \"(]*$"
)
_LEFT = re.compile(
    r"\b(?:bytt|byter|byta|bytte|gatt|flyttat|lamnade|lamnat|switched|moved) (?:over |bort "
    r"|away )?(?:fran|from)[ \"(]*$"
)
_WE_ARE = re.compile(r"\bvi (?:ar|heter|driver)(?: (?:ett|en|foretag\w*|bolag\w*|som|heter|ar|litet|firma))*[ \"(]*$")
# What somebody who reports a company writes about: being reached, being sold to, money, or that it was wrong.
_MATTER = re.compile(
    r"\b(?:ring\w*|uppring\w*|samtal\w*|telefon\w*|kontakta\w*|sms\w*|mejl\w*|mail\w*|epost\w*|brev\w*|knacka\w*"
    r"|dorr\w*"
    r"|\w*salj\w*|sald\w*|reklam\w*|erbjud\w*|faktur\w*|avtal\w*|abonnemang\w*|prenumer\w*|kostna\w*|pengar|drar"
    r"|drog|betal\w*"
    r"|skuld\w*|krav\w*|inkasso\w*|uppsag\w*|anger\w*|kund|kunde[nr]|bestall\w*|lagligt?|olaglig\w*|tillat\w*|spam\w*"
    r"|lagg\w*|lovade\w*|call\w*"
    r"|phone\w*|rang|text\w*|email\w*|letter\w*|door|s[eo]ll\w*|sold|invoice\w*|contract\w*|subscri\w*|charg\w*|paid"
    r"|pay\w*|money|legal"
    r"|illegal|order\w*|knock\w*|offer\w*|ad|ads|annons\w*|byt\w*|gick|teckna\w*|skick\w*)\b"
)
_PRAISE = re.compile(
    r"\b(?:berom\w*|jattetrevlig\w*|supertrevlig\w*|trevlig|trevligt|trevliga|proffsig\w*|jattebra|mer sant|nojd"
    r"|nojda|imponerad\w*|rosa(?:r)?"
    r"|tack for (?:bra|fin|god|snabb|trevlig)\w*|bra (?:bemotande|jobbat|service)|eloge|great (?:service|job)"
    r"|very polite|lovely|compliment\w*|praise)\b"
)
_GRUMBLE = re.compile(
    r"\b(?:klag\w*|anmal\w*|bluff\w*|lur\w*|trots|nix\w*|sparr\w*|vagr\w*|otrevlig\w*|hot\w*|arg\w*|oserios\w*"
    r"|tyvarr|sluta\w*|men|fel\w*"
    r"|fatt en faktura|skandal\w*|complain\w*|scam\w*|rude|despite|although|but|lied|ljug\w*|ljog|stor\w*)\b"
)


@dataclass(frozen=True, slots=True)
class Context:
    """What a sentence says of a name in it: a role where it gives one, and a reason to ask a person, or ""."""

    role: Role | None = None
    doubt: str = ""


def read_context(text: str, start: int, end: int) -> Context:
    """Return what the sentence around ``text[start:end]`` says of the company named there."""
    first, last = sentence_around(text, start, end)
    before = _plain(text[max(first, start - _LONGEST) : start])
    after = _plain(text[end : min(last, end + _LONGEST)])
    doubt = _find_doubt(before, after)
    role = next((role for pattern, role in _BEFORE if pattern.search(before)), None)
    role = role or next((role for pattern, role in _AFTER if pattern.search(after)), None)
    return Context(role or (Role.CALLER if _CLAIMED_TO_BE.search(before) else None), doubt)


CLAIM = "the caller only said so"


def _find_doubt(before: str, after: str) -> str:
    if _CLAIMED.search(before) or _CLAIMED_AFTER.search(after):
        return CLAIM
    if _DENIED.search(before) or _DENIED_AFTER.search(after):
        return "the text may say that it was not them"
    if _HEDGED.search(before) or _HEDGED_AFTER.search(after):
        return "the writer is not sure"
    if _HEARSAY.search(before):
        return "the writer only read or heard about it"
    if _LEFT.search(before):
        return "it may be the one they left"
    if _INSIDER.search(before) or _WE_ARE.search(before):
        return "the writer speaks for the company, or worked there"
    return ""


def tells_nothing(text: str) -> bool:
    """Tell whether a text praises and complains of nothing, or only asks and tells of nothing that happened."""
    plain = _plain(text)
    if _GRUMBLE.search(plain):
        return False
    return bool(_PRAISE.search(plain)) or ("?" in text and not _MATTER.search(plain))


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the sentence that holds ``text[start:end]`` begins and ends."""
    low = max(0, start - 2 * _LONGEST)
    first = low
    for found in _SENTENCE_END.finditer(text, low, start):
        first = found.end()
    following = _SENTENCE_END.search(text, end, min(len(text), end + 2 * _LONGEST))
    return first, following.start() + 1 if following else min(len(text), end + 2 * _LONGEST)


def unwrap(text: str) -> str:
    """Return the text with the line ends inside its paragraphs as blanks; a mail's subject stays a line."""
    head, end, rest = text.partition("\n")
    return head + end + _WRAP.sub(" ", rest)


def mark_sentence(text: str, start: int, end: int) -> str:
    """Return the sentence around a place, the place between » and «, on one line."""
    text = unwrap(text)
    first, last = sentence_around(text, start, end)
    return " ".join(f"{text[first:start]}»{text[start:end]}«{text[end:last]}".split())


def _plain(text: str) -> str:
    """Return text folded, its white space as single blanks."""
    return re.sub(r"\s+", " ", fold(text))
