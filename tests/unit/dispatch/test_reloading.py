"""Reloading: what changes the policy in force, what does not, and who is told."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from router.dispatch.reloading import POLL_S, SETTLE_S, TRIES, Reloader, all_terms
from router.ledger.executor import InlineExecutor
from router.model.errors import LedgerUnavailable
from router.policy.current import Current
from router.policy.loader import Reading, fingerprint, read_bundle, read_policy
from router.policy.policy import Policy
from router.upstream.traffic import Traffic
from tests.policy_files import POLICY, PRICES, write_policy
from tests.stage import Audience
from tests.virtual_time import VirtualClock, run

T = TypeVar("T")
CHANGED = POLICY.replace("$70.00", "$71.50")
BROKEN = POLICY.replace("$70.00", "70")
FEWER_SLOTS = PRICES.replace(
    "{provider: shortapi, source: documents}",
    "{provider: shortapi, source: documents, creates_in_flight_max: 3}",
)
AT_RUNPOD = POLICY.replace("shortapi at $0.04", "runpod at $0.0875")
ONLY_RUNPOD = PRICES.replace("  - {provider: shortapi, source: documents}\n", "").replace(
    PRICES[PRICES.index("  - provider: shortapi") : PRICES.index("  - provider: runpod")], ""
)


@dataclass
class Watch:
    """A reloader over real files, in virtual time."""

    path: Path
    read: Callable[[Path], Reading] = read_policy
    audience: Audience = field(default_factory=Audience)

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        reading = read_policy(self.path)
        assert isinstance(reading.outcome, Policy)
        self.before = reading.outcome
        self.current = Current(reading.outcome, self.clock.now())
        self.traffic = Traffic(self.clock, all_terms(reading.outcome))
        self.slots = self.traffic.slots
        self.reloader = Reloader(
            *(self.clock, self.path, reading, self.current, self.traffic, self.audience),
            InlineExecutor(),
            read=self.read,
        )

    @property
    def limit(self) -> str:
        """The limit in force."""
        return self.current.policy.budgets[0].limit.usd

    def told(self, name: str) -> list[Any]:
        """Events of one name."""
        return self.audience.heard(name)


def looking(watch: Watch) -> "asyncio.Task[None]":
    """Let the reloader look for ever."""
    return asyncio.get_running_loop().create_task(watch.reloader.run())


def watched(
    story: Callable[[Watch], Coroutine[Any, Any, T]], path: Path, **fields: Any
) -> tuple[Watch, T]:
    """Run a story with a reloader in virtual time."""

    async def main() -> tuple[Watch, T]:
        watch = Watch(path, **fields)
        return watch, await story(watch)

    return run(main(), seed=1)


def test_a_change_is_in_force_within_a_poll(tmp_path: Path) -> None:
    """Without anybody asking; it is told once, with both hashes."""
    path = write_policy(tmp_path)

    async def story(watch: Watch) -> float:
        running = looking(watch)
        write_policy(tmp_path, policy=CHANGED)
        await watch.clock.sleep_s(POLL_S + SETTLE_S)
        await watch.clock.sleep_s(0.01)
        limit_at_s = watch.clock.monotonic_s()
        assert watch.limit == "$71.50"
        await watch.clock.sleep_s(5 * POLL_S)
        running.cancel()
        return limit_at_s

    watch, at_s = watched(story, path)

    assert at_s < POLL_S + 2 * SETTLE_S
    (told,) = watch.told("policy_reloaded")
    assert (told.policy, told.former) == ("thrift", watch.before.hash)
    assert told.hash == watch.current.policy.hash == read_policy(path).hash
    assert told.providers == ("runpod", "shortapi")
    assert watch.current.standing.since > watch.clock._epoch


def test_a_price_book_beside_it_is_watched_too(tmp_path: Path) -> None:
    """And the slots follow its limits; those of a provider that is gone stay as they were."""
    path = write_policy(tmp_path)

    async def story(watch: Watch) -> list[bool]:
        write_policy(tmp_path, prices=FEWER_SLOTS)
        await watch.reloader.look()
        taken = [watch.slots.try_take("shortapi") for _ in range(4)]
        write_policy(tmp_path, policy=POLICY.replace("shortapi at $0.04", "runpod at $0.0875"),
                     prices=ONLY_RUNPOD)  # fmt: skip
        await watch.reloader.look()
        watch.slots.release("shortapi")
        return [*taken, watch.slots.try_take("shortapi"), watch.slots.try_take("shortapi")]

    watch, taken = watched(story, path)

    assert taken == [True, True, True, False, True, False]
    assert watch.current.policy.prices.provider_names == ("runpod",)
    assert len(watch.told("policy_reloaded")) == 2


def test_a_broken_file_is_kept_out_and_told_once(tmp_path: Path) -> None:
    """The last good policy stays in force, and what is wrong is known by its line."""
    path = write_policy(tmp_path)

    async def story(watch: Watch) -> None:
        write_policy(tmp_path, policy=BROKEN)
        for _ in range(3):
            await watch.reloader.look()

    watch, _ = watched(story, path)

    (told,) = watch.told("policy_rejected")
    rejection = watch.current.standing.rejection
    assert watch.limit == "$70.00"
    assert watch.current.policy is watch.before
    assert (told.problems, told.in_force) == (1, watch.before.hash)
    assert told.detail == f"{path}:9:43: write money with a dollar sign, as $70"
    assert rejection is not None
    assert [(one.line, one.column) for one in rejection.problems] == [(9, 43)]
    assert watch.told("policy_reloaded") == []


def test_a_broken_promise_is_kept_out_as_well(tmp_path: Path) -> None:
    """A policy that does otherwise than its examples say is not what its writer meant."""
    path = write_policy(tmp_path)

    async def story(watch: Watch) -> None:
        promise = CHANGED.replace("shortapi at $0.04", "runpod at $0.01")
        write_policy(tmp_path, policy=promise)
        await watch.reloader.reload()

    watch, _ = watched(story, path)

    (told,) = watch.told("policy_rejected")
    assert watch.current.policy is watch.before
    assert watch.current.standing.rejection is not None
    assert told.detail.startswith(f"{path}:11:5: expected runpod at $0.01, and it is shortapi")


def test_only_the_first_problems_are_told(tmp_path: Path) -> None:
    """A log's line is not the place for all of them."""
    path = write_policy(tmp_path)

    async def story(watch: Watch) -> None:
        lines = "".join(f"unknown_{number}: x\n" for number in range(5))
        write_policy(tmp_path, policy=POLICY + lines)
        await watch.reloader.look()

    watch, _ = watched(story, path)

    (told,) = watch.told("policy_rejected")
    assert told.problems == 5
    assert told.detail.count("policy.yaml:") == 3
    assert told.detail.endswith("; and 2 more")


