"""Fetching and posting what strangers name."""

import asyncio

import pytest

from router.upstream import fetcher as module
from router.upstream.addresses import Why
from router.upstream.fetcher import FetchFailed, GuardedFetcher, Posted
from router.upstream.guard import FetchRefused, GuardPolicy
from tests.raw_server import RawServer, Visit, closed_port, reply

LOOPBACK = GuardPolicy(["127.0.0.1"], allow_http=True)
PICTURE = bytes(range(256)) * 4
SIGNED = "/cat.png?signature=abc"


async def _shows_a_picture(visit: Visit) -> None:
    await visit.answer(PICTURE, head="Set-Cookie: a=1\r\n")


async def test_an_allowed_host_is_fetched() -> None:
    """What the list allows is reached, and shown whole."""
    async with RawServer(_shows_a_picture) as server, GuardedFetcher(LOOPBACK) as fetcher:
        assert await fetcher.fetch(server.url + SIGNED, 1024) == PICTURE
        assert await fetcher.fetch(server.url + SIGNED, 2048) == PICTURE

        assert server.heads[0].startswith("GET /cat.png?signature=abc HTTP/1.1\r\n")
        assert not any("Cookie" in head or "Authorization" in head for head in server.heads)


async def test_a_name_on_the_list_is_fetched_wherever_it_leads() -> None:
    """A host that is allowed by its name may be private; the same address by number may not."""
    policy = GuardPolicy(["localhost"], allow_http=True)
    async with RawServer(_shows_a_picture) as server, GuardedFetcher(policy) as fetcher:
        assert await fetcher.fetch(f"http://localhost:{server.port}/", 2048) == PICTURE
        with pytest.raises(FetchRefused):
            await fetcher.fetch(server.url, 2048)

        assert len(server.heads) == 1


async def test_a_name_that_leads_inside_is_refused_with_its_reason() -> None:
    """A good URL whose name resolves to loopback is refused at the socket, and says why."""
    async with GuardedFetcher(GuardPolicy()) as fetcher:
        for host in ("localhost", "0x7f.1"):
            with pytest.raises(FetchRefused) as raised:
                await fetcher.fetch(f"https://{host}/", 2048)

            assert raised.value.why is Why.NOT_UNICAST


async def test_a_prefix_ends_where_it_is_asked_to() -> None:
    """A server that ignores the range is cut off, and a short picture is shown whole."""
    async with RawServer(_shows_a_picture) as server, GuardedFetcher(LOOPBACK) as fetcher:
        assert await fetcher.fetch_prefix(server.url, 100) == PICTURE[:100]
        assert await fetcher.fetch_prefix(server.url, 9999) == PICTURE

        assert "\r\nRange: bytes=0-99\r\n" in server.heads[0]


async def test_a_prefix_does_not_wait_for_the_rest() -> None:
    """A picture that comes slowly is left as soon as its first bytes are there."""

    async def stall(visit: Visit) -> None:
        await visit.read_request()
        await visit.send(b"HTTP/1.1 206 Partial\r\nContent-Length: 5000\r\n\r\n", PICTURE)
        await visit.hang()

    async with RawServer(stall) as server, GuardedFetcher(LOOPBACK) as fetcher:
        assert await fetcher.fetch_prefix(server.url, 1024, deadline_s=5) == PICTURE


async def test_too_much_is_given_up() -> None:
    """A body beyond its limit is not kept."""
    async with RawServer(_shows_a_picture) as server, GuardedFetcher(LOOPBACK) as fetcher:
        with pytest.raises(FetchFailed, match="more than is read"):
            await fetcher.fetch(server.url, 1023)


async def test_what_is_packed_stays_packed() -> None:
    """Nothing is decompressed, so there is no bomb."""

    async def pack(visit: Visit) -> None:
        await visit.answer(PICTURE, head="Content-Encoding: gzip\r\n")

    async with RawServer(pack) as server, GuardedFetcher(LOOPBACK) as fetcher:
        assert await fetcher.fetch(server.url, 2048) == PICTURE


