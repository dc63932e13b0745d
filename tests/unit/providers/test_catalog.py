"""The list of providers."""

import pytest

from router.providers.catalog import CODECS
from router.providers.wire import Codec


def test_every_codec_is_listed_under_its_own_name() -> None:
    """The price book finds a codec by the name that the codec gives itself."""
    assert {name: codec.name for name, codec in CODECS.items()} == {
        "shortapi": "shortapi",
        "runpod": "runpod",
    }


def test_the_list_cannot_be_changed() -> None:
    """A provider is added in the source, where it is reviewed."""
    codecs: dict[str, Codec] = CODECS  # type: ignore[assignment]

    with pytest.raises(TypeError):
        codecs["other"] = CODECS["runpod"]
