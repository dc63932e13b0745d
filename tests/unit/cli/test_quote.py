import json

import pytest

from router.cli.quote import UNKNOWN_HEALTH, candidates_table, headroom_table, notes
from router.cli.show import console
from router.model.offer import FAILING_ASSUMED
from router.policy.loader import shipped_policy_path
from tests.commands import Commands


def words_of(told: str) -> str:
    """What is told, without a table's lines, and as if it were never wrapped."""
    return " ".join(told.replace("│", " ").split())


def test_without_a_server_the_policy_alone_is_asked(farebox: Commands) -> None:
    """Prices and reasons are known; that health and budgets are not, is said."""
    ran = farebox("quote", "--resolution", "4k", "--tenant", "acme")

    assert ran.code == 0
    assert "A 4k nano-banana-2-edit of tenant acme goes to shortapi at $0.09" in ran.out
    assert "$0.085 dearer than shortapi" in words_of(ran.out)
    assert "unknown" in ran.out
    assert "is not known" in ran.err


def test_a_policy_of_ones_own_is_asked(farebox: Commands) -> None:
    """Its answer is its own."""
    ran = farebox("quote", "--json", "--policy", "none.yaml")

    assert (ran.code, ran.out) == (2, "")
    assert "none.yaml:1:1: cannot read" in ran.err


def test_a_policy_alone_counts_with_the_failures_that_a_server_does(farebox: Commands) -> None:
    """What was seen of nobody is assumed of everybody: two of a hundred."""
    policy = shipped_policy_path("balanced.yaml")
    document = json.loads(farebox("quote", "--json", "--policy", policy).out)

    candidates = document["decision"]["candidates"]
    assert [one["failing"] for one in candidates] == [FAILING_ASSUMED] * 2
    assert all("2.0% failing at" in one["verdict"] for one in candidates)


def test_a_quote_by_lot_says_so(farebox: Commands) -> None:
    """Where the next edit may go elsewhere, the headline does not stand alone."""
    ran = farebox("quote", "--policy", shipped_policy_path("two-sources.yaml"))

    assert (
        "Each edit draws its lot: of 100 like this one, 80 go to shortapi and 20 go to runpod."
    ) in ran.out
    assert "draws its lot" not in farebox("quote").out


def test_it_says_what_was_asked_of_the_winner_where_no_rule_matched(farebox: Commands) -> None:
    """Not only that it is cheap, but that it is quick enough; and whose word that is."""
    policy = shipped_policy_path("cheapest-within-slo.yaml")
    told = farebox("quote", "--policy", policy).out
    document = json.loads(farebox("quote", "--policy", policy, "--json").out)

    assert "No rule matched: the policy's own." in told
    assert document["decision"]["rule"] == "otherwise"
    first = document["decision"]["candidates"][0]
    assert first["verdict"] == "chosen by lowest price, within 30 s (95 of 100 jobs: 20.0 s)"


def test_an_aspect_ratio_decides_who_can(farebox: Commands) -> None:
    """ShortAPI has no such shape."""
    document = json.loads(farebox("quote", "--json", "--aspect-ratio", "8:1").out)

    assert (document["chosen"], document["price"]) == ("runpod", "0.0875")
    assert document["budgets"] is None
    assert document["decision"]["candidates"][1]["provider"] == "shortapi"


def test_without_a_server_the_ledger_says_what_budgets_have_left(farebox: Commands) -> None:
    """Whether providers are up it cannot say; and no provider's key is needed to ask."""
    farebox("keys", "create", "--tenant", "acme")

    ran = farebox("quote", "--json", "--tenant", "acme", "--resolution", "2k")
    tight = farebox.folder / "tight.yaml"
    tight.write_text(
        "policy: tight\nsummary: Next to nothing.\nprefer: lowest_price\n"
        "prices: prices.yaml\n"
        "budgets: [{name: cents, who: everyone, limit: $0.05, per: day}]\n"
        "examples: [{job: 1k, expect: shortapi at $0.04}]\n"
    )
    prices = shipped_policy_path("prices.yaml").read_text("utf-8")
    (farebox.folder / "prices.yaml").write_text(prices, "utf-8")
    refused = farebox("quote", "--resolution", "2k", "--policy", tight)

    document = json.loads(ran.out)
    assert (ran.code, document["price"]) == (0, "0.06")
    assert {line["scope"]: line["available"] for line in document["budgets"]} == {
        "tenant:acme": "50.00",
        "everyone": "900.00",
    }
    assert [one["state"] for one in document["decision"]["candidates"]] == [None, None]
    assert "whether providers are up is not known" in ran.err
    assert refused.code == 1
    assert "would be refused by tight" in refused.out
    assert "budget_exceeded" in refused.out


