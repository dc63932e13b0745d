"""Carrying and collecting in virtual time, against a provider that follows a script."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from router.model.errors import (
    Ending,
    ProviderError,
    ProviderFailed,
    ProviderInDoubt,
    ProviderRefused,
    ProviderThrottled,
    ProviderUnreachable,
    Refusal,
)
from router.model.ids import ProviderRef
from router.model.job import Job, Resolution
from router.model.money import Money
from router.model.offer import Offer, ProviderTerms, Rate
from router.providers.wire import (
    Call,
    Delivered,
    Forgotten,
    Pending,
    Progress,
    Reply,
    Unreadable,
)
from router.upstream.client import Upstream
from router.upstream.doorbell import Doorbell
from router.upstream.paces import Operation, Paces
from router.upstream.reads import REPEATED_MIN, Reads
from tests.fakes import a_job, an_offer
from tests.virtual_time import VirtualClock, run

REF = ProviderRef("ref-1")
PENDING = Pending(ref=REF, stage="running")
DONE = Delivered(ref=REF, images=("https://images.example/1.png",))
FAILED = ProviderFailed("worker died", how=Ending.FAILED)
Said = Progress | Exception


class ScriptCodec:
    """A codec whose replies are read from a script: a reply's body names its line."""

    name = "shortapi"
    can_cancel = True

    def __init__(self, lines: dict[str, Said]) -> None:
        self._lines = lines

    def _read(self, reply: Reply) -> Progress:
        said = self._lines[reply.body.decode()]
        if isinstance(said, Exception):
            raise said
        return said

    def create(
        self, job: Job, offer: Offer, terms: ProviderTerms, *, callback_url: str | None
    ) -> Call:
        """Write everything into the path."""
        path = f"/create/{offer.slug}/{job.prompt}/{terms.name}/{callback_url}"
        return Call(method="POST", path=path, body=b"{}")

    def read_create(self, reply: Reply, terms: ProviderTerms) -> Progress:
        """Read the script."""
        assert terms.name == "shortapi"
        return self._read(reply)

    def query(self, ref: ProviderRef, offer_slug: str) -> Call:
        """Write a read."""
        return Call(method="GET", path=f"/query/{offer_slug}/{ref}")

    def read_query(self, reply: Reply, ref: ProviderRef) -> Progress:
        """Read the script."""
        assert ref == REF
        return self._read(reply)

    def cancel(self, ref: ProviderRef, offer_slug: str) -> Call:
        """Write a cancellation."""
        return Call(method="POST", path=f"/cancel/{offer_slug}/{ref}")

    def read_cancel(self, reply: Reply, ref: ProviderRef) -> bool:
        """Read the script."""
        assert ref == REF
        return isinstance(self._read(reply), Delivered)

    def read_callback(self, payload: Any) -> ProviderRef | None:
        """Not used here."""
        raise NotImplementedError(payload)


@dataclass
class Stage:
    """An `Upstream` before a scripted provider; the last line of the script is repeated."""

    created: Said = PENDING
    script: list[Said] = field(default_factory=lambda: [DONE])
    travel_s: float = 0.0
    rate: Rate | None = None

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.lines: dict[str, Said] = {}
        self.codec = ScriptCodec(self.lines)
        self.polled: list[str] = []
        self.sent: list[tuple[float, str]] = []
        self.accepted: list[tuple[float, Progress]] = []
        self.doorbell = Doorbell(self.clock)
        self.upstream = Upstream(
            self.clock,
            self,
            {"shortapi": self.codec},
            Reads(Paces(self.clock, {("shortapi", Operation.STATUS): self.rate})),
            rng=random.Random(1),
            on_poll=self.polled.append,
        )

    async def create(self, provider: str, call: Call, *, deadline_s: float) -> Reply:
        """Be the transport: send a create."""
        assert (provider, deadline_s) == ("shortapi", 11.0)
        return await self._travel(call, self.created)

    async def read(self, provider: str, call: Call, *, deadline_s: float) -> Reply:
        """Be the transport: send a read."""
        assert (provider, deadline_s) == ("shortapi", 10.0)
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return await self._travel(call, said)

    async def _travel(self, call: Call, said: Said) -> Reply:
        self.sent.append((self.clock.monotonic_s(), call.path))
        await self.clock.sleep_s(self.travel_s)
        if isinstance(said, ProviderUnreachable):
            raise said  # What a transport raises; all else is for the codec to read.
        line = f"line {len(self.lines)}"
        self.lines[line] = said
        return Reply(status=200, headers={}, body=line.encode())

    @property
    def asked_s(self) -> list[float]:
        """When the job's state was read."""
        return [when for when, path in self.sent if path.startswith("/query/")]

    async def accept(self, progress: Progress) -> None:
        """Take note that the provider has the job."""
        await asyncio.sleep(0)
        self.accepted.append((self.clock.monotonic_s(), progress))

    async def carry(
        self,
        *,
        horizon_s: float = 300.0,
        accepted: Callable[[Progress], Awaitable[None]] | None = None,
    ) -> Delivered:
        """Carry a job."""
        return await self.upstream.carry(
            a_job(),
            an_offer(price=Money.parse("0.04")),
            ProviderTerms(name="shortapi"),
            callback_url="https://us.example/callbacks/shortapi/t",
            create_deadline_s=11.0,
            horizon_s=horizon_s,
            doorbell=self.doorbell,
            accepted=accepted or self.accept,
        )

    async def collect(
        self, *, horizon_s: float = 300.0, doorbell: Doorbell | None = None
    ) -> Delivered:
        """Collect a job that was created earlier; its bell is the stage's, or one of its own."""
        return await self.upstream.collect(
            "shortapi",
            "slug",
            REF,
            resolution=Resolution.ONE_K,
            age_s=0.0,
            horizon_s=horizon_s,
            doorbell=doorbell or self.doorbell,
        )


