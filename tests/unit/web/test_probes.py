from datetime import timedelta
from pathlib import Path

import pytest

from router.ledger.key_rows import KeyRow
from router.model.errors import LedgerUnavailable, ProviderRefused, Refusal
from router.model.ids import AttemptId
from router.model.job import AttemptState
from router.policy.current import Current
from router.policy.loader import load_policy, read_policy
from router.policy.problems import PolicyError, Problem
from router.web.keys import Role
from router.web.probes import PROBLEMS_MAX
from tests.fakes import EPOCH
from tests.ledger_kit import an_attempt_row, usd
from tests.policy_files import POLICY, write_policy
from tests.web_stage import open_front


async def test_the_index_says_what_this_is(tmp_path: Path) -> None:
    """To whoever finds the port, without a key."""
    async with open_front(tmp_path) as front:
        front.key = None
        answer = await front.ask("GET", "/")

    assert answer.status == 200
    assert answer.json["name"] == "Farebox"
    assert answer.json["buy"] == "POST /v1/edits"


async def test_it_is_alive_before_it_is_ready(tmp_path: Path) -> None:
    """While recovery is under way it answers probes, and nothing else."""
    async with open_front(tmp_path, is_ready=False) as front:
        alive = await front.ask("GET", "/livez")
        ready = await front.ask("GET", "/readyz")
        refused = [await front.edit(), await front.ask("GET", "/")]
        front.services.ready.set()
        then = await front.ask("GET", "/readyz")

    assert (alive.status, alive.json) == (200, {"alive": True})
    assert (ready.status, ready.json) == (503, {"ready": False})
    assert [(one.status, one.json["code"]) for one in refused] == [(503, "overloaded")] * 2
    assert (then.status, then.json) == (200, {"ready": True})


async def test_readiness_says_what_stands_and_what_does_not(tmp_path: Path) -> None:
    """The ledger, recovery, the policy, each provider, and whether it is about to end."""
    async with open_front(tmp_path, providers=("shortapi",)) as front:
        error = ProviderRefused("no credit", reason=Refusal.CREDIT)
        front.stage.health.started("shortapi", AttemptId("j.1"))
        front.stage.health.failed("shortapi", AttemptId("j.1"), error)
        up = await front.ask("GET", "/readyz?verbose")
        _, key = await front.mint("house", Role.ADMIN)
        in_full = await front.ask("GET", "/readyz?verbose", key=key)
        front.stage.writer.admitting = False
        full = await front.ask("GET", "/readyz?verbose=1")
        front.stage.writer.admitting = True
        front.services.draining.set()
        draining = await front.ask("GET", "/readyz?verbose")

    assert up.status == 200
    assert up.json == {
        "ready": True,
        "ledger": "writable",
        "recovery": "done",
        "draining": False,
        "policy": {
            "name": "thrift",
            "hash": "",
            "since": "2026-11-20T09:00:00.000000Z",
            "error": None,
        },
        "providers": {
            "runpod": {
                "connected": False,
                "state": "serving",
                "since": "2026-11-20T09:00:00.000000Z",
                "until": None,
                "cooling_until": None,
            },
            "shortapi": {
                "connected": True,
                "state": "ejected",
                "since": "2026-11-20T09:00:00.000000Z",
                "until": "2026-11-20T09:00:30.000000Z",
                "cooling_until": None,
            },
        },
    }
    own = {"reason": "no credit", "started": 1, "failed": 1, "waiting": 0, "stopped": []}
    assert in_full.json["providers"]["shortapi"] == up.json["providers"]["shortapi"] | own
    assert (full.status, full.json["ready"], full.json["ledger"]) == (503, False, "not writable")
    assert (draining.status, draining.json["draining"]) == (503, True)


async def test_an_offer_that_is_stopped_for_its_price_is_shown_to_operators(
    tmp_path: Path,
) -> None:
    """In the answer and on their page, while its provider serves; strangers see nothing of it."""
    async with open_front(tmp_path) as front:
        rows = front.services.policy().prices.offers_listed
        (row,) = (one for one in rows if one.provider == "shortapi")
        overcharged = an_attempt_row(
            price=usd("0.04"),
            slug=row.slug,
            price_from=row.starts,
            state=AttemptState.POSTED,
            reported_amount=usd("0.043"),
        )
        for _ in range(2):
            front.services.health.prices.settled(overcharged)
        _, key = await front.mint("house", Role.ADMIN)
        told = (await front.ask("GET", "/readyz?verbose", key=key)).json["providers"]
        stranger = (await front.ask("GET", "/readyz?verbose")).json["providers"]
        page = await front.ask("GET", "/dashboard/operations", key=key)

    assert (told["shortapi"]["state"], told["runpod"]["stopped"]) == ("serving", [])
    assert told["shortapi"]["stopped"] == [
        {"model": "nano-banana-2-edit", "resolution": "1k", "price": "0.04", "charged_above": 2}
    ]
    assert "stopped" not in stranger["shortapi"]
    assert "shortapi is not asked for nano-banana-2-edit at 1k any more" in page.text


