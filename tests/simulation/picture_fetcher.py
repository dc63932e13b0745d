"""How results are fetched in a simulation: from the emulators, with all that befalls pictures."""

from urllib.parse import parse_qsl, urlsplit

from router.model.clock import Clock
from router.sandbox import Request, Sandbox, WireFault
from router.upstream.fetcher import FetchFailed
from tests.simulation.simulated_wire import Network

PATIENCE_S = 10.0


class PictureFetcher:
    """A `Fetcher` of what hangs at the emulators."""

    def __init__(self, clock: Clock, sandbox: Sandbox, network: Network) -> None:
        self._clock, self._sandbox, self._network = clock, sandbox, network

    async def fetch_prefix(self, url: str, bytes_max: int) -> bytes:
        """See `Fetcher`."""
        return (await self._shown(url, PATIENCE_S))[:bytes_max]

    async def fetch(self, url: str, bytes_max: int, *, deadline_s: float) -> bytes:
        """See `Fetcher`."""
        data = await self._shown(url, deadline_s)
        if len(data) > bytes_max:
            raise FetchFailed("The URL shows more than is read here.", may_pass=False)
        return data

    async def _shown(self, url: str, deadline_s: float) -> bytes:
        await self._network.pass_by()
        parts = urlsplit(url)
        request = Request(
            method="GET",
            path=parts.path,
            query=dict(parse_qsl(parts.query)),
            headers={"host": "sandbox.test"},
        )
        answer = await self._sandbox.handle(request)
        await self._network.pass_by()
        if answer.wire in {WireFault.HANG, WireFault.DRIP}:
            await self._clock.sleep_s(deadline_s)
        if answer.wire is not None or "content-encoding" in answer.headers:
            raise FetchFailed("The URL was not answered whole.")
        if answer.status in {404, 410}:
            raise FetchFailed("There is nothing.", may_pass=False, is_gone=True)
        if answer.status != 200:
            raise FetchFailed(f"The URL answered {answer.status}.")
        return answer.body