async def error_of(work: Coroutine[Any, Any, Delivered]) -> ProviderError:
    """The provider's error that ends the work."""
    with pytest.raises(ProviderError) as raised:
        await work
    return raised.value


def test_a_job_is_carried(seed: int) -> None:
    """One create, the id told before anything is asked, polls until the image is there."""

    async def story() -> None:
        stage = Stage(script=[PENDING, PENDING, DONE], travel_s=0.5)

        assert await stage.carry() == DONE
        paths = [path for _, path in stage.sent]
        callback = "https://us.example/callbacks/shortapi/t"
        assert paths == [
            f"/create/google/nano-banana-2/edit/make the sky green/shortapi/{callback}",
            *["/query/google/nano-banana-2/edit/ref-1"] * 3,
        ]
        assert stage.accepted == [(0.5, PENDING)]
        assert stage.polled == ["shortapi"] * 3

    run(story(), seed)


def test_polls_keep_their_pauses() -> None:
    """Where nothing is learnt: after about two seconds, then ever more seldom."""

    async def story() -> None:
        stage = Stage(script=[*[PENDING] * 15, DONE])
        await stage.carry()
        gaps_s = [
            later - earlier
            for earlier, later in zip([0.0, *stage.asked_s], stage.asked_s, strict=False)
        ]

        # The create's own travel counts as the job's time.
        assert 0.9 <= gaps_s[0] <= 2.1
        assert all(1.2 <= gap_s <= 3.0 for gap_s in gaps_s[1:])
        assert sum(gaps_s[1:5]) < sum(gaps_s[-4:])

    run(story(), seed=1)


def test_a_job_delivered_in_the_creates_reply_is_accepted_too() -> None:
    """A provider that delivers at once is believed, after its id was told; nothing is polled."""

    async def story() -> None:
        stage = Stage(created=DONE)

        assert await stage.carry() == DONE
        assert stage.accepted == [(0.0, DONE)]
        assert stage.polled == []

    run(story(), seed=1)


