from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from router.model.errors import InvalidJob, Malformed
from router.web.explaining import read_as, sentence, taken_as


class Thing(BaseModel):
    """One of each kind of field."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, Field(min_length=1, max_length=3, pattern="^[a-z]*$")] = "a"
    items: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("a",)
    tags: dict[str, str] = Field(default_factory=dict)
    number: Annotated[float, Field(gt=0, le=9)] = 1
    whole: Annotated[float, Field(ge=2, allow_inf_nan=False)] = 2
    yes: bool = True
    word: Literal["red", "green"] = "red"
    inner: "Inner | None" = None


class Inner(BaseModel):
    """A field that has fields."""

    model_config = ConfigDict(strict=True)

    needed: str


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"text": 1}', "`text` must be text."),
        ('{"text": ""}', "`text` must not be empty."),
        ('{"text": "abcd"}', "`text` has more than 3 characters."),
        ('{"text": "A"}', "`text` does not have the form ^[a-z]*$."),
        ('{"items": "a"}', "`items` must be a list."),
        ('{"items": []}', "`items` needs at least 1."),
        ('{"items": ["a", "b", "c"]}', "`items` takes at most 2."),
        ('{"items": ["a", 2]}', "`items.1` must be text."),
        ('{"tags": []}', "`tags` must be an object."),
        ('{"tags": {"a": null}}', "`tags.a` must be text."),
        ('{"number": "1"}', "`number` must be a number."),
        ('{"number": 0}', "`number` must be above 0."),
        ('{"number": 9.5}', "`number` must be at most 9."),
        ('{"whole": 1}', "`whole` must be at least 2."),
        ('{"whole": NaN}', "`whole` must be a number."),
        ('{"yes": 1}', "`yes` must be true or false."),
        ('{"word": "blue"}', "`word` must be 'red' or 'green'."),
        ('{"colour": 1}', "`colour` is not a field of this request."),
        ('{"make it green": 1}', "`…` is not a field of this request."),
        ('{"inner": {}}', "`inner.needed` is missing."),
        ('{"inner": 3}', "`inner` must be an object."),
        ("[]", "the body must be an object."),
        ("null", "the body must be an object."),
        ('{"text": 1, "yes": 1}', "`text` must be text; `yes` must be true or false."),
    ],
)
def test_each_problem_is_told_with_its_path(body: str, detail: str) -> None:
    """In words that do not change with a library's version, and without the client's values."""
    with pytest.raises(InvalidJob) as refused:
        read_as(Thing, body.encode(), InvalidJob)

    assert refused.value.detail == detail


@pytest.mark.parametrize("body", ["", "{", '{"text": "a"', "secret", '{"text": "\\ud800"}', "\xff"])
def test_what_is_no_json_is_malformed(body: str) -> None:
    """Whatever the fields would have been refused with; and the text is not repeated."""
    with pytest.raises(Malformed) as refused:
        read_as(Thing, body.encode("latin-1"), InvalidJob)

    assert refused.value.detail == "The body is not JSON."


def test_deep_nesting_is_no_json() -> None:
    """A body made to exhaust the parser is refused by it."""
    with pytest.raises(Malformed):
        read_as(Thing, b"[" * 100_000, InvalidJob)


def test_what_is_right_is_read() -> None:
    """The rest has its defaults."""
    assert read_as(Thing, b'{"text": "abc"}', InvalidJob) == Thing(text="abc")


def test_only_a_few_problems_are_told() -> None:
    """The rest is counted, and a field's name of any length is cut."""
    assert sentence([f"p{number}" for number in range(7)]) == "p0; p1; p2; p3; p4; and 2 more."
    with pytest.raises(InvalidJob) as refused:
        read_as(Thing, b'{"' + b"x" * 500 + b'": 1}', InvalidJob)

    assert refused.value.detail == f"`{'x' * 64}` is not a field of this request."


@pytest.mark.parametrize(
    ("body", "name"),
    [('{"text": "a", "text": "b"}', "text"), ('{"tags": {"a": "1", "a": "2"}}', "a")],
)
def test_a_name_that_is_there_twice_is_refused(body: str, name: str) -> None:
    """Of two values one was meant, and readers differ in which they take."""
    with pytest.raises(Malformed, match=f"`{name}` is there twice"):
        read_as(Thing, body.encode(), InvalidJob)


def test_fields_that_were_no_json_are_told_alike() -> None:
    """A form's are explained by the same words."""
    assert taken_as(Thing, {"text": "abc"}, InvalidJob) == Thing(text="abc")
    with pytest.raises(InvalidJob) as refused:
        taken_as(Thing, {"surplus": 1}, InvalidJob)

    assert "`surplus` is not a field of this request" in refused.value.detail
