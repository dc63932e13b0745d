from dataclasses import replace

import pytest

from router.cli.mistakes import Mistake
from router.cli.serve import chosen, refuse_unservable
from router.settings import BadSetting, ProviderSettings, read_settings


def test_an_option_beats_its_variable() -> None:
    """One that was not given leaves it alone; zero is given."""
    settings = read_settings({"FAREBOX_PORT": "8081", "FAREBOX_HOST": "10.0.0.7"})

    picked = chosen(settings, port=0, host=None)

    assert (picked.port, picked.host) == (0, "10.0.0.7")


def test_one_provider_with_a_key_is_enough() -> None:
    """The other one has an obstacle; it is not an error."""
    refuse_unservable(read_settings({"RUNPOD_API_KEY": "rp_1"}), sandbox=False)


def test_the_stand_ins_need_no_key() -> None:
    """And without them a key must be there: the variables are named."""
    settings = read_settings({})

    refuse_unservable(settings, sandbox=True)
    with pytest.raises(Mistake, match="SHORTAPI_KEY or RUNPOD_API_KEY"):
        refuse_unservable(settings, sandbox=False)


def test_more_than_one_worker_is_refused() -> None:
    """It says what they would need."""
    settings = replace(read_settings({}), workers=3)

    with pytest.raises(Mistake, match="--workers 3 needs PostgreSQL"):
        refuse_unservable(settings, sandbox=True)


def test_a_database_that_cannot_be_meant_is_refused_first() -> None:
    """Before a port is taken or a file is made."""
    settings = replace(
        read_settings({}),
        database="farebox.db",
        providers={"runpod": ProviderSettings(url="https://api.runpod.ai", key="rp_2")},
    )

    with pytest.raises(BadSetting, match=r"is not sqlite:///PATH"):
        refuse_unservable(settings, sandbox=False)
