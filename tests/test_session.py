"""The polite session against real servers on loopback that behave, and that misbehave in every way we know of."""

import gzip
import itertools
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from sources.contract import SourceBroken
from sources.web import wire
from sources.web.robots import read_robots
from sources.web.session import FetchFailed, PoliteSession
from sources.web.turns import counting_requests, read_retry_after

AGENT = "Medlemskoll/1.0 (Branschförbundet; +mailto:koll@example.org)"
Reply = bytes | Callable[[socket.socket], None]


def http(status: int, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class Server:
    """Answers each path with its replies in turn, the last one again and again; writes down who asked what, when."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.replies: dict[str, list[Reply]] = {"/robots.txt": [http(404)]}
        self.asked: list[tuple[str, dict[str, str], float]] = []
        self.tls = tls
        self._closing = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path: str = "/page") -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}{path}"

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.asked]

    def on(self, path: str, *replies: Reply) -> str:
        self.replies[path] = list(replies)
        return self.url(path)

    def close(self) -> None:
        self._closing.set()
        self._socket.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    more = connection.recv(65_536)
                    if not more:
                        return
                    head += more
                first, *rest = head.decode("latin-1").split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in rest if line)
                path = first.split(" ")[1]
                self.asked.append((path, headers, time.monotonic()))
                replies = self.replies.get(path, [http(404)])
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
                connection.sendall(reply) if isinstance(reply, bytes) else reply(connection)
        except OSError:
            pass  # the client hung up, which many of these tests are about


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def session_for(*hosts: str, fake: FakeTime | None = None, **settings) -> PoliteSession:
    fake = fake or FakeTime()
    settings = {"delay": 0, "sleep": fake.sleep, "clock": fake.clock, "user_agent": AGENT} | settings
    return PoliteSession(hosts, **settings)


def failure(session: PoliteSession, url: str) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        session.fetch(url)
    assert f"[{caught.value.code}]" in str(caught.value)
    return caught.value


# -- what comes home


def test_a_page_comes_home_with_what_its_headers_say(server: Server):
    url = server.on("/page", http(200, "räv".encode(), 'Content-Type: Text/HTML; Charset="UTF-8"', 'ETag: W/"7"'))
    fetched = session_for(server.host).fetch(url)
    assert (fetched.url, fetched.status, fetched.content) == (url, 200, "räv".encode())
    assert (fetched.media_type, fetched.charset, fetched.etag) == ("text/html", "utf-8", 'W/"7"')
    assert not fetched.not_modified


def test_no_charset_is_invented_where_the_header_names_none(server: Server):
    url = server.on("/page", http(200, b"x", "Content-Type: text/html"))
    assert session_for(server.host).fetch(url).charset == ""


def test_only_what_has_changed_is_asked_for_and_304_is_no_failure(server: Server):
    url = server.on("/page", http(304))
    fetched = session_for(server.host).fetch(url, etag='"7"', last_modified="Wed, 04 Mar 2026 03:00:00 GMT")
    assert fetched.not_modified
    assert (fetched.status, fetched.content, fetched.etag) == (304, b"", '"7"')
    _, headers, _ = server.asked[-1]
    assert headers["if-none-match"] == '"7"'
    assert headers["if-modified-since"] == "wed, 04 mar 2026 03:00:00 gmt"


def test_a_304_that_nobody_asked_for_is_refused(server: Server):
    assert failure(session_for(server.host), server.on("/page", http(304))).code == "unexpected-status"


def test_the_session_says_who_asks_in_letters_a_header_can_hold(server: Server):
    session_for(server.host).fetch(server.on("/page", http(200)))
    assert {headers["user-agent"] for _, headers, _ in server.asked} == {AGENT.replace("ö", "o").lower()}


@pytest.mark.parametrize("agent", ["", " ", "Koll\r\nX-Other: 1"])
def test_a_session_without_an_honest_name_does_not_start(agent: str):
    with pytest.raises(ValueError, match="user_agent"):
        session_for("example.se", user_agent=agent)


def test_cookies_and_the_environment_change_nothing(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    session = session_for(server.host)
    url = server.on("/page", http(200, b"x", "Set-Cookie: visitor=1; Path=/"))
    session.fetch(url)
    session.fetch(url)
    assert len(server.asked) == 3
    assert all("cookie" not in headers and "authorization" not in headers for _, headers, _ in server.asked)


def gzipped(body: bytes) -> bytes:
    return http(200, gzip.compress(body), "Content-Encoding: gzip")


def test_packed_pages_are_unpacked_also_in_several_members_and_with_padding(server: Server):
    page = "räksmörgås ".encode() * 30_000
    halves = gzip.compress(page[:1000]) + gzip.compress(page[1000:])
    deflated = zlib.compress(page)
    raw = zlib.compressobj(wbits=-15)
    for reply in (
        gzipped(page),
        http(200, halves, "Content-Encoding: x-gzip"),
        http(200, halves + b"\0\0\n", "Content-Encoding: gzip"),
        http(200, deflated, "Content-Encoding: deflate"),
        http(200, raw.compress(page) + raw.flush(), "Content-Encoding: deflate"),
        http(200, page, "Content-Encoding: identity"),
    ):
        assert session_for(server.host).fetch(server.on("/page", reply)).content == page


def chunked(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + end


def test_a_page_in_chunks_comes_home_whole(server: Server):
    url = server.on("/page", chunked(b"ab", b"c" * 100_000))
    assert session_for(server.host).fetch(url).content == b"ab" + b"c" * 100_000


# -- where it goes


def test_only_configured_hosts_are_asked(server: Server):
    refused = failure(session_for("example.se"), server.url())
    assert refused.code == "host-not-allowed"
    assert f"add {server.host}" in str(refused)
    assert failure(session_for("127.0.0.1"), server.url()).code == "host-not-allowed"
    assert failure(session_for(f"127.0.0.1:{server.port + 1}"), server.url()).code == "host-not-allowed"
    assert server.asked == []


def test_a_host_may_be_configured_as_the_address_of_its_site(server: Server):
    assert session_for(f"http://{server.host}/start").fetch(server.on("/page", http(200, b"x"))).content == b"x"


@pytest.mark.parametrize("host", ["", "ftp://example.se", "http://", "exa mple.se:x"])
def test_a_host_that_is_none_is_refused_at_the_start(host: str):
    with pytest.raises(ValueError, match="host"):
        session_for(host)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://{host}/x",
        "//{host}/x",
        "page",
        "http://",
        "http://someone:secret@{host}/",
        "http://example.org\\@{host}/",
        "http://[::1/",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_reads_otherwise_than_it_leads_is_refused(server: Server, url: str):
    refused = failure(session_for(server.host, "example.org"), url.format(host=server.host))
    assert refused.code == "bad-url"
    assert "secret" not in str(refused)
    assert server.asked == []


def test_a_redirect_inside_the_configured_hosts_is_followed_to_where_the_page_is(server: Server):
    server.on("/old", http(301, b"", "Location: /nyhet/å"))
    server.on("/nyhet/%C3%A5", http(301, b"", "Location: /utf8/" + "å".encode().decode("latin-1")))
    server.on("/utf8/%C3%A5", http(302, b"", f"Location: {server.url('/page')}#top"))
    server.on("/page", http(200, b"here"))
    session = session_for(server.host)
    fetched = session.fetch(server.url("/old"))
    assert (fetched.content, fetched.url.partition("#")[0]) == (b"here", server.url("/page"))
    assert session.requests_made == {server.host: 5}


@pytest.mark.parametrize(
    "place",
    [
        "http://example.org/",
        "http://127.0.0.1:1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:80/",
        "//0x7f.1/",
        "file:///etc/passwd",
        "http://[bad",
        "\\\\example.org\\x",
    ],
)
def test_a_redirect_to_anywhere_else_is_not_followed(server: Server, place: str):
    url = server.on("/page", http(302, b"", f"Location: {place}"))
    assert failure(session_for(server.host), url).code == "redirect-outside"
    assert server.paths() == ["/robots.txt", "/page"]


def test_a_second_server_is_reached_by_redirect_only_when_it_is_configured(server: Server):
    other = Server()
    other.on("/page", http(200, b"there"))
    url = server.on("/page", http(307, b"", f"Location: {other.url()}"))
    refused = failure(session_for(server.host), url)
    assert refused.code == "redirect-outside"
    assert f"add {other.host}" in str(refused)
    assert other.asked == []
    assert session_for(server.host, other.host).fetch(url).content == b"there"
    assert other.paths() == ["/robots.txt", "/page"]
    other.close()


def test_redirects_in_a_circle_or_without_end_are_left(server: Server):
    server.on("/a", http(302, b"", "Location: /b"))
    server.on("/b", http(302, b"", "Location: /a"))
    assert failure(session_for(server.host), server.url("/a")).code == "redirect-loop"
    for step in range(9):
        server.on(f"/{step}", http(302, b"", f"Location: /{step + 1}"))
    before = len(server.asked)
    assert failure(session_for(server.host), server.url("/0")).code == "redirect-loop"
    assert len(server.asked) - before == 1 + 6


def test_five_redirects_are_followed(server: Server):
    for step in range(5):
        server.on(f"/{step}", http(302, b"", f"Location: /{step + 1}"))
    server.on("/5", http(200, b"end"))
    assert session_for(server.host).fetch(server.url("/0")).content == b"end"


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Stand in for a name server, the one part of the world that loopback cannot offer."""
    asked: list[str] = []
    turns = itertools.chain(answers, itertools.repeat(answers[-1]))
    original = socket.getaddrinfo

    def resolve(host, port, *args, **kwargs):
        try:
            ip_address(host)
        except ValueError:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(turns)]
        return original(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_a_public_name_that_leads_inside_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch):
    resolve_to(monkeypatch, ["127.0.0.1", "10.0.0.7"])
    refused = failure(session_for(f"nix.example.se:{server.port}"), f"http://nix.example.se:{server.port}/page")
    assert refused.code == "private-address"
    assert server.asked == []


