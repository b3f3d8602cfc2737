"""`hub bench ingest`: governed ingest against the least that any tool must do for the same bytes.

The baseline copies the file, hashes it, makes the copy durable, and has DuckDB turn it into zstd Parquet. Beside it, in
interleaved rounds, each in a fresh process on a fresh city:

- `warm`: ingest in a process that has taken a small delivery before; bytes landed as they are;
- `sealed`: the same with the landed bytes sealed, as is the default;
- `cold`: the command `hub ingest`, from its start to its end, sealing off;
- `pandas` (on request): `read_csv`, Great Expectations on the frame, `write_deltalake`, in a process of its own.
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from infra import crypto
from infra.ground import Ground, open_ground
from infra.settings import load
from lake.bench import data as bench_data
from lake.store.duck import LakeSettings

if TYPE_CHECKING:
    from infra.console import Step

_TINY_ROWS = 1_000
_LIMIT = 3_600.0  # seconds that one measurement may take
_PANDAS = "pandas"


def run(
    *,
    rows: int = 10_000_000,
    pairs: int = 5,
    against: str | None = None,
    folder: Path | None = None,
    say: "Step" = lambda _what, _number, _of: None,
) -> dict[str, Any]:
    """Medians of `pairs` interleaved rounds: wall and CPU seconds, peak memory, ratios to the baseline.

    Args:
        rows: of the large delivery.
        against: "pandas" adds the pipeline that most teams run.
        folder: where to work; a temporary folder beside the present one by default, for the disk matters.
        say: told what is measured next.
    """
    with tempfile.TemporaryDirectory(prefix=".hub-bench-", dir=folder or Path.cwd()) as name:
        place = Path(name)
        source = place / "delivery.csv"
        say("data", 1, 1)
        bench_data.write(source, rows, place)
        _city(place / "city")
        kinds = ["baseline", "warm", "sealed", "cold", *([_PANDAS] if against == _PANDAS else [])]
        found: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
        for number in range(pairs):
            for kind in kinds:
                say(kind, number + 1, pairs)
                found[kind].append(_measure(kind, place, source))
        result: dict[str, Any] = {"rows": rows, "bytes": source.stat().st_size, "pairs": pairs}
        result |= {kind: _medians(rounds, found["baseline"]) for kind, rounds in found.items()}
        say("fixed_seconds", 1, 1)
        result["cold"]["fixed_seconds"] = round(_measure("cold", place, _tiny(place))["wall"], 2)
    return result


def _city(home: Path) -> None:
    """The sample city, registered once; each measurement takes a copy."""
    from catalogs.register import register_city  # noqa: PLC0415 - only the benchmark registers here
    from contracts.register import register_contracts  # noqa: PLC0415

    with open_ground({"HUB_HOME": str(home), "HUB_DEMO": "1"}, create=True) as ground:
        ground.prepare()
        register_city(ground, ground.city, "bench")
        register_contracts(ground, ground.city / "contracts", "bench")


def _tiny(place: Path) -> Path:
    path = place / "tiny.csv"
    if not path.exists():
        bench_data.write(path, _TINY_ROWS, place, first=1_000_000_000)
    return path


def _measure(kind: str, place: Path, source: Path) -> dict[str, float]:
    """One measurement in a process of its own."""
    home = place / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(place / "city", home)
    tiny = _tiny(place)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environ |= {"HUB_HOME": str(home), "HUB_DEMO": "1", "HUB_LANDING_SEAL": "1" if kind == "sealed" else "0"}
    if kind == "cold":
        return _command([sys.executable, "-m", "hub", "ingest", bench_data.DATASET, str(source), "--json"], environ)
    given = json.dumps({"kind": kind, "home": str(home), "source": str(source), "tiny": str(tiny)})
    done = subprocess.run(
        [sys.executable, "-m", "lake.bench.ingest", given],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=_LIMIT,
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _command(command: list[str], environ: Mapping[str, str]) -> dict[str, float]:
    began = time.perf_counter()
    process = subprocess.Popen(command, env=dict(environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024}


def _medians(rounds: list[dict[str, float]], baseline: list[dict[str, float]]) -> dict[str, float]:
    """Medians of one kind; ratios are medians of the rounds' own ratios, for a round shares the machine's mood."""

    def ratio(what: str) -> float:
        return round(statistics.median(ours[what] / bare[what] for ours, bare in zip(rounds, baseline, strict=True)), 2)

    return {
        "wall_seconds": round(statistics.median(one["wall"] for one in rounds), 2),
        "cpu_seconds": round(statistics.median(one["cpu"] for one in rounds), 2),
        "peak_mib": round(statistics.median(one["peak"] for one in rounds) / 2**20),
        "wall_ratio": ratio("wall"),
        "cpu_ratio": ratio("cpu"),
    }


def child(given: Mapping[str, str]) -> dict[str, float]:
    """One measurement, in this process: the work is timed, the preparation is not; the peak is the process's."""
    home, source, tiny = Path(given["home"]), Path(given["source"]), Path(given["tiny"])
    kind = given["kind"]
    if kind == "baseline":
        return _timed(lambda: _baseline(source, home))
    if kind == _PANDAS:
        return _timed(lambda: _pandas(source, home))
    with open_ground() as ground:
        return _governed(ground, source, tiny)


def _timed(work: Callable[[], object]) -> dict[str, float]:
    before, began = _cpu(), time.perf_counter()
    work()
    wall, after = time.perf_counter() - began, _cpu()
    return {"wall": wall, "cpu": after - before, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0}


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _baseline(source: Path, home: Path) -> None:
    copy = home / "copy.csv"
    hasher = crypto.hasher()
    with source.open("rb") as bytes_in, copy.open("wb") as bytes_out:
        while block := bytes_in.read(4 << 20):
            hasher.update(block)
            bytes_out.write(block)
        bytes_out.flush()
        os.fsync(bytes_out.fileno())
    hasher.hexdigest()
    with duckdb.connect(config={"memory_limit": load(LakeSettings, {}).memory}) as connection:
        connection.execute(
            f"COPY (FROM read_csv('{copy}')) TO '{home / 'copy.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
        )


def _governed(ground: Ground, source: Path, tiny: Path) -> dict[str, float]:
    from lake.ingest import Session, ingest  # noqa: PLC0415 - a baseline must not pay for it

    with Session(ground) as session:
        ingest(ground, bench_data.DATASET, tiny, actor="bench", session=session)
        return _timed(lambda: ingest(ground, bench_data.DATASET, source, actor="bench", session=session))


def _pandas(source: Path, home: Path) -> None:
    """What most teams run: everything in one frame."""
    from lake.bench.pandas_pipeline import pipeline  # noqa: PLC0415

    pipeline(source, home / "pandas")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(child(json.loads(sys.argv[1]))))
    sys.stdout.flush()
    # The interpreter's own end prints what its libraries leave behind; the figures are out.
    os._exit(0)
