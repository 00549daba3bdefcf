"""Why a text is taken for a member, in the language of staff: the matcher's English sentences put into Swedish.

The matcher writes down its reasons in English, and so they are kept, whatever the language of staff. A sentence is a
head ("Same name as {x}"), then clauses; each has its Swedish here, and a test holds that none is forgotten. What is
no sentence of ours stays as it is.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

# {x} and {y} stand for names, {n} for a number, {f} for kinds of facts such as "invoice and day".
_HEADS: Mapping[str, str] = {
    "Same name as {x}": "Samma namn som {x}",
    "Same letters as {x}, only spaces or spelling of å, ä, ö differ": (
        "Samma bokstäver som {x}, bara mellanslag eller stavning av å, ä, ö skiljer"
    ),
    "Same as {x} but for a country's or a group's word": "Som {x} sånär som på ett ord för land eller koncern",
    "Same words as {x} in another order": "Samma ord som {x} i annan ordning",
    "Reads as {x} with a slip of the pen": "Läses som {x} med ett skrivfel",
    "Same as {x}, written together or apart": "Som {x}, hopskrivet eller särskrivet",
    "An abbreviation of {x}": "En förkortning av {x}",
    "The word of its own in {x}, without the rest": "Det egna ordet i {x}, utan resten",
    "{x} and further words": "{x} och fler ord",
    "Other words than {x}": "Andra ord än {x}",
    "Nearer to {x}, which is not a member": "Närmare {x}, som inte är medlem",
    "Names {x}, which is not a member": "Nämner {x}, som inte är medlem",
    "Names {n} members alike, so it decides nothing": "Passar lika bra på {n} medlemmar, så det avgör ingenting",
    "No member's name is near this text": "Ingen medlems namn liknar texten",
    "Nothing in the text can be a company's name": "Inget i texten kan vara ett företagsnamn",
    "{n} members are named; a person must say whom it is about": (
        "{n} medlemmar nämns; en människa måste säga vem det gäller"
    ),
    # identifiers
    "The organisation number is {x}'s": "Organisationsnumret är {x}:s",
    "Organisation numbers of several members": "Flera medlemmars organisationsnummer",
    "Valid organisation number of another company, {x}": "Giltigt organisationsnummer för ett annat företag, {x}",
    "Valid organisation number of another company": "Giltigt organisationsnummer för ett annat företag",
    "A mistyped organisation number, one digit from {x}'s": (
        "Ett felskrivet organisationsnummer, en siffra från {x}:s"
    ),
    "The domain is {x}'s": "Domänen är {x}:s",
    "The phone is {x}'s": "Telefonnumret är {x}:s",
    "The phone number is {x}'s": "Telefonnumret är {x}:s",
    "The domain reads as {x} but is not among its domains": "Domänen läses som {x} men hör inte till dess domäner",
    "The domain looks like {x}'s with a word added, as forged ones do": (
        "Domänen ser ut som {x}:s med ett tillagt ord, som förfalskade gör"
    ),
    "The domain reads as the member's name but is not among its domains": (
        "Domänen läses som medlemmens namn men hör inte till dess domäner"
    ),
    "Several members claim this domain": "Flera medlemmar uppger den domänen",
    "Several members claim this phone": "Flera medlemmar uppger det telefonnumret",
    "a telephone number of the member; caller id can be forged": (
        "ett av medlemmens telefonnummer; nummervisning kan förfalskas"
    ),
    "The word begins with the member's name": "Ordet börjar med medlemmens namn",
    # people's answers
    "A person said that this is {x}": "En människa har sagt att det är {x}",
    "A person said that this is none of the members": "En människa har sagt att det inte är någon av medlemmarna",
    "A person said that this text does not tell who is meant": (
        "En människa har sagt att texten inte säger vem som menas"
    ),
    "A person said whom this tip is about": "En människa har sagt vem tipset gäller",
    "A person has looked at this tip": "En människa har tittat på tipset",
    "The member that a person named for this text has left since: please answer again": (
        "Medlemmen som en människa angav för texten har lämnat sedan dess: svara igen"
    ),
    "Since a person answered, a further member has come near this text": (
        "Sedan en människa svarade har ytterligare en medlem kommit nära texten"
    ),
    # two reports, one event
    "A person said that it is the same": "En människa har sagt att det är samma",
    "The same mail was received twice (Message-ID)": "Samma mejl har kommit två gånger (Message-ID)",
    "The same words once more from the same sender": "Samma ord en gång till från samma avsändare",
    "In the same thread, but about another invoice or company": (
        "I samma tråd, men om en annan faktura eller ett annat företag"
    ),
    "An answer in the same thread (References)": "Ett svar i samma tråd (References)",
    "The same invoice number": "Samma fakturanummer",
    "The same phone number on the same day": "Samma telefonnummer samma dag",
    "The same {f}": "Samma {f}",
    "{n}% of the shorter text is in the other, but other facts ({f}): several consumers, one template": (
        "{n} % av den kortare texten finns i den andra, men andra uppgifter ({f}): flera konsumenter, en mall"
    ),
    "{n}% of the shorter text is in the other, but no fact tells whether it is the same matter": (
        "{n} % av den kortare texten finns i den andra, men ingen uppgift säger om det är samma ärende"
    ),
    "{n}% of the shorter text is in the other, and the same {f}": (
        "{n} % av den kortare texten finns i den andra, och samma {f}"
    ),
    "{n}% of the shorter text is in the other": "{n} % av den kortare texten finns i den andra",
}
# What follows a head, after "; " or inside a bracket.
_CLAUSES: Mapping[str, str] = {
    "another legal form than the member's": "annan bolagsform än medlemmens",
    "a mark of another country": "ett ord som pekar på ett annat land",
    "one common word, a town or a trade, names nobody": "ett vanligt ord, en ort eller en bransch, pekar inte ut någon",
    "initials only": "bara initialer",
    "the mention says more than the member's name": "texten säger mer än medlemmens namn",
    "the mention says less than the member's name, and others may share the words": (
        "texten säger mindre än medlemmens namn, och andra kan dela orden"
    ),
    "common words in another order may be another company": "vanliga ord i annan ordning kan vara ett annat företag",
    "another word that sounds or begins alike": "ett annat ord som låter eller börjar likadant",
    "more slips than a hurried hand makes": "fler skrivfel än en stressad hand gör",
    "too short a name to forgive a slip in": "för kort namn för att förlåta ett skrivfel i",
    "initials, or too short a word to forgive a slip in": "initialer, eller ett för kort ord för att förlåta ett fel i",
    "the name was not the member's on that day": "namnet var inte medlemmens den dagen",
    "not the member's name on that day": "inte medlemmens namn den dagen",
    "another member is almost as near": "en annan medlem är nästan lika nära",
    "the name beside it is another member's": "namnet bredvid är en annan medlems",
    "the name may go on": "namnet kan fortsätta",
    "the name may go on in the text": "namnet kan fortsätta i texten",
    "found in running text": "funnet i löpande text",
    "that alone proves nothing": "det ensamt bevisar ingenting",
    "the text complains of nothing": "texten klagar inte på något",
    "the caller only said so": "det var bara den som ringde som sa det",
    "the text may say that it was not them": "texten kan säga att det inte var de",
    "the writer is not sure": "den som skriver är inte säker",
    "the writer only read or heard about it": "den som skriver har bara läst eller hört om det",
    "it may be the one they left": "det kan vara det företag som de har lämnat",
    "the writer speaks for the company, or worked there": "den som skriver talar för företaget, eller har arbetat där",
    "one word in running text may mean something else": "ett ord i löpande text kan betyda något annat",
    "its words also mean something else": "orden betyder också något annat",
    "it may be a street": "det kan vara en gata",
    "it may be a place": "det kan vara en plats",
    "it may be the name of something else": "det kan vara namnet på något annat",
    "what is its may be another's": "det som är dess kan vara någon annans",
    "the {f} differ, perhaps by a slip": "{f} skiljer sig, kanske genom ett skrivfel",
    "as near to the non-member {x}": "lika nära {x}, som inte är medlem",
    "{n}% of the shorter text is in the other": "{n} % av den kortare texten finns i den andra",
}
_TAILS: Mapping[str, str] = {
    ", inside a sentence": ", inne i en mening",
    ", before an address": ", före en adress",
    ", but not on that day": ", men inte den dagen",
    ", but the text may name somebody else and numbers can be forged": (
        ", men texten kan nämna någon annan och nummer kan förfalskas"
    ),
}
_FACTS = {
    "invoice": "faktura",
    "phone": "telefonnummer",
    "amount": "belopp",
    "hour": "klockslag",
    "day": "dag",
    "and": "och",
}
_HOLES = {"x": "(?P<x>.{1,400}?)", "n": r"(?P<n>\d{1,4})", "f": r"(?P<f>[a-z, ]{1,60})"}
_BRACKET = re.compile(r" \(([^()]{3,600})\)$")
_WORD = re.compile(r"[a-z]+")


def say_why(sentence: str, language: str) -> str:
    """Return the matcher's explanation in the language of staff."""
    return sentence if language == "en" or not sentence else _translate(sentence[:2000])


