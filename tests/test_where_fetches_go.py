"""Where a fetch can be lured: by a name that changes, an odd host, a redirect. It goes to configured hosts alone."""

import itertools
import socket
from ipaddress import ip_address

import pytest
from urllib3.util import connection as urllib3_connection

from sources.web import wire
from sources.web.session import PoliteSession
from tests.test_session import AGENT, Server, failure, http, resolve_to, server, session_for

__all__ = ["server"]
PUBLIC = "93.184.215.14"
INSIDE = (
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "0.0.0.1", "10.0.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254",
    "169.254.170.2", "100.100.100.200", "192.0.0.1", "198.18.0.1", "240.0.0.1", "255.255.255.255",
    "::1", "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "fe80::1",
    "fec0::1",
    "fd00:ec2::254", "ff02::1", "2002:7f00:1::", "2002:a9fe:a9fe::", "64:ff9b::7f00:1", "64:ff9b:1::a00:1",
    "2001:db8::1", "2001:0:5ef5:79fd:0:0:80ff:fffe",
)  # fmt: skip
# One machine, written in every way that a parser has been known to read.
LOOPBACK = (
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "017700000001", "0177.0.0.1",
    "0177.1", "00000177.0.0.1", "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "127.0.0.1.",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::1%25lo]",
    "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "\u2460\u2461\u2466.0.0.1", "loc\u00adalhost",
)  # fmt: skip


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that are connected to; none of them is reached."""
    made: list[str] = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        made.append(address[0])
        raise OSError("not reached in a test")

    monkeypatch.setattr(urllib3_connection, "create_connection", connect)
    return made


# -- names that change what they lead to (DNS rebinding)


def test_a_name_that_is_public_when_checked_is_connected_to_at_that_address_only(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolve_to(monkeypatch, [PUBLIC], ["127.0.0.1"])
    failure(session_for("nix.example.se", retries=0), "https://nix.example.se/page")
    assert lines == [PUBLIC] and asked == ["nix.example.se"], "the second answer is never asked for"


def test_a_name_that_turns_inside_between_two_requests_is_refused_then(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """robots.txt is fetched while the name seems public; the page is asked for when it leads inside."""
    server.on("/page", http(200, b"inside"))
    judged = itertools.chain([True], itertools.repeat(False))
    monkeypatch.setattr(wire, "is_public", lambda _: next(judged))
    resolve_to(monkeypatch, ["127.0.0.1"])
    name = f"nix.example.se:{server.port}"
    assert failure(session_for(name), f"http://{name}/page").code == "private-address"
    assert server.paths() == ["/robots.txt"]


def test_of_several_addresses_only_the_public_ones_are_tried(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, ["10.0.0.7", PUBLIC, "::ffff:127.0.0.1", "169.254.169.254"])
    failure(session_for("nix.example.se", retries=0), "https://nix.example.se/page")
    assert lines == [PUBLIC]


@pytest.mark.parametrize("address", INSIDE)
def test_a_public_name_that_leads_to_an_address_inside_is_refused_before_any_connection(
    lines: list[str], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    assert not wire.is_public(ip_address(address))
    resolve_to(monkeypatch, [address])
    assert failure(session_for("nix.example.se"), "http://nix.example.se/").code == "private-address"
    assert lines == []


# -- hosts written oddly


@pytest.mark.parametrize("host", LOOPBACK)
def test_no_writing_of_loopback_is_fetched_where_a_publisher_is_configured(lines: list[str], host: str) -> None:
    refused = failure(session_for("nix.example.se"), f"http://{host}/latest/meta-data/")
    assert refused.code in ("host-not-allowed", "bad-url")
    assert lines == []


@pytest.mark.parametrize("host", LOOPBACK)
def test_no_redirect_to_a_writing_of_loopback_is_followed(server: Server, host: str) -> None:
    """The publisher here is on loopback itself, which is allowed because it is configured, with its port."""
    url = server.on("/page", http(302, b"", "Location: http://" + host.encode().decode("latin-1") + "/"))
    assert failure(session_for(server.host), url).code == "redirect-outside"
    assert server.paths() == ["/robots.txt", "/page"]


def test_loopback_that_is_written_oddly_in_the_configuration_is_no_way_in(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dotted numbers in hexadecimal or octal are names to us: what they lead to is judged like any name's address."""
    for host in ("0x7f.0.0.1", "0177.0.0.1", "127.0.1"):
        resolve_to(monkeypatch, ["127.0.0.1"])
        assert failure(session_for(host), f"http://{host}/").code == "private-address"
    assert lines == []


