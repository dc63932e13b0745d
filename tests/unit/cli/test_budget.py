import json
from pathlib import Path

from tests.commands import Commands

SHIPPED = Path(__file__).parents[3] / "policies"
BARE = """\
policy: bare
summary: Nothing limits it.
prefer: lowest_price
prices: prices.yaml
examples:
  - {job: 1k, expect: shortapi at $0.04}
"""


def test_budgets_that_nobody_has_touched_are_whole(farebox: Commands) -> None:
    """Every amount apart, in the order of the policy's file."""
    farebox("keys", "create", "--tenant", "acme")

    shown = farebox("budget", "list")
    listed = json.loads(farebox("budget", "list", "--json").out)["budgets"]

    assert "│ everyone-monthly │" in shown.out
    assert "$900.00" in shown.out
    month = next(line for line in listed if line["name"] == "everyone-monthly")
    assert (month["limit"], month["posted"], month["available"]) == ("900.00", "0.00", "900.00")


def test_a_policy_without_budgets_is_told(farebox: Commands) -> None:
    """An empty table would look as if all were well."""
    (farebox.folder / "prices.yaml").write_bytes((SHIPPED / "prices.yaml").read_bytes())
    (farebox.folder / "bare.yaml").write_text(BARE)
    farebox("keys", "create", "--tenant", "acme")

    shown = farebox("budget", "list", "--policy", "bare.yaml")

    assert shown.out == "The policy has no budgets: nothing limits what is spent.\n"
