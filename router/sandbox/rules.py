"""
When faults happen.

A rule fires for the next `times` calls it fits (after letting `skip` of them pass), or with a
seeded `probability` for each. Rules are asked in the order in which they were given. A call meets
at most one fault of each kind, so a create can lose its reply and make a job that fails.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from router.sandbox.faults import FAULTS, Fault, Kind, Operation
from router.sandbox.money import nanos
from router.sandbox.truth import PROVIDERS
from router.sandbox.wire import as_list, as_object


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The numbers that some faults take; None is the fault's own default."""

    factor: Decimal | None = None
    amount_nanos: int | None = None
    value: str | None = None
    """Which nonsense: `nan`, `negative`, `huge`, `text`."""
    seconds: float | None = None
    retry_after_s: int | None = None
    location: str | None = None


@dataclass(slots=True, kw_only=True)
class Rule:
    """When a fault happens."""

    fault: Fault
    operation: Operation
    provider: str | None = None
    """None is any."""
    times: int | None = None
    """How many calls are still to meet it; None with a probability."""
    probability: float | None = None
    skip: int = 0
    """How many calls still pass before it starts."""
    options: Options = Options()

    @property
    def name(self) -> str:
        """The fault's name."""
        return self.fault.name

    def as_json(self) -> dict[str, Any]:
        """Show what is left of it."""
        return {
            "fault": self.name,
            "operation": self.operation.value,
            "provider": self.provider,
            "times": self.times,
            "probability": self.probability,
            "skip": self.skip,
        }


class InvalidFault(ValueError):
    """The sentence says what is wrong with a rule."""


class Faults:
    """The rules in force."""

    def __init__(self, entropy: random.Random) -> None:
        self._entropy = entropy
        self._rules: list[Rule] = []

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those that can still fire."""
        return tuple(self._rules)

    def inject(self, fault: str, **settings: Any) -> None:
        """
        Add one rule, written as in `POST /_faults`.

        Raises:
            InvalidFault: It is not one.
        """
        self._rules.append(read_rule({"fault": fault, **settings}))

    def load(self, document: Any) -> int:
        """
        Add the rules of a JSON document: one rule, a list, or `{"faults": [...]}`. All or none.

        Raises:
            InvalidFault: One of them is not a rule.
        """
        listed = as_object(document).get("faults", document)
        rules = [read_rule(item) for item in as_list(listed) or [listed]]
        self._rules.extend(rules)
        return len(rules)

    def clear(self) -> None:
        """Everything works again. Jobs that were made with a fault keep it."""
        self._rules.clear()

    def take(self, provider: str, operation: Operation, kind: Kind) -> Rule | None:
        """Find the rule that this call meets, and use it up by one."""
        for rule in self._rules:
            fits = rule.operation is operation and rule.provider in {None, provider}
            if fits and rule.fault.at[operation] is kind and self._fires(rule):
                if rule.times == 0:
                    self._rules.remove(rule)
                return rule
        return None

    def _fires(self, rule: Rule) -> bool:
        if rule.skip > 0:
            rule.skip -= 1
            return False
        if rule.times is None:
            return self._entropy.random() < (rule.probability or 0.0)
        rule.times -= 1
        return True


_RULE_KEYS = frozenset({"fault", "provider", "operation", "times", "probability", "skip"})
_GARBAGE = ("nan", "negative", "huge", "text")
_DECIMAL_MAX = 1_000_000_000


def read_rule(document: Any) -> Rule:
    """
    Read one rule from JSON.

    Raises:
        InvalidFault: With a sentence for the one who wrote it.
    """
    given = as_object(document)
    fault = FAULTS.get(str(given.get("fault")))
    if fault is None:
        raise InvalidFault(f"unknown fault {given.get('fault')!r}; GET /_faults lists them")
    unknown = sorted(set(given) - _RULE_KEYS - fault.options)
    if unknown:
        raise InvalidFault(f"{fault.name} takes no {', '.join(unknown)}")
    provider = given.get("provider")
    if provider not in (None, *PROVIDERS):
        raise InvalidFault(f"provider must be one of {', '.join(PROVIDERS)}, not {provider!r}")
    probability = _number(given, "probability", 1.0)
    times = _count(given, "times", 1, None if probability is not None else 1)
    if probability is not None and times is not None:
        raise InvalidFault("times and probability exclude each other")
    operation = _operation(fault, given.get("operation"))
    if fault.at[operation] is Kind.VIEW and fault.options & given.keys():
        raise InvalidFault(f"{fault.name} at {operation.value} is one answer and takes no numbers")
    return Rule(
        fault=fault,
        operation=operation,
        provider=provider,
        times=times,
        probability=probability,
        skip=_count(given, "skip", 0, 0) or 0,
        options=_options(given),
    )


def _operation(fault: Fault, name: object) -> Operation:
    known = {operation.value: operation for operation in fault.at}
    if name is None:
        return next(iter(fault.at))
    if not isinstance(name, str) or name not in known:
        raise InvalidFault(f"{fault.name} can happen at {', '.join(known)}, not at {name!r}")
    return known[name]


def _options(given: Mapping[str, Any]) -> Options:
    value = given.get("value")
    if value not in (None, *_GARBAGE):
        raise InvalidFault(f"value must be one of {', '.join(_GARBAGE)}")
    location = given.get("location")
    if location is not None and not isinstance(location, str):
        raise InvalidFault("location must be a string")
    amount = _decimal(given, "amount")
    return Options(
        factor=_decimal(given, "factor"),
        amount_nanos=None if amount is None else nanos(amount),
        value=value,
        seconds=_number(given, "seconds", 86_400.0),
        retry_after_s=_count(given, "retry_after_s", 0, None),
        location=location,
    )


def _count(given: Mapping[str, Any], key: str, lowest: int, default: int | None) -> int | None:
    value = given.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
        raise InvalidFault(f"{key} must be a whole number, {lowest} or more")
    return value


def _number(given: Mapping[str, Any], key: str, highest: float) -> float | None:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= highest:
        raise InvalidFault(f"{key} must be a number from 0 to {highest:g}")
    return float(value)


def _decimal(given: Mapping[str, Any], key: str) -> Decimal | None:
    value = given.get(key)
    if value is None:
        return None
    try:
        number = Decimal(value) if isinstance(value, str | int) else Decimal("NaN")
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= _DECIMAL_MAX:
        raise InvalidFault(f"{key} must be a decimal number in a string, 0 to {_DECIMAL_MAX}")
    return number