def test_a_name_is_resolved_once_for_a_connection_so_that_it_cannot_change_in_between(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    asked = resolve_to(monkeypatch, ["127.0.0.1"])
    monkeypatch.setattr(wire, "is_public", lambda _: True)
    server.on("/page", http(200, b"x"))
    session = session_for(f"nix.example.se:{server.port}")
    session.fetch(f"http://nix.example.se:{server.port}/page")
    assert len(asked) == len(server.asked) == 2
    assert server.asked[0][1]["host"] == f"nix.example.se:{server.port}"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2a00:801:f::1", True),
        *[(address, False) for address in ("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254")],
        *[(address, False) for address in ("0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::", "::1")],
        *[(address, False) for address in ("fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "2002:7f00:1::")],
        ("64:ff9b::a00:1", False),
        ("64:ff9b::5db8:d70e", True),
    ],
)
def test_addresses_inside_are_told_from_public_ones(address: str, public: bool):
    assert wire.is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        *((host, True) for host in ("127.0.0.1", "::1", "localhost", "wiki.internal", "web")),
        *((host, False) for host in ("example.se", "8.8.8.8", "localhost.example.se")),
    ],
)
def test_a_configured_host_says_by_itself_whether_it_is_inside(host: str, inside: bool):
    assert wire.is_inside_name(host) is inside


