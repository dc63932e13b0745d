"""When a client is told again: as published, later where it asks for it, and not for ever."""

from datetime import timedelta
from typing import Any

import pytest

from router.dispatch.retrying import PUBLISHED_S, SCHEDULES, refused, retry_after_s, verdict
from router.ledger.alert_commands import Tried
from router.ledger.outbox_rows import OutboxRow, OutboxState
from router.model.ids import JobId
from router.upstream.fetcher import Posted
from tests.fakes import EPOCH

JOB = JobId("j1")


def a_row(**overrides: Any) -> OutboxRow:
    """Build a callback that is due for its first try; any field can be overridden."""
    fields: dict[str, Any] = {
        "job_id": JOB,
        "tenant": "acme",
        "url": "https://app.example/hooks",
        "dialect": "native",
        "state": OutboxState.DUE,
        "created_at": EPOCH,
        "next_at": EPOCH,
        **overrides,
    }
    return OutboxRow(**fields)


def pause_s(posted: Posted | None, *, tries: int = 0, chance: float = 0.0) -> float:
    """How long after a try the next one is."""
    told = verdict(a_row(tries=tries), EPOCH, posted, chance).tried
    assert told.next_at is not None
    return (told.next_at - EPOCH).total_seconds()


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_only_a_2xx_is_success(status: int) -> None:
    """The try is the last, and says so."""
    result = verdict(a_row(tries=3), EPOCH, Posted(status), 0.5)

    assert result.word == "delivered"
    assert result.tried == Tried(at=EPOCH, number=4, state=OutboxState.DELIVERED, status=status)


@pytest.mark.parametrize("posted", [None, *map(Posted, (100, 301, 308, 400, 404, 429, 500, 503))])
def test_everything_else_is_tried_again(posted: Posted | None) -> None:
    """A redirect too, and no answer at all."""
    result = verdict(a_row(), EPOCH, posted, 0.0)

    assert result.word == "retried"
    assert result.tried == Tried(
        at=EPOCH,
        number=1,
        state=OutboxState.DUE,
        status=posted.status if posted else None,
        next_at=EPOCH + timedelta(seconds=5),
    )


def test_who_is_gone_is_not_told_again() -> None:
    """A 410 ends it, at any try."""
    result = verdict(a_row(), EPOCH, Posted(410), 0.0)

    assert (result.word, result.tried.state, result.tried.next_at) == (
        *("gone", OutboxState.FAILED, None),
    )


@pytest.mark.parametrize("dialect", ["native", "shortapi", "runpod"])
def test_the_last_try_is_the_last(dialect: str) -> None:
    """Ten as published; three for who is used to that."""
    most = {"native": 10, "shortapi": 10, "runpod": 3}[dialect]
    last = verdict(a_row(dialect=dialect, tries=most - 1), EPOCH, Posted(500), 0.0)
    before = verdict(a_row(dialect=dialect, tries=most - 2), EPOCH, Posted(500), 0.0)

    assert (last.word, last.tried.state, last.tried.number) == (
        *("given_up", OutboxState.FAILED, most),
    )
    assert (before.word, before.tried.number) == ("retried", most - 1)


def test_the_pauses_are_those_that_are_published() -> None:
    """Each counted from the try before; chance only stretches them, and not by much."""
    pauses = [pause_s(Posted(500), tries=tries) for tries in range(9)]

    assert [0.0, *pauses] == list(PUBLISHED_S)
    assert pauses == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert SCHEDULES["runpod"] == (0.0, 5.0, 15.0)
    assert pause_s(None, tries=1, chance=1.0) == pytest.approx(330)


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_overrun_says_when(status: int) -> None:
    """Not sooner than it asks for, and never sooner than published."""
    assert pause_s(Posted(status, "77")) == 77
    assert pause_s(Posted(status, "2")) == 5
    assert pause_s(Posted(status, "Fri, 20 Nov 2026 09:10:00 GMT")) == 600


def test_from_others_it_is_not_heard() -> None:
    """What a 500 says of later is of no standard."""
    assert pause_s(Posted(500, "77")) == 5


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        *((None, 0), ("", 0), ("soon", 0), ("-5", 0), ("0", 0), (" 12 ", 12)),
        *(("999999999", 86_400), ("9" * 30, 0), ("1e3", 0)),
        ("Fri, 20 Nov 2026 09:00:30 GMT", 30),
        ("Fri, 20 Nov 2026 09:00:30 -0000", 30),
        ("Fri, 20 Nov 2026 10:00:30 +0100", 30),
        ("Fri, 20 Nov 2026 08:00:00 GMT", 0),
        ("Fri, 20 Nov 2099 09:00:00 GMT", 86_400),
        ("Fri, 20 Nov 99999 09:00:00 GMT", 0),
        ("Fri, 20 Nov 2026 09:00:00 99999999999", 0),
    ],
)
def test_any_word_for_later_is_read(written: str | None, seconds: float) -> None:
    """In seconds or as a date; nonsense is nothing, and nobody is put off for more than a day."""
    assert retry_after_s(written, EPOCH) == seconds


def test_what_was_not_let_out_is_at_its_end() -> None:
    """Nothing was dialled, so there is no status, and there is no other try."""
    result = refused(a_row(tries=2), EPOCH)

    assert result.word == "refused"
    assert result.tried == Tried(at=EPOCH, number=3, state=OutboxState.REFUSED)
