"""How a form looks as a file: what its columns are headed and what its first rows are called, in both languages."""

from models.declarations.form import Language

HEADERS: dict[Language, tuple[str, str, str, str]] = {
    "sv": ("Kod", "Fråga", "Svar", "Anvisning"),
    "en": ("Code", "Question", "Answer", "Help"),
}
CODE, ANSWER = 0, 2  # the columns that are read
FORM, MEMBER, YEAR = "form", "member", "year"  # codes of the rows that say what the file is
MARK = "koll-declaration"  # what a JSON file says it is under "kind"
SHEETS: dict[Language, tuple[str, str]] = {
    "sv": ("Självdeklaration", "Anvisningar"),
    "en": ("Self-declaration", "Instructions"),
}
YES_NO: dict[Language, tuple[str, str]] = {"sv": ("Ja", "Nej"), "en": ("Yes", "No")}