def test_a_name_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch):
    def find_nothing(*_args, **_settings):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", find_nothing)
    refused = failure(session_for("nix.example.se"), "https://nix.example.se/")
    assert (refused.code, refused.again) == ("dns-failure", False)
    assert "nix.example.se" in str(refused)
    assert "koll.toml" in str(refused)


# -- robots.txt


def test_robots_is_asked_once_and_kept_to(server: Server):
    server.on("/robots.txt", http(200, b"User-agent: *\nDisallow: /closed\n"))
    server.on("/page", http(200, b"x"))
    session = session_for(server.host)
    session.fetch(server.url("/page"))
    assert failure(session, server.url("/closed/1")).code == "robots-forbid"
    session.fetch(server.url("/page"))
    assert server.paths() == ["/robots.txt", "/page", "/page"]
    assert session.requests_made == {server.host: 3}


def test_requests_are_counted_for_the_source_that_makes_them_and_not_for_one_read_meanwhile(server: Server):
    server.on("/page", http(200, b"x"))
    with counting_requests() as mine, ThreadPoolExecutor(1) as beside:
        beside.submit(session_for(server.host).fetch, server.url("/page")).result()
        assert (len(server.asked), mine) == (2, {})
        session_for(server.host).fetch(server.url("/page"))
    assert mine == {server.host: 2}


