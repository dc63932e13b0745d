"""Commands in this process, for acceptance tests that need no other."""

from tests.unit.cli.conftest import farebox

__all__ = ["farebox"]
