"""What one request may do on the wire: which addresses it reaches, how long it lives, how much it brings home.

The polite session decides *whether* to ask; this file keeps what answers from doing harm. A name is resolved once
and the very addresses that were checked are connected to, so that a name which changes its address between check
and use (DNS rebinding) gains nothing. Addresses inside the association's own network are refused unless the
configured host is itself such a name or address.
"""

import contextlib
import ipaddress
import socket
import threading
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from sources.faults import WireFault

if TYPE_CHECKING:
    from urllib3._base_connection import BaseHTTPConnection, BaseHTTPSConnection

_CHUNK = 65_536
_GZIP_START = 0x1F
_INSIDE_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".intranet", ".home.arpa")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Guard:
    """The rules of one request, and the watch that ends it.

    A read timeout starts anew with every byte, so a server that drips can hold a reader for ever, in its headers
    too. The watch therefore closes the connection itself when ``seconds`` have passed; ``expired`` then tells why.
    Use as a context manager around the whole exchange.
    """

    def __init__(self, seconds: float, *, inside_allowed: bool) -> None:
        self.inside_allowed = inside_allowed
        self.expired = False
        self._lines: list[socket.socket] = []
        self._timer = threading.Timer(max(seconds, 0.001), self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Start the watch."""
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop the watch and let go of the connections."""
        self._timer.cancel()
        for line in self._lines:
            line.close()

    def watch(self, connection: socket.socket) -> None:
        """Take a second handle on the connection: TLS detaches the first one, this one stays ours to close."""
        self._lines.append(connection.dup())
        if self.expired:
            self._cut()

    def _cut(self) -> None:
        self.expired = True
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


def is_inside_name(host: str) -> bool:
    """Tell whether a configured host says by itself that it is inside: a private address, localhost, a bare name."""
    try:
        return not is_public(ipaddress.ip_address(host))
    except ValueError:
        return "." not in host or host.endswith(_INSIDE_ENDINGS)


def is_public(address: IpAddress) -> bool:
    """Tell whether an address belongs to the open internet; an IPv4 address wrapped in IPv6 is judged unwrapped."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:  # fec0::/10, given up long ago and still routed in some networks
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def find_addresses(host: str, port: int, *, inside_allowed: bool) -> list[str]:
    """Resolve a host to the addresses that may be connected to, in the system's order.

    Raises WireFault: ``dns-failure`` when the name is not found, ``private-address`` when none of its addresses is
    on the open internet and ``inside_allowed`` is false.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        again = error.errno == socket.EAI_AGAIN
        message = f"the name {host} was not found in DNS; check its spelling in koll.toml and this machine's resolver"
        raise WireFault("dns-failure", message, again=again) from error
    except UnicodeError as error:
        raise WireFault("dns-failure", f"{host[:80]} is not a possible host name; correct it in koll.toml") from error
    addresses = list(dict.fromkeys(str(place[4][0]) for place in found))
    allowed = [one for one in addresses if inside_allowed or is_public(ipaddress.ip_address(one))]
    if not allowed:
        message = (
            f"the name {host} leads to an address inside a private network, which is not fetched; "
            "if that is meant, configure the address itself as the host"
        )
        raise WireFault("private-address", message)
    return allowed


class _GuardedConnection(HTTPConnection):
    """Connects to checked addresses only. ``guard`` is set by the pool; one instance serves one request."""

    guard: Guard

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        addresses = find_addresses(name.strip("[]"), self.port, inside_allowed=self.guard.inside_allowed)
        failure: HTTPError | None = None
        for address in addresses:
            if self.guard.expired:
                break
            self._dns_host = address
            try:
                connection = super()._new_conn()
            except HTTPError as error:
                failure = error
                continue
            finally:
                self._dns_host = name
            self.guard.watch(connection)
            return connection
        raise failure or WireFault("too-slow", "the time was up before a connection stood", again=True)


class _GuardedTlsConnection(_GuardedConnection, HTTPSConnection):
    """The same under TLS; the certificate is checked against the name, not the address."""


class GuardedPool(HTTPConnectionPool):
    """Hands its guard to the connection it makes."""

    ConnectionCls = _GuardedConnection
    guard: Guard

    def _new_conn(self) -> "BaseHTTPConnection":
        connection = super()._new_conn()
        assert isinstance(connection, _GuardedConnection)
        connection.guard = self.guard
        return connection


class GuardedTlsPool(HTTPSConnectionPool):
    """The same under TLS."""

    ConnectionCls = _GuardedTlsConnection
    guard: Guard

    def _new_conn(self) -> "BaseHTTPSConnection":
        connection = super()._new_conn()
        assert isinstance(connection, _GuardedTlsConnection)
        connection.guard = self.guard
        return connection


def read_body(raw: BaseHTTPResponse, *, encoding: str, max_bytes: int, guard: Guard) -> bytes:
    """Read a whole body, unpacked, or raise.

    ``encoding`` is the Content-Encoding header. The cap counts *unpacked* bytes and is applied while unpacking, so
    a small bomb never becomes large. Raises WireFault (too-large, too-slow, bad-content-encoding) and whatever
    urllib3 raises for a broken transfer, a body shorter than announced included.
    """
    announced = raw.headers.get("Content-Length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    unpacker = _unpacker_for(encoding)
    for chunk in _read_chunks(raw, guard):
        if unpacker is None:
            body += chunk
        else:
            body += unpacker.feed(chunk, room=max_bytes + 1 - len(body))
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    if guard.expired:
        raise WireFault("too-slow", "the body was not finished in time")
    if unpacker is not None:
        unpacker.finish()
    return bytes(body)


def _read_chunks(raw: BaseHTTPResponse, guard: Guard) -> Iterator[bytes]:
    """Yield what has arrived, as it arrives: read1 returns after one packet, so the caps are looked at each time."""
    while not guard.expired:
        chunk = raw.read1(_CHUNK, decode_content=False)
        if not chunk:
            return
        yield chunk


def _too_large(max_bytes: int) -> WireFault:
    message = (
        f"the answer is larger than {max_bytes:,} bytes unpacked and was not taken in; look at what is served there"
    )
    return WireFault("too-large", message)


class _Unpacker:
    """Unpacks gzip (of several members too) or deflate, never more than the room it is given."""

    def __init__(self, encoding: str) -> None:
        self._gzip = encoding == "gzip"
        self._stream: zlib._Decompress | None = None
        self._started = False
        self._done = False

    def feed(self, packed: bytes, *, room: int) -> bytes:
        """Return what ``packed`` unpacks to, cut at ``room``."""
        unpacked = bytearray()
        while packed and not self._done and len(unpacked) < room:
            if self._stream is None:
                if self._started and not (self._gzip and packed[0] == _GZIP_START):
                    self._done = True  # padding after the last member is ignored, as browsers do
                    break
                self._stream = zlib.decompressobj(self._window_bits(packed))
                self._started = True
            try:
                unpacked += self._stream.decompress(packed, room - len(unpacked))
            except zlib.error as error:
                raise _bad_encoding("its packed content is damaged") from error
            if not self._stream.eof:
                break
            packed = self._stream.unused_data
            self._stream = None
        return bytes(unpacked)

    def finish(self) -> None:
        """Raise when the stream ended in its middle: urllib3 would hand out the half that came."""
        if self._started and self._stream is not None:
            raise _bad_encoding("its packed content ends before its end")

    def _window_bits(self, packed: bytes) -> int:
        if self._gzip:
            return 16 + zlib.MAX_WBITS
        # "deflate" means zlib (RFC 9110), but some servers send the bare stream.
        return zlib.MAX_WBITS if packed[0] & 0x0F == 8 else -zlib.MAX_WBITS


def _unpacker_for(encoding: str) -> _Unpacker | None:
    name = encoding.strip().lower().removeprefix("x-")
    if name in ("", "identity"):
        return None
    if name in ("gzip", "deflate"):
        return _Unpacker(name)
    raise _bad_encoding("it is packed in a way that was not asked for")


def _bad_encoding(why: str) -> WireFault:
    return WireFault("bad-content-encoding", f"the answer cannot be unpacked: {why}; run the source again later")