def test_a_mended_file_is_taken_even_if_it_is_as_it_was(tmp_path: Path) -> None:
    """Then nothing is wrong any more, which is told; since when it is in force stays."""
    path = write_policy(tmp_path)

    async def story(watch: Watch) -> None:
        since = watch.current.standing.since
        write_policy(tmp_path, policy=BROKEN)
        await watch.reloader.look()
        await watch.clock.sleep_s(60)
        write_policy(tmp_path)
        await watch.reloader.look()
        assert watch.current.standing.since == since

    watch, _ = watched(story, path)

    (told,) = watch.told("policy_reloaded")
    assert told.hash == told.former == watch.before.hash
    assert watch.current.standing.rejection is None
    assert watch.current.policy is watch.before


def test_who_asks_is_answered_though_nothing_changed(tmp_path: Path) -> None:
    """At once, and each time; also about a file that is still broken."""
    path = write_policy(tmp_path)

    async def story(watch: Watch) -> float:
        await watch.reloader.reload()
        write_policy(tmp_path, policy=BROKEN)
        await watch.reloader.reload()
        await watch.reloader.reload()
        return watch.clock.monotonic_s()

    watch, took_s = watched(story, path)

    assert took_s == 0
    assert len(watch.told("policy_reloaded")) == 1
    assert len(watch.told("policy_rejected")) == 2


def test_what_is_still_being_written_is_left_alone(tmp_path: Path) -> None:
    """Half of a file may be a sound policy with fewer budgets: only what rests is read."""
    path = write_policy(tmp_path)

    async def story(watch: Watch) -> list[str]:
        limits: list[str] = []
        path.write_text(POLICY.replace("$70.00", "$7.00"))
        running = looking(watch)
        await watch.clock.sleep_s(POLL_S + SETTLE_S / 2)
        path.write_text(CHANGED)
        await watch.clock.sleep_s(SETTLE_S)
        limits.append(watch.limit)
        await watch.clock.sleep_s(2 * POLL_S)
        limits.append(watch.limit)
        running.cancel()
        return limits

    watch, limits = watched(story, path)

    assert limits == ["$70.00", "$71.50"]
    assert len(watch.told("policy_reloaded")) == 1


