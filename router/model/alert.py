"""Alerts: what of a budget's window people are told when it is reached."""

from dataclasses import dataclass
from typing import Literal

Basis = Literal["actual", "forecast", "burn"]
"""
What was charged (or, of all of a limit, found no room in what is left), what will have been charged
at the window's end, or how fast it is charged.
"""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What is reached."""

    basis: Basis
    percent: int
    """Of the limit; of a burn, of the pace at which the limit would last just to the end."""
    over_s: int = 0
    """Of a burn: over what time. Else 0."""
