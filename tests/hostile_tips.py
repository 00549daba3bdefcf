"""Tips that carry people in every corner of a mail: display names, subjects, file names, headers, odd spellings."""

from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from email.utils import formataddr
from pathlib import Path

from tests.declaration_world import fill

MEMBER = "Telefonhuset Norrsken AB"
# What must be found nowhere: whole names, surnames that nobody else has, addresses, numbers in any writing.
NAMES = (
    "Torvald Hittepåsson", "Hittepåsson", "Gunborg Fantasidotter", "Fantasidotter", "Ebba-Stina Luftslott", "Luftslott",
    "Åke von Sagenstråle", "Sagenstråle", "Birgitta Drömqvist", "Drömqvist",
)  # fmt: skip
ADDRESSES = (
    "torvald.h@brev.example", "gunborg@fantasi.example", "ebba.luft@gmail.com", "ake@saga.example",
    "drom+klagomal@brev.example",
)  # fmt: skip
PHONES = ("0701740645", "0812345699", "0317654398", "0701740652", "0200123987")
PERSONAL = ("196408233234", "6408233234", "193804052383", "3804052383", "198807152384", "8807152384")


def _mail(name: str, address: str, subject: str, body: str, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = formataddr((name, address))
    mail["To"] = "tips@kontakta.example"
    mail["Date"] = "Wed, 01 Jul 2026 10:05:00 +0200"
    mail["Subject"] = subject
    for header, value in headers.items():
        del mail[header.replace("_", "-")]
        mail[header.replace("_", "-")] = value
    mail.set_content(body)
    return mail


def _attach(mail: EmailMessage, name: str, content: bytes) -> EmailMessage:
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail


def _odd() -> Iterator[EmailMessage]:
    """Mails that end in quarantine or set aside."""
    undated = _mail("Torvald Hittepåsson", "torvald.h@brev.example", "Utan datum 070-174 06 45", f"{MEMBER} ringde.")
    del undated["Date"]
    yield undated
    yield _mail(
        "Gunborg Fantasidotter", "gunborg@fantasi.example", "Autosvar: Gunborg Fantasidotter är på semester",
        "Ring min kollega Birgitta Drömqvist på 031-765 43 98.", Auto_Submitted="auto-replied",
    )  # fmt: skip
    yield _mail("Åke von Sagenstråle", "ake@saga.example", "Åke von Sagenstråle", "")
    huge = _mail("Gunborg Fantasidotter", "gunborg@fantasi.example", "Stor", f"{MEMBER} ringde.")
    huge["X-Note"] = "Gunborg Fantasidotter " * 900
    yield huge
    sheet = fill("5590000013", 2025, responsible_name="Ebba-Stina Luftslott", responsible_contact="ebba.luft@gmail.com")
    attached = _mail("Ebba-Stina Luftslott", "ebba.luft@gmail.com", "Vår deklaration", "Här kommer den.")
    yield _attach(attached, "Deklaration Ebba-Stina Luftslott 380405-2383.xlsx", sheet)


def list_mails() -> Sequence[EmailMessage]:
    """Return them all."""
    return (
        _mail(
            "Torvald Hittepåsson", "torvald.h@brev.example",
            "Torvald Hittepåsson, 19640823-3234, vill klaga. Nås på 070-174 06 45",
            f"{MEMBER} ringde mig fast jag sagt nej.\n\nHälsningar\nTorvald Hittepåsson\n640823-3234\n0701740645\n",
            Message_ID="<torvald.h@brev.example>", Reply_To="Torvald Hittepåsson <torvald.h@brev.example>",
            X_Originating_Name="Torvald Hittepåsson",
        ),
        _mail(
            "Fantasidotter, Gunborg", "gunborg@fantasi.example", "Sv: Samtal",
            f"{MEMBER} ringde min granne Ebba-Stina Luftslott (född 1938-04-05, 19380405-2383) på 08-123 456 99.\n"
            "Fråga henne själv: ebba.luft@gmail.com eller +46 8 123 456 99.\n\nMvh\nGunborg Fantasidotter\n",
            Cc="Ebba-Stina Luftslott <ebba.luft@gmail.com>",
        ),
        _attach(
            _mail(
                "GUNBORG FANTASIDOTTER", "gunborg@fantasi.example", "Inspelning",
                f"Jag heter Gunborg Fantasidotter. {MEMBER} ringde, se bilagan.\n",
            ),
            "Samtal med Gunborg Fantasidotter 070-174 06 52.mp3", b"ID3 Gunborg",
        ),
        _mail(
            "Åke von Sagenstråle", "ake@saga.example", "Fwd: Erbjudande",
            f"Hej, se nedan. Jag heter Åke von Sagenstråle och nås på (0200) 12 39 87.\n\n"
            "-----Ursprungligt meddelande-----\nFrån: Birgitta Drömqvist <drom+klagomal@brev.example>\n"
            f"Skickat: den 30 juni 2026\n\n{MEMBER} sålde ett abonnemang till mig, 880715-2384.\n",
        ),
        _mail(
            "Birgitta Drömqvist", "drom+klagomal@brev.example", "Birgitta Drömqvist: säljare på 031-765 43 98",
            "Norrsken Telefoni ringde från 031-7654398 och 0046 31 765 43 98.\n/Birgitta Drömqvist, 19880715-2384\n",
        ),
        *_odd(),
    )  # fmt: skip


def deliver(inbox: Path) -> None:
    """Lay them into a mailbox, one under a file name as mail programs give it."""
    for number, mail in enumerate(list_mails()):
        name = "Klagomål från Torvald Hittepåsson 070-174 06 45" if number == 0 else f"fientlig-{number}"
        (inbox / f"{name}.eml").write_bytes(bytes(mail))
