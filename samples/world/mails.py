"""The tip inbox: 22 tips, three of them in English, and 8 mails that are none. Everybody in them is invented."""

from samples.world import companies as c
from samples.world.companies import write_number
from samples.world.letters import Mail, write_multipart, write_part

RESPONDENT, CALLER, PRINCIPAL = "respondent", "caller", "principal"
TORA = "Tora Latsas <tora.latsas@brevlada.example>"
EDVIN = "Edvin Pahittig <edvin@pahittig.example>"
COLLEAGUE = "Vera Klint <vera.klint@kontakta.example>"

_FIRST = """Hej!

I går kväll ringde Telefonhuset Norrsken AB till mig fast jag står i NIX-registret sedan 2019.
Säljaren sa att mitt abonnemang måste "flyttas". Jag tackade nej tre gånger.

Hälsningar
Tora Låtsas
070-174 06 33
"""
_SECOND = """Hej,

Polarprat har ringt min far fyra gånger den här veckan och vill sälja en mobil han inte behöver.
Vad gör ni åt det?

Edvin Påhittig
"""
_HTML = f"""<html><body><p>Hej!</p><p>Bolaget med <b>org.nr {write_number(c.KLARSVAR.number)}</b> ringde mig
klockan 21.40 en l&ouml;rdag. &Auml;r det till&aring;tet?</p><p>V&auml;nligen<br>Signe Sagolik</p></body></html>
"""
_ENGLISH = """Hello,

Lyckoklöverns Lotteri AB called me twice on Sunday morning about lottery tickets I never ordered.
I had asked them not to call again.

Regards,
Finn Fable
"""

_ABOUT_THE_CENTRE = (
    Mail(
        "01-namn",
        "Samtal trots NIX",
        TORA,
        "Thu, 11 Jun 2026 08:12:00 +0200",
        write_part(_FIRST),
        about=((c.NORRSKEN, RESPONDENT),),
    ),
    Mail(
        "02-varumarke",
        "Polarprat ringer och ringer",
        EDVIN,
        "Wed, 17 Jun 2026 19:40:00 +0200",
        write_part(_SECOND, "iso-8859-1", "quoted-printable"),
        about=((c.NORRSKEN, RESPONDENT),),
    ),
    Mail(
        "03-genitiv",
        "Påstridig säljare",
        "Signe Sagolik <signe@sagolik.example>",
        "Mon, 20 Jul 2026 10:05:00 +0200",
        write_part(
            "Telefonhuset Norrskens säljare påstod att han ringde från min nuvarande operatör.\n"
            "Det gjorde han inte.\n\nSigne Sagolik\n",
            coding="base64",
        ),
        about=((c.NORRSKEN, RESPONDENT),),
        sure=False,
        night=2,
    ),
    Mail(
        "04-vidarebefordrat",
        "VB: Samtal trots NIX",
        COLLEAGUE,
        "Fri, 12 Jun 2026 09:00:00 +0200",
        write_part(
            "Den här kom till min egen brevlåda också.\n\n/Vera\n\n-----Ursprungligt meddelande-----\n"
            "Från: Tora Låtsas <tora.latsas@brevlada.example>\nSkickat: den 11 juni 2026 08:12\n"
            f"Till: Vera Klint\nÄmne: Samtal trots NIX\n\n{_FIRST}",
            "windows-1252",
            "quoted-printable",
        ),
        about=((c.NORRSKEN, RESPONDENT),),
        same_event_as="01-namn",
    ),
    Mail(
        "05-svar-i-traden",
        "Sv: Samtal trots NIX",
        TORA,
        "Mon, 15 Jun 2026 07:30:00 +0200",
        write_part(
            "Hej igen, har ni hunnit titta på det här?\n\nTora\n\nDen tors 11 juni 2026 kl 08:12 skrev Tora Låtsas"
            " <tora.latsas@brevlada.example>:\n" + "".join(f"> {line}\n" for line in _FIRST.splitlines())
        ),
        about=((c.NORRSKEN, RESPONDENT),),
        same_event_as="01-namn",
        extra=("In-Reply-To: <01-namn@brevlada.example>", "References: <01-namn@brevlada.example>"),
    ),
    Mail(
        "06-skickat-igen",
        "Polarprat ringer och ringer",
        EDVIN,
        "Wed, 17 Jun 2026 19:40:00 +0200",
        write_part(_SECOND, "iso-8859-1", "quoted-printable"),
        about=((c.NORRSKEN, RESPONDENT),),
        same_event_as="02-varumarke",
        to="info@kontakta.example",
    ),
)

