"""Budgets: a limit, per window, for somebody's money. All budgets that match an attempt apply."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Annotated, cast

from pydantic import Field, PlainValidator, WithJsonSchema

from router.model.budget import Limit
from router.policy.scalars import NAME_PATTERN, Dollars, Name, Row, read_name
from router.policy.windows import Window, bounds, read_zone


class OnLimit(StrEnum):
    """What becomes of a job that does not fit."""

    REJECT = "reject"
    """It is refused."""
    DOWNSHIFT = "downshift"
    """It is tried at the next lower resolution, and the client is told."""


EACH = "each"
"""Instead of a name: every tenant, or every provider, has a limit of its own."""
_RESERVED = frozenset({"everyone", "each_tenant"})
_HOW = (
    "write everyone, each_tenant, {tenant: acme}, {provider: runpod}, "
    "{tenant: acme, provider: runpod} or {tenant: each, provider: runpod}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose money a budget limits. With neither part: everyone's."""

    tenant: str | None = None
    """A name, `each`, or None for all of them together."""
    provider: str | None = None
    """A name, `each`, or None for all of them together."""

    def text(self, tenant: str, provider: str) -> str | None:
        """
        Name the account that an attempt falls into: `tenant:acme,provider:runpod`.

        Returns:
            None when the attempt is none of this scope's.
        """
        parts: list[str] = []
        for kind, wanted, actual in (
            ("tenant", self.tenant, tenant),
            ("provider", self.provider, provider),
        ):
            if wanted not in {None, EACH, actual}:
                return None
            if wanted is not None:
                parts.append(f"{kind}:{actual}")
        return ",".join(parts) or "everyone"


def _read_scope(value: object) -> Scope:
    if isinstance(value, Scope):
        return value
    if value == "everyone":
        return Scope()
    if value == "each_tenant":
        return Scope(tenant=EACH)
    named = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    if not named or not named.keys() <= {"tenant", "provider"}:
        raise ValueError(_HOW)
    names = {kind: read_name(name) for kind, name in named.items()}
    # Who writes `{tenant: each_tenant}` does not mean a tenant of that name.
    if _RESERVED & set(names.values()):
        raise ValueError(_HOW)
    return Scope(**names)


_SCOPE = {
    "anyOf": [
        {"enum": ["everyone", "each_tenant"]},
        {
            "type": "object",
            "properties": {
                kind: {"type": "string", "pattern": NAME_PATTERN} for kind in ("tenant", "provider")
            },
            "additionalProperties": False,
            "minProperties": 1,
        },
    ]
}


class Budget(Row):
    """One limit, as the file says it."""

    name: Name
    scope: Annotated[Scope, PlainValidator(_read_scope), WithJsonSchema(_SCOPE)] = Field(
        alias="who"
    )
    limit: Dollars
    per: Window
    time_zone: Annotated[tzinfo, PlainValidator(read_zone, json_schema_input_type=str)] = UTC
    on_limit: OnLimit = OnLimit.REJECT
    """What becomes of a job that does not fit."""

    def limit_for(self, tenant: str, provider: str, at: datetime) -> Limit | None:
        """
        Say what limits an attempt of a tenant at a provider, if this budget does.

        Args:
            tenant: Whose job it is.
            provider: Who would bill.
            at: When the hold is made; decides the window.
        """
        scope = self.scope.text(tenant, provider)
        if scope is None:
            return None
        start, end = bounds(self.per, self.time_zone, at)
        return Limit(
            budget=self.name, scope=scope, window_start=start, window_end=end, limit=self.limit
        )
