import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from router.model.job import Resolution
from router.model.offer import ProviderTerms, Rate
from router.policy.capability import offers_for
from router.policy.examples import evaluate
from router.policy.loader import load_policy, shipped_policy_path
from tests.fakes import a_job

FOLDER = Path(__file__).parents[2] / "policies"
INCLUDED = {"prices.yaml"}
POLICIES = sorted(path.name for path in FOLDER.glob("*.yaml") if path.name not in INCLUDED)
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize("name", POLICIES)
def test_a_shipped_policy_keeps_its_promises(name: str) -> None:
    """Its examples, evaluated, come out as they are written."""
    assert evaluate(load_policy(FOLDER / name)) == []


@pytest.mark.parametrize("name", POLICIES)
def test_a_shipped_policy_is_named_as_its_file(name: str) -> None:
    """What a decision names can be found in the folder, and by its shipped name."""
    path = shipped_policy_path(name)

    assert f"{load_policy(path).name}.yaml" == path.name


def test_more_than_one_policy_is_shipped() -> None:
    """The tests above look at something."""
    assert {"cheapest-first.yaml", "fixed-order.yaml"} <= set(POLICIES)


@pytest.mark.parametrize(
    ("provider", "prices"),
    [
        ("runpod", {"1k": "0.0875", "2k": "0.13", "4k": "0.175"}),
        ("shortapi", {"1k": "0.04", "2k": "0.06", "4k": "0.09"}),
    ],
)
def test_the_shipped_prices_are_the_published_ones(provider: str, prices: dict[str, str]) -> None:
    """Source: the providers' pages of Nano Banana 2 Edit."""
    book = load_policy(shipped_policy_path()).prices

    found = {
        str(resolution): str(row.price)
        for resolution in Resolution
        for row in book.offers("nano-banana-2-edit", resolution, AT)
        if row.row.provider == provider and row.obstacle is None
    }

    assert found == prices


@pytest.mark.parametrize(("size", "fits"), [(16_000_000, True), (20_000_001, False)])
def test_runpod_takes_what_goes_by_its_larger_door(size: int, fits: bool) -> None:  # noqa: FBT001
    """Source: Runpod docs, "Operation reference": `/runsync` takes 20 MB, `/run` half of that."""
    book = load_policy(shipped_policy_path()).prices
    image = "data:image/png;base64,".ljust(size, "A")
    runpod, _ = offers_for(book, a_job(images=(image,)), AT, shape="1920x1080")

    assert (runpod.provider, runpod.obstacle is None) == ("runpod", fits)


def test_models_that_nobody_tried_are_off() -> None:
    """They are in the book for whoever switches them on."""
    book = load_policy(shipped_policy_path()).prices
    rows = {
        (row.row.provider, model): row.obstacle
        for model in book.models
        for row in book.offers(model, Resolution.ONE_K, AT)
    }
    off = "is not verified and not switched on"

    assert rows == {
        ("runpod", "nano-banana-2-edit"): None,
        ("shortapi", "nano-banana-2-edit"): None,
        ("runpod", "nano-banana-edit"): off,
        ("shortapi", "nano-banana-edit"): off,
        ("runpod", "nano-banana-pro-edit"): off,
        ("shortapi", "nano-banana-pro-edit"): off,
    }


def test_the_shipped_terms_claim_no_more_than_is_documented() -> None:
    """Only Runpod's failures are said to be free; a 503 is a standard's word for not taken on."""
    book = load_policy(shipped_policy_path()).prices

    assert book.terms("runpod") == ProviderTerms(
        name="runpod",
        failed_is_free=True,
        origin_not_reached=frozenset({503}),
        creates_in_flight_max=20,
        statuses_in_flight_max=400,
        cancels_in_flight_max=20,
        create_rate=Rate(1000, 10.0),
        status_rate=Rate(2000, 10.0),
        cancel_rate=Rate(100, 10.0),
        job_ttl_s=600.0,
        retention_s=1800.0,
    )
    assert book.terms("shortapi") == ProviderTerms(
        name="shortapi",
        origin_not_reached=frozenset({503}),
        creates_in_flight_max=20,
        job_ttl_s=3600.0,
        retention_s=3600.0,
    )


WISHED = (
    "balanced",
    "cheapest-within-slo",
    "fast-previews",
    "month-end-guard",
    "previews-and-print",
    "two-sources",
)
RECOMMENDED = [
    *("balanced", "cheapest-first", "cheapest-within-slo", "fast-previews", "month-end-guard")
]


def paragraphs(name: str) -> list[str]:
    """What stands above a policy's name, each paragraph on one line."""
    text = (FOLDER / f"{name}.yaml").read_text("utf-8")
    head = text[: text.index(f"\npolicy: {name}\n")].splitlines()[1:]
    lines = [line.removeprefix("#").strip() for line in head]
    return [one.strip() for one in re.sub(r" {2,}", "\n", " ".join(lines)).split("\n") if one]


@pytest.mark.parametrize("name", WISHED)
def test_a_policy_begins_with_the_wish_it_was_written_from(name: str) -> None:
    """One paragraph, in quotes, that whoever pays can hold against the rest of the file."""
    wish = paragraphs(name)[0]

    assert wish.startswith('The wish: "')
    assert wish.endswith('."')
    assert len(load_policy(FOLDER / f"{name}.yaml").examples) > 5


@pytest.mark.parametrize("name", RECOMMENDED)
def test_a_recommended_policy_says_when_to_use_it(name: str) -> None:
    """One paragraph, and the README's table has it in a line."""
    readme = (FOLDER.parent / "README.md").read_text("utf-8")

    assert paragraphs(name)[-1].startswith("When to use it: ")
    assert f"| [`{name}`](policies/{name}.yaml) | " in readme
