from router.web.openapi.shapes import TEXT, many, nullable, one_of, ref, thing


def test_schemas_are_written_in_few_words() -> None:
    """What is not said to be optional is required."""
    made = thing("A thing.", "b", a=TEXT, b=nullable(ref("B")), c=many(one_of(["y", "x"])))

    assert made == {
        "type": "object",
        "description": "A thing.",
        "properties": {
            "a": {"type": "string"},
            "b": {"anyOf": [{"$ref": "#/components/schemas/B"}, {"type": "null"}]},
            "c": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}},
        },
        "required": ["a", "c"],
    }


def test_words_may_be_explained() -> None:
    """An enumeration carries its description."""
    assert one_of(["x"], "Which.") == {"type": "string", "enum": ["x"], "description": "Which."}
