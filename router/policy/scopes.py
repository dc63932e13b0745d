"""
Whose money a budget limits, and the account within the budget that an attempt falls into.

An account is text: `everyone`, `tenant:acme`, `tenant:acme,tag:team=ads,provider:runpod`. It keys
balances in the ledger, so what is written for one today must be written for it for ever.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import cast

from router.model.job import Job
from router.policy.scalars import NAME_PATTERN, read_name, read_words

EACH = "each"
"""Instead of a name: every one of them has a limit of its own."""
EVERYONE = "everyone"
TAG_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
TAG_VALUE_MAX = 128
_KEY_NAME_MAX = 200
_RESERVED = frozenset({EVERYONE, "each_tenant", "each_key"})
_TAG = "tag:"
SCOPE_SCHEMA = {
    "anyOf": [
        {"enum": [EVERYONE, "each_tenant", "each_key"]},
        {
            "type": "object",
            "properties": {
                **{
                    kind: {"type": "string", "pattern": NAME_PATTERN}
                    for kind in ("tenant", "model", "provider")
                },
                "key": {"type": "string", "minLength": 1, "maxLength": _KEY_NAME_MAX},
                "tag": {
                    "type": "object",
                    "propertyNames": {"pattern": f"^{TAG_NAME.pattern}$"},
                    "additionalProperties": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": TAG_VALUE_MAX,
                    },
                    "minProperties": 1,
                },
            },
            "additionalProperties": False,
            "minProperties": 1,
            "anyOf": [
                {"not": {"required": ["key"]}},
                {"required": ["tenant"]},
                {"properties": {"key": {"const": EACH}}},
            ],
        },
    ]
}
"""What can be written here, for editors."""
_HOW = (
    "write everyone, each_tenant, each_key, or one or more of tenant, key, model, provider and tag "
    "in braces, as {tenant: acme}, {tag: {team: ads}} or {tenant: each, provider: runpod}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What of a job its budgets look at."""

    tenant: str
    key: str = ""
    """The name of the API key that asked."""
    model: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    key_budget: str | None = None
    """What the key itself may spend, as `$20.00 per month`."""

    @classmethod
    def of(cls, job: Job) -> "JobFacts":
        """Take them from a job. One from before keys' names were kept goes by its key's id."""
        key = job.key_name or job.key_id
        return cls(
            tenant=job.tenant,
            key=key,
            model=job.model,
            tags=job.tags,
            key_budget=job.key_budget,
        )

    def parts(self, provider: str) -> dict[str, str]:
        """By what an attempt at a provider may be limited."""
        parts = {"tenant": self.tenant, "key": self.key, "model": self.model, "provider": provider}
        return parts | {_TAG + name: value for name, value in self.tags}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose money a budget limits. Without any part: everyone's."""

    tenant: str | None = None
    """A name, `each`, or None for all of them together; so the other parts."""
    key: str | None = None
    """An API key's name: who takes a new key of the same name goes on with its budget."""
    tags: tuple[tuple[str, str], ...] = ()
    """Names with a value or `each`, sorted; a job without the tag is none of the scope's."""
    model: str | None = None
    provider: str | None = None

    @property
    def wanted(self) -> dict[str, str]:
        """The parts that there are, in the order in which an account has them."""
        parts = {
            "tenant": self.tenant,
            "key": self.key,
            **{_TAG + name: value for name, value in self.tags},
            "model": self.model,
            "provider": self.provider,
        }
        return {kind: name for kind, name in parts.items() if name is not None}

    def account(self, parts: Mapping[str, str]) -> str | None:
        """
        Name the account that an attempt falls into.

        Args:
            parts: Of an attempt, as `JobFacts.parts` gives them.

        Returns:
            None when the attempt is none of this scope's.
        """
        wanted = self.wanted
        if not all(kind in parts and name in {EACH, parts[kind]} for kind, name in wanted.items()):
            return None
        return account_text({kind: parts[kind] for kind in wanted})

    def includes(self, account: str) -> bool:
        """Whether an account is one of this scope's."""
        parts = account_parts(account)
        return parts.keys() == self.wanted.keys() and self.account(parts) == account

    def accounts(self, known: Mapping[str, frozenset[str]]) -> Iterator[str]:
        """
        List the accounts that are there before anybody has spent.

        Args:
            known: By kind, which names there are; `each` of a kind that is missing has none.
        """
        choices = [
            sorted(known.get(kind, ())) if name == EACH else [name]
            for kind, name in self.wanted.items()
        ]
        for names in product(*choices):
            yield account_text(dict(zip(self.wanted, names, strict=True)))

    def shows(self, account: str, tenant: str) -> bool:
        """
        Whether a tenant may know of an account of this scope's: its own, and those that all share.

        Keys' names are their tenant's, and a tag's values are chosen by those who send them: of
        these only what is surely the tenant's own is shown. How much is in it is another question.
        """
        parts = account_parts(account)
        if "tenant" in parts:
            return parts["tenant"] == tenant
        return "key" not in parts and all(name != EACH for _, name in self.tags)


