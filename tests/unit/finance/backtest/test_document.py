import json
from dataclasses import replace

from router.finance.backtest.document import amounts_of, document_of
from router.finance.backtest.past import Happened
from router.finance.backtest.running import Backtest, backtest
from router.finance.backtest.tallies import Cell
from router.model.job import Resolution
from tests.past_jobs import Given, a_past, delivered, tried
from tests.policy_files import PRICES, a_policy

BUDGETS = [{"name": "daily", "who": "everyone", "limit": "$0.15", "per": "day"}]
POLICY = a_policy(prices=PRICES.replace("    aspect_ratio_required: true\n", ""), budgets=BUDGETS)


def found() -> Backtest:
    """Three jobs of two tenants, the last of which does not fit."""
    return backtest(
        Given(
            (
                a_past(delivered(tried("runpod", "0.0875"))),
                a_past(Happened(is_denied=True), tenant="zeta", model="other"),
                a_past(None, resolution=Resolution.TWO_K),
            )
        ),
        POLICY,
        workers=1,
    )


def test_the_document_says_what_programs_need() -> None:
    """Money as decimal text, and each scenario in total and by its parts."""
    document = document_of(found())

    assert json.loads(json.dumps(document)) == document
    assert (document["policy"], document["jobs"], document["not_noted"]) == ("thrift", 3, 1)
    happened, thrift, runpod, _ = document["scenarios"]
    assert (happened["name"], happened["is_estimate"]) == ("what happened", False)
    assert happened["total"]["spend"] == "0.0875"
    assert thrift["is_estimate"]
    assert thrift["total"]["not_served"] == 1
    assert thrift["not_served_because"] == {"nobody sells it": 1}
    assert runpod["denied_by"] == {"daily": 1}
    assert [line["name"] for line in thrift["by_tenant"]] == ["acme", "zeta"]
    assert [line["jobs"] for line in thrift["by_resolution"]] == [2, 1]


def test_notes_say_what_the_figures_rest_on() -> None:
    """What is left out is told where something is."""
    whole = found()
    least = document_of(replace(whole, unnoted=0))["notes"]
    most = document_of(replace(whole, unfinished=2, refused=5))["notes"]

    assert len(least) == 3
    assert "Everything else is an estimate" in least[0]
    assert [note[:9] for note in most[3:]] == ["Refused a", "Not ended", "Without a"]
    assert "1 job. " in most[5]


def test_what_is_delivered_costs_so_much_each() -> None:
    """To a hundred-thousandth of a dollar; of nothing, nothing."""
    assert amounts_of(Cell(nanos=100_000_000, delivered=3_000_000))["per_delivered"] == "0.03333"
    assert amounts_of(Cell(nanos=5))["per_delivered"] is None


def test_no_jobs_make_a_document_too() -> None:
    """Without instants."""
    document = document_of(backtest(Given(()), POLICY, workers=1))

    assert (document["jobs"], document["from"], document["to"]) == (0, None, None)
