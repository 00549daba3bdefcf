"""Companies that a decision names in its running text, with the role that the sentence gives them.

The respondent stands under a label and is not looked for here. What is found never counts by itself: texts are
copied from case to case, and a caller is confirmed by a person.
"""

import re
from collections.abc import Iterable, Iterator

from models.drafts import MentionDraft
from models.matching.forms import form_of
from models.matching.mention import FoundInText
from models.words import Band, Role

LONGEST_BODY = 60_000
LONGEST_SENTENCE = 600

# A company's name: capitalised or mixed-case words, small words only between them, a legal form at the end.
_PART = r"(?:[A-ZÅÄÖØÆÉ][\w&'’.-]*[\w&]|[A-ZÅÄÖØÆÉ]|[a-zåäö]{1,2}[A-Z]\w+|\d+[A-Z]\w*)"
_FORM = r"(?:AB|Aktiebolag|HB|KB|AS|A/S|ASA|Oy|Ltd|Inc|GmbH|Group|DNR)"
_TAIL = r"(?:communications?|solutions?|sales|telecom|marketing|media|services?|talk|partners?)"  # often in lower case
_NOT_NEXT = r"(?!(?:och|som|har|hade|inte|vid|den|det|att|för|till|med|samt|via|från|mot)\b)"
_NAME = (
    rf"(?P<name>{_PART}(?:[ ](?:&[ ]|i[ ](?=[A-ZÅÄÖ])|och[ ](?=[A-ZÅÄÖ]\w+[ ]{_FORM}\b))?{_PART}){{0,5}}"
    rf"(?:[ ]{_TAIL}\b|[ ]{_NOT_NEXT}[a-zé]{{4,16}}(?=[ ](?:och[ ]|samt[ ]|{_FORM}\b)|[,;]))?"
    rf"(?:[ ]{_FORM}\b)?(?:[ ]\([Pp]ubl\))?)"
)
_NOUN = (  # what a caller is to the one it calls for
    r"(?:(?:sam\s?arbets)?partner[ns]?|återförsäljare[ns]?|underleverantör(?:en|er|erna)?|underentreprenör(?:en)?|"
    r"(?:call|kontakt)[ -]?cente?r(?:et)?|callcentret|kontaktcentret|säljbolag(?:et)?|säljpartner[ns]?|"
    r"telemarketing(?:bolag|företag|byrå|partner)(?:et|n|en)?|tm-?(?:bolag|partner|företag)(?:et|n)?|"
    r"(?:försäljnings|sälj)(?:företag|organisation|kår)(?:et|en)?|uppdragstagare[ns]?|leverantör(?:en)?|"
    r"agent(?:en)?|ombud(?:et)?|bolag(?:et)?|företag(?:et)?|byrå(?:n)?)\b"
)
_THEIR_NOUN = rf"(?:(?i:\w+[ ]){{0,3}}?(?i:{_NOUN})[, ]+)?"  # "ett externt callcenter, X"
_DONE = r"(?:ts|des|t|de|er)"
_CALLED = rf"(?:(?:ring|utför|genomför|gjor){_DONE}|kontaktats?|kontaktades?|(?:kontakten|samtalet)[ ]togs|tagits)"
_LIST = (
    r"(?:adress|list|register|data|uppgifts|telefonnummer|nummer|leads?)"
    r"(?:leverantör|källa|förmedlare|byrå|mäklare|ägare|ansvarig)\w*"
)
_BOUGHT = (
    r"(?i:köpts?|köpte[s]?|hyrts?|hyrde[s]?|inhämtats?|hämtats?|inköpts?|erhållits|levererats|kommer|kom|härrör)"
    r"(?i:[ ]in)?[ ](?i:från|av|via|genom|hos)"
)
_TECH = (
    r"(?:(?:uppringnings|ring|dialer|växel|telefoni|system|plattforms|teknik|programvaru|mjukvaru)[ -]?"
    r"(?:leverantör|system|tjänst|plattform|program\w*|lösning|utrustning)\w*|dialer\w*|växel\w*)"
)
_SELLS = (
    r"(?i:sålde|säljer|sålt|sälja|marknadsför|marknadsförde|marknadsfört|ringde|ringer|ringt|ringa|förmedlar|"
    r"förmedlade|telefonförsäljning|försäljning)"
)
_OFFERS = (
    r"(?i:sålde|säljer|sålt|sälja|erbjöd|erbjuder|erbjuda|marknadsför|marknadsförde|marknadsföra|avsåg|gällde|rörde|"
    r"handlade[ ]om)"
)
_GOODS = r"(?:tjänst|abonnemang|produkt|avtal|bredband|erbjud|lott|tv|mobil|fiber|el)"
_CALLS = (
    r"\b(?:samtal|telefonsamtal|säljsamtal|ringand|uppringning|kundbearbetning|telemarketing|kampanj|kontakt|"
    r"(?:telefon)?försäljning)\w*"
)
_WENT = r"(?:sköt|bedriv|bedrev|hanter|sk(?:er|edde|ett)|gjor|gör|utför|genomför|ring|administrer)\w*"
_HELD = r"(?:tillhör(?:de)?|innehas[ ]av|innehades[ ]av|ägs[ ]av|disponeras[ ]av|är[ ]registrerat[ ]på)"
_DID = r"(?i:ringde|ringt|ringer|utfört|utförde|utför|genomfört|genomförde|kontaktade|kontaktat)\b"

