"""What every reader hands over: a `Source`, one SQL query of texts, and the limits that every reader keeps.

A source's query gives one VARCHAR column per contract field (in the contract's order, under the field's name, NULL
where the record has no value), then

- `_extra` VARCHAR: a JSON object of what the record holds beside the contract's fields; NULL when there is nothing;
- `_fault` VARCHAR: NULL, or the id of a structural fault (`FAULTS`): the record cannot be laid out into fields. Its
  fields are then NULL, for a value of one field must never show under another's name; all its cells are in `_extra`;
- `_line` BIGINT, only when `has_line`: the place that `lines_of` would give.

An empty text is no value, in every format. Values are never trimmed, rounded or reformatted here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from infra.apart import Bounds
from infra.language import Text
from infra.settings import Settings

Format = Literal["csv", "xlsx", "xls", "json", "jsonl", "geojson", "parquet", "shapefile", "yaml", "ods", "xlsb"]

# `{line}` is filled with the record's place by whoever tells it.
FAULTS: Mapping[str, Text] = {
    "ragged": Text("第{line}行的字段数与表头不一致。", "Line {line}: the number of fields differs from the header."),
    "quote": Text("第{line}行的引号不成对。", "Line {line}: the quotation marks do not pair up."),
    "json": Text("第{line}行不是完整的 JSON。", "Line {line}: not valid JSON."),
    "not_object": Text("第{line}条记录不是 JSON 对象。", "Record {line} is not a JSON object."),
    "duplicate_key": Text("第{line}条记录中同一字段出现两次。", "Record {line} holds the same field twice."),
    "too_deep": Text("第{line}条记录嵌套过深。", "Record {line} is nested too deeply."),
    "nul": Text("第{line}条记录含有空字节（NUL）。", "Record {line} holds a NUL byte."),
    "formula": Text(
        "第{line}行有公式单元格没有保存计算结果。", "Row {line} has a formula cell without a stored result."
    ),
    "other_table": Text(
        "第{line}行属于同一工作表内的另一张表，其表头与契约不符。",
        "Row {line} is of another table in the same sheet, whose header is not the contract's.",
    ),
}


class Limits(Settings, frozen=True):
    """How much a reader takes before it refuses; sizes in bytes or characters, times in seconds."""

    section: ClassVar[str] = "read"
    max_columns: int = 2_000
    max_line: int = 2 * 1024 * 1024
    max_cell: int = 1024 * 1024
    max_element: int = 64 * 1024 * 1024
    max_depth: int = 64
    sheet_memory: int = 2 * 1024**3
    sheet_seconds: int = 300
    sheet_cells: int = 50_000_000
    max_unpacked: int = 16 * 1024**3
    max_ratio: int = 400
    max_parts: int = 10_000

    @property
    def bounds(self) -> Bounds:
        """What a reader in a process of its own may take."""
        return Bounds(self.sheet_memory, self.sheet_seconds)


DELIVER = Text("改报 CSV，或检查文件是否损坏", "deliver CSV instead, or see whether the file is damaged")
"""What to do about a file that a reader in a process of its own could not read."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the reader did or saw and that the delivery's record should say; never a data value.

    Attributes:
        code: stable, e.g. "header_found", "merged_rows_skipped", "extra_columns".
        count: how often, where counting makes sense.
    """

    code: str
    text: Text
    count: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the delivery's record."""
        return {"code": self.code, "zh": self.text.zh, "en": self.text.en, "count": self.count}


LineMap = Callable[[Iterable[int], int | None], dict[int, int]]
PartState = Literal["read", "beside", "empty", "other", "faulty"]


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a delivery of several.

    Attributes:
        number: from 1, in the order of the names; what `_line` encodes (`lake.read.place`).
        sha256: None where it was not unpacked.
        records: how many of its records were read; None where they are all that the delivery has.
        state: read; beside (it was read with another one, as a .dbf with its .shp); empty (no record); other (the
            contract speaks of other files); faulty (it cannot be read, and the contract lets the others go on).
        code: of a faulty one.
    """

    number: int
    name: str
    size: int
    sha256: str | None
    records: int | None
    state: PartState
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A delivery's records as a query; see the module's docstring for its columns.

    Attributes:
        sql: one SELECT; may be executed again and again while the scratch folder stands.
        parameters: its positional parameters.
        tables: Arrow tables or readers to register under these names first (usually none).
        first_line: the place of the first record, None when unknown.
        has_line: whether the query has `_line`.
        precise: None, or what to call when executing `sql` raises a `duckdb.Error`, and also when `lines_of` shows that
            records and lines do not run in step (DuckDB's parallel scan is not to be trusted then): it reads again
            record by record, and either raises the `HubError` that names the line or gives a source whose faulty
            records carry `_fault`.
        spool: the Parquet file that the query reads, where it reads that and nothing else.
        parts: the files of a delivery of several, all of them; `_line` tells whose a record is.
        given: facts of the delivery that the reader knows better, such as the name of the file inside a ZIP; None: one
            for each record, in a column under the field's name.
        crs: the coordinate system that the file itself states, `EPSG:4490` where it can be told; None: it is silent.
    """

    sql: str
    parameters: tuple[Any, ...] = ()
    tables: Mapping[str, Any] = field(default_factory=dict)
    first_line: int | None = None
    has_line: bool = False
    notes: tuple[Note, ...] = ()
    format: Format = "csv"
    encoding: str | None = None
    sheet: str | None = None
    precise: Callable[[], "Source"] | None = None
    line_map: LineMap | None = None
    spool: Path | None = None
    parts: tuple[Part, ...] = ()
    given: Mapping[str, str | None] = field(default_factory=dict)
    crs: str | None = None

    def lines_of(self, ordinals: Iterable[int], total: int | None = None) -> dict[int, int]:
        """Record ordinal (0 for the first record, in the query's order) → its place in the file.

        The place is the physical line where the record begins (CSV, JSON Lines), the sheet's row (Excel), or the
        element's number from 1 (JSON, GeoJSON). `total`, the number of records the query gave, spares a scan of the
        file when it equals the number of lines.
        """
        if self.line_map is not None:
            return self.line_map(ordinals, total)
        first = self.first_line or 1
        return {ordinal: first + ordinal for ordinal in ordinals}

    def with_notes(self, *notes: Note) -> "Source":
        """The same source, saying more."""
        return replace(self, notes=(*self.notes, *notes))


@dataclass(frozen=True, slots=True)
class Job:
    """What a reader is given.

    Attributes:
        path: the plaintext file.
        name: the file's own name, for places in sentences.
        fields: the contract's fields that a record may hold.
        scratch: a folder that lives as long as the source is used.
        wide: the pattern of columns that are unpivoted behind the reader, None for none.
        beside: what was delivered with a file that is several on the disk, by its ending: a shapefile's ".dbf", ".shx",
            ".prj", ".cpg" → the path.
    """

    path: Path
    name: str
    contract: Any
    scratch: Path
    limits: Limits = field(default_factory=Limits)
    beside: Mapping[str, Path] = field(default_factory=dict)
    wide: str | None = None
