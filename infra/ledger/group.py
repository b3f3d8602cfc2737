"""Group commit among the threads of one process: one durable transaction serves all that wait.

No background thread: the first thread that finds nobody leading becomes the leader, takes everything that waits,
commits it in one transaction, and hands the lead to the first of those who came meanwhile. A thread returns when its
own work is durable.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from infra.errors import Unavailable

T = TypeVar("T")
R = TypeVar("R")


class _Ticket(Generic[T, R]):
    __slots__ = ("error", "items", "lead", "results", "signal")

    def __init__(self, items: Sequence[T]) -> None:
        self.items = items
        self.results: list[R] | None = None
        self.error: BaseException | None = None
        self.lead = False
        # A bare lock is the cheapest thing one thread can wait on for another.
        self.signal = threading.Lock()
        self.signal.acquire()


class GroupCommit(Generic[T, R]):
    """Joins the work of waiting threads.

    Args:
        commit: does a list of items in one durable transaction and returns their results in the same order.
        most: how many items one transaction takes at most (a single call may bring more).
    """

    def __init__(self, commit: Callable[[Sequence[T]], list[R]], *, most: int = 4096) -> None:
        self._commit = commit
        self._most = most
        self._guard = threading.Lock()
        self._waiting: deque[_Ticket[T, R]] = deque()
        self._leading = False

    def submit(self, items: Sequence[T]) -> list[R]:
        """Returns the results of `items` when they are durable, or raises what their transaction raised."""
        ticket: _Ticket[T, R] = _Ticket(items)
        with self._guard:
            self._waiting.append(ticket)
            leads = not self._leading
            if leads:
                self._leading = True
        if not leads:
            self._wait(ticket)
        if leads or ticket.lead:
            self._serve()
        if ticket.error is not None:
            raise ticket.error
        return ticket.results or []

    def _wait(self, ticket: _Ticket[T, R]) -> None:
        try:
            ticket.signal.acquire()
        except BaseException:
            # Interrupted while waiting (Ctrl-C): leave the queue, and never keep a lead that others wait for.
            with self._guard:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                leads = ticket.lead
            if leads:
                self._pass_on()
            raise

    def _serve(self) -> None:
        batch: list[_Ticket[T, R]] = []
        try:
            batch = self._take()
            self._run(batch)
        finally:
            for ticket in batch:
                if ticket.results is None and ticket.error is None:
                    ticket.error = _interrupted()
                ticket.signal.release()
            self._pass_on()

    def _pass_on(self) -> None:
        with self._guard:
            heir = self._waiting[0] if self._waiting else None
            self._leading = heir is not None
            if heir is not None:
                heir.lead = True
                heir.signal.release()

    def _take(self) -> list[_Ticket[T, R]]:
        """The oldest waiting tickets; the leader's own is the first of them."""
        batch: list[_Ticket[T, R]] = []
        count = 0
        with self._guard:
            while self._waiting and (not batch or count + len(self._waiting[0].items) <= self._most):
                batch.append(self._waiting.popleft())
                count += len(batch[-1].items)
        return batch

    def _run(self, batch: list[_Ticket[T, R]]) -> None:
        try:
            results = self._commit([item for ticket in batch for item in ticket.items])
        except Exception as failure:  # every waiting thread must hear of it
            for ticket in batch:
                ticket.error = failure
            return
        start = 0
        for ticket in batch:
            ticket.results = results[start : start + len(ticket.items)]
            start += len(ticket.items)


def _interrupted() -> Unavailable:
    return Unavailable("LEDGER_INTERRUPTED", "存证写入被中断，未完成", "the entry was interrupted and is not durable")