async def test_a_broken_policy_is_told_while_the_last_good_one_is_in_force(
    tmp_path: Path,
) -> None:
    """Since when it is, and what is wrong at which line; to strangers no more than at which."""
    current = Current(load_policy(write_policy(tmp_path)), EPOCH)
    broken = write_policy(tmp_path, policy=POLICY.replace("$70.00", "70"))
    current.reject(_error_of(broken), EPOCH + timedelta(minutes=5))
    async with open_front(tmp_path, standing=lambda: current.standing) as front:
        keys = {
            "admin": (await front.mint("house", Role.ADMIN))[1],
            "prometheus": (await front.mint("everyone", Role.VIEWER))[1],
            "client": (await front.mint("acme"))[1],
            "viewer": (await front.mint("acme", Role.VIEWER))[1],
            "guesser": "fbx_nobodys1",
        }
        answers = {
            who: await front.ask("GET", "/readyz?verbose", key=key) for who, key in keys.items()
        }
        front.key = None
        answers["nobody"] = await front.ask("GET", "/readyz?verbose")

    full = ["policy.yaml:9:43: write money with a dollar sign, as $70"]
    assert {one.status for one in answers.values()} == {200}
    assert answers["admin"].json["policy"] == {
        "name": "thrift",
        "hash": current.policy.hash,
        "since": "2026-11-20T09:00:00.000000Z",
        "error": {"at": "2026-11-20T09:05:00.000000Z", "count": 1, "problems": full},
    }
    for who, answer in answers.items():
        told = answer.json["policy"]["error"]["problems"]
        assert told == (full if who in {"admin", "prometheus"} else ["policy.yaml:9"]), who
    assert not any(str(tmp_path) in one.text for one in answers.values())


async def test_of_many_problems_the_first_are_told(tmp_path: Path) -> None:
    """Anybody may ask, so the answer has an end."""
    problems = [Problem("policy.yaml", line, 1, "wrong") for line in range(1, 40)]
    current = Current(load_policy(write_policy(tmp_path)), EPOCH)
    current.reject(PolicyError(problems), EPOCH)
    async with open_front(tmp_path, standing=lambda: current.standing) as front:
        answer = await front.ask("GET", "/readyz?verbose")

    error = answer.json["policy"]["error"]
    assert (len(error["problems"]), error["count"]) == (PROBLEMS_MAX, 39)


def _error_of(path: Path) -> PolicyError:
    """What is wrong with a policy."""
    outcome = read_policy(path).outcome
    assert isinstance(outcome, PolicyError)
    return outcome


async def test_whoever_sits_at_this_machine_is_no_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While there is no key; and readiness is told also while the keys cannot be read."""
    current = Current(load_policy(write_policy(tmp_path)), EPOCH)
    current.reject(PolicyError([Problem("policy.yaml", 3, 7, "no tenant is called acme")]), EPOCH)

    async def unreadable() -> list[KeyRow]:
        raise LedgerUnavailable

    async with open_front(tmp_path, keyless=True, standing=lambda: current.standing) as front:
        local = await front.ask("GET", "/readyz?verbose")
        elsewhere = await front.ask("GET", "/readyz?verbose", headers={"Origin": "https://a.test"})
        monkeypatch.setattr(front.stage.ledger, "keys", unreadable)
        broken = await front.ask("GET", "/readyz?verbose")

    told = [one.json["policy"]["error"]["problems"] for one in (local, elsewhere, broken)]
    assert told == [["policy.yaml:3:7: no tenant is called acme"], *[["policy.yaml:3"]] * 2]


async def test_recovery_under_way_is_told(tmp_path: Path) -> None:
    """Whoever waits for a start sees what it waits for."""
    async with open_front(tmp_path, is_ready=False) as front:
        answer = await front.ask("GET", "/readyz?verbose")

    assert (answer.status, answer.json["recovery"]) == (503, "under way")


async def test_metrics_are_for_those_who_see_all_tenants(tmp_path: Path) -> None:
    """They show everyone's money."""
    async with open_front(tmp_path) as front:
        keys = {
            "client": front.key,
            "viewer": (await front.mint("acme", Role.VIEWER))[1],
            "admin": (await front.mint("house", Role.ADMIN))[1],
            "prometheus": (await front.mint("everyone", Role.VIEWER))[1],
        }
        answers = {who: await front.ask("GET", "/metrics", key=key) for who, key in keys.items()}

    assert {who: answer.status for who, answer in answers.items()} == {
        "client": 403,
        "viewer": 403,
        "admin": 200,
        "prometheus": 200,
    }
    scrape = answers["prometheus"]
    assert scrape.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "farebox_" in scrape.text
