"""
What one tenant can learn of another, or do to it: nothing. Made from the table of routes.

Tenant `canary-corp` has edits, attempts, keys, budgets and spending; everything that is told of
them is a canary. Then somebody of another tenant asks every route, in every way that might reach
them. Each route has its cases here, and a new route without any fails.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from router.dispatch.signing import MASTER, shown, tenant_secret
from router.ledger.commands import Raise
from router.ledger.limit_rows import RaiseRow
from router.model.errors import ProviderInDoubt, ProviderRefused, Refusal
from router.model.ids import JobId
from router.model.job import AttemptState
from router.web.keys import Role
from router.web.routes import ROUTES, Access, Route
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.stage import Act, reported
from tests.web_stage import NEVER, Answer, Front, an_edit, open_front

TENANT, STRANGER = "canary-corp", "mallory"
PROMPT = "canary prompt: our new logo before anyone has seen it"
IMAGE = "https://pictures.example/canary.png?signature=canary-signature"
RESULT_HOST = "results.example"
PROVIDER_REF = "canary-ref-77"
TAG = {"project": "canary-project"}
IDEMPOTENCY_KEY = "canary-order-1"
SAME_KEY = {"Idempotency-Key": IDEMPOTENCY_KEY, "Prefer": "respond-async"}
POLICY = a_policy(
    failover={"providers_max": 1},
    budgets=[
        {"name": "daily", "who": "each_tenant", "limit": "$9.13", "per": "day"},
        {"name": "canary-budget", "who": {"tenant": TENANT}, "limit": "$7.77", "per": "day"},
        {"name": "by-team", "who": {"tag": {"team": "each"}}, "limit": "$0.1511", "per": "day"},
        {"name": "by-key", "who": "each_key", "limit": "$6.43", "per": "day"},
        {
            "name": "by-model",
            "who": {"tenant": "each", "model": "each"},
            "limit": "$8.01",
            "per": "day",
        },
    ],
)
SPENT = {"0.0317", "7.6383", "8.9983", "7.77", "0.06", "6.2983", "7.8783"}
"""What the tenant was charged, has left and has in doubt: amounts that nobody else has."""
TEAM = {"team": "canary-team"}
"""A tag that its key gives the tenant's edits; whoever sends it falls into the same account."""
OF_THE_TEAM = {"0.1511", "0.0194"}
"""
The limit of that account and what is left: told to who sees all tenants alone. Neither is like the
share of attempts that fails, which everybody is told.
"""
ROLES = (Role.CLIENT, Role.VIEWER)


@dataclass(frozen=True, slots=True)
class Ask:
    """One way to ask a route; `{…}` is filled in from what the other tenant has."""

    path: str = ""
    """The route's own if empty."""
    body: object = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    sings: bool = False
    """Whether the owner, asking the same, sees a canary: the case is then known to bite."""


