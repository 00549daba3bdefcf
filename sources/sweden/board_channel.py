"""The issues a case was about, and through which channel the consumer was reached (pure).

The channel is read from the page's tag, else from the issues, else from words of the decision and of the
complainant's account; each with its evidence. Where they tell nothing, or several things, it is not told.
"""

import re

from models.words import Channel, Evidence, Outcome

_ISSUE_CUT = re.compile(
    r"(?<=[a-zåäöA-ZÅÄÖ0-9)])[.;]\s*(?=[A-ZÅÄÖ])|\n(?=\s{0,40}[–•*-]?\s{0,40}[A-ZÅÄÖ0-9])|,\s+samt\s+(?=\S)"
)
_ABBREVIATED = re.compile(
    r"(?:\b[A-Za-z]|\b(?:bl|s\.k|t\.ex|m\.m|d\.v|fr\.o|t\.o|e\.d|jfr|resp|ca|nr|st|kap|inkl))$", re.IGNORECASE
)

# In this order: "marknadsföring per sms till konsument vars telefonnummer ..." is about a text message.
_BY_ISSUE = (
    (Channel.SMS, re.compile(r"\b(?:sms|mms)|textmeddelande", re.IGNORECASE)),
    (Channel.EMAIL, re.compile(r"\be-?post|\bmejl|\bmail|nyhetsbrev", re.IGNORECASE)),
    (Channel.UNADDRESSED_MAIL, re.compile(r"oadresserad|nej[ -]?tack|brevlåda", re.IGNORECASE)),
    (
        Channel.ADDRESSED_MAIL,
        re.compile(r"adresserad|bostadsadress|add?ress?källa|(?:per|via|med) (?:post|brev)\b|postala", re.IGNORECASE),
    ),
    (Channel.DOOR, re.compile(r"hemförsäljning|dörrförsäljning|dörrknack|hembesök", re.IGNORECASE)),
    (Channel.PHONE, re.compile(r"telefon|samtal|uppring|ringning|telemarketing", re.IGNORECASE)),
)
_BY_TEXT = (
    (Channel.SMS, re.compile(r"\b(?:sms|mms)(?:\b|[-:])|textmeddelande|sms(?:reklam|et|en|utskick)", re.IGNORECASE)),
    (
        Channel.EMAIL,
        re.compile(
            r"\be-post(?:reklam|meddelande|utskick|brev)?\b|\bmejl(?:et|en|utskick)?\b|nyhetsbrev", re.IGNORECASE
        ),
    ),
    (Channel.UNADDRESSED_MAIL, re.compile(r"oadresserad|nej[ -]?tack", re.IGNORECASE)),
    (
        Channel.ADDRESSED_MAIL,
        re.compile(r"(?<!o)adresserad (?:direkt)?reklam|(?<!o)adresserat|direktreklam|adresskälla", re.IGNORECASE),
    ),
    (Channel.DOOR, re.compile(r"dörrförsäljning|knacka\w* på", re.IGNORECASE)),
    (
        Channel.PHONE,
        re.compile(
            r"telefonsamtal|säljsamtal|uppring|samtals?försök|\bring(?:t|de|er|a|as|des|ts|ning)\b|\bsamtal(?:et|en)?\b",
            re.IGNORECASE,
        ),
    ),
)
_TAG_CHANNELS = {
    "telemarketing": Channel.PHONE,
    "telefon": Channel.PHONE,
    "telefonförsäljning": Channel.PHONE,
    "sms eller mms": Channel.SMS,
    "sms och mms": Channel.SMS,
    "sms/mms": Channel.SMS,
    "sms": Channel.SMS,
    "mms": Channel.SMS,
    "e-postreklam": Channel.EMAIL,
    "e-post": Channel.EMAIL,
    "epost": Channel.EMAIL,
    "oadresserad direktreklam": Channel.UNADDRESSED_MAIL,
    "oadresserad reklam": Channel.UNADDRESSED_MAIL,
    "oadresserad": Channel.UNADDRESSED_MAIL,
    "adresserad direktreklam": Channel.ADDRESSED_MAIL,
    "adresserad reklam": Channel.ADDRESSED_MAIL,
    "adresserad": Channel.ADDRESSED_MAIL,
    "dörrförsäljning": Channel.DOOR,
}
_TAG_OUTCOMES = {
    "fällda": Outcome.BREACH,
    "fälld": Outcome.BREACH,
    "friade": Outcome.NO_BREACH,
    "friad": Outcome.NO_BREACH,
}
_TAG_STATES = ("avgjorda ärenden", "avgjort ärende", "avgjorda")
_TAG_WORDS = re.compile(
    r"(?<![^\W\d_])(?:(?P<year>20\d\d)(?!\d)|(?P<state>" + "|".join(_TAG_STATES) + r")|(?P<channel>"
    + "|".join(map(re.escape, sorted(_TAG_CHANNELS, key=len)[::-1]))
    + r")|(?P<outcome>" + "|".join(_TAG_OUTCOMES) + r"))"
    r"(?![a-zåäö-])",
    re.IGNORECASE,
)  # fmt: skip
_BETWEEN_TAGS = re.compile(r"[\W_]{0,12}(?:(?:taggar|kategorier|etiketter|tags|kategori)\b)?[\W_]{0,12}", re.IGNORECASE)
_TAIL_CAP = 200_000


