"""What a tip's own words tell for sure: how the company reached the consumer, and on which day.

Nothing is guessed. Words that fit two ways of reaching somebody, or two days, tell nothing; what the sender did
(``jag ringde dem``, ``jag mejlar er``) is not what the company did. A channel read here is evidence of the kind TEXT,
so that counts by channel stay lower bounds.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from models.dates import read_date
from models.words import Channel

_NOT_ME = r"(?<!\bjag )(?<!\bvi )(?<!\bI )(?<!\bwe )(?<!\bha )(?<!\batt )(?<!\bwill )(?<!\bto )"
_PATTERNS: dict[Channel, str] = {
    Channel.PHONE: (
        rf"{_NOT_ME}\b(?:ringde|ringer|ringt|ringt upp|ringde upp|telefonerade)\b(?! (?:jag|vi|inte|aldrig|på (?:dörr"
        rf"|porttelefon)))"
        r"|\b(?:blev|blivit|blir|är) (?:\w+ ){0,3}(?:uppringd|uppringda|kontaktade? (?:per|via|på) telefon)"
        r"|\buppringd\b|\b(?:tele(?:fon)?försälj|telemarketing|telefonsälj)\w*|\btelefonsamtal(?:et|en)?\b"
        r"|\b(?:fick|får|fått|tog emot|svarade på|besvarade)(?: \w+){0,4} samtal(?:et|en)?\b|\bsamtal(?:et)? från\b"
        r"|\b(?:per|över|via|på) telefon(?:en)?\b|\b(?:säljsamtal|spamsamtal|robotsamtal|tysta samtal"
        r"|missade samtal)\w*"
        r"|\b(?:was|were|been|got|being) (?:called|phoned|cold-called)\b|\bcallers?\b|\befter (?:ett|det|deras"
        r"|hennes|hans) samtal\w*"
        rf"|{_NOT_ME}\b(?:called|calls|phoned|rang|rings|keeps? calling|kept calling)\b"
        r" (?:me|us|my|her|him|and|again|from|up|at|on|several|twice|every|constantly|repeatedly|yesterday|today)\b"
        r"|\b(?:received|got|had|get|getting)(?: \w+){0,4} (?:phone |sales |cold |unsolicited )?calls?\b"
        r"|\b(?:phone calls?|cold[- ]call\w*|telesales|telemarketer\w*|by (?:tele)?phone|over the phone"
        r"|robocall\w*)\b"
    ),
    Channel.SMS: (
        r"\b(?:sms|sms:et|sms:a\w*|mms|textmeddelanden?(?:t)?|text messages?|reklam-?sms|sms-?reklam)\b"
        r"|\b(?:texted|texting|texts) (?:me|us)\b"
    ),
    Channel.EMAIL: (
        r"\b(?:fick|får|fått|mottog|mottagit|skickade|skickar|skickat|kom|kommer)(?: \w+){0,4} (?:e-?post\w*|mejl"
        r"|mejlet|mail|mailet|e-?mail)\b"
        r"(?! till (?:dem|dom|företaget|er|bolaget))"
        r"|\b(?:e-?post|mejl|mail|e-?mail)-?reklam\w*|\b(?:reklam|spam|skräp)-?(?:mejl|mail|e-?post)\w*|\b(?:via|per"
        r"|på|genom) (?:e-?post|mejl|mail|e-?mail)\b"
        r"|\b(?:nyhetsbrev\w*|newsletters?|spam e-?mails?)\b|\b(?:received|got|sent me|sends me"
        r"|getting)(?: \w+){0,4} e-?mails?\b"
    ),
    Channel.DOOR: (
        r"\b(?:dörrförsälj|dörrsälj|dörrknack|hemförsälj)\w*|\bknacka(?:de|t|r)?\b(?: \w+){0,3} (?:på|dörr\w*)\b"
        r"|\b(?:ringde|ringer|ringt|plingade)(?: \w+){0,2} (?:på (?:min |vår |hennes |hans )?(?:dörr|dörren"
        r"|dörrklocka|dörrklockan|porttelefonen))\b"
        r"|\b(?:vid|i|utanför) (?:min |vår |hennes |hans |mammas )?(?:dörr|dörren|ytterdörren)\b"
        r"|\bdoor[- ]to[- ]door\b|\b(?:knocked on|came to|at) (?:my|our|the|her|his) (?:front )?door\b"
    ),
    Channel.UNADDRESSED_MAIL: (
        r"\boadresserad\w*|\b(?:reklamblad|flygblad|flyer|flyers|lapp|lappar|reklam)(?: \w+){0,3} i (?:brevlådan"
        r"|brevinkastet|postlådan)\b"
        r"|\b(?:unaddressed mail|junk mail|leaflets?)\b"
    ),
    Channel.ADDRESSED_MAIL: (
        r"\b(?:fick|får|fått|kom|kommer|skickade|skickat|mottog)(?: \w+){0,4} (?:brev|brevet|vykort"
        r"|direktreklam)\b(?! i inkorgen)"
        r"|\badresserad (?:direkt)?reklam\b|\b(?:brev|reklam) (?:med|på|i) posten\b|\b(?:letter|postcard) (?:in|by"
        r"|through) the (?:mail|post)\b"
    ),
    Channel.WEB: (
        r"\b(?:på|via|genom|från) (?:deras |sin |er |en |företagets |bolagets )?(?:hemsida|hemsidan|webbplats"
        r"|webbplatsen|webbsida|webbsidan|nätet|internet|facebook|instagram|tiktok|snapchat)\b"
        r"|\b(?:köpte|beställde|handlade|anmälde mig)(?: \w+){0,3} online\b|\bannons(?:en)? på\b"
        r"|\b(?:on|via|through) (?:their|the|its) (?:web ?site|web ?page|web ?shop)\b|\b(?:facebook|instagram"
        r"|online) ads?\b"
    ),
    Channel.SHOP: (
        r"\b(?:i|på) (?:deras |en |sin )?(?:butik|butiken|affären|affär|köpcentrum\w*|gallerian|varuhuset|mässan"
        r"|stan|torget)\b"
        r"|\b(?:in|at) (?:their|the|a) (?:shop|store|mall|shopping cent(?:re|er))\b"
    ),
}
_CHANNELS = {channel: re.compile(pattern, re.IGNORECASE) for channel, pattern in _PATTERNS.items()}
_NEGATED = re.compile(r"\b(?:inte|aldrig|ej|not|never|no)\b(?: \w+){0,2}\s*$", re.IGNORECASE)
_THIS_TIP = re.compile(
    r"\b(?:detta|det här|mitt|min|this|my) (?:e-?post\w*|mejl\w*|mail\w*|e-?mails?)\b", re.IGNORECASE
)
# A seller who phones or stands at the door often writes afterwards: the writing is what followed.
_FOLLOW_UPS = {Channel.SMS, Channel.EMAIL, Channel.ADDRESSED_MAIL, Channel.WEB}

_DAYS = {
    name: number
    for number, names in enumerate(
        (
            ("måndags", "monday"),
            ("tisdags", "tuesday"),
            ("onsdags", "wednesday"),
            ("torsdags", "thursday"),
            ("fredags", "friday"),
            ("lördags", "saturday"),
            ("söndags", "sunday"),
        )
    )
    for name in names
}
_MONTH = (
    r"(?:jan(?:uari|uary)?|feb(?:ruari|ruary)?|mars|march|mar|apr(?:il)?|maj|may|jun[ie]?|jul[iy]?|aug(?:usti|ust)?"
    r"|sep(?:t|tember)?"
    r"|o[kc]t(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_NUMBERS = {
    word: number
    for number, words in enumerate(
        ("en one", "två two", "tre three", "fyra four", "fem five", "sex six", "sju seven", "åtta eight", "nio nine"), 1
    )
    for word in words.split()
}
_SPELT = (
    re.compile(r"(?<![\d-])(?P<iso>20\d\d-[01]\d-[0-3]\d)(?![\d-])"),
    re.compile(
        rf"\b(?P<day>\d{{1,2}})(?::e|:a|st|nd|rd|th|\.)?(?: of)? (?P<month>{_MONTH})(?:,? (?P<year>20\d\d))?\b", re.I
    ),
    re.compile(
        rf"\b(?P<month>{_MONTH}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>20\d\d))?\b(?! ?(?:januari|maj|kr))",
        re.I,
    ),
    re.compile(
        r"(?<![\d/.,-])(?P<day>\d{1,2})/(?P<number>\d{1,2})(?:[ /-]+(?P<year>(?:20)?\d\d))?(?![\d/%])(?! (?:av|of|kr"
        r"|del))"
    ),
)
_RELATIVE = re.compile(
    r"\b(?:(?P<today>i ?dag|i ?morse|i ?kväll|i eftermiddags?|i förmiddags|nyss|today|this (?:morning|afternoon"
    r"|evening))"
    r"|(?P<yesterday>i ?går|yesterday|last night)|(?P<before>i ?förr?går|the day before yesterday)"
    r"|(?:i|förra|last) (?P<weekday>måndags|tisdags|onsdags|torsdags|fredags|lördags|söndags"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
    r"|för (?P<ago>\d{1,2}|två|tre|fyra|fem|sex|sju|åtta|nio) dag(?:ar)? se(?:da)?n"
    r"|(?P<ago_en>\d{1,2}|two|three|four|five|six|seven|eight|nine) days ago)\b",
    re.IGNORECASE,
)
_OTHER_DATE = re.compile(
    r"(?:senast|före|förfall\w*|förfallodag\w*|född|fakturadatum\w*|fakturan? (?:är )?daterad|betala\w*|giltig\w*"
    r"|t\.?o\.?m\.?|till och med"
    r"|from|fr\.?o\.?m\.?|due|before|until|born|pay by|gäller från|startdatum\w*)(?: \w+){0,2}[ :]*(?:den )?$",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"\b(?:ring\w*|uppringd\w*|samtal\w*|kontakta\w*|sms\w*|mejl\w*|mail\w*|knacka\w*|brev\w*|sål\w*|sälj\w*|call\w*"
    r"|phone\w*|rang|texted|knocked"
    r"|contacted|sold|letter|email\w*)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[!?])\s+|(?<=[^\d\W][.])\s+(?=[A-ZÅÄÖ])|\n\s*\n")
_DATE_LINE = re.compile(r"^(?:skickat|datum|date|sent|sendt|dato): ([^\n]{4,80})$", re.IGNORECASE | re.MULTILINE)
_OLDEST = timedelta(days=730)


_MAX_TEXT = 20_000  # characters; a tip says it early


def find_channel(text: str) -> Channel:
    """Return the one way in which the company reached the consumer, or UNKNOWN when the words do not tell one."""
    text = _THIS_TIP.sub(" ", " ".join(text[:_MAX_TEXT].split()))
    found = {channel for channel, pattern in _CHANNELS.items() if _is_told(pattern, text)}
    if Channel.DOOR in found and Channel.PHONE in found:
        bell = re.sub(_CHANNELS[Channel.DOOR].pattern, " ", text, flags=re.IGNORECASE)
        found = found if _is_told(_CHANNELS[Channel.PHONE], bell) else found - {Channel.PHONE}
    if found & {Channel.PHONE, Channel.DOOR}:
        found -= _FOLLOW_UPS
    if Channel.UNADDRESSED_MAIL in found:
        found -= {Channel.ADDRESSED_MAIL}
    return found.pop() if len(found) == 1 else Channel.UNKNOWN


def _is_told(pattern: re.Pattern[str], text: str) -> bool:
    return any(not _NEGATED.search(text[max(0, hit.start() - 30) : hit.start()]) for hit in pattern.finditer(text))


def find_event_date(text: str, written_on: date) -> date | None:
    """Return the day of the event, or None when the text names none or several.

    Days relative to ``written_on`` are counted back; a day without a year is the latest one not after it.
    Sentences about being contacted go before others.
    """
    told: set[date] = set()
    other: set[date] = set()
    for sentence in _SENTENCE.split(text[:_MAX_TEXT]):
        days = set(_find_days(sentence, written_on))
        (told if _CONTACT.search(sentence) else other).update(days)
    days = told or other
    return days.pop() if len(days) == 1 else None


def find_written_on(forwarded: str, today: date) -> date | None:
    """Return the day in the date line at the head of a forwarded mail, or None without one that is sure."""
    line = _DATE_LINE.search(forwarded.partition("\n\n")[0])
    days = {day for hit in _find_spelt(line.group(1)) if (day := _read_spelt(hit, today))} if line else set()
    return days.pop() if len(days) == 1 else None


def _find_spelt(sentence: str) -> Iterator[re.Match[str]]:
    for pattern in _SPELT:
        yield from pattern.finditer(sentence)


def _find_days(sentence: str, written_on: date) -> list[date]:
    days: list[date] = []
    for pattern in (*_SPELT, _RELATIVE):
        for hit in pattern.finditer(sentence):
            if _OTHER_DATE.search(sentence[max(0, hit.start() - 40) : hit.start()]):
                continue
            day = _read_relative(hit, written_on) if pattern is _RELATIVE else _read_spelt(hit, written_on)
            if day and written_on - _OLDEST <= day <= written_on:
                days.append(day)
    return days


def _read_relative(hit: re.Match[str], written_on: date) -> date:
    said = hit.groupdict()
    if said["weekday"]:
        return written_on - timedelta(days=(written_on.weekday() - _DAYS[said["weekday"].lower()] - 1) % 7 + 1)
    ago = said["ago"] or said["ago_en"]
    if ago:
        return written_on - timedelta(days=int(ago) if ago.isdigit() else _NUMBERS[ago.lower()])
    return written_on - timedelta(days=2 if said["before"] else 1 if said["yesterday"] else 0)


def _read_spelt(hit: re.Match[str], written_on: date) -> date | None:
    said = hit.groupdict()
    if said.get("iso"):
        return read_date(said["iso"])
    if said.get("number"):
        month = said["number"]
        build = "{year}-" + f"{int(month):02}-{int(said['day']):02}"
    else:
        build = f"{int(said['day'])} {said['month'].rstrip('.')} " + "{year}"
    if said["year"]:
        return read_date(build.format(year=said["year"] if len(said["year"]) == 4 else f"20{said['year']}"))
    years = (written_on.year, written_on.year - 1)
    days = (read_date(build.format(year=year)) for year in years)
    return next((day for day in days if day and day <= written_on), None)
