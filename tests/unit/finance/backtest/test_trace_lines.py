from datetime import UTC, datetime
from typing import Any

import pytest

from router.finance.backtest.past import Happened, Tried
from router.finance.backtest.trace_lines import check_columns, past_of
from router.model.job import Resolution
from tests.ledger_kit import usd

LEAST: dict[str, Any] = {
    "created_at": "2026-11-21T09:00:00+01:00",
    "tenant": "acme",
    "model": "nano-banana-2-edit",
    "resolution": "2K",
}


def test_a_line_with_the_least_is_a_job_that_nobody_knows_the_end_of() -> None:
    """Its id is the line's number."""
    past = past_of(LEAST, 7)

    assert past.happened is None
    assert (past.job.id, past.job.resolution) == ("line-7", Resolution.TWO_K)
    assert past.job.created_at == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert (past.job.tags, past.job.price_max, past.job.key_name) == ((), None, "")


def test_a_line_may_say_all_of_it() -> None:
    """What rules and budgets look at, and what became of it."""
    past = past_of(
        LEAST
        | {
            "tags": "team=ads; purpose=print",
            "key": "laptop",
            "aspect_ratio": "16:9",
            "output_format": "png",
            "price_max": "0.15",
            "provider": "shortapi",
            "charged": "0.06",
            "seconds": "6.24",
        },
        1,
    )

    assert past.job.tags == (("purpose", "print"), ("team", "ads"))
    assert (past.job.key_name, past.job.aspect_ratio) == ("laptop", "16:9")
    assert (past.job.output_format, past.job.price_max) == ("png", usd("0.15"))
    one = Tried("shortapi", "2k", None, 60_000_000, is_delivered=True, tenths=62)
    assert past.happened == Happened(attempts=(one,), is_delivered=True, tenths=62)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"outcome": "denied"}, (True, False, 0)),
        ({"provider": "runpod", "outcome": "failed"}, (False, False, 1)),
        ({"provider": "runpod", "outcome": "cancelled", "charged": "0.02"}, (False, True, 1)),
        ({"provider": "runpod", "outcome": "content_refused"}, (False, True, 1)),
    ],
)
def test_a_job_may_have_ended_otherwise(
    fields: dict[str, str], expected: tuple[bool, bool, int]
) -> None:
    """Denied by a budget, failed, or by its own fault or wish."""
    happened = past_of(LEAST | fields, 1).happened

    assert happened is not None
    assert (happened.is_denied, happened.stands, len(happened.attempts)) == expected
    assert not happened.is_delivered


def test_tags_may_be_an_object() -> None:
    """As JSON has them."""
    assert past_of(LEAST | {"tags": {"team": "ads", "floor": 3}}, 1).job.tags == (
        ("floor", "3"), ("team", "ads"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"created_at": "2026-11-21T09:00:00"}, "no instant with its zone"),
        ({"created_at": "yesterday"}, "'created_at'"),
        ({"resolution": "8k"}, "'resolution'"),
        ({"price_max": "cheap"}, "'price_max'"),
        ({"tags": "ads"}, "write them as team=ads"),
        ({"charged": "0.04"}, "'charged' of nobody: say the provider"),
        ({"seconds": "4"}, "'seconds' of nobody"),
        ({"outcome": "lost", "provider": "runpod"}, "there is no outcome 'lost'"),
        ({"outcome": "failed"}, "'failed' by whom?"),
        ({"outcome": "denied", "provider": "runpod"}, "went to no provider"),
        ({"provider": "runpod"}, "'charged' is missing"),
        ({"provider": "runpod", "charged": "-0.04"}, "less than nothing"),
        ({"provider": "runpod", "charged": "four cents"}, "'charged'"),
        ({"provider": "runpod", "charged": "0.05", "seconds": "nan"}, "no time that an edit"),
        ({"provider": "runpod", "charged": "0.05", "seconds": "soon"}, "'seconds'"),
    ],
)
def test_what_cannot_be_meant_is_told(fields: dict[str, str], message: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        past_of(LEAST | fields, 1)


def test_columns_are_those_that_there_are() -> None:
    """A name that is mistyped would else be ignored, and with it what it says."""
    check_columns(tuple(LEAST))

    for names, message in (
        ((*LEAST, "providr"), "there is no column 'providr'; did you mean 'provider'"),
        ((*LEAST, "tenant"), "a column stands twice"),
        (("created_at", "tenant"), "'model' is missing"),
    ):
        with pytest.raises(ValueError, match=message.split(";", maxsplit=1)[0]):
            check_columns(names)
