"""Whether a name at its place in a text is a company's, or a street's, a person's, a kindergarten's, or just words."""

import re
from collections.abc import Sequence

from models.matching.prose.everyday import is_everyday
from models.matching.prose.given_names import GIVEN_NAMES
from models.matching.text import NameSpan, Token
from models.matching.vocabulary import BINDING, LEGAL

LOWER_CASE = "one word in running text may mean something else"
_CLAUSE = re.compile(r"[.;:!?()\[\]\n]|, ")
# Words that a company's name follows, and nothing else's.
_COMPANY = re.compile(
    r"(?:bolag|bolaget|foretag|foretaget|firma|firman|operator|operatoren|leverantor|leverantoren|koncernen|gruppen"
    r"|kedjan"
    r"|aktoren|byran|callcentret|callcenter|varumarket|medlem|medlemmen|company|firm|operator|provider|supplier|brand)$"
)
_STAFF = re.compile(
    r"(?:saljare\w*|forsaljare\w*|telefonforsaljare\w*|samtal\w*|representant\w*|personal\w*|anstalld\w*|nagon"
    r"|kille\w*|tjej\w*"
    r"|man|mannen|kvinna\w*|kundtjanst\w*|chef\w*|agent\w*|uppringd|kontaktad|person\w*|folk|caller|salesman"
    r"|somebody|someone|woman"
    r"|call|calls|called|contacted|faktura\w*|mejl\w*|mail\w*|sms\w*|brev\w*|avtal\w*|abonnemang\w*)$"
)
_FROM = frozenset("fran hos from".split())
_AT_A_PLACE = frozenset("pa i vid nara near in utanfor runt".split())
_DEFINITE = re.compile(r"\w{3,}(?:an|en|et|erna|arna|orna)$")
_NOT_DEFINITE = frozenset(
    "sedan innan utan medan igen aven annan nagon ingen bara fran annat genom mellan efter emellan samman darfran "
    "faktiskt mannen kvinnan killen tjejen damen personen saljaren forsaljaren rosten vanligen tillsammans".split()
)
# What a company has: after its name in the genitive, the company is meant.
_BELONGS = re.compile(
    r"(?:(?:telefon|dorr|hem)?(?:for)?salj\w*|kund\w*|representant\w*|agent\w*|medarbetare|personal\w*|anstalld\w*"
    r"|samtal\w*|ring\w*"
    r"|metod\w*|avtal\w*|faktur\w*|abonnemang\w*|erbjudande\w*|reklam\w*|sms\w*|mejl\w*|mail\w*|e|hemsid\w*|webb\w*"
    r"|sajt\w*|villkor\w*|vd"
    r"|chef\w*|callcenter|upptradande\w*|agerande\w*|beteende\w*|satt|rakning|vagnar|namn|nummer|kampanj\w*"
    r"|utskick\w*|brev\w*|forsok|fel"
    r"|standiga|eviga|pastadda|nya|telefon\w*|sales\w*|calls?|staff|callers?|invoices?|customers?|website|behaviour"
    r"|behavior|tactics|methods"
    r"|callcentre|people|seller|sellers|so|tele\w*|direktmarknadsforing|marknadsforing|dorr\w*|offert\w*|pris\w*"
    r"|uppsagning\w*|krav\w*|inkasso\w*)$"
)
_ACTS = re.compile(
    r"(?:ring\w*|salj\w*|salde|sald|skick\w*|kontakt\w*|har|hade|pasta\w*|pastod|lova\w*|vagra\w*|fortsat\w*"
    r"|forsok\w*|lura\w*|ljug\w*|ljog"
    r"|hor|horde|hort|knacka\w*|mejl\w*|mail\w*|sms\w*|fakturer\w*|krav\w*|called|calls|keeps|kept|has|have|had|rang"
    r"|phoned|sent|sends|sold|sells"
    r"|is|was|keep|vill|ville|borde|maste|slutar|svarar|svarade|stor|trakasser\w*|tjata\w*|spamm?a\w*|ar|blev|gor"
    r"|gjorde|dok|dyker|drar|drog|tog)$"
)