def test_a_redirect_into_what_robots_closes_is_not_followed(server: Server):
    server.on("/robots.txt", http(200, b"User-agent: *\nDisallow: /closed\n"))
    url = server.on("/page", http(302, b"", "Location: /closed/1"))
    assert failure(session_for(server.host), url).code == "robots-forbid"
    assert "/closed/1" not in server.paths()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_host_without_robots_forbids_nothing(server: Server, status: int):
    server.on("/robots.txt", http(status))
    assert session_for(server.host).fetch(server.on("/page", http(200, b"x"))).content == b"x"


@pytest.mark.parametrize(("reply", "code"), [(http(503), "server-error"), (http(429), "too-many-requests")])
def test_nothing_is_fetched_from_a_host_whose_robots_cannot_be_read(server: Server, reply: bytes, code: str):
    server.on("/robots.txt", reply)
    server.on("/page", http(200, b"x"))
    session = session_for(server.host, retries=1)
    first, second = failure(session, server.url()), failure(session, server.url())
    assert first.code == second.code == code
    assert "robots.txt could not be read" in str(first)
    assert server.paths() == ["/robots.txt"] * 2


def test_the_longer_of_our_delay_and_the_hosts_is_kept(server: Server):
    fake, lines = FakeTime(), []
    server.on("/robots.txt", http(200, b"User-agent: *\nCrawl-delay: 7\n"))
    server.on("/page", http(200, b"x"))
    session = session_for(server.host, fake=fake, delay=2, log=lines.append)
    session.fetch(server.url())
    session.fetch(server.url())
    assert fake.slept == [7, 7]
    assert lines == [f"{server.host}: robots.txt asks for 7 s between requests, which is kept"]


def test_a_host_that_wants_a_day_between_pages_is_not_read(server: Server):
    server.on("/robots.txt", http(200, b"User-agent: *\nCrawl-delay: 86400\n"))
    assert failure(session_for(server.host), server.on("/page", http(200))).code == "robots-forbid"


ROBOTS = """\ufeff# a comment
User-agent: OtherBot
Disallow: /

user-agent: *
Sitemap: https://example.se/wp-sitemap.xml
Disallow: /wp-admin/
Allow: /wp-admin/admin-ajax.php
Disallow: /*?s=
Disallow: /*.pdf$
Disallow: /sm%C3%B6r
Disallow:
Disallow /no-colon
crawl-delay: 1.5
"""


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        *((path, True) for path in ("/", "/arenden/21-072", "/a/b?page=2&s=1", "/a.pdf?x", "/no-colon")),
        *((path, False) for path in ("/wp-admin/", "/?s=nix", "/a.pdf", "/smör/1", "/sm%c3%b6r", "/%77p-admin/x")),
        ("/wp-admin/admin-ajax.php?x=1", True),
    ],
)
def test_robots_is_read_as_rfc_9309_says(target: str, allowed: bool):
    robots = read_robots(ROBOTS.encode(), AGENT)
    assert robots.allows(target) is allowed
    assert robots.delay == 1.5


def test_our_own_groups_stand_instead_of_those_for_everybody():
    text = b"User-agent: *\nDisallow: /\n\nUser-agent: MedlemsKoll\nUser-agent: x\nAllow: /a\nDisallow: /a/b\n"
    robots = read_robots(text + b"User-agent: medlemskoll/2\nDisallow: /c", AGENT)
    assert [robots.allows(path) for path in ("/", "/a/b", "/a/x", "/c")] == [True, False, True, False]
    assert not read_robots(text, "Another/1.0").allows("/")


@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_robots_and_any_path_are_read_without_raising(content: bytes, path: str):
    allowed = read_robots(b"User-agent: *\n" + content, AGENT).allows("/" + path.encode("utf-8", "ignore").decode())
    assert allowed in (True, False)


