"""What was spent, told apart by tags: also where each edit has a value of its own."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from router.ledger import sums
from router.ledger.answers import Done
from router.ledger.commands import Doubt, Post, Tender
from router.ledger.flow_rows import TAGGED
from router.ledger.ledger import Ledger
from router.ledger.rows import BEGINNING, END
from router.ledger.views import Offered, Only
from router.model.errors import Malformed
from router.model.ids import AttemptId
from router.model.money import Money, total
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row, an_accept, an_attempt_row, usd

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# Quotes, backslashes and what looks like the end of a pair are a value like any other.
ORDERS = ("A-1", 'B"2', "C\\3", 'D"], ["order", "4', "A-1")


async def sell(
    ledger: Ledger, number: int, amount: str, *, post: bool = True, **fields: Any
) -> None:
    """Buy an edit so many minutes after the epoch, and post it; or leave it in doubt."""
    at = EPOCH + number * MINUTE
    row = an_attempt_row(f"j{number}.1", price=usd(amount), created_at=at, **fields)
    shared = {name: fields[name] for name in ("tenant", "tags", "model") if name in fields}
    job = a_job_row(f"j{number}", created_at=at, **shared)
    tender = Tender(attempt=row, limits=())
    ready = frozenset({row.provider})
    accept = an_accept(f"j{number}", amount, job=job, tenders=(tender,), at=at, ready=ready)
    await ledger.submit(accept)
    done = await ledger.submit(
        Post(at=at, attempt_id=row.id, amount=usd(amount), outcome="delivered")
        if post
        else Doubt(at=at, attempt_id=AttemptId(row.id), outcome="provider_in_doubt")
    )
    assert isinstance(done, Done)


async def sell_orders(ledger: Ledger) -> None:
    """Five of two teams with an order's number, one without any tag, one in doubt."""
    for number, order in enumerate(ORDERS):
        tags = (("order", order), ("team", "ads" if number % 2 else "a\\b"))
        await sell(ledger, number, f"0.0{number + 1}", tags=tags)
    await sell(ledger, 7, "0.107", tenant="zeta", provider="runpod")
    await sell(ledger, 8, "0.208", post=False, tags=(("order", "E-5"),))


async def by_tag(ledger: Ledger, tag: str, **asked: Any) -> Mapping[str, str]:
    """What was posted by a tag's values."""
    rows = await ledger.spending(BEGINNING, END, cut=None, tags=tag, tenants=False, **asked)
    found: dict[str, Money] = {}
    for row in rows:
        assert row.tenant == ""
        ((_, value),) = row.tags or (("", ""),)
        found[value] = found.get(value, Money.ZERO) + row.posted
    return {value: str(amount) for value, amount in found.items()}


async def test_it_is_told_apart_by_one_tag(ledger: Ledger) -> None:
    """Whatever the value is, and whatever stands beside it; without the tag it is empty."""
    await sell_orders(ledger)

    assert await by_tag(ledger, "order") == {
        "A-1": "0.06",
        'B"2': "0.02",
        "C\\3": "0.03",
        'D"], ["order", "4': "0.04",
        "E-5": "0.00",
        "": "0.107",
    }
    assert await by_tag(ledger, "team") == {"a\\b": "0.09", "ads": "0.06", "": "0.107"}
    assert await by_tag(ledger, "shop") == {"": "0.257"}
    assert await ledger.imbalance() == Money.ZERO


async def test_only_what_is_meant_is_added_up(ledger: Ledger) -> None:
    """By tag, provider, model, resolution and tenant; with what is open."""
    await sell_orders(ledger)

    async def posted(tenant: str | None = None, **only: Any) -> str:
        rows = await ledger.spending(
            BEGINNING, END, tags=False, tenant=tenant, only=Only(**only), zone="Asia/Kolkata"
        )
        assert all(row.tags == () for row in rows)
        return str(total([row.posted for row in rows]))

    assert await posted() == "0.257"
    assert await posted(tag=("team", "ads")) == "0.06"
    assert await posted(tag=("order", 'D"], ["order", "4')) == "0.04"
    assert await posted(tag=("order", "4")) == "0.00"
    assert await posted(provider="runpod") == "0.107"
    assert await posted(provider="runpod", tag=("team", "ads")) == "0.00"
    assert await posted(model="other") == await posted(resolution="4k") == "0.00"
    assert await posted("zeta") == "0.107"
    (open_,) = await ledger.spending(BEGINNING, END, cut=None, only=Only(tag=("order", "E-5")))
    assert (open_.in_doubt, open_.tags) == (usd("0.208"), (("order", "E-5"),))
    # Within a quarter of an hour it is the journal that is asked.
    early = await ledger.spending(EPOCH, EPOCH + 2 * MINUTE, cut=None, tags="team")
    assert [(row.tags, str(row.posted)) for row in early] == [
        ((("team", "a\\b"),), "0.01"),
        ((("team", "ads"),), "0.02"),
    ]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu"])
