"""The words in which the board decides: predicates, norms, negations, openings of clauses (data for board_outcome).

Everything is matched against lower-case text with single blanks and with case numbers replaced by placeholders
(``⟦0⟧``). Gaps are counted in words and each word is capped, so that no pattern costs more than linear time.
Source of the wordings: the board's decisions of 2012 to 2026.
"""

import re


def _any(*words: str) -> str:
    return "(?:" + "|".join(words) + ")"


PLACE = re.compile(r"⟦(\d+)⟧")

# -- sentences

ABBREVIATION = re.compile(
    r"(?:\b(?:s\.k|bl\.a|t\.ex|m\.m|d\.v\.s|dvs|dnr|nr|kap|st|jfr|resp|ca|e\.d|m\.fl|osv|inkl)|\b[A-ZÅÄÖ])$", re.I
)
# Editors forget full stops; these words, with a capital after a small letter, begin a sentence all the same.
_STARTERS = _any(
    "I övrigt", "Vidare", "Däremot", "Dock", "Därutöver", "(?:DM-n|NIX-n|N)ämnden (?:finner|anser|bedömer)",
    "Ärende[tn]", "Anmälan lämnas", "Frågan", "Det (?:går|är|kan|har)", "Vid denna", "Mot bakgrund",
    "(?:Bolaget|Företaget) (?:har|bröt|ska)",
)  # fmt: skip
SENTENCE_END = re.compile(
    r'[.!?;](?=\s+["”(–-]?\s?[A-ZÅÄÖ0-9⟦]|[A-ZÅÄÖ])|\n(?=\s*["”(–•-]?\s?[A-ZÅÄÖ0-9])'
    rf"|(?<=[a-zåäö0-9§)]) (?={_STARTERS}\b)"
)
ANY_WORD = re.compile(
    r"(?!(?:i|ärende\w*|dnr|mål|avseende|beträffande|angående|gällande|vad|gäller)\b)[a-zåäö]{2,}", re.I
)

# -- predicates

