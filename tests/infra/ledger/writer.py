"""A process that appends from several threads; started by `test_concurrency.py` with the environment of a ground.

python writer.py <process> <threads> <rounds> <shared keys>
"""

import sys
import threading

from infra.ground import open_ground
from infra.ledger import Act, Ledger, NewEntry


def work(ledger: Ledger, process: int, thread: int, rounds: int, shared: int) -> None:
    """Each round: one entry of its own, and one whose key every process and thread uses."""
    for number in range(rounds):
        own = f"{process}/{thread}/{number}"
        common = f"common/{number % shared}"
        ledger.append(
            [
                NewEntry(Act.DELIVERY_LANDED, f"p{process}", own, {"n": number}, own if number % 2 else None),
                NewEntry(Act.DELIVERY_PUBLISHED, f"p{process}", common, {"by": process}, common),
            ]
        )
        if thread == 0 and number % 5 == 4:
            ledger.sequence()


def main() -> None:
    """Append, and fail loudly."""
    process, threads, rounds, shared = (int(text) for text in sys.argv[1:])
    failures: list[BaseException] = []

    def run(thread: int) -> None:
        try:
            work(ground.ledger, process, thread, rounds, shared)
        except BaseException as failure:
            failures.append(failure)
            raise

    with open_ground() as ground:
        ground.ledger.checkpoint()
        workers = [threading.Thread(target=run, args=(thread,)) for thread in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
