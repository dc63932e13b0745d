"""What every test shares: Hypothesis profiles, and how many seeds a simulated test runs with."""

import pytest
from hypothesis import settings

# The gate gives the same verdict twice; `make prove` draws afresh, and prints how to repeat it.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("prove", max_examples=2_000, deadline=None, print_blob=True)
settings.load_profile("gate")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that say which seeds to run."""
    parser.addoption("--seeds", type=int, default=36, help="how many seeds each simulation runs")
    parser.addoption("--first-seed", type=int, default=0, help="the first of them")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes a `seed` once for each of them."""
    if "seed" in metafunc.fixturenames:
        first = metafunc.config.getoption("--first-seed")
        seeds = range(first, first + metafunc.config.getoption("--seeds"))
        metafunc.parametrize("seed", seeds, ids=lambda seed: f"seed-{seed}")
