from dataclasses import replace
from typing import Any

from router.cli.playing import Outcome, bought
from router.cli.scenes import SCENES, Promise, Scene
from router.model.money import Money

SCENE = Scene(
    title="An edit",
    prompt="p",
    picture="mug.png",
    resolution="1k",
    promise=Promise(provider="shortapi", charged="0.05", money={"shortapi": "posted"}),
)
REPLY: dict[str, Any] = {
    "charged": "0.05",
    "provider": "shortapi",
    "attempts": [{"provider": "shortapi", "money": "posted"}],
}
KEPT = Outcome(
    scene=SCENE, status=200, reply=REPLY, seconds=0.5, replayed=False, was_in_doubt=False
)


def test_a_kept_promise_is_not_broken() -> None:
    """Nothing to tell."""
    assert KEPT.broken() == []


def test_every_difference_is_told() -> None:
    """Each with what should be and what is."""
    reply = {**REPLY, "charged": "0.07", "provider": "runpod", "attempts": [], "asked": "0.06"}
    other = replace(KEPT, status=202, reply=reply, replayed=True, was_in_doubt=True)

    told = other.broken()

    assert len(told) == 7
    assert "An edit: charged should be 0.05, and is 0.07" in told


def test_what_was_bought_is_counted_once() -> None:
    """Neither a replay nor a refusal buys anything."""
    dearer = replace(KEPT, reply={**REPLY, "charged": "0.0875"})
    refused = replace(KEPT, status=402, reply={"detail": "no"})

    assert bought([KEPT, dearer, replace(KEPT, replayed=True), refused]) == Money.parse("0.1375")


def test_every_scene_says_what_becomes_of_its_money() -> None:
    """A scene that promises nothing shows nothing."""
    assert all(scene.promise.money or scene.promise.status == 402 for scene in SCENES)
