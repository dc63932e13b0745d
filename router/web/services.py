"""What the handlers need, built by `app` and held by the application under one typed key."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from aiohttp import web

from router.dispatch.alert_desk import AlertDesk
from router.dispatch.callbacks import Callbacks
from router.dispatch.dispatcher import Dispatcher
from router.dispatch.health import Health
from router.dispatch.placing import Placer
from router.dispatch.resolving import Resolver
from router.dispatch.turns import Turns
from router.dispatch.watching import Watcher
from router.finance.accounts import Accounts
from router.finance.snapshot import BooksCheck
from router.ledger.books import Books
from router.ledger.executor import Executor, InlineExecutor
from router.ledger.inputs import Inputs
from router.ledger.ledger import Ledger
from router.model.clock import Clock
from router.model.ids import Ids
from router.observe.events import Observer
from router.observe.metrics import Metrics
from router.policy.current import Standing
from router.policy.policy import Policy
from router.upstream.guard import GuardPolicy
from router.web.limits import Limits
from router.web.lost_answers import LostAnswers
from router.web.picturing import Pictures
from router.web.waiting import Patience

T = TypeVar("T")


class PageMaker(Protocol):
    """Does work that reads the books."""

    async def run(self, work: Callable[[Books], Awaitable[T]]) -> T:
        """
        Do it, and give the result.

        Args:
            work: A `partial` of a coroutine function of a module that lacks the books alone.

        Raises:
            LedgerUnavailable: They cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The house, as its handlers see it."""

    clock: Clock
    ids: Ids
    policy: Callable[[], Policy]
    """The policy in force."""
    standing: Callable[[], Standing]
    """The same, with since when, and what is wrong with its files if they have changed."""
    policy_path: Path
    ledger: Ledger
    inputs: Inputs
    pictures: Pictures
    placer: Placer
    dispatcher: Dispatcher
    watcher: Watcher
    callbacks: Callbacks
    resolver: Resolver
    accounts: Accounts
    health: Health
    turns: Turns
    metrics: Metrics
    observer: Observer
    providers: tuple[str, ...]
    """Providers that we have a codec and a credential for."""
    guard: GuardPolicy
    """What a client's image URLs may name."""
    admin_key: str | None = field(default=None, repr=False)
    """A first admin key, for containers; None for none."""
    alert_desk: AlertDesk
    """Where alerts are set up."""
    lost_answers: LostAnswers
    """What earlier requests were answered, so that one that is sent again is known."""
    press: PageMaker
    """Where pages are read and made: in another process."""
    desk: Executor = field(default_factory=InlineExecutor)
    """Where pages are written: beside the event loop, which edits wait for."""
    check: BooksCheck
    """Whether the books are in balance, as far as that was looked at."""
    limits: Limits = field(default_factory=Limits)
    patience: Patience = field(default_factory=Patience)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when recovery is done: before, only `/livez` answers."""
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is about to end: waiting requests answer at once with what is known."""


SERVICES = web.AppKey("services", Services)
OPENAPI = web.AppKey("openapi", bytes)
"""The document of all routes, written once."""
