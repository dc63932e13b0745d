from router.web.openapi.operations import OPERATIONS
from router.web.openapi.parameters import HEADERS, PARAMETERS


def test_every_parameter_and_header_is_one_of_some_route() -> None:
    """What is written down and used nowhere would be out of date unseen."""
    parameters = {name for one in OPERATIONS.values() for name in one.parameters}
    headers = {
        name
        for one in OPERATIONS.values()
        for answer in one.answers.values()
        for name in answer.headers
    }

    assert parameters == set(PARAMETERS)
    assert headers == set(HEADERS) - {"WWW-Authenticate"}


def test_what_stands_in_a_path_is_required() -> None:
    """And so is what signs a link, or names a job; everything else may be left out."""
    required = {name for name, one in PARAMETERS.items() if one.get("required")}

    in_a_path = {name for name, one in PARAMETERS.items() if one["in"] == "path"}
    assert required == in_a_path | {"expires", "signature", "queried"}
    assert all(one["description"] for one in PARAMETERS.values())
