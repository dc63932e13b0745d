from pathlib import Path

import apsw
import pytest

from router.ledger.commands import Refuse
from router.ledger.history import CannotBeRead, History
from router.ledger.rows import BEGINNING, END
from router.policy.policy import Policy
from tests.fakes import EPOCH
from tests.finance_kit import Shop, a_shop
from tests.ledger_kit import DAY, HOUR, at_once
from tests.policy_files import a_policy


@pytest.fixture(name="policy")
def _policy() -> Policy:
    budget = {"name": "daily", "who": "each_tenant", "limit": "$0.10", "per": "day"}
    return a_policy(budgets=[budget])


def open_of(shop: Shop, folder: Path) -> History:
    """The history of a shop that is open, read beside it."""
    assert shop.ledger.admitting
    return History(folder / "farebox.db")


def test_a_ledger_is_read_beside_whoever_has_it_open(policy: Policy, tmp_path: Path) -> None:
    """Jobs with their attempts, page by page, in the order of their ids."""
    with a_shop(policy, tmp_path) as shop:
        for number in range(5):
            shop.buy(f"j{number}", "0.01", tenant=f"t{number}", at=EPOCH + number * HOUR)
        shop.post("j3.1", "0.012")
        history = open_of(shop, tmp_path)

        spans = list(history.spans(2))
        jobs = [row for span in spans for row in history.jobs(span, BEGINNING, END)]
        attempts = history.attempts(("", "~"))
        some = history.jobs(("", "~"), EPOCH + HOUR, EPOCH + 3 * HOUR)
        count = history.count(EPOCH + HOUR, EPOCH + 3 * HOUR)
        history.close()

    assert spans == [("", "j1"), ("j1", "j3"), ("j3", "j4")]
    assert [row.id for row in jobs] == ["j0", "j1", "j2", "j3", "j4"]
    assert (jobs[3].state, jobs[3].images, jobs[3].evidence) == ("succeeded", 0, None)
    assert [(row.provider, row.posted) for row in attempts["j3"]] == [("shortapi", 12_000_000)]
    assert [row.id for row in some] == ["j1", "j2"]
    assert count == 2


def test_an_empty_ledger_has_no_pages(policy: Policy, tmp_path: Path) -> None:
    """And nothing else."""
    with a_shop(policy, tmp_path) as shop:
        history = open_of(shop, tmp_path)
        assert list(history.spans(2)) == []
        assert history.raises(BEGINNING, END) == []
        assert history.bundle("5eed") is None


def test_refusals_and_former_policies_are_there(policy: Policy, tmp_path: Path) -> None:
    """Refusals by hour, and a policy's files by its hash."""
    with a_shop(policy, tmp_path) as shop:
        shop.buy("j1", "0.09")
        answer = shop.buy("j2", "0.03")
        shop.told(Refuse(at=EPOCH + DAY, refused=answer))  # type: ignore[arg-type]  # It is one.
        at_once(shop.ledger.keep_policy("5eed", "thrift", EPOCH, '{"policy.yaml": "x"}'))
        history = open_of(shop, tmp_path)

        first = history.refusals(EPOCH, EPOCH + HOUR)
        both = history.refusals(BEGINNING, END)
        bundle = history.bundle("5eed")

    assert [(row.budget, row.scope, row.jobs) for row in first] == [("daily", "tenant:acme", 1)]
    assert sum(row.amount.nanos for row in both) == 60_000_000
    assert bundle == '{"policy.yaml": "x"}'


def test_what_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    """No file, no database, no ledger, an older ledger."""
    missing, text = tmp_path / "missing.db", tmp_path / "text.db"
    text.write_text("no database" * 100, encoding="utf-8")
    for name, table in (("other", "CREATE TABLE x (y)"), ("older", "CREATE TABLE jobs (id)")):
        database = apsw.Connection(str(tmp_path / f"{name}.db"))
        database.execute(table)
        database.close()

    for path, message in (
        (missing, "cannot be read as a ledger"),
        (text, "cannot be read as a ledger"),
        (tmp_path / "other.db", "is no ledger"),
        (tmp_path / "older.db", "earlier version: start"),
    ):
        with pytest.raises(CannotBeRead, match=message):
            History(path)
