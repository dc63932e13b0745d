"""What each provider offers for a job right now."""

import pytest

from router.dispatch.health import Health
from router.dispatch.latency import Latencies
from router.dispatch.survey import Survey
from router.model.errors import ProviderRefused, ProviderUnreachable, Refusal
from router.model.ids import AttemptId
from router.model.job import Job
from router.model.offer import Offer, ProviderState
from tests.fakes import EPOCH, FakeClock, a_job
from tests.policy_files import a_policy
from tests.stage import Shape
from tests.virtual_time import VirtualClock, run


class Desk:
    """A survey with its health and its eyes."""

    def __init__(self, *connected: str) -> None:
        self.health = Health(FakeClock(), lambda *_: None)
        self.shape = Shape()
        self.survey = Survey(self.health, self.shape, frozenset(connected), latencies=Latencies())

    async def offers(self, job: Job) -> dict[str, Offer]:
        """Survey a job; offers by provider."""
        found = await self.survey.offers(a_policy(), job, EPOCH)
        return {offer.provider: offer for offer in found}


BOTH = ("shortapi", "runpod")


async def test_a_missing_key_is_an_obstacle() -> None:
    """A provider without a credential is offered with its reason, not left out."""
    offers = await Desk("runpod").offers(a_job(aspect_ratio="1:1"))
    assert offers["shortapi"].obstacle == "has no key configured"
    assert offers["runpod"].obstacle is None


async def test_health_is_part_of_the_offer() -> None:
    """Ejection after failures is a state; after empty credit it is an obstacle as well."""
    desk = Desk(*BOTH)
    for _ in range(3):
        desk.health.failed("shortapi", AttemptId("a"), ProviderUnreachable())
    desk.health.failed("runpod", AttemptId("b"), ProviderRefused("empty", reason=Refusal.CREDIT))
    offers = await desk.offers(a_job(aspect_ratio="1:1"))
    assert (offers["shortapi"].state, offers["shortapi"].obstacle) == (ProviderState.EJECTED, None)
    assert offers["runpod"].obstacle == "is set aside: empty"


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
        survey = Survey(health, shape, frozenset(BOTH), latencies=Latencies())
        found = await survey.offers(a_policy(), a_job(), EPOCH, look_s=look_s)
        return next(one.obstacle for one in found if one.provider == "shortapi")

    assert run(look(None), 1) is None
    assert run(look(1.0), 1) == "needs an aspect ratio, and the image's own could not be read"
