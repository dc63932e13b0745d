"""An edit that OpenAI's client asks for, as a wish of ours under the policy in force."""

from datetime import datetime
from typing import Any

from router.model.errors import InvalidJob, NotFound
from router.model.job import Resolution
from router.policy.policy import Policy
from router.policy.scopes import TAG_VALUE_MAX
from router.web.dialects.openai.fields import ImageEdit
from router.web.dialects.openai.sizes import (
    AUTO,
    models_sold,
    ratio_of,
    ratios_sold,
    read_size,
    resolution_of,
)
from router.web.dialects.reading import ratio_in
from router.web.explaining import taken_as
from router.web.wishes import DEFAULT_MODEL, TAGS_MAX, EditRequest

USER = "user"
"""The tag that OpenAI's `user` becomes."""
OPENAIS = ("gpt-image-", "chatgpt-image-", "dall-e-")
"""How OpenAI's own models for images begin: who names one wants an edit, and gets the default's."""


def wish_of(edit: ImageEdit, policy: Policy, now: datetime) -> EditRequest:
    """
    Say in our words what a client asks for.

    Raises:
        NotFound: The model is not sold here.
        InvalidJob: It asks for something that does not exist; names each field.
    """
    model = model_of(edit.model, policy, now)
    if not (edit.image or edit.images):
        raise InvalidJob("`image` is missing.")
    resolution, ratio = _dimensions(edit, ratios_sold(model, policy, now))
    wants_link = edit.response_format == "url"
    fields: dict[str, Any] = {
        "prompt": edit.prompt,
        "images": (*edit.image, *edit.images),
        "model": model,
        "resolution": resolution,
        "aspect_ratio": ratio,
        # A link leads to what the provider made; bytes are what OpenAI's would be.
        "output_format": edit.output_format or (None if wants_link else "png"),
        "response": "url" if wants_link else "base64",
        "tags": _tags(edit),
        "deadline_s": edit.deadline_s,
        "price_max": edit.price_max,
    }
    return taken_as(EditRequest, fields, InvalidJob)


def model_of(name: str | None, policy: Policy, now: datetime) -> str:
    """
    Our name of the model that a client asks for; of one of OpenAI's own, or of none, the default.

    Raises:
        NotFound: It is not sold here; names those that are.
    """
    if name is None or (name.startswith(OPENAIS) and name not in models_sold(policy, now)):
        name = DEFAULT_MODEL
    find_model(name, policy, now)
    return name


def find_model(name: str, policy: Policy, now: datetime) -> datetime:
    """
    Since when a model is sold.

    Raises:
        NotFound: It is not, or not any more; names those that are.
    """
    sold = models_sold(policy, now)
    if name not in sold:
        raise NotFound(f"`model` names nothing that is sold here. Sold are: {', '.join(sold)}.")
    return sold[name]


def _dimensions(edit: ImageEdit, ratios: tuple[str, ...]) -> tuple[Resolution, str | None]:
    """What is asked for in our words wins over `size`; a ratio of None is the first image's."""
    resolution = edit.resolution or Resolution.ONE_K
    ratio = ratio_in(edit.aspect_ratio)
    if edit.size is None or edit.size == AUTO:
        return resolution, ratio
    width, height = read_size(edit.size)
    if edit.resolution is None:
        resolution = resolution_of(width, height)
    if edit.aspect_ratio is None:
        ratio = ratio_of(width, height, ratios)
    return resolution, ratio


def _tags(edit: ImageEdit) -> dict[str, str]:
    """The tags, and the end user among them, if that can be one and there is room."""
    tags, user = dict(edit.tags or {}), edit.user
    is_tag = user is not None and 0 < len(user) <= TAG_VALUE_MAX and user.isprintable()
    if user is not None and is_tag and len(tags) < TAGS_MAX:
        tags.setdefault(USER, user)
    return tags
