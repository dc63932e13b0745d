"""What stands in the way of buying, in words."""

from router.policy.obstacles import late


def test_a_queue_without_anybody_is_the_rates_doing() -> None:
    """Nobody is told of a queue of none."""
    assert late(3, 29.4) == "has 3 waiting, so that this job would wait about 29 s and be late"
    assert late(0, 7.0).startswith("takes no other create so soon, ")
