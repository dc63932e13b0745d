"""The alerts' desk: a sample for whoever sets a receiver up."""

from pathlib import Path

import pytest

from router.policy.alerts import AlertsTo
from router.upstream.addresses import Why
from router.upstream.fetcher import FetchFailed, Posted
from router.upstream.guard import FetchRefused
from tests.stage import Stage, play

TO = AlertsTo(to="https://hooks.example/T0/B1", format="standard")
SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("answer", "delivered", "status"),
    [
        (Posted(204), True, 204),
        (Posted(302), False, 302),
        (FetchFailed("no answer in time"), False, None),
        (FetchRefused(Why.PRIVATE), False, None),
    ],
)
def test_a_sample_is_posted_once_and_nothing_is_recorded(
    tmp_path: Path,
    answer: Posted | Exception,
    delivered: bool,  # noqa: FBT001
    status: int | None,
) -> None:
    """Signed with the secret that was given, and each with an id of its own."""

    async def main(stage: Stage) -> None:
        stage.mailbox.always[TO.to] = answer
        desk = stage.a_desk(SECRET)
        trial = await desk.try_out(TO)
        again = await desk.try_out(TO)

        assert (trial.delivered, trial.status) == (delivered, status)
        assert (trial.detail is None) == (status is not None)
        assert "T0" not in (trial.detail or "")
        assert trial.message_id != again.message_id
        first, _ = stage.mailbox.posts
        assert first.headers["webhook-id"] == trial.message_id
        assert "sample-monthly" in first.body["data"]["text"]
        assert await desk.secret() == SECRET
        assert await stage.ledger.alerts_at(stage.clock.now()) == []

    play(tmp_path, main)
