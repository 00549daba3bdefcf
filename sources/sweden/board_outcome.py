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
from sources.sweden import board_wording as w
from sources.sweden.board_cases import find_case_lists
from sources.sweden.board_clauses import cut_pieces, drop_clauses

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
        if lists and not w.ANY_WORD.search(w.PLACE.sub("", marked)):
            context = lists[0]  # a line that holds nothing but case numbers heads what follows
            continue
        found = _read_sentence(marked, lists, number, context)
        statements += found
        if lists:  # what a sentence says of a case without deciding it, the next sentence may decide
            context = None if found else frozenset().union(*lists)
    return _cancel_not_held(statements)


def _sentences(text: str) -> list[str]:
    """Cut at full stops, semicolons and lines, not inside ``s.k.`` or within a wrapped line."""
    found, at = [], 0
    for stop in w.SENTENCE_END.finditer(text):
        if stop.group() == "." and w.ABBREVIATION.search(text[max(0, stop.start() - 8) : stop.start()]):
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


def _read_sentence(
    marked: str, lists: list[frozenset[str]], number: int, context: frozenset[str] | None
) -> list[Statement]:
    marked = w.WHERE.sub(r"\1 men i \1 ", marked)
    stated = drop_clauses(w.NOT_HELD_WITHOUT.sub("men inte ", w.RELATIVE.sub(",", marked)))
    pieces = cut_pieces(stated)
    leading: frozenset[str] | None = context
    whole = _cases_in(marked, lists)
    found: list[Statement] = []
    previous = ""
    for word, piece in pieces:
        excepted = frozenset().union(*(lists[int(n)] for n in w.EXCEPT.findall(piece)))
        own = _cases_in(w.EXCEPT.sub(" ", piece), lists)
        leading = own or leading
        says = _read_piece(piece, previous) or _read_ellipsis(word, piece, bool(own), found)
        if says is not None:
            cases = own or leading
            if cases is None and len(pieces) == 1 and not excepted:
                cases = whole
            others = bool(w.OTHERS.search(piece)) and not own
            found.append(
                Statement(
                    says=says,
                    cases=None if others else cases,
                    others=others,
                    excepted=excepted,
                    sentence=number,
                    impersonal=bool(w.IMPERSONAL.search(piece)),
                    follows=bool(w.FOLLOWS.search(piece)),
                    some=bool(w.SOME.search(piece)) and not own,
                )
            )
        previous = piece
    if not found and w.BARE.search(marked) and not w.CLAIMED.search(marked) and not w.QUESTION.search(marked):
        found.append(Statement(Says.UNREAD, cases=whole, sentence=number))
    return found


def _cases_in(piece: str, lists: list[frozenset[str]]) -> frozenset[str] | None:
    return frozenset().union(*(lists[int(n)] for n in w.PLACE.findall(piece))) or None


def _read_piece(piece: str, previous: str) -> Says | None:
    """Return what one piece states, or None when it states nothing."""
    undecided = w.UNDECIDED.search(piece)
    held = w.NOT_HELD.search(piece)
    if held:
        return Says.NOT_HELD
    if undecided:
        return Says.UNDECIDED
    if hit := w.BREACH.search(piece) or w.CLEAR.search(piece):
        lexical = Says.BREACH if hit.re is w.BREACH else Says.CLEAR
        return _with_negation(piece, hit, lexical, previous)
    if hit := w.DISMISSED.search(piece):
        negated = w.NEGATION.search(hit.groupdict().get("gap") or "") or w.NEGATION.search(piece[: hit.start()])
        return Says.UNREAD if negated else Says.DISMISSED
    if hit := w.SOFT.search(piece):
        return Says.WEAK if w.NEGATION.search(piece[: hit.end()]) else Says.UNREAD
    return None


def _with_negation(piece: str, hit: re.Match[str], lexical: Says, previous: str) -> Says | None:
    before = piece[: hit.start()]
    if w.QUESTION.search(before) or w.CLAIMED.search(before):
        return None
    if w.UNSURE.search(before):
        return Says.UNREAD
    if w.PARTLY.search(piece[: hit.end()]):
        return Says.UNREAD
    after = w.AFTER_VERB.match(piece, hit.end())  # "fälls inte"
    negations = list(w.NEGATION.finditer(piece[: after.end() if after else hit.end()]))
    if not negations:
        return _inherited(lexical, before, previous)
    if len(negations) > 1 and not (len(negations) == 2 and "varken" in before):
        return Says.UNREAD
    between = piece[negations[0].end() : hit.start()]
    joined = re.search(r"\b(?:och|samt)\b", between)
    if joined and w.SUPINE.search(between[: joined.start()]):
        return Says.UNREAD  # "har inte hämtat in samtycke och därmed brutit": does the "no" reach that far?
    if lexical is Says.BREACH:
        return Says.WEAK if w.SHOWN.search(between) else Says.CLEAR
    return Says.BREACH


def _inherited(lexical: Says, before: str, previous: str) -> Says:
    """A positive statement in a further ``att``-clause of a negated or undecided sentence is not certain."""
    if re.match(r"\s*att\b", before) and (
        w.UNDECIDED.search(previous) or re.search(rf"\b{w.NOT}\b[^,]{{0,40}}\batt\b", previous)
    ):
        return Says.UNREAD
    if not w.FINITE_AT.search(before) and not re.match(r"\s*att\b", before) and w.UNDECIDED.search(previous):
        return Says.UNDECIDED
    return lexical


def _read_ellipsis(word: str, piece: str, names_cases: bool, found: list[Statement]) -> Says | None:
    """Read "men inte i övriga ärenden": a piece without a verb takes that of the statement before it."""
    if not found or word not in ("men", "och", ",", "medan"):
        return None
    if w.NEGATED_NORM.match(piece):
        return {Says.BREACH: Says.CLEAR}.get(found[-1].says, Says.UNREAD)
    if word == "men" and w.AFFIRMED_NORM.match(piece):
        return {Says.CLEAR: Says.BREACH}.get(found[-1].says, Says.UNREAD)
    if not (names_cases or w.OTHERS.search(piece)):
        return None
    if w.FINITE_AT.search(piece) and not w.IS_SO.search(piece):
        return None
    last = found[-1].says
    if w.NEGATION.search(piece):
        return Says.CLEAR if last is Says.BREACH else Says.UNREAD
    if word == "men" and w.YES_AFTER_ALL.search(piece):
        return {Says.CLEAR: Says.BREACH, Says.BREACH: Says.CLEAR}.get(last, Says.UNREAD)
    return Says.UNREAD


# -- from statements to outcomes


def _cancel_not_held(statements: list[Statement]) -> list[Statement]:
    """Drop a breach for which the company is not held responsible: of the same sentence, or the call just before."""
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