CALLBACK_URL = "https://canary.example/hooks?token=canary-token"
EDIT = an_edit(prompt=PROMPT, images=[IMAGE], tags=TAG, callback_url=CALLBACK_URL)
IMAGE_EDIT = {"prompt": PROMPT, "image": IMAGE, "aspect_ratio": "16:9"}
IMAGE_KEY = {"Idempotency-Key": "canary-order-4"}
NOBODYS = {("GET", "/v1/models"), ("GET", "/v1/models/{id}")}
"""Routes that tell everybody the same, and nothing of anybody."""
INPUT = hashlib.sha256(IMAGE.encode()).hexdigest()
FORGED = "expires=4102444800&signature=1." + "0" * 64
SLUG = "google-nano-banana-2-edit"
RUN = {"input": {"prompt": PROMPT, "images": [IMAGE], "aspect_ratio": "16:9", "resolution": "2k"}}
SAME_RUN = {"Idempotency-Key": "canary-order-2"}
CREATE = {
    "model": "google/nano-banana-2/edit",
    "args": {"prompt": PROMPT, "image_urls": [IMAGE], "aspect_ratio": "16:9"},
}
SAME_CREATE = {"Idempotency-Key": "canary-order-3"}
BILL = {
    "provider": "shortapi",
    "name": "usage.csv",
    "csv": f"ref,amount,at\n{PROVIDER_REF},0.0999,2026-11-20T09:00:00Z\n",
}
COUNTED = {("GET", "/v2/{slug}/health")}
"""Tells its owner nothing but numbers; that they are not everybody's has a test of its own."""
JOBS = ("{done}", "{running}", "{in_doubt}")
CASES: dict[tuple[str, str], list[Ask]] = {
    ("POST", "/v1/edits"): [
        Ask(body=an_edit(), headers=SAME_KEY),
        Ask(body=EDIT, headers=SAME_KEY, sings=True),
        Ask(path="/v1/edits?tenant={tenant}", body=an_edit(), headers=SAME_KEY),
        Ask(body=an_edit(tenant=TENANT)),
        Ask(body=an_edit(tags=TEAM)),
    ],
    # Its other edits would not be answered before they have ended, which they do not.
    ("POST", "/v1/images/edits"): [
        Ask(body={**IMAGE_EDIT, "tags": TEAM}, headers=IMAGE_KEY, sings=True),
        Ask(body={**IMAGE_EDIT, "tags": TEAM}, headers={"x-stainless-retry-count": "1"}),
        Ask(body={**IMAGE_EDIT, "tenant": TENANT}),
        Ask(path="/v1/images/edits?tenant={tenant}", body={**IMAGE_EDIT, "tags": TEAM}),
    ],
    ("GET", "/v1/models"): [Ask(), Ask(path="/v1/models?tenant={tenant}")],
    ("GET", "/v1/models/{id}"): [Ask(path="/v1/models/{done}"), Ask(path="/v1/models/{tenant}")],
    ("GET", "/v1/edits"): [
        Ask(sings=True),
        Ask(path="/v1/edits?tenant={tenant}", sings=True),
        Ask(path="/v1/edits?after={in_doubt}", sings=True),
        Ask(path="/v1/edits?status=succeeded&limit=100", sings=True),
        Ask(path="/v1/edits?tenant=everyone"),
    ],
    ("GET", "/v1/edits/{id}"): [
        *(Ask(path=f"/v1/edits/{job}", sings=True) for job in JOBS),
        Ask(path="/v1/edits/{done}?wait=1", sings=True),
        Ask(path="/v1/edits/{DONE}"),
        Ask(path="/v1/edits/{attempt}"),
        Ask(path="/v1/edits/" + PROVIDER_REF),
    ],
    ("POST", "/v1/edits/{id}/cancel"): [
        *(Ask(path=f"/v1/edits/{job}/cancel", sings=True) for job in JOBS)
    ],
    ("POST", "/v1/edits/{id}/callback/redeliver"): [
        *(Ask(path=f"/v1/edits/{job}/callback/redeliver", sings=job == "{done}") for job in JOBS)
    ],
    ("GET", "/v1/callbacks"): [Ask(), Ask(path="/v1/callbacks?state=due")],
    ("GET", "/v1/callbacks/secret"): [
        Ask(sings=True),
        Ask(path="/v1/callbacks/secret?tenant={tenant}", sings=True),
        Ask(path="/v1/callbacks/secret?tenant=everyone"),
    ],
    ("POST", "/v1/quotes"): [
        Ask(body=an_edit(), sings=True),
        Ask(path="/v1/quotes?tenant={tenant}", body=an_edit(), sings=True),
        Ask(body=an_edit(tenant=TENANT)),
        Ask(body=an_edit(tags=TEAM), sings=True),
    ],
    ("GET", "/v1/budgets"): [
        Ask(sings=True),
        Ask(path="/v1/budgets?tenant={tenant}", sings=True),
        Ask(path="/v1/budgets?tenant=everyone"),
        Ask(path="/v1/budgets?tenant=each"),
    ],
    ("POST", "/v1/budgets/{id}/raise"): [
        Ask(
            path=f"/v1/budgets/{name}/raise",
            body={"by": "41.07", "until": "2099-01-01T00:00:00Z", "reason": "mine"},
        )
        for name in ("daily", "canary-budget", "nobodys-budget")
    ],
    ("GET", "/v1/budgets/history"): [Ask(), Ask(path="/v1/budgets/history?from=2020-01-01")],
    ("GET", "/v1/alerts"): [Ask(), Ask(path="/v1/alerts?from=2020-01-01")],
    ("POST", "/v1/alerts/test"): [Ask()],
    ("GET", "/v1/alerts/secret"): [Ask()],
    ("POST", "/v1/raises/{id}/end"): [Ask(path="/v1/raises/{raise}/end", body={"reason": "mine"})],
    ("GET", "/v1/spend"): [
        Ask(path="/v1/spend?by=tenant,model,day,tag:project", sings=True),
        Ask(path="/v1/spend?tenant={tenant}", sings=True),
        Ask(path="/v1/spend?tenant=everyone&by=tenant"),
        Ask(path="/v1/spend?by=tag:project&from=2026-01-01&to=2027-01-01", sings=True),
        Ask(path="/v1/spend?by=tenant&provider=shortapi&model=nano-banana-2-edit", sings=True),
        Ask(path="/v1/spend?by=tenant&resolution=1k&tag=project%3Dsomebodys"),
        Ask(path="/v1/spend?provider=nobody"),
    ],
    ("POST", "/v1/keys"): [
        Ask(body={"tenant": TENANT, "name": "mine", "role": "client"}),
        Ask(body={"tenant": "everyone", "name": "all", "role": "viewer"}),
    ],
    ("GET", "/v1/keys"): [Ask(), Ask(path="/v1/keys?tenant={tenant}")],
    ("DELETE", "/v1/keys/{id}"): [Ask(path="/v1/keys/{key_id}")],
    ("POST", "/v1/keys/{id}/rotate"): [
        Ask(path="/v1/keys/{key_id}/rotate", body={}),
        Ask(path="/v1/keys/{key_id}/rotate", body={"grace_s": 0}),
    ],
    ("GET", "/v1/attempts"): [Ask(), Ask(path="/v1/attempts?state=in_doubt")],
    ("POST", "/v1/attempts/{id}/settle"): [
        Ask(path="/v1/attempts/{attempt}/settle", body={"posted": "0.0099", "reason": "mine"}),
        Ask(path="/v1/attempts/{attempt}/settle", body={"voided": True, "reason": "mine"}),
    ],
    ("POST", "/callbacks/{provider}/{token}"): [
        Ask(path="/callbacks/shortapi/{done_hex}", body={"data": {"job_id": PROVIDER_REF}}),
        Ask(path="/callbacks/runpod/{token}", body={"id": PROVIDER_REF}),
        Ask(path="/callbacks/shortapi/{token_but_one}", body={"data": {"job_id": PROVIDER_REF}}),
        Ask(path="/callbacks/shortapi/{attempt}", body={"data": {"job_id": PROVIDER_REF}}),
    ],
    ("GET", "/v1/exports/focus"): [
        Ask(path="/v1/exports/focus", sings=True),
        Ask(path="/v1/exports/focus?version=1.4&from=2026-01-01", sings=True),
        Ask(path="/v1/exports/focus?tenant={tenant}", sings=True),
        Ask(path="/v1/exports/focus?tenant=everyone"),
        Ask(path="/v1/exports/focus?tenant="),
        Ask(path="/v1/exports/focus?provider=shortapi", sings=True),
        Ask(path="/v1/exports/focus?model=nano-banana-2-edit&resolution=1k", sings=True),
        Ask(path="/v1/exports/focus?tag=project%3Dsomebodys"),
        Ask(path="/v1/exports/focus?part=metadata"),
    ],
    ("GET", "/v1/accounts/events"): [Ask(), Ask(path="/v1/accounts/events?from=2026-11-01")],
    ("GET", "/v1/accounts/{provider}/events"): [Ask(path="/v1/accounts/shortapi/events")],
    ("POST", "/v1/accounts/{provider}/events"): [
        Ask(
            path="/v1/accounts/shortapi/events",
            body={"kind": "credit", "amount": "7.03", "reference": "mine"},
        )
    ],
    ("GET", "/v1/periods"): [Ask(), Ask(path="/v1/periods?month=2026-11")],
    ("POST", "/v1/periods"): [Ask(body={"provider": "shortapi", "month": "2026-10"})],
    ("GET", "/v1/claims"): [Ask(), Ask(path="/v1/claims?provider=shortapi")],
    ("POST", "/v1/statements"): [
        Ask(body={**BILL, "apply": True}),
        Ask(path="/v1/statements?tenant={tenant}", body=BILL),
    ],
    ("GET", "/v1/statements"): [Ask()],
    ("POST", "/v1/statements/{id}/withdraw"): [
        Ask(path="/v1/statements/{done}/withdraw", body={"reason": "mine"})
    ],
    ("POST", "/v1/balances"): [Ask(body={"provider": "shortapi", "balance": "99.17"})],
    ("GET", "/v1/balances"): [Ask(), Ask(path="/v1/balances?provider=shortapi")],
    ("GET", "/v1/prices/drift"): [Ask()],
    ("GET", "/v1/archive"): [Ask()],
    ("GET", "/inputs/{name}"): [
        Ask(path=f"/inputs/{INPUT}"),
        Ask(path=f"/inputs/{INPUT}?{FORGED}"),
    ],
    ("GET", "/results/{name}"): [
        Ask(path="/results/{done}-1.png"),
        Ask(path=f"/results/{{done}}-1.png?{FORGED}"),
    ],
    ("POST", "/api/v1/job/create"): [
        Ask(body=CREATE, headers=SAME_CREATE, sings=True),
        Ask(body=CREATE),
    ],
    ("GET", "/api/v1/job/query"): [
        *(Ask(path=f"/api/v1/job/query?id={job}", sings=True) for job in JOBS),
        Ask(path="/api/v1/job/query?id=" + PROVIDER_REF),
    ],
    ("POST", "/v2/{slug}/run"): [
        Ask(path=f"/v2/{SLUG}/run", body=RUN, headers=SAME_RUN, sings=True),
        Ask(path=f"/v2/{SLUG}/run", body=RUN),
    ],
    ("POST", "/v2/{slug}/runsync"): [
        Ask(path=f"/v2/{SLUG}/runsync?wait=1000", body=RUN, headers=SAME_RUN, sings=True),
    ],
    ("GET", "/v2/{slug}/status/{id}"): [
        *(Ask(path=f"/v2/{SLUG}/status/{job}", sings=True) for job in JOBS),
        Ask(path=f"/v2/{SLUG}/status/{PROVIDER_REF}"),
        Ask(path="/v2/canary/status/{done}"),
    ],
    **{
        (method, "/v2/{slug}/status-sync/{id}"): [
            Ask(path=f"/v2/{SLUG}/status-sync/{job}?wait=1000", sings=job == "{done}")
            for job in ("{done}", "{in_doubt}")
        ]
        for method in ("GET", "POST")
    },
    ("POST", "/v2/{slug}/cancel/{id}"): [
        *(Ask(path=f"/v2/{SLUG}/cancel/{job}", sings=True) for job in JOBS)
    ],
    ("GET", "/v2/{slug}/health"): [Ask(path=f"/v2/{SLUG}/health")],
    ("GET", "/metrics"): [Ask()],
    ("GET", "/dashboard"): [
        Ask(sings=True),
        Ask(path="/dashboard?tenant={tenant}&by=tag:project", sings=True),
        Ask(path="/dashboard?by=tag:project&period=30d", sings=True),
        Ask(path="/dashboard?tenant=everyone"),
    ],
    **{
        ("GET", f"/dashboard/spend.{kind}"): [
            Ask(path=f"/dashboard/spend.{kind}?by=tenant", sings=True),
            Ask(path=f"/dashboard/spend.{kind}?tenant={{tenant}}", sings=True),
            Ask(path=f"/dashboard/spend.{kind}?by=tag:project", sings=True),
        ]
        for kind in ("csv", "json")
    },
    ("GET", "/dashboard/operations"): [Ask(), Ask(path="/dashboard/operations?refresh=off")],
    ("GET", "/dashboard/notices/{kind}"): [
        Ask(path="/dashboard/notices/in_doubt", sings=True),
        Ask(path="/dashboard/notices/in_doubt?tenant={tenant}", sings=True),
        *(
            Ask(path=f"/dashboard/notices/{kind}?period=30d")
            for kind in ("posted_presumed", "drifted", "undelivered", "denied", "denied_shared")
        ),
        Ask(path="/dashboard/notices/{done}"),
    ],
    ("GET", "/dashboard/jobs"): [
        Ask(sings=True),
        Ask(path="/dashboard/jobs?tenant={tenant}", sings=True),
        Ask(path="/dashboard/jobs?money=in_doubt&period=30d", sings=True),
        Ask(path="/dashboard/jobs?after={in_doubt}", sings=True),
    ],
    ("GET", "/dashboard/jobs/{id}"): [
        *(Ask(path=f"/dashboard/jobs/{job}", sings=True) for job in JOBS),
        Ask(path="/dashboard/jobs/{attempt}"),
        Ask(path="/dashboard/jobs/{DONE}"),
    ],
    ("GET", "/dashboard/sign-in"): [Ask(), Ask(path="/dashboard/sign-in?after={done}")],
    ("POST", "/dashboard/sign-in"): [Ask(), Ask(body={"key": "{key_id}"})],
    ("POST", "/dashboard/sign-out"): [Ask()],
    ("GET", "/dashboard/assets/{name}"): [Ask(path="/dashboard/assets/{tenant}")],
    ("GET", "/openapi.json"): [Ask()],
    ("GET", "/livez"): [Ask()],
    ("GET", "/readyz"): [Ask(), Ask(path="/readyz?verbose")],
    ("GET", "/"): [Ask()],
}