def doubt_place(text: str, span: NameSpan, tokens: Sequence[Token]) -> tuple[str, bool]:
    """Return why a name at this place may mean something else, or "", and whether it surely names no company."""
    inside = tokens[span.first : span.last + 1]
    before = tokens[span.first - 1].word if span.first and _touch(text, tokens, span.first - 1) else ""
    after = tokens[span.last + 1].word if span.last + 1 < len(tokens) and _touch(text, tokens, span.last) else ""
    formal = any(token.word in LEGAL for token in inside)
    words = [token.word for token in inside if token.word not in BINDING]
    told = bool(_COMPANY.search(before))
    if formal:
        return "", False
    if all(is_everyday(word) for word in words):
        return _doubt_everyday(text, span, tokens, before, after, told)
    if len(words) > 1:
        return "", False
    if not span.capital or not _is_unlike_a_word(inside[0].raw):
        small = not span.capital and len(words[0]) <= 4 and not (told or before in _FROM)
        return LOWER_CASE, small
    return _doubt_one_word(span, tokens, before, after, told)


def _doubt_everyday(
    text: str, span: NameSpan, tokens: Sequence[Token], before: str, after: str, told: bool
) -> tuple[str, bool]:
    """Words that mean something else too are a name only where they are written or introduced as one."""
    inside = [token for token in tokens[span.first : span.last + 1] if token.word not in BINDING]
    titled = all(token.raw[0].isupper() or token.raw[0].isdigit() for token in inside) and not text.isupper()
    if len(inside) > 1 and titled and not all(token.raw.isupper() for token in inside):
        return "", False
    led = told or (before in _FROM and _is_led_by_staff(tokens, span.first - 1))
    begins = _begins_sentence(text, span.start)
    shown = titled and not begins and before not in _AT_A_PLACE and not before.isdigit() and len(inside) == 1
    acting = shown and bool(_ACTS.search(after)) and inside[0].word not in GIVEN_NAMES
    quoted = text[max(0, span.start - 1) : span.start] in ('"', "\u201d", "\u00bb")
    return "its words also mean something else", not (led or acting or (quoted and titled))


def _is_led_by_staff(tokens: Sequence[Token], at: int) -> bool:
    return any(_STAFF.search(token.word) for token in tokens[max(0, at - 2) : at])


def _doubt_one_word(span: NameSpan, tokens: Sequence[Token], before: str, after: str, told: bool) -> tuple[str, bool]:
    if after.isdigit() and len(after) < 4 and not told and not _ACTS.search(before):
        return "it may be a street", False
    if span.genitive and after:
        return ("" if _BELONGS.search(after) else "what is its may be another's"), False
    if before in _AT_A_PLACE and not _is_led_by_staff(tokens, span.first - 1):
        return "it may be a place", False
    if _DEFINITE.fullmatch(before) and before not in _NOT_DEFINITE and not told and not _STAFF.search(before):
        return "it may be the name of something else", False
    return "", False


def _is_unlike_a_word(written: str) -> bool:
    """Tell whether one word is long enough, or written in a way, that no ordinary word is."""
    return len(written) >= 5 or not written[1:].islower()


def goes_on(text: str, span: NameSpan, tokens: Sequence[Token]) -> bool:
    """Tell whether more capitalised words and a legal form follow: another company whose name begins alike."""
    for at in range(span.last + 1, min(span.last + 5, len(tokens))):
        if not _touch(text, tokens, at - 1):
            return False
        if tokens[at].word in LEGAL:
            return True
    return False


def _touch(text: str, tokens: Sequence[Token], at: int) -> bool:
    """Tell whether only blanks and marks that end no clause stand between a word and the next."""
    return not _CLAUSE.search(text, tokens[at].end, tokens[at + 1].start)


def _begins_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - 80) : start].rstrip(' "(\u201d\u00bb')
    return not before or before[-1] in ".!?:\n"
