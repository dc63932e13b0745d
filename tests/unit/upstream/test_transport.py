"""Creates and reads over real sockets, against servers that fail in every phase."""

import asyncio
import gzip
import socket
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator

import pytest

from router.model.errors import ProviderError, ProviderInDoubt, ProviderUnreachable
from router.providers.wire import Call, Reply, Unreadable
from router.upstream.transport import Endpoint, HttpTransport, SocketTimes
from tests.raw_server import RawServer, Visit, closed_port, reply

KEY = "rp-secret-of-the-provider"
CREATE = Call(method="POST", path="/v2/slug/run?x=1", body=b'{"input":{}}')
READ = Call(method="GET", path="/v2/slug/status/ref-1")
BOMB = gzip.compress(bytes(50_000_000), 1)
DRIP_PAUSE_S = 0.02
QUICK = SocketTimes(connect_s=0.2, sock_connect_s=0.2, sock_read_s=0.1)

Behaviour = Callable[[Visit], Awaitable[None]]


def transport_to(
    url: str, *, egress_proxy: str | None = None, times: SocketTimes = QUICK
) -> HttpTransport:
    """A transport whose provider `p` is at `url`."""
    return HttpTransport(
        {"p": Endpoint(url, KEY)}, egress_proxy=egress_proxy, times=times, reply_bytes_max=100_000
    )


async def fault_of_create(
    url: str, *, call: Call = CREATE, deadline_s: float = 5.0, egress_proxy: str | None = None
) -> ProviderError:
    """What a create raises; it holds no secret, whichever it is."""
    async with transport_to(url, egress_proxy=egress_proxy) as transport:
        with pytest.raises(ProviderError) as raised:
            await transport.create("p", call, deadline_s=deadline_s)
    fault = raised.value
    assert fault.__cause__ is None
    assert fault.__context__ is None
    assert KEY not in repr(fault)
    assert "slug" not in repr(fault)
    return fault


# The phases before a connection exists.


async def test_an_unknown_host_is_unreachable() -> None:
    """A name that does not resolve is proof that nothing was sent."""
    fault = await fault_of_create("https://nobody.invalid")

    assert type(fault) is ProviderUnreachable
    assert "ClientConnectorDNSError" in fault.detail


async def test_a_refused_connection_is_unreachable() -> None:
    """A closed port is proof that nothing was sent."""
    fault = await fault_of_create(f"http://127.0.0.1:{closed_port()}")

    assert type(fault) is ProviderUnreachable
    assert "ClientConnectorError, errno 111" in fault.detail


async def _speaks_no_tls(visit: Visit) -> None:
    await visit.reader.read(1)
    await visit.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    await visit.hang()


async def _hangs_up_in_the_handshake(visit: Visit) -> None:
    await visit.reader.read(1)


async def _resets_in_the_handshake(visit: Visit) -> None:
    await visit.reader.read(1)
    visit.reset()


@pytest.mark.parametrize(
    "behave", [_speaks_no_tls, _hangs_up_in_the_handshake, _resets_in_the_handshake]
)
async def test_a_failed_handshake_is_unreachable(behave: Behaviour) -> None:
    """Before TLS stands nothing of the request has left, however the handshake failed."""
    async with RawServer(behave) as server:
        fault = await fault_of_create(f"https://127.0.0.1:{server.port}")

        assert type(fault) is ProviderUnreachable
        assert len(server.visits) == 1


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue of connections is full, so that a further SYN is not answered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        callers = [socket.socket() for _ in range(3)]
        for caller in callers:
            caller.settimeout(0)
            caller.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for caller in callers:
            caller.close()


async def test_an_unanswered_syn_is_unreachable(full_port: int) -> None:
    """A connection that is not answered in time is proof that nothing was sent."""
    fault = await fault_of_create(f"http://127.0.0.1:{full_port}")

    assert type(fault) is ProviderUnreachable
    assert "ConnectionTimeoutError" in fault.detail


