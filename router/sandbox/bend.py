"""What each fault does to a job's plan: a table from names to functions."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from router.sandbox.jobs import Ending, Plan
from router.sandbox.money import scaled
from router.sandbox.rules import Options, Rule

_WHILE_S = 30.0
_EARLY_S = 1.0
_REGRESSES = 2
_SLOWER = Decimal(10)
_DEARER = Decimal("1.5")
_FAILURE = "Error submitting task: the model could not edit this image"

Bend = Callable[[Plan, Options, random.Random], Plan]


def _fail(plan: Plan, _: Options, __: random.Random) -> Plan:
    return replace(plan, ending=Ending.FAILED, error=_FAILURE)


def _fail_billed(plan: Plan, _: Options, __: random.Random) -> Plan:
    return replace(plan, ending=Ending.FAILED, error=_FAILURE, failure_is_billed=True)


def _no_image(plan: Plan, _: Options, __: random.Random) -> Plan:
    return replace(plan, ending=Ending.NO_IMAGE)


def _slow(plan: Plan, options: Options, _: random.Random) -> Plan:
    factor = _SLOWER if options.factor is None else options.factor
    return replace(plan, execution_s=plan.execution_s * float(factor))


def _duplicate_id(plan: Plan, _: Options, __: random.Random) -> Plan:
    return replace(plan, reuse_ref=True)


def _cost_drift(plan: Plan, options: Options, _: random.Random) -> Plan:
    if options.amount_nanos is not None:
        return replace(plan, charge_nanos=options.amount_nanos)
    factor = _DEARER if options.factor is None else options.factor
    return replace(plan, charge_nanos=scaled(plan.price_nanos, factor))


def _cost_garbage(plan: Plan, options: Options, entropy: random.Random) -> Plan:
    value = options.value or entropy.choice(("nan", "negative", "huge", "text"))
    return replace(plan, garbage=value)


def _unknown(plan: Plan, options: Options, _: random.Random) -> Plan:
    return replace(plan, unknown_s=_WHILE_S if options.seconds is None else options.seconds)


def _hidden(plan: Plan, options: Options, _: random.Random) -> Plan:
    return replace(plan, hidden_s=_WHILE_S if options.seconds is None else options.seconds)


def _regress(plan: Plan, _: Options, __: random.Random) -> Plan:
    return replace(plan, regresses=_REGRESSES)


def _spoilt_picture(name: str) -> Bend:
    def bend(plan: Plan, options: Options, _: random.Random) -> Plan:
        return replace(plan, picture_fault=name, picture_location=options.location)

    return bend


BENDS: Mapping[str, Bend] = {
    "fail_job": _fail,
    "fail_job_unrefunded": _fail_billed,
    "succeed_without_image": _no_image,
    "slow_job": _slow,
    "duplicate_id": _duplicate_id,
    "cost_drift": _cost_drift,
    "cost_garbage": _cost_garbage,
    "unknown_status": _unknown,
    "query_404_for_a_while": _hidden,
    "status_regress": _regress,
    "dead_result_url": _spoilt_picture("dead_result_url"),
    "result_redirect": _spoilt_picture("result_redirect"),
    "result_not_an_image": _spoilt_picture("result_not_an_image"),
    "result_bomb": _spoilt_picture("result_bomb"),
}


def bent(plan: Plan, rule: Rule | None, entropy: random.Random) -> Plan:
    """Apply the fault of one create, if it met one."""
    return plan if rule is None else BENDS[rule.name](plan, rule.options, entropy)


def hurried(plan: Plan, options: Options) -> Plan:
    """Make a job that is over, and told of, before its create is answered."""
    early_s = _EARLY_S if options.seconds is None else options.seconds
    return replace(plan, queue_s=0.0, execution_s=0.0, early_s=early_s)
