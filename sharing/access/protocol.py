"""The Delta Sharing protocol, rendered: plain values in, the protocol's JSON out. No I/O.

Source: the protocol specification of delta-io/delta-sharing (REST APIs, `responseformat=parquet`). It promises that
what is rendered names nothing but the share, schema, table and columns that the grant covers: statistics hold a row
count alone, files are named by the digest of their link.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.errors import Refused, WrongUse
from infra.language import Text

MAX_RESULTS = 500
CAPABILITIES = "delta-sharing-capabilities"
TABLE_VERSION = "delta-table-version"

# Hints may be dropped without harm; these change what the answer means, so they are refused by name.
UNSUPPORTED = (
    "startingVersion",
    "endingVersion",
    "startingTimestamp",
    "includeRefreshToken",
    "refreshToken",
    "idempotencyKey",
)


@dataclass(frozen=True, slots=True)
class SharedTable:
    """One table of one share as the protocol names it."""

    share: str
    schema: str
    table: str

    def as_item(self) -> dict[str, str]:
        """The item of a list answer."""
        return {"name": self.table, "schema": self.schema, "share": self.share}


@dataclass(frozen=True, slots=True)
class SharedFile:
    """One data file of a table version: a link that opens it, its size in bytes and its rows."""

    url: str
    id: str
    size: int
    rows: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Query:
    """What a client asked of a table. Hints narrow what is sent and never widen it."""

    limit: int | None = None
    version: int | None = None
    timestamp: str | None = None
    max_files: int | None = None
    page_token: str | None = None


def parse_query(body: Mapping[str, Any]) -> Query:
    """Read the body of a table query.

    Predicate hints are accepted and not evaluated: an extract holds what the firm may see, and the protocol leaves
    filtering to the client.

    Raises:
        WrongUse: SHARE_QUERY_FIELD for a value of the wrong kind, SHARE_QUERY_UNSUPPORTED for what no answer exists.
    """
    asked = [name for name in UNSUPPORTED if body.get(name)]
    if asked:
        raise WrongUse(
            "SHARE_QUERY_UNSUPPORTED",
            f"本服务不支持 {'、'.join(asked)}",
            f"{', '.join(asked)} is not supported by this server",
            remedy=Text("请查询当前版本的全部文件", "query the current version's files instead"),
        )
    hints = body.get("predicateHints")
    if hints is not None and not (isinstance(hints, list) and all(isinstance(hint, str) for hint in hints)):
        raise _wrong("predicateHints")
    for name in ("jsonPredicateHints", "timestamp", "pageToken"):
        if body.get(name) is not None and not isinstance(body[name], str):
            raise _wrong(name)
    return Query(
        limit=_count(body, "limitHint", least=0),
        version=_count(body, "version", least=0),
        timestamp=body.get("timestamp"),
        max_files=_count(body, "maxFiles", least=1),
        page_token=body.get("pageToken"),
    )


def _count(body: Mapping[str, Any], name: str, *, least: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**63:
        raise _wrong(name)
    return value


def _wrong(name: str) -> WrongUse:
    return WrongUse("SHARE_QUERY_FIELD", f"请求字段 {name} 的值不合规", f"the request field {name} has a wrong value")


def page(
    items: Sequence[Mapping[str, Any]], max_results: int | None, start: int
) -> tuple[list[Mapping[str, Any]], int | None]:
    """Cut one page of a list: the items and where the next page starts, None at the end.

    Raises:
        WrongUse: SHARE_QUERY_FIELD for a page size below 0 or a start behind the end.
    """
    if max_results is not None and max_results < 0:
        raise _wrong("maxResults")
    if not 0 <= start <= len(items):
        raise _wrong("pageToken")
    size = MAX_RESULTS if max_results is None else min(max_results, MAX_RESULTS)
    end = start + size
    return list(items[start:end]), end if end < len(items) else None


def protocol_line() -> str:
    """The first line of a metadata or query answer."""
    return _line({"protocol": {"minReaderVersion": 1}})


def metadata_line(table_id: str, schema: str, files: Sequence[tuple[int, int]], version: int) -> str:
    """The second line: schema as Delta JSON text, sizes in bytes and counts over `files` (size, rows)."""
    described = {
        "id": table_id,
        "format": {"provider": "parquet"},
        "schemaString": schema,
        "partitionColumns": [],
        "version": version,
        "size": sum(size for size, _ in files),
        "numFiles": len(files),
    }
    return _line({"metaData": described})


def file_lines(files: Iterable[SharedFile]) -> Iterable[str]:
    """One line a file; statistics are the row count alone, since extremes would tell values."""
    for file in files:
        described = {
            "url": file.url,
            "id": file.id,
            "partitionValues": {},
            "size": file.size,
            "stats": json.dumps({"numRecords": file.rows}),
            "expirationTimestamp": file.expires_ms,
        }
        yield _line({"file": described})


def end_line(next_page: str | None, min_expiry_ms: int | None) -> str:
    """The last line of a query that asked for it (`includeEndStreamAction`) or was cut into pages."""
    ended: dict[str, Any] = {}
    if next_page is not None:
        ended["nextPageToken"] = next_page
    if min_expiry_ms is not None:
        ended["minUrlExpirationTimestamp"] = min_expiry_ms
    return _line({"endStreamAction": ended})


def wants_parquet(capabilities: str | None) -> bool:
    """Whether the client reads the parquet response format; silence means yes, as the protocol has it.

    >>> wants_parquet("responseformat=delta,parquet;readerfeatures=deletionvectors")
    True
    >>> wants_parquet("responseformat=delta")
    False
    """
    wanted = capability(capabilities, "responseformat")
    return not wanted or "parquet" in wanted


def wants_end_line(capabilities: str | None) -> bool:
    """Whether the client asked for an end-of-stream line."""
    return "true" in capability(capabilities, "includeendstreamaction")


def capability(header: str | None, name: str) -> set[str]:
    """The values of one capability in the header, in lower case."""
    for part in (header or "").lower().split(";"):
        key, _, values = part.partition("=")
        if key.strip() == name:
            return {value.strip() for value in values.split(",")}
    return set()


def take(files: Sequence[tuple[str, int, int]], limit: int | None) -> list[tuple[str, int, int]]:
    """The first files (key, size, rows) that hold at least `limit` rows; all of them without a limit."""
    if limit is None:
        return list(files)
    taken: list[tuple[str, int, int]] = []
    rows = 0
    for file in files:
        if rows >= limit:
            break
        taken.append(file)
        rows += file[2]
    return taken


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Offset and length of a single `Range` of bytes; None means the whole file.

    A header of another unit or of several ranges counts as none, as RFC 9110 section 14.2 allows.

    Raises:
        Refused: SHARE_RANGE when the range lies behind the end (answered with 416).

    >>> byte_range("bytes=-8", 100), byte_range("bytes=90-", 100), byte_range("bytes=0-9", 100), byte_range(None, 100)
    ((92, 8), (90, 10), (0, 10), None)
    """
    unit, _, wanted = (header or "").strip().partition("=")
    first, dash, last = wanted.partition("-")
    well_formed = all(not part or (part.isascii() and part.isdigit() and len(part) < 19) for part in (first, last))
    if unit.lower() != "bytes" or not dash or "," in wanted or not well_formed or not (first or last):
        return None
    if not first:
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        end = min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
        length = end - start + 1
    if start >= size or length <= 0:
        raise Refused("SHARE_RANGE", "请求的字节范围超出文件", "the range lies behind the end of the file")
    return start, length


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
