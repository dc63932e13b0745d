"""
The one place where what aiohttp raises becomes a statement about money.

A create that failed before a connection existed sent nothing: `ProviderUnreachable`. Everything
else is `ProviderInDoubt`, whatever the exception says of itself: aiohttp raises a
`ClientResponseError` with a made-up status of 400 for a reply that is not HTTP, so no status of an
exception is ever looked at.

No exception made here carries its cause. aiohttp's hold the request's headers, and with them the
provider's key.
"""

import errno
import socket
from types import SimpleNamespace, TracebackType

import aiohttp

from router.model.errors import ProviderInDoubt, ProviderUnreachable
from router.providers.wire import Unreadable

_OURS = frozenset(
    {
        *(socket.EAI_AGAIN, errno.ENETUNREACH, errno.ENETDOWN),  # Our resolver, our network.
        *(errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL),  # Our file handles, our ports.
    }
)
"""How a connection fails that no provider had a part in."""


class ReplyTooLarge(Exception):
    """The reply, decompressed, is larger than its reader bears."""


class Catch:
    """Keeps the exception that ended its block, and lets cancellation through."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        """What ended the block; None until something did."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.error = error
        return True

    def name(self) -> str:
        """Name the exception without its text."""
        # The class and the number are all that is told: the text may hold a signed URL.
        number = getattr(self.error, "errno", None)
        return type(self.error).__name__ + (f", errno {number}" if number else "")


class Creating(Catch):
    """
    Watches one create.

    `with creating: return ...`, and after the block `raise creating.fault()`: there, the fault has
    no context that could be printed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.connected = False
        """Whether a connection existed, so that bytes may have been sent."""

    def fault(self) -> ProviderUnreachable | ProviderInDoubt:
        """What the exception that ended the block says about money."""
        if not self.connected and self._proves_nothing_was_sent():
            return ProviderUnreachable(
                f"The provider could not be reached ({self.name()}).", is_ours=self._is_ours()
            )
        return ProviderInDoubt(
            f"The request may have been sent and was not answered whole ({self.name()})."
        )

    def _is_ours(self) -> bool:
        is_of_our_proxy = isinstance(self.error, aiohttp.ClientProxyConnectionError)
        return is_of_our_proxy or getattr(self.error, "errno", None) in _OURS

    def _proves_nothing_was_sent(self) -> bool:
        if isinstance(self.error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return True
        # The outer deadline raises the bare class; aiohttp's own time-outs are subclasses.
        return type(self.error) is TimeoutError


class Reading(Catch):
    """Watches one read, which may be repeated whatever happened to it."""

    def fault(self) -> Unreadable:
        """The exception that ended the block, as the one that every reader knows."""
        return Unreadable(f"The provider's state could not be read ({self.name()}).")


def trace_connections() -> aiohttp.TraceConfig:
    """Tell the `Creating` given as a request's trace context when its connection exists."""
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_connected)
    trace.on_connection_reuseconn.append(_connected)
    return trace


async def _connected(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    if isinstance(context.trace_request_ctx, Creating):
        context.trace_request_ctx.connected = True
