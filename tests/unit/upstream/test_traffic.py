"""A price book's row says how a provider may be called, and a reload says it anew."""

import asyncio

from router.model.offer import ProviderTerms, Rate
from router.upstream.paces import Operation
from router.upstream.traffic import Traffic
from tests.virtual_time import VirtualClock, run


def test_every_limit_of_a_row_is_kept_to() -> None:
    """Creates at once and in a time, reads at once and in a time; told to who listens."""

    async def story() -> None:
        waits: list[tuple[str, str, float]] = []
        queues: list[tuple[str, int]] = []
        terms = ProviderTerms(
            name="p",
            creates_in_flight_max=2,
            create_rate=Rate(5, 1.0),
            status_rate=Rate(1, 10.0),
            statuses_in_flight_max=1,
        )
        traffic = Traffic(
            VirtualClock(),
            [terms],
            on_wait=lambda *one: waits.append(one),
            on_queue=lambda *one: queues.append(one),
        )
        assert [traffic.slots.try_take("p") for _ in range(2)] == [True, False]
        await traffic.slots.take("p")
        waiting = asyncio.get_running_loop().create_task(traffic.slots.take("p"))
        async with traffic.reads.one("p", Operation.STATUS):
            assert not traffic.paces.try_take("p", Operation.STATUS)
        await asyncio.sleep(1.0)
        # The second waits for the rate, the third for a slot.
        assert queues == [("p", 1), ("p", 0), ("p", 1)]
        traffic.set_terms([ProviderTerms(name="p", creates_in_flight_max=3)])
        await waiting
        await asyncio.sleep(11.0)
        assert traffic.paces.try_take("p", Operation.STATUS)
        assert {(provider, name) for provider, name, _ in waits} == {
            ("p", "create"),
            ("p", "status"),
        }
        assert queues[-1] == ("p", 0)

    run(story(), seed=1)
