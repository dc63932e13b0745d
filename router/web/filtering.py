"""What a request filters by, wherever money is told of: read alike, and refused alike."""

from collections.abc import Mapping
from dataclasses import replace

from router.finance.filters import read_filter
from router.finance.naming import Naming
from router.finance.overview import Filter
from router.web.visit import Visit


def filter_of(visit: Visit, query: Mapping[str, str]) -> Filter:
    """
    Read what a query filters by; who sees one tenant is shown that one's.

    Args:
        visit: Whose.
        query: By the names of `finance.filters.NAMES`; others are let be.

    Raises:
        Malformed: Something in it fits no row.
        Forbidden: It is about another tenant.
    """
    said = read_filter(query)
    if said.tenant is None and visit.caller.sees_all:
        return said
    return replace(said, tenant=visit.tenant(said.tenant))


def naming_of(visit: Visit) -> Naming:
    """Which names the caller may filter by: of who sees one tenant, that one's and the book's."""
    caller = visit.caller
    tenant = None if caller.sees_all else caller.tenant
    return Naming.of(visit.services.policy().prices, tenant)


async def check_names(visit: Visit, meant: Filter) -> None:
    """
    See that a request filters by names that somebody knows, where no press is at work.

    Raises:
        Malformed: It does not.
        LedgerUnavailable: The books cannot be read.
    """
    naming = naming_of(visit)
    await naming.check(visit.services.ledger, provider=meant.provider, model=meant.model)
