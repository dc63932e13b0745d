"""Telling people of budgets: once for each window, past refusals, crashes and second postmen."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from router.dispatch.alert_mail import message_id
from router.dispatch.outbox import CATCH_UP_S
from router.dispatch.signing import ALERTS, signed_headers
from router.model.clock import from_rfc3339
from router.model.ids import JobId
from router.policy.policy import Policy
from router.upstream.addresses import Why
from router.upstream.fetcher import FetchFailed, Posted
from router.upstream.guard import FetchRefused
from tests.policy_files import a_policy
from tests.stage import Stage, play

URL = "https://hooks.example/T0/B1"
Story = Callable[[Stage], Coroutine[Any, Any, None]]


def policy(format_: str = "standard", **keys: Any) -> Policy:
    """A policy that tells of a budget which one edit of four cents uses most of."""
    budget = {"name": "tight", "who": "everyone", "limit": "$0.05", "per": "month"}
    return a_policy(
        budgets=[{**budget, "alerts": ["80%"], **keys}], alerts={"to": URL, "format": format_}
    )


def told(folder: Path, story: Story, rules: Policy | None = None) -> None:
    """Play a story with the alerts' postman at work."""

    async def main(stage: Stage) -> None:
        stage.a_desk()
        stage.ledger.listen(stage.sweep._alerts.booked)
        stage.tasks.start("alerts' postman", stage.alert_postman.run())
        await story(stage)

    play(folder, main, policy=rules or policy())


async def bought(stage: Stage) -> JobId:
    """Buy an edit to its end."""
    job_id = await stage.submit()
    await stage.see(job_id)
    await stage.pause(1)
    return job_id


def test_a_budget_that_is_used_is_told_at_once_and_once(tmp_path: Path) -> None:
    """Signed, with a stable id; a later sweep and a later charge tell nothing more."""

    async def story(stage: Stage) -> None:
        await bought(stage)
        await stage.sweep.once()
        await stage.pause(CATCH_UP_S * 3)

        (post,) = stage.mailbox.posts
        assert (post.url, post.body["type"]) == (URL, "budget.threshold_reached")
        assert post.body["data"]["text"].startswith("Budget 'tight' has used 80 % ($0.04 of $0.05)")
        (alert,) = await stage.ledger.alerts_at(stage.clock.now())
        assert post.headers["webhook-id"] == message_id(alert.id) == f"alert_{alert.id}"
        secret = await stage.ledger.secret(ALERTS)
        at = from_rfc3339(post.body["timestamp"])
        body = json.dumps(post.body, ensure_ascii=False, separators=(",", ":")).encode()
        assert dict(post.headers) == signed_headers(secret, post.headers["webhook-id"], at, body)
        letter = await stage.ledger.alert_letter(alert.id)
        assert letter is not None
        assert (letter.state, letter.tries, letter.last_status) == ("delivered", 1, 204)
        (event,) = stage.audience.heard("alert_delivered")
        assert (event.budget, event.verdict, event.tries) == ("tight", "delivered", 1)
        assert "hooks.example" not in repr(event)

    told(tmp_path, story)


def test_slack_is_told_in_a_text(tmp_path: Path) -> None:
    """And nothing else stands in it."""

    async def story(stage: Stage) -> None:
        await bought(stage)
        (post,) = stage.mailbox.posts
        assert list(post.body) == ["text"]

    told(tmp_path, story, policy("slack"))


def test_who_answers_badly_is_told_again_by_the_same_id(tmp_path: Path) -> None:
    """After a failure of the network, too; then it is over."""

    async def story(stage: Stage) -> None:
        stage.mailbox.answers[URL] = [Posted(500), FetchFailed("no answer")]
        await bought(stage)
        await stage.pause(3600)

        assert [event.verdict for event in stage.audience.heard("alert_delivered")] == [
            *("retried", "retried", "delivered"),
        ]
        assert len({post.headers["webhook-id"] for post in stage.mailbox.posts}) == 1
        assert len({post.headers["webhook-timestamp"] for post in stage.mailbox.posts}) == 3

    told(tmp_path, story)


def test_an_address_that_may_not_be_dialled_is_told_nothing(tmp_path: Path) -> None:
    """The alert is in the ledger and in the log all the same."""

    async def story(stage: Stage) -> None:
        stage.mailbox.always[URL] = FetchRefused(Why.PRIVATE)
        await bought(stage)
        await stage.pause(CATCH_UP_S * 2)

        assert len(stage.mailbox.posts) == 1
        (alert,) = await stage.ledger.alerts_at(stage.clock.now())
        letter = await stage.ledger.alert_letter(alert.id)
        assert letter is not None
        assert letter.state == "refused"
        assert stage.audience.heard("threshold_reached")

    told(tmp_path, story)


def test_without_an_address_nobody_is_told(tmp_path: Path) -> None:
    """But the log and the ledger."""

    async def story(stage: Stage) -> None:
        await bought(stage)
        (alert,) = await stage.ledger.alerts_at(stage.clock.now())
        assert await stage.ledger.alert_letter(alert.id) is None
        assert stage.mailbox.posts == []

    told(tmp_path, story, policy().model_copy(update={"alerts": None}))


def test_what_a_crash_left_due_is_told_by_the_next_postman(tmp_path: Path) -> None:
    """And what two of them tell at once has one id, and counts once."""

    async def main(stage: Stage) -> None:
        desk = stage.a_desk()
        stage.ledger.listen_for_alerts(lambda _: None)
        stage.ledger.listen(stage.sweep._alerts.booked)
        await bought(stage)
        assert stage.mailbox.posts == []
        first = stage.alert_postman
        stage.a_desk()
        second = stage.alert_postman
        stage.mailbox.takes_s[URL] = 2.0
        for name, postman in (("one", first), ("two", second)):
            stage.tasks.start(name, postman.run())
        await stage.pause(CATCH_UP_S * 3)

        assert len({post.headers["webhook-id"] for post in stage.mailbox.posts}) == 1
        assert len(stage.mailbox.posts) == 2
        (alert,) = await stage.ledger.alerts_at(stage.clock.now())
        letter = await stage.ledger.alert_letter(alert.id)
        assert letter is not None
        assert (letter.state, letter.tries) == ("delivered", 1)
        assert await desk.secret() == await stage.ledger.secret(ALERTS)
        await asyncio.sleep(0)

    play(tmp_path, main, policy=policy())
