"""What a lease promises, over SQLite and over a real PostgreSQL."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from infra.database import write
from infra.errors import Unavailable
from infra.ground import Ground, open_ground
from infra.lease import kept, lease
from infra.tables import LEASE


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_one_holder_at_a_time(city_ground: Ground) -> None:
    with lease(city_ground.engine, "lake:x"):
        with pytest.raises(Unavailable) as caught, lease(city_ground.engine, "lake:x"):
            pass
        assert caught.value.code == "LEASE_TAKEN"
        with lease(city_ground.engine, "lake:y"):
            pass
    with lease(city_ground.engine, "lake:x"):
        pass


def test_tokens_only_grow(city_ground: Ground) -> None:
    tokens = []
    for _ in range(3):
        with lease(city_ground.engine, "x") as held:
            tokens.append(held.token)
    assert tokens == sorted(set(tokens))


def test_an_expired_lease_is_followed_and_its_holder_learns_it(city_ground: Ground) -> None:
    clock = Hands()
    with lease(city_ground.engine, "x", seconds=10, clock=clock) as first:
        first.check()
        clock.now += timedelta(seconds=9)
        first.renew()
        clock.now += timedelta(seconds=9)
        first.check()
        clock.now += timedelta(seconds=2)
        with lease(city_ground.engine, "x", seconds=10, clock=clock) as second:
            assert second.token > first.token
            for act in (first.check, first.renew):
                with pytest.raises(Unavailable) as caught:
                    act()
                assert caught.value.code == "LEASE_LOST"
            second.check()
    with lease(city_ground.engine, "x", clock=clock) as third:
        third.check()


def test_a_late_release_takes_nothing_from_the_next_holder(city_ground: Ground) -> None:
    clock = Hands()
    slow = lease(city_ground.engine, "x", seconds=1, clock=clock)
    slow.__enter__()
    clock.now += timedelta(seconds=2)
    with lease(city_ground.engine, "x", seconds=60, clock=clock) as next_one:
        slow.__exit__(None, None, None)
        next_one.check()


def test_waiting_is_bounded_and_ends_when_the_lease_is_free(city_ground: Ground) -> None:
    with ThreadPoolExecutor(1) as pool:
        with lease(city_ground.engine, "x"):
            started = time.monotonic()
            with pytest.raises(Unavailable), lease(city_ground.engine, "x", wait_seconds=0.3):
                pass
            assert time.monotonic() - started >= 0.3

            def wait() -> int:
                with lease(city_ground.engine, "x", wait_seconds=30) as held:
                    return held.token

            waiting = pool.submit(wait)
            time.sleep(0.2)
            assert not waiting.done()
        assert waiting.result(timeout=30) == 2


def test_threads_never_overlap(city_ground: Ground) -> None:
    inside, overlaps = threading.Lock(), []

    def work(_: int) -> None:
        with lease(city_ground.engine, "x", wait_seconds=60):
            if not inside.acquire(blocking=False):
                overlaps.append(1)
                return
            time.sleep(0.005)
            inside.release()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(18)))
    assert overlaps == []


HOLD = """
import os, sys, time
from infra.ground import open_ground
from infra.lease import lease
with open_ground(os.environ) as ground, lease(ground.engine, "x", seconds=3600):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_killed_holder_is_followed_at_once(city_ground: Ground, city_environ: dict[str, str]) -> None:
    environ = {**os.environ, **city_environ}
    with subprocess.Popen([sys.executable, "-c", HOLD], env=environ, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(Unavailable), lease(city_ground.engine, "x"):
            pass
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=20)
        with lease(city_ground.engine, "x") as held:
            assert held.token == 2


def _try(environ: dict[str, str], path: str) -> None:
    with open_ground(environ) as ground:
        for _ in range(5):
            with lease(ground.engine, "x", wait_seconds=60):
                # Exclusive creation fails if another process is inside.
                os.close(os.open(path, os.O_CREAT | os.O_EXCL))
                os.unlink(path)  # noqa: PTH108 - the pair of the line above


def test_processes_never_overlap(city_ground: Ground, city_environ: dict[str, str]) -> None:
    path = str(city_ground.home / "inside")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_try, args=(city_environ, path)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    assert [worker.exitcode for worker in workers] == [0] * 4


def test_a_lease_is_kept_beside_work_that_takes_longer(city_ground: Ground) -> None:
    with lease(city_ground.engine, "x", seconds=3) as held, kept(held):
        until = time.monotonic() + 4
        while time.monotonic() < until:
            held.check()
            time.sleep(0.05)
    with lease(city_ground.engine, "x") as following:
        assert following.token == held.token + 1


def test_a_lost_lease_is_renewed_no_more(city_ground: Ground) -> None:
    with lease(city_ground.engine, "x", seconds=0.6) as held:
        with write(city_ground.engine) as connection:
            connection.execute(LEASE.update().where(LEASE.c.name == "x").values(token=held.token + 1))
        with kept(held):
            time.sleep(0.5)
        with pytest.raises(Unavailable) as caught:
            held.check()
        assert caught.value.code == "LEASE_LOST"
