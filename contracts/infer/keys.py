"""The primary key: which columns could tell a record, in the order of how likely they are meant to. Pure.

Whether a set of columns is unique only counting can tell; `candidates` says what to count and `choose` takes the first
of them that holds. A key names a thing (an id, a code), a thing at a time, or a place; a measure, a remark or a
person's card number beside another id is none.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log10

Key = tuple[str, ...]
UNIQUE = 0.98  # of the different rows; the rest are the file's own double records, which the contract then names
# What a key loses of its fitness for each record that it does not tell apart, as a share of all: a name may be shared,
# an id that stands twice is a fault of the file.
_FAULT, _SHARED = 300.0, 3000.0
MOST = 60
_WHOLE, _FEW = 6, 12

_ID = re.compile(
    r"编号|编码|代码|标识|流水号|学籍号|学号|站序|号$|(^|_)(id|code|no|key|uid|uuid|adcode|label_no)(_|$)|(id|code)$"
)
_NAME = re.compile(r"名称|名$|站点|站名|监测点|(^|_)(name|title|station|city|region|line)(_|$)|name$")
_WHEN = re.compile(r"年份?$|月份?$|日期|时间|时刻|季度|小时|(^|_)(year|month|date|quarter|hour|time|day|week|at)(_|$)")
_ROW = re.compile(r"序号|行号|(^|_)(seq|index|row_?no|unnamed)")
_POINT = re.compile(r"经度|纬度|(^|_)(lon|lng|lat|longitude|latitude)$")
_FREE = re.compile(r"备注|说明|描述|地址|(^|_)(note|remark|description|address|comment|url|icon|alias)(_|$)")


@dataclass(frozen=True, slots=True)
class Candidate:
    """What choosing a key looks at.

    Attributes:
        name: the column's name; `names` that and its header, folded.
        kind: its type.
        distinct: different values, of `filled` rows with one.
        personal: the form of personal information, or None.
        position: from 0.
    """

    name: str
    names: str
    kind: str
    distinct: int
    filled: int
    personal: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A set of columns to count: how fit it is for a key, and whether an id or a time in it makes doubles a fault."""

    key: Key
    fitness: float
    firm: bool


def candidates(columns: Sequence[Candidate], rows: int) -> list[Ranked]:
    """Sets of columns to count, the fittest first; none for a table of a row or two.

    The last of them may be the whole row: where nothing smaller tells records apart, that is what does.
    """
    if rows < 3:
        return []
    ranked = sorted((one for one in columns if _usable(one, rows)), key=lambda one: (-_worth(one), one.position))
    sets: list[Ranked] = []
    for size in (1, 2, 3):
        most = {1: 30, 2: 9, 3: 8}[size]
        some = [one for one in combinations(ranked[:most], size) if _could(one, rows)]
        sets += [Ranked(_names(one), _fitness(one, rows, len(columns)), any(map(_firm, one))) for one in some]
    sets.sort(key=lambda one: -one.fitness)
    sets = sets[:MOST]
    if 1 < len(columns) <= _WHOLE and all(_whole(one, rows) for one in columns):
        sets.append(Ranked(tuple(one.name for one in columns), -3.0, False))
    return sets


def _whole(one: Candidate, rows: int) -> bool:
    """Whether a column may be a part of a key that is the whole row; only a text can be missing in it."""
    return one.kind in ("string", "integer", "date") and one.filled >= rows * (0.5 if one.kind == "string" else 1)


def _firm(one: Candidate) -> bool:
    return one.kind in ("date", "timestamp") or bool(_ID.search(one.names) or _WHEN.search(one.names))


def _names(some: Sequence[Candidate]) -> Key:
    return tuple(one.name for one in sorted(some, key=lambda one: one.position))


def choose(counts: Mapping[Key, int], order: Sequence[Ranked], distinct: int) -> Key:
    """The fittest candidate that tells (nearly) all different rows apart; the empty key when none does."""
    holds = [one for one in order if counts.get(one.key, 0) >= distinct * UNIQUE]
    if not holds:
        return ()
    shared = {one.key: 1 - counts[one.key] / distinct for one in holds}
    return max(holds, key=lambda one: one.fitness - shared[one.key] * (_FAULT if one.firm else _SHARED)).key


def has_time(columns: Sequence[Candidate], key: Key) -> bool:
    """Whether a key says when: records of one thing come again and again."""
    return any(one.name in key and (one.kind in ("date", "timestamp") or _WHEN.search(one.names)) for one in columns)


def _usable(one: Candidate, rows: int) -> bool:
    if one.kind in ("json", "geometry", "boolean") or one.filled < rows * 0.98:
        return False
    if one.kind in ("number", "decimal"):
        return bool(_POINT.search(one.names))
    return one.distinct > 1 and not _FREE.search(one.names)


def _worth(one: Candidate) -> float:
    """How much a column looks like a part of a key."""
    worth = 0.0
    if _ID.search(one.names):
        worth = 5.0
    elif one.kind == "timestamp":
        worth = 4.0
    elif _WHEN.search(one.names) or one.kind == "date":
        worth = 3.5
    elif _NAME.search(one.names):
        worth = 3.0
    elif _POINT.search(one.names):
        worth = 1.0
    elif one.kind == "string":
        worth = 2.0
    else:
        worth = 0.6
    if _ROW.search(one.names):
        worth = 0.5
    if one.personal in ("id_card", "mobile", "bank_card", "email", "plate", "name"):
        worth -= 2.5
    return worth


def _could(some: Sequence[Candidate], rows: int) -> bool:
    if _product(some) < rows * 0.5:
        return False
    # A quantity is no part of a key; a few numbers that stand for kinds may be.
    plain = [one for one in some if one.kind == "integer" and _worth(one) < 1 and one.distinct > _FEW]
    return len(some) == 1 or (not plain and all(one.distinct < rows for one in some))


def _product(some: Sequence[Candidate]) -> int:
    product = 1
    for one in some:
        product *= max(1, one.distinct)
    return product


def _fitness(some: Sequence[Candidate], rows: int, columns: int) -> float:
    """Small keys before large ones; things at times before pairs of things; no more values than records ask for."""
    worth = sum(map(_worth, some)) / len(some) - 2.5 * (len(some) - 1)
    points = sum(bool(_POINT.search(one.names)) for one in some)
    if points and (points != 2 or len(some) != 3):
        worth -= 6
    elif points:
        worth += 0.5 if any(_NAME.search(one.names) for one in some) else 0
    else:
        worth -= 0.35 * max(0.0, log10(_product(some) / rows))
    first = min(one.position for one in some)
    dictionary = 2.0 if columns == 2 and len(some) == 1 and first == 0 else 0.0
    return worth - first * 0.01 + (0.5 if first == 0 else 0) + dictionary
