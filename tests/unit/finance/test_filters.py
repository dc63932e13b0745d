"""What is filtered by, as it is written."""

import pytest

from router.finance.filters import NAMES, read_filter
from router.finance.overview import Filter
from router.model.errors import Malformed


def test_nothing_said_is_everything() -> None:
    """Also where something else is said."""
    assert read_filter({"period": "30d"}) == Filter()


def test_each_name_is_read() -> None:
    """A resolution in any case, and a tag's value with whatever is in it."""
    said: dict[str, str] = dict(
        zip(NAMES, ("runpod", "acme", "4K", "m-1", "team=a=b"), strict=True)
    )

    assert read_filter(said) == Filter(
        provider="runpod", tenant="acme", resolution="4k", model="m-1", tag=("team", "a=b")
    )
    assert read_filter({"tag": "team="}).tag == ("team", "")


@pytest.mark.parametrize("said", [{"resolution": ""}, {"provider": ""},
                                  {"tenant": ""}, {"model": ""}, {"resolution": "8k"},
                                  {"tag": "team"}, {"tag": "=ads"}, {"tag": ""}])  # fmt: skip
def test_what_fits_no_row_is_refused(said: dict[str, str]) -> None:
    """Else an empty file would pass for a month without spend."""
    with pytest.raises(Malformed):
        read_filter(said)
