"""The tree of errors: each has a word, a status, a sentence, and says whether money may be gone."""

from collections.abc import Iterator

import pytest

from router.model import errors
from router.model.budget import Limit, Usage
from router.model.charge import Reported
from router.model.errors import (
    BudgetExceeded,
    ContentRefused,
    Ending,
    LedgerUnavailable,
    Overloaded,
    ProviderError,
    ProviderFailed,
    ProviderRefused,
    ProviderThrottled,
    ProviderUnreachable,
    RateLimited,
    Refusal,
    RequestError,
    RouterError,
    Spend,
    Unavailable,
)
from router.model.ids import ProviderRef
from router.model.money import Money


def _tree(root: type[RouterError] = RouterError) -> Iterator[type[RouterError]]:
    for branch in root.__subclasses__():
        if branch.__module__ == errors.__name__:
            yield branch
            yield from _tree(branch)


@pytest.mark.parametrize("error", [error for error in _tree() if "__init__" not in vars(error)])
def test_an_error_without_words_says_its_docstring(error: type[RouterError]) -> None:
    """The first line of the docstring is the message, so every class must explain itself."""
    told = error()

    assert str(told) == told.detail == (error.__doc__ or "").strip().splitlines()[0]
    assert len(told.detail) > len("Too many")


def test_an_error_with_words_says_them() -> None:
    """What happened comes first; the docstring is for when nothing else is known."""
    assert ContentRefused("It shows a real person.").detail == "It shows a real person."


def test_money_may_be_gone_only_where_something_was_sent() -> None:
    """Refusals, requests and our own trouble are free; what was sent and not answered is not."""
    risky = {error.code for error in _tree() if error.spend is Spend.POSSIBLE}

    assert risky == {
        "provider_attempt_failed",
        "provider_in_doubt",
        "deadline_exceeded",
        "result_unavailable",
    }


def test_statuses_that_invite_another_try_cost_nothing() -> None:
    """A client sends again after 408, 409, 425, 429 and 5xx: none of them may follow a charge."""
    told = [error for error in _tree() if not issubclass(error, ProviderError)]
    again = {error for error in told if error.status in {408, 409, 425, 429} | set(range(500, 600))}

    assert LedgerUnavailable in again
    assert {error.spend for error in again} == {Spend.NONE}


def test_the_request_errors_are_the_callers() -> None:
    """What the caller must mend has a status of four hundred and something."""
    mine = [error for error in _tree() if issubclass(error, RequestError)]

    assert mine
    assert all(400 <= error.status < 500 for error in mine)


def test_a_budgets_refusal_says_what_is_left() -> None:
    """The sentence names the edit's price, the budget, its scope, what is left and the limit."""
    limit = Limit(
        budget="acme-day",
        scope="tenant:acme",
        window_start=None,
        window_end=None,
        limit=Money.parse("5.00"),
    )
    usage = Usage(posted=Money.parse("4.90"), held=Money.parse("0.0575"))
    error = BudgetExceeded(limit, usage, Money.parse("0.09"))

    assert error.detail == (
        "The edit costs $0.09 and the budget 'acme-day' (tenant:acme) has $0.0425 of $5.00 left."
    )
    assert (error.limit, error.usage, error.asked) == (limit, usage, Money.parse("0.09"))


def test_when_to_ask_again() -> None:
    """Those who may try again are told when; a provider's silence stays silence."""
    assert RateLimited(retry_after_s=7.5).retry_after_s == 7.5
    assert RateLimited().retry_after_s == 1
    assert ProviderThrottled(retry_after_s=12).retry_after_s == 12
    assert ProviderThrottled().retry_after_s is None
    assert Overloaded().retry_after_s == 2
    assert Unavailable().retry_after_s == 5
    assert ProviderUnreachable().retry_after_s is None


def test_a_refusal_says_whose_fault_it_is() -> None:
    """The reason tells an empty account from a picture that nobody would take."""
    assert ProviderRefused("no credit", reason=Refusal.CREDIT).reason is Refusal.CREDIT
    assert ProviderRefused(reason=Refusal.CONTENT).detail.endswith("nothing was spent.")


def test_a_failure_carries_its_evidence() -> None:
    """What the provider said of the id, the money and the end travels with the error."""
    said = Reported(raw="0.0412", source="output.cost", amount=Money.parse("0.0412"))
    failed = ProviderFailed(
        "out of memory",
        ref=ProviderRef("rp-9"),
        reported=said,
        proves_free=True,
        how=Ending.CANCELLED,
        content_refused=True,
    )
    silent = ProviderFailed(how=Ending.EMPTY)

    assert (failed.ref, failed.reported, failed.how) == ("rp-9", said, Ending.CANCELLED)
    assert failed.proves_free
    assert failed.content_refused
    assert (silent.ref, silent.reported, silent.how) == (None, None, Ending.EMPTY)
    assert not silent.proves_free
    assert not silent.content_refused
