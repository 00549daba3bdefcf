"""The case's own phrases beside those of the mail, in one language."""

from dataclasses import dataclass

from flows.dossier.phrases import CASE_PHRASES, STEPS
from flows.mail.words.phrases import PHRASES
from flows.mail.words.wording import Wording


@dataclass(frozen=True)
class CaseWording(Wording):
    """The phrases of one language, a case's among them."""

    def say(self, phrase: str, **values: object) -> str:
        """Return a phrase with its values filled in; numbers are written as the language does."""
        shown = {name: self.number(value) if type(value) is int else value for name, value in values.items()}
        return self._pick(CASE_PHRASES.get(phrase) or PHRASES[phrase]).format(**shown)

    def step(self, kind: str) -> str:
        """Return what a step is called: ``krav på rättelse``."""
        return self._pick(STEPS[kind])

    def ratio(self, value: float | None) -> str:
        """Return ``1,29``; a sign for what has no bound."""
        return "∞" if value is None else f"{value:.2f}".replace(".", "," if self.language == "sv" else ".")

    def capital(self, text: str) -> str:
        """Return a text with its first letter large."""
        return text[:1].upper() + text[1:]