NORM = _any(
    r"god\w{0,25}", r"\d{1,3}", r"§+ ?\d{1,3}", r"detta", r"branschen\w{0,3}", r"gällande", r"gängse", r"nämnda",
    r"ovan\w{0,10}", r"aktuell\w{0,4}",
    r"(?:de |den |dessa |denna )?(?:etiska )?(?:marknadsföringslag|mfl|lag|regl|bestämmels|branschreg|krav(?:et|en)|nix"
    r"|icc|swedma|kontakta|punkt|norm|principer|föreskrift|artikel|vad som (?:är|utgör|anses))\w{0,25}",
)  # fmt: skip
_GAP = r"(?: [§\w:.&/⟦⟧()-]{1,40}){0,5}?"
_WITH = rf"(?: [\w-]{{1,20}}){{0,2}}? {NORM}"
_OFFENCE = r"(?:överträdelse\w{0,3}|brott mot|åsidosättande\w{0,2}|regelbrott|avsteg)"
BREACH = re.compile(
    r"\b"
    + _any(
        rf"(?:brutit|bryter|bröt|bryta|brutits|förbrutit sig|stred|strider|stridit|strida){_GAP} (?:mot|emot){_WITH}",
        rf"i strid (?:mot|emot|med){_WITH}",
        rf"(?:åsidosatt|åsidosätter|åsidosatte|överträtt|överträder|överträdde|överträda){_GAP} {NORM}",
        rf"(?:utgör|utgjorde|utgjort|innebär|innebar|inneburit|begått|skyldigt? till){_GAP} {_OFFENCE}",
        rf"(?:föreligger|föreligga|förelegat|skett){_GAP} {_OFFENCE}",
        rf"{_OFFENCE}(?: [§\w.:]{{1,40}}){{0,8}}? (?:föreligger|föreligga|förelegat|skett|begåtts)",
        rf"(?:ingen|inte någon|inga) {_OFFENCE}(?! (?:har|föreligg|anses))",
        rf"oförenlig\w{{0,3}} med{_WITH}",
        r"(?:fälls|fällas|fällts|fälld|fälldes|fäller)",
    )
    + r"\b"
)
CLEAR = re.compile(
    r"\b"
    + _any(
        rf"förenlig\w{{0,3}} med{_WITH}",
        rf"i (?:enlighet|överensstämmelse|linje) med{_WITH}",
        rf"stäm\w{{2,4}} överens med{_WITH}",
        rf"(?:följt|följde|iakttagit|efterlevt|uppfyllt){_GAP} {NORM}",
        r"(?:frias|friats|friad|friades|friar|frikänns|frikändes|frikänner|frikänts)"
        r"(?!(?: \w{1,15}){0,2} från (?:\w{1,20} )?ansvar)",
    )
    + r"\b"
)
# A judgement in other words than those of the rules: its "no" only supports, its "yes" is not ours to read.
SOFT = re.compile(
    r"\b(?:varit|var|är|anses|bedöms|betraktas som)(?: (?!inte|ej)[\w-]{1,20}){0,2}? (?:vilseledande|otillbörlig\w{0,2}"
    r"|aggressiv\w{0,2}|stötande|oetisk\w{0,2}|otillåt\w{1,3}|olaglig\w{0,2}|kränkande)\b"
)
BARE = re.compile(
    r"\b(?:brutit|bryter|bröt|stred|strider|stridit|överträtt|överträder|åsidosatt|i strid|överträdelse\w{0,3}|kritik"
    r"|klandervär\w{1,5})\b"
)
DISMISSED = re.compile(
    r"\blämna\w{0,2}(?P<gap>(?: [\w.:⟦⟧-]{1,30}){0,7}?) utan (?:[\w-]{1,20} ){0,2}?åtgärd"
    r"|\butan (?:[\w-]{1,20} ){0,2}?åtgärd lämna"
    r"|\b(?:föranleder|föranlett|vidtar|vidtas)(?: [\w-]{1,30}){0,4}? (?:ingen|inga|inte någon)(?: [\w-]{1,20}){0,2}?"
    r" åtgärd"
)
_DECIDE = _any(
    r"fastslå\w{0,2}", "fastslaget", "slå fast", "slås fast", r"fastställ\w{1,3}", r"avgör\w{0,3}", "avgjort",
    r"utred\w{1,2}", "utrett", r"klarlägg\w{1,2}", "klarlagt", r"klargör\w{0,3}", "bedömas?", "ta ställning",
    "utrönas?", "konstateras?", "bekräftas?", "verifieras?",
)  # fmt: skip
UNDECIDED = re.compile(
    rf"\b(?:inte(?! (?:annat|bara|enbart))|ej|omöjligt?)(?: [\w.]{{1,30}}){{0,6}}? {_DECIDE}\b"
    rf"|\b(?:inte|ej|någon|ingen\w{{0,4}}|varken)(?: [\w.]{{1,30}}){{0,10}}? företräde\b"
    r"|\b(?:ord|uppgift\w{0,4}|påståend\w{1,2}) (?:\w{1,20} )?står (?:\w{1,20} )?(?:mot|emot)"
    r" (?:ord\b|uppgift|påstå|varandra)"
    r"|\boklart (?:om|vem|huruvida|vilke\w)\b|\bgår (?:helt )?isär\b"
)
_HELD = _any(
    r"ansvarig\w{0,2}", r"ansvarsskyldig\w{0,2}", "ansvara[rt]? för", "lastas?", "belastas?", "tillräknas?",
    "klandras?", r"(?:bära?|har?|åläggas|åläggs|tillskriv\w{1,2})(?: \w{1,15}){0,2}? ansvar(?:et)?",
)  # fmt: skip
_NOT_HELD_GAP = r"(?: (?!vem\b|vilke|huvudregel|utred|fast|slå|avgör|klar)[\w.]{1,30}){0,5}?"
NOT_HELD = re.compile(
    rf"\b(?:inte|ej|icke|aldrig){_NOT_HELD_GAP} {_HELD}\b"
    r"|\bansvar\w{0,2} (?:ligger|vilar|åvilar|faller)(?: \w{1,20}){0,2}? (?:inte|ej)\b"
    r"|\bsvarar(?: \w{1,20}){0,2}? (?:inte|ej) för\b"
    r"|\b(?:frias|friat|fri|befrias|befriat|undgår|fritas|fritagit)(?: \w{1,15}){0,2}? från (?:\w{1,20} )?ansvar"
)
NOT_HELD_WITHOUT = re.compile(r"\butan att (?=(?:[\w.:&-]{1,40} ){0,8}?ansvar)")
NEGATED_NORM = re.compile(
    rf"(?:dock |däremot )?(?:inte|ej)(?: heller)? (?:(?:mot|med|emot) {NORM}"
    r"|(?:genom|i fråga om|avseende|beträffande|angående|vad gäller|vad avser|när det gäller|i övrigt)\b)"
)
AFFIRMED_NORM = re.compile(rf"(?:väl|däremot|dock) (?:mot|med|emot) {NORM}")

