"""What a table's log says that its files must hold, and what a fault is called. Pure: commits in, expectations out.

A commit tells its delivery, the replay that brought rows out of quarantine, or the purge that took rows out. An append
adds rows to what stands, an upsert says how many rows of which delivery it replaced, an overwrite leaves its own rows
alone. Rows of purged deliveries are nobody's to count:
`lake.purge.purging` proves that they are gone.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.language import Text
from lake.store.logged import Lives, Logged

_MOST = 20  # names that a sentence takes


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that does not fit: a stable code, the table, a sentence without a value of the data."""

    code: str
    table: str
    said: Text

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape that commands print."""
        return {"code": self.code, "table": self.table, "message": self.said.say(lang)}


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay as the register has it: delivery → rows that it moved into this table (out of it: below zero).

    Attributes:
        counted: whether the register's counts have it already.
    """

    id: str
    rows: Mapping[str, int]
    counted: bool


def as_logged(counts: Mapping[str, int], replays: Iterable[Replay], logged: Sequence[Logged]) -> dict[str, int]:
    """The register's counts of deliveries as they were, or will be, with exactly the replays that the log has."""
    there = {commit.info.get("replay") for commit in logged}
    found = dict(counts)
    for one in replays:
        if one.counted != (one.id in there):
            for delivery, rows in one.rows.items():
                found[delivery] = found.get(delivery, 0) + (-rows if one.counted else rows)
    return found


def standing(
    logged: Sequence[Logged],
    published: Mapping[str, int],
    replays: Mapping[str, Iterable[str]],
    names: Mapping[int, str],
) -> dict[str, int]:
    """Delivery → rows that the newest of the commits must hold.

    Args:
        logged: the commits.
        published: delivery → rows that it put into the table, by itself and by replays.
        replays: replay's id → its deliveries.
        names: a delivery's number → its id.
    """
    rows: dict[str, int] = {}
    replaced: Counter[str] = Counter()
    for commit in logged:
        delivery, replay = commit.info.get("delivery"), commit.info.get("replay")
        brought = [delivery] if delivery is not None else list(replays.get(str(replay), ()))
        if brought and commit.info.get("operationParameters", {}).get("mode") == "Overwrite":
            rows.clear()
            replaced.clear()
        rows |= {one: published.get(one, 0) for one in brought}
        for number, many in json.loads(commit.info.get("replaced") or "{}").items():
            replaced[names.get(int(number), f"#{number}")] += many
    return {one: rows.get(one, 0) - replaced[one] for one in rows.keys() | replaced.keys()}


def excused(logged: Sequence[Logged], held: Lives, purged: Iterable[int]) -> set[str]:
    """The files that may be missing: removed long enough before a vacuum, or purged with their version."""
    vacuums = [
        (commit.version, int(commit.info["timestamp"]) - int(parameters.get("specifiedRetentionMillis") or 0))
        for commit in logged
        if commit.info.get("operation") == "VACUUM START"
        for parameters in (commit.info.get("operationParameters", {}),)
    ]
    removed = {path: (commit.version, at) for commit in logged for path, at in commit.removed}
    lost = set(purged)
    found = set()
    for path, spans in held.items():
        if spans[-1][1] is None:
            continue
        version, at = removed[path]
        swept = any(later > version and at <= until for later, until in vacuums)
        if swept or any(begin <= one < (end or 0) for begin, end in spans for one in lost):
            found.add(path)
    return found


def gaps(logged: Sequence[Logged]) -> list[int]:
    """The versions below the newest whose commit the log lacks."""
    there = {commit.version for commit in logged}
    return [version for version in range(max(there, default=-1) + 1) if version not in there]


def miscounted(table: str, expected: Mapping[str, int], found: Mapping[str, int]) -> list[Flaw]:
    """Where the rows of a delivery in the newest version are not as many as the log and the register say."""
    flaws = []
    for delivery in sorted(expected.keys() | found.keys()):
        wanted, there = expected.get(delivery, 0), found.get(delivery, 0)
        if wanted != there:
            said = Text(
                f"归集批次 {delivery} 在表中应有 {wanted} 行，实有 {there} 行",
                f"the table should hold {wanted} rows of delivery {delivery}, it holds {there}",
            )
            flaws.append(Flaw("VERIFY_ROWS_OF_DELIVERY", table, said))
    return flaws


def unbalanced(table: str, rows: Iterable[Mapping[Any, Any]]) -> list[Flaw]:
    """The final deliveries whose counts do not add up."""
    return [
        Flaw(
            "VERIFY_BALANCE",
            table,
            Text(
                f"归集批次 {row['id']} 的数目不符：读取 {row['read']} ≠ 发布 {row['published']} + 问题 "
                f"{row['quarantined']} + 重复 {row['duplicates']}",
                f"delivery {row['id']} does not balance: read {row['read']} ≠ published {row['published']} + "
                f"quarantined {row['quarantined']} + duplicates {row['duplicates']}",
            ),
        )
        for row in rows
        if row["read"] != (row["published"] or 0) + (row["quarantined"] or 0) + (row["duplicates"] or 0)
    ]


def told_too_much(table: str, path: str, columns: Iterable[str]) -> Flaw:
    """A file or a log says smallest and largest values of columns that must not be told."""
    names = list(columns)
    shown = ", ".join(names[:_MOST])
    return Flaw(
        "VERIFY_STATISTICS",
        table,
        Text(
            f"{path} 的统计信息含有不得统计的列：{shown}",
            f"{path} holds statistics of columns that must have none: {shown}",
        ),
    )


def about(code: str, table: str, path: str) -> Flaw:
    """A flaw of one file, by its code."""
    zh, en = _OF_FILES[code]
    return Flaw(code, table, Text(f"{path}：{zh}", f"{path}: {en}"))


_OF_FILES = {
    "VERIFY_MISSING": ("表的版本需要该文件，但存储中没有", "a version of the table needs the file, the store lacks it"),
    "VERIFY_SIZE": ("文件大小与日志不符", "the file's size is not what the log says"),
    "VERIFY_ROWS": ("文件的行数与日志不符", "the file's rows are not as many as the log says"),
    "VERIFY_DAMAGED": ("文件无法读取，或校验和不符", "the file cannot be read, or a checksum does not fit"),
    "VERIFY_STRAY": (
        "保留期以前的文件仍在存储中；用 hub lake expire 清理",
        "the file is older than what is kept and no kept version needs it; delete it with `hub lake expire`",
    ),
    "VERIFY_LOG": ("日志缺少该版本", "the log lacks this version"),
    "VERIFY_UNPUBLISHED": (
        "登记为已发布的归集批次，日志中没有提交",
        "the register says that the delivery was published, the log has no commit of it",
    ),
}
