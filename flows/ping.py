"""Telling a watchman that the night went well: when the ping stays away, he calls somebody."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable

_SECONDS = 10.0


def announce_success(url: str, log: Callable[[str], None]) -> bool:
    """Ask for ``url`` once; return whether it answered well. Never raises: a deaf watchman must not fail the night."""
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - http or https by the settings
            log(f"ping: answered {answer.status}")
            return True
    except (OSError, http.client.HTTPException, urllib.error.URLError) as error:
        log(f"ping: no good answer ({type(error).__name__}); check [alerts] ping_url")
        return False
