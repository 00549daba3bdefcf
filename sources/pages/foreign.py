"""What stands in the way when a publisher answers 200 with something else: a log-in, a bot check, maintenance."""

import re

from sources.pages.text import PageTooLarge, read_text

_FOREIGN = {
    "a log-in page": r"logga? in|log ?in|inlogg\w*|innlogging|sign in|autentisering|kirjaudu",
    "a bot check": r"just a moment|är du (?:en )?(?:robot|människa)|are you (?:a robot|human)|captcha",
    "a maintenance page": r"underhåll\w*|vedlikehold\w*|maintenance|tillfälligt (?:stängd|nere)|kommer snart tillbaka",
    "a refusal": r"access denied|åtkomst nekad|forbidden|ingen tilgang|nekad",
    "a consent page": r"(?:vi använder|godkänn|samtycke till|accept(?:era)?) (?:cookies|kakor)|before you continue",
}
_PASSWORD = re.compile(r"<input\b[^<>]{0,300}\btype\s*=\s*[\"']?password", re.IGNORECASE)


def name_foreign(html: str) -> str:
    """Return what kind of page stands in the way ("a log-in page"), or "" when its title and headings tell nothing."""
    try:
        page = read_text(html)
    except PageTooLarge:
        return "a page far too large"
    shown = [page.head_title, *(page.text[start:end] for start, end in page.headings[:3]), *page.text.split("\n")[:2]]
    for what, words in _FOREIGN.items():
        if any(re.search(rf"\b(?:{words})", line, re.IGNORECASE) for line in shown if len(line) < 120):
            return what
    return "a log-in page" if _PASSWORD.search(html) else ""
