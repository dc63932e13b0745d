"""Whose turn it is: by time, fairly, and with no more places than there are."""

from datetime import timedelta

import pytest

from router.dispatch import rounds as module
from router.dispatch.rounds import (
    PLACES,
    PLACES_OF_A_HOST,
    PLACES_OF_A_TENANT,
    Rounds,
    lane_of,
)
from router.ledger.outbox_rows import OutboxRow, OutboxState
from router.model.ids import JobId
from tests.fakes import EPOCH


def a_row(name: str, after_s: float = 0, tenant: str = "acme", host: str = "a") -> OutboxRow:
    """Build a callback that is due so many seconds after the epoch."""
    return OutboxRow(
        job_id=JobId(name),
        tenant=tenant,
        url=f"https://{host}.example/hooks?t=1",
        dialect="native",
        state=OutboxState.DUE,
        created_at=EPOCH,
        next_at=EPOCH + timedelta(seconds=after_s),
    )


def taken(rounds: Rounds, after_s: float = 0) -> list[str]:
    """Whose turn it is so many seconds after the epoch."""
    return list(rounds.take(EPOCH + timedelta(seconds=after_s)))


def test_each_has_its_turn_when_it_is_due() -> None:
    """Not a second earlier, and the first first."""
    rounds = Rounds()
    assert rounds.next_at is None
    for name, after_s in (("j1", 9), ("j2", 3), ("j3", 5)):
        assert rounds.plan(a_row(name, after_s))

    assert rounds.next_at == EPOCH + timedelta(seconds=3)
    assert taken(rounds, 2.9) == []
    assert taken(rounds, 6) == ["j2", "j3"]
    assert taken(rounds, 9) == ["j1"]
    assert rounds.next_at is None


def test_one_is_in_mind_once() -> None:
    """Planned again for no earlier, or while it is under way, it is no news."""
    rounds = Rounds()
    rounds.plan(a_row("j1", 5))

    assert not rounds.plan(a_row("j1", 5))
    assert not rounds.plan(a_row("j1", 7))
    assert rounds.plan(a_row("j1", 2))
    assert taken(rounds, 9) == ["j1"]
    assert not rounds.plan(a_row("j1", 3))
    rounds.leave(JobId("j1"))
    assert rounds.plan(a_row("j1", 5))
    assert taken(rounds, 9) == ["j1"]


def test_what_is_not_due_is_not_planned() -> None:
    """A callback that was delivered has no instant."""
    row = a_row("j1")
    delivered = OutboxRow(
        job_id=row.job_id,
        tenant="acme",
        url=row.url,
        dialect="native",
        state=OutboxState.DELIVERED,
        created_at=EPOCH,
    )

    assert not Rounds().plan(delivered)


def test_a_slow_host_keeps_only_itself_waiting() -> None:
    """It has few places; another host's turn comes all the same, though it was planned later."""
    rounds = Rounds()
    for number in range(50):
        rounds.plan(a_row(f"slow{number:02}"))
    rounds.plan(a_row("quick", 1, host="b"))

    first = taken(rounds, 1)
    assert len(first) == PLACES_OF_A_HOST + 1
    assert "quick" in first
    assert taken(rounds, 99) == []
    rounds.leave(JobId(first[0]))
    assert len(taken(rounds, 99)) == 1


def test_a_tenant_with_many_hosts_leaves_places_to_others() -> None:
    """However many addresses it names."""
    rounds = Rounds()
    for number in range(90):
        rounds.plan(a_row(f"j{number:02}", host=f"h{number:02}"))
    rounds.plan(a_row("other", 1, tenant="other"))

    first = taken(rounds, 1)
    assert len(first) == PLACES_OF_A_TENANT + 1
    assert "other" in first


def test_there_are_so_many_places_and_all_wait_in_turn() -> None:
    """A place that is given back goes to whoever has waited longest, not to the first lane."""
    rounds = Rounds()
    for number in range(PLACES):
        rounds.plan(a_row(f"a{number:02}", tenant=f"t{number:02}"))
        rounds.plan(a_row(f"b{number:02}", 1, tenant=f"t{number:02}"))
    rounds.plan(a_row("late", 2, tenant="late"))

    first = taken(rounds, 2)
    assert len(first) == PLACES
    assert {name[0] for name in first} == {"a"}
    rounds.leave(JobId("a00"))
    assert taken(rounds, 2) == ["late"]
    rounds.leave(JobId("a01"))
    assert taken(rounds, 2) == ["b00"]


def test_only_so_many_are_kept_in_mind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest stand in the ledger."""
    monkeypatch.setattr(module, "PLANNED_MAX", 2)
    rounds = Rounds()

    assert [rounds.plan(a_row(name)) for name in ("j1", "j2", "j3")] == [True, True, False]
    assert taken(rounds) == ["j1", "j2"]
    assert not rounds.plan(a_row("j3"))
    rounds.leave(JobId("j1"))
    assert rounds.plan(a_row("j3"))


def test_a_lane_is_a_tenant_at_a_host() -> None:
    """However its name is written."""
    assert lane_of(a_row("j1", host="HOOKS")) == ("acme", "hooks.example")
