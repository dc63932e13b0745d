"""What a lot decides: an edit need not go where a quote for the same said, where either draws."""

from collections.abc import Sequence

from router.model.job import Job
from router.model.offer import Offer
from router.policy.policy import Policy
from router.policy.pool import Pool
from router.policy.preference import Weights
from router.policy.ruling import ruling
from router.policy.stages import Standing

Shares = dict[str, float]
_WHOLE = 100


def by_lot(policy: Policy, job: Job, offers: Sequence[Offer], standing: Standing) -> Shares | None:
    """
    Tell how many of a hundred jobs like this one go to whom first, budgets aside.

    Args:
        policy: In force for the job.
        job: Whatever its own lot is.
        offers: What it would be chosen from.
        standing: What of the budgets is used, as far as stages go by it.

    Returns:
        By provider, about; where they are no hundred together, the others find nobody. Of weights
        without those few that go to see. None: no lot decides, and all go where this one goes.
    """
    by = ruling(policy, job, standing)
    pool = Pool(by, job, offers, frozenset())
    if isinstance(by.prefer, Weights):
        shares = _drawn(by.prefer, pool)
    else:
        shares = {offer.provider: float(_WHOLE) for offer in pool.ordered[:1]}
        trial = pool.worth_a_trial() if policy.explore else None
        if trial is not None and policy.explore is not None:
            rest = _WHOLE - policy.explore
            shares = {name: rest * share / _WHOLE for name, share in shares.items()}
            shares[trial.provider] = float(policy.explore)
    return shares if any(share < _WHOLE for share in shares.values()) else None


def _drawn(weights: Weights, pool: Pool) -> Shares:
    """Each one's weight, of those that can serve; as the last resort it is the fastest, no lot."""
    taken = pool.ordered[:1] if pool.is_last_resort else pool.ordered
    by_name = dict(weights.weights)
    whole = sum(by_name[offer.provider] for offer in taken)
    return {
        offer.provider: round(_WHOLE * by_name[offer.provider] / whole, 1)
        for offer in sorted(taken, key=lambda offer: (-by_name[offer.provider], offer.provider))
    }
