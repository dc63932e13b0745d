"""Facts about providers' accounts are known by what they say."""

from router.ledger.statement_rows import ACCOUNT_FACTS, AccountFact
from tests.statement_kit import LINE, OUTCOME, READING, STATEMENT, WITHDRAWAL


def test_a_fact_is_known_by_its_key_columns() -> None:
    """So that the same fact again is the same row."""
    everything: tuple[AccountFact, ...] = (STATEMENT, LINE, OUTCOME, WITHDRAWAL, READING)

    for row in everything:
        assert row.key == tuple(getattr(row, name) for name in type(row).key_columns)
    assert tuple(map(type, everything)) == ACCOUNT_FACTS