def split_issues(value: str) -> tuple[str, ...]:
    """Return the issues of the field ``Frågeställning``: joined by full stops, lines or ", samt", not by ``samt``."""
    issues: list[str] = []
    at = 0
    for cut in _ISSUE_CUT.finditer(value):
        if cut.group()[:1] == "." and _ABBREVIATED.search(value[max(0, cut.start() - 8) : cut.start()]):
            continue
        issues.append(value[at : cut.start()])
        at = cut.end()
    issues.append(value[at:])
    clean = (" ".join(issue.split()).strip(" .,;:–•*-") for issue in issues)
    return tuple(issue[:1].upper() + issue[1:] for issue in clean if issue)


def read_tags(tail: str) -> tuple[Channel | None, Outcome | None]:
    """Return channel and outcome of the tags after a decision (``2024 Telemarketing Fällda Avgjorda ärenden``).

    A run of tags counts when it holds at most one of each kind; a menu that lists them all tells nothing.
    """
    told: tuple[Channel | None, Outcome | None] = (None, None)
    for run in _tag_runs(tail[-_TAIL_CAP:]):
        channels = {_TAG_CHANNELS[hit.group("channel").lower()] for hit in run if hit.group("channel")}
        outcomes = {_TAG_OUTCOMES[hit.group("outcome").lower()] for hit in run if hit.group("outcome")}
        years = {hit.group("year") for hit in run if hit.group("year")}
        kinds = {hit.lastgroup for hit in run}
        alone = len(outcomes) <= 1 and len(channels) <= 1 and len(years) <= 1
        if (alone and len(kinds) >= 3) or (alone and "state" in kinds and outcomes):
            told = (next(iter(channels), None), next(iter(outcomes), None))
    return told


def _tag_runs(text: str) -> list[list[re.Match[str]]]:
    runs: list[list[re.Match[str]]] = []
    end = -1
    for hit in _TAG_WORDS.finditer(text):
        if end >= 0 and hit.start() - end <= 24 and _BETWEEN_TAGS.fullmatch(text, end, hit.start()):
            runs[-1].append(hit)
        else:
            runs.append([hit])
        end = hit.end()
    return runs


def read_channel(
    tag: Channel | None, issues: tuple[str, ...], texts: tuple[str, ...]
) -> tuple[Channel, Evidence | None, tuple[str, ...]]:
    """Return the channel, what it was read from, and ``channel-several`` when the issues name more than one.

    ``texts`` are asked one after the other, the most telling first: the decision, then the complainant's account.
    """
    by_issue = [channel for issue in issues if (channel := _first(issue)) is not None]
    flags = ("channel-several",) if len(set(by_issue)) > 1 else ()
    if tag is not None:
        return tag, Evidence.TAG, flags
    if by_issue:
        return by_issue[0], Evidence.ISSUE, flags
    for text in texts:
        told = {channel for channel, words in _BY_TEXT if words.search(text)}
        if Channel.UNADDRESSED_MAIL in told:
            told.discard(Channel.ADDRESSED_MAIL)
        if len(told) == 1:
            return told.pop(), Evidence.TEXT, flags
        if told:
            break
    return Channel.UNKNOWN, None, flags


def _first(issue: str) -> Channel | None:
    return next((channel for channel, words in _BY_ISSUE if words.search(issue)), None)
