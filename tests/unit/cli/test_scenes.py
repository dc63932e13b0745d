from router.cli.scenes import SCENES
from router.model.money import Money, total


def test_the_scenes_cost_what_the_demonstration_says() -> None:
    """$0.345 together; a replay costs nothing more."""
    amounts = [Money.parse(scene.promise.charged) for scene in SCENES if not scene.replays]

    assert str(total(amounts)) == "0.345"


def test_the_scenes_show_what_the_product_is_about() -> None:
    """Success, failover, a refusal, a replay, and money in doubt."""
    assert {scene.promise.provider for scene in SCENES} == {"shortapi", "runpod", None}
    assert sum(scene.replays for scene in SCENES) == 1
    assert sum(scene.loses_answer for scene in SCENES) == 1
    assert [scene.promise.refused for scene in SCENES if scene.promise.status == 402] == ["0.06"]


def test_a_scene_knows_where_something_goes_wrong() -> None:
    """Nowhere, or at the cheapest provider."""
    assert {scene.failing for scene in SCENES} == {frozenset(), frozenset({"shortapi"})}
