"""Who mail is from and to: the association's name, its addresses and recipient groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flows.mail.words.wording import Language


@dataclass(frozen=True)
class MailIdentity:
    """What compose needs of the settings: ``key`` signs bounce addresses, ``groups`` are [mail.groups]."""

    association: str
    language: Language
    timezone: str
    sender: str
    groups: Mapping[str, Sequence[str]]
    key: bytes
    bounce: str | None = None
    reply_to: str | None = None
    page_url: str = ""
    charts: bool = False  # weeks as pictures
    stopped: Mapping[str, int] = field(default_factory=dict)  # addresses of a group from which mail comes back

    @property
    def domain(self) -> str:
        """The domain of From, which Message-ID shares."""
        return self.sender.rpartition("@")[2]
