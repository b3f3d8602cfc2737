"""Parquet: a row is a record, and every value becomes the text that a person would write for it.

Types are the split's business here too: a contract is held against what a value says, not against how it was stored.
Instants become UTC with their offset, nested values JSON, bytes hexadecimal.
"""

# ruff: noqa: S608 - names of the contract are quoted, those of the file are texts, the path is a parameter

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.steps import literal
from infra.errors import Place, Refused
from infra.language import Text
from infra.text import quote_identifier
from lake.read.encoding import nul_found
from lake.read.match import Header, find_header
from lake.read.refusals import header_notes, no_records, too_wide
from lake.read.source import Job, Source

_FOOTER = 64 * 1024 * 1024  # of the file's own description, which is parsed in memory


def read_parquet(job: Job) -> Source:
    """The source of a Parquet file.

    Raises:
        Refused: READ_DAMAGED, READ_COLUMNS, READ_NO_RECORDS, and what a header is refused for.
    """
    place = Place(file=job.name, dataset=job.contract.id)
    schema, count = _described(job, place)
    if len(schema) > job.limits.max_columns:
        raise too_wide(place, 1, len(schema), job.limits.max_columns)
    fields = [field for field in job.contract.fields if field.given is None]
    if any("\0" in name for name in schema.names):
        raise nul_found(place, 1)
    header = find_header([schema.names], fields, declared=0, place=place, wide=job.wide)
    if not count:
        raise no_records(place, 1)
    texts = [_text(f"c{at}", column.type) for at, column in enumerate(schema)]
    return Source(
        sql=_query(schema, texts, header, [one.name for one in fields]),
        parameters=(str(job.path),),
        first_line=1,
        notes=tuple(header_notes(header, 1)),
        format="parquet",
    )


def _described(job: Job, place: Place) -> tuple[pa.Schema, int]:
    try:
        with pq.ParquetFile(
            job.path, thrift_string_size_limit=_FOOTER, thrift_container_size_limit=_FOOTER // 64
        ) as file:
            return pa.schema(file.schema_arrow), int(file.metadata.num_rows)
    except (pa.ArrowException, OSError, ValueError, NotImplementedError):
        raise Refused(
            "READ_DAMAGED",
            "Parquet 文件已损坏，可能没有传完",
            "the Parquet file is damaged; it may be cut off",
            place=place,
            remedy=Text("重新导出并报送", "export it again and deliver it"),
        ) from None


def _text(value: str, kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        if kind.tz is not None:
            return f"strftime(timezone('UTC', {value}), '%Y-%m-%dT%H:%M:%S.%f+00:00')"
        return f"strftime({value}, '%Y-%m-%d %H:%M:%S.%f')"
    if pa.types.is_nested(kind):
        return f"CAST(to_json({value}) AS VARCHAR)"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return f"nullif(hex({value}), '')"
    return f"nullif(CAST({value} AS VARCHAR), '')"


def _query(schema: pa.Schema, texts: Sequence[str], header: Header, names: Sequence[str]) -> str:
    # The file's own names never become SQL names: its columns are c0, c1, … here.
    columns = ", ".join(f"c{at}" for at in range(len(schema)))
    words = [at for at, column in enumerate(schema) if column.type in (pa.string(), pa.large_string())]
    nul = " OR ".join(f"contains(c{at}, chr(0))" for at in words) or "FALSE"
    shown = [
        f"CASE WHEN NOT nul THEN {texts[header.columns[name]]} END AS {quote_identifier(name)}"
        if name in header.columns
        else f"NULL::VARCHAR AS {quote_identifier(name)}"
        for name in names
    ]
    beside = ", ".join(f"{literal(name)}, {texts[at]}" for at, name in header.extras)
    extra = f"CAST(json_object({beside}) AS VARCHAR)" if beside else "NULL::VARCHAR"
    cells = f"CAST(json_object('_cells', [{', '.join(texts)}]) AS VARCHAR)"
    return (
        f"SELECT {', '.join(shown)}, CASE WHEN nul THEN {cells} ELSE {extra} END AS _extra, "
        "CASE WHEN nul THEN 'nul' END AS _fault "
        f"FROM (SELECT *, coalesce({nul}, FALSE) AS nul "
        f"FROM read_parquet(?, hive_partitioning = false) AS file({columns}))"
    )
