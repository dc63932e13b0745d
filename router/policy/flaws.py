"""What the parts of a policy say against each other: equal names, and names that nobody has."""

from collections.abc import Iterator

from router.policy.budgets import KEY_BUDGET
from router.policy.explain import closest
from router.policy.policy import DOUBLE_SPEND, Example, Policy
from router.policy.preference import FixedOrder, Preference
from router.policy.problems import Flaw
from router.policy.rules import OTHERWISE, Rule
from router.policy.scopes import EACH, Scope
from router.policy.stages import Stage

_Path = tuple[str | int, ...]


def flaws(policy: Policy) -> Iterator[Flaw]:
    """Find them all, in the order of the subjects."""
    for flaw in policy.prices.flaws():
        yield Flaw(("prices", *flaw.path), flaw.message)
    yield from _flaws_of_deadlines(policy)
    yield from _flaws_of_budgets(policy)
    yield from _unknown_providers(policy, policy.prefer, ("prefer",))
    yield from _flaws_of_rules(policy)
    yield from _flaws_of_stages(policy)
    for index, example in enumerate(policy.examples):
        yield from _flaws_of_example(policy, example, ("examples", index))


def _flaws_of_deadlines(policy: Policy) -> Iterator[Flaw]:
    whole, longest = policy.deadline_s, policy.deadline_max_s
    yield from _flaws_of_deadline(policy, whole, ("deadline",))
    if whole > longest:
        message = f"'deadline' ({whole:g}s) is longer than 'deadline_max' ({longest:g}s)"
        yield Flaw(("deadline_max",), message)
    for key, kept in (("prompts", policy.keep.prompts_s), ("images", policy.keep.images_s)):
        # What a job may yet be sent with cannot be thrown away.
        if kept is not None and kept < longest:
            message = f"'{key}' ({kept:g}s) is shorter than 'deadline_max' ({longest:g}s)"
            yield Flaw(("keep", key), message)


def _flaws_of_deadline(policy: Policy, whole: float, path: _Path) -> Iterator[Flaw]:
    create = policy.create_deadline_s
    if create > whole:
        message = f"'create_deadline' ({create:g}s) is longer than 'deadline' ({whole:g}s)"
        yield Flaw(path, message)


def _flaws_of_budgets(policy: Policy) -> Iterator[Flaw]:
    seen: set[str] = set()
    for index, budget in enumerate(policy.budgets):
        path = ("budgets", index, "name")
        if budget.name == DOUBLE_SPEND:
            yield Flaw(path, f"'{DOUBLE_SPEND}' is the name of failover's own budget")
        if budget.name == KEY_BUDGET:
            yield Flaw(path, f"'{KEY_BUDGET}' is the name of keys' own budgets")
        if budget.name in seen:
            yield Flaw(path, f"a second budget named '{budget.name}'")
        seen.add(budget.name)
        for flaw in budget.flaws():
            yield Flaw(("budgets", index, *flaw.path), flaw.message)
        yield from _flaws_of_scope(policy, budget.scope, ("budgets", index, "who"))


def _flaws_of_scope(policy: Policy, scope: Scope, path: _Path) -> Iterator[Flaw]:
    if scope.provider not in {None, EACH}:
        yield from _unknown_provider(policy, str(scope.provider), (*path, "provider"))
    if scope.model not in {None, EACH}:
        yield from _unknown_model(policy, str(scope.model), (*path, "model"))


def _flaws_of_rules(policy: Policy) -> Iterator[Flaw]:
    for index, rule in enumerate(policy.rules):
        path, earlier = ("rules", index), policy.rules[:index]
        if rule.name == OTHERWISE:
            yield Flaw(
                (*path, "name"), f"'{OTHERWISE}' is the policy itself, where no rule matches"
            )
        if rule.name in {other.name for other in earlier}:
            yield Flaw((*path, "name"), f"a second rule named '{rule.name}'")
        winner = next((other for other in earlier if other.when.covers(rule.when)), None)
        if winner is not None:
            message = f"this rule never wins: '{winner.name}' above it takes all of these jobs"
            yield Flaw((*path, "when"), message)
        for place, model in enumerate(rule.when.model):
            yield from _unknown_model(policy, model, (*path, "when", "model", place))
        yield from _flaws_of_changes(policy, rule, path)


