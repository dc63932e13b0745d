import re
from pathlib import Path

import pytest

from router.policy.loader import (
    FILE_BYTES_MAX,
    fingerprint,
    load_policy,
    read_bundle,
    read_policy,
    shipped_policy_path,
)
from router.policy.policy import Policy
from router.policy.problems import PolicyError
from tests.policy_files import BUDGETS, INCLUDING, POLICY, PRICES, write_policy


def problems(path: Path) -> list[str]:
    """Load what cannot be loaded; returns each problem without its excerpt."""
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    return [
        f"{Path(found.file).name}:{found.line}:{found.column}: {found.message}"
        for found in caught.value.problems
    ]


def second_price(until: str, start: str) -> str:
    """A price book in which ShortAPI's price ends, and another one starts."""
    first = PRICES.replace("images_max: 3", f"until: {until}")
    return f"""{first}  - provider: shortapi
    model: nano-banana-2-edit
    slug: google/nano-banana-2/edit
    from: {start}
    source: its page
    verified: true
    per_image: {{1k: $0.05}}
"""


@pytest.mark.parametrize(
    ("until", "start", "expected"),
    [
        (
            "2026-12-01",
            "2026-11-01",
            (
                "prices.yaml:28:11: overlap: shortapi nano-banana-2-edit has another price from "
                "this instant on"
            ),
        ),
        (
            "2026-12-02",
            "2026-12-01",
            (
                "prices.yaml:14:12: overlap: the next price of shortapi nano-banana-2-edit starts "
                "before this one ends"
            ),
        ),
        (
            "2026-12-01",
            "2026-12-01T00:00:01Z",
            (
                "prices.yaml:14:12: gap: the next price of shortapi nano-banana-2-edit starts only "
                "after this one ends"
            ),
        ),
    ],
)
def test_prices_neither_overlap_nor_leave_gaps(
    tmp_path: Path, until: str, start: str, expected: str
) -> None:
    """At every instant after the first, an offer that goes on has exactly one price."""
    path = write_policy(tmp_path, prices=second_price(until, start))

    assert problems(path) == [expected]


def test_a_price_may_follow_another_at_the_same_instant(tmp_path: Path) -> None:
    """An end that is the next row's start is neither gap nor overlap."""
    dearer = POLICY.replace("shortapi at $0.04", "shortapi at $0.05")
    prices = second_price("2026-12-01", "2026-12-01")
    policy = load_policy(write_policy(tmp_path, policy=dearer, prices=prices))

    assert len(policy.prices.offers_listed) == 3


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """One run of the check shows everything there is to mend."""
    policy = POLICY.replace("200s", "200").replace("price_max: $0.50", "price_max:")
    path = write_policy(tmp_path, policy=policy, prices=PRICES.replace("$0.06", "0.06"))

    assert problems(path) == [
        "policy.yaml:4:1: 'price_max' has no value",
        "policy.yaml:6:11: write a duration with its unit, as 200s",
        "prices.yaml:11:32: write money with a dollar sign, as 0.06".replace("0.06", "$0.06"),
    ]


def test_the_offending_line_is_shown_with_a_mark_under_it(tmp_path: Path) -> None:
    """The message can be read without opening the file."""
    path = write_policy(tmp_path, policy=POLICY.replace("200s", "200"))

    with pytest.raises(PolicyError) as caught:
        load_policy(path)

    assert str(caught.value) == (
        f"{path}:6:11: write a duration with its unit, as 200s\n    deadline: 200\n              ^"
    )


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """A file that was truncated to nothing does not become a policy without limits."""
    assert problems(write_policy(tmp_path, policy="# Nothing.\n")) == [
        "policy.yaml:1:1: the file is empty"
    ]


def test_an_empty_document_is_refused(tmp_path: Path) -> None:
    """A document marker without a document is nothing too."""
    assert problems(write_policy(tmp_path, policy="---\n")) == [
        "policy.yaml:1:1: the file is empty"
    ]


def test_a_list_is_no_policy(tmp_path: Path) -> None:
    """The top of a policy is keys with values."""
    assert problems(write_policy(tmp_path, policy="- a\n")) == [
        "policy.yaml:1:1: keys with values belong here"
    ]


def test_a_file_above_a_mebibyte_is_refused(tmp_path: Path) -> None:
    """The size is looked at before anything is parsed."""
    path = write_policy(tmp_path, policy=POLICY + "#" * FILE_BYTES_MAX)

    assert problems(path) == ["policy.yaml:1:1: larger than 1 MiB"]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are told with their line."""
    path = write_policy(tmp_path)
    path.write_bytes(POLICY.encode() + b"\xff")

    assert problems(path) == ["policy.yaml:12:1: no text in UTF-8"]


def test_a_missing_policy_is_told_as_a_problem(tmp_path: Path) -> None:
    """A wrong path is the user's mistake, not a traceback."""
    assert problems(tmp_path / "none.yaml") == [
        "none.yaml:1:1: cannot read 'none.yaml': No such file or directory"
    ]


def test_a_broken_include_is_told_besides_what_was_found_before(tmp_path: Path) -> None:
    """What is no YAML in the included file is placed in that file."""
    path = write_policy(tmp_path, prices="offers: [")

    (only,) = problems(path)

    assert re.match(r"prices.yaml:1:10: no YAML: ", only)


def test_budgets_may_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    """`budgets: budgets.yaml` reads the list from beside the policy."""
    line = "  - {name: monthly, who: everyone, limit: $70.00, per: month}\n"
    (tmp_path / "budgets.yaml").write_text("- {name: own, who: each_tenant, limit: $8, per: day}")
    policy = POLICY.replace(f"budgets:\n{line}", "budgets: budgets.yaml\n")

    loaded = load_policy(write_policy(tmp_path, policy=policy))

    assert [budget.name for budget in loaded.budgets] == ["own"]


