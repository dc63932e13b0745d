"""Holds are placed where they fit, in every budget or in none."""

from dataclasses import replace

from router.ledger.answers import AllPlaced, Done, Placed, Refused, Replayed
from router.ledger.commands import Accept, AcceptAll, Idempotency, Refuse, Tender
from router.ledger.decide import decide, decide_all
from router.ledger.limit_rows import RollingRow
from router.ledger.page import Page
from router.ledger.rows import BalanceRow, JobRow, RefusalRow, Window
from router.model.budget import Limit, Usage
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row, a_limit, a_rolling_limit, an_accept, an_attempt_row, usd
from tests.ledger_story import tell


def test_a_hold_takes_from_the_budget_until_it_is_settled() -> None:
    """Held money is gone for others, and what a charge leaves of it comes back."""
    tell("""
        limit    team  $0.10
        place    j1    $0.04   -> placed held at shortapi
        used     team          -> held $0.04
        place    j2    $0.07   -> refused by team, $0.06 left
        dispatch j1.1          -> dispatching
        run      j1.1  $0.041 ref=r1 -> running
        post     j1.1  $0.03   -> posted
        used     team          -> posted $0.03
        place    j2    $0.07   -> placed held at shortapi
        place    j3    $0.01   -> refused by team, $0.00 left
    """)


def test_budgets_stack_and_all_must_pass() -> None:
    """A hold goes into every budget that matches, or into none."""
    tell("""
        limit    team   $0.10
        limit    all    $0.06 for ever
        place    j1     $0.04  -> placed held at shortapi
        place    j2     $0.03  -> refused by all, $0.02 left
        used     team          -> held $0.04
        used     all           -> held $0.04
        place    j3     $0.11  -> refused by all, $0.02 left
    """)


def test_a_full_provider_budget_leaves_the_other_provider() -> None:
    """The first tender that fits is taken, in the plan's order, and only it is held."""
    tell("""
        limit    team     $0.30
        limit    shortapi $0.05
        place    j1 $0.04 $0.09@runpod  -> placed held at shortapi
        place    j2 $0.04 $0.09@runpod  -> placed held at runpod
        used     team                   -> held $0.13
        used     shortapi               -> held $0.04
        place    j3 $0.19@runpod $0.17  -> refused by shortapi, $0.01 left
    """)


def test_a_decision_tells_which_budget_had_no_room() -> None:
    """Of the offers before the one that was taken; the rest of it stays as it was."""
    page, tight = Page(), a_limit("shortapi", "0.05")
    team = a_limit("team", "3.00")
    tenders = (
        Tender(attempt=an_attempt_row(price=usd("0.06")), limits=(team, tight)),
        Tender(attempt=an_attempt_row(price=usd("0.09"), provider="runpod"), limits=(team,)),
    )
    job = a_job_row(decision='{"rule": "größter Rabatt"}')
    accept = replace(an_accept("j1", "0.04"), job=job, tenders=tenders)

    (answer,) = decide_all(page, [accept], decide)
    (alone,) = decide_all(Page(), [replace(accept, tenders=tenders[1:])], decide)

    assert isinstance(answer, Placed)
    assert isinstance(alone, Placed)
    assert answer.attempt.provider == alone.attempt.provider == "runpod"
    assert answer.job.decision == '{"rule": "größter Rabatt", "no_room": {"shortapi": "shortapi"}}'
    assert alone.job.decision == job.decision


def test_a_key_stands_for_one_request() -> None:
    """The same key and request is the earlier job; another request is a conflict."""
    tell("""
        limit    team  $0.10
        place    j1    $0.04 key=k fingerprint=a -> placed held at shortapi
        place    j2    $0.05 key=k fingerprint=a -> replayed j1
        place    j3    $0.06 key=k fingerprint=b -> conflict
        used     team                            -> held $0.04
    """)


def test_a_refused_request_does_not_use_its_key() -> None:
    """A refusal is free: with money there again, the same key buys."""
    tell("""
        limit    team  $0.05
        place    j1    $0.04                     -> placed held at shortapi
        place    j2    $0.03 key=k fingerprint=a -> refused by team, $0.01 left
        void     j1.1                            -> voided
        place    j2    $0.03 key=k fingerprint=a -> placed held at shortapi
    """)


