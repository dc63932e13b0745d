from hypothesis import given
from hypothesis import strategies as st

from router.model.job import Job, Resolution
from router.policy.rule_index import RuleIndex
from router.policy.rules import Rule, When
from tests.fakes import a_job

NAMES = st.lists(st.sampled_from("ab"), max_size=2, unique=True)
TAGS = st.dictionaries(st.sampled_from("st"), st.sampled_from("xy"), max_size=2)
WHENS = st.builds(
    lambda model, resolution, tenant, tag: {
        key: said
        for key, said in (
            ("model", model),
            ("resolution", resolution),
            ("tenant", tenant),
            ("tag", tag),
        )
        if said
    },
    NAMES,
    st.lists(st.sampled_from([*Resolution]), max_size=2, unique=True),
    NAMES,
    TAGS,
).filter(bool)
JOBS = st.builds(
    lambda model, resolution, tenant, tags: a_job(
        model=model, resolution=resolution, tenant=tenant, tags=tuple(sorted(tags.items()))
    ),
    st.sampled_from("abc"),
    st.sampled_from(Resolution),
    st.sampled_from("abc"),
    TAGS,
)


@given(whens=st.lists(WHENS, max_size=8), jobs=st.lists(JOBS, min_size=1, max_size=5))
def test_it_finds_what_asking_every_rule_in_turn_finds(
    whens: list[dict[str, object]], jobs: list[Job]
) -> None:
    """For any rules and any job: the first that matches, or none."""
    rules = [
        Rule(name=f"r{number}", when=When.model_validate(when)) for number, when in enumerate(whens)
    ]
    index = RuleIndex.of(rules)

    for job in jobs:
        matching = (place for place, rule in enumerate(rules) if rule.when.matches(job))
        assert index.place(job) == next(matching, None)


def test_an_index_is_as_its_rules_are() -> None:
    """So that two policies that say the same are equal."""
    rules = [Rule(name="a", when=When.model_validate({"tenant": "b"}))]

    assert RuleIndex.of(rules) == RuleIndex.of(list(rules))
    assert RuleIndex.of(rules) != RuleIndex.of([])
