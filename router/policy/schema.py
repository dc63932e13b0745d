"""
JSON Schemas of what can be written, for editors: made from the models that read the files.

They are shipped beside the policies; a test holds them to be current. What parts say against each
other, and whether a name exists, only the loader knows.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import NullableSchema, WithDefaultSchema

from router.policy.budgets import Budget
from router.policy.policy import Policy
from router.policy.prices import PriceBook

Kind = Literal["policy", "prices", "budgets"]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ADAPTERS: Mapping[Kind, tuple[str, TypeAdapter[Any]]] = {
    "policy": ("A Farebox policy", TypeAdapter(Policy)),
    "prices": ("A Farebox price book", TypeAdapter(PriceBook)),
    "budgets": ("A file of Farebox budgets", TypeAdapter(tuple[Budget, ...])),
}
_BESIDE = {
    "type": "string",
    "pattern": r"^[^/\\]+\.ya?ml$",
    "description": "The name of a file in the policy's own folder.",
}


class _AsWritten(GenerateJsonSchema):
    """
    What a file may say, which is less than what a value of ours may be.

    A default is a value and no text: the descriptions say what it is. None is what a key is that
    does not stand there; a key without a value is an error.
    """

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def schema_text(kind: Kind) -> str:
    """The schema of one kind of file, as JSON that ends in a line break."""
    title, adapter = _ADAPTERS[kind]
    schema = adapter.json_schema(by_alias=True, mode="validation", schema_generator=_AsWritten)
    if kind == "policy":
        # What stands in a file of its own is named here instead.
        for key in ("prices", "budgets"):
            inline = schema["properties"][key]
            schema["properties"][key] = {"anyOf": [_BESIDE, inline]}
    if kind == "budgets":
        schema["minItems"] = 1
    whole = {"$schema": _DIALECT, **schema, "title": title}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
