"""Places that are few, for whoever takes long: so many for each name, so that one leaves some to the others."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator

from infra.errors import HubError


class Places:
    """Each name has at most `most` places at once; `busy` makes the error of who finds none. Threads may share it."""

    def __init__(self, most: int, busy: Callable[[int], HubError]) -> None:
        self._most, self._busy = most, busy
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def place(self, name: str) -> Iterator[None]:
        """A place of `name` while the block runs.

        Raises:
            HubError: what `busy` made, when all are taken.
        """
        with self._lock:
            if self._running[name] >= self._most:
                raise self._busy(self._most)
            self._running[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[name] -= 1
                if not self._running[name]:
                    del self._running[name]