def test_a_further_attempt_has_its_own_hold() -> None:
    """While the first is in doubt, the second is held beside it."""
    tell("""
        limit    team  $0.20
        place    j1    $0.04 ready=shortapi        -> placed dispatching at shortapi
        doubt    j1.1                              -> in_doubt
        hold     j1.2  $0.09@runpod                -> placed held at runpod
        used     team                              -> held $0.09 in_doubt $0.04
        hold     j1.2  $0.08@runpod                -> stale
        hold     j1.3  $0.10@runpod                -> refused by team, $0.07 left
        hold     j1.3  $0.05 ready=shortapi        -> placed dispatching at shortapi
        end      j1    failed                      -> failed
        hold     j1.4  $0.01                       -> stale
        dispatch j1.2                              -> stale
        hold     j9.1  $0.02                       -> stale
    """)


def test_refusals_are_counted_by_the_hour_and_leave_no_row() -> None:
    """Two refusals: one count, their sum, and neither job nor attempt."""
    books = tell("""
        limit    team  $0.01
        place    j1    $0.04   -> refused by team, $0.01 left
        place    j2    $0.05   -> refused by team, $0.01 left
    """)

    count = books.page.get(RefusalRow, "team", "everyone", EPOCH.replace(minute=0))
    assert count is not None
    assert (count.jobs, count.amount) == (2, usd("0.09"))
    assert books.page.get(JobRow, "j1") is None
    assert books.page.changed == (count,)


def test_a_refusal_without_a_hold_is_counted_beside_those_of_holds() -> None:
    """By the budget and the hour, and it changes nothing else."""
    limit, page = a_limit("team", "0.03"), Page()
    refuse = Refuse(at=EPOCH, refused=Refused(limit=limit, usage=Usage(), asked=usd("0.07")))
    refused, done = decide_all(page, [an_accept("j1", "0.04", limit), refuse])

    assert isinstance(refused, Refused)
    assert done == Done()
    count = page.get(RefusalRow, "team", "everyone", EPOCH.replace(minute=0))
    assert count is not None
    assert (count.jobs, count.amount) == (2, usd("0.11"))
    assert page.changed == (count,)


def test_two_limits_on_one_window_take_the_hold_once() -> None:
    """The tighter of them decides; the balance they share is not counted twice."""
    limits = a_limit("team", "0.50"), a_limit("team", "0.07")
    page = Page()
    commands = [an_accept("j1", "0.04", *limits), an_accept("j2", "0.05", *limits)]
    placed, refused = decide_all(page, commands)

    assert isinstance(placed, Placed)
    assert placed.attempt.windows == (Window.of(a_limit()),)
    assert isinstance(refused, Refused)
    assert refused.limit.limit == usd("0.07")
    balance = page.get(BalanceRow, *Window.of(a_limit()).key)
    assert balance is not None
    assert balance.held == usd("0.04")


def test_a_refusal_names_the_cheapest_tender_and_the_tightest_limit() -> None:
    """So that the sentence a client reads is about the least money that would have done."""
    dear = Tender(
        attempt=an_attempt_row(price=usd("0.175"), provider="runpod"),
        limits=(a_limit("team", "0.02"), a_limit("runpod", "0.01")),
    )
    cheap = Tender(
        attempt=an_attempt_row(price=usd("0.09")),
        limits=(a_limit("team", "0.03"), a_limit("shortapi", "0.08")),
    )
    accept = Accept(at=EPOCH, job=a_job_row(), tenders=(dear, cheap))

    answer = decide(Page(), accept).answer

    assert isinstance(answer, Refused)
    assert (answer.limit.budget, answer.asked) == ("team", usd("0.09"))


def test_a_limit_that_rejects_is_told_before_one_that_would_shrink_the_job() -> None:
    """Though the other one has less left; and it is counted, because it is the last word."""
    tender = Tender(
        attempt=an_attempt_row(price=usd("0.09")),
        limits=(a_limit("shrinks", "0.03"), a_limit("rejects", "0.05"), a_limit("wide", "0.08")),
    )
    accept = Accept(at=EPOCH, job=a_job_row(), tenders=(tender,), uncounted=frozenset({"shrinks"}))
    page = Page()

    answer, *_ = decide_all(page, [accept])

    assert isinstance(answer, Refused)
    assert (answer.limit.budget, answer.usage.used) == ("rejects", usd("0"))
    assert page.get(RefusalRow, "rejects", "everyone", EPOCH.replace(minute=0)) is not None


