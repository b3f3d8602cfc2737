"""The promise as values: what a contract says of a dataset, without YAML, SQL or a database.

- A **field** is what the delivery holds: a reader finds it in the file by name and hands it over as text.
- A **column** is what is published: typed, made from one field or from several, by declared steps.
- A **row rule** judges one record, a **table rule** judges a delivery as a whole.

Readers look at `Contract.fields`; everything behind the split looks at `Contract.columns`. For most columns both carry
the same name. A derived column (a date and an hour in two fields) has other fields than itself.

Severity: `block` publishes nothing of the delivery; `quarantine` keeps the failing row out; `warn` publishes and shows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from infra.language import Text

Severity = Literal["block", "quarantine", "warn"]
SEVERITIES: tuple[Severity, ...] = ("block", "quarantine", "warn")
Mode = Literal["append", "snapshot", "upsert"]
MODES: tuple[Mode, ...] = ("append", "snapshot", "upsert")

ColumnType = Literal["string", "integer", "decimal", "number", "boolean", "date", "timestamp", "json", "geometry"]
COLUMN_TYPES: tuple[ColumnType, ...] = (
    "string",
    "integer",
    "decimal",
    "number",
    "boolean",
    "date",
    "timestamp",
    "json",
    "geometry",
)

NO_TITLE = Text("", "")
PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Field:
    """What a reader finds in the delivery and hands over as one VARCHAR column called `name`.

    Attributes:
        name: the name of the handed-over column.
        names: every spelling by which a header is recognised, compared with `infra.text.fold`; `name` comes first.
            Nested JSON is matched by its flattened path, `location.lng`.
        required: the delivery is refused when no header matches.
        given: None for a field of the record; "file_name" for a fact about the delivery, which the reader does *not*
            deliver: `split_sql` takes it as an argument.
    """

    name: str
    names: tuple[str, ...]
    required: bool = True
    given: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One declared conversion, e.g. `Step("nulls", ["NaN", ""])`. The kinds are listed in `contracts.steps`."""

    kind: str
    value: Any = True


@dataclass(frozen=True, slots=True)
class Column:
    """One published column.

    Attributes:
        name: the column's name in the table and in the catalogue (the item's name).
        names: name, Chinese name, source name and aliases.
        type: the house's type; instants are UTC.
        arrow: the Arrow type that Delta gets, e.g. "int64", "decimal128(18,4)", "timestamp[us, UTC]".
        required: an empty value breaks the rule `<name>.required`.
        personal: its values are personal information: no statistics in Parquet and Delta.
        title: how people call it, in both languages.
        fields: the fields that it is made from.
        template: how several fields are joined, `"{Date} {Hour}"`; None for one field.
        steps: conversions, in the order in which they are applied.
    """

    name: str
    names: tuple[str, ...]
    type: ColumnType
    arrow: str
    required: bool = False
    personal: bool = False
    title: Text = NO_TITLE
    fields: tuple[str, ...] = ()
    template: str | None = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule that one record keeps or breaks.

    Attributes:
        id: `<column>.<rule>` or, for a rule over several columns, `<rule>`.
        column: the column it speaks of, None when it speaks of several.
        severity: what a failing row means.
        fails_sql: a DuckDB expression, true where the row breaks the rule (false and NULL: it keeps it); over the typed
            columns `"x"` and the text before the cast `"x__text"`.
        sentence: what to tell the district officer; `{line}` alone is left to fill.
        kind: type, required, range, enumeration, pattern, length, expression or window.
        args: the kind's plain values.
    """

    id: str
    column: str | None
    severity: Severity
    fails_sql: str
    sentence: Text
    kind: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableRule:
    """A rule that a delivery keeps or breaks as a whole.

    Attributes:
        kind: one of `contracts.values.TABLE_KINDS`: row_count, unique, freshness, gaps …
        args: the kind's plain values, e.g. `{"min": 1, "max": None}`.
        severity: block or warn; a table has no row to quarantine.
    """

    id: str
    kind: str
    args: Mapping[str, Any]
    severity: Severity
    sentence: Text


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What a duplicate is, and which row wins.

    Attributes:
        key: the columns whose equality makes two rows duplicates; empty: nothing is a duplicate.
        wins: the first or the last of them, in the order of the delivery.
        scope: "delivery" compares rows of one delivery, "table" also with what is published already (there the
            published row wins, for a published version is never rewritten by an append; of an upsert see `Contract`).
        conflict: what becomes of a losing row whose other columns differ from the winner's: it counts as a duplicate,
            or it goes to quarantine under the rule id `duplicate.conflict`.
    """

    key: tuple[str, ...] = ()
    wins: Literal["first", "last"] = "first"
    scope: Literal["delivery", "table"] = "delivery"
    conflict: Literal["duplicate", "quarantine"] = "duplicate"


