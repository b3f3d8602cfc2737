"""Group commit among the threads of one process: one durable transaction serves all that wait.

No background thread: whoever finds nobody leading leads, takes everything that waits, commits it in one transaction,
and hands the lead to the first of those who came meanwhile. A thread returns when its own work is durable.

Three things keep many threads from fighting over the interpreter: the queue needs no lock (a deque's append is atomic),
the leader alone computes while the others wait, and those who were served wake one another in a chain instead of all at
once.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Generic, TypeVar

from infra.errors import Unavailable

T = TypeVar("T")
S = TypeVar("S")
R = TypeVar("R")


class _Ticket(Generic[T, R]):
    __slots__ = ("error", "follower", "items", "lead", "results", "signal")

    def __init__(self, items: Sequence[T]) -> None:
        self.items = items
        self.results: list[R] | None = None
        self.error: BaseException | None = None
        self.lead = False
        self.follower: _Ticket[T, R] | None = None
        # A bare lock is the cheapest thing one thread can wait on for another.
        self.signal = threading.Lock()
        self.signal.acquire()


class GroupCommit(Generic[T, S, R]):
    """Joins the work of waiting threads.

    Args:
        prepare: makes one caller's items ready; what it raises concerns that caller alone. The leader does it for all:
            while the others only wait, nobody takes the interpreter from the one who works.
        commit: does a list of ready items in one durable transaction and returns their results in the same order.
        most: how many items one transaction takes at most (a single call may bring more).
    """

    def __init__(
        self, prepare: Callable[[Sequence[T]], list[S]], commit: Callable[[Sequence[S]], list[R]], *, most: int = 4096
    ) -> None:
        self._prepare = prepare
        self._commit = commit
        self._most = most
        self._waiting: deque[_Ticket[T, R]] = deque()
        self._lead = threading.Lock()

    def submit(self, items: Sequence[T]) -> list[R]:
        """Returns the results of `items` when they are durable, or raises what their transaction raised.

        An interrupt (Ctrl-C) is raised once the transaction that holds the items has ended: nothing is left half-done.
        """
        ticket: _Ticket[T, R] = _Ticket(items)
        self._waiting.append(ticket)
        if self._lead.acquire(blocking=False):
            # The first in the queue leads; it may be another who came a moment before.
            self._pass_on()
        interrupt = _await(ticket)
        if ticket.follower is not None:
            ticket.follower.signal.release()
        if ticket.lead:
            self._serve()
        if interrupt is not None:
            raise interrupt
        if ticket.error is not None:
            raise ticket.error
        return ticket.results or []

    def _serve(self) -> None:
        """Commits what waits; the caller holds the lead and its own ticket is the first in the queue."""
        batch = self._take()
        try:
            self._run(batch)
        finally:
            for ticket in batch:
                if ticket.results is None and ticket.error is None:
                    ticket.error = _interrupted()
            self._pass_on()
            _wake(batch[1:])

    def _pass_on(self) -> None:
        """Gives the lead, which the caller holds, to the first in the queue, or back if nobody waits."""
        while True:
            try:
                heir = self._waiting[0]
            except IndexError:
                self._lead.release()
                # Whoever came between the look and the release found the lead taken: look again.
                if not self._waiting or not self._lead.acquire(blocking=False):
                    return
            else:
                heir.lead = True
                heir.signal.release()
                return

    def _take(self) -> list[_Ticket[T, R]]:
        """The oldest waiting tickets; the leader's own is the first of them."""
        batch = [self._waiting.popleft()]
        count = len(batch[0].items)
        while self._waiting and count + len(self._waiting[0].items) <= self._most:
            batch.append(self._waiting.popleft())
            count += len(batch[-1].items)
        return batch

    def _run(self, batch: list[_Ticket[T, R]]) -> None:
        ready = [(ticket, items) for ticket in batch if (items := self._ready(ticket)) is not None]
        try:
            results = self._commit([item for _, items in ready for item in items]) if ready else []
        except Exception as failure:  # every waiting thread must hear of it
            for ticket, _ in ready:
                ticket.error = failure
            return
        start = 0
        for ticket, items in ready:
            ticket.results = results[start : start + len(items)]
            start += len(items)

    def _ready(self, ticket: _Ticket[T, R]) -> list[S] | None:
        try:
            return self._prepare(ticket.items)
        except Exception as failure:  # of these items: the caller's own to hear
            ticket.error = failure
            return None


def _await(ticket: _Ticket[T, R]) -> BaseException | None:
    """Waits for the ticket's turn, also through interrupts: others may depend on it. Returns the last interrupt."""
    interrupt: BaseException | None = None
    while True:
        try:
            ticket.signal.acquire()
        except BaseException as stop:
            interrupt = stop
        else:
            return interrupt


def _wake(served: Sequence[_Ticket[T, R]]) -> None:
    """Wakes the first of the served; each wakes the next."""
    for ticket, follower in pairwise(served):
        ticket.follower = follower
    if served:
        served[0].signal.release()


def _interrupted() -> Unavailable:
    return Unavailable("LEDGER_INTERRUPTED", "存证写入被中断，未完成", "the entry was interrupted and is not durable")
