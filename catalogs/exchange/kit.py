"""The catalogue as it is sent to the other side and received from it, in the words of a map. No I/O but on bytes.

How the records stand in a file: `catalogs.exchange.wire`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from catalogs.exchange.mapping import ExchangeMap, Field
from catalogs.exchange.translate import NoCode, no_code, over, sent, unknown_code
from catalogs.exchange.wire import Theirs, as_csv, as_json, read
from catalogs.rules.faults import Fault, fault
from catalogs.sheet.columns import EVERY as RESOURCE_COLUMNS
from catalogs.sheet.headers import Header
from catalogs.sheet.item_columns import EVERY as ITEM_COLUMNS
from catalogs.sheet.judging import judge
from catalogs.sheet.register import Register, squeezed
from catalogs.sheet.spell import item_cells, resource_cells
from catalogs.sheet.table import Cell, Entry, letters
from catalogs.sheet.telling import Told, in_order
from catalogs.values.model import Resource
from infra.errors import Place

__all__ = ["BYTES", "Received", "as_csv", "as_json", "receive", "send"]

BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """The resources of a file that has no fault, or its faults by line and column; `records` is how many it has."""

    resources: tuple[Resource, ...]
    faults: tuple[Fault, ...]
    records: int


def send(resources: Sequence[Resource], register: Register, used: ExchangeMap) -> tuple[list[Theirs], list[Fault]]:
    """The resources in the other side's words, and a fault for each word that its lists have no code for."""
    domains = {domain.id: domain for domain in register.domains}
    found, faults = [], []
    for resource in resources:
        try:
            record = Theirs(0, sent(resource_cells(resource, register.by_id, domains), used.resource, used))
            for item in resource.items:
                record.items.append(Theirs(0, sent(item_cells(item, register.by_id), used.items, used)))
            found.append(record)
        except NoCode as error:
            faults.append(no_code(error, used, resource.id))
    return found, faults


def receive(data: bytes, name: str, register: Register, used: ExchangeMap, held: Mapping[str, Resource]) -> Received:
    """The file called `name` (.csv or .json) in our words, judged by the register's rules.

    Args:
        data: its bytes, at most `BYTES`.
        name: its name, whose ending says the form.
        register: who provides, units, domains, and the ids that are given.
        used: the map.
        held: what the register holds, by id.
    """
    if len(data) > BYTES:
        said = "文件超过 32 MiB", "the file is larger than 32 MiB"
        return Received((), (fault("MAP_FILE_LARGE", *said, place=Place(name)),), 0)
    faults: list[Fault] = []
    tabular = not name.lower().endswith(".json")
    records = read(data, name, used, faults)
    if faults:
        return Received((), tuple(faults), len(records))
    told = Told(name, ("",))
    header = _header(used)
    every = (*used.resource, *used.items)
    for record in records:
        _codes(record, used.resource, 0, told)
        for item in record.items:
            _codes(item, used.items, len(used.resource), told)
        if not record.items:
            first = Cell(0, record.line - 1, len(used.resource), "")
            mend = "逐项列出（政务数据共享条例第十三条）", "list them (Decree 809 Art. 13)"
            told.cell(first, "SHEET_MISSING", ("没有数据项", "no item is listed"), mend, "items")
    entries = [_entry(record, header, register, used, held) for record in records]
    resources = judge(entries, told, register).good
    # Of a code that is none the list of codes is told, not that of our words.
    coded = {each.place for each in told.faults if each.code in ("MAP_CODE", "MAP_FIXED")}
    faults = [each for each in told.faults if each.place not in coded or each.code in ("MAP_CODE", "MAP_FIXED")]
    found = [_named(each, every, tabular=tabular) for each in in_order(faults, told.names)]
    return Received(() if found else resources, tuple(found), len(records))


def _named(found: Fault, every: Sequence[Field], *, tabular: bool) -> Fault:
    """A fault without the sheet that there is not; in JSON its column is the key."""
    column = found.place.column
    if not tabular and column is not None:
        column = {letters(at): one.key for at, one in enumerate(every)}.get(str(column), column)
    return replace(found, place=replace(found.place, sheet=None, column=column))


def _codes(record: Theirs, fields: Sequence[Field], first: int, told: Told) -> None:
    """Codes that are none, and values that are to be fixed and are not."""
    for at, one in enumerate(fields, first):
        text = record.texts.get(one.key, "")
        cell = Cell(0, record.at(one.key) - 1, at, text)
        wrong = unknown_code(text, one)
        if wrong is not None:
            listed = "、".join(dict.fromkeys(one.codes.values()))
            said = f"“{one.key}”没有代码“{wrong[:40]}”", f"{one.key} has no code {wrong[:40]!r}"
            told.cell(cell, "MAP_CODE", said, (f"只能是：{listed}", f"one of: {listed}"), one.key)
        if one.fixed is not None and text != one.fixed:
            said = f"“{one.key}”应为“{one.fixed}”", f"{one.key} is to be {one.fixed!r}"
            told.cell(cell, "MAP_FIXED", said, (f"写成 {one.fixed}", f"write {one.fixed}"), one.key)


def _header(used: ExchangeMap) -> Header:
    """Where each of our fields stands in theirs; what has no place there is told at the title."""
    header = Header(0, 1)
    places = {one.of.key: at for at, one in enumerate((*used.resource,)) if one.of}
    inside = {one.of.key: at for at, one in enumerate(used.items, len(used.resource)) if one.of}
    for key in RESOURCE_COLUMNS:
        under = "conditions" if key.startswith("conditions.") else key
        header.resource[key] = places.get(key, places.get(under, places["title"]))
    for key in ITEM_COLUMNS:
        header.item[key] = inside.get(key, inside["zh"])
    return header


def _entry(
    record: Theirs, header: Header, register: Register, used: ExchangeMap, held: Mapping[str, Resource]
) -> Entry:
    known = _known(record, register, used, held)
    domains = {domain.id: domain for domain in register.domains}
    before = resource_cells(known, register.by_id, domains) if known else None
    cells = over(record.texts, before, used.resource, used)
    cells = {**used.assume, **{key: value for key, value in cells.items() if key != "id"}}
    entry = _placed(record, cells, used.resource, header, header.resource)
    items = {item.zh: item_cells(item, register.by_id) for item in known.items} if known else {}
    title = next(one.key for one in used.items if one.of and one.of.key == "zh")
    for one in record.items:
        own = over(one.texts, items.get(one.texts.get(title, "").strip()), used.items, used)
        entry.items.append(_placed(one, own, used.items, header, header.item))
    return entry


def _placed(
    record: Theirs, cells: Mapping[str, object], fields: Sequence[Field], header: Header, places: Mapping[str, int]
) -> Entry:
    keys = {one.of.key: one.key for one in fields if one.of}
    entry = Entry(0, record.line - 1, header)
    for key, value in cells.items():
        if value is not None and key in places:
            line = record.at(keys.get(key, ""))
            entry.cells[key] = Cell(0, line - 1, places[key], str(value))
    return entry


def _known(record: Theirs, register: Register, used: ExchangeMap, held: Mapping[str, Resource]) -> Resource | None:
    """What the register holds under the record's provider and title."""
    keys = {one.of.key: one.key for one in used.resource if one.of}
    said = {key: record.texts.get(keys.get(key, ""), "").strip() for key in ("provider", "uscc", "title")}
    provider = register.by_name.get(squeezed(said["provider"])) or register.by_code.get(said["uscc"])
    identity = register.known(provider.id, said["title"]) if provider else None
    return held.get(identity or "")
