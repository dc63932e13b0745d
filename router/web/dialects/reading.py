"""What dialects share of reading: models by their foreign names, fields, and the canonical wish."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from router.model.errors import InvalidJob
from router.policy.prices import PriceBook
from router.web.explaining import sentence, told
from router.web.wishes import EditRequest

M = TypeVar("M", bound=BaseModel)
_NAMED = re.compile(r"`(\w+)((?:\.[^`]*)?)`")
AS_THE_FIRST_IMAGE = frozenset({"", "auto", "match_input_image"})
"""Words of image models for "no shape of its own"."""
NO_PROVIDER_CAN: Mapping[str, tuple[object, ...]] = {
    **dict.fromkeys(("negative_prompt", "mask", "mask_image", "mask_url", "loras", "lora"), ()),
    **dict.fromkeys(("size", "width", "height", "style", "quality", "background"), ()),
    **dict.fromkeys(("strength", "guidance", "guidance_scale", "cfg_scale", "steps"), ()),
    **dict.fromkeys(("num_inference_steps", "input_fidelity", "output_compression"), ()),
    "seed": (-1,),
    **dict.fromkeys(("n", "num_images", "num_outputs", "batch_size", "max_images"), (1,)),
}
"""Fields of image models that would change the picture, or how many there are, and that neither
provider's models take; each with the values that ask for nothing but what is done anyway."""


def model_named(prices: PriceBook, provider: str, name: str) -> str | None:
    """
    Farebox's name of what a provider sells under a name; None when it is no name there.

    Our own name is understood as well: a book without that provider has no other.
    """
    for row in prices.offers_listed:
        if row.provider == provider and row.slug == name:
            return row.model
    return name if name in prices.models else None


def ratio_in(words: str | None) -> str | None:
    """The aspect ratio that is asked for; None for no other than the first image's."""
    is_ratio = words is not None and words.strip().lower() not in AS_THE_FIRST_IMAGE
    return words if is_ratio else None


def read_field(kind: type[M], value: object, where: str) -> M:
    """
    Read one field of a body, whose own fields are told with it: "`input.prompt` is missing".

    Raises:
        InvalidJob: It is not what belongs there; names each field.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as invalid:
        found = invalid.errors(include_input=False, include_url=False)
        for details in found:
            details["loc"] = (where, *details["loc"])
        raise InvalidJob(sentence([told(details) for details in found])) from None


def wish_of(fields: Mapping[str, object]) -> EditRequest:
    """
    The canonical wish of fields that came as JSON; None stands for a field that is not there.

    Raises:
        InvalidJob: It is no edit; names each field, as our own endpoint does.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        return EditRequest.model_validate(given, strict=False)
    except ValidationError as invalid:
        found = invalid.errors(include_input=False, include_url=False)
        raise InvalidJob(sentence([told(details) for details in found])) from None


def refuse_impossible(fields: Mapping[str, Any], where: str, names: Iterable[str]) -> None:
    """
    Refuse what would be paid for and not be done.

    Args:
        fields: That the dialect itself has no use for.
        where: The field that they stand in.
        names: Which of them matter; empty values ask for nothing.

    Raises:
        InvalidJob: One of them asks for something.
    """
    impossible = [name for name in names if name in fields and _asks(name, fields[name])]
    if impossible:
        raise InvalidJob(
            sentence([f"`{where}.{_shown(name)}` asks for what no provider can do"
                      for name in impossible])
        )  # fmt: skip


def _asks(name: str, value: object) -> bool:
    is_default = type(value) is int and value in NO_PROVIDER_CAN.get(name, ())
    return not is_default and value not in (None, "", [], {})


def _shown(name: str) -> str:
    return name if re.fullmatch(r"[\w.:/-]{1,64}", name) else "…"


def in_words_of(names: Mapping[str, str], text: str) -> str:
    """A sentence with our fields' names, between backticks, in a dialect's own."""
    return _NAMED.sub(lambda found: f"`{names.get(found[1], found[1])}{found[2]}`", text)