async def test_the_deadline_before_the_connection_is_unreachable(full_port: int) -> None:
    """The outer deadline is proof when it strikes while there is no connection."""
    fault = await fault_of_create(f"http://127.0.0.1:{full_port}", deadline_s=0.05)

    assert type(fault) is ProviderUnreachable
    assert "(TimeoutError)" in fault.detail


async def test_a_stalled_handshake_is_unreachable() -> None:
    """A peer that accepts and never answers the TLS greeting has seen no request."""
    async with RawServer(Visit.hang) as server:
        fault = await fault_of_create(f"https://127.0.0.1:{server.port}", deadline_s=0.05)

        assert type(fault) is ProviderUnreachable
        assert len(server.visits) == 1


async def test_a_provider_without_an_endpoint_is_unreachable() -> None:
    """A provider that nobody configured is not dialled."""
    async with transport_to("https://nobody.invalid") as transport:
        with pytest.raises(ProviderUnreachable, match="configured for other"):
            await transport.create("other", CREATE, deadline_s=1)
        with pytest.raises(Unreadable, match="configured for other"):
            await transport.read("other", READ, deadline_s=1)


# The phases after it.


async def _resets_before_reading(visit: Visit) -> None:
    visit.reset()


async def _resets_after_reading(visit: Visit) -> None:
    await visit.read_request()
    visit.reset()


async def _hangs_up_after_reading(visit: Visit) -> None:
    await visit.read_request()


async def _is_silent_after_reading(visit: Visit) -> None:
    await visit.read_request()
    await visit.hang()


async def _stalls_in_the_body(visit: Visit) -> None:
    await visit.read_request()
    await visit.send(reply(b'{"id":"ref-1"}')[:-3])
    await visit.hang()


async def _cuts_the_body(visit: Visit) -> None:
    await visit.read_request()
    await visit.send(reply(b'{"id":"ref-1"}')[:-3])


async def _speaks_no_http(visit: Visit) -> None:
    await visit.read_request()
    await visit.send(b"220 smtp.example ESMTP\r\n\r\n")


async def _breaks_the_chunking(visit: Visit) -> None:
    await visit.read_request()
    await visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")


async def _breaks_the_gzip(visit: Visit) -> None:
    await visit.answer(b"this is not gzip", head="Content-Encoding: gzip\r\n")


async def _speaks_an_unknown_encoding(visit: Visit) -> None:
    await visit.answer(b"?", head="Content-Encoding: br\r\n")


async def _sends_too_much(visit: Visit) -> None:
    await visit.answer(b"x" * 100_001)


async def _sends_a_bomb(visit: Visit) -> None:
    await visit.answer(BOMB, head="Content-Encoding: gzip\r\n")


AFTER_CONNECTING = {
    _resets_before_reading: "Client(OS|ConnectionReset)Error|ServerDisconnectedError",
    _resets_after_reading: "ClientOSError, errno 104",
    _hangs_up_after_reading: "ServerDisconnectedError",
    _is_silent_after_reading: "SocketTimeoutError",
    _stalls_in_the_body: "SocketTimeoutError",
    _cuts_the_body: "ClientPayloadError",
    _speaks_no_http: "ClientResponseError",
    _breaks_the_chunking: "Error",
    _breaks_the_gzip: "Error",
    _speaks_an_unknown_encoding: "Error",
    _sends_too_much: "ReplyTooLarge",
    _sends_a_bomb: "ReplyTooLarge",
}


@pytest.mark.parametrize(
    ("behave", "named"), AFTER_CONNECTING.items(), ids=lambda value: getattr(value, "__name__", "")
)
async def test_a_create_that_broke_after_connecting_is_in_doubt(
    behave: Behaviour, named: str
) -> None:
    """Once a connection existed, no failure is proof, and the request is not sent again."""
    async with RawServer(behave) as server:
        fault = await fault_of_create(server.url)

        assert type(fault) is ProviderInDoubt
        assert len(server.visits) == 1
    with pytest.raises(ProviderInDoubt, match=named):
        raise fault