def test_a_hostile_robots_pattern_is_matched_in_linear_time():
    robots = read_robots(b"User-agent: *\nDisallow: /" + b"*a" * 50_000 + b"*b$\n", AGENT)
    began = time.perf_counter()
    assert robots.allows("/" + "a" * 100_000)
    assert time.perf_counter() - began < 2


# -- waiting


def test_requests_to_one_host_keep_the_delay_also_between_sessions_and_threads(server: Server):
    server.on("/page", http(200, b"x"))
    sessions = [session_for(server.host, delay=0.05, sleep=time.sleep, clock=time.monotonic) for _ in range(3)]
    threads = [threading.Thread(target=session.fetch, args=(server.url(),)) for session in sessions for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = [at for _, _, at in server.asked]
    assert len(times) == 3 + 6
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.05


def test_two_hosts_do_not_wait_for_each_other(server: Server):
    fake, other = FakeTime(), Server()
    session = session_for(server.host, other.host, fake=fake, delay=60)
    for one in (server, other):
        one.on("/page", http(200, b"x"))
        session.fetch(one.url())
    assert fake.slept == [60, 60]  # between robots.txt and the page, at each
    other.close()


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_passing_fault_is_waited_out(server: Server, status: int):
    fake, lines = FakeTime(), []
    url = server.on("/page", http(status), http(status), http(200, b"back"))
    session = session_for(server.host, fake=fake, log=lines.append)
    assert session.fetch(url).content == b"back"
    assert fake.slept == [1, 2]
    assert len(lines) == 2


def test_a_lasting_fault_ends_after_the_retries(server: Server):
    refused = failure(session_for(server.host, retries=2), server.on("/page", http(500)))
    assert (refused.code, refused.again) == ("server-error", True)
    assert server.paths() == ["/robots.txt"] + ["/page"] * 3
    assert isinstance(refused, SourceBroken)


def test_retry_after_in_seconds_is_kept(server: Server):
    fake = FakeTime()
    url = server.on("/page", http(429, b"", "Retry-After: 20"), http(200, b"x"))
    assert session_for(server.host, fake=fake).fetch(url).content == b"x"
    assert sum(fake.slept) == 20


def test_retry_after_as_a_date_is_held_against_the_servers_own_clock(server: Server):
    fake, wrong = FakeTime(), datetime(2001, 2, 3, 4, 5, tzinfo=UTC)
    dates = [
        f"Date: {format_datetime(wrong, True)}",
        f"Retry-After: {format_datetime(wrong + timedelta(seconds=30), True)}",
    ]
    url = server.on("/page", http(503, b"", *dates), http(200, b"x"))
    session_for(server.host, fake=fake).fetch(url)
    assert sum(fake.slept) == 30


def test_a_host_that_asks_for_an_hour_is_left_alone_at_once_and_for_that_hour(server: Server):
    fake = FakeTime()
    server.on("/page", http(429, b"", "Retry-After: 3600"))
    session = session_for(server.host, fake=fake)
    refused = failure(session, server.url())
    assert refused.code == "too-many-requests"
    assert "3600 s" in str(refused)
    assert failure(session, server.url("/other")).code == "too-many-requests"
    assert server.paths() == ["/robots.txt", "/page"]
    fake.now += 3_600
    server.on("/page", http(200, b"x"))
    assert session.fetch(server.url()).content == b"x"
    assert fake.slept == []


@pytest.mark.parametrize("value", ["", "soon", "-5", "9" * 5_000, "٣", "Wed, 99 Foo 2026", "Wed, 04 Mar 2026 03:00:00"])
def test_a_retry_after_that_says_nothing_is_passed_over(value: str):
    assert read_retry_after({"Retry-After": value}) is None


@pytest.mark.parametrize(("status", "code"), [(404, "not-found"), (410, "not-found"), (403, "forbidden")])
def test_a_refusal_is_not_asked_again(server: Server, status: int, code: str):
    refused = failure(session_for(server.host), server.on("/page", http(status)))
    assert (refused.code, refused.again, server.paths()) == (code, False, ["/robots.txt", "/page"])


@pytest.mark.parametrize("status", [204, 206, 300, 302, 418])
def test_a_status_that_is_no_answer_is_named(server: Server, status: int):
    assert failure(session_for(server.host), server.on("/page", http(status))).code == "unexpected-status"


# -- what goes wrong on the wire


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_a_broken_connection_is_tried_again_and_then_named(server: Server):
    url = server.on("/page", reset, http(200, b"back"))
    assert session_for(server.host).fetch(url).content == b"back"
    assert failure(session_for(server.host, retries=1), server.on("/page", reset)).code == "connection-failure"


def test_a_place_where_nothing_answers_is_named():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        host = f"127.0.0.1:{closed.getsockname()[1]}"
    refused = failure(session_for(host, retries=0), f"http://{host}/")
    assert refused.code == "connection-failure"
    assert "nothing answers" in str(refused)


def test_what_does_not_speak_http_is_named_without_repeating_it(server: Server):
    refused = failure(session_for(server.host, retries=0), server.on("/page", b"220 anna.svensson mail ready\r\n"))
    assert refused.code == "connection-failure"
    assert "anna" not in str(refused)


@pytest.mark.parametrize(
    "reply",
    [
        http(200, b"half", length=400),
        chunked(b"half", end=b""),
        chunked(b"half", end=b"fff\r\nhalf"),
        chunked(b"half", end=b"zz\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\nhalf",
    ],
)
def test_half_a_page_is_never_taken_for_a_whole_one(server: Server, reply: bytes):
    refused = failure(session_for(server.host, retries=0), server.on("/page", reply))
    assert (refused.code, refused.again) == ("wrong-length", True)


def test_packed_content_that_is_cut_or_damaged_or_strange_is_refused(server: Server):
    packed = gzip.compress(b"page " * 1_000)
    for body, encoding in (
        (packed[:-9], "gzip"),
        (packed[:20] + b"\xff" + packed[21:], "gzip"),
        (b"<html>", "gzip"),
        (packed + packed[:-5], "gzip"),
        (zlib.compress(b"page " * 99)[:-6], "deflate"),
        (b"page", "br"),
        (packed, "gzip, gzip"),
    ):
        url = server.on("/page", http(200, body, f"Content-Encoding: {encoding}"))
        refused = failure(session_for(server.host), url)
        assert (refused.code, refused.again) == ("bad-content-encoding", False)


def test_a_page_larger_than_allowed_is_refused_before_it_is_read(server: Server):
    url = server.on("/page", http(200, b"", length=10**12))
    assert failure(session_for(server.host, max_bytes=1_000), url).code == "too-large"


def send_for_ever(piece: bytes, pause: float) -> Callable[[socket.socket], None]:
    def send(connection: socket.socket) -> None:
        while True:
            connection.sendall(piece)
            time.sleep(pause)

    return send


def test_a_body_without_end_is_cut_at_the_cap(server: Server):
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        send_for_ever(b"x" * 100_000, 0)(connection)

    assert failure(session_for(server.host, max_bytes=500_000), server.on("/page", endless)).code == "too-large"


def test_exactly_the_allowed_size_is_taken(server: Server):
    session = session_for(server.host, max_bytes=100_000)
    assert len(session.fetch(server.on("/page", http(200, b"x" * 100_000))).content) == 100_000
    assert len(session.fetch(server.on("/page", gzipped(b"x" * 100_000))).content) == 100_000
    assert failure(session, server.on("/page", gzipped(b"x" * 100_001))).code == "too-large"


def test_a_gzip_bomb_is_stopped_while_it_unpacks(server: Server):
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1_000_000)
    bomb = b"".join(packer.compress(zeros) for _ in range(400)) + packer.flush()
    url = server.on("/page", http(200, bomb, "Content-Encoding: gzip"))
    began = time.perf_counter()
    assert failure(session_for(server.host, max_bytes=2_000_000), url).code == "too-large"
    assert time.perf_counter() - began < 0.5
    assert len(bomb) < 500_000


def drip(start: bytes) -> Callable[[socket.socket], None]:
    def send(connection: socket.socket) -> None:
        connection.sendall(start)
        send_for_ever(b"x", 0.02)(connection)

    return send


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTT",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n",
    ],
)
def test_a_server_that_drips_is_left_at_the_deadline(server: Server, start: bytes):
    url = server.on("/page", drip(start))
    session = session_for(server.host, deadline=0.3, retries=0, sleep=time.sleep, clock=time.monotonic)
    began = time.monotonic()
    assert failure(session, url).code == "too-slow"
    assert 0.2 < time.monotonic() - began < 1.5