ALLOWED = "nix.example.se"
TRICKS = (
    f"http://{ALLOWED}@evil.example/", f"http://{ALLOWED}:80@evil.example/", f"http://{ALLOWED}%40evil.example/",
    f"http://evil.example#@{ALLOWED}/", f"http://evil.example?@{ALLOWED}/", f"http://evil.example\\@{ALLOWED}/",
    f"http://evil.example%2f@{ALLOWED}/", f"http://{ALLOWED}.evil.example/", f"http://evil{ALLOWED}/",
    f"http://{ALLOWED}:8080/", f"https://{ALLOWED}:22/", f"http://{ALLOWED}:0/", f"http://{ALLOWED}%00.evil.example/",
    f"http://{ALLOWED}\t.evil.example/", f"http://evil.example/{ALLOWED}", f"http:evil.example/@{ALLOWED}",
    f"http:/evil.example/{ALLOWED}", f"http:///evil.example/{ALLOWED}", f"//{ALLOWED}@evil.example/",
    "http://xn--nx-2ia.example.se/", "http://n\u0456x.example.se/", f"http://{ALLOWED}\u3002evil.example/",
    f"http://user:pass@{ALLOWED}/", f"gopher://{ALLOWED}/", f"file://{ALLOWED}/etc/passwd", f"ftp://{ALLOWED}/",
    f"jar:http://{ALLOWED}!/", f"data:text/html,{ALLOWED}", "http://[::1]@nix.example.se/",
)  # fmt: skip


@pytest.mark.parametrize("url", TRICKS)
def test_an_address_that_only_looks_like_the_configured_host_leads_nowhere_else(
    lines: list[str], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """Whatever is asked for is asked of the configured name, or refused without a word to anybody."""
    asked = resolve_to(monkeypatch, [PUBLIC])
    failure(session_for(ALLOWED, retries=0), url)
    assert set(asked) <= {ALLOWED} and lines in ([], [PUBLIC])


@pytest.mark.parametrize("host", [f"{ALLOWED}.", "NIX.Example.SE", "nix.example.se.:80", "n\u0131x.example.se"])
def test_the_same_host_in_another_writing_is_the_same_and_a_likeness_is_not(
    lines: list[str], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    asked = resolve_to(monkeypatch, [PUBLIC])
    refused = failure(session_for(ALLOWED, retries=0), f"http://{host}/")
    if "\u0131" in host:
        assert refused.code == "host-not-allowed" and asked == []
    else:
        assert lines == [PUBLIC]


def test_a_name_of_other_letters_is_compared_as_dns_knows_it(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolve_to(monkeypatch, [PUBLIC])
    failure(session_for("nämnden.example.se", retries=0), "http://xn--nmnden-bua.example.se/")
    failure(session_for("xn--nmnden-bua.example.se", retries=0), "http://NÄMNDEN.example.se/")
    assert lines == [PUBLIC, PUBLIC] and len(asked) == 2


# -- redirects


@pytest.mark.parametrize(
    "place",
    [
        "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:70/1", "dict://127.0.0.1:11211/stat",
        "javascript:alert(1)", "data:text/plain,x", "http://169.254.169.254/latest/", "http://[fd00:ec2::254]/latest/",
        "http://metadata.google.internal/", "http://2852039166/", "http://0xa9fea9fe/", "http://[::ffff:a9fe:a9fe]/",
        "https://allowed@evil.example/", "//evil.example/", "http://localhost/", "http://127.0.0.1/", "http://127.1/",
        "/\\evil.example/", "http://evil.example\r\nHost: nix.example.se/",
    ],
)  # fmt: skip
def test_a_redirect_to_another_scheme_host_or_port_ends_the_fetch(
    server: Server, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolve_to(monkeypatch, ["127.0.0.1"])
    url = server.on("/page", http(302, b"", f"Location: {place}"))
    refused = failure(session_for(server.host), url)
    assert refused.code == "redirect-outside", refused
    assert asked == [], "no name but the configured one is looked up"
    assert server.paths() == ["/robots.txt", "/page"]


def test_another_port_of_the_same_machine_is_another_host(server: Server) -> None:
    other = Server()
    try:
        other.on("/page", http(200, b"a service inside"))
        url = server.on("/page", http(302, b"", f"Location: {other.url()}"))
        assert failure(session_for(server.host), url).code == "redirect-outside"
        assert other.asked == []
    finally:
        other.close()


def test_robots_that_redirects_elsewhere_is_not_followed_either(server: Server) -> None:
    other = Server()
    try:
        server.on("/robots.txt", http(302, b"", f"Location: {other.url('/robots.txt')}"))
        server.on("/page", http(200, b"x"))
        assert failure(session_for(server.host), server.url()).code == "redirect-outside"
        assert other.asked == [] and server.paths() == ["/robots.txt"]
    finally:
        other.close()


def test_loopback_is_fetched_where_it_is_configured_and_only_there(server: Server) -> None:
    server.on("/page", http(200, b"the demo's own site"))
    assert session_for(server.host).fetch(server.url()).content == b"the demo's own site"
    assert failure(session_for("nix.example.se"), server.url()).code == "host-not-allowed"
    with pytest.raises(ValueError, match="host"):
        PoliteSession(["file:///etc/passwd"], user_agent=AGENT)