# -- what governs a predicate

NOT = r"(?:inte|ej|icke|aldrig|varken|knappast|ingen|inget|inga|omöjligt?|saknas|saknar)"
NEGATION = re.compile(rf"\b(?<!som )(?<!om )(?:{NOT})\b(?! (?:bara|enbart|endast|minst|annat än))")
AFTER_VERB = re.compile(r" (?:dock |därför |således |alltså |emellertid )?(?:inte|ej)\b(?! (?:bara|enbart|endast))")
FOLLOWS = re.compile(
    r"\b(?:därför|således|därmed|följaktligen|alltså|därigenom|härigenom|vid denna bedömning"
    r"|mot (?:denna|den) bakgrund)\b"
)
IMPERSONAL = re.compile(
    r"\b(?:(?:telefon|telefonsälj|sälj)?samtal\w{0,3}|(?:reklam)?utskick\w{0,3}|sms\w{0,10}|mejl\w{0,3}"
    r"|marknadsföring\w{0,3}|agerandet?|förfarandet?|kontakt\w{0,3}|reklam\w{0,3}|uppringning\w{0,3}|utdelning\w{0,3}"
    r"|åtgärd\w{0,3}|handlandet?|det inträffade|det skedda)\b"
)
UNSURE = re.compile(
    r"\bkan (?!anses|inte anses)(?:\w{1,15} )?ha (?:\w{1,15} )?$|\btidigare (?:\w{1,10} )?$"
    r"|\b(?:skulle|riskera\w{0,2}|uteslut\w{0,3}|misstänk\w{0,3}|påståend\w{1,2}|hade)\b"
)
PARTLY = re.compile(r"\b(?:delvis|i viss mån|till viss del)\b")
QUESTION = re.compile(
    r"\b(?:(?<!\bi )fråg\w{1,4}|prövat?|prövning\w{0,2}|bedömt|bedömning\w{0,2}|avgöra|ställning till) "
    r"(?:\w{1,15} ){0,3}?"
    r"(?:om|huruvida)\b|\bhuruvida\b"
)
CLAIMED = re.compile(
    r"\b(?:anmälar\w{1,4}|konsument\w{0,4}|företaget|bolaget|motparten)(?: [\w,]{1,30}){0,4}? (?:uppge\w{0,2}|uppgav"
    r"|uppgivit|uppgett|anfört|anför|hävda\w{0,2}|påstå\w{0,3}|göra?r? gällande|gjort gällande|menar|förneka\w{0,2}"
    r"|bestrid\w{1,3}|bestritt|invänt|anser) (?:\w{1,15} )?att\b"
    r"|\benligt (?:anmälar|konsument|företag|bolag|motpart)\w{0,5}\b"
)
SHOWN = re.compile(r"\b(?:visat|visats|styrkt|bevisat|framkommit|framgått)\b")
SUPINE = re.compile(
    r"\b(?!(?:att|det|ett|rätt|sätt|samt|inget|annat|något|marknadsför\w*)\b)\w{3,}(?:at|it|ett|tt|gt|rt|nt)\b"
)

