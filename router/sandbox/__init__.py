"""
The providers' stand-ins: what ShortAPI and Runpod do, on a clock, with faults on demand.

This room exists so that nobody has to spend money, or trust us, to see what the router does.
Its rule: it is written from the providers' documents, imports nothing of the router and shares
no thinking with the codecs, so one mistake cannot pass both. It is the oracle of truth: it
knows what it charged and refunded (`GET /_truth`), and whatever it charged must be in the ledger.

- `core.Sandbox` is the whole of it without sockets: a request in, an answer out.
- `app` puts it on a port.
- `faults` is the table of everything that can go wrong, scripted or by seeded chance.
"""

from router.sandbox.clock import Clock
from router.sandbox.core import Sandbox
from router.sandbox.settings import RunpodSettings, Settings, ShortApiSettings
from router.sandbox.wire import Answer, Request, WireFault

__all__ = [
    "Answer",
    "Clock",
    "Request",
    "RunpodSettings",
    "Sandbox",
    "Settings",
    "ShortApiSettings",
    "WireFault",
]