_BY_IDENTIFIER = (
    Mail(
        "07-organisationsnummer",
        "Samtal på kvällen",
        "Signe Sagolik <signe@sagolik.example>",
        "Sat, 20 Jun 2026 22:15:00 +0200",
        write_part(_HTML, kind="html", coding="quoted-printable"),
        about=((c.KLARSVAR, RESPONDENT),),
    ),
    Mail(
        "08-doman",
        "Fick avtal på www.bjorkeby-el.example",
        "Ymer Myt <ymer.myt@brevlada.example>",
        "Tue, 23 Jun 2026 12:00:00 +0200",
        write_part(
            "Efter ett samtal hamnade jag på www.bjorkeby-el.example och har nu ett elavtal jag inte bett om.\n\nYmer\n"
        ),
        about=((c.BJORKEBY, RESPONDENT),),
    ),
    Mail(
        "09-nummer-och-namn",
        "031-390 06 31",
        "Saga Fabel <saga@fabel.example>",
        "Thu, 25 Jun 2026 16:45:00 +0200",
        write_part("Klarsvar ringer varje dag från 031-390 06 31 och lägger på när jag svarar.\n", "iso-8859-1"),
        about=((c.KLARSVAR, RESPONDENT),),
    ),
    Mail(
        "10-bara-nummer",
        "Okänt nummer",
        "saga@fabel.example",
        "Tue, 7 Jul 2026 18:20:00 +0200",
        write_part("Vem är det som ringer från 08-465 004 61? De vill sälja bredband.\n", "iso-8859-1"),
        about=((c.VASTANVIK, RESPONDENT),),
        sure=False,
        night=2,
    ),
)