def test_a_mounted_folder_is_swapped_whole(tmp_path: Path) -> None:
    """A configuration map swaps one link for all of its files, and their times say nothing."""
    for version, policy in (("v1", POLICY), ("v2", CHANGED)):
        (tmp_path / version).mkdir()
        write_policy(tmp_path / version, policy=policy)
    (tmp_path / "..data").symlink_to("v1")
    for name in ("policy.yaml", "prices.yaml"):
        (tmp_path / name).symlink_to(f"..data/{name}")

    async def story(watch: Watch) -> None:
        (tmp_path / "..tmp").symlink_to("v2")
        (tmp_path / "..tmp").replace(tmp_path / "..data")
        shutil.rmtree(tmp_path / "v1")
        await watch.reloader.look()

    watch, _ = watched(story, tmp_path / "policy.yaml")

    assert watch.limit == "$71.50"


def test_a_swap_between_two_files_is_not_mixed(tmp_path: Path) -> None:
    """A policy of before with prices of after never is in force: it is read again."""
    path = write_policy(tmp_path)
    swaps = iter([CHANGED])

    def read(path: Path) -> Reading:
        reading = read_policy(path)
        for policy in swaps:
            write_policy(tmp_path, policy=policy, prices=FEWER_SLOTS)
        return reading

    async def story(watch: Watch) -> None:
        write_policy(tmp_path, policy=POLICY.replace("$70.00", "$69.00"))
        await watch.reloader.reload()

    watch, _ = watched(story, path, read=read)

    assert watch.limit == "$71.50"
    assert len(watch.told("policy_reloaded")) == 1
    (terms,) = [one for one in all_terms(watch.current.policy) if one.name == "shortapi"]
    assert terms.creates_in_flight_max == 3


def test_a_change_that_is_taken_back_while_it_is_read_is_none(tmp_path: Path) -> None:
    """What was read is what is in force: there is nothing to tell."""
    path = write_policy(tmp_path)

    def read(path: Path) -> Reading:
        write_policy(tmp_path)
        return read_policy(path)

    async def story(watch: Watch) -> None:
        write_policy(tmp_path, policy=CHANGED)
        await watch.reloader.look()

    watch, _ = watched(story, path, read=read)

    assert watch.current.policy is watch.before
    assert watch.told("policy_reloaded") == watch.told("policy_rejected") == []


def test_files_that_never_rest_are_left_to_the_next_look(tmp_path: Path) -> None:
    """It does not try for ever, and puts nothing in force that it is not sure of."""
    path = write_policy(tmp_path)
    readings: list[Reading] = []

    def read(path: Path) -> Reading:
        readings.append(read_policy(path))
        if len(readings) <= TRIES:
            write_policy(tmp_path, policy=f"{POLICY}# {len(readings)}\n")
        return readings[-1]

    async def story(watch: Watch) -> str:
        await watch.reloader.reload()
        meanwhile = watch.current.policy.hash
        await watch.reloader.look()
        return meanwhile

    watch, meanwhile = watched(story, path, read=read)

    assert meanwhile == watch.before.hash
    assert len(readings) == TRIES + 1
    assert watch.current.policy.hash == fingerprint([path, tmp_path / "prices.yaml"])


def test_a_file_that_is_named_and_missing_is_waited_for(tmp_path: Path) -> None:
    """Whoever writes the policy before its prices sees it broken, and then taken."""
    path = write_policy(tmp_path)

    async def story(watch: Watch) -> list[bool]:
        broken: list[bool] = []
        path.write_text(CHANGED.replace("prices.yaml", "later.yaml"))
        await watch.reloader.look()
        broken.append(watch.current.standing.rejection is not None)
        (tmp_path / "later.yaml").write_text(PRICES)
        await watch.reloader.look()
        broken.append(watch.current.standing.rejection is not None)
        return broken

    watch, broken = watched(story, path)

    assert broken == [True, False]
    assert watch.limit == "$71.50"


