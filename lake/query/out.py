"""An answer as a person or a program wants it: aligned text, JSON, CSV, Parquet, Arrow.

Instants are shown in the city's time; decimals keep their digits. CSV is made so that a spreadsheet takes no cell for a
formula: a text that begins with = + - @, a tab or a return is written with an apostrophe before it, the columns that
hold numbers are left alone. Parquet and Arrow keep every value as it is.
"""

import csv
import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from infra.console import table as aligned
from infra.errors import Unavailable, WrongUse
from infra.language import Text
from infra.local_time import CITY_TIME
from lake.query.query import Result

FORMATS = ("table", "json", "csv", "parquet", "arrow")
BINARY = frozenset({"parquet", "arrow"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def document(result: Result, lang: str) -> dict[str, Any]:
    """The answer as one JSON document: `columns`, `rows` (lists in the columns' order), and what is said of it."""
    return {
        "columns": list(result.columns),
        "rows": [[_plain(value) for value in row] for row in _rows(result)],
        "versions": result.versions,
        "masked": list(result.masked),
        "truncated": result.truncated,
        "notes": [note.say(lang) for note in result.notes],
        "ledger": result.ledger.number if result.ledger else None,
    }


def text(result: Result) -> str:
    """The answer as an aligned table."""
    return aligned([[_shown(value) for value in row] for row in _rows(result)], result.columns)


def write(result: Result, kind: str, path: Path | None, lang: str) -> None:
    """Write the answer as `kind` to `path`, which appears complete or not at all, or to standard output.

    Raises:
        Unavailable: `QUERY_OUT`.
    """
    with _open(path) as file:
        _WRITERS[kind](result, file, lang)


def outside(path: Path | None, home: Path) -> None:
    """Refuses to write an answer below the hub's own folder: a purge could not tell it from what is the hub's.

    Raises:
        WrongUse: `QUERY_OUT_HOME`.
    """
    if path is not None and path.absolute().parent.resolve().is_relative_to(home.resolve()):
        raise WrongUse(
            "QUERY_OUT_HOME",
            "查询结果不得写入 HUB_HOME",
            "an answer is not written below HUB_HOME",
            remedy=Text("用 --out 指定别处的文件", "name a file elsewhere with --out"),
        )


def _write_json(result: Result, file: BinaryIO, lang: str) -> None:
    told = json.dumps(document(result, lang), ensure_ascii=False, allow_nan=False, indent=2)
    file.write(told.encode("utf-8", "replace") + b"\n")


def _write_table(result: Result, file: BinaryIO, _lang: str) -> None:
    file.write(text(result).encode("utf-8", "replace") + b"\n")


def _write_csv(result: Result, file: BinaryIO, _lang: str) -> None:
    lines = io.TextIOWrapper(file, "utf-8", errors="replace", newline="", write_through=True)
    writer = csv.writer(lines, lineterminator="\r\n")  # RFC 4180
    writer.writerow([_no_formula(name) for name in result.columns])
    for row in _rows(result):
        writer.writerow([_no_formula(_shown(value)) if isinstance(value, str) else _shown(value) for value in row])
    lines.detach()


def _write_parquet(result: Result, file: BinaryIO, _lang: str) -> None:
    pq.write_table(_unique(result.rows), file, compression="zstd")


def _write_arrow(result: Result, file: BinaryIO, _lang: str) -> None:
    with pa.ipc.new_stream(file, result.rows.schema) as stream:
        stream.write_table(result.rows)


_WRITERS: dict[str, Callable[[Result, BinaryIO, str], None]] = {
    "json": _write_json,
    "table": _write_table,
    "csv": _write_csv,
    "parquet": _write_parquet,
    "arrow": _write_arrow,
}


def _unique(rows: pa.Table) -> pa.Table:
    """Parquet wants each name once: a second `a` becomes `a_2`."""
    seen: dict[str, int] = {}
    names = []
    for name in rows.schema.names:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return rows.rename_columns(names)


def _rows(result: Result) -> Iterator[Sequence[Any]]:
    for batch in result.rows.to_batches(max_chunksize=4096):
        columns = [column.to_pylist() for column in batch.columns]
        yield from zip(*columns, strict=True) if columns else ()


def _plain(value: Any) -> Any:
    """`value` as JSON has it: instants in the city's time, decimals as text so that no digit is lost."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return _shown(value)


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime() if value.tzinfo is not None:
            return value.astimezone(CITY_TIME).isoformat(sep=" ")
        case bytes():
            return value.hex()
        case Decimal():
            return format(value, "f")
        case dict() | list() | tuple():
            return json.dumps(_plain(value), ensure_ascii=False)
        case _:
            return str(value)


def _no_formula(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) else cell


@contextmanager
def _open(path: Path | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable("QUERY_OUT", f"无法写入 {path.name}", f"{path.name} cannot be written") from error
