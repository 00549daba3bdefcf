"""Telling a watchman that the night began, went well, or failed: when a ping stays away, he calls somebody."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable

_SECONDS = 10.0


def announce(url: str | None, log: Callable[[str], None]) -> bool:
    """Ask for ``url`` once, if there is one; return whether it answered well.

    Never raises: a deaf watchman must not fail the night. The address is not logged, since who has it can ping.
    """
    if url is None:
        return False
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - http or https by the settings
            log(f"ping: answered {answer.status}")
            return True
    except (OSError, http.client.HTTPException, urllib.error.URLError) as error:
        log(f"ping: no good answer ({type(error).__name__}); check the ping addresses in [alerts]")
        return False
