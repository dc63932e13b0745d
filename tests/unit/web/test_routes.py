from pathlib import Path

import pytest

from router.model.errors import Forbidden
from router.web.auth import Caller
from router.web.dialects import runpod
from router.web.dialects.openai import routes as openai
from router.web.keys import Role
from router.web.routes import ROUTES, Access, Route
from tests.web_stage import open_front

NOT_PUBLIC = [route for route in ROUTES if route.access is not Access.PUBLIC]
ROLES = [(Role.CLIENT, "acme"), (Role.VIEWER, "acme"), (Role.VIEWER, "everyone"), (Role.ADMIN, "a")]


def named(route: Route) -> str:
    """Name a test's case."""
    return f"{route.method} {route.path}"


def test_who_may_take_what() -> None:
    """The whole table of who is let in where, in one place."""
    admitted = {
        access.name: [
            f"{role} of {tenant}" for role, tenant in ROLES if _is_admitted(access, role, tenant)
        ]
        for access in Access
    }

    assert admitted == {
        "PUBLIC": [],
        "BUY": ["client of acme", "admin of a"],
        "READ": ["client of acme", "viewer of acme", "viewer of everyone", "admin of a"],
        "VIEW": ["viewer of acme", "viewer of everyone", "admin of a"],
        "READ_ALL": ["viewer of everyone", "admin of a"],
        "ADMIN": ["admin of a"],
    }


def _is_admitted(access: Access, role: Role, tenant: str) -> bool:
    try:
        access.check(Caller(tenant=tenant, key_id="k", role=role, who="w"))
    except Forbidden:
        return False
    return True


def test_no_route_stands_in_the_table_twice() -> None:
    """The second one would never be taken."""
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("route", NOT_PUBLIC, ids=named)
async def test_every_route_asks_who_is_there(tmp_path: Path, route: Route) -> None:
    """Without a key it is 401; with one whose role is too small it is 403, whatever is sent."""
    path = route.path.replace("{id}", "0199d6f0-0000-7000-8000-000000000001")
    path = path.replace("{slug}", "google-nano-banana-2-edit").replace("{provider}", "shortapi")
    path = path.replace("{kind}", "in_doubt")
    async with open_front(tmp_path) as front:
        key, front.key = front.key, None
        nobody = await front.ask(route.method, path)
        outcomes = {}
        for role, tenant in ROLES:
            _, key = await front.mint(tenant, role)
            outcomes[role, tenant] = (await front.ask(route.method, path, key=key)).status

    assert nobody.status == 401
    for (role, tenant), status in outcomes.items():
        assert (status == 403) is not _is_admitted(route.access, role, tenant), (role, tenant)
        assert status != 401
        assert status < 500


@pytest.mark.parametrize("path", ["/v2", "/v1/edits/1/2", "/callbacks/shortapi", "/dashboard/x"])
async def test_what_is_not_in_the_table_is_not_there(tmp_path: Path, path: str) -> None:
    """In the shape of every other error."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("GET", path)

    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/v2/runsync", "/v2/some-slug/stream/1", "/v2/some-slug/run/1"])
async def test_what_a_dialect_has_and_we_have_not_is_told_in_its_words(
    tmp_path: Path, method: str, path: str
) -> None:
    """With what there is instead; a method that is none of an address's is no address."""
    async with open_front(tmp_path) as front:
        answer = await front.ask(method, path)

    assert (answer.status, answer.json) == (404, {"error": runpod.NOT_SERVED})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/images/edits"),
        ("POST", "/v1/images/generations"),
        ("POST", "/v1/images/variations"),
        ("GET", "/v1/images"),
        ("DELETE", "/v1/models/gpt-image-1"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/responses"),
        ("GET", "/v1/responses/resp_1"),
        ("POST", "/v1/embeddings"),
    ],
)
async def test_what_openai_has_and_we_have_not_is_an_error_of_its_shape(
    tmp_path: Path, method: str, path: str
) -> None:
    """It is no model that is missing, and no client asks again."""
    async with open_front(tmp_path) as front:
        answer = await front.ask(method, path)

    assert (answer.status, answer.json) == (
        404,
        {
            "error": {
                "message": openai.NOT_SERVED,
                "type": "invalid_request_error",
                "param": None,
                "code": "not_found",
            }
        },
    )
    assert answer.headers["x-should-retry"] == "false"


async def test_a_method_that_an_address_does_not_take_is_told(tmp_path: Path) -> None:
    """With those that it takes."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("PUT", "/v1/edits")

    assert answer.status == 405
    assert answer.headers["Allow"] == "GET,POST"
    assert answer.json == {
        "type": "urn:farebox:problem:malformed",
        "title": "The request is not what this endpoint reads.",
        "status": 405,
        "detail": "This address takes GET, POST.",
        "code": "malformed",
        "retryable": False,
        "may_have_been_charged": False,
    }
