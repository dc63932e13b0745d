"""What the finance page reads."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from router.finance.overview import OTHERS, Filter
from router.finance.periods import read_period
from router.model.money import Money, total
from router.web.auth import Caller
from router.web.dashboard import reading
from router.web.dashboard.asked import Asked
from router.web.dashboard.reading import FinanceReading, Question, read_finance
from router.web.keys import Role
from tests.finance_page import asked_for
from tests.ledger_kit import usd
from tests.page_kit import POLICY, Bookkeeper
from tests.web_stage import Front, open_house


async def a_history(front: Front) -> None:
    """Edits of two tenants, in this month and the last, and one that was billed for nothing."""
    books, now = Bookkeeper(front), front.clock.now()
    for days, tenant, provider, amount in (
        (0, "acme", "shortapi", "0.0401"),
        (1, "zeta", "runpod", "0.0877"),
        (31, "acme", "runpod", "0.0878"),
        (30, "acme", "shortapi", "0.0402"),
    ):
        at = now - timedelta(days=days, hours=1)
        attempt = await books.buy(at, tenant, provider, tags=(("team", tenant),))
        await books.deliver(attempt, amount, at + timedelta(seconds=9))
    at = now - timedelta(hours=2)
    lost = await books.buy(at, "zeta", "runpod")
    await books.bill_for_nothing(lost, "0.0879", at + timedelta(seconds=40))
    await books.doubt(await books.buy(at, "zeta"), at + timedelta(seconds=30))


async def read(front: Front, asked: Asked, tenant: str = "everyone") -> FinanceReading:
    """Read for a viewer."""
    caller = Caller(tenant=tenant, key_id="k", role=Role.VIEWER, who="w")
    question = Question(asked=asked, caller=caller, policy=front.services.policy())
    return await read_finance(question, front.stage.ledger)


async def test_what_is_meant_is_read_and_what_there_is_to_choose(tmp_path: Path) -> None:
    """The filter takes its rows from the period, the months, what is open and what was lost."""
    async with open_house(tmp_path, policy=POLICY) as front:
        await a_history(front)
        all_of_it = await read(front, asked_for(front.clock.now()))
        zetas = await read(front, asked_for(front.clock.now(), tenant="zeta", provider="runpod"))

    assert total([row.posted for row in all_of_it.period]) == usd("0.2157")
    assert total([row.posted for row in zetas.period]) == usd("0.1756")
    assert total([row.posted for row in all_of_it.month_before]) == usd("0.0878")
    assert zetas.month_before == ()
    assert zetas.offered.tenants == ("acme", "zeta")
    assert zetas.offered.tags == (("team", "acme"), ("team", "zeta"))
    assert [row.posted for row in zetas.undelivered] == [usd("0.0879")]
    assert [row.money for row in all_of_it.open] == ["in_doubt"]
    assert zetas.open == ()
    assert {line.scope for line in zetas.budgets} == {
        "everyone",
        "tenant:zeta",
        "provider:runpod",
    }


async def test_of_a_tag_with_many_values_the_dearest_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others are one, and with these they add up to what there is; days apart."""
    monkeypatch.setattr(reading, "NAMES_MAX", 2)
    async with open_house(tmp_path, policy=POLICY) as front:
        books, now = Bookkeeper(front), front.clock.now()
        for number, amount in enumerate(("0.0401", "0.0404", "0.0403", "0.0402")):
            at = now - timedelta(days=number % 2, hours=1)
            attempt = await books.buy(at, tags=(("order", f"A-{number}"), ("team", "ads")))
            await books.deliver(attempt, amount, at + timedelta(seconds=9))
        await books.buy(now, tags=(("order", "A-9"),))
        asked = replace(asked_for(now), by="tag:order")
        found = await read(front, asked)
        ads = await read(front, replace(asked, filter=Filter(tag=("team", "ads"))))
        older = await read(front, replace(asked, period=read_period("90d", now, ZoneInfo("UTC"))))

    def told(rows: FinanceReading) -> dict[str, str]:
        amounts: dict[str, Money] = {}
        for row in rows.period:
            ((_, value),) = row.tags
            amounts[value] = amounts.get(value, Money.ZERO) + row.posted
        return {value: str(amount) for value, amount in amounts.items()}

    assert told(found) == {"A-1": "0.0404", "A-2": "0.0403", OTHERS: "0.0803"}
    assert told(found) == told(older)
    assert sum(row.attempts for row in found.period) == 5
    assert sum(row.attempts for row in ads.period) == 4
    assert told(ads) == told(found)
    assert {row.tags for row in ads.lately} == {()}
    assert found.offered.tag_keys == ("order", "team")


@pytest.mark.parametrize("tenant", ["acme", "zeta"])
async def test_of_others_nothing_is_read(tmp_path: Path, tenant: str) -> None:
    """Whatever there is to choose, claim or refuse."""
    async with open_house(tmp_path, policy=POLICY) as front:
        await a_history(front)
        books, now = Bookkeeper(front), front.clock.now()
        for _ in range(40):
            await books.buy(now, "zeta", "runpod")
        asked = asked_for(now, tenant=tenant, pinned=tenant)
        found = await read(front, asked, tenant)

    seen = {row.tenant for rows in (found.period, found.lately, found.month_before,
            found.open, found.undelivered) for row in rows}  # fmt: skip
    assert seen == {tenant}
    assert found.offered.tenants == (tenant,)
    assert {value for _, value in found.offered.tags} <= {tenant}
    shared = {"everyone", "provider:runpod"}
    assert {line.scope for line in found.budgets} == {f"tenant:{tenant}"}
    assert {one.scope for one in found.shared} == shared
    assert {scope for _, scope in found.hours} <= {f"tenant:{tenant}"}
    assert bool(found.refused) is (tenant == "zeta")