def test_a_server_that_falls_silent_is_left_at_the_timeout(server: Server):
    url = server.on("/page", lambda _: time.sleep(1))
    refused = failure(session_for(server.host, timeout=(1, 0.1), retries=0), url)
    assert (refused.code, refused.again) == ("too-slow", True)
    assert "fell silent" in str(refused)


def test_retries_end_with_the_deadline(server: Server):
    fake = FakeTime()
    refused = failure(session_for(server.host, fake=fake, retries=50, deadline=20), server.on("/page", http(500)))
    assert refused.code == "server-error"
    assert sum(fake.slept) <= 20


def test_waiting_out_of_politeness_does_not_use_up_the_deadline(server: Server):
    session = session_for(server.host, delay=500, deadline=10)
    server.on("/a", http(302, b"", "Location: /b"))
    server.on("/b", http(200, b"x"))
    assert session.fetch(server.url("/a")).content == b"x"


# -- certificates


def make_tls(folder: Path, *, name: str = "127.0.0.1", expired: bool = False) -> ssl.SSLContext:
    """Write ca.pem and return a server context whose certificate it signed."""
    now = datetime.now(UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Exempel CA")])
    until = now - timedelta(days=1) if expired else now + timedelta(days=1)

    def certificate(subject: x509.Name, public, until: datetime) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(ca_name).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - timedelta(days=3)).not_valid_after(until)

    ca = certificate(ca_name, ca_key.public_key(), now + timedelta(days=1))
    ca = ca.add_extension(x509.BasicConstraints(True, None), True).sign(ca_key, hashes.SHA256())
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))])
    leaf = certificate(x509.Name([]), key.public_key(), until).add_extension(alternative, True)
    leaf = leaf.sign(ca_key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "leaf.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + leaf.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem")
    return context


