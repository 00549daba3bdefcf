"""What the project's codes are called in a mail, Swedish and English side by side."""

from collections.abc import Mapping

from models.alerting.ledger.ledger import Reason
from models.words import Channel, Outcome, Verdict

# The way a consumer was reached, to stand after a number: "37 via telefon".
REACHED: Mapping[str, tuple[str, str]] = {
    Channel.PHONE: ("via telefon", "by telephone"),
    Channel.SMS: ("via sms", "by text message"),
    Channel.EMAIL: ("via e-post", "by e-mail"),
    Channel.ADDRESSED_MAIL: ("med adresserad post", "by addressed mail"),
    Channel.UNADDRESSED_MAIL: ("med oadresserad reklam", "by unaddressed mail"),
    Channel.DOOR: ("vid dörren", "at the door"),
    Channel.WEB: ("på webben", "on the web"),
    Channel.SHOP: ("i butik", "in a shop"),
    Channel.OTHER: ("på annat sätt", "in another way"),
    Channel.UNKNOWN: ("med okänd kanal", "with no channel stated"),
}

OUTCOMES: Mapping[str, tuple[str, str]] = {
    Outcome.BREACH: ("fällande", "breach"),
    Outcome.PARTLY: ("delvis fällande", "breach in part"),
    Outcome.NO_BREACH: ("friande", "no breach"),
    Outcome.UNDECIDED: ("inte avgjort", "undecided"),
    Outcome.UNKNOWN: ("okänt utfall", "outcome unknown"),
}

VERDICTS: Mapping[str, tuple[str, str]] = {
    Verdict.OK: ("läst utan fel", "read without faults"),
    Verdict.ODD: ("läst, några rader i karantän", "read, some rows quarantined"),
    Verdict.BROKEN: ("gick inte att läsa", "could not be read"),
}

REASONS: Mapping[str, tuple[str, str]] = {
    Reason.FIRST: ("en gräns har nåtts", "a limit was reached"),
    Reason.HIGHER_LEVEL: ("en högre nivå har nåtts", "a higher level was reached"),
    Reason.GREW: ("antalet har växt sedan larmet kvitterades", "the count has grown since it was acknowledged"),
    Reason.RETURNED: ("larmet var avslutat och är tillbaka", "the alert had been closed and is back"),
    Reason.REMINDER: ("ingen har kvitterat larmet", "nobody has acknowledged the alert"),
    Reason.CORRECTED_UP: ("uppgifter har rättats", "data were corrected"),
    Reason.RETRACTED: ("uppgifter har rättats", "data were corrected"),
    Reason.EVENT: ("ett nytt beslut", "a new decision"),
    Reason.DEADLINE: ("något som ska lämnas in saknas", "something due has not come in"),
    Reason.FOUND_IN_BACKFILL: ("äldre uppgifter har kommit in", "older data came in"),
    Reason.RULE_INTRODUCED: ("en regel har införts eller ändrats", "a rule was introduced or changed"),
    Reason.RESOLVED: ("antalet har gått ned igen", "the count has gone down again"),
    Reason.FOLLOW_UP_DUE: ("det är dags att följa upp ett krav", "the follow-up of a demand is due"),
}

NEXT_STEPS: Mapping[str, tuple[str, str]] = {
    "notice": ("Ska {name} få ett påpekande?", "Should {name} get a notice?"),
    "demand": ("Ska {name} få ett krav på rättelse?", "Should {name} get a demand for correction?"),
    "follow_up": ("Är det dags att följa upp {name}?", "Is it time to follow up on {name}?"),
    "board": ("Ska {name} tas upp i styrelsen?", "Should {name} be taken to the board?"),
}

CASE_STEPS: Mapping[str, tuple[str, str]] = {
    "notice": ("påpekande", "notice"),
    "demand": ("krav på rättelse", "demand"),
    "follow_up": ("uppföljning", "follow-up"),
    "board": ("styrelsen", "board"),
    "exclusion": ("uteslutning", "exclusion"),
    "closing": ("avslut", "closing"),
    "reply": ("medlemmens svar", "the member's reply"),
}

WHY_CHANGED: Mapping[str, tuple[str, str]] = {
    "duplicate": ("dubblett av en annan anmälan", "a duplicate of another complaint"),
    "moved": ("hör till en annan medlem", "belongs to another member"),
    "withdrawn": ("finns inte längre hos källan", "no longer held by the source"),
    "changed": ("datum eller kanal har rättats", "its date or channel was corrected"),
    "moved_here": ("hörde tidigare inte till medlemmen", "was not the member's before"),
    "added": ("har tillkommit sedan dess", "has been added since"),
}

# Why a rule of a type asks at all.
WHY_RULES: Mapping[str, tuple[str, str]] = {
    "rise": (
        "Regeln {rule} ser fler anmälningar än medlemmens egen historia ger anledning att vänta.",
        "The rule {rule} sees more complaints than the member's own past gives reason to expect.",
    ),
    "rank": (
        "Regeln {rule} gäller de mest anmälda medlemmarna.",
        "The rule {rule} is about the most reported members.",
    ),
    "share": (
        "Regeln {rule} gäller medlemmar vars anmälningar till stor del gäller en enda kanal.",
        "The rule {rule} is about members whose complaints are to a large part about one channel.",
    ),
}

# What a reason means for a rule of a type, where that is not what it means for a limit.
OWN_REASONS: Mapping[str, tuple[str, str]] = {
    "rise first": ("anmälningarna har ökat mer än slumpen", "complaints have risen by more than chance"),
    "rise grew": ("ökningen har blivit mycket tydligare", "the rise has become much clearer"),
    "rank first": ("en plats bland de mest anmälda", "a place among the most reported"),
    "share first": ("en stor del av anmälningarna gäller en kanal", "much of the complaints is one channel"),
    "first first": ("en första anmälan", "a first complaint"),
    "source_late first": ("källan är äldre än den får vara", "the source is older than it may be"),
    "source_odd first": ("källan lämnade ett ovanligt antal rader", "the source told an odd number of rows"),
}