_BY_NAME = (
    Mail(
        "11-felstavat",
        "Elbolag",
        "Ymer Myt <ymer.myt@brevlada.example>",
        "Fri, 10 Jul 2026 09:10:00 +0200",
        write_part("Nordkontakt Energj AB ringde och sa att mitt elnät byter ägare.\n"),
        about=((c.NORDKONTAKT_ENERGI, RESPONDENT),),
        sure=False,
        night=2,
    ),
    Mail(
        "12-vilket-av-dem",
        "Nordkontakt",
        "anonym@brevlada.example",
        "Mon, 13 Jul 2026 13:00:00 +0200",
        write_part("Nordkontakt ringer från dolt nummer. Vilka är de?\n"),
        sure=False,
        doubt=(c.NORDKONTAKT_SVERIGE, c.NORDKONTAKT_ENERGI),
        night=2,
    ),
    Mail(
        "13-flera-bolag",
        "Två bolag samma dag",
        "Tove Tomtebloss <tove@tomtebloss.example>",
        "Wed, 15 Jul 2026 08:00:00 +0200",
        write_part(
            "Först ringde Sankt Örjans Förlag AB om en tidning; sedan Dunbergs Sömnprodukter AB om kuddar.\n"
            "Jag har sagt nej till båda förut.\n\nTove\n",
            coding="quoted-printable",
        ),
        about=((c.SANKT_ORJAN, RESPONDENT), (c.DUNBERGS, RESPONDENT)),
        night=2,
    ),
    Mail(
        "14-pa-uppdrag-av",
        "Elförsäljning",
        "Tove Tomtebloss <tove@tomtebloss.example>",
        "Thu, 16 Jul 2026 17:30:00 +0200",
        write_part(
            "Ringkraft i Borås AB på uppdrag av Björkeby Elhandel AB ringde om rörligt elpris.\n"
            "Jag fick inget skriftligt.\n\nTove\n"
        ),
        about=((c.RINGKRAFT, CALLER), (c.BJORKEBY, PRINCIPAL)),
        night=2,
    ),
    Mail(
        "15-aterforsaljare",
        "Bredband",
        "Ymer Myt <ymer.myt@brevlada.example>",
        "Tue, 21 Jul 2026 11:11:00 +0200",
        write_part(
            "Telefonlaget Syd AB, återförsäljare för Västanvik Fiber, ringde och ville att jag byter router.\n",
            "iso-8859-1",
            "base64",
        ),
        about=((c.VASTANVIK, PRINCIPAL),),
        night=2,
    ),
    Mail(
        "16-inget-bolag",
        "Tysta samtal",
        "anonym@brevlada.example",
        "Wed, 22 Jul 2026 20:00:00 +0200",
        write_part("Någon ringer och lägger på, flera gånger om dagen. Jag vet inte vilka de är.\n"),
        night=2,
    ),
    Mail(
        "17-engelska",
        "Calls on a Sunday",
        "Finn Fable <finn@fable.example>",
        "Mon, 27 Jul 2026 07:55:00 +0100",
        write_multipart(
            "alternative",
            [
                write_part(_ENGLISH),
                write_part("<p>" + _ENGLISH.strip().replace("\n\n", "</p>\n<p>") + "</p>\n", kind="html"),
            ],
        ),
        about=((c.LYCKOKLOVERN, RESPONDENT),),
        night=2,
    ),
    Mail(
        "18-engelska-doman",
        "Unwanted magazine",
        "Finn Fable <finn@fable.example>",
        "Wed, 29 Jul 2026 15:00:00 +0100",
        write_part("A caller signed me up for a magazine at sanktorjan.example without asking.\n", "us-ascii", "7bit"),
        about=((c.SANKT_ORJAN, RESPONDENT),),
        night=2,
    ),
    Mail(
        "19-engelska-utan-prickar",
        "Broadband call",
        "Nora Novel <nora@novel.example>",
        "Thu, 6 Aug 2026 10:30:00 +0200",
        write_part(
            "I was called by Vastanvik Bredband AB although my number is on the block list.\n", "us-ascii", "7bit"
        ),
        about=((c.VASTANVIK, RESPONDENT),),
        sure=False,
        night=3,
    ),
    Mail(
        "20-har-lamnat",
        "Teledrake",
        "Saga Fabel <saga@fabel.example>",
        "Tue, 10 Feb 2026 14:00:00 +0100",
        write_part("Teledrake Sälj AB vägrar ta bort mitt nummer ur sina listor.\n"),
        about=((c.TELEDRAKE, RESPONDENT),),
    ),
    Mail(
        "21-enskild-firma",
        "Påhittssons",
        "Tove Tomtebloss <tove@tomtebloss.example>",
        "Mon, 10 Aug 2026 09:45:00 +0200",
        write_part(
            "Påhittssons Telefontjänst ringde om en marknadsundersökning som var försäljning.\n",
            "iso-8859-1",
            "quoted-printable",
        ),
        about=((c.PAHITTSSON, RESPONDENT),),
        night=3,
    ),
    Mail(
        "22-inte-medlem",
        "Elavtal",
        "Ymer Myt <ymer.myt@brevlada.example>",
        "Wed, 12 Aug 2026 12:12:00 +0200",
        write_part("Glasklart Elavtal AB ringer trots spärr. Ni borde göra något!\n"),
        night=3,
    ),
)

_BOUNCE = write_multipart(
    "report; report-type=delivery-status",
    [
        write_part("Your message could not be delivered to one recipient.\n", "us-ascii", "7bit"),
        (
            ("Content-Type: message/delivery-status",),
            b"Reporting-MTA: dns; mx.brevlada.example\r\n\r\nFinal-Recipient: rfc822; borta@brevlada.example\r\n"
            b"Action: failed\r\nStatus: 5.1.1\r\n",
        ),
    ],
)
_ABUSE_REPORT = write_multipart(
    "report; report-type=feedback-report",
    [
        write_part("This is an abuse report for a message from kontakta.example.\n", "us-ascii", "7bit"),
        (
            ("Content-Type: message/feedback-report",),
            b"Feedback-Type: abuse\r\nUser-Agent: Exempel/1.0\r\nVersion: 1\r\n",
        ),
        (("Content-Type: message/rfc822",), b"From: info@kontakta.example\r\nSubject: Nyhetsbrev\r\n\r\nHej\r\n"),
    ],
)

