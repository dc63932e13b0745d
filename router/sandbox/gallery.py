"""Where results hang until their URLs expire. A picture is painted when someone looks at it."""

import struct
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from router.sandbox.damage import PAGE
from router.sandbox.jobs import Plan
from router.sandbox.pictures import Picture, paint
from router.sandbox.wire import Answer, text_answer

SOURCE_BYTES_MAX = 128 * 1024 * 1024
"""Of inputs kept to be painted over; the oldest are forgotten, and painted from nothing."""
CACHED_MAX = 6
BOMB_SIDE = 20_000

Painter = Callable[[Picture], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One result, painted or not."""

    provider: str
    picture: Picture
    fault: str | None
    location: str | None
    expires_s: float


async def paint_here(picture: Picture) -> bytes:
    """Paint on the spot, which holds up the event loop: right for virtual time only."""
    return paint(picture)


class Gallery:
    """All results of both providers, by the key in their URL."""

    def __init__(self) -> None:
        self.painter: Painter = paint_here
        """The shell with sockets paints elsewhere."""
        self._exhibits: OrderedDict[str, Exhibit] = OrderedDict()
        self._painted: OrderedDict[Picture, bytes] = OrderedDict()
        self._sources: OrderedDict[str, int] = OrderedDict()
        self._source_bytes = 0

    def hang(self, key: str, provider: str, plan: Plan, picture: Picture, expires_s: float) -> str:
        """
        Put up a result.

        Returns:
            The path of its URL. The ending says the format, as the providers' mostly do.
        """
        self._exhibits[key] = Exhibit(
            provider=provider,
            picture=picture,
            fault=plan.picture_fault,
            location=plan.picture_location,
            expires_s=expires_s,
        )
        if picture.source:
            self._sources[key] = len(picture.source)
            self._source_bytes += len(picture.source)
        self._forget_sources()
        ending = "jpg" if picture.output_format == "jpeg" else "png"
        return f"/_images/{provider}/{key}.{ending}"

    def _forget_sources(self) -> None:
        while self._source_bytes > SOURCE_BYTES_MAX:
            key, size = self._sources.popitem(last=False)
            self._source_bytes -= size
            exhibit = self._exhibits[key]
            bare = replace(exhibit.picture, source=None)
            self._exhibits[key] = replace(exhibit, picture=bare)

    def find(self, path: str, now_s: float) -> Exhibit | None:
        """Find what hangs at a URL's path; None when nothing does, or no longer."""
        key = path.rpartition("/")[2].partition(".")[0]
        exhibit = self._exhibits.get(key)
        if exhibit is None or now_s >= exhibit.expires_s:
            return None
        return exhibit

    async def paint(self, picture: Picture) -> bytes:
        """Paint, or remember."""
        if picture in self._painted:
            self._painted.move_to_end(picture)
            return self._painted[picture]
        painted = await self.painter(picture)
        self._painted[picture] = painted
        while len(self._painted) > CACHED_MAX:
            self._painted.popitem(last=False)
        return painted

    async def show(self, exhibit: Exhibit) -> Answer:
        """Answer with the picture itself."""
        picture = exhibit.picture
        body = await self.paint(picture)
        return Answer(200, {"content-type": picture.content_type}, body)


def _dead(_: str) -> Answer:
    return text_answer("no such object", 404)


def _redirect(location: str) -> Answer:
    return Answer(302, {"location": location})


def _not_an_image(_: str) -> Answer:
    return Answer(200, {"content-type": "image/png"}, PAGE.encode())


def _bomb(_: str) -> Answer:
    return Answer(200, {"content-type": "image/png"}, bomb_png())


PICTURE_FAULTS: Mapping[str, Callable[[str], Answer]] = {
    "dead_result_url": _dead,
    "result_redirect": _redirect,
    "result_not_an_image": _not_an_image,
    "result_bomb": _bomb,
}
"""What a spoilt result answers; given where a redirect leads."""


@lru_cache(maxsize=1)
def bomb_png() -> bytes:
    """Write a valid PNG, tiny on the wire, that would fill memory when decoded."""
    row = b"\0" * (1 + BOMB_SIDE // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(BOMB_SIDE)) + packer.flush()
    header = struct.pack(">IIBBBBB", BOMB_SIDE, BOMB_SIDE, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    checked = name + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))
