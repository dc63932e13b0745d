"""One request in hand: who asks, what they sent, and how long each took."""

import asyncio
import re
from dataclasses import dataclass, field

from aiohttp import web

from router.model.errors import Forbidden, Malformed, RequestTimeout, TooLarge
from router.model.ids import JobId
from router.web.auth import Caller
from router.web.lost_answers import Owed
from router.web.services import Services

ABOUT = web.RequestKey("about", tuple[str, JobId])
"""The job whose status a request asks for, and the tenant that asks."""
OWED = web.RequestKey("owed", Owed)
"""The answer that a request to buy waits for."""
UNFINISHED = web.RequestKey[bool]("unfinished")
"""Whether the answer to a purchase brings no image yet, nor a way to it that its client knows."""
BUYING = web.RequestKey[JobId]("buying")
"""The job that a request has begun to buy: from then on no answer may make a client ask again."""
_HOST = re.compile(r"[A-Za-z0-9._\[\]:-]{1,255}")


@dataclass(slots=True, kw_only=True)
class Visit:
    """A request as its handler sees it."""

    services: Services
    request: web.Request
    arrived_s: float
    """When its headers were read, by the clock's seconds."""
    caller: Caller
    _reading_s: float = field(default=0.0)

    @property
    def in_our_hands_s(self) -> float:
        """Seconds since it arrived, without those that its body took to come."""
        return self.services.clock.monotonic_s() - self.arrived_s - self._reading_s

    @property
    def origin(self) -> str:
        """Where the request came to, in its own words; nothing of what cannot be a host."""
        host = self.request.headers.get("Host", "")
        return f"{self.request.scheme}://{host}" if _HOST.fullmatch(host) else ""

    def tenant(self, asked: str | None) -> str:
        """
        Whose it is that the request asks for; its own caller's unless it says otherwise.

        Raises:
            Forbidden: Another tenant's are not shown to this caller.
        """
        tenant = asked if asked is not None else self.caller.tenant
        if not self.caller.may_see(tenant):
            raise Forbidden("This key is for another tenant.")
        return tenant

    def path(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def query(self, *known: str) -> dict[str, str]:
        """
        The query's parameters.

        Raises:
            Malformed: One is not known here, or is there twice.
        """
        given = self.request.query
        for name in given:
            if name not in known:
                takes = f"it takes {', '.join(known)}" if known else "it takes none"
                raise Malformed(f"`?{name[:64]}=` is not known here; {takes}.")
            if len(given.getall(name)) > 1:
                raise Malformed(f"`?{name}=` is there twice.")
        return dict(given)

    async def body(self, bytes_max: int | None = None) -> bytes:
        """
        Read the whole body.

        Raises:
            TooLarge: It is larger than `bytes_max`, or than any may be.
            RequestTimeout: It did not come in time.
            Malformed: It is compressed, or ended early.
        """
        request, limits, clock = self.request, self.services.limits, self.services.clock
        largest = limits.body_bytes_max if bytes_max is None else bytes_max
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Malformed("A compressed body is not read here: send it as it is.")
        if (request.content_length or 0) > largest:
            raise TooLarge(_too_large(largest))
        began_s = clock.monotonic_s()
        try:
            async with asyncio.timeout(limits.body_deadline_s):
                return await _read(request, largest)
        except TimeoutError:
            raise RequestTimeout from None
        except (web.RequestPayloadError, ConnectionError):
            raise Malformed("The request's body ended early.") from None
        finally:
            self._reading_s += clock.monotonic_s() - began_s


async def _read(request: web.Request, largest: int) -> bytes:
    body = bytearray()
    while chunk := await request.content.readany():
        body += chunk
        if len(body) > largest:
            raise TooLarge(_too_large(largest))
    return bytes(body)


def _too_large(largest: int) -> str:
    return f"The request's body is larger than the {largest} bytes that are read here."