_NOT_TIPS = (
    Mail(
        "23-studs",
        "Undelivered Mail Returned to Sender",
        "MAILER-DAEMON@mx.brevlada.example",
        "Fri, 12 Jun 2026 03:00:00 +0200",
        _BOUNCE,
        aside="bounce",
        extra=("Return-Path: <>", "Auto-Submitted: auto-replied"),
    ),
    Mail(
        "24-autosvar",
        "Re: Er anmälan",
        "kundservice@norrsken-telefon.example",
        "Fri, 12 Jun 2026 10:00:00 +0200",
        write_part("Tack för ditt mejl till Telefonhuset Norrsken AB. Vi svarar inom två dagar.\n"),
        aside="auto-reply",
        extra=("Auto-Submitted: auto-replied",),
    ),
    Mail(
        "25-franvaro",
        "Frånvaro: semester till 10 augusti",
        "Ymer Myt <ymer.myt@brevlada.example>",
        "Mon, 6 Jul 2026 10:00:00 +0200",
        write_part("Jag är på semester och läser mejl igen den 10 augusti.\n", "iso-8859-1"),
        aside="out-of-office",
        extra=("X-Autoreply: yes", "Precedence: auto_reply", "X-Auto-Response-Suppress: All"),
        night=2,
    ),
    Mail(
        "26-nyhetsbrev",
        "Veckans erbjudanden",
        "nyheter@dunbergs.example",
        "Thu, 9 Jul 2026 06:00:00 +0200",
        write_part("<p>20 % på alla kuddar hos Dunbergs!</p>", kind="html"),
        aside="newsletter",
        extra=(
            "List-Id: Dunbergs nyhetsbrev <nyheter.dunbergs.example>",
            "Precedence: bulk",
            "List-Unsubscribe: <https://dunbergs.example/av>",
        ),
        night=2,
    ),
    Mail(
        "27-missbruksrapport",
        "Abuse report",
        "fbl@brevlada.example",
        "Tue, 14 Jul 2026 04:00:00 +0200",
        _ABUSE_REPORT,
        aside="feedback-report",
        night=2,
    ),
    Mail(
        "28-egen-varning",
        "[Kontakta] 10→25 anmälningar på 12 månader: Västanvik Bredband AB",
        "Medlemskoll <medlemskoll@kontakta.example>",
        "Wed, 5 Aug 2026 03:20:00 +0200",
        write_part("Beslut behövs: skicka en underrättelse? Regel total-12m, nivå 25.\n"),
        aside="own-alert",
        extra=("Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All"),
        night=3,
        message_id="<0f1e2d3c4b5a69788796a5b4c3d2e1f0@kontakta.example>",
    ),
    Mail(
        "29-tomt",
        "",
        "anonym@brevlada.example",
        "Fri, 7 Aug 2026 23:59:00 +0200",
        write_part(" \n"),
        aside="empty",
        night=3,
    ),
    Mail(
        "30-sandlista",
        "[branschsnack] Nordkontakt Sverige AB och NIX",
        "Nora Novel <nora@novel.example>",
        "Tue, 11 Aug 2026 08:30:00 +0200",
        write_part("Någon mer än jag som läst om Nordkontakt Sverige AB?\n"),
        aside="mailing-list",
        extra=(
            "List-Id: <branschsnack.listor.example>",
            "List-Post: <mailto:branschsnack@listor.example>",
            "Precedence: list",
        ),
        night=3,
    ),
)

MAILS = (*_ABOUT_THE_CENTRE, *_BY_IDENTIFIER, *_BY_NAME, *_NOT_TIPS)
