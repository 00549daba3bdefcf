"""Why a URL could not be had: stable codes, and sentences of our own with place and cure.

An exception's own text is never passed on: it may hold whatever the server sent.
"""

import ssl
from collections.abc import Iterator
from functools import cache

from sources.contract import SourceBroken


class WireFault(Exception):
    """An exchange was stopped on our side. ``code`` is a stable rule code; ``again`` says that a retry may help."""

    def __init__(self, code: str, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.again = again


class FetchFailed(SourceBroken):
    """One URL could not be had. ``again`` says that the same request may succeed later without anybody's doing.

    Left uncaught it breaks the source; a source that can do without one page catches it and notes a ``Problem``.
    """

    def __init__(self, code: str, url: str, message: str, *, again: bool = False) -> None:
        super().__init__(code, f"{url}: {message}")
        self.url = url
        self.again = again


_LATER = "; run the source again later"
_BROKE = ("connection-failure", "the connection broke" + _LATER, True)


@cache
def _list_faults() -> tuple[tuple[type[BaseException], str, str, bool], ...]:
    import http.client  # with urllib3 a twentieth of a second, which only a night that asks the web needs

    from urllib3.exceptions import ConnectTimeoutError, InvalidHeader, NewConnectionError, ReadTimeoutError

    return (
        (NewConnectionError, "connection-failure", "nothing answers there; check the address, or" + _LATER[1:], True),
        (ConnectTimeoutError, "connection-failure", "no connection within the time allowed" + _LATER, True),
        (ReadTimeoutError, "too-slow", "the server fell silent" + _LATER, True),
        (http.client.IncompleteRead, "wrong-length", "the answer ended before its announced end" + _LATER, True),
        (InvalidHeader, "wrong-length", "the answer announces two different lengths" + _LATER, True),
        (ConnectionResetError, "connection-failure", "the server broke the connection off" + _LATER, True),
        (ssl.SSLError, "tls-failure", "no encrypted connection could be agreed on" + _LATER, True),
        (http.client.BadStatusLine, "connection-failure", "what answers there does not speak HTTP" + _LATER, True),
    )


def explain(error: Exception, url: str, *, expired: bool) -> FetchFailed:
    """Turn what requests, urllib3 or the wire raised into a FetchFailed; ``expired``: our own watch ended it."""
    chain = list(_causes(error))
    if expired:
        return FetchFailed("too-slow", url, "not done within the deadline for one page" + _LATER, again=True)
    for cause in chain:
        if isinstance(cause, WireFault):
            return FetchFailed(cause.code, url, str(cause), again=cause.again)
        if isinstance(cause, ssl.SSLCertVerificationError):
            message = f"its certificate is not to be trusted ({cause.verify_message}), so nothing was asked"
            return FetchFailed("tls-failure", url, f"{message}; the publisher has to renew it")
    for kind, code, message, again in _list_faults():
        if any(isinstance(cause, kind) for cause in chain):
            return FetchFailed(code, url, message, again=again)
    code, message, again = _BROKE
    return FetchFailed(code, url, message, again=again)


def refuse_status(status: int, url: str) -> FetchFailed:
    """Name an HTTP status that brings nothing home."""
    if status in (404, 410):
        return FetchFailed("not-found", url, f"no such page (status {status}); it was moved or taken away")
    if status == 429:
        message = "the server wants fewer requests (status 429); raise the source's delay in koll.toml"
        return FetchFailed("too-many-requests", url, message, again=True)
    if status >= 500:
        return FetchFailed("server-error", url, f"a fault on the server's side (status {status}){_LATER}", again=True)
    if status in (401, 402, 403, 407, 451):
        return FetchFailed("forbidden", url, f"the server does not let us in (status {status}); ask the publisher")
    return FetchFailed("unexpected-status", url, f"answered with status {status}; open it in a browser and see")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all it wraps: requests and urllib3 keep the real one in args, reason or cause."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