_PATTERNS: tuple[tuple[Role, re.Pattern[str]], ...] = tuple(
    (role, re.compile(pattern))
    for role, pattern in (
        (Role.LIST_SUPPLIER, rf"(?i:{_LIST})(?:[ ](?:var|är|heter))?[ ]{_NAME}"),
        (
            Role.LIST_SUPPLIER,
            r"(?i:numret|nummer|telefonnumret|adressen|adresser|uppgifterna|uppgiften|listan|listor|leads)"
            rf"[^.;]{{0,60}}?[ ]{_BOUGHT}[ ]{_NAME}",
        ),
        (
            Role.TECH_VENDOR,
            rf"(?i:{_TECH})(?:[ ](?i:från|av|hos|levereras av|tillhandahålls av|heter|via))?[ ]{_NAME}",
        ),
        (  # the number that called, never the complainant's own
            Role.CALLER,
            r"(?i:num(?:ret|mer)[^.;]{0,30}?[ ](?:ringde|ringt|ringts|ringdes|kom|användes|använts)\b|"
            rf"uppringande[ ]\w*num(?:ret|mer))[^.;]{{0,50}}?[ ](?i:{_HELD})[ ]{_THEIR_NOUN}{_NAME}",
        ),
        (Role.PRINCIPAL, rf"(?i:\buppdrag (?:av|åt|från))[ ]{_NAME}"),
        (
            Role.PRINCIPAL,
            rf"(?i:uppdrag(?:et)?)(?:[ ]\w+){{0,2}}?[ ](?i:kom|kommer|gavs|lämnades)[ ](?i:från|av)[ ]{_NAME}",
        ),
        (Role.PRINCIPAL, rf"{_OFFERS}(?:[ ]\w+){{1,3}}?[ ](?i:från|åt|hos)[ ]{_NAME}"),
        (Role.PRINCIPAL, rf"\b(?i:för|å|på)[ ]{_NAME}(?::s|s|’s|')?[ ](?i:räkning|vägnar)"),
        (Role.PRINCIPAL, rf"\b(?i:{_CALLS}(?:[ ]\w+)?[ ]{_WENT}(?:[ ]\w+)?[ ]för)[ ]{_NAME}"),
        (Role.PRINCIPAL, rf"\b(?i:ring\w+[^.;]{{0,40}}?[ ](?:angående|gällande|rörande))[ ]{_NAME}"),
        (Role.PRINCIPAL, rf"\b(?i:representera(?:r|de|t))[ ]{_NAME}"),
        (Role.PRINCIPAL, rf"(?i:varumärke(?:t)?(?:[ ]\w+){{0,2}}?[ ](?:tillhör|för|från|av|hos))[ ]{_NAME}"),
        (Role.PRINCIPAL, rf"(?i:bakom[ ]\w+[ ]står)[ ]{_NAME}"),
        (
            Role.PRINCIPAL,
            r"(?i:ansvarig[at]?[ ]för[ ](?:lotteri|tjänst|varumärke|abonnemang|produkt|erbjudande)\w*[ ](?:är|var))"
            rf"[ ]{_NAME}",
        ),
        (Role.PRINCIPAL, rf"(?i:samarbet\w+[ ]med)[ ]{_NAME}[ ](?i:om[ ]försäljning|för[ ]att[ ]sälja)"),
        (
            Role.PRINCIPAL,
            r"(?i:återförsäljare|ombud|agent|säljpartner|samarbetspartner|partner|underleverantör|callcenter)[ ]"
            rf"(?i:åt|för|av|till|hos)[ ]{_NAME}",
        ),
        (
            Role.PRINCIPAL,
            rf"{_SELLS}(?:[ ](?i:då|även|bland annat|abonnemang|avtal|tjänster|produkter|lotter|bredband|elavtal))?"
            rf"[ ](?i:för|åt)[ ]{_NAME}",
        ),
        (Role.PRINCIPAL, rf"{_OFFERS}[ ]{_NAME}(?::s|s)?[ ](?i:{_GOODS})"),
        (
            Role.PRINCIPAL,
            r"(?i:uppdragsgivare[ns]?|huvudman(?:nen)?|kund(?:en)?|operatör(?:en)?)(?:[ ](?:är|var))?" rf"[ ]{_NAME}",
        ),
        (
            Role.PRINCIPAL,
            r"\b(?i:drivs|drevs|ägs|ägdes|administreras|anordnas|förvaltas|verksamhet\w*[ ]bedrivs)[ ](?i:av)"
            rf"[ ]{_NAME}",
        ),
        (Role.CALLER, rf"(?i:{_CALLED})(?:[ ]\w+){{0,3}}?[ ](?i:av|från|via)[ ]{_THEIR_NOUN}{_NAME}"),
        (Role.CALLER, rf"(?i:{_CALLS})[^.;]{{0,60}}?[ ](?i:{_WENT}[ ](?:av|genom|via|hos))[ ]{_THEIR_NOUN}{_NAME}"),
        (Role.CALLER, rf"(?i:låtit|lät|låter)[ ]{_NAME}[ ](?i:sköta|ringa|utföra|genomföra|hantera|sälja|kontakta)"),
        (Role.CALLER, rf"\b(?i:ringa|ringer|ringde|ringt)[ ](?i:från)[ ]{_THEIR_NOUN}{_NAME}"),
        (Role.CALLER, rf"\b(?i:anställd[a]?|arbetar|arbetade|jobbar|jobbade)[ ](?i:hos|av|på|åt|för|vid)[ ]{_NAME}"),
        (Role.CALLER, rf"(?i:ansvarig[at]?[ ]för[ ]{_CALLS}[ ](?:är|var))[ ]{_NAME}"),
        (Role.CALLER, rf"{_NAME}[ ](?i:st(?:od|år|ått)|svara(?:r|de))[ ](?i:bakom|för)[ ](?i:{_CALLS})"),
        (Role.CALLER, rf"\b(?i:samarbet\w+[ ]med)[ ]{_THEIR_NOUN}{_NAME}"),
        (Role.CALLER, rf"\b(?i:ring\w+|{_CALLS})[^.;]{{0,80}}?[ ](?i:utan(?:[ ]av)?)[ ]{_THEIR_NOUN}{_NAME}"),
        (
            Role.CALLER,
            r"(?i:uppringd|uppringda|kontaktad|samtal|samtalet|säljare|försäljare|representant)(?:[ ]\w+){0,2}?"
            rf"[ ](?i:av|från)[ ]{_NAME}",
        ),
        (
            Role.CALLER,
            rf"(?i:som|vem som)[ ](?i:ringde|ringt|ringer|ringde upp|utförde samtalet)[ ](?i:var|är|heter)[ ]{_NAME}",
        ),
        (Role.CALLER, rf"(?i:{_NOUN})(?i:[ ]heter|[ ]är|[ ]var|[ ]vid namn|,)?[ ][(]?{_NAME}"),
        (
            Role.CALLER,
            r"(?i:anlita(?:t|r|de|s)|(?:lejt|lejde|hyrt|hyrde)[ ]in|"
            r"använder(?: sig av)?|använt(?: sig av)?|outsourcat till|lagt ut \w+ på)[ ]"
            rf"{_THEIR_NOUN}{_NAME}",
        ),
        (
            Role.CALLER,
            rf"{_NAME}[, ]+(?i:som[ ])?(?i:har[ ]|hade[ ])?(?i:på uppdrag av \w+[ ]|ett? \w+[, ]+)?{_DID}",
        ),
        (
            Role.CALLER,
            rf"{_NAME}(?:,|[, ]+(?i:som[ ])?(?i:är|var))[ ](?i:e(?:n|tt)[ ](?:av[ ])?)?(?i:\w+[ ])?(?i:{_NOUN})",
        ),
    )
)
_AND_MORE = re.compile(rf"^[ ]?(?:,|och|samt|respektive)[ ]{_NAME}")
_SENTENCE = re.compile(r"(?<=[.!?])[ \n]+(?=[A-ZÅÄÖ\d\"”])|\n+")