@pytest.mark.parametrize("behave", AFTER_CONNECTING, ids=lambda behave: behave.__name__)
async def test_a_read_that_broke_may_be_repeated(behave: Behaviour) -> None:
    """Whatever breaks a read, it only says that the state could not be read."""
    async with RawServer(behave) as server, transport_to(server.url) as transport:
        with pytest.raises(Unreadable) as raised:
            await transport.read("p", READ, deadline_s=5)

    assert raised.value.__context__ is None
    assert KEY not in repr(raised.value)


async def test_the_deadline_after_connecting_is_in_doubt() -> None:
    """The outer deadline is no proof once a connection exists, although its class is the same."""
    async with RawServer(_is_silent_after_reading) as server:
        fault = await fault_of_create(server.url, deadline_s=0.05)

    assert type(fault) is ProviderInDoubt
    assert "(TimeoutError)" in fault.detail


async def test_the_deadline_covers_the_writing_of_the_body() -> None:
    """A provider that takes the connection and never reads does not hold a create for ever."""
    call = Call(method="POST", path="/v2/slug/run", body=bytes(20_000_000))
    async with RawServer(Visit.hang) as server:
        fault = await fault_of_create(server.url, call=call, deadline_s=0.2)

    assert type(fault) is ProviderInDoubt
    assert "(TimeoutError)" in fault.detail


async def test_the_deadline_covers_a_slow_drip() -> None:
    """A reply that drips, and so resets the time limit between two pieces, ends all the same."""

    async def drip(visit: Visit) -> None:
        await visit.read_request()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(100):
            await visit.send(b" ")
            await asyncio.sleep(DRIP_PAUSE_S)

    async with RawServer(drip) as server:
        fault = await fault_of_create(server.url, deadline_s=0.2)

    assert type(fault) is ProviderInDoubt
    assert "(TimeoutError)" in fault.detail


async def test_a_bomb_is_not_unpacked() -> None:
    """Decompression stops near the limit on the reply, far before the end of the bomb."""
    async with RawServer(_sends_a_bomb) as server, transport_to(server.url) as transport:
        tracemalloc.start()
        with pytest.raises(Unreadable):
            await transport.read("p", READ, deadline_s=5)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak_bytes < 5_000_000


async def test_cancelling_a_create_is_not_an_answer() -> None:
    """A cancelled create raises the cancellation, and neither of the two faults."""
    arrived = asyncio.Event()

    async def arrive(visit: Visit) -> None:
        await visit.read_request()
        arrived.set()
        await visit.hang()

    async with RawServer(arrive) as server, transport_to(server.url) as transport:
        create = asyncio.get_running_loop().create_task(transport.create("p", CREATE, deadline_s=5))
        await arrived.wait()
        create.cancel()
        with pytest.raises(asyncio.CancelledError):
            await create


# What is sent, and what comes back.


async def test_a_reply_comes_back_as_it_was_sent() -> None:
    """Status, headers in lower case and the body are handed on, of an error too."""

    async def refuse(visit: Visit) -> None:
        await visit.answer(b"<p>no</p>", status="429 Slow", head="Retry-After: 7\r\n")

    async with RawServer(refuse) as server, transport_to(server.url) as transport:
        answer = await transport.create("p", CREATE, deadline_s=5)

    assert answer == Reply(
        status=429, headers={"retry-after": "7", "content-length": "9"}, body=b"<p>no</p>"
    )


async def test_the_key_and_the_body_are_sent() -> None:
    """The provider gets the path as its codec wrote it, our key, and the body as JSON."""
    async with RawServer(Visit.answer) as server, transport_to(server.url + "/") as transport:
        await transport.create("p", CREATE, deadline_s=5)
        head = server.visits[0].heads[0]

        assert head.startswith("POST /v2/slug/run?x=1 HTTP/1.1\r\n")
        assert f"\r\nAuthorization: Bearer {KEY}\r\n" in head
        assert "\r\nContent-Type: application/json\r\n" in head
        assert "\r\nAccept-Encoding: gzip\r\n" in head
        assert server.visits[0].bodies == [CREATE.body]


