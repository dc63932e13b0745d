"""Events and those who listen."""

from router.observe.events import Event, Polled
from router.observe.observers import Observers


class _Ear:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    def tell(self, event: Event) -> None:
        """Remember."""
        self.heard.append(event)


def test_every_observer_is_told() -> None:
    """Several listeners are as one."""
    first, second = _Ear(), _Ear()
    event = Polled(provider="runpod")

    Observers(first, second).tell(event)

    assert first.heard == second.heard == [event]
