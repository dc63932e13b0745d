"""What may be dialled on a stranger's word, by its URL and at the socket."""

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from router.upstream.addresses import Why
from router.upstream.guard import FetchRefused, GuardPolicy, guarded_connector
from tests.raw_server import RawServer, Visit

BAD_URLS = {
    "http://example.com/a.png": Why.SCHEME,
    "ftp://example.com/a.png": Why.SCHEME,
    "file:///etc/passwd": Why.SCHEME,
    "//example.com/a.png": Why.SCHEME,
    "a.png": Why.SCHEME,
    "": Why.SCHEME,
    "https:///a.png": Why.NOT_A_URL,
    "https://[::1/a.png": Why.NOT_A_URL,
    "https://example.com:99999/": Why.NOT_A_URL,
    "https://example.com:0/": Why.NOT_A_URL,
    "https://evil.example\\@10.0.0.1/": Why.NOT_A_URL,
    "https://example.com/" + "a" * 8192: Why.NOT_A_URL,
    "https://example.com:8443/a.png": Why.PORT,
    "https://example.com:80/a.png": Why.PORT,
    "https://me@example.com/": Why.USERINFO,
    "https://:secret@example.com/": Why.USERINFO,
    "https://example.com@10.0.0.1/": Why.USERINFO,
    "https://127.0.0.1/": Why.NOT_UNICAST,
    "https://①②⑦.0.0.1/": Why.NOT_UNICAST,
    "https://[::1]/": Why.NOT_UNICAST,
    "https://[::ffff:127.0.0.1]/": Why.NOT_UNICAST,
    "https://[fe80::1%251]/": Why.NOT_UNICAST,
    "https://[64:ff9b::7f00:1]/": Why.EMBEDS_IPV4,
    "https://[2002:7f00:1::]/": Why.EMBEDS_IPV4,
    "https://169.254.169.254/latest/meta-data/": Why.METADATA,
    "https://[fd00:ec2::254]/latest/meta-data/": Why.METADATA,
    "https://10.0.0.1/": Why.PRIVATE,
}
GOOD_URLS = [
    "https://example.com/a.png?sig=1",
    "https://example.com:443/a.png",
    "HTTPS://EXAMPLE.COM/a.png",
    "https://exämple.de/a.png",
    "https://8.8.8.8/a.png",
    "https://[2606:4700:4700::1111]/a.png",
]


def why_not(policy: GuardPolicy, url: str) -> Why | None:
    """The reason for which a policy refuses a URL; None when it does not."""
    try:
        policy.check_url(url)
    except FetchRefused as refusal:
        return refusal.why
    return None


@pytest.mark.parametrize(("url", "why"), BAD_URLS.items(), ids=lambda value: str(value)[:40])
def test_bad_urls_are_refused(url: str, why: Why) -> None:
    """A URL that cannot be good is refused before anything is resolved."""
    assert why_not(GuardPolicy(), url) is why


@pytest.mark.parametrize("url", GOOD_URLS)
def test_public_urls_are_not(url: str) -> None:
    """A plain https URL passes; its addresses are the socket's business."""
    assert why_not(GuardPolicy(), url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://minio:9000/a.png", None),
        ("http://MinIO.:9000/a.png", None),
        ("https://minio/a.png", None),
        ("http://10.1.2.3:8700/a.png", None),
        ("http://[::ffff:10.1.2.3]:8700/a.png", None),
        ("http://11.1.2.3/a.png", Why.SCHEME),
        ("http://other:9000/a.png", Why.SCHEME),
        ("https://minio.evil.example:9000/a.png", Why.PORT),
        ("https://10.2.0.1/a.png", Why.PRIVATE),
        ("http://10.1.2.3:8080/a.png", Why.OWN_ADDRESS),
        ("ftp://minio/a.png", Why.SCHEME),
        ("http://me:secret@minio:9000/", Why.USERINFO),
    ],
)
def test_what_is_allowed_is_allowed_at_any_port(url: str, why: Why | None) -> None:
    """Names and networks on the list pass, with http and other ports; their neighbours do not."""
    policy = GuardPolicy([" minio ", "10.1.0.0/16"], allow_http=True, own_ports=[8080])

    assert why_not(policy, url) is why


def test_http_needs_its_own_permission() -> None:
    """An allowed host is still dialled with TLS only, unless http is allowed too."""
    assert why_not(GuardPolicy(["minio"]), "http://minio/") is Why.SCHEME
    assert why_not(GuardPolicy(["minio"]), "https://minio:9000/") is None


@pytest.mark.parametrize("entry", ["", "127.1", "0x7f.1", "http://minio", "a b", "10.0.0.0/33"])
def test_a_list_entry_that_is_no_host_is_an_error(entry: str) -> None:
    """A mistake in the list is told at start, not found open later."""
    with pytest.raises(ValueError, match="no host name, address or network"):
        GuardPolicy([entry])


LOOPBACK_HOSTS = ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]", "①②⑦.0.0.1", "0.0.0.0"]


@pytest.mark.parametrize("host", LOOPBACK_HOSTS)
async def test_the_socket_refuses_every_way_to_loopback(host: str) -> None:
    """However a host is written, the address that would be connected to is what is checked."""
    async with (
        RawServer(Visit.answer) as server,
        aiohttp.ClientSession(connector=guarded_connector(GuardPolicy())) as guarded,
        aiohttp.ClientSession() as unguarded,
    ):
        url = f"http://{host}:{server.port}/"
        with pytest.raises(aiohttp.ClientConnectorError):
            await guarded.get(url)
        assert server.visits == []

        # The same URL does reach the server without the guard, so the guard is what stopped it.
        async with unguarded.get(url) as answer:
            assert answer.status == 200


class Rebinding(AbstractResolver):
    """A name that is public when it is looked at, and loopback when it is dialled."""

    def __init__(self) -> None:
        self.asked = 0

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: int = 0,  # noqa: ARG002  The interface's.
    ) -> list[ResolveResult]:
        """Answer loopback."""
        self.asked += 1
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=2, proto=6, flags=0)
        ]

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_name_that_turns_to_loopback_is_refused() -> None:
    """A resolver's answer is not trusted: the socket's address is checked."""
    connector = guarded_connector(GuardPolicy())
    connector._resolver = resolver = Rebinding()
    async with RawServer(Visit.answer) as server:
        async with aiohttp.ClientSession(connector=connector) as session:
            with pytest.raises(aiohttp.ClientConnectorError, match="not_unicast"):
                await session.get(f"http://public.example:{server.port}/")

        assert resolver.asked == 1
        assert server.visits == []


async def test_a_redirect_cannot_pass_the_socket() -> None:
    """Even where someone follows redirects, the second hop is checked like the first."""

    async def redirect(visit: Visit) -> None:
        await visit.answer(status="302 Found", head=f"Location: http://127.0.0.2:{port}/\r\n")

    async with RawServer(redirect) as server:
        port = server.port
        connector = guarded_connector(GuardPolicy(["127.0.0.1"]))
        async with aiohttp.ClientSession(connector=connector) as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(server.url)

        assert len(server.visits) == 1


async def test_ourselves_are_never_dialled() -> None:
    """The router's own port is refused even where its address is allowed."""
    async with RawServer(Visit.answer) as server:
        policy = GuardPolicy(["127.0.0.1", "localhost"], allow_http=True, own_ports=[server.port])
        for by_name in (False, True):
            connector = guarded_connector(policy, by_name=by_name)
            async with aiohttp.ClientSession(connector=connector) as session:
                with pytest.raises(aiohttp.ClientConnectorError, match="own_address"):
                    await session.get(server.url)

        assert server.visits == []