_NOT_COMPANIES = re.compile(
    r"(?i)^(?:(?:dm|nix)[ -]?n\w*|nix(?:[ -]?(?:telefon|adresserat|mobil|registret))?|konsument\w*|anmäla\w*|bolag\w*|"
    r"företag\w*|nämnd\w*|föreningen\w*|kontakta|swedma|sverige|svensk|pts|post- och telestyrelsen|imy|"
    r"datainspektionen|integritetsskydd\w*|icc\w*|marknadsföringslag\w*|lag\w*|eu|gdpr|han|hon|de|den|det|denna|"
    r"detta|dessa|vid|i|av|enligt|efter|eftersom|när|om|som|under|säljare\w*|samtal\w*|vidare|också|därefter|därför|"
    r"jag|vi|man|motpart\w*|herr|fru|januari|februari|mars|april|maj|juni|juli|augusti|september|oktober|november|"
    r"december|måndag\w*|tisdag\w*|onsdag\w*|torsdag\w*|fredag\w*|reklamombuds\w*|ro|arn|"
    r"allmänna reklamations\w*|åtta|en|ett|dess|deras|hans|hennes|inte|uppgifter\w*|ärende\w*|spärr\w*|telefon\w*|"
    r"e-post|sms|num(?:ret|mer)|kund\w*|samtyck\w*|nej|ab|hb|kb|person\w*|motpart\w*|b2b|polis\w*|god sed)$"
)
_FIRST_WORDS = re.compile(
    r"^(?:När|Om|Enligt|Därefter|Eftersom|Efter|Vid|Det|Den|Bolaget|Företaget|Säljaren|I|Som|Att|På|För|Av|Från|Då|"
    r"Motparten|Anmälaren|Konsumenten|Samtalet|Partnern|Nämnden|Men|Även|Under|Till|Hos)[ ](?=[A-ZÅÄÖa-z]*[A-ZÅÄÖ])"
)
_OWNED = re.compile(rf"[ ](?:räkning|vägnar|{_GOODS})")


