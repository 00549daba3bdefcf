"""The polite session: the only place that asks anything of the web, and the only one that calls ``requests``.

It goes to the configured hosts and nowhere else, reads robots.txt first, says honestly who asks, waits between two
requests to one host, asks only for what has changed, and gives up in time. Every request has a connection of its
own (at one request per host every few seconds nothing is gained by keeping one), certificates are always verified,
no cookie is kept, and the environment is not listened to: proxy variables, ``.netrc`` and ``REQUESTS_CA_BUNDLE``
change nothing, because an unattended run must not go another way than the configuration says.
"""

import contextlib
import http.client
import re
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from sources.contract import Log
from sources.faults import FetchFailed, WireFault, explain, refuse_status
from sources.web.robots import Robots, read_robots
from sources.web.turns import Budget, find_host, note_request, read_retry_after
from sources.web.wire import Guard, GuardedPool, GuardedTlsPool, is_inside_name, read_body

__all__ = ["FetchFailed", "Fetched", "PoliteSession"]

MOST_REDIRECTS = 5
LONGEST_DELAY = 600.0  # a host that wants longer between two pages is not read at night but written to
_ROBOTS_BYTES = 512_000  # RFC 9309 asks for at least 500 KiB
_REDIRECTS = (301, 302, 303, 307, 308)
_PORTS = {"http": 80, "https": 443}
_CHARSET = re.compile(r"charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:+-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True)
class Fetched:
    """What came back: 200 with its content unpacked, or 304 (``not_modified``) with none.

    ``url`` is where it was found after redirects; ``charset`` is what the HTTP header says and empty when it says
    nothing; ``etag`` and ``last_modified`` are for the next night's question.
    """

    url: str
    status: int
    content: bytes
    media_type: str
    charset: str
    etag: str
    last_modified: str
    not_modified: bool


@dataclass(frozen=True)
class _Target:
    """One URL as it will be sent, taken apart by the parser that the connection uses too."""

    request: requests.PreparedRequest
    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def key(self) -> str:
        """The host as it is configured and counted: with its port where that is not the usual one."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


@dataclass(frozen=True)
class _Answer:
    """One HTTP answer; the content of a 200 is read, of any other status it is left."""

    target: _Target
    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    content: bytes


class _Adapter(HTTPAdapter):
    """requests' own adapter over guarded connections; used without its session, which would add the environment."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: object) -> None:
        """Make pools that hand the guard to their connections."""
        guard = self._guard
        http_pool = type("_Pool", (GuardedPool,), {"guard": guard})
        tls_pool = type("_TlsPool", (GuardedTlsPool,), {"guard": guard})
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block)
        self.poolmanager.pool_classes_by_scheme = {"http": http_pool, "https": tls_pool}


def _say_nothing(_line: str, /) -> None:
    return None


