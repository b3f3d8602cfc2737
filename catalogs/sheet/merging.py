"""A row of a sheet over what stands under its id already.

The columns that a sheet has replace what stands, empty cells too; what the sheet has no column for stays, also what no
form asks (`UNASKED`). English stays where its Chinese does, and what depends on a word where that word does. Where
somebody else changed the entry since the sheet was written, each cell that would undo their change is told with both
values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from catalogs.rules.faults import Fault
from catalogs.sheet import columns, item_columns
from catalogs.sheet.build import Built
from catalogs.sheet.build_item import BuiltItem
from catalogs.sheet.register import Register
from catalogs.sheet.spell import Value, item_cells, resource_cells
from catalogs.sheet.stamps import Standing
from catalogs.sheet.table import Cell, Entry
from catalogs.sheet.telling import Told, shown
from catalogs.sheet.values import word
from catalogs.values.model import Item, Resource
from infra.errors import Place
from infra.language import Text

UNASKED = ("derived_from",)
"""Fields of a resource that no form has a column for."""
OTHERWISE = {
    "classification.industry": ("class2", "class1"),
    "classification.business": ("class3", "class4"),
    "openness": ("is_open",),
    "provider": ("uscc",),
    "data_format": ("format_class",),
}
"""Columns that say on some forms what another says on ours."""
_ASKED_ELSEWHERE = {"classification.grade": "grade"}
_RESTS = {
    "conditions.": ("sharing_attribute", "conditions.other"),
    "openness_conditions": ("openness",),
    "not_updated_reason": ("update_frequency",),
    "format_type": ("data_format",),
    "personal.sensitive": ("personal.class",),
    "personal.edition": ("personal.class",),
    "not_shared_reason": ("sharing_attribute",),
}
"""What a value rests on: it stays where that does."""
_DERIVED = {"id", "uscc", "format_class", *(column.key for column in columns.VENDOR_ONLY)}
_Cells = Mapping[str, Value]


def complete(entry: Entry, before: Resource, register: Register) -> None:
    """Gives the entry the cells of columns that its table lacks, as they stand, each at the place of its title."""
    cells = resource_cells(before, register.by_id, {one.id: one for one in register.domains})
    given = entry.header.resource.keys()
    asked = {key for key, others in OTHERWISE.items() if given & set(others)}
    asked |= {key for key, inside in _ASKED_ELSEWHERE.items() if inside in entry.header.item}
    _fill(entry, cells, given | asked | _DERIVED)
    by_name = {item.name: item for item in before.items}
    by_zh = {item.zh: item for item in before.items}
    for one in entry.items:
        known = by_name.get(one.text("name")) or (None if one.text("name") else by_zh.get(one.text("zh")))
        if known is not None:
            # The column's name is the platform's to give: what was given stays.
            _fill(one, item_cells(known, register.by_id), one.header.item.keys() - {"name"})


def kept(resource: Resource, before: Resource) -> Resource:
    """The resource with what no form asks as it stands."""
    return replace(resource, **{key: getattr(before, key) for key in UNASKED})


def _fill(entry: Entry, cells: _Cells, given: set[str]) -> None:
    at = next(iter(entry.cells.values()), None)
    at = entry.cells.get("title") or entry.cells.get("zh") or at
    for key, value in cells.items():
        if key not in given and key not in entry.cells and at is not None and _stays(entry, key, cells):
            entry.cells[key] = Cell(at.sheet, at.row, at.column, str(value))


def _stays(entry: Entry, key: str, cells: _Cells) -> bool:
    """Whether all that a value rests on is in the sheet as it stands."""
    rests = [key.removesuffix("_en")] if key.endswith("_en") else []
    rests += [one for start, some in _RESTS.items() if key.startswith(start) for one in some if one != key]
    return all(_same(entry, one, cells.get(one)) for one in rests)


def _same(entry: Entry, key: str, value: Value) -> bool:
    if key not in entry.header.resource and key not in entry.header.item:
        return True
    text, column = entry.text(key), columns.EVERY.get(key) or item_columns.EVERY.get(key)
    if text == ("" if value is None else str(value)):
        return True
    vocabulary = column.words if column is not None else None
    return vocabulary is not None and value is not None and word(vocabulary, text) is word(vocabulary, str(value))


def conflicts(built: Built, standing: Standing, told: Told, register: Register) -> bool:
    """Tells each cell of a row that would undo what somebody else changed since; whether there is one."""
    theirs, base, before = standing.body, standing.base, len(told.faults)
    if not standing.moved or theirs is None:
        return False
    domains = {one.id: one for one in register.domains}
    mine, now, then = (
        {} if one is None else resource_cells(one, register.by_id, domains) for one in (built.resource, theirs, base)
    )
    if base is None:
        then = mine
    for key in columns.EVERY:
        if key not in _DERIVED and key not in built.faulty and _undone(mine, now, then, key):
            place = told.at(built.entry, key)
            untouched = base is not None and mine.get(key) == then.get(key)
            _tell(told, place, standing, columns.EVERY[key].zh, (now.get(key), mine.get(key), untouched))
    _items(built, standing, told, register)
    return len(told.faults) > before


def _undone(mine: _Cells, now: _Cells, then: _Cells, key: str) -> bool:
    return mine.get(key) != now.get(key) and (now.get(key) != then.get(key) or then is mine)


def _items(built: Built, standing: Standing, told: Told, register: Register) -> None:
    theirs, base = standing.body, standing.base
    own = {one.item.name: one for one in built.items if not one.faulty}
    now = {item.name: item for item in theirs.items} if theirs else {}
    then = {item.name: item for item in base.items} if base else {}
    title = told.at(built.entry, "title")
    for name, item in now.items():
        if name not in own and (base is None or then.get(name) != item):
            said = Text(f"有数据项“{shown(item.zh)}”，本表没有", f"it has the item {item.en}, which this sheet lacks")
            remedy = Text("的“数据项”表补上这一行；不补即删去该数据项", "add its row, or it will be removed")
            _fault(told, title, standing, said, remedy)
    for name, one in own.items():
        before = then.get(name)
        if name not in now and (before is not None or base is None):
            said = Text(f"没有数据项“{shown(one.item.zh)}”，本表有", f"it lacks the item {one.item.en} of this sheet")
            remedy = Text("删去这一行；不删即保留该数据项", "remove the row, or it will stay")
            _fault(told, told.at(one.entry, "zh"), standing, said, remedy)
        elif name in now:
            for place, key, values in _item_cells(one, now[name], before, told, register):
                _tell(told, place, standing, item_columns.EVERY[key].zh, values)


def _item_cells(
    one: BuiltItem, now: Item, before: Item | None, told: Told, register: Register
) -> Iterator[tuple[Place, str, tuple[Value, Value, bool]]]:
    mine, theirs = item_cells(one.item, register.by_id), item_cells(now, register.by_id)
    then = item_cells(before, register.by_id) if before is not None else mine
    for key in item_columns.EVERY:
        if _undone(mine, theirs, then, key):
            untouched = before is not None and mine.get(key) == then.get(key)
            yield told.at(one.entry, key), key, (theirs.get(key), mine.get(key), untouched)


def _tell(told: Told, place: Place, standing: Standing, what: str, values: tuple[Value, Value, bool]) -> None:
    """Tells a cell: `values` are what is there now, what the sheet has, and whether the sheet left it as it was."""
    now, own = ("空" if one in (None, "") else f"“{shown(str(one))}”" for one in values[:2])
    said = Text(
        f"{what}现在是{now}，本表{'还是原来的' if values[2] else '是'}{own}",
        f"{what} is {now} now, and {'still ' if values[2] else ''}{own} in this sheet",
    )
    same = (
        (f"一般采用现在的值，填{now}", f"most likely {now} holds") if values[2] else ("商定以哪个为准", "agree on one")
    )
    remedy = Text(f"此格改为：{same[0]}；不改即以{own}为准", f"write: {same[1]}; else {own} will hold")
    _fault(told, place, standing, said, remedy)


def _fault(told: Told, place: Place, standing: Standing, said: Text, remedy: Text) -> None:
    who = standing.who or Text("同事", "a colleague")
    text = Text(f"{who.zh}已改过此目录：{said.zh}", f"{who.en} has changed the entry: {said.en}")
    where = Text(
        "在标注副本（--marked，已对应最新内容）中", "in the marked copy (--marked), which is of the newest state, "
    )
    remedy = Text(f"{where.zh}{remedy.zh}；改好后交回副本", f"{where.en}{remedy.en}; hand that in")
    told.faults.append(Fault(place, "SHEET_CONFLICT", text, remedy))