def mentions_in_decision(body: str, respondent: str) -> list[MentionDraft]:
    """Return the companies that the text of a decision names besides the respondent: each once per role.

    Callers, principals, list suppliers and vendors of technique, with the sentence that tells. ``respondent`` is the
    party under the label; its own name, boards and authorities are left out.
    """
    own = form_of(respondent).joined
    found: dict[tuple[str, Role], MentionDraft] = {}
    for sentence in _sentences(body[:LONGEST_BODY]):
        taken: set[str] = set()
        for role, name in _named_in(sentence):
            key = form_of(name).joined or form_of(name).core
            if not key or key in taken or _is_respondent(key, own):
                continue
            taken.add(key)
            if (key, role) not in found:
                found[key, role] = MentionDraft(text=name, role=role, sentence=sentence)
    return list(found.values())


# Cues to the role of a name that no pattern caught, in the rest of its sentence.
_THEIR_OWN = re.compile(  # what the complainant has, or what was decided about others
    r"(?i:\b(?:anmälaren|konsumenten|kunden|han|hon|hen)\b[^.;]{0,30}?\b(?:har|hade|haft|är|var)\b[^.;]{0,40}?"
    r"\b(?:kund|abonnemang|abonnent|telefoni|operatör|avtal|bredband)|tidigare (?:avgörande|beslut|ärende|uttalande)|"
    r"\bjämför\b|\bjfr\b)"
)
_ACTS_FOR = re.compile(r"(?i)^[^.;]{0,80}?\b(?:på uppdrag av|för \S+ räkning|å \S+ vägnar|åt)\b")
_GAVE_TASK = re.compile(r"(?i)^[^.;]{0,60}?\b(?:uppdrag|uppdragsgivare|huvudman|äger|driver|bakom|anlita\w*)\b")
_FOR_WHOM = re.compile(
    r"(?i)\b(?:uppdrag\w*|räkning|vägnar|kampanj\w*|ingår|del av|avtal\w*|sälj(?:a|er|s)|såld\w*|sålt|gäll\w*|"
    r"erbj\w*|abonnemang\w*|tjänst\w*|lotteri\w*|återförsäljare (?:av|åt|för|till)|varumärke\w*|dotter\w*|ägs|drivs)\b"
)
_CALLING = re.compile(
    r"(?i)(?:\bring|\buppring|samtal|säljare|call|\bkontakt(?!a\b)|partner|sälj(?:bolag|företag)|telemark)"
)
_STATED = re.compile(r"(?i)^[^.;]{0,30}?\b(?:yttra|uppge|uppgav|anför)\w*")


