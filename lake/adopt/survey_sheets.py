"""The first rows of the sheets of a workbook that was read without knowing what it holds."""

import json

import duckdb

from lake.read import Source
from lake.read.place import SHEET_BITS, decoded


def first_rows(source: Source, most: int) -> list[tuple[list[int], list[dict[int, str | None]]]]:
    """The first rows of each sheet that was read: where they stand in it, and their cells by their columns."""
    sheet = f"_line >> {SHEET_BITS}"
    with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "512MB"}) as connection:
        sql = f"SELECT DISTINCT {sheet} AS n FROM ({source.sql}) ORDER BY n"  # noqa: S608
        sheets = connection.execute(sql, source.parameters).fetchall()
        sql = f"SELECT _line, _extra FROM ({source.sql}) WHERE {sheet} = ? LIMIT {most}"  # noqa: S608
        found = [connection.execute(sql, [*source.parameters, n]).fetchall() for (n,) in sheets]
    return [([decoded(at)[1] for at, _ in rows], [_cells(extra) for _, extra in rows]) for rows in found]


def _cells(extra: str | None) -> dict[int, str | None]:
    """The cells of a row by their columns from 1."""
    found = json.loads(extra or "{}")
    if "_cells" in found:
        return dict(enumerate(found["_cells"], 1))
    return {int(key): value for key, value in found.items() if key.isdigit()}