def test_a_reader_that_fails_on_a_file_keeps_it_out(tmp_path: Path) -> None:
    """A mistake of ours about somebody's file is no reason to stop watching."""
    path = write_policy(tmp_path)
    failures = iter([True])

    def read(path: Path) -> Reading:
        if next(failures, False):
            raise RecursionError
        return read_policy(path)

    async def story(watch: Watch) -> None:
        write_policy(tmp_path, policy=CHANGED)
        await watch.reloader.look()
        assert watch.limit == "$70.00"
        write_policy(tmp_path, policy=CHANGED.replace("71", "72"))
        await watch.reloader.look()

    watch, _ = watched(story, path, read=read)

    (told,) = watch.told("policy_rejected")
    assert told.detail == f"{path}:1:1: cannot be read: RecursionError"
    assert watch.limit == "$72.50"


class Shelf:
    """Books that keep policies, while they can be written."""

    def __init__(self, watch: Watch, *bundles: str) -> None:
        self._watch = watch
        self._bundles = [*bundles]
        self.is_writable = True
        self.kept: dict[str, tuple[str, str]] = {}
        self.limits: list[str] = []
        """In force when a policy was kept."""

    async def keep_policy(self, policy_hash: str, name: str, at: datetime, bundle: str) -> None:
        """See `PolicyBooks`."""
        if not self.is_writable:
            raise LedgerUnavailable
        assert at == self._watch.clock.now()
        self.kept[policy_hash] = (name, bundle)
        self.limits.append(self._watch.limit)

    async def bundles_in_use(self) -> list[str]:
        """See `PolicyBooks`."""
        return self._bundles


def test_what_comes_in_force_is_kept_in_the_books(tmp_path: Path) -> None:
    """The policy of the start at once, each later one before it is in force; a broken one never."""
    path = write_policy(tmp_path)

    async def story(watch: Watch) -> Shelf:
        shelf = Shelf(watch)
        await watch.reloader.keep_in(shelf)
        write_policy(tmp_path, policy=BROKEN)
        await watch.reloader.look()
        write_policy(tmp_path, policy=CHANGED)
        await watch.reloader.look()
        await watch.reloader.look()
        return shelf

    watch, shelf = watched(story, path)

    assert [*shelf.kept] == [watch.before.hash, watch.current.policy.hash]
    assert shelf.limits == ["$70.00", "$70.00"]
    name, bundle = shelf.kept[watch.current.policy.hash]
    assert (name, read_bundle(bundle).hash) == ("thrift", watch.current.policy.hash)


def test_what_could_not_be_kept_is_kept_at_a_later_look(tmp_path: Path) -> None:
    """Books that cannot be written keep no policy out of force."""
    path = write_policy(tmp_path)

    async def story(watch: Watch) -> Shelf:
        shelf = Shelf(watch)
        shelf.is_writable = False
        await watch.reloader.keep_in(shelf)
        await watch.reloader.look()
        write_policy(tmp_path, policy=CHANGED)
        await watch.reloader.look()
        assert (watch.limit, shelf.kept) == ("$71.50", {})
        shelf.is_writable = True
        await watch.reloader.look()
        return shelf

    watch, shelf = watched(story, path)

    assert [*shelf.kept] == [watch.current.policy.hash]


def test_jobs_go_on_under_former_policies_after_a_restart(tmp_path: Path) -> None:
    """Those that this version cannot read any more are not known, and nothing else is the worse."""
    own_slots = FEWER_SLOTS.replace("creates_in_flight_max: 3", "creates_in_flight_max: 4")
    former = read_policy(write_policy(tmp_path, policy=CHANGED, prices=own_slots))
    unreadable = former.bundle.replace("prefer: lowest_price", "prefer: whoever")
    path = write_policy(tmp_path, policy=AT_RUNPOD, prices=ONLY_RUNPOD)

    async def story(watch: Watch) -> None:
        await watch.reloader.keep_in(Shelf(watch, unreadable, former.bundle))
        # Who is in the policy in force keeps its limits; whom only the former one knows has those.
        assert [watch.slots.try_take("runpod") for _ in range(2)] == [True, True]
        assert [watch.slots.try_take("shortapi") for _ in range(5)] == [True] * 4 + [False]

    watch, _ = watched(story, path)

    assert watch.current.policy is watch.before
    found = watch.current.of_job(former.hash)
    assert (found.hash, found.budgets[0].limit.usd) == (former.hash, "$71.50")
