"""`hub bench deliveries`: a day of small deliveries, and what is due in a register of full size.

- `one_process`: deliveries of 1,000 rows, landed and taken all the way by one process that is warm;
- `airflow`: the same from 16 units' watched folders through the command `hub run`, from its start to its end: Airflow
  started, one DAG a unit, everything landed, published and described, Airflow ended;
- `register`: the time to write the schedule of, and to find what is due among, so many registered resources.

There is no bare baseline: nothing simpler does this. Rows are those of `lake.bench.data`, one in a hundred failing.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import yaml

from catalogs.register import load_city, register_city
from catalogs.tables import RESOURCE
from catalogs.values.words import UnitKind
from contracts.register import register_contracts
from infra.database import read, write
from infra.ground import Ground, open_ground, sample_city
from lake.bench import data
from lake.clock.schedule import due, frequencies, write_schedule
from lake.ingest import Session, process_batch
from lake.landing.landing import land

if TYPE_CHECKING:
    from infra.console import Step

ROWS = 1_000
_LIMIT = 7_200.0  # seconds that the run through Airflow may take
_TEMPLATE = "jinshui"
_NAME = "traffic.road_flow"


def run(
    *,
    count: int = 1_000,
    airflow: int = 3_000,
    resources: int = 50_000,
    folder: Path | None = None,
    say: "Step" = lambda _what, _number, _of: None,
) -> dict[str, Any]:
    """The figures of each part; a part of 0 is left out.

    Args:
        count: deliveries through one process.
        airflow: deliveries through `hub run`.
        resources: how many the register holds when it is asked what is due.
        folder: where to work; a temporary folder beside the present one by default.
        say: told what is measured next.
    """
    with tempfile.TemporaryDirectory(prefix=".hub-bench-", dir=folder or Path.cwd()) as name:
        place = Path(name)
        units = _city(place / "city")
        result: dict[str, Any] = {"rows": ROWS}
        if count:
            say("one_process", 1, 1)
            result["one_process"] = _one_process(_home(place, "one"), place, count)
        if airflow:
            say("airflow", 1, 1)
            result["airflow"] = _airflow(_home(place, "clock"), place, units, airflow)
        if resources:
            say("register", 1, 1)
            result["register"] = _register(_home(place, "register"), resources)
    return result


def _environ(place: Path, home: Path) -> dict[str, str]:
    rest = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return rest | {"HUB_HOME": str(home), "HUB_CITY_DIR": str(place / "city"), "HUB_DEMO": "1", "HUB_LANG": "en"}


def _city(city: Path) -> list[str]:
    """The sample city with the same resource, contract and provider in each of its units; the units' names."""
    shutil.copytree(sample_city(), city)
    units = [unit.id for unit in load_city(city).units if unit.kind not in (UnitKind.CITY, UnitKind.SAMPLE)]
    catalogue = _alone((city / "catalogues" / f"{_TEMPLATE}.yaml").read_text("utf-8"))
    contract = (city / "contracts" / f"{_TEMPLATE}.{_NAME}.yaml").read_text("utf-8")
    shutil.rmtree(city / "catalogues")
    shutil.rmtree(city / "contracts")
    (city / "catalogues").mkdir()
    (city / "contracts").mkdir()
    known = {department.id for department in load_city(city).departments}
    with (city / "departments.yaml").open("a", encoding="utf-8") as departments:
        for unit in units:
            if (provider := f"{unit}_transport") not in known:
                departments.write(
                    f"  - {{id: {provider}, unit: {unit}, name: {{zh: 示例, en: sample}}, kind: department}}\n"
                )
            (city / "catalogues" / f"{unit}.yaml").write_text(catalogue.replace(_TEMPLATE, unit), "utf-8")
            (city / "contracts" / f"{unit}.{_NAME}.yaml").write_text(contract.replace(_TEMPLATE, unit), "utf-8")
    units_file = city / "units.yaml"
    renamed = units_file.read_text("utf-8").replace(", arrival: marker", "").replace(", arrival: stable", "")
    units_file.write_text(renamed, "utf-8")
    return units


