from pathlib import Path

from router.cli.checking import check_file

SHIPPED = Path(__file__).parents[3] / "policies"


def test_a_file_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    """Not by its name."""
    odd = tmp_path / "policy.txt"
    odd.write_bytes((SHIPPED / "prices.yaml").read_bytes())

    assert check_file(odd).kind == "prices"
    assert check_file(SHIPPED / "fixed-order.yaml").kind == "policy"


def test_a_sound_policy_comes_along(tmp_path: Path) -> None:
    """So that its prices can be shown; a broken one has nothing to show."""
    sound = check_file(SHIPPED / "demo.yaml")
    broken = check_file(tmp_path / "none.yaml")

    assert sound.policy is not None
    assert sound.policy.name == "demo"
    assert (broken.policy, broken.summary) == (None, "")


def test_each_place_is_told_once(tmp_path: Path) -> None:
    """What is broken as YAML is not told again by the schema."""
    book = tmp_path / "prices.yaml"
    book.write_text("providers:\noffers: []\n")

    problems = check_file(book).problems

    assert len({(one.line, one.column) for one in problems}) == len(problems)
    assert [one.line for one in problems] == [1, 2]
