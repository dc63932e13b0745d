"""The words that JSON Schemas are written with here."""

from typing import Any

from router.model.job import Resolution
from router.model.offer import ProviderState

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """A schema of the document, by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(words: Any, description: str = "") -> Schema:
    """One of some words."""
    found: Schema = {"type": "string", "enum": sorted(str(word) for word in words)}
    return {**found, "description": description} if description else found


def many(schema: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": schema}


def thing(description: str, /, *optional: str, **fields: Schema) -> Schema:
    """An object. All of its fields are there but for those that are `optional`."""
    return {
        "type": "object",
        "description": description,
        "properties": fields,
        "required": [name for name in fields if name not in optional],
    }


MONEY, INSTANT, TEXT, FLAG = ref("Money"), ref("Instant"), {"type": "string"}, {"type": "boolean"}
ENDS = {**INSTANT, "description": "When it begins anew; null for a lifetime, or where it rolls."}
ROLLS = {**FLAG, "description": "The last so many days, which shed what is old by the hour."}
NUMBER, COUNT = {"type": "number"}, {"type": "integer", "minimum": 0}
BYTES: Schema = {}
"""A body that is no JSON: OpenAPI 3.1 describes it by its media type alone."""
STATE = one_of(ProviderState, "A provider's health.")
PROVIDER_HEALTH = {
    "state": STATE,
    "since": {**INSTANT, "description": "When the state began."},
    "until": nullable({**INSTANT, "description": "When the next job may probe."}),
    "cooling_until": nullable(
        {**INSTANT, "description": "It answered 429: until then no create goes there."}
    ),
    "reason": nullable({**TEXT, "description": "Why it is not serving."}),
    "started": {**COUNT, "description": "Attempts of the last five minutes."},
    "failed": {**COUNT, "description": "Of these."},
    "waiting": {**COUNT, "description": "Creates that wait for a slot, or for its rate."},
    "stopped": {
        "type": "array",
        "description": "Offers not bought any more: two charges in a row were above their price.",
        "items": thing(
            "An offer that needs a newer row in the price book.",
            model=TEXT,
            resolution=one_of(Resolution),
            price=MONEY,
            charged_above={**COUNT, "description": "Charges above the price, in a row."},
        ),
    },
}
QUOTED_HEALTH = {
    "state_reason": nullable(
        {**TEXT, "description": "Why it is not serving; null to whoever sees only one tenant."}
    ),
    "state_since": PROVIDER_HEALTH["since"],
    "state_until": nullable(
        {**INSTANT, "description": "When it is tried again, if that is not now."}
    ),
}
EDIT_ID = {**TEXT, "format": "uuid", "description": "The edit's id."}
USED = ("posted", "presumed", "held", "in_doubt", "available")
"""The fields that say how a budget stands."""
