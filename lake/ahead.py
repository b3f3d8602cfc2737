"""The next small delivery, read and split while the present one is audited and published.

One delivery waits for commits and for Great Expectations' Python while DuckDB could work for another: side by side on
two cores, a batch of small deliveries takes little more than the longer half of each.
"""

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from infra.ground import Ground
from lake.prepare import Separated

Separate = Callable[[str, Path], Separated | None]


def read_ahead(ground: Ground, separate: Separate, deliveries: Iterable[str]) -> Iterator[tuple[str, Separated | None]]:
    """Each delivery in its order, with what `separate` made of it in a scratch folder that lives until the next.

    Reading needs no lease and changes nothing. What fails ahead gives None: it is done again in its turn, and fails
    there with its sentence.
    """

    def quietly(delivery: str, scratch: Path) -> Separated | None:
        try:
            return separate(delivery, scratch)
        except Exception:
            return None

    waiting: deque[tuple[str, contextlib.ExitStack, Future[Separated | None]]] = deque()
    todo = iter(deliveries)
    with contextlib.ExitStack() as folders, ThreadPoolExecutor(1, "ahead") as worker:

        def begin(delivery: str) -> None:
            folder = folders.enter_context(contextlib.ExitStack())
            scratch = folder.enter_context(ground.scratch())
            waiting.append((delivery, folder, worker.submit(quietly, delivery, scratch)))

        for delivery in itertools.islice(todo, 1):
            begin(delivery)
        while waiting:
            for following in itertools.islice(todo, 1):
                begin(following)
            delivery, folder, made = waiting.popleft()
            with folder:
                yield delivery, made.result()
