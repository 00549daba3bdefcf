"""What a tip's own words tell for sure of how the company reached the consumer.

Nothing is guessed. Words that fit two ways of reaching somebody tell nothing; what the sender did
(``jag ringde dem``, ``jag mejlar er``) is not what the company did. A channel read here is evidence of the kind TEXT,
so that counts by channel stay lower bounds.
"""

import re

from models.words import Channel

_NOT_ME = r"(?<!\bjag )(?<!\bvi )(?<!\bI )(?<!\bwe )(?<!\bha )(?<!\batt )(?<!\bwill )(?<!\bto )"
_PATTERNS: dict[Channel, str] = {
    Channel.PHONE: (
        rf"{_NOT_ME}\b(?:ringde|ringer|ringt|ringt upp|ringde upp|telefonerade)\b(?! (?:(?:jag|vi|inte|aldrig)\b"
        rf"|på (?:dörr|porttelefon)))"
        r"|\b(?:blev|blivit|blir|är) (?:\w+ ){0,3}(?:uppringd|uppringda|kontaktade? (?:per|via|på) telefon)"
        r"|\buppringd\b|\b(?:tele(?:fon)?försälj|telemarketing|telefonsälj)\w*|\btelefonsamtal(?:et|en)?\b"
        r"|\b(?:fick|får|fått|tog emot|svarade på|besvarade)(?: \w+){0,4} samtal(?:et|en)?\b|\bsamtal(?:et)? från\b"
        r"|\b(?:per|över|via|på|i) (?:telefon(?:en)?|luren)\b|\b(?<!tack för )samtal(?:et|en)?\b|\b(?:säljsamtal"
        r"|spamsamtal|robotsamtal|tysta samtal"
        r"|missade samtal)\w*"
        r"|\b(?:was|were|been|got|being) (?:called|phoned|cold-called)\b|\b(?:be |was |were |is |are "
        r"|been )calling\b|\bcallers?\b|\befter (?:ett|det|deras"
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
_NEGATED = re.compile(
    r"\b(?:inte|aldrig|ej|not|never|no)\b(?: (?:alls|ens|längre|har|ha|hade|fått|blivit|varit|been|being|ever|any|något"
    r"|några|via|per|över|på))*\s*$",
    re.IGNORECASE,
)
_THIS_TIP = re.compile(
    r"\b(?:detta|det här|mitt|min|this|my) (?:e-?post\w*|mejl\w*|mail\w*|e-?mails?)\b", re.IGNORECASE
)
# A seller who phones or stands at the door often writes afterwards: the writing is what followed.
_FOLLOW_UPS = {Channel.SMS, Channel.EMAIL, Channel.ADDRESSED_MAIL, Channel.WEB}


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
