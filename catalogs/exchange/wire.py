"""Records on their way as bytes, CSV or JSON, in the keys of a map. No I/O but on bytes.

CSV has one row an item, with the record's cells on each of its rows, or one row a record where the form has no items;
JSON is a list of records, each with its list of items. Both are UTF-8. The form is strict: the keys of the map, all of
them and no others.

What an office program would take for a formula goes into CSV behind an apostrophe and comes back without it
(`catalogs.exchange.shield`); JSON has no formulas and holds texts as they are.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from catalogs.exchange.mapping import ExchangeMap, Field
from catalogs.exchange.shield import bare, shielded
from catalogs.folder import yamltree
from catalogs.rules.faults import Fault, fault
from infra.errors import Place

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


def as_json(records: Sequence[Theirs], used: ExchangeMap) -> bytes:
    """The records as a list of objects."""
    listed: list[dict[str, object]] = [dict(one.texts) for one in records]
    if used.items:
        for one, record in zip(listed, records, strict=True):
            one[used.items_key] = [item.texts for item in record.items]
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


def read(data: bytes, name: str, used: ExchangeMap, faults: list[Fault]) -> list[Theirs]:
    """The records of the file called `name` (.csv or .json); what is wrong with it is added to `faults`."""
    parse = _json if name.lower().endswith(".json") else _csv
    return list(parse(data, name, used, faults))


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
        if current is None or before != own or not used.items:
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
        record = _object(value, used.resource, name, faults, inside=used.items_key if used.items else None)
        if record is None or not isinstance(value, yamltree.Mapping):
            continue
        listed = value.values.get(used.items_key) if used.items else None
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
