"""
A policy's rules, made ready to be asked for every job: which is the first that matches?

For each value that a rule names stands which rules let it through, as bits, the first rule the
lowest: of a job's model, resolution and tenant, and of its tags by the first one that each rule
names. What remains of all four are the few rules whose tags are then looked at, all of them. So
fifty rules cost about as much as one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from router.policy.rules import Matched, Rule


class _Column:
    """What rules say of one thing: for each value, the rules that let it through."""

    def __init__(self, named: Sequence[tuple[str, ...]]) -> None:
        """
        Args:
            named: The values that each rule names; none: it lets all through.
        """
        self.otherwise = sum(1 << place for place, values in enumerate(named) if not values)
        self.by_value: dict[str, int] = {}
        for place, values in enumerate(named):
            for value in values:
                before = self.by_value.get(value, self.otherwise)
                self.by_value[value] = before | 1 << place


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """Finds a job's rule. A value: as its rules are."""

    rules: tuple[Rule, ...]
    _tags: tuple[frozenset[tuple[str, str]], ...] = field(compare=False, repr=False)
    _columns: tuple[_Column, _Column, _Column] = field(compare=False, repr=False)
    _first_tag: Mapping[tuple[str, str], int] = field(compare=False, repr=False)
    _without_tags: int = field(compare=False, repr=False)

    @classmethod
    def of(cls, rules: Sequence[Rule]) -> "RuleIndex":
        """Make ready the rules of a policy, in their order."""
        whens = [rule.when for rule in rules]
        first_tag: dict[tuple[str, str], int] = {}
        without_tags = 0
        for place, when in enumerate(whens):
            if when.tag:
                first_tag[when.tag[0]] = first_tag.get(when.tag[0], 0) | 1 << place
            else:
                without_tags |= 1 << place
        return cls(
            tuple(rules),
            tuple(frozenset(when.tag) for when in whens),
            (
                _Column([when.model for when in whens]),
                _Column([when.resolution for when in whens]),
                _Column([when.tenant for when in whens]),
            ),
            first_tag,
            without_tags,
        )

    def place(self, job: Matched) -> int | None:
        """Where the first rule stands that matches a job; None: none does."""
        model, resolution, tenant = self._columns
        tagged = self._without_tags
        for tag in job.tags:
            tagged |= self._first_tag.get(tag, 0)
        left = (
            tagged
            & model.by_value.get(job.model, model.otherwise)
            & resolution.by_value.get(job.resolution, resolution.otherwise)
            & tenant.by_value.get(job.tenant, tenant.otherwise)
        )
        while left:
            lowest = left & -left
            place = lowest.bit_length() - 1
            if self._tags[place].issubset(job.tags):
                return place
            left ^= lowest
        return None