class PoliteSession:
    """Fetches pages of a few configured hosts.

    ``hosts`` are ``host``, ``host:port`` or whole site addresses; ``user_agent`` names the product and a contact.
    ``delay`` is the seconds between two requests to one host (its Crawl-delay when that is longer), ``timeout`` the
    seconds to connect and between two packets, ``deadline`` the seconds for one fetch with its redirects and
    retries, ``max_bytes`` the unpacked size. ``ca_file`` adds nothing to the usual certificate authorities but
    replaces them, for a host with a certificate of the association's own. ``requests_made`` counts by host.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        user_agent: str,
        delay: float = 2.0,
        timeout: tuple[float, float] = (10, 30),
        deadline: float = 120,
        max_bytes: int = 20_000_000,
        retries: int = 3,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        log: Log = _say_nothing,
        ca_file: Path | None = None,
    ) -> None:
        if not user_agent.strip() or not user_agent.isprintable():
            raise ValueError(f"user_agent {user_agent!r} must be one line that names the product and a contact")
        if ca_file and not ca_file.is_file():
            raise ValueError(f"ca_file {ca_file} is not there; name a PEM file of certificate authorities")
        self._hosts = frozenset(_read_host(host) for host in hosts)
        # Headers are ASCII; an association's name keeps its letters without their dots and rings.
        self._user_agent = unicodedata.normalize("NFKD", user_agent.strip()).encode("ascii", "ignore").decode("ascii")
        self._delay, self._timeout, self._deadline = delay, timeout, deadline
        self._max_bytes, self._retries = max_bytes, retries
        self._sleep, self._clock, self._log = sleep, clock, log
        self._verify: bool | str = str(ca_file) if ca_file else True
        self._robots: dict[str, Robots | FetchFailed] = {}
        self._robots_lock = threading.Lock()
        self.requests_made: Counter[str] = Counter()

    def fetch(self, url: str, *, etag: str = "", last_modified: str = "") -> Fetched:
        """Get one URL, or learn that it has not changed since ``etag`` or ``last_modified``. Raises FetchFailed."""
        asked = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        conditions = {name: value for name, value in asked.items() if value.isascii() and value.isprintable() and value}
        answer = self._chase(url, conditions, self._max_bytes)
        if answer.status == 304 and conditions:
            return _take_in(answer, etag, last_modified)
        if answer.status == 200:
            return _take_in(answer)
        raise refuse_status(answer.status, answer.target.url)

    # -- where to ask ---------------------------------------------------------------------------------------------

    def _chase(self, url: str, conditions: dict[str, str], max_bytes: int, *, robots: bool = True) -> _Answer:
        """Follow redirects by hand, so that every hop is checked, counted and waited for like the first."""
        budget = Budget(self._clock, self._deadline)
        seen: list[str] = []
        while len(seen) <= MOST_REDIRECTS:
            target = self._admit(url, conditions, came_from=seen[-1] if seen else "")
            if target.url in seen:
                break
            seen.append(target.url)
            if robots:
                with budget.paused():
                    self._heed_robots(target)
            answer = self._ask(target, budget, max_bytes)
            place = answer.headers.get("Location", "").strip()
            if answer.status not in _REDIRECTS or not place:
                return answer
            url = _follow(target.url, place)
        message = (
            f"redirected more than {MOST_REDIRECTS} times or in a circle; open it in a browser and see where it ends"
        )
        raise FetchFailed("redirect-loop", seen[0], message)

    def _admit(self, url: str, conditions: dict[str, str], *, came_from: str) -> _Target:
        headers = {"User-Agent": self._user_agent, "Accept": "*/*", "Accept-Encoding": "gzip", "Connection": "close"}
        target = _take_apart(url, headers | conditions, came_from)
        port = None if target.port == _PORTS[target.scheme] else target.port
        if (target.host, target.port) in self._hosts or (target.host, port) in self._hosts:
            return target
        cure = f"add {target.key} to the source's hosts in koll.toml if it is the same publisher"
        if came_from and _leads_inside(came_from, target.host):
            message = f"redirects to {target.key}, inside a private network, and was not followed; tell the publisher"
            raise FetchFailed("redirect-outside", came_from, message)
        if came_from:
            raise FetchFailed(
                "redirect-outside", came_from, f"redirects to {target.key}, which is not configured; {cure}"
            )
        raise FetchFailed("host-not-allowed", target.url, f"the host is not configured; {cure}")

    def _heed_robots(self, target: _Target) -> None:
        with self._robots_lock:
            if target.key not in self._robots:
                self._robots[target.key] = self._read_robots(target)
            robots = self._robots[target.key]
        if isinstance(robots, FetchFailed):
            why = str(robots).removesuffix(f" [{robots.code}]")
            message = f"not fetched, because the host's robots.txt could not be read ({why})"
            raise FetchFailed(robots.code, target.url, message, again=robots.again)
        if robots.delay > LONGEST_DELAY:
            message = f"robots.txt asks for {robots.delay:,.0f} s between pages; ask the publisher for another way"
            raise FetchFailed("robots-forbid", target.url, message)
        if not robots.allows(target.path):
            message = "robots.txt forbids it; take the page out of the source's settings or ask the publisher"
            raise FetchFailed("robots-forbid", target.url, message)

    def _read_robots(self, target: _Target) -> Robots | FetchFailed:
        """Ask once: 4xx means that nothing is forbidden, an error that nothing may be fetched (RFC 9309, 2.3.1)."""
        try:
            answer = self._chase(urljoin(target.url, "/robots.txt"), {}, _ROBOTS_BYTES, robots=False)
        except FetchFailed as failure:
            return failure
        if answer.status == 200:
            robots = read_robots(answer.content, self._user_agent)
            if robots.delay > self._delay:
                self._log(f"{target.key}: robots.txt asks for {robots.delay:g} s between requests, which is kept")
            return robots
        if answer.status == 204 or 400 <= answer.status < 500:
            return Robots()
        return refuse_status(answer.status, answer.target.url)

    # -- asking ---------------------------------------------------------------------------------------------------

    def _ask(self, target: _Target, budget: Budget, max_bytes: int) -> _Answer:
        """Ask, and ask again after a while when the fault may pass, as long as the budget lasts."""
        host = find_host(target.key, self._clock)
        for attempt in range(self._retries + 1):
            try:
                answer = self._ask_once(target, budget, max_bytes)
                if answer.status != 429 and answer.status < 500:
                    return answer
                failure = refuse_status(answer.status, target.url)
                host.leave_alone(self._clock(), read_retry_after(answer.headers))
            except FetchFailed as error:
                failure = error
            quiet = host.wait_needed(self._clock(), 0)
            if quiet and quiet >= budget.left():
                message = f"the host asked to be left alone for another {quiet:.0f} s; run the source after that"
                raise FetchFailed(failure.code, target.url, message, again=True)
            wait = max(quiet, float(2**attempt))
            if not failure.again or attempt == self._retries or wait >= budget.left():
                raise failure
            self._log(f"{target.key}: {failure.code}, asking again in {wait:g} s")
            self._sleep(wait)
        raise AssertionError("the loop above returns or raises")

    def _ask_once(self, target: _Target, budget: Budget, max_bytes: int) -> _Answer:
        with self._turn(target, budget):
            if budget.left() <= 0:
                raise FetchFailed("too-slow", target.url, f"not done within {self._deadline:g} s", again=True)
            self.requests_made[target.key] += 1
            note_request(target.key)
            guard = Guard(budget.left(), inside_allowed=is_inside_name(target.host))
            with guard, contextlib.closing(_Adapter(guard)) as adapter:
                try:
                    return self._exchange(adapter, target, guard, max_bytes)
                except (WireFault, requests.RequestException, HTTPError, http.client.HTTPException, OSError) as error:
                    raise explain(error, target.url, expired=guard.expired) from error

    def _exchange(self, adapter: _Adapter, target: _Target, guard: Guard, max_bytes: int) -> _Answer:
        response = adapter.send(target.request, stream=True, timeout=self._timeout, verify=self._verify, proxies={})
        with contextlib.closing(response):
            content = b""
            if response.status_code == 200:
                encoding = response.headers.get("Content-Encoding", "")
                content = read_body(response.raw, encoding=encoding, max_bytes=max_bytes, guard=guard)
            return _Answer(target, response.status_code, response.headers, content)

    @contextlib.contextmanager
    def _turn(self, target: _Target, budget: Budget) -> Iterator[None]:
        """Wait until the host may be asked: nobody else asks it, the delay has passed, no Retry-After holds."""
        host = find_host(target.key, self._clock)
        robots = self._robots.get(target.key)
        delay = max(self._delay, robots.delay) if isinstance(robots, Robots) else self._delay
        with contextlib.ExitStack() as held:
            with budget.paused():
                held.enter_context(host.turn)
                wait = host.wait_needed(self._clock(), delay)
                if wait > max(delay, self._deadline):
                    raise FetchFailed(
                        "too-many-requests", target.url, f"the host asked for {wait:.0f} s of quiet", again=True
                    )
                if wait > 0:
                    self._sleep(wait)
            try:
                yield
            finally:
                host.ended_at = self._clock()


def _leads_inside(came_from: str, host: str) -> bool:
    """Tell whether a page leads where no publisher's page does: into our network from outside it, or to the machine's
    own services (link-local addresses, where clouds hand out their secrets)."""
    with contextlib.suppress(ValueError):
        if ip_address(host).is_link_local:
            return True
    return is_inside_name(host) and not is_inside_name(parse_url(came_from).host or "")


def _follow(url: str, place: str) -> str:
    """Return where a Location header leads."""
    with contextlib.suppress(UnicodeError):  # header bytes come as latin-1; servers that do not escape mean UTF-8
        place = place.encode("latin-1").decode("utf-8")
    try:
        return urljoin(url, place)
    except ValueError as error:
        raise FetchFailed("redirect-outside", url, "redirects to what is no address; see it in a browser") from error


def _read_host(text: str) -> tuple[str, int | None]:
    """Read ``host``, ``host:port`` or a site's address into what targets are compared with. Raises ValueError."""
    address = text.strip() if "://" in text else f"//{text.strip()}"
    try:
        parts = parse_url(address if "://" in address else "http:" + address)
    except HTTPError as error:
        raise ValueError(f"host {text!r} is not a host name, host:port or http(s) address") from error
    if not parts.host or parts.scheme not in _PORTS:
        raise ValueError(f"host {text!r} is not a host name, host:port or http(s) address")
    named = parts.port if "://" not in text or parts.port != _PORTS[parts.scheme] else None
    return _plain_host(parts.host), named