@pytest.mark.parametrize(
    "error",
    [
        ProviderUnreachable(),
        ProviderThrottled(retry_after_s=3.0),
        ProviderRefused(reason=Refusal.CREDIT),
        FAILED,
        ProviderInDoubt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_create_that_fails_is_not_sent_again(error: ProviderError) -> None:
    """Whatever ends a create passes through as it is; nothing is sent again, nothing accepted."""

    async def story() -> None:
        stage = Stage(created=error)

        assert await error_of(stage.carry()) is error
        assert len(stage.sent) == 1
        assert stage.accepted == []

    run(story(), seed=1)


def test_what_accepted_raises_is_passed_on() -> None:
    """When the id cannot be made durable, nothing is asked, and the reason reaches the caller."""

    async def refuse(_: Progress) -> None:
        raise LookupError

    async def story() -> None:
        stage = Stage()
        with pytest.raises(LookupError):
            await stage.carry(accepted=refuse)

        assert len(stage.sent) == 1

    run(story(), seed=1)


def test_the_first_final_answer_counts() -> None:
    """A failure ends the job there, although a later answer would be another."""

    async def story() -> None:
        stage = Stage(script=[PENDING, FAILED, DONE])

        assert await error_of(stage.collect()) is FAILED
        assert len(stage.asked_s) == 2

    run(story(), seed=1)


def test_an_unknown_state_is_not_an_end() -> None:
    """A state that no document names keeps the job open."""

    async def story() -> None:
        stage = Stage(script=[Pending(ref=REF, stage="unknown"), DONE])

        assert await stage.collect() == DONE

    run(story(), seed=1)


def test_a_ring_asks_at_once(seed: int) -> None:
    """A callback ends the pause, and the following pauses are short again."""

    async def story() -> None:
        stage = Stage(script=[*[PENDING] * 18, DONE])
        loop = asyncio.get_running_loop()
        collecting = loop.create_task(stage.collect())
        await stage.clock.sleep_s(30)
        before = len(stage.asked_s)
        stage.doorbell.ring()
        await stage.clock.sleep_s(2)
        since_s = stage.asked_s[before:]

        assert 30.0 <= since_s[0] <= 30.25
        assert 0.9 <= since_s[1] - since_s[0] <= 1.1
        assert await collecting == DONE

    run(story(), seed)


def test_a_ring_before_the_first_poll_is_kept() -> None:
    """A callback that overtakes the create's reply is answered by asking at once."""

    async def story() -> None:
        stage = Stage()
        stage.doorbell.ring()
        await stage.carry()

        assert stage.asked_s == [0.0]

    run(story(), seed=1)


def test_ringing_all_the_time_is_no_flood() -> None:
    """A bell that never rests makes four polls a second, not thousands."""

    async def story() -> None:
        stage = Stage(script=[PENDING])

        async def ring_always() -> None:
            while True:
                stage.doorbell.ring()
                await stage.clock.sleep_s(0.01)

        ringing = asyncio.get_running_loop().create_task(ring_always())
        assert isinstance(await error_of(stage.collect(horizon_s=10.0)), ProviderInDoubt)
        ringing.cancel()
        assert 38 <= len(stage.asked_s) <= 42

    run(story(), seed=1)


def test_a_reply_that_says_nothing_is_asked_for_again() -> None:
    """A read that failed is repeated, ever more slowly, until one says something."""

    async def story() -> None:
        stage = Stage(script=[*[Unreadable("502")] * 4, DONE])

        assert await stage.collect() == DONE
        gaps_s = [
            later - earlier
            for earlier, later in zip(stage.asked_s, stage.asked_s[1:], strict=False)
        ]
        for gap_s, window_s in zip(gaps_s, [0.5, 1.0, 2.0, 4.0], strict=True):
            assert window_s / 2 <= gap_s <= window_s
        assert len(stage.polled) == 5

    run(story(), seed=1)


def test_a_provider_that_asks_for_patience_gets_it() -> None:
    """The pause that a throttled read names is kept."""

    async def story() -> None:
        stage = Stage(script=[Unreadable("429", retry_after_s=20.0), DONE])
        await stage.collect()

        assert stage.asked_s[1] - stage.asked_s[0] == pytest.approx(20.0)

    run(story(), seed=1)


@pytest.mark.parametrize(
    ("says", "detail"),
    [
        (PENDING, "named no end"),
        (Unreadable("502"), "end is unknown. 502"),
        (Unreadable("429", retry_after_s=9999.0), "end is unknown. 429"),
    ],
    ids=["pending", "unreadable", "throttled"],
)
def test_at_the_horizon_the_job_is_in_doubt(says: Said, detail: str) -> None:
    """Asking stops at the horizon, after a last look there, and nothing is concluded."""

    async def story() -> None:
        stage = Stage(script=[says])
        error = await error_of(stage.collect(horizon_s=40.0))

        assert type(error) is ProviderInDoubt
        assert detail in error.detail
        assert stage.asked_s[-1] == pytest.approx(40.0)
        assert stage.clock.monotonic_s() == pytest.approx(40.0)

    run(story(), seed=1)


def test_the_last_look_may_find_the_image() -> None:
    """What is delivered exactly at the horizon is still collected."""

    async def story() -> None:
        stage = Stage(script=[PENDING, DONE])

        assert await stage.collect(horizon_s=2.5) == DONE
        assert stage.asked_s[-1] == 2.5

    run(story(), seed=1)


def test_past_the_horizon_nothing_is_asked() -> None:
    """A horizon that has passed leaves the job in doubt without a call."""

    async def story() -> None:
        stage = Stage()

        assert type(await error_of(stage.collect(horizon_s=0.0))) is ProviderInDoubt
        assert stage.sent == []

    run(story(), seed=1)


def test_a_job_unknown_at_first_is_asked_after_for_half_a_minute() -> None:
    """A 404 right after the create is believed only after 30 seconds, and then is in doubt."""

    async def story() -> None:
        stage = Stage(script=[Forgotten()])
        error = await error_of(stage.carry())

        assert type(error) is ProviderInDoubt
        assert "no longer knows" in error.detail
        assert 30.0 <= stage.asked_s[-1] <= 36.0
        assert len(stage.asked_s) > 8

    run(story(), seed=1)


def test_a_job_that_becomes_known_is_collected() -> None:
    """A 404 right after the create is forgiven when the job shows up."""

    async def story() -> None:
        stage = Stage(script=[Forgotten(), Forgotten(), PENDING, DONE])

        assert await stage.carry() == DONE

    run(story(), seed=1)


def test_a_job_that_is_no_longer_known_is_in_doubt_at_once() -> None:
    """A 404 after the job was known means that its result has expired, which proves nothing."""

    async def story() -> None:
        stage = Stage(script=[PENDING, Forgotten(), DONE])
        error = await error_of(stage.collect())

        assert type(error) is ProviderInDoubt
        assert len(stage.asked_s) == 2

    run(story(), seed=1)


def test_a_failed_read_is_no_knowledge() -> None:
    """Reads that failed do not count as having known the job."""

    async def story() -> None:
        stage = Stage(script=[Unreadable("502"), Forgotten(), DONE])

        assert await stage.collect() == DONE

    run(story(), seed=1)


def test_collecting_can_be_cancelled_anywhere(seed: int) -> None:
    """A cancellation ends the collecting, in whatever it is engaged, and leaves no task."""

    async def story() -> None:
        chance = random.Random(seed)
        stage = Stage(script=[Unreadable("502"), PENDING, Unreadable("502"), PENDING], travel_s=0.7)
        collecting = asyncio.get_running_loop().create_task(stage.collect())
        await stage.clock.sleep_s(chance.uniform(0.0, 20.0))
        collecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await collecting

        await stage.clock.sleep_s(0.1)
        assert len(asyncio.all_tasks()) == 1

    run(story(), seed)


@pytest.mark.parametrize(
    ("says", "confirmed"),
    [(DONE, True), (PENDING, False), (Unreadable("502"), False), (Forgotten(), False)],
    ids=["confirmed", "not confirmed", "unreadable", "forgotten"],
)
def test_a_cancellation_counts_only_when_confirmed(says: Said, confirmed: bool) -> None:  # noqa: FBT001
    """Without a confirmation the job may still run, and be charged."""

    async def story() -> None:
        stage = Stage(script=[says])

        assert await stage.upstream.cancel("shortapi", "slug", REF) is confirmed
        assert [path for _, path in stage.sent] == ["/cancel/slug/ref-1"]
        assert stage.polled == []

    run(story(), seed=1)


def test_where_nothing_can_be_cancelled_nothing_is_sent() -> None:
    """A provider without cancellation is not asked for one."""

    async def story() -> None:
        stage = Stage()
        stage.codec.can_cancel = False

        assert not await stage.upstream.cancel("shortapi", "slug", REF)
        assert stage.sent == []

    run(story(), seed=1)


def test_a_provider_that_answers_no_read_gets_few_for_the_second_time() -> None:
    """Three jobs of ten repeat soon; the others ask again late, and all have their image."""

    async def story() -> None:
        stage = Stage(script=[Unreadable("502")])
        loop = asyncio.get_running_loop()
        bells = [Doorbell(stage.clock) for _ in range(10)]
        jobs = [loop.create_task(stage.collect(doorbell=bell)) for bell in bells]
        await stage.clock.sleep_s(7.0)
        soon = [at_s for at_s in stage.asked_s if at_s < 7.0]
        assert 10 + REPEATED_MIN * 2 <= len(soon) <= 10 + REPEATED_MIN * 5
        stage.script = [DONE]
        await asyncio.wait(jobs)
        assert {job.result() for job in jobs} == {DONE}
        assert stage.clock.monotonic_s() < 32.0

    run(story(), seed=1)


def test_one_read_that_is_throttled_has_the_others_wait() -> None:
    """A 429 is said to all: nobody else asks before the pause is over."""

    async def story() -> None:
        stage = Stage(script=[Unreadable("429", retry_after_s=20.0), DONE])
        other = Doorbell(stage.clock)
        first = asyncio.get_running_loop().create_task(stage.collect())
        await stage.clock.sleep_s(2.0)
        other.ring()
        second = stage.collect(doorbell=other)
        assert await second == DONE
        assert await first == DONE
        assert stage.asked_s[1] - stage.asked_s[0] == pytest.approx(20.0)

    run(story(), seed=1)


def test_however_many_are_waited_for_polls_keep_to_the_rate() -> None:
    """Sixty jobs would ask thirty times a second; five are allowed, and each has its turn."""

    async def story() -> None:
        stage = Stage(script=[PENDING], rate=Rate(50, 10.0))
        loop = asyncio.get_running_loop()
        bells = [Doorbell(stage.clock) for _ in range(60)]
        jobs = [loop.create_task(stage.collect(horizon_s=200.0, doorbell=bell)) for bell in bells]
        await stage.clock.sleep_s(100.0)
        asked = stage.asked_s
        within = [sum(at <= other < at + 10.0 for other in asked) for at in asked]
        assert max(within) <= 50
        assert len(asked) >= 100 / 10 * 50 * 0.75
        stage.script = [DONE]
        await asyncio.wait(jobs)
        assert {job.result() for job in jobs} == {DONE}

    run(story(), seed=1)
