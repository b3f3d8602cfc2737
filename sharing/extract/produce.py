"""One extract from one pinned source: plan, one pass, and the count again on what was written.

Promises:

- the source is read as pinned by the caller, the file is written in the scratch folder: nothing here publishes;
- what is written is counted again from the file alone, by its own labels; a result that misses a threshold, or differs
  from what was planned, is refused (``SHARE_RECOUNT``) and nothing of it is used.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from infra.errors import Refused
from infra.language import Text
from infra.text import quote_identifier
from sharing.extract import measure, release
from sharing.plan.methods import Dimension, Step
from sharing.plan.plan import Draft, Measure, Plan, missed, search

_ROW_GROUP = 122_880


@dataclass(frozen=True, slots=True)
class Produced:
    """A written extract: its plan, what was counted on the file, its rows, how the source's rows fall on persons."""

    plan: Plan
    measured: Measure
    rows: int
    found: measure.Persons | None
    files: tuple[tuple[Path, int], ...]


@dataclass(frozen=True, slots=True)
class Source:
    """The pinned source: its files where they can be read, and a relation over them with `_row` as SQL after FROM.

    `_row` numbers the rows through all files, in their order.
    """

    files: tuple[Path, ...]
    sql: str


def source(files: Sequence[Path]) -> Source:
    """The source made of `files`, local Parquet."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - loaded when something is issued

    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    offsets, first = [], 0
    for path in files:
        offsets.append(f"{first}::BIGINT")
        first += pq.read_metadata(path).num_rows
    numbered = f"[{', '.join(offsets)}][file_index::BIGINT + 1] + file_row_number AS _row"
    return Source(tuple(files), f"(SELECT *, {numbered} FROM read_parquet([{listed}]))")  # noqa: S608 - paths of ours


def located(connection: Any, source: Source, draft: Draft) -> Draft:
    """`draft` with the reference latitude of its place: the mean of the source, in whole degrees."""
    dimensions: list[Dimension] = []
    for dimension in draft.dimensions:
        chosen = dimension
        if dimension.kind == "place":
            north = quote_identifier(dimension.fields[1])
            mean = connection.execute(f"SELECT round(avg({north})) FROM {source.sql}").fetchall()[0][0]  # noqa: S608
            chosen = replace(dimension, latitude=int(mean) if mean is not None else dimension.latitude)
        dimensions.append(chosen)
    return replace(draft, dimensions=tuple(dimensions))


def plan(connection: Any, source: Source, draft: Draft, salt: int, dataset: str) -> Plan:
    """The plan of least loss for `source`.

    Raises:
        Refused: SHARE_PLAN_MISSED, SHARE_PLAN_EMPTY.
    """
    if draft.form == "plain":
        rows = connection.execute(f"SELECT count(*) FROM {source.sql}").fetchall()[0][0]  # noqa: S608
        return Plan(draft, (), Measure(rows, rows, None, 0, None, None, None))
    found = measure.settle(connection, source.sql, draft, salt)
    finest: list[str] = []

    def count(steps: tuple[Step, ...]) -> Measure:
        coded = _dense().encode(source.files, draft, steps)
        classes = _dense().count(coded, _dropped(found), draft.terms) if coded else None
        if classes is not None:
            counted: Measure = classes.measure()
            return counted
        if not finest:
            finest.append(measure.finest(connection, measure.people(source.sql, draft, found), draft))
        return measure.measure(connection, finest[0], draft, steps, counted=True)

    chosen = search(draft, count, dataset)
    connection.execute("DROP TABLE IF EXISTS finest; DROP TABLE IF EXISTS classes")
    return chosen


def write(connection: Any, source: Source, chosen: Plan, salt: int, target: tuple[Path, str]) -> Produced:
    """Writes the extract that `chosen` describes and counts it again; `target` is a folder and the files' name.

    Raises:
        Refused: SHARE_RECOUNT.
    """
    draft = chosen.draft
    if draft.form == "plain":
        columns = ", ".join(quote_identifier(name) for name in draft.plain)
        one = _copy(connection, f"SELECT {columns} FROM {source.sql}", target)  # noqa: S608 - quoted names
        return Produced(chosen, chosen.measure, one[1], None, (one,))
    with ThreadPoolExecutor(1) as pool:
        # Persons are found while the classes of the rows are; only the count needs both.
        coding = pool.submit(_dense().encode, source.files, draft, chosen.steps)
        found = measure.settle(connection, source.sql, draft, salt)
        coded = coding.result()
    classes = _dense().count(coded, _dropped(found), draft.terms) if coded else None
    if classes is not None:
        classes.store(connection)
        planned = classes.measure()
    else:
        measure.group(connection, measure.people(source.sql, draft, found), draft, chosen.steps)
        planned = measure.summary(connection, "classes", draft, chosen.steps)
    if draft.form == "rows":
        files = tuple(release.spread(connection, draft, chosen.steps, *target))
    else:
        files = (_copy(connection, release.select(draft, chosen.steps), target),)
    again = recounted(connection, chosen, planned, [path for path, _ in files])
    return Produced(chosen, again, sum(rows for _, rows in files), found, files)


def recounted(connection: Any, chosen: Plan, planned: Measure, paths: Sequence[Path]) -> Measure:
    """The measure of the files, which must hold by itself and agree with what was planned.

    Raises:
        Refused: SHARE_RECOUNT.
    """
    draft = chosen.draft
    quoted = "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"
    parts = [
        (name, dimension.sensitive)
        for dimension, step in zip(draft.dimensions, chosen.steps, strict=True)
        for name in dimension.outputs(step)
    ]
    classes = None
    if draft.form == "rows" and parts:
        coded = _dense().labels(paths, [name for name, _ in parts], [sensitive for _, sensitive in parts])
        classes = _dense().count(coded, (), draft.terms, recount=True)
    if classes is not None:
        counted = classes.measure()
    else:
        counted = measure.recount(connection, f"read_parquet({quoted})", draft, chosen.steps)
    again: Measure = replace(counted, rows=planned.rows)
    same = ("kept", "classes", "smallest", "diversity", "persons")
    wrong = [name for name in same if getattr(again, name) != getattr(planned, name)]
    reasons = missed(again, draft.terms, draft.form)
    if wrong or reasons:
        raise not_recounted(reasons)
    return again


def not_recounted(reasons: Sequence[Text] = ()) -> Refused:
    """The refusal of files that are not what was planned and measured."""
    return Refused(
        "SHARE_RECOUNT",
        "写出的数据复核未通过，未交付任何内容",
        "what was written does not hold when counted again; nothing was issued",
        reasons=reasons,
    )


def _dense() -> Any:
    from sharing.extract import dense  # noqa: PLC0415 - loads numpy when something is counted

    return dense


def _dropped(found: measure.Persons | None) -> Any:
    return () if found is None or found.dropped is None else found.dropped


def _copy(connection: Any, query: str, target: tuple[Path, str]) -> tuple[Path, int]:
    path = target[0] / f"{target[1]}-0.parquet"
    quoted = "'" + str(path).replace("'", "''") + "'"
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP}"
    return path, int(connection.execute(f"COPY ({query}) TO {quoted} ({options})").fetchall()[0][0])
