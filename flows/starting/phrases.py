"""What `koll init --wizard` says, in Swedish and English."""

from collections.abc import Mapping

PHRASES: Mapping[str, tuple[str, str]] = {
    "begin": (
        "Frågorna nedan fyller i {file}. Varje svar prövas genast. Enter tar det som står i [ ], - hoppar över, "
        "= behåller ett svar som nyss inte gick. Inget skrivs förrän sista frågan är besvarad; Ctrl-C avbryter.",
        "The questions below fill in {file}. Each answer is tried at once. Enter takes what stands in [ ], - skips, "
        "= keeps an answer that was just refused. Nothing is written before the last answer; Ctrl-C stops.",
    ),
    "name": ("Föreningens namn", "The association's name"),
    "register": (
        "Medlemsregistret: en mapp med members.csv, eller en CSV- eller XLSX-fil",
        "The member register: a folder with members.csv, or a CSV or XLSX file",
    ),
    "sender": ("Avsändaradress för brev till personalen", "The address that mail to staff comes from"),
    "smtp": (
        "Mejlserver, t.ex. smtp+starttls://koll@mail.example.org:587 (- : brev läggs i en mapp)",
        "Mail server, such as smtp+starttls://koll@mail.example.org:587 (- : mail is put into a folder)",
    ),
    "ethics": ("Vilka får larmen? Adresser, komma emellan", "Who gets the alerts? Addresses, commas between"),
    "operators": ("Vilka får veta när något går sönder?", "Who is told when something breaks?"),
    "tips": (
        "Tipslådan: imaps://tips@mail.example.org/INBOX, eller en mapp (- : ingen)",
        "The tip mailbox: imaps://tips@mail.example.org/INBOX, or a folder (- : none)",
    ),
    "page": ("Mapp för personalens sidor (- : inga sidor)", "Folder for the staff page (- : no page)"),
    "extract": (
        "Första källan: mappen där myndighetens filer läggs (- : ingen)",
        "The first source: the folder where the authority's files are put (- : none)",
    ),
    "board": (
        "Ska nämndens beslut läsas på webben varje natt? (ja, nej)",
        "Read the ethics board's decisions on the web every night? (yes, no)",
    ),
    "good": ("  ✓ {found}", "  ✓ {found}"),
    "refused": ("  ✗ {why}", "  ✗ {why}"),
    "again": ("    Försök igen, eller = för att behålla det ändå.", "    Try again, or = to keep it all the same."),
    "try_again": ("    Försök igen.", "    Try again."),
    "borrow": (
        "    {variable} är inte satt. Lösenordet bara för det här provet, det sparas inte (Enter: utan): ",
        "    {variable} is not set. The password for this trial only, it is not kept (Enter: without): ",
    ),
    "kept": ("  ! behålls så länge: {answer}", "  ! kept for now: {answer}"),
    "needed": ("ett svar behövs här", "an answer is needed here"),
    "yes_or_no": ("svara ja eller nej", "answer yes or no"),
    "one_of": ("svara sv eller en", "answer sv or en"),
    "no_source": (
        "minst en källa behövs: en mapp, nämnden eller tipslådan",
        "at least one source is needed: a folder, the board or the tip mailbox",
    ),
    "stopped": ("avbrutet: inget är skrivet", "stopped: nothing is written"),
    "ended": (
        "svaren tog slut vid frågan: {question}. Inget är skrivet",
        "the answers ended at the question: {question}. Nothing is written",
    ),
    "written": ("skrev {file}", "wrote {file}"),
    "secrets": (
        "Lösenord står aldrig i filen. Sätt före varje körning: {variables} (eller samma namn med _FILE)",
        "Passwords never stand in the file. Set before every run: {variables} (or the same name with _FILE)",
    ),
    "next": (
        "Sedan: koll doctor ser efter allt, koll nightly kör en natt, koll status visar läget",
        "Then: koll doctor looks at everything, koll nightly runs a night, koll status shows how things stand",
    ),
}
