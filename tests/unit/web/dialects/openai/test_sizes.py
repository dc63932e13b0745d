"""Pixels as what is sold."""

from datetime import UTC, datetime, timedelta

import pytest

from router.model.errors import InvalidJob
from router.web.dialects.openai.sizes import (
    COMMON,
    models_sold,
    ratio_of,
    ratios_sold,
    read_size,
    resolution_of,
)
from tests.policy_files import PRICES, a_policy

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
STARTS = datetime(2026, 11, 1, tzinfo=UTC)
OTHER = """\
  - provider: runpod
    model: other-edit
    slug: other-edit
    from: 2026-11-10
    until: 2026-12-01
    source: its page
    verified: true
    per_image: {1k: $0.05}
"""


@pytest.mark.parametrize(
    ("size", "resolution", "ratio"),
    [
        ("1024x1024", "1k", "1:1"),
        ("1536x1024", "1k", "3:2"),
        ("1024x1536", "1k", "2:3"),
        ("256x256", "1k", "1:1"),
        ("256x171", "1k", "3:2"),
        ("1792x1024", "1k", "16:9"),
        ("1024x1792", "1k", "9:16"),
        ("2047x2047", "1k", "1:1"),
        ("2048x2048", "2k", "1:1"),
        ("2048x1152", "2k", "16:9"),
        ("2560x1440", "2k", "16:9"),
        ("3071x2047", "2k", "3:2"),
        ("3072x2048", "4k", "3:2"),
        ("3840x2160", "4k", "16:9"),
        ("2160x3840", "4k", "9:16"),
        ("4096x4096", "4k", "1:1"),
        ("3440x1440", "4k", "21:9"),
    ],
)
def test_a_size_is_a_resolution_and_a_ratio(size: str, resolution: str, ratio: str) -> None:
    """The long side says the first, the shape the second."""
    width, height = read_size(size)

    assert (resolution_of(width, height), ratio_of(width, height, COMMON)) == (resolution, ratio)


@pytest.mark.parametrize("size", ["", "1k", "1024", "1024X1024", "0x1", "01x1", "-1x1", "1x1x1"])
def test_what_is_no_size_is_refused(size: str) -> None:
    """With an example of one."""
    with pytest.raises(InvalidJob, match="as `1536x1024`"):
        read_size(size)


def test_what_nobody_makes_is_refused() -> None:
    """Because it is too small or too large, or too far from every shape."""
    for size in ("1x1", "255x255"):
        with pytest.raises(InvalidJob, match=r"smaller than what is made.* as `1024x1024`"):
            read_size(size)
    with pytest.raises(InvalidJob, match="larger than what is made"):
        read_size("8192x4096")
    with pytest.raises(InvalidJob, match="the nearest is 21:9"):
        ratio_of(3072, 1024, COMMON)
    with pytest.raises(InvalidJob, match="the nearest is 16:9"):
        ratio_of(1536, 1024, ("1:1", "16:9"))


def test_near_is_within_six_percent() -> None:
    """On both sides alike."""
    assert ratio_of(1060, 1000, ("1:1",)) == ratio_of(1000, 1060, ("1:1",)) == "1:1"
    for width, height in ((1061, 1000), (1000, 1061)):
        with pytest.raises(InvalidJob):
            ratio_of(width, height, ("1:1",))


def test_what_is_sold_is_what_is_on_and_in_force() -> None:
    """A model that is off, not begun or over is not listed."""
    both = a_policy(prices=PRICES + OTHER)
    off = a_policy(prices=PRICES + OTHER.replace("verified: true", "verified: false"))

    assert models_sold(both, NOW) == {
        "nano-banana-2-edit": STARTS,
        "other-edit": STARTS + timedelta(days=9),
    }
    assert list(models_sold(off, NOW)) == ["nano-banana-2-edit"]
    assert list(models_sold(both, NOW - timedelta(days=12))) == ["nano-banana-2-edit"]
    assert list(models_sold(both, NOW + timedelta(days=20))) == ["nano-banana-2-edit"]
    assert models_sold(both, STARTS - timedelta(days=1)) == {}


def test_ratios_are_those_that_somebody_names() -> None:
    """Of a model that is made in any shape, the usual ones."""
    policy = a_policy(prices=PRICES + OTHER)

    assert ratios_sold("nano-banana-2-edit", policy, NOW) == ("1:1", "16:9", "9:16")
    assert ratios_sold("other-edit", policy, NOW) == COMMON