@dataclass(frozen=True, slots=True)
class Other:
    """A tenant with everything that one can have, and what would give it away."""

    key: str
    viewer: str
    """Its viewer's key, for what a client may not see."""
    names: dict[str, str]
    """What stands in the cases' paths."""
    canaries: frozenset[str]

    def heard_in(self, answer: Answer) -> set[str]:
        """The canaries that sing in an answer's body or headers."""
        text = answer.text + "\n".join(f"{name}: {it}" for name, it in answer.headers.items())
        return {one for one in self.canaries if one in text}


async def another_tenant(front: Front) -> Other:
    """Have a tenant with a delivered edit, one that runs and one in doubt, keys and budgets."""
    key_id, key = await front.mint(TENANT, tags=tuple(TEAM.items()))
    acts = front.stage.troupe.acts["shortapi"]
    # Refused, so that it costs nothing: the amounts below are those of the three others.
    acts.append(Act(answers_after_s=0.0, refuses=ProviderRefused(reason=Refusal.CONTENT)))
    body = {**IMAGE_EDIT, "tags": TEAM}
    image = await front.ask("POST", "/v1/images/edits", body, IMAGE_KEY, key=key)
    assert image.status == 400, image.text
    acts += [
        Act(answers_after_s=0.0, ends_after_s=0.0, ref=PROVIDER_REF, charge=reported("0.0317")),
        NEVER,
        Act(answers_after_s=0.0, refuses=ProviderInDoubt("canary detail of a provider")),
    ]
    jobs = [
        await _bought(front, key, "/v1/edits", EDIT, {"Idempotency-Key": IDEMPOTENCY_KEY}),
        await _bought(front, key, "/api/v1/job/create", CREATE, SAME_CREATE, AttemptState.RUNNING),
        await _bought(front, key, f"/v2/{SLUG}/run", RUN, SAME_RUN, AttemptState.IN_DOUBT),
    ]
    attempts = [(await front.stage.attempts(job))[0] for job in jobs]
    assert acts == []
    done, running, in_doubt = jobs
    token = attempts[2].callback_token
    row = await front.stage.ledger.key(key_id)
    assert row is not None
    names = {
        "tenant": TENANT,
        "done": done,
        "DONE": done.upper(),
        "done_hex": done.replace("-", ""),
        "running": running,
        "in_doubt": in_doubt,
        "attempt": attempts[2].id,
        "token": token,
        "token_but_one": token[:-1] + ("0" if token[-1] != "0" else "1"),
        "key_id": key_id,
        "raise": await _raised(front),
    }
    secret = shown(tenant_secret(await front.stage.ledger.secret(MASTER), TENANT))
    canaries = {"canary", RESULT_HOST, key, key_id, row.digest, secret, *jobs, *SPENT, *OF_THE_TEAM}
    canaries.add(image.headers["Farebox-Job"])
    canaries |= {attempt.callback_token for attempt in attempts}
    _, viewer = await front.mint(TENANT, Role.VIEWER)
    return Other(key, viewer, names, frozenset(canaries))


