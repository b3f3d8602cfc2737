"""The rows of a table measured column by column, in DuckDB, every value a text.

What is counted is what `contracts.infer.profile` names. Each column is asked by itself, so that neither the number of
columns nor the length of their texts makes one large query. Of a long table the first `MOST` rows are looked at.
"""

# ruff: noqa: S608 - columns are called by numbers of ours; nothing of the file becomes SQL

from collections.abc import Iterable, Mapping, Sequence

import duckdb

from contracts.infer.keys import Key
from contracts.infer.profile import ABSENT, Measured, Numbers, Table
from contracts.infer.written import written
from contracts.model import Step
from contracts.steps import literal, text_sql

MOST = 200_000
_FEW = 60
_SAMPLE, _TOP, _SHAPES, _CUT, _SHORT = 1_000, 60, 40, 400, 80
_BLANKS = literal(" \t\r\n\u3000\u00a0")
_INTEGER, _DECIMAL = r"[+-]?\d+", r"[+-]?(\d+\.\d*|\.\d+)"
_ANSWERS = "'是', '否', 'true', 'false', 'yes', 'no', 'y', 'n', 't', 'f'"
_EXPONENT = r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+"


def measure(
    connection: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], *, header: bool, crs: str | None
) -> Table:
    """The table's rows without fault, its columns `c0`, `c1`, … being called `names`."""
    sql = f"SELECT count(*), count(*) FILTER (WHERE _fault IS NULL) FROM {table}"
    total, good = connection.execute(sql).fetchall()[0]
    connection.execute(f"DELETE FROM {table} WHERE _fault IS NOT NULL")
    if good > MOST:
        connection.execute(f"DELETE FROM {table} WHERE rowid >= {MOST}")
    [(rows,)] = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    columns = tuple(_column(connection, table, at, name) for at, name in enumerate(names))
    everything = ", ".join(f"c{at}" for at in range(len(names)))
    [(distinct,)] = connection.execute(f"SELECT count(*) FROM (SELECT DISTINCT {everything} FROM {table})").fetchall()
    return Table(rows, total <= MOST, distinct, columns, total - good, header, crs)


def count_keys(
    connection: duckdb.DuckDBPyConnection, table: str, keys: Iterable[Key], places: Mapping[str, int], enough: int
) -> dict[Key, int]:
    """How many different values each key has, up to the first that has `enough`; `places` are the columns'."""
    found: dict[Key, int] = {}
    for key in keys:
        columns = [f"c{places[name]}" for name in key]
        # Of the whole row what is missing is a part like any other.
        whole = len(key) == len(places)
        there = "TRUE" if whole else " AND ".join(f"{column} IS NOT NULL" for column in columns)
        sql = f"SELECT count(*) FROM (SELECT DISTINCT {', '.join(columns)} FROM {table} WHERE {there})"
        [(found[key],)] = connection.execute(sql).fetchall()
        if found[key] >= enough:
            break
    return found


def _column(
    connection: duckdb.DuckDBPyConnection, table: str, at: int, name: str, nothing: frozenset[str] = ABSENT
) -> Measured:
    absent = ", ".join(literal(text) for text in sorted(nothing))
    trimmed = f"SELECT rowid AS n, c{at} AS v, trim(c{at}, {_BLANKS}) AS w FROM {table}"
    present = f"SELECT n, v, w FROM ({trimmed}) WHERE w <> '' AND lower(w) NOT IN ({absent})"
    row = connection.execute(_counted(present)).fetchall()[0]
    missing = connection.execute(_frequent(trimmed, f"lower(w) IN ({absent})", 20)).fetchall()
    longest = row[5] or 0
    shapes = []
    if longest <= _SHORT:
        shape = r"regexp_replace(regexp_replace(w, '\d', '9', 'g'), '[A-Za-z]', 'a', 'g')"
        sql = f"SELECT {shape} AS s, count(*) FROM ({present}) GROUP BY s ORDER BY count(*) DESC, s LIMIT {_SHAPES}"
        shapes = connection.execute(sql).fetchall()
    top = connection.execute(_frequent(present, f"strlen(w) <= {_SHORT}", _TOP)).fetchall()
    sample = connection.execute(
        f"SELECT DISTINCT left(w, {_CUT}) AS s FROM ({present}) ORDER BY hash(s), s LIMIT {_SAMPLE}"
    ).fetchall()
    texts = tuple(text for (text,) in sample)
    codes = _codes(dict(missing), dict(shapes), texts)
    if codes:
        return _column(connection, table, at, name, nothing - codes)
    as_written = written(texts) if row[6] + row[8] + row[9] < row[0] else None
    if as_written is not None:
        bare = text_sql("w", [Step(kind, value) for step in as_written.steps for kind, value in step.items()])
        row = (*row[:6], *connection.execute(_counted(f"SELECT v, {bare} AS w FROM ({present})")).fetchall()[0][6:])
    runs = 0
    if 1 < row[1] <= _FEW and row[1] < row[0]:
        ordered = f"SELECT w, lag(w) OVER (ORDER BY n) AS b FROM ({present})"
        [(runs,)] = connection.execute(f"SELECT count(*) FROM ({ordered}) WHERE w IS DISTINCT FROM b").fetchall()
    return Measured(
        header=name,
        filled=row[0],
        absent=dict(missing),
        distinct=row[1],
        blanks=row[2],
        booleans=row[3],
        numbers=Numbers(row[6], row[7], row[8], row[9], row[10] or 0, row[11] or 0, *row[12:15]),
        shapes=dict(shapes),
        top=dict(top),
        sample=texts,
        shortest=row[4] or 0,
        longest=longest,
        runs=runs,
        written=as_written,
    )


def _codes(missing: Mapping[str, int], shapes: Mapping[str, int], sample: Sequence[str]) -> frozenset[str]:
    """What only looks like no value: NA among codes of two capital letters is Namibia."""
    if len(shapes) != 1 or not all(text.isupper() and text.isalpha() for text in sample):
        return frozenset()
    return frozenset(text.lower() for text in missing if text.isupper() and "a" * len(text) in shapes)


def _frequent(rows: str, where: str, most: int) -> str:
    return f"SELECT w, count(*) FROM ({rows}) WHERE {where} GROUP BY w ORDER BY count(*) DESC, w LIMIT {most}"


def _counted(present: str) -> str:
    number = "CASE WHEN isfinite(TRY_CAST(w AS DOUBLE)) THEN TRY_CAST(w AS DOUBLE) END"
    return rf"""
        SELECT count(*), count(DISTINCT w), count(*) FILTER (WHERE v <> w),
            count(*) FILTER (WHERE lower(w) IN ({_ANSWERS})), min(length(w)), max(length(w)),
            count(*) FILTER (WHERE i), count(*) FILTER (WHERE i AND regexp_full_match(w, '[+-]?0\d+')),
            count(*) FILTER (WHERE d), count(*) FILTER (WHERE e),
            max(length(split_part(ltrim(w, '+-'), '.', 1))) FILTER (WHERE i OR d),
            max(length(split_part(w, '.', 2))) FILTER (WHERE d),
            min({number}) FILTER (WHERE i OR d OR e), max({number}) FILTER (WHERE i OR d OR e),
            count(*) FILTER (WHERE (i OR d OR e) AND w LIKE '-%' AND {number} < 0)
        FROM (SELECT v, w, regexp_full_match(w, '{_INTEGER}') AS i, regexp_full_match(w, '{_DECIMAL}') AS d,
            regexp_full_match(w, '{_EXPONENT}') AS e FROM ({present}))
    """
