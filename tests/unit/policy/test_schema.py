import importlib
import json
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any, get_args
from zoneinfo import available_timezones

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from router.policy.budgets import Budget
from router.policy.rules import When
from router.policy.schema import Kind, schema_text
from router.policy.stages import Stage

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
        ("price_max: $0.10", "latency_max: {p95: 20s, p99: 30s}"),
        ("price_max: $0.10", "latency_max: {over: 1h}"),
        ("price_max: $0.10", "latency_max: {p96: 20s}"),
        ("price_max: $0.10", "latency_max: {p95: 20s, over: 2h}"),
        ("price_max: $0.10", "latency_max: {p95: 20s, otherwise: cheapest}"),
        ("prefer: lowest_price", "prefer: latency"),
        ("prefer: lowest_price", "prefer: {value_of_second: $0.00}"),
        ("prefer: lowest_price", "prefer: {value_of_seconds: $0.002}"),
        ("job: 4k", "job: 4k, latency: {runpod: 9s}"),
        ("price_max: $0.10", "price_max: 0.10"),
        ("price_max: $0.10", "price_maxx: $0.10"),
        ("deadline: 300s", "deadline: 300"),
        ("providers_max: 2", "providers_max: 11"),
        ("on_limit", "on_limits"),
        ("{tag: {purpose: print}}", "{tags: {purpose: print}}"),
        ("{images: 7d, prompts: 30d}", "{images: a week}"),
        ("prices: prices.yaml", "prices: ../prices.yaml"),
        ("job: 4k", "job: 8k"),
        ("price_max: $0.10", "price_max: null"),
        ("price_max: $0.10", "price_max:"),
        ("when: {tag: {purpose: print}}", "when: {}"),
        ("when: {tag: {purpose: print}}", "when: {tag: {}}"),
        ("on_limit: reject", "alerts: [50%, 150%]"),
        ("on_limit: reject", "alerts: [80%, 80%]"),
        ("on_limit: reject", "time_zone: localtime"),
        ("on_limit: reject", "time_zone: Factory"),
        ("per: day", "per: rolling 999 days"),
    ],
)
def test_an_editor_underlines_what_the_loader_refuses(old: str, new: str) -> None:
    """Each of these the loader refuses, too: see `broken.txt`."""
    text = SOUND.replace("per: day}", "per: day, on_limit: reject}")
    assert old in text

    assert complaints("policy", text) == []
    assert complaints("policy", text.replace(old, new, 1)) != []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("price_max: $0.10", "latency_max: {p95: 20s}"),
        ("price_max: $0.10", "latency_max: {p99: 2m, over: 7d, otherwise: fastest}"),
        ("prefer: lowest_price", "prefer: lowest_latency"),
        ("prefer: lowest_price", "prefer: {value_of_second: $0.002}"),
        ("prefer: lowest_price", "prefer: {value_of_second: $0.002, failure_costs: $0.05}"),
        ("job: 4k", "job: 4k, latency: {runpod: {p50: 9s, p95: 1m}}"),
    ],
)
def test_an_editor_takes_what_is_said_of_latency(old: str, new: str) -> None:
    """As the loader does."""
    assert complaints("policy", SOUND.replace(old, new, 1)) == []


def agrees(model: type[BaseModel], said: dict[str, Any]) -> bool:
    """Whether the loader and an editor say the same of a part of a policy, whatever it is."""
    return is_taken(model, said) == is_underlined_nowhere(model.__name__, said)


def is_taken(model: type[BaseModel], said: dict[str, Any]) -> bool:
    """Whether the loader takes it: to it, every single value is text."""
    try:
        model.model_validate(
            {key: str(one).lower() if isinstance(one, bool) else one for key, one in said.items()}
        )
    except ValidationError:
        return False
    return True


def is_underlined_nowhere(part: str, said: dict[str, Any]) -> bool:
    """Whether an editor takes it."""
    whole = json.loads(schema_text("policy"))
    schema = {"$defs": whole["$defs"], "$ref": f"#/$defs/{part}"}
    return bool(jsonschema.Draft202012Validator(schema).is_valid(said))


CHANGES = {"prefer": "lowest_price", "price_max": "$0.10", "resolution_max": "2k"}


@pytest.mark.parametrize("stop", [{}, {"stop": False}, {"stop": True}], ids=str)
@pytest.mark.parametrize(
    "changed", [keys for count in range(4) for keys in combinations(CHANGES, count)], ids=str
)
def test_an_editor_knows_what_makes_a_stage(
    changed: tuple[str, ...], stop: dict[str, bool]
) -> None:
    """It stops and does nothing else, or it changes something: as the loader has it, each time."""
    said = {"when": "80% of monthly is used", **{key: CHANGES[key] for key in changed}, **stop}

    assert agrees(Stage, said)
    assert is_taken(Stage, said) == (bool(changed) != bool(stop.get("stop")))


@pytest.mark.parametrize("when", [{}, {"tenant": "acme"}, {"tag": {}}, {"model": []}])
def test_an_editor_knows_that_a_rule_is_for_some_jobs(when: dict[str, Any]) -> None:
    """What names nothing would be for all of them."""
    assert agrees(When, when)
    assert is_taken(When, when) == (when == {"tenant": "acme"})


def a_budget(**keys: Any) -> dict[str, Any]:
    """A sound budget, but for what is said."""
    return {"name": "a", "who": "everyone", "limit": "$5", "per": "day", **keys}


def test_an_editor_counts_the_days_of_a_rolling_window() -> None:
    """From 1 to 366, also where somebody writes zeros in front."""
    said = [f"{day:0{width}}" for day in range(400) for width in range(1, 6)]
    taken = {days for days in said if is_taken(Budget, a_budget(per=f"rolling {days} days"))}
    part = json.loads(schema_text("budgets"))["$defs"]
    schema = {"$defs": part, **part["Budget"]["properties"]["per"]}
    editor = jsonschema.Draft202012Validator(schema)

    assert taken == {days for days in said if editor.is_valid(f"rolling {days} days")}
    assert {int(days) for days in taken} == set(range(1, 367))


@pytest.mark.parametrize("share", ["0%", "1%", "09%", "99 %", "100%", "101%", "150%", "1000%", "5"])
def test_an_editor_knows_how_much_a_threshold_can_be(share: str) -> None:
    """A whole percentage, from 1 to 100."""
    assert agrees(Budget, a_budget(alerts=[share]))
    assert is_taken(Budget, a_budget(alerts=[share])) == (share in {"1%", "99 %", "100%"})


def test_an_editor_underlines_no_zone_that_there_is() -> None:
    """Nor takes one that is each machine's own, or another database's copy."""
    own = {"localtime", "Factory"}
    schema = json.loads(schema_text("budgets"))["$defs"]["Budget"]["properties"]["time_zone"]
    editor = jsonschema.Draft202012Validator(schema)

    assert [name for name in available_timezones() - own if not editor.is_valid(name)] == []
    assert not any(map(editor.is_valid, own | {"posix/Europe/Berlin", "right/UTC", "../UTC", ""}))


def test_an_editor_takes_no_key_without_a_value() -> None:
    """The loader does not either: what is not said is left out."""
    assert [kind for kind in KINDS if '"null"' in schema_text(kind)] == []