def test_a_server_has_a_policy_of_its_own(farebox: Commands) -> None:
    """To ask it by another one is to ask two things."""
    ran = farebox("quote", "--url", "http://127.0.0.1:1/", "--policy", "mine.yaml")

    assert ran.code == 2
    assert "say one of them" in ran.err


def test_nobody_is_a_no(farebox: Commands) -> None:
    """Exit code 1, and why each one lost."""
    ran = farebox("quote", "--resolution", "2k", "--price-max", "0.05")

    assert ran.code == 1
    assert "would be refused" in ran.out
    assert "no_provider_qualifies" in ran.out
    assert "costs $0.06, above this job's maximum of $0.05" in words_of(ran.out)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--model", "nano-banana-3-edit"), "did you mean 'nano-banana-2-edit'?"),
        (("--price-max", "cheap"), "--price-max: 'cheap' is not an amount"),
        (("--tag", "team"), "--tag 'team' is not KEY=VALUE"),
        (("--resolution", "8k"), "8k"),
    ],
)
def test_what_does_not_exist_is_a_mistake(
    farebox: Commands, arguments: tuple[str, ...], told: str
) -> None:
    """Exit code 2, with the option's name."""
    ran = farebox("quote", *arguments)

    assert ran.code == 2
    assert told in ran.err


def test_a_server_that_is_not_there(farebox: Commands) -> None:
    """It is named; nobody answers in its place."""
    ran = farebox("quote", "--url", "http://127.0.0.1:1/")

    assert ran.code == 2
    assert ran.err.startswith("farebox: cannot reach http://127.0.0.1:1: ")


def test_headroom_tells_what_fits(capsys: pytest.CaptureFixture[str]) -> None:
    """By offer and budget."""
    line = {
        "provider": "runpod",
        "budget": "team",
        "scope": "everyone",
        "window_end": None,
        "limit": "1.00",
        "available": "0.07",
    }
    console().print(headroom_table([{**line, "fits": False}, {**line, "fits": True}]))

    out = capsys.readouterr().out
    assert "│ $0.07" in out.replace("     ", " ")
    assert "no" in out
    assert "yes" in out


def test_headroom_of_an_account_of_others_says_only_whether_there_is_room(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As the server does, to whom the rest is not shown."""
    line = dict.fromkeys(("scope", "window_end", "limit", "available"))
    told = {**line, "provider": "runpod", "budget": "teams", "fits": False}
    console().print(headroom_table([told]))

    out = capsys.readouterr().out
    assert "of others" in out
    assert "$" not in out
    assert "None" not in out


def test_the_table_says_how_long_it_takes_and_how_that_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Stated, or learnt from so many jobs, or not at all."""
    known = {"p50_s": 7.04, "p95_s": 18.0, "samples": 0}
    candidate = {"provider": "a", "price": "0.04", "verdict": "chosen", **UNKNOWN_HEALTH}
    latencies = (known, {**known, "samples": 1}, {**known, "samples": 41}, None)
    console().print(candidates_table([{**candidate, "latency": one} for one in latencies]))

    shown = " ".join(capsys.readouterr().out.split())
    for words in ("7.0 s", "18.0 s", "the price book", "1 job ", "41 jobs", "unknown"):
        assert words in shown


def test_under_the_table_stands_whose_health_is_why_as_it_is() -> None:
    """And, where jobs were seen, that the price book's figures are a part of what is expected."""
    known = {"p50_s": 7.04, "p95_s": 18.0, "samples": 0}
    well = {"provider": "a", "latency": known, **UNKNOWN_HEALTH}
    ejected = {
        "provider": "b",
        "latency": {**known, "samples": None},
        "state": "ejected",
        "state_reason": "3 in doubt in a row",
        "state_since": "2026-11-20T09:00:00.000000Z",
        "state_until": "2026-11-20T09:01:00.000000Z",
    }

    assert list(notes([well])) == []
    told, estimate = notes([well, ejected])
    assert told == (
        "b is ejected: 3 in doubt in a row, since 2026-11-20T09:00:00.000000Z, "
        "until 2026-11-20T09:01:00.000000Z."
    )
    assert "as if it were 20 more" in estimate


@pytest.mark.parametrize("name", ["balanced", "cheapest-within-slo", "two-sources"])
def test_piped_it_fits_a_page(farebox: Commands, name: str) -> None:
    """No line of a table is wider, nothing is cut off, and no name or amount is broken."""
    told = farebox("quote", "--policy", shipped_policy_path(f"{name}.yaml")).out

    rows = [line for line in told.splitlines() if line[:1] in "┏┃┡│└"]
    assert len(rows) > 4
    assert max(map(len, rows)) <= 110
    assert "…" not in told
    for words in (" shortapi ", " runpod ", " $0.0875 ", " the price book "):
        assert words in told