def members_in_decision(
    body: str, found: Iterable[FoundInText], named: Iterable[MentionDraft] = ()
) -> list[MentionDraft]:
    """Return the members found in a decision's text whose sentences tell by a cue that they called, or had it done.

    Catches what ``mentions_in_decision``, whose result is ``named``, has no pattern for. A member that is only
    somebody's supplier, or named from another case, is left out: nobody says that it took part.
    """
    mentions: dict[tuple[str, Role], MentionDraft] = {}
    caught = [form_of(mention.text).joined for mention in named]
    for one in found:
        if one.band is Band.NONE or one.rule.startswith("phone") or one.start >= LONGEST_BODY:
            continue
        if any(key.startswith(form_of(one.text).joined) for key in caught):
            continue
        before = _SENTENCE.split(body[max(0, one.start - LONGEST_SENTENCE) : one.start])[-1]
        after = _SENTENCE.split(body[one.end : one.end + LONGEST_SENTENCE])[0]
        role = _tell_role(before, after)
        if role is not None:
            sentence = " ".join(f"{before}{one.text}{after}".split())[:LONGEST_SENTENCE]
            mentions.setdefault((one.member, role), MentionDraft(text=one.text, role=role, sentence=sentence))
    return list(mentions.values())


def _tell_role(before: str, after: str) -> Role | None:
    if _THEIR_OWN.search(f"{before} {after}"):
        return None
    if _ACTS_FOR.search(after):
        return Role.CALLER
    if _GAVE_TASK.search(after) or _FOR_WHOM.search(before):
        return Role.PRINCIPAL
    took_part = _CALLING.search(before) or _CALLING.search(after) or _STATED.search(after)
    return Role.CALLER if took_part else None


def _sentences(body: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(body):
        sentence = " ".join(sentence.split())
        if sentence:
            yield sentence[:LONGEST_SENTENCE]


def _named_in(sentence: str) -> Iterator[tuple[Role, str]]:
    for role, pattern in _PATTERNS:
        for hit in pattern.finditer(sentence):
            name = hit.group("name")
            if name.endswith("s") and _OWNED.match(sentence, hit.end("name")):
                name = name[:-1]
            yield from _clean(role, name)
            more = _AND_MORE.match(sentence[hit.end("name") :])
            if more:
                yield from _clean(role, more.group("name"))


def _clean(role: Role, name: str) -> Iterator[tuple[Role, str]]:
    name = _FIRST_WORDS.sub("", name).strip(" ,.;:-")
    if len(name) > 1 and not _NOT_COMPANIES.match(name) and not name.isdigit():
        yield role, name


def _is_respondent(key: str, own: str) -> bool:
    if not own:
        return False
    bare = key[:-1] if key.endswith("s") else key
    return key == own or bare == own or own.startswith(key) or (len(own) > 3 and key.startswith(own))
