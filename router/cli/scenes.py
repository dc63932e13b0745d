"""What the demonstration plays: edits, what goes wrong with them, and what is promised of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STUDIO, TRIAL = "studio", "trial"
"""Two tenants: one with money, one whose daily budget is smaller than what it asks for."""

TWICE_KEY = "demo-mug"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """How a scene must come out; the demonstration fails where it does not."""

    status: int = 200
    provider: str | None = None
    """Who delivered."""
    charged: str = "0.00"
    """What the whole job costs in the end, in dollars."""
    refused: str | None = None
    """What a budget would not pay, in dollars."""
    money: Mapping[str, str]
    """What became of the money, by the provider it was held for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One edit."""

    title: str
    prompt: str
    picture: str
    resolution: str
    promise: Promise
    tenant: str = STUDIO
    faults: tuple[Mapping[str, Any], ...] = ()
    """Given to the sandbox before the edit is sent, as `POST /_faults` takes them."""
    idempotency_key: str | None = None
    replays: bool = False
    """It repeats an earlier request: nothing more is bought."""
    loses_answer: bool = False
    """Its money is in doubt at first, and settled by evidence a little later."""

    @property
    def failing(self) -> frozenset[str]:
        """Providers that something goes wrong at."""
        return frozenset(str(fault["provider"]) for fault in self.faults)


SCENES = (
    Scene(
        title="A 1k edit",
        prompt="Put the mug on a wooden table",
        picture="mug.png",
        resolution="1k",
        idempotency_key=TWICE_KEY,
        promise=Promise(provider="shortapi", charged="0.04", money={"shortapi": "posted"}),
    ),
    Scene(
        title="ShortAPI is overloaded",
        prompt="Light the lamp in green",
        picture="lamp.png",
        resolution="1k",
        faults=({"fault": "status_429", "provider": "shortapi", "retry_after_s": 1},),
        promise=Promise(
            provider="runpod",
            charged="0.0875",
            money={"shortapi": "voided", "runpod": "posted"},
        ),
    ),
    Scene(
        title="The first request again",
        prompt="Put the mug on a wooden table",
        picture="mug.png",
        resolution="1k",
        idempotency_key=TWICE_KEY,
        replays=True,
        promise=Promise(provider="shortapi", charged="0.04", money={"shortapi": "posted"}),
    ),
    Scene(
        title="A 4k edit",
        prompt="Make it a winter evening",
        picture="hills.png",
        resolution="4k",
        promise=Promise(provider="shortapi", charged="0.09", money={"shortapi": "posted"}),
    ),
    Scene(
        title="A budget that is too small",
        prompt="Make the mug blue",
        picture="mug.png",
        resolution="2k",
        tenant=TRIAL,
        promise=Promise(status=402, refused="0.06", money={}),
    ),
    Scene(
        title="An answer gets lost",
        prompt="Add a rainbow",
        picture="hills.png",
        resolution="1k",
        faults=(
            {"fault": "accept_then_reset", "provider": "shortapi"},
            {"fault": "callback_late", "provider": "shortapi", "seconds": 2},
        ),
        loses_answer=True,
        promise=Promise(
            provider="runpod",
            charged="0.1275",
            money={"shortapi": "posted", "runpod": "posted"},
        ),
    ),
)
"""In this order; together they cost $0.345."""
