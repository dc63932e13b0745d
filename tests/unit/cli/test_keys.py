import json
import re

import pytest

from router.cli.keys import first_key_words, instant, keys_table, read_budget, read_tags
from router.cli.mistakes import Mistake
from router.cli.show import console
from tests.commands import Commands


def test_a_key_is_shown_once(farebox: Commands) -> None:
    """Its secret is all of stdout; what is said about it is on stderr; no list has it."""
    made = farebox("keys", "create", "--tenant", "acme", "--name", "web shop", "--tag", "team=b2c")
    listed = farebox("keys", "list")

    assert made.code == 0
    assert re.fullmatch(r"fbx_\w{8}_\w{46}\n", made.out)
    assert "A client key of tenant acme" in made.err
    assert made.out.strip() not in listed.out
    assert "web shop" in listed.out
    assert "team=b2c" in listed.out


def test_the_first_key_says_that_it_shuts_the_door(farebox: Commands) -> None:
    """Once, on stderr; a first client's key over HTTP says how an admin's is to be had."""
    first = farebox("keys", "create", "--tenant", "acme", "--json")
    second = farebox("keys", "create", "--tenant", "acme")

    said = "This is the first key: from now on every request over HTTP needs one."
    assert said in " ".join(first.err.split())
    assert "the first key" not in second.err
    assert json.loads(first.out)["role"] == "client"
    assert "FAREBOX_KEY" in first_key_words("admin", url="http://router")
    assert "--role admin" in first_key_words("viewer", url="http://router")
    assert "through the socket" in first_key_words("client", url=None)


def test_a_key_for_a_program(farebox: Commands) -> None:
    """The contract's four fields are there."""
    made = farebox("keys", "create", "--tenant", "acme", "--role", "viewer", "--json")

    key = json.loads(made.out)
    assert (key["tenant"], key["role"]) == ("acme", "viewer")
    assert key["key"].startswith(f"fbx_{key['id']}_")


def test_a_key_that_ends(farebox: Commands) -> None:
    """A day is its midnight in UTC."""
    farebox("keys", "create", "--tenant", "acme", "--expires", "2999-02-03")

    listed = json.loads(farebox("keys", "list", "--json").out)
    assert listed["keys"][0]["expires_at"] == "2999-02-03T00:00:00.000000Z"


def test_a_revoked_key_stays_in_the_list(farebox: Commands) -> None:
    """With its end; revoking is done by id, and an unknown id is a no."""
    key = json.loads(farebox("keys", "create", "--tenant", "acme", "--json").out)

    revoked = farebox("keys", "revoke", key["id"])
    unknown = farebox("keys", "revoke", "../keys")

    assert revoked.out == f"{key['id']} (acme) is refused from now on.\n"
    assert "revoked 2" in farebox("keys", "list").out
    assert (unknown.code, unknown.err) == (2, "farebox: There is no key by that id.\n")


def test_a_key_is_rotated(farebox: Commands) -> None:
    """Its successor is told on stdout alone; the list has both, the former one with its end."""
    key = json.loads(farebox("keys", "create", "--tenant", "acme", "--tag", "a=b", "--json").out)

    rotated = farebox("keys", "rotate", key["id"], "--grace", "12h", "--expires", "2999-02-03")
    again = farebox("keys", "rotate", key["id"])
    farebox("keys", "revoke", rotated.out[4:12])
    as_json = json.loads(farebox("keys", "rotate", key["id"], "--grace", "0", "--json").out)
    listed = json.loads(farebox("keys", "list", "--json").out)["keys"]
    late = farebox("keys", "rotate", key["id"])

    assert rotated.code == 0
    assert re.fullmatch(r"fbx_\w{8}_\w{46}\n", rotated.out)
    assert f"{key['id']} (acme) works until 2" in rotated.err
    assert "works until 2999-02-03T00:00:00.000000Z. It is shown once:" in rotated.err
    assert f"The key {rotated.out[4:12]} works beside this one" in again.err
    assert as_json["former"]["id"] == key["id"]
    assert as_json["key"] not in {key["key"], rotated.out.strip()}
    assert [(one["tenant"], one["tags"]) for one in listed] == [("acme", {"a": "b"})] * 3
    assert late.code != 0
    assert "expired at" in late.err


