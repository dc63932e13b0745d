from datetime import timedelta
from pathlib import Path

from router.policy.current import FORMER_MAX, Current, Rejection, Standing
from router.policy.loader import load_policy
from router.policy.policy import Policy
from router.policy.problems import PolicyError, Problem
from tests.fakes import EPOCH
from tests.policy_files import POLICY, write_policy

LATER = EPOCH + timedelta(hours=3)
BROKEN = PolicyError([Problem("policy.yaml", 4, 12, "write money with a dollar sign, as $70")])


def limited(folder: Path, limit: int) -> Policy:
    """Read the small policy with another limit."""
    return load_policy(write_policy(folder, policy=POLICY.replace("$70", f"${limit}")))


def test_a_new_policy_is_in_force_from_then_on(tmp_path: Path) -> None:
    """Whole, with its instant; who holds the former one has it unchanged."""
    former, new = limited(tmp_path, 70), limited(tmp_path, 71)
    current = Current(former, EPOCH)

    assert current.standing == Standing(policy=former, since=EPOCH)
    assert current.take(new, LATER)
    assert current.policy is new
    assert current.standing == Standing(policy=new, since=LATER)
    assert former.budgets[0].limit.usd == "$70.00"


def test_the_same_words_are_no_new_policy(tmp_path: Path) -> None:
    """What is in force stays, and since when."""
    current = Current(limited(tmp_path, 70), EPOCH)
    before = current.policy

    assert not current.take(limited(tmp_path, 70), LATER)
    assert current.standing == Standing(policy=before, since=EPOCH)
    assert current.policy is before


def test_a_broken_one_is_noted_and_the_last_good_one_stays(tmp_path: Path) -> None:
    """Until its files are sound again, were it by being as they were."""
    current = Current(limited(tmp_path, 70), EPOCH)
    before = current.policy
    current.reject(BROKEN, LATER)

    rejection = Rejection(at=LATER, problems=BROKEN.problems)
    assert current.standing == Standing(policy=before, since=EPOCH, rejection=rejection)
    assert not current.take(limited(tmp_path, 70), LATER)
    assert current.standing.rejection is None

    current.reject(BROKEN, LATER)
    assert current.take(limited(tmp_path, 72), LATER)
    assert current.standing.rejection is None


def test_a_job_finds_the_policy_that_it_began_under(tmp_path: Path) -> None:
    """Of so many as are kept; of an older one the policy in force must do."""
    policies = [limited(tmp_path, 70 + number) for number in range(FORMER_MAX + 2)]
    current = Current(policies[0], EPOCH)
    for policy in policies[1:]:
        current.take(policy, LATER)

    assert current.of_job(policies[1].hash) is policies[1]
    assert current.of_job(policies[0].hash) is policies[-1]
    assert current.of_job("nobodys") is policies[-1]


def test_a_policy_that_comes_back_is_as_young_as_any(tmp_path: Path) -> None:
    """It is forgotten after those that were in force before it came back."""
    policies = [limited(tmp_path, 70 + number) for number in range(FORMER_MAX + 2)]
    current = Current(policies[0], EPOCH)
    current.take(policies[1], LATER)
    current.take(policies[0], LATER)
    for policy in policies[2:]:
        current.take(policy, LATER)

    assert current.of_job(policies[0].hash) is policies[0]
    assert current.of_job(policies[1].hash) is policies[-1]


def test_a_former_policy_is_remembered_and_not_in_force(tmp_path: Path) -> None:
    """It is older than any that was in force since; one that is known stays as it is."""
    policies = [limited(tmp_path, 70 + number) for number in range(FORMER_MAX + 2)]
    current = Current(policies[1], EPOCH)
    current.remember(policies[0])
    current.remember(limited(tmp_path, 71))

    assert (current.policy, current.of_job(policies[0].hash)) == (policies[1], policies[0])
    assert current.of_job(policies[1].hash) is policies[1]

    for policy in policies[2:]:
        current.take(policy, LATER)

    assert current.of_job(policies[0].hash) is policies[-1]
    assert current.of_job(policies[1].hash) is policies[1]