@dataclass(frozen=True, slots=True)
class Unpivot:
    """A wide table becomes a long one: each of some columns of a record becomes a record of its own.

    Attributes:
        columns: a regular expression that the whole name of such a column matches (its number from 1 without a header).
        name: the field that takes the column's name.
        value: the field that takes what the column holds.
        row: the field that takes the number of the wide record, from 1; None: nobody asks for it.
    """

    columns: str
    name: str
    value: str
    row: str | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that unpivoting fills; the file's own columns fill the others."""
        return (self.name, self.value, *([self.row] if self.row else []))


@dataclass(frozen=True, slots=True)
class Reading:
    """Hints for the reader, all optional: detection by content is the default.

    Attributes:
        encoding: declared encoding; None detects.
        delimiter: declared CSV delimiter; None detects.
        sheet: the worksheet's name; None takes the only one with a header that matches; with `*` or `?` in it every
            sheet of such a name with a header that matches is part of the delivery.
        header_row: the 1-based row of the header; None searches it.
        header: "search" for it, or "none": the table has none, and the contract's fields are its columns by position.
        unpivot: the table is wide; see `Unpivot`.
        below: totals, notes and signatures below the table (`lake.read.below`): "records" like any row, or "leave_out"
            those, which the delivery's notes name by row and number.
        skip_merged: rows that are one merged cell across the table (titles, group rows) hold no record.
        record_path: dotted path to the list of records in a JSON document; None: the document or its `features`.
        flatten: nested objects arrive as `a.b` fields, lists as JSON text.
        member: which files of a delivery of several are meant, `stops.txt` or `*.csv`: a name or a pattern, compared
            with the whole name and with its last part, case aside; None: all of them.
        faulty_members: what becomes of a delivery of several files of which some cannot be read: "refuse" it, or
            "leave_out" those, which are named in the delivery's notes.
    """

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    skip_merged: bool = True
    record_path: str | None = None
    flatten: bool = True
    member: str | None = None
    faulty_members: Literal["refuse", "leave_out"] = "refuse"
    header: Literal["search", "none"] = "search"
    below: Literal["records", "leave_out"] = "records"
    unpivot: Unpivot | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """One dataset's promise, at one version.

    Attributes:
        id: the dataset id `unit.domain.name`.
        version: semantic version of the contract.
        key: the primary key's columns in order, empty when there is none.
        mode: append adds each delivery's rows, snapshot replaces the table by it, upsert replaces the published rows
            that have the key of one of its rows and adds the others.
        as_of: of an upsert, the column that says as of when a row is true: an older row never replaces a newer one.
    """

    id: str
    version: str
    columns: tuple[Column, ...]
    fields: tuple[Field, ...]
    row_rules: tuple[RowRule, ...]
    table_rules: tuple[TableRule, ...]
    mode: Mode
    key: tuple[str, ...] = ()
    duplicates: Duplicates = Duplicates()
    reading: Reading = Reading()
    title: Text = NO_TITLE
    as_of: str | None = None

    def column(self, name: str) -> Column:
        """The column called `name`.

        Raises:
            KeyError: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
