"""The three layouts of the form: ours (the nine fields first), the vendor's, and the national one."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalogs.sheet import columns, item_columns
from catalogs.sheet.column import Column

OWN, VENDOR, NATIONAL = "hub", "vendor", "national"
LAYOUTS = (OWN, VENDOR, NATIONAL)
CATALOGUE, ITEMS, CHOICES, GUIDE = "目录", "数据项", "选项", "填报说明"
_SHOWN = ("summary", "openness", "openness_conditions", "domain")
_LINK = ("title", "provider", "id")


@dataclass(frozen=True, slots=True)
class Placed:
    """A column as it stands in a layout: its heading, whether folded, and whether it holds an item's value."""

    column: Column
    heading: str
    folded: bool
    of_item: bool = False


def catalogue(layout: str) -> tuple[Placed, ...]:
    """The columns of the first table."""
    if layout == VENDOR:
        return _resource(columns.VENDOR_ORDER, columns.VENDOR_NAMES, columns.VENDOR_ORDER)
    if layout == NATIONAL:
        first = _resource(columns.NATIONAL_ORDER, columns.NATIONAL_NAMES, columns.NATIONAL_ORDER)
        head, rest = first[: len(columns.NATIONAL_ORDER)], first[len(columns.NATIONAL_ORDER) :]
        named = {column.key for column in columns.NINE} | set(_SHOWN)
        inside = _items(item_columns.NATIONAL_NAMES)
        return (*head, *inside, *(Placed(one.column, one.heading, one.column.key not in named) for one in rest))
    order = (*(column.key for column in columns.NINE), *_SHOWN)
    return _resource(order, {}, order)


def _resource(order: tuple[str, ...], names: Mapping[str, str], shown: tuple[str, ...]) -> tuple[Placed, ...]:
    keys = dict.fromkeys((*order, *(column.key for column in columns.RESOURCE)))
    return tuple(Placed(columns.EVERY[key], names.get(key, columns.EVERY[key].zh), _folded(key, shown)) for key in keys)


def _folded(key: str, shown: tuple[str, ...]) -> bool:
    nine = {column.key for column in columns.NINE}
    return key not in shown and key not in nine and key not in _SHOWN


def _items(names: Mapping[str, str]) -> tuple[Placed, ...]:
    order = dict.fromkeys((*item_columns.NATIONAL_ORDER, "grade", *(column.key for column in item_columns.ITEM)))
    plain = {
        "zh",
        "type",
        "length",
        "grade",
        "name",
        "unit_of_measure",
        "summary",
        "personal.class",
        "personal.sensitive",
    }
    every = item_columns.EVERY
    return tuple(Placed(every[key], names.get(key, every[key].zh), key not in plain, of_item=True) for key in order)


def items() -> tuple[Placed, ...]:
    """The columns of the table of items, which name their resource."""
    linked = tuple(Placed(columns.EVERY[key], columns.EVERY[key].zh, key == "id") for key in _LINK)
    return (*linked, *_items({}))