@pytest.mark.parametrize(
    ("grace", "told"),
    [
        ("7", "--grace: write a duration with its unit, as 7s"),
        ("soon", "--grace: 'soon' is no duration"),
    ],
)
def test_a_grace_has_a_unit(farebox: Commands, grace: str, told: str) -> None:
    """Seven of what, nobody can tell."""
    refused = farebox("keys", "rotate", "5Xb2rT9q", "--grace", grace)

    assert refused.code == 2
    assert told in refused.err


def test_no_keys_yet(farebox: Commands) -> None:
    """An empty list says what that means."""
    past = farebox("keys", "create", "--tenant", "nobody", "--expires", "1999-01-01")

    listed = farebox("keys", "list")

    assert past.code == 2
    assert "past" in past.err
    assert "There are no keys" in listed.out


@pytest.mark.parametrize("pairs", [["team"], ["=x"], ["team="], ["a=1", "a=2"]])
def test_tags_are_pairs(pairs: list[str]) -> None:
    """Whatever else is a mistake."""
    with pytest.raises(Mistake, match="--tag"):
        read_tags(pairs)


def test_tags_may_hold_an_equals_sign() -> None:
    """Only the first one parts."""
    assert read_tags(["query=a=b", "team=x"]) == {"query": "a=b", "team": "x"}


def test_instants_carry_their_zone() -> None:
    """An offset is taken into account; nonsense is told with the option's name."""
    assert instant("2027-01-01T02:00:00+02:00", "--expires") == "2027-01-01T00:00:00.000000Z"
    with pytest.raises(Mistake, match="--expires 'soon' is no day"):
        instant("soon", "--expires")


def test_a_key_is_good_until_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    """The last column tells good, ending and revoked apart."""
    key: dict[str, object] = {
        "id": "a",
        "tenant": "t",
        "role": "client",
        "name": "n",
        "tags": {},
        "budget": None,
        "created_at": "c",
    }
    ends: list[dict[str, object]] = [
        {"expires_at": None, "revoked_at": None},
        {"expires_at": "2027", "revoked_at": None},
        {"expires_at": "2027", "revoked_at": "2026"},
    ]
    console().print(keys_table([{**key, **end} for end in ends]))

    out = capsys.readouterr().out
    assert all(words in out for words in ("good", "until 2027", "revoked 2026"))


def test_a_key_with_a_budget_of_its_own(farebox: Commands) -> None:
    """It is in the list of keys and, from the start, in the list of budgets."""
    farebox("keys", "create", "--tenant", "acme", "--name", "shop", "--budget", "20 per month")
    farebox("keys", "create", "--tenant", "acme", "--name", "till", "--budget", "$3 per week")
    (shop, _) = json.loads(farebox("keys", "list", "--json").out)["keys"]
    lines = json.loads(farebox("budget", "list", "--json").out)["budgets"]

    assert shop["budget"] == "$20 per month"
    assert [
        (line["scope"], line["available"]) for line in lines if line["name"] == "of-its-key"
    ] == [("tenant:acme,key:shop", "20.00"), ("tenant:acme,key:till", "3.00")]


def test_a_budget_that_is_none_is_a_mistake(farebox: Commands) -> None:
    """Said before anything is made."""
    made = farebox("keys", "create", "--budget", "20 per fortnight")

    assert made.code != 0
    assert "--budget '20 per fortnight' is not said as" in made.err
    assert "'fortnight' is no window" in made.err
    with pytest.raises(Mistake, match="no amount"):
        read_budget("twenty per month")
