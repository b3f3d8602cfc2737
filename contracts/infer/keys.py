"""The primary key: which columns could tell a record, in the order of how likely they are meant to. Pure.

Whether a set of columns is unique only counting can tell; `candidates` says what to count and `choose` takes the first
of them that holds. A key names a thing (an id, a code), a thing at a time, or a place; a measure, a remark or a
person's card number beside another id is none.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log10

Key = tuple[str, ...]
UNIQUE = 0.98  # of the different rows; the rest are the file's own double records, which the contract then names
# What a key loses of its fitness for each record that it does not tell apart, as a share of all: a name may be shared,
# an id that stands twice is a fault of the file.
_FAULT, _SHARED = 300.0, 3000.0
MOST = 60
_WHOLE, _FEW, _SHOWN, _NAMES = 6, 12, 3, 2.6

_ID = re.compile(
    r"编号|编码|代码|标识|流水号|学籍号|学号|站序|号$|(^|_)(id|code|no|key|uid|uuid|adcode|label_no)(_|$)|(id|code)$"
)
_OWNER = re.compile(r"部门|单位|机构|(^|_)(department|agency|organi[sz]ation|publisher|provider)(_|$)")
_NAME = re.compile(r"名称|名$|站点|站名|监测点|(^|_)(name|title|station|city|region|line)(_|$)|name$")
_WHEN = re.compile(r"年份?$|月份?$|日期|时间|时刻|季度|小时|(^|_)(year|month|date|quarter|hour|time|day|week|at)(_|$)")
_ROW = re.compile(r"序号|行号|(^|_)(seq|index|row_?no|unnamed)(_|$)|unnamed")
_ORDER = re.compile(r"站序|次序|顺序|序号|名次|(^|_)(seq|sequence|order|position|rank|label_no|stop_no)(_|$)")
_IDENTITY = re.compile(r"(^|_)(id|uid|key|objectid|fid|gid)(_|$)|[a-z]id$|标识|编号$")
_PARTS = tuple(
    map(re.compile, (r"年份?$|(^|_)year(_|$)", r"月份?$|(^|_)month(_|$)", r"日$|(^|_)(day|date_of_month)$",
                     r"时$|小时$|(^|_)hour(_|$)", r"分$|分钟$|(^|_)minute(_|$)"))
)  # fmt: skip
_POINT = re.compile(r"经度|纬度|(^|_)(lon|lng|lat|longitude|latitude)$")
_FREE = re.compile(
    r"备注|说明|描述|地址|内容|简介|(^|_)(note|remark|description|address|comment|content|url|icon|alias)(_|$)"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What choosing a key looks at.

    Attributes:
        name: the column's name; `names` that and its header, folded.
        kind: its type.
        distinct: different values, of `filled` rows with one.
        personal: the form of personal information, or None.
        position: from 0.
        coded: its values are codes of one form.
        counter: its values are 1, 2, 3, … or 0, 1, 2, …, each once: a row's number, whatever it is called.
        free: its values are sentences.
        figure: a whole number that counts in a unit.
        order: its values are places in lists, 1, 2, 3, … again and again.
        span: its values run from one time of the day to another.
        point: its values are geometries of points: a place, as a longitude and a latitude are one.
        columns: what it stands for: itself, or of a time in several columns those.
    """

    name: str
    names: str
    kind: str
    distinct: int
    filled: int
    personal: str | None
    position: int
    coded: bool = False
    counter: bool = False
    free: bool = False
    figure: bool = False
    order: bool = False
    span: bool = False
    point: bool = False
    columns: Key = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """A set of columns to count: how fit it is for a key, and whether an id or a time in it makes doubles a fault."""

    key: Key
    fitness: float
    firm: bool


def candidates(columns: Sequence[Candidate], rows: int) -> list[Ranked]:
    """Sets of columns to count, the fittest first; of a single row its id, where one stands first.

    The last of them may be the whole row: where nothing smaller tells records apart, that is what does.
    """
    if rows < 1:
        return []
    if rows == 1:  # which tells nothing apart: the name alone speaks
        return [Ranked((one.name,), _NAMES, True) for one in columns if _is_first_id(one)]
    usable = [one for one in columns if _usable(one, rows)]
    ranked = sorted((*usable, *_times(usable)), key=lambda one: (-_worth(one), one.position))
    sets: list[Ranked] = []
    for size in (1, 2, 3):
        most = {1: 30, 2: 9, 3: 8}[size]
        some = [one for one in combinations(ranked[:most], size) if _could(one, rows)]
        sets += [Ranked(_names(one), _fitness(one, rows, len(columns)), _firm(one)) for one in some]
    if rows < _SHOWN:  # so few rows differ in anything: an id or a name at most
        return [one for one in sets if len(one.key) == 1 and one.fitness >= _NAMES]
    sets.sort(key=lambda one: -one.fitness)
    sets = sets[:MOST]
    if 1 < len(columns) <= _WHOLE and all(_whole(one, rows) for one in columns):
        names = tuple(one.name for one in columns)
        if len(columns) > 4:  # of a whole row that tells records apart the figure may be no part
            least = sorted(columns, key=lambda one: (_worth(one), -one.position))
            sets += [
                Ranked(tuple(name for name in names if name != one.name), -2.9 - at * 0.01, False)
                for at, one in enumerate(least)
            ]
        sets.append(Ranked(names, -3.0, False))
    return sets