def account_text(parts: Mapping[str, str]) -> str:
    """Write an account: `tenant:acme,tag:team=ads`; a comma in a name is `%2C`, a `%` is `%25`."""
    return ",".join(_part(kind, name) for kind, name in parts.items()) or EVERYONE


def _part(kind: str, name: str) -> str:
    escaped = name.replace("%", "%25").replace(",", "%2C")
    return f"{kind}={escaped}" if kind.startswith(_TAG) else f"{kind}:{escaped}"


def account_parts(account: str) -> dict[str, str]:
    """Read an account: names by kind, a tag's kind being `tag:NAME`. None for everyone's."""
    parts: dict[str, str] = {}
    for part in account.split(",") if account != EVERYONE else ():
        # No tag's name has an equals sign, and no other kind a colon.
        kind, _, name = part.partition("=" if part.startswith(_TAG) else ":")
        parts[kind] = name.replace("%2C", ",").replace("%25", "%")
    return parts


def read_scope(value: object) -> Scope:
    """
    Read `everyone`, `each_key`, `{tenant: acme}`, `{tag: {team: ads}, provider: runpod}`.

    Raises:
        ValueError: Anything else.
    """
    if isinstance(value, Scope):
        return value
    if value == EVERYONE:
        return Scope()
    if value == "each_tenant":
        return Scope(tenant=EACH)
    if value == "each_key":
        return Scope(tenant=EACH, key=EACH)
    named = dict(cast("dict[str, object]", value)) if isinstance(value, dict) else {}
    if not named or not named.keys() <= {"tenant", "key", "tag", "model", "provider"}:
        raise ValueError(_HOW)
    tags = _read_tags(named.pop("tag")) if "tag" in named else ()
    names = {
        kind: read_words(name, _KEY_NAME_MAX) if kind == "key" else read_name(name)
        for kind, name in named.items()
    }
    # Who writes `{tenant: each_tenant}` does not mean a tenant of that name.
    if _RESERVED & set(names.values()):
        raise ValueError(_HOW)
    # Two tenants' keys of one name are two keys.
    if names.get("key") == EACH:
        names.setdefault("tenant", EACH)
    if "key" in names and "tenant" not in names:
        message = f"write whose key it is, as {{tenant: acme, key: {names['key']}}}"
        raise ValueError(message)
    return Scope(**names, tags=tags)


def _read_tags(value: object) -> tuple[tuple[str, str], ...]:
    tags = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    if not tags:
        raise ValueError("write a tag with its value, or with each, as {tag: {team: ads}}")
    for name in tags:
        if not TAG_NAME.fullmatch(name):
            message = f"'{name}' is no tag's name: letters, digits and '._:/-', at most 64"
            raise ValueError(message)
    return tuple(sorted((name, read_words(text, TAG_VALUE_MAX)) for name, text in tags.items()))
