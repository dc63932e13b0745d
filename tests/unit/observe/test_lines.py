"""Where log lines go."""

import asyncio
import io

from router.observe.lines import BUFFER_MAX, DELAY_S, Lines
from tests.virtual_time import run


class CountingStream(io.StringIO):
    """Counts how often it is written to."""

    writes = 0

    def write(self, text: str, /) -> int:
        """Count and keep."""
        self.writes += 1
        return super().write(text)


class BrokenStream(io.StringIO):
    """A pipe whose reader is gone."""

    def write(self, _text: str, /) -> int:
        """Fail."""
        raise BrokenPipeError


def test_lines_that_come_together_are_written_together() -> None:
    """Once, a moment later, and the next ones likewise."""
    stream = CountingStream()
    lines = Lines(stream)

    async def story() -> None:
        lines.write("one")
        lines.write("two")
        assert stream.getvalue() == ""
        await asyncio.sleep(DELAY_S + 0.01)
        assert stream.getvalue() == "one\ntwo\n"
        lines.write("three")
        await asyncio.sleep(DELAY_S + 0.01)

    run(story(), seed=1)

    assert stream.getvalue() == "one\ntwo\nthree\n"
    assert stream.writes == 2


def test_what_is_urgent_is_written_at_once_and_in_its_order() -> None:
    """With all that waited before it; nothing is written twice."""
    stream = CountingStream()
    lines = Lines(stream)

    async def story() -> None:
        lines.write("first")
        lines.write("trouble", urgent=True)
        assert stream.getvalue() == "first\ntrouble\n"
        await asyncio.sleep(DELAY_S + 0.01)

    run(story(), seed=1)

    assert stream.getvalue() == "first\ntrouble\n"


def test_not_too_much_waits() -> None:
    """A burst is written when it fills the buffer."""
    stream = CountingStream()
    lines = Lines(stream)

    async def story() -> None:
        lines.write("x" * (BUFFER_MAX // 2))
        assert stream.writes == 0
        lines.write("y" * (BUFFER_MAX // 2))

    run(story(), seed=1)

    assert stream.writes == 1


def test_without_an_event_loop_nothing_waits() -> None:
    """Nobody would come back to write it."""
    stream = CountingStream()

    Lines(stream).write("at once")

    assert stream.getvalue() == "at once\n"


def test_a_loop_that_ended_too_early_does_not_stop_the_next() -> None:
    """What waited then is written with what comes now."""
    stream = CountingStream()
    lines = Lines(stream)

    async def one(line: str, wait_s: float) -> None:
        lines.write(line)
        await asyncio.sleep(wait_s)

    run(one("lost?", 0), seed=1)
    run(one("found", DELAY_S + 0.01), seed=1)

    assert stream.getvalue() == "lost?\nfound\n"


def test_a_broken_stream_loses_lines_and_nothing_else() -> None:
    """A log that nobody reads any more does not stop a purchase."""
    closed = io.StringIO()
    closed.close()

    for stream in (BrokenStream(), closed):
        Lines(stream).write("gone", urgent=True)
