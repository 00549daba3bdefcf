"""The mail's phrases, Swedish and English side by side, so that neither says more than the other."""

from collections.abc import Mapping

from flows.mail.words.count_phrases import COUNT_PHRASES
from flows.mail.words.digest_phrases import DIGEST_PHRASES
from flows.mail.words.due_phrases import DUE_PHRASES
from flows.mail.words.source_phrases import SOURCE_PHRASES

PHRASES: Mapping[str, tuple[str, str]] = {
    **COUNT_PHRASES,
    **DIGEST_PHRASES,
    **DUE_PHRASES,
    **SOURCE_PHRASES,
    # subjects
    "subject_level": ("{before}→{level} {complaints} {period}", "{before}→{level} {complaints} {period}"),
    "subject_first": ("{count} {complaints} {period} (gräns {level})", "{count} {complaints} {period} (limit {level})"),
    "subject_grew": (
        "{count} {complaints} {period}, {before} vid kvitteringen",
        "{count} {complaints} {period}, {before} when acknowledged",
    ),
    "subject_retracted": (
        "{count} i stället för {before} {complaints} {period}",
        "{count} instead of {before} {complaints} {period}",
    ),
    "subject_decision": ("Nytt beslut {case}, {outcome}", "New decision {case}, {outcome}"),
    "subject_decision_retracted": ("Beslut {case} gäller inte längre", "Decision {case} no longer stands"),
    "subject_reminder": ("Påminnelse: {rest}", "Reminder: {rest}"),
    "tag_corrected": ("rättad", "corrected"),
    "tag_retracted": ("rättad", "retracted"),
    # headings
    "ask": ("Att ta ställning till", "For you to decide"),
    "figures": ("Siffrorna", "The figures"),
    "decision": ("Beslutet", "The decision"),
    "changed": ("Vad som är nytt", "What is new"),
    "trend": ("De senaste {weeks} veckorna", "The last {weeks} weeks"),
    "trend_picture": (
        "Stapeldiagram: antal per vecka i {weeks} veckor till och med {day}, högst {most}. Talen står nedanför.",
        "Bar chart: counts by week for {weeks} weeks through {day}, at most {most}. The figures stand below.",
    ),
    "sources": ("Källorna", "The sources"),
    "ladder": ("Pågående ärende", "Open case"),
    "corrected": ("Vad som har rättats", "What was corrected"),
    "beside": ("Mer om medlemmen", "More about the member"),
    # labels
    "board_cases": ("Öppna nämndärenden", "Open board cases"),
    "declared": ("Senaste självdeklaration", "Last self-declaration"),
    "declared_on": ("för {year}, inkommen {day}", "for {year}, received {day}"),
    "declaration": ("Självdeklaration", "Self-declaration"),
    "declaration_owed": ("för {year}, senast {day}: inte inkommen", "for {year}, due {day}: not received"),
    "today": ("Fram till i dag", "Up to today"),
    "level_next": ("{level}, nästa nivå är {next}", "{level}, the next level is {next}"),
    "days_long": ("{span} ({days})", "{span} ({days})"),
    "by_event_date": ("{span} ({days}, efter händelsedatum)", "{span} ({days}, by date of the event)"),
    "count": ("Antal", "Count"),
    "period": ("Period", "Period"),
    "limit": ("Gräns", "Limit"),
    "last_mail": ("I förra brevet", "In the last mail"),
    "channels": ("Kanaler", "Channels"),
    "rank_any": ("Plats totalt", "Rank in total"),
    "rank_in": ("Plats {channel}", "Rank {channel}"),
    "size": ("Storlek", "Size"),
    "case": ("Ärende", "Case"),
    "outcome": ("Utfall", "Outcome"),
    "decided_on": ("Beslutsdatum", "Decided on"),
    "source": ("Källa", "Source"),
    "address": ("Adress", "Address"),
    "complete_through": ("Komplett t.o.m.", "Complete through"),
    "last_read": ("Senast läst", "Last read"),
    "state": ("Läge", "State"),
    "step": ("Steg", "Step"),
    "opened_on": ("Öppnat", "Opened"),
    "deadline": ("Svar senast", "Answer due"),
    "follow_up_on": ("Uppföljning", "Follow-up"),
    "taken": ("Hittills", "So far"),
    "proposed": ("Nästa steg", "Next step"),
    # sentences
    "of_which": ("{total}, varav minst {part} {channel}", "{total}, of which at least {part} {channel}"),
    "of_which_none": ("{total}, ingen känd {channel}", "{total}, none known {channel}"),
    "of_which_all": ("{total}, alla {channel}", "{total}, all {channel}"),
    "not_proven": (
        "Siffrorna visar vad som har anmälts, inte vad som har bevisats.",
        "The figures show what has been reported, not what has been proven.",
    ),
    "single_case": (
        "Beslutet gäller det enskilda ärendet. Läs det i sin helhet hos källan innan ni tar ställning.",
        "The decision is about this one case. Read it in full at its source before you decide.",
    ),
    "reached": (
        "Regeln {rule} har nått nivån {level}.",
        "The rule {rule} has reached level {level}.",
    ),
    "reached_from": (
        "Regeln {rule} har gått från nivån {before} till {level}.",
        "The rule {rule} has gone from level {before} to {level}.",
    ),
    "ask_in_case": (
        "Ska ärendet om {name} gå vidare? Det står vid: {step}.",
        "Should the case about {name} go further? It stands at: {step}.",
    ),
    "no_step": ("Behöver något göras om {name}?", "Does anything need to be done about {name}?"),
    "decided_ask": ("Ska beslutet leda till något för {name}?", "Should the decision lead to anything for {name}?"),
    "grew_ask": (
        "När larmet kvitterades var antalet {before}. Nu är det {count}.",
        "The count was {before} when the alert was acknowledged. It is {count} now.",
    ),
    "reminded": (
        "Det har gått {days} sedan ni fick frågan, och ingen har kvitterat den.",
        "It is {days} since you were asked, and nobody has acknowledged it.",
    ),
    "nothing_happens": (
        "Inget skickas och inget ändras förrän någon kör ett av kommandona.",
        "Nothing is sent and nothing changes until somebody runs one of the commands.",
    ),
    "retracted": (
        "Ett tidigare brev uppgav {before} {complaints}. När samma period räknas om med rättade uppgifter blir "
        "det {count}, och gränsen {level} nås inte.",
        "An earlier mail said {before} {complaints}. Counted again with corrected data, the same period has "
        "{count}, and the limit of {level} is not reached.",
    ),
    "retracted_now": (
        "Perioden fram till i dag har {count}, så nivån {level} är fortfarande nådd.",
        "The period up to today has {count}. Level {level} still holds.",
    ),
    "decision_retracted": (
        "Ett tidigare brev uppgav att {name} omfattas av beslut {case}. Det gör medlemmen inte längre: beslutet har "
        "ändrats, dragits tillbaka eller visat sig gälla någon annan.",
        "An earlier mail said that decision {case} concerns {name}. It no longer does: the decision was "
        "changed, withdrawn, or turned out to be about somebody else.",
    ),
    "corrected_up": (
        "Gränsen nås för att uppgifter har rättats, inte för att nya anmälningar har kommit in.",
        "The limit is reached because data were corrected, not because new complaints came in.",
    ),
    "since_last": ("+{new} sedan brevet {day}: {by_source}.", "+{new} since the mail of {day}: {by_source}."),
    "new_before_step": (
        "Av de {new} nya gäller {count} något som hände före medlemmens senaste steg i ärendet ({step} {day}).",
        "Of the {new} new ones, {count} are about something that happened before the case's last step ({step} {day}).",
    ),
    "since_last_none": ("Inga nya sedan brevet {day}.", "None new since the mail of {day}."),
    "first_mail": (
        "Det här är det första brevet om medlemmen enligt regeln {rule}.",
        "This is the first mail about this member under the rule {rule}.",
    ),
    "newest": ("Den senaste anmälan kom in {day}.", "The newest complaint was received on {day}."),
    "waiting": (
        "Utöver dem väntar {count} på granskning och räknas inte med (koll review list).",
        "Besides, {count} wait for review and are not counted (koll review list).",
    ),
    "linked": (
        "Av rapporterna gäller {count} en händelse som redan är räknad och räknas inte en gång till.",
        "Of the reports, {count} tell of an event that is counted already, and are not counted again.",
    ),
    "perhaps_linked": (
        "{count} kan gälla en händelse som redan är räknad: {low} till {high} tills någon har svarat"
        " (koll review list).",
        "{count} may tell of an event that is counted already: {low} to {high} until somebody answers"
        " (koll review list).",
    ),
    "trend_numbers": ("Antal per vecka, äldst först: {numbers}", "Per week, oldest first: {numbers}"),
    "trend_missing": (
        "? betyder att dagar saknas från en källa. Det är inte samma sak som noll.",
        "? means that days are missing from a source, which is not the same as zero.",
    ),
    # short texts to other channels
    "text_alert": (
        "{association}: larm {number} ({rule}) om {name}. Läs brevet, eller: koll alerts show {number}",
        "{association}: alert {number} ({rule}) about {name}. Read the mail, or: koll alerts show {number}",
    ),
    "text_more": (
        "{association}: {count} larm till i natt: koll alerts list",
        "{association}: {count} more alerts tonight: koll alerts list",
    ),
    "a_sole_trader": ("en enskild firma", "a sole trader"),
    "stopped": (
        "Brev till {count} adress(er) i din grupp kommer tillbaka och skickas inte längre. Rätta [mail.groups].",
        "Mail to {count} address(es) in your group comes back and is no longer sent. Mend [mail.groups].",
    ),
    "undelivered": (
        "{count} tidigare brev har inte kunnat levereras: {which}. Se koll status.",
        "{count} earlier mails could not be delivered: {which}. See koll status.",
    ),
    # commands
    "cmd_show": ("se alla anmälningar bakom siffran", "see every complaint behind the figure"),
    "cmd_show_case": ("se ärendet och vad som har hänt", "see the case and what has happened"),
    "cmd_open_case": ("öppna ett ärende med ett påpekande", "open a case with a notice"),
    "cmd_see_case": ("se ärendet som pågår", "see the case that is open"),
    "cmd_ack": ("kvittera: vi har sett det", "acknowledge: we have seen it"),
    "cmd_silence": ("tysta brev om det till ett datum", "silence mail about it until a date"),
    "cmd_close": ("avsluta, med skäl", "close it, with a reason"),
    "cmd_ingest": ("läs källan igen", "read the source again"),
    "cmd_doctor": ("kontrollera adress, inloggning och inställningar", "check address, login and settings"),
    # footer
    "no_run": ("Ingen körning gjordes {span}.", "There was no run {span}."),
    "no_run_day": ("Ingen körning gjordes {day}.", "There was no run on {day}."),
    "member_page": ("Medlemmens sida: {url}", "The member's page: {url}"),
    "footer_rule": (
        "Regel {rule}, version {version}. Körning {run}, enligt vad som var känt {known}.",
        "Rule {rule}, version {version}. Run {run}, as known at {known}.",
    ),
    "footer_run": ("Körning {run}, enligt vad som var känt {known}.", "Run {run}, as known at {known}."),
    "footer_why": (
        "Du får brevet för att din adress finns i gruppen {groups}. Skäl: {reason} ({code}).",
        "You get this because your address is in the group {groups}. Reason: {reason} ({code}).",
    ),
    "footer_why_digest": (
        "Du får brevet för att din adress finns i gruppen {groups}.",
        "You get this because your address is in the group {groups}.",
    ),
    "unnamed": ("(utan namn)", "(no name)"),
    "former": ("en tidigare medlem", "a former member"),
    "never": ("aldrig", "never"),
    "unknown": ("okänt", "unknown"),
    "and": ("och", "and"),
    "late": ("för gammal", "too old"),
}