def test_prices_may_stand_in_the_policy_itself(tmp_path: Path) -> None:
    """One file is enough."""
    inline = "".join(f"  {line}\n" for line in PRICES.splitlines())
    policy = POLICY.replace("prices: prices.yaml\n", f"prices:\n{inline}")

    loaded = load_policy(write_policy(tmp_path, policy=policy, prices=None))

    assert loaded.prices.provider_names == ("runpod", "shortapi")


def test_the_hash_changes_with_every_file_and_only_then(tmp_path: Path) -> None:
    """Two policies with the same hash were read from the same words."""
    first = load_policy(write_policy(tmp_path)).hash
    again = load_policy(write_policy(tmp_path)).hash
    other_price = load_policy(write_policy(tmp_path, prices=PRICES.replace("0.06", "0.07"))).hash
    other_limit = load_policy(write_policy(tmp_path, policy=POLICY.replace("$70", "$71"))).hash

    assert re.fullmatch("[0-9a-f]{12}", first)
    assert first == again
    assert len({first, other_price, other_limit}) == 3


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    """Files saved by office programs load too."""
    assert load_policy(write_policy(tmp_path, policy="\ufeff" + POLICY)).name == "thrift"


def test_words_that_yaml_would_turn_into_something_else_stay_words(tmp_path: Path) -> None:
    """A tenant called `no` and a budget called `12` keep their names."""
    policy = POLICY.replace("who: everyone", "who: {tenant: no}").replace("monthly", "12")

    (budget,) = load_policy(write_policy(tmp_path, policy=policy)).budgets

    assert (budget.name, budget.scope.tenant) == ("12", "no")


def test_the_shipped_policy_is_the_cheapest_first() -> None:
    """Without being told, Farebox takes the policy that is in its package."""
    assert load_policy(shipped_policy_path()).name == "cheapest-first"


def test_an_unknown_shipped_policy_is_told_with_the_nearest() -> None:
    """A name is no path: nothing outside the shipped folder can be reached by it."""
    with pytest.raises(PolicyError) as caught:
        shipped_policy_path("../policies/cheapest-first.yaml")

    assert str(caught.value).endswith(
        "no such policy is shipped; did you mean 'cheapest-first.yaml'?"
    )


def test_an_installed_package_has_its_policies_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a wheel, the policies lie in `router/shipped`."""
    (tmp_path / "shipped").mkdir()
    inside = tmp_path / "shipped" / "mine.yaml"
    inside.write_text("x")
    monkeypatch.setattr("importlib.resources.files", {"router": tmp_path}.__getitem__)

    assert shipped_policy_path("mine.yaml") == inside


def test_a_reading_tells_which_files_it_looked_for(tmp_path: Path) -> None:
    """And its hash is theirs, so that a change since can be noticed; the policy's is the same."""
    reading = read_policy(write_policy(tmp_path))

    assert reading.files == (tmp_path / "policy.yaml", tmp_path / "prices.yaml")
    assert reading.hash == fingerprint(reading.files)
    assert isinstance(reading.outcome, Policy)
    assert reading.outcome.hash == reading.hash


@pytest.mark.parametrize("content", [None, "", "policy: [", POLICY + "#" * FILE_BYTES_MAX])
def test_a_broken_reading_has_a_hash_too(tmp_path: Path, content: str | None) -> None:
    """Whatever is wrong, one can see when the files are no longer as they were."""
    path = write_policy(tmp_path, policy=content or "")
    if content is None:
        path.unlink()
    reading = read_policy(path)
    same = fingerprint(reading.files)
    write_policy(tmp_path)

    assert isinstance(reading.outcome, PolicyError)
    assert reading.files == (path,)
    assert reading.hash == same != fingerprint(reading.files)


def test_a_file_that_is_gone_is_another_content_than_an_empty_one(tmp_path: Path) -> None:
    """To be there and say nothing is not the same as not to be there."""
    path = tmp_path / "prices.yaml"
    gone = fingerprint([path])
    path.touch()

    assert fingerprint([path]) != gone


def test_a_bundle_is_read_as_the_same_policy(tmp_path: Path) -> None:
    """With all of its files and their hash, wherever the files are by then."""
    path = write_policy(tmp_path, policy="\N{BYTE ORDER MARK}" + INCLUDING)
    (tmp_path / "budgets.yaml").write_text(BUDGETS, encoding="utf-8")
    reading = read_policy(path)
    for file in tmp_path.iterdir():
        file.unlink()

    found = read_bundle(reading.bundle)

    assert isinstance(reading.outcome, Policy)
    assert dict(found) == dict(reading.outcome)
    assert found.hash == reading.hash
    assert [budget.name for budget in found.budgets] == ["monthly", "own"]


def test_a_bundle_that_lacks_a_file_is_no_policy(tmp_path: Path) -> None:
    """As files on a disk are not, and it is told likewise."""
    reading = read_policy(write_policy(tmp_path))

    with pytest.raises(PolicyError, match=re.escape("cannot read 'other.yaml': gone")):
        read_bundle(reading.bundle.replace("prices: prices.yaml", "prices: other.yaml"))


def test_what_is_no_sound_policy_has_no_bundle(tmp_path: Path) -> None:
    """It is never in force, so nobody looks it up."""
    path = write_policy(tmp_path, policy=POLICY.replace("$70.00", "70"))

    assert read_policy(path).bundle == ""
