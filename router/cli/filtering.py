"""What commands about money are filtered by: the same words everywhere, as on the page."""

from collections.abc import Mapping
from typing import Annotated

import typer

from router.finance.filters import NAMES

TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="Only what this one was charged.")
]
ProviderOption = Annotated[
    str | None, typer.Option("--provider", help="Only what this one charged.")
]
ModelOption = Annotated[str | None, typer.Option("--model", help="Only edits by this model.")]
ResolutionOption = Annotated[
    str | None, typer.Option("--resolution", help="Only edits of 1k, 2k or 4k.")
]
TagOption = Annotated[str | None, typer.Option("--tag", help="Only edits with it, as team=ads.")]


def filters(said: Mapping[str, str | None]) -> dict[str, str]:
    """The query of what is filtered by; what was written empty goes along, and is refused."""
    return {name: text for name in NAMES if (text := said.get(name)) is not None}


def nothing_of(query: Mapping[str, str]) -> str:
    """
    Say of what nothing was booked.

    Providers and models that nobody knows are refused. A tenant is whoever a key names, so that a
    name without charges may be one to come, or a slip of the pen: whoever wrote it can tell.
    """
    tenant = query.get("tenant")
    others = [f"{name} {query[name]}" for name in NAMES if name != "tenant" and name in query]
    whose = "" if tenant is None else f" for tenant {tenant}"
    which = f" with {', '.join(others)}" if others else ""
    return f"Nothing was booked{whose}{which} in that time."
