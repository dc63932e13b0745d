"""One house for all tests of the client packages, and accounts at it."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from tests.client_house import Accounts, House, accounts, open_house


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Generator[House]:
    """A router and its providers' stand-ins, once for each process that runs tests."""
    with open_house(tmp_path_factory.mktemp("house")) as opened:
        yield opened


@pytest.fixture
async def bank(house: House, tmp_path: Path) -> AsyncGenerator[Accounts]:
    """Accounts at the house; no fault of an earlier test is left."""
    async with accounts(house, tmp_path) as opened:
        yield opened
