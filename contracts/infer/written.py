"""Numbers as people write them: commas between thousands, a percent sign or a unit behind every value. Pure.

>>> written(["12.5%", "3%"]).tail, written(["1,200", "15"]).commas, written(["3时", "12时"]).tail
('%', True, '时')
>>> written(["3例", "12人"]).tails, written(["3例", "12元"])
(('人', '例'), None)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.infer.units import unit

_PLAIN = re.compile(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s*(\D{0,8})")
_PARTS = frozenset(("年", "年度", "月", "月份", "日", "时", "点", "小时", "岁"))
_PERSONS = frozenset(("人", "名", "例", "位"))
_NEARLY, _FEW = 0.95, 40


@dataclass(frozen=True, slots=True)
class Written:
    """What stands beside the digits of a column's numbers.

    Attributes:
        commas: between thousands.
        tail: behind each of them, empty when nothing does; the first of `tails`, which all count the same.
    """

    commas: bool
    tail: str
    tails: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[dict[str, Any], ...]:
        """The conversions that leave the number alone."""
        found = [{"rewrite": {"pattern": ",", "with": ""}}] if self.commas else []
        if self.tail:
            either = "|".join(map(re.escape, self.tails))
            behind = f"({either})" if self.tails else re.escape(self.tail)
            found.append({"rewrite": {"pattern": rf"\s*{behind}$", "with": ""}})
        return tuple(found)

    @property
    def unit(self) -> str | None:
        """The unit that the tail is, None for a part of a date."""
        return None if self.tail in _PARTS or not self.tail else unit(self.tail)


def written(sample: Sequence[str]) -> Written | None:
    """How (nearly) all values of a sample are written, None where they are no such numbers or plain ones."""
    found = [one for one in map(_PLAIN.fullmatch, sample) if one]
    few = len(sample) < _FEW
    if not found or len(found) < len(sample) * (1 if few else _NEARLY):
        return None
    tails = {one[2].strip() for one in found}
    commas = any("," in one[1] for one in found)
    if len(tails) != 1:
        # Persons are counted by several words, in one file by two of them.
        return Written(commas, "人", tuple(sorted(tails))) if tails and tails <= _PERSONS else None
    [tail] = tails
    if not (commas or tail) or (tail and tail not in _PARTS and unit(tail) is None):
        return None
    return Written(commas, tail)