@pytest.mark.parametrize("status", ["301 Moved", "307 Temporary", "304 Not Modified"])
async def test_redirects_are_refused(status: str) -> None:
    """A redirect is not followed, whoever it points at."""

    async def redirect(visit: Visit) -> None:
        await visit.answer(b"", status=status, head="Location: /other\r\n")

    async with RawServer(redirect) as server, GuardedFetcher(LOOPBACK) as fetcher:
        for request in (
            fetcher.fetch(server.url, 9),
            fetcher.fetch_prefix(server.url, 9),
        ):
            with pytest.raises(FetchRefused) as raised:
                await request
            assert raised.value.why is Why.REDIRECT
        assert await fetcher.post(server.url, b"{}", headers={}) == Posted(int(status[:3]))

        assert len(server.heads) == 3


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "204 No Content"])
async def test_other_answers_are_failures(status: str) -> None:
    """Only a 200 or a 206 shows a picture."""

    async def refuse(visit: Visit) -> None:
        await visit.answer(b"", status=status)

    async with RawServer(refuse) as server, GuardedFetcher(LOOPBACK) as fetcher:
        with pytest.raises(FetchFailed, match=f"answered {status[:3]}"):
            await fetcher.fetch(server.url, 9)
        with pytest.raises(FetchFailed, match=f"answered {status[:3]}"):
            await fetcher.fetch_prefix(server.url, 9)


async def test_failures_tell_no_url() -> None:
    """A failure names its class, and neither shows nor carries the signed URL."""
    url = f"http://127.0.0.1:{closed_port()}{SIGNED}"
    async with GuardedFetcher(LOOPBACK) as fetcher:
        with pytest.raises(FetchFailed, match="ClientConnectorError") as raised:
            await fetcher.fetch(url, 9)

    assert "signature" not in repr(raised.value)
    assert raised.value.__context__ is None


async def test_every_request_has_a_deadline() -> None:
    """A host that accepts and says nothing is left when the deadline strikes."""
    async with RawServer(Visit.hang) as server, GuardedFetcher(LOOPBACK) as fetcher:
        with pytest.raises(FetchFailed, match="TimeoutError"):
            await fetcher.fetch_prefix(server.url, 9, deadline_s=0.05)


async def test_a_post_answers_its_status() -> None:
    """A callback is delivered with its own headers, and what the receiver says comes back."""

    async def gone(visit: Visit) -> None:
        await visit.answer(b"gone", status="410 Gone", head="Retry-After: 7\r\n")

    async with RawServer(gone) as server, GuardedFetcher(LOOPBACK) as fetcher:
        posted = await fetcher.post(server.url, b'{"type":"x"}', headers={"webhook-id": "w1"})

        assert posted == Posted(410, "7")
        assert server.visits[0].bodies == [b'{"type":"x"}']
        assert "\r\nwebhook-id: w1\r\n" in server.heads[0]
        assert "\r\nContent-Type: application/json\r\n" in server.heads[0]


async def test_who_is_posted_to_may_think_until_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A host that is fetched from and is silent for so long is given up before."""
    monkeypatch.setattr(module, "READ_S", 0.05)
    asked = asyncio.Event()

    async def think(visit: Visit) -> None:
        await visit.read_request()
        await asked.wait()
        await visit.send(reply(b""))

    async with RawServer(think) as server, GuardedFetcher(LOOPBACK) as fetcher:
        posting = asyncio.gather(fetcher.post(server.url, b"{}", headers={}, deadline_s=5))
        with pytest.raises(FetchFailed):
            await fetcher.fetch(server.url, 9)
        asked.set()

        (posted,) = await posting
        assert posted == Posted(200)


async def test_with_an_egress_proxy_only_the_proxy_is_dialled() -> None:
    """The proxy is asked even for private names, which it must guard; literal ones never are."""

    async def refuse(visit: Visit) -> None:
        await visit.answer(b"", status="407 Denied")

    async with (
        RawServer(refuse) as proxy,
        GuardedFetcher(GuardPolicy(), egress_proxy=proxy.url) as fetcher,
    ):
        with pytest.raises(FetchFailed):
            await fetcher.fetch("https://localhost/", 9)
        with pytest.raises(FetchRefused):
            await fetcher.fetch("https://127.0.0.1/", 9)

        assert [head.split("\r\n")[0] for head in proxy.heads] == ["CONNECT localhost:443 HTTP/1.1"]


async def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment's would resolve names behind the guard's back."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    async with RawServer(_shows_a_picture) as server, GuardedFetcher(LOOPBACK) as fetcher:
        assert await fetcher.fetch(server.url, 2048) == PICTURE


async def test_requests_do_not_share_their_refusals() -> None:
    """One refused request does not make another, which fails for its own reason, look refused."""
    async with GuardedFetcher(LOOPBACK) as fetcher:
        refused, failed = await asyncio.gather(
            fetcher.fetch("https://0x7f.2/", 9),
            fetcher.fetch(f"http://127.0.0.1:{closed_port()}", 9),
            return_exceptions=True,
        )
    assert isinstance(refused, FetchRefused)
    assert isinstance(failed, FetchFailed)
