"""A city's doors for deliveries beside its watched folders, and how much each unit may bring: `<city>/arrivals.yaml`.

    buckets:   {unit, bucket, prefix, endpoint, region, keys, complete: exists | marker, taken: delete | move}
    pulls:     {dataset, connection, table | query, watermark, overlap, columns, rows}
    quotas:    {unit, bytes_a_day, deliveries_a_day, bytes_kept}

`taken: move` leaves what landed below `taken/` in the unit's own bucket, unsealed and out of a purge's reach. No secret
stands here: `keys: JINSHUI` names the settings `HUB_BUCKET_JINSHUI_ACCESS_KEY` and `…_SECRET_KEY`,
`connection: JINSHUI` the setting `HUB_PULL_JINSHUI`. A query is the city's own text, one SELECT; nothing is pasted into
it. The file is optional; without it there are watched folders, the command and pushes, and no limits.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from catalogs.folder.fields import Fields
from catalogs.folder.read_resource import DATASET, DATASET_SAID, NAME, NAME_SAID
from catalogs.folder.yamltree import Mapping as Tree
from catalogs.folder.yamltree import read_file
from catalogs.rules.faults import Fault, refusal
from catalogs.values.words import Word

FILE = "arrivals.yaml"
_SETTING = re.compile(r"[A-Z][A-Z0-9]{0,30}(_[A-Z0-9]+)*")
_SETTING_SAID = ("大写字母、数字、下划线", "capital letters, digits and _")
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}(\.[A-Za-z_][A-Za-z0-9_$]{0,62})?")
_TABLE_SAID = ("表名，可带模式名", "a table's name, perhaps with its schema")
_COLUMN = re.compile(r"[^\x00-\x1f\"`\[\]]{1,128}")
_COLUMN_SAID = ("列名", "a column's name")
_BUCKET = re.compile(r"(?!.*(?:\.\.|\.-|-\.))(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_BUCKET_SAID = (
    "桶名：小写字母、数字、“-”“.”，“.”不与“.”“-”相邻，不是 IP 地址",
    "a bucket's name: a-z, 0-9, - and ., no . beside . or -, no IP address",
)
_SELECT = re.compile(r"\s*select\b[^;]*", re.IGNORECASE)
_SELECT_SAID = ("一条 SELECT，不含分号", "one SELECT without a semicolon")
_ENDPOINT = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+")
_ENDPOINT_SAID = ("http(s)://主机:端口", "http(s)://host:port")
_NUMBER = re.compile(r"[0-9]{1,15}")
_NUMBER_SAID = ("非负整数", "a whole number")


class Complete(Word):
    """How an object shows that it is complete."""

    EXISTS = "exists", "存在即完整", "it exists"
    MARKER = "marker", "标记文件", "marker file"


class Taken(Word):
    """What becomes of an object that has landed."""

    DELETE = "delete", "删除", "deleted"
    MOVE = "move", "移走", "moved below taken/"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A unit's prefix in an S3."""

    unit: str
    bucket: str
    prefix: str
    endpoint: str | None
    region: str
    keys: str
    complete: Complete
    taken: Taken


@dataclass(frozen=True, slots=True)
class Pull:
    """A table or a query of a unit's database, drawn from by a column that only grows.

    Attributes:
        overlap: how far behind the watermark each pull looks again: seconds for instants, else as many as are counted.
        rows: the most rows that one delivery takes.
    """

    dataset: str
    connection: str
    table: str | None
    query: str | None
    watermark: str
    columns: tuple[str, ...]
    overlap: int
    rows: int


@dataclass(frozen=True, slots=True)
class Quota:
    """What a unit may bring on a day of the city, and keep in landing; None is without limit."""

    bytes_a_day: int | None = None
    deliveries_a_day: int | None = None
    bytes_kept: int | None = None


@dataclass(frozen=True, slots=True)
class Doors:
    """All of the file."""

    buckets: tuple[Bucket, ...] = ()
    pulls: tuple[Pull, ...] = ()
    quotas: tuple[tuple[str, Quota], ...] = ()

    def quota(self, unit: str) -> Quota:
        """The unit's limits."""
        return dict(self.quotas).get(unit, Quota())


