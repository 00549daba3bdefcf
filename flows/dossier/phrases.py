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

# The dossier.
_PAPER: Mapping[str, tuple[str, str]] = {
    "paper_title": ("Underlag om {name}", "Dossier on {name}"),
    "paper_subtitle": (
        "{org}. Ärende {number}, öppnat {opened}. Skrivet {day} för styrelsen i {association}.",
        "{org}. Case {number}, opened {opened}. Written {day} for the board of {association}.",
    ),
    "page": ("Sida", "Page"),
    "table": ("Tabell som kan flyttas i sidled: {caption}", "Table that can be moved sideways: {caption}"),
    "part_ask": ("Vad frågan gäller", "What is asked"),
    "part_figures": ("Siffrorna", "The figures"),
    "part_timeline": ("Hur det har gått", "How it has gone"),
    "part_follow_up": ("Har anmälningarna fortsatt?", "Have the complaints continued?"),
    "part_reply": ("Medlemmens svar", "The member's reply"),
    "part_declared": ("Medlemmens egen deklaration", "The member's own declaration"),
    "part_sources": ("Källorna", "The sources"),
    "part_frozen": ("Vad som frystes och vad som är känt i dag", "What was frozen and what is known today"),
    "part_cases": ("Anmälningarna", "The complaints"),
    "part_evidence": ("Bevisens kontrollsummor", "Hashes of the evidence"),
    "ask_notice": (
        "{name} har fått ett påpekande. Styrelsen behöver inte besluta något nu; nästa steg är ett krav på rättelse.",
        "{name} has got a notice. The board need not decide anything now; the next step is a demand for correction.",
    ),
    "ask_demand": (
        "{name} har fått ett krav på rättelse till {deadline}. Det följs upp {follow_up}; till dess behöver styrelsen "
        "inte besluta något.",
        "{name} has got a demand for correction by {deadline}. It is followed up on {follow_up}; until then the board "
        "need not decide anything.",
    ),
    "ask_follow_up": (
        "Ska {name} tas upp i styrelsen för beslut om uteslutning, få ett nytt krav, eller ska ärendet avslutas?",
        "Should {name} be taken to the board for a decision on exclusion, get a new demand, or should the case be "
        "closed?",
    ),
    "ask_board": (
        "Ska {name} uteslutas ur {association}, få ett nytt krav, eller ska ärendet avslutas?",
        "Should {name} be excluded from {association}, get a new demand, or should the case be closed?",
    ),
    "ask_exclusion": (
        "{name} uteslöts ur {association} den {day}. Underlaget visar vad beslutet vilade på.",
        "{name} was excluded from {association} on {day}. The dossier shows what the decision rested on.",
    ),
    "ask_closing": (
        "Ärendet om {name} avslutades den {day}. Underlaget visar vad beslutet vilade på.",
        "The case on {name} was closed on {day}. The dossier shows what the decision rested on.",
    ),
    "figures_of": (
        "Så här såg det ut vid {step} den {day}: anmälningar {span}, enligt vad som var känt {known}.",
        "This is how it stood at {step} on {day}: complaints {span}, as known at {known}.",
    ),
    "afterwards": (
        "Steget togs {day} men skrevs in först {at}; siffrorna är vad som var känt då det skrevs in.",
        "The step was taken on {day} but written down only at {at}; the figures are as known when it was written down.",
    ),
    "all_sources": ("Alla källor tillsammans", "All sources together"),
    "all_sources_range": (
        "{low} till {high}: {perhaps} kan gälla en händelse som redan är räknad",
        "{low} to {high}: {perhaps} may tell of an event that is counted already",
    ),
    "channels_label": ("Kanaler", "Channels"),
    "at_least": (
        "Kanalen står inte i alla anmälningar, så tal per kanal är minsta tal: {unknown} har okänd kanal.",
        "Not every complaint tells its channel, so figures by channel are lower bounds: {unknown} tell none.",
    ),
    "no_rank": (
        "Ingen plats anges: källan är inte komplett för hela perioden.",
        "No rank is given: the source is not complete for the whole period.",
    ),
    "rank_none": ("inga anmälningar", "no complaints"),
    "contested_count": (
        "Medlemmen bestrider att {count} av anmälningarna gäller den; de är med i siffrorna och märkta i listan.",
        "The member contests that {count} of the complaints are about it; they are in the figures and marked in the "
        "list.",
    ),
    "waiting_count": (
        "Dessutom väntar {count} på granskning och är inte med i siffrorna.",
        "Besides, {count} wait for review and are not in the figures.",
    ),
    "timeline_alt": (
        "Staplar per vecka {span}: {total} anmälningar, varav minst {phone} via telefon (mörkare). Streckat är dagar "
        "som källan {source} inte har berättat om. Lodräta streck är ärendets steg, numrerade som i tabellen.",
        "Bars by week {span}: {total} complaints, of which at least {phone} by telephone (darker). Hatched are days "
        "that the source {source} has not told of. Upright lines are the steps of the case, numbered as in the table.",
    ),
    "timeline_legend": (
        "Ljus stapel: anmälningar den veckan. Mörk del: minst så många via telefon. Streckat: dagar som källan "
        "{source} inte har berättat om, vilket inte är noll. Numren är stegen nedan.",
        "Light bar: complaints that week. Dark part: at least so many by telephone. Hatched: days the source {source} "
        "has not told of, which is not zero. The numbers are the steps below.",
    ),
    "gaps": ("Dagar utan uppgift: {gaps}.", "Days not told of: {gaps}."),
    "gap_before": ("fram till {day}", "until {day}"),
    "gap_after": ("från och med {day}", "from {day} on"),
    "gaps_none": ("Källan har berättat om alla dagar.", "The source has told of every day."),
    "steps_caption": ("Ärendets steg", "Steps of the case"),
    "months_caption": ("Anmälningar per månad", "Complaints by month"),
    "month": ("Månad", "Month"),
    "number_head": ("Nr", "No."),
    "step_head": ("Steg", "Step"),
    "day_head": ("Dag", "Day"),
    "by_head": ("Av", "By"),
    "why_head": ("Skäl", "Reason"),
    "deadline_until": ("svar senast {day}", "answer due {day}"),
    "total_head": ("Totalt", "Total"),
    "phone_head": ("Minst via telefon", "At least by telephone"),
    "follow_up_frozen": ("Uppföljningen gjordes {day}.", "The follow-up was made on {day}."),
    "follow_up_now": (
        "Ingen uppföljning är gjord än. Så här ser det ut i dag.",
        "No follow-up has been made yet. This is how it stands today.",
    ),
    "follow_up_none": (
        "Inget krav har ställts, så det finns inget att följa upp.",
        "No demand has been made, so there is nothing to follow up.",
    ),
    "reply_of": ("Svar den {day}", "Reply of {day}"),
    "reply_none": (
        "Medlemmen har inte svarat, eller så är svaret inte inskrivet.",
        "The member has not replied, or the reply has not been noted.",
    ),
    "reply_erased": ("Ordalydelsen har raderats.", "Its words have been erased."),
    "reply_contested": ("Bestrider: {which}.", "Contests: {which}."),
    "reply_attached": ("Brevet finns i arkivet, sha256 {hash}.", "The letter is in the archive, sha256 {hash}."),
    "declared_none": ("Ingen deklaration har kommit in.", "No declaration has been received."),
    "declared_text": (
        "För verksamhetsåret {span} lämnade medlemmen in en deklaration den {day}.",
        "For the business year {span} the member handed in a declaration on {day}.",
    ),
    "declared_caption": ("Deklarerat och räknat", "Declared and counted"),
    "declared_head": ("Deklarerat", "Declared"),
    "observed_head": ("Räknat, minst", "Counted, at least"),
    "difference_head": ("Skillnad", "Difference"),
    "declared_calls": ("Medlemmen uppgav {calls} samtal.", "The member stated {calls} calls."),
    "declared_rate": (
        "Det är {rate} räknade anmälningar på 100 000 samtal (95 % säkert mellan {low} och {high}).",
        "That is {rate} counted complaints in 100,000 calls (95% sure between {low} and {high}).",
    ),
    "declared_incomplete": (
        "Källorna har inte berättat om hela året än, så det räknade kan bara bli fler.",
        "The sources have not told of the whole year yet, so what is counted can only grow.",
    ),
    "declared_before": (
        "Källan med flest av anmälningarna berättar om tiden från {day}. Tiden innan är okänd, vilket inte är noll.",
        "The source with most of the complaints tells of the time from {day}. The time before is unknown, which is not "
        "zero.",
    ),
    "declared_changed": ("Ändrat sedan året innan: {which}.", "Changed since the year before: {which}."),
    "declared_not_same": (
        "Medlemmen räknar vad konsumenter har sagt till den själv, källorna vad de har sagt till andra. En skillnad är "
        "något att fråga om, inte en anklagelse.",
        "The member counts what consumers have told it, the sources what they have told others. A difference is "
        "something to ask about, not an accusation.",
    ),
    "sources_caption": ("Hur färska källorna är", "How fresh the sources are"),
    "sources_text": (
        "En källa är komplett till och med den dag den själv har uppgett. Det som kommit senare är inte med.",
        "A source is complete through the day it has said itself. What came later is not included.",
    ),
    "in_figures": ("I siffrorna", "In the figures"),
    "frozen_text": (
        "Varje steg frös sina siffror. Bredvid står samma period räknad igen med vad som är känt {known}: skillnader "
        "är rättelser, sena anmälningar och ändrade svar om vem en anmälan gäller.",
        "Each step froze its figures. Beside them the same period is counted again with what is known at {known}: "
        "differences are corrections, late complaints and changed answers about whom a complaint concerns.",
    ),
    "frozen_caption": ("Fryst och känt i dag", "Frozen and known today"),
    "period_head": ("Period", "Period"),
    "total_frozen": ("Totalt, fryst", "Total, frozen"),
    "total_today": ("Totalt, i dag", "Total, today"),
    "phone_frozen": ("Telefon, fryst", "Telephone, frozen"),
    "phone_today": ("Telefon, i dag", "Telephone, today"),
    "cases_text": (
        "De {count} anmälningar som låg bakom siffrorna vid {step} den {day}.",
        "The {count} complaints behind the figures at {step} on {day}.",
    ),
    "cases_caption": ("Anmälningarna, äldst först", "The complaints, oldest first"),
    "case_head": ("Ärende hos källan", "Case at the source"),
    "channel_head": ("Kanal", "Channel"),
    "outcome_head": ("Utfall", "Outcome"),
    "note_head": ("Anmärkning", "Note"),
    "contested_note": ("bestrids av medlemmen", "contested by the member"),
    "evidence_text": (
        "Varje steg är en rad som inte kan ändras, och dess kontrollsumma täcker den förra. Kommandot koll case verify "
        "{member} räknar om dem och säger vad som skiljer: en siffra, en anmälan eller en fil i arkivet.",
        "Each step is a row that cannot be changed, and its hash covers the one before it. The command koll case "
        "verify {member} computes them again and says what differs: a figure, a complaint or a file in the archive.",
    ),
    "steps_hash_caption": ("Stegens kontrollsummor (sha256)", "Hashes of the steps (sha256)"),
    "raw_hash_caption": (
        "Källornas filer i arkivet (sha256) och hur många anmälningar som vilar på dem",
        "The sources' files in the archive (sha256) and how many complaints rest on them",
    ),
    "hash_head": ("Kontrollsumma", "Hash"),
    "rests_head": ("Anmälningar", "Complaints"),
    "disclosure": (
        "{association} utser ledamöter i den etiska nämnd vars beslut är en av källorna.",
        "{association} appoints members of the board of ethics whose decisions are one of the sources.",
    ),
    "disclosure_head": ("Att känna till om källorna", "What to know about the sources"),
}

CASE_PHRASES: Mapping[str, tuple[str, str]] = {**_VERDICTS, **_MAIL, **_PAPER}
