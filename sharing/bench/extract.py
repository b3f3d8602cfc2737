"""`hub bench extract`: a governed extract against a bare DuckDB ``COPY`` of the same columns.

What is timed is all that must happen between an approved plan and an issued extract: decision by the rules, one row a
person, classes with k and l, the write, the count again on what was written, the Delta commit, the ledger entry made
durable. The search for the plan is timed apart. Both sides read the same files and write zstd Parquet with DuckDB under
the same memory limit; pairs are interleaved, medians printed, wall and CPU seconds.

The data are invented: persons of whom one in fifty comes twice, four quasi-identifiers (time, age, gender, street) and
one sensitive category.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from catalogs.own_city import own_city
from catalogs.values.model import Grade
from infra.console import Step
from infra.ground import Ground, open_ground
from infra.ledger import Act, NewEntry
from sharing.case import policy
from sharing.case.cases import Approval, Case, Channel, Request
from sharing.extract import measure, produce, release
from sharing.plan.methods import Dimension
from sharing.plan.plan import Draft, Plan

_COLUMNS = ("visited_at", "age", "gender", "street", "kind")
_SALT = 20_260_302
_DIMENSIONS = (
    Dimension("visited_at", "time", ("visited_at",)),
    Dimension("age", "number", ("age",)),
    Dimension("gender", "category", ("gender",)),
    Dimension("street", "category", ("street",)),
    Dimension("kind", "category", ("kind",), sensitive=True),
)


def run(
    *,
    rows: int = 1_000_000,
    pairs: int = 5,
    memory: str = "1GB",
    home: Path | None = None,
    say: Step = lambda _what, _number, _of: None,
) -> dict[str, Any]:
    """Figures of `pairs` interleaved pairs on `rows` rows; `say` is told what is measured next.

    Returns:
        `baseline`, `governed`, `search` (wall and CPU seconds, medians), `ratio`, and what the extract kept.
    """
    import tempfile  # noqa: PLC0415 - for the bench alone

    with tempfile.TemporaryDirectory(dir=home) as folder, open_ground({"HUB_HOME": folder, "HUB_DEMO": "1"}) as ground:
        ground.prepare()
        return _run(ground, Path(folder), (rows, pairs), memory, say)


def _run(ground: Ground, folder: Path, size: tuple[int, int], memory: str, say: Step) -> dict[str, Any]:
    import duckdb  # noqa: PLC0415 - loaded when something is measured

    rows, pairs = size
    source = folder / "source.parquet"
    config: dict[str, Any] = {"memory_limit": memory, "temp_directory": str(folder / "spill")}
    with duckdb.connect(config=config) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        say("data", 1, 1)
        connection.execute(_invented(rows, source))
        say("search", 1, 1)
        relation = produce.source([source])
        draft = Draft("rows", "person_key", _DIMENSIONS)
        planned: list[Plan] = []
        search = _timed(lambda: planned.append(produce.plan(connection, relation, draft, _SALT, "bench")))
        made: list[produce.Produced] = []
        baseline, governed = [], []
        for number in range(pairs):
            bare = f"COPY (SELECT {', '.join(_COLUMNS)} FROM read_parquet('{source}')) TO '{folder / 'bare.parquet'}'"  # noqa: S608
            say("baseline", number + 1, pairs)
            baseline.append(_timed(partial(connection.execute, f"{bare} (FORMAT parquet, COMPRESSION zstd)")))
            target = folder / f"governed-{number}"
            act = partial(_governed, ground, connection, relation, planned[0], target)
            say("governed", number + 1, pairs)
            governed.append(_timed(lambda act=act: made.append(act())))  # type: ignore[misc]
    return _figures(rows, (search, baseline, governed), made[-1], planned[0])


def _governed(
    ground: Ground, connection: Any, relation: produce.Source, chosen: Plan, target: Path
) -> produce.Produced:
    """What issuing does once the plan is known."""
    from lake.store.delta import Commit, DataFile, Tables  # noqa: PLC0415 - loaded when something is measured

    made = produce.write(connection, relation, chosen, _SALT, (target.parent, target.name))
    level = measure.level("rows", made.measured, chosen.draft.terms)
    known, case = policy.rules(own_city(ground)), _case(ground.now())
    why = policy.may_issue(known, case, chosen.draft, made.measured, level, Grade.GENERAL_3)
    policy.raise_for("SHARE_NOT_ISSUED", "不满足交付条件", "the extract may not be issued", why)
    key, tables = f"extracts/{target.name}", Tables(ground.store)
    base = tables.ensure(key, release.arrow_schema(chosen.draft, chosen.steps, _schema()), "bench")
    for path, _ in made.files:
        ground.store.put_file(f"{key}/{path.name}", path)
    files = tuple(DataFile(path.name, path.stat().st_size, rows) for path, rows in made.files)
    tables.commit(key, Commit(files, "append", target.name, base, {}, ground.now()))
    ground.ledger.append([NewEntry(Act.EXTRACT_ISSUED, "bench", target.name, {"rows": made.rows})])
    return made


def _case(now: datetime) -> Case:
    given = (Approval("provider", "d", "a", now, ""), Approval("authority", "e", "b", now, ""))
    asked = Request(_COLUMNS, "bench", "bench", 1, "rows", "bench")
    return Case("bench", "a-bench", Channel.CONDITIONAL, "sample.d.n", asked, ("d",), approvals=given, digest="0" * 64)


def _schema() -> Any:
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is measured

    texts = [(name, pa.string()) for name in ("gender", "street", "kind")]
    return pa.schema([("visited_at", pa.timestamp("us", "UTC")), ("age", pa.int64()), *texts])


def _invented(rows: int, path: Path) -> str:
    persons = max(1, rows * 25)  # of numbers drawn this far apart, one in fifty comes twice
    start = datetime(2026, 3, 1, tzinfo=UTC) - timedelta(hours=8)
    return (
        f"COPY (SELECT 'p' || lpad((hash(i) % {persons})::VARCHAR, 12, '0') AS person_key, "  # noqa: S608 - numbers of ours
        f"to_timestamp({int(start.timestamp())} + hash(i * 3) % {86400 * 30}) AS visited_at, "
        "(hash(i * 5) % 90)::BIGINT AS age, "
        "CASE hash(i * 7) % 2 WHEN 0 THEN '男' ELSE '女' END AS gender, 'street ' || (hash(i * 11) % 20) AS street, "
        "'kind ' || (hash(i * 13) % 8) AS kind, 'visit ' || i AS visit_id, (hash(i * 17) % 100000) / 100.0 AS cost "
        f"FROM range({rows}) t(i)) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
    )


def _timed(act: Callable[[], Any]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - wall, time.process_time() - cpu


def _figures(
    rows: int, timed: tuple[tuple[float, float], list[Any], list[Any]], made: produce.Produced, chosen: Plan
) -> dict[str, Any]:
    search, baseline, governed = timed
    wall = [statistics.median(each[0] for each in side) for side in (baseline, governed)]
    cpu = [statistics.median(each[1] for each in side) for side in (baseline, governed)]
    return {
        "rows": rows,
        "pairs": len(baseline),
        "baseline": {"what": "DuckDB COPY Parquet → zstd Parquet, same columns", "wall": wall[0], "cpu": cpu[0]},
        "governed": {"wall": wall[1], "cpu": cpu[1]},
        "ratio": {"wall": wall[1] / wall[0], "cpu": cpu[1] / cpu[0], "reach": 1.5},
        "search": {"wall": search[0], "cpu": search[1], "measured": chosen.looked_at},
        "kept": made.rows / rows,
        "k": made.measured.smallest,
        "l": made.measured.diversity,
        "risk": made.measured.risk,
        "classes": made.measured.classes,
        "methods": [f"{step.method} {step.size:g}" if step.size else step.method for step in chosen.steps],
    }
