"""The queries by which the past is read, for both of the ledger's back ends."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from router.ledger.ledger import Ledger
from router.ledger.rows import BEGINNING, END
from tests.ledger_kit import a_limit, an_accept
from tests.ledger_running import tell

REQUEST = (
    '{"prompt": "x", "images": ["a", "b"], "aspect_ratio": "16:9", "output_format": null, '
    '"price_max": "0.09", "key_name": "laptop", "key_budget": null}'
)


async def test_the_past_reads_the_same(ledger: Ledger) -> None:
    """Pages of jobs without what was in them, their attempts, and what was refused."""
    for name, price in (("j1", "0.04"), ("j2", "0.05"), ("j3", "0.06")):
        accept = an_accept(name, price, a_limit("team", "0.10"))
        await ledger.submit(replace(accept, job=replace(accept.job, request=REQUEST)))
    await tell(ledger, "void j1.1 end=failed -> voided")

    async def read(query: str, **parameters: Any) -> list[Mapping[str, Any]]:
        return await ledger._store.fetch(query, **parameters)

    times = {"since": BEGINNING, "until": END}
    jobs = await read("past_jobs", after="j1", upto="j9", **times)
    attempts = await read("past_attempts", after="", upto="j1")
    refusals = await read("refusals_between", **times)

    assert [(row["id"], row["images"], row["aspect_ratio"], row["price_max"]) for row in jobs] == [
        ("j2", 2, "16:9", "0.09")
    ]
    assert (jobs[0]["key_name"], jobs[0]["output_format"], jobs[0]["batch"]) == (
        *("laptop", None, None),
    )
    assert "request" not in jobs[0]
    assert [(row["job_id"], row["state"], row["quoted"]) for row in attempts] == [
        ("j1", "voided", 40_000_000)
    ]
    assert [(row["jobs"], row["amount"]) for row in refusals] == [(1, 60_000_000)]
    assert (await read("past_jobs_count", **times))[0]["jobs"] == 2
    assert (await read("last_job"))[0]["id"] == "j2"
    assert (await read("job_after", after="", skipped=1))[0]["id"] == "j2"
