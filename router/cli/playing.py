"""Playing the demonstration's scenes over HTTP, and holding each to what it promises."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from router.cli.scenes import Scene
from router.model.clock import Clock
from router.model.money import Money, total

PATIENCE_S = 10.0
"""For what must come true soon; the sandbox is quick."""
POLL_S = 0.1
CHEAPEST = "shortapi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one scene."""

    scene: Scene
    status: int
    reply: Mapping[str, Any]
    """The job, or the problem that refused it."""
    seconds: float
    """From the request to the answer, as a client sees it."""
    replayed: bool
    was_in_doubt: bool

    @property
    def bought(self) -> Money:
        """What this scene cost: a replay costs nothing."""
        if self.replayed or "attempts" not in self.reply:
            return Money.ZERO
        return Money.parse(self.reply["charged"])

    @property
    def money(self) -> dict[str, str]:
        """What became of the money, by provider."""
        return {one["provider"]: one["money"] for one in self.reply.get("attempts", ())}

    def broken(self) -> list[str]:
        """What came out otherwise than promised; nothing, if all is well."""
        promise = self.scene.promise
        charged = self.reply.get("charged") or "0.00"
        pairs = (
            ("status", promise.status, self.status),
            ("provider", promise.provider, self.reply.get("provider")),
            ("charged", promise.charged, charged),
            ("refused", promise.refused, self.reply.get("asked")),
            ("money", dict(promise.money), self.money),
            ("replayed", self.scene.replays, self.replayed),
            ("in doubt at first", self.scene.loses_answer, self.was_in_doubt),
        )
        return [
            f"{self.scene.title}: {what} should be {promised}, and is {actual}"
            for what, promised, actual in pairs
            if promised != actual
        ]


class Player:
    """A client of the router who also knows how to upset the sandbox."""

    def __init__(
        self,
        clock: Clock,
        session: aiohttp.ClientSession,
        *,
        router_url: str,
        sandbox_url: str,
        keys: Mapping[str, str],
    ) -> None:
        """
        Args:
            keys: API keys by tenant.
        """
        self._clock, self._session = clock, session
        self._router_url, self._sandbox_url = router_url, sandbox_url
        self._keys = keys

    def edit(self, scene: Scene) -> dict[str, Any]:
        """The body of a scene's request."""
        return {
            "prompt": scene.prompt,
            "images": [f"{self._sandbox_url}/samples/{scene.picture}"],
            "resolution": scene.resolution,
        }

    async def play(self, scene: Scene) -> Outcome:
        """Send a scene's edit, and wait for its answer."""
        await self._until_chosen(scene)
        if scene.faults:
            async with self._session.post(
                f"{self._sandbox_url}/_faults", json=list(scene.faults)
            ) as reply:
                reply.raise_for_status()
        headers = self._headers(scene.tenant)
        if scene.idempotency_key:
            headers["Idempotency-Key"] = scene.idempotency_key
        began_s = self._clock.monotonic_s()
        async with self._session.post(
            f"{self._router_url}/v1/edits", json=self.edit(scene), headers=headers
        ) as reply:
            outcome = Outcome(
                scene=scene,
                status=reply.status,
                reply=await reply.json(content_type=None),
                seconds=self._clock.monotonic_s() - began_s,
                replayed=reply.headers.get("Idempotent-Replayed") == "true",
                was_in_doubt=False,
            )
        return replace(outcome, was_in_doubt="in_doubt" in outcome.money.values())

    async def settled(self, outcome: Outcome) -> Outcome:
        """The outcome once nothing of it is in doubt any more, or as it is when patience ends."""
        ends_s = self._clock.monotonic_s() + PATIENCE_S
        while "in_doubt" in outcome.money.values() and self._clock.monotonic_s() < ends_s:
            await self._clock.sleep_s(POLL_S)
            job = await self.get(f"/v1/edits/{outcome.reply['id']}", outcome.scene.tenant)
            outcome = replace(outcome, reply=job)
        return outcome

    async def get(self, path: str, tenant: str) -> Any:
        """Read something of the router as a tenant."""
        async with self._session.get(
            f"{self._router_url}{path}", headers=self._headers(tenant)
        ) as reply:
            reply.raise_for_status()
            return await reply.json()

    async def truth(self) -> Money:
        """What the sandbox has charged, less what it gave back."""
        async with self._session.get(f"{self._sandbox_url}/_truth") as reply:
            return Money.parse((await reply.json())["net"])

    async def _until_chosen(self, scene: Scene) -> None:
        """Wait until the cheapest provider would be asked first: it may be set aside yet."""
        if scene.replays:
            return
        ends_s = self._clock.monotonic_s() + PATIENCE_S
        while self._clock.monotonic_s() < ends_s:
            async with self._session.post(
                f"{self._router_url}/v1/quotes",
                json=self.edit(scene),
                headers=self._headers(scene.tenant),
            ) as reply:
                candidates = (await reply.json())["decision"]["candidates"]
            if candidates[0]["provider"] == CHEAPEST:
                return
            await self._clock.sleep_s(POLL_S)

    def _headers(self, tenant: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._keys[tenant]}"}


def bought(outcomes: list[Outcome]) -> Money:
    """What all scenes cost together."""
    return total([outcome.bought for outcome in outcomes])
