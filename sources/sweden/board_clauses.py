"""A sentence of a decision reduced to what it states: reasons and circumstances dropped, the rest cut (pure)."""

import re

from sources.sweden import board_wording as w


def predicates(text: str) -> list[re.Match[str]]:
    """Return what in ``text`` decides anything, in order: each pattern's hits."""
    patterns = (w.BREACH, w.CLEAR, w.DISMISSED, w.UNDECIDED, w.NOT_HELD)
    return sorted((hit for pattern in patterns for hit in pattern.finditer(text)), key=lambda hit: hit.start())


def drop_clauses(sentence: str) -> str:
    """Return ``sentence`` without its reasons and circumstances, each replaced by ``‖``."""
    if opened := w.FRONTED.match(sentence):
        sentence = _main_after(sentence, opened.end())
    kept: list[str] = []
    at = 0
    for _ in range(20):
        opens = w.OPENS.search(sentence, at)
        if not opens:
            break
        before = sentence[at : opens.start()]
        kept.append(before)
        resumes = w.RESUMES.search(sentence, opens.end())
        until = resumes.start() if resumes else len(sentence)
        if not predicates(w.RESUMES.split(before)[-1]):  # nothing stated yet: the statement comes after this clause
            until = _end_of_inserted(sentence, opens, until, pending=w.PENDING.search(before) is not None)
        else:
            kept.append(_named_cases(sentence[opens.start() : until]))
        kept.append(" ‖ ")
        at = max(until, opens.end())
    kept.append(sentence[at:])
    return "".join(kept)


def _named_cases(clause: str) -> str:
    """Return the placeholders of a dropped clause: "brutit ... genom att i ärende X ringa" still names X."""
    return "".join(f" {hit.group()}" for hit in w.PLACE.finditer(clause))


def _main_after(sentence: str, at: int) -> str:
    """Return the main clause of a sentence that begins with a subordinate one; empty when it cannot be told."""
    if comma := w.MAIN_AFTER_COMMA.search(sentence, at):
        return _named_cases(sentence[: comma.end()]) + " " + sentence[comma.end() :]
    tail = w.OPENS.search(sentence, at)
    hits = predicates(sentence[: tail.start()] if tail else sentence)
    if not hits:
        return sentence
    verbs = list(w.FINITE_AT.finditer(sentence, at, hits[-1].end()))
    if not verbs or not _is_inverted(sentence, verbs, hits[-1].start()):
        return ""
    start = verbs[-1].start()
    # "... innebär att bolaget inte kan anses ha brutit": what stands just before the verb may turn it round.
    before = w.ADVERBS.search(sentence, at, start)
    return sentence[before.start() if before else start :]


def _is_inverted(sentence: str, verbs: list[re.Match[str]], at: int) -> bool:
    """Tell main from subordinate clause by word order: after a fronted clause the verb stands before its subject."""
    if verbs[-1].start() >= at:
        return len(verbs) > 1  # the verb is the predicate itself: the fronted clause must have had one of its own
    return bool(re.search(r"\w", w.ADVERBS.sub("", sentence[verbs[-1].end() : at].lstrip())))


def _end_of_inserted(sentence: str, opens: re.Match[str], until: int, *, pending: bool) -> int:
    """Return where a clause ends that stands before the statement: at its comma, else at the verb that takes over."""
    comma = sentence.find(",", opens.end(), until)
    if comma >= 0:
        return comma
    hits = predicates(sentence[opens.end() : until])
    if not hits:
        return until
    start = opens.end() + hits[-1].start()
    if pending and (that := sentence.rfind(" att ", opens.end(), start)) >= 0:
        return that  # "finner mot bakgrund av ... att X": the verb still waits for its "att"
    finite = [hit.start() for hit in w.FINITE_AT.finditer(sentence, opens.end(), start)]
    if finite and "genom att" not in opens.group():
        return finite[-1]
    adverbs = w.ADVERBS.search(sentence, opens.end(), start)
    return adverbs.start() if adverbs else start


def cut_pieces(stated: str) -> list[tuple[str, str]]:
    """Cut at conjunctions where both sides can stand alone; return (the conjunction, the piece)."""
    pieces: list[tuple[str, str]] = []
    at, word = 0, ""
    for cut in w.CUT.finditer(stated):
        left, right = stated[at : cut.start()], stated[cut.end() :]
        joins = cut.group("word") or ("" if cut.group().strip(" ") in ("‖", ";") else ",")
        if joins in ("och", "samt", ",") and not _stands_alone(left, right):
            continue
        pieces.append((word, left))
        at, word = cut.end(), joins
    pieces.append((word, stated[at:]))
    return [(joint, piece.strip()) for joint, piece in pieces if piece.strip(" ,.")]


def _stands_alone(left: str, right: str) -> bool:
    """Tell whether what follows a conjunction is a statement of its own rather than more of the same phrase."""
    head = right[:200]
    if w.EXCEPT.match(head.lstrip()):
        return False
    hits = predicates(head)
    stop = hits[0].start() if hits else len(head)
    own_verb = w.OWN_VERB.match(head[: stop + 12]) is not None
    if re.match(r"\s*att\b", head) or w.NAMES_CASES.match(head):
        return True
    return own_verb or (bool(predicates(left)) and bool(hits))
