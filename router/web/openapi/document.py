"""The document: what each route takes and answers, in OpenAPI 3.1."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, cast

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from router import __version__
from router.model.budget import Limit, Usage
from router.model.clock import from_rfc3339
from router.model.errors import (
    BudgetExceeded,
    Forbidden,
    LedgerUnavailable,
    Overloaded,
    RouterError,
    Unauthorized,
)
from router.model.money import Money
from router.web.accounting import CloseRequest, EventRequest
from router.web.administration import KeyRequest, SettleRequest
from router.web.dialect import Dialect
from router.web.dialects.openai.fields import ImageEdit
from router.web.dialects.runpod_reading import RunpodInput, RunpodPolicy, RunpodRun
from router.web.dialects.shortapi import ShortApiArgs, ShortApiCreate
from router.web.openapi.dialects import DIALECT_SCHEMAS
from router.web.openapi.fields import FIELDS
from router.web.openapi.openai import OPENAI_SCHEMAS
from router.web.openapi.operation import Answer, Operation
from router.web.openapi.operations import OPERATIONS
from router.web.openapi.pages import HTML
from router.web.openapi.parameters import HEADERS, PARAMETERS
from router.web.openapi.refusals import ERRORS_OF, INTERNAL, REFUSALS
from router.web.openapi.schemas import ANSWER_SCHEMAS
from router.web.openapi.shapes import BYTES, Schema, ref
from router.web.problems import NATIVE, problem, unforeseen
from router.web.raising import EndRequest, RaiseRequest
from router.web.rotation import RotateRequest
from router.web.routes import ROUTES, Access, Route
from router.web.statements import BalanceRequest, StatementRequest, WithdrawRequest
from router.web.wishes import EditRequest

REQUESTS: tuple[type[BaseModel], ...] = (
    *(EditRequest, EndRequest, ImageEdit, KeyRequest, RaiseRequest, RotateRequest, SettleRequest),
    *(BalanceRequest, StatementRequest, WithdrawRequest),
    *(CloseRequest, EventRequest),
    *(RunpodInput, RunpodPolicy, RunpodRun, ShortApiArgs, ShortApiCreate),
)
_ABOUT = """\
An edit is a purchase. Nothing is answered with a status that makes clients send again unless
nothing was and nothing can be charged: an edit that failed after money may have moved is a 200
whose `status` is `failed`. Money is a string of US dollars, instants are RFC 3339 in UTC,
durations are seconds.
"""
_ACCESS: dict[Access, str] = {
    Access.PUBLIC: "Whoever finds the port.",
    Access.BUY: "A key with the role client or admin.",
    Access.READ: "A key of any role; of its own tenant, unless it sees all.",
    Access.VIEW: "A viewer's or an admin's key, or the session of a browser that signed in.",
    Access.READ_ALL: "An admin's key, or a viewer's for `everyone`.",
    Access.ADMIN: "An admin's key.",
}


def document() -> dict[str, Any]:
    """All routes with their answers and errors, as one JSON value."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Farebox",
            "version": __version__,
            "summary": "Buys image edits from the provider that the policy picks.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": {
                **ANSWER_SCHEMAS,
                **DIALECT_SCHEMAS,
                **OPENAI_SCHEMAS,
                **_request_schemas(),
            },
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "examples": _examples(),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "fbx_…",
                    "description": "`farebox keys create` makes one.",
                }
            },
        },
    }


@cache
def openapi_text() -> bytes:
    """The document as it is served."""
    return json.dumps(document(), ensure_ascii=False, separators=(",", ":")).encode()