# -- which cases

WHERE = re.compile(r"(⟦\d+⟧),? där ")  # "utom ärende X, där ...": what follows is about X
OTHERS = re.compile(r"\b(?:övriga|övrigt|resterande|de andra|andra ärende\w{0,4}|återstående)\b")
EXCEPT = re.compile(r"\b(?:utom|förutom|med undantag (?:av|för)|bortsett från|undantaget|frånsett)\b[^⟦]{0,40}⟦(\d+)⟧")
SOME = re.compile(
    r"\b(?:(?:ett|en|två|tre|fyra|fem|sex|sju|åtta|flera|några|vissa|hälften|flertalet|de flesta|merparten) av "
    r"(?:de |dessa )?(?:\w{1,15} )?(?:ärenden|fallen|anmäln)"
    r"|(?:vissa|några|ena|första|andra|tredje|sista|sistnämnda|förstnämnda|senare) (?:ärende|fall)\w{0,3})"
)

# -- clauses

_CLAUSE_WORDS = _any(
    "eftersom", "därför att", "på grund av (?:att|vad)", "med hänsyn till att", "med anledning av att",
    "mot bakgrund av (?:att|vad)", "oaktat", "trots att", "även om", "fastän", "genom att", "i och med att",
    "på den grunden", r"på det sätt\w{0,3}", "på ett sätt", "enär", "i den mån", "vid vilket", "varvid", "såvida",
    "utan att", "emedan", "då", "när", "efter att", "sedan", "innan",
)  # fmt: skip
OPENS = re.compile(rf"(?:,\s*)?\b{_CLAUSE_WORDS}\b(?! det (?:gäller|rör|avser)\b)")
FRONTED = re.compile(rf"^[\W\d]*(?:{_CLAUSE_WORDS}|att)\b(?! det (?:gäller|rör|avser)\b)")
RESUMES = re.compile(r"(?:,\s*(?:och|samt) att\b|\bmen\b|\bvarför\b|\bmedan\b|\bdäremot\b|, dock\b|;)")
RELATIVE = re.compile(r",\s*(?:som|vilken|vilket|vilka|vars)\b[^,;]{0,300}(?:,|$)")
FINITE = _any(
    "har", "stred", "strider", "bröt", "bryter", "finner", "fann", "anser", "bedömer", "konstaterar", "överträdde",
    "överträder", "kan", "ska", "skall", "bör", "får", "är", "var", "utgör", "utgjorde", "lämnas", "lämnar", "frias",
    "fälls", "går", "föreligger",
)  # fmt: skip
FINITE_AT = re.compile(rf"\b{FINITE}\b")
MAIN_AFTER_COMMA = re.compile(rf",\s*(?={FINITE}\b)")
PENDING = re.compile(r"\b(?:finner|fann|anser|bedömer|konstaterar)(?: [\w-]{1,20}){0,3},?\s*$")
ADVERBS = re.compile(r"(?:\b(?:inte|ej|heller|därför|således|därmed|också|även|härigenom) )+$")
CUT = re.compile(r"(?:,\s*)?\b(?P<word>men|medan|varför|och|samt|utan(?= (?:även|också)))\b|;|‖|,")
OWN_VERB = re.compile(rf"\s*(?:[\w.&-]{{1,40}} ){{0,6}}?{FINITE}\b")
NAMES_CASES = re.compile(r"\s*(?:i|för|avseende|beträffande|vad gäller)? ?(?:ärende\w* )?(?:⟦|inte i )")
IS_SO = re.compile(r"\b(?:är|har) (?:det|så) ")
YES_AFTER_ALL = re.compile(r"\b(?:väl|däremot|dock)\b")
