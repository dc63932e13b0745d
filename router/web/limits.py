"""What a connection and a request may take of the server: in number, in bytes, in time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of the listener. aiohttp has none of connections, nor of a body's or answer's time."""

    connections_max: int = 4_000
    """Further ones are shed as they come."""
    header_deadline_s: float = 15.0
    """From the connection to the end of the first request's headers."""
    body_deadline_s: float = 60.0
    """From the headers to the end of the body."""
    write_deadline_s: float = 60.0
    """For the client to take the answer."""
    keepalive_s: float = 75.0
    """Longer than the usual 60 s of a load balancer, which must be the one to close."""
    lingering_s: float = 1.0
    """For the rest of a body that nobody will read, so that its sender sees the answer."""
    body_bytes_max: int = 32 * 1024 * 1024
    callback_bytes_max: int = 1024 * 1024
    shutdown_s: float = 5.0
    """For requests in hand when the listener closes; waiting ones have answered before."""
