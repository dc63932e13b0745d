from router.web.dashboard.dialect import PAGE
from router.web.openapi.dialects import DIALECT_OPERATIONS
from router.web.openapi.document import document
from router.web.openapi.openai import OPENAI_OPERATIONS
from router.web.openapi.refusals import ERRORS_OF
from router.web.problems import NATIVE
from router.web.routes import ROUTES
from tests.web_contract import operations


def test_every_route_of_a_dialect_tells_errors_in_its_shape() -> None:
    """Never as problems, which its clients do not know."""
    routes = [route for route in ROUTES if route.dialect not in {NATIVE, PAGE}]
    told = {
        (route.dialect.name, kind, content["schema"]["$ref"].rpartition("/")[2])
        for route in routes
        for status, response in operations()[route.method, route.path]["responses"].items()
        if status != "200"
        for kind, content in response["content"].items()
    }

    assert told == {(name, "application/json", schema) for name, schema in ERRORS_OF.items()}
    known = {*DIALECT_OPERATIONS, *OPENAI_OPERATIONS}
    assert known == {(route.method, route.path) for route in routes}


def test_what_is_wrong_with_an_edit_is_a_bad_request_there() -> None:
    """The dialects have no 422 for it, and keep 402 for money."""
    for path in ("/api/v1/job/create", "/v2/{slug}/run"):
        told = document()["paths"][path]["post"]["responses"]

        assert {"400", "402", "503"} <= told.keys()
        assert "`Idempotency-Key`" not in told["400"]["description"]