def fetch_over_tls(folder: Path, *, trust: bool = True, **certificate) -> tuple[bytes, str, Server]:
    server = Server(make_tls(folder, **certificate))
    server.on("/page", http(200, b"secure"))
    session = session_for(server.host, ca_file=folder / "ca.pem" if trust else None)
    try:
        return session.fetch(server.url()).content, "", server
    except FetchFailed as refused:
        assert refused.code == "tls-failure"
        return b"", str(refused), server
    finally:
        server.close()


def test_a_page_is_fetched_over_tls_under_a_trusted_certificate(tmp_path: Path):
    content, _, _ = fetch_over_tls(tmp_path)
    assert content == b"secure"


@pytest.mark.parametrize(
    ("certificate", "why"),
    [({"expired": True}, "expired"), ({"name": "127.0.0.2"}, "mismatch"), ({"trust": False}, "issuer|self-signed")],
)
def test_a_certificate_that_does_not_hold_stops_before_anything_is_asked(tmp_path: Path, certificate: dict, why: str):
    content, refused, server = fetch_over_tls(tmp_path, **certificate)
    assert content == b""
    assert any(word in refused for word in why.split("|"))
    assert server.asked == []


def test_a_list_of_authorities_that_is_not_there_is_named_at_the_start(tmp_path: Path):
    with pytest.raises(ValueError, match=r"ca_file .*nowhere\.pem"):
        session_for("example.se", ca_file=tmp_path / "nowhere.pem")


def test_a_server_without_tls_at_a_tls_address_is_named():
    with socket.create_server(("127.0.0.1", 0)) as plain:
        host = f"127.0.0.1:{plain.getsockname()[1]}"
        threading.Thread(target=lambda: plain.accept()[0].sendall(http(400)), daemon=True).start()
        refused = failure(session_for(host, retries=0), f"https://{host}/")
    assert refused.code == "tls-failure"
    assert "encrypted" in str(refused)


def test_a_tls_server_that_drips_its_handshake_is_left_at_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        session = session_for(host, deadline=0.3, retries=0, sleep=time.sleep, clock=time.monotonic)
        began = time.monotonic()
        assert failure(session, f"https://{host}/").code == "too-slow"
        assert time.monotonic() - began < 1.5
