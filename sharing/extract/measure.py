"""Counting persons with DuckDB: classes, diversity, risk, before the extract is written and again on what was written.

Promises:

- persons are counted by the declared data-subject key. It is hashed to 64 bits for the count: two persons whose hashes
  meet count as one, so an error can only lower k; a missing key counts as one person, whoever it is;
- in the rows form a person keeps one row, chosen by a keyed hash of the row's place in the source: not the first, not
  the latest, and the same one when the work is repeated;
- every class below a threshold is left out whole; what is counted as kept is exactly what is written;
- level and risk follow GB/T 42460-2023: any class above the threshold makes R = 1, otherwise R is the mean of 1/f over
  the rows, the context's probability taken as 1.

A source is a relation with the columns of the contract and `_row`, a number of its own for each row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.text import quote_identifier
from sharing.plan.methods import Step, codes, ladder, representatives
from sharing.plan.plan import Draft, Form, Measure, Terms

_BATCH = 1 << 19
AGREEMENT_THRESHOLD = 1 / 5  # τ of 受控公开共享, GB/T 42460 D.1.5
Connection = Any  # duckdb.DuckDBPyConnection: the library is loaded by whoever opens one


@dataclass(frozen=True, slots=True)
class Persons:
    """How the rows of a source fall on persons. `repeated` persons have more than one row.

    `dropped` are the `_row` numbers that give way in the rows form (a numpy array), sorted.
    """

    rows: int
    persons: int
    repeated: int
    dropped: Any = field(default=None, compare=False, repr=False)


def settle(connection: Connection, source: str, draft: Draft, salt: int) -> Persons | None:
    """Finds the persons of `source` and, for the rows form, the rows that give way, also as the table `dropped`.

    Args:
        connection: DuckDB, in which temporary tables are made; it keeps the order of rows.
        source: the relation, as SQL that can stand after FROM.
        draft: says who is counted and in which form.
        salt: 63 secret bits of the case; decides which of a person's rows stays.
    """
    if draft.subject is None:
        return None
    import numpy as np  # noqa: PLC0415 - loaded when something is counted, not when the command starts

    query = f"SELECT {_person(draft)} AS person FROM {source}"  # noqa: S608 - a quoted name
    hashes = _hashes(connection, query, source)
    # Sorting eight-byte hashes takes a third of the time that grouping them by SQL takes, and 8 bytes a row.
    ordered = hashes.copy()
    ordered.sort()
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    repeated = again[np.concatenate([[True], again[1:] != again[:-1]])] if len(again) else again
    dropped = np.empty(0, dtype=np.int64)
    if draft.form == "rows":
        # A bitmap of the first bits names the few rows that can be of a repeated person.
        maybe = np.zeros(1 << 22, dtype=bool)
        maybe[repeated >> np.uint64(42)] = True
        parts = range(0, len(hashes), _BATCH)
        found = [np.flatnonzero(maybe[hashes[n : n + _BATCH] >> np.uint64(42)]) + n for n in parts]
        rows = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
        place = np.minimum(np.searchsorted(repeated, hashes[rows]), max(0, len(repeated) - 1))
        rows = rows[repeated[place] == hashes[rows]] if len(repeated) else rows[:0]
        dropped = _giving_way(connection, {"person": hashes[rows], "_row": rows}, salt)
    return Persons(len(hashes), len(hashes) - len(again), len(repeated), dropped)


def _hashes(connection: Connection, query: str, source: str) -> Any:
    """The one column of `query`, row by row of `source`, in one array that is made once."""
    import numpy as np  # noqa: PLC0415 - loaded when something is counted

    rows = connection.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0]  # noqa: S608
    hashes = np.empty(rows, dtype=np.uint64)
    start = 0
    for batch in connection.sql(query).to_arrow_reader(_BATCH):
        hashes[start : start + batch.num_rows] = batch.column(0).to_numpy()
        start += batch.num_rows
    return hashes


def _giving_way(connection: Connection, rows: Any, salt: int) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    connection.register("_shared", pa.table(rows))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE dropped AS SELECT _row FROM _shared ANTI JOIN "  # noqa: S608 - a number
        f"(SELECT arg_min(_row, hash(_row, {salt}::UBIGINT)) AS _row FROM _shared GROUP BY person) USING (_row) "
        "ORDER BY _row"
    )
    connection.unregister("_shared")
    return connection.execute("SELECT _row FROM dropped").fetchnumpy()["_row"]


def people(source: str, draft: Draft, found: Persons | None) -> str:
    """The relation whose rows are counted: of each person one row in the rows form, every row otherwise.

    It has the source's columns and `_person`.
    """
    if found is None:
        return f"(SELECT *, 0::UBIGINT AS _person FROM {source})"  # noqa: S608
    named = f"(SELECT *, {_person(draft)} AS _person FROM {source})"  # noqa: S608
    if draft.form != "rows" or not found.repeated:
        return named
    return f"(SELECT * FROM {named} ANTI JOIN dropped USING (_row))"  # noqa: S608


def finest(connection: Connection, relation: str, draft: Draft) -> str:
    """The finest classes of `relation` as a temporary table, on which a search counts. Returns its name."""
    shown = [
        f"{value} AS {quote_identifier(field)}"
        for dimension in draft.dimensions
        for field, value in zip(dimension.fields, representatives(dimension, ladder(dimension)[0]), strict=True)
    ]
    who = ["_person"] if draft.form == "aggregate" else ["0::UBIGINT AS _person"]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE finest AS SELECT {', '.join(shown + who)}, count(*) AS _records "  # noqa: S608
        f"FROM {relation} GROUP BY ALL"
    )
    return "finest"


def group(connection: Connection, relation: str, draft: Draft, steps: Sequence[Step], *, counted: bool = False) -> str:
    """The classes of `relation` at `steps` as the temporary table `classes`. Returns its name.

    Columns `c0…` (codes), `persons`, `records`, and `held`: whether the class leaves. `counted` says that the relation
    already carries `_records`.
    """
    records = "sum(_records)" if counted else "count(*)"
    columns = [code for dimension, step in zip(draft.dimensions, steps, strict=True) for code in codes(dimension, step)]
    names = [f"c{index}" for index in range(len(columns))]
    coded = "".join(f"{code} AS {name}, " for name, code in zip(names, columns, strict=True))
    keys = "".join(f"{name}, " for name in names)
    if draft.form == "aggregate":
        inner = f"SELECT {coded}_person, {records} AS n FROM {relation} GROUP BY ALL"  # noqa: S608
        cells = f"SELECT {keys}count(*) AS persons, sum(n)::BIGINT AS records FROM ({inner}) GROUP BY ALL"  # noqa: S608
    else:
        n = f"{records}::BIGINT"
        cells = f"SELECT {coded}{n} AS persons, {n} AS records FROM {relation} GROUP BY ALL"  # noqa: S608
    connection.execute(f"CREATE OR REPLACE TEMP TABLE classes AS {_held(cells, draft, steps)}")
    return "classes"


def measure(
    connection: Connection, relation: str, draft: Draft, steps: Sequence[Step], *, counted: bool = False
) -> Measure:
    """The measure of `relation` at `steps`: what would be kept, in how many classes, the smallest and least diverse."""
    group(connection, relation, draft, steps, counted=counted)
    return summary(connection, "classes", draft, steps)


def summary(connection: Connection, table: str, draft: Draft, steps: Sequence[Step]) -> Measure:
    """The measure of a table of classes as `group` leaves it."""
    identifying, sensitive = _parts(draft, steps)
    rows, kept = connection.execute(
        f"SELECT coalesce(sum(records), 0)::BIGINT, coalesce(sum(records) FILTER (held), 0)::BIGINT FROM {table}"  # noqa: S608
    ).fetchall()[0]
    by = ", ".join(identifying) or "()"
    size = "min(persons)" if draft.form == "aggregate" else "sum(persons)"
    kinds = ", ".join(f"count(DISTINCT {name})" for name in sensitive)
    least = f"least({kinds})" if len(sensitive) > 1 else kinds or "NULL"
    classes, smallest, diversity, persons = connection.execute(
        f"SELECT count(*), min(size), min(kinds), sum(size)::BIGINT FROM (SELECT {size} AS size, {least} AS kinds "  # noqa: S608
        f"FROM {table} WHERE held GROUP BY {by})"
    ).fetchall()[0]
    if not kept:
        classes = 0  # grouping nothing by nothing still answers with one row
    return Measure(rows, kept, persons, classes, smallest, diversity, risk(smallest, classes, persons))


def risk(smallest: int | None, classes: int, persons: int | None) -> float | None:
    """R of GB/T 42460 for sharing under an agreement: 1 if any class exceeds τ, else the mean of 1/f over the rows."""
    if not smallest or not persons:
        return None
    return 1.0 if 1 / smallest > AGREEMENT_THRESHOLD else classes / persons


def level(form: Form, measured: Measure, terms: Terms) -> int:
    """The level of GB/T 42460 clause 4 of a result without direct identifiers: 4, 3 or 2."""
    if form in ("aggregate", "plain"):
        return 4
    return 3 if measured.risk is not None and measured.risk < terms.risk else 2


def recount(connection: Connection, files: str, draft: Draft, steps: Sequence[Step]) -> Measure:
    """The measure of what was written: `files` is a relation over the extract's own columns and nothing else.

    Codes are the extract's labels here, so this count shares no expression with the one that chose the classes.
    """
    outputs = [
        name for dimension, step in zip(draft.dimensions, steps, strict=True) for name in dimension.outputs(step)
    ]
    coded = "".join(f"{quote_identifier(name)} AS c{index}, " for index, name in enumerate(outputs))
    counts = "persons, records" if draft.form == "aggregate" else "count(*) AS persons, count(*) AS records"
    grouped = "" if draft.form == "aggregate" else "GROUP BY ALL"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE written AS SELECT {coded}{counts}, true AS held FROM {files} {grouped}"  # noqa: S608
    )
    return summary(connection, "written", draft, steps)


def _held(cells: str, draft: Draft, steps: Sequence[Step]) -> str:
    """Adds `held`: the class has enough persons, and enough sensitive values among what is left of it."""
    identifying, sensitive = _parts(draft, steps)
    over = f"OVER (PARTITION BY {', '.join(identifying)})" if identifying else "OVER ()"
    terms = draft.terms
    if draft.form == "aggregate":
        # Each cell must hold by itself, since each is published with its number.
        big = f"SELECT *, persons >= {terms.k} AS big FROM ({cells})"  # noqa: S608
    else:
        big = f"SELECT *, sum(persons) {over} >= {terms.k} AS big FROM ({cells})"  # noqa: S608
    # A class without a value is no further kind: NULL counts for nothing here.
    diverse = "".join(f" AND count(DISTINCT {name}) FILTER (big) {over} >= {terms.l}" for name in sensitive)
    return f"SELECT * EXCLUDE (big), big{diverse} AS held FROM ({big})"  # noqa: S608


def _parts(draft: Draft, steps: Sequence[Step]) -> tuple[list[str], list[str]]:
    """The code columns that identify and those that are sensitive, in the order of `group`."""
    identifying: list[str] = []
    sensitive: list[str] = []
    position = 0
    for dimension, step in zip(draft.dimensions, steps, strict=True):
        for _ in dimension.outputs(step):
            (sensitive if dimension.sensitive else identifying).append(f"c{position}")
            position += 1
    return identifying, sensitive


def _person(draft: Draft) -> str:
    return f"hash({quote_identifier(draft.subject or '')})"