def _flaws_of_changes(policy: Policy, rule: Rule, path: _Path) -> Iterator[Flaw]:
    if rule.prefer is not None:
        yield from _unknown_providers(policy, rule.prefer, (*path, "prefer"))
    longest, most = policy.deadline_max_s, policy.failover.double_spend_max
    if rule.deadline_s is not None:
        yield from _flaws_of_deadline(policy, rule.deadline_s, (*path, "deadline"))
        if rule.deadline_s > longest:
            message = f"'deadline' ({rule.deadline_s:g}s) is longer than 'deadline_max' "
            yield Flaw((*path, "deadline"), f"{message}({longest:g}s)")
    asked = rule.failover.double_spend_max
    if asked is not None and asked > most:
        message = f"{asked.usd} is above the policy's own 'double_spend_max' of {most.usd}"
        yield Flaw((*path, "failover", "double_spend_max"), f"{message}, which is one for all")


def _flaws_of_stages(policy: Policy) -> Iterator[Flaw]:
    furthest: dict[str, int] = {}
    for index, stage in enumerate(policy.stages):
        path = ("stages", index)
        yield from _flaws_of_threshold(policy, stage, (*path, "when"))
        percent, before = stage.when.percent, furthest.get(stage.when.budget, 0)
        if percent <= before:
            message = f"stages of '{stage.when.budget}' go upwards, and {before}% stands above"
            yield Flaw((*path, "when"), message)
        furthest[stage.when.budget] = max(percent, before)
        if stage.prefer is not None:
            yield from _unknown_providers(policy, stage.prefer, (*path, "prefer"))


def _flaws_of_threshold(policy: Policy, stage: Stage, path: _Path) -> Iterator[Flaw]:
    budgets = {budget.name: budget for budget in policy.budgets}
    name = stage.when.budget
    if name not in budgets:
        yield Flaw(path, f"there is no budget '{name}'{closest(name, budgets)}")
    elif budgets[name].scope.provider is not None:
        message = f"'{name}' is a budget on providers, and who serves is chosen later"
        yield Flaw(path, f"{message}: write one that does not name them")


def _flaws_of_example(policy: Policy, example: Example, path: _Path) -> Iterator[Flaw]:
    yield from _unknown_model(policy, example.model, (*path, "model"))
    for index, provider in enumerate(example.down):
        yield from _unknown_provider(policy, provider, (*path, "down", index))
    for key, expected in (("expect", example.expect), ("then", example.then)):
        if expected is not None and expected.provider is not None:
            yield from _unknown_provider(policy, expected.provider, (*path, key))
    for name, _ in example.latency:
        yield from _unknown_provider(policy, name, (*path, "latency", name))
    names = [budget.name for budget in policy.budgets]
    for name, _ in example.used:
        if name not in names:
            message = f"there is no budget '{name}'{closest(name, names)}"
            yield Flaw((*path, "used", name), message)
    to = example.downshifted_to
    if to is not None and to.long_side_px >= example.job.long_side_px:
        yield Flaw((*path, "downshifted_to"), f"{to} is not below {example.job}")


def _unknown_model(policy: Policy, model: str, path: _Path) -> Iterator[Flaw]:
    known = policy.prices.models
    if model not in known:
        yield Flaw(path, f"nobody sells '{model}'{closest(model, known)}")


def _unknown_providers(policy: Policy, prefer: Preference, path: _Path) -> Iterator[Flaw]:
    for index, provider in enumerate(prefer.providers):
        where = ("order", index) if isinstance(prefer, FixedOrder) else ("weights", provider)
        yield from _unknown_provider(policy, provider, (*path, *where))


def _unknown_provider(policy: Policy, provider: str, path: _Path) -> Iterator[Flaw]:
    known = policy.prices.provider_names
    if provider not in known:
        yield Flaw(path, f"the price book has no provider '{provider}'{closest(provider, known)}")
