"""
What is not a request here, and the whole answer to it: each file in `malformed/` is a list of them.

A case says `why` it is refused; what is sent (`method`, `path`, `headers`, `key`: whose; and one of
`edit`: a plain edit with fields replaced, `json`, `text`, `hex`); and the answer: its `status`, the
`answer_headers` beside those that every answer has, its `kind` where it is no problem of ours, and
its whole `body`. In what is sent, `…`
stands for as many letters as `stretch` says.
"""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict

from router.ledger.commands import SaveKey
from router.ledger.key_rows import KeyRow
from router.model.money import Money
from router.web.keys import Role
from router.web.limits import Limits
from router.web.server import serve_on
from tests.fakes import EPOCH
from tests.policy_files import PRICES, a_policy
from tests.web_stage import Front, an_edit, open_front, open_house

FOLDER = Path(__file__).parent / "malformed"
CASES_MIN = 45
LIMITS = Limits(body_bytes_max=60_000, callback_bytes_max=1_000)
RATIOS = '    aspect_ratios: ["1:1", "16:9", "21:9"]\n'
# A model that both providers make in known shapes only, so that a shape can be wrong.
POLICY = a_policy(prices=PRICES.replace("    data_urls: true\n", RATIOS + "    data_urls: true\n"))
ALWAYS = {
    "Content-Type": "application/problem+json",
    "Server": "farebox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""The headers of every refusal; beside them stand its date and its length."""
OF_EDITS = {"Farebox-Charged-USD": "0.00"}
"""And of every edit that is refused."""
UNCOMPARED = {"Date", "Content-Length"}


def _cases() -> list[Any]:
    """Every case of every file, under the file's name and its own place in it."""
    return [
        pytest.param(case, id=f"{path.stem}-{number}")
        for path in sorted(FOLDER.glob("*.json"))
        for number, case in enumerate(json.loads(path.read_text("utf-8")), start=1)
    ]


CASES = _cases()


def body_sent(case: dict[str, Any]) -> bytes | None:
    """Write the body that a case sends; None for none at all."""
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    if "edit" in case:
        text = json.dumps({**an_edit(), **case["edit"]}, ensure_ascii=False)
    elif "json" in case:
        text = json.dumps(case["json"], ensure_ascii=False)
    elif "text" in case:
        text = case["text"]
    else:
        return None
    return stretched(text, case).encode()


def stretched(text: str, case: dict[str, Any]) -> str:
    """Put as many letters as the case says where its text has `…`."""
    return text.replace("…", "x" * case.get("stretch", 1))


def headers_sent(case: dict[str, Any], key: str | None) -> CIMultiDict[str]:
    """Write the headers that a case sends; one whose value is a list is there more than once."""
    sent: CIMultiDict[str] = CIMultiDict({"Content-Type": "application/json"})
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"
    for name, values in case.get("headers", {}).items():
        sent.popall(name, None)
        for value in values if isinstance(values, list) else [values]:
            sent.add(name, stretched(value, case))
    return sent


async def holder(front: Front, whose: str) -> str | None:
    """Have a key of the kind that a case asks for."""
    if whose == "nobody":
        await front.mint()  # While there is no key at all, none is asked for.
        return None
    if whose in set(Role):
        return (await front.mint(role=Role(whose)))[1]
    key_id, key = await front.mint()
    row = await front.stage.ledger.key(key_id)
    assert isinstance(row, KeyRow)
    a_day = timedelta(days=1)
    ended = {
        "revoked": replace(row, revoked_at=EPOCH - a_day),
        "expired": replace(row, expires_at=EPOCH - 2 * a_day),
    }
    await front.stage.ledger.submit(SaveKey(at=EPOCH, key=ended[whose]))
    return key


async def answer_to(front: Front, case: dict[str, Any]) -> dict[str, Any]:
    """Send a case to the real listener; gives the answer as a case writes it."""
    key = await holder(front, case.get("key", "client"))
    async with (
        serve_on(front.app, "127.0.0.1", 0) as listener,
        aiohttp.ClientSession(f"http://127.0.0.1:{listener.port}") as session,
        session.request(
            case.get("method", "POST"),
            stretched(case.get("path", "/v1/edits"), case),
            data=body_sent(case),
            headers=headers_sent(case, key),
            skip_auto_headers=("Content-Type",),
        ) as response,
    ):
        body = await response.json(content_type=None)
        headers = {
            name: value for name, value in response.headers.items() if name not in UNCOMPARED
        }
    common = {name: headers.pop(name, None) for name in ALWAYS}
    assert common == {**ALWAYS, "Content-Type": case.get("kind", ALWAYS["Content-Type"])}
    return {"status": response.status, "answer_headers": headers, "body": body}


@pytest.mark.parametrize("case", CASES)
async def test_what_is_no_request_is_refused_as_the_contract_says(
    tmp_path: Path, case: dict[str, Any]
) -> None:
    """Status, headers and the whole body are as written; nothing is bought, held or alarmed of."""
    async with open_house(tmp_path, policy=POLICY, limits=LIMITS) as front:
        answer = await answer_to(front, case)
        stage = front.stage

        is_edit = (case.get("method", "POST"), case.get("path", "/v1/edits")) == (
            "POST",
            "/v1/edits",
        )
        assert answer == {
            "status": case["status"],
            "answer_headers": {**(OF_EDITS if is_edit else {}), **case.get("answer_headers", {})},
            "body": case["body"],
        }
        assert await stage.ledger.jobs_of("acme") == []
        assert await stage.used() == Money.ZERO
        assert stage.troupe.sent == []
        assert stage.audience.alarms == []


async def test_a_refused_request_does_not_use_up_its_key(tmp_path: Path) -> None:
    """Whoever mends the request may send it again under the same Idempotency-Key."""
    headers = {"Idempotency-Key": "mend-me"}
    async with open_front(tmp_path) as front:
        refused = await front.edit(headers, resolution="8k")
        mended = await front.edit(headers, resolution="2k")

    assert (refused.status, mended.status) == (422, 200)
    assert mended.json["charged"] == "0.06"
    assert "Idempotent-Replayed" not in mended.headers


def test_there_are_as_many_cases_as_there_were() -> None:
    """A file that is lost or empty would be a contract that is kept by saying nothing."""
    assert len(CASES) >= CASES_MIN


def test_no_two_cases_are_the_same() -> None:
    """Each case shows something that no other does, and says what."""
    told = [case.values[0]["why"] for case in CASES]

    assert len(set(told)) == len(told)