def _alone(catalogue: str) -> str:
    """The template's catalogue with nothing in it but the resource that is delivered."""
    found = yaml.safe_load(catalogue)
    kept = [one for one in found["resources"] if one["id"] == f"{_TEMPLATE}.{_NAME}"]
    text: str = yaml.safe_dump(found | {"resources": kept}, allow_unicode=True, sort_keys=False)
    return text


def _home(place: Path, name: str) -> dict[str, str]:
    environ = _environ(place, place / name)
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        register_city(ground, ground.city, "bench")
        register_contracts(ground, ground.city / "contracts", "bench")
    return environ


def _one_process(environ: dict[str, str], place: Path, count: int) -> dict[str, float]:
    files = [place / f"small-{at}.csv" for at in range(count + 1)]
    for at, path in enumerate(files):
        data.write(path, ROWS, place, first=at * ROWS)
    with open_ground(environ) as ground, Session(ground) as session:
        process_batch(ground, [_land(ground, files[-1])], session=session)
        wall, cpu = time.perf_counter(), time.process_time()
        outcomes = process_batch(ground, [_land(ground, path) for path in files[:-1]], session=session)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert all(one.state == "finished" for one in outcomes)  # noqa: S101 - a failed run is no figure
    for path in files:
        path.unlink()
    return {
        "deliveries": count,
        "wall_seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
        "milliseconds_each": round(wall / count * 1000, 1),
    }


def _land(ground: Ground, path: Path) -> str:
    return land(ground, data.DATASET, path, channel="command", arrived_at=ground.now(), actor="bench").id


def _airflow(environ: dict[str, str], place: Path, units: list[str], count: int) -> dict[str, float]:
    arrivals = Path(environ["HUB_HOME"]) / "arrivals"
    for at in range(count):
        folder = arrivals / units[at % len(units)]
        folder.mkdir(parents=True, exist_ok=True)
        data.write(folder / f"{_NAME}-{at:05}.csv", ROWS, place, first=at * ROWS)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "hub", "run", "--json"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=_LIMIT,
    )
    wall = time.perf_counter() - began
    told = json.loads(done.stdout)
    finished = sum(one["state"] == "finished" for one in told["deliveries"])
    assert finished == count  # noqa: S101 - a failed run is no figure
    return {
        "deliveries": count,
        "dags": len(told["dags"]),
        "wall_seconds": round(wall, 1),
        "start_seconds": told["start_seconds"],
        "milliseconds_each": round(wall / count * 1000, 1),
    }


def _register(environ: dict[str, str], resources: int) -> dict[str, float]:
    with open_ground(environ) as ground:
        _fill(ground, resources)
        began = time.perf_counter()
        dags = write_schedule(ground)
        schedule, began = time.perf_counter() - began, time.perf_counter()
        of = frequencies(ground)
        found = [one for one in due(ground) if one.dataset in of]
        wall = time.perf_counter() - began
    return {
        "resources": len(of),
        "dags": len(dags),
        "due": len(found),
        "schedule_seconds": round(schedule, 2),
        "due_seconds": round(wall, 2),
    }


def _fill(ground: Ground, count: int) -> None:
    """Copies of the registered resources under other names, a hundred of them with a delivery that waits."""
    with read(ground.engine) as connection:
        known = [dict(row) for row in connection.execute(sa.select(RESOURCE)).mappings()]
    rows = [
        known[at % len(known)] | {"id": f"{known[at % len(known)]['id']}_{at:05}"} for at in range(count - len(known))
    ]
    with write(ground.engine) as connection:
        connection.execute(RESOURCE.insert(), rows)
    with ground.scratch() as scratch:
        for at in range(100):
            path = scratch / f"due-{at}.csv"
            path.write_text(f"{at}\n")
            land(ground, rows[at]["id"], path, channel="command", arrived_at=ground.now(), actor="bench")