def _plain_host(host: str) -> str:
    name = host.strip("[]").rstrip(".").lower()
    return name if name.isascii() else name.encode("idna").decode("ascii")


def _take_apart(url: str, headers: dict[str, str], came_from: str) -> _Target:
    """Prepare a request and read back from it where it will really go."""
    code = "redirect-outside" if came_from else "bad-url"
    shown = came_from or re.sub(r"//[^/]*@", "//", "".join(letter for letter in url if letter.isprintable()))[:200]
    try:
        prepared = requests.Request("GET", url, headers=headers).prepare()
        parts = parse_url(prepared.url or "")
        port = parts.port or _PORTS[parts.scheme or ""]
        if parts.scheme not in _PORTS or parts.auth or not parts.host or "\\" in url:
            raise ValueError("a name, a password or a backslash in a URL leads elsewhere than it reads")
        host = _plain_host(parts.host)
    except (requests.RequestException, HTTPError, ValueError, KeyError) as error:
        raise FetchFailed(code, shown, "leads to something that is not a plain http(s) address; correct it") from error
    return _Target(prepared, prepared.url or "", parts.scheme or "", host, port, prepared.path_url)


def _take_in(answer: _Answer, etag: str = "", last_modified: str = "") -> Fetched:
    headers = answer.headers
    content_type = headers.get("Content-Type", "")
    charset = _CHARSET.search(content_type)
    return Fetched(
        url=answer.target.url,
        status=answer.status,
        content=answer.content,
        media_type=content_type.split(";")[0].strip().lower(),
        charset=charset.group(1).lower() if charset else "",
        etag=headers.get("ETag", "").strip() or etag,
        last_modified=headers.get("Last-Modified", "").strip() or last_modified,
        not_modified=answer.status == 304,
    )
