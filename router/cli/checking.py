"""What kind of file something is, and what is wrong with it: a policy, a price book or budgets."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from router.policy.budgets import Budget
from router.policy.explain import explain
from router.policy.loader import FILE_BYTES_MAX, content_of, load_policy
from router.policy.policy import Policy
from router.policy.prices import PriceBook
from router.policy.problems import Place, PolicyError, Problem
from router.policy.scalars import Row
from router.policy.yaml_nodes import Mapping, Node, Sequence, place_of, plain, read_tree

Kind = Literal["policy", "prices", "budgets"]


@dataclass(frozen=True, slots=True)
class Checked:
    """One file, and what was found."""

    path: Path
    kind: Kind
    problems: tuple[Problem, ...] = ()
    summary: str = ""
    """What it says, in a few words; empty when something is wrong."""
    policy: Policy | None = None
    book: PriceBook | None = None
    """A sound price book, the policy's own or this one."""


class _Budgets(Row):
    """A file of budgets is a list; a list has no model of its own."""

    budgets: tuple[Budget, ...] = Field(min_length=1)


def check_file(path: Path) -> Checked:
    """Check one file by what is in it, whatever it is called."""
    text = _text(path)
    if text is None:
        # The loader says what is wrong, as it says everything else.
        return _check_policy(path)
    try:
        tree = read_tree(str(path), text)
    except PolicyError as error:
        return Checked(path, "policy", error.problems)
    if isinstance(tree.root, Sequence):
        return _check_budgets(path, tree.root, tree.problems)
    if isinstance(tree.root, Mapping) and "policy" not in tree.root.entries:
        if "offers" in tree.root.entries or "providers" in tree.root.entries:
            return _check_prices(path, tree.root, tree.problems)
        if "budgets" in tree.root.entries and len(tree.root.entries) == 1:
            message = "a file of budgets is the list alone, without 'budgets:' above it"
            return Checked(path, "budgets", (tree.root.place.problem(message),))
    return _check_policy(path)


def _text(path: Path) -> str | None:
    """What a file says; None where it cannot be read whole, as text."""
    content = content_of(path)
    if not isinstance(content, bytes) or len(content) > FILE_BYTES_MAX:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _check_policy(path: Path) -> Checked:
    try:
        policy = load_policy(path)
    except PolicyError as error:
        return Checked(path, "policy", error.problems)
    kept = _counted(len(policy.examples), "example", "kept")
    return Checked(
        path, "policy", (), f"{policy.name}: {policy.summary} {kept}.", policy, policy.prices
    )


def _check_prices(path: Path, root: Node, broken: tuple[Problem, ...]) -> Checked:
    try:
        book = PriceBook.model_validate(plain(root))
    except ValidationError as error:
        return Checked(path, "prices", _merged(broken, explain(error, root, PriceBook)))
    flaws = [place_of(root, flaw.path).problem(flaw.message) for flaw in book.flaws()]
    summary = (
        f"a price book: {_counted(len(book.offers_listed), 'offer')} of "
        f"{_counted(len(book.provider_names), 'provider')}."
    )
    return Checked(path, "prices", _merged(broken, flaws), summary, book=book)


def _check_budgets(path: Path, listed: Sequence, broken: tuple[Problem, ...]) -> Checked:
    root = Mapping(listed.place, {"budgets": (listed.place, listed)})
    try:
        budgets = _Budgets.model_validate(plain(root)).budgets
    except ValidationError as error:
        return Checked(path, "budgets", _merged(broken, explain(error, root, _Budgets)))
    twice = [
        _name_place(root, index).problem(f"a second budget named '{budget.name}'")
        for index, budget in enumerate(budgets)
        if budget.name in {earlier.name for earlier in budgets[:index]}
    ]
    flaws = [
        place_of(root, ("budgets", index, *flaw.path)).problem(flaw.message)
        for index, budget in enumerate(budgets)
        for flaw in budget.flaws()
    ]
    found = _merged(broken, [*twice, *flaws])
    return Checked(path, "budgets", found, f"{_counted(len(budgets), 'budget')}.")


def _name_place(root: Node, index: int) -> Place:
    return place_of(root, ("budgets", index, "name"))


def _merged(broken: tuple[Problem, ...], found: list[Problem]) -> tuple[Problem, ...]:
    """Tell each place once, in the order of the lines."""
    told = {(problem.line, problem.column) for problem in broken}
    rest = [problem for problem in found if (problem.line, problem.column) not in told]
    return tuple(sorted([*broken, *rest]))


def _counted(count: int, what: str, how: str = "") -> str:
    return f"{count} {what}{'s' * (count != 1)}{' ' * bool(how)}{how}"