async def _raised(front: Front) -> str:
    """Raise the limit of an account that nothing is told of otherwise."""
    at = front.clock.now()
    row = RaiseRow(
        id="canary-raise",
        budget="daily",
        scope="tenant:canary-sister",
        amount=usd("5.55"),
        created_at=at,
        until=at + timedelta(days=1),
        who="canary",
        reason="canary",
    )
    await front.stage.ledger.submit(Raise(at=at, row=row))
    return row.id


async def _bought(
    front: Front,
    key: str,
    path: str,
    body: object,
    headers: dict[str, str],
    until: AttemptState = AttemptState.POSTED,
) -> JobId:
    """Buy an edit for the tenant, in whatever dialect, and have its attempt in a state."""
    answer = await front.ask("POST", path, body, headers, key=key)
    assert answer.status == 200, answer.text
    job_id = JobId(answer.headers["Farebox-Job"])
    await front.until(job_id, until)
    return job_id


def everything_in(front: Front) -> dict[str, set[str]]:
    """Every row of every table of the ledger, as text, but for the mark of the last commit."""
    path = str(front.stage.folder / "ledger.db")
    with closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)) as database:
        tables = [
            str(name)
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name != "last_batch"
        ]
        return {
            table: {repr(row) for row in database.execute(f'SELECT * FROM "{table}"')}  # noqa: S608
            for table in tables
        }


