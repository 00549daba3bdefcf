"""The phrases of a digest: its subjects, its parts, the line that a member has in it."""

from collections.abc import Mapping

DIGEST_PHRASES: Mapping[str, tuple[str, str]] = {
    # subjects
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
    # headings
    "act": ("Att ta ställning till", "For you to decide"),
    "reminders": ("Väntar på svar", "Waiting for an answer"),
    "backfill": ("Funnet i äldre uppgifter", "Found in older data"),
    "data": ("Källor som dröjer", "Late sources"),
    "introduced": ("Redan över gränsen", "Already above the limit"),
    "introduced_decisions": ("Tidigare beslut", "Earlier decisions"),
    "resolved": ("Inte längre över gränsen", "No longer above the limit"),
    "left": ("Har lämnat föreningen", "Have left the association"),
    # sentences
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
    "left_line": ("Larmet är avslutat ({rule})", "The alert is closed ({rule})"),
    "nothing_text": (
        "Inget nytt att besluta i natt. Källorna är kompletta så långt som tabellen visar.",
        "Nothing new to decide tonight. The sources are complete as far as the table shows.",
    ),
    # a first complaint
    "twelve_months": ("På 12 månader", "In 12 months"),
    "first_ever": ("Första anmälan {channel} någonsin: {day}", "First complaint {channel} ever: {day}"),
    "first_since": (
        "Första anmälan {channel} sedan {before}: {day}",
        "First complaint {channel} since {before}: {day}",
    ),
}