def load_doors(city: Path) -> Doors:
    """The doors of the city's folder.

    Raises:
        Refused: CATALOG_FAULTY with every fault of the file.
    """
    path = city / FILE
    try:
        stamp = path.stat().st_mtime_ns
    except FileNotFoundError:
        return Doors()
    found, faults = _read(city, stamp)
    if faults:
        raise refusal(list(faults))
    return found


def read_doors(city: Path) -> tuple[Doors, list[Fault]]:
    """The doors, and every fault of the file."""
    node, faults = read_file(city / FILE, FILE)
    if faults or not isinstance(node, Tree):
        return Doors(), faults
    fields = Fields(node, FILE, "", faults)
    doors = Doors(
        tuple(one for one in map(_bucket, fields.children("buckets", required=False)) if one is not None),
        tuple(one for one in map(_pull, fields.children("pulls", required=False)) if one is not None),
        tuple(one for one in map(_quota, fields.children("quotas", required=False)) if one is not None),
    )
    fields.finish()
    _unique(fields, "buckets", [one.unit for one in doors.buckets])
    _unique(fields, "pulls", [one.dataset for one in doors.pulls])
    _unique(fields, "quotas", [unit for unit, _ in doors.quotas])
    return doors, faults


@lru_cache(maxsize=8)
def _read(city: Path, _stamp: int) -> tuple[Doors, tuple[Fault, ...]]:
    doors, faults = read_doors(city)
    return doors, tuple(faults)


def _unique(fields: Fields, key: str, names: list[str]) -> None:
    for name in sorted({name for name in names if names.count(name) > 1}):
        fields.note("CATALOG_ID_TWICE", f"{name} 重复", f"{name} stands twice", key=key)


def _number(fields: Fields, key: str) -> int | None:
    said = fields.form(key, _NUMBER, _NUMBER_SAID, required=False)
    return None if said is None else int(said)


def _bucket(fields: Fields) -> Bucket | None:
    unit, bucket = fields.form("unit", NAME, NAME_SAID), fields.form("bucket", _BUCKET, _BUCKET_SAID)
    prefix = fields.text("prefix", required=False, longest=200) or ""
    endpoint = fields.form("endpoint", _ENDPOINT, _ENDPOINT_SAID, required=False)
    region = fields.text("region", required=False, longest=60) or "us-east-1"
    keys = fields.form("keys", _SETTING, _SETTING_SAID)
    complete = fields.word("complete", Complete, required=False) or Complete.EXISTS
    taken = fields.word("taken", Taken, required=False) or Taken.DELETE
    fields.finish()
    if not (unit and bucket and keys):
        return None
    return Bucket(unit, bucket, prefix.strip("/"), endpoint, region, keys, complete, taken)


def _pull(fields: Fields) -> Pull | None:
    dataset, connection = (
        fields.form("dataset", DATASET, DATASET_SAID),
        fields.form("connection", _SETTING, _SETTING_SAID),
    )
    table = fields.form("table", _TABLE, _TABLE_SAID, required=False)
    query = fields.form("query", _SELECT, _SELECT_SAID, required=False)
    watermark = fields.form("watermark", _COLUMN, _COLUMN_SAID)
    columns = fields.texts("columns")
    overlap, rows = _number(fields, "overlap") or 0, _number(fields, "rows") or 100_000
    if (table is None) == (query is None):
        said = ("table 与 query 写且只写一个", "write either table or query")
        fields.note("CATALOG_FIELD_MISSING", *said, key="table" if table else None)
    fields.finish()
    if not (dataset and connection and watermark) or (table is None) == (query is None):
        return None
    return Pull(dataset, connection, table, query, watermark, columns, overlap, rows)


def _quota(fields: Fields) -> tuple[str, Quota] | None:
    unit = fields.form("unit", NAME, NAME_SAID)
    quota = Quota(*(_number(fields, key) for key in Quota.__slots__))
    fields.finish()
    return (unit, quota) if unit else None