@asynccontextmanager
async def a_house(folder: Path) -> AsyncIterator[tuple[Front, Other]]:
    """Open a house with the tenant in it; from then on no other edit ends."""
    async with open_front(folder, policy=POLICY, callbacks=True, keyless=True) as front:
        other = await another_tenant(front)
        front.stage.troupe.always = {"shortapi": NEVER, "runpod": NEVER}
        yield front, other


async def answers_to(front: Front, route: Route, other: Other, key: str) -> list[Answer]:
    """Ask a route in all its ways."""
    return [
        await front.ask(
            route.method,
            (ask.path or route.path).format(**other.names),
            ask.body,
            ask.headers,
            key=key,
        )
        for ask in CASES[route.method, route.path]
    ]


def named(route: Route) -> str:
    """Name a test's case."""
    return f"{route.method} {route.path}"


def test_every_route_has_its_cases() -> None:
    """Who adds a route says here how another tenant might misuse it."""
    assert set(CASES) == {(route.method, route.path) for route in ROUTES}
    assert all(CASES.values())


def test_every_route_of_a_tenants_own_has_a_case_that_bites() -> None:
    """Where the owner is told nothing, that a stranger is told nothing would prove nothing."""
    owned = {
        (route.method, route.path)
        for route in ROUTES
        if route.access in {Access.BUY, Access.READ, Access.VIEW}
    }
    owned -= COUNTED

    owned -= NOBODYS
    assert [route for route in owned if not any(ask.sings for ask in CASES[route])] == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", ROUTES, ids=named)
