"""On which day a tip says that it happened: dates as people write them in mail, and days counted from the mail's own.

What tells one day for sure is a day; "last week", a month's name, or several days are a span; anything else is nothing.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from models.dates import read_date

_MAX_TEXT = 20_000  # characters; a tip says it early
_OLDEST = timedelta(days=730)
_WEEKDAYS = {
    word: number
    for number, words in enumerate(
        (
            "måndag monday mon mån",
            "tisdag tuesday tue tues tis",
            "onsdag wednesday wed ons",
            "torsdag thursday thu thur thurs tors",
            "fredag friday fri fre",
            "lördag saturday sat lör",
            "söndag sunday sun sön",
        )
    )
    for word in words.split()
}
_MONTH = (
    r"(?:jan(?:uari|uary)?|feb(?:ruari|ruary)?|mars|march|mar|apr(?:il)?|maj|may|jun[ie]?|jul[iy]?|aug(?:usti|ust)?"
    r"|sep(?:t|tember)?|o[kc]t(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WHOLE_MONTH = (
    r"(?:januari|january|februari|february|mars|march|april|maj|may|juni|june|juli|july|augusti|august|september"
    r"|oktober|october|november|december)"
)
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "en ett one a",
            "två tvenne two",
            "tre three",
            "fyra four",
            "fem five",
            "sex six",
            "sju seven",
            "åtta eight",
            "nio nine",
            "tio ten",
        ),
        1,
    )
    for word in words.split()
}
_COUNT = rf"(?:\d{{1,2}}|{'|'.join(word for word in _NUMBERS if len(word) > 1)})"
_DAY_NAME = "måndag|tisdag|onsdag|torsdag|fredag|lördag|söndag"
_DAY_NAME_EN = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_PART = r"(?:[ -]?(?:kväll(?:en)?|morse|morgon(?:en)?|natt(?:en)?|eftermiddag(?:en|s)?|förmiddag(?:en|s)?|lunch))?"
_SPELT = (
    re.compile(r"(?<![\d-])(?P<iso>20\d\d-[01]?\d-[0-3]?\d)(?![\d-])"),
    re.compile(r"(?<![\d/])(?P<slashed>20\d\d[/.][01]?\d[/.][0-3]?\d)(?![\d/])"),
    re.compile(r"(?<!\d)(?P<compact>20\d\d[01]\d[0-3]\d)(?!\d)(?!-\d{4})"),
    re.compile(
        rf"(?<![\d.,:])(?P<day>\d{{1,2}})(?::?e|:?a|st|nd|rd|th|\.)?(?: of| i)? (?P<month>{_MONTH})"
        r"(?:,? (?P<year>20\d\d))?(?!\w)",
        re.I,
    ),
    re.compile(
        rf"\b(?P<month>{_MONTH}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>20\d\d))?\b(?!:\d)"
        r"(?! ?(?:januari|februari|mars|april|maj|juni|juli|augusti|september|oktober|november|december|kr|gånger"
        r"|st\b))",
        re.I,
    ),
    re.compile(
        r"(?<![\d/.,-])(?P<day>\d{1,2})/(?P<number>\d{1,2})(?:[ /-]+(?P<year>20\d\d|\d\d(?!\d|[.:]\d)))?(?![\d/%])"
        r"(?! (?:av|of|kr|del))"
    ),
    re.compile(r"(?<![\d.,-])(?P<day>\d{1,2})[.-](?P<number>\d{1,2})[.-](?P<year>20\d\d)(?![\d.-])"),
    re.compile(rf"\bden (?P<alone>\d{{1,2}}):?(?:e|a)\b(?! (?:i )?{_MONTH})", re.I),
)
_RELATIVE = re.compile(
    r"\b(?:(?P<today>(?:nu )?i ?dag|i ?morse|i ?kväll|i ?natt|i eftermiddags?|i förmiddags|nyss|alldeles nyligen|today"
    r"|this (?:morning|afternoon|evening)|earlier today|tonight|just now)"
    r"|(?P<yesterday>i ?går|yesterday|last night)"
    r"|(?P<before>i ?förr?går|the day before yesterday)"
    rf"|(?P<week>{_DAY_NAME})(?:en|s)?{_PART} (?:i )?förra veckan|i förra veckan på (?P<week_two>{_DAY_NAME})en"
    rf"|(?:on )?(?P<week_en>{_DAY_NAME_EN}),? (?:of )?last week"
    rf"|i (?P<weekday>{_DAY_NAME})s{_PART}|(?:last|on|this past) (?P<weekday_en>{_DAY_NAME_EN})"
    rf"|för (?P<ago>{_COUNT}) dag(?:ar)? se(?:da)?n|(?P<ago_en>{_COUNT}) days? ago)\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:(?P<last_week>(?:i )?förra veckan|förra veckans|last week|veckan som (?:var|gick))"
    r"|(?P<this_week>(?:den )?(?:här|denna) veckan?|i veckan|this week)"
    r"|(?P<last_month>(?:i )?förra månaden|last month)"
    r"|(?P<this_month>den här månaden|denna månad|this month)"
    rf"|för (?P<weeks>{_COUNT}|en|ett) veck(?:a|or) se(?:da)?n|(?P<weeks_en>{_COUNT}|a) weeks? ago"
    rf"|(?:i|in|during|under) (?P<month>{_WHOLE_MONTH})(?: (?P<year>20\d\d))?)\b",
    re.IGNORECASE,
)
_OTHER_DATE = re.compile(
    r"(?:senast|före|förfall\w*|förfallodag\w*|född|fakturadatum\w*|fakturan? (?:är )?daterad|betala\w*|giltig\w*"
    r"|t\.?o\.?m\.?|till och med|tills|from|fr\.?o\.?m\.?|due|before|until|born|pay by|gäller från|startdatum\w*"
    r"|startar"
    r"|starts?|börjar|upphör|avtalsstart|löper|dras|ända till|sedan|since|bindningstid\w*)(?: \w+){0,2}[ :]*(?:den )?$",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"\b(?:ring\w*|uppring\w*|samtal\w*|kontakta\w*|sms\w*|mejl\w*|mail\w*|knacka\w*|brev\w*|sål\w*|sälj\w*|call\w*"
    r"|phone\w*|rang|texted|knocked|contacted|sold|letter|email\w*|stod\b.{0,30}\bdörr\w*|besök\w*|telefon\w*"
    r"|kom\b.{0,20}\bhem)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[!?])\s+|(?<=[^\d\W][.])\s+(?=[A-ZÅÄÖ])|(?<=\d[.])\s+(?=[A-ZÅÄÖ][a-zåäö])|\n\s*\n")
_DATE_LINE = re.compile(r"^(?:skickat|datum|date|sent|sendt|dato): ([^\n]{4,80})$", re.IGNORECASE | re.MULTILINE)


def find_event_date(text: str, written_on: date) -> date | None:
    """Return the day of the event, or None when the text names none or several.

    Days relative to ``written_on`` are counted back; a day without a year is the latest one not after it.
    Sentences about being contacted go before others.
    """
    days = _find_told_days(text, written_on)
    return days.pop() if len(days) == 1 else None


def find_event_span(text: str, written_on: date) -> tuple[date, date] | None:
    """Return (first, last day) between which it happened, where the text tells a week, a month or several days."""
    days = _find_told_days(text, written_on)
    if len(days) > 1:
        return min(days), max(days)
    if days:
        return None
    spans = {
        span
        for sentence in _SENTENCE.split(text[:_MAX_TEXT])
        if _CONTACT.search(sentence)
        for span in _find_spans(sentence, written_on)
    }
    return spans.pop() if len(spans) == 1 else None


def find_written_on(forwarded: str, today: date) -> date | None:
    """Return the day in the date line at the head of a forwarded mail, or None without one that is sure."""
    line = _DATE_LINE.search(forwarded.partition("\n\n")[0])
    days = {day for hit in _find_spelt(line.group(1)) if (day := _read_spelt(hit, today))} if line else set()
    return days.pop() if len(days) == 1 else None


def _find_told_days(text: str, written_on: date) -> set[date]:
    told: set[date] = set()
    other: set[date] = set()
    for sentence in _SENTENCE.split(text[:_MAX_TEXT]):
        days = set(_find_days(" ".join(sentence.split()), written_on))
        (told if _CONTACT.search(sentence) else other).update(days)
    return told or other


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
    said = {name: value.lower() for name, value in hit.groupdict().items() if value}
    if name := said.get("week") or said.get("week_two") or said.get("week_en"):
        return _monday(written_on) - timedelta(days=7 - _WEEKDAYS[name])
    if name := said.get("weekday") or said.get("weekday_en"):
        return written_on - timedelta(days=(written_on.weekday() - _WEEKDAYS[name] - 1) % 7 + 1)
    if ago := said.get("ago") or said.get("ago_en"):
        return written_on - timedelta(days=_count(ago))
    return written_on - timedelta(days=2 if "before" in said else 1 if "yesterday" in said else 0)


def _count(said: str) -> int:
    return int(said) if said.isdigit() else _NUMBERS[said]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _read_spelt(hit: re.Match[str], written_on: date) -> date | None:
    said = hit.groupdict()
    whole = said.get("iso") or said.get("slashed") or said.get("compact")
    if whole:
        return read_date(whole)
    if said.get("alone"):
        return _find_latest(int(said["alone"]), written_on)
    if said.get("number"):
        build = "{year}-" + f"{int(said['number']):02}-{int(said['day']):02}"
    else:
        build = f"{int(said['day'])} {said['month'].rstrip('.')} " + "{year}"
    if said["year"]:
        return read_date(build.format(year=said["year"] if len(said["year"]) == 4 else f"20{said['year']}"))
    years = (written_on.year, written_on.year - 1)
    days = (read_date(build.format(year=year)) for year in years)
    return next((day for day in days if day and day <= written_on), None)


def _find_latest(number: int, written_on: date) -> date | None:
    """Return the latest day with this number in its month, not after the mail's, within two months."""
    for back in range(62):
        day = written_on - timedelta(days=back)
        if day.day == number:
            return day
    return None