@lru_cache(maxsize=4096)
def _translate(sentence: str) -> str:
    if (whole := _fill(sentence, _WITHOUT_NAMES)) is not None:
        return whole
    for tail, said in _TAILS.items():
        if sentence.endswith(tail):
            return _translate(sentence.removesuffix(tail)) + said
    if (bracket := _BRACKET.search(sentence)) and (told := _translate_clauses(bracket.group(1))) is not None:
        return f"{_translate(sentence[: bracket.start()])} ({told})"
    at = sentence.rfind("; ")
    while at > 0:
        told = _translate_clauses(sentence[at + 2 :])
        if told is not None:
            return f"{_translate(sentence[:at])}; {told}"
        at = sentence.rfind("; ", 0, at)
    return _fill(sentence, _WITH_NAMES) or sentence


def _translate_clauses(text: str) -> str | None:
    """Return clauses joined by semicolons, or None when one of them is not ours."""
    told = [_fill(clause, _CLAUSE_PATTERNS) for clause in text.split("; ")]
    return "; ".join(clause for clause in told if clause is not None) if None not in told else None


def _fill(text: str, patterns: list[tuple[re.Pattern[str], str]]) -> str | None:
    for pattern, said in patterns:
        if found := pattern.fullmatch(text):
            holes = found.groupdict()
            if "f" in holes:
                holes["f"] = _WORD.sub(lambda word: _FACTS.get(word.group(), word.group()), holes["f"])
            return said.format(**holes)
    return None


def _compile(sentences: Mapping[str, str]) -> Iterator[tuple[re.Pattern[str], str]]:
    """Yield the sentences as patterns. A name may hold anything, so what follows it is taken off before."""
    for english, swedish in sentences.items():
        pattern = re.escape(english)
        for hole, matches in _HOLES.items():
            pattern = pattern.replace(re.escape(f"{{{hole}}}"), matches)
        yield re.compile(pattern), swedish


_WITHOUT_NAMES = list(_compile({told: said for told, said in _HEADS.items() if "{x}" not in told}))
_WITH_NAMES = list(_compile({told: said for told, said in _HEADS.items() if "{x}" in told}))
_CLAUSE_PATTERNS = list(_compile(_CLAUSES))