async def test_a_stranger_learns_and_changes_nothing(
    tmp_path: Path, route: Route, role: Role
) -> None:
    """No canary in any body or header; all rows stay as they were, and no new one is theirs."""
    async with a_house(tmp_path) as (front, other):
        _, key = await front.mint(STRANGER, role)
        before = everything_in(front)
        answers = await answers_to(front, route, other, key)
        after = everything_in(front)

    assert [other.heard_in(answer) for answer in answers] == [set()] * len(answers)
    assert [answer.status for answer in answers if answer.status >= 500] == []
    assert [row for table in before for row in before[table] - after[table]] == []
    new = [row for table in before for row in after[table] - before[table]]
    assert [row for row in new if any(one in row for one in (TENANT, *other.names.values()))] == []


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if any(ask.sings for ask in CASES[route.method, route.path])],
    ids=named,
)
async def test_the_canaries_sing_for_their_owner(tmp_path: Path, route: Route) -> None:
    """The same questions with the owner's key are answered with what a stranger is not told."""
    async with a_house(tmp_path) as (front, other):
        key = other.viewer if route.access is Access.VIEW else other.key
        answers = await answers_to(front, route, other, key)

    asks = CASES[route.method, route.path]
    silent = [
        ask
        for ask, answer in zip(asks, answers, strict=True)
        if ask.sings and not other.heard_in(answer)
    ]
    assert silent == []


