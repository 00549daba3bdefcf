"""Mail in the tip inbox that another source reads: an authority's extract, and whatever else comes to one address.

A recogniser looks at one mail and says why it is not the tip inbox's to take in: a key of ``kind.REASONS``. To have
another kind of mail left alone, write a recogniser, name its reason there, and hand it to the inbox in the registry.
"""

from collections.abc import Callable, Iterable

from sources.inbox.mail import Mail

Recogniser = Callable[[Mail], str | None]


def find_other(mail: Mail, recognisers: Iterable[Recogniser]) -> str | None:
    """Return why the mail is for another source, or None."""
    return next((reason for recognise in recognisers if (reason := recognise(mail))), None)
