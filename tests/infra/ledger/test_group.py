"""Group commit: everyone gets their own result, failures are heard, nobody waits for ever."""

import threading
import time
from collections.abc import Sequence

import pytest

from infra.ledger.group import GroupCommit


def run(group: GroupCommit[int, int, int], threads: int, each: int) -> list[object]:
    got: list[object] = []

    def work(mine: int) -> None:
        for number in range(each):
            items = [mine * 10_000 + number * 3 + at for at in range(number % 3)]
            try:
                got.append(group.submit(items) == [item * 2 for item in items])
            except ValueError as failure:
                got.append(str(failure))

    workers = [threading.Thread(target=work, args=(mine,)) for mine in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert not any(worker.is_alive() for worker in workers)
    return got


def test_many_threads_share_few_transactions_and_get_their_own_results() -> None:
    sizes = []

    def commit(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        time.sleep(0.001)
        return [item * 2 for item in items]

    group = GroupCommit(list, commit)
    assert run(group, 16, 60) == [True] * (16 * 60)
    assert len(sizes) < 16 * 60 / 2


def test_a_failure_is_heard_by_all_in_its_transaction_and_by_no_other() -> None:
    calls = []

    def commit(items: Sequence[int]) -> list[int]:
        calls.append(1)
        if len(calls) % 3 == 0:
            message = "disk full"
            raise ValueError(message)
        return [item * 2 for item in items]

    got = run(GroupCommit(list, commit), 8, 50)
    assert len(got) == 400
    assert set(got) == {True, "disk full"}


def test_a_transaction_takes_a_bounded_number() -> None:
    sizes = []

    def commit(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        time.sleep(0.001)
        return [item * 2 for item in items]

    assert run(GroupCommit(list, commit, most=5), 16, 30) == [True] * 480
    assert max(sizes) <= 5


def test_an_interrupted_leader_leaves_the_others_served() -> None:
    calls = []

    def commit(items: Sequence[int]) -> list[int]:
        calls.append(1)
        time.sleep(0.002)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return [item * 2 for item in items]

    group = GroupCommit(list, commit)
    heard = []

    def work() -> None:
        for number in range(10):
            try:
                group.submit([number])
            except BaseException as failure:
                heard.append(type(failure).__name__)

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
    assert not any(worker.is_alive() for worker in workers)
    assert "KeyboardInterrupt" in heard
    assert set(heard) <= {"KeyboardInterrupt", "Unavailable"}
    assert group.submit([4]) == [8]


def test_one_thread_alone_waits_for_nobody() -> None:
    assert GroupCommit(list, lambda items: [item * 2 for item in items]).submit([1, 2]) == [2, 4]
    with pytest.raises(ZeroDivisionError):
        GroupCommit(list, lambda items: [item // 0 for item in items]).submit([1])


def test_items_that_cannot_be_made_ready_concern_their_own_caller_alone() -> None:
    def prepare(items: Sequence[int]) -> list[int]:
        if 10_003 in items:
            message = "not this one"
            raise ValueError(message)
        return [item + 1 for item in items]

    def commit(items: Sequence[int]) -> list[int]:
        time.sleep(0.001)
        return [(item - 1) * 2 for item in items]

    got = run(GroupCommit(prepare, commit), 8, 20)
    assert got.count("not this one") == 1
    assert got.count(True) == 8 * 20 - 1


def test_without_anything_ready_nothing_is_committed() -> None:
    calls = []
    group = GroupCommit[int, int, int](
        lambda items: [1 // item for item in items], lambda items: calls.append(items) or []
    )
    with pytest.raises(ZeroDivisionError):
        group.submit([0])
    assert calls == []
