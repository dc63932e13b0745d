"""
The guard between a stranger's URL and our network.

The guard sits at the socket. aiohttp never asks a resolver about a host that is an address, and a
name may resolve to something else a moment later; but it makes a socket for every single address
that it connects to, and there each is checked: what was checked is what is connected.

Copied from smokescreen is the order of the checks, not their code.
"""

import errno
import re
import socket
from collections.abc import Iterable
from contextvars import ContextVar
from ipaddress import ip_address, ip_network
from typing import Any

import aiohttp
from yarl import URL

from router.upstream.addresses import Address, Network, Why, literal, plain, why_not_public

URL_CHARACTERS_MAX = 8192
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*")


class FetchRefused(Exception):
    """The guard does not let this URL be dialled. Nothing was sent."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class AddressRefused(OSError):
    """Raised in place of a socket."""


# The reasons for which addresses of the request under way were refused. aiohttp joins the errors
# of several addresses into one text, so they are kept aside. Its tasks inherit the context.
refusals: ContextVar[list[Why]] = ContextVar("refusals")


class GuardPolicy:
    """What may be dialled on a stranger's word besides the public internet's port 443."""

    def __init__(
        self, allow: Iterable[str] = (), *, allow_http: bool = False, own_ports: Iterable[int] = ()
    ) -> None:
        """
        Args:
            allow: Host names, addresses and networks that may be dialled although they are not
                public, and at any port: `minio`, `127.0.0.1`, `10.0.0.0/8`. A name that merely
                resolves into an allowed network is dialled at port 443 only.
            allow_http: Whether those may also be dialled without TLS. Nothing else ever is.
            own_ports: Where this router listens. Refused on every address that is not public,
                even on an allowed one.

        Raises:
            ValueError: An entry is neither a name nor an address nor a network.
        """
        self._names: set[str] = set()
        self._networks: list[Network] = []
        self._allow_http = allow_http
        self._own_ports = frozenset(own_ports)
        for entry in allow:
            self._add(entry.strip().lower().rstrip("."))

    def _add(self, entry: str) -> None:
        try:
            self._networks.append(ip_network(entry, strict=False))
        except ValueError:
            if not _NAME.fullmatch(entry) or _NUMBER.fullmatch(entry):
                raise ValueError(f"{entry!r} is no host name, address or network") from None
            self._names.add(entry)

    def allows_name(self, host: str) -> bool:
        """Whether the host may be dialled wherever its name leads."""
        return host.lower().rstrip(".") in self._names

    def _allows_address(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def why_not_address(self, address: Address, port: int, *, by_name: bool) -> Why | None:
        """
        The reason not to connect to an address, in smokescreen's order: ourselves first, then
        what is allowed, then the table. None where it may be dialled.

        Args:
            address: The very one that the socket is for.
            port: 1 to 65535.
            by_name: Whether the request's host is allowed by its name.
        """
        address = plain(address)
        why = why_not_public(address)
        if why is not None and port in self._own_ports:
            return Why.OWN_ADDRESS
        if by_name or self._allows_address(address):
            return None
        return why

    def check_url(self, text: str) -> URL:
        """
        Read a URL that may be dialled.

        Raises:
            FetchRefused: It may not, whatever it resolves to.
        """
        url, host, port = _read_url(text)
        address = literal(host)
        if self.allows_name(host) or (address is not None and self._allows_address(address)):
            if url.scheme == "http" and not self._allow_http:
                raise FetchRefused(Why.SCHEME)
        elif url.scheme != "https":
            raise FetchRefused(Why.SCHEME)
        elif port != 443:  # noqa: PLR2004  The port of https.
            raise FetchRefused(Why.PORT)
        if address is not None:
            why = self.why_not_address(address, port, by_name=False)
            if why is not None:
                raise FetchRefused(why)
        return url


def _read_url(text: str) -> tuple[URL, str, int]:
    if len(text) > URL_CHARACTERS_MAX:
        raise FetchRefused(Why.NOT_A_URL)
    try:
        url = URL(text)
        # The raw host is what is dialled: full-width digits are already plain ones in it.
        host, port = url.raw_host, url.port
    except ValueError:
        raise FetchRefused(Why.NOT_A_URL) from None
    if url.scheme not in {"http", "https"}:
        raise FetchRefused(Why.SCHEME)
    if not host or not port:
        raise FetchRefused(Why.NOT_A_URL)
    if url.raw_user is not None or url.raw_password is not None:
        raise FetchRefused(Why.USERINFO)
    return url, host, port


def guarded_connector(policy: GuardPolicy, *, by_name: bool = False) -> aiohttp.TCPConnector:
    """
    A connector that makes no socket for an address that the policy refuses.

    Args:
        policy: What may be dialled.
        by_name: Whether it serves only hosts that the policy allows by name.
    """

    def make_socket(info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, (host, port, *_rest) = info
        why = policy.why_not_address(ip_address(host), port, by_name=by_name)
        if why is not None:
            refusals.get([]).append(why)
            raise AddressRefused(errno.EACCES, why.value)
        return socket.socket(family=family, type=kind, proto=protocol)

    return aiohttp.TCPConnector(socket_factory=make_socket, force_close=True, limit=100)