def _whole(one: Candidate, rows: int) -> bool:
    """Whether a column may be a part of a key that is the whole row; only a text can be missing in it."""
    return one.kind in ("string", "integer", "date") and one.filled >= rows * (0.5 if one.kind == "string" else 1)


def _is_first_id(one: Candidate) -> bool:
    plain = one.kind in ("string", "integer") and one.personal is None and one.filled > 0
    return plain and one.position == 0 and _ID.search(one.names) is not None and not _ROW.search(one.names)


def _firm(some: Sequence[Candidate]) -> bool:
    """Whether what stands twice is a fault: of an id, at a time, or a name of whoever gives out names."""
    owned = any(_OWNER.search(one.names) for one in some) and any(_NAME.search(one.names) for one in some)
    return owned or any(
        one.kind in ("date", "timestamp") or _ID.search(one.names) or _WHEN.search(one.names) for one in some
    )


def _names(some: Sequence[Candidate]) -> Key:
    return tuple(name for one in sorted(some, key=lambda one: one.position) for name in one.columns or (one.name,))


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
    if one.filled < rows * 0.98 or one.kind in ("json", "boolean"):
        return False
    if one.kind == "geometry":
        return one.point
    if one.kind in ("number", "decimal"):
        return bool(_POINT.search(one.names))
    return one.distinct > 1 and not one.free and not one.figure and not _FREE.search(one.names)


def _times(columns: Sequence[Candidate]) -> Iterator[Candidate]:
    """A time that stands in several columns, year, month, day, hour, as one."""
    parts: list[Candidate] = []
    for pattern in _PARTS:
        found = next((one for one in columns if one.kind == "integer" and pattern.search(one.names)), None)
        if found is None:
            continue
        parts.append(found)
        if len(parts) > 1:
            distinct = 1
            for part in parts:
                distinct *= part.distinct
            names = " ".join(part.names for part in parts)
            yield Candidate(
                names, names, "timestamp", distinct, min(part.filled for part in parts), None, parts[0].position,
                columns=tuple(part.name for part in parts),
            )  # fmt: skip


def _worth(one: Candidate) -> float:
    """How much a column looks like a part of a key."""
    worth = 0.0
    if _ID.search(one.names):
        worth = 5.0
    elif one.kind == "timestamp":
        worth = 4.0
    elif (_WHEN.search(one.names) and not one.span) or one.kind == "date":
        worth = 3.5
    elif _NAME.search(one.names):
        worth = 3.0
    elif one.point or _POINT.search(one.names):
        worth = 1.0
    elif one.kind == "string":
        worth = 2.0
    else:
        worth = 0.6
    if one.coded:
        worth = max(worth, 4.5)
    if one.order and _ORDER.search(one.names):
        # What stands in a list may stand there twice; its place in the list does not.
        return 5.1
    if _ROW.search(one.names) or (one.counter and not _IDENTITY.search(one.names)):
        worth = 0.5
    elif one.counter:
        worth = min(worth, 3.2)
    if one.personal in ("id_card", "mobile", "bank_card", "email", "name"):
        worth -= 2.5
    return worth


def _could(some: Sequence[Candidate], rows: int) -> bool:
    names = _names(some)
    if _product(some) < rows * 0.5 or len(set(names)) < len(names):
        return False
    # A quantity is no part of a key; a few numbers that stand for kinds may be.
    plain = [one for one in some if one.kind == "integer" and _worth(one) < 1 and one.distinct > _FEW]
    # Times alone name no thing: one of them does, for a series, and two of them by chance.
    times = all(one.kind in ("date", "timestamp") and not _ID.search(one.names) for one in some)
    return len(some) == 1 or (not plain and not times and all(one.distinct < rows for one in some))


def _product(some: Sequence[Candidate]) -> int:
    product = 1
    for one in some:
        product *= max(1, one.distinct)
    return product


def _fitness(some: Sequence[Candidate], rows: int, columns: int) -> float:
    """Small keys before large ones; things at times before pairs of things; no more values than records ask for."""
    worth = sum(map(_worth, some)) / len(some) - 2.5 * (len(some) - 1)
    points = sum(2 if one.point else bool(_POINT.search(one.names)) for one in some)
    others = sum(not one.point and not _POINT.search(one.names) for one in some)
    if points and (points != 2 or others != 1):
        worth -= 6
    elif points:
        worth += 0.5 if any(_NAME.search(one.names) for one in some) else 0
    else:
        worth -= 0.35 * max(0.0, log10(_product(some) / rows))
    first = min(one.position for one in some)
    dictionary = 2.0 if columns == 2 and len(some) == 1 and first == 0 else 0.0
    return worth - first * 0.01 + (0.5 if first == 0 else 0) + dictionary
