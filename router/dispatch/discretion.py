"""
Keeping a job's own words to itself: providers like to quote what they refuse.

Patterns find URLs and keys in their answers; a prompt looks like any sentence, and only who knows
it can take it out.
"""

from dataclasses import replace
from typing import TypeVar

from router.model.charge import Reported
from router.model.errors import ProviderError, ProviderFailed
from router.model.job import Job
from router.providers.wire import Delivered, Pending

_Progress = TypeVar("_Progress", bound=Pending | Delivered)

HIDDEN = "[…]"
QUOTED_MIN = 12
"""Characters that a text has in common with a prompt by quoting it, not by chance."""
_WHOLE_MIN = 4


def hush(error: ProviderError, job: Job) -> None:
    """Take the prompt out of what a provider's error says, before anybody is told."""
    error.detail = without_prompt(error.detail, job)
    error.args = (error.detail,)
    if isinstance(error, ProviderFailed):
        error.reported = _reported(error.reported, job)


def hushed(progress: _Progress, job: Job) -> _Progress:
    """An answer without the prompt where its charge should stand."""
    return replace(progress, reported=_reported(progress.reported, job))


def _reported(reported: Reported | None, job: Job) -> Reported | None:
    """An amount stays as it was written, to the letter: it is evidence."""
    if reported is None or reported.amount is not None:
        return reported
    return replace(reported, raw=without_prompt(reported.raw, job))


def without_prompt(text: str, job: Job) -> str:
    """
    Take out of a text what it quotes of a job's prompt, be it cut off at either end.

    Args:
        text: With single spaces, as `providers.words` leaves it.
        job: A prompt of less than twelve characters is taken out whole, one of less than four is
            left: it would be found in any word.
    """
    prompt = " ".join(job.prompt.split())
    least = min(QUOTED_MIN, len(prompt))
    if least < _WHOLE_MIN:
        return text
    kept: list[str] = []
    at = 0
    while at < len(text):
        length = least
        if text[at : at + length] not in prompt or len(text) - at < length:
            kept.append(text[at])
            at += 1
            continue
        while at + length < len(text) and text[at : at + length + 1] in prompt:
            length += 1
        kept.append(HIDDEN)
        at += length
    return "".join(kept)
