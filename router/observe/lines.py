"""Where log lines go: kept for a moment and written together, because writing costs the most."""

import asyncio
from threading import Lock
from typing import TextIO

DELAY_S = 0.2
"""How long a line may wait for others."""
BUFFER_MAX = 64 * 1024
"""Characters that may wait."""


class Lines:
    """
    Writes lines to a stream in batches; what is urgent at once, with all that waits before it.

    Never raises: a stream that is closed, full or broken loses the lines, not the router.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = Lock()
        self._waiting: list[str] = []
        self._size = 0
        self._flushing_loop: asyncio.AbstractEventLoop | None = None

    def write(self, line: str, *, urgent: bool = False) -> None:
        """Take a line, without its end; from any thread."""
        with self._lock:
            self._waiting.append(line)
            self._size += len(line) + 1
            urgent = urgent or self._size >= BUFFER_MAX
        if urgent or not self._flush_soon():
            self.flush()

    def flush(self) -> None:
        """Write all that waits."""
        with self._lock:
            lines, self._waiting, self._size = self._waiting, [], 0
            if not lines:
                return
            try:
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()
            # ValueError: it is closed, or its encoding has no such letter.
            except (OSError, ValueError):
                pass

    def _flush_soon(self) -> bool:
        """Have the running event loop flush in a moment; False where there is none."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        if self._flushing_loop is not loop:
            self._flushing_loop = loop
            loop.call_later(DELAY_S, self._flush_now)
        return True

    def _flush_now(self) -> None:
        self._flushing_loop = None
        self.flush()
