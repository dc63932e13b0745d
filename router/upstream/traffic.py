"""All that goes to providers, kept to what their rows of the price book allow."""

from collections.abc import Iterable

from router.model.clock import Clock
from router.model.offer import ProviderTerms
from router.upstream.paces import Paces, WaitObserver, rates_of, unheard
from router.upstream.reads import Reads, read_limits_of
from router.upstream.slots import QueueObserver, Slots


class Traffic:
    """Creates and reads, of all providers."""

    def __init__(
        self,
        clock: Clock,
        terms: Iterable[ProviderTerms],
        *,
        on_wait: WaitObserver = unheard,
        on_queue: QueueObserver = unheard,
    ) -> None:
        """
        Args:
            clock: For pauses.
            terms: Each provider's.
            on_wait: Told how long each call waited for its turn. Must not raise.
            on_queue: Told how many creates wait for a slot, or for the rate. Must not raise.
        """
        self.paces = Paces(clock, on_wait=on_wait)
        self.slots = Slots({}, self.paces, on_queue)
        self.reads = Reads(self.paces)
        self.set_terms(terms)

    def set_terms(self, terms: Iterable[ProviderTerms]) -> None:
        """Keep to other terms from now on; those of a provider that is gone stay."""
        for one in terms:
            self.paces.set_rates(rates_of(one))
            self.reads.set_limits(read_limits_of(one))
            self.slots.set_limits({one.name: one.creates_in_flight_max})
