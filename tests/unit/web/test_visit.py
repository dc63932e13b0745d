import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from router.web.limits import Limits
from router.web.server import serve_on
from tests.fakes import FakeClock
from tests.web_stage import Front, open_front, open_house, soon

TINY = Limits(body_bytes_max=500, body_deadline_s=0.02, lingering_s=0.02)


class LookedAt:
    """A clock that counts how often it is asked for seconds."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.times = 0
        self.now, self.sleep_s = clock.now, clock.sleep_s

    def monotonic_s(self) -> float:
        """See `Clock`."""
        self.times += 1
        return self._clock.monotonic_s()


async def raw(front: Front, text: str) -> str:
    """Send bytes to the real server and read until it closes."""
    async with serve_on(front.app, "127.0.0.1", 0) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(text.replace("\n", "\r\n").encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    return answer.decode()


def a_head(key: str, *lines: str) -> str:
    """Write the head of a request for an edit."""
    return "\n".join(
        ("POST /v1/edits HTTP/1.1", "Host: farebox", f"Authorization: {key}", *lines, "", "")
    )


async def test_a_body_that_stalls_is_given_up(tmp_path: Path) -> None:
    """408, and the connection is closed; nothing was bought."""
    async with open_house(tmp_path, limits=TINY) as front:
        _, key = await front.mint()
        answer = await raw(front, a_head(key, "Content-Length: 400") + '{"prompt":')
        jobs = await front.stage.ledger.jobs_of("acme")

    assert answer.startswith("HTTP/1.1 408 ")
    assert "\r\nConnection: close\r\n" in answer
    assert '"code":"request_timeout"' in answer
    assert jobs == []


@pytest.mark.parametrize(
    "told", ["Content-Length: 501", "Transfer-Encoding: chunked"], ids=["declared", "chunked"]
)
async def test_a_body_that_is_too_large_is_not_read_to_its_end(tmp_path: Path, told: str) -> None:
    """413, and the connection is closed."""
    rest = f"1f5\n{'x' * 501}\n" if "chunked" in told else "x" * 100
    async with open_house(tmp_path, limits=TINY) as front:
        _, key = await front.mint()
        answer = await raw(front, a_head(key, told) + rest)

    assert answer.startswith("HTTP/1.1 413 ")
    assert "\r\nConnection: close\r\n" in answer
    assert '"code":"too_large"' in answer
    assert "larger than the 500 bytes" in answer


@pytest.mark.parametrize(
    ("declared", "body"),
    [
        ("Content-Length: 400", b'{"prompt":'),
        ("Transfer-Encoding: chunked", b"2\r\n{}\r\n"),
    ],
)
async def test_half_a_body_is_none(tmp_path: Path, declared: str, body: bytes) -> None:
    """A client that goes away in its body buys nothing, and nobody is alarmed."""
    async with open_house(tmp_path) as front:
        _, key = await front.mint()
        looks = LookedAt(front.clock)
        watched = Front(front.stage, replace(front.services, clock=looks))
        async with serve_on(watched.app, "127.0.0.1", 0) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(a_head(key, declared).replace("\n", "\r\n").encode() + body)
            await soon(lambda: looks.times == 2)
            writer.close()
            await writer.wait_closed()
            await soon(lambda: not listener.connections)
            assert await reader.read() == b""
        jobs = await front.stage.ledger.jobs_of("acme")

    assert looks.times == 3  # The body's end, if one may call it that.
    assert jobs == []
    assert front.stage.audience.alarms == []


async def test_broken_framing_is_refused_and_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What could not be parsed may be anybody's secret."""
    async with open_house(tmp_path, limits=TINY) as front:
        _, key = await front.mint()
        answer = await raw(front, a_head(key, "Transfer-Encoding: chunked") + "5\n{}xxxxxxxxx\n")

    assert answer.startswith("HTTP/1.0 400 ")
    assert "xxxxx" not in caplog.text
    assert "Error handling request from 127.0.0.1 (BadHttpMessage)" in caplog.text


async def test_a_compressed_body_is_not_read(tmp_path: Path) -> None:
    """A small one may be a very large one."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("POST", "/v1/edits", b"\x1f\x8b", {"Content-Encoding": "gzip"})
        plain = await front.edit({"Content-Encoding": "Identity"})

    assert (answer.status, answer.json["code"]) == (400, "malformed")
    assert plain.status == 200


async def test_a_bodys_own_slowness_is_not_our_overhead(tmp_path: Path) -> None:
    """What the client takes to send it is not counted as time in our hands."""
    async with open_house(tmp_path) as front:
        _, key = await front.mint()
        body = b'{"prompt": "p", "images": ["https://x.example/a"], "aspect_ratio": "1:1"}'
        looks = LookedAt(front.clock)
        watched = Front(front.stage, replace(front.services, clock=looks))
        async with serve_on(watched.app, "127.0.0.1", 0) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            head = a_head(key, f"Content-Length: {len(body)}", "Connection: close")
            writer.write(head.replace("\n", "\r\n").encode())
            await writer.drain()
            # When it arrived, and when its body began.
            await soon(lambda: looks.times == 2)
            front.clock.advance(9)
            writer.write(body)
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
        (overhead,) = front.stage.audience.heard("overhead")

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert overhead.seconds == 0.0
