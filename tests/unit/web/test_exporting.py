import json
import re
from pathlib import Path

import aiohttp
import pytest

from router.model.errors import LedgerUnavailable
from router.web.keys import Role
from tests.focus_kit import check_file, effective
from tests.ledger_kit import usd
from tests.web_stage import Front, open_front


async def as_admin(front: Front) -> str:
    """Make an administrator's key."""
    _, key = await front.mint("house", Role.ADMIN)
    return key


async def test_a_file_is_sent_with_a_name_of_its_own(tmp_path: Path) -> None:
    """In either version, of the time that was asked for."""
    async with open_front(tmp_path) as front:
        admin = await as_admin(front)
        await front.edit()
        await front.edit(resolution="2k")
        older = await front.ask("GET", "/v1/exports/focus?from=2026-11-20", key=admin)
        newer = await front.ask(
            "GET",
            "/v1/exports/focus?version=1.4&from=2026-11-01&to=2026-12-01&provider=shortapi",
            key=admin,
        )
        none = await front.ask("GET", "/v1/exports/focus?to=2026-11-20", key=admin)

    assert older.headers["Content-Type"] == "text/csv"
    assert older.headers["Cache-Control"] == "no-store"
    assert older.headers["Content-Disposition"] == 'attachment; filename="focus-1.2-20261120.csv"'
    assert newer.headers["Content-Disposition"] == (
        'attachment; filename="focus-1.4-shortapi-20261101-20261201.csv"'
    )
    assert effective(check_file(older.text, "1.2")) == usd("0.10")
    assert effective(check_file(newer.text, "1.4")) == usd("0.10")
    assert check_file(none.text, "1.2") == []


async def test_a_tenants_viewer_is_sent_its_own_charges(tmp_path: Path) -> None:
    """And of another tenant nothing; who sees all may name one."""
    async with open_front(tmp_path) as front:
        admin = await as_admin(front)
        await front.edit()
        _, front.key = await front.mint("beta")
        await front.edit(resolution="2k")
        _, viewer = await front.mint("beta", Role.VIEWER)
        own = await front.ask("GET", "/v1/exports/focus", key=viewer)
        others = await front.ask("GET", "/v1/exports/focus?tenant=acme", key=viewer)
        named = await front.ask("GET", "/v1/exports/focus?tenant=acme", key=admin)

    assert [line["SubAccountName"] for line in check_file(own.text, "1.2")] == ["beta"]
    assert others.status == 403
    assert [line["SubAccountName"] for line in check_file(named.text, "1.2")] == ["acme"]
    assert named.headers["Content-Disposition"].endswith('"focus-1.2-acme.csv"')


async def test_every_filter_is_in_the_name(tmp_path: Path) -> None:
    """Also one whose value a name cannot have: no file of some rows is called as one of all."""
    query = "model=nano-banana-2-edit&resolution=2K&tag=team%3D%22ads%2F"
    async with open_front(tmp_path) as front:
        admin = await as_admin(front)
        named = await front.ask("GET", f"/v1/exports/focus?{query}&tenant=acme", key=admin)
        other = await front.ask("GET", "/v1/exports/focus?tenant=Acme%20%C3%84G", key=admin)

    assert re.fullmatch(
        r'attachment; filename="focus-1\.2-acme-nano-banana-2-edit-2k-team-ads\.[0-9a-f]{6}\.csv"',
        named.headers["Content-Disposition"],
    )
    assert re.fullmatch(
        r'attachment; filename="focus-1\.2-Acme-AG\.[0-9a-f]{6}\.csv"; '
        r"filename\*=UTF-8''focus-1\.2-Acme-%C3%84G\.[0-9a-f]{6}\.csv",
        other.headers["Content-Disposition"],
    )


@pytest.mark.parametrize("version", ["1.2", "1.4"])
async def test_the_metadata_is_a_part_of_its_own(tmp_path: Path, version: str) -> None:
    """It tells the columns of the file."""
    async with open_front(tmp_path) as front:
        told = await front.ask("GET", f"/v1/exports/focus?version={version}&part=metadata")
        data = await front.ask("GET", f"/v1/exports/focus?version={version}&part=data")

    columns = [one["ColumnName"] for one in json.loads(told.text)["ColumnDefinition"]]
    assert columns == data.text.strip().split(",")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("version=1.3", "`?version=` is one of 1.2, 1.4."),
        ("format=xml", "`?format=` is one of csv, parquet."),
        ("part=half", "`?part=` is one of data, metadata."),
        ("from=2026-11-02&to=2026-11-02", "`?to=` is not after `?from=`."),
        ("resolution=8k", "The resolution to filter by is one of 1k, 2k, 4k."),
        ("tag=team", "The tag to filter by is its key and its value, as team=ads."),
        ("from=today", "`?from=` is a date, or an instant as 2026-11-20T09:00:00Z."),
    ],
)
async def test_what_cannot_be_exported_is_refused(tmp_path: Path, query: str, told: str) -> None:
    """Before anything is sent."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("GET", f"/v1/exports/focus?{query}")

    assert (answer.status, answer.json["detail"]) == (400, told)


async def test_a_parquet_file_is_one(tmp_path: Path) -> None:
    """By its first and its last bytes."""
    async with open_front(tmp_path) as front:
        await front.edit()
        assert front.client is not None
        headers = {"Authorization": f"Bearer {front.key}"}
        async with front.client.get("/v1/exports/focus?format=parquet", headers=headers) as reply:
            data = await reply.read()

    assert reply.content_type == "application/vnd.apache.parquet"
    assert (data[:4], data[-4:]) == (b"PAR1", b"PAR1")


async def test_a_file_that_cannot_be_ended_breaks_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nobody takes a part for the whole; and the operator is told."""
    async with open_front(tmp_path) as front:
        await front.edit()

        async def broken(*_: object, **__: object) -> object:
            raise LedgerUnavailable("the disk is gone")

        monkeypatch.setattr(front.stage.ledger, "account_events", broken)
        assert front.client is not None
        admin = await as_admin(front)
        headers = {"Authorization": f"Bearer {admin}"}
        with pytest.raises(aiohttp.ClientError):
            async with front.client.get("/v1/exports/focus", headers=headers) as reply:
                await reply.read()

    assert "export_broken_off" in front.stage.audience.alarms
