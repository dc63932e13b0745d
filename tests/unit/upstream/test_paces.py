"""How often providers are called: never more often than they document, in no window."""

import asyncio
from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from router.model.offer import ProviderTerms, Rate
from router.upstream.paces import LeakyBucket, Operation, Paces, rates_of
from tests.fakes import FakeClock
from tests.virtual_time import VirtualClock, run

CREATE, STATUS = Operation.CREATE, Operation.STATUS


def most_within(at_s: list[float], per_s: float) -> int:
    """The most instants within any stretch that is half open."""
    return max((bisect_left(at_s, one + per_s) - i for i, one in enumerate(at_s)), default=0)


@given(
    calls=st.integers(1, 60),
    per_s=st.sampled_from((0.5, 1.0, 10.0, 60.0)),
    pauses_s=st.lists(st.sampled_from((0.0, 0.0, 0.0, 0.01, 0.3, 2.0, 15.0)), max_size=200),
    late=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=7),
)
def test_in_no_window_more_calls_arrive_than_allowed(
    calls: int, per_s: float, pauses_s: list[float], late: list[float]
) -> None:
    """Whenever they are wanted, and if each takes up to a tenth of the window to arrive."""
    pace, now_s, arrived_s = LeakyBucket(Rate(calls, per_s)), 0.0, list[float]()
    for number, pause_s in enumerate(pauses_s):
        now_s += pause_s
        now_s += pace.wait_s(now_s)
        pace.take(now_s)
        arrived_s.append(now_s + late[number % len(late)] * per_s * 0.0999)
    assert most_within(sorted(arrived_s), per_s * 0.9999) <= calls


def test_a_fifth_may_go_at_once_and_the_rest_follows_evenly() -> None:
    """Of a thousand in ten seconds: two hundred, and then 73 a second; that is 88 % of them."""
    pace, went = LeakyBucket(Rate(1000, 10.0)), 0
    while not pace.wait_s(5.0):
        pace.take(5.0)
        went += 1
    assert went == 200
    assert 72 < 1 / pace.wait_s(5.0) < 74


def test_who_is_asked_for_patience_begins_again_with_one() -> None:
    """After a pause nothing has been saved up; a shorter pause does not end a longer one."""
    pace = LeakyBucket(Rate(100, 10.0))
    pace.hold_off(30.0)
    pace.hold_off(20.0)
    assert pace.wait_s(10.0) == 20.0
    pace.take(30.0)
    assert 0.1 < pace.wait_s(30.0) < 0.2


def test_without_a_rate_calls_go_as_they_come() -> None:
    """But for a pause that was asked for."""
    pace = LeakyBucket(None)
    for _ in range(1000):
        assert pace.wait_s(0.0) == 0.0
        pace.take(0.0)
    pace.hold_off(3.0)
    assert (pace.wait_s(1.0), pace.wait_s(3.0)) == (2.0, 0.0)


def test_whoever_waits_goes_in_order_and_is_told_of(seed: int) -> None:
    """First come, first served; nobody overtakes by trying, and the wait is told."""

    async def story() -> None:
        told: list[tuple[str, str, float]] = []
        paces = Paces(VirtualClock(), {("p", CREATE): Rate(1, 1.0)}, lambda *one: told.append(one))
        went: list[int] = []

        async def call(number: int) -> None:
            await asyncio.sleep(number / 1000)
            await paces.take("p", CREATE)
            went.append(number)

        async with asyncio.TaskGroup() as group:
            for number in (3, 1, 2, 0):
                group.create_task(call(number))
            await asyncio.sleep(0.5)
            assert not paces.try_take("p", CREATE)
            assert paces.try_take("p", STATUS), "each operation by itself"
            assert 3.7 < paces.wait_s("p", CREATE) + 0.5 < 4.5
            assert paces.wait_s("p", CREATE, ahead=2) > 5.7
        assert went == [0, 1, 2, 3]
        assert told[0] == ("p", "create", 0.0)
        assert [round(seconds) for _, name, seconds in told if name == "create"] == [0, 1, 2, 3]

    run(story(), seed)


def test_a_pause_holds_for_those_who_wait_already() -> None:
    """And whoever gives up has not counted."""

    async def story() -> None:
        clock = VirtualClock()
        paces = Paces(clock, {("p", CREATE): Rate(1, 1.0)})
        await paces.take("p", CREATE)
        loop = asyncio.get_running_loop()
        waiting = loop.create_task(paces.take("p", CREATE))
        gone = loop.create_task(paces.take("p", CREATE))
        await asyncio.sleep(0.5)
        gone.cancel()
        paces.hold_off("p", CREATE, 20.0)
        await waiting
        assert clock.monotonic_s() == 20.5
        assert 1.0 < paces.wait_s("p", CREATE) < 1.2

    run(story(), seed=1)


def test_rates_can_change() -> None:
    """A reload's rate binds the next call; that of a provider which is not named stays."""
    paces = Paces(FakeClock())
    paces.set_rates(rates_of(ProviderTerms(name="p", create_rate=Rate(1, 60.0))))
    paces.set_rates(rates_of(ProviderTerms(name="q", cancel_rate=Rate(1, 60.0))))
    assert [paces.try_take("p", CREATE) for _ in range(2)] == [True, False]
    assert [paces.try_take("q", Operation.CANCEL) for _ in range(2)] == [True, False]
    paces.set_rates(rates_of(ProviderTerms(name="p")))
    assert paces.try_take("q", CREATE)
