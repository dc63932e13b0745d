import json
from datetime import timedelta

import pytest

from router.web import accounting
from tests.commands import Commands
from tests.finance_kit import a_shop
from tests.policy_files import a_policy

CLOSE = ("period", "close")


@pytest.fixture(autouse=True)
def _bought(farebox: Commands) -> None:
    """A ledger with a charge, and an attempt in doubt at another provider, of November 2026."""
    with a_shop(a_policy(), farebox.folder) as shop:
        shop.buy("j1", "0.041")
        shop.post("j1.1", "0.0413")
        shop.buy("j2", "0.0875", provider="runpod")
        shop.doubt("j2.1")


@pytest.fixture(autouse=True)
def _in_december(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands run after November, whatever the machine's clock says."""
    monkeypatch.setattr(accounting, "SETTLING", timedelta(days=-9999))


def test_a_month_is_closed_and_listed(farebox: Commands) -> None:
    """With its sums; the digests for programs."""
    none = farebox("period", "list")
    closed = farebox(*CLOSE, "shortapi", "2026-11", "--invoice", "INV-1", "--reason", "the books")
    shown = farebox("period", "list")
    (listed,) = json.loads(farebox("period", "list", "--json").out)["periods"]

    assert none.out == "No month is closed.\n"
    assert closed.out == "2026-11 of shortapi is closed: $0.0413 was charged.\n"
    assert "INV-1" in shown.out
    assert "$0.0413" in shown.out
    assert (listed["invoice"], listed["reason"]) == ("INV-1", "the books")
    assert len(listed["sha256"]["focus-1.4.csv"]) == 64


def test_a_month_with_something_open_is_closed_with_a_reason(farebox: Commands) -> None:
    """Of all providers at once; those that are closed are left alone."""
    assert farebox(*CLOSE, "shortapi", "2026-11").code == 0

    refused = farebox(*CLOSE, "all", "2026-11")
    words = ("--leave-open", "--reason", "they do not answer", "--json")
    closed = farebox(*CLOSE, "all", "2026-11", *words)
    again = farebox(*CLOSE, "all", "2026-11")

    assert refused.code == 2
    assert "1 of runpod's attempts of 2026-11 are open, in doubt or presumed" in refused.err
    (period,) = json.loads(closed.out)["periods"]
    assert (period["provider"], period["left_open"]) == ("runpod", "0.0875")
    assert (again.code, again.out) == (0, "")
    assert again.err == "2026-11 is closed already, of all providers.\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("shortapi", "2026-11", "--leave-open"), "--leave-open takes a --reason"),
        (("all", "2026-11", "--invoice", "I-1"), "--invoice is of one provider"),
        (("shortapi", "november"), "`month`"),
        (("shortap", "2026-11"), "did you mean 'shortapi'?"),
        (("shortapi", "2026-10"), "Nothing was ever booked with shortapi before 2026-10 ended"),
        (("all", "2026-10"), "nothing was ever booked before 2026-10 ended"),
        (("all", "october"), "`month` is one as `2026-11`"),
    ],
)
def test_what_cannot_be_closed_is_told(
    farebox: Commands, words: tuple[str, ...], told: str
) -> None:
    """And nothing is."""
    ran = farebox(*CLOSE, *words)

    assert ran.code == 2
    assert told in ran.err
    assert farebox("period", "list").out == "No month is closed.\n"