async def test_the_amounts_are_canaries_too(tmp_path: Path) -> None:
    """What the tenant spent, has left and has in doubt stands in its own answers, each of them."""
    async with a_house(tmp_path) as (front, other):
        told = [
            (await front.ask("GET", path, key=other.key)).text
            for path in ("/v1/budgets", "/v1/spend?by=tenant")
        ]

    assert [amount for amount in SPENT if f'"{amount}"' not in "".join(told)] == []


async def test_a_shared_tags_account_is_told_to_who_sees_all(tmp_path: Path) -> None:
    """With its amounts; its own tenant, as any other, learns only whether there is room."""
    async with a_house(tmp_path) as (front, other):
        keys = (await front.mint("house", Role.ADMIN))[1], other.key
        quotes = [
            await front.ask("POST", "/v1/quotes", an_edit(tags=TEAM), key=key) for key in keys
        ]

    admins, owners = (
        next(line for line in quote.json["budgets"] if line["budget"] == "by-team")
        for quote in quotes
    )
    assert {admins["limit"], admins["available"]} == OF_THE_TEAM
    assert admins["scope"] == "tag:team=canary-team"
    hidden = {"scope": None, "limit": None, "available": None}
    assert owners == {**admins, **hidden}
    assert owners["fits"] is False


async def test_a_shared_tags_account_refuses_without_its_amounts(tmp_path: Path) -> None:
    """The budget's name, the price and when to ask again are told; a stranger can act on them."""
    async with a_house(tmp_path) as (front, _):
        _, key = await front.mint(STRANGER)
        refused = await front.ask("POST", "/v1/edits", an_edit(tags=TEAM), key=key)

    assert (refused.status, refused.json["budget"], refused.json["asked"]) == (
        402,
        "by-team",
        "0.04",
    )
    assert refused.json["detail"] == (
        "The edit costs $0.04 and the budget 'by-team' has no room for it."
    )
    untold = {"scope", "limit", "posted", "presumed", "held", "in_doubt", "available"}
    assert {refused.json[name] for name in untold} == {None}
    assert "Farebox-Budget-Remaining-USD" not in refused.headers


async def test_a_missing_edit_and_another_tenants_are_answered_alike(tmp_path: Path) -> None:
    """To the byte, but for the date: that an edit exists is not told either."""
    missing = "0199d6f0-0000-7000-8000-00000000dead"
    async with a_house(tmp_path) as (front, other):
        _, key = await front.mint(STRANGER)
        answers = [
            [
                await front.ask("GET", f"/v1/edits/{job}", key=key),
                await front.ask("POST", f"/v1/edits/{job}/cancel", key=key),
            ]
            for job in (other.names["done"], missing)
        ]

    theirs, nobodys = (
        [(one.status, one.text, {**one.headers, "Date": ""}) for one in pair] for pair in answers
    )
    assert theirs == nobodys
    assert [status for status, _, _ in theirs] == [404, 404]


async def test_another_tenants_jobs_are_not_counted(tmp_path: Path) -> None:
    """An endpoint's health shows each tenant its own jobs, and those who see all, all."""
    async with a_house(tmp_path) as (front, other):
        keys = [
            other.key,
            (await front.mint(STRANGER))[1],
            (await front.mint("house", Role.ADMIN))[1],
        ]
        told = [await front.ask("GET", f"/v2/{SLUG}/health", key=key) for key in keys]

    assert [answer.json["jobs"]["inProgress"] for answer in told] == [2, 0, 2]


async def test_another_tenants_idempotency_key_is_not_taken(tmp_path: Path) -> None:
    """The same key is a new edit of the stranger's own, not the other's edit and no conflict."""
    async with a_house(tmp_path) as (front, other):
        _, key = await front.mint(STRANGER)
        answers = [
            await front.ask("POST", "/v1/edits", body, SAME_KEY, key=key) for body in (EDIT, EDIT)
        ]
        (row,) = await front.stage.ledger.jobs_of(STRANGER)

    assert [(answer.status, answer.json["id"]) for answer in answers] == [(202, row.id)] * 2
    assert row.id != other.names["done"]