async def test_days_of_any_zone_have_their_tags(ledger: Ledger, zone: str) -> None:
    """The tagged sums, which know neither hours nor all time, add up to the others."""
    await sell(ledger, 0, "0.013", tags=(("order", "1"),))
    await sell(ledger, 14 * 60 + 20, "0.017", tags=(("order", "2"),))
    await sell(ledger, 15 * 60 + 5, "0.019", tags=(("order", "2"),))

    plain = await ledger.spending(BEGINNING, END, zone=zone, tags=False)
    tagged = await ledger.spending(BEGINNING, END, zone=zone)

    days: dict[str, Money] = {}
    for row in tagged:
        assert row.tags
        days[row.day] = days.get(row.day, Money.ZERO) + row.posted
    assert days == {row.day: row.posted for row in plain}
    assert sum(amount.nanos for amount in days.values()) == usd("0.049").nanos


async def test_the_dearest_values_are_named(ledger: Ledger) -> None:
    """And nothing but what is told with them is read, if that is asked for."""
    await sell_orders(ledger)

    dearest = await ledger.dearest_tags(BEGINNING, END, "order", most=3)
    rows = await ledger.spending(
        BEGINNING, END, cut=None, tags="order", tenants=False, among=dearest[1:]
    )
    ads = Only(tag=("team", "ads"))

    assert dearest == [(), (("order", "A-1"),), (("order", 'D"], ["order", "4'),)]
    assert [(row.tags, row.posted) for row in rows] == [
        (dearest[1], usd("0.06")),
        (dearest[2], usd("0.04")),
    ]
    assert await ledger.dearest_tags(BEGINNING, END, "order", most=1, only=ads) == [dearest[2]]
    assert await ledger.dearest_tags(BEGINNING, END, "order", most=9, tenant="zeta") == [()]
    assert await ledger.dearest_tags(BEGINNING, EPOCH - DAY, "order", most=9) == []


async def test_what_there_is_to_choose_from(ledger: Ledger) -> None:
    """Of a time's days, and of one tenant's own where that is asked for."""
    await sell_orders(ledger)
    await sell(ledger, 3 * 24 * 60, "0.011", tenant="late", tags=(("shop", "4"),))

    assert await ledger.offered(EPOCH, EPOCH + DAY) == Offered(
        providers=("runpod", "shortapi"),
        tenants=("acme", "zeta"),
        resolutions=("1k",),
        models=("nano-banana-2-edit",),
        tag_keys=("order", "team"),
        tags=(
            ("order", "A-1"),
            ("team", "a\\b"),
            ("order", 'B"2'),
            ("team", "ads"),
            ("order", "C\\3"),
            ("order", 'D"], ["order", "4'),
        ),
    )
    late = await ledger.offered(BEGINNING, END, tenant="late")
    assert (late.tenants, late.tag_keys, late.tags) == (("late",), ("shop",), (("shop", "4"),))
    assert await ledger.offered(BEGINNING, EPOCH - DAY) == Offered()


async def test_no_more_is_offered_than_anybody_chooses_from(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a tag with many values some, and some of every other; however few sums were looked at."""
    await sell_orders(ledger)

    monkeypatch.setattr(sums, "TAGS_MAX", 3)
    monkeypatch.setattr(sums, "NAMES_MAX", 1)
    found = await ledger.offered(BEGINNING, END)
    monkeypatch.setattr(sums, "LOOKED_AT", 1)
    fewer = await ledger.offered(BEGINNING, END, tenant="acme")

    assert [tag for tag, _ in found.tags] == ["order", "team", "order"]
    assert (found.tenants, found.tag_keys) == (("acme",), ("order",))
    assert fewer.tags == (("order", "A-1"), ("team", "a\\b"))


async def test_too_many_rows_are_refused(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do instead; nobody can read them, and a router could not hold them."""
    await sell_orders(ledger)
    monkeypatch.setattr(sums, "ROWS_MAX", 5)

    assert len(await ledger.spending(BEGINNING, END, tags="team")) == 4
    assert len(await ledger.spending(BEGINNING, END, cut="day", tags=False)) == 2
    with pytest.raises(Malformed, match="more than 5 lines: ask for a shorter time"):
        await ledger.spending(BEGINNING, END)


async def test_whoever_asks_for_no_tags_reads_no_row_for_each(ledger: Ledger) -> None:
    """The sums that know nothing of tags stay one row, however many orders there are."""
    for number, order in enumerate(("A", "B", "C", "D")):
        await sell(ledger, number, f"0.0{number + 3}", tags=(("order", order),))
    counting = "SELECT span, COUNT(*) AS n FROM spending GROUP BY span"
    store = ledger._kept
    store._queries = {**store._queries, "count": counting}  # type: ignore[attr-defined]

    counted = {row["span"]: row["n"] for row in await store.fetch("count")}

    assert counted == dict.fromkeys(("day", "ever", "hour", "quarter"), 1) | dict.fromkeys(
        TAGGED, 4
    )
