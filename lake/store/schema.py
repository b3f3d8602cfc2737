"""The Arrow schemas of what the lake stores, from a contract.

A curated table has the contract's columns and two of ours: `_delivery`, the number of the delivery that brought the
row, and `_line`, the record's place in its file. All else that is known of a delivery stands in `lake_delivery`.

A quarantine table is the same for every contract, so that a changed contract never changes it.
"""

import re
from collections.abc import Iterable

import pyarrow as pa

from catalogs.values.model import Grade, Item
from contracts.model import Contract
from lake.store.delta import DELIVERY, LINE

OWN = (DELIVERY, LINE)
_DECIMAL = re.compile(r"decimal128\((\d+),\s*(-?\d+)\)")
_TYPES = {
    "string": pa.string(),
    "int64": pa.int64(),
    "int32": pa.int32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "date32": pa.date32(),
    "timestamp[us, UTC]": pa.timestamp("us", "UTC"),
}

QUARANTINE = pa.schema(
    [
        pa.field(DELIVERY, pa.int64()),
        pa.field(LINE, pa.int64()),
        pa.field("rules", pa.list_(pa.string())),
        pa.field("raw", pa.string()),  # the record as delivered, JSON
        pa.field("sentence_zh", pa.string()),
        pa.field("sentence_en", pa.string()),
        pa.field("contract_version", pa.string()),
    ]
)


def arrow_type(name: str) -> pa.DataType:
    """The Arrow type that a contract's column names, e.g. "decimal128(18,4)"."""
    decimal = _DECIMAL.fullmatch(name)
    return pa.decimal128(int(decimal[1]), int(decimal[2])) if decimal else _TYPES[name]


def curated(contract: Contract) -> pa.Schema:
    """The schema of the contract's published table."""
    fields = [pa.field(column.name, arrow_type(column.arrow)) for column in contract.columns]
    return pa.schema([*fields, pa.field(DELIVERY, pa.int64()), pa.field(LINE, pa.int64())])


def plain_columns(contract: Contract, items: Iterable[Item]) -> tuple[str, ...]:
    """The columns whose smallest and largest value a Parquet file may tell: ours, and what is of no weight.

    Whoever holds the file reads its footer, whatever a policy masks. So a column is plain when `items`, those of the
    register, know it, grade it general 2 at most, and neither they nor the contract call it personal.
    """
    low = plain_items(items)
    return (*OWN, *(column.name for column in contract.columns if column.name in low and not column.personal))


def plain_items(items: Iterable[Item]) -> frozenset[str]:
    """The items of no weight, by the register alone."""
    return frozenset(item.name for item in items if item.grade <= Grade.GENERAL_2 and item.personal is None)
