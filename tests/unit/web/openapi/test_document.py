import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import ValidationError
from openapi_spec_validator import validate

from router.model.errors import Overloaded
from router.web.openapi import document as module
from router.web.openapi.document import REQUESTS, document, openapi_text
from router.web.openapi.edits import ENDINGS
from router.web.openapi.operations import OPERATIONS
from router.web.openapi.refusals import INTERNAL, REFUSALS
from router.web.probes import livez
from router.web.routes import ROUTES, Access, Route
from router.web.wishes import EditRequest
from tests.web_contract import check_answer, check_value, operations
from tests.web_stage import an_edit, open_front

PROMISED = {
    *("malformed", "too_large", "invalid_job", "content_refused", "idempotency_conflict"),
    *("unauthorized", "forbidden", "budget_exceeded", "not_found", "in_progress", "rate_limited"),
    *("provider_failed", "no_provider_qualifies", "overloaded", "ledger_unavailable"),
}
"""The contract's codes of refusals."""
IN_A_BODY = {"provider_in_doubt", "provider_failed", "result_unavailable", "deadline_exceeded"}


def test_it_is_an_openapi_document() -> None:
    """As the specification's own schema sees it, with every reference to be found."""
    validate(document())


async def test_it_is_served_to_whoever_asks(tmp_path: Path) -> None:
    """Without a key, and before the house is ready: a client is built from it."""
    async with open_front(tmp_path, is_ready=False) as front:
        front.key = None
        answer = await front.ask("GET", "/openapi.json")
        wrong = await front.ask("GET", "/openapi.json?pretty")

    assert (answer.status, answer.json) == (200, document())
    assert answer.text.encode() == openapi_text()
    assert answer.headers["Content-Type"].startswith("application/json")
    assert (wrong.status, wrong.json["code"]) == (400, "malformed")


async def test_its_paths_are_those_that_are_served(tmp_path: Path) -> None:
    """What the application routes is described, in words, but for what is refused by all of it."""
    async with open_front(tmp_path) as front:
        served = {
            (route.method, route.resource.canonical)
            for route in front.app.router.routes()
            if route.resource is not None and route.method not in {"*", "HEAD"}
        }

    assert set(operations()) == served == {(route.method, route.path) for route in ROUTES}
    assert set(OPERATIONS) == served, "a new route is described in operations.py"


def test_every_error_code_is_there_and_no_other() -> None:
    """Those of the contract, one for a body that is late, and one for what nobody foresaw."""
    codes = document()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    told = {code for one in operations().values() for code in _codes(one)}

    assert set(codes) == told == PROMISED | {"request_timeout", INTERNAL}
    assert {kind.code for kind in REFUSALS} == set(codes) - {INTERNAL}
    assert {kind.code for kind in ENDINGS} == IN_A_BODY | {"content_refused", "overloaded"}


def _codes(operation: dict[str, Any]) -> set[str]:
    """The codes that a route's answers have examples of."""
    contents = [response["content"] for response in operation["responses"].values()]
    problems = [one["application/problem+json"] for one in contents if len(one) == 1
                and "application/problem+json" in one]  # fmt: skip
    return {code for problem in problems for code in problem["examples"]}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_says_who_may_take_it_and_how(route: Route) -> None:
    """Its path's names are its parameters, and what needs no key says so."""
    told = operations()[route.method, route.path]
    parameters = document()["components"]["parameters"]
    named = [parameters[one["$ref"].rpartition("/")[2]] for one in told.get("parameters", [])]
    in_path = {one["name"] for one in named if one["in"] == "path"}

    assert in_path == {part[1:-1] for part in route.path.split("/") if part.startswith("{")}
    assert (told.get("security") == []) is (route.access is Access.PUBLIC)
    assert ("401" in told["responses"]) is (route.access is not Access.PUBLIC)
    assert ("503" in told["responses"]) is (not route.before_ready or route.path == "/readyz")
    assert told["summary"]
    assert "`" not in told["summary"][:1]


def test_every_operation_has_a_name_of_its_own() -> None:
    """Clients that are made from the document call their methods so."""
    names = [one["operationId"] for one in operations().values()]

    assert len(set(names)) == len(names) == len(ROUTES)


def test_the_examples_are_what_they_are_examples_of() -> None:
    """Of bodies and answers their schemas, of errors the real thing."""
    components = document()["components"]
    checked = 0
    for operation in operations().values():
        contents = [one["content"] for one in operation["responses"].values()]
        contents += [operation["requestBody"]["content"]] if "requestBody" in operation else []
        for content in contents:
            for media in content.values():
                if "example" in media:
                    check_value(media["schema"]["$ref"].rpartition("/")[2], media["example"])
                    checked += 1
    for code, example in components["examples"].items():
        check_value("BudgetProblem" if code == "budget_exceeded" else "Problem", example["value"])
        assert example["value"]["code"] == code

    assert checked >= 8


def test_every_field_of_a_request_is_explained() -> None:
    """Its shape comes from the model that reads it, and its meaning is beside it."""
    schemas = document()["components"]["schemas"]
    fields = {
        (model.__name__, name): told.get("description")
        for model in REQUESTS
        for name, told in schemas[model.__name__]["properties"].items()
    }

    assert [field for field, words in fields.items() if not words] == []
    assert set(schemas["EditRequest"]["properties"]) == set(EditRequest.model_fields)


@pytest.mark.parametrize("fields", [{"resolution": "8k"}, {"images": []}, {"surname": "x"}])
def test_what_is_refused_is_not_in_the_schema(fields: dict[str, Any]) -> None:
    """A client that checks its body first sends none that could not be read."""
    check_value("EditRequest", an_edit())
    with pytest.raises(ValidationError):
        check_value("EditRequest", an_edit(**fields))


def test_a_route_that_nobody_described_is_there_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With its handler's words and the errors of its access; an installation goes on serving."""
    route = Route("PUT", "/v1/new", livez, Access.ADMIN)
    monkeypatch.setattr(module, "ROUTES", (*ROUTES, route))
    told = document()["paths"]["/v1/new"]["put"]

    validate(document())
    assert told["summary"] == "The event loop turns."
    assert set(told["responses"]) == {"401", "403", "503", "default"}
    assert set(told["responses"]["503"]["content"]["application/problem+json"]["examples"]) == {
        "ledger_unavailable",
        Overloaded.code,
    }


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {}, {"alive": True, "surplus": 1}),
        (200, {}, {"alive": "yes"}),
        (200, {}, {}),
        (201, {}, {"alive": True}),
        (200, {"Farebox-Job": "1"}, {"alive": True}),
        (200, {"Content-Type": "text/html"}, {"alive": True}),
    ],
)
def test_an_answer_that_is_not_as_documented_is_caught(
    status: int, headers: dict[str, str], body: dict[str, Any]
) -> None:
    """The check under which every test's answers stand can fail."""
    headers = {"Content-Type": "application/json; charset=utf-8", **headers}
    check_answer("GET", "/livez", 200, {"Content-Type": "application/json"}, '{"alive": true}')
    with pytest.raises((AssertionError, ValidationError)):
        check_answer("GET", "/livez", status, headers, json.dumps(body))