def all_of(*accepts: Accept) -> AcceptAll:
    """Ask for several jobs together."""
    return AcceptAll(at=EPOCH, accepts=accepts)


def held(page: Page, limit: Limit) -> str:
    """What of a limit's window is held."""
    balance = page.get(BalanceRow, *Window.of(limit).key)
    return str(balance.held) if balance is not None else "nothing"


def test_jobs_that_are_asked_for_together_are_held_for_together() -> None:
    """Each hold sees those before it, and all are one change of the books."""
    limit, page = a_limit("team", "0.10"), Page()
    prices = {"j1": "0.04", "j2": "0.03", "j3": "0.02"}
    (answer,) = decide_all(
        page, [all_of(*(an_accept(name, price, limit) for name, price in prices.items()))]
    )

    assert isinstance(answer, AllPlaced)
    assert [one.job.id for one in answer.placed] == ["j1", "j2", "j3"]
    assert held(page, limit) == "0.09"


def test_when_one_of_them_does_not_fit_none_is_held_for() -> None:
    """The refusal names what is used without them and what all would cost, and counts them all."""
    limit, page = a_limit("team", "0.10"), Page()
    before, refused, after = decide_all(
        page,
        [
            an_accept("j0", "0.01", limit),
            all_of(*(an_accept(name, "0.04", limit) for name in ("j1", "j2", "j3"))),
            an_accept("j4", "0.09", limit),
        ],
    )

    assert isinstance(before, Placed)
    assert isinstance(refused, Refused)
    assert (str(refused.asked), refused.jobs) == ("0.12", 3)
    assert str(refused.usage.held) == "0.01"
    assert isinstance(after, Placed)
    assert page.get(JobRow, "j1") is None
    count = page.get(RefusalRow, "team", "everyone", EPOCH.replace(minute=0))
    assert count is not None
    assert (count.jobs, str(count.amount)) == (3, "0.12")


def test_a_refusal_of_several_that_is_not_the_last_word_is_not_counted() -> None:
    """They are tried at a lower resolution next."""
    limit, page = a_limit("team", "0.05"), Page()
    several = (
        replace(an_accept(name, "0.04", limit), uncounted=frozenset({"team"}))
        for name in ("j1", "j2")
    )
    (refused,) = decide_all(page, [all_of(*several)])

    assert isinstance(refused, Refused)
    assert (refused.is_counted, refused.jobs) == (False, 2)
    assert page.changed == ()


def test_one_promise_stands_for_all_jobs_of_its_request() -> None:
    """The same request again is answered with the first of them, and holds nothing."""
    limit, page = a_limit("team", "0.50"), Page()
    promise = Idempotency(key="k1", fingerprint="f1")
    first = replace(an_accept("j1", "0.04", limit), idempotency=promise)
    again = replace(an_accept("j3", "0.06", limit), idempotency=promise)
    placed, replayed = decide_all(
        page,
        [
            all_of(first, an_accept("j2", "0.05", limit)),
            all_of(again, an_accept("j4", "0.07", limit)),
        ],
    )

    assert isinstance(placed, AllPlaced)
    assert replayed == Replayed(job_id=placed.placed[0].job.id)
    assert held(page, limit) == "0.09"


def test_a_sketch_of_a_page_is_its_own() -> None:
    """What is decided on it tentatively, rolling sums included, leaves the page as it was."""
    limit, page = a_rolling_limit("team", "0.10"), Page()
    page.load([RollingRow(budget="team", scope="everyone", since=limit.window_start or EPOCH)])
    refused, placed = decide_all(
        page,
        [
            all_of(an_accept("j1", "0.06", limit), an_accept("j2", "0.05", limit)),
            all_of(an_accept("j3", "0.07", limit), an_accept("j4", "0.03", limit)),
        ],
    )

    assert isinstance(refused, Refused)
    assert isinstance(placed, AllPlaced)
    assert held(page, limit) == "0.10"
