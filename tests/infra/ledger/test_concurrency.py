"""Sixteen processes of several threads append with overlapping keys while some sequence: none lost, none twice."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from infra.ground import open_ground
from infra.ledger.entry import canonical_object

PROCESSES, THREADS, ROUNDS, SHARED = 16, 4, 10, 7


def test_sixteen_processes_lose_and_double_nothing(city_environ: dict[str, str]) -> None:
    with open_ground(city_environ, create=True) as ground:
        ground.prepare()
    environ = {**os.environ, **city_environ}
    script = str(Path(__file__).with_name("writer.py"))
    sizes = [str(THREADS), str(ROUNDS), str(SHARED)]
    running = [
        subprocess.Popen([sys.executable, script, str(process), *sizes], env=environ, stderr=subprocess.PIPE)
        for process in range(PROCESSES)
    ]
    try:
        ended = [(process.communicate(timeout=240)[1].decode(), process.returncode) for process in running]
    finally:
        for process in running:
            process.kill()
    assert [said for said, status in ended if status] == []

    with open_ground(city_environ) as ground:
        ledger = ground.ledger
        checkpoint = ledger.sequence()
        report = ledger.verify()
        assert report.faults == ()
        assert report.pending == 0
        entries = [canonical_object(row.body) or {} for row in ledger.entries(count=10_000)]
        subjects = Counter(entry["subject"] for entry in entries if str(entry["act"]).startswith("lake:"))
        own = {f"{p}/{t}/{n}" for p in range(PROCESSES) for t in range(THREADS) for n in range(ROUNDS)}
        assert subjects == Counter(own | {f"common/{number}" for number in range(SHARED)})
        assert checkpoint.size == len(entries)
