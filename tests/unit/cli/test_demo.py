import socket

from tests.commands import Commands


def test_a_port_that_was_asked_for_is_insisted_on(farebox: Commands) -> None:
    """Another one would not be what was asked for."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ran = farebox("demo", "--once", "--port", str(port))

    assert ran.code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in ran.err
