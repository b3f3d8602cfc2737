"""The views a reader may ask: each with its hidden columns emptied inside it, so that no condition can probe them.

`unit.domain_name` is a dataset's published table; `city.domain_name` is the union of all units' tables of that domain
and name with the same columns, with a column `unit` in front. Example data (unit `sample`) is in no city view.

Promises: a column that the policy does not allow this reader, or that the register does not know, is a typed NULL in
the view itself; a dataset that the policy does not allow at all is in no view; the tables' hidden columns are not read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from catalogs.lookup import Listed
from catalogs.permission.decide import Decision
from catalogs.values.model import Resource
from infra.errors import Place, Refused
from infra.language import Text
from infra.text import quote_identifier
from lake.query.guard import Relation
from lake.store.delta import Snapshot
from lake.store.schema import OWN

CITY, SAMPLE = "city", "sample"
_TYPES = {
    "string": "VARCHAR",
    "large_string": "VARCHAR",
    "int64": "BIGINT",
    "int32": "INTEGER",
    "double": "DOUBLE",
    "float": "FLOAT",
    "bool": "BOOLEAN",
    "date32[day]": "DATE",
    "timestamp[us, tz=UTC]": "TIMESTAMP WITH TIME ZONE",
    "binary": "BLOB",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A dataset as one reader may read it: its snapshot, and the columns that stay hidden."""

    resource: Resource
    snapshot: Snapshot
    hidden: frozenset[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of the view, hidden ones included."""
        return tuple(self.snapshot.schema.names)


@dataclass(frozen=True, slots=True)
class Plan:
    """What stands behind the relations that a query names.

    Attributes:
        views: relation → the datasets whose rows it holds.
        notes: what a reader should know: datasets left out of a city view, and why.
    """

    views: Mapping[Relation, tuple[Source, ...]]
    notes: tuple[Text, ...] = field(default=())

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every dataset read, once, by id."""
        found = {source.resource.id: source for sources in self.views.values() for source in sources}
        return tuple(found[dataset] for dataset in sorted(found))


def candidates(relation: Relation, known: Sequence[Listed]) -> list[str]:
    """The ids of the datasets that `relation` may mean, in order.

    Raises:
        Refused: `QUERY_UNKNOWN_TABLE`.
    """
    found = [
        one.id
        for one in known
        if "_".join(one.id.split(".")[1:]) == relation.table
        and (one.unit == relation.schema or (relation.schema == CITY and one.unit != SAMPLE))
    ]
    if not found:
        raise Refused(
            "QUERY_UNKNOWN_TABLE",
            f"没有表 {str(relation)[:200]}",
            f"there is no table {str(relation)[:200]}",
            remedy=Text(
                "表名为 单位.领域_名称 或 city.领域_名称；用 hub catalog list 查看数据集",
                "tables are unit.domain_name or city.domain_name; see the datasets with `hub catalog list`",
            ),
        )
    return sorted(found)


def source(resource: Resource, snapshot: Snapshot, decision: Decision) -> Source:
    """What `decision` on the resource leaves of the snapshot.

    Raises:
        Refused: `QUERY_DENIED` with the decision's reasons.
    """
    if not decision.allowed:
        raise denied(resource, decision)
    masked = set(decision.obligations.get("mask", ()))
    known = {item.name for item in resource.items} | set(OWN)
    hidden = frozenset(name for name in snapshot.schema.names if name in masked or name not in known)
    return Source(resource, snapshot, hidden)


def denied(resource: Resource, decision: Decision, *, readable: bool = False) -> Refused:
    """The refusal of a whole dataset; `readable`: only taking it away is refused."""
    if readable:
        return Refused(
            "QUERY_DENIED",
            "无权导出该数据集",
            "this dataset may not be exported by you",
            place=Place(dataset=resource.id),
            reasons=decision.reasons,
            remedy=Text(
                "在终端上以表格查看；写入文件、重定向的 JSON 都是导出",
                "look at it as a table on your terminal; a file is an export, and so is JSON that is redirected",
            ),
        )
    return Refused(
        "QUERY_DENIED",
        "无权查询该数据集",
        "this dataset may not be queried by you",
        place=Place(dataset=resource.id),
        reasons=decision.reasons,
    )


def same_shape(sources: Sequence[Source]) -> tuple[list[Source], list[Source]]:
    """Those that share the most common columns and types, and the others; ties go to the first by id."""
    groups: dict[tuple[tuple[str, str], ...], list[Source]] = {}
    for one in sources:
        shape = tuple((field.name, str(field.type)) for field in one.snapshot.schema)
        groups.setdefault(shape, []).append(one)
    kept = max(groups.values(), key=len, default=[])
    return kept, [one for one in sources if one not in kept]


def view_sql(relation: Relation, sources: Sequence[Source], scan: Callable[[Source], str | None]) -> str:
    """The SELECT behind `relation`.

    Args:
        relation: a unit's or the city's.
        sources: the datasets it holds.
        scan: gives the SQL relation of a dataset's files; None when the snapshot holds none.
    """
    city = relation.schema == CITY
    selects = [_select(one, scan(one), with_unit=city) for one in sources]
    return "\nUNION ALL\n".join(selects)


def _select(one: Source, scanned: str | None, *, with_unit: bool) -> str:
    schema = one.snapshot.schema
    shown = [
        f"CAST(NULL AS {duck_type(column.type)}) AS {quote_identifier(column.name)}"
        if column.name in one.hidden
        else quote_identifier(column.name)
        for column in schema
    ]
    if with_unit and "unit" not in schema.names:
        shown.insert(0, f"'{one.resource.unit}' AS unit")
    visible = [column for column in schema if column.name not in one.hidden]
    empty = ", ".join(
        f"CAST(NULL AS {duck_type(column.type)}) AS {quote_identifier(column.name)}" for column in visible
    )
    rows = f"SELECT {empty or 'NULL AS nothing'} WHERE false"
    if scanned is not None:
        # Files from before a column was added lack it: the empty first part gives every column its name and type.
        names = ", ".join(_literal(column.name) for column in visible)
        present = f"SELECT COLUMNS(lambda c: c IN ({names})) FROM {scanned}"  # noqa: S608 - literals quoted, paths ours
        rows = f"{rows} UNION ALL BY NAME {present}" if visible else f"SELECT NULL AS nothing FROM {scanned}"  # noqa: S608
    return f"SELECT {', '.join(shown)} FROM ({rows})"  # noqa: S608 - names quoted


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def duck_type(kind: pa.DataType) -> str:
    """The DuckDB type of an Arrow type as the lake uses them; text for what it does not."""
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return _TYPES.get(str(kind), "VARCHAR")
