import csv

from router.finance.claims import COLUMNS, as_csv, as_document, claimed, claims
from router.ledger.rows import AttemptRow
from router.model.ids import ProviderRef
from router.model.job import AttemptState
from router.model.money import Money
from tests.fakes import EPOCH
from tests.ledger_kit import an_attempt_row, usd


def a_row(name: str, posted: str, provider: str = "shortapi", **fields: object) -> AttemptRow:
    """Build an attempt that was billed for nothing."""
    overrides = {"ended_at": EPOCH, "outcome": "result_unavailable", **fields}
    return an_attempt_row(
        name,
        price=usd("0.05"),
        posted=usd(posted),
        provider=provider,
        state=AttemptState.POSTED,
        **overrides,
    )


ROWS = [
    a_row("j1.1", "0.04", provider_ref=ProviderRef("=cmd()"), detail='gone, "for good"'),
    a_row("j2.1", "0.0875", "runpod", ended_at=None, outcome=None),
]


def test_claims_add_up_to_the_nano_dollar() -> None:
    """Of all providers, or of the one that the claim is sent to."""
    assert claimed(claims(ROWS)) == usd("0.1275")
    assert claimed(claims(ROWS, "runpod")) == usd("0.0875")
    assert claimed(claims(ROWS, "nobody")) == Money.ZERO


def test_a_claim_says_what_is_known() -> None:
    """And leaves empty what is not."""
    first, second = as_document(claims(ROWS))["claims"]

    assert (first["provider_ref"], first["why"]) == (
        "=cmd()",
        'result_unavailable: gone, "for good"',
    )
    assert (second["provider_ref"], second["why"]) == ("", "")
    assert second["at"] == "2026-11-20T09:00:00.000000Z"


def test_a_spreadsheet_gets_plain_text() -> None:
    """What would be a formula is none; everything else comes back as it was."""
    header, first, second = list(csv.reader(as_csv(claims(ROWS)).splitlines()))

    assert header == list(COLUMNS)
    assert first[1] == "'=cmd()"
    assert first[COLUMNS.index("why")] == 'result_unavailable: gone, "for good"'
    assert second[COLUMNS.index("amount")] == "0.0875"
