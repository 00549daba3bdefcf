"""The mail's phrases, Swedish and English side by side, so that neither says more than the other."""

from collections.abc import Mapping

from flows.mail.due_phrases import DUE_PHRASES
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

PHRASES: Mapping[str, tuple[str, str]] = {
    **DUE_PHRASES,
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
    "subject_late": ("Källan {source} är {days} gammal", "The source {source} is {days} old"),
    "subject_never": ("Källan {source} har aldrig kunnat läsas", "The source {source} has never been read"),
    "subject_introduced": ("{what}: {members} redan över gränsen", "{what}: {members} already above the limit"),
    "subject_introduced_decisions": ("{what}: {count} tidigare beslut", "{what}: {count} earlier decisions"),
    "what_new": ("Regel införd", "Rule introduced"),
    "what_new_many": ("Regler införda", "Rules introduced"),
    "what_changed": ("Regel ändrad", "Rule changed"),
    "what_source": ("Ny källa", "New source"),
    "subject_digest_one": ("Nattens sammanställning: 1 larm", "Tonight's digest: 1 alert"),
    "subject_digest": ("Nattens sammanställning: {count} larm", "Tonight's digest: {count} alerts"),
    "subject_weekly": ("Veckan som gick: {lines}", "The past week: {lines}"),
    "subject_nothing": ("Inget att besluta", "Nothing to decide"),
    "subject_reminder": ("Påminnelse: {rest}", "Reminder: {rest}"),
    "tag_corrected": ("rättad", "corrected"),
    "tag_retracted": ("rättad", "retracted"),
    # headings
    "ask": ("Att ta ställning till", "For you to decide"),
    "figures": ("Siffrorna", "The figures"),
    "decision": ("Beslutet", "The decision"),
    "changed": ("Vad som är nytt", "What is new"),
    "trend": ("De senaste {weeks} veckorna", "The last {weeks} weeks"),
    "sources": ("Källorna", "The sources"),
    "ladder": ("Pågående ärende", "Open case"),
    "corrected": ("Vad som har rättats", "What was corrected"),
    "act": ("Att ta ställning till", "For you to decide"),
    "reminders": ("Väntar på svar", "Waiting for an answer"),
    "backfill": ("Funnet i äldre uppgifter", "Found in older data"),
    "data": ("Källor som dröjer", "Late sources"),
    "introduced": ("Redan över gränsen", "Already above the limit"),
    "introduced_decisions": ("Tidigare beslut", "Earlier decisions"),
    "resolved": ("Inte längre över gränsen", "No longer above the limit"),
    "left": ("Har lämnat föreningen", "Have left the association"),
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
    "late_banner": (
        "{source} är komplett bara t.o.m. {day}, alltså {days} gammal. De verkliga talen kan bara vara högre.",
        "{source} is complete only through {day}, so it is {days} old. The true figures can only be higher.",
    ),
    "never_banner": (
        "{source} har ännu inte kunnat läsas. De verkliga talen kan bara vara högre.",
        "{source} has not been read yet. The true figures can only be higher.",
    ),
    "late_ask": (
        "Vad har hänt med källan {source}? Den får vara högst {allowed} gammal.",
        "What has happened to the source {source}? It may be at most {allowed} old.",
    ),
    "late_meaning": (
        "Under tiden räknas det som finns. Larm kan gå upp, men inget larm avslutas och ingen placering anges förrän "
        "källan är i fas igen.",
        "Meanwhile, what exists is counted. Alerts can rise, but none is resolved and no rank is given until the "
        "source has caught up.",
    ),
    "introduced_text": (
        "I natt tillämpades {rules} för första gången. Medlemmarna nedan låg redan över en gräns eller hade redan ett "
        "beslut mot sig. Därför skickas inget enskilt brev om dem; nästa brev kommer när något ändras.",
        "Tonight was the first night of {rules}. The members below were already above a limit or already had a "
        "decision against them, so no single mail is sent about them; the next mail comes when something changes.",
    ),
    "one_new": ("den nya regeln {rules}", "the new rule {rules}"),
    "many_new": ("de nya reglerna {rules}", "the new rules {rules}"),
    "one_changed": ("den ändrade regeln {rules}", "the changed rule {rules}"),
    "many_changed": ("de ändrade reglerna {rules}", "the changed rules {rules}"),
    "one_source": ("regeln {rules} med en ny källa", "the rule {rules} with a new source"),
    "many_source": ("reglerna {rules} med en ny källa", "the rules {rules} with a new source"),
    "backfill_text": (
        "Gränserna nåddes bara tack vare äldre uppgifter som kom in i natt. Det är historik, inte en ny händelse.",
        "These limits were reached only through older data that came in tonight. It is history, not a new event.",
    ),
    "overflow_text": (
        "Natten gav fler larm än de {singles} som skickas vart för sig. Här är resten.",
        "The night gave more alerts than the {singles} that are sent one by one. Here are the others.",
    ),
    "limit_line": ("Gräns {level} nådd ({rule})", "Limit {level} reached ({rule})"),
    "limit_line_channel": ("Gräns {level} {channel} nådd ({rule})", "Limit {level} {channel} reached ({rule})"),
    "decisions_line": ("{outcome}: {cases}", "{outcome}: {cases}"),
    "and_more": ("och {count} till", "and {count} more"),
    "more_members": (
        "Och {members} till: se koll alerts list.",
        "And {members} more: see koll alerts list.",
    ),
    "resolved_line": (
        "{count} {period}: under gränsen {level} ({rule})",
        "{count} {period}: below the limit of {level} ({rule})",
    ),
    "other_line": ("{said} ({rule})", "{said} ({rule})"),
    "source_usual_line": (
        "Källan lämnar åter ett vanligt antal rader, efter natten {day}",
        "The source tells a usual number of rows again, after the night of {day}",
    ),
    "left_line": ("Larmet är avslutat ({rule})", "The alert is closed ({rule})"),
    "source_back_line": ("Källan är i fas igen, t.o.m. {day}", "The source has caught up, through {day}"),
    "nothing_text": (
        "Inget nytt att besluta i natt. Källorna är kompletta så långt som tabellen visar.",
        "Nothing new to decide tonight. The sources are complete as far as the table shows.",
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
    # rises, ranks, shares, first complaints
    "subject_rise": (
        "{count} {complaints} på {days}, väntat {expected}",
        "{count} {complaints} in {days}, expected {expected}",
    ),
    "subject_rank": (
        "plats {place} av {of}, {count} {complaints} {period}",
        "rank {place} of {of}, {count} {complaints} {period}",
    ),
    "subject_share": (
        "minst {share} {channel} av {whole} anmälningar {period}",
        "at least {share} {channel} of {whole} complaints {period}",
    ),
    "rise_retracted": (
        "Ett tidigare brev uppgav {before} anmälningar. När samma dagar räknas om med rättade uppgifter blir det "
        "{count}, och ökningen är inte längre större än slumpen.",
        "An earlier mail said {before} complaints. Counted again with corrected data, the same days have {count}, "
        "and the rise is no longer more than chance.",
    ),
    "chance": ("Är det mer än en slump?", "Is it more than chance?"),
    "chance_text": (
        "{now} på {days}, mot {before} på {baseline} dessförinnan. Om inget hade ändrats skulle så många eller fler "
        "komma ungefär en gång på {odds} försök.",
        "{now} in {days}, against {before} in the {baseline} before. If nothing had changed, as many or more would "
        "come up about once in {odds} tries.",
    ),
    "chance_budget": (
        "Larm som det här uppstår av en slump högst omkring {times} gånger om året i hela registret. Av nattens "
        "prövningar med minst så tydligt utslag väntas högst {q} vara slump.",
        "Alerts like this appear by chance at most about {times} times a year in the whole register. Of tonight's "
        "tests that are at least as clear, at most {q} are expected to be chance.",
    ),
    "chance_fdr": (
        "Gränsen är satt så att högst omkring {share} av nattens larm är slump; för det här larmet är talet {q}.",
        "The bound is set so that at most about {share} of tonight's alerts are chance; for this one it is {q}.",
    ),
    "chance_p": (
        "Regeln larmar vid en gång på {odds}. Av nattens prövningar med minst så tydligt utslag väntas högst {q} vara "
        "slump.",
        "The rule alerts at once in {odds}. Of tonight's tests that are at least as clear, at most {q} are expected "
        "to be chance.",
    ),
    "before": ("Tiden innan", "The time before"),
    "expected": ("Väntat antal", "Expected"),
    "place": ("Plats", "Rank"),
    "place_of": ("{place} bland medlemmarna (av {of})", "{place} among the members (of {of})"),
    "share": ("Andel", "Share"),
    "share_of": (
        "minst {share} (säkert mellan {low} och {high})",
        "at least {share} (surely between {low} and {high})",
    ),
    "total": ("Totalt", "In total"),
    "twelve_months": ("På 12 månader", "In 12 months"),
    "first_ever": ("Första anmälan {channel} någonsin: {day}", "First complaint {channel} ever: {day}"),
    "first_since": (
        "Första anmälan {channel} sedan {before}: {day}",
        "First complaint {channel} since {before}: {day}",
    ),
    # odd sources
    "subject_odd": (
        "Källan {source} lämnade {rows} nya rader, vanligen {usual}",
        "The source {source} told {rows} new rows, usually {usual}",
    ),
    "subject_refused": (
        "Källan {source} togs inte in ({code})",
        "The source {source} was not taken in ({code})",
    ),
    "odd_ask": (
        "Stämmer det som källan {source} lämnade den {day}?",
        "Is what the source {source} told on {day} right?",
    ),
    "odd_meaning": (
        "Antalet nya rader ligger utanför vad källans egna senaste nätter ger anledning att vänta. Raderna är intagna; "
        "se efter att källan är hel.",
        "The number of new rows is outside what the source's own recent nights give reason to expect. The rows were "
        "taken in; see that the source is whole.",
    ),
    "refused_meaning": (
        "Det som lämnades klarade inte kontrollerna. Inget av det är intaget, och det som var känt står kvar.",
        "What was told did not pass the checks. None of it was taken in, and what was known stays as it was.",
    ),
    "cmd_accept": ("ta in det ändå: källan har rätt", "take it in all the same: the source is right"),
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
    "never": ("aldrig", "never"),
    "unknown": ("okänt", "unknown"),
    "and": ("och", "and"),
    "late": ("för gammal", "too old"),
}
