"""What aiohttp raises, as statements about money, class by class."""

import errno
import socket
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from router.model.errors import ProviderError, ProviderInDoubt, ProviderUnreachable, Spend
from router.providers.wire import Unreadable
from router.upstream.faults import Catch, Creating, Reading, ReplyTooLarge, trace_connections

KEY: Any = SimpleNamespace(host="h", port=1, ssl=True, is_ssl=True)
REQUEST: Any = SimpleNamespace(real_url="https://h/?signature=abc", headers={"Authorization": "x"})

NOTHING_SENT = [
    aiohttp.ClientConnectorError(KEY, OSError(111, "refused")),
    aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "no such name")),
    aiohttp.ClientConnectorSSLError(KEY, OSError(1, "no handshake")),
    aiohttp.ClientConnectorCertificateError(KEY, OSError(1, "expired")),
    aiohttp.ClientProxyConnectionError(KEY, OSError(111, "refused")),
    aiohttp.ConnectionTimeoutError("no answer"),
    TimeoutError(),
]
IN_DOUBT = [
    aiohttp.ClientOSError(104, "reset"),
    aiohttp.ServerDisconnectedError(),
    aiohttp.SocketTimeoutError("silence"),
    aiohttp.ClientPayloadError("cut"),
    aiohttp.ClientResponseError(REQUEST, (), status=400, message="Bad status line"),
    aiohttp.ContentTypeError(REQUEST, (), status=401),
    aiohttp.ClientHttpProxyError(REQUEST, (), status=403),
    aiohttp.ClientConnectionError("Connector is closed"),
    aiohttp.InvalidURL("https://h/?signature=abc"),
    OSError(104, "reset"),
    ReplyTooLarge(),
    RuntimeError("Session is closed"),
]


def fault_of(error: Exception, *, connected: bool) -> ProviderError:
    """The fault of a create that ended by `error`."""
    creating = Creating()
    with creating:
        creating.connected = connected
        raise error
    return creating.fault()


@pytest.mark.parametrize("error", NOTHING_SENT, ids=lambda error: type(error).__name__)
def test_without_a_connection_nothing_was_spent(error: Exception) -> None:
    """A create whose connection could not be made is proof that nothing was sent."""
    fault = fault_of(error, connected=False)

    assert type(fault) is ProviderUnreachable
    assert fault.spend is Spend.NONE


@pytest.mark.parametrize("error", NOTHING_SENT, ids=lambda error: type(error).__name__)
def test_no_class_is_proof_once_a_connection_existed(error: Exception) -> None:
    """After a connection existed, not even a connector's error proves that nothing was sent."""
    assert type(fault_of(error, connected=True)) is ProviderInDoubt


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("error", IN_DOUBT, ids=lambda error: type(error).__name__)
def test_everything_else_is_in_doubt(error: Exception, connected: bool) -> None:  # noqa: FBT001
    """An error that is no proof leaves the money in doubt, whatever status it claims."""
    fault = fault_of(error, connected=connected)

    assert type(fault) is ProviderInDoubt
    assert fault.spend is Spend.POSSIBLE


@pytest.mark.parametrize("error", IN_DOUBT + NOTHING_SENT, ids=lambda error: type(error).__name__)
def test_a_fault_tells_no_secret(error: Exception) -> None:
    """A fault names a class and a number, and neither shows nor carries the exception itself."""
    fault = fault_of(error, connected=True)

    assert "signature" not in str(fault)
    assert "Authorization" not in repr(fault)
    assert fault.__cause__ is None
    assert fault.__context__ is None


def test_a_fault_names_its_class_and_number() -> None:
    """An operator reads which error it was."""
    assert "ClientOSError, errno 104" in fault_of(IN_DOUBT[0], connected=True).detail
    assert "(ServerDisconnectedError)" in fault_of(IN_DOUBT[1], connected=True).detail


def test_every_failed_read_may_be_repeated() -> None:
    """A read that failed, however, says nothing about the job."""
    reading = Reading()
    with reading:
        raise aiohttp.ServerDisconnectedError

    assert type(reading.fault()) is Unreadable
    assert reading.fault().retry_after_s is None


@pytest.mark.parametrize(
    ("error", "is_ours"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, OSError(socket.EAI_AGAIN, "no resolver")), True),
        (aiohttp.ClientConnectorDNSError(KEY, OSError(socket.EAI_NONAME, "no name")), False),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.ENETUNREACH, "no network")), True),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.EMFILE, "no handles")), True),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "refused")), False),
        (aiohttp.ClientProxyConnectionError(KEY, OSError(errno.ECONNREFUSED, "proxy")), True),
        (aiohttp.ConnectionTimeoutError("no answer"), False),
    ],
)
def test_what_fails_on_our_side_is_told_apart(error: Exception, *, is_ours: bool) -> None:
    """Our resolver, network, handles and proxy are no fault of a provider's."""
    fault = fault_of(error, connected=False)

    assert isinstance(fault, ProviderUnreachable)
    assert fault.is_ours is is_ours


def test_cancellation_is_nobodys_fault() -> None:
    """Cancelling the one who waits is not taken for an answer of the provider's."""
    creating = Creating()
    with pytest.raises(KeyboardInterrupt), creating:
        raise KeyboardInterrupt
    assert creating.error is None


def test_a_block_that_ends_well_is_left_alone() -> None:
    """Nothing is kept of a block that raised nothing."""
    catch = Catch()
    with catch:
        pass
    assert catch.error is None


async def test_the_trace_marks_only_creates() -> None:
    """Connections are told to the create they are for; other requests are traced in vain."""
    trace = trace_connections()
    trace.freeze()
    session = cast("aiohttp.ClientSession", None)
    creating, reading = Creating(), Reading()

    for signal in (trace.on_connection_create_end, trace.on_connection_reuseconn):
        creating.connected = False
        for context in (creating, reading):
            await signal.send(
                session, SimpleNamespace(trace_request_ctx=context), cast("Any", None)
            )
        assert creating.connected
    assert not hasattr(reading, "connected")
