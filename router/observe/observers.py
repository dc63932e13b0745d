"""Several listeners as one."""

from router.observe.events import Event, Observer


class Observers:
    """Several listeners as one."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def tell(self, event: Event) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.tell(event)