def _operation(route: Route) -> dict[str, Any]:
    """A route; one that nobody has described has its handler's words, which is better than none."""
    known = OPERATIONS.get((route.method, route.path))
    told: dict[str, Any] = {
        "summary": _summary(route),
        "description": _ACCESS[route.access],
        "responses": _responses(route, known),
    }
    if route.access is Access.PUBLIC:
        told["security"] = []
    if known is None:
        return told
    told |= {"operationId": known.name, "tags": [known.group]}
    if known.parameters:
        names = known.parameters
        told["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in names]
    if known.body:
        content: dict[str, Any] = {"schema": ref(known.body)}
        if known.example is not None:
            content["example"] = known.example
        taken = {"application/json": content}
        if known.form:
            taken["multipart/form-data"] = {"schema": ref(known.form)}
        told["requestBody"] = {"required": True, "content": taken}
    return told


def _summary(route: Route) -> str:
    """The first sentence of what the handler says of itself, without the route's name."""
    words = (route.handler.__doc__ or "").strip().partition("\n")[0]
    summary = words.partition("`: ")[2] or words
    return summary[:1].upper() + summary[1:]


def _responses(route: Route, known: Operation | None) -> dict[str, Any]:
    answers = known.answers if known is not None else {}
    headers = known.refusal_headers if known is not None else ()
    by_status: dict[int, list[type[RouterError]]] = {}
    for kind in _errors(route, known):
        status = route.dialect.refused(example_of(kind)).status
        by_status.setdefault(status, []).append(kind)
    told = {str(status): _answer(answer) for status, answer in answers.items()}
    for status, kinds in sorted(by_status.items()):
        told.setdefault(str(status), _refusal(route.dialect, kinds, headers))
    told["default"] = _default(route.dialect, headers)
    return told


def _default(dialect: Dialect, headers: tuple[str, ...]) -> dict[str, Any]:
    words = "Something else is wrong with the request, or went wrong inside Farebox (500)."
    if dialect is NATIVE:
        content = _content(words, "Problem", [INTERNAL])
    else:
        content = _foreign(words, dialect, {INTERNAL: dialect.unforeseen()})
    return {**content, "headers": _headers(headers)} if headers else content


def _errors(route: Route, known: Operation | None) -> list[type[RouterError]]:
    found = list(known.errors if known is not None else ())
    if route.access is not Access.PUBLIC:
        found += [Unauthorized, Forbidden, LedgerUnavailable]
    if not route.before_ready:
        found += [Overloaded]
    return found


def _answer(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.words}
    if answer.headers:
        told["headers"] = _headers(answer.headers)
    if answer.media:
        return {**told, "content": {kind: {"schema": BYTES} for kind in answer.media}}
    if not answer.schema:
        return {**told, "content": {"text/plain": {"schema": {"type": "string"}}}}
    content: dict[str, Any] = {"schema": ref(answer.schema)}
    if answer.example is not None:
        content["example"] = answer.example
    return {**told, "content": {"application/json": content}}


def _refusal(
    dialect: Dialect, kinds: list[type[RouterError]], headers: tuple[str, ...]
) -> dict[str, Any]:
    """The answer with one status: what it may mean, each with an example as it is really told."""
    words = " ".join(example_of(kind).detail for kind in kinds)
    schema = "BudgetProblem" if BudgetExceeded in kinds else "Problem"
    told = {kind.code: dialect.refused(example_of(kind)) for kind in kinds}
    sent = [name for response in told.values() for name in response.headers if name in HEADERS]
    if dialect is NATIVE:
        content = _content(words, schema, list(told))
    else:
        content = _foreign(words, dialect, told)
    return {**content, "headers": _headers([*sent, *headers])}


def _foreign(words: str, dialect: Dialect, told: dict[str, web.Response]) -> dict[str, Any]:
    """An answer in the shape of a dialect's errors, each as it is really told."""
    (media_type,) = {response.content_type for response in told.values()}
    if media_type == HTML:
        return {"description": words, "content": {HTML: {"schema": BYTES}}}
    examples = {code: _told(response) for code, response in told.items()}
    content = {"schema": ref(ERRORS_OF[dialect.name]), "examples": examples}
    return {"description": words, "content": {media_type: content}}


def _examples() -> dict[str, Any]:
    """Each refusal as it is really told."""
    told = {kind.code: _told(problem(example_of(kind))) for kind in REFUSALS}
    return {**told, INTERNAL: _told(unforeseen())}


def example_of(kind: type[RouterError]) -> RouterError:
    """An error as it might be raised."""
    if kind is not BudgetExceeded:
        return kind()
    until = from_rfc3339("2026-11-21T00:00:00Z")
    limit = Limit(
        budget="daily",
        scope="tenant:acme",
        limit=Money.parse("50"),
        window_start=from_rfc3339("2026-11-20T00:00:00Z"),
        window_end=until,
    )
    usage = Usage(posted=Money.parse("49.88"), held=Money.parse("0.09"))
    return BudgetExceeded(limit, usage, Money.parse("0.04"))


def _content(words: str, schema: str, codes: list[str]) -> dict[str, Any]:
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    content = {"schema": ref(schema), "examples": examples}
    return {"description": words, "content": {"application/problem+json": content}}


def _told(response: web.Response) -> dict[str, Any]:
    return {"value": json.loads(cast("bytes", response.body))}


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys(names)}


def _request_schemas() -> dict[str, Schema]:
    """What bodies look like, from the models that read them, with words for each field."""
    _, found = models_json_schema(
        [(model, "validation") for model in REQUESTS], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Schema] = found["$defs"]
    for name, schema in schemas.items():
        schema.pop("title", None)
        for field, told in schema.get("properties", {}).items():
            told.pop("title", None)
            words = FIELDS.get(name, {}).get(field)
            if words:
                told["description"] = words
    return {name: one for name, one in schemas.items() if name not in ANSWER_SCHEMAS}
