"""How the board decided, read from the wording of its decision by grammar rather than by list (pure).

Each sentence is reduced to what it *states*: reasons (``eftersom``, ``oaktat att``, ``genom att`` ...), relative
clauses and what somebody else claims are taken away, the rest is cut at its conjunctions, and each piece is asked
for a predicate (breach, in line with, cannot be determined, not held responsible, left without action) and for the
negation that governs it. Statements go to the case numbers that the piece names. What no rule covers is
``Outcome.UNKNOWN`` with a flag; nothing is guessed. Source of the wordings: the board's decisions of 2012 to 2026.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from models.words import Outcome
from sources.sweden.board_cases import find_case_lists

_CAP = 6_000  # characters; a longer "decision" has swallowed the page and is not read


class Says(Enum):
    """What one statement of a decision says."""

    BREACH = auto()
    CLEAR = auto()
    WEAK = auto()  # "not shown to have acted contrary to": clears, unless it only follows from an undecided matter
    UNDECIDED = auto()
    DISMISSED = auto()  # left without action
    NOT_HELD = auto()  # not held responsible for what may well be a breach
    UNREAD = auto()  # a predicate is there, its sense is not certain


@dataclass(frozen=True)
class Statement:
    """One statement. ``cases`` None means all; ``others`` means all that the decision does not name."""

    says: Says
    cases: frozenset[str] | None = None
    others: bool = False
    excepted: frozenset[str] = frozenset()
    sentence: int = 0
    impersonal: bool = False  # about the call or the mailing, not about the company
    follows: bool = False  # "därför": drawn from what was said before
    some: bool = False  # "in two of the cases", without saying which


@dataclass(frozen=True)
class Ruling:
    """The outcome per case number, and of the page as a whole."""

    page: Outcome
    by_case: Mapping[str, Outcome]
    flags: tuple[str, ...] = ()


def read_ruling(decision: str, cases: Sequence[str]) -> Ruling:
    """Read a decision for the cases of its page.

    Flags: ``outcome-unknown``, ``page-outcome-partly`` (the cases differ), ``outcome-implied`` (a case is cleared
    because the decision names the others as breaches), ``outcome-mixed`` (one issue undecided, another cleared).
    """
    statements = read_statements(decision)
    named = frozenset().union(*(s.cases or s.excepted for s in statements)) & set(cases) if statements else frozenset()
    # A number that is not on the page: whoever mistyped it, we cannot tell which case was meant.
    strangers = any(s.cases and not s.cases & set(cases) for s in statements)
    flags: list[str] = []
    by_case: dict[str, Outcome] = {}
    for case in cases:
        mine = [s for s in statements if _applies(s, case, named, set(cases))]
        if strangers or (any(s.some for s in mine) and len(cases) > 1 and not named):
            by_case[case] = Outcome.UNKNOWN
        elif mine:
            by_case[case] = _combine(mine, flags)
        else:
            by_case[case] = _silent(case, statements, flags)
    outcomes = set(by_case.values())
    if Outcome.UNKNOWN in outcomes or not outcomes:
        flags.append("outcome-unknown")
    if len(outcomes) > 1:
        flags.append("page-outcome-partly")
    return Ruling(_whole(outcomes), by_case, tuple(dict.fromkeys(flags)))


def read_statements(decision: str) -> list[Statement]:
    """Return every statement of a decision, in order; the last link between wording and meaning that a test can ask."""
    if len(decision) > _CAP:
        return []
    statements: list[Statement] = []
    context: frozenset[str] | None = None
    for number, sentence in enumerate(_sentences(decision)):
        marked, lists = _mark_cases(sentence)
        if lists and not _ANY_WORD.search(_PLACE.sub("", marked)):
            context = lists[0]  # a line that holds nothing but case numbers heads what follows
            continue
        found = _read_sentence(marked, lists, number, context)
        statements += found
        if lists:  # what a sentence says of a case without deciding it, the next sentence may decide
            context = None if found else frozenset().union(*lists)
    return _cancel_not_held(statements)


# ---------------------------------------------------------------------------------------------- sentences

_ABBREVIATION = re.compile(
    r"(?:\b(?:s\.k|bl\.a|t\.ex|m\.m|d\.v\.s|dvs|dnr|nr|kap|st|jfr|resp|ca|e\.d|m\.fl|osv|inkl)|\b[A-ZÅÄÖ])$", re.I
)
# Editors forget full stops; these words, with a capital after a small letter, begin a sentence all the same.
_STARTERS = (
    r"(?:I övrigt|Vidare|Däremot|Dock|Därutöver|(?:(?:DM|NIX)-n|N)ämnden (?:finner|anser|bedömer)|Ärende[tn]|Anmälan lämnas|Frågan|"
    r"Det (?:går|är|kan|har)|Vid denna|Mot bakgrund|(?:Bolaget|Företaget) (?:har|bröt|ska))"
)
_STOP = re.compile(
    r'[.!?;](?=\s+["”(–-]?\s?[A-ZÅÄÖ0-9⟦]|[A-ZÅÄÖ])|\n(?=\s*["”(–•-]?\s?[A-ZÅÄÖ0-9])'
    rf"|(?<=[a-zåäö0-9§)]) (?={_STARTERS}\b)"
)
_PLACE = re.compile(r"⟦(\d+)⟧")
_ANY_WORD = re.compile(
    r"(?!(?:i|ärende\w*|dnr|mål|avseende|beträffande|angående|gällande|vad|gäller)\b)[a-zåäö]{2,}", re.I
)


def _sentences(text: str) -> list[str]:
    """Cut at full stops, semicolons and lines, not inside ``s.k.`` or within a wrapped line."""
    found, at = [], 0
    for stop in _STOP.finditer(text):
        if stop.group() == "." and _ABBREVIATION.search(text[max(0, stop.start() - 8) : stop.start()]):
            continue
        found.append(text[at : stop.end()])
        at = stop.end()
    found.append(text[at:])
    return [" ".join(s.split()) for s in found if s.strip()]


def _mark_cases(sentence: str) -> tuple[str, list[frozenset[str]]]:
    """Replace every enumeration of case numbers by a placeholder, so that its commas and ``och`` cut nothing."""
    parts: list[str] = []
    lists: list[frozenset[str]] = []
    at = 0
    for start, end, cases in find_case_lists(sentence):
        parts += [sentence[at:start], f"⟦{len(lists)}⟧"]
        lists.append(frozenset(cases))
        at = end
    return ("".join(parts) + sentence[at:]).lower(), lists


# ---------------------------------------------------------------------------------------------- predicates

_NORM = (
    r"(?:god\w{0,25}|\d{1,3}|artikel|§+ ?\d{1,3}|(?:de |den |dessa |denna )?(?:etiska )?(?:marknadsföringslag|mfl|lag|regl|bestämmels|branschreg|kravet|kraven|nix|icc|swedma"
    r"|kontakta|punkt|norm|principer|föreskrift|vad som (?:är|utgör|anses))\w{0,25}|detta|branschen\w{0,3}|gällande|gängse|nämnda|ovan\w{0,10}|aktuell\w{0,4})"
)
_GAP = r"(?: [§\w:.&/⟦⟧()-]{1,40}){0,5}?"
_PREP = r" (?:mot|emot|med)(?: [\w-]{1,20}){0,2}? "
_BREACH = re.compile(
    rf"\b(?:(?:brutit|bryter|bröt|bryta|brutits|förbrutit|stred|strider|stridit|strida){_GAP} (?:mot|emot)(?: [\w-]{{1,20}}){{0,2}}? {_NORM}"
    rf"|i strid{_PREP}{_NORM}"
    rf"|(?:åsidosatt|åsidosätter|åsidosatte|överträtt|överträder|överträdde|överträda|förbrutit sig mot){_GAP} {_NORM}"
    rf"|(?:utgör|utgjorde|utgjort|innebär|innebar|inneburit|begått|skyldigt? till){_GAP} (?:överträdelse|brott|åsidosättande|regelbrott|avsteg)\w{{0,4}}"
    r"|(?:ingen|inte någon|inga) (?:överträdelse\w{0,3}|brott mot)(?! (?:har|föreligg|anses))"
    rf"|överträdelse\w{{0,3}}{_GAP} (?:har skett|föreligger|föreligga|har begåtts|skett)"
    rf"|oförenlig\w{{0,3}} med(?: [\w-]{{1,20}}){{0,2}}? {_NORM}"
    r"|(?:fälls|fällas|fällts|fälld|fäller))\b"
)
_CLEAR = re.compile(
    rf"\b(?:förenlig\w{{0,3}} med(?: [\w-]{{1,20}}){{0,2}}? {_NORM}|i (?:enlighet|överensstämmelse|linje) med(?: [\w-]{{1,20}}){{0,2}}? {_NORM}"
    rf"|(?:följt|följde|iakttagit|efterlevt|uppfyllt){_GAP} {_NORM}|stäm\w{{2,4}} överens med(?: [\w-]{{1,20}}){{0,2}}? {_NORM}"
    r"|(?:frias|friats|friad|friar|frikänns|frikänner|frikänts)(?! från ansvar))\b"
)
# A judgement in other words than those of the rules: its "no" only supports, its "yes" is not ours to read.
_SOFT = re.compile(
    r"\b(?:varit|var|är|anses|bedöms|betraktas som)(?: (?!inte|ej)[\w-]{1,20}){0,2}? "
    r"(?:vilseledande|otillbörlig\w{0,2}|aggressiv\w{0,2}|stötande|oetisk\w{0,2}|otillåt\w{1,3}|olaglig\w{0,2}|kränkande)\b"
)
_AFTER_VERB = re.compile(r" (?:dock |därför |således |alltså |emellertid )?(?:inte|ej)\b(?! (?:bara|enbart|endast))")
_BARE = re.compile(
    r"\b(?:brutit|bryter|bröt|stred|strider|stridit|överträtt|överträder|åsidosatt|i strid|överträdelse\w{0,3}|kritik|klandervär\w{1,5})\b"
)
_NOT = r"(?:inte|ej|icke|aldrig|varken|knappast|ingen|inget|inga|omöjligt?|saknas|saknar)"
_NEGATION = re.compile(rf"\b(?<!som )(?<!om )(?:{_NOT})\b(?! (?:bara|enbart|endast|minst|annat än))")
_DECIDE = (
    r"(?:fastslå\w{0,2}|fastslaget|slå fast|slås fast|fastställ\w{1,3}|avgör\w{0,3}|avgjort|utred\w{1,2}|utrett|klarlägg\w{1,2}|klarlagt|klargör\w{0,3}"
    r"|bedömas?|ta ställning|utröna\w{0,1}|konstatera\w{0,1}|bekräfta\w{0,1}|verifiera\w{0,1})"
)
_UNDECIDED = re.compile(
    rf"\b(?:inte|ej|omöjligt?)(?: [\w.]{{1,30}}){{0,6}}? {_DECIDE}\b(?<!kan konstatera)"
    rf"|\b(?:inte|ej|någon|ingen\w{{0,4}}|varken)(?: [\w.]{{1,30}}){{0,10}}? företräde\b"
    r"|\b(?:ord|uppgift\w{0,4}|påståend\w{1,2}) (?:\w{1,20} )?står (?:\w{1,20} )?(?:mot|emot) (?:ord\b|uppgift|påstå|varandra)"
    r"|\boklart (?:om|vem|huruvida|vilke\w)\b|\bgår (?:helt )?isär\b"
)
_NEGATED_NORM = re.compile(rf"(?:dock |däremot )?(?:inte|ej)(?: heller)? (?:mot|med|emot) {_NORM}")
_HELD = (
    r"(?:ansvarig\w{0,2}|ansvarsskyldig\w{0,2}|ansvara[rt]?|ansvar|ansvaret|lastas?|belastas?|tillräknas?|klandras?)"
)
_NOT_HELD = re.compile(
    rf"\b(?:inte|ej|icke|aldrig)(?: (?!vem\b|vilke|huvudregel|utred|fast|slå|avgör|klar)[\w.]{{1,30}}){{0,5}}? {_HELD}\b"
    r"|\bansvar\w{0,2} (?:ligger|vilar|åvilar|faller)(?: \w{1,20}){0,2}? (?:inte|ej)\b|\bsvarar(?: \w{1,20}){0,2}? (?:inte|ej) för\b"
    r"|\b(?:frias|friat|fri|befrias|befriat|undgår|fritas|fritagit) från (?:\w{1,20} )?ansvar"
)
_DISMISSED = re.compile(
    r"\blämna\w{0,2}(?P<gap>(?: [\w.:⟦⟧-]{1,30}){0,7}?) utan (?:[\w-]{1,20} ){0,2}?åtgärd"
    r"|\butan (?:[\w-]{1,20} ){0,2}?åtgärd lämna"
    r"|\b(?:föranleder|föranlett|vidtar|vidtas)(?: [\w-]{1,30}){0,4}? (?:ingen|inga|inte någon)(?: [\w-]{1,20}){0,2}? åtgärd"
)
_FOLLOWS = re.compile(
    r"\b(?:därför|således|därmed|följaktligen|alltså|därigenom|härigenom|vid denna bedömning|mot (?:denna|den) bakgrund)\b"
)
_IMPERSONAL = re.compile(
    r"\b(?:(?:telefon|telefonsälj|sälj)?samtal\w{0,3}|(?:reklam)?utskick\w{0,3}|sms\w{0,10}|mejl\w{0,3}|marknadsföring\w{0,3}|agerande\w{0,1}|förfarande\w{0,1}"
    r"|kontakt\w{0,3}|reklam\w{0,3}|uppringning\w{0,3}|utdelning\w{0,3}|åtgärd\w{0,3}|handlande\w{0,1}|det inträffade|det skedda)\b"
)
_UNSURE = re.compile(
    r"\bkan (?!anses|inte anses)(?:\w{1,15} )?ha (?:\w{1,15} )?$|\b(?:skulle|riskera\w{0,2}|tidigare|uteslut\w{0,3}|misstänk\w{0,3}|påståend\w{1,2}|hade)\b"
)
_QUESTION = re.compile(
    r"\b(?:fråg\w{1,4}|prövat?|prövning\w{0,2}|bedömt|bedömning\w{0,2}|avgöra|ställning till) (?:\w{1,15} ){0,3}?(?:om|huruvida)\b|\bhuruvida\b"
)
_CLAIMED = re.compile(
    r"\b(?:anmälar\w{1,4}|konsument\w{0,4}|företaget|bolaget|motparten)(?: [\w,]{1,30}){0,4}? (?:uppge\w{0,2}|uppgav|uppgivit|uppgett|anfört|anför|hävda\w{0,2}"
    r"|påstå\w{0,3}|göra?r? gällande|gjort gällande|menar|förneka\w{0,2}|bestrid\w{1,3}|bestritt|invänt|anser) (?:\w{1,15} )?att\b"
)
_OTHERS = re.compile(r"\b(?:övriga|övrigt|resterande|de andra|andra ärende\w{0,4}|återstående)\b")
_EXCEPT = re.compile(r"\b(?:utom|förutom|med undantag (?:av|för)|bortsett från|undantaget|frånsett)\b[^⟦]{0,40}⟦(\d+)⟧")
_SOME = re.compile(
    r"\b(?:(?:ett|en|två|tre|fyra|fem|sex|sju|åtta|flera|några|vissa|hälften|flertalet|de flesta|merparten) av (?:de |dessa )?(?:\w{1,15} )?(?:ärenden|fallen|anmäln)"
    r"|(?:vissa|några|ena|första|andra|tredje|sista|sistnämnda|förstnämnda|senare) (?:ärende|fall)\w{0,3})"
)

# ---------------------------------------------------------------------------------------------- clauses

_CLAUSE_OPENS = (
    r"(?:eftersom|därför att|på grund av att|på grund av vad|med hänsyn till att|med anledning av att|mot bakgrund av att|mot bakgrund av vad|oaktat|trots att|även om|fastän"
    r"|genom att|i och med att|på den grunden|på det sätt\w*|på ett sätt|enär|i den mån|vid vilket|varvid|såvida|utan att|emedan|då|när|efter att|sedan|innan)"
)
_OPENS = re.compile(rf"(?P<comma>,)?\s*\b{_CLAUSE_OPENS}\b(?! det (?:gäller|rör|avser)\b)")
_FRONTED = re.compile(rf"^[\W\d]*(?:{_CLAUSE_OPENS})\b")
_RESUMES = re.compile(r"(?:,\s*(?:och|samt) att\b|\bmen\b|\bvarför\b|\bmedan\b|\bdäremot\b|, dock\b|;)")
_RELATIVE = re.compile(r",\s*(?:som|vilken|vilket|vilka|vars)\b[^,;]{0,300}(?:,|$)")
_FINITE = r"(?:har|stred|strider|bröt|bryter|finner|fann|anser|bedömer|konstaterar|överträdde|överträder|kan|ska|skall|bör|får|är|var|utgör|utgjorde|lämnas|lämnar|frias|fälls|går)"
_FINITE_AT = re.compile(rf"\b{_FINITE}\b")
_MAIN_AFTER_COMMA = re.compile(rf",\s*(?={_FINITE}\b)")
_PENDING = re.compile(r"\b(?:finner|fann|anser|bedömer|konstaterar)(?: [\w-]{1,20}){0,3},?\s*$")
_NOT_HELD_WITHOUT = re.compile(r"\butan att (?=(?:[\w.:&-]{1,40} ){0,8}?ansvar)")
_SUPINE = re.compile(
    r"\b(?!(?:att|det|ett|rätt|sätt|samt|inget|annat|något|marknadsför\w*)\b)\w{3,}(?:at|it|ett|tt|gt|rt|nt)\b"
)
_ADVERBS = re.compile(r"(?:\b(?:inte|ej|heller|därför|således|därmed|också|även|härigenom) )+$")
_CUT = re.compile(r"(?:,\s*)?\b(?P<word>men|medan|varför|och|samt|utan(?= (?:även|också)))\b|;|‖|,")


def _read_sentence(
    marked: str, lists: list[frozenset[str]], number: int, context: frozenset[str] | None
) -> list[Statement]:
    stated = _drop_clauses(_NOT_HELD_WITHOUT.sub("men inte ", _RELATIVE.sub(",", marked)))
    pieces = _pieces(stated)
    leading: frozenset[str] | None = context
    whole = _cases_in(marked, lists)
    found: list[Statement] = []
    previous = ""
    for word, piece in pieces:
        excepted = frozenset().union(*(lists[int(n)] for n in _EXCEPT.findall(piece)))
        own = _cases_in(_EXCEPT.sub(" ", piece), lists)
        leading = own or leading
        says = _read_piece(piece, previous) or _read_ellipsis(word, piece, bool(own), found)
        if says is not None:
            cases = own or leading
            if cases is None and len(pieces) == 1 and not excepted:
                cases = whole
            others = bool(_OTHERS.search(piece)) and not own
            found.append(
                Statement(
                    says=says,
                    cases=None if others else cases,
                    others=others,
                    excepted=excepted,
                    sentence=number,
                    impersonal=bool(_IMPERSONAL.search(piece)),
                    follows=bool(_FOLLOWS.search(piece)),
                    some=bool(_SOME.search(piece)) and not own,
                )
            )
        previous = piece
    if not found and _BARE.search(marked) and not _CLAIMED.search(marked) and not _QUESTION.search(marked):
        found.append(Statement(Says.UNREAD, cases=whole, sentence=number))
    return found


def _cases_in(piece: str, lists: list[frozenset[str]]) -> frozenset[str] | None:
    return frozenset().union(*(lists[int(n)] for n in _PLACE.findall(piece))) or None


def _predicates(text: str) -> list[re.Match[str]]:
    patterns = (_BREACH, _CLEAR, _DISMISSED, _UNDECIDED, _NOT_HELD)
    return sorted((hit for pattern in patterns for hit in pattern.finditer(text)), key=lambda hit: hit.start())


def _drop_clauses(sentence: str) -> str:
    """Return ``sentence`` without its reasons and circumstances, each replaced by ``‖``."""
    if opened := _FRONTED.match(sentence):
        sentence = _main_after(sentence, opened.end())
    kept: list[str] = []
    at = 0
    for _ in range(20):
        opens = _OPENS.search(sentence, at)
        if not opens:
            break
        before = sentence[at : opens.start()]
        kept.append(before)
        resumes = _RESUMES.search(sentence, opens.end())
        until = resumes.start() if resumes else len(sentence)
        if not _predicates(_RESUMES.split(before)[-1]):  # nothing stated yet: the statement comes after this clause
            until = _end_of_inserted(sentence, opens, until, pending=_PENDING.search(before) is not None)
        else:
            kept.append(_named_cases(sentence[opens.start() : until]))
        kept.append(" ‖ ")
        at = max(until, opens.end())
    kept.append(sentence[at:])
    return "".join(kept)


def _named_cases(clause: str) -> str:
    """Return the placeholders of a dropped clause: "brutit ... genom att i ärende X ringa" still names X."""
    return "".join(f" {hit.group()}" for hit in _PLACE.finditer(clause))


def _main_after(sentence: str, at: int) -> str:
    """Return the main clause of a sentence that begins with a subordinate one; empty when it cannot be told."""
    if comma := _MAIN_AFTER_COMMA.search(sentence, at):
        return _named_cases(sentence[: comma.end()]) + " " + sentence[comma.end() :]
    tail = _OPENS.search(sentence, at)
    hits = _predicates(sentence[: tail.start()] if tail else sentence)
    if not hits:
        return sentence
    finite = [hit.start() for hit in _FINITE_AT.finditer(sentence, at, hits[-1].end())]
    return sentence[finite[-1] :] if finite else sentence


def _end_of_inserted(sentence: str, opens: re.Match[str], until: int, *, pending: bool) -> int:
    """Return where a clause ends that stands before the statement: at its comma, else at the verb that takes over."""
    comma = sentence.find(",", opens.end(), until)
    if comma >= 0:
        return comma
    hits = _predicates(sentence[opens.end() : until])
    if not hits:
        return until
    start = opens.end() + hits[-1].start()
    if pending and (that := sentence.rfind(" att ", opens.end(), start)) >= 0:
        return that  # "finner mot bakgrund av ... att X": the verb still waits for its "att"
    finite = [hit.start() for hit in _FINITE_AT.finditer(sentence, opens.end(), start)]
    if finite and "genom att" not in opens.group():
        return finite[-1]
    adverbs = _ADVERBS.search(sentence, opens.end(), start)
    return adverbs.start() if adverbs else start


def _pieces(stated: str) -> list[tuple[str, str]]:
    """Cut at conjunctions where both sides can stand alone; return (the conjunction, the piece)."""
    pieces: list[tuple[str, str]] = []
    at, word = 0, ""
    for cut in _CUT.finditer(stated):
        left, right = stated[at : cut.start()], stated[cut.end() :]
        joins = cut.group("word") or ("" if cut.group().strip(" ") in ("‖", ";") else ",")
        if joins in ("och", "samt", ",") and not _stands_alone(left, right):
            continue
        pieces.append((word, left))
        at, word = cut.end(), joins
    pieces.append((word, stated[at:]))
    return [(w, p.strip()) for w, p in pieces if p.strip(" ,.")]


def _stands_alone(left: str, right: str) -> bool:
    """Tell whether what follows a conjunction is a statement of its own rather than more of the same phrase."""
    head = right[:200]
    hits = _predicates(head)
    stop = hits[0].start() if hits else len(head)
    own_verb = re.match(rf"\s*(?:[\w.&-]{{1,40}} ){{0,6}}?{_FINITE}\b", head[: stop + 12]) is not None
    if re.match(r"\s*att\b", head) or re.match(
        r"\s*(?:i|för|avseende|beträffande|vad gäller)? ?(?:ärende\w* )?(?:⟦|inte i )", head
    ):
        return True
    return own_verb or (bool(_predicates(left)) and bool(hits))


def _read_piece(piece: str, previous: str) -> Says | None:
    """Return what one piece states, or None when it states nothing."""
    undecided = _UNDECIDED.search(piece)
    held = _NOT_HELD.search(piece)
    if held:
        return Says.NOT_HELD
    if undecided:
        return Says.UNDECIDED
    if hit := _BREACH.search(piece) or _CLEAR.search(piece):
        lexical = Says.BREACH if hit.re is _BREACH else Says.CLEAR
        return _with_negation(piece, hit, lexical, previous)
    if hit := _DISMISSED.search(piece):
        negated = _NEGATION.search(hit.groupdict().get("gap") or "") or _NEGATION.search(piece[: hit.start()])
        return Says.UNREAD if negated else Says.DISMISSED
    if hit := _SOFT.search(piece):
        return Says.WEAK if _NEGATION.search(piece[: hit.end()]) else Says.UNREAD
    return None


def _with_negation(piece: str, hit: re.Match[str], lexical: Says, previous: str) -> Says | None:
    before = piece[: hit.start()]
    if _QUESTION.search(before) or _CLAIMED.search(before):
        return None
    if _UNSURE.search(before):
        return Says.UNREAD
    negations = list(_NEGATION.finditer(piece[: hit.end()]))
    if _AFTER_VERB.match(piece, hit.end()):  # "fälls inte"
        lexical, negations = Says.UNREAD if negations else lexical, [*negations, *_NEGATION.finditer(piece, hit.end())]
        return Says.CLEAR if lexical is Says.BREACH else Says.BREACH if lexical is Says.CLEAR else Says.UNREAD
    if re.search(r"\b(?:delvis|i viss mån)\b", piece[: hit.end()]):
        return Says.UNREAD
    if not negations:
        return _inherited(lexical, before, previous)
    if len(negations) > 1 and not (len(negations) == 2 and "varken" in before):
        return Says.UNREAD
    between = piece[negations[0].end() : hit.start()]
    joined = re.search(r"\b(?:och|samt)\b", between)
    if joined and _SUPINE.search(between[: joined.start()]):
        return Says.UNREAD  # "har inte hämtat in samtycke och därmed brutit": does the "no" reach that far?
    if lexical is Says.BREACH:
        shown = re.search(r"\b(?:visat|visats|styrkt|bevisat|klarlagt|utrett)\b", between)
        return Says.WEAK if shown else Says.CLEAR
    return Says.BREACH


def _inherited(lexical: Says, before: str, previous: str) -> Says:
    """A positive statement in a further ``att``-clause of a negated or undecided sentence is not certain."""
    if re.match(r"\s*att\b", before) and (
        _UNDECIDED.search(previous) or re.search(rf"\b{_NOT}\b[^,]{{0,40}}\batt\b", previous)
    ):
        return Says.UNREAD
    if not _FINITE_AT.search(before) and not re.match(r"\s*att\b", before) and _UNDECIDED.search(previous):
        return Says.UNDECIDED
    return lexical


def _read_ellipsis(word: str, piece: str, names_cases: bool, found: list[Statement]) -> Says | None:
    """Read "men inte i övriga ärenden": a piece without a verb takes that of the statement before it."""
    if not found or word not in ("men", "och", ",", "medan"):
        return None
    if _NEGATED_NORM.match(piece):
        return {Says.BREACH: Says.CLEAR}.get(found[-1].says, Says.UNREAD)
    if not (names_cases or _OTHERS.search(piece)):
        return None
    if _FINITE_AT.search(piece) and not re.search(r"\b(?:är|har) (?:det|så) ", piece):
        return None
    last = found[-1].says
    if _NEGATION.search(piece):
        return Says.CLEAR if last is Says.BREACH else Says.UNREAD
    if word == "men" and re.search(r"\b(?:väl|däremot|dock)\b", piece):
        return {Says.CLEAR: Says.BREACH, Says.BREACH: Says.CLEAR}.get(last, Says.UNREAD)
    return Says.UNREAD


# ---------------------------------------------------------------------------------------------- from statements to outcomes


def _cancel_not_held(statements: list[Statement]) -> list[Statement]:
    """Drop a breach for which the company is not held responsible: one of the same sentence, or the call just before."""
    kept: list[Statement] = []
    for index, statement in enumerate(statements):
        if statement.says is Says.BREACH and any(
            other.says is Says.NOT_HELD
            and (other.cases is None or statement.cases is None or other.cases >= statement.cases)
            and (
                other.sentence == statement.sentence
                or (other.sentence == statement.sentence + 1 and statement.impersonal)
            )
            for other in statements[index + 1 :]
        ):
            continue
        kept.append(statement)
    return kept


def _applies(statement: Statement, case: str, named: frozenset[str], cases: set[str]) -> bool:
    if statement.others or (statement.some and named):
        return case not in named or not cases - named
    if case in statement.excepted:
        return False
    return statement.cases is None or case in statement.cases


def _combine(statements: list[Statement], flags: list[str]) -> Outcome:
    """Return the outcome of one case from all statements about it."""
    said = {s.says for s in statements}
    clear = bool(said & {Says.CLEAR, Says.NOT_HELD})
    undecided = Says.UNDECIDED in said
    if undecided and clear:
        first = next(i for i, s in enumerate(statements) if s.says is Says.UNDECIDED)
        undecided = not any(s.says is Says.CLEAR and s.follows for s in statements[first + 1 :])
    if Says.BREACH in said:
        if clear or undecided or said & {Says.DISMISSED, Says.WEAK}:
            return Outcome.PARTLY
        return Outcome.UNKNOWN if Says.UNREAD in said else Outcome.BREACH
    if Says.UNREAD in said:
        return Outcome.UNKNOWN
    if undecided:
        if clear:
            flags.append("outcome-mixed")
        return Outcome.UNDECIDED
    return Outcome.NO_BREACH


def _silent(case: str, statements: list[Statement], flags: list[str]) -> Outcome:
    """Return the outcome of a case that the decision does not speak of: cleared when only others are breaches."""
    if any(case in s.excepted for s in statements):
        said = {s.says for s in statements if case in s.excepted}
        opposite = {Says.BREACH: Outcome.NO_BREACH, Says.CLEAR: Outcome.BREACH}
        if len(said) == 1 and (says := said.pop()) in opposite:
            flags.append("outcome-implied")
            return opposite[says]
        return Outcome.UNKNOWN
    if statements and all(s.says is Says.BREACH and s.cases for s in statements):
        flags.append("outcome-implied")
        return Outcome.NO_BREACH
    return Outcome.UNKNOWN


def _whole(outcomes: set[Outcome]) -> Outcome:
    if len(outcomes) == 1:
        return next(iter(outcomes))
    if Outcome.UNKNOWN in outcomes or not outcomes:
        return Outcome.UNKNOWN
    if outcomes & {Outcome.BREACH, Outcome.PARTLY}:
        return Outcome.PARTLY
    return Outcome.UNDECIDED
