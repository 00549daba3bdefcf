"""What a case says, Swedish and English side by side, so that neither says more than the other."""

from collections.abc import Mapping

STEPS: Mapping[str, tuple[str, str]] = {
    "notice": ("påpekande", "notice"),
    "demand": ("krav på rättelse", "demand for correction"),
    "follow_up": ("uppföljning", "follow-up"),
    "board": ("styrelsen", "the board"),
    "exclusion": ("uteslutning", "exclusion"),
    "closing": ("avslutat", "closed"),
    "reply": ("medlemmens svar", "the member's reply"),
}

# A follow-up's verdict. "Fewer" and "still coming" can both be true, so the figures always stand beside it.
_VERDICTS: Mapping[str, tuple[str, str]] = {
    "verdict_too_early": (
        "Det är för tidigt att säga om anmälningarna har upphört.",
        "It is too early to tell whether the complaints have stopped.",
    ),
    "verdict_stopped": (
        "Anmälningarna har upphört: ingen gäller tiden efter kravet.",
        "The complaints have stopped: none is about the time after the demand.",
    ),
    "verdict_fallen": (
        "Anmälningarna har blivit färre, men de fortsätter.",
        "The complaints have become fewer, but they go on.",
    ),
    "verdict_continued": ("Anmälningarna har fortsatt.", "The complaints have continued."),
    "verdict_risen": ("Anmälningarna har blivit fler.", "The complaints have become more."),
    "verdict_any": ("Totalt", "In total"),
    "verdict_phone": ("Via telefon, som lägst", "By telephone, at least"),
    "told_from": ("Det går att säga från och med {day}.", "It can be told from {day}."),
    "told_never": (
        "Med så få anmälningar går takten inte att bedöma; se på om några har kommit.",
        "With so few complaints the rate cannot be judged; look at whether any have come.",
    ),
    "after_counts": (
        "{after} {complaints} gäller tiden {span}. Om inget hade förändrats väntades {expected}, efter {before} under "
        "året fram till kravet den {demand}.",
        "{after} {complaints} concern {span}. If nothing had changed {expected} would be expected, after {before} in "
        "the year up to the demand of {demand}.",
    ),
    "after_ratio": (
        "Takten är {ratio} gånger den före kravet, med 95 % säkerhet mellan {low} och {high}.",
        "The rate is {ratio} times the one before the demand, with 95% confidence between {low} and {high}.",
    ),
    "after_shrunk": (
        "Den som väljs ut för ett högt antal ligger i verkligheten oftast lägre. Med hänsyn till det väntades "
        "{expected}.",
        "Who is picked for a high count is most often lower in truth. With that in mind {expected} would be expected.",
    ),
    "after_received": (
        "Räknat efter den dag anmälan kom in är det {count}. Anmälningar kommer in efter händelsen, så de sista "
        "veckorna kan bli fler.",
        "By the day the complaint was received it is {count}. Complaints come in after the event, so the last weeks "
        "can still grow.",
    ),
    "after_nothing": (
        "Källorna har ännu inte berättat om någon dag efter kravets sista dag och {grace} därefter.",
        "The sources have not yet told of a day after the demand's deadline and {grace} of grace.",
    ),
    "after_late": (
        "{sources} är för gammal. Det som saknas kan vara anmälningar, så varken färre eller upphört sägs.",
        "{sources} is too old. What is missing may be complaints, so neither fewer nor stopped is said.",
    ),
    "after_new": (
        "{sources} lästes inte före kravet och är inte med i jämförelsen; därifrån gäller {count} tiden efter.",
        "{sources} was not read before the demand and is not compared; {count} from there concern the time after.",
    ),
    "others": (
        "För de {members} övriga medlemmar som har anmälningar men inget ärende är takten samtidigt {ratio} gånger den "
        "före ({low} till {high}): {after} mot {before}.",
        "For the other {members} members with complaints and no case the rate is {ratio} times the one before over the "
        "same days ({low} to {high}): {after} against {before}.",
    ),
    "others_none": (
        "Det finns inga andra medlemmar att jämföra med.",
        "There are no other members to compare with.",
    ),
    "placebos": (
        "Samma jämförelse vid {count} tidigare datum, då inget hade krävts, gav takter mellan {low} och {high} gånger "
        "den före. Ett datum i en serie som rör sig av sig själv ser ofta ut som en vändning.",
        "The same comparison at {count} earlier dates on which nothing had been demanded gave rates between {low} and "
        "{high} times the one before. Any date in a series that moves by itself often looks like a turn.",
    ),
    "placebos_none": (
        "Källorna når inte så långt tillbaka att samma jämförelse kan göras vid ett tidigare datum.",
        "The sources do not reach back far enough for the same comparison at an earlier date.",
    ),
}

# The mail that a follow-up is due.
_MAIL: Mapping[str, tuple[str, str]] = {
    "subject_follow_up": ("Dags att följa upp: {said}", "Time to follow up: {said}"),
    "short_too_early": ("för tidigt att säga", "too early to tell"),
    "short_stopped": ("anmälningarna har upphört", "the complaints have stopped"),
    "short_fallen": ("färre anmälningar, men de fortsätter", "fewer complaints, but they go on"),
    "short_continued": ("anmälningarna fortsätter", "the complaints continue"),
    "short_risen": ("fler anmälningar än före kravet", "more complaints than before the demand"),
    "follow_up_ask": (
        "Kravet på {name} gick ut {deadline}. Har anmälningarna fortsatt?",
        "The demand on {name} ended on {deadline}. Have the complaints continued?",
    ),
    "since_demand": ("Sedan kravet", "Since the demand"),
    "beside": ("Att jämföra med", "To compare with"),
    "cmd_case_show": ("se ärendet, stegen och medlemmens svar", "see the case, its steps and the member's reply"),
    "cmd_case_step": ("skriv in uppföljningen; siffrorna fryses", "note the follow-up; the figures are frozen"),
    "cmd_case_dossier": ("skriv underlaget till styrelsen", "write the dossier for the board"),
    "cmd_case_close": ("avsluta ärendet, med skäl", "close the case, with a reason"),
}

CASE_PHRASES: Mapping[str, tuple[str, str]] = {**_VERDICTS, **_MAIL}