async def test_a_read_sends_no_body() -> None:
    """A read declares no content type, because it has no content."""
    async with RawServer(Visit.answer) as server, transport_to(server.url) as transport:
        await transport.read("p", READ, deadline_s=5)

        assert server.heads[0].startswith("GET /v2/slug/status/ref-1 HTTP/1.1\r\n")
        assert "Content-Type" not in server.heads[0]


async def test_a_packed_reply_is_unpacked() -> None:
    """A compressed reply is read as if it were not."""

    async def pack(visit: Visit) -> None:
        await visit.answer(gzip.compress(b'{"id":"ref-1"}'), head="Content-Encoding: gzip\r\n")

    async with RawServer(pack) as server, transport_to(server.url) as transport:
        answer = await transport.create("p", CREATE, deadline_s=5)

    assert answer.body == b'{"id":"ref-1"}'


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_no_redirect_is_followed(status: str) -> None:
    """A create is not sent again to wherever a provider's answer points."""

    async def redirect(visit: Visit) -> None:
        await visit.answer(status=status, head="Location: /v2/other/run\r\n")

    async with RawServer(redirect) as server, transport_to(server.url) as transport:
        answer = await transport.create("p", CREATE, deadline_s=5)

        assert answer.status == int(status[:3])
        assert len(server.heads) == 1


async def _answers_for_ever(visit: Visit) -> None:
    while True:
        await visit.answer(head="Set-Cookie: session=1; Path=/\r\n")


async def test_every_create_has_a_connection_of_its_own() -> None:
    """A create never rides on a connection that the provider may be closing."""
    async with RawServer(_answers_for_ever) as server, transport_to(server.url) as transport:
        for _ in range(3):
            await transport.create("p", CREATE, deadline_s=5)

        assert len(server.visits) == 3


async def test_reads_share_a_connection() -> None:
    """Reads reuse a connection, but never one of a create's."""
    async with RawServer(_answers_for_ever) as server, transport_to(server.url) as transport:
        await transport.create("p", CREATE, deadline_s=5)
        for _ in range(3):
            await transport.read("p", READ, deadline_s=5)

        assert [len(visit.heads) for visit in server.visits] == [1, 3]


async def test_cookies_are_not_kept() -> None:
    """A provider's cookie is not sent back."""
    async with RawServer(_answers_for_ever) as server, transport_to(server.url) as transport:
        for _ in range(2):
            await transport.read("p", READ, deadline_s=5)

        assert len(server.heads) == 2
        assert not any("Cookie" in head for head in server.heads)


async def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxy variables of the environment change nothing."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    async with RawServer(Visit.answer) as server, transport_to(server.url) as transport:
        answer = await transport.create("p", CREATE, deadline_s=5)

    assert answer.status == 200


async def test_an_egress_proxy_is_dialled_instead() -> None:
    """With an egress proxy only the proxy is dialled; a tunnel shows it no key."""

    async def tunnel(visit: Visit) -> None:
        await visit.answer(status="502 Bad Gateway")

    async with RawServer(tunnel) as proxy:
        fault = await fault_of_create("https://api.provider.invalid", egress_proxy=proxy.url)

        assert proxy.heads[0].startswith("CONNECT api.provider.invalid:443 ")
        assert KEY not in proxy.heads[0]
    assert type(fault) is ProviderInDoubt


async def test_a_closed_egress_proxy_is_unreachable() -> None:
    """Where the proxy itself cannot be reached, nothing was sent."""
    proxy = f"http://127.0.0.1:{closed_port()}"
    fault = await fault_of_create("https://api.provider.invalid", egress_proxy=proxy)

    assert type(fault) is ProviderUnreachable


async def test_a_create_is_a_post() -> None:
    """A GET, which aiohttp repeats by itself, is never used to buy."""
    async with transport_to("https://nobody.invalid") as transport:
        with pytest.raises(AssertionError, match="a create is a POST"):
            await transport.create("p", READ, deadline_s=5)


def test_an_endpoint_does_not_show_its_key() -> None:
    """The key stays out of every log that an endpoint gets into."""
    assert KEY not in repr(Endpoint("https://api.provider.invalid", KEY))
