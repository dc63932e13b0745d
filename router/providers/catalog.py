"""
Every provider that Farebox can buy from.

A new provider is three things: one file here with its codec, one line in `CODECS`, and one folder
of replies, `tests/replies/<name>/`, which the contract suite reads. A new model of a known provider
is no code at all: it is a row in the price book.
"""

from collections.abc import Mapping
from types import MappingProxyType

from router.providers.runpod import RunpodCodec
from router.providers.shortapi import ShortApiCodec
from router.providers.wire import Codec

_ALL: tuple[Codec, ...] = (
    ShortApiCodec(),
    RunpodCodec(),
)

CODECS: Mapping[str, Codec] = MappingProxyType({codec.name: codec for codec in _ALL})
"""By the provider's name in the price book."""
