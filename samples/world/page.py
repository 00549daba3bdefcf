"""One page of the board's sites: it may hold several cases, and one case may stand on two pages."""

from dataclasses import dataclass

from samples.world.companies import Company

NIX, DM = "nixnamnden", "dm-namnden"
PHONE_ISSUE = "Marknadsföring per telefon till konsument med nummer i spärregistret NIX-Telefon"
BLOCK_ISSUE = "Skyldighet att föra internt spärregister och respektera konsumentens begäran"
SMS_ISSUE = "Krav på samtycke vid sms-reklam"
EMAIL_ISSUE = "Marknadsföring per e-post utan konsumentens samtycke"
LEAFLET_ISSUE = "Utdelning av oadresserad reklam till hushåll med Nej tack-skylt"
LETTER_ISSUE = "Direktadresserad reklam till konsument som finns i NIX adresserat"
SILENT_ISSUE = "S.k. tysta samtal"
ATTEMPTS_ISSUE = "Antal samtalsförsök per dag"


@dataclass(frozen=True)
class Page:
    """One page of one site. ``cases`` tells each case's outcome; ``date`` and ``dnr`` stand as the page has them."""

    site: str
    layout: str
    path: str
    title: str
    date: str
    dnr: str
    party: str
    issues: tuple[str, ...]
    decision: tuple[str, ...]
    cases: tuple[tuple[str, str], ...]
    channel: str = "phone"
    about: Company | None = None
    complainant: str = "En konsument"
    company_says: str = "Bolaget har inte hört av sig till nämnden."
    tags: str = ""
    badge: str = ""
    label: str = ""  # the decision's label, when it is not the layout's own
    markup: str = ""
    published: str = ""
    reexamination: bool = False
    named_in_body: tuple[tuple[Company, str], ...] = ()
    night: int = 1


SIGNATURES = ("Fabel Saga, ordförande", "Siri Sägen, ledamot", "Diktare Berättman, sekreterare")