def _find_spans(sentence: str, written_on: date) -> Iterator[tuple[date, date]]:
    for hit in _VAGUE.finditer(sentence):
        if _OTHER_DATE.search(sentence[max(0, hit.start() - 40) : hit.start()]):
            continue
        first, last = _read_span(hit, written_on)
        if first <= written_on:
            yield first, min(last, written_on)


def _read_span(hit: re.Match[str], written_on: date) -> tuple[date, date]:
    said = {name: value.lower() for name, value in hit.groupdict().items() if value}
    monday = _monday(written_on)
    if "last_week" in said:
        return monday - timedelta(days=7), monday - timedelta(days=1)
    if "this_week" in said:
        return monday, written_on
    if weeks := said.get("weeks") or said.get("weeks_en"):
        start = monday - timedelta(weeks=_count(weeks))
        return start, start + timedelta(days=6)
    if "month" in said:
        return _read_month(said["month"], said.get("year"), written_on)
    first = written_on.replace(day=1)
    return (
        (first, written_on)
        if "this_month" in said
        else ((first - timedelta(days=1)).replace(day=1), first - timedelta(days=1))
    )


def _read_month(name: str, year: str | None, written_on: date) -> tuple[date, date]:
    first = read_date(f"1 {name} {year or written_on.year}") or written_on
    if first > written_on and not year:
        first = first.replace(year=first.year - 1)
    return first, first.replace(day=monthrange(first.year, first.month)[1])
