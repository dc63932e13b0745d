"""Images inside a job become links, where a provider takes only addresses."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from router.dispatch.hosting import MARGIN
from router.model.errors import NobodyQualifies
from router.policy.policy import Policy
from tests.policy_files import PRICES, a_policy
from tests.stage import RING_URL, Act, Stage, failed, play
from tests.web_stage import PNG

LARGE = PNG + "A" * 20_000
OTHER = "https://pictures.example/dog.png"


def links_of(stage: Stage, number: int = -1) -> tuple[str, ...]:
    """The images of a create as it left."""
    return stage.troupe.sent[number].job.images


def only_runpod(**keys: Any) -> Policy:
    """Build a policy that never asks ShortAPI."""
    return a_policy(prefer={"order": ["runpod", "shortapi"]}, price_max="$0.50", **keys)


@pytest.mark.parametrize("image", [PNG, LARGE], ids=["small", "large"])
def test_a_provider_of_addresses_is_given_a_link(tmp_path: Path, image: str) -> None:
    """What stands in the job's row is put beside the ledger first; addresses stay as they are."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit(images=(image, OTHER))
        await stage.see(job_id)
        link, other = links_of(stage)
        path = urlsplit(link).path
        assert link.startswith(f"{RING_URL}/inputs/")
        assert other == OTHER
        assert await stage.inputs.get(path.rpartition("/")[2]) == image.encode()
        assert await stage.books(job_id) == ["shortapi posted 0.04"]

    play(tmp_path, story, hosts=True)


def test_a_link_lasts_as_long_as_the_attempt_may_need_it(tmp_path: Path) -> None:
    """And is ours until then."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit(images=(PNG,))
        await stage.see(job_id)
        (link,), (attempt,) = links_of(stage), await stage.attempts(job_id)
        parts = urlsplit(link)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        until = stage.links.expiry("GET", parts.path, query, stage.clock.now())
        assert until is not None
        assert abs(until - (attempt.horizon_at + MARGIN)) < timedelta(seconds=1)

    play(tmp_path, story, hosts=True)


def test_without_an_address_of_ours_that_provider_does_not_qualify(tmp_path: Path) -> None:
    """The decision says why, and what to set."""

    async def story(stage: Stage) -> None:
        with pytest.raises(NobodyQualifies) as raised:
            await stage.submit(images=(LARGE,))
        assert (
            "shortapi takes images only as https addresses: with FAREBOX_PUBLIC_URL set, "
            "Farebox hosts them"
        ) in raised.value.detail
        assert stage.troupe.sent == []

    play(tmp_path, story)


def test_who_takes_images_inside_is_sent_them_so(tmp_path: Path) -> None:
    """Nobody has to reach us for that."""

    async def story(stage: Stage) -> None:
        await stage.see(await stage.submit(images=(PNG,), prompt="red"))
        assert stage.troupe.sent[0].provider == "runpod"
        assert links_of(stage) == (PNG,)

    play(tmp_path, story, hosts=True, policy=only_runpod())


def test_what_is_too_large_for_a_request_goes_by_link(tmp_path: Path) -> None:
    """Although the provider takes images inside."""

    async def story(stage: Stage) -> None:
        await stage.see(await stage.submit(images=(LARGE,)))
        assert stage.troupe.sent[0].provider == "runpod"
        assert links_of(stage)[0].startswith(f"{RING_URL}/inputs/")

    play(tmp_path, story, hosts=True, policy=only_runpod())


def test_an_offer_that_the_policy_has_lost_is_given_links(tmp_path: Path) -> None:
    """Every provider takes those."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit(images=(PNG,))
        await stage.see(job_id)
        (attempt,) = await stage.attempts(job_id)
        without = a_policy(prices=PRICES.replace("provider: shortapi", "provider: elsewhere"))
        taken = await stage.hosting.as_taken(stage.job(images=(PNG,)), attempt, without)
        assert taken.images[0].startswith(f"{RING_URL}/inputs/")

    play(tmp_path, story, hosts=True)


def test_each_attempt_is_sent_as_its_provider_takes_it(tmp_path: Path) -> None:
    """The job itself stays as it was."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(ends=failed(proves_free=True))]
        await stage.see(await stage.submit(images=(PNG,), prompt="red"))
        assert [sent.provider for sent in stage.troupe.sent] == ["shortapi", "runpod"]
        assert links_of(stage, 0)[0].startswith(RING_URL)
        assert links_of(stage, 1) == (PNG,)

    play(tmp_path, story, hosts=True)


def test_an_image_that_cannot_be_hosted_costs_nothing(tmp_path: Path) -> None:
    """Nothing was sent there: the hold is void, the slot free, and the next offer is tried."""

    async def story(stage: Stage) -> None:
        (stage.folder / "inputs").write_text("a file where a folder should be")
        job_id = await stage.submit(images=(PNG,), prompt="red")
        await stage.see(job_id)
        assert await stage.books(job_id) == ["shortapi voided 0.04", "runpod posted 0.0875"]
        assert [sent.provider for sent in stage.troupe.sent] == ["runpod"]
        assert stage.slots.taken("shortapi") == 0
        (first, _) = await stage.attempts(job_id)
        assert first.detail == "Its images could not be hosted; nothing was sent."

    play(tmp_path, story, hosts=True)
