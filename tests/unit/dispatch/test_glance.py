"""Whether there is anything by a result's address."""

import pytest

from router.dispatch.glance import PAUSES_S, SILENT_S, Glance
from router.model.errors import ResultUnavailable
from router.upstream.addresses import Why
from router.upstream.fetcher import FetchFailed
from router.upstream.guard import FetchRefused
from tests.fakes import FakeClock
from tests.pictures import a_picture
from tests.stage import Gallery
from tests.virtual_time import VirtualClock, run

ONE, TWO = "https://results.example/1.png", "https://results.example/2.png"
GONE = FetchFailed("The URL answered 404.", is_gone=True)


def test_a_result_that_is_there_is_looked_at_once() -> None:
    """And one that is in the answer itself not at all."""

    async def look() -> list[str]:
        gallery = Gallery()
        gallery.shows[ONE] = a_picture("PNG")
        await Glance(VirtualClock(), gallery).check((ONE, "data:image/png;base64,AAAA"))
        return gallery.fetched

    assert run(look(), 1) == [ONE]


@pytest.mark.parametrize(
    ("shows", "why"), [(GONE, "answered 404"), (b"\n<!doctype html>", "shows a page")]
)
def test_a_result_that_is_not_there_is_told_after_some_looks(
    shows: bytes | Exception, why: str
) -> None:
    """A host may know of it a moment later; then there is nothing to hand on."""

    async def look() -> None:
        gallery, clock = Gallery(), VirtualClock()
        gallery.shows[ONE] = shows
        with pytest.raises(ResultUnavailable, match=why):
            await Glance(clock, gallery).check((ONE,))
        assert gallery.fetched == [ONE] * (1 + len(PAUSES_S))
        assert clock.monotonic_s() == pytest.approx(sum(PAUSES_S))

    run(look(), 1)


@pytest.mark.parametrize(("after_s", "looks"), [(0.5, 2), (2.0, 3)])
def test_a_result_that_comes_late_is_there(after_s: float, looks: int) -> None:
    """The next look finds it, and nobody looks again."""

    async def look() -> list[str]:
        gallery, clock = Gallery(), VirtualClock()
        gallery.shows[ONE] = GONE

        class Late(Gallery):
            async def fetch_prefix(self, url: str, bytes_max: int) -> bytes:
                if clock.monotonic_s() > after_s:
                    gallery.shows[url] = a_picture("PNG")
                return await gallery.fetch_prefix(url, bytes_max)

        await Glance(clock, Late()).check((ONE,))
        return gallery.fetched

    assert run(look(), 1) == [ONE] * looks


@pytest.mark.parametrize("shows", [FetchRefused(Why.PRIVATE), b"\x00\x00\x00 ftypavif"])
def test_what_cannot_be_told_is_believed(shows: bytes | Exception) -> None:
    """Our guard is not the client's, and there are more kinds of images than we know."""

    async def look() -> None:
        gallery = Gallery()
        gallery.shows[ONE] = shows
        await Glance(VirtualClock(), gallery).check((ONE,))

    run(look(), 1)


async def test_a_host_that_does_not_answer_us_is_left_alone_for_a_while() -> None:
    """Nobody waits for it; after a minute it is asked again."""
    gallery, clock = Gallery(), FakeClock()
    gallery.shows |= {ONE: FetchFailed("no answer"), TWO: FetchFailed("no answer")}
    glance = Glance(clock, gallery)
    await glance.check((ONE, TWO))
    clock.advance(SILENT_S - 1)
    await glance.check((TWO,))
    assert gallery.fetched == [ONE]

    clock.advance(1)
    await glance.check((TWO,))
    assert gallery.fetched == [ONE, TWO]
