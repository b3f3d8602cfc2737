"""Items that stand on a sheet of their own, brought to the resource that they name."""

from collections import defaultdict
from collections.abc import Sequence

from catalogs.rules.names import squeezed
from catalogs.sheet.table import Entry
from catalogs.sheet.telling import Told, shown

_BY = ("id", "code", "title")


def link_items(resources: Sequence[Entry], listed: Sequence[Entry], told: Told) -> None:
    """Gives each resource the items listed under its id, code or title; tells those that name none or two."""
    known: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in resources:
        for key in (key for key in _BY if entry.text(key)):
            known[key, entry.text(key)].append(entry)
    near = {squeezed(entry.text("title")): entry for entry in resources}
    unknown: set[str] = set()
    above: Entry | None = None
    for one in listed:
        named = next((key for key in _BY if one.text(key)), None)
        if named is None:
            # A title that was written once for all of its items, without merging.
            found = [above] if above is not None else []
        else:
            found = [entry for entry in known[named, one.text(named)] if _same_provider(entry, one)]
        if len(found) == 1:
            above = found[0]
            above.items.extend(one.items)
            continue
        above = None
        for entry in found:  # so that none of them is said to have no item
            entry.items.extend(one.items)
        name = one.text(named) if named else ""
        if name and name in unknown:
            continue
        unknown.add(name)
        _tell(one, named, found, near, told)


def _same_provider(entry: Entry, one: Entry) -> bool:
    wanted = one.text("provider")
    return not wanted or wanted == entry.text("provider")


def _tell(one: Entry, key: str | None, found: Sequence[Entry], near: dict[str, Entry], told: Told) -> None:
    cell = one.cells.get(key or "") or next(iter(one.items[0].cells.values()))
    if key is None:
        said = ("这一行没有写属于哪个目录", "the row names no resource")
        remedy = ("在“目录名称”一列填写", "write the title of its resource")
    elif found:
        places = "、".join(f"{told.names[each.sheet]}!{each.row + 1}" for each in found[:5])
        said = (
            f"有 {len(found)} 行目录都叫“{shown(cell.text)}”：{places}",
            f"{len(found)} rows are called so: {places}",
        )
        remedy = (
            "不用的行或工作表删去；确是几项资源的，在数据项表中加填提供单位或数据集标识",
            "remove what is not meant; of several resources, add the provider or the dataset id",
        )
    else:
        said = (f"目录表中没有“{shown(cell.text)}”", f"no resource is called {shown(cell.text)!r}")
        alike = near.get(squeezed(cell.text))
        hint = f"目录表中是“{shown(alike.text('title'))}”，" if alike else ""
        remedy = (f"{hint}两处名称要完全一致", "write the title exactly as in the other table")
    told.cell(cell, "SHEET_ITEM_OF", said, remedy, "title")
