"""What of a prompt is taken out of a provider's words."""

import pytest

from router.dispatch.discretion import hush, hushed, without_prompt
from router.model.charge import Reported
from router.model.errors import Ending, ProviderFailed
from router.model.ids import ProviderRef
from router.providers.wire import Delivered
from tests.fakes import a_job
from tests.stage import reported

PROMPT = "paint the herons,\n all of them, in velvet"


@pytest.mark.parametrize(
    ("prompt", "text", "told"),
    [
        (PROMPT, "we refuse 'paint the herons, all of them, in velvet'", "we refuse '[…]'"),
        (PROMPT, "we refuse paint the herons, all o…", "we refuse […]…"),
        (PROMPT, "…of them, in velvet is not allowed", "…[…] is not allowed"),
        (PROMPT, "the herons are many, and of velvet", "the herons are many, and of velvet"),
        (PROMPT, "paint the he", "[…]"),
        (PROMPT, "paint the h", "paint the h"),
        ("blue", "no blue today, no blu", "no […] today, no blu"),
        ("a b", "a b c", "a b c"),
        ("", "nothing was asked", "nothing was asked"),
    ],
)
def test_what_is_quoted_of_a_prompt_is_taken_out(prompt: str, text: str, told: str) -> None:
    """All of it or a piece that is long enough to be no chance; other words are left."""
    assert without_prompt(text, a_job(prompt=prompt)) == told


def test_an_error_is_hushed_in_all_its_words() -> None:
    """Its detail, its text as an exception, and what stands where its charge should."""
    unreadable = Reported(raw="not for the herons, all of them", source="cost", amount=None)
    error = ProviderFailed("paint the herons? no", how=Ending.FAILED, reported=unreadable)
    hush(error, a_job(prompt=PROMPT))

    assert (error.detail, str(error)) == ("[…]? no", "[…]? no")
    assert error.reported is not None
    assert error.reported.raw == "not for[…]"


def test_an_amount_stays_as_it_was_written() -> None:
    """It is evidence, even if somebody's prompt is a number."""
    delivered = Delivered(ref=ProviderRef("r1"), images=("u",), reported=reported("0.0400"))

    told = hushed(delivered, a_job(prompt="0.0400")).reported
    assert told is not None
    assert told.raw == "0.0400"
