"""Pages in the document."""

from router.web.dashboard.dialect import PAGE
from router.web.openapi.pages import PAGE_OPERATIONS
from router.web.routes import ROUTES
from tests.web_contract import operations


def test_pages_tell_errors_as_pages() -> None:
    """A browser shows them to a person; what programs ask for is JSON."""
    routes = [route for route in ROUTES if route.dialect is PAGE]
    told = {
        kind
        for route in routes
        for status, response in operations()[route.method, route.path]["responses"].items()
        if status in {"400", "401", "403", "404", "503"}
        for kind in response["content"]
    }

    assert told == {"text/html"}
    assert PAGE_OPERATIONS.keys() == {(route.method, route.path) for route in routes}


def test_sessions_open_only_what_is_read() -> None:
    """A browser's session must not be what another site's form can use."""
    assert {route.method for route in ROUTES if route.by_session} == {"GET"}
    assert not any(route.buys for route in ROUTES if route.by_session)
