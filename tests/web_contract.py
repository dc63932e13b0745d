"""Real answers, held to `/openapi.json`: whatever a test asks for is documented as it is told."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from router.web.openapi.document import document

OURS = {
    *("farebox-job", "farebox-provider", "farebox-charged-usd", "farebox-budget-remaining-usd"),
    *("farebox-downshifted", "farebox-failed", "x-request-id", "x-should-retry"),
    *("location", "retry-after", "preference-applied", "idempotent-replayed", "www-authenticate"),
}
"""Headers that mean something here; the others belong to HTTP."""
UNFORESEEN = 500


@cache
def closed() -> dict[str, Any]:
    """The document, with every object shut: a field that is not documented is one too many."""
    return {"components": _shut(document()["components"])}


def _shut(part: Any) -> Any:
    if isinstance(part, list):
        return [_shut(one) for one in part]
    if not isinstance(part, dict):
        return part
    shut = {name: _shut(one) for name, one in part.items()}
    if isinstance(shut.get("properties"), dict) and shut.get("type") == "object":
        shut.setdefault("additionalProperties", False)
    return shut


@cache
def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """Every route's part of the document."""
    paths = document()["paths"]
    return {
        (method.upper(), path): operation
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


@cache
def _validator(reference: str) -> Draft202012Validator:
    schema = {**closed(), "$ref": reference}
    return Draft202012Validator(schema, format_checker=FormatChecker())


def check_value(name: str, value: object) -> None:
    """Hold a value to one of the document's schemas."""
    _validator(f"#/components/schemas/{name}").validate(value)


def check_answer(
    method: str, path: str, status: int, headers: Mapping[str, str], body: str
) -> None:
    """Hold an answer to what is documented of its route, if there is one for what was asked."""
    operation = operation_of(method, path)
    if operation is None:
        return
    told = f"{method} {path} {status}"
    responses = operation["responses"]
    documented = responses.get(str(status), responses["default"] if status == UNFORESEEN else None)
    assert documented is not None, f"{told} is not documented"
    undocumented = {name.lower() for name in headers} & OURS - {
        name.lower() for name in documented.get("headers", {})
    }
    assert not undocumented, f"{told}: {undocumented} is not documented"
    kind = headers["Content-Type"].partition(";")[0]
    assert kind in documented["content"], f"{told}: {kind} is not documented"
    schema = documented["content"][kind]["schema"]
    if "$ref" in schema:
        _validator(schema["$ref"]).validate(json.loads(body))


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """The part of the document that is about a request."""
    asked = path.partition("?")[0]
    for (its_method, its_path), operation in operations().items():
        if its_method == method and _pattern(its_path).fullmatch(asked):
            return operation
    return None


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("/".join("[^/]+" if "{" in part else part for part in path.split("/")))
