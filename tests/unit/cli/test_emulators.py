from dataclasses import replace

import aiohttp
import pytest

from router.cli.emulators import emulators, pointed_at
from router.cli.mistakes import Mistake
from router.settings import ProviderSettings, read_settings


async def test_the_stand_ins_listen_and_end() -> None:
    """Both providers at one address; a second one there is told."""
    async with emulators(speed=50, seed=1) as started, aiohttp.ClientSession() as session:
        async with session.get(f"{started.url}/_truth") as reply:
            truth = await reply.json()
        port = int(started.url.rpartition(":")[2])
        with pytest.raises(Mistake, match=f"cannot listen on 127.0.0.1:{port}"):
            async with emulators(port=port):
                pass
    assert set(truth["totals"]) == {"shortapi", "runpod"}

    async with emulators(port=port):
        pass


def test_pointed_at_the_stand_ins_no_real_key_is_sent() -> None:
    """Neither a key nor a proxy of the environment is used any more; callbacks come back here."""
    real = replace(
        read_settings({"SHORTAPI_KEY": "sk_real", "FAREBOX_EGRESS_PROXY": "http://proxy:1"}),
        port=8123,
        fetch_allow=("minio",),
    )

    pointed = pointed_at("http://127.0.0.1:9", real)

    assert {one.url for one in pointed.providers.values()} == {"http://127.0.0.1:9"}
    assert {one.key for one in pointed.providers.values()} == {"sandbox"}
    assert pointed.fetch_allow == ("minio", "127.0.0.1")
    assert pointed.public_url == "http://127.0.0.1:8123"
    assert pointed.egress_proxy is None


def test_a_public_url_of_ones_own_stays() -> None:
    """Whoever sets it knows where the router is reached."""
    settings = replace(
        read_settings({}),
        public_url="https://router.example",
        providers={"runpod": ProviderSettings(url="x")},
    )

    assert pointed_at("http://127.0.0.1:9", settings).public_url == "https://router.example"
