"""Telling a watchman that the night began, went well, or failed: when a ping stays away, he calls somebody."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable

_SECONDS = 10.0


class _StayThere(urllib.request.HTTPRedirectHandler):
    """A ping goes to the address that is configured and nowhere else: another's redirect does not steer us."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow nothing; the answer stands as it is, and is no good one."""


def announce(url: str | None, log: Callable[[str], None]) -> bool:
    """Ask for ``url`` once, if there is one; return whether it answered well.

    Never raises: a deaf watchman must not fail the night. The address is not logged, since who has it can ping.
    """
    if url is None:
        return False
    try:
        with urllib.request.build_opener(_StayThere).open(url, timeout=_SECONDS) as answer:  # http(s) by the settings
            log(f"ping: answered {answer.status}")
            return True
    except (OSError, http.client.HTTPException, urllib.error.URLError) as error:
        log(f"ping: no good answer ({type(error).__name__}); check the ping addresses in [alerts]")
        return False
