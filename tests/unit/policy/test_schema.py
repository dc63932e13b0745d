import importlib
import json
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from router.policy.schema import Kind, schema_text

FOLDER = Path(__file__).parents[3] / "policies"
KINDS: tuple[Kind, ...] = get_args(Kind)
# It has no types of its own to check against.
jsonschema: Any = importlib.import_module("jsonschema")


def as_an_editor_reads(text: str) -> Any:
    """Read YAML as editors do: numbers and flags are such, dates are text."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): plain(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return value.isoformat() if isinstance(value, date) else value

    return plain(yaml.safe_load(text))


def complaints(kind: Kind, text: str) -> list[str]:
    """What an editor would underline."""
    validator = jsonschema.Draft202012Validator(json.loads(schema_text(kind)))
    return [error.message for error in validator.iter_errors(as_an_editor_reads(text))]


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_schema_is_the_models_own(kind: Kind) -> None:
    """Written anew with `farebox check --schema KIND`; it is itself a sound schema."""
    text = (FOLDER / "schema" / f"{kind}.json").read_text("utf-8")

    assert text == schema_text(kind)
    jsonschema.Draft202012Validator.check_schema(json.loads(text))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_file_names_its_schema_and_passes_it(path: Path) -> None:
    """An editor that reads the first line has nothing to underline."""
    text = path.read_text("utf-8")
    kind: Kind = "prices" if path.name == "prices.yaml" else "policy"

    assert text.startswith(f"# yaml-language-server: $schema=schema/{kind}.json\n")
    assert complaints(kind, text) == []


def test_budgets_of_a_file_of_their_own_have_a_schema() -> None:
    """A list of at least one."""
    sound = "- {name: a, who: each_tenant, limit: $5, per: day, on_limit: downshift}\n"

    assert complaints("budgets", sound) == []
    assert complaints("budgets", "[]") != []
    assert complaints("budgets", sound.replace("$5", "5")) != []
    for who, is_sound in (
        ("{key: web}", False),
        ("{tenant: acme, key: web}", True),
        ("{key: each, model: each}", True),
    ):
        assert (complaints("budgets", sound.replace("each_tenant", who)) == []) is is_sound


SOUND = (FOLDER / "previews-and-print.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("price_max: $0.10", "latency_max: 20s"),
        ("prefer: lowest_price", "prefer: lowest_latency"),
        ("prefer: lowest_price", "prefer: {value_of_second: $0.002}"),
        ("price_max: $0.10", "price_max: 0.10"),
        ("price_max: $0.10", "price_maxx: $0.10"),
        ("deadline: 300s", "deadline: 300"),
        ("providers_max: 2", "providers_max: 11"),
        ("on_limit", "on_limits"),
        ("{tag: {purpose: print}}", "{tags: {purpose: print}}"),
        ("{images: 7d, prompts: 30d}", "{images: a week}"),
        ("prices: prices.yaml", "prices: ../prices.yaml"),
        ("job: 4k", "job: 8k"),
    ],
)
def test_an_editor_underlines_what_the_loader_refuses(old: str, new: str) -> None:
    """Also what later versions will know and this one does not."""
    text = SOUND.replace("per: day}", "per: day, on_limit: reject}")
    assert old in text

    assert complaints("policy", text) == []
    assert complaints("policy", text.replace(old, new, 1)) != []
