"""What each provider offers for a job right now."""

from datetime import timedelta

import pytest

from router.dispatch.health import FAILURES_MAX, Health
from router.dispatch.latency import Latencies
from router.dispatch.survey import Survey
from router.dispatch.turns import Turns
from router.ledger.views import TimedRow
from router.model.errors import ProviderRefused, ProviderThrottled, ProviderUnreachable, Refusal
from router.model.ids import AttemptId
from router.model.job import Job, Resolution
from router.model.offer import Offer, ProviderState
from router.policy.policy import Policy
from router.upstream.paces import Paces
from router.upstream.slots import Slots
from tests.fakes import EPOCH, FakeClock, a_job
from tests.policy_files import a_policy
from tests.stage import Shape
from tests.virtual_time import VirtualClock, run


class Desk:
    """A survey with its health and its eyes."""

    def __init__(self, *connected: str) -> None:
        self.health = Health(FakeClock(), lambda *_: None)
        self.shape = Shape()
        self.latencies = Latencies()
        self.survey = Survey(
            self.health,
            self.shape,
            frozenset(connected),
            turns(self.health),
            latencies=self.latencies,
        )

    async def offers(self, job: Job, policy: Policy | None = None) -> dict[str, Offer]:
        """Survey a job; offers by provider."""
        found = await self.survey.offers(policy or a_policy(), job, EPOCH)
        return {offer.provider: offer for offer in found}


BOTH = ("shortapi", "runpod")


def delivered(provider: str, slug: str, whole_s: float) -> TimedRow:
    """An edit of which the provider tells nothing."""
    return TimedRow(
        provider=provider,
        slug=slug,
        resolution=Resolution.ONE_K,
        outcome="delivered",
        dispatched_at=EPOCH - timedelta(seconds=whole_s),
        accepted_at=None,
        ended_at=EPOCH,
        queue_s=None,
        execution_s=None,
    )


def turns(health: Health) -> Turns:
    """Build queues that are empty."""
    slots = Slots({}, Paces(FakeClock()))
    return Turns(FakeClock(), slots, health, expected_s=lambda *_: None)


async def test_a_missing_key_is_an_obstacle() -> None:
    """A provider without a credential is offered with its reason, not left out."""
    offers = await Desk("runpod").offers(a_job(aspect_ratio="1:1"))
    assert offers["shortapi"].obstacle == "has no key configured"
    assert offers["runpod"].obstacle is None


async def test_health_is_part_of_the_offer() -> None:
    """Ejection after failures is a state; after empty credit it is an obstacle as well."""
    desk = Desk(*BOTH)
    for _ in range(FAILURES_MAX):
        desk.health.failed("shortapi", AttemptId("a"), ProviderUnreachable())
    desk.health.failed("runpod", AttemptId("b"), ProviderRefused("empty", reason=Refusal.CREDIT))
    offers = await desk.offers(a_job(aspect_ratio="1:1"))
    assert (offers["shortapi"].state, offers["shortapi"].obstacle) == (ProviderState.EJECTED, None)
    assert offers["runpod"].obstacle == "is set aside: empty"


@pytest.mark.parametrize(("others_s", "is_set_aside"), [(11.0, True), (40.0, False)])
async def test_who_asked_for_patience_is_waited_for_where_the_others_are_too_slow(
    others_s: float,
    is_set_aside: bool,  # noqa: FBT001 - pytest names it.
) -> None:
    """Whether another would do is asked with what was learnt of its latency."""
    desk, policy = Desk(*BOTH), a_policy(latency_max={"p95": "20s"})
    for row in policy.prices.offers("nano-banana-2-edit", Resolution.ONE_K, EPOCH):
        whole_s = 9.0 if row.row.provider == "shortapi" else others_s
        desk.latencies.seed([delivered(row.row.provider, row.row.slug, whole_s)] * 30)
    desk.health.failed("shortapi", AttemptId("a"), ProviderThrottled(retry_after_s=9.0))
    offers = await desk.offers(a_job(aspect_ratio="1:1"), policy)

    assert (offers["shortapi"].busy_s is not None) is is_set_aside
    assert offers["runpod"].obstacle is None


async def test_inability_is_told_before_health() -> None:
    """What a provider cannot do is the reason given, whatever its health."""
    desk = Desk()
    offers = await desk.offers(a_job(aspect_ratio="8:1"))
    assert offers["shortapi"].obstacle == "does not make 8:1 images"


@pytest.mark.parametrize(
    ("size", "ratio", "obstacle"),
    [
        ((1600, 900), "16:9", None),
        (None, None, "needs an aspect ratio, and the image's own could not be read"),
    ],
)
async def test_the_first_images_shape_stands_in_for_a_ratio(
    size: tuple[int, int] | None, ratio: str | None, obstacle: str | None
) -> None:
    """Where a provider wants an aspect ratio and the job has none, the image is looked at."""
    desk = Desk(*BOTH)
    desk.shape.size = size
    offer = (await desk.offers(a_job(aspect_ratio=None)))["shortapi"]
    assert (offer.aspect_ratio, offer.obstacle) == (ratio, obstacle)


def test_an_image_that_comes_slowly_is_not_waited_for_beyond_what_is_said() -> None:
    """Whoever wants an answer at once has an offer less, and it says why."""

    async def look(look_s: float | None) -> str | None:
        shape = Shape()

        async def slowly() -> None:
            await VirtualClock().sleep_s(2.0)

        shape.looking = slowly
        health = Health(FakeClock(), lambda *_: None)
        survey = Survey(health, shape, frozenset(BOTH), turns(health), latencies=Latencies())
        found = await survey.offers(a_policy(), a_job(), EPOCH, look_s=look_s)
        return next(one.obstacle for one in found if one.provider == "shortapi")

    assert run(look(None), 1) is None
    assert run(look(1.0), 1) == "needs an aspect ratio, and the image's own could not be read"
