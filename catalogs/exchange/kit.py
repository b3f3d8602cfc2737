"""What is sent to the other side and received from it, as CSV or JSON in the words of a map. No I/O but on bytes.

CSV has one row an item, with the resource's cells on each of its rows; JSON is a list of resources, each with its list
of items. Both are UTF-8. The form is strict: the keys of the map, all of them and no others.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from catalogs import yamltree
from catalogs.exchange.mapping import ExchangeMap, Field
from catalogs.exchange.shield import bare, shielded
from catalogs.exchange.translate import NoCode, over, sent, unknown_code
from catalogs.faults import Fault, fault
from catalogs.model import Resource
from catalogs.sheet.columns import EVERY as RESOURCE_COLUMNS
from catalogs.sheet.headers import Header
from catalogs.sheet.item_columns import EVERY as ITEM_COLUMNS
from catalogs.sheet.judging import judge
from catalogs.sheet.register import Register, squeezed
from catalogs.sheet.spell import item_cells, resource_cells
from catalogs.sheet.table import Cell, Entry, letters
from catalogs.sheet.telling import Told, in_order
from infra.errors import Place

BYTES = 32 * 1024 * 1024
Texts = dict[str, str]
_UNPRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(slots=True)
class Theirs:
    """One record of the other side: texts by their keys, and the line of each; `line` is where it begins, from 1."""

    line: int
    texts: Texts
    lines: Mapping[str, int] = field(default_factory=dict)
    items: list["Theirs"] = field(default_factory=list)

    def at(self, key: str) -> int:
        """The line of a key."""
        return self.lines.get(key, self.line)


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
            said = f"映射 {used.name} 的“{error.field.key}”没有“{error.word}”的代码"
            english = f"the map {used.name} has no code for {error.word!r} in {error.field.key}"
            mend = "在城市文件夹的 maps/ 中放一份补上代码的映射", "put a map with the code into the city's maps/"
            place = Place(f"maps/{used.name}.yaml", dataset=resource.id)
            faults.append(fault("MAP_NO_CODE", said, english, place=place, field=error.field.key, remedy=mend))
    return found, faults


def as_json(records: Sequence[Theirs], used: ExchangeMap) -> bytes:
    """The records as a list of objects."""
    listed = [{**one.texts, used.items_key: [item.texts for item in one.items]} for one in records]
    text = json.dumps(listed, ensure_ascii=False, indent=1)
    return (_UNPRINTED.sub(lambda char: f"\\u{ord(char[0]):04x}", text) + "\n").encode()


def as_csv(records: Sequence[Theirs], used: ExchangeMap) -> bytes:
    """The records as rows; with a byte-order mark, so that office programs read the Chinese."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow([one.key for one in (*used.resource, *used.items)])
    for record in records:
        for item in record.items or [Theirs(0, {})]:
            own = [record.texts[one.key] for one in used.resource]
            rows.writerow(map(shielded, [*own, *(item.texts.get(one.key, "") for one in used.items)]))
    return out.getvalue().encode("utf-8-sig")


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
    records = list(_csv(data, name, used, faults) if tabular else _json(data, name, used, faults))
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


def _csv(data: bytes, name: str, used: ExchangeMap, faults: list[Fault]) -> Iterator[Theirs]:
    rows = _rows(data, name, faults)
    first = next(rows, None)
    heads = [cell.strip() for cell in first[1]] if first else []
    expected = [one.key for one in (*used.resource, *used.items)]
    _keys(set(heads), expected, Place(name, row=1), faults)
    if faults or heads != expected:
        said = f"第一行应为：{','.join(expected)}", f"the first row is to be: {','.join(expected)}"
        faults.append(fault("MAP_HEADER", *said, place=Place(name, row=1)))
        return
    current: Theirs | None = None
    own: list[str] = []
    for line, row in rows:
        if len(row) != len(expected):
            said = f"有 {len(row)} 格，应有 {len(expected)} 格", f"{len(row)} cells instead of {len(expected)}"
            faults.append(fault("MAP_WIDTH", *said, place=Place(name, row=line)))
            continue
        before, after = row[: len(used.resource)], row[len(used.resource) :]
        if current is None or before != own:
            if current is not None:
                yield current
            current, own = Theirs(line, dict(zip(expected, before, strict=False))), before
        if any(after):
            texts = dict(zip(expected[len(before) :], after, strict=True))
            current.items.append(Theirs(line, texts))
    if current is not None:
        yield current


def _rows(data: bytes, name: str, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, each with the line where it begins."""
    line = 1
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        for row in rows:
            if any(row):
                yield line, [bare(cell) for cell in row]
            line = rows.line_num + 1
    except UnicodeDecodeError as error:
        at = data.count(b"\n", 0, error.start) + 1
        faults.append(fault("MAP_ENCODING", "文件不是 UTF-8 编码", "it is not UTF-8", place=Place(name, row=at)))
    except csv.Error:
        faults.append(fault("MAP_CSV", "不是正确的 CSV", "it is no correct CSV", place=Place(name, row=line)))


def _keys(there: set[str], expected: Sequence[str], place: Place, faults: list[Fault]) -> None:
    missing = [key for key in expected if key not in there]
    faults += [fault("MAP_KEY_MISSING", f"缺少“{key}”", f"{key} is missing", place=place, field=key) for key in missing]
    for key in sorted(there - set(expected)):
        said = f"映射中没有“{key[:40]}”", f"the map has no {key[:40]!r}"
        faults.append(fault("MAP_KEY_UNKNOWN", *said, place=place, field=key[:40]))


def _json(data: bytes, name: str, used: ExchangeMap, faults: list[Fault]) -> Iterator[Theirs]:
    """Read as the YAML that JSON is, so that every value knows its line."""
    node, found = yamltree.read_bytes(data, name)
    faults += found
    if found or not isinstance(node, yamltree.Sequence):
        if not found:
            faults.append(fault("MAP_JSON", "应是资源的列表", "it is to be a list", place=Place(name, row=1)))
        return
    for value in node.values:
        record = _object(value, used.resource, name, faults, inside=used.items_key)
        if record is None or not isinstance(value, yamltree.Mapping):
            continue
        listed = value.values.get(used.items_key)
        if listed is not None and not isinstance(listed, yamltree.Sequence):
            place = Place(name, row=value.lines[used.items_key], column=used.items_key)
            faults.append(fault("MAP_JSON", "应是列表", "it is to be a list", place=place, field=used.items_key))
        for item in listed.values if isinstance(listed, yamltree.Sequence) else []:
            one = _object(item, used.items, name, faults)
            if one is not None:
                record.items.append(one)
        yield record


def _object(
    node: yamltree.Node, fields: Sequence[Field], name: str, faults: list[Fault], inside: str | None = None
) -> Theirs | None:
    if not isinstance(node, yamltree.Mapping):
        faults.append(fault("MAP_JSON", "应是一组键值", "it is to be an object", place=Place(name, row=node.line)))
        return None
    expected = [*(one.key for one in fields), *([inside] if inside else [])]
    _keys(set(node.values), expected, Place(name, row=node.line), faults)
    texts: Texts = {}
    for key, value in node.values.items():
        if isinstance(value, yamltree.Scalar):
            texts[key] = "" if value.missing else value.text
        elif key != inside:
            place = Place(name, row=node.lines[key], column=key)
            faults.append(fault("MAP_JSON", "应是文本", "it is to be a text", place=place, field=key))
    return Theirs(node.line, texts, node.lines)
